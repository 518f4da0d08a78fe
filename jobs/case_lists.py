"""How far a portal's list of cases is believed: which cases' pages are opened, and which are left to the list.

What the list says of a case is kept with each reading of its page (`Reading.listed_as`); the page is opened again when the list
says something else than then. A list that says when a case changed last is asked for that alone: its word may lag, the moment
moves. For the other case, that a list goes on saying the same of a case that was decided:

- of a list that is known to lie (`PortalDriver.list_lies`, from the selector file), or was found to within 30 days, every open
  case's page is opened within the day;
- of any other list a few open cases' pages are looked at once a day, those read longest ago, so that a lie is found out.

All pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from zlib import crc32

from bots.model import CaseSummary, Reading, Status
from jobs.state import AWAITED, GRANTED, Snapshot

REREAD_AFTER = timedelta(days=1)
"""An open case's page is read at least so often where its list does not show it, or lies."""
REREAD_UNLISTED = timedelta(hours=1)
"""The same where there is no list: expedited drug requests are decided within 24 hours."""
SPREAD = timedelta(hours=6)
"""Pages that are read daily come due over so long, so that they do not come all at once."""
LIES_FOR = timedelta(days=30)
"""How long a list that was found to lie is not believed."""
SPOT_CHECKS = 500
"""Of so many open cases that the list says nothing new about, one page a day is looked at; one at least."""


def mark(row: CaseSummary) -> str:
    """What the list says of a case, as one text: the moment of its last change, or its word and its number."""
    return row.updated or " ".join(filter(None, (row.status_raw, row.authorization_no)))


def is_open(snapshot: Snapshot) -> bool:
    """Whether more is to come: no decision yet, or a granted case whose page does not show its authorization number yet (a
    portal's header can lag a day behind its lines)."""
    reading = snapshot.reading
    granted_unnumbered = snapshot.status in GRANTED and reading is not None and not reading.authorization_no
    return snapshot.status in AWAITED or granted_unnumbered


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


def needs_reading(snapshot: Snapshot, row: CaseSummary | None, now: datetime, *, lies: bool, has_list: bool = True) -> bool:
    """Whether the case's page is to be opened: never read, changed by what the list says, or open and read too long ago."""
    reading = snapshot.reading
    if reading is None:
        return True
    if row is not None and says_news(row, reading):
        return True
    if not is_open(snapshot) or (row is not None and not lies):
        return False
    return now - reading.observed_at >= (_within_the_day(reading) if has_list else REREAD_UNLISTED)


def _within_the_day(reading: Reading) -> timedelta:
    """A day at the most, and for each case another share of `SPREAD` less."""
    return REREAD_AFTER - SPREAD * (crc32(reading.reference_no.encode()) % 64) / 64


def spot_checks(left: Iterable[Snapshot], now: datetime) -> list[Snapshot]:
    """Of the open cases whose pages are not opened, those to look at today all the same: the ones read longest ago."""
    read = [(one.reading.observed_at, one.reading.reference_no, one) for one in left if one.reading is not None and is_open(one)]
    due = sorted((each for each in read if now - each[0] >= REREAD_AFTER), key=lambda each: each[:2])
    return [one for _, _, one in due[: -(-len(read) // SPOT_CHECKS)]]


def has_lied(row: CaseSummary | None, before: Reading | None, reading: Reading) -> bool:
    """Whether the page says something else than before of which its list says nothing."""
    silent = row is not None and before is not None and not says_news(row, before)
    return silent and before is not None and reading.status_raw != before.status_raw


def was_found_lying(cases: Mapping[str, Snapshot], now: datetime) -> bool:
    """Whether a reading of these cases found the list lying lately."""
    readings = (one.reading for one in cases.values())
    return any(each is not None and each.list_lied and now - each.observed_at < LIES_FOR for each in readings)
