"""eviCore: one address for everything, pages that come only for some, windows that open late, and questions that only the request
may answer. What every portal must do stands in `test_every_portal`."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from kit import Gate, Kit
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
DAY = date.today() + timedelta(days=3)
NOT_LISTED, TWO_ADDRESSES, MANY_ADDRESSES, NO_FAX = 1, 12, 10, 14
"""Places of doctors: not on the practice's list; on it with two addresses; not on it with 23; on it, without a fax number on file."""
PET = {"pet_cancer_proven": "yes", "pet_purpose": "restaging", "rad_prior": "no"}
HOSPITAL = Provider(name="Sample Hospital of Hartford", npi="1349355507")


def request(kit: Kit, **changes: Any) -> AuthRequest:
    """``doctor``: the place of the requesting provider."""
    if "doctor" in changes:
        changes["requesting"] = PROFILE.doctor(kit, changes.pop("doctor"))
    return PROFILE.request(kit, changes.pop("number", 40), **changes)


async def submit(portal: Portal, asked: AuthRequest) -> Receipt:
    receipt = (await portal.submit(asked, Gate())).receipt
    assert receipt is not None
    return receipt


async def stopped(kit: Kit, **changes: Any) -> BotError:
    """Nothing was journalled or sent, and nothing is left in progress on the portal."""
    gate = Gate()
    async with kit.portal(SLUG) as portal:
        with pytest.raises(BotError) as caught:
            await portal.submit(request(kit, **changes), gate)
        await portal.view.goto("home")
        await portal.view.press("in_progress")
        assert await portal.view.table("drafts") == []
    assert gate.steps == []
    assert kit.accepted() == []
    return caught.value


# --- what a request must carry ------------------------------------------------------------------------------------------


async def test_nobody_attests_for_a_request_that_names_nobody(kit: Kit) -> None:
    assert isinstance(await stopped(kit, attested_by=""), AttestationMissing)


@pytest.mark.parametrize(
    ("lines", "limit"),
    [
        (tuple(f"{70000 + n}" for n in range(11)), "10 procedure codes"),
        (("70551", "70551"), "one line for each procedure code"),
    ],
)
async def test_what_is_not_one_request_is_split_by_a_person(kit: Kit, lines: tuple[str, ...], limit: str) -> None:
    error = await stopped(kit, lines=tuple(PROFILE.line(code) for code in lines))
    assert isinstance(error, NotOneRequest)
    assert error.details["limit"] == limit


async def test_two_dates_of_service_are_two_requests(kit: Kit) -> None:
    lines = (PROFILE.line("70551"), PROFILE.line("72148", from_date=DAY + timedelta(days=1), to_date=DAY + timedelta(days=9)))
    assert isinstance(await stopped(kit, lines=lines), NotOneRequest)


async def test_changes_to_a_case_are_not_entered_as_a_new_one(kit: Kit) -> None:
    error = await stopped(kit, certification=Certification.EXTENSION)
    assert isinstance(error, NotListed)
    assert error.details["what"] == "certification"


# --- questions ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("missing", ["rad_symptoms", "rad_weeks", "rad_prior"])
async def test_a_question_without_an_answer_stops_and_is_named(kit: Kit, missing: str) -> None:
    error = await stopped(kit, answers={name: value for name, value in GOOD.items() if name != missing})
    assert isinstance(error, AnswerMissing)
    assert error.details["question"] == missing


async def test_an_answer_decides_what_is_asked_next(kit: Kit) -> None:
    error = await stopped(kit, answers=GOOD | {"rad_conservative": "no"})
    assert isinstance(error, AnswerMissing)
    assert error.details["question"] == "rad_red_flag"


async def test_an_answer_that_the_portal_does_not_offer_stops(kit: Kit) -> None:
    assert isinstance(await stopped(kit, answers=GOOD | {"rad_prior": "perhaps"}), NotListed)


async def test_a_question_that_nobody_knows_is_named_by_its_own_number_and_text(kit: Kit) -> None:
    kit.world.fault(SLUG, "new_question")
    error = await stopped(kit)
    assert isinstance(error, AnswerMissing)
    assert error.details["question"] == "MR-901 Was the guideline of this year applied?"


async def test_several_exams_are_answered_each_for_itself(kit: Kit) -> None:
    """The same words are asked for both exams, and the answers differ."""
    lines = (PROFILE.line("70551"), PROFILE.line("71260", 2, modifiers=("26",)))
    answers = {f"{name}.70551": value for name, value in GOOD.items()} | {"rad_contrast.71260": "with", "rad_prior.71260": "yes"}
    answers["rad_prior_changed.71260"] = "yes"
    async with kit.portal(SLUG) as portal:
        receipt = await submit(portal, request(kit, lines=lines, answers=answers))
    (accepted,) = kit.accepted()
    assert accepted["answers"] == {".".join(reversed(name.split("."))): value for name, value in answers.items()}
    assert [(line["code"], line["units"], line["modifiers"]) for line in accepted["lines"]] == [
        ("70551", 1, []),
        ("71260", 2, ["26"]),
    ]
    assert receipt.status is Status.PENDED_REVIEW


async def test_one_answer_is_not_taken_for_two_exams(kit: Kit) -> None:
    error = await stopped(kit, lines=(PROFILE.line("70551"), PROFILE.line("72148")), answers=GOOD)
    assert isinstance(error, AnswerMissing)
    assert error.details["question"] == "rad_symptoms.70551"


# --- who asks, for whom -----------------------------------------------------------------------------------------------------


async def test_a_provider_who_is_on_no_list_is_added_by_npi(kit: Kit) -> None:
    async with kit.portal(SLUG) as portal:
        await submit(portal, request(kit, doctor=NOT_LISTED))
    assert kit.accepted()[0]["requesting_npi"] == PROFILE.doctor(kit, NOT_LISTED).npi


@pytest.mark.parametrize("doctor", [TWO_ADDRESSES, MANY_ADDRESSES])
async def test_of_several_addresses_only_the_request_chooses(kit: Kit, doctor: int) -> None:
    error = await stopped(kit, doctor=doctor)
    assert isinstance(error, AnswerMissing)
    assert error.details["question"] == "requesting_address"


async def test_an_address_on_a_later_page_is_found(kit: Kit) -> None:
    async with kit.portal(SLUG) as portal:
        wanted = GOOD | {"requesting_address": "547 Annex Road"}
        await submit(portal, request(kit, doctor=MANY_ADDRESSES, answers=wanted))
    assert len(kit.accepted()) == 1


async def test_a_name_that_is_not_the_npis_own_is_nobody(kit: Kit) -> None:
    other = Provider(name="Samplewillow", npi=PROFILE.doctor(kit, 15).npi)
    assert isinstance(await stopped(kit, requesting=other), ProviderNotFound)
    assert isinstance(await stopped(kit, requesting=Provider(name="Testmaple", npi="1900000013")), ProviderNotFound)


async def test_of_several_times_of_coverage_the_one_with_the_day_is_chosen(kit: Kit) -> None:
    rows = [row for row in PROFILE.adults(kit) if len(spans(members_by_id()[row["id"]])) > 1]
    who = Member(id=rows[0]["id"], dob=date.fromisoformat(rows[0]["dob"]))
    async with kit.portal(SLUG) as portal:
        await submit(portal, request(kit, member=who))
    assert kit.accepted()[0]["member_id"] == who.id


@pytest.mark.parametrize(("tag", "kind"), [("medicare", KnownRejection), ("NA", NotEligible)])
async def test_H2_who_belongs_to_another_program_is_refused_by_name(kit: Kit, tag: str, kind: type[BotError]) -> None:
    row = next(row for row in PROFILE.adults(kit, tag) if row["medicare_parts"] in ("none", "b", "ab"))
    assert isinstance(await stopped(kit, member=Member(id=row["id"], dob=date.fromisoformat(row["dob"]))), kind)


# --- pages and windows that come only for some --------------------------------------------------------------------------------


async def test_a_missing_fax_number_is_typed_into_the_window_that_opens_late(kit: Kit) -> None:
    async with kit.portal(SLUG) as portal:
        await submit(portal, request(kit, doctor=NO_FAX))
    assert len(kit.accepted()) == 1


async def test_without_a_fax_number_of_ours_that_window_stops_the_request(kit: Kit) -> None:
    error = await stopped(kit, doctor=NO_FAX, contact=Contact(name="Front Desk", phone="860-555-0100"))
    assert isinstance(error, AnswerMissing)
    assert error.details["question"] == "contact_fax"


async def test_an_exam_that_needs_a_site_is_approved_for_that_site_until_its_own_day(kit: Kit) -> None:
    lines = (PROFILE.line("78815"), PROFILE.line("70551"))
    answers = (
        {f"{n}.78815": v for n, v in PET.items()} | {f"{n}.70551": v for n, v in GOOD.items()} | {"referral_number": "R-1204"}
    )
    async with kit.portal(SLUG) as portal:
        receipt = await submit(portal, request(kit, lines=lines, answers=answers, facility=HOSPITAL))
        reading = await portal.read_case(receipt.reference_no)
    assert receipt.authorization_no
    assert kit.accepted()[0]["facility_npi"] == HOSPITAL.npi
    today = reading.lines[0].valid_from
    assert today is not None
    assert [(line.site, line.valid_to) for line in reading.lines] == [
        (HOSPITAL.name, today + timedelta(days=45)),
        ("", today + timedelta(days=90)),
    ]
    assert [line.remark for line in reading.lines] == [f"only at {HOSPITAL.name}", ""]


@pytest.mark.parametrize(("facility", "kind"), [(Provider(), AnswerMissing), (Provider(npi="1900000013"), NotListed)])
async def test_a_site_that_is_needed_and_not_named_or_not_listed_stops(
    kit: Kit, facility: Provider, kind: type[BotError]
) -> None:
    assert isinstance(await stopped(kit, lines=(PROFILE.line("78815"),), answers=PET, facility=facility), kind)


async def test_an_urgent_request_says_why(kit: Kit) -> None:
    error = await stopped(kit, urgency=Urgency.URGENT)
    assert isinstance(error, AnswerMissing)
    assert error.details["question"] == "urgent_reason"
    async with kit.portal(SLUG) as portal:
        await submit(portal, request(kit, urgency=Urgency.URGENT, answers=GOOD | {"urgent_reason": "Synthetic reason"}))
    assert kit.accepted()[0]["priority"] == "urgent"


async def test_earlier_requests_of_the_patient_are_passed_by(kit: Kit) -> None:
    async with kit.portal(SLUG) as portal:
        await submit(portal, request(kit))
        await submit(portal, request(kit, lines=(PROFILE.line("71260"),), answers={"rad_contrast": "with", "rad_prior": "no"}))
    assert [row["service_code"] for row in kit.accepted()] == ["70551", "71260"]


async def test_a_warning_of_a_duplicate_stops_and_its_cancel_button_is_never_pressed(kit: Kit) -> None:
    """Another practice has the same on file, where our own search cannot see it."""
    async with kit.portal(SLUG, "ev-other") as portal:
        await submit(portal, request(kit))
    gate = Gate()
    async with kit.portal(SLUG) as portal:
        with pytest.raises(AlreadyOnFile):
            await portal.submit(request(kit), gate)
        await portal.view.goto("home")
        await portal.view.press("in_progress")
        assert await portal.view.table("drafts") == []
    assert gate.steps == []
    assert len(kit.accepted()) == 1


async def test_criteria_that_are_not_met_go_to_clinical_review_and_nothing_is_withdrawn(kit: Kit) -> None:
    async with kit.portal(SLUG) as portal:
        receipt = await submit(portal, request(kit, answers=GOOD | {"rad_symptoms": "under_6_weeks"}))
    assert (receipt.status, receipt.authorization_no) == (Status.PENDED_REVIEW, "")
    assert len(receipt.reference_no) == 10
    assert kit.accepted()[0]["reference_no"] == receipt.reference_no


# --- documents, drafts, trouble ---------------------------------------------------------------------------------------------


async def test_documents_can_be_left_out(kit: Kit) -> None:
    async with kit.portal(SLUG) as portal:
        await submit(portal, request(kit, attachments=()))
    assert kit.accepted()[0]["attachments"] == []


@pytest.mark.parametrize("names", [("scan.tif",), tuple(f"notes{n}.pdf" for n in range(6))])
async def test_documents_that_the_portal_refuses_are_named(kit: Kit, names: tuple[str, ...]) -> None:
    assert isinstance(await stopped(kit, attachments=tuple(kit.document(name) for name in names)), DocumentRefused)


async def test_a_dry_run_leaves_nothing_in_progress(kit: Kit) -> None:
    async with kit.portal(SLUG) as portal:
        shown = (await portal.submit(request(kit), Gate(), dry_run=True)).shown
        await portal.view.goto("home")
        await portal.view.press("in_progress")
        assert await portal.view.table("drafts") == []
    assert shown is not None
    assert shown.fields["requesting_npi"] == PROFILE.doctor(kit, 15).npi
    assert kit.accepted() == []


@pytest.mark.parametrize("where", ["service", "question", "review"])
async def test_a_session_that_is_lost_on_the_way_is_taken_up_and_its_draft_discarded(kit: Kit, where: str) -> None:
    kit.world.fault(SLUG, "session_lost", where=where)
    async with kit.portal(SLUG) as portal:
        await submit(portal, request(kit))
        await portal.view.goto("home")
        await portal.view.press("in_progress")
        assert await portal.view.table("drafts") == []
    assert len(kit.accepted()) == 1


async def test_an_error_that_is_a_flag_of_an_ordinary_answer_is_the_portals_trouble(kit: Kit) -> None:
    kit.world.fault(SLUG, "system_error", where="lookup", times=-1)
    gate = Gate()
    async with kit.portal(SLUG) as portal:
        with pytest.raises(PortalDown):
            await portal.submit(request(kit), gate)
    assert gate.steps == []


async def test_a_code_that_is_not_listed_is_no_trouble_of_the_portal(kit: Kit) -> None:
    error = await stopped(kit, lines=(PROFILE.line("99999"),))
    assert isinstance(error, NotListed)
    assert error.details["what"] == "exam"


# --- reading ------------------------------------------------------------------------------------------------------------------


async def test_an_old_case_for_the_same_code_is_no_case_of_this_request(kit: Kit) -> None:
    earlier = date.today() - timedelta(days=120)
    async with kit.portal(SLUG) as portal:
        first = await submit(
            portal, request(kit, lines=(PROFILE.line("70551", from_date=earlier, to_date=earlier),), answers=GOOD)
        )
        kit.world.truth("decide", {"reference_no": first.reference_no, "status": "Denied"})
        second = await submit(portal, request(kit))
    assert second.reference_no != first.reference_no
    assert not second.adopted


async def test_letters_come_as_sealed_files_at_the_first_or_second_click_and_voided_ones_stay_closed(kit: Kit) -> None:
    async with kit.portal(SLUG) as portal:
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


async def test_units_are_whole_numbers(kit: Kit) -> None:
    half = PROFILE.line("70551")
    asked = request(kit, lines=(type(half)(**{f: getattr(half, f) for f in half.__struct_fields__} | {"units": Decimal("1.5")}),))
    async with kit.portal(SLUG) as portal:
        with pytest.raises(KnownRejection):
            await portal.submit(asked, Gate())
    assert kit.accepted() == []
