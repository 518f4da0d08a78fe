"""A portal without accounts: one seat all the same, no list, and cases that are read by their number for whom they are."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from protocol_double import FakeClock, Faults, Truth, World, build_request, build_route, open_office, take_in

from bots.model import Status
from bots.signin_map import WITHOUT_ACCOUNT
from jobs.config import parse_config
from jobs.dispatch import submit_due
from jobs.follow import follow_open, read_units
from jobs.journal import Journal
from jobs.office import NO_ACCOUNT, Office, plan_portals
from jobs.reconciling import list_portals
from jobs.state import Fallback, FallbackWay

SLUG = "promptpa"


@pytest.fixture
def world(truth: Truth, clock: FakeClock) -> World:
    return World(truth, clock)


@pytest.fixture
def office(journal: Journal, world: World) -> Office:
    """As the settings make it: an address, and no account."""
    plans = plan_portals(parse_config(f"[portals.{SLUG}]\nbase_url = 'http://127.0.0.1'\n"), [SLUG])
    return open_office(journal, world, plans=plans)


def test_it_has_one_seat_and_no_history(office: Office) -> None:
    assert set(WITHOUT_ACCOUNT) >= {SLUG}
    assert office.plans[SLUG].accounts == NO_ACCOUNT
    assert not office.plans[SLUG].is_searchable


def test_one_that_is_not_set_up_has_no_seat() -> None:
    assert plan_portals(parse_config(""), [SLUG])[SLUG].accounts == ()


async def test_all_its_requests_go_through_the_one_seat(office: Office, journal: Journal, world: World) -> None:
    for number in range(3):
        take_in(journal, build_request(f"R-{number}"), portal=SLUG)
    outcomes = await submit_due(office)
    assert [outcome.account for outcome in outcomes] == ["", "", ""]
    assert [call for call in world.calls if call.startswith("submit")] == ["submit R-0", "submit R-1", "submit R-2"]
    assert {attempt.account for attempt in journal.attempts()} == {""}
    assert office.seats.acquire(SLUG, "") is not None, "and it was given back"


async def test_while_another_priorbot_has_the_seat_nothing_is_sent(office: Office, journal: Journal, world: World) -> None:
    take_in(journal, build_request("R-1"), portal=SLUG)
    assert office.seats.acquire(SLUG, "") is not None
    await submit_due(office)
    now = journal.snapshot("R-1")
    assert (now.status, now.error_code, world.calls) == (Status.WAITING, "portal_in_use", [])
    assert "account" not in now.reason


async def test_what_a_person_must_put_right_stops_the_portal_and_enabling_it_starts_it(
    office: Office, journal: Journal, world: World
) -> None:
    take_in(journal, build_request("R-1"), portal=SLUG)
    world.faults = Faults({"draft": ["terms_changed"]})
    await submit_due(office)
    assert [(each.portal, each.account) for each in office.states.disabled()] == [(SLUG, "")]
    assert journal.snapshot("R-1").status is Status.WAITING
    office.states.enable_portal(SLUG, "Demo Person")
    await submit_due(office)
    assert journal.snapshot("R-1").receipt is not None


async def test_each_open_case_is_read_by_its_number_for_its_member_and_no_list_is_asked_for(
    office: Office, journal: Journal, world: World, clock: FakeClock
) -> None:
    take_in(journal, build_request("R-1"), portal=SLUG)
    await submit_due(office)
    receipt = journal.snapshot("R-1").receipt
    assert receipt is not None
    for minutes, reads in ((5, 1), (30, 1), (31, 2), (61, 3)):
        clock.advance(minutes=minutes)
        await follow_open(office)
        assert [call for call in world.calls if call.startswith("read")] == [f"read {receipt.reference_no}"] * reads
    assert set(world.read_as) == {journal.snapshot("R-1").request.member}
    assert not any(call.startswith("list") for call in world.calls)


async def test_B1_a_plan_that_only_gives_a_number_is_a_phone_task_with_the_number_of_the_rules(
    office: Office, journal: Journal, world: World
) -> None:
    request = build_request("R-1")
    take_in(journal, request, portal=SLUG)
    phone = Fallback(decision=FallbackWay.PHONE, number="1-800-676-BLUE", wait_hours=24, rule_ids=("B1",))
    journal.set_route("R-1", replace(build_route(request, SLUG), fallback=phone))
    world.faults = Faults({"draft": ["portal_says_phone"]})
    await submit_due(office)
    now = journal.snapshot("R-1")
    assert (now.status, now.error_code, now.receipt) == (Status.NEEDS_PERSON, "phone_by_hand", None)
    assert "1-800-676-BLUE" in now.next_action
    assert "B1" in now.next_action
    assert "1-800-555-0142" in now.reason, "what the plan itself shows"


async def test_its_cases_are_missing_on_no_list(office: Office, journal: Journal) -> None:
    take_in(journal, build_request("R-1"), portal=SLUG)
    await submit_due(office)
    assert (await list_portals(office)).read == {}
    assert await read_units(office) == ()


async def test_one_that_is_not_set_up_is_told_without_a_word_of_accounts(journal: Journal, world: World) -> None:
    """Nobody has an account there: what is missing is the portal's address."""
    take_in(journal, build_request("R-1"), portal=SLUG)
    await submit_due(open_office(journal, world, plans=plan_portals(parse_config(""), [SLUG])))
    now = journal.snapshot("R-1")
    assert (now.status, now.error_code, world.calls) == (Status.WAITING, "not_configured", [])
    assert now.reason == "promptpa is not set up (no address in priorbot.toml). Nothing was sent. Run: priorbot doctor"
