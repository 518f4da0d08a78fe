"""The daily check: once a day, before anything is started, and a portal whose pages changed rests until it matches again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace as with_
from protocol_double import PORTAL, FakeClock, Truth, World, build_request, open_office, take_in

from bots.check_report import CheckReport, PartSeen, PartState
from bots.errors import BotError, PagesChanged, PasswordChangeUnclear, PasswordRejected, PasswordUnsure, PortalDown
from bots.model import Status
from jobs.canary import canary, check
from jobs.credentials import Credentials
from jobs.dispatch import submit_due
from jobs.journal import Journal
from jobs.office import Desk, Office, Outcome
from jobs.passwords import change_one


def found(state: PartState = PartState.FOUND, page: str = "service", **more: Any) -> CheckReport:
    part = PartSeen(page=page, room="fields", key="from_date", state=state)
    return CheckReport(portal=PORTAL, version="1", parts=(part,), **more)


class Pages:
    """A portal that can be checked, and what the checks find; the last finding stays."""

    def __init__(self, *findings: CheckReport | BotError) -> None:
        self.findings = list(findings)
        self.asked: list[dict[str, str]] = []
        self.outcomes: tuple[Outcome, ...] = ()

    async def check(self, examples: dict[str, str]) -> CheckReport:
        self.asked.append(examples)
        finding = self.findings.pop(0) if len(self.findings) > 1 else self.findings[0]
        if isinstance(finding, BotError):
            raise finding
        return finding

    async def submit(self, request: Any, gate: Any, *, dry_run: bool = False) -> Any:
        raise PortalDown(PORTAL)  # nothing but the check matters here

    @asynccontextmanager
    async def open(self, slug: str, account: str) -> AsyncIterator[Any]:
        yield SimpleNamespace(slug=slug, account=account, check=self.check, submit=self.submit)


@pytest.fixture
def office(journal: Journal, truth: Truth, clock: FakeClock) -> Office:
    take_in(journal, build_request("R-1"))
    return open_office(journal, World(truth, clock))


async def checked(office: Office, *findings: CheckReport | BotError, times: int = 1) -> Pages:
    """Whole rounds of a day's work: what a check stopped is looked at again, then what is due is worked off."""
    pages = Pages(*findings)
    for _ in range(times):
        there = replace(office, open_portal=pages.open, daily_check=True)
        await canary(there)
        pages.outcomes = await submit_due(there)
    return pages


async def test_a_portal_is_checked_once_a_day_and_only_where_something_is_due(office: Office, clock: FakeClock) -> None:
    pages = await checked(office, found(), times=3)
    assert len(pages.asked) == 1
    clock.advance(hours=24)
    assert len((await checked(office, found())).asked) == 1


async def test_nothing_is_checked_where_nothing_is_due(journal: Journal, truth: Truth, clock: FakeClock) -> None:
    assert (await checked(open_office(journal, World(truth, clock)), found())).asked == []


@pytest.mark.parametrize("state", [PartState.MISSING, PartState.AMBIGUOUS])
async def test_no_request_is_started_on_a_portal_whose_pages_changed(office: Office, state: PartState) -> None:
    (outcome,) = (await checked(office, found(state))).outcomes
    (stopped,) = office.states.disabled(PORTAL)
    assert (stopped.account, stopped.error_code) == ("", "pages_changed")
    assert "service: from_date" in stopped.sentence
    assert f"priorbot portal check {PORTAL}" in stopped.sentence
    assert (outcome.status, outcome.error_code) == (Status.WAITING, "pages_changed")
    assert office.journal.attempts() == ()


@pytest.mark.parametrize("state", [PartState.FOUND, PartState.FOUND_LATER, PartState.NOT_SHOWN, PartState.NOT_REACHED])
async def test_drift_and_what_was_not_reached_stop_nothing(office: Office, state: PartState) -> None:
    await checked(office, found(state, stopped=("It refused the example.",), missing_examples=("member_id",)))
    assert office.states.disabled(PORTAL) == ()


async def test_a_page_that_no_request_needs_stops_nothing(office: Office) -> None:
    await checked(office, found(PartState.MISSING, page="case", only_read=("case",)))
    assert office.states.disabled(PORTAL) == ()


async def test_the_next_days_check_lets_it_work_again(office: Office, clock: FakeClock) -> None:
    await checked(office, found(PartState.MISSING))
    assert (await checked(office, found())).asked == []
    assert office.states.disabled(PORTAL) != ()
    clock.advance(hours=24)
    await checked(office, found())
    assert office.states.disabled(PORTAL) == ()
    assert office.journal.snapshot("R-1").error_code == "portal_down"  # it was started


async def test_a_person_may_let_it_work_again(office: Office) -> None:
    await checked(office, found(PartState.MISSING))
    assert office.states.enable_portal(PORTAL, "clerk") == 1
    assert (await checked(office, found(PartState.MISSING))).asked == []


async def test_an_outage_is_no_finding_about_pages(office: Office) -> None:
    await checked(office, PortalDown(PORTAL))
    assert office.states.disabled(PORTAL) == ()
    assert office.states.breaker(PORTAL).failures > 0  # counted where the request met it


async def test_a_rejected_password_stops_its_account_only(office: Office) -> None:
    account = office.plans[PORTAL].accounts[0]
    await checked(office, PasswordRejected(PORTAL, account=account, secret=""), found())
    assert [each.account for each in office.states.disabled(PORTAL)] == [account]


async def test_that_the_pages_match_again_gives_no_unseen_password_another_try(office: Office) -> None:
    account = office.plans[PORTAL].accounts[0]
    credentials = Credentials(office.journal)
    credentials.trying(PORTAL, account, "keyed-hash")  # and the process is gone
    with pytest.raises(PasswordUnsure) as told:
        credentials.trying(PORTAL, account, "keyed-hash")
    office.states.disable_portal(PORTAL, account, told.value)
    office.states.disable_portal(PORTAL, "", PagesChanged(PORTAL, what="x"))
    seat = office.seats.acquire(PORTAL, "south")
    assert seat is not None
    pages: Any = Pages(found())
    await check(office, Desk(seat=seat, driver=pages))
    assert [(each.account, each.error_code) for each in office.states.disabled(PORTAL)] == [(account, PasswordUnsure.code)]
    with pytest.raises(PasswordUnsure):
        credentials.trying(PORTAL, account, "keyed-hash")
    assert office.journal.rebuild()


async def test_a_check_of_which_the_browser_never_says_anything_ends_and_the_day_s_work_goes_on(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.retries.LONGEST_TRY", timedelta(milliseconds=20))

    class Silent(Pages):
        async def check(self, examples: dict[str, str]) -> CheckReport:
            await asyncio.Event().wait()
            raise AssertionError("nothing comes")

    pages = Silent(found())
    await canary(replace(office, open_portal=pages.open, daily_check=True))
    outcomes = await submit_due(replace(office, open_portal=pages.open, daily_check=True))
    assert [each.error_code for each in outcomes] == ["portal_down"], "it was started"


async def test_a_change_of_a_password_that_never_ends_is_unclear(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.retries.LONGEST_TRY", timedelta(milliseconds=20))

    @asynccontextmanager
    async def open_portal(slug: str, account: str) -> AsyncIterator[Any]:
        yield SimpleNamespace(change_password=lambda rule: asyncio.Event().wait())

    rule: Any = None
    with pytest.raises(PasswordChangeUnclear):
        await change_one(replace(office, open_portal=open_portal), PORTAL, office.plans[PORTAL].accounts[0], rule)


async def test_the_practices_examples_are_given_to_the_check(office: Office) -> None:
    given = replace(office, plans={PORTAL: with_(office.plans[PORTAL], examples={"member_id": "001"})})
    assert (await checked(given, found())).asked == [{"member_id": "001"}]


async def test_a_portal_that_is_used_by_another_priorbot_is_left_alone(office: Office) -> None:
    seats = [office.seats.acquire(PORTAL, account) for account in office.plans[PORTAL].accounts]
    assert None not in seats
    assert (await checked(office, found())).asked == []
