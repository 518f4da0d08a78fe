"""The payer's books: decisions ripen with the clock from the seed, units move at check writes."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from msgspec import structs

from fixtures.clock import WorldClock, parse_now
from fixtures.payer import Ask, Case, Line, Payer, criteria_met, last_check_write

START = parse_now("2019-06-12")


def make_ask(n: int, units: int = 12, priority: str = "standard", lines: int = 1) -> Ask:
    first, last = date(2019, 6, 12), date(2019, 7, 11)
    return Ask(
        portal="clear_coverage",
        account="cc-desk1",
        practice="practice-one",
        draft_no="CC900000001",
        member_id=f"{n:09d}",
        family="therapy_pt",
        priority=priority,
        certification="initial",
        from_date=first,
        to_date=last,
        requesting_npi="1900000005",
        lines=tuple(Line(code="97110", units=units, from_date=first, to_date=last) for _ in range(lines)),
        our_reference=f"REQ-{n}",
    )


def books(seed: int = 1, count: int = 400, *, met: bool = False, **kind: int) -> tuple[Payer, list[Case]]:
    payer = Payer(WorldClock(START), seed)
    return payer, [payer.accept(make_ask(n, **kind), criteria_met=met) for n in range(count)]


def test_every_kind_of_decision_comes_and_none_before_its_time() -> None:
    payer, cases = books()
    assert {payer.state(case).status for case in cases} == {"Pended (In review)"}
    payer.clock.advance(24 * 30)
    kinds = Counter(payer.state(case).status for case in cases)
    assert set(kinds) == {"Authorized", "Partially authorized", "Not authorized", "Cancelled"}
    assert min(kinds.values()) >= 8
    assert any(state.status == "Pended - awaiting clinical" for case in cases for state in case.plan)


def test_what_is_granted_at_once_is_granted_as_asked_whatever_the_chances() -> None:
    payer = Payer(WorldClock(START), 1)
    cases = [payer.accept(make_ask(n, units=2), criteria_met=False, at_once=True) for n in range(50)]
    assert {payer.state(case).status for case in cases} == {"Auto-authorized"}
    assert all(payer.state(case).lines[0].approved == 2 for case in cases)


@pytest.mark.parametrize(
    ("portal", "reference", "authorization", "draft"),
    [
        ("clear_coverage", r"CC[1-8]\d{8}", r"A\d{9}", r"CC9\d{8}"),
        ("provider_connect", r"01-061219-\d{1,3}-\d{1,3}", r"01-061219-\d{1,3}-\d{1,3}", r"90-\d{6}-\d{1,3}-1"),
    ],
)
def test_each_portal_numbers_in_its_own_way_and_never_twice(portal: str, reference: str, authorization: str, draft: str) -> None:
    payer = Payer(WorldClock(START), 1)
    asks = [structs.replace(make_ask(n), portal=portal) for n in range(2000)]
    cases = [payer.accept(ask, criteria_met=False, at_once=True) for ask in asks]
    drafts = [payer.new_draft_no(portal) for _ in cases]
    assert all(re.fullmatch(reference, case.reference_no) for case in cases)
    assert all(re.fullmatch(authorization, payer.state(case).authorization_no) for case in cases)
    assert all(re.fullmatch(draft, number) for number in drafts)
    assert len({case.reference_no for case in cases}) == len(set(drafts)) == len(cases)


def test_a_portal_shows_its_own_cases_only() -> None:
    payer = Payer(WorldClock(START), 1)
    mine = payer.accept(make_ask(1), criteria_met=False)
    other = payer.accept(structs.replace(make_ask(2), portal="provider_connect"), criteria_met=False)
    assert list(payer.of_portals({"clear_coverage"}, "practice-one")) == [mine]
    assert list(payer.of_portals({"clear_coverage"}, "practice-two")) == []
    assert payer.case(other.reference_no, "provider_connect", "practice-one") is other
    assert payer.case(other.reference_no, "clear_coverage", "practice-one") is None


def test_met_criteria_may_authorize_at_once_unmet_ones_never() -> None:
    payer, cases = books(met=True)
    at_once = [case for case in cases if payer.state(case).status == "Auto-authorized"]
    assert 100 < len(at_once) < 220
    assert all(payer.state(case).authorization_no for case in at_once)
    assert criteria_met("therapy_pt", {"th_evaluation": "yes", "th_plan_signed": "yes", "th_progress": "na"})
    assert not criteria_met("therapy_pt", {"th_evaluation": "yes", "th_plan_signed": "no", "th_progress": "na"})
    assert not criteria_met("medical_supplies", {})  # no questions: people look at it


def test_the_same_request_is_decided_alike_in_every_world_of_a_seed() -> None:
    def outcomes(seed: int, order: list[int]) -> dict[str, str]:
        payer = Payer(WorldClock(START), seed)
        cases = [payer.accept(make_ask(n), criteria_met=True) for n in order]
        return {case.ask.our_reference: case.plan[-1].status for case in cases}

    order = list(range(40))
    assert outcomes(1, order) == outcomes(1, order[::-1])
    assert outcomes(1, order) != outcomes(2, order)


def test_only_granted_units_have_an_authorization_number_and_a_refusal_its_reason() -> None:
    payer, cases = books()
    payer.clock.advance(24 * 30)
    for state in (payer.state(case) for case in cases):
        granted = state.status in {"Authorized", "Partially authorized"}
        assert bool(state.authorization_no) == granted
        assert any(line.approved for line in state.lines) == granted
        if state.status == "Not authorized":
            assert state.reason


def test_a_partial_decision_grants_some_but_not_all() -> None:
    for kind in ({"units": 12}, {"units": 1, "lines": 3}):
        payer, cases = books(**kind)
        payer.clock.advance(24 * 30)
        partial = [case for case in cases if payer.state(case).status == "Partially authorized"]
        assert partial
        for case in partial:
            asked = sum(line.units for line in case.ask.lines)
            assert 0 < sum(line.approved or 0 for line in payer.state(case).lines) < asked


def test_in_a_small_share_of_cases_the_header_lags_a_day_behind_the_lines() -> None:
    payer, cases = books()
    lagging = [c for c in cases if len(c.plan) == 3 and c.plan[1].status == "Pended (In review)"]
    assert 5 < len(lagging) < 50
    for case in lagging:
        payer.clock.set(case.plan[1].at + timedelta(hours=1))
        state = payer.state(case)
        assert (state.status, state.authorization_no) == ("Pended (In review)", "")
        assert state.lines[0].approved
        payer.clock.advance(24)
        assert payer.state(case).authorization_no


def test_urgent_requests_are_decided_sooner() -> None:
    payer = Payer(WorldClock(START), 1)

    def longest(priority: str) -> timedelta:
        cases = [payer.accept(make_ask(n, priority=priority), criteria_met=False) for n in range(100)]
        return max(case.plan[1].at - case.accepted_at for case in cases)

    assert longest("urgent") <= timedelta(hours=40) < longest("standard") <= timedelta(hours=140)


def test_numbers_never_come_twice() -> None:
    payer, cases = books(count=3000)
    payer.clock.advance(24 * 30)
    references = [case.reference_no for case in cases]
    granted = [payer.state(case).authorization_no for case in cases if payer.state(case).authorization_no]
    drafts = [payer.new_draft_no() for _ in range(3000)]
    for numbers in (references, granted, drafts):
        assert len(set(numbers)) == len(numbers)
    assert not set(references) & set(drafts)


@pytest.mark.parametrize(
    ("today", "expected"),
    [
        ("2019-06-09", "2019-05-25"),
        ("2019-06-10", "2019-06-10"),
        ("2019-06-24", "2019-06-10"),
        ("2019-06-25", "2019-06-25"),
        ("2019-01-03", "2018-12-25"),
    ],
)
def test_check_writes_come_on_the_10th_and_25th(today: str, expected: str) -> None:
    assert last_check_write(date.fromisoformat(today)) == date.fromisoformat(expected)


def test_a_reading_of_units_is_never_more_than_16_days_old() -> None:
    day = date(2019, 1, 1)
    ages = [(day + timedelta(days=n) - last_check_write(day + timedelta(days=n))).days for n in range(1500)]
    assert max(ages) == 15  # the day before the 16th the next one comes


def test_q11_units_move_at_check_writes_only_and_never_beyond_what_was_approved() -> None:
    payer, cases = books(met=True, count=60)
    at_once = [case for case in cases if payer.state(case).status == "Auto-authorized"]
    seen: dict[date, int] = {}
    for _ in range(80):
        used = [payer.units_used(case, 0) for case in at_once]
        assert all(0 <= n <= 12 for n in used)
        as_of = payer.last_check_write()
        assert seen.setdefault(as_of, sum(used)) == sum(used)  # the same all the time between two check writes
        payer.clock.advance(24)
    assert list(seen.values()) == sorted(seen.values())
    assert next(iter(seen.values())) == 0
    assert list(seen.values())[-1] > 0


def test_the_clock_runs_can_be_set_and_moved() -> None:
    clock = WorldClock(parse_now("2019-06-12"))
    assert clock.now().astimezone(ZoneInfo("America/New_York")).hour == 9
    clock.advance(16)
    assert clock.today() == date(2019, 6, 13)  # past midnight at the desk
    clock.set(datetime(2019, 11, 3, 1, 30, tzinfo=ZoneInfo("America/New_York")))
    assert clock.today() == date(2019, 11, 3)
    before = clock.now()
    assert clock.now() >= before
