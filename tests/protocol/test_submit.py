"""One request through the commit protocol: for each way it can end, what the journal says and who acts."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from protocol_double import (
    AFTER_RECEIPT,
    AT_THE_CLICK,
    BEFORE_INTENT,
    PORTAL,
    START,
    FakeClock,
    Faults,
    Truth,
    World,
    build_request,
    open_office,
    take_in,
)

from bots.driver import SubmitResult
from bots.errors import Action, BotError
from bots.model import Receipt, Shown, Status, Urgency
from jobs.dispatch import submit_due
from jobs.fallback import RETRY_AFTER
from jobs.journal import Journal
from jobs.state import AttemptState, Snapshot


class Case:
    """A journal with one routed request, and a world in which to submit it."""

    def __init__(self, journal: Journal, truth: Truth, clock: FakeClock, **changes: Any) -> None:
        self.journal, self.truth, self.clock = journal, truth, clock
        self.request = build_request("R-1", **changes)
        take_in(journal, self.request)

    async def submit(self, *, dry_run: bool = False, **plan: list[str | None]) -> Snapshot:
        self.world = World(self.truth, self.clock, faults=Faults(plan))
        self.office = open_office(self.journal, self.world)
        self.outcomes = await submit_due(self.office, dry_run=dry_run)
        return self.journal.snapshot("R-1")

    @property
    def states(self) -> list[AttemptState]:
        return [attempt.state for attempt in self.journal.attempts("R-1")]

    @property
    def sent(self) -> int:
        return self.truth.accepted_count()["R-1"]


@pytest.fixture
def case(journal: Journal, truth: Truth, clock: FakeClock) -> Case:
    return Case(journal, truth, clock)


@pytest.fixture
def urgent_case(journal: Journal, truth: Truth, clock: FakeClock) -> Case:
    return Case(journal, truth, clock, urgency=Urgency.URGENT)


async def test_a_request_is_sent_once_and_its_reference_number_is_kept(case: Case) -> None:
    now = await case.submit()
    assert now.status is Status.SUBMITTED
    assert now.receipt is not None
    assert case.truth.accepted() == [("R-1", now.receipt.reference_no)]
    assert now.submitted_at == START
    assert now.decision_due is not None  # 7 calendar days, CMS-0057-F
    assert case.states == [AttemptState.RECEIPT]


async def test_intent_is_on_record_before_the_click_and_receipt_after_it(case: Case) -> None:
    await case.submit()
    kinds = [type(event.body).__struct_config__.tag for event in case.journal.events("R-1")]
    assert kinds == ["accepted", "routed", "began", "intent", "receipt"]


async def test_submitting_again_sends_nothing(case: Case) -> None:
    await case.submit()
    await case.submit()
    assert case.sent == 1
    assert case.world.calls == []


async def test_a_case_that_the_portal_already_has_is_adopted(case: Case) -> None:
    number = case.truth.accept(PORTAL, case.request, START)
    case.clock.advance(hours=1)
    now = await case.submit()
    assert now.status is Status.SUBMITTED
    assert now.receipt is not None
    assert (now.receipt.reference_no, now.receipt.adopted) == (number, True)
    assert case.sent == 1


async def test_a_case_of_another_request_of_ours_is_not_adopted(case: Case) -> None:
    await case.submit()
    case.clock.advance(hours=1)
    twin = build_request("R-2", member_id=case.request.member.id, units="3")
    take_in(case.journal, twin)
    await case.submit()
    now = case.journal.snapshot("R-2")
    assert now.status is Status.NEEDS_PERSON
    assert now.error_code == "case_taken"
    assert "R-1" in now.reason
    assert case.truth.accepted_count() == {"R-1": 1}


async def test_a_dry_run_shows_the_review_page_and_moves_nothing(case: Case) -> None:
    now = await case.submit(dry_run=True)
    assert case.outcomes[0].shown is not None
    assert case.outcomes[0].shown.fields == {"units": "2"}
    assert now.status is Status.NEW
    assert case.sent == 0
    assert (await case.submit()).status is Status.SUBMITTED


# --- before the INTENT: the error says who acts ------------------------------------------------------------------------


@pytest.mark.parametrize("kind", sorted(BEFORE_INTENT))
@pytest.mark.parametrize("step", ["find", "draft", "review"])
async def test_before_the_intent_no_failure_sends_anything(case: Case, step: str, kind: str) -> None:
    now = await case.submit(**{step: [kind] * 9})
    assert case.sent == 0
    assert now.status in {Status.WAITING, Status.NEEDS_PERSON, Status.REJECTED, Status.NOT_ELIGIBLE}
    assert now.reason
    assert now.next_action or now.waiting_until
    assert case.states == [case.states[0]]
    assert case.states[0] in {AttemptState.ABANDONED, AttemptState.REJECTED}


@pytest.mark.parametrize("kind", ["portal_slow", "session_lost", "portal_down"])
async def test_a_passing_failure_is_tried_again_as_a_whole_draft(case: Case, kind: str) -> None:
    now = await case.submit(draft=[kind, kind, None])
    assert now.status is Status.SUBMITTED
    assert case.sent == 1
    assert case.world.calls == ["submit R-1"] * 3


async def test_retry_waits_for_a_moment_when_it_does_not_pass(case: Case) -> None:
    now = await case.submit(draft=["session_lost"] * 9)
    assert now.status is Status.WAITING
    assert now.waiting_until is not None
    assert now.waiting_until > START
    assert case.world.calls == ["submit R-1"] * 3
    case.clock.at = now.waiting_until
    assert (await case.submit()).status is Status.SUBMITTED


async def test_h13_a_standard_request_waits_for_the_portal_then_is_a_fax(case: Case) -> None:
    now = await case.submit(draft=["outage_banner"])
    assert now.status is Status.WAITING
    assert "H13" in now.reason
    case.clock.advance(hours=23)
    assert (await case.submit(draft=["outage_banner"])).status is Status.WAITING
    case.clock.advance(hours=2)
    now = await case.submit(draft=["outage_banner"])
    assert now.status is Status.NEEDS_PERSON
    assert "203.265.3994" in now.next_action
    assert "H13" in now.next_action


async def test_h12_an_urgent_request_is_a_fax_at_once_while_the_portal_is_down(urgent_case: Case) -> None:
    now = await urgent_case.submit(draft=["portal_down"] * 3)
    assert now.status is Status.NEEDS_PERSON
    assert now.error_code == "fax_by_hand"
    assert "203.265.3994" in now.next_action
    assert "H12" in now.next_action
    urgent_case.clock.advance(hours=1)
    await urgent_case.submit()
    assert urgent_case.sent == 0, "never both fax and portal"


async def test_a_single_passing_failure_of_the_portal_is_no_outage(urgent_case: Case) -> None:
    assert (await urgent_case.submit(draft=["portal_down", None])).status is Status.SUBMITTED


@pytest.mark.parametrize("kind", ["account_locked", "terms_changed", "blocked"])
async def test_person_portal_disables_the_portal_and_the_request_waits_for_a_person(case: Case, kind: str) -> None:
    now = await case.submit(draft=[kind])
    assert now.status is Status.WAITING
    assert now.waiting_until is None
    assert now.next_action
    case.clock.advance(days=3)
    assert (await case.submit()).status is Status.WAITING, "disabled until a person enables it"
    assert case.office.states.enable_portal(PORTAL, "Sam") == 1
    assert (await case.submit()).status is Status.SUBMITTED


@pytest.mark.parametrize("kind", ["read_back_differs", "several_matches", "answer_missing"])
async def test_person_request_waits_for_a_person(case: Case, kind: str) -> None:
    now = await case.submit(review=[kind])
    assert now.status is Status.NEEDS_PERSON
    assert now.error_code == kind
    case.clock.advance(days=1)
    assert (await case.submit()).status is Status.NEEDS_PERSON, "not retried by itself"
    case.journal.release("R-1")
    assert (await case.submit()).status is Status.SUBMITTED


@pytest.mark.parametrize("kind", ["member_not_found", "known_rejection", "document_refused"])
async def test_fix_request_is_rejected_with_its_reason(case: Case, kind: str) -> None:
    now = await case.submit(draft=[kind])
    assert now.status is Status.REJECTED
    assert now.error_code == kind
    assert now.reason
    case.clock.advance(days=1)
    assert (await case.submit()).status is Status.REJECTED


async def test_h10_not_eligible_is_never_tried_again(case: Case) -> None:
    now = await case.submit(draft=["not_eligible"])
    assert now.status is Status.NOT_ELIGIBLE
    assert now.route is not None
    assert "H10" in now.route.rule_ids
    case.clock.advance(days=1)
    await case.submit()
    assert case.world.calls == []


async def test_a_corrected_request_goes_again_under_its_id(case: Case) -> None:
    await case.submit(draft=["member_not_found"])
    take_in(case.journal, build_request("R-1", units="5"))
    now = await case.submit()
    assert now.status is Status.SUBMITTED
    assert str(now.request.lines[0].units) == "5"


async def test_fallback_a_changed_page_is_a_persons(case: Case) -> None:
    now = await case.submit(draft=["page_changed"])
    assert now.status is Status.NEEDS_PERSON
    assert now.error_code == "page_changed"


async def test_fallback_a_portal_that_says_fax_names_the_number(case: Case) -> None:
    now = await case.submit(draft=["portal_says_fax"])
    assert now.status is Status.NEEDS_PERSON
    assert "203.265.3994" in now.next_action


async def test_fallback_a_portal_that_says_phone_is_a_phone_task_where_the_rules_have_a_number(case: Case) -> None:
    """Without one in the rules a person reads what the portal shows; the fax number of another way is no telephone."""
    now = await case.submit(draft=["portal_says_phone"])
    assert (now.status, now.error_code) == (Status.NEEDS_PERSON, "portal_says_phone")
    assert "203.265.3994" not in now.next_action


async def test_an_unforeseen_exception_before_the_intent_is_tried_once_more_with_a_fresh_session(case: Case) -> None:
    now = await case.submit(draft=["bug", None])
    assert (now.status, now.error_code, now.waiting_until) == (Status.WAITING, "failed", START + RETRY_AFTER)
    assert case.world.calls == ["submit R-1"]
    case.clock.advance(minutes=5)
    assert (await case.submit()).status is Status.SUBMITTED
    assert case.sent == 1


async def test_an_unforeseen_exception_for_the_second_time_is_a_persons(case: Case) -> None:
    await case.submit(draft=["bug"])
    case.clock.advance(minutes=5)
    now = await case.submit(draft=["bug"])
    assert (now.status, now.error_code) == (Status.NEEDS_PERSON, "failed")
    case.clock.advance(hours=1)
    await case.submit()
    assert case.world.calls == []
    assert case.sent == 0


# --- after the INTENT ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", sorted(set(AT_THE_CLICK) - {"refused"}))
async def test_after_the_intent_everything_that_is_no_known_answer_is_uncertain(case: Case, kind: str) -> None:
    now = await case.submit(click=[kind])
    assert now.status is Status.UNCERTAIN
    assert now.waiting_until == START + case.office.quiet
    assert case.sent == AT_THE_CLICK[kind][0]
    for _ in range(3):
        case.clock.advance(hours=1)
        await case.submit()
    assert case.sent == AT_THE_CLICK[kind][0], "nothing uncertain is sent again"


async def test_a_known_rejection_after_the_click_is_rejected(case: Case) -> None:
    now = await case.submit(click=["refused"])
    assert now.status is Status.REJECTED
    assert case.states == [AttemptState.REJECTED]


@pytest.mark.parametrize("kind", sorted(AFTER_RECEIPT))
async def test_what_goes_wrong_after_the_receipt_changes_nothing(case: Case, kind: str) -> None:
    now = await case.submit(after_receipt=[kind])
    assert now.status is Status.SUBMITTED
    assert case.sent == 1


async def test_being_stopped_before_the_intent_frees_the_request(case: Case) -> None:
    await _stopped_at(case, "review")
    assert case.journal.snapshot("R-1").status is Status.NEW
    assert case.states == [AttemptState.ABANDONED]
    assert case.truth.open_sessions() == 0, "signed out on the way out"
    assert (await case.submit()).status is Status.SUBMITTED


async def test_being_stopped_after_the_click_leaves_it_uncertain(case: Case) -> None:
    await _stopped_at(case, "clicked")
    assert case.journal.snapshot("R-1").status is Status.UNCERTAIN
    assert case.truth.open_sessions() == 0


async def _stopped_at(case: Case, where: str) -> None:
    """Cancels the work when the portal gets there, as Ctrl-C does."""
    world = World(case.truth, case.clock)
    there = asyncio.Event()
    step = world.step

    async def wait_there(name: str) -> None:
        await step(name)
        if name == where:
            there.set()
            await asyncio.Event().wait()

    world.step = wait_there  # type: ignore[method-assign]
    work = asyncio.create_task(submit_due(open_office(case.journal, world)))
    await there.wait()
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work


# --- a driver that breaks its word -------------------------------------------------------------------------------------


class LyingPortal:
    """Says that it is done, and told the gate nothing, or the wrong things."""

    slug = PORTAL
    account = "north"

    def __init__(self, lie: str) -> None:
        self.lie = lie

    async def submit(self, request: Any, gate: Any, *, dry_run: bool = False) -> SubmitResult:
        receipt = Receipt(portal=PORTAL, reference_no="CC1", received_at=START)
        if self.lie == "receipt without intent":
            await gate.receipt(receipt)
        if self.lie == "intent without receipt":
            await gate.intent(Shown(portal=PORTAL, page="review", selectors_version="1", fields={}))
        if self.lie == "intent twice":
            await gate.intent(Shown(portal=PORTAL, page="review", selectors_version="1", fields={}))
            await gate.intent(Shown(portal=PORTAL, page="review", selectors_version="1", fields={}))
        return SubmitResult(receipt=receipt)


@pytest.mark.parametrize("lie", ["nothing told", "receipt without intent", "intent without receipt", "intent twice"])
async def test_a_driver_that_breaks_its_word_leaves_the_request_uncertain(case: Case, lie: str) -> None:
    @asynccontextmanager
    async def open_portal(slug: str, account: str) -> Any:
        yield LyingPortal(lie)

    office = open_office(case.journal, World(case.truth, case.clock))
    await submit_due(replace(office, open_portal=open_portal))
    assert case.journal.snapshot("R-1").status is Status.UNCERTAIN


class SilentPortal:
    """Its browser never says a word again: before the INTENT, or after it."""

    slug = PORTAL
    account = "north"

    def __init__(self, *, is_sent: bool) -> None:
        self.is_sent = is_sent

    async def submit(self, request: Any, gate: Any, *, dry_run: bool = False) -> SubmitResult:
        if self.is_sent:
            await gate.intent(Shown(portal=PORTAL, page="review", selectors_version="1", fields={}))
        await asyncio.Event().wait()
        raise AssertionError("nothing comes")


@pytest.mark.parametrize(("is_sent", "stands"), [(False, Status.WAITING), (True, Status.UNCERTAIN)])
async def test_a_browser_that_never_answers_again_holds_its_account_up_no_longer_than_a_try_may_take(
    case: Case, monkeypatch: pytest.MonkeyPatch, is_sent: bool, stands: Status
) -> None:
    monkeypatch.setattr("jobs.retries.LONGEST_TRY", timedelta(milliseconds=20))
    opened = 0

    @asynccontextmanager
    async def open_portal(slug: str, account: str) -> Any:
        nonlocal opened
        opened += 1
        yield SilentPortal(is_sent=is_sent)

    office = open_office(case.journal, World(case.truth, case.clock))
    await submit_due(replace(office, open_portal=open_portal))
    now = case.journal.snapshot("R-1")
    assert (now.status, now.error_code) == (stands, "failed")
    assert opened == 2, "with a fresh session"


def test_every_error_of_the_seam_has_been_put_to_the_test() -> None:
    tried = {type(error(PORTAL)) for error in BEFORE_INTENT.values()} | {
        type(error(PORTAL)) for _, error in AT_THE_CLICK.values()
    }
    assert {error.action for error in tried if issubclass(error, BotError)} == set(Action)
