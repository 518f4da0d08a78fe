"""How far a portal's list is believed: within the day, and no further."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from protocol_double import START, FakeClock, Truth, World, build_request, open_office, take_in

from bots.model import Reading, Status
from jobs.case_lists import REREAD_AFTER, SPREAD, needs_reading
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


def status(office: Office, request_id: str) -> Status:
    return office.journal.snapshot(request_id).status


async def test_a_look_within_the_day_opens_no_case_of_which_the_list_says_nothing_new(
    office: Office, world: World, clock: FakeClock
) -> None:
    for _ in range(8):
        clock.advance(hours=2)
        await follow_open(office)
    assert opened(world).total() == 0


async def test_a_decision_that_the_list_tells_is_read_at_the_next_look(
    office: Office, world: World, truth: Truth, clock: FakeClock
) -> None:
    number = numbers(office)["R-3"]
    truth.decide(number, "Authorized")
    clock.advance(hours=1)
    await follow_open(office)
    assert opened(world) == {f"read {number}": 1}
    assert status(office, "R-3") is Status.APPROVED


HELD: dict[str, Any] = {"status_raw": "Pended", "status": Status.PENDED_REVIEW, "authorization_no": ""}


@pytest.mark.parametrize("row", [HELD, {**HELD, "updated": "06/12/2019 09:00:00"}])
async def test_a_decision_that_a_list_hides_is_found_within_the_day_and_the_pages_are_not_opened_all_at_once(
    office: Office, world: World, truth: Truth, clock: FakeClock, row: dict[str, Any]
) -> None:
    """Nobody knows of this list that it lies; a moment of change that stands still lies too."""
    for number in numbers(office).values():
        world.listed[number] = row
    clock.advance(hours=1)
    await follow_open(office)
    for number in numbers(office).values():
        truth.decide(number, "Authorized")
    opened(world)
    at_once = []
    for _ in range(12):
        clock.advance(hours=2)
        await follow_open(office)
        at_once.append(opened(world).total())
    assert {status(office, name) for name in numbers(office)} == {Status.APPROVED}
    assert max(at_once) < CASES


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


def test_daily_pages_come_due_within_the_day_and_not_before_its_last_quarter() -> None:
    request = build_request("R-1")

    def case(number: int) -> Snapshot:
        read = Reading(portal="p", reference_no=f"{number:04d}", observed_at=START)
        return Snapshot(request=request, status=Status.PENDED_REVIEW, accepted_at=START, reading=read)

    cases = [case(number) for number in range(1000)]
    assert all(needs_reading(each, None, START + REREAD_AFTER) for each in cases)
    assert not any(needs_reading(each, None, START + REREAD_AFTER - SPREAD) for each in cases)
    half = [each for each in cases if needs_reading(each, None, START + REREAD_AFTER - SPREAD / 2)]
    assert 400 < len(half) < 600
