"""What only BlueCard does: the prefix leads to the home plan, and the plan decides what can be done there."""

from __future__ import annotations

from typing import Any

import pytest
from kit import Gate, Kit
from msgspec.structs import replace
from profiles.bluecard import PROFILE, member

from bots.errors import (
    Action,
    BotError,
    DocumentRefused,
    KnownRejection,
    MemberNotFound,
    NotListed,
    NotRequiredHere,
    PlanNotFound,
    PortalSaysPhone,
    ProviderNotFound,
    TooLong,
)
from bots.model import Attachment, AuthRequest, Certification, Contact, Member, Provider, RequestKind, Urgency
from fixtures.portals.bluecard.plans import PHONE_PLAN, PLANS
from fixtures.web import SKINS

pytestmark = pytest.mark.browser


@pytest.fixture(params=SKINS, ids=lambda skin: f"skin{skin}")
def skin(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(autouse=True)
def worn(kit: Kit, skin: str) -> None:
    kit.world.skin(PROFILE.slug, skin)


first_skin = pytest.mark.parametrize("skin", SKINS[:1], ids=lambda skin: f"skin{skin}")


async def stopped(kit: Kit, request: AuthRequest) -> BotError:
    """Nothing was journalled and nothing sent."""
    gate = Gate()
    async with kit.portal(PROFILE.slug) as portal:
        with pytest.raises(BotError) as caught:
            await portal.submit(request, gate)
    assert (gate.steps, kit.accepted()) == ([], [])
    return caught.value


@pytest.mark.parametrize("prefix", sorted(prefix for prefix, plan in PLANS.items() if not plan.phone))
@first_skin
async def test_B1_each_prefix_leads_to_its_plan_and_the_id_goes_there_whole(kit: Kit, prefix: str) -> None:
    row = next(row for row in kit.members("bluecard_plain") if row["id"].startswith(prefix))
    async with kit.portal(PROFILE.slug) as portal:
        await portal.submit(PROFILE.request(kit, member=member(row)), Gate())
    assert [taken["member_id"] for taken in kit.accepted()] == [row["id"]]


async def test_Q25_a_plan_that_only_gives_a_number_is_phoned(kit: Kit) -> None:
    error = await stopped(kit, PROFILE.request(kit, member=member(kit.members("bluecard_phone")[0])))
    assert isinstance(error, PortalSaysPhone)
    assert error.action is Action.FALLBACK
    assert PHONE_PLAN.phone in error.sentence


async def test_Q25_a_prefix_that_nobody_knows_is_told_in_one_sentence(kit: Kit) -> None:
    request = PROFILE.request(kit)
    unknown = Member(id="ZZZ" + request.member.id[3:], dob=request.member.dob)
    error = await stopped(kit, replace(request, member=unknown))
    assert isinstance(error, PlanNotFound)
    assert error.action is Action.FIX_REQUEST
    assert unknown.id not in error.sentence


async def test_an_id_of_another_plan_or_without_its_prefix_finds_nobody(kit: Kit) -> None:
    request = PROFILE.request(kit)
    other = "DMO" if request.member.id.startswith("D4X") else "D4X"
    assert (
        type(await stopped(kit, replace(request, member=replace(request.member, id=other + request.member.id[3:]))))
        is MemberNotFound
    )


@first_skin
@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"requesting": Provider(name="Mockcedar", npi="1999999984")}, ProviderNotFound),
        ({"certification": Certification.EXTENSION}, NotListed),
        ({"request_kind": RequestKind.REFERRAL}, NotListed),
        ({"diagnosis_codes": ("E11.9", "I10", "M54.50", "A41.9")}, NotListed),
        ({"diagnosis_codes": ("Z99.99",)}, KnownRejection),
        ({"servicing": Provider()}, KnownRejection),
        ({"contact": Contact(name="Front Desk", phone="8605550100")}, KnownRejection),
        ({"notes": "x" * 301}, TooLong),
        ({"lines": "A4450"}, NotRequiredHere),
        ({"lines": "five"}, NotListed),
        ({"attachments": "a.txt"}, DocumentRefused),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
async def test_what_cannot_be_entered_as_it_stands_is_told(kit: Kit, change: dict[str, Any], error: type[BotError]) -> None:
    request = PROFILE.request(kit)
    first = request.lines[0]
    if change.get("lines") == "A4450":
        change = {"lines": (replace(first, service_code="A4450"),)}
    elif change.get("lines") == "five":
        change = {"lines": (first,) * 5}
    elif change.get("attachments"):
        (kit.home / "a.txt").write_bytes(b"x")
        change = {"attachments": (Attachment(path=str(kit.home / "a.txt"), sha256="", size=1),)}
    assert type(await stopped(kit, replace(request, **change))) is error


async def test_an_urgent_request_without_documents_is_taken_as_asked(kit: Kit) -> None:
    request = PROFILE.request(kit, urgency=Urgency.EMERGENT, attachments=())
    async with kit.portal(PROFILE.slug) as portal:
        receipt = (await portal.submit(request, Gate())).receipt
        assert receipt is not None
        kit.world.truth(
            "decide",
            {"reference_no": receipt.reference_no, "status": "Authorized", "line_status": "Authorized", "approved": [1, 2]},
        )
        reading = await portal.read_case(receipt.reference_no, request.member)
    (taken,) = kit.accepted()
    assert (taken["priority"], taken["attachments"]) == ("urgent", [])
    assert [(line.service_code, line.units_approved) for line in reading.lines] == [("E0601", 1), ("E0470", 2)]
    assert reading.authorization_no
