"""Optum Pro and One Healthcare ID in a real browser: what only this portal has, and how each of its troubles ends.

What holds of every portal stands in `test_every_portal`.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from kit import Gate, Kit, today
from msgspec.structs import replace
from profiles.optum_pro import PROFILE

from bots.errors import (
    AccountIncomplete,
    AnswerMissing,
    AttestationMissing,
    BotError,
    CodeNeeded,
    DocumentRefused,
    KnownRejection,
    ListCutOff,
    MemberNotFound,
    NotConfigured,
    NotListed,
    PasswordRejected,
    PortalDown,
    ProviderNotFound,
    RoutedAway,
    TermsChanged,
    TooLong,
)
from bots.model import AuthRequest, Certification, Member, Provider, RequestKind, ServiceCategory, Status, UnitType, Urgency
from bots.page import PageView
from bots.portal import Portal
from bots.vault import password_name

pytestmark = pytest.mark.browser
SLUG = "optum_pro"
ACCOUNT = "op-desk1"
TODAY = today()
START = TODAY + timedelta(days=3)


def ask(kit: Kit, number: int = 40, **changes: Any) -> AuthRequest:
    return PROFILE.request(kit, number, **changes)


def provider(kit: Kit, kind: str, *, listed: bool = True) -> Provider:
    row = next(p for p in kit.world.truth("providers") if p["cmap"] is listed and (not kind or p["kind"] == kind))
    return Provider(name=row["last_name"], npi=row["npi"])


async def submitted(portal: Portal, request: AuthRequest) -> str:
    receipt = (await portal.submit(request, Gate())).receipt
    assert receipt is not None
    return receipt.reference_no


async def stopped(kit: Kit, portal: Portal, request: AuthRequest) -> BotError:
    """What a submission raises that must not get as far as the commit; nothing was sent, and no draft was left behind."""
    gate = Gate()
    with pytest.raises(BotError) as caught:
        await portal.submit(request, gate)
    kit.world.clear_faults()
    await portal.list_cases(TODAY)
    await portal.view.goto("home")
    assert await portal.view.table("drafts") == []
    assert gate.steps == []
    assert kit.accepted() == []
    return caught.value


# --- One Healthcare ID ------------------------------------------------------------------------------------------------


async def test_an_account_may_be_an_e_mail_address(kit: Kit) -> None:
    """Another choice in the drop-down brings another, empty box."""
    name = f"{ACCOUNT}@practice.example"
    kit.vault.set(password_name(SLUG, name), kit.world.account(SLUG, ACCOUNT)[1])
    async with kit.factory() as factory, factory.open(SLUG, name) as portal:
        await portal.list_cases(TODAY)
    assert kit.logins(SLUG) == [("login", "ok"), ("logout", "You have signed out.")]


async def test_a_name_that_nobody_has_is_told_before_a_password_is_typed(kit: Kit) -> None:
    kit.vault.set(password_name(SLUG, "op-nobody"), "Synthetic$1")
    async with kit.factory() as factory, factory.open(SLUG, "op-nobody") as portal:
        with pytest.raises(NotConfigured, match="does not know"):
            await portal.list_cases(TODAY)
    assert kit.logins(SLUG) == []
    assert kit.passwords.events == [("trying", "op-nobody"), ("unjudged", "op-nobody")]


async def test_what_was_said_of_the_old_password_is_no_answer_to_the_new_one(kit: Kit) -> None:
    """After a change that was cut off: the first password is wrong, its words stay on the page, and the second is right."""
    right = kit.world.account(SLUG, ACCOUNT)[1]
    kit.vault.set(password_name(SLUG, ACCOUNT), "Not$The1Right")
    async with kit.factory() as factory, factory.open(SLUG, ACCOUNT) as portal:
        assert isinstance(portal, Portal)
        kit.vault.set(portal.session.passwords.kept._pending, right)
        await portal.list_cases(TODAY)
        assert portal.session.passwords.kept.pending is None
    assert [reason for what, reason in kit.logins(SLUG) if what == "login"] == ["wrong", "ok"]
    assert kit.passwords.events == [("trying", ACCOUNT), ("rejected", ACCOUNT), ("trying", ACCOUNT), ("accepted", ACCOUNT)]


async def test_two_wrong_passwords_are_two_rejections(kit: Kit) -> None:
    """The second time the same words are told anew."""
    kit.vault.set(password_name(SLUG, ACCOUNT), "Not$The1Right")
    async with kit.factory() as factory, factory.open(SLUG, ACCOUNT) as portal:
        assert isinstance(portal, Portal)
        kit.vault.set(portal.session.passwords.kept._pending, "Nor$This1Either")
        with pytest.raises(PasswordRejected):
            await portal.list_cases(TODAY)
    assert [reason for what, reason in kit.logins(SLUG) if what == "login"] == ["wrong", "wrong"]


async def test_the_page_of_ways_comes_only_every_second_time(kit: Kit) -> None:
    kit.world.change_account(SLUG, ACCOUNT, second_factor="totp")
    kit.give_codes()
    for signed_in in (1, 2):
        async with kit.portal(SLUG) as portal:
            await portal.list_cases(TODAY)
        assert kit.codes.asked == signed_in
        kit.world.advance(1 / 60)
    assert [r["path"] for r in kit.world.truth("responses")["rows"]].count("/oneapp/api/v1/auth/method") == 1


@pytest.mark.parametrize(
    ("where", "error"), [("consent", TermsChanged), ("step_up", AccountIncomplete), ("question", CodeNeeded)]
)
async def test_Q19_what_only_the_owner_can_give_is_a_persons(kit: Kit, where: str, error: type[BotError]) -> None:
    kit.world.fault(SLUG, "Q19", where=where)
    async with kit.portal(SLUG) as portal:
        with pytest.raises(error):
            await portal.list_cases(TODAY)
    assert kit.sessions(SLUG) == []


async def test_a_password_that_was_turned_away_unread_may_be_tried_again(kit: Kit) -> None:
    """The application itself says that its server was too busy; its document is an ordinary one."""

    async def busy(view: PageView) -> None:
        if view.here == "password":
            kit.world.fault(SLUG, "http_503", where="login", times=1)

    async with kit.portal(SLUG) as portal:
        portal.session.watch(busy)
        with pytest.raises(PortalDown, match="too busy"):
            await portal.list_cases(TODAY)
        portal.session.watch(None)
        await portal.list_cases(TODAY)
    tries = [("trying", ACCOUNT), ("unjudged", ACCOUNT), ("trying", ACCOUNT), ("accepted", ACCOUNT)]
    assert kit.passwords.events == tries
    assert kit.logins(SLUG) == [("login", "ok"), ("logout", "You have signed out.")]


# --- the patient ------------------------------------------------------------------------------------------------------


async def test_nobody_found_is_asked_once_more_and_then_believed(kit: Kit) -> None:
    async with kit.portal(SLUG) as portal:
        kit.world.fault(SLUG, "false_miss")
        await submitted(portal, ask(kit))
    assert len(kit.accepted()) == 1


async def test_a_patient_whom_two_searches_do_not_find_is_not_there(kit: Kit) -> None:
    async with kit.portal(SLUG) as portal:
        kit.world.fault(SLUG, "false_miss", times=2)
        assert isinstance(await stopped(kit, portal, ask(kit)), MemberNotFound)


async def test_a_patient_whose_doctor_is_elsewhere_is_sent_to_carepartners(kit: Kit) -> None:
    async with kit.portal(SLUG) as portal:
        told = await stopped(kit, portal, ask(kit, member=PROFILE.member(kit, "cp_plain")))
    assert isinstance(told, RoutedAway)
    assert "CarePartners" in told.sentence


# --- the request ------------------------------------------------------------------------------------------------------


async def test_every_field_of_a_large_request_arrives(kit: Kit) -> None:
    lines = tuple(
        replace(kit.line(code, START, units, modifiers=modifiers), unit_type=UnitType.UNITS)
        for code, units, modifiers in (("29881", 1, ("RT",)), ("29827", 2, ("LT", "59")))
    )
    request = ask(
        kit,
        service_category=ServiceCategory.OUTPATIENT_SURGERY,
        urgency=Urgency.URGENT,
        certification=Certification.RENEWAL,
        diagnosis_codes=("M17.11", "E11.9"),
        lines=lines,
        facility=provider(kit, "facility"),
        place_of_service="24",
        attachments=(kit.document("one.pdf"), kit.document("two.pdf")),
        notes="Two knees, one shoulder.",
    )
    async with kit.portal(SLUG) as portal:
        await submitted(portal, request)
    (accepted,) = kit.accepted()
    asked = PROFILE.truth(request)
    assert {name: accepted[name] for name in asked} == asked


async def test_one_code_may_come_twice_and_an_eleventh_line_is_too_much(kit: Kit) -> None:
    lines = tuple(kit.line("E0601", START + timedelta(days=day)) for day in range(11))
    async with kit.portal(SLUG) as portal:
        assert isinstance(await stopped(kit, portal, ask(kit, lines=lines)), KnownRejection)
        await submitted(portal, ask(kit, lines=lines[:2]))
    assert [line["code"] for line in kit.accepted()[0]["lines"]] == ["E0601", "E0601"]


async def test_C5_a_part_b_drug_is_requested_here(kit: Kit) -> None:
    line = replace(kit.line("J1745", START, 40), unit_type=UnitType.UNITS)
    async with kit.portal(SLUG) as portal:
        await submitted(portal, ask(kit, service_category=ServiceCategory.DRUG_PART_B, lines=(line,), place_of_service="11"))
    (accepted,) = kit.accepted()
    assert (accepted["family"], accepted["service_code"], accepted["units"]) == ("drug_part_b", "J1745", 40)


async def test_a_referral_takes_effect_at_once_and_its_page_looks_different(kit: Kit) -> None:
    async with kit.portal(SLUG) as portal:
        receipt = (await portal.submit(ask(kit, request_kind=RequestKind.REFERRAL), Gate())).receipt
    assert receipt is not None
    assert (receipt.status, receipt.status_raw) == (Status.APPROVED, "Approved")
    assert receipt.authorization_no.startswith("P")
    assert kit.accepted()[0]["request_kind"] == "referral"


async def test_a_servicing_provider_who_is_not_listed_is_typed_in_and_the_requesting_one_must_be_listed(kit: Kit) -> None:
    outsider = provider(kit, "", listed=False)
    async with kit.portal(SLUG) as portal:
        assert isinstance(await stopped(kit, portal, ask(kit, requesting=outsider)), ProviderNotFound)
        await submitted(portal, ask(kit, servicing=outsider))
    assert kit.accepted()[0]["servicing_npi"] == outsider.npi


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"attested_by": ""}, AttestationMissing),
        ({"place_of_service": ""}, AnswerMissing),
        ({"service_category": ServiceCategory.AMBULANCE}, NotListed),
        ({"certification": Certification.REVISED}, NotListed),
        ({"notes": "x" * 501}, TooLong),
        ({"servicing": Provider()}, KnownRejection),
    ],
    ids=["nobody attests", "no place", "not a category here", "not a certification here", "a long note", "nobody serves"],
)
async def test_what_the_portal_does_not_take_is_told_and_nothing_is_left(
    kit: Kit, changes: dict[str, Any], error: type[BotError]
) -> None:
    async with kit.portal(SLUG) as portal:
        assert isinstance(await stopped(kit, portal, ask(kit, **changes)), error)


async def test_a_type_ahead_with_nothing_or_with_fifty_rows(kit: Kit) -> None:
    async with kit.portal(SLUG) as portal:
        for fault, error in (("lookup_empty", NotListed), ("lookup_full", ListCutOff)):
            kit.world.fault(SLUG, fault, times=-1)
            assert isinstance(await stopped(kit, portal, ask(kit)), error)


async def test_Q32_a_document_that_is_refused_stops_the_request(kit: Kit) -> None:
    document = kit.document("locked.pdf")
    (kit.home / "locked.pdf").write_bytes(b"%PDF-1.4\n1 0 obj<</Encrypt 2 0 R>>endobj\n%%EOF")
    async with kit.portal(SLUG) as portal:
        assert isinstance(await stopped(kit, portal, ask(kit, attachments=(document,))), DocumentRefused)


async def test_a_survey_over_the_page_is_put_away(kit: Kit) -> None:
    """It slides over the header some time after the home page: the way out is under it."""
    async with kit.portal(SLUG) as portal:
        await portal.session.ensure()
        await portal.view.browser_page.wait_for_selector(".qsi-slider")
    assert [what for what, _ in kit.logins(SLUG)] == ["login", "logout"]


# --- what became of it ------------------------------------------------------------------------------------------------


async def test_a_denial_names_its_reason_and_the_reviewers_phone(kit: Kit) -> None:
    async with kit.portal(SLUG) as portal:
        reference_no = await submitted(portal, ask(kit))
        body = {
            "reference_no": reference_no,
            "status": "Not authorized",
            "reason": "It is not covered.",
            "approved": [0],
        }
        kit.world.truth("decide", body)
        reading = await portal.read_case(reference_no)
    assert reading.status is Status.DENIED
    assert reading.status_reason == "It is not covered.; reviewer's phone 1-888-555-0134"


async def test_line_items_tell_what_a_partial_approval_grants(kit: Kit) -> None:
    lines = (kit.line("E0601", START, 4), kit.line("E0143", START, 2))
    async with kit.portal(SLUG) as portal:
        reference_no = await submitted(portal, ask(kit, lines=lines))
        body = {"reference_no": reference_no, "status": "Partially authorized", "approved": [4, 1], "authorized": True}
        kit.world.truth("decide", body)
        reading = await portal.read_case(reference_no)
    assert reading.status is Status.PARTIALLY_APPROVED
    assert [line.units_approved for line in reading.lines] == [Decimal(4), Decimal(1)]
    assert reading.authorization_no.startswith("P")


async def test_the_list_lags_until_the_night_and_says_at_once_that_something_changed(kit: Kit) -> None:
    async with kit.portal(SLUG) as portal:
        reference_no = await submitted(portal, ask(kit))
        (before,) = await portal.list_cases(TODAY)
        kit.world.advance(1 / 60)
        kit.world.truth("decide", {"reference_no": reference_no, "status": "Authorized", "approved": [1]})
        (after,) = await portal.list_cases(TODAY)
        reading = await portal.read_case(reference_no)
    assert (before.status, after.status) == (Status.PENDED_REVIEW, Status.PENDED_REVIEW)
    assert before.updated != after.updated
    assert reading.status is Status.APPROVED


async def test_a_case_older_than_the_lists_own_thirty_days_is_found(kit: Kit) -> None:
    async with kit.portal(SLUG) as portal:
        reference_no = await submitted(portal, ask(kit))
    kit.world.advance(24 * 40)
    kit.now = lambda: datetime.now(UTC) + timedelta(days=40)
    async with kit.portal(SLUG) as portal:
        (found,) = await portal.find_existing(ask(kit))
    assert found.reference_no == reference_no


async def test_a_member_of_another_name_with_the_same_birth_date_is_never_taken(kit: Kit) -> None:
    first, second = kit.members("cp_apn_twin")
    member = Member(id=second["id"], dob=date.fromisoformat(first["dob"]))
    async with kit.portal(SLUG) as portal:
        await submitted(portal, ask(kit, member=member))
    assert kit.accepted()[0]["member_id"] == second["id"]


async def test_a_thousand_open_cases_are_ten_pages_of_the_list_and_the_cases_that_changed(kit: Kit) -> None:
    async with kit.portal(SLUG) as portal:
        first = await submitted(portal, ask(kit))
        others = kit.world.truth("copies", {"reference_no": first, "count": 999})
        before = {case.reference_no: case.updated for case in await portal.list_cases(TODAY)}
        kit.world.advance(1 / 60)
        for reference_no in others[::200]:
            kit.world.truth("decide", {"reference_no": reference_no, "status": "Authorized", "approved": [1]})
        answered = kit.world.truth("responses")["total"]
        after = await portal.list_cases(TODAY)
        loads = kit.world.truth("responses")["total"] - answered
    assert len(before) == 1000
    assert {case.reference_no for case in after if case.updated != before[case.reference_no]} == set(others[::200])
    assert loads * 20 <= 1000, "twenty times fewer than a look at each case"
