"""What waits for a portal: who falls due when it goes down, who probes it, who goes on when it comes back; clocks put back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from bots.errors import PortalDown
from bots.model import AuthRequest, Status, Urgency
from jobs.events import BreakerClosed, BreakerOpened, Routed, Standing
from jobs.fallback import LONGEST_PROBE, TO_FAX, wait
from jobs.journal import Journal
from jobs.portal_state import IN_A_ROW, PROBE_AGAIN, BreakerState, PortalStates
from jobs.state import Channel, Decision, Fallback, FallbackWay, Route
from jobs.uptime import outages, uptime
from jobs.waiting import GAP, SPREAD_OVER

PORTAL = "clear_coverage"
DOWN = PortalDown(PORTAL)
MakeRequest = Callable[..., AuthRequest]


@pytest.fixture
def states(journal: Journal) -> PortalStates:
    return PortalStates(journal)


@pytest.fixture
def waiting(journal: Journal, make_request: MakeRequest, clock: Any) -> Callable[..., None]:
    """A request that waits for the portal, an hour from now unless ``until`` says otherwise."""

    def put(request_id: str, *, urgent: bool = False, way: FallbackWay = FallbackWay.FAX, **standing: Any) -> None:
        urgency = Urgency.URGENT if urgent else Urgency.STANDARD
        journal.accept(make_request(request_id, urgency=urgency), "one")
        fallback = Fallback(decision=way, number="203.265.3994", wait_hours=0 if urgent else 24, rule_ids=("H13",))
        route = Route(request_id=request_id, decision=Decision.PORTAL, portal=PORTAL, fallback=fallback, rule_ids=("H5",))
        journal.set_route(request_id, route)
        until = standing.pop("until", clock() + timedelta(hours=1))
        code = standing.pop("code", "portal_down")
        now = wait(until, code, "It waits.") if until else Standing(status=Status.WAITING, error_code=code, reason="It waits.")
        journal.move(request_id, now)

    return put


def due(journal: Journal) -> list[str]:
    return [each.request.request_id for each in journal.due(PORTAL)]


# --- it goes down ------------------------------------------------------------------------------------------------------


def test_with_the_opening_itself_what_may_leave_at_once_falls_due(
    states: PortalStates, journal: Journal, waiting: Callable[..., None]
) -> None:
    waiting("standard", code="rate_limit")
    waiting("urgent", urgent=True, code="rate_limit")
    waiting("stays", urgent=True, way=FallbackWay.WAIT)
    waiting("for a person", urgent=True, code="account_locked", until=None)
    states.failed(PORTAL, DOWN, banner=True)
    assert due(journal) == ["urgent", "for a person"]


def test_what_is_on_its_way_to_the_fax_stays_there_whatever_the_portal_does(
    states: PortalStates, journal: Journal, waiting: Callable[..., None], clock: Any
) -> None:
    waiting("faxed")
    route = journal.snapshot("faxed").route
    assert route is not None
    with journal.write() as write:
        to_fax = Standing(status=Status.WAITING, error_code=TO_FAX, reason="by fax")
        write.append("faxed", Routed(route=route, channel=Channel.FAX, standing=to_fax))
    before = journal.snapshot("faxed")
    states.failed(PORTAL, DOWN, banner=True)
    clock.advance(minutes=6)
    states.wake_prober(PORTAL)
    assert states.may_use(PORTAL)
    states.worked(PORTAL)
    assert states.enable_portal(PORTAL, "Sam") == 0
    journal.set_route("faxed", Route(request_id="faxed", decision=Decision.REJECTED, rule_ids=("H9",), reason="too late"))
    clock.advance(days=2)
    assert due(journal) == []
    assert journal.snapshot("faxed") == before


def test_failures_far_apart_are_no_outage(states: PortalStates, clock: Any) -> None:
    for _ in range(5):
        assert states.failed(PORTAL, DOWN).state is BreakerState.CLOSED
        clock.advance(seconds=IN_A_ROW.total_seconds() + 1)
    assert states.failed(PORTAL, DOWN).down_since == clock()


# --- it is probed ------------------------------------------------------------------------------------------------------


def test_one_waiting_request_probes_and_only_when_it_is_time(
    states: PortalStates, journal: Journal, waiting: Callable[..., None], clock: Any
) -> None:
    states.failed(PORTAL, DOWN, banner=True)
    for number in range(3):
        waiting(f"R-{number}")
    states.wake_prober(PORTAL)
    assert due(journal) == []
    assert journal.portals_due() == ()
    clock.advance(minutes=5)
    assert journal.portals_due() == (PORTAL,), "the service looks at it"
    states.wake_prober(PORTAL)
    states.wake_prober(PORTAL)
    assert due(journal) == ["R-0"]


def test_a_portal_for_which_nothing_waits_is_not_looked_at(states: PortalStates, journal: Journal, clock: Any) -> None:
    states.failed(PORTAL, DOWN, banner=True)
    clock.advance(minutes=5)
    assert journal.portals_due() == ()


def test_only_what_was_asked_for_probes(states: PortalStates, journal: Journal, waiting: Callable[..., None], clock: Any) -> None:
    states.failed(PORTAL, DOWN, banner=True)
    waiting("R-0")
    waiting("R-1")
    clock.advance(minutes=5)
    states.wake_prober(PORTAL, {"R-1"})
    assert due(journal) == ["R-1"]


def test_a_probe_that_heard_nothing_is_left_to_the_next_one(states: PortalStates, clock: Any) -> None:
    states.failed(PORTAL, DOWN, banner=True)
    clock.advance(minutes=5)
    assert states.may_use(PORTAL)
    states.probe_ended(PORTAL)
    assert not states.may_use(PORTAL)
    clock.advance(seconds=PROBE_AGAIN.total_seconds())
    assert states.may_use(PORTAL)


def test_after_months_a_probe_still_comes_every_half_hour(states: PortalStates, journal: Journal, clock: Any) -> None:
    from sqlalchemy import update

    from jobs.journal_schema import breakers

    states.failed(PORTAL, DOWN, banner=True)
    with journal.write() as write:
        write.connection.execute(update(breakers).values(openings=98 * 48))
    clock.advance(minutes=5)
    assert states.may_use(PORTAL)
    assert states.failed(PORTAL, DOWN).probe_at == clock() + LONGEST_PROBE


def test_a_clock_put_back_by_a_year_holds_up_no_probe(states: PortalStates, clock: Any) -> None:
    states.failed(PORTAL, DOWN, banner=True)
    clock.advance(days=-365)
    assert states.may_use(PORTAL)
    states.worked(PORTAL)
    assert states.breaker(PORTAL).state is BreakerState.CLOSED


# --- it comes back -----------------------------------------------------------------------------------------------------


def moments(journal: Journal) -> dict[str, datetime]:
    return {each.request.request_id: each.waiting_until for each in journal.snapshots() if each.waiting_until is not None}


def test_what_waited_goes_on_spread_out_and_urgent_first(
    states: PortalStates, journal: Journal, waiting: Callable[..., None], clock: Any
) -> None:
    states.failed(PORTAL, DOWN, banner=True)
    for number in range(20):
        waiting(f"R-{number:02}", urgent=number % 10 == 9, way=FallbackWay.WAIT)
    states.worked(PORTAL)
    at = moments(journal)
    assert at["R-09"] == at["R-19"] == clock()
    others = sorted(at[each] for each in at if each not in ("R-09", "R-19"))
    assert others[0] >= clock() + 2 * GAP
    assert all(later - earlier > timedelta(0) for earlier, later in pairwise(others))
    assert others[-1] <= clock() + 20 * GAP
    assert {each.error_code for each in journal.snapshots()} == {"portal_back"}


def test_the_pace_is_our_own_limits_where_that_is_slower(journal: Journal, waiting: Callable[..., None], clock: Any) -> None:
    states = PortalStates(journal, most_per_hour={PORTAL: 12})
    states.failed(PORTAL, DOWN, banner=True)
    for number in range(5):
        waiting(f"R-{number}")
    states.worked(PORTAL)
    assert clock() + 4 * timedelta(minutes=5) <= max(moments(journal).values()) <= clock() + 5 * timedelta(minutes=5)


def test_however_many_they_are_all_go_on_within_the_hour(
    states: PortalStates, journal: Journal, waiting: Callable[..., None], clock: Any
) -> None:
    states.failed(PORTAL, DOWN, banner=True)
    for number in range(400):
        waiting(f"R-{number}")
    states.worked(PORTAL)
    assert max(moments(journal).values()) <= clock() + SPREAD_OVER
    assert journal.rebuild()


# --- its history -------------------------------------------------------------------------------------------------------


def test_the_history_tells_each_outage_with_its_probes_and_how_long_the_portal_was_up(
    states: PortalStates, journal: Journal, clock: Any
) -> None:
    start = clock()
    states.failed(PORTAL, DOWN, banner=True)
    clock.advance(minutes=5)
    assert states.may_use(PORTAL)
    states.failed(PORTAL, DOWN)
    clock.advance(minutes=55)
    assert states.may_use(PORTAL)
    states.worked(PORTAL)
    clock.advance(hours=3)
    states.failed("evicore", DOWN, banner=True)
    clock.advance(hours=1)
    first, second = outages(journal.events(""))
    assert (first.portal, first.length(clock()), first.probes, first.banner) == (PORTAL, timedelta(hours=1), 1, True)
    assert (second.portal, second.until, second.length(clock())) == ("evicore", None, timedelta(hours=1))
    mine, other, none = uptime((first, second), (PORTAL, "evicore", "promptpa"), start, clock())
    assert (mine.outages, mine.down, mine.longest, mine.share) == (1, timedelta(hours=1), timedelta(hours=1), 0.8)
    assert (other.outages, other.share, none.outages, none.share) == (1, 0.8, 0, 1.0)
    kinds = [type(event.body) for event in journal.events("")]
    assert kinds == [BreakerOpened, BreakerOpened, BreakerClosed, BreakerOpened]
