"""B4: coverage and limits are asked before a request goes to its portal and kept with it; only who has no coverage is held up."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from protocol_double import FakeClock, Faults, PortalDouble, Truth, World, build_request, build_route, open_office, take_in

from bots.eligibility import Eligibility
from bots.model import AuthRequest, Coverage, Payer, Status
from fixtures.clock import DESK
from jobs.coverage import GOOD_FOR
from jobs.dispatch import submit_due
from jobs.events import CoverageNotTold, CoverageTaken, kind_of
from jobs.journal import Journal
from jobs.ledger import request_object
from jobs.office import Office, PortalPlan
from jobs.tables import requests_table

MANAGER, TELLER = "authorization_manager", "connect_center"


@pytest.fixture
def world(truth: Truth, clock: FakeClock) -> World:
    return World(truth, clock)


def office_of(journal: Journal, world: World, **accounts: tuple[str, ...]) -> Office:
    named = {MANAGER: ("north",), TELLER: ("north",)} | accounts
    return open_office(journal, world, plans={slug: PortalPlan(slug=slug, accounts=who) for slug, who in named.items()})


@pytest.fixture
def office(journal: Journal, world: World) -> Office:
    return office_of(journal, world)


def blue(request_id: str = "R-1", **changes: Any) -> Any:
    return build_request(request_id, payer=Payer.BCBSMA, coverage=Coverage.BCBSMA_COMMERCIAL, **changes)


def kinds(journal: Journal, request_id: str = "R-1") -> list[str]:
    return [kind_of(event.body) for event in journal.events(request_id)]


async def test_B4_what_is_told_is_kept_with_the_request_before_its_intent(office: Office, journal: Journal, world: World) -> None:
    take_in(journal, blue(), portal=MANAGER)
    await submit_due(office)
    now = journal.snapshot("R-1")
    assert now.status is Status.SUBMITTED
    assert now.coverage is not None
    assert (now.coverage.portal, now.coverage.is_active, now.coverage.evidence) == (TELLER, True, ("eligibility-x.sealed",))
    said = kinds(journal)
    assert said.index("coverage") < said.index("intent")
    shown: Any = request_object(now)["coverage"]
    assert (shown["service_type"], shown["limits"][0]["used"], shown["limits"][0]["as_of"]) == (
        "Physical Therapy",
        "12",
        "2026-02-25",
    )
    assert journal.rebuild()


async def test_a_list_of_requests_says_what_was_told(office: Office, journal: Journal, world: World) -> None:
    take_in(journal, build_request("R-0"), blue("R-1"), portal=MANAGER)
    assert [column.header for column in requests_table(journal.snapshots(), DESK).columns][-2:] == ["due", "next"]
    await submit_due(office)
    made = requests_table(journal.snapshots(), DESK)
    assert [column.header for column in made.columns][-2:] == ["coverage", "next"]
    assert list(made.columns[-2].cells) == ["", "active on 2026-03-02; Physical Therapy: 48 of 60 Visits left"]


async def test_H10_a_member_without_coverage_on_the_first_day_stops_the_request(
    office: Office, journal: Journal, world: World
) -> None:
    take_in(journal, blue("R-1"), blue("R-2"), portal=MANAGER)
    world.not_covered = {"R-1"}
    outcomes = await submit_due(office)
    stopped = journal.snapshot("R-1")
    assert (stopped.status, stopped.error_code) == (Status.NOT_ELIGIBLE, "not_eligible")
    assert stopped.coverage is not None
    assert stopped.next_action
    assert journal.attempts("R-1") == ()
    assert {each.request_id: each.status for each in outcomes} == {"R-1": Status.NOT_ELIGIBLE, "R-2": Status.SUBMITTED}


async def test_coverage_that_was_asked_for_another_day_stops_nothing(office: Office, journal: Journal, world: World) -> None:
    """Where the portal does not answer for the first day of service yet, today's answer denies nothing."""
    asked = blue(from_date=journal.now().date() + timedelta(days=80))
    take_in(journal, asked, portal=MANAGER)
    world.not_covered = {"R-1"}
    world.covered_on = journal.now().date()
    await submit_due(office)
    assert journal.snapshot("R-1").status is Status.SUBMITTED


async def test_without_an_account_nothing_is_asked_and_nothing_is_noted(journal: Journal, world: World) -> None:
    take_in(journal, blue(), portal=MANAGER)
    await submit_due(office_of(journal, world, connect_center=()))
    now = journal.snapshot("R-1")
    assert (now.status, now.coverage, now.coverage_missing) == (Status.SUBMITTED, None, "")
    assert not any(call.startswith("coverage") for call in world.calls)
    assert not {"coverage", "coverage_not_told"} & set(kinds(journal))


async def test_other_payers_and_other_portals_are_not_asked_about(journal: Journal, world: World) -> None:
    office = office_of(journal, world, bluecard=("",), clear_coverage=("north",))
    take_in(journal, blue("R-1"), portal="bluecard")
    take_in(journal, build_request("R-2"))
    await submit_due(office)
    assert not any(call.startswith("coverage") for call in world.calls)


@pytest.mark.parametrize(
    "fault", ["portal_down", "outage_banner", "portal_slow", "account_locked", "member_not_found", "page_changed", "bug"]
)
async def test_whatever_keeps_it_from_answering_is_noted_and_the_request_goes_on(
    office: Office, journal: Journal, world: World, fault: str
) -> None:
    take_in(journal, blue(), portal=MANAGER)
    world.faults = Faults({"coverage": [fault] * 5})
    await submit_due(office)
    now = journal.snapshot("R-1")
    assert now.status is Status.SUBMITTED
    assert now.coverage is None
    assert now.coverage_missing
    assert request_object(now)["coverage_missing"] == now.coverage_missing
    assert any(isinstance(event.body, CoverageNotTold) for event in journal.events("R-1"))
    assert now.request.member.id not in now.coverage_missing


async def test_while_it_is_down_it_is_asked_no_more_and_every_request_says_so(
    office: Office, journal: Journal, world: World
) -> None:
    take_in(journal, *(blue(f"R-{n}") for n in range(1, 5)), portal=MANAGER)
    world.faults = Faults({"coverage": ["outage_banner"] * 9})
    await submit_due(office)
    assert [snapshot.status for snapshot in journal.snapshots()] == [Status.SUBMITTED] * 4
    assert all(snapshot.coverage_missing for snapshot in journal.snapshots())
    assert sum(call.startswith("coverage") for call in world.calls) == 1


async def test_its_seat_in_other_hands_holds_nothing_up(office: Office, journal: Journal, world: World) -> None:
    take_in(journal, blue(), portal=MANAGER)
    assert office.seats.acquire(TELLER, "north") is not None
    await submit_due(office)
    now = journal.snapshot("R-1")
    assert (now.status, "account in use" in now.coverage_missing) == (Status.SUBMITTED, True)


async def test_when_the_work_stops_the_asking_stops_and_its_seat_is_free(
    office: Office, journal: Journal, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here the teller does not come to an end with the second request, and the first one's account turns out to be locked."""
    ask = PortalDouble.ask_eligibility

    async def slow(self: PortalDouble, request: AuthRequest) -> Eligibility:
        said = await ask(self, request)
        if request.request_id == "R-2":
            await asyncio.Event().wait()
        return said

    monkeypatch.setattr(PortalDouble, "ask_eligibility", slow)
    take_in(journal, *(blue(f"R-{n}") for n in range(1, 5)), portal=MANAGER)
    world.faults = Faults({"draft": ["account_locked"]})
    await submit_due(office)
    assert {call for call in world.calls if call.startswith("coverage")} <= {"coverage R-1", "coverage R-2"}
    assert world.truth.open_sessions() == 0
    assert office.seats.acquire(TELLER, "north") is not None


async def test_an_answer_of_today_is_not_asked_for_again_and_an_old_one_is(
    office: Office, journal: Journal, world: World, clock: FakeClock
) -> None:
    take_in(journal, blue(), portal=MANAGER)
    world.faults = Faults({"draft": ["portal_slow"] * 6})
    await submit_due(office)
    assert journal.snapshot("R-1").status is Status.WAITING
    clock.advance(hours=1)
    await submit_due(office)
    assert world.calls.count("coverage R-1") == 1
    clock.advance(seconds=GOOD_FOR.total_seconds())
    await submit_due(office)
    assert world.calls.count("coverage R-1") == 2
    assert sum(isinstance(event.body, CoverageTaken) for event in journal.events("R-1")) == 2


async def test_a_dry_run_asks_nothing(office: Office, journal: Journal, world: World) -> None:
    take_in(journal, blue(), portal=MANAGER)
    await submit_due(office, dry_run=True)
    assert not any(call.startswith("coverage") for call in world.calls)


async def test_a_corrected_request_is_asked_about_anew(office: Office, journal: Journal, world: World) -> None:
    take_in(journal, blue(), portal=MANAGER)
    world.not_covered = {"R-1"}
    await submit_due(office)
    again = replace(blue(), notes="another member")
    list(journal.accept_all([(again, "corrected")]))
    world.not_covered = set()
    journal.set_routes([("R-1", build_route(again, MANAGER))])
    await submit_due(office)
    assert journal.snapshot("R-1").status is Status.SUBMITTED
    assert world.calls.count("coverage R-1") == 2
