"""How far a portal's list of cases is believed: which cases' pages are opened, and which are left to the list.

What the list says of a case is kept with each reading of its page (`Reading.listed_as`); the page is opened again when the
list says something else than then. A list that says when a case changed last is asked for that alone: its word may lag, the
moment moves. No list is believed for longer than a day, whatever it says: an open case's page is opened within the day, so
that a decision behind a list that goes on saying the same is found.

All pure.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from zlib import crc32

from bots.model import CaseSummary, Reading, Status
from jobs.state import AWAITED, GRANTED, Snapshot

REREAD_AFTER = timedelta(days=1)
"""An open case's page is read at least so often, whatever the list says: lists lag behind."""
REREAD_UNLISTED = timedelta(hours=1)
"""The same where there is no list: expedited drug requests are decided within 24 hours."""
SPREAD = timedelta(hours=6)
"""Pages that are read daily come due over so long, so that they do not come all at once."""


def mark(row: CaseSummary) -> str:
    """What the list says of a case, as one text: the moment of its last change, or its word and its number."""
    return row.updated or " ".join(filter(None, (row.status_raw, row.authorization_no)))


def is_open(snapshot: Snapshot) -> bool:
    """Whether more is to come: no decision yet, or a granted case whose page does not show its authorization number yet (a
    portal's header can lag a day behind its lines). Nothing where nobody is named any more."""
    reading = snapshot.reading
    granted_unnumbered = snapshot.status in GRANTED and reading is not None and not reading.authorization_no
    return snapshot.removed_on is None and (snapshot.status in AWAITED or granted_unnumbered)


def says_news(row: CaseSummary, reading: Reading) -> bool:
    """Whether the list says something else than when the page was read, or is ahead of it: it has a decision or a number that the
    page had not."""
    if row.authorization_no not in ("", reading.authorization_no):
        return True
    if row.status not in AWAITED | {Status.UNKNOWN} and reading.status in AWAITED:
        return True
    if reading.listed_as:
        return mark(row) != reading.listed_as
    return row.status is not reading.status or (row.status is Status.UNKNOWN and row.status_raw != reading.status_raw)


def needs_reading(snapshot: Snapshot, row: CaseSummary | None, now: datetime, *, has_list: bool = True) -> bool:
    """Whether the case's page is to be opened: never read, changed by what the list says, or open and read too long ago."""
    reading = snapshot.reading
    if reading is None or (row is not None and says_news(row, reading)):
        return True
    return is_open(snapshot) and now - reading.observed_at >= (_within_the_day(reading) if has_list else REREAD_UNLISTED)


def _within_the_day(reading: Reading) -> timedelta:
    """A day at the most, and for each case another share of `SPREAD` less."""
    return REREAD_AFTER - SPREAD * (crc32(reading.reference_no.encode()) % 64) / 64
