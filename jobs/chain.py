"""Whether a history is whole: each event fits the one before, and one that was emptied is named, with what is left of it.

An emptied event (`jobs.emptying`) no longer gives its own hash. The one that stands in its row is believed only where a later
`PersonRemoved`, whose own hash is right, names that hash and the hash of exactly what the row holds now.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import RowMapping

from jobs.events import decode_body
from jobs.journal_schema import GENESIS, JournalDamaged
from jobs.journal_write import hash_of
from jobs.removal_events import PersonRemoved

PERSON_REMOVED = "person_removed"


class ChainCheck:
    """Takes a history's rows one by one, oldest first."""

    def __init__(self) -> None:
        self.seq, self.hash = 0, GENESIS
        self._changed: dict[int, tuple[str, str]] = {}
        """Events that do not give their own hash: the hash in the row, and the hash of what the row holds."""
        self._named: dict[int, tuple[str, str]] = {}
        """The same two hashes of emptied events, as the last event that names them has it."""
        self._about: dict[int, str] = {}

    def take(self, row: RowMapping | Mapping[str, Any]) -> None:
        """Raises `JournalDamaged`."""
        number = self.seq + 1
        if row["seq"] != number:
            self._fail(f"event {number} of its history is missing")
        found = hash_of(row)
        is_naming = row["kind"] == PERSON_REMOVED
        if row["prev_hash"] != self.hash or (is_naming and row["hash"] != found):
            self._fail(_does_not_fit(number, _about(row)))
        if row["hash"] != found:
            self._changed[number] = (row["hash"], found)
            self._about[number] = _about(row)
        elif is_naming:
            self._name(row["body"])
        self.seq, self.hash = number, row["hash"]

    def end(self) -> int:
        """After the last row. Returns the number of events; raises `JournalDamaged`."""
        if self._changed != self._named:
            self._fail("an event that was emptied has its old text again")
        return self.seq

    def _name(self, body: str) -> None:
        removed = decode_body(body)
        assert isinstance(removed, PersonRemoved)
        self._named |= {each.seq: (each.hash, each.left) for each in removed.events if each.seq <= self.seq}

    def _fail(self, what: str) -> None:
        """The first event that does not fit is the one to be told."""
        for number, hashes in sorted(self._changed.items()):
            if self._named.get(number) != hashes:
                raise JournalDamaged(_does_not_fit(number, self._about[number]))
        raise JournalDamaged(what)


def _about(row: RowMapping | Mapping[str, Any]) -> str:
    return f"{row['kind']}, {row['at'][:19]} UTC, {row['request_id'] or 'no request'}"


def _does_not_fit(number: int, about: str) -> str:
    return f"event {number} of its history ({about}) does not fit the one before"
