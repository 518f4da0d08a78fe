"""What is uncertain: looked for after a quiet period, twice; adopted, sent anew, or a person's. Never sent again by itself."""

from __future__ import annotations

from datetime import timedelta

import pytest
from protocol_double import PORTAL, START, FakeClock, Faults, Truth, World, build_request, open_office, take_in

from bots.model import CaseSummary, Shown, Status
from jobs.attempts import Attempts
from jobs.dispatch import submit_due
from jobs.events import MoveRefused
from jobs.journal import Journal
from jobs.office import Office
from jobs.seats import Identity, SeatLost, Seats
from jobs.state import AttemptState
from jobs.verify import Found, Nothing, Unclear, judge, sweep, verify_due

QUIET = timedelta(minutes=15)


@pytest.fixture
def world(truth: Truth, clock: FakeClock) -> World:
    return World(truth, clock)


@pytest.fixture
def office(journal: Journal, world: World) -> Office:
    take_in(journal, build_request("R-1"))
    return open_office(journal, world)


async def _make_uncertain(office: Office, world: World, kind: str) -> None:
    world.faults = Faults({"click": [kind]})
    await submit_due(office)
    assert office.journal.snapshot("R-1").status is Status.UNCERTAIN


async def test_what_was_accepted_is_adopted_after_the_quiet_period(office: Office, world: World, clock: FakeClock) -> None:
    await _make_uncertain(office, world, "timeout_after_accept")
    clock.advance(minutes=16)
    (outcome,) = await verify_due(office)
    now = office.journal.snapshot("R-1")
    assert outcome.adopted
    assert now.status is Status.SUBMITTED
    assert now.receipt is not None
    assert world.truth.accepted() == [("R-1", now.receipt.reference_no)]
    assert now.submitted_at == START, "submitted when it was sent, not when it was found"


async def test_nobody_looks_before_the_quiet_period_is_over(office: Office, world: World, clock: FakeClock) -> None:
    await _make_uncertain(office, world, "timeout_after_accept")
    clock.advance(minutes=14)
    assert await verify_due(office) == ()
    assert office.journal.snapshot("R-1").status is Status.UNCERTAIN


async def test_not_found_twice_a_quiet_period_apart_is_sent_anew(office: Office, world: World, clock: FakeClock) -> None:
    await _make_uncertain(office, world, "lost_on_the_way")
    clock.advance(minutes=16)
    await verify_due(office)
    assert office.journal.snapshot("R-1").status is Status.UNCERTAIN, "one look proves nothing"
    clock.advance(minutes=14)
    assert await verify_due(office) == ()
    clock.advance(minutes=2)
    await verify_due(office)
    assert office.journal.snapshot("R-1").status is Status.NEW
    await submit_due(office)
    assert office.journal.snapshot("R-1").status is Status.SUBMITTED
    assert world.truth.accepted_count() == {"R-1": 1}


async def test_a_request_goes_back_only_once_by_itself(office: Office, world: World, clock: FakeClock) -> None:
    for _ in range(2):
        await _make_uncertain(office, world, "lost_on_the_way")
        for _ in range(2):
            clock.advance(minutes=16)
            await verify_due(office)
    now = office.journal.snapshot("R-1")
    assert now.status is Status.NEEDS_PERSON
    assert now.error_code == "absent_again"
    await submit_due(office)
    assert world.truth.accepted_count() == {}


async def test_several_cases_that_may_be_it_are_a_persons(office: Office, world: World, clock: FakeClock) -> None:
    await _make_uncertain(office, world, "timeout_after_accept")
    world.shows_reference = False
    world.truth.accept(PORTAL, build_request("by-hand", member_id=build_request("R-1").member.id), START)
    clock.advance(minutes=16)
    await verify_due(office)
    assert office.journal.snapshot("R-1").status is Status.NEEDS_PERSON
    assert office.journal.attempts("R-1")[0].state is AttemptState.UNCERTAIN, "so that nothing can be sent"
    with pytest.raises(MoveRefused):
        office.journal.release("R-1")


async def test_a_case_of_another_request_is_not_adopted(office: Office, world: World, clock: FakeClock) -> None:
    await submit_due(office)
    world.shows_reference = False
    twin = build_request("R-2", member_id=build_request("R-1").member.id, units="3")
    take_in(office.journal, twin)
    world.faults = Faults({"click": ["lost_on_the_way"]})
    world.lag = timedelta(hours=1)  # the first case is not in the list yet when the second is submitted
    await submit_due(office)
    assert office.journal.snapshot("R-2").status is Status.UNCERTAIN
    clock.advance(hours=2)
    await verify_due(office)
    assert office.journal.snapshot("R-2").error_code == "case_taken"
    assert office.journal.snapshot("R-2").status is Status.NEEDS_PERSON


async def test_a_portal_without_history_cannot_be_looked_at(journal: Journal, world: World, clock: FakeClock) -> None:
    take_in(journal, build_request("R-1"), portal="promptpa")
    office = open_office(journal, world, portals=("promptpa",))
    await _make_uncertain(office, world, "lost_on_the_way")
    clock.advance(minutes=1)
    await verify_due(office)
    assert office.journal.snapshot("R-1").status is Status.NEEDS_PERSON
    assert world.calls == ["submit R-1"]


async def test_a_look_that_fails_says_nothing_about_the_request(office: Office, world: World, clock: FakeClock) -> None:
    await _make_uncertain(office, world, "lost_on_the_way")
    for kind in ("portal_down", "page_changed", "rate_limited", "bug"):
        clock.advance(hours=1)
        world.faults = Faults({"find": [kind] * 9})
        await verify_due(office)
        now = office.journal.snapshot("R-1")
        assert now.status is Status.UNCERTAIN
        assert office.journal.attempts("R-1")[0].looks == 0


async def test_an_account_that_fails_leaves_the_look_to_the_next(journal: Journal, world: World, clock: FakeClock) -> None:
    take_in(journal, build_request("R-1"))
    office = open_office(journal, world, accounts=("north", "south"))
    await _make_uncertain(office, world, "timeout_after_accept")
    clock.advance(hours=1)
    world.faults = Faults({"find": ["account_locked", None]})
    await verify_due(office)
    assert office.journal.snapshot("R-1").status is Status.SUBMITTED
    assert [each.account for each in office.states.disabled(PORTAL)] == ["north"]


# --- a person settles it -----------------------------------------------------------------------------------------------


async def test_a_person_enters_the_reference_number(office: Office, world: World) -> None:
    await _make_uncertain(office, world, "timeout_after_accept")
    now = office.attempts.settled_by_person("R-1", "Sam", reference_no="CC000000001")
    assert now.status is Status.SUBMITTED
    assert now.receipt is not None
    assert now.receipt.reference_no == "CC000000001"


async def test_a_person_is_sure_that_it_was_not_accepted(office: Office, world: World) -> None:
    await _make_uncertain(office, world, "lost_on_the_way")
    assert office.attempts.settled_by_person("R-1", "Sam").status is Status.NEW
    world.faults = Faults()
    await submit_due(office)
    assert world.truth.accepted_count() == {"R-1": 1}


def test_a_person_cannot_settle_what_is_not_uncertain(office: Office) -> None:
    with pytest.raises(MoveRefused):
        office.attempts.settled_by_person("R-1", "Sam")


# --- at start ----------------------------------------------------------------------------------------------------------

SHOWN = Shown(portal=PORTAL, page="review", selectors_version="1", fields={})
US, OTHERS = (Identity(host="here", pid=pid, started=1.0) for pid in (1, 2))


def _intend(journal: Journal, running: set[int]) -> tuple[Seats, Attempts, str]:
    """Another process on this machine that has reached its INTENT."""
    seats = Seats(journal, me=OTHERS, is_running=lambda identity: identity.pid in running)
    seat = seats.acquire(PORTAL, "north")
    assert seat is not None
    attempts = Attempts(journal, seats)
    attempt = attempts.claim("R-1", seat)
    assert attempt is not None
    attempts.intent(attempt.attempt_id, SHOWN)
    return seats, attempts, attempt.attempt_id


def test_an_intent_whose_worker_is_gone_becomes_uncertain(journal: Journal, world: World) -> None:
    take_in(journal, build_request("R-1"))
    running = {1, 2}
    _intend(journal, running)
    office = open_office(journal, world, me=US, is_running=lambda identity: identity.pid in running)
    assert sweep(office) == 0, "its worker lives"
    running.remove(2)
    assert sweep(office) == 1
    assert journal.snapshot("R-1").status is Status.UNCERTAIN
    assert sweep(office) == 0


def test_a_worker_that_was_thought_dead_still_brings_its_receipt(journal: Journal, world: World) -> None:
    take_in(journal, build_request("R-1"))
    running = {1, 2}
    _, attempts, attempt_id = _intend(journal, running)
    running.remove(2)
    office = open_office(journal, world, me=US, is_running=lambda identity: identity.pid in running)
    sweep(office)
    receipt = world.truth.accept(PORTAL, build_request("R-1"), START)
    from bots.model import Receipt

    attempts.receipt(attempt_id, Receipt(portal=PORTAL, reference_no=receipt, received_at=START))
    assert journal.snapshot("R-1").status is Status.SUBMITTED


def test_a_worker_whose_seat_was_taken_over_cannot_reach_its_intent(journal: Journal) -> None:
    take_in(journal, build_request("R-1"))
    running = {1, 2}
    theirs = Seats(journal, me=OTHERS, is_running=lambda identity: identity.pid in running)
    seat = theirs.acquire(PORTAL, "north")
    assert seat is not None
    attempts = Attempts(journal, theirs)
    attempt = attempts.claim("R-1", seat)
    assert attempt is not None
    running.remove(2)
    assert Seats(journal, me=US, is_running=lambda identity: identity.pid in running).acquire(PORTAL, "north") is not None
    with pytest.raises(SeatLost):
        attempts.intent(attempt.attempt_id, SHOWN)
    assert journal.attempts("R-1")[0].state is AttemptState.DRAFTING


# --- which case is it --------------------------------------------------------------------------------------------------


def _case(number: str, our_reference: str = "") -> CaseSummary:
    return CaseSummary(portal=PORTAL, reference_no=number, our_reference=our_reference)


@pytest.mark.parametrize(
    ("cases", "expected"),
    [
        ([], Nothing()),
        ([_case("1")], Found(case=_case("1"))),
        ([_case("1", "R-10")], Found(case=_case("1", "R-10"))),
        ([_case("1"), _case("2", "R-10")], Found(case=_case("2", "R-10"))),
        ([_case("1", "S-9")], Nothing()),
        ([_case("1", "S-9"), _case("2")], Found(case=_case("2"))),
        ([_case("1"), _case("2")], Unclear()),
        ([_case("1", "R-10"), _case("2", "R-10")], Unclear()),
        ([_case("1", "R-1")], Unclear()),  # ours cut off, or R-1's
    ],
)
def test_one_case_is_it_several_are_unclear(cases: list[CaseSummary], expected: object) -> None:
    assert judge("R-10", cases) == expected
