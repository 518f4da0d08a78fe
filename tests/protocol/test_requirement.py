"""What a portal itself says of the requirement: kept with the request, and asked for before anything is submitted."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace
from protocol_double import (
    FakeClock,
    Faults,
    Truth,
    World,
    build_request,
    build_route,
    open_office,
    says_not_required,
    take_in,
)

from bots.model import Status
from jobs.asking import Answered, answered_as_json, ask, can_tell
from jobs.dispatch import submit_due
from jobs.journal import Journal
from jobs.ledger import request_object
from jobs.office import NO_ACCOUNT, Office, PortalPlan
from jobs.state import Decision

SLUG = "promptpa"
MANAGER = "authorization_manager"


@pytest.fixture
def world(truth: Truth, clock: FakeClock) -> World:
    return World(truth, clock)


@pytest.fixture
def office(journal: Journal, world: World) -> Office:
    plans = {SLUG: PortalPlan(slug=SLUG, accounts=NO_ACCOUNT), MANAGER: PortalPlan(slug=MANAGER)}
    return open_office(journal, world, plans=plans)


async def asked(office: Office, *ids: str, portal: str = SLUG, **changes: Any) -> list[Answered]:
    requests = [replace(build_request(each), **changes) for each in ids]
    return await ask(office, [(each, build_route(each, portal)) for each in requests])


# --- kept with the request --------------------------------------------------------------------------------------------


async def test_what_ended_a_request_as_not_required_is_kept_with_page_portal_and_time(
    office: Office, journal: Journal, world: World
) -> None:
    """No rule says what this portal's word means, so a person closes it; the evidence is there all the same."""
    take_in(journal, build_request("R-1"), portal=SLUG)
    world.faults = Faults({"draft": ["not_required"]})
    await submit_due(office)
    now = journal.snapshot("R-1")
    assert (now.status, now.error_code) == (Status.NEEDS_PERSON, "not_required")
    assert now.route is not None
    assert now.route.said == says_not_required(SLUG).said
    assert now.route.rule_ids == ("H5",)
    shown = request_object(now)["requirement"]
    assert shown == {
        "portal": SLUG,
        "page": "drug",
        "required": False,
        "evidence": "not_required-x.sealed",
        "observed_at": "2026-03-02T14:00:00Z",
    }


# --- asked beforehand -------------------------------------------------------------------------------------------------


async def test_the_portals_that_say_so_are_asked_and_nothing_is_submitted(office: Office, journal: Journal, world: World) -> None:
    world.not_required = {"R-2"}
    first, second = await asked(office, "R-1", "R-2")
    assert (first.by, second.by) == ("portal", "portal")
    assert first.route.decision is Decision.PORTAL
    assert second.route.decision is Decision.NEEDS_PERSON
    assert second.route.said is not None
    assert not second.route.said.required
    assert world.calls == ["ask R-1", "ask R-2"]
    assert list(journal.snapshots()) == []
    assert office.seats.acquire(SLUG, "") is not None, "its seat was given back"


async def test_B6_the_rules_say_what_the_portals_word_means(office: Office, world: World) -> None:
    world.not_required = {"R-1"}
    plans = {MANAGER: PortalPlan(slug=MANAGER, accounts=("north",))}
    request = replace(build_request("R-1"), payer="bcbsma", coverage="bcbsma_commercial")
    route = replace(build_route(request, MANAGER), rule_ids=("B4",))
    (answered,) = await ask(replace_plans(office, plans), [(request, route)])
    assert answered.route.decision is Decision.NOT_REQUIRED
    assert answered.route.rule_ids == ("B4", "B6")
    assert answered_as_json(answered)["answered_by"] == "portal"


async def test_other_portals_and_other_kinds_are_the_rules_alone(office: Office, world: World) -> None:
    (plain,) = await asked(office, "R-1", portal="clear_coverage")
    (referral,) = await asked(office, "R-2", request_kind="referral")
    assert [each.by for each in (plain, referral)] == ["rules", "rules"]
    assert [each.why_not for each in (plain, referral)] == ["", ""]
    assert not can_tell(build_request("R-3"), replace(build_route(build_request("R-3"), SLUG), decision=Decision.FAX))
    assert world.calls == []


@pytest.mark.parametrize("why", ["not set up", "in use", "member_not_found"])
async def test_who_cannot_be_asked_leaves_the_rules_answer_and_says_why(office: Office, world: World, why: str) -> None:
    portal = MANAGER if why == "not set up" else SLUG
    if why == "in use":
        office.seats.acquire(SLUG, "")
    if why == "member_not_found":
        world.faults = Faults({"ask": ["member_not_found"]})
    (answered,) = await asked(office, "R-1", portal=portal)
    assert (answered.by, answered.route.decision) == ("rules", Decision.PORTAL)
    assert answered.why_not
    assert answered_as_json(answered)["required"] is None


def replace_plans(office: Office, plans: dict[str, PortalPlan]) -> Office:
    from dataclasses import replace as copy

    return copy(office, plans=plans)
