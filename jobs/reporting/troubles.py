"""What is wrong with PriorBot's own work, each by its name: what it read and did not believe, what it could not write, a ledger
that somebody changed. The last good state stood through all of it. Counts and names of files; nothing of a patient."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from jobs.home import Home
from jobs.journal import Journal
from jobs.last_comparison import last_comparison
from jobs.reconcile_kinds import KINDS

SHOWN_FOR = timedelta(days=7)
"""A ledger that somebody changed is told so long."""
_NAMES = {
    "list_not_read": "could not read a portal's list",
    "list_empty": "did not believe a portal's list that was empty",
    "list_cut_off": "did not believe a portal's list that was cut off",
    "reading_from_future": "did not believe a reading of a moment still to come",
    "clock_set_back": "found this computer's clock set back",
}


def troubles_of(home: Home, journal: Journal, now: datetime, running: Iterable[str] = ()) -> tuple[str, ...]:
    """One sentence each; ``running``: those of the service at work."""
    return tuple(dict.fromkeys((*running, *_of_comparison(journal), *_of_files(home, now))))


def _of_comparison(journal: Journal) -> Iterator[str]:
    last = last_comparison(journal)
    if last is None:
        return
    at, found = last
    for kind, name in _NAMES.items():
        if count := found.counts.get(kind, 0):
            times = "" if count == 1 else f", {count} times"
            yield f"The comparison of {at:%Y-%m-%d %H:%M} UTC {name}{times}. {KINDS[kind].next_action}"


def _of_files(home: Home, now: datetime) -> Iterator[str]:
    for book in home.books:
        for copy in sorted(book.parent.glob(f"{book.stem}.edited-*{book.suffix}")):
            if now - datetime.fromtimestamp(copy.stat().st_mtime, UTC) < SHOWN_FOR:
                what = f"{book.name} was changed by hand or by another program. Nothing in it was believed"
                yield f"{what}; it is kept as {copy.name}."
