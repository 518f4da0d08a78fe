"""What only PromptPA does: no account, no history, drugs from its own list, a number that is shown once."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from kit import Gate, Kit
from msgspec.structs import replace
from profiles.promptpa import GOOD, PROFILE

from bots.errors import (
    AnswerMissing,
    AttestationMissing,
    BadReading,
    BotError,
    DocumentRefused,
    KnownRejection,
    NoBotYet,
    NotListed,
    NotOneRequest,
    NotRequiredHere,
    PortalDown,
    ProviderNotFound,
)
from bots.model import Attachment, AuthRequest, Certification, Drug, Member, Provider, Receipt, Status, Urgency
from bots.portal import Portal
from fixtures.web import SKINS

pytestmark = pytest.mark.browser

PEN = Drug(name="Mockumab", strength="40 mg/0.4 mL", quantity="2", days_supply="28")
PEN_ANSWERS = {"rx_indication": "yes", "rx_specialist": "yes", "rx_tb_test": "negative"}


@pytest.fixture(params=SKINS, ids=lambda skin: f"skin{skin}")
def skin(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(autouse=True)
def worn(kit: Kit, skin: str) -> None:
    kit.world.skin(PROFILE.slug, skin)


first_skin = pytest.mark.parametrize("skin", SKINS[:1], ids=lambda skin: f"skin{skin}")


async def sent(kit: Kit, request: AuthRequest) -> dict[str, Any]:
    """What the world took of it."""
    async with kit.portal(PROFILE.slug) as portal:
        await portal.submit(request, Gate())
    (accepted,) = kit.accepted()
    return dict(accepted)


async def stopped(kit: Kit, request: AuthRequest) -> BotError:
    gate = Gate()
    async with kit.portal(PROFILE.slug) as portal:
        with pytest.raises(BotError) as caught:
            await portal.submit(request, gate)
    assert (gate.steps, kit.accepted()) == ([], [])
    return caught.value


# --- the drug ---------------------------------------------------------------------------------------------------------


async def test_Q26_a_drug_that_the_list_does_not_know_is_told_by_field(kit: Kit) -> None:
    error = await stopped(
        kit, PROFILE.request(kit, drug=Drug(name="Samplatab", strength="5 mg", quantity="30", days_supply="30"))
    )
    assert isinstance(error, NotListed)
    assert error.details["what"] == "drug"


@first_skin
@pytest.mark.parametrize("name", ["Sampletab", "Sampletab XR"])
async def test_of_names_that_begin_alike_the_one_that_was_asked_is_picked(kit: Kit, name: str) -> None:
    drug = Drug(name=name, strength="10 mg", quantity="30", days_supply="30")
    assert (await sent(kit, PROFILE.request(kit, drug=drug)))["drug"]["name"] == name


@first_skin
async def test_a_strength_that_the_drug_does_not_have_is_told(kit: Kit) -> None:
    """The list of strengths comes a while after the drug was picked; ours never comes."""
    error = await stopped(
        kit, PROFILE.request(kit, drug=Drug(name="Sampletab", strength="7 mg", quantity="30", days_supply="30"))
    )
    assert error.details["key"] == "strength"


async def test_what_the_portal_asks_of_some_strengths_only_is_answered_by_the_request(kit: Kit) -> None:
    error = await stopped(kit, PROFILE.request(kit, drug=PEN, answers=PEN_ANSWERS))
    assert isinstance(error, AnswerMissing)
    assert error.details["question"] == "drug_form"
    request = PROFILE.request(
        kit, drug=PEN, answers={**PEN_ANSWERS, "drug_form": "Pen Injector", "drug_directions": "One each week"}
    )
    taken, asked = await sent(kit, request), PROFILE.truth(request)
    assert {name: taken[name] for name in asked} == asked


@first_skin
async def test_a_drug_that_needs_no_authorization_or_is_not_covered_is_told_by_name(kit: Kit) -> None:
    free = await stopped(
        kit, PROFILE.request(kit, drug=Drug(name="Demostatin", strength="20 mg", quantity="30", days_supply="30"))
    )
    assert type(free) is NotRequiredHere
    assert "excluded" in (await stopped(kit, PROFILE.rejected(kit))).sentence


# --- what is asked ----------------------------------------------------------------------------------------------------


async def test_every_question_is_answered_from_the_request_and_from_nothing_else(kit: Kit) -> None:
    error = await stopped(kit, PROFILE.request(kit, answers={name: GOOD[name] for name in ("rx_indication", "rx_alternative")}))
    assert isinstance(error, AnswerMissing)
    assert "rx_alternative_result" in error.details["question"] or error.details["question"].startswith("3 ")
    other = {"rx_indication": "yes", "rx_alternative": "no", "rx_contraindicated": "yes", "rx_never_asked": "yes"}
    assert (await sent(kit, PROFILE.request(kit, answers=other)))["answers"] == {
        k: v for k, v in other.items() if k != "rx_never_asked"
    }


@first_skin
async def test_a_question_that_is_new_stops(kit: Kit) -> None:
    kit.world.fault(PROFILE.slug, "new_question")
    assert isinstance(await stopped(kit, PROFILE.request(kit)), AnswerMissing)


async def test_an_expedited_renewal_is_stated_and_signed_by_whoever_attests(kit: Kit) -> None:
    answers = {**GOOD, "rx_renewal_response": "yes", "drug_reason": "step_therapy"}
    request = PROFILE.request(kit, urgency=Urgency.URGENT, certification=Certification.RENEWAL, answers=answers)
    taken, asked = await sent(kit, request), PROFILE.truth(request)
    assert {name: taken[name] for name in asked} == asked
    assert taken["drug"]["signature"] == "Demo Attester"


@first_skin
@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"attested_by": ""}, AttestationMissing),
        ({"certification": Certification.EXTENSION}, NotListed),
        ({"drug": None}, NotListed),
        ({"member": "nameless"}, AnswerMissing),
        ({"requesting": Provider(name="Mockcedar", npi="1999999984")}, ProviderNotFound),
        ({"diagnosis_codes": ("E11.9", "I10", "G35", "M54.50")}, KnownRejection),
        ({"answers": {**GOOD, "drug_reason": "cheaper"}}, NotListed),
    ],
    ids=["nobody attests", "extension", "no drug", "no names", "prescriber", "diagnoses", "reason"],
)
async def test_what_cannot_be_entered_as_it_stands_is_told(kit: Kit, change: dict[str, Any], error: type[BotError]) -> None:
    request = PROFILE.request(kit)
    if change.get("member"):
        change = {"member": replace(request.member, first_name="", last_name="")}
    assert type(await stopped(kit, replace(request, **change))) is error


@first_skin
async def test_two_drugs_are_two_requests(kit: Kit) -> None:
    request = PROFILE.request(kit)
    line = replace(request.lines[0], service_code="J0897")
    assert isinstance(await stopped(kit, replace(request, lines=(*request.lines, line))), NotOneRequest)


@first_skin
@pytest.mark.parametrize("kind", ["type", "empty", "password"])
async def test_Q32_a_document_that_is_refused_is_named_by_its_fault(kit: Kit, kind: str) -> None:
    name, content = {"type": ("a.jpg", b"x"), "empty": ("a.txt", b""), "password": ("a.pdf", b"%PDF-1.4 /Encrypt")}[kind]
    path = kit.home / name
    path.write_bytes(content)
    error = await stopped(kit, PROFILE.request(kit, attachments=(Attachment(path=str(path), sha256="", size=len(content)),)))
    assert isinstance(error, DocumentRefused)
    assert {"type": "type", "empty": "empty", "password": "password"}[kind] in error.sentence


@first_skin
async def test_a_request_without_documents_and_notes_is_taken(kit: Kit) -> None:
    assert (await sent(kit, PROFILE.request(kit, attachments=(), notes="")))["attachments"] == []


# --- the number -------------------------------------------------------------------------------------------------------


class Looking(Gate):
    """A gate that looks at the portal while it keeps the receipt."""

    def __init__(self, portal: Portal) -> None:
        super().__init__()
        self.portal = portal
        self.stood_there = ""

    async def receipt(self, receipt: Receipt) -> None:
        self.stood_there = await self.portal.view.html()
        await super().receipt(receipt)


async def test_the_number_is_kept_before_its_page_is_left(kit: Kit) -> None:
    async with kit.portal(PROFILE.slug) as portal:
        gate = Looking(portal)
        await portal.submit(PROFILE.request(kit), gate)
    assert gate.kept is not None
    assert gate.kept.reference_no in gate.stood_there
    (taken,) = kit.accepted()
    assert gate.kept.reference_no == taken["reference_no"] != taken["draft_no"]
    assert kit.evidence.find("receipt", gate.kept.evidence)


async def test_approved_and_pended_confirmations_differ_and_both_are_read(kit: Kit) -> None:
    seen: dict[Status, Receipt] = {}
    async with kit.portal(PROFILE.slug) as portal:
        for number in range(40, 48):
            receipt = (await portal.submit(PROFILE.request(kit, number), Gate())).receipt
            assert receipt is not None
            seen[receipt.status] = receipt
            if len(seen) == 2:
                break
    assert seen[Status.APPROVED].authorization_no
    assert not seen[Status.PENDED_REVIEW].authorization_no


@first_skin
async def test_a_status_is_shown_only_to_who_knows_whose_it_is(kit: Kit) -> None:
    request = PROFILE.request(kit)
    async with kit.portal(PROFILE.slug) as portal:
        receipt = (await portal.submit(request, Gate())).receipt
        assert receipt is not None
        with pytest.raises(BadReading):
            await portal.read_case(receipt.reference_no, Member(id=request.member.id, dob=date(1940, 1, 2)))
        with pytest.raises(NoBotYet):
            await portal.read_case(receipt.reference_no)
        reading = await portal.read_case(receipt.reference_no, request.member)
    assert reading.member_id == request.member.id
    assert [line.service_code for line in reading.lines] == [""], "as the request's own line, which has no code"
    assert reading.lines[0].units_requested == 30


async def test_a_granted_case_has_its_number_and_its_days(kit: Kit) -> None:
    request = PROFILE.request(kit)
    async with kit.portal(PROFILE.slug) as portal:
        receipt = (await portal.submit(request, Gate())).receipt
        assert receipt is not None
        kit.world.truth("decide", {"reference_no": receipt.reference_no, "status": "Partially authorized", "approved": [18]})
        reading = await portal.read_case(receipt.reference_no, request.member)
    assert (reading.status, reading.lines[0].units_approved) == (Status.MODIFIED, 18)
    assert reading.authorization_no.startswith("PA")
    assert reading.lines[0].valid_from == request.from_date


# --- trouble ----------------------------------------------------------------------------------------------------------


@first_skin
@pytest.mark.parametrize("where", ["type", "review"])
async def test_a_visit_that_is_lost_before_the_commit_is_begun_anew_once(kit: Kit, where: str) -> None:
    kit.world.fault(PROFILE.slug, "session_lost", where=where)
    await sent(kit, PROFILE.request(kit))


@first_skin
async def test_an_outage_that_the_first_page_announces_is_an_outage(kit: Kit) -> None:
    kit.world.fault(PROFILE.slug, "outage_banner")
    assert type(await stopped(kit, PROFILE.request(kit))) is PortalDown


@first_skin
async def test_nothing_of_the_patient_stays_behind_on_the_disk(kit: Kit) -> None:
    """Neither a session nor a draft: only the sealed receipt."""
    request = PROFILE.request(kit)
    await sent(kit, request)
    files = [path for path in Path(kit.home).rglob("*") if path.is_file()]
    assert all(request.member.id.encode() not in path.read_bytes() for path in files)
