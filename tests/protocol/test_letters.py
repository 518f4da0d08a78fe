"""The letters of a decided case: read once, when the decision is first seen, and never at the cost of its status."""

from __future__ import annotations

from datetime import date

import pytest
from protocol_double import PORTAL, FakeClock, Faults, Truth, World, build_request, open_office, take_in

from bots.model import PortalLetter, Status
from jobs.dispatch import submit_due
from jobs.follow import follow_open
from jobs.journal import Journal
from jobs.office import Office

NUMBER = "CC000000001"
LETTER = PortalLetter(
    portal=PORTAL,
    reference_no=NUMBER,
    letter_id="L1",
    title="Approval Letter",
    dated=date(2026, 3, 2),
    evidence="letter-1.sealed",
)


@pytest.fixture
def world(truth: Truth, clock: FakeClock) -> World:
    world = World(truth, clock)
    world.letters = (LETTER,)
    return world


@pytest.fixture
async def office(journal: Journal, world: World, clock: FakeClock) -> Office:
    """Two requests that were submitted an hour ago; the second stays open."""
    take_in(journal, build_request("R-1"), build_request("R-2"))
    office = open_office(journal, world)
    await submit_due(office)
    clock.advance(hours=1)
    world.calls.clear()
    return office


async def look(office: Office, world: World, clock: FakeClock) -> int:
    """Follows once, a day later; how often letters were asked for."""
    world.calls.clear()
    await follow_open(office)
    clock.advance(days=1)
    return sum(call.startswith("letters") for call in world.calls)


async def test_letters_are_read_once_and_only_after_the_decision(
    office: Office, world: World, truth: Truth, clock: FakeClock
) -> None:
    assert await look(office, world, clock) == 0
    truth.decide(NUMBER, "Authorized")
    assert [await look(office, world, clock), await look(office, world, clock)] == [1, 0]
    assert office.journal.snapshot("R-1").letters == (LETTER,)
    assert office.journal.rebuild()
    assert office.journal.snapshot("R-1").letters == (LETTER,)


async def test_a_portal_without_letters_is_not_asked_for_them(
    office: Office, world: World, truth: Truth, clock: FakeClock
) -> None:
    world.letters = None
    truth.decide(NUMBER, "Authorized")
    assert await look(office, world, clock) == 0


async def test_a_letter_that_does_not_come_hides_no_status_and_is_asked_for_again(
    office: Office, world: World, truth: Truth, clock: FakeClock
) -> None:
    truth.decide(NUMBER, "Authorized")
    world.faults = Faults({"letters": ["file_not_received"]})
    assert await look(office, world, clock) == 1
    now = office.journal.snapshot("R-1")
    assert (now.status, now.letters, now.error_code) == (Status.APPROVED, None, "")
    assert await look(office, world, clock) == 1
    assert office.journal.snapshot("R-1").letters == (LETTER,)


async def test_letters_that_never_come_are_not_asked_for_for_ever(
    office: Office, world: World, truth: Truth, clock: FakeClock
) -> None:
    truth.decide(NUMBER, "Authorized")
    world.faults = Faults({"letters": ["file_not_received"] * 99})
    await look(office, world, clock)
    clock.advance(days=8)
    assert await look(office, world, clock) == 0
