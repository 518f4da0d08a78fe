"""What must hold of every portal that PriorBot can drive, in each of its looks: how each outcome of each thing it does ends.

Parametrized over ``bots.registry.PORTALS`` and the world's skins. A portal without a profile (``profiles/<slug>.py``) or a second
skin fails here. What a portal is not for (`Portal.does`) it must refuse by name, before anybody signs in. Where a portal has no
accounts (its selector file has no ``sign_in``), the outcomes of signing in do not exist; nobody may sign in there at all.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from kit import ALL_SKINS, Gate, Kit, Profile, today
from msgspec.structs import replace

import bots.portal
from bots.ability import Ability
from bots.check_report import PartState
from bots.errors import (
    AccountLocked,
    BadReading,
    BotError,
    CodeNeeded,
    CodeRejected,
    MemberNotFound,
    NoBotYet,
    NotConfigured,
    NotRequiredHere,
    PasswordRejected,
    PortalDown,
    ReadBackDiffers,
    SeveralMatches,
    TermsChanged,
    Uncertain,
)
from bots.model import AuthRequest, Receipt, Status
from bots.pagemap import load_pagemap
from bots.passwords import PasswordPolicy
from bots.portal import Portal
from bots.registry import PORTALS, portal_class
from bots.signin_map import WITHOUT_ACCOUNT
from fixtures.web import SKINS

pytestmark = pytest.mark.browser


@dataclass
class Case:
    """A portal in one of its looks, with the kit to open it and the profile that says how its outcomes are set up."""

    kit: Kit
    profile: Profile

    @property
    def slug(self) -> str:
        return self.profile.slug

    @property
    def has_account(self) -> bool:
        return self.slug not in WITHOUT

    def does(self, ability: Ability) -> bool:
        return ability in portal_class(self.slug).does

    async def refuses(self, ability: Ability) -> bool:
        """Whether the portal is not for this; if so, that it says so and that nobody signed in for it."""
        if self.does(ability):
            return False
        request, since = self.profile.request(self.kit), today()
        async with self.kit.portal(self.slug) as portal:
            asked = {
                Ability.SUBMIT: lambda: portal.submit(request, Gate()),
                Ability.FIND: lambda: portal.find_existing(request),
                Ability.LIST: lambda: portal.list_cases(since),
                Ability.READ: lambda: portal.read_case("X1"),
                Ability.UNITS: lambda: portal.read_units(()),
                Ability.REQUIREMENT: lambda: portal.ask_requirement(request),
                Ability.ELIGIBILITY: lambda: portal.ask_eligibility(request),
            }
            with pytest.raises(NoBotYet):
                await asked[ability]()
        assert self.kit.logins(self.slug) == []
        return True

    def unclear(self) -> tuple[tuple[str, int], ...]:
        """Faults that leave a commit unclear: those of the portal itself, and two of those that all have, others for each portal.
        ``make contract`` tries all of them on each."""
        of_all, own = Profile.unclear, self.profile.unclear[len(Profile.unclear) :]
        if ALL_SKINS in os.environ:
            return self.profile.unclear if self.kit.skin == SKINS[0] else of_all
        turn = sorted(PORTALS).index(self.slug) + (self.kit.skin != SKINS[0])
        two = tuple(of_all[(2 * turn + more) % len(of_all)] for more in (0, 1))
        return two + own if self.kit.skin == SKINS[0] else two[:1]

    async def submitted(self, portal: Portal, request: AuthRequest) -> Receipt:
        receipt = (await portal.submit(request, Gate())).receipt
        assert receipt is not None
        return receipt

    async def stopped(self, request: AuthRequest) -> BotError:
        """What a submission that must not get as far as the commit raises; nothing was journalled, nothing sent."""
        gate = Gate()
        async with self.kit.portal(self.slug) as portal:
            with pytest.raises(BotError) as caught:
                await portal.submit(request, gate)
        assert gate.steps == []
        assert self.kit.accepted() == []
        return caught.value

    async def look_raises(self, error: type[BotError]) -> BotError:
        async with self.kit.portal(self.slug) as portal:
            with pytest.raises(error) as caught:
                await self.profile.look(portal)
        return caught.value

    def account(self, **changes: Any) -> None:
        self.kit.world.change_account(self.slug, self.kit.account(self.slug), **changes)


WITHOUT = [slug for slug in PORTALS if load_pagemap(slug).account is None]
with_account = pytest.mark.parametrize("case", [slug for slug in PORTALS if slug not in WITHOUT], indirect=True)
"""Outcomes of an account: passwords, codes, what stands between the password and the work, the session and its end."""
without_account = pytest.mark.parametrize("case", WITHOUT, indirect=True)

POLICY = PasswordPolicy(min_length=8, specials="!$", remembered=10, max_age_days=90, change_after_days=75)

first_skin = pytest.mark.parametrize("skin", SKINS[:1], ids=lambda skin: f"skin{skin}")
"""For what only the engine does: once per portal is enough."""


@pytest.fixture(params=SKINS, ids=lambda skin: f"skin{skin}")
def skin(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=PORTALS)
def case(request: pytest.FixtureRequest, kit: Kit, skin: str) -> Any:
    slug = request.param
    profile: Profile = import_module(f"profiles.{slug}").PROFILE
    assert profile.slug == slug
    if skin != SKINS[0]:
        assert kit.selector_file(slug), f"selectors/skins/{slug}.{skin}.yaml is missing"
    kit.world.skin(slug, skin)
    yield Case(kit, profile)
    assert kit.sessions(slug) == [], "somebody was left signed in"


# --- signing in -------------------------------------------------------------------------------------------------------


@pytest.mark.every_skin
@without_account
async def test_where_there_is_no_account_nobody_signs_in_and_nothing_is_kept(case: Case) -> None:
    """Not even with an account's name; the seat, which jobs take, has none either."""
    assert case.slug in WITHOUT_ACCOUNT
    async with case.kit.portal(case.slug) as portal:
        await case.profile.look(portal)
        assert portal.account == ""
        with pytest.raises(NotConfigured):
            await portal.change_password(POLICY)
    async with case.kit.factory() as factory:
        with pytest.raises(NotConfigured):
            await factory.sign_in(case.slug, "")
    assert (case.kit.logins(case.slug), case.kit.passwords.events, case.kit.codes.asked) == ([], [], 0)
    assert case.kit.evidence.load_state(case.slug, "", case.kit.now()) is None
    assert case.kit.vault.names() == ()


@pytest.mark.every_skin
@with_account
async def test_a_right_password_signs_in_once_and_is_kept_in_no_saved_state_afterwards(case: Case) -> None:
    async with case.kit.portal(case.slug) as portal:
        await case.profile.look(portal)
        await case.profile.look(portal)
    assert [what for what, _ in case.kit.logins(case.slug)] == ["login", "logout"]
    account = case.kit.account(case.slug)
    assert case.kit.passwords.events == [("trying", account), ("accepted", account)]
    assert case.kit.evidence.load_state(case.slug, account, case.kit.now()) is None


@first_skin
@with_account
async def test_a_session_that_was_left_open_is_taken_up_without_a_password(case: Case) -> None:
    """As after a run that was cut off: the portal opens past its login page."""
    account = case.kit.account(case.slug)
    case.kit.know_password(case.slug, account)
    async with case.kit.factory() as factory:
        await factory.sign_in(case.slug, account)
    assert case.kit.sessions(case.slug) == [account]
    async with case.kit.portal(case.slug) as portal:
        await case.profile.look(portal)
    assert [what for what, _ in case.kit.logins(case.slug)] == ["login", "logout"]
    assert case.kit.passwords.events == [("trying", account), ("accepted", account)]


@first_skin
async def test_a_slow_portal_is_waited_for(case: Case) -> None:
    case.kit.world.fault(case.slug, "slow", where="any", ms=800, times=3)
    async with case.kit.portal(case.slug) as portal:
        await case.profile.look(portal)
    assert [what for what, _ in case.kit.logins(case.slug)] == ["login", "logout"] * case.has_account


@with_account
async def test_a_wrong_password_is_typed_once_and_never_again(case: Case) -> None:
    account = case.kit.account(case.slug)
    case.kit.know_password(case.slug, account, "Not$The1Right")
    for _ in range(3):
        async with case.kit.factory() as factory, factory.open(case.slug, account) as portal:
            with pytest.raises(PasswordRejected):
                await case.profile.look(portal)
    assert case.kit.logins(case.slug) == [("login", "wrong")]
    assert case.kit.passwords.events == [("trying", account), ("rejected", account)]


@with_account
async def test_an_expired_password_is_told_or_changed_on_the_way_in(case: Case) -> None:
    case.account(expired=True)
    if case.profile.expired is not None:
        await case.look_raises(case.profile.expired)
        return
    async with case.kit.portal(case.slug) as portal:
        await case.profile.look(portal)


@with_account
async def test_a_locked_account_is_told_by_name(case: Case) -> None:
    case.account(locked=True)
    await case.look_raises(AccountLocked)


async def test_new_terms_are_accepted_by_no_bot(case: Case) -> None:
    """Of a portal that is only visited, they stand before a request; a look-up needs none."""
    case.profile.want_new_terms(case.kit)
    if not case.has_account:
        assert type(await case.stopped(case.profile.request(case.kit))) is TermsChanged
        return
    await case.look_raises(TermsChanged)
    assert all(row["terms"] for row in case.kit.world.truth("accounts") if row["username"] == case.kit.account(case.slug))


@with_account
async def test_an_announcement_is_passed_by(case: Case) -> None:
    case.account(announcement=True)
    async with case.kit.portal(case.slug) as portal:
        await case.profile.look(portal)


async def test_maintenance_is_an_outage(case: Case) -> None:
    case.kit.world.fault(case.slug, "maintenance")
    assert (await case.look_raises(PortalDown)).details["reason"], "announced: the breaker opens at once"
    assert case.kit.logins(case.slug) == []


@pytest.mark.parametrize("case", [slug for slug in PORTALS if slug not in (*WITHOUT, "husky_secure")], indirect=True)
async def test_an_outage_banner_on_the_public_page_is_an_outage(case: Case) -> None:
    """Of each portal that has such a page: husky_secure announces on its sign-in, those without accounts show no page before."""
    case.kit.world.fault(case.slug, "outage_banner")
    assert (await case.look_raises(PortalDown)).details["reason"], "announced: the breaker opens at once"
    assert case.kit.logins(case.slug) == []


@first_skin
@with_account
async def test_a_code_that_nobody_can_get_is_a_persons(case: Case) -> None:
    case.account(second_factor="totp")
    await case.look_raises(CodeNeeded)


@with_account
async def test_the_right_code_opens_the_account(case: Case) -> None:
    case.account(second_factor="totp")
    case.kit.give_codes()
    async with case.kit.portal(case.slug) as portal:
        await case.profile.look(portal)
    assert case.kit.codes.asked == 1


@with_account
async def test_a_wrong_code_is_given_once(case: Case) -> None:
    case.account(second_factor="totp")
    case.kit.give_codes(wrong=True)
    await case.look_raises(CodeRejected)
    assert case.kit.codes.asked == 1


# --- every way out ----------------------------------------------------------------------------------------------------


@first_skin
@with_account
@pytest.mark.parametrize("way", ["bot error", "exception", "cancelled"])
async def test_every_way_out_logs_out(case: Case, way: str) -> None:
    reached = asyncio.Event()

    async def use() -> None:
        async with case.kit.portal(case.slug) as portal:
            await case.profile.look(portal)
            if way == "bot error":
                raise PortalDown(case.slug)
            if way == "exception":
                raise ZeroDivisionError
            reached.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(use())
    if way == "cancelled":
        waiting = asyncio.create_task(reached.wait())
        await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        task.cancel()
    with pytest.raises({"bot error": PortalDown, "exception": ZeroDivisionError, "cancelled": asyncio.CancelledError}[way]):
        await task
    assert [what for what, _ in case.kit.logins(case.slug)] == ["login", "logout"]
    assert case.kit.sessions(case.slug) == []


@first_skin
async def test_what_a_portal_is_not_for_is_refused_before_anybody_signs_in(case: Case) -> None:
    refused = [ability for ability in Ability if await case.refuses(ability)]
    assert set(refused) == set(Ability) - portal_class(case.slug).does


# --- the member -------------------------------------------------------------------------------------------------------


async def test_a_member_whom_nobody_has_is_not_found(case: Case) -> None:
    if not await case.refuses(Ability.SUBMIT):
        assert type(await case.stopped(case.profile.not_found(case.kit))) is MemberNotFound


async def test_H10_a_member_who_is_not_eligible_ends_the_request(case: Case) -> None:
    if not await case.refuses(Ability.SUBMIT):
        assert type(await case.stopped(case.profile.not_eligible(case.kit))) is case.profile.not_eligible_error


async def test_a_twin_is_never_taken_for_the_other(case: Case) -> None:
    if await case.refuses(Ability.SUBMIT):
        return
    request = case.profile.twin(case.kit)
    if case.profile.twins is not None:
        assert type(await case.stopped(request)) is case.profile.twins
        return
    async with case.kit.portal(case.slug) as portal:
        await case.submitted(portal, request)
    assert [row["member_id"] for row in case.kit.accepted()] == [request.member.id]


# --- submitting -------------------------------------------------------------------------------------------------------


@pytest.fixture
def renewed_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """After each submission a new browser context, as after twenty of them."""
    monkeypatch.setattr(bots.portal, "RENEW_AFTER", 1)


@pytest.mark.every_skin
@pytest.mark.usefixtures("renewed_each_time")
async def test_a_request_is_submitted_once_with_every_field_as_asked_and_is_listed(case: Case) -> None:
    if await case.refuses(Ability.SUBMIT):
        return
    request, gate = case.profile.request(case.kit), Gate()
    async with case.kit.portal(case.slug) as portal:
        receipt = (await portal.submit(request, gate)).receipt
        listed = await portal.list_cases(today() - timedelta(days=30)) if case.does(Ability.LIST) else ()
    assert receipt is not None
    assert gate.steps == ["intent", "receipt"]
    assert gate.kept == receipt
    (accepted,) = case.kit.accepted()
    asked = case.profile.truth(request)
    assert {name: accepted[name] for name in asked} == asked
    assert accepted["reference_no"] == receipt.reference_no
    assert portal.map.gives(receipt.reference_no)
    assert not portal.map.gives(accepted["draft_no"]), "Q27: a draft's number looks much like it"
    page = case.kit.evidence.read(case.kit.evidence.find("receipt", receipt.evidence)[0]).decode()
    assert receipt.reference_no in page
    assert [row.reference_no for row in listed].count(receipt.reference_no) == case.does(Ability.LIST)


@pytest.mark.every_skin
@pytest.mark.usefixtures("renewed_each_time")
async def test_what_is_on_file_is_adopted_and_not_sent_again(case: Case) -> None:
    """A portal that shows no history can tell nothing of it: there only the journal keeps a request from going out twice."""
    if await case.refuses(Ability.SUBMIT) or await case.refuses(Ability.FIND):
        return
    request, gate = case.profile.request(case.kit), Gate()
    async with case.kit.portal(case.slug) as portal:
        first = await case.submitted(portal, request)
        again = (await portal.submit(request, gate)).receipt
    assert again is not None
    assert again.adopted
    assert again.reference_no == first.reference_no
    assert gate.steps == ["receipt"]
    assert len(case.kit.accepted()) == 1


@pytest.mark.usefixtures("renewed_each_time")
async def test_a_new_request_begins_in_a_renewed_context(case: Case) -> None:
    """Where there is a search for what is on file, the test before this one begins with it."""
    if await case.refuses(Ability.SUBMIT) or case.does(Ability.FIND):
        return
    async with case.kit.portal(case.slug) as portal:
        for number in (40, 41):
            await case.submitted(portal, case.profile.request(case.kit, number))
    assert len(case.kit.accepted()) == 2


async def test_a_refusal_in_the_portals_own_words_is_known(case: Case) -> None:
    if not await case.refuses(Ability.SUBMIT):
        assert type(await case.stopped(case.profile.rejected(case.kit))) is case.profile.rejection


@pytest.mark.every_skin
async def test_a_review_page_that_says_something_else_stops_before_the_commit(case: Case) -> None:
    if await case.refuses(Ability.SUBMIT):
        return
    case.profile.make_review_differ(case.kit)
    assert type(await case.stopped(case.profile.request(case.kit))) is ReadBackDiffers


async def test_Q33_an_unclear_commit_is_uncertain_arrived_at_most_once_and_is_found_again(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The portal accepts what arrives twice, twice: so the browser's own second sending would show here."""
    if await case.refuses(Ability.SUBMIT):
        return
    kit, profile = case.kit, case.profile
    monkeypatch.setattr("bots.page_moves.SLACK_SECONDS", 1.0)  # no known answer comes: nothing is gained by waiting for it
    quick = {case.slug: kit.selectors(case.slug, commit=2)}
    wanted = 0
    async with kit.portal(case.slug, **quick) as portal:
        for number, (fault, taken) in enumerate(case.unclear(), 40):
            request, gate = profile.request(kit, number), Gate()
            kit.world.fault(case.slug, fault, where="submit", times=-1)
            with pytest.raises(Uncertain):
                await portal.submit(request, gate)
            kit.world.clear_faults()
            wanted += taken
            assert gate.steps == ["intent"], fault
            assert len(kit.accepted()) == wanted, fault
            if case.does(Ability.FIND):
                assert len(await portal.find_existing(request)) == taken, fault


# --- reading ----------------------------------------------------------------------------------------------------------


@pytest.mark.every_skin
async def test_every_status_word_is_read_and_an_unknown_one_is_kept_raw(case: Case) -> None:
    if await case.refuses(Ability.READ):
        return
    kit, profile = case.kit, case.profile
    file = load_pagemap(case.slug, kit.selector_file(case.slug))
    assert set(profile.statuses.values()) == set(file.words.status.values())
    assert len(profile.statuses) == len(file.words.status)
    async with kit.portal(case.slug) as portal:
        request = profile.request(kit)
        receipt = await case.submitted(portal, request)
        for word, status in {**profile.statuses, profile.unknown_word: Status.UNKNOWN}.items():
            profile.decide(kit, receipt.reference_no, word)
            reading = await portal.read_case(receipt.reference_no, request.member)
            assert reading.status is status, word
            assert reading.status_raw
            if status is Status.UNKNOWN:
                assert reading.status_raw == word
            assert file.words.status.get(reading.status_raw, Status.UNKNOWN) is status
        with pytest.raises(BadReading):
            await portal.read_case(receipt.reference_no[:-3] + "000", request.member)


@pytest.mark.every_skin
async def test_H17_units_add_up_and_carry_the_payers_own_date(case: Case) -> None:
    if await case.refuses(Ability.UNITS):
        return
    async with case.kit.portal(case.slug) as portal:
        units = await portal.read_units(())
        some = await portal.read_units((units[0].member_id,))
        nobody = await portal.read_units((case.kit.members()[100]["id"],))
    assert all(u.used is not None and u.approved is not None and u.used <= u.approved for u in units)
    assert all(u.remaining is None or u.used + u.remaining == u.approved for u in units)  # not every portal shows what is left
    assert all(u.as_of is not None and u.as_of <= today() for u in units)
    assert {(u.authorization_no, u.service_code) for u in some} == {
        (u.authorization_no, u.service_code) for u in units if u.member_id == units[0].member_id
    }
    assert nobody == ()


# --- whether an authorization is required ------------------------------------------------------------------------------


async def test_Q23_what_the_portal_says_of_the_requirement_is_kept_with_its_page_and_nothing_is_sent(case: Case) -> None:
    if await case.refuses(Ability.REQUIREMENT):
        return
    kit, free, gate = case.kit, case.profile.not_required(case.kit), Gate()
    async with kit.portal(case.slug) as portal:
        yes = await portal.ask_requirement(case.profile.request(kit))
        no = await portal.ask_requirement(free)
        with pytest.raises(NotRequiredHere) as caught:
            await portal.submit(free, gate)
    assert (yes.required, no.required, gate.steps, kit.accepted()) == (True, False, [], [])
    assert caught.value.said is not None
    for said in (no, caught.value.said):
        assert (said.portal, said.required) == (case.slug, False)
        assert said.page in load_pagemap(case.slug, kit.selector_file(case.slug)).pages
        assert kit.evidence.read(said.evidence)
        assert free.member.id not in said.evidence


# --- eligibility and limits --------------------------------------------------------------------------------------------


@pytest.mark.every_skin
async def test_B4_coverage_and_limits_are_read_with_their_pages_and_nothing_is_sent(case: Case) -> None:
    if await case.refuses(Ability.ELIGIBILITY):
        return
    kit, asked = case.kit, case.profile.request(case.kit)
    async with kit.portal(case.slug) as portal:
        said = await portal.ask_eligibility(asked)
        again = await portal.ask_eligibility(asked)
    assert (said.portal, said.is_active, said.service_date) == (case.slug, True, asked.from_date)
    assert said.from_date is not None
    assert said.from_date <= asked.from_date
    assert said.limits == again.limits
    assert said.limits
    for limit in said.limits:
        assert limit.used + limit.remaining == limit.limit > 0
        assert limit.as_of <= today()
    pages = [kit.evidence.read(name).decode() for name in said.evidence]
    assert len(pages) == 1 + len(said.limits)
    assert all(asked.member.id in page for page in pages)
    assert not any(asked.member.id in name for name in said.evidence)
    assert kit.accepted() == []


async def test_H10_a_member_without_coverage_is_told_as_such_and_one_whom_nobody_has_is_not_found(case: Case) -> None:
    if await case.refuses(Ability.ELIGIBILITY):
        return
    async with case.kit.portal(case.slug) as portal:
        said = await portal.ask_eligibility(case.profile.not_eligible(case.kit))
        with pytest.raises(MemberNotFound):
            await portal.ask_eligibility(case.profile.not_found(case.kit))
    assert (said.is_active, said.limits, len(said.evidence)) == (False, (), 1)


async def test_of_twins_the_one_who_is_meant_is_asked_about(case: Case) -> None:
    if await case.refuses(Ability.ELIGIBILITY):
        return
    twin = case.profile.twin(case.kit)
    unnamed = replace(twin, member=replace(twin.member, first_name=""))
    async with case.kit.portal(case.slug) as portal:
        assert (await portal.ask_eligibility(twin)).is_active
        with pytest.raises(SeveralMatches):
            await portal.ask_eligibility(unnamed)


# --- the daily check --------------------------------------------------------------------------------------------------


@first_skin
async def test_the_check_finds_every_part_by_its_first_candidate_and_commits_nothing(case: Case) -> None:
    async with case.kit.portal(case.slug) as portal:
        if case.does(Ability.SUBMIT):  # so that there is a case to look at
            await case.submitted(portal, case.profile.request(case.kit))
        before = case.kit.accepted()
        report = await portal.check(case.profile.examples(case.kit))
    assert (report.stopped, report.missing_examples, report.broken) == ((), (), ())
    assert [part for part in report.parts if part.state is PartState.FOUND_LATER] == []
    assert len({part.page for part in report.parts if part.state is PartState.FOUND}) > 2
    assert case.kit.accepted() == before


@first_skin
async def test_a_check_that_may_enter_nothing_finds_nothing_missing(case: Case) -> None:
    async with case.kit.portal(case.slug) as portal:
        report = await portal.check({})
    assert (report.stopped, report.broken) == ((), ())
    assert len({part.page for part in report.parts if part.state is PartState.FOUND}) > 1
