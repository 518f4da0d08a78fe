"""Authorization Manager: opened by its button, ids as the tool knows them, the requirement search that may end a request, what
comes onto a case later. What every portal must do stands in `test_every_portal`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from kit import Gate, Kit, today
from msgspec.structs import replace
from profiles.authorization_manager import PROFILE

from bots.errors import (
    AccessNotGranted,
    BotError,
    DocumentRefused,
    KnownRejection,
    MemberNotFound,
    NoBaseCase,
    NotOneRequest,
    NotPending,
    NotRequiredHere,
    SeveralMatches,
)
from bots.model import (
    AuthRequest,
    Certification,
    Provider,
    Receipt,
    RequestKind,
    ServiceCategory,
    ServiceLine,
    Status,
    UnitType,
    Urgency,
)
from bots.portals.authorization_manager import AuthorizationManager

pytestmark = pytest.mark.browser

SLUG = "authorization_manager"
HOSPITAL = Provider(name="Sample Hospital of Hartford", npi="1349355507")


async def submit(kit: Kit, asked: AuthRequest) -> Receipt:
    async with kit.portal(SLUG) as portal:
        receipt = (await portal.submit(asked, Gate())).receipt
    assert receipt is not None
    return receipt


async def stopped(kit: Kit, asked: AuthRequest) -> BotError:
    gate, before = Gate(), kit.accepted()
    async with kit.portal(SLUG) as portal:
        with pytest.raises(BotError) as caught:
            await portal.submit(asked, gate)
    assert gate.steps == []
    assert kit.accepted() == before
    return caught.value


def visits(kit: Kit, *codes: str, **changes: Any) -> AuthRequest:
    """Physical therapy, a line for each code."""
    day = today() + timedelta(days=3)
    lines = tuple(
        ServiceLine(
            service_code=code, units=Decimal(6), unit_type=UnitType.VISITS, from_date=day, to_date=day + timedelta(days=30)
        )
        for code in codes
    )
    values: dict[str, Any] = {
        "service_category": ServiceCategory.THERAPY_PT,
        "lines": lines,
        "diagnosis_codes": ("M54.50",),
        "answers": {"th_evaluation": "yes", "th_plan_signed": "yes", "th_progress": "na"},
        "attachments": (),
    }
    return PROFILE.request(kit, **{**values, **changes})


def admission(kit: Kit, **changes: Any) -> AuthRequest:
    day = today() - timedelta(days=1)
    line = ServiceLine(
        service_code="99223", units=Decimal(3), unit_type=UnitType.DAYS, from_date=day, to_date=day + timedelta(days=3)
    )
    values: dict[str, Any] = {
        "request_kind": RequestKind.INPATIENT_NOTIFICATION,
        "service_category": ServiceCategory.INPATIENT,
        "urgency": Urgency.EMERGENT,
        "servicing": Provider(),
        "facility": HOSPITAL,
        "admission_date": day,
        "lines": (line,),
        "diagnosis_codes": ("J18.9",),
        "answers": {},
        "attachments": (),
    }
    return PROFILE.request(kit, **{**values, **changes})


# --- how it is reached ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("skin", ["1", "2"])
async def test_Q21_a_missing_button_means_that_access_was_not_granted(kit: Kit) -> None:
    kit.world.skin(SLUG, kit.skin)
    kit.world.change_account(SLUG, kit.account(SLUG), access=False)
    error = await stopped(kit, PROFILE.request(kit))
    assert type(error) is AccessNotGranted
    assert "has not given account am-desk1 access to Authorization Manager" in error.sentence


async def test_a_banner_about_cookies_in_page_and_frame_is_rejected_and_never_accepted(kit: Kit) -> None:
    """It lies over the page, and over the tool whenever that is opened anew."""
    async with kit.portal(SLUG) as portal:
        for number in (40, 41):
            assert (await portal.submit(PROFILE.request(kit, number), Gate())).receipt is not None
        cookies = await portal.view.browser_page.context.cookies()
    assert [cookie["name"] for cookie in cookies if cookie["name"] == "consent"] == []
    assert len(kit.accepted()) == 2


# --- the member -------------------------------------------------------------------------------------------------------


async def test_Q22_an_id_as_the_card_shows_it_is_searched_without_prefix_and_suffix(kit: Kit) -> None:
    row = kit.members("bc_plain")[40]
    asked = PROFILE.request(kit)
    await submit(kit, replace(asked, member=replace(asked.member, id=row["card_id"])))
    assert [accepted["member_id"] for accepted in kit.accepted()] == [row["id"]]


async def test_Q22_a_federal_employee_is_found_with_the_r_and_not_without(kit: Kit) -> None:
    row = kit.members("bcbsma_fep")[0]
    asked = PROFILE.request(kit, **PROFILE.of(row))
    without = replace(asked, member=replace(asked.member, id=row["id"][1:]))
    assert type(await stopped(kit, without)) is MemberNotFound
    await submit(kit, asked)
    assert [accepted["member_id"] for accepted in kit.accepted()] == [row["id"]]


async def test_a_newborn_whom_the_subscriber_has_not_added_is_not_found(kit: Kit) -> None:
    assert type(await stopped(kit, PROFILE.request(kit, **PROFILE.of(kit.members("bc_newborn")[0])))) is MemberNotFound


async def test_twins_are_told_apart_by_the_first_name_of_the_request_only(kit: Kit) -> None:
    asked = PROFILE.twin(kit)
    assert type(await stopped(kit, replace(asked, member=replace(asked.member, first_name="")))) is SeveralMatches


# --- the requirement search -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("skin", ["1", "2"])
async def test_Q23_what_needs_no_authorization_ends_the_request_and_the_page_is_kept(kit: Kit) -> None:
    kit.world.skin(SLUG, kit.skin)
    asked = visits(kit, "97161")
    assert type(await stopped(kit, asked)) is NotRequiredHere
    (name,) = kit.evidence.find("not_required", f"{SLUG}-{asked.request_id}")
    page = kit.evidence.read(name).decode()
    assert "97161" in page
    assert asked.member.id not in name


async def test_where_only_some_codes_need_one_the_request_is_to_be_split(kit: Kit) -> None:
    error = await stopped(kit, visits(kit, "97110", "97161"))
    assert type(error) is NotOneRequest
    assert "codes that need an authorization" in error.sentence


async def test_a_day_program_beyond_what_one_request_may_ask_is_told_as_such(kit: Kit) -> None:
    """Partial hospitalization: ten units within fourteen days."""
    day = today() + timedelta(days=3)
    line = ServiceLine(
        service_code="H0035", units=Decimal(12), unit_type=UnitType.DAYS, from_date=day, to_date=day + timedelta(days=13)
    )
    asked = PROFILE.request(
        kit,
        service_category=ServiceCategory.BEHAVIORAL_HEALTH_OUTPATIENT,
        lines=(line,),
        diagnosis_codes=("F84.0",),
        answers={},
        attachments=(),
    )
    error = await stopped(kit, asked)
    assert type(error) is KnownRejection
    assert "a day program is asked for in steps" in error.sentence


async def test_referrals_and_notifications_are_not_looked_up(kit: Kit) -> None:
    receipt = await submit(kit, admission(kit))
    assert receipt.status is Status.NOTIFICATION_RECEIVED


# --- what is decided at once, and what comes later --------------------------------------------------------------------


async def test_Q24_surgery_that_meets_the_criteria_is_approved_at_once(kit: Kit) -> None:
    day = today() + timedelta(days=10)
    line = ServiceLine(service_code="29881", units=Decimal(1), from_date=day, to_date=day + timedelta(days=30))
    surgery = PROFILE.request(
        kit,
        service_category=ServiceCategory.OUTPATIENT_SURGERY,
        facility=HOSPITAL,
        lines=(line,),
        diagnosis_codes=("M23.201",),
        answers={"os_conservative": "yes", "os_findings": "yes"},
    )
    receipt = await submit(kit, surgery)
    assert receipt.status is Status.APPROVED
    assert receipt.authorization_no.startswith("N")
    async with kit.portal(SLUG) as portal:
        (letter,) = await portal.read_letters(receipt.reference_no)
        assert isinstance(portal, AuthorizationManager)
        with pytest.raises(NotPending):
            await portal.add_documents(surgery, receipt.reference_no)
    assert kit.evidence.read(letter.evidence).startswith(b"%PDF-")


@contextmanager
def pended(kit: Kit) -> Iterator[AuthRequest]:
    """A request that people review: it has no criteria."""
    day = today() + timedelta(days=3)
    line = ServiceLine(service_code="95810", units=Decimal(1), from_date=day, to_date=day + timedelta(days=30))
    yield PROFILE.request(kit, service_category=ServiceCategory.OUTPATIENT_MEDICAL, lines=(line,), answers={}, attachments=())


async def test_a_document_is_added_to_a_case_that_is_in_review(kit: Kit) -> None:
    with pended(kit) as asked:
        receipt = await submit(kit, asked)
        more = replace(asked, attachments=(kit.document("later.pdf"),))
        async with kit.portal(SLUG) as portal:
            assert isinstance(portal, AuthorizationManager)
            await portal.add_documents(more, receipt.reference_no)
            with pytest.raises(DocumentRefused):
                await portal.add_documents(replace(asked, attachments=(kit.document("later.exe"),)), receipt.reference_no)
    (accepted,) = kit.accepted()
    assert [Path(file["name"]).name for file in accepted["attachments"]] == ["later.pdf"]


async def test_many_patients_are_listed_by_provider_at_once(kit: Kit) -> None:
    async with kit.portal(SLUG) as portal:
        for number in range(40, 43):
            await portal.submit(PROFILE.request(kit, number), Gate())
        listed = await portal.list_cases(today() - timedelta(days=1))
    assert {case.member_id for case in listed} == {row["member_id"] for row in kit.accepted()}
    assert len(listed) == 3


# --- the follow-up of an admission ------------------------------------------------------------------------------------


def discharge(kit: Kit, **changes: Any) -> AuthRequest:
    told = {"discharge_date": today().isoformat(), "disposition": "home"}
    return admission(kit, request_id="REQ-D", certification=Certification.REVISED, answers=told, **changes)


@pytest.mark.parametrize("skin", ["1", "2"])
async def test_a_discharge_comes_onto_its_admission_once(kit: Kit) -> None:
    kit.world.skin(SLUG, kit.skin)
    first = await submit(kit, admission(kit))
    receipt = await submit(kit, discharge(kit))
    assert receipt.reference_no == first.reference_no
    assert not receipt.adopted
    again = await submit(kit, discharge(kit))
    assert again.adopted
    assert len(kit.accepted()) == 1


async def test_a_discharge_without_an_admission_on_file_is_a_persons(kit: Kit) -> None:
    assert type(await stopped(kit, discharge(kit))) is NoBaseCase
