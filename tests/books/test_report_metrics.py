"""The ten metrics of Da Vinci PAS, each against an example that is worked out by hand here."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bots.model import Certification, Payer, Status
from jobs.reporting.cases import Case, LineSeen, ReadingSeen, add_attempt, add_reading
from jobs.reporting.figures import spread_of
from jobs.reporting.happened import limit_of, what_happened
from jobs.reporting.pas import measure, measure_by_payer
from jobs.reporting.period import Period, PeriodKind, beginning
from jobs.state import Attempt, AttemptState, Channel

ZONE = ZoneInfo("America/New_York")
WEEK: Period = beginning(PeriodKind.WEEK, date(2026, 3, 2), ZONE)
MONDAY = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
NOW = MONDAY + 100 * HOUR
NEW = {"urgency": "standard", "certification": Certification.INITIAL, "lines": 1, "accepted_at": MONDAY, "received_at": MONDAY}


def case(request_id: str = "R-1", status: Status = Status.SUBMITTED, **given: Any) -> Case:
    base: dict[str, Any] = {**NEW, "payer": Payer.HUSKY, "portal": "clear_coverage", "due": None, "decided_on": None}
    return Case(request_id=request_id, status=status, **(base | given))


def attempt(state: AttemptState, *, sent: datetime | None = MONDAY, ended: datetime = MONDAY, **given: Any) -> Attempt:
    base: dict[str, Any] = {"attempt_id": "a1", "request_id": "R-1", "channel": Channel.PORTAL, "portal": "clear_coverage"}
    base |= {"account": "desk", "fence": 1, "began_at": MONDAY}
    return Attempt(state=state, intent_at=sent, ended_at=ended, **(base | given))


def handed_in(request_id: str = "R-1", status: Status = Status.SUBMITTED, sent: datetime = MONDAY, **given: Any) -> Case:
    made = case(request_id, status, **({"received_at": sent} | given))
    add_attempt(made, attempt(AttemptState.RECEIPT, sent=sent, ended=sent), WEEK)
    return made


def seen(status: Status, *lines: Status) -> ReadingSeen:
    return ReadingSeen(status=status.value, lines=[LineSeen(status=one.value, status_raw=one.value) for one in lines])


def test_1_volume_counts_hand_overs_that_were_answered_and_their_lines() -> None:
    refused = case("R-3", lines=3)
    add_attempt(refused, attempt(AttemptState.REJECTED, error_code="rejected"), WEEK)
    doubtful = case("R-4")
    add_attempt(doubtful, attempt(AttemptState.UNCERTAIN, uncertain_at=MONDAY), WEEK)
    before = handed_in("R-5", sent=MONDAY - 24 * HOUR)
    found = measure([handed_in(), handed_in("R-2", lines=2), refused, doubtful, before], WEEK, NOW)
    assert (found.requests_submitted, found.lines_submitted) == (3, 6)


def test_2_updates_change_a_case_and_a_renewal_does_not() -> None:
    kinds = (Certification.INITIAL, Certification.RENEWAL, Certification.EXTENSION, Certification.REVISED, Certification.CANCEL)
    found = measure([handed_in(f"R-{kind}", certification=kind, queries=2) for kind in kinds], WEEK, NOW)
    assert (found.updates, found.cancels, found.queries) == (2, 1, 10)


def test_3_queries_for_others_are_those_about_adopted_cases() -> None:
    adopted = case("R-2", queries=3)
    add_attempt(adopted, attempt(AttemptState.RECEIPT, sent=None), WEEK)
    found = measure([handed_in(queries=4), adopted], WEEK, NOW)
    assert (found.queries, found.queries_for_others, found.requests_submitted) == (7, 3, 1)


def test_4_errors_are_counted_by_type_of_all_attempts_that_ended() -> None:
    tried = case("R-2")
    add_attempt(tried, attempt(AttemptState.ABANDONED, sent=None, error_code="portal_down"), WEEK)
    add_attempt(tried, attempt(AttemptState.ABANDONED, sent=None, error_code="portal_down"), WEEK)
    add_attempt(tried, attempt(AttemptState.RECEIPT), WEEK)
    found = measure([handed_in(), tried], WEEK, NOW)
    assert (found.tries, found.errors, found.error_share) == (4, 2, 50.0)
    assert [(one.label, one.count) for one in found.error_types] == [("portal_down", 2)]


@pytest.mark.parametrize("code", ["dry_run", "redirected", "not_required_here", "not_ours"])
def test_4_what_went_on_elsewhere_or_was_not_to_be_sent_is_no_error(code: str) -> None:
    from bots.errors import NotRequiredHere

    one = case()
    code = NotRequiredHere.code if code == "not_required_here" else code
    add_attempt(one, attempt(AttemptState.ABANDONED, sent=None, error_code=code), WEEK)
    assert (one.tries, one.errors) == (0, [])


def test_5_final_at_once_for_any_line_and_for_all_lines() -> None:
    whole = handed_in("R-1", Status.APPROVED, lines=2, first_answer_final=True)
    part = handed_in("R-2", Status.APPROVED, lines=2, first_answer_final=True)
    add_reading(part, MONDAY + HOUR, seen(Status.APPROVED, Status.APPROVED, Status.PENDED_REVIEW))
    found = measure([whole, part, handed_in("R-3"), handed_in("R-4")], WEEK, NOW)
    assert (found.first_answers, found.final_at_once_any, found.final_at_once_all) == (4, 2, 1)
    assert (found.final_at_once_any_share, found.final_at_once_all_share) == (50.0, 25.0)


def test_6_pended_lines_are_resolved_one_by_one() -> None:
    one = handed_in(lines=3)
    add_reading(one, MONDAY + 10 * HOUR, seen(Status.PENDED_REVIEW, *[Status.APPROVED], *[Status.PENDED_REVIEW] * 2))
    add_reading(one, MONDAY + 20 * HOUR, seen(Status.PENDED_REVIEW, *[Status.APPROVED] * 2, Status.PENDED_REVIEW))
    found = measure([one], WEEK, NOW)
    assert (found.lines_pended, found.lines_resolved) == (3, 2)
    assert (found.hours_to_resolve_mean, found.hours_to_resolve_median) == (15.0, 15.0)


def test_6_a_header_speaks_for_lines_without_a_word_of_their_own() -> None:
    one = handed_in(lines=2)
    add_reading(one, MONDAY + 4 * HOUR, ReadingSeen(status="approved", lines=[LineSeen(), LineSeen()]))
    assert (one.final_lines, one.final_at) == (2, MONDAY + 4 * HOUR)


def test_7_time_to_final_ends_with_the_last_line() -> None:
    slow = handed_in("R-1", Status.APPROVED, lines=2)
    add_reading(slow, MONDAY + 10 * HOUR, seen(Status.PENDED_REVIEW, Status.APPROVED, Status.PENDED_REVIEW))
    add_reading(slow, MONDAY + 50 * HOUR, seen(Status.APPROVED, Status.APPROVED, Status.DENIED))
    quick = handed_in("R-2", Status.DENIED)
    add_reading(quick, MONDAY + 30 * HOUR, seen(Status.DENIED))
    at_once = handed_in("R-3", Status.APPROVED, first_answer_final=True)
    found = measure([slow, quick, at_once, handed_in("R-4")], WEEK, NOW).hours_to_final
    assert found is not None
    assert (found.count, found.median, found.most, found.mean) == (3, 30.0, 50.0, 26.67)


def test_7_an_answer_of_another_week_is_not_counted() -> None:
    late = handed_in("R-1", Status.APPROVED)
    add_reading(late, WEEK.ends, seen(Status.APPROVED))
    assert measure([late], WEEK, NOW).hours_to_final is None


def test_8_payers_are_measured_apart_and_add_up() -> None:
    cases = [handed_in("R-1"), handed_in("R-2"), handed_in("R-3", payer=Payer.BCBSMA)]
    found = {one.segment: one.requests_submitted for one in measure_by_payer(cases, WEEK, NOW)}
    assert found == {"all": 3, "husky": 2, "bcbsma": 1}


def test_9_and_10_outstanding_requests_and_their_age() -> None:
    old = handed_in("R-1", Status.PENDED_REVIEW, MONDAY - 100 * HOUR, lines=2)
    add_reading(old, MONDAY, seen(Status.PENDED_REVIEW, Status.APPROVED, Status.PENDED_REVIEW))
    found = measure([old, handed_in("R-2"), handed_in("R-3", Status.APPROVED)], WEEK, NOW)
    assert (found.outstanding_requests, found.outstanding_lines, found.oldest_hours) == (2, 2, 200.0)
    assert {one.label: one.count for one in found.ageing if one.count} == {"3–7 days": 1, "7–14 days": 1}


def test_nothing_gives_no_share_and_no_division_by_zero() -> None:
    (found,) = measure_by_payer([], WEEK, NOW)
    assert (found.error_share, found.final_at_once_any_share, found.hours_to_final, found.oldest_hours) == (None,) * 4


def test_a_spread_has_its_quartiles() -> None:
    found = spread_of([4.0, 1.0, 3.0, 2.0, 5.0])
    assert found is not None
    assert (found.least, found.lower, found.median, found.upper, found.p90, found.most) == (1, 2, 3, 4, 4.6, 5)


# --- decisions against the payers' limits ---------------------------------------------------------------------------


def decided(hours: float, *, limit: int = 72, on: date | None = None, status: Status = Status.APPROVED, **given: Any) -> Case:
    one = handed_in(f"R-{hours}-{on}", status, due=MONDAY + limit * HOUR, decided_on=on, **given)
    add_reading(one, MONDAY + hours * HOUR, seen(status))
    return one


def test_a_decision_is_late_only_where_the_payer_s_own_date_says_so() -> None:
    """The limit is Thursday 5 March, 10:00 in Boston; all but the first were seen after it."""
    cases = [decided(71), *(decided(80, on=date(2026, 3, day)) for day in (4, 5, 6)), decided(81)]
    found = what_happened(cases, WEEK, ZONE, lambda _: ZONE)
    assert found.decided == found.timings[0].hours.count == 5
    assert (found.in_time, found.late, found.not_told) == (2, 1, 2)


def test_limits_are_told_in_whole_days_also_over_a_clock_change() -> None:
    assert limit_of(decided(1, limit=72)) == 72
    assert limit_of(decided(1, limit=167)) == 168
    assert limit_of(handed_in()) is None


def test_reasons_are_counted_by_line_and_a_denial_without_one_is_told() -> None:
    cases = [
        decided(1, status=Status.DENIED, answers=((Status.DENIED, "Not necessary"), (Status.DENIED, ""))),
        decided(2, status=Status.APPROVED, answers=((Status.APPROVED, "Meets criteria"),)),
        decided(3, status=Status.DENIED, answers=((Status.DENIED, "Not necessary"),)),
    ]
    found = what_happened(cases, WEEK, ZONE, lambda _: ZONE)
    assert [(one.reason, one.lines) for one in found.denials] == [("Not necessary", 2), ("", 1)]
    assert [(one.reason, one.lines) for one in found.approvals] == [("Meets criteria", 1)]
    assert found.denied_without_reason == 1
    assert (found.approved, found.partly, found.denied, found.approved_share) == (1, 0, 2, 33.3)


def test_unusual_ways_are_told_with_their_ids() -> None:
    adopted, redirected, faxed, phoned = (case(f"R-{number}") for number in range(1, 5))
    add_attempt(adopted, attempt(AttemptState.RECEIPT, sent=None), WEEK)
    add_attempt(redirected, attempt(AttemptState.ABANDONED, sent=None, error_code="redirected"), WEEK)
    add_attempt(faxed, attempt(AttemptState.RECEIPT, channel=Channel.FAX), WEEK)
    add_attempt(phoned, attempt(AttemptState.RECEIPT, channel=Channel.PHONE), WEEK)
    found = what_happened([adopted, redirected, faxed, phoned], WEEK, ZONE, lambda _: ZONE)
    assert {way.key: way.request_ids for way in found.ways} == {
        "adopted": ("R-1",),
        "redirected": ("R-2",),
        "faxed": ("R-3",),
        "phoned": ("R-4",),
    }


def test_days_begin_at_the_practice_s_midnight() -> None:
    late_evening = handed_in(sent=datetime(2026, 3, 4, 3, 0, tzinfo=UTC))
    found = what_happened([late_evening], WEEK, ZONE, lambda _: ZONE)
    assert [row.day for row in found.days if row.submitted] == ["2026-03-03"]
    assert sum(row.submitted for row in found.days) == found.submitted == 1
