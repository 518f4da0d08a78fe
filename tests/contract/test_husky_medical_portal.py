"""HUSKY's medical portal since 2020 in a real browser: what only this portal has, and how each of its troubles ends.

What holds of every portal stands in `test_every_portal`.
"""

from __future__ import annotations

from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from kit import Gate, Kit
from msgspec.structs import replace
from profiles.husky_medical import PROFILE

from bots.errors import (
    AnswerMissing,
    AttestationMissing,
    BotError,
    DocumentRefused,
    KnownRejection,
    ListCutOff,
    MemberNotFound,
    NoBaseCase,
    NotListed,
    NotRequiredHere,
    PortalDown,
    PortalSaysFax,
    PortalSlow,
    RoutedAway,
    SessionLost,
    SeveralMatches,
    TooLong,
    WindowBlocked,
    WindowClosed,
)
from bots.model import Attachment, AuthRequest, Certification, Member, Provider, ServiceCategory, Status, UnitType, Urgency

pytestmark = pytest.mark.browser
SLUG = "husky_medical"
TODAY = date.today()
START = TODAY + timedelta(days=3)


def ask(kit: Kit, number: int = 40, **changes: Any) -> AuthRequest:
    return PROFILE.request(kit, number, **changes)


async def unfinished(kit: Kit, portal: Any) -> int:
    """Requests that were begun and are still on the portal."""
    await portal.view.goto("dashboard")
    return len(await portal.view.table("unfinished"))


async def stopped(kit: Kit, request: AuthRequest, **selectors: str) -> BotError:
    """What a submission raises that must not get as far as the commit; nothing was sent, and no draft was left behind."""
    gate = Gate()
    async with kit.portal(SLUG, **selectors) as portal:
        with pytest.raises(BotError) as caught:
            await portal.submit(request, gate)
        kit.world.clear_faults()
        await portal.list_cases(TODAY)
        assert await unfinished(kit, portal) == 0
    assert gate.steps == []
    assert kit.accepted() == []
    return caught.value


# --- member and prescreen ---------------------------------------------------------------------------------------------


async def test_Q06_twins_without_a_first_name_are_a_persons(kit: Kit) -> None:
    row = kit.members("twin")[0]
    member = Member(id=row["id"], dob=date.fromisoformat(row["dob"]))
    assert isinstance(await stopped(kit, ask(kit, member=member)), SeveralMatches)
    assert isinstance(await stopped(kit, ask(kit, member=replace(member, first_name="Nobody"))), MemberNotFound)


async def test_a_service_that_needs_no_authorization_ends_the_flow(kit: Kit) -> None:
    request = ask(kit, service_category=ServiceCategory.MEDICAL_SUPPLIES, lines=(kit.line("A4450", START),))
    assert isinstance(await stopped(kit, request), NotRequiredHere)


async def test_a_radiology_code_is_sent_to_the_portal_that_reviews_it(kit: Kit) -> None:
    error = await stopped(kit, ask(kit, lines=(kit.line("70551", START),)))
    assert isinstance(error, RoutedAway)
    assert error.details["reason"] == "eviCore"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"place_of_service": ""}, "it wants a place of service"),
        ({"service_category": ServiceCategory.DME, "code": "E0277"}, "a procedure code has expired"),
        ({"service_category": ServiceCategory.HOME_HEALTH}, "it does not accept what was entered"),
    ],
)
async def test_what_the_portal_refuses_is_told_in_our_words(kit: Kit, changes: dict[str, Any], reason: str) -> None:
    changes = {**changes, "lines": (kit.line(changes.pop("code", "E0601"), START),)}
    error = await stopped(kit, ask(kit, **changes))
    assert isinstance(error, KnownRejection)
    assert error.details["reason"] == reason


@pytest.mark.parametrize(("fault", "error"), [("lookup_empty", NotListed), ("lookup_full", ListCutOff)])
async def test_Q08_a_type_ahead_with_nothing_or_with_fifty_rows(kit: Kit, fault: str, error: type[BotError]) -> None:
    kit.world.fault(SLUG, fault, times=-1)
    caught = await stopped(kit, ask(kit))
    assert isinstance(caught, error)
    assert caught.details["what"] == "diagnosis"


async def test_a_provider_who_is_not_listed_is_named_by_field(kit: Kit) -> None:
    error = await stopped(kit, ask(kit, requesting=Provider(name="Testmaple", npi="1900000013")))
    assert isinstance(error, NotListed)
    assert error.details["what"] == "requesting_npi"


# --- details ----------------------------------------------------------------------------------------------------------


async def test_urgency_is_attested_only_in_the_name_of_somebody(kit: Kit) -> None:
    assert isinstance(await stopped(kit, ask(kit, urgency=Urgency.URGENT)), AttestationMissing)
    async with kit.portal(SLUG) as portal:
        result = await portal.submit(ask(kit, urgency=Urgency.URGENT, attested_by="Dr. Ada Testmaple"), Gate())
    assert result.receipt is not None
    assert [row["priority"] for row in kit.accepted()] == ["urgent"]


def admission(kit: Kit, **changes: Any) -> AuthRequest:
    hospital = next(p for p in kit.world.truth("providers") if p["kind"] == "facility")
    values = {
        "service_category": ServiceCategory.INPATIENT,
        "urgency": Urgency.EMERGENT,
        "attested_by": "Dr. Ada Testmaple",
        "place_of_service": "21",
        "servicing": Provider(),
        "facility": Provider(name=hospital["last_name"], npi=hospital["npi"]),
        "admission_date": TODAY,
        "lines": (replace(kit.line("99222", START, 3), unit_type=UnitType.DAYS),),
        "answers": {"ip_through_ed": "yes", "ip_level": "acute"},
        "notes": "Synthetic; for a test only",
    }
    return ask(kit, **{**values, **changes})


async def test_an_emergent_admission_goes_through_with_its_date_and_facility(kit: Kit) -> None:
    request = admission(kit)
    async with kit.portal(SLUG) as portal:
        assert (await portal.submit(request, Gate())).receipt is not None
    (taken,) = kit.accepted()
    assert (taken["family"], taken["admission_date"], taken["facility_npi"]) == (
        "inpatient",
        TODAY.isoformat(),
        request.facility.npi,
    )


async def test_an_elective_admission_is_for_the_fax(kit: Kit) -> None:
    assert isinstance(await stopped(kit, admission(kit, urgency=Urgency.STANDARD)), PortalSaysFax)


# --- clinical ---------------------------------------------------------------------------------------------------------


async def test_a_question_without_an_answer_stops_before_anything_is_completed(kit: Kit) -> None:
    error = await stopped(kit, ask(kit, answers={"dme_order_signed": "yes"}))
    assert isinstance(error, AnswerMissing)
    assert error.details["question"] in ("dme_home_use", "dme_alternative_tried")


async def test_Q07_the_review_is_completed_and_not_only_saved(kit: Kit) -> None:
    """A review that was only saved lets the request through without its answers; the truth would have none."""
    async with kit.portal(SLUG) as portal:
        await portal.submit(ask(kit), Gate())
    assert [row["answers"] for row in kit.accepted()] == [ask(kit).answers]


@pytest.mark.parametrize(
    ("fault", "where", "error"),
    [
        ("popup_blocked", "", WindowBlocked),
        ("popup_closes", "", WindowClosed),
        ("session_lost", "criteria", SessionLost),
        ("http_503", "criteria", PortalDown),
    ],
)
async def test_Q35_troubles_of_the_criteria_window_have_names(kit: Kit, fault: str, where: str, error: type[BotError]) -> None:
    kit.world.fault(SLUG, fault, times=-1, **({"where": where} if where else {}))
    assert isinstance(await stopped(kit, ask(kit)), error)


async def test_a_session_lost_once_in_the_window_is_taken_up(kit: Kit) -> None:
    kit.world.fault(SLUG, "session_lost", where="criteria")
    async with kit.portal(SLUG) as portal:
        assert (await portal.submit(ask(kit), Gate())).receipt is not None
        assert await unfinished(kit, portal) == 0
    assert len(kit.accepted()) == 1


def document(kit: Kit, name: str, content: bytes) -> Attachment:
    path = Path(kit.home) / name
    path.write_bytes(content)
    return Attachment(path=str(path), sha256=sha256(content).hexdigest(), size=len(content), pages=1)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("notes.exe", b"MZ", "its type"),
        ("protected.pdf", b"%PDF-1.4\n/Encrypt", "a password"),
        ("big.pdf", b"%PDF-1.4" + bytes(10 * 1024 * 1024), "its size"),
        ("empty.pdf", b"", "rejected"),
        ("notes;1.pdf", b"%PDF-1.4", "its name"),
        ("virus.pdf", b"%PDF-1.4 EICAR-STANDARD-ANTIVIRUS-TEST-FILE", "the portal's virus scan"),
    ],
)
async def test_Q32_a_document_that_is_refused_is_named_by_its_fault(kit: Kit, name: str, content: bytes, reason: str) -> None:
    good, bad = document(kit, "first.pdf", b"%PDF-1.4 good"), document(kit, name, content)
    error = await stopped(kit, ask(kit, attachments=(good, bad)))
    assert isinstance(error, DocumentRefused)
    assert error.details["reason"] == reason


async def test_a_missing_document_and_a_missing_note_are_told_apart(kit: Kit) -> None:
    missing = await stopped(kit, ask(kit, attachments=()))
    assert isinstance(missing, DocumentRefused)
    supplies = {"service_category": ServiceCategory.MEDICAL_SUPPLIES, "answers": {}}
    note = await stopped(kit, ask(kit, lines=(kit.line("A6402", START),), **supplies))
    assert (type(note), note.details["reason"]) == (KnownRejection, "it wants a note")


async def test_a_note_that_is_too_long_is_told_and_not_cut(kit: Kit) -> None:
    error = await stopped(kit, ask(kit, notes="x" * 265))
    assert (type(error), error.details["longest"]) == (TooLong, "264")


async def test_a_dialog_about_the_session_is_pressed_away(kit: Kit) -> None:
    kit.world.fault(SLUG, "idle_dialog")
    async with kit.portal(SLUG) as portal:
        assert (await portal.submit(ask(kit), Gate())).receipt is not None


# --- submitting -------------------------------------------------------------------------------------------------------


async def test_pended_and_approved_confirmations_differ_and_both_are_read(kit: Kit) -> None:
    seen = set()
    async with kit.portal(SLUG) as portal:
        for number in range(40, 60):
            receipt = (await portal.submit(ask(kit, number), Gate())).receipt
            assert receipt is not None
            assert len(receipt.reference_no) == 10
            assert bool(receipt.authorization_no) is (receipt.status is Status.APPROVED)
            seen.add(receipt.status)
            if len(seen) == 2:
                break
    assert seen == {Status.APPROVED, Status.PENDED_REVIEW}


async def test_several_services_and_diagnoses_arrive_as_asked(kit: Kit) -> None:
    lines = (kit.line("E0601", START, 1, modifiers=("RR", "KX")), kit.line("E0570", START, 2))
    request = ask(kit, lines=lines, diagnosis_codes=("E11.9", "I10", "G47.33"), certification=Certification.RENEWAL)
    async with kit.portal(SLUG) as portal:
        await portal.submit(request, Gate())
    (taken,) = kit.accepted()
    asked = PROFILE.truth(request)
    assert {name: taken[name] for name in asked} == asked


async def test_a_dry_run_shows_the_review_page_and_leaves_nothing(kit: Kit) -> None:
    async with kit.portal(SLUG) as portal:
        result = await portal.submit(ask(kit), Gate(), dry_run=True)
        assert await unfinished(kit, portal) == 0
    assert result.shown is not None
    assert result.shown.fields["criteria"] == "Completed"
    assert kit.accepted() == []


# --- afterwards -------------------------------------------------------------------------------------------------------


async def decided(kit: Kit, portal: Any, word: str, **more: Any) -> str:
    """The number of a case that the payer then decided."""
    receipt = (await portal.submit(ask(kit, 41), Gate())).receipt
    assert receipt is not None
    kit.world.truth("decide", {"reference_no": receipt.reference_no, "status": word, **more})
    return str(receipt.reference_no)


async def test_pending_with_a_reason_waits_for_the_practice(kit: Kit) -> None:
    async with kit.portal(SLUG) as portal:
        reference_no = await decided(kit, portal, "Pended - awaiting clinical", reason="Most recent progress notes.")
        reading = await portal.read_case(reference_no)
    assert (reading.status_raw, reading.status) == ("Pending", Status.PENDED_CLINICAL)
    assert reading.status_reason == "Most recent progress notes."


async def test_letters_are_kept_and_a_voided_one_is_only_listed(kit: Kit) -> None:
    async with kit.portal(SLUG) as portal:
        reference_no = await decided(kit, portal, "Pended - awaiting clinical")
        kit.world.truth("decide", {"reference_no": reference_no, "status": "Authorized", "approved": [1]})
        letters = {letter.title: letter for letter in await portal.read_letters(reference_no)}
    assert letters["Request for Information"].evidence == ""
    assert kit.evidence.read(letters["Approval Letter"].evidence).startswith(b"%PDF-")


def extension(kit: Kit, **changes: Any) -> AuthRequest:
    later = START + timedelta(days=31)
    values = {"request_id": "EXT-1", "certification": Certification.EXTENSION, "lines": (kit.line("E0601", later),)}
    return ask(kit, 41, **{"notes": "Synthetic; still needed", **values, **changes})


async def test_an_extension_comes_onto_its_case_once(kit: Kit) -> None:
    gate, again = Gate(), Gate()
    async with kit.portal(SLUG) as portal:
        reference_no = await decided(kit, portal, "Authorized", approved=[1])
        receipt = (await portal.submit(extension(kit), gate)).receipt
        adopted = (await portal.submit(extension(kit), again)).receipt
        assert await unfinished(kit, portal) == 0
    assert receipt is not None
    assert adopted is not None
    assert (receipt.reference_no, adopted.reference_no, adopted.adopted) == (reference_no, reference_no, True)
    assert (gate.steps, again.steps) == (["intent", "receipt"], ["receipt"])
    (case,) = kit.accepted()
    assert [(line["code"], line.get("kind"), line.get("our_reference")) for line in case["lines"]] == [
        ("E0601", None, None),
        ("E0601", "extension", "EXT-1"),
    ]


async def test_an_added_service_is_the_one_that_the_case_does_not_have(kit: Kit) -> None:
    lines = (kit.line("E0601", START), kit.line("E0570", START, 2))
    async with kit.portal(SLUG) as portal:
        await decided(kit, portal, "Authorized", approved=[1])
        await portal.submit(extension(kit, certification=Certification.REVISED, lines=lines), Gate())
    (case,) = kit.accepted()
    assert [(line["code"], line.get("kind")) for line in case["lines"]] == [("E0601", None), ("E0570", "added")]


async def test_a_case_that_is_not_there_or_is_there_twice_is_a_persons(kit: Kit) -> None:
    assert isinstance(await stopped(kit, extension(kit)), NoBaseCase)
    later = START + timedelta(days=40)
    async with kit.portal(SLUG) as portal:
        await portal.submit(ask(kit, 41), Gate())
        await portal.submit(ask(kit, 41, request_id="TWO", lines=(kit.line("E0601", later),)), Gate())
        with pytest.raises(SeveralMatches):
            await portal.submit(extension(kit, lines=(kit.line("E0601", later + timedelta(days=40)),)), Gate())


@pytest.mark.parametrize(("fault", "taken"), [("accept_then_hang", 1), ("accept_then_503", 1), ("reset_before_accept", 0)])
async def test_Q33_an_unclear_change_arrived_at_most_once_and_is_found_again(kit: Kit, fault: str, taken: int) -> None:
    async with kit.portal(SLUG, husky_medical=kit.selectors(SLUG, commit=2)) as portal:
        await decided(kit, portal, "Authorized", approved=[1])
        kit.world.fault(SLUG, fault, where="submit", times=-1)
        with pytest.raises(BotError) as caught:
            await portal.submit(extension(kit), Gate())
        kit.world.clear_faults()
        found = await portal.find_existing(extension(kit))
    assert caught.value.code == "uncertain"
    assert [case.our_reference for case in found] == ["EXT-1"] * taken
    assert len(kit.accepted()[0]["lines"]) == 1 + taken


async def test_a_slow_portal_is_told_as_slow(kit: Kit) -> None:
    kit.world.fault(SLUG, "slow", where="details", ms=4000)
    error = await stopped(kit, ask(kit), husky_medical=kit.selectors(SLUG, page=2))
    assert isinstance(error, PortalSlow)
