"""The cases with which more is to come, portal by portal, kept up with the journal as it grows.

The unattended service asks after them hundreds of times a day, and most requests of a journal were decided long ago: only those
of which something was noted since the last look are read again.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from jobs.case_lists import is_open
from jobs.follow import lacks_letters
from jobs.state import AWAITED, PAYER_WORDS, Snapshot

if TYPE_CHECKING:
    from jobs.journal import Journal


class OpenCases:
    """Of one journal, for one process."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._seq = -1
        self._kept: dict[str, Snapshot] = {}

    def open_on(self, portal: str) -> list[Snapshot]:
        """Cases of that portal without a decision, or whose page lacks something yet (`jobs.case_lists.is_open`)."""
        return [each for each in self._of(portal) if is_open(each)]

    def lacking_letters(self, portal: str) -> list[Snapshot]:
        """Decided cases of that portal whose letters were not read yet (`jobs.follow.lacks_letters`)."""
        return [each for each in self._of(portal) if lacks_letters(each, self._journal.now())]

    def _of(self, portal: str) -> list[Snapshot]:
        self._catch_up()
        return [each for each in self._kept.values() if each.receipt is not None and each.receipt.portal == portal]

    def _catch_up(self) -> None:
        seq, _ = self._journal.head()  # first: what is added while we read is read at the next look
        if seq == self._seq:
            return
        first = self._seq < 0
        changed = self._journal.snapshots(status=AWAITED | PAYER_WORDS) if first else self._journal.changed_since(self._seq)
        self._kept |= {each.request.request_id: each for each in changed}
        now = self._journal.now()
        self._kept = {name: each for name, each in self._kept.items() if _has_more_to_come(each, now)}
        self._seq = seq


def _has_more_to_come(snapshot: Snapshot, now: datetime) -> bool:
    sent = snapshot.receipt is not None and snapshot.status in AWAITED | PAYER_WORDS
    return sent and (is_open(snapshot) or lacks_letters(snapshot, now))
