"""How fast authorized units are used up, and when they run out. Pure.

Figures are in the line's own unit kind; two kinds are never added or subtracted. Claims are taken back and corrected, so a
reading below an earlier one corrects it: the earlier ones that were above it no longer count.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import ROUND_CEILING, Decimal
from enum import StrEnum
from statistics import median

from bots.model import Frozen, UnitType
from jobs.deadlines import UNITS_EXPIRY_WARNING_DAYS, UNITS_USED_WARNING

LOOK_BACK = timedelta(days=120)
"""The pace is that of the last months: how somebody was treated at first says little about the end."""
SHORTEST = timedelta(days=7)
"""Readings closer together say nothing: claims are paid twice a month."""
LONGEST_VIEW = timedelta(days=2 * 365)
"""An end farther away than this is not told as a day."""


class Point(Frozen):
    """What had been used by a day, as the payer's page said."""

    as_of: date
    used: Decimal


class UnitsWarning(StrEnum):
    """What a person should hear of, by its name."""

    USED_90 = "used_90_percent"
    USED_UP = "used_up"
    ENDS_30, ENDS_14 = "ends_in_30_days", "ends_in_14_days"
    RUNS_OUT_30, RUNS_OUT_14 = "runs_out_in_30_days", "runs_out_in_14_days"


class Pace(Frozen):
    """Units of one line. ``per_week``: None while it cannot be told, and then ``note`` says why."""

    unit_type: UnitType
    approved: Decimal | None = None
    used: Decimal | None = None
    remaining: Decimal | None = None
    as_of: date | None = None
    valid_to: date | None = None
    readings: int = 0
    per_week: Decimal | None = None
    runs_out: date | None = None
    """The day on which the last unit is used at this pace; None when it is not before the authorization's end, or not known."""
    note: str = ""
    warnings: tuple[UnitsWarning, ...] = ()


def believed(points: Iterable[Point]) -> tuple[Point, ...]:
    """The readings that still hold, oldest first: of one day the last one, and none that a later one has corrected downwards."""
    by_day = {point.as_of: point for point in points}
    kept: list[Point] = []
    for day in sorted(by_day, reverse=True):
        if not kept or by_day[day].used <= kept[-1].used:
            kept.append(by_day[day])
    return tuple(reversed(kept))


def per_day(points: Sequence[Point]) -> Decimal | None:
    """The middle of the paces between all pairs of readings (Theil and Sen), so that one odd reading moves it little.

    None when no two readings are far enough apart.
    """
    if not points:
        return None
    lately = [point for point in points if points[-1].as_of - point.as_of <= LOOK_BACK]
    paces = [
        (later.used - earlier.used) / (later.as_of - earlier.as_of).days
        for place, later in enumerate(lately)
        for earlier in lately[:place]
        if later.as_of - earlier.as_of >= SHORTEST
    ]
    return median(paces) if paces else None


def pace(
    points: Iterable[Point],
    *,
    unit_type: UnitType,
    approved: Decimal | None,
    remaining: Decimal | None = None,
    valid_to: date | None,
    today: date,
) -> Pace:
    """``points``: every reading, in the order in which they were read. ``remaining``: what the last page itself shows as left."""
    held = believed(points)
    last = held[-1] if held else None
    left = remaining if remaining is not None or approved is None or last is None else approved - last.used
    speed = per_day(held)
    runs_out = _runs_out(last, left, speed, valid_to)
    return Pace(
        unit_type=unit_type,
        approved=approved,
        used=last.used if last else None,
        remaining=left,
        as_of=last.as_of if last else None,
        valid_to=valid_to,
        readings=len(held),
        per_week=None if speed is None else (speed * 7).quantize(Decimal("0.1")),
        runs_out=runs_out,
        note=_note(held, speed, approved),
        warnings=tuple(_warnings(last, approved, left, runs_out, valid_to, today)),
    )


def _runs_out(last: Point | None, left: Decimal | None, speed: Decimal | None, valid_to: date | None) -> date | None:
    if last is None or left is None or speed is None or speed <= 0:
        return None
    days = int((max(left, Decimal(0)) / speed).to_integral_value(ROUND_CEILING))
    if days > LONGEST_VIEW.days:
        return None
    day = last.as_of + timedelta(days=days)
    return None if valid_to is not None and day > valid_to else day


def _note(held: Sequence[Point], speed: Decimal | None, approved: Decimal | None) -> str:
    if not held:
        return "No units were read yet."
    if approved is None:
        return "The page does not show how many were approved."
    if speed is None:
        return "Too few readings to tell the pace: two are needed, a week apart."
    return "None were used lately." if speed == 0 else ""


def _warnings(
    last: Point | None, approved: Decimal | None, left: Decimal | None, runs_out: date | None, valid_to: date | None, today: date
) -> Iterable[UnitsWarning]:
    """The strongest of each kind. What has ended already is no warning any more (the reconciliation tells it)."""
    if valid_to is not None and valid_to < today:
        return
    if left is not None and left <= 0 and last is not None:
        yield UnitsWarning.USED_UP
    elif last is not None and approved and last.used >= UNITS_USED_WARNING * approved:
        yield UnitsWarning.USED_90
    far, near = UNITS_EXPIRY_WARNING_DAYS
    for day, at_near, at_far in (
        (valid_to, UnitsWarning.ENDS_14, UnitsWarning.ENDS_30),
        (runs_out, UnitsWarning.RUNS_OUT_14, UnitsWarning.RUNS_OUT_30),
    ):
        if day is not None and (day - today).days <= far:
            yield at_near if (day - today).days <= near else at_far
