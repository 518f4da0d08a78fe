"""When the service works: no tick is missed and none comes twice, whatever the clocks do."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from jobs.calendar_ticks import Rhythm, TickCalendar, parse_rhythm

oracle: Any = sys.modules["calendar_oracle"]
TIMES = ("00:00", "00:30", "01:30", "02:00", "02:30", "03:00", "06:30", "23:59")
YEARS = (2026, 2027, 2046)
"""Of these each zone's test walks through one."""


def changes(zone: str, year: int) -> list[date]:
    """Days on which the clocks of that zone change in that year; New Year where they never do."""
    tz, day, found = ZoneInfo(zone), date(year, 1, 1), []
    while day.year == year:
        noon = datetime.combine(day, time(12), tz)
        if noon.utcoffset() != (noon - timedelta(days=1)).utcoffset():
            found.append(day)
        day += timedelta(days=1)
    return found or [date(year, 12, 31)]


def ticks(calendar: TickCalendar, first: date, last: date) -> dict[str, datetime]:
    begin, end = datetime.combine(first, time.min, UTC), datetime.combine(last, time.min, UTC)
    found = list(calendar.between(begin - timedelta(days=2), end + timedelta(days=3)))
    assert len({tick.name for tick in found}) == len(found)
    assert found == sorted(found, key=lambda tick: tick.at)
    zone = ZoneInfo(calendar.zone)
    return {tick.name: tick.at for tick in found if first <= _day(tick.name, tick.at, zone) <= last}


def _day(name: str, at: datetime, zone: ZoneInfo) -> date:
    return at.astimezone(zone).date() if name.endswith("Z") else date.fromisoformat(name[:10])


def test_the_list_of_zones_is_whole() -> None:
    zones = oracle.us_zones()
    assert {"America/New_York", "America/Phoenix", "America/Adak", "Pacific/Honolulu", "Pacific/Guam"} <= set(zones)
    assert len(zones) > 25


@pytest.mark.long
@pytest.mark.parametrize("zone", oracle.us_zones())
def test_around_each_change_of_the_clocks_each_time_of_day_comes_once(zone: str) -> None:
    """A share of ``make calendar``, which walks through all of 2026 to 2046."""
    for day in changes(zone, YEARS[len(zone) % 3]):
        calendar = TickCalendar(rhythm=parse_rhythm(", ".join(TIMES)), zone=zone)
        assert ticks(calendar, day, day) == oracle.walked(zone, {time.fromisoformat(each) for each in TIMES}, day, day)


@pytest.mark.parametrize("day", [date(2027, 3, 14), date(2026, 11, 1), date(2026, 7, 4)])
def test_every_so_many_minutes_goes_on_through_the_change(day: date) -> None:
    calendar = TickCalendar(rhythm=parse_rhythm("every 15 min 00:30-04:00"), zone="America/New_York")
    wanted = oracle.walked_window("America/New_York", 15, time(0, 30), time(4), day, day)
    assert ticks(calendar, day, day) == wanted
    assert len(wanted) == {date(2027, 3, 14): 10, date(2026, 11, 1): 18}.get(day, 14)


def test_the_monday_after_the_spring_change_has_its_midnight() -> None:
    """A scheduler's own cron trigger was seen to skip it (design, section 5)."""
    calendar = TickCalendar(rhythm=parse_rhythm("Mon-Fri 00:00"), zone="America/New_York")
    week = [tick.name for tick in calendar.between(datetime(2027, 3, 12, 12, tzinfo=UTC), datetime(2027, 3, 17, tzinfo=UTC))]
    assert week == ["2027-03-15 00:00", "2027-03-16 00:00"]


def test_half_past_one_comes_once_on_the_long_day() -> None:
    calendar = TickCalendar(rhythm=parse_rhythm("01:30"), zone="America/New_York")
    night = list(calendar.between(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC)))
    assert [(tick.name, tick.at.hour) for tick in night] == [("2026-11-01 01:30", 5)]


def test_the_latest_tick_is_the_last_that_has_come() -> None:
    calendar = TickCalendar(rhythm=parse_rhythm("06:30, 18:00"), zone="America/New_York")
    at = datetime(2026, 11, 22, 23, 0, tzinfo=UTC)  # 18:00 there
    for minute, name in ((-1, "2026-11-22 06:30"), (0, "2026-11-22 18:00"), (600, "2026-11-22 18:00")):
        latest = calendar.latest(at + timedelta(minutes=minute))
        assert latest is not None
        assert latest.name == name


def test_walked_with_latest_alone_nothing_is_missed_either() -> None:
    """As the service does it: a look a minute, the latest tick each time."""
    calendar = TickCalendar(rhythm=parse_rhythm("00:00, 01:30, 02:30"), zone="America/Denver", jitter=90, seed="home")
    at, seen = datetime(2027, 3, 13, 12, tzinfo=UTC), []
    while at < datetime(2027, 3, 16, 12, tzinfo=UTC):
        tick = calendar.latest(at)
        if tick is not None and tick.name not in seen:
            seen.append(tick.name)
        at += timedelta(minutes=1)
    assert seen[1:] == [f"2027-03-{day} {clock}" for day in (14, 15, 16) for clock in ("00:00", "01:30", "02:30")][:9]


def test_jitter_is_the_same_for_the_same_home_and_another_for_another() -> None:
    rhythm = parse_rhythm("every 5 min")
    day = (datetime(2026, 5, 5, tzinfo=UTC), datetime(2026, 5, 6, tzinfo=UTC))
    one, same, other = (
        list(TickCalendar(rhythm=rhythm, zone="America/New_York", seed=seed, jitter=3600).between(*day))
        for seed in ("a", "a", "b")
    )
    assert one == same
    assert {tick.name for tick in one} & {tick.name for tick in other}
    assert [tick.at for tick in one] != [tick.at for tick in other]
    assert one == sorted(one, key=lambda tick: tick.at), "never so much that one overtakes the next"


def test_business_days_leave_out_holidays() -> None:
    calendar = TickCalendar(rhythm=parse_rhythm("business days 06:50"), zone="America/New_York")
    days = [tick.name[:10] for tick in calendar.between(datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 7, 8, tzinfo=UTC))]
    assert days == ["2026-07-01", "2026-07-02", "2026-07-06", "2026-07-07"], "Friday the third is the day in lieu"


def test_days_of_the_month() -> None:
    calendar = TickCalendar(rhythm=parse_rhythm("day 2, 17 05:40"), zone="America/New_York")
    following = calendar.following(datetime(2026, 11, 22, tzinfo=UTC))
    assert following is not None
    assert following.name == "2026-12-02 05:40"
    latest = calendar.latest(datetime(2026, 11, 22, tzinfo=UTC))
    assert latest is not None
    assert latest.name == "2026-11-17 05:40"


def test_off_is_never() -> None:
    calendar = TickCalendar(rhythm=parse_rhythm("off"), zone="America/New_York")
    assert calendar.latest(datetime(2026, 1, 1, tzinfo=UTC)) is None
    assert calendar.following(datetime(2026, 1, 1, tzinfo=UTC)) is None


@pytest.mark.parametrize(
    "text", ["", "sometimes", "every 7 min", "every 0 min", "25:00", "Mon-Fri", "day 31 05:00", "day x 05:00", "Xyz 05:00",
             "every 5 min 19:00-07:00", "06:30,", "daily 06:30"],
)  # fmt: skip
def test_what_is_no_rhythm_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_rhythm(text)


def test_how_a_rhythm_is_written_does_not_matter() -> None:
    assert parse_rhythm("  MON-fri   07:15 ,17:15 ") == parse_rhythm("Mon-Fri 17:15, 07:15")
    assert parse_rhythm("Mon, Wed-Thu 09:00") == Rhythm(at=(time(9),), weekdays=(0, 2, 3))
