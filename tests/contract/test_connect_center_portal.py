"""ConnectCenter: coverage and limits as its payers tell them. What every portal must do stands in `test_every_portal`."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from kit import Kit, today
from msgspec.structs import replace
from profiles.connect_center import PROFILE, visits

from bots.eligibility import Eligibility
from bots.errors import AccessNotGranted, BotError, NotAnswered, NotListed, PageChanged, PortalDown
from bots.model import AuthRequest, Member, ServiceCategory
from fixtures.plans import PlanMember, bcbsma_members
from fixtures.portals.connect_center.benefits import claims_elsewhere

pytestmark = pytest.mark.browser

SLUG = "connect_center"


async def told(kit: Kit, *asked: AuthRequest) -> list[Eligibility]:
    async with kit.portal(SLUG) as portal:
        return [await portal.ask_eligibility(each) for each in asked]


async def refused(kit: Kit, asked: AuthRequest, account: str = "") -> BotError:
    async with kit.portal(SLUG, account) as portal:
        with pytest.raises(BotError) as caught:
            await portal.ask_eligibility(asked)
    assert kit.sessions(SLUG) == []
    return caught.value


def of(kit: Kit, who: PlanMember) -> AuthRequest:
    """For a member as the card names them."""
    row = {**next(row for row in kit.members("bcbsma") if row["id"] == who.id), "id": who.card_id}
    return PROFILE.request(kit, **PROFILE.of(row))


def on(asked: AuthRequest, day: date) -> AuthRequest:
    return replace(asked, lines=(replace(visits(), from_date=day, to_date=day + timedelta(days=30)),))


async def test_limits_are_read_by_what_their_rows_say_because_their_order_is_lost_on_the_way_back(kit: Kit) -> None:
    """Of two services in two networks the two rows of this service count, in whatever place they stand."""
    people = [
        m for m in bcbsma_members()[10:60] if claims_elsewhere(m, "Physical Therapy") != claims_elsewhere(m, "Chiropractic")
    ]
    for said, who in zip(await told(kit, *(of(kit, who) for who in people[:2])), people[:2], strict=True):
        inside, outside = said.limits
        used = claims_elsewhere(who, "Physical Therapy")
        assert (inside.in_network, inside.limit, inside.used, inside.remaining) == (True, 60, used, 60 - used)
        assert (outside.in_network, outside.used, outside.remaining) == (False, 0, 60)
        assert (inside.unit, inside.period, said.copay, said.authorization_raw) == ("Visits", "Calendar Year", "$30.00", "Yes")


async def test_each_line_of_business_is_asked_at_its_own_payer_by_the_id_without_what_only_the_card_shows(kit: Kit) -> None:
    people = [bcbsma_members()[place] for place in (50, 105, 120, 130, 140)]
    said = await told(kit, *(of(kit, who) for who in people))
    assert [each.plan for each in said] == [who.coverage_word for who in people]
    assert [each.limits[0].limit for each in said] == [60, 75, 60, 60, 60]


async def test_a_service_without_limits_has_none(kit: Kit) -> None:
    equipment = kit.request(**PROFILE.of(kit.members("bc_plain")[40]))
    (said,) = await told(kit, equipment)
    assert (said.is_active, said.limits, len(said.evidence)) == (True, (), 1)


async def test_coverage_that_begins_later_is_told_with_its_first_day(kit: Kit) -> None:
    later = PROFILE.request(kit, **PROFILE.of(kit.members("bc_future")[0]))
    (said,) = await told(kit, later)
    assert (said.is_active, said.status_raw, said.to_date) == (False, "Future Coverage", None)
    assert said.from_date is not None
    assert said.from_date > later.from_date


async def test_for_a_day_that_is_too_far_away_today_is_asked_about_and_the_answer_says_so(kit: Kit) -> None:
    far, near = on(PROFILE.request(kit), today() + timedelta(days=90)), PROFILE.request(kit)
    said = await told(kit, far, near)
    assert [each.service_date for each in said] == [today(), near.from_date]


async def test_a_service_that_nobody_answers_for_or_that_is_not_on_the_list_is_told(kit: Kit) -> None:
    asked = PROFILE.request(kit)
    drug = await refused(kit, replace(asked, service_category=ServiceCategory.DRUG_PART_D))
    assert type(drug) is NotAnswered
    assert type(await refused(kit, replace(asked, service_category=ServiceCategory.DRUG_PART_B))) is NotListed


async def test_a_payer_that_is_silent_is_an_outage_of_the_moment(kit: Kit) -> None:
    kit.world.fault(SLUG, "payer_silent")
    assert type(await refused(kit, PROFILE.request(kit))) is PortalDown
    assert (await told(kit, PROFILE.request(kit)))[0].is_active


async def test_Q21_a_tool_that_the_administrator_has_not_opened_is_told_by_name(kit: Kit) -> None:
    assert type(await refused(kit, PROFILE.request(kit), "cn-noaccess")) is AccessNotGranted


async def test_a_word_for_the_coverage_that_nobody_knows_is_never_guessed(kit: Kit) -> None:
    kit.world.fault(SLUG, "unknown_status_word")
    assert type(await refused(kit, PROFILE.request(kit))) is PageChanged


async def test_a_session_that_is_lost_in_the_middle_is_taken_up_once(kit: Kit) -> None:
    kit.world.fault(SLUG, "session_lost", where="limit")
    assert len((await told(kit, PROFILE.request(kit)))[0].limits) == 2


async def test_names_of_one_member_are_not_left_for_the_next(kit: Kit) -> None:
    named = PROFILE.request(kit)
    row = kit.members("bc_plain")[41]
    unnamed = replace(named, member=Member(id=row["id"], dob=date.fromisoformat(row["dob"])))
    assert [each.is_active for each in await told(kit, named, unnamed)] == [True, True]
