"""ProviderConnect: what only this portal does (`test_every_portal` has the rest)."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from kit import Gate, Kit, today
from msgspec.structs import replace
from profiles.provider_connect import PROFILE

from bots.errors import AnswerMissing, AttestationDue, BotError, DocumentRefused, KnownRejection, NotListed, ReadBackDiffers
from bots.model import (
    AuthRequest,
    Certification,
    Contact,
    Member,
    Receipt,
    ServiceCategory,
    ServiceLine,
    Status,
    UnitType,
)
from bots.portal import Portal
from fixtures.portals.provider_connect.addresses import addresses
from fixtures.portals.provider_connect.draft import registered_until

pytestmark = pytest.mark.browser
SLUG = "provider_connect"
START = today() + timedelta(days=3)


def line(code: str, units: int, until: date = START + timedelta(days=60), **more: Any) -> ServiceLine:
    return ServiceLine(service_code=code, units=Decimal(units), unit_type=UnitType.VISITS, from_date=START, to_date=until, **more)


def answers(request: AuthRequest, **changes: str) -> dict[str, str]:
    """The request's answers with changes; an empty one is left out."""
    return {name: value for name, value in {**request.answers, **changes}.items() if value}


async def send(portal: Portal, request: AuthRequest) -> Receipt:
    receipt = (await portal.submit(request, Gate())).receipt
    assert receipt is not None
    return receipt


async def drafts(portal: Portal) -> list[str]:
    """References of the clinical drafts that the portal keeps."""
    await portal.session.ensure()
    await portal.view.goto("drafts")
    return [row["our_reference"] for row in await portal.view.table("drafts")]


async def stopped(kit: Kit, *requests: AuthRequest) -> list[BotError]:
    """What stops each request before its commit. Nothing was journalled or sent, and no draft is left."""
    gate, errors = Gate(), []
    async with kit.portal(SLUG) as portal:
        for request in requests:
            with pytest.raises(BotError) as caught:
                await portal.submit(request, gate)
            errors.append(caught.value)
        assert await drafts(portal) == []
    assert gate.steps == []
    assert kit.accepted() == []
    return errors


# --- signing in -------------------------------------------------------------------------------------------------------


async def test_an_attestation_that_is_due_is_a_persons_and_has_its_own_name(kit: Kit) -> None:
    kit.world.change_account(SLUG, kit.account(SLUG), access=False)
    async with kit.portal(SLUG) as portal:
        with pytest.raises(AttestationDue) as caught:
            await portal.list_cases(today())
    assert "attestation" in caught.value.sentence
    assert kit.sessions(SLUG) == []


# --- questions that only Next asks (Q15) ------------------------------------------------------------------------------


async def test_Q15_what_the_request_does_not_answer_stops_and_is_named(kit: Kit) -> None:
    request = PROFILE.request(kit)
    missing = {
        "safety_plan": {"risk_self": "severe"},
        "prescriber": {"prescriber": ""},
        "risk_others": {"risk_others": ""},
        "type_of_care": {"type_of_care": ""},
    }
    errors = await stopped(kit, *(replace(request, answers=answers(request, **given)) for given in missing.values()))
    assert [type(error) for error in errors] == [AnswerMissing] * 4
    assert [error.details["question"] for error in errors] == list(missing)
    assert all(error.details["question"] in error.sentence for error in errors)


async def test_Q15_what_the_request_does_answer_is_filled(kit: Kit) -> None:
    request = PROFILE.request(kit)
    request = replace(request, answers=answers(request, risk_self="severe", safety_plan="yes", medication="no", prescriber=""))
    async with kit.portal(SLUG) as portal:
        await send(portal, request)
    (accepted,) = kit.accepted()
    asked = {name: accepted["answers"].get(name) for name in ("riskToSelf", "safetyPlan", "psychMeds", "prescriber")}
    assert asked == {"riskToSelf": "3", "safetyPlan": "yes", "psychMeds": "no", "prescriber": None}


async def test_home_health_wants_the_practitioner_who_ordered_it(kit: Kit) -> None:
    category, given = ServiceCategory.BEHAVIORAL_HEALTH_HOME_HEALTH, {"type_of_care": "nursing", "skilled_need": "yes"}
    request = PROFILE.request(kit, service_category=category, lines=(line("T1002", 20),))
    async with kit.portal(SLUG) as portal:
        await send(portal, replace(request, answers=answers(request, **given)))
    (accepted,) = kit.accepted()
    assert (accepted["family"], accepted["requesting_npi"]) == ("bh_home_health", request.requesting.npi)


# --- members and service addresses ------------------------------------------------------------------------------------


def twins(kit: Kit) -> tuple[dict[str, Any], dict[str, Any]]:
    first, second = kit.members("twin")[:2]
    return first, second


async def test_a_twin_is_told_apart_by_the_first_name(kit: Kit) -> None:
    one, _ = twins(kit)
    born = date.fromisoformat(one["dob"])
    async with kit.portal(SLUG) as portal:
        await send(portal, PROFILE.request(kit, member=Member(id=one["id"], dob=born, first_name=one["first_name"])))
    assert [row["member_id"] for row in kit.accepted()] == [one["id"]]


async def test_the_other_twins_name_under_this_id_is_a_persons(kit: Kit) -> None:
    one, other = twins(kit)
    member = Member(id=one["id"], dob=date.fromisoformat(one["dob"]), first_name=other["first_name"])
    (error,) = await stopped(kit, PROFILE.request(kit, member=member))
    assert type(error) is ReadBackDiffers


async def test_several_service_addresses_are_told_apart_by_the_request_only(kit: Kit) -> None:
    many = PROFILE.with_addresses(3)
    request = PROFILE.request(kit, servicing=many)
    places = [place.location for place in addresses() if place.provider.npi == many.npi]
    error, unknown = await stopped(kit, request, replace(request, answers=answers(request, service_address="SL00000")))
    assert (type(error), error.details["question"]) == (AnswerMissing, "service_address")
    assert (type(unknown), unknown.details["what"]) == (NotListed, "service_address")
    async with kit.portal(SLUG) as portal:
        await send(portal, replace(request, answers=answers(request, service_address=places[1])))
    assert kit.accepted()[0]["answers"]["location"] == places[1]


# --- what is asked ----------------------------------------------------------------------------------------------------


async def test_an_evaluation_is_registered_two_units_over_six_months_and_approved_at_once(kit: Kit) -> None:
    request = PROFILE.request(kit, lines=(line("90791", 2, registered_until(START)),), diagnosis_codes=("F32.1",))
    request = replace(request, answers={"type_of_service": "mental_health", "type_of_care": "evaluation"})
    async with kit.portal(SLUG) as portal:
        receipt = await send(portal, request)
    assert receipt.status is Status.APPROVED
    assert receipt.authorization_no == receipt.reference_no


async def test_a_registration_that_gives_something_else_than_was_asked_stops(kit: Kit) -> None:
    request = PROFILE.request(kit, lines=(line("90791", 4, registered_until(START)),))
    (error,) = await stopped(kit, replace(request, answers={"type_of_service": "mental_health", "type_of_care": "evaluation"}))
    assert (type(error), error.details["fields"]) == (ReadBackDiffers, "lines")


async def test_several_services_with_modifiers_arrive_as_asked(kit: Kit) -> None:
    lines = (line("90834", 8, modifiers=("GT", "HO")), line("90853", 4))
    async with kit.portal(SLUG) as portal:
        await send(portal, PROFILE.request(kit, lines=lines))
    (accepted,) = kit.accepted()
    assert [(each["code"], each["units"], each["modifiers"]) for each in accepted["lines"]] == [
        ("90834", 8, ["GT", "HO"]),
        ("90853", 4, []),
    ]


async def test_H3_the_inpatient_forms_are_there_and_never_used(kit: Kit) -> None:
    (error,) = await stopped(kit, PROFILE.request(kit, service_category=ServiceCategory.BEHAVIORAL_HEALTH_INPATIENT))
    assert (type(error), error.details["what"]) == (NotListed, "level_of_service")


async def test_what_the_portal_does_not_take_is_named_and_nothing_is_left(kit: Kit) -> None:
    empty = kit.document("empty.pdf")
    (kit.home / "empty.pdf").write_bytes(b"")
    refused: list[tuple[dict[str, Any], type[BotError]]] = [
        ({"contact": Contact(name="Front Desk", phone="555-0100")}, NotListed),
        ({"diagnosis_codes": ("E11.9",)}, KnownRejection),
        ({"diagnosis_codes": ("F32.1",) * 6}, NotListed),
        ({"lines": (line("T1002", 4),)}, KnownRejection),
        ({"certification": Certification.EXTENSION}, KnownRejection),
        ({"notes": "x" * 251}, KnownRejection),
        ({"attachments": (empty,)}, DocumentRefused),
    ]
    errors = await stopped(kit, *(PROFILE.request(kit, **changes) for changes, _ in refused))
    assert [type(error) for error in errors] == [error for _, error in refused]


# --- drafts -----------------------------------------------------------------------------------------------------------


async def test_a_dry_run_leaves_no_draft(kit: Kit) -> None:
    async with kit.portal(SLUG) as portal:
        result = await portal.submit(PROFILE.request(kit), Gate(), dry_run=True)
        assert await drafts(portal) == []
    assert result.shown is not None
    assert kit.accepted() == []


@pytest.mark.parametrize("where", ["clinical", "contact"])
async def test_a_session_lost_in_the_middle_is_taken_up_once_and_its_draft_thrown_away(kit: Kit, where: str) -> None:
    kit.world.fault(SLUG, "session_lost", where=where)
    async with kit.portal(SLUG) as portal:
        await send(portal, PROFILE.request(kit))
        assert await drafts(portal) == []
    assert len(kit.accepted()) == 1


async def test_drafts_of_people_are_left_alone(kit: Kit) -> None:
    async with kit.portal(SLUG) as portal:
        await portal.session.ensure()
        await portal.draft(PROFILE.request(kit, request_id="BY-HAND"))
        await send(portal, PROFILE.request(kit))
        assert await drafts(portal) == ["BY-HAND"]


# --- reading ----------------------------------------------------------------------------------------------------------


async def test_HP6_visits_requested_approved_and_used_are_read_from_the_listing(kit: Kit) -> None:
    request = PROFILE.request(kit)
    async with kit.portal(SLUG) as portal:
        receipt = await send(portal, request)
        kit.world.truth("decide", {"reference_no": receipt.reference_no, "status": "PARTIALLY APPROVED", "approved": [9]})
        (units,) = await portal.read_units((request.member.id,))
        reading = await portal.read_case(receipt.reference_no)
    assert [units.requested, units.approved, units.used] == [Decimal(12), Decimal(9), Decimal(0)]
    assert units.authorization_no == receipt.reference_no
    assert units.as_of.day in (10, 25)
    assert (reading.authorization_no, reading.status) == (receipt.reference_no, Status.PARTIALLY_APPROVED)


async def test_Q16_only_letters_of_approvals_are_electronic(kit: Kit) -> None:
    async with kit.portal(SLUG) as portal:
        receipt = await send(portal, PROFILE.request(kit))
        kit.world.truth("decide", {"reference_no": receipt.reference_no, "status": "DENIED", "approved": [0]})
        assert await portal.read_letters(receipt.reference_no) == ()
        assert "mail" in (await portal.read_case(receipt.reference_no)).status_reason
        kit.world.truth("decide", {"reference_no": receipt.reference_no, "status": "APPROVED", "approved": [12]})
        (letter,) = await portal.read_letters(receipt.reference_no)
    assert (letter.title, letter.dated is not None) == ("Notice of Authorization", True)
    assert kit.evidence.read(letter.evidence).startswith(b"%PDF-")
