"""The days that a report is about, in the practice's own calendar. Pure."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from bots.model import Frozen

A_DAY = timedelta(days=1)


class PeriodKind(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class Period(Frozen, omit_defaults=False):
    """Whole calendar days, first and last included. ``starts`` and ``ends`` (not included) are their midnights in UTC."""

    kind: PeriodKind
    first: date
    last: date
    starts: datetime
    ends: datetime

    def holds(self, at: datetime | None) -> bool:
        return at is not None and self.starts <= at < self.ends

    @property
    def days(self) -> Iterator[date]:
        return (self.first + number * A_DAY for number in range((self.last - self.first).days + 1))


def beginning(kind: PeriodKind, first: date, zone: ZoneInfo) -> Period:
    """The day, the seven days or the month that begin on ``first``. A month ends the day before the same day of the next one."""
    last = {PeriodKind.DAY: first, PeriodKind.WEEK: first + 6 * A_DAY}.get(kind) or _months_on(first, 1) - A_DAY
    return _period(kind, first, last, zone)


def ending(kind: PeriodKind, last: date, zone: ZoneInfo) -> Period:
    """The day, the seven days or the month that end on ``last``."""
    first = {PeriodKind.DAY: last, PeriodKind.WEEK: last - 6 * A_DAY}.get(kind) or _months_on(last + A_DAY, -1)
    return _period(kind, first, last, zone)


def _period(kind: PeriodKind, first: date, last: date, zone: ZoneInfo) -> Period:
    return Period(kind=kind, first=first, last=last, starts=_midnight(first, zone), ends=_midnight(last + A_DAY, zone))


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _months_on(day: date, months: int) -> date:
    """The same day some months on; the month's last day where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
