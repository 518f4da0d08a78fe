"""Rows of the table "Q01 to Q35" (`fixtures/README.md`) that more than one portal shows: drafts that expire, a button that wakes
up late, headers that lie, another layout, a new tab without the session. The others stand in the tests of their portals."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
from kit import Gate, Kit, Profile, today
from profiles.promptpa import PROFILE as PROMPTPA

from bots.errors import BotError, DraftExpired, PageChanged, SessionLost, Uncertain
from bots.model import Status
from bots.pagemap import load_pagemap
from bots.portal import Portal
from bots.registry import PORTALS

pytestmark = pytest.mark.browser

TOOLS = ("carepartners", "authorization_manager")


def says_what_became_of_each_line(slug: str) -> bool:
    case = load_pagemap(slug).pages.get("case")
    return case is not None and "status" in case.tables["lines"].columns


ITEMIZED = [slug for slug in PORTALS if says_what_became_of_each_line(slug)]
"""Where there is nothing but a header, nothing corrects it."""
either_skin = pytest.mark.parametrize("skin", ["1", "2"])


@pytest.fixture
def profile_of(kit: Kit) -> Callable[[str], Profile]:
    def found(slug: str) -> Profile:
        kit.world.skin(slug, kit.skin)
        profile: Profile = import_module(f"profiles.{slug}").PROFILE
        return profile

    return found


async def stopped(kit: Kit, portal: Portal, request: Any) -> BotError:
    """What a submission raises that must not get as far as the commit."""
    gate, before = Gate(), kit.accepted()
    with pytest.raises(BotError) as caught:
        await portal.submit(request, gate)
    assert (gate.steps, kit.accepted()) == ([], before)
    return caught.value


async def submitted_once(kit: Kit, portal: Portal, request: Any) -> str:
    receipt = (await portal.submit(request, Gate())).receipt
    assert receipt is not None
    assert [row["reference_no"] for row in kit.accepted()] == [receipt.reference_no]
    return receipt.reference_no


async def drafts_left(portal: Portal) -> int:
    """On the tool's list of what was begun and not submitted."""
    await portal.list_cases(today())
    await portal.view.press("requests")
    return len(await portal.view.table("drafts"))


# --- drafts -----------------------------------------------------------------------------------------------------------


@either_skin
@pytest.mark.parametrize("slug", TOOLS)
async def test_Q28_a_draft_that_expires_under_the_hands_is_entered_anew_once(
    kit: Kit, slug: str, profile_of: Callable[[str], Profile]
) -> None:
    request = profile_of(slug).request(kit)
    async with kit.portal(slug) as portal:
        kit.world.fault(slug, "Q28", where="documents", times=2)
        assert type(await stopped(kit, portal, request)) is DraftExpired
        kit.world.fault(slug, "Q28", where="documents")
        await submitted_once(kit, portal, request)
        assert await drafts_left(portal) == 0


async def test_Q28_a_draft_that_expires_at_the_commit_was_not_accepted_and_is_looked_up_all_the_same(
    kit: Kit, profile_of: Callable[[str], Profile]
) -> None:
    request, gate = profile_of("carepartners").request(kit), Gate()
    async with kit.portal("carepartners") as portal:
        kit.world.fault("carepartners", "Q28", where="submit")
        with pytest.raises(Uncertain):
            await portal.submit(request, gate)
        assert (gate.steps, kit.accepted()) == (["intent"], [])
        assert await portal.find_existing(request) == ()


@pytest.mark.parametrize("hours", [0, 97])
async def test_Q28_a_draft_left_behind_is_thrown_away_and_one_that_has_expired_is_not_missed(
    kit: Kit, profile_of: Callable[[str], Profile], hours: int
) -> None:
    request = profile_of("carepartners").request(kit)
    async with kit.portal("carepartners") as portal:
        kit.world.fault("carepartners", "session_lost", where="documents", times=2)
        assert type(await stopped(kit, portal, request)) is SessionLost
        assert await drafts_left(portal) == 1
        kit.world.advance(hours)
        await submitted_once(kit, portal, request)
        assert await drafts_left(portal) == 0


# --- the review page --------------------------------------------------------------------------------------------------


@either_skin
@pytest.mark.parametrize("slug", TOOLS)
async def test_Q29_a_submit_button_that_wakes_up_late_is_waited_for(
    kit: Kit, slug: str, profile_of: Callable[[str], Profile]
) -> None:
    kit.world.fault(slug, "Q29", ms=1200)
    async with kit.portal(slug) as portal:
        await submitted_once(kit, portal, profile_of(slug).request(kit))


async def test_Q29_one_that_stays_inactive_stops_before_anything_is_journalled(
    kit: Kit, profile_of: Callable[[str], Profile]
) -> None:
    kit.world.fault("carepartners", "Q29", ms=600_000)
    async with kit.portal("carepartners") as portal:
        error = await stopped(kit, portal, profile_of("carepartners").request(kit))
    assert type(error) is PageChanged
    assert (error.details["page"], error.details["key"], error.details["what"]) == ("review", "submit", "is not enabled")


@pytest.mark.parametrize(("slug", "noted"), [("carepartners", True), ("authorization_manager", False)])
async def test_Q30_what_is_on_file_is_found_by_our_own_search_whether_the_portal_mentions_it_or_not(
    kit: Kit, slug: str, profile_of: Callable[[str], Profile], noted: bool
) -> None:
    profile = profile_of(slug)
    if not noted:
        kit.world.fault(slug, "Q30")
    async with kit.portal(slug) as portal:
        reference_no = await submitted_once(kit, portal, profile.request(kit))
        other = profile.request(kit, request_id="REQ-OTHER")
        again = (await portal.submit(other, Gate())).receipt
        assert again is not None
        assert (again.adopted, again.reference_no) == (True, reference_no)
        # Only a dry run gets as far as the page that mentions it.
        await portal.submit(other, Gate(), dry_run=True)
    assert len(kit.accepted()) == 1


# --- what a case says -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("slug", ITEMIZED)
async def test_Q31_a_header_that_lies_is_corrected_by_the_lines(
    kit: Kit, slug: str, profile_of: Callable[[str], Profile]
) -> None:
    """Approved while a line is still pending; pending though the lines are decided. The portal's own word is kept beside it."""
    profile = profile_of(slug)
    request = profile.request(kit)
    words = profile.statuses
    async with kit.portal(slug) as portal:
        reference_no = await submitted_once(kit, portal, request)
        kit.world.fault(slug, "Q31")
        kit.world.truth("decide", {"reference_no": reference_no, "status": "Pended (In review)"})
        early = await portal.read_case(reference_no, request.member)
        units = [line["units"] for line in kit.accepted()[0]["lines"]]
        kit.world.truth("decide", {"reference_no": reference_no, "status": "Authorized", "approved": units})
        late = await portal.read_case(reference_no, request.member)
    assert [words.get(raw) for raw in (early.status_raw, late.status_raw)] == [Status.APPROVED, Status.PENDED_REVIEW]
    assert [early.status, late.status] == [Status.PENDED_REVIEW, Status.APPROVED]


# --- another layout, another tab --------------------------------------------------------------------------------------

IDS, LABELS = 2, 3
"""Seeds of the fault Q34: even ones give other ids, odd ones other labels."""


async def told_or_done(portal: Portal, request: Any) -> BotError | None:
    try:
        await portal.submit(request, Gate())
    except BotError as error:
        return error
    return None


@pytest.mark.parametrize(
    ("slug", "seed"),
    [
        ("carepartners", IDS),
        ("carepartners", LABELS),
        ("authorization_manager", IDS),
        ("optum_pro", LABELS),
        ("promptpa", IDS),
        ("bluecard", LABELS),
    ],
)
async def test_Q34_a_portal_that_is_laid_out_otherwise_is_used_rightly_or_told_by_page_and_part(
    kit: Kit, slug: str, profile_of: Callable[[str], Profile], seed: int
) -> None:
    profile = profile_of(slug)
    request = profile.request(kit)
    kit.world.fault(slug, "Q34", seed=seed)
    async with kit.portal(slug) as portal:
        told = await told_or_done(portal, request)
    if told is not None:
        assert (type(told), kit.accepted()) == (PageChanged, [])
        assert told.details["page"]
        assert told.details["key"]
    else:
        (accepted,) = kit.accepted()
        asked = profile.truth(request)
        assert {name: accepted[name] for name in asked} == asked
    (drift,) = kit.world.truth("faults")["active"]
    assert drift["struck"] > 0, "nothing was laid out otherwise: the test proves nothing"


@pytest.mark.parametrize("slug", TOOLS)
async def test_Q35_a_new_tab_without_the_session_is_opened_once_more_under_the_same_sign_in(
    kit: Kit, slug: str, profile_of: Callable[[str], Profile]
) -> None:
    """The session itself lives on: at CarePartners a second sign-in would close the account for fifteen minutes."""
    request = profile_of(slug).request(kit)
    async with kit.portal(slug) as portal:
        kit.world.fault(slug, "Q35")
        await submitted_once(kit, portal, request)
        kit.world.clear_faults()
        kit.world.fault(slug, "Q35", times=-1)
        assert type(await stopped(kit, portal, profile_of(slug).request(kit, 41))) is SessionLost
        kit.world.clear_faults()
    assert [what for what, _ in kit.logins(slug)] == ["login", "logout"]
    assert kit.sessions(slug) == []


async def test_Q35_a_visit_without_its_cookie_is_begun_anew(kit: Kit) -> None:
    """Where nobody signs in, the cookie is all there is."""
    kit.world.fault("promptpa", "session_lost", where="drug")
    async with kit.portal("promptpa") as portal:
        await submitted_once(kit, portal, PROMPTPA.request(kit))
