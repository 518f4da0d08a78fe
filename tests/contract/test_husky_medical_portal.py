"""HUSKY's medical portal since 2020 in a real browser: what only this portal has, and how each of its troubles ends.

What holds of every portal stands in `test_every_portal`.
"""

from __future__ import annotations

from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from kit import Gate, Kit, today
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
    NotPending,
    NotRequiredHere,
    PortalDown,
    PortalSaysFax,
    PortalSlow,
    ReadBackDiffers,
    RoutedAway,
    SessionLost,
    SeveralMatches,
    TooLong,
    Uncertain,
    WindowBlocked,
    WindowClosed,
)
from bots.model import Attachment, AuthRequest, Certification, Member, Provider, ServiceCategory, Status, UnitType, Urgency
from bots.portal import Portal
from bots.portal_changes import ChangingPortal

pytestmark = pytest.mark.browser
SLUG = "husky_medical"
TODAY = today()
START = TODAY + timedelta(days=3)


def ask(kit: Kit, number: int = 40, **changes: Any) -> AuthRequest:
    """Equipment: with a document and clinical questions."""
    return PROFILE.request(kit, number, **changes)


def therapy(kit: Kit, number: int = 40, **changes: Any) -> AuthRequest:
    """Clinical questions, no document."""
    values = {
        "service_category": ServiceCategory.THERAPY_PT,
        "lines": (replace(kit.line("97110", START, 12), unit_type=UnitType.VISITS),),
        "answers": {"th_evaluation": "yes", "th_plan_signed": "yes", "th_progress": "na"},
        "attachments": (),
    }
    return ask(kit, number, **{**values, **changes})


async def unfinished(portal: Portal) -> int:
    """Requests that were begun and are still on the portal."""
    await portal.view.goto("dashboard")
    return len(await portal.view.table("unfinished"))


async def stopped(kit: Kit, portal: Portal, request: AuthRequest) -> BotError:
    """What a submission raises that must not get as far as the commit; nothing was sent, and no draft was left behind."""
    gate = Gate()
    with pytest.raises(BotError) as caught:
        await portal.submit(request, gate)
    kit.world.clear_faults()
    await portal.list_cases(TODAY)
    assert await unfinished(portal) == 0
    assert gate.steps == []
    assert kit.accepted() == []
    return caught.value


def lines(kit: Kit, *codes: str, **more: Any) -> dict[str, Any]:
    return {"lines": tuple(kit.line(code, START, **more) for code in codes)}


# --- member and prescreen ---------------------------------------------------------------------------------------------


async def test_Q06_twins_without_a_first_name_are_a_persons(kit: Kit) -> None:
    row = kit.members("twin")[0]
    member = Member(id=row["id"], dob=date.fromisoformat(row["dob"]))
    async with kit.portal(SLUG) as portal:
        assert isinstance(await stopped(kit, portal, ask(kit, member=member)), SeveralMatches)
        nobody = ask(kit, member=replace(member, first_name="Nobody"))
        assert isinstance(await stopped(kit, portal, nobody), MemberNotFound)


async def test_what_the_prescreen_says_is_told_by_name(kit: Kit) -> None:
    supplies = {"service_category": ServiceCategory.MEDICAL_SUPPLIES}
    async with kit.portal(SLUG) as portal:
        for changes, error, reason in (
            ({**supplies, **lines(kit, "A4450")}, NotRequiredHere, ""),
            (lines(kit, "70551"), RoutedAway, "eviCore"),
            ({"place_of_service": ""}, KnownRejection, "it wants a place of service"),
            (lines(kit, "E0277"), KnownRejection, "a procedure code has expired"),
            (supplies, KnownRejection, "it does not accept what was entered"),
        ):
            told = await stopped(kit, portal, ask(kit, **changes))
            assert (type(told), told.details["reason"]) == (error, reason)


async def test_Q08_a_type_ahead_with_nothing_or_with_fifty_rows(kit: Kit) -> None:
    async with kit.portal(SLUG) as portal:
        for fault, error in (("lookup_empty", NotListed), ("lookup_full", ListCutOff)):
            kit.world.fault(SLUG, fault, times=-1)
            told = await stopped(kit, portal, ask(kit))
            assert (type(told), told.details["what"]) == (error, "diagnosis")


# --- details ----------------------------------------------------------------------------------------------------------


async def test_a_provider_who_is_not_listed_is_named_by_field(kit: Kit) -> None:
    async with kit.portal(SLUG) as portal:
        told = await stopped(kit, portal, ask(kit, requesting=Provider(name="Testmaple", npi="1900000013")))
    assert (type(told), told.details["what"]) == (NotListed, "requesting_npi")


async def test_urgency_is_attested_only_in_the_name_of_somebody(kit: Kit) -> None:
    async with kit.portal(SLUG) as portal:
        assert isinstance(await stopped(kit, portal, therapy(kit, urgency=Urgency.URGENT)), AttestationMissing)
        attested = therapy(kit, urgency=Urgency.URGENT, attested_by="Dr. Ada Testmaple")
        assert (await portal.submit(attested, Gate())).receipt is not None
    assert [row["priority"] for row in kit.accepted()] == ["urgent"]


async def test_an_emergent_admission_goes_through_and_an_elective_one_is_for_the_fax(kit: Kit) -> None:
    hospital = next(p for p in kit.world.truth("providers") if p["kind"] == "facility")
    request = ask(
        kit,
        service_category=ServiceCategory.INPATIENT,
        urgency=Urgency.EMERGENT,
        attested_by="Dr. Ada Testmaple",
        place_of_service="21",
        servicing=Provider(),
        facility=Provider(name=hospital["last_name"], npi=hospital["npi"]),
        admission_date=TODAY,
        lines=(replace(kit.line("99222", START, 3), unit_type=UnitType.DAYS),),
        answers={"ip_through_ed": "yes", "ip_level": "acute"},
        notes="Synthetic; for a test only",
    )
    async with kit.portal(SLUG) as portal:
        assert isinstance(await stopped(kit, portal, replace(request, urgency=Urgency.STANDARD)), PortalSaysFax)
        assert (await portal.submit(request, Gate())).receipt is not None
    (taken,) = kit.accepted()
    seen = (taken["family"], taken["admission_date"], taken["facility_npi"])
    assert seen == ("inpatient", TODAY.isoformat(), hospital["npi"])


async def test_a_slow_step_is_slow_and_no_changed_page(kit: Kit) -> None:
    kit.world.fault(SLUG, "slow", where="prescreen", ms=5000)
    async with kit.portal(SLUG, husky_medical=kit.selectors(SLUG, page=3)) as portal:
        assert isinstance(await stopped(kit, portal, therapy(kit)), PortalSlow)


# --- clinical ---------------------------------------------------------------------------------------------------------


async def test_a_question_without_an_answer_stops_before_anything_is_completed(kit: Kit) -> None:
    async with kit.portal(SLUG) as portal:
        told = await stopped(kit, portal, therapy(kit, answers={"th_evaluation": "yes", "th_progress": "na"}))
    assert (type(told), told.details["question"]) == (AnswerMissing, "th_plan_signed")


async def test_Q35_troubles_of_the_criteria_window_have_names(kit: Kit) -> None:
    async with kit.portal(SLUG) as portal:
        for fault, error in (
            ("popup_blocked", WindowBlocked),
            ("popup_closes", WindowClosed),
            ("http_503", PortalDown),
            ("session_lost", SessionLost),
        ):
            kit.world.fault(SLUG, fault, where="criteria", times=-1)
            assert isinstance(await stopped(kit, portal, therapy(kit)), error), fault
        kit.world.fault(SLUG, "session_lost", where="criteria")
        assert (await portal.submit(therapy(kit), Gate())).receipt is not None, "lost once, it is taken up"
        assert await unfinished(portal) == 0


def document(kit: Kit, name: str, content: bytes) -> Attachment:
    path = Path(kit.home) / name
    path.write_bytes(content)
    return Attachment(path=str(path), sha256=sha256(content).hexdigest(), size=len(content), pages=1)


async def test_Q32_a_document_that_is_refused_is_named_by_its_fault(kit: Kit) -> None:
    good = document(kit, "first.pdf", b"%PDF-1.4 good")
    async with kit.portal(SLUG) as portal:
        for name, content, reason in (
            ("notes.exe", b"MZ", "its type"),
            ("protected.pdf", b"%PDF-1.4\n/Encrypt", "a password"),
            ("big.pdf", b"%PDF-1.4" + bytes(10 * 1024 * 1024), "its size"),
        ):
            told = await stopped(kit, portal, ask(kit, attachments=(good, document(kit, name, content))))
            assert (type(told), told.details["reason"]) == (DocumentRefused, reason)
        missing = await stopped(kit, portal, ask(kit, attachments=()))
        assert (type(missing), missing.details["reason"]) == (DocumentRefused, "it wants a document")


async def test_a_note_that_is_missing_or_too_long_is_told_and_not_cut(kit: Kit) -> None:
    supplies = {"service_category": ServiceCategory.MEDICAL_SUPPLIES, "answers": {}, **lines(kit, "A6402")}
    async with kit.portal(SLUG) as portal:
        missing = await stopped(kit, portal, ask(kit, **supplies))
        assert (type(missing), missing.details["reason"]) == (KnownRejection, "it wants a note")
        too_long = await stopped(kit, portal, ask(kit, notes="x" * 265, **supplies))
        assert (type(too_long), too_long.details["longest"]) == (TooLong, "264")


# --- submitting -------------------------------------------------------------------------------------------------------


async def test_pended_and_approved_confirmations_differ_and_both_are_read(kit: Kit) -> None:
    """The first of them under a dialog about the end of the session, which is pressed away."""
    kit.world.fault(SLUG, "idle_dialog")
    seen = set()
    async with kit.portal(SLUG) as portal:
        for number in range(40, 60):
            receipt = (await portal.submit(therapy(kit, number), Gate())).receipt
            assert receipt is not None
            assert len(receipt.reference_no) == 10
            assert bool(receipt.authorization_no) is (receipt.status is Status.APPROVED)
            seen.add(receipt.status)
            if len(seen) == 2:
                break
    assert seen == {Status.APPROVED, Status.PENDED_REVIEW}


async def test_several_services_and_diagnoses_arrive_as_asked_after_a_dry_run_that_leaves_nothing(kit: Kit) -> None:
    services = (kit.line("E0601", START, 1, modifiers=("RR", "KX")), kit.line("E0570", START, 2))
    request = ask(kit, lines=services, diagnosis_codes=("E11.9", "I10"), certification=Certification.RENEWAL)
    async with kit.portal(SLUG) as portal:
        shown = (await portal.submit(request, Gate(), dry_run=True)).shown
        assert await unfinished(portal) == 0
        assert kit.accepted() == []
        await portal.submit(request, Gate())
    assert shown is not None
    assert shown.fields["criteria"] == "Completed"
    (taken,) = kit.accepted()
    asked = PROFILE.truth(request)
    assert {name: taken[name] for name in asked} == asked


# --- afterwards -------------------------------------------------------------------------------------------------------


async def decided(kit: Kit, portal: Portal, word: str, **more: Any) -> str:
    """The number of a case that the payer then decided."""
    receipt = (await portal.submit(therapy(kit, 41), Gate())).receipt
    assert receipt is not None
    kit.world.truth("decide", {"reference_no": receipt.reference_no, "status": word, **more})
    return receipt.reference_no


async def test_pending_with_a_reason_waits_for_the_practice_and_voided_letters_are_only_listed(kit: Kit) -> None:
    async with kit.portal(SLUG) as portal:
        reference_no = await decided(kit, portal, "Pended - awaiting clinical", reason="Most recent progress notes.")
        reading = await portal.read_case(reference_no)
        kit.world.truth("decide", {"reference_no": reference_no, "status": "Authorized", "approved": [12]})
        letters = {letter.title: letter for letter in await portal.read_letters(reference_no)}
    assert (reading.status_raw, reading.status) == ("Pending", Status.PENDED_CLINICAL)
    assert reading.status_reason == "Most recent progress notes."
    assert letters["Request for Information"].evidence == ""
    assert kit.evidence.read(letters["Approval Letter"].evidence).startswith(b"%PDF-")


async def test_H16_documents_are_added_only_while_the_case_is_pending(kit: Kit) -> None:
    later = therapy(kit, 41, attachments=(document(kit, "later.pdf", b"%PDF-1.4 later"),))
    late = therapy(kit, 41, attachments=(document(kit, "late.pdf", b"%PDF-1.4 late"),))
    protected = therapy(kit, 41, attachments=(document(kit, "protected.pdf", b"%PDF-1.4 /Encrypt"),))
    async with kit.portal(SLUG) as portal:
        assert isinstance(portal, ChangingPortal)
        reference_no = await decided(kit, portal, "Pended (In review)")
        with pytest.raises(DocumentRefused):
            await portal.add_documents(protected, reference_no)
        await portal.add_documents(later, reference_no)
        with pytest.raises(ReadBackDiffers):
            await portal.add_documents(replace(late, member=therapy(kit, 42).member), reference_no)
        kit.world.truth("decide", {"reference_no": reference_no, "status": "Authorized", "approved": [12]})
        with pytest.raises(NotPending):
            await portal.add_documents(late, reference_no)
        assert (await portal.read_case(reference_no)).status is Status.APPROVED
    assert [file["name"] for file in kit.accepted()[0]["attachments"]] == ["later.pdf"]


def extension(kit: Kit, **changes: Any) -> AuthRequest:
    values = {
        "request_id": "EXT-1",
        "certification": Certification.EXTENSION,
        "lines": (replace(kit.line("97110", START + timedelta(days=31), 6), unit_type=UnitType.VISITS),),
    }
    return therapy(kit, 41, **{"notes": "Synthetic; still needed", **values, **changes})


def changes(case: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(line["code"], line.get("kind", ""), line.get("our_reference", "")) for line in case["lines"]]


async def test_an_extension_comes_onto_its_case_once(kit: Kit) -> None:
    gate, again = Gate(), Gate()
    async with kit.portal(SLUG) as portal:
        assert isinstance(await stopped(kit, portal, extension(kit)), NoBaseCase)
        reference_no = await decided(kit, portal, "Authorized", approved=[12])
        receipt = (await portal.submit(extension(kit), gate)).receipt
        adopted = (await portal.submit(extension(kit), again)).receipt
        assert await unfinished(portal) == 0
    assert receipt is not None
    assert adopted is not None
    assert (receipt.reference_no, adopted.reference_no, adopted.adopted) == (reference_no, reference_no, True)
    assert (gate.steps, again.steps) == (["intent", "receipt"], ["receipt"])
    (case,) = kit.accepted()
    assert changes(case) == [("97110", "", ""), ("97110", "extension", "EXT-1")]


async def test_an_added_service_is_the_one_that_the_case_does_not_have_yet(kit: Kit) -> None:
    both = tuple(replace(kit.line(code, START, 12), unit_type=UnitType.VISITS) for code in ("97110", "97112"))
    async with kit.portal(SLUG) as portal:
        await decided(kit, portal, "Authorized", approved=[12])
        await portal.submit(extension(kit, certification=Certification.REVISED, lines=both), Gate())
    (case,) = kit.accepted()
    assert changes(case) == [("97110", "", ""), ("97112", "added", "EXT-1")]


async def test_of_two_cases_that_could_be_changed_a_person_chooses(kit: Kit) -> None:
    later = replace(kit.line("97110", START + timedelta(days=40), 12), unit_type=UnitType.VISITS)
    async with kit.portal(SLUG) as portal:
        for request in (therapy(kit, 41), therapy(kit, 41, request_id="TWO", lines=(later,))):
            receipt = (await portal.submit(request, Gate())).receipt
            assert receipt is not None
            kit.world.truth("decide", {"reference_no": receipt.reference_no, "status": "Authorized", "approved": [12]})
        with pytest.raises(SeveralMatches):
            await portal.submit(extension(kit, lines=(replace(later, from_date=later.to_date, to_date=later.to_date),)), Gate())


async def test_Q33_an_unclear_change_arrived_at_most_once_and_is_found_again(kit: Kit) -> None:
    async with kit.portal(SLUG, husky_medical=kit.selectors(SLUG, commit=2)) as portal:
        await decided(kit, portal, "Authorized", approved=[12])
        for fault, taken in (("reset_before_accept", 0), ("accept_then_503", 1)):
            kit.world.fault(SLUG, fault, where="submit", times=-1)
            with pytest.raises(Uncertain):
                await portal.submit(extension(kit), Gate())
            kit.world.clear_faults()
            found = await portal.find_existing(extension(kit))
            assert [case.our_reference for case in found] == ["EXT-1"] * taken
            assert len(changes(kit.accepted()[0])) == 1 + taken
