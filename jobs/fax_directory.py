"""The number that a fax desk has now: what the payer's directory prints, or what two people have changed it to after a test page.

The directory itself (``jobs/rules/*.yaml``) is the source of every number; a change here holds on top of it. Whoever sends a fax
asks `FaxDirectory.current` at that moment: a route that was made before keeps no old number alive.
"""

from __future__ import annotations

import getpass
import re
import unicodedata
from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import Connection, select

from bots.failure import Action, BotError
from bots.fax.model import FaxLine, FaxReason, FaxState, LineReport
from bots.fax.packet import Packet
from bots.model import Payer
from jobs.clock import parse_instant
from jobs.events import decode_body
from jobs.fax_number_events import (
    OPEN,
    Changes,
    ChangeStep,
    FaxNumberConfirmed,
    FaxNumberDropped,
    FaxNumberEvent,
    FaxNumberProposed,
    FaxNumberTested,
    FaxNumberTestEnded,
    NumberChange,
    fold_number,
)
from jobs.journal import Journal
from jobs.journal_schema import events
from jobs.journal_write import Write
from jobs.rule_schema import Desk, NumberKind, dial_digits
from jobs.rulebook import RuleBook

FORGOTTEN_AFTER = timedelta(hours=1)
"""A test page that its line does not know after so long never went out."""

_KINDS = [str(kind.__struct_config__.tag) for kind in FaxNumberEvent.__args__]
_NUMBER = re.compile(r"(1[-.])?[2-9]\d{2}[-.][2-9]\d{2}[-.]\d{4}", re.ASCII)
"""As the directory writes numbers; area code and exchange begin with 2 to 9 (North American Numbering Plan)."""
_PREMIUM = ("900", "976")


class FaxNumberRefused(BotError):
    """A change that may not be made, or not yet."""

    code = "fax_number_refused"
    action = Action.PERSON_REQUEST
    text = "{why}. Nothing was changed. {what}"


class FaxNumberInDoubt(BotError):
    """The payer's directory itself has another number since two people changed it."""

    code = "fax_number_in_doubt"
    action = Action.PERSON_REQUEST
    text = (
        "The directory has a new number for the desk {desk} of {payer}, which two people had changed before. Nothing was faxed. "
        "Ask the payer which number is right, then run: priorbot fax number propose"
    )


class FaxDirectory:
    """The fax desks of all payers, with the changes that the journal holds."""

    def __init__(self, journal: Journal, rulebook: RuleBook) -> None:
        self._journal = journal
        self._rulebook = rulebook
        self._changes: Changes = {}
        self._read_to = 0

    # --- what holds ------------------------------------------------------------------------------------------------

    def current(self, desk: Desk) -> str:
        """The number to which faxes for this desk go now; ``desk`` as the rule book has it. Raises `FaxNumberInDoubt`."""
        for change in self.changes():
            if (change.payer, change.desk, change.step) != (desk.payer, desk.name, ChangeStep.IN_FORCE):
                continue
            if dial_digits(desk.number) not in (dial_digits(change.printed), dial_digits(change.number)):
                raise FaxNumberInDoubt(desk=desk.desk, payer=desk.payer.value)
            return change.number
        return desk.number

    def desks(self) -> tuple[Desk, ...]:
        """Every fax desk, as the rule book has it."""
        return tuple(desk for desk in self._rulebook.desks.values() if desk.kind is NumberKind.FAX)

    def changes(self) -> tuple[NumberChange, ...]:
        """All changes that were ever proposed, oldest first."""
        with self._journal.read() as connection:
            self._changes, self._read_to = _read_on(connection, self._changes, self._read_to)
        return tuple(self._changes.values())

    def change(self, change_id: str) -> NumberChange:
        """Raises `FaxNumberRefused` when there is none of that id."""
        return _find(self.changes(), change_id)

    # --- what people do --------------------------------------------------------------------------------------------

    def propose(self, payer: Payer, desk_name: str, number: str, who: str) -> NumberChange:
        """The first person's word. Raises `FaxNumberRefused`."""
        entry = self._rulebook.of(payer).directory.get(desk_name)
        if entry is None or entry.kind is not NumberKind.FAX:
            known = ", ".join(desk.name for desk in self.desks() if desk.payer is payer)
            raise FaxNumberRefused(why=f"{payer.value} has no fax desk of that name", what=f"Its fax desks are: {known}")
        number = number.strip()
        if not _NUMBER.fullmatch(number) or dial_digits(number)[:3] in _PREMIUM:
            raise FaxNumberRefused(why="That is no fax number of ten digits", what="Write it like 203-555-0100")
        desk = self._rulebook.desk(entry.number)
        with self._journal.write() as write:
            changes = _all(write.connection)
            if waiting := [one for one in changes if (one.payer, one.desk) == (payer, desk_name) and one.step in OPEN]:
                raise FaxNumberRefused(
                    why=f"Another change of this desk is open ({waiting[0].change_id})",
                    what=f"Confirm it or run: priorbot fax number drop {waiting[0].change_id}",
                )
            before = next((one.number for one in changes if _holds(one, payer, desk_name)), desk.number)
            if dial_digits(before) == dial_digits(number):
                raise FaxNumberRefused(why="That is the number that the desk has already", what="See: priorbot fax number list")
            proposed = FaxNumberProposed(
                change_id=f"N{write.next_seq}", payer=payer, desk=desk_name, printed=desk.number, before=before, number=number,
                who=_named(who), login=_login(),
            )  # fmt: skip
            write.append("", proposed)
        return self.change(proposed.change_id)

    def begin_test(self, change_id: str, line: str, who: str) -> NumberChange:
        """Notes, before it is sent, that a test page goes to the new number. Raises `FaxNumberRefused`."""
        with self._journal.write() as write:
            change = _open_change(write, change_id)
            if change.step is ChangeStep.TESTING:
                raise FaxNumberRefused(
                    why="A test page to this number is on its way already", what="Look again with: priorbot fax number list"
                )
            tested = FaxNumberTested(change_id=change_id, tag=f"T{write.next_seq}", line=line, who=_named(who))
            write.append("", tested)
        return self.change(change_id)

    def end_test(self, change: NumberChange, report: LineReport) -> NumberChange:
        """Notes what became of the test page. What a line says later of an older one changes nothing."""
        with self._journal.write() as write:
            now = _open_change(write, change.change_id)
            if now.step is ChangeStep.TESTING and now.tag == change.tag:
                ended = FaxNumberTestEnded(
                    change_id=change.change_id, tag=change.tag, state=report.state, reason=report.reason, said=report.said
                )
                write.append("", ended)
        return self.change(change.change_id)

    def confirm(self, change_id: str, who: str) -> NumberChange:
        """The second person's word: from here on the desk has the new number. Raises `FaxNumberRefused`."""
        with self._journal.write() as write:
            change = _open_change(write, change_id)
            name = _named(who)
            if is_same_person(name, change.proposed_by):
                raise FaxNumberRefused(
                    why="The person who proposed a number cannot confirm it", what="Ask somebody else to confirm it, by full name"
                )
            if change.step is not ChangeStep.TESTED:
                raise FaxNumberRefused(
                    why="No test page has been delivered to this number", what=f"Run: priorbot fax number test {change_id}"
                )
            write.append("", FaxNumberConfirmed(change_id=change_id, who=name, login=_login()))
        return self.change(change_id)

    def drop(self, change_id: str, who: str) -> NumberChange:
        """Takes a proposal back; anybody may. Raises `FaxNumberRefused`."""
        with self._journal.write() as write:
            _open_change(write, change_id)
            write.append("", FaxNumberDropped(change_id=change_id, who=_named(who), login=_login()))
        return self.change(change_id)

    # --- the test page ---------------------------------------------------------------------------------------------

    async def send_test(self, change: NumberChange, page: Packet, line: FaxLine) -> NumberChange:
        """Hands the test page of `begin_test` to the line. Raises what the line raises; it may be sent again then."""
        try:
            await line.send(page.outgoing(tag=change.tag, number=change.number, to_name="test page"))
        except BotError as error:
            if error.action is not Action.VERIFY:  # the line certainly does not have it
                self.end_test(change, LineReport(job_id="", state=FaxState.FAILED, reason=FaxReason.REJECTED, said=error.code))
            raise
        return await self.look(change, line)

    async def look(self, change: NumberChange, line: FaxLine) -> NumberChange:
        """Asks the line what became of a test page that is on its way. Raises what the line raises."""
        if change.step is not ChangeStep.TESTING or change.line != line.name:
            return change
        said = _outcome(await line.find(change.tag))
        if said is None and change.sent_at is not None and self._journal.now() - change.sent_at > FORGOTTEN_AFTER:
            said = LineReport(job_id="", state=FaxState.UNKNOWN, said="the line does not know the test page")
        return change if said is None or said.state in _UNDER_WAY else self.end_test(change, said)


_UNDER_WAY = frozenset({FaxState.WAITING, FaxState.SENDING})


def _outcome(reports: Iterable[LineReport]) -> LineReport | None:
    """The best that is said of a test page: delivered once is delivered; None when the line knows nothing of it."""
    order = (FaxState.DELIVERED, FaxState.SENDING, FaxState.WAITING, FaxState.UNKNOWN, FaxState.FAILED)
    return min(reports, key=lambda report: order.index(report.state), default=None)


# --- people ----------------------------------------------------------------------------------------------------------


def is_same_person(one: str, other: str) -> bool:
    """Whether two names can be one person's: however they are spaced, capitalised, accented or ordered, with initials, or with
    a part left out. In doubt they are: the second person then writes the full name."""
    first, second = sorted((_parts(one), _parts(other)), key=len)
    if "".join(first) == "".join(second):
        return True
    left = list(second)
    for part in first:
        fitting = next((each for each in left if part == each or (1 in (len(part), len(each)) and part[0] == each[0])), None)
        if fitting is None:
            return False
        left.remove(fitting)
    return True


def _parts(name: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", name).casefold()
    return re.findall(r"[^\W\d_]+", "".join(char for char in plain if not unicodedata.combining(char)))


def _named(who: str) -> str:
    if not _parts(who):
        raise FaxNumberRefused(why="A change of a fax number needs the name of the person who makes it", what="Give it with --by")
    return " ".join(who.split())


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a service without a user of its own
        return ""


# --- the journal -----------------------------------------------------------------------------------------------------


def _read_on(connection: Connection, changes: Changes, last: int) -> tuple[Changes, int]:
    query = select(events.c.seq, events.c.at, events.c.body).where(
        events.c.request_id == "", events.c.kind.in_(_KINDS), events.c.seq > last
    )
    for seq, at, text in connection.execute(query.order_by(events.c.seq)):
        body = decode_body(text)
        if isinstance(body, FaxNumberEvent):
            changes = fold_number(changes, parse_instant(at), body)
        last = seq
    return changes, last


def _all(connection: Connection) -> tuple[NumberChange, ...]:
    return tuple(_read_on(connection, {}, 0)[0].values())


def _find(changes: Iterable[NumberChange], change_id: str) -> NumberChange:
    found = next((change for change in changes if change.change_id == change_id), None)
    if found is None:
        raise FaxNumberRefused(why="There is no change of that number", what="See: priorbot fax number list")
    return found


def _open_change(write: Write, change_id: str) -> NumberChange:
    """The change as this transaction sees it. Raises `FaxNumberRefused` when it is over."""
    change = _find(_all(write.connection), change_id)
    if change.step not in OPEN:
        raise FaxNumberRefused(why=f"This change is over ({change.step.value})", what="See: priorbot fax number list")
    return change


def _holds(change: NumberChange, payer: Payer, desk: str) -> bool:
    return (change.payer, change.desk, change.step) == (payer, desk, ChangeStep.IN_FORCE)
