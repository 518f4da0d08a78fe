"""When the service works: a rhythm written as people write it, and its ticks as instants in UTC. Pure.

A tick at a time of day is named by the practice's wall clock (``2026-11-01 01:30``), so that each day has it exactly once: an
hour that comes twice in autumn counts the first time; a time that spring leaves out comes as long after the change as it
would have come without it (02:30 becomes 03:30). A tick of ``every ...`` is named by its instant in UTC, which no change of
the clock touches.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zlib import crc32
from zoneinfo import ZoneInfo

from bots.model import Frozen
from jobs.business_days import is_business_day
from jobs.opening import DAYS

MINUTES_A_DAY = 24 * 60
FARTHEST = 40
"""Days to look back or ahead for a tick: a rhythm by days of the month has none for up to 30."""
HOLIDAYS = ("US",)
"""What ``business days`` leaves out besides Saturdays and Sundays."""

_EVERY = re.compile(r"every\s+(?P<minutes>\d{1,4})\s*min(?:utes?)?(?P<rest>.*)", re.DOTALL)
_WINDOW = re.compile(r"(?P<opens>\d\d:\d\d)\s*-\s*(?P<closes>\d\d:\d\d)$")
_TIMES = re.compile(r"(?P<times>\d\d:\d\d(?:\s*,\s*\d\d:\d\d)*)$")


class Rhythm(Frozen):
    """How often: ``every`` so many minutes (within ``opens`` to ``closes``), or ``at`` these times of day; neither is never."""

    every: int = 0
    at: tuple[time, ...] = ()
    opens: time = time.min
    closes: time = time.max
    weekdays: tuple[int, ...] = tuple(range(7))
    """0 is Monday."""
    month_days: tuple[int, ...] = ()
    """Empty: all."""
    business: bool = False

    @property
    def is_off(self) -> bool:
        return not self.every and not self.at

    def works_on(self, day: date) -> bool:
        return (
            day.weekday() in self.weekdays
            and (not self.month_days or day.day in self.month_days)
            and (not self.business or is_business_day(day, HOLIDAYS))
        )


class Tick(Frozen):
    """One moment of a rhythm: ``name`` tells it from all others, ``at`` is when (UTC)."""

    name: str
    at: datetime


def parse_rhythm(text: str) -> Rhythm:
    """Reads ``every 5 min``, ``every 15 min Mon-Fri 07:00-19:00``, ``06:30``, ``Mon-Fri 07:15, 17:15``, ``business days 06:50``,
    ``day 2, 17 05:40`` and ``off``. Raises ``ValueError`` on anything else."""
    words = " ".join(text.lower().split())
    if words == "off":
        return Rhythm()
    if match := _EVERY.fullmatch(words):
        minutes, rest = int(match["minutes"]), match["rest"].strip()
        if not minutes or MINUTES_A_DAY % minutes:
            raise ValueError("does not divide a day")
        opens, closes = time.min, time.max
        if window := _WINDOW.search(rest):
            opens, rest = time.fromisoformat(window["opens"]), rest[: window.start()].strip()
            closes = time.max if window["closes"] == "24:00" else time.fromisoformat(window["closes"])
            if closes <= opens:
                raise ValueError("closes before it opens")
        return _on_days(Rhythm(every=minutes, opens=opens, closes=closes), rest)
    if match := _TIMES.search(words):
        times = tuple(sorted({time.fromisoformat(each.strip()) for each in match["times"].split(",")}))
        return _on_days(Rhythm(at=times), words[: match.start()].strip())
    raise ValueError("no rhythm")


def _on_days(rhythm: Rhythm, words: str) -> Rhythm:
    from msgspec.structs import replace

    if not words:
        return rhythm
    if words == "business days":
        return replace(rhythm, business=True)
    if words.startswith("day "):
        month_days = tuple(sorted({int(each) for each in words.removeprefix("day ").split(",")}))
        if not all(1 <= day <= 28 for day in month_days):
            raise ValueError("not a day that every month has")
        return replace(rhythm, month_days=month_days)
    weekdays: set[int] = set()
    for part in words.split(","):
        first, _, last = (each.strip() for each in part.partition("-"))
        start = DAYS.index(first)
        weekdays |= {(start + step) % 7 for step in range((DAYS.index(last or first) - start) % 7 + 1)}
    return replace(rhythm, weekdays=tuple(sorted(weekdays)))


class TickCalendar(Frozen):
    """The ticks of one job in one time zone. ``jitter``: each comes up to so many seconds late, always the same for the same
    ``seed`` and tick, so that not all practices knock at the same second."""

    rhythm: Rhythm
    zone: str
    seed: str = ""
    jitter: int = 0

    def latest(self, now: datetime) -> Tick | None:
        """The last tick that has come by ``now`` (aware); None when there is none within `FARTHEST` days."""
        today = now.astimezone(ZoneInfo(self.zone)).date()
        for back in range(FARTHEST):
            # With each day the one before: its last tick may come after this one's first.
            come = [tick for more in (0, 1) if (tick := _last_by(ticks_of(self, today - timedelta(days=back + more)), now))]
            if come:
                return max(come, key=_order)
        return None

    def following(self, now: datetime) -> Tick | None:
        """The first tick after ``now`` (aware); None when there is none within `FARTHEST` days."""
        today = now.astimezone(ZoneInfo(self.zone)).date()
        for ahead in range(FARTHEST):
            come = [tick for less in (1, 0) if (tick := _first_after(ticks_of(self, today + timedelta(days=ahead - less)), now))]
            if come:
                return min(come, key=_order)
        return None

    def between(self, after: datetime, until: datetime) -> Iterator[Tick]:
        """All ticks after the one instant up to and with the other, in their order."""
        if self.rhythm.is_off:
            return
        zone = ZoneInfo(self.zone)
        day, last = after.astimezone(zone).date() - timedelta(days=1), until.astimezone(zone).date()
        waiting: list[Tick] = []
        while day <= last:
            waiting = sorted([*waiting, *ticks_of(self, day)], key=_order)
            day += timedelta(days=1)
            begins = datetime.combine(day, time.min, zone)
            while waiting and (waiting[0].at < begins or day > last):
                tick = waiting.pop(0)
                if after < tick.at <= until:
                    yield tick


def _last_by(ticks: tuple[Tick, ...], now: datetime) -> Tick | None:
    place = bisect_right(ticks, now, key=_at)
    return ticks[place - 1] if place else None


def _first_after(ticks: tuple[Tick, ...], now: datetime) -> Tick | None:
    place = bisect_right(ticks, now, key=_at)
    return ticks[place] if place < len(ticks) else None


def _at(tick: Tick) -> datetime:
    return tick.at


def _order(tick: Tick) -> tuple[datetime, str]:
    return tick.at, tick.name


@lru_cache(maxsize=400)  # yesterday, today and tomorrow of all jobs; a day of every minute is half a megabyte
def ticks_of(calendar: TickCalendar, day: date) -> tuple[Tick, ...]:
    """The ticks that belong to one day of the wall clock, in their order; jitter may carry the last ones over midnight."""
    rhythm, zone = calendar.rhythm, ZoneInfo(calendar.zone)
    if rhythm.is_off or not rhythm.works_on(day):
        return ()
    if rhythm.at:
        named = [(f"{day.isoformat()} {at:%H:%M}", _instant(day, at, zone)) for at in rhythm.at]
    else:
        named = [(f"{at:%Y-%m-%dT%H:%MZ}", at) for at in _grid(rhythm, day, zone)]
    return tuple(sorted((Tick(name=name, at=at + _late(calendar, name)) for name, at in named), key=_order))


def _instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    """``fold=0``: of two the first; of none, by the offset from before the change."""
    return datetime.combine(day, at, zone).replace(fold=0).astimezone(UTC)


def _grid(rhythm: Rhythm, day: date, zone: ZoneInfo) -> Iterator[datetime]:
    step = timedelta(minutes=rhythm.every)
    begins, ends = _instant(day, time.min, zone), _instant(day + timedelta(days=1), time.min, zone)
    midnight = begins.replace(hour=0, minute=0, second=0, microsecond=0)
    at = midnight + step * -((midnight - begins) // step)
    while at < ends:
        local = at.astimezone(zone).time()
        if rhythm.opens <= local and (local < rhythm.closes or rhythm.closes == time.max):
            yield at
        at += step


def _late(calendar: TickCalendar, name: str) -> timedelta:
    most = calendar.jitter if not calendar.rhythm.every else min(calendar.jitter, calendar.rhythm.every * 30)
    return timedelta(seconds=crc32(f"{calendar.seed} {name}".encode()) % (most + 1)) if most > 0 else timedelta(0)
