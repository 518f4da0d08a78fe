"""eviCore: one address for everything, pages that come only for some, windows that open late, and questions that only the request
may answer. What every portal must do stands in `test_every_portal`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from kit import Gate, Kit, today
from msgspec.structs import replace
from profiles.evicore import GOOD, PROFILE

from bots.errors import (
    AlreadyOnFile,
    AnswerMissing,
    AttestationMissing,
    BotError,
    DocumentRefused,
    KnownRejection,
    NotEligible,
    NotListed,
    NotOneRequest,
    PortalDown,
    ProviderNotFound,
)
from bots.model import AuthRequest, Certification, Contact, Member, Provider, Receipt, Status, Urgency
from bots.portal import Portal
from fixtures.people import members_by_id
from fixtures.portals.evicore.draft import spans

pytestmark = pytest.mark.browser

SLUG = "evicore"
DAY = today() + timedelta(days=3)
NOT_LISTED, TWO_ADDRESSES, MANY_ADDRESSES, NO_FAX = 1, 12, 10, 14
"""Places of doctors: not on the practice's list; on it with two addresses; not on it with 23; on it, without a fax number."""
PET = {"pet_cancer_proven": "yes", "pet_purpose": "restaging", "rad_prior": "no"}
HOSPITAL = Provider(name="Sample Hospital of Hartford", npi="1349355507")


def request(kit: Kit, **changes: Any) -> AuthRequest:
    """``doctor``: the place of the requesting provider."""
    if "doctor" in changes:
        changes["requesting"] = PROFILE.doctor(kit, changes.pop("doctor"))
    return PROFILE.request(kit, changes.pop("number", 40), **changes)


@asynccontextmanager
async def opened(kit: Kit, account: str = "", **timeouts: float) -> AsyncIterator[Portal]:
    """The portal, whose late windows open half a second after their page; the clock for them runs in the page itself."""
    async with kit.portal(SLUG, account, evicore=kit.selectors(SLUG, **{"late": 1.0, **timeouts})) as portal:
        yield portal


async def submit(portal: Portal, asked: AuthRequest) -> Receipt:
    receipt = (await portal.submit(asked, Gate())).receipt
    assert receipt is not None
    return receipt


async def in_progress(portal: Portal) -> int:
    await portal.view.goto("home")
    await portal.view.press("in_progress")
    return len(await portal.view.table("drafts"))


async def stopped(kit: Kit, *asked: AuthRequest) -> list[BotError]:
    """What each of these ends with. Nothing was journalled or sent, and nothing is left in progress on the portal."""
    gate, errors = Gate(), []
    async with opened(kit) as portal:
        for each in asked:
            with pytest.raises(BotError) as caught:
                await portal.submit(each, gate)
            errors.append(caught.value)
        assert await in_progress(portal) == 0
    assert gate.steps == []
    assert kit.accepted() == []
    return errors


def questions(errors: list[BotError]) -> list[str]:
    """The questions that were not answered, in order."""
    assert [type(error) for error in errors] == [AnswerMissing] * len(errors)
    return [error.details["question"] for error in errors]


# --- what a request must carry ------------------------------------------------------------------------------------------


async def test_what_cannot_be_entered_as_it_stands_is_known_before_anything_is_typed(kit: Kit) -> None:
    eleven = tuple(PROFILE.line(f"{70000 + number}") for number in range(11))
    later = PROFILE.line("72148", from_date=DAY + timedelta(days=1), to_date=DAY + timedelta(days=9))
    errors = await stopped(
        kit,
        request(kit, attested_by=""),
        request(kit, certification=Certification.EXTENSION),
        request(kit, lines=eleven),
        request(kit, lines=(PROFILE.line("70551"), PROFILE.line("70551"))),
        request(kit, lines=(PROFILE.line("70551"), later)),
    )
    assert [type(error) for error in errors] == [AttestationMissing, NotListed, NotOneRequest, NotOneRequest, NotOneRequest]
    assert [error.details.get("limit", "") for error in errors[2:]] == [
        "10 procedure codes",
        "one line for each procedure code",
        "one date of service",
    ]


# --- questions ------------------------------------------------------------------------------------------------------------


async def test_a_question_without_an_answer_stops_and_is_named(kit: Kit) -> None:
    asked = [request(kit, answers={name: GOOD[name] for name in GOOD if name != missing}) for missing in GOOD]
    assert questions(await stopped(kit, *asked)) == list(GOOD)


async def test_an_answer_decides_what_is_asked_next_and_must_be_one_that_is_offered(kit: Kit) -> None:
    errors = await stopped(
        kit, request(kit, answers=GOOD | {"rad_conservative": "no"}), request(kit, answers=GOOD | {"rad_prior": "perhaps"})
    )
    assert questions(errors[:1]) == ["rad_red_flag"]
    assert isinstance(errors[1], NotListed)


async def test_a_question_that_nobody_knows_is_named_by_its_own_number_and_text(kit: Kit) -> None:
    kit.world.fault(SLUG, "new_question")
    assert questions(await stopped(kit, request(kit))) == ["MR-901 Was the guideline of this year applied?"]


async def test_several_exams_are_answered_each_for_itself(kit: Kit) -> None:
    """The same words are asked for both exams, and the answers differ; what was meant for one is not taken for two."""
    lines = (PROFILE.line("70551"), PROFILE.line("71260", 2, modifiers=("26",)))
    assert questions(await stopped(kit, request(kit, lines=lines, answers=GOOD))) == ["rad_symptoms.70551"]
    answers = {f"{name}.70551": value for name, value in GOOD.items()}
    answers |= {"rad_contrast.71260": "with", "rad_prior.71260": "yes", "rad_prior_changed.71260": "no"}
    async with opened(kit) as portal:
        receipt = await submit(portal, request(kit, lines=lines, answers=answers))
    (accepted,) = kit.accepted()
    assert accepted["answers"] == {".".join(reversed(name.split("."))): value for name, value in answers.items()}
    told = [(line["code"], line["units"], line["modifiers"]) for line in accepted["lines"]]
    assert told == [("70551", 1, []), ("71260", 2, ["26"])]
    assert receipt.status is Status.PENDED_REVIEW


# --- who asks, for whom -----------------------------------------------------------------------------------------------------


async def test_of_several_addresses_only_the_request_chooses(kit: Kit) -> None:
    """On the practice's own list, and in a search by NPI whose rows come over three pages."""
    several = [request(kit, doctor=doctor) for doctor in (TWO_ADDRESSES, MANY_ADDRESSES)]
    assert questions(await stopped(kit, *several)) == ["requesting_address"] * 2
    async with opened(kit) as portal:
        answers = GOOD | {"requesting_address": "547 Annex Road"}
        await submit(portal, request(kit, doctor=MANY_ADDRESSES, answers=answers))
        await submit(portal, request(kit, number=41, doctor=NOT_LISTED))
    assert [row["requesting_npi"] for row in kit.accepted()] == [
        PROFILE.doctor(kit, place).npi for place in (MANY_ADDRESSES, NOT_LISTED)
    ]


async def test_a_name_that_is_not_the_npis_own_is_nobody(kit: Kit) -> None:
    other = Provider(name="Samplewillow", npi=PROFILE.doctor(kit, 15).npi)
    errors = await stopped(
        kit, request(kit, requesting=other), request(kit, requesting=Provider(name="Testmaple", npi="1900000013"))
    )
    assert [type(error) for error in errors] == [ProviderNotFound] * 2


async def test_H2_who_belongs_to_another_program_is_refused_by_name(kit: Kit) -> None:
    def member(tag: str, *parts: str) -> Member:
        row = next(row for row in kit.members(tag) if row["medicare_parts"] in parts)
        return Member(id=row["id"], dob=date.fromisoformat(row["dob"]))

    asked = [request(kit, member=who) for who in (member("medicare", "b", "ab"), member("NA", "none"))]
    assert [type(error) for error in await stopped(kit, *asked)] == [KnownRejection, NotEligible]
    async with opened(kit) as portal:
        await submit(portal, request(kit, member=member("medicare", "a")))


# --- pages and windows that come only for some --------------------------------------------------------------------------------


async def test_a_missing_fax_number_is_typed_into_the_window_that_opens_late(kit: Kit) -> None:
    """The patient has two times of coverage, so that the page behind the window is reached by a choice."""
    row = next(row for row in PROFILE.adults(kit) if len(spans(members_by_id()[row["id"]])) > 1)
    asked = request(kit, doctor=NO_FAX, member=Member(id=row["id"], dob=date.fromisoformat(row["dob"])))
    no_fax = replace(asked, contact=Contact(name="Front Desk", phone="860-555-0100"))
    assert questions(await stopped(kit, no_fax)) == ["contact_fax"]
    async with opened(kit) as portal:
        await submit(portal, asked)
    assert kit.accepted()[0]["member_id"] == row["id"]


async def test_an_exam_that_needs_a_site_is_approved_for_that_site_until_its_own_day(kit: Kit) -> None:
    pet = request(kit, lines=(PROFILE.line("78815"),), answers=PET)
    none, unknown = await stopped(kit, pet, replace(pet, facility=Provider(npi="1900000013")))
    assert questions([none]) == ["facility_npi"]
    assert isinstance(unknown, NotListed)
    answers = (
        {f"{n}.78815": v for n, v in PET.items()} | {f"{n}.70551": v for n, v in GOOD.items()} | {"referral_number": "R-1204"}
    )
    both = replace(pet, lines=(PROFILE.line("78815"), PROFILE.line("70551")), answers=answers, facility=HOSPITAL)
    async with opened(kit) as portal:
        receipt = await submit(portal, both)
        reading = await portal.read_case(receipt.reference_no)
    assert receipt.authorization_no
    assert kit.accepted()[0]["facility_npi"] == HOSPITAL.npi
    granted = reading.lines[0].valid_from
    assert granted is not None
    told = [(line.site, line.valid_to, line.remark) for line in reading.lines]
    assert told == [
        (HOSPITAL.name, granted + timedelta(days=45), f"only at {HOSPITAL.name}"),
        ("", granted + timedelta(days=90), ""),
    ]


async def test_an_urgent_request_says_why(kit: Kit) -> None:
    asked = request(kit, urgency=Urgency.URGENT, attachments=())
    assert questions(await stopped(kit, asked)) == ["urgent_reason"]
    async with opened(kit) as portal:
        await submit(portal, replace(asked, answers=GOOD | {"urgent_reason": "Synthetic reason"}))
    (accepted,) = kit.accepted()
    assert (accepted["priority"], accepted["attachments"]) == ("urgent", [])


async def test_a_warning_of_a_duplicate_stops_and_its_cancel_button_is_never_pressed(kit: Kit) -> None:
    """Another practice has the same on file, where our own search cannot see it. Earlier requests alone stop nothing."""
    async with opened(kit, "ev-other") as portal:
        await submit(portal, request(kit))
    gate = Gate()
    async with opened(kit) as portal:
        with pytest.raises(AlreadyOnFile):
            await portal.submit(request(kit), gate)
        assert await in_progress(portal) == 0
        assert gate.steps == []
        await submit(portal, request(kit, lines=(PROFILE.line("71260"),), answers={"rad_contrast": "with", "rad_prior": "no"}))
    assert [row["service_code"] for row in kit.accepted()] == ["70551", "71260"]


async def test_criteria_that_are_not_met_go_to_clinical_review_and_nothing_is_withdrawn(kit: Kit) -> None:
    async with opened(kit) as portal:
        receipt = await submit(portal, request(kit, answers=GOOD | {"rad_symptoms": "under_6_weeks"}))
    assert (receipt.status, receipt.authorization_no) == (Status.PENDED_REVIEW, "")
    assert len(receipt.reference_no) == 10
    assert kit.accepted()[0]["reference_no"] == receipt.reference_no


# --- documents, drafts, trouble ---------------------------------------------------------------------------------------------


async def test_what_the_portal_does_not_take_is_named(kit: Kit) -> None:
    half = replace(PROFILE.line("70551"), units=Decimal("1.5"))
    errors = await stopped(
        kit,
        request(kit, attachments=(kit.document("scan.tif"),)),
        request(kit, attachments=tuple(kit.document(f"notes{number}.pdf") for number in range(6))),
        request(kit, lines=(PROFILE.line("99999"),)),
        request(kit, diagnosis_codes=("E11.98",)),
        request(kit, lines=(half,)),
    )
    assert [type(error) for error in errors] == [DocumentRefused, DocumentRefused, NotListed, NotListed, KnownRejection]
    assert [error.details["what"] for error in errors[2:4]] == ["exam", "diagnosis"]


async def test_a_dry_run_leaves_nothing_in_progress(kit: Kit) -> None:
    async with opened(kit) as portal:
        shown = (await portal.submit(request(kit), Gate(), dry_run=True)).shown
        assert await in_progress(portal) == 0
    assert shown is not None
    assert shown.fields["requesting_npi"] == PROFILE.doctor(kit, 15).npi
    assert kit.accepted() == []


@pytest.mark.parametrize("where", ["service", "review"])
async def test_a_session_that_is_lost_on_the_way_is_taken_up_and_its_draft_discarded(kit: Kit, where: str) -> None:
    kit.world.fault(SLUG, "session_lost", where=where)
    async with opened(kit) as portal:
        await submit(portal, request(kit))
        assert await in_progress(portal) == 0
    assert len(kit.accepted()) == 1


async def test_an_error_that_is_a_flag_of_an_ordinary_answer_is_the_portals_trouble(kit: Kit) -> None:
    kit.world.fault(SLUG, "system_error", where="lookup", times=-1)
    gate = Gate()
    async with opened(kit, lookup=2.0) as portal:
        with pytest.raises(PortalDown):
            await portal.submit(request(kit), gate)
    assert gate.steps == []


# --- reading ------------------------------------------------------------------------------------------------------------------


async def test_an_old_case_for_the_same_code_is_no_case_of_this_request(kit: Kit) -> None:
    earlier = today() - timedelta(days=120)
    async with opened(kit) as portal:
        first = await submit(
            portal, request(kit, lines=(PROFILE.line("70551", from_date=earlier, to_date=earlier),), answers=GOOD)
        )
        kit.world.truth("decide", {"reference_no": first.reference_no, "status": "Denied"})
        second = await submit(portal, request(kit))
    assert second.reference_no != first.reference_no
    assert not second.adopted


async def test_letters_come_as_sealed_files_at_the_first_or_second_click_and_voided_ones_stay_closed(kit: Kit) -> None:
    async with opened(kit) as portal:
        numbers = [(await submit(portal, request(kit, number=number))).reference_no for number in (40, 41, 42)]
        for number in numbers:
            kit.world.truth("decide", {"reference_no": number, "status": "Partially Approved", "approved": [1]})
            voided, letter = await portal.read_letters(number)
            assert (voided.title, voided.evidence) == ("Approval Letter (Draft)", "")
            assert letter.title == "Partial Approval Letter"
            text = kit.evidence.read(letter.evidence)
            assert text.startswith(b"%PDF-")
            assert number.encode() in text
    assert any(int(number) % 10 % 3 == 0 for number in numbers), "none of these letters needs a second click"
