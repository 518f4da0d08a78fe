"""Where a fax goes: only to a fax number of the payer's directory, looked up when the fax is queued and again when it is sent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from msgspec.structs import replace

from bots.errors import BotError
from bots.model import Payer
from jobs.deadlines import next_open
from jobs.fax.troubles import NumberNotInDirectory
from jobs.rule_schema import Desk, NumberKind
from jobs.rulebook import RuleBook

CurrentNumber = Callable[[Desk], str]
"""The number that is in force for a desk now: what stands in the rules, or what two people have changed it to. "" or a
`BotError`: none is."""


def as_printed(desk: Desk) -> str:
    """The rules' own number."""
    return desk.number


class Desks:
    """The fax desks of one rule book."""

    def __init__(self, rulebook: RuleBook, current: CurrentNumber = as_printed) -> None:
        self._rulebook = rulebook
        self._current = current

    def of_number(self, payer: Payer, number: str) -> Desk:
        """The desk behind a number that a route names. Raises `NumberNotInDirectory`."""
        desk = self._rulebook.desks.get(number)
        return self._checked(payer, desk)

    def named(self, payer: Payer, name: str) -> Desk:
        """The desk of that name, with the number that is in force now. Raises `NumberNotInDirectory`."""
        entry = self._rulebook.of(payer).directory.get(name)
        return self._checked(payer, self._rulebook.desks.get(entry.number) if entry else None)

    def find(self, payer: Payer, name: str) -> Desk:
        """The desk for its name and its hours, as the rules print it; also when it is in the directory no more."""
        rules = self._rulebook.of(payer)
        if (entry := rules.directory.get(name)) is not None:
            return self._rulebook.desks[entry.number]
        return Desk(
            name=name, payer=payer, number="", kind=NumberKind.FAX, desk=name, hours="any_time",
            time_zone=rules.time_zone, holidays=(), source="",
        )  # fmt: skip

    def number_now(self, payer: Payer, name: str) -> str:
        """The number that would be dialled now; "" where none may be."""
        try:
            return self.named(payer, name).number
        except BotError:
            return ""

    def _checked(self, payer: Payer, desk: Desk | None) -> Desk:
        if desk is None or desk.payer is not payer or desk.kind is not NumberKind.FAX:
            raise NumberNotInDirectory(payer=payer.value)
        number = self._current(desk)
        if not number:
            raise NumberNotInDirectory(payer=payer.value)
        return replace(desk, number=number)


def opens(desk: Desk, at: datetime) -> datetime:
    """When the desk takes faxes: ``at`` itself, or the beginning of its next hours. Hours that are not published stop no fax:
    a machine answers, or the line says that nobody did."""
    return next_open(desk, at) or at
