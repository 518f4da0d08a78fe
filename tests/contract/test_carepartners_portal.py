"""CarePartners: eligibility first, a tool in a tab of its own, the way on to Optum Pro, and an account that stays closed when
nobody logged out. What every portal must do stands in `test_every_portal`."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from kit import Gate, Kit, today
from msgspec.structs import replace
from profiles.carepartners import PROFILE

from bots.errors import AnswerMissing, BotError, DocumentRefused, NotListed, Redirected, StillSignedIn
from bots.model import AuthRequest, Provider, Receipt, RequestKind, ServiceCategory, ServiceLine, Status, UnitType, Urgency

pytestmark = pytest.mark.browser

SLUG = "carepartners"
HOSPITAL = Provider(name="Sample Hospital of Hartford", npi="1349355507")


async def submit(kit: Kit, asked: AuthRequest) -> Receipt:
    async with kit.portal(SLUG) as portal:
        receipt = (await portal.submit(asked, Gate())).receipt
    assert receipt is not None
    return receipt


async def stopped(kit: Kit, asked: AuthRequest) -> BotError:
    gate = Gate()
    async with kit.portal(SLUG) as portal:
        with pytest.raises(BotError) as caught:
            await portal.submit(asked, gate)
    assert gate.steps == []
    assert kit.accepted() == []
    return caught.value


def admission(kit: Kit, *, days: int, urgency: Urgency, **changes: Any) -> AuthRequest:
    """An admission so many days from today."""
    day = today() + timedelta(days=days)
    line = ServiceLine(
        service_code="99223", units=Decimal(3), unit_type=UnitType.DAYS, from_date=day, to_date=day + timedelta(days=3)
    )
    values: dict[str, Any] = {
        "request_kind": RequestKind.INPATIENT_NOTIFICATION,
        "service_category": ServiceCategory.INPATIENT,
        "urgency": urgency,
        "servicing": Provider(),
        "facility": HOSPITAL,
        "admission_date": day,
        "lines": (line,),
        "answers": {},
        "attachments": (),
    }
    return PROFILE.request(kit, **{**values, **changes})


# --- the way on to Optum Pro ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("skin", ["1", "2"])
async def test_Q18_a_member_of_an_apn_ct_doctor_is_redirected_in_the_middle_of_the_flow(kit: Kit) -> None:
    kit.world.skin(SLUG, kit.skin)
    row = kit.members("cp_apn")[0]
    error = await stopped(kit, PROFILE.request(kit, **PROFILE.of(row)))
    assert type(error) is Redirected
    assert error.details["to"] == "optum_pro"
    assert error.sentence.startswith("carepartners sends this request on to optum_pro. Nothing was sent here.")


async def test_C4_an_admission_of_the_same_member_is_notified_here(kit: Kit) -> None:
    """Only medical services are delegated to APN-CT (seed 3)."""
    row = kit.members("cp_apn")[0]
    receipt = await submit(kit, admission(kit, days=0, urgency=Urgency.EMERGENT, **PROFILE.of(row)))
    assert receipt.status is Status.NOTIFICATION_RECEIVED


async def test_after_a_redirect_the_next_member_is_served_under_the_same_sign_in(kit: Kit) -> None:
    row = kit.members("cp_apn")[1]
    async with kit.portal(SLUG) as portal:
        with pytest.raises(Redirected):
            await portal.submit(PROFILE.request(kit, **PROFILE.of(row)), Gate())
        assert (await portal.submit(PROFILE.request(kit), Gate())).receipt is not None
    assert [what for what, _ in kit.logins(SLUG)] == ["login", "logout"]


# --- an account that stays closed -------------------------------------------------------------------------------------


async def test_Q17_a_session_that_was_not_logged_out_closes_the_account_and_is_not_tried_twice(kit: Kit) -> None:
    """As after a kill before the sign-in state was kept: each try would begin the fifteen minutes anew."""
    account = kit.account(SLUG)
    kit.know_password(SLUG, account)
    async with kit.factory() as factory:
        await factory.sign_in(SLUG, account)
    kit.evidence.drop_state(SLUG, account)
    for _ in range(3):
        async with kit.portal(SLUG) as portal:
            with pytest.raises(StillSignedIn):
                await PROFILE.look(portal)
    assert kit.logins(SLUG).count(("login", "still logged in")) == 1
    assert ("rejected", account) not in kit.passwords.events

    later = kit.now() + timedelta(minutes=16)
    kit.now = lambda: later
    kit.world.truth("clock", {"now": later.isoformat()})
    async with kit.portal(SLUG) as portal:
        await PROFILE.look(portal)
    assert kit.sessions(SLUG) == []


async def test_Q17_a_killed_bot_takes_its_session_up_and_logs_it_out_without_tripping_the_lock(kit: Kit) -> None:
    account = kit.account(SLUG)
    kit.know_password(SLUG, account)
    async with kit.factory() as factory:
        await factory.sign_in(SLUG, account)
    for _ in range(2):
        async with kit.portal(SLUG) as portal:
            await PROFILE.look(portal)
    assert ("login", "still logged in") not in kit.logins(SLUG)
    assert kit.sessions(SLUG) == []


async def test_Q17_an_idle_session_is_over_after_fifteen_minutes_and_is_taken_up_once(kit: Kit) -> None:
    async with kit.portal(SLUG) as portal:
        await PROFILE.look(portal)
        kit.world.truth("clock", {"advance_hours": 0.27})
        await PROFILE.look(portal)
    assert [what for what, _ in kit.logins(SLUG)] == ["login", "ended", "login", "logout"]


# --- what is entered in the tool --------------------------------------------------------------------------------------


async def test_C4_a_timely_elective_admission_is_notified_and_its_number_is_no_authorization(kit: Kit) -> None:
    receipt = await submit(kit, admission(kit, days=6, urgency=Urgency.STANDARD))
    assert (receipt.status, receipt.authorization_no) == (Status.NOTIFICATION_RECEIVED, "")
    (accepted,) = kit.accepted()
    assert accepted["request_kind"] == "inpatient_notification"
    assert accepted["admission_date"] == (today() + timedelta(days=6)).isoformat()


@pytest.mark.parametrize(("days", "urgency"), [(4, Urgency.STANDARD), (-3, Urgency.EMERGENT)])
async def test_C4_a_late_notification_needs_the_reason_that_only_the_request_may_give(
    kit: Kit, days: int, urgency: Urgency
) -> None:
    late = admission(kit, days=days, urgency=urgency)
    error = await stopped(kit, late)
    assert type(error) is AnswerMissing
    assert error.details["question"] == "late_reason"
    await submit(kit, replace(late, answers={"late_reason": "Admitted from another hospital"}))
    assert [row["answers"] for row in kit.accepted()] == [{"late_reason": "Admitted from another hospital"}]


async def test_C2_a_referral_is_entered_by_the_referring_provider(kit: Kit) -> None:
    day = today() + timedelta(days=3)
    line = ServiceLine(
        service_code="99203", units=Decimal(2), unit_type=UnitType.VISITS, from_date=day, to_date=day + timedelta(days=90)
    )
    asked = PROFILE.request(
        kit,
        request_kind=RequestKind.REFERRAL,
        service_category=ServiceCategory.OUTPATIENT_MEDICAL,
        lines=(line,),
        answers={},
        attachments=(),
    )
    await submit(kit, asked)
    (accepted,) = kit.accepted()
    assert (accepted["request_kind"], accepted["family"]) == ("referral", "outpatient_medical")


async def test_a_request_that_meets_the_criteria_is_determined_in_real_time(kit: Kit) -> None:
    receipt = await submit(kit, surgery(kit))
    assert receipt.status is Status.APPROVED
    assert receipt.authorization_no.startswith("T")
    assert receipt.reference_no != receipt.authorization_no


def surgery(kit: Kit, **changes: Any) -> AuthRequest:
    day = today() + timedelta(days=10)
    line = ServiceLine(service_code="29881", units=Decimal(1), from_date=day, to_date=day + timedelta(days=30))
    values: dict[str, Any] = {
        "service_category": ServiceCategory.OUTPATIENT_SURGERY,
        "facility": HOSPITAL,
        "lines": (line,),
        "diagnosis_codes": ("M23.201",),
        "answers": {"os_conservative": "yes", "os_findings": "yes"},
    }
    return PROFILE.request(kit, **{**values, **changes})


async def test_Q27_the_draft_number_is_never_taken_for_the_reference_number(kit: Kit) -> None:
    receipt = await submit(kit, PROFILE.request(kit))
    (accepted,) = kit.accepted()
    assert accepted["draft_no"].startswith("MK9")
    assert receipt.reference_no == accepted["reference_no"]


async def test_a_clinical_question_is_answered_by_the_request_only(kit: Kit) -> None:
    error = await stopped(kit, surgery(kit, answers={"os_findings": "yes"}))
    assert type(error) is AnswerMissing
    assert error.details["question"] == "os_conservative"


async def test_a_document_that_is_missing_or_refused_is_told(kit: Kit) -> None:
    assert type(await stopped(kit, surgery(kit, attachments=()))) is DocumentRefused
    assert type(await stopped(kit, surgery(kit, attachments=(kit.document("notes.exe"),)))) is DocumentRefused


async def test_a_code_that_the_list_does_not_offer_is_told_by_field(kit: Kit) -> None:
    asked = surgery(kit)
    error = await stopped(kit, replace(asked, lines=(replace(asked.lines[0], service_code="99999"),)))
    assert type(error) is NotListed
    assert error.details["what"] == "procedure"


async def test_letters_come_as_sealed_files(kit: Kit) -> None:
    async with kit.portal(SLUG) as portal:
        receipt = (await portal.submit(surgery(kit), Gate())).receipt
        assert receipt is not None
        (letter,) = await portal.read_letters(receipt.reference_no)
    assert letter.title == "Approval Letter"
    assert kit.evidence.read(letter.evidence).startswith(b"%PDF-")
