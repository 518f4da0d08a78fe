"""Opening hours written as people write them: ``Mon-Fri 07:00-19:00; Sat 08:00-12:00``."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bots.model import Frozen

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_PART = re.compile(r"(?P<first>[a-z]{3})(?:\s*-\s*(?P<last>[a-z]{3}))?\s+(?P<opens>\d\d:\d\d)\s*-\s*(?P<closes>\d\d:\d\d)")


class OpeningHours(Frozen):
    """Weekly hours of a wall clock. No windows at all: always open."""

    windows: tuple[tuple[int, time, time], ...] = ()
    """Weekday (0 = Monday), first minute in, first minute out. A window ends on its own day; ``time.max`` is midnight."""

    holidays: tuple[str, ...] = ()
    """Calendars (``US``, ``US-CT``) on whose days it is closed."""

    def is_open(self, at: datetime, zone: ZoneInfo) -> bool:
        """Whether it is open at that instant (aware) in that zone."""
        local = at.astimezone(zone)
        if self._is_holiday(local.date()):
            return False
        now = local.time()
        return not self.windows or any(
            day == local.weekday() and opens <= now and (now < closes or closes == time.max)
            for day, opens, closes in self.windows
        )

    def next_open(self, at: datetime, zone: ZoneInfo) -> datetime:
        """``at`` itself when it is open then, else the next instant at which it opens (aware, in ``zone``)."""
        if self.is_open(at, zone):
            return at
        windows = self.windows or tuple((day, time.min, time.max) for day in range(7))
        local = at.astimezone(zone)
        days = [day for ahead in range(22) if not self._is_holiday(day := local.date() + timedelta(days=ahead))]
        starts = (datetime.combine(day, opens, zone) for day in days for of, opens, _ in windows if of == day.weekday())
        return min(start for start in starts if start.timestamp() > at.timestamp())

    def _is_holiday(self, day: date) -> bool:
        if not self.holidays:
            return False
        from jobs.business_days import is_holiday  # loads the payers' rules' shapes, which settings alone do not need

        return is_holiday(day, self.holidays)


def parse_hours(text: str) -> OpeningHours:
    """Reads ``Mon-Fri 07:00-19:00; Sat 08:00-12:00``; "" is always open. Raises ``ValueError`` on anything else."""
    windows: list[tuple[int, time, time]] = []
    for part in filter(None, (part.strip().lower() for part in text.split(";"))):
        match = _PART.fullmatch(part)
        if match is None:
            raise ValueError("not opening hours")
        first = DAYS.index(match["first"])
        last = DAYS.index(match["last"] or match["first"])
        opens = time.fromisoformat(match["opens"])
        closes = time.max if match["closes"] == "24:00" else time.fromisoformat(match["closes"])
        if closes <= opens:
            raise ValueError("closes before it opens")
        windows += [((first + step) % 7, opens, closes) for step in range((last - first) % 7 + 1)]
    return OpeningHours(windows=tuple(windows))
