"""While a portal is down each request follows its own rule, on one channel, in time; and nothing uncertain goes any other way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace
from protocol_double import (
    AT_THE_CLICK,
    PORTAL,
    FakeClock,
    Faults,
    Truth,
    World,
    build_request,
    build_route,
    open_office,
    take_in,
)

from bots.errors import BotError, PortalDown, PortalInUse
from bots.model import Status, Urgency
from jobs.dispatch import submit_due
from jobs.events import Began, Moved, Standing
from jobs.fallback import TO_FAX
from jobs.fax.book import to_fax
from jobs.follow import follow_open
from jobs.journal import Journal
from jobs.leaving import leave_by_fax, leave_due, next_moment
from jobs.office import PROBE, admitted
from jobs.portal_state import BreakerState
from jobs.questions import ask_each
from jobs.reconciling import list_portals
from jobs.seats import Identity, Seats
from jobs.state import AttemptState, Channel, Decision, Fallback, FallbackWay, Route
from jobs.verify import verify_due

URGENT = {"urgency": Urgency.URGENT}
BANNER = {"sign_in": ["outage_banner"] * 99}


def queue_of(journal: Journal) -> Callable[[], object]:
    """Stands in for the fax queue: what is to be faxed gets an attempt on that channel."""

    async def take() -> None:
        for snapshot in to_fax(journal):
            request_id = snapshot.request.request_id
            with journal.write() as write:
                began = Began(attempt_id=f"f{write.next_seq:012}", channel=Channel.FAX, portal="", account="", fence=0)
                queued = Standing(status=Status.WAITING, error_code="fax_queued", reason="It waits to be faxed.")
                write.append(request_id, began, Moved(standing=queued))

    return take


def on_fax(journal: Journal) -> set[str]:
    return {each.request.request_id for each in journal.snapshots() if each.channel is Channel.FAX}


# --- in time -----------------------------------------------------------------------------------------------------------


async def test_H12_H13_the_urgent_one_leaves_at_once_the_standard_one_after_its_wait(
    journal: Journal, truth: Truth, clock: FakeClock
) -> None:
    take_in(journal, build_request("urgent", **URGENT), build_request("standard"))
    office = open_office(journal, World(truth, clock, faults=Faults(BANNER)), take_faxes=queue_of(journal))
    await submit_due(office)
    assert on_fax(journal) == {"urgent"}
    clock.advance(hours=23, minutes=59)
    await leave_due(office)
    assert on_fax(journal) == {"urgent"}
    clock.advance(minutes=1)
    await leave_due(office)
    assert on_fax(journal) == {"urgent", "standard"}
    assert truth.accepted() == []


async def test_an_urgent_one_that_waited_for_something_else_leaves_within_a_minutes_look(
    journal: Journal, truth: Truth, clock: FakeClock
) -> None:
    """The portal had asked to slow down; then it goes down under somebody else's hands."""
    take_in(journal, build_request("urgent", **URGENT))
    office = open_office(journal, World(truth, clock, faults=Faults({"draft": ["rate_limited"]})), take_faxes=queue_of(journal))
    await submit_due(office)
    assert journal.snapshot("urgent").error_code == "rate_limited"
    clock.advance(minutes=1)
    office.states.failed(PORTAL, PortalDown(PORTAL), banner=True)
    assert next_moment(office) == clock()
    await leave_due(office)
    assert on_fax(journal) == {"urgent"}


async def test_one_that_comes_in_during_the_outage_leaves_without_a_browser(
    journal: Journal, truth: Truth, clock: FakeClock
) -> None:
    world = World(truth, clock)
    office = open_office(journal, world, take_faxes=queue_of(journal))
    office.states.failed(PORTAL, PortalDown(PORTAL), banner=True)
    take_in(journal, build_request("urgent", **URGENT))
    await leave_due(office)
    assert on_fax(journal) == {"urgent"}
    assert world.calls == []


async def test_a_run_for_other_requests_lets_those_leave_that_are_due(journal: Journal, truth: Truth, clock: FakeClock) -> None:
    take_in(journal, build_request("urgent", **URGENT), build_request("asked for"))
    office = open_office(journal, World(truth, clock, faults=Faults(BANNER)), take_faxes=queue_of(journal))
    await submit_due(office, only={"asked for"})
    assert on_fax(journal) == {"urgent"}


async def test_a_way_that_needs_no_portal_is_taken_by_the_same_door(journal: Journal, truth: Truth, clock: FakeClock) -> None:
    request = build_request("elective")
    journal.accept(request, "one")
    route = Route(request_id="elective", decision=Decision.FAX, number="203.265.3994", rule_ids=("H7",), reason="Elective.")
    journal.set_route("elective", route)
    await submit_due(open_office(journal, World(truth, clock), take_faxes=queue_of(journal)))
    assert journal.snapshot("elective").error_code == "fax_queued"


async def test_without_a_fax_queue_a_person_faxes_it(journal: Journal, truth: Truth, clock: FakeClock) -> None:
    take_in(journal, build_request("urgent", **URGENT))
    await submit_due(open_office(journal, World(truth, clock, faults=Faults(BANNER))))
    now = journal.snapshot("urgent")
    assert (now.status, now.error_code, now.channel) == (Status.NEEDS_PERSON, "fax_by_hand", Channel.FAX)
    assert "203.265.3994" in now.next_action
    assert "H12" in now.next_action


async def test_a_queue_that_cannot_take_it_now_is_asked_again_in_a_minute(
    journal: Journal, truth: Truth, clock: FakeClock
) -> None:
    take_in(journal, build_request("urgent", **URGENT))

    async def full_disk() -> None:
        raise PortalInUse("fax")

    office = open_office(journal, World(truth, clock, faults=Faults(BANNER)), take_faxes=full_disk)
    await submit_due(office)
    assert journal.snapshot("urgent").error_code == TO_FAX
    await leave_by_fax(open_office(journal, World(truth, clock), take_faxes=queue_of(journal)))
    assert journal.snapshot("urgent").error_code == "fax_queued"


# --- one channel -------------------------------------------------------------------------------------------------------


async def test_what_was_faxed_stays_faxed_when_the_portal_is_back_or_enabled(
    journal: Journal, truth: Truth, clock: FakeClock
) -> None:
    take_in(journal, build_request("urgent", **URGENT), build_request("standard"))
    world = World(truth, clock, faults=Faults(BANNER))
    office = open_office(journal, world, take_faxes=queue_of(journal))
    await submit_due(office)
    office.states.enable_portal(PORTAL, "Sam")
    world.faults = Faults()
    for _ in range(3):
        clock.advance(minutes=40)
        await submit_due(office)
    assert [request_id for request_id, _ in truth.accepted()] == ["standard"]
    assert journal.snapshot("urgent").error_code == "fax_queued"


@pytest.mark.parametrize("click", sorted(AT_THE_CLICK))
async def test_nothing_uncertain_leaves_another_way_at_any_seam(
    journal: Journal, truth: Truth, clock: FakeClock, click: str
) -> None:
    """Down during the click: however often somebody looks, nothing is faxed until the portal has proven that it has nothing."""
    take_in(journal, build_request("urgent", **URGENT))
    office = open_office(journal, World(truth, clock, faults=Faults({"click": [click]})), take_faxes=queue_of(journal))
    await submit_due(office)
    uncertain = journal.attempts(state=AttemptState.UNCERTAIN)
    office.states.failed(PORTAL, PortalDown(PORTAL), banner=True)
    for _ in range(3):
        await leave_due(office)
        await submit_due(office)
    office.states.enable_portal(PORTAL, "Sam")
    take_in(journal, build_request("urgent", **URGENT))
    if click == "refused":
        assert uncertain == ()
    else:
        (attempt,) = uncertain
        assert journal.snapshot("urgent").status is Status.UNCERTAIN
        with pytest.raises(Exception, match=r"one_open_attempt|UNIQUE"), journal.write() as write:
            write.append("urgent", Began(attempt_id="f1", channel=Channel.FAX, portal="", account="", fence=0))
        assert journal.attempts("urgent") == (attempt,)
    assert on_fax(journal) == set()


async def test_what_certainly_was_not_accepted_may_be_faxed_in_the_next_outage(
    journal: Journal, truth: Truth, clock: FakeClock
) -> None:
    take_in(journal, build_request("urgent", **URGENT))
    office = open_office(
        journal, World(truth, clock, faults=Faults({"click": ["lost_on_the_way"]})), take_faxes=queue_of(journal)
    )
    await submit_due(office)
    for _ in range(2):
        clock.advance(minutes=16)
        await verify_due(office)
    office.states.failed(PORTAL, PortalDown(PORTAL), banner=True)
    await leave_due(office)
    assert on_fax(journal) == {"urgent"}
    assert truth.accepted() == []


async def test_an_outage_that_begins_under_a_workers_hands_leaves_it_the_request(
    journal: Journal, truth: Truth, clock: FakeClock
) -> None:
    """Another process finds the portal down while this one is drafting: one of the two has the request, never both."""
    take_in(journal, build_request("urgent", **URGENT))
    world = World(truth, clock)
    office = open_office(journal, world, take_faxes=queue_of(journal))
    step = world.step

    async def meanwhile(where: str) -> None:
        await step(where)
        if where == "review":
            office.states.failed(PORTAL, PortalDown(PORTAL), banner=True)
            await leave_due(office)

    world.step = meanwhile  # type: ignore[method-assign]
    await submit_due(office)
    assert truth.accepted_count() == {"urgent": 1}
    assert on_fax(journal) == set()


# --- probes ------------------------------------------------------------------------------------------------------------


async def test_a_worker_that_died_while_probing_holds_nobody_up(journal: Journal, truth: Truth, clock: FakeClock) -> None:
    take_in(journal, build_request("R-1"))
    running = {1, 2}
    world = World(truth, clock)
    office, other = (
        open_office(journal, world, me=Identity(host="here", pid=pid, started=1.0), is_running=lambda one: one.pid in running)
        for pid in (1, 2)
    )
    office.states.failed(PORTAL, PortalDown(PORTAL), banner=True)
    clock.advance(minutes=5)
    assert other.seats.acquire(PROBE, PORTAL) is not None
    assert other.states.may_use(PORTAL)
    await submit_due(office)
    assert truth.accepted() == [], "somebody probes"
    running.remove(2)
    await submit_due(office)
    assert truth.accepted_count() == {"R-1": 1}


async def test_a_probe_ends_with_what_it_was_for_whatever_it_heard(journal: Journal, truth: Truth, clock: FakeClock) -> None:
    office = open_office(journal, World(truth, clock))
    office.states.failed(PORTAL, PortalDown(PORTAL), banner=True)
    async with admitted(office, PORTAL) as may:
        assert not may, "not yet"
    clock.advance(minutes=5)
    with pytest.raises(ZeroDivisionError):
        async with admitted(office, PORTAL) as may:
            assert may
            async with admitted(office, PORTAL) as second:
                assert not second, "one at a time"
            assert office.states.breaker(PORTAL).state is BreakerState.HALF_OPEN
            raise ZeroDivisionError
    assert office.states.breaker(PORTAL).state is BreakerState.OPEN
    clock.advance(minutes=1)
    async with admitted(office, PORTAL) as may:
        assert may
        office.states.worked(PORTAL)
    async with admitted(office, PORTAL) as may:
        assert may
    assert office.states.breaker(PORTAL).state is BreakerState.CLOSED


@pytest.mark.parametrize("work", ["follow", "list", "question"])
async def test_whoever_comes_to_ask_something_ends_its_probe(journal: Journal, truth: Truth, clock: FakeClock, work: str) -> None:
    take_in(journal, build_request("R-1"))
    office = open_office(journal, World(truth, clock), me=Identity(host="here", pid=1, started=1.0), is_running=lambda one: True)
    await submit_due(office)
    office.states.failed(PORTAL, PortalDown(PORTAL), banner=True)
    clock.advance(minutes=31)
    elsewhere = Seats(journal, me=Identity(host="here", pid=2, started=1.0), is_running=lambda one: True)
    seat = elsewhere.acquire(PORTAL, "north")
    assert seat is not None, "the account is in use elsewhere: nothing is heard of the portal"
    do = {
        "follow": lambda: follow_open(office),
        "list": lambda: list_portals(office),
        "question": lambda: ask_each(
            office, PORTAL, [build_request("R-2")], lambda driver, request: driver.ask_requirement(request)
        ),
    }
    await do[work]()
    assert office.states.breaker(PORTAL).state is BreakerState.OPEN
    elsewhere.release(seat)
    clock.advance(minutes=1)
    await follow_open(office)
    assert office.states.breaker(PORTAL).state is BreakerState.CLOSED


def test_only_one_place_lets_work_onto_a_portal() -> None:
    """Else somebody would begin a probe and not end it."""
    asking = {path.name for path in Path("jobs").rglob("*.py") if ".may_use(" in path.read_text("utf-8")}
    assert asking == {"office.py"}


async def test_a_failed_probe_is_one_visit(journal: Journal, truth: Truth, clock: FakeClock) -> None:
    """Not three tries of it: the portal counts as down with the first."""
    take_in(journal, build_request("R-1"))
    world = World(truth, clock, faults=Faults({"find": ["portal_down"] * 99}))
    office = open_office(journal, world)
    await submit_due(office)
    world.calls.clear()
    clock.advance(minutes=5)
    await submit_due(office)
    assert world.calls == ["submit R-1"]


async def test_an_account_in_use_elsewhere_uses_up_no_probe(journal: Journal, truth: Truth, clock: FakeClock) -> None:
    take_in(journal, build_request("R-1"))
    office = open_office(journal, World(truth, clock), me=Identity(host="here", pid=1, started=1.0), is_running=lambda one: True)
    other = open_office(journal, World(truth, clock), me=Identity(host="here", pid=2, started=1.0), is_running=lambda one: True)
    office.states.failed(PORTAL, PortalDown(PORTAL), banner=True)
    clock.advance(minutes=5)
    seat = other.seats.acquire(PORTAL, "north")
    assert seat is not None
    await submit_due(office)
    other.seats.release(seat)
    assert office.states.breaker(PORTAL).state is BreakerState.OPEN
    clock.advance(minutes=1)
    await submit_due(office)
    assert truth.accepted_count() == {"R-1": 1}


async def test_two_processes_share_one_outage(journal: Journal, truth: Truth, clock: FakeClock) -> None:
    take_in(journal, *(build_request(f"U-{number}", **URGENT) for number in range(4)), *map(build_request, ("S-1", "S-2")))
    offices = [
        open_office(
            journal,
            World(truth, clock, holder=str(pid), faults=Faults(BANNER), pauses=lambda: 2),
            me=Identity(host="here", pid=pid, started=1.0),
            is_running=lambda one: True,
            accounts=("a", "b"),
            take_faxes=queue_of(journal),
        )
        for pid in (1, 2)
    ]
    await asyncio.gather(*map(submit_due, offices))
    await asyncio.gather(*map(leave_due, offices))
    assert on_fax(journal) == {f"U-{number}" for number in range(4)}
    assert len([each for each in journal.attempts() if each.channel is Channel.FAX]) == 4
    assert journal.rebuild()


async def test_what_waits_without_another_way_costs_one_event_a_day(journal: Journal, truth: Truth, clock: FakeClock) -> None:
    """An outage of months must not fill the journal: only the request that probes moves."""
    requests = [build_request(f"R-{number}") for number in range(6)]
    list(journal.accept_all((request, "one") for request in requests))
    for request in requests:
        way = Fallback(decision=FallbackWay.WAIT, rule_ids=("H15",))
        journal.set_route(request.request_id, replace(build_route(request), fallback=way))
    office = open_office(journal, World(truth, clock, faults=Faults({"sign_in": ["outage_banner"] * 999})))
    await submit_due(office)
    before = sum(1 for _ in journal.events("R-5"))
    for _ in range(47):
        clock.advance(minutes=30)
        await submit_due(office)
    assert sum(1 for _ in journal.events("R-5")) - before <= 1
    assert {each.status for each in journal.snapshots()} == {Status.WAITING}
    assert clock() - timedelta(hours=23) > office.states.breaker(PORTAL).down_since  # type: ignore[operator]


def test_every_error_that_means_an_outage_is_known_to_the_commands() -> None:
    from jobs.fallback import OUTAGES

    assert {kind.code for kind in BotError.__subclasses__() if kind.code in ("portal_down", "portal_slow")} == OUTAGES
