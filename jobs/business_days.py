"""Business days and the last day of a clock. Pure; holidays come from the library ``holidays``, loaded when first needed."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from typing import TYPE_CHECKING

from msgspec import UnsetType

from bots.model import AuthRequest
from jobs.rule_schema import Clock, Starts

if TYPE_CHECKING:
    from holidays import HolidayBase


def is_holiday(day: date, calendars: tuple[str, ...]) -> bool:
    """True on a public holiday of one of the calendars (``US`` federal, ``US-CT`` with the state's), days in lieu included."""
    return any(day in _calendar(name) for name in calendars)


def is_calendar(name: str) -> bool:
    """Whether there is such a calendar: ``US``, or ``US-`` and a state."""
    from holidays.countries.united_states import UnitedStates

    country, _, state = name.partition("-")
    return country == "US" and (name == "US" or state in UnitedStates.subdivisions)


def is_business_day(day: date, calendars: tuple[str, ...]) -> bool:
    """Monday to Friday, without the holidays of these calendars."""
    return day.weekday() < 5 and not is_holiday(day, calendars)


def add_business_days(day: date, count: int, calendars: tuple[str, ...]) -> date:
    """The ``count``-th business day after ``day`` (before it, when negative); ``day`` itself is not counted."""
    step = timedelta(days=1 if count >= 0 else -1)
    for _ in range(abs(count)):
        day += step
        while not is_business_day(day, calendars):
            day += step
    return day


def last_day(clock: Clock, request: AuthRequest, calendars: tuple[str, ...]) -> date:
    """The last day on which a clock that is counted in days is kept. ``calendars`` are left out of business days."""
    start = request.from_date
    if clock.starts is Starts.ADMISSION_DATE and request.admission_date is not None:
        start = request.admission_date
    if not isinstance(clock.business_days, UnsetType):
        return add_business_days(start, clock.business_days, calendars)
    if isinstance(clock.calendar_days, UnsetType):
        raise ValueError(f"The clock {clock.label!r} is not counted in days.")
    return start + timedelta(days=clock.calendar_days)


@cache
def _calendar(name: str) -> HolidayBase:
    # The class itself: a look-up by country name would load every country.
    from holidays.countries.united_states import UnitedStates

    calendar: type[HolidayBase] = UnitedStates
    return calendar(subdiv=name.partition("-")[2] or None)
