"""A second calendar that knows nothing of ours: it walks through the years minute by minute and looks at the wall clock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from importlib.resources import files
from zoneinfo import ZoneInfo

COUNTRIES = {"US", "PR", "VI", "GU", "MP", "AS"}
"""The states and the territories."""
MINUTE = timedelta(minutes=1)


def us_zones() -> list[str]:
    """Every time zone of the United States, as the time zone database lists them."""
    table = files("tzdata.zoneinfo").joinpath("zone1970.tab").read_text("utf-8")
    rows = [line.split("\t") for line in table.splitlines() if line and not line.startswith("#")]
    return sorted(row[2] for row in rows if COUNTRIES & set(row[0].split(",")))


def wall_clock(zone: str, first: date, last: date) -> Iterator[tuple[datetime, datetime]]:
    """(UTC, wall clock without zone) for each minute of these days, and a day around them."""
    tz = ZoneInfo(zone)
    second = int(datetime.combine(first - timedelta(days=1), time.min, UTC).timestamp())
    end = int(datetime.combine(last + timedelta(days=2), time.min, UTC).timestamp())
    for at in range(second, end, 60):
        local = datetime.fromtimestamp(at, tz)
        yield datetime.fromtimestamp(at, UTC), local.replace(tzinfo=None, fold=0)


def walked(zone: str, times: set[time], first: date, last: date) -> dict[str, datetime]:
    """Name of the tick -> its instant, for these times of day: each once a day, whatever the clock does."""
    found: dict[str, datetime] = {}
    before: datetime | None = None
    for utc, wall in wall_clock(zone, first, last):
        left_out = before + MINUTE if before is not None else wall
        gap_begins = left_out
        while left_out < wall:  # spring: these minutes do not exist
            _note(found, left_out, utc + (left_out - gap_begins), times, first, last)
            left_out += MINUTE
        _note(found, wall, utc, times, first, last)
        before = wall
    return found


def strode(zone: str, times: set[time], first: date, last: date) -> dict[str, datetime]:
    """`walked`, in a fraction of the time: minute by minute only through the days (of UTC) in which the clocks change.

    In the others the wall clock keeps its distance from UTC all day, which is looked at every hour."""
    tz, found = ZoneInfo(zone), dict[str, datetime]()
    minutes = [each.hour * 60 + each.minute for each in times]
    at = int(datetime.combine(first - timedelta(days=1), time.min, UTC).timestamp())
    while at < int(datetime.combine(last + timedelta(days=2), time.min, UTC).timestamp()):
        looks = [at - 60, *range(at, at + 86400, 3600), at + 86340]
        offsets = {datetime.fromtimestamp(each, tz).utcoffset() for each in looks}
        if len(offsets) > 1:
            day = datetime.fromtimestamp(at, UTC).date()
            for name, utc in walked(zone, times, day - timedelta(days=1), day + timedelta(days=1)).items():
                if first.isoformat() <= name[:10] <= last.isoformat() and at <= utc.timestamp() < at + 86400:
                    found.setdefault(name, utc)
        else:
            offset = offsets.pop()
            assert offset is not None
            for minute in minutes:
                utc = datetime.fromtimestamp(at + (minute * 60 - int(offset.total_seconds())) % 86400, UTC)
                _note(found, (utc + offset).replace(tzinfo=None), utc, times, first, last)
        at += 86400
    return found


def _note(found: dict[str, datetime], wall: datetime, utc: datetime, times: set[time], first: date, last: date) -> None:
    if wall.time() in times and first <= wall.date() <= last:
        found.setdefault(f"{wall:%Y-%m-%d %H:%M}", utc)


def walked_window(zone: str, every: int, opens: time, closes: time, first: date, last: date) -> dict[str, datetime]:
    """The same for ``every N min HH:MM-HH:MM``: the minutes of UTC that N divides, while the wall clock is within."""
    return {
        f"{utc:%Y-%m-%dT%H:%MZ}": utc
        for utc, wall in wall_clock(zone, first, last)
        if (utc.hour * 60 + utc.minute) % every == 0 and opens <= wall.time() < closes and first <= wall.date() <= last
    }
