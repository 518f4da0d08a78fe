"""Clocks run and desks open by the wall clock where the desk stands; what is told is an instant."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs import deadlines
from jobs.business_days import add_business_days, is_business_day, is_holiday
from jobs.deadlines import decision_due, is_open, next_open, practice_deadline
from jobs.routing import RoutingSettings

NEW_YORK = ZoneInfo("America/New_York")


def new_york(year: int, month: int, day: int, hour: int, minute: int) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=NEW_YORK)


MONDAY_NOON = new_york(2026, 11, 23, 12, 0)


# --- The payer's decision ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("urgency", ["urgent", "emergent"])
@pytest.mark.parametrize(("payer", "category"), [("husky", "dme"), ("husky", "inpatient"), ("carepartners", "dme")])
def test_an_urgent_decision_is_due_after_72_hours(ask, payer, category, urgency):
    assert decision_due(ask(payer, category, urgency=urgency), MONDAY_NOON) == MONDAY_NOON + timedelta(hours=72)


@pytest.mark.parametrize(("payer", "category"), [("husky", "dme"), ("husky", "radiology_high_tech"), ("carepartners", "dme")])
def test_a_standard_decision_is_due_after_7_calendar_days(ask, payer, category):
    assert decision_due(ask(payer, category), MONDAY_NOON) == new_york(2026, 11, 30, 12, 0)


def test_calendar_days_keep_the_wall_clock_over_a_clock_change_and_hours_do_not(ask):
    # Summer time ends on 2026-11-01 at 2:00.
    accepted = new_york(2026, 10, 30, 12, 0)
    assert decision_due(ask("husky", "dme"), accepted) == new_york(2026, 11, 6, 12, 0)
    assert decision_due(ask("husky", "dme", urgency="urgent"), accepted) == new_york(2026, 11, 2, 11, 0)


def test_a_part_d_drug_is_due_after_24_or_72_hours(ask):
    assert decision_due(ask("carepartners", "drug_part_d", urgency="urgent"), MONDAY_NOON) == MONDAY_NOON + timedelta(hours=24)
    assert decision_due(ask("carepartners", "drug_part_d"), MONDAY_NOON) == MONDAY_NOON + timedelta(hours=72)


def test_what_is_told_is_in_utc(ask):
    due = decision_due(ask("husky", "dme"), MONDAY_NOON)
    assert due is not None
    assert due.utcoffset() == timedelta(0)


def test_blue_cross_has_a_clock_for_medicare_advantage_only(ask):
    assert decision_due(ask("bcbsma", "dme", coverage="bcbsma_medicare_advantage"), MONDAY_NOON) == new_york(2026, 11, 30, 12, 0)
    for coverage in ("bcbsma_commercial", "bcbsma_employee", "bcbsma_fep", "bcbsma_medex", "bluecard"):
        assert decision_due(ask("bcbsma", "dme", coverage=coverage, urgency="urgent"), MONDAY_NOON) is None


def test_nobody_decides_a_referral_or_a_carepartners_notification(ask):
    assert decision_due(ask("carepartners", "dme", request_kind="referral"), MONDAY_NOON) is None
    assert decision_due(ask("carepartners", "inpatient", request_kind="inpatient_notification"), MONDAY_NOON) is None


def test_the_federal_clock_runs_since_2026_by_the_payers_own_date(ask):
    # 4:59 UTC on 1 January is still the old year in Connecticut.
    assert decision_due(ask("husky", "dme"), datetime(2026, 1, 1, 4, 59, tzinfo=UTC)) is None
    assert decision_due(ask("husky", "dme"), datetime(2026, 1, 1, 5, 0, tzinfo=UTC)) == datetime(2026, 1, 8, 5, 0, tzinfo=UTC)


# --- The practice's own deadlines --------------------------------------------------------------------------------------


def ends(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=NEW_YORK)


@pytest.mark.parametrize(
    ("admitted", "last"),
    [
        (date(2026, 11, 16), date(2026, 11, 18)),  # Monday -> Wednesday
        (date(2026, 11, 19), date(2026, 11, 23)),  # Thursday -> Monday
        (date(2026, 11, 20), date(2026, 11, 24)),  # Friday -> Tuesday
        (date(2026, 11, 21), date(2026, 11, 24)),  # Saturday -> Tuesday
        (date(2026, 11, 25), date(2026, 11, 30)),  # Wednesday, then Thanksgiving
        (date(2026, 12, 31), date(2027, 1, 5)),  # New Year's Day, then a weekend
        (date(2026, 7, 1), date(2026, 7, 6)),  # 4 July on a Saturday is kept on Friday
        (date(2026, 4, 2), date(2026, 4, 6)),  # Good Friday: only the state's, and a day too few is early
    ],
)
def test_an_emergent_admission_must_reach_chnct_within_2_business_days(ask, admitted, last):
    # The admission lies within the stay, so that this deadline comes before the one for backdating.
    found = practice_deadline(ask("husky", "inpatient", urgency="emergent", from_date=admitted, admission_date=admitted))
    assert found is not None
    label, at = found
    assert "(H6)" in label
    assert at == ends(last)


def test_without_an_admission_date_the_first_day_of_the_stay_counts(ask):
    found = practice_deadline(ask("husky", "inpatient", urgency="emergent", from_date=date(2026, 11, 16)))
    assert found is not None
    assert found[1] == ends(date(2026, 11, 18))


def test_an_urgent_admission_and_everything_else_on_the_medical_portal_may_be_backdated_5_days(ask):
    for category, facts in (("inpatient", {"urgency": "urgent"}), ("dme", {}), ("home_health", {"urgency": "emergent"})):
        found = practice_deadline(ask("husky", category, from_date=date(2026, 11, 20), **facts))
        assert found is not None
        assert "(H9)" in found[0]
        assert found[1] == ends(date(2026, 11, 25))


def test_a_deadline_that_was_missed_is_still_told(ask):
    found = practice_deadline(ask("husky", "dme", from_date=date(2026, 1, 2)))
    assert found is not None
    assert found[1] == ends(date(2026, 1, 7))


def test_an_elective_admission_is_notified_5_calendar_days_before(ask):
    facts = {"request_kind": "inpatient_notification", "admission_date": date(2026, 12, 10), "from_date": date(2026, 12, 9)}
    found = practice_deadline(ask("carepartners", "inpatient", **facts))
    assert found is not None
    assert "(C4)" in found[0]
    assert found[1] == ends(date(2026, 12, 5))


@pytest.mark.parametrize("urgency", ["urgent", "emergent"])
@pytest.mark.parametrize("category", ["inpatient", "behavioral_health_inpatient"])
def test_other_admissions_are_notified_within_2_calendar_days(ask, category, urgency):
    facts = {"request_kind": "inpatient_notification", "admission_date": date(2026, 11, 21), "urgency": urgency}
    found = practice_deadline(ask("carepartners", category, **facts))
    assert found is not None
    assert found[1] == ends(date(2026, 11, 23))


@pytest.mark.parametrize(
    ("payer", "category", "facts"),
    [
        ("husky", "radiology_high_tech", {}),
        ("husky", "inpatient", {}),
        ("husky", "behavioral_health_inpatient", {"urgency": "emergent"}),
        ("husky", "dme", {"medicare_parts": "ab", "medicare_covers_service": "yes"}),
        ("carepartners", "dme", {}),
        ("bcbsma", "inpatient", {"request_kind": "inpatient_notification", "urgency": "emergent"}),
    ],
)
def test_elsewhere_the_practice_has_no_published_deadline(ask, payer, category, facts):
    assert practice_deadline(ask(payer, category, **facts)) is None


def test_the_deadline_is_the_same_on_the_portal_that_came_after(ask):
    request = ask("husky", "dme")
    assert practice_deadline(request, settings=RoutingSettings(medical_portal="husky_medical")) == practice_deadline(request)


# --- Desks -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "open_"),
    [
        (new_york(2026, 11, 23, 7, 59), False),
        (new_york(2026, 11, 23, 8, 0), True),
        (new_york(2026, 11, 23, 17, 59), True),
        (new_york(2026, 11, 23, 18, 0), False),
        (new_york(2026, 11, 21, 12, 0), False),  # Saturday
        (new_york(2026, 11, 26, 12, 0), False),  # Thanksgiving
        (new_york(2026, 4, 3, 12, 0), False),  # Good Friday, a holiday of Connecticut
        (new_york(2026, 4, 20, 12, 0), True),  # Patriots' Day, not one of Connecticut
        (datetime(2026, 7, 6, 12, 0, tzinfo=UTC), True),  # 8:00 in summer
        (datetime(2026, 12, 7, 12, 0, tzinfo=UTC), False),  # 7:00 in winter
    ],
)
def test_chnct_answers_monday_to_friday_8_to_18(book, at, open_):
    assert is_open(book.desk("1.800.440.5071"), at) is open_


@pytest.mark.parametrize(
    ("at", "opens"),
    [
        (new_york(2026, 11, 23, 9, 30), new_york(2026, 11, 23, 9, 30)),
        (new_york(2026, 11, 23, 6, 0), new_york(2026, 11, 23, 8, 0)),
        (new_york(2026, 11, 23, 18, 0), new_york(2026, 11, 24, 8, 0)),
        (new_york(2026, 11, 25, 20, 0), new_york(2026, 11, 27, 8, 0)),  # over Thanksgiving
        (new_york(2026, 12, 24, 20, 0), new_york(2026, 12, 28, 8, 0)),  # over Christmas and the weekend
        (new_york(2026, 10, 31, 9, 0), new_york(2026, 11, 2, 8, 0)),  # over the end of summer time
    ],
)
def test_the_next_opening(book, at, opens):
    assert next_open(book.desk("1.800.440.5071"), at) == opens


@settings(max_examples=60, deadline=None)
@given(at=st.datetimes(datetime(2025, 1, 1), datetime(2028, 1, 1)).map(lambda at: at.replace(tzinfo=UTC)))  # noqa: DTZ001 - hypothesis wants naive bounds
def test_whenever_one_looks_the_desk_is_open_at_its_next_opening_and_closed_until_then(book, at):
    desk = book.desk("1.877.606.5172")
    opens = next_open(desk, at)
    assert opens is not None
    assert opens >= at
    assert is_open(desk, opens)
    if opens > at:
        assert not is_open(desk, at)
        assert not is_open(desk, opens - timedelta(seconds=1))


def test_a_fax_is_always_open_and_unpublished_hours_are_not_guessed(book):
    sunday_night = new_york(2026, 11, 22, 3, 0)
    assert is_open(book.desk("203.265.3994"), sunday_night) is True
    assert next_open(book.desk("203.265.3994"), sunday_night) == sunday_night
    assert is_open(book.desk("1-800-676-BLUE"), sunday_night) is None
    assert next_open(book.desk("1-800-676-BLUE"), sunday_night) is None
    assert book.desk("1-800-676-BLUE").hours_text == "hours not published"


def test_the_other_published_hours(book):
    assert book.desk("1.800.842.8440").hours_text == "Mon-Fri 08:00-17:00 (America/New_York)"
    assert book.desk("1.877.606.5172").hours_text == "Mon-Fri 09:00-16:00 (America/New_York)"


# --- Days ----------------------------------------------------------------------------------------------------------------


def test_holidays_of_the_states():
    good_friday, patriots_day, independence_observed = date(2026, 4, 3), date(2026, 4, 20), date(2026, 7, 3)
    assert is_holiday(independence_observed, ("US",))
    assert (is_holiday(good_friday, ("US",)), is_holiday(good_friday, ("US-CT",))) == (False, True)
    assert (is_holiday(patriots_day, ("US", "US-CT")), is_holiday(patriots_day, ("US-MA",))) == (False, True)
    assert not is_holiday(independence_observed, ())


@settings(max_examples=100, deadline=None)
@given(start=st.dates(date(2024, 1, 1), date(2030, 12, 31)), count=st.integers(1, 15))
def test_counting_business_days_there_and_back(start, count):
    end = add_business_days(start, count, ("US",))
    between = [start + timedelta(days=n) for n in range(1, (end - start).days + 1)]
    assert sum(is_business_day(day, ("US",)) for day in between) == count
    assert is_business_day(end, ("US",))
    if is_business_day(start, ("US",)):
        assert add_business_days(end, -count, ("US",)) == start


def test_what_all_payers_share():
    assert Decimal("0.9") == deadlines.UNITS_USED_WARNING
    assert deadlines.UNITS_EXPIRY_WARNING_DAYS == (30, 14)
    assert (deadlines.PERMISSION_MAX_DAYS, deadlines.PERMISSION_WARNING_DAYS) == (365, 30)
