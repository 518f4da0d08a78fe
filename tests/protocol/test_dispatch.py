"""Who works on what: seats, order, limits, and that nobody's trouble is another's."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest
from protocol_double import (
    PORTAL,
    START,
    FakeClock,
    Faults,
    Truth,
    World,
    build_request,
    open_office,
    take_in,
)
from sqlalchemy.exc import OperationalError

from bots.errors import OF_ONE_ACCOUNT, NotConfigured, PortalDown
from bots.model import Status, Urgency
from jobs.dispatch import in_order, submit_due
from jobs.journal import Journal
from jobs.journal_schema import JournalError
from jobs.journal_write import Write
from jobs.office import Outcome, PortalPlan, plan_portals
from jobs.opening import parse_hours
from jobs.payer_rules import PayerRules
from jobs.seats import Identity
from jobs.state import AttemptState

OTHER = "husky_medical"


def _statuses(journal: Journal) -> dict[str, Status]:
    return {each.request.request_id: each.status for each in journal.snapshots()}


def _requests(count: int) -> list[str]:
    return [f"R-{number:02}" for number in range(count)]


# --- order -------------------------------------------------------------------------------------------------------------


def test_urgent_first_then_the_practices_deadline_then_arrival(journal: Journal) -> None:
    take_in(
        journal,
        build_request("later-day", from_date=date(2026, 3, 20)),
        build_request("first"),
        build_request("second"),
        build_request("urgent", urgency=Urgency.URGENT, from_date=date(2026, 3, 25)),
        build_request("emergent", urgency=Urgency.EMERGENT, from_date=date(2026, 3, 28)),
    )
    ordered = [each.request.request_id for each in in_order(journal.due(PORTAL), PayerRules())]
    assert ordered == ["emergent", "urgent", "first", "second", "later-day"]


async def test_urgent_requests_are_sent_first(journal: Journal, truth: Truth, clock: FakeClock) -> None:
    take_in(journal, build_request("standard"), build_request("urgent", urgency=Urgency.URGENT))
    await submit_due(open_office(journal, World(truth, clock)))
    assert [request_id for request_id, _ in truth.accepted()] == ["urgent", "standard"]


# --- accounts ----------------------------------------------------------------------------------------------------------


async def test_several_accounts_work_side_by_side_each_signed_in_once(journal: Journal, truth: Truth, clock: FakeClock) -> None:
    take_in(journal, *map(build_request, _requests(12)))
    world = World(truth, clock, pauses=lambda: 1)
    outcomes = await submit_due(open_office(journal, world, accounts=("a", "b", "c", "d")))
    assert set(_statuses(journal).values()) == {Status.SUBMITTED}
    assert truth.sign_ins() == 4
    assert {outcome.account for outcome in outcomes} == {"a", "b", "c", "d"}
    assert truth.open_sessions() == 0
    assert truth.troubles() == []


async def test_no_more_accounts_sign_in_than_there_are_requests(journal: Journal, truth: Truth, clock: FakeClock) -> None:
    take_in(journal, build_request("R-1"))
    await submit_due(open_office(journal, World(truth, clock), accounts=("a", "b", "c", "d")))
    assert truth.sign_ins() == 1


async def test_nothing_due_opens_nothing(journal: Journal, truth: Truth, clock: FakeClock) -> None:
    assert await submit_due(open_office(journal, World(truth, clock))) == ()
    assert truth.sign_ins() == 0


async def test_a_failing_account_does_not_stop_the_others(journal: Journal, truth: Truth, clock: FakeClock) -> None:
    take_in(journal, *map(build_request, _requests(6)))
    world = World(truth, clock, faults=Faults({"draft": ["account_locked"]}))
    office = open_office(journal, world, accounts=("a", "b"))
    await submit_due(office)
    assert set(_statuses(journal).values()) == {Status.SUBMITTED}
    assert len(office.states.disabled(PORTAL)) == 1


ONE_ACCOUNT = [kind.code for kind in OF_ONE_ACCOUNT]


@pytest.mark.parametrize("trouble", ONE_ACCOUNT)
async def test_an_account_with_passing_trouble_of_its_own_is_left_alone(
    trouble: str, journal: Journal, truth: Truth, clock: FakeClock
) -> None:
    """A person uses it, or its code does not come. Its portal works, and it is not tried anew with each request."""
    take_in(journal, *map(build_request, _requests(3)))
    world = World(truth, clock, faults=Faults({"sign_in": [trouble]}))
    office = open_office(journal, world)
    await submit_due(office)
    for now in journal.snapshots():
        assert (now.status, now.error_code) == (Status.WAITING, trouble)
        assert now.waiting_until is not None
    assert truth.sign_ins() == 0
    assert office.states.breaker(PORTAL).failures == 0
    assert office.states.disabled(PORTAL) == ()


@pytest.mark.parametrize("trouble", ONE_ACCOUNT)
async def test_another_account_takes_what_one_with_trouble_of_its_own_leaves(
    trouble: str, journal: Journal, truth: Truth, clock: FakeClock
) -> None:
    take_in(journal, *map(build_request, _requests(3)))
    world = World(truth, clock, faults=Faults({"sign_in": [trouble]}))
    await submit_due(open_office(journal, world, accounts=("a", "b")))
    assert set(_statuses(journal).values()) == {Status.SUBMITTED}


@pytest.mark.parametrize("trouble", ["code_needed", "code_rejected", "mailbox_refused"])
async def test_an_account_whose_code_a_person_must_see_to_is_parked_and_the_others_go_on(
    trouble: str, journal: Journal, truth: Truth, clock: FakeClock
) -> None:
    """Also when there is less to do than there are accounts: the next one is asked before anything rests."""
    take_in(journal, build_request("R-1"))
    take_in(journal, build_request("elsewhere"), portal=OTHER)
    world = World(truth, clock, faults=Faults({"sign_in": [trouble]}))
    office = open_office(journal, world, accounts=("a", "b"), portals=(PORTAL, OTHER))
    await submit_due(office)
    assert set(_statuses(journal).values()) == {Status.SUBMITTED}
    (parked,) = (*office.states.disabled(PORTAL), *office.states.disabled(OTHER))
    assert parked.error_code == trouble


async def test_two_priorbots_share_the_work_and_never_an_account(journal: Journal, truth: Truth, clock: FakeClock) -> None:
    take_in(journal, *map(build_request, _requests(10)))
    offices = [
        open_office(
            journal,
            World(truth, clock, holder=str(pid), pauses=lambda: 2),
            me=Identity(host="here", pid=pid, started=1.0),
            is_running=lambda identity: True,
            accounts=("a", "b"),
        )
        for pid in (1, 2)
    ]
    await asyncio.gather(*map(submit_due, offices))
    assert set(_statuses(journal).values()) == {Status.SUBMITTED}
    assert set(truth.accepted_count().values()) == {1}
    assert truth.troubles() == []


async def test_the_case_of_a_twin_that_is_just_being_sent_is_not_adopted(
    journal: Journal, truth: Truth, clock: FakeClock
) -> None:
    """Two requests for the same member, code and month, by two accounts at once, on a portal that shows no references."""
    take_in(journal, build_request("R-1"), build_request("R-2", member_id=build_request("R-1").member.id, units="3"))
    world = World(truth, clock, lag=timedelta(0), shows_reference=False)
    step = world.step

    async def meet(where: str) -> None:
        await step(where)
        if where == "after click":  # the first one's case is on the portal, its receipt not noted
            while len(world.calls) < 2 or journal.attempts("R-2")[0].state is AttemptState.DRAFTING:
                await asyncio.sleep(0)

    world.step = meet  # type: ignore[method-assign]
    await submit_due(open_office(journal, world, accounts=("a", "b")))
    assert journal.snapshot("R-1").status is Status.SUBMITTED
    assert journal.snapshot("R-2").error_code == "case_taken"
    assert truth.accepted_count() == {"R-1": 1}


async def test_who_finds_all_seats_taken_leaves_the_work_to_the_others(journal: Journal, truth: Truth, clock: FakeClock) -> None:
    take_in(journal, build_request("R-1"))
    world = World(truth, clock)
    first = open_office(journal, world, me=Identity(host="here", pid=1, started=1.0), is_running=lambda identity: True)
    second = open_office(journal, world, me=Identity(host="here", pid=2, started=1.0), is_running=lambda identity: True)
    seat = first.seats.acquire(PORTAL, "north")
    assert seat is not None
    assert await submit_due(second) == ()
    assert journal.snapshot("R-1").status is Status.NEW
    first.seats.release(seat)
    await submit_due(second)
    assert journal.snapshot("R-1").status is Status.SUBMITTED


async def test_patience_waits_for_a_seat(journal: Journal, truth: Truth, clock: FakeClock) -> None:
    take_in(journal, build_request("R-1"))
    world = World(truth, clock)
    first = open_office(journal, world, me=Identity(host="here", pid=1, started=1.0), is_running=lambda identity: True)
    seat = first.seats.acquire(PORTAL, "north")
    assert seat is not None
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        clock.advance(seconds=seconds)
        waited.append(seconds)
        if len(waited) == 3:
            first.seats.release(seat)

    second = open_office(
        journal, world, me=Identity(host="here", pid=2, started=1.0), is_running=lambda identity: True, sleep=sleep
    )
    await submit_due(second, patience=timedelta(minutes=1))
    assert journal.snapshot("R-1").status is Status.SUBMITTED
    assert len(waited) == 3


async def test_what_another_process_accepts_meanwhile_is_taken_along(journal: Journal, truth: Truth, clock: FakeClock) -> None:
    take_in(journal, build_request("R-1"))

    def progress(outcome: Outcome) -> None:
        if outcome.request_id == "R-1":
            take_in(journal, build_request("R-2"))

    await submit_due(open_office(journal, World(truth, clock), progress=progress))
    assert _statuses(journal) == {"R-1": Status.SUBMITTED, "R-2": Status.SUBMITTED}


# --- portals -----------------------------------------------------------------------------------------------------------


async def test_a_portal_that_hangs_does_not_hold_up_another(journal: Journal, truth: Truth, clock: FakeClock) -> None:
    take_in(journal, build_request("hangs"))
    take_in(journal, build_request("goes"), portal=OTHER)
    done = asyncio.Event()
    world = World(truth, clock)
    step = world.step

    async def hang(where: str) -> None:
        await step(where)
        if where == "draft" and not done.is_set() and journal.attempts("hangs") and world.calls[-1] == "submit hangs":
            await done.wait()

    def progress(outcome: Outcome) -> None:
        if outcome.request_id == "goes":
            done.set()

    world.step = hang  # type: ignore[method-assign]
    await submit_due(open_office(journal, world, portals=(PORTAL, OTHER), progress=progress))
    assert set(_statuses(journal).values()) == {Status.SUBMITTED}


async def test_an_outage_of_one_portal_is_not_the_others(journal: Journal, truth: Truth, clock: FakeClock) -> None:
    take_in(journal, build_request("R-1"))
    take_in(journal, build_request("R-2"), portal=OTHER)
    office = open_office(journal, World(truth, clock), portals=(PORTAL, OTHER))
    for _ in range(3):
        office.states.failed(PORTAL, PortalDown(PORTAL))
    await submit_due(office)
    assert _statuses(journal) == {"R-1": Status.WAITING, "R-2": Status.SUBMITTED}


async def test_while_a_portal_is_down_one_request_probes_it(journal: Journal, truth: Truth, clock: FakeClock) -> None:
    take_in(journal, *map(build_request, _requests(5)))
    world = World(truth, clock, faults=Faults({"sign_in": ["outage_banner"]}))
    office = open_office(journal, world, accounts=("a", "b"))
    await submit_due(office)
    assert set(_statuses(journal).values()) == {Status.WAITING}
    clock.advance(minutes=6)
    world.calls.clear()
    world.faults = Faults({"sign_in": ["outage_banner"] * 9})
    await submit_due(office)
    assert len(world.calls) == 1, "one probe, and nobody else goes near it"
    clock.advance(minutes=11)
    world.faults = Faults()
    await submit_due(office)
    assert sorted(_statuses(journal).values()) == [Status.SUBMITTED, *[Status.WAITING] * 4], "the others go on one by one"
    assert office.states.breakers()[0].failures == 0
    clock.advance(minutes=1)
    await submit_due(office)
    assert set(_statuses(journal).values()) == {Status.SUBMITTED}


async def test_nobody_goes_near_an_open_breaker_before_its_time(journal: Journal, truth: Truth, clock: FakeClock) -> None:
    take_in(journal, build_request("R-1"))
    world = World(truth, clock)
    office = open_office(journal, world)
    for _ in range(3):
        office.states.failed(PORTAL, PortalDown(PORTAL))
    clock.advance(minutes=4)
    await submit_due(office)
    assert world.calls == []
    now = journal.snapshot("R-1")
    assert now.waiting_until == START + timedelta(hours=24), "then it is faxed (H13)"


# --- limits ------------------------------------------------------------------------------------------------------------


async def test_no_more_actions_in_an_hour_than_allowed(journal: Journal, truth: Truth, clock: FakeClock) -> None:
    take_in(journal, *map(build_request, _requests(7)))
    plans = {PORTAL: PortalPlan(slug=PORTAL, accounts=("a", "b"), max_actions_per_hour=3)}
    office = open_office(journal, World(truth, clock), plans=plans)
    for sent in (3, 6, 7):
        await submit_due(office)
        assert len(truth.accepted()) == sent
        waiting = list(journal.snapshots(status=Status.WAITING))
        assert len(waiting) == 7 - sent
        assert {each.error_code for each in waiting} <= {"rate_limit"}
        assert {each.waiting_until for each in waiting} <= {clock() + timedelta(hours=1)}
        clock.advance(hours=1, seconds=1)


async def test_outside_its_hours_a_portal_is_left_alone(journal: Journal, truth: Truth, clock: FakeClock) -> None:
    take_in(journal, build_request("R-1"))
    plans = {PORTAL: PortalPlan(slug=PORTAL, accounts=("a",), opening=parse_hours("Mon-Fri 10:00-17:00"))}
    office = open_office(journal, World(truth, clock), plans=plans)
    await submit_due(office)  # Monday 9 o'clock in New York
    now = journal.snapshot("R-1")
    assert now.error_code == "outside_hours"
    assert now.waiting_until == datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
    clock.at = now.waiting_until
    await submit_due(office)
    assert journal.snapshot("R-1").status is Status.SUBMITTED


# --- what cannot be done -----------------------------------------------------------------------------------------------


async def test_a_portal_without_a_bot_is_a_persons(journal: Journal, truth: Truth, clock: FakeClock) -> None:
    take_in(journal, build_request("R-1"), portal="a_portal_of_later")
    await submit_due(open_office(journal, World(truth, clock)))
    now = journal.snapshot("R-1")
    assert (now.status, now.error_code) == (Status.NEEDS_PERSON, "no_bot_yet")


async def test_a_portal_that_is_not_set_up_waits_for_its_settings(journal: Journal, truth: Truth, clock: FakeClock) -> None:
    take_in(journal, build_request("R-1"))
    world = World(truth, clock)
    await submit_due(open_office(journal, world, accounts=()))
    now = journal.snapshot("R-1")
    assert (now.status, now.error_code) == (Status.WAITING, NotConfigured.code)
    assert now.next_action
    await submit_due(open_office(journal, world, accounts=("north",)))
    assert journal.snapshot("R-1").status is Status.SUBMITTED


async def test_every_outcome_is_told_when_it_is_durable(journal: Journal, truth: Truth, clock: FakeClock) -> None:
    take_in(journal, *map(build_request, _requests(3)))
    told: list[Outcome] = []

    def progress(outcome: Outcome) -> None:
        assert journal.snapshot(outcome.request_id).status is outcome.status
        told.append(outcome)

    outcomes = await submit_due(open_office(journal, World(truth, clock), progress=progress))
    assert tuple(told) == outcomes
    assert {outcome.request_id for outcome in told} == set(_requests(3))


async def test_only_what_was_asked_for_is_submitted(journal: Journal, truth: Truth, clock: FakeClock) -> None:
    take_in(journal, *map(build_request, _requests(3)))
    take_in(journal, build_request("elsewhere"), portal=OTHER)
    office = open_office(journal, World(truth, clock), portals=(PORTAL, OTHER))
    await submit_due(office, only={"R-01", "elsewhere"}, portals={PORTAL})
    assert [request_id for request_id, _ in truth.accepted()] == ["R-01"]


async def test_a_session_that_breaks_is_opened_anew(journal: Journal, truth: Truth, clock: FakeClock) -> None:
    take_in(journal, *map(build_request, _requests(4)))
    world = World(truth, clock, faults=Faults({"draft": [None, "bug"]}))
    await submit_due(open_office(journal, world))
    assert sorted(_statuses(journal).values()) == [*[Status.SUBMITTED] * 3, Status.WAITING]
    assert truth.sign_ins() == 2
    assert truth.open_sessions() == 0


@pytest.mark.parametrize("where", ["find", "review", "clicked"])
async def test_cancelling_signs_out_and_gives_every_seat_back(
    journal: Journal, truth: Truth, clock: FakeClock, where: str
) -> None:
    take_in(journal, *map(build_request, _requests(4)))
    world = World(truth, clock)
    there = asyncio.Event()
    step = world.step

    async def stay(name: str) -> None:
        await step(name)
        if name == where:
            there.set()
            await asyncio.Event().wait()

    world.step = stay  # type: ignore[method-assign]
    office = open_office(journal, world, accounts=("a", "b"))
    work = asyncio.create_task(submit_due(office))
    await there.wait()
    await asyncio.sleep(0)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert truth.open_sessions() == 0
    assert office.seats.acquire(PORTAL, "a") is not None
    assert office.seats.acquire(PORTAL, "b") is not None


def test_plans_come_from_the_settings() -> None:
    from jobs.config import parse_config

    config = parse_config(
        '[portals.clear_coverage]\nbase_url = "http://localhost:1"\naccount = ["a", "b"]\n'
        'max_actions_per_hour = 60\nhours = "Mon-Fri 07:00-19:00"\n'
    )
    plans = plan_portals(config, ["clear_coverage", "husky_secure"])
    assert plans["clear_coverage"].accounts == ("a", "b")
    assert plans["clear_coverage"].max_actions_per_hour == 60
    assert plans["clear_coverage"].next_open(START) == START
    assert plans["husky_secure"].accounts == ()


async def test_a_journal_that_cannot_be_written_stops_everything_with_one_sentence(
    journal: Journal, truth: Truth, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_in(journal, *map(build_request, _requests(4)))
    world = World(truth, clock)
    office = open_office(journal, world, accounts=("a", "b"))

    def full_disk(*_: object) -> None:
        raise OperationalError("COMMIT", None, OSError("disk full"))

    step = world.step

    async def fill_the_disk(where: str) -> None:
        await step(where)
        if where == "review":
            monkeypatch.setattr(Write, "finish", full_disk)

    world.step = fill_the_disk  # type: ignore[method-assign]
    with pytest.raises(JournalError) as error:
        await submit_due(office)
    assert "cannot be written" in error.value.sentence
    assert truth.accepted() == [], "no INTENT, no click"
