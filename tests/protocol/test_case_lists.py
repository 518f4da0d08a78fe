"""How far a portal's list is believed: an honest one causes no case pages, one that lies no day without them."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from protocol_double import START, FakeClock, Truth, World, build_request, open_office, take_in

from bots.model import Reading, Status
from jobs.case_lists import REREAD_AFTER, SPOT_CHECKS, SPREAD, needs_reading, spot_checks
from jobs.dispatch import submit_due
from jobs.follow import follow_open
from jobs.journal import Journal
from jobs.office import Office
from jobs.state import Snapshot

CASES = 12


@pytest.fixture
def world(truth: Truth, clock: FakeClock) -> World:
    return World(truth, clock)


@pytest.fixture
async def office(journal: Journal, world: World, clock: FakeClock) -> Office:
    """Open cases whose pages were read once."""
    take_in(journal, *(build_request(f"R-{number}") for number in range(1, CASES + 1)))
    office = open_office(journal, world)
    await submit_due(office)
    clock.advance(hours=1)
    await follow_open(office)
    world.calls.clear()
    return office


def opened(world: World) -> Counter[str]:
    """How often each case's page was opened since this was last asked."""
    found = Counter(call for call in world.calls if call.startswith("read"))
    world.calls.clear()
    return found


def numbers(office: Office) -> dict[str, str]:
    return {one.request.request_id: one.receipt.reference_no for one in office.journal.snapshots() if one.receipt is not None}


async def a_day(office: Office, clock: FakeClock, looks: int = 12) -> None:
    for _ in range(looks):
        clock.advance(hours=24 / looks)
        await follow_open(office)


def status(office: Office, request_id: str) -> Status:
    return office.journal.snapshot(request_id).status


async def test_a_list_that_is_believed_costs_one_case_page_a_day(office: Office, world: World, clock: FakeClock) -> None:
    for _ in range(3):
        await a_day(office, clock)
        assert opened(world).total() == 1


async def test_the_days_looks_go_round(office: Office, world: World, clock: FakeClock) -> None:
    for _ in range(CASES):
        await a_day(office, clock, looks=2)
    assert set(opened(world).values()) == {1}


async def test_a_decision_that_the_list_tells_is_read_at_the_next_look(
    office: Office, world: World, truth: Truth, clock: FakeClock
) -> None:
    number = numbers(office)["R-3"]
    truth.decide(number, "Authorized")
    clock.advance(hours=1)
    await follow_open(office)
    assert opened(world) == {f"read {number}": 1}
    assert status(office, "R-3") is Status.APPROVED


async def test_a_list_known_to_lie_has_every_open_case_opened_within_the_day_and_not_all_at_once(
    office: Office, world: World, truth: Truth, clock: FakeClock
) -> None:
    world.list_lies = "its word is brought up once a week"
    number = numbers(office)["R-3"]
    world.listed[number] = {"status_raw": "Pended", "status": Status.PENDED_REVIEW, "authorization_no": ""}
    await a_day(office, clock)
    truth.decide(number, "Authorized")
    opened(world)
    at_once = []
    for _ in range(12):
        clock.advance(hours=2)
        await follow_open(office)
        at_once.append(opened(world).total())
    assert status(office, "R-3") is Status.APPROVED
    assert max(at_once) < CASES
    assert sum(at_once) >= CASES - 1


async def test_a_list_that_is_found_lying_is_believed_no_more(
    office: Office, world: World, truth: Truth, clock: FakeClock
) -> None:
    """The day's look finds one decision that the list hides; the others are found within the day."""
    held = {"status_raw": "Pended", "status": Status.PENDED_REVIEW, "authorization_no": ""}
    for number in numbers(office).values():
        world.listed[number] = held
    await a_day(office, clock)
    for number in numbers(office).values():
        truth.decide(number, "Authorized")
    await a_day(office, clock)
    await a_day(office, clock)
    assert {status(office, name) for name in numbers(office)} == {Status.APPROVED}


async def test_a_page_that_lags_behind_its_list_is_opened_until_it_says_the_same(
    office: Office, world: World, truth: Truth, clock: FakeClock
) -> None:
    number = numbers(office)["R-3"]
    world.readings[number] = await old_page(world, office, number)
    world.calls.clear()
    truth.decide(number, "Authorized")
    for _ in range(2):
        clock.advance(hours=1)
        await follow_open(office)
        assert opened(world)[f"read {number}"] == 1
    del world.readings[number]
    await follow_open(office)
    assert status(office, "R-3") is Status.APPROVED


async def old_page(world: World, office: Office, number: str) -> Reading:
    async with world.open("clear_coverage", "desk1") as portal:
        return await portal.read_case(number)


def test_of_a_thousand_cases_two_are_looked_at_and_those_read_longest_ago() -> None:
    request = build_request("R-1")

    def case(number: int) -> Snapshot:
        read = Reading(portal="p", reference_no=f"{number:04d}", observed_at=START + timedelta(minutes=number))
        return Snapshot(request=request, status=Status.PENDED_REVIEW, accepted_at=START, reading=read)

    cases = [case(number) for number in range(2 * SPOT_CHECKS)]
    looked = spot_checks(reversed(cases), START + timedelta(days=30))
    assert [one.reading.reference_no for one in looked if one.reading] == ["0000", "0001"]
    assert spot_checks(cases, START) == []
    late = START + REREAD_AFTER + timedelta(minutes=2 * SPOT_CHECKS)
    assert all(needs_reading(each, None, late, lies=False) for each in cases)
    early = START + REREAD_AFTER - SPREAD
    assert not any(needs_reading(each, None, early - timedelta(minutes=1), lies=False) for each in cases)
