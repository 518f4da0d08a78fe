"""How fast units go, and when they run out: robust to corrections, and silent where too little is known."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.model import Status, UnitType
from jobs.units_pace import Pace, Point, UnitsWarning, believed, pace
from jobs.units_watch import paces_of

START = date(2026, 1, 1)
TODAY = date(2026, 3, 2)


def points(*used: str, every: int = 14) -> list[Point]:
    return [Point(as_of=START + timedelta(days=every * place), used=Decimal(amount)) for place, amount in enumerate(used)]


def going(*used: str, approved: str = "40", valid_to: date | None = date(2026, 12, 31), today: date = TODAY) -> Pace:
    return pace(points(*used), unit_type=UnitType.VISITS, approved=Decimal(approved), valid_to=valid_to, today=today)


def test_four_visits_in_two_weeks_are_two_a_week_and_the_rest_runs_out_in_fourteen() -> None:
    found = going("0", "4", "8", "12")
    assert (found.per_week, found.used, found.remaining, found.readings) == (Decimal("2.0"), Decimal(12), Decimal(28), 4)
    assert found.runs_out == START + timedelta(days=42 + 14 * 7)
    assert found.unit_type is UnitType.VISITS


def test_what_lasts_to_the_end_does_not_run_out() -> None:
    assert going("0", "4", "8", valid_to=date(2026, 3, 31)).runs_out is None


@pytest.mark.parametrize(("used", "note"), [((), "No units were read yet."), (("3",), "Too few readings")])
def test_too_few_readings_are_said_and_nothing_is_guessed(used: tuple[str, ...], note: str) -> None:
    found = going(*used)
    assert (found.per_week, found.runs_out) == (None, None)
    assert found.note.startswith(note)


def test_readings_within_a_week_are_too_few() -> None:
    near = pace(points("1", "5", every=6), unit_type=UnitType.UNITS, approved=Decimal(9), valid_to=None, today=TODAY)
    assert near.per_week is None


def test_no_use_is_no_pace_and_no_end() -> None:
    found = going("3", "3", "3")
    assert (found.per_week, found.runs_out, found.note) == (Decimal("0.0"), None, "None were used lately.")


def test_a_reading_that_fell_corrects_the_ones_above_it() -> None:
    assert [point.used for point in believed(points("0", "4", "9", "6"))] == [0, 4, 6]
    assert going("0", "4", "9", "6").used == 6


def test_of_one_day_the_last_reading_counts() -> None:
    twice = [Point(as_of=START, used=Decimal(5)), Point(as_of=START, used=Decimal(3))]
    assert [point.used for point in believed(twice)] == [3]


def test_one_odd_reading_moves_the_pace_little() -> None:
    steady, odd = going("0", "4", "8", "12", "16"), going("0", "4", "11", "12", "16")
    assert steady.per_week is not None
    assert odd.per_week is not None
    assert abs(steady.per_week - odd.per_week) <= Decimal("0.5")


@given(st.lists(st.integers(0, 50), min_size=1, max_size=6))
def test_the_order_of_reading_does_not_matter_and_used_units_never_fall_in_what_is_believed(used: list[int]) -> None:
    given_points = points(*map(str, used))
    held = believed(given_points)
    assert held[-1] == given_points[-1]
    assert [point.used for point in held] == sorted(point.used for point in held)
    assert all(believed(order) == held for order in list(permutations(given_points))[:20])


@pytest.mark.parametrize(
    ("used", "valid_to", "warnings"),
    [
        (("35",), date(2026, 12, 31), []),
        (("36",), date(2026, 12, 31), ["used_90_percent"]),
        (("40",), date(2026, 12, 31), ["used_up"]),
        (("41",), date(2026, 12, 31), ["used_up"]),
        (("1",), TODAY + timedelta(days=31), []),
        (("1",), TODAY + timedelta(days=30), ["ends_in_30_days"]),
        (("1",), TODAY + timedelta(days=14), ["ends_in_14_days"]),
        (("1",), TODAY, ["ends_in_14_days"]),
        (("39",), TODAY - timedelta(days=1), []),
        (("14", "22", "30"), date(2026, 12, 31), ["runs_out_in_14_days"]),
        (("0", "7", "14"), date(2026, 12, 31), ["runs_out_in_30_days"]),
    ],
)
def test_warnings(used: tuple[str, ...], valid_to: date, warnings: list[str]) -> None:
    assert [str(word) for word in going(*used, valid_to=valid_to).warnings] == warnings


def test_a_day_that_is_far_away_is_not_told() -> None:
    assert going("0", "0.001", "0.002", valid_to=None).runs_out is None


# --- of a request ----------------------------------------------------------------------------------------------------


def test_units_of_another_kind_are_kept_apart(build: Any) -> None:
    visits = build.units(approved=Decimal(8), used=Decimal(2), unit_type=UnitType.VISITS, as_of=date(2026, 2, 27))
    units = build.units(approved=Decimal(80), used=Decimal(60), unit_type=UnitType.HOURS, as_of=date(2026, 2, 13))
    (line,) = paces_of(build.submitted(status=Status.APPROVED, units=(visits,)), [(units,), (visits,)], TODAY)
    assert (line.pace.unit_type, line.pace.readings, line.pace.used, line.pace.approved) == (UnitType.VISITS, 1, 2, 8)


def test_a_page_that_names_no_kind_counts_in_the_kind_that_was_asked_for(build: Any) -> None:
    request = build.request("R-001", build.line(unit_type=UnitType.DAYS))
    shown = build.units(approved=Decimal(2), used=Decimal(2))
    (line,) = paces_of(build.submitted(status=Status.APPROVED, request=request, units=(shown,)), [(shown,)], TODAY)
    assert (line.pace.unit_type, line.pace.warnings) == (UnitType.DAYS, (UnitsWarning.USED_UP,))
