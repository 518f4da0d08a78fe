"""Clear Coverage in a real browser against its simulated portal: what is its own (`test_every_portal` has the rest)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from kit import Gate, Kit, today

from bots.errors import (
    AccountInUse,
    AnswerMissing,
    BotError,
    DocumentRefused,
    KnownRejection,
    NotListed,
    PartlyOnFile,
    PortalDown,
    ProviderNotFound,
    SeveralMatches,
)
from bots.model import Contact, Provider, ServiceCategory, Urgency

pytestmark = pytest.mark.browser
SLUG = "clear_coverage"
TODAY = today()


# --- signing in -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["Q01", "outage_banner"])
async def test_an_outage_is_told_before_a_password_is_typed(kit: Kit, fault: str) -> None:
    kit.world.fault(SLUG, fault)
    async with kit.portal(SLUG) as portal:
        with pytest.raises(PortalDown):
            await portal.list_cases(TODAY)
    assert kit.passwords.events == []


async def test_somebody_elses_session_is_left_alone(kit: Kit) -> None:
    async with kit.portal(SLUG) as first:
        await first.list_cases(TODAY)
        other = Kit(kit.world, kit.home, kit.browser)
        other.evidence.drop_state(SLUG, "cc-desk1")
        async with other.portal(SLUG) as second:
            with pytest.raises(AccountInUse):
                await second.list_cases(TODAY)
        await first.list_cases(TODAY)


# --- finding ----------------------------------------------------------------------------------------------------------


async def draft_error(kit: Kit, **changes: Any) -> BotError:
    """What a submission that cannot be drafted raises; nothing may have been journalled or sent."""
    gate = Gate()
    async with kit.portal(SLUG) as portal:
        with pytest.raises(BotError) as caught:
            await portal.submit(kit.request(**changes), gate)
    assert gate.steps == []
    assert kit.accepted() == []
    return caught.value


async def test_H11_a_provider_is_told_apart_by_npi(kit: Kit) -> None:
    same_name = [p for p in kit.world.truth("providers") if "shared_name" in p["tags"] and p["last_name"] == "Testmaple"]
    assert len(same_name) == 3
    for number, provider in enumerate(same_name):
        request = kit.request(50 + number, requesting=Provider(name=provider["last_name"], npi=provider["npi"]))
        async with kit.portal(SLUG) as portal:
            result = await portal.submit(request, Gate(), dry_run=True)
        assert result.shown is not None
        assert result.shown.fields["requesting_npi"] == provider["npi"]


async def test_H11_a_provider_who_is_not_listed_goes_to_a_person(kit: Kit) -> None:
    assert isinstance(await draft_error(kit, requesting=Provider(name="Testmaple", npi="1900000013")), ProviderNotFound)
    assert isinstance(await draft_error(kit, requesting=Provider(name="Nobodyofthatname", npi="1900000013")), ProviderNotFound)


@pytest.mark.parametrize("days", [5, 6])
async def test_H9_five_days_back_are_taken_and_six_refused(kit: Kit, days: int) -> None:
    today = date.fromisoformat(kit.world.truth("clock")["now"][:10]) if days == 6 else TODAY
    request = kit.request(lines=(kit.line("E0601", today - timedelta(days=days + (1 if days == 6 else -1))),))
    gate = Gate()
    async with kit.portal(SLUG) as portal:
        if days == 5:
            assert (await portal.submit(request, gate)).receipt is not None
            return
        with pytest.raises(KnownRejection, match="known_rejection"):
            await portal.submit(request, gate)
    assert gate.steps == []


async def test_codes_that_the_portal_does_not_know_are_named_by_field(kit: Kit) -> None:
    error = await draft_error(kit, diagnosis_codes=("E11.98",))
    assert isinstance(error, NotListed)
    assert error.details["what"] == "diagnosis"
    assert isinstance(await draft_error(kit, lines=(kit.line("E0699", TODAY),)), NotListed)


async def test_a_question_without_an_answer_stops_before_anything_is_sent(kit: Kit) -> None:
    error = await draft_error(kit, answers={"dme_order_signed": "yes"})
    assert isinstance(error, AnswerMissing)
    assert error.details["question"] == "dme_home_use"


async def test_a_missing_or_refused_document_is_named(kit: Kit) -> None:
    assert isinstance(await draft_error(kit, attachments=()), DocumentRefused)
    empty = kit.document("empty.pdf")
    (kit.home / "empty.pdf").write_bytes(b"")
    assert isinstance(await draft_error(kit, attachments=(empty,)), DocumentRefused)


async def test_an_elective_admission_is_for_the_fax(kit: Kit) -> None:
    error = await draft_error(kit, service_category=ServiceCategory.INPATIENT, urgency=Urgency.STANDARD)
    assert error.code == "portal_says_fax"


# --- submitting -------------------------------------------------------------------------------------------------------


async def test_a_request_is_submitted_once_with_every_field_as_asked(kit: Kit) -> None:
    start = TODAY + timedelta(days=2)
    lines = (kit.line("E0601", start, 1, modifiers=("RR", "KX")), kit.line("A7030", start, 2))[:1]
    request = kit.request(lines=lines, diagnosis_codes=("E11.9", "I10"), notes="Synthetic; for a test only")
    gate = Gate()
    async with kit.portal(SLUG) as portal:
        result = await portal.submit(request, gate)
    assert gate.steps == ["intent", "receipt"]
    receipt = result.receipt
    assert receipt is not None
    assert gate.kept == receipt
    (accepted,) = kit.accepted()
    assert accepted["reference_no"] == receipt.reference_no
    assert accepted["our_reference"] == request.request_id
    assert accepted["member_id"] == request.member.id
    assert accepted["service_code"] == "E0601"
    page = kit.evidence.read(kit.evidence.find("receipt", receipt.evidence)[0]).decode()
    assert receipt.reference_no in page


async def test_a_dry_run_shows_and_sends_nothing(kit: Kit) -> None:
    gate = Gate()
    async with kit.portal(SLUG) as portal:
        result = await portal.submit(kit.request(), gate, dry_run=True)
    assert result.shown is not None
    assert result.shown.fields["member_id"] == kit.request().member.id
    assert gate.steps == []
    assert kit.accepted() == []


async def test_Q30_the_same_code_and_dates_under_another_reference_are_adopted(kit: Kit) -> None:
    kit.world.fault(SLUG, "Q30")
    async with kit.portal(SLUG) as portal:
        first = await portal.submit(kit.request(), Gate())
        second = await portal.submit(kit.request(request_id="KEYED-BY-HAND"), Gate())
    assert second.receipt is not None
    assert first.receipt is not None
    assert second.receipt.adopted
    assert second.receipt.reference_no == first.receipt.reference_no


async def test_a_part_on_file_goes_to_a_person(kit: Kit) -> None:
    start = TODAY + timedelta(days=3)
    async with kit.portal(SLUG) as portal:
        await portal.submit(kit.request(), Gate())
        more = kit.request(request_id="MORE", lines=(kit.line("E0601", start), kit.line("E0570", start)))
        with pytest.raises(PartlyOnFile):
            await portal.submit(more, Gate())
    assert len(kit.accepted()) == 1


async def test_several_on_file_go_to_a_person(kit: Kit) -> None:
    start = TODAY + timedelta(days=3)
    async with kit.portal(SLUG) as portal:
        await portal.submit(kit.request(lines=(kit.line("E0601", start),)), Gate())
        await portal.submit(kit.request(request_id="TWO", lines=(kit.line("E0570", start),)), Gate())
        both = kit.request(request_id="BOTH", lines=(kit.line("E0601", start), kit.line("E0570", start)))
        with pytest.raises(SeveralMatches):
            await portal.submit(both, Gate())


@pytest.mark.parametrize("where", ["request", "medical", "review"])
async def test_a_session_lost_before_the_commit_is_taken_up_once(kit: Kit, where: str) -> None:
    kit.world.fault(SLUG, "session_lost", where=where)
    gate = Gate()
    async with kit.portal(SLUG) as portal:
        result = await portal.submit(kit.request(), gate)
    assert result.receipt is not None
    assert gate.steps == ["intent", "receipt"]
    assert len(kit.accepted()) == 1


@pytest.mark.parametrize("where", ["search", "member", "clinical", "review"])
async def test_a_server_error_before_the_commit_sends_nothing(kit: Kit, where: str) -> None:
    kit.world.fault(SLUG, "http_503", where=where)
    gate = Gate()
    async with kit.portal(SLUG) as portal:
        with pytest.raises(PortalDown):
            await portal.submit(kit.request(), gate)
    assert gate.steps == []
    assert kit.accepted() == []


async def test_a_refusal_that_comes_after_the_click_is_known_and_not_uncertain(kit: Kit) -> None:
    """The portal's day ends between the read-back and the click, and the first day is then too far back (H9)."""
    desk_day = date.fromisoformat(kit.world.truth("clock")["today"])
    kit.world.truth("clock", {"now": f"{desk_day}T23:50:00"})

    class Midnight(Gate):
        async def intent(self, shown: Any) -> None:
            await super().intent(shown)
            kit.world.advance(0.25)

    gate = Midnight()
    async with kit.portal(SLUG) as portal:
        with pytest.raises(KnownRejection):
            await portal.submit(kit.request(lines=(kit.line("E0601", desk_day - timedelta(days=5)),)), gate)
    assert gate.steps == ["intent"]
    assert kit.accepted() == []


async def test_a_gate_that_refuses_stops_the_click(kit: Kit) -> None:
    class Refusing(Gate):
        async def intent(self, shown: Any) -> None:
            raise RuntimeError("the seat was lost")

    async with kit.portal(SLUG) as portal:
        with pytest.raises(RuntimeError, match="seat"):
            await portal.submit(kit.request(), Refusing())
    assert kit.accepted() == []


# --- reading ----------------------------------------------------------------------------------------------------------


async def test_the_list_is_read_over_all_its_pages(kit: Kit) -> None:
    async with kit.portal(SLUG) as portal:
        cases = await portal.list_cases(TODAY - timedelta(days=3650))
    assert len(cases) > 50
    assert len({case.reference_no for case in cases}) == len(cases)


async def test_a_contact_phone_in_another_form_is_refused_in_the_portals_words(kit: Kit) -> None:
    error = await draft_error(kit, contact=Contact(name="Front Desk", phone="8605550100"))
    assert isinstance(error, KnownRejection)
