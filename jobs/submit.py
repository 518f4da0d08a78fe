"""Carries one request through the commit protocol (design, section 3), and decides from each failure who acts.

The portal's side of the protocol is `bots.driver.PortalDriver.submit`; this is the journal's side: INTENT durable before the
one click, RECEIPT durable before the confirmation page is left, and whatever is not certain after an INTENT is uncertain.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import assert_never

import structlog
from msgspec.structs import replace

from bots.driver import SubmitResult
from bots.errors import (
    OF_ONE_ACCOUNT,
    Action,
    BotError,
    KnownRejection,
    NotConfigured,
    NotEligible,
    NotPermitted,
    NotRequiredHere,
    PortalDown,
    PortalSaysFax,
    PortalSaysPhone,
    PortalSlow,
    RateLimited,
    Redirected,
)
from bots.model import AuthRequest, Receipt, Shown, Status
from jobs import events as happened
from jobs.attempts import NotOurs, Then
from jobs.events import Standing
from jobs.fallback import (
    RATE_LIMITED_FOR,
    RETRY_AFTER,
    begin,
    person_task,
    phone_task,
    to_fax,
    wait,
    wait_for_person,
    wait_for_settings,
    while_down,
)
from jobs.journal_schema import JournalError
from jobs.office import Desk, Office, Outcome
from jobs.portal_state import BreakerState
from jobs.retries import draft_again, is_announced
from jobs.seats import SeatLost
from jobs.state import Attempt, AttemptState, Channel, FallbackWay, Snapshot


class WorkFailed(BotError):
    """An exception that nobody foresaw, before anything was sent, and for the second time."""

    code = "failed"
    action = Action.PERSON_REQUEST
    text = (
        "PriorBot failed while it filled in the request on {portal}. Nothing was sent. "
        "Give your IT person the log file; submit this request by hand if it cannot wait."
    )


class Next(StrEnum):
    """What the account's worker does after a request."""

    GO_ON = "go_on"
    REOPEN = "reopen"
    """With a fresh session: something unforeseen happened to this one."""
    STOP = "stop"


@dataclass(frozen=True)
class Ending:
    """How the work on one request ended. ``rest``: the account failed, not the request; it rests there if no other takes it."""

    outcome: Outcome
    next: Next = Next.GO_ON
    rest: Standing | None = None


class Gate:
    """The journal as the portal sees it around its one click (`bots.driver.CommitGate`)."""

    def __init__(self, office: Office, attempt: Attempt, request: AuthRequest) -> None:
        self._office = office
        self._attempt = attempt
        self._request = request
        self.is_unsent = True
        """The portal has not asked for an INTENT (nor told of a receipt) yet."""
        self.was_told = False
        """The portal has told of a receipt, whatever the journal made of it."""

    async def intent(self, shown: Shown) -> None:
        self.is_unsent = False
        self._office.attempts.intent(self._attempt.attempt_id, shown)

    async def receipt(self, receipt: Receipt) -> None:
        self.is_unsent, self.was_told = False, True
        due = None if receipt.adopted else _decision_due(self._office, self._request, receipt.received_at)
        self._office.attempts.receipt(self._attempt.attempt_id, receipt, decision_due=due)


async def submit_one(office: Office, desk: Desk, request_id: str, *, dry_run: bool = False) -> Ending | None:
    """Submits one request. None when it is not due any more or another worker has it. Raises `SeatLost`.

    A dry run stops after the read-back and moves nothing in the journal.
    """
    attempt = office.attempts.claim(request_id, desk.seat)
    if attempt is None:
        return None
    snapshot = office.journal.snapshot(request_id)
    gate = Gate(office, attempt, snapshot.request)
    settle = _Settle(office, attempt, snapshot, dry_run=dry_run)
    try:
        result = await draft_again(
            lambda: desk.driver.submit(snapshot.request, gate, dry_run=dry_run),
            is_unsent=lambda: gate.is_unsent,
            sleep=office.sleep,
            on_error=partial(count_failure, office, attempt.portal),
        )
        return settle.finished(result)
    except BotError as error:
        return settle.failed(error)
    except JournalError:
        raise  # nothing can be noted now; an INTENT on the disk is taken up at the next start
    except Exception as bug:
        structlog.get_logger().error("submit_failed", portal=attempt.portal, request_id=request_id, exc_info=bug)
        return settle.broke(was_told=gate.was_told)
    except BaseException:
        settle.interrupted()
        raise


def count_failure(office: Office, portal: str, error: BotError) -> bool:
    """What an error says of the portal's health: an outage counts against it, a definite answer shows that it works.

    False when the portal counts as down now (see `jobs.retries.OnError`).
    """
    if isinstance(error, PortalDown | PortalSlow):
        return office.states.failed(portal, error, banner=is_announced(error)).state is BreakerState.CLOSED
    if error.action in (Action.FIX_REQUEST, Action.PERSON_REQUEST):
        office.states.worked(portal)
    return True


def stop_account(office: Office, portal: str, account: str, error: BotError) -> Standing:
    """A person must act before the account is used again. Returns where requests rest that no other account takes.

    What is missing in the settings disables nothing: the person who writes it there has thereby acted.
    """
    if isinstance(error, NotConfigured | NotPermitted):
        return wait_for_settings(office.now(), error)
    office.states.disable_portal(portal, account, error)
    return wait_for_person(error.code, error.sentence)


def uncertain_standing(office: Office, portal: str, error_code: str, reason: str) -> Standing:
    """Uncertain, with the moment of the first look."""
    look_at = office.now() + office.quiet
    return Standing(status=Status.UNCERTAIN, error_code=error_code, reason=reason, waiting_until=look_at)


def outage_way(office: Office, snapshot: Snapshot, portal: str, error_code: str) -> Then | None:
    """What the request does while its portal is down, by the payer's rules; None when the breaker is closed."""
    breaker = office.states.breaker(portal)
    if breaker.state is BreakerState.CLOSED or breaker.down_since is None or snapshot.route is None:
        return None
    now = office.now()
    down_since = min(breaker.down_since, now)  # the clock may have been put back since then
    step = office.rules.after_outage(snapshot.route, snapshot.request, down_since=down_since, now=now)
    channel, standing = while_down(step, portal, error_code, down_since=down_since, now=now)
    if channel is Channel.PORTAL:
        return happened.Moved(standing=standing)
    return happened.Routed(route=snapshot.route, channel=channel, standing=standing)


class _Settle:
    """Brings journal and request to rest after the portal has ended its work on one attempt."""

    def __init__(self, office: Office, attempt: Attempt, snapshot: Snapshot, *, dry_run: bool) -> None:
        self._office = office
        self._attempt = attempt
        self._id = attempt.attempt_id
        self._snapshot = snapshot
        self._dry_run = dry_run

    def finished(self, result: SubmitResult) -> Ending:
        """The portal raised nothing. Its word is checked against the journal's."""
        state = self._state()
        if state is AttemptState.RECEIPT:
            self._office.states.worked(self._attempt.portal)
            return Ending(self._outcome(adopted=bool(result.receipt and result.receipt.adopted)))
        if self._dry_run and state is AttemptState.DRAFTING:
            self._office.attempts.end(self._id, AttemptState.ABANDONED, "dry_run")
            return Ending(self._outcome(shown=result.shown))
        return self._doubt("no_receipt", "the portal's confirmation was not noted")

    def failed(self, error: BotError) -> Ending:
        """The portal says who must act."""
        match self._state():
            case AttemptState.INTENT if isinstance(error, KnownRejection):
                return self._refused(error)
            case AttemptState.INTENT:
                return self._doubt(error.code, error.details.get("what", "") or "no known answer came", error)
            case AttemptState.DRAFTING if self._dry_run:
                return self._dry_failure(error)
            case AttemptState.DRAFTING:
                return self._unsent(error)
            case _:
                # A receipt is on disk, or somebody has settled it meanwhile: the error changes nothing of that.
                return Ending(self._outcome(), _next(error))

    def broke(self, *, was_told: bool) -> Ending:
        """An exception that nobody foresaw: after the INTENT the request is uncertain. Before it there is one more try with a
        fresh session, because a browser may have broken under it; what fails twice is a person's."""
        match self._state():
            case AttemptState.INTENT | AttemptState.DRAFTING if was_told:
                return self._doubt("failed", "its confirmation could not be noted")
            case AttemptState.INTENT:
                return self._doubt("failed", "PriorBot failed after the click")
            case AttemptState.DRAFTING if self._dry_run:
                return self._dry_failure(WorkFailed(self._attempt.portal), Next.REOPEN)
            case AttemptState.DRAFTING:
                return self._broke_unsent(WorkFailed(self._attempt.portal))
            case _:
                return Ending(self._outcome(), Next.REOPEN)

    def _broke_unsent(self, error: WorkFailed) -> Ending:
        earlier = self._office.journal.attempts(self._attempt.request_id, AttemptState.ABANDONED)
        if any(each.error_code == error.code for each in earlier):
            return self._end(error, happened.Moved(standing=person_task(error)), Next.REOPEN)
        portal, again_at = self._attempt.portal, self._office.now() + RETRY_AFTER
        reason = f"PriorBot failed while it filled in the request on {portal}. Nothing was sent. It tries once more."
        once_more = wait(again_at, error.code, reason)
        return self._end(error, happened.Moved(standing=once_more), Next.REOPEN)

    def interrupted(self) -> None:
        """We are being stopped: what was not sent is free again, what may have been is uncertain."""
        state = self._state()
        if state is AttemptState.INTENT:
            self._doubt("interrupted", "PriorBot was stopped after the click")
        elif state is AttemptState.DRAFTING:
            self._office.attempts.end(self._id, AttemptState.ABANDONED, "interrupted")

    def _unsent(self, error: BotError) -> Ending:
        """Nothing was clicked: the error's action decides, each exactly one way."""
        portal, account = self._attempt.portal, self._attempt.account
        match error.action:
            case Action.RETRY:
                return self._retry(error)
            case Action.PERSON_PORTAL:
                rest = stop_account(self._office, portal, account, error)
                return self._end(error, None, Next.STOP, rest)
            case Action.PERSON_REQUEST | Action.ALERT:
                return self._end(error, self._answered(error) or happened.Moved(standing=person_task(error)))
            case Action.FIX_REQUEST:
                return self._refused(error)
            case Action.FALLBACK:
                if isinstance(error, Redirected):
                    return self._redirected(error)
                structlog.get_logger().error("portal_fallback", portal=portal, error_code=error.code)
                return self._end(error, self._answered(error) or self._other_way(error))
            case Action.VERIFY:
                return self._doubt(error.code, error.details.get("what", ""), error)
            case _:
                assert_never(error.action)

    def _retry(self, error: BotError) -> Ending:
        if isinstance(error, NotOurs):
            return self._end(error, None)
        if isinstance(error, (SeatLost, *OF_ONE_ACCOUNT)):
            return self._end(error, None, Next.STOP, wait(self._office.now() + RETRY_AFTER, error.code, error.sentence))
        now, portal = self._office.now(), self._attempt.portal
        if isinstance(error, RateLimited):
            limited = wait(now + RATE_LIMITED_FOR, error.code, error.sentence)
            return self._end(error, happened.Moved(standing=limited), Next.STOP)
        down = outage_way(self._office, self._snapshot, portal, error.code)
        later = happened.Moved(standing=wait(now + RETRY_AFTER, error.code, error.sentence))
        return self._end(error, down or later, Next.STOP if down else Next.GO_ON)

    def _refused(self, error: BotError) -> Ending:
        """The portal certainly took nothing, and says why."""
        status = Status.NOT_ELIGIBLE if isinstance(error, NotEligible) else Status.REJECTED
        then: Then = self._answered(error) or happened.Moved(standing=replace(person_task(error), status=status))
        if then.standing.status is Status.REJECTED:
            then = replace(then, standing=replace(then.standing, status=status))
        self._office.attempts.end(self._id, AttemptState.REJECTED, error.code, then)
        return Ending(self._outcome(error.code, error.sentence))

    def _redirected(self, error: Redirected) -> Ending:
        """The portal hands the request over. It goes on there under that portal's account, seat and rules, where the rule that
        sent it here says so; where it does not, what the request says of the member's doctor is wrong, and a person's."""
        route, request = self._snapshot.route, self._snapshot.request
        to = route and self._office.rules.after_redirect(route, request, error.details["to"], self._office.now())
        self._office.states.worked(self._attempt.portal)
        if route is None or to is None:
            return self._end(error, happened.Moved(standing=person_task(error)))
        standing = Standing(status=Status.NEW, reason=to.reason)
        return self._end(error, happened.Routed(route=to, channel=Channel.PORTAL, standing=standing))

    def _answered(self, error: BotError) -> happened.Routed | None:
        """What the payer's rules make of the portal's answer; the route keeps its portal and gains their ids, and what the portal
        said of the requirement, which stands there also where the rules say nothing to it."""
        route, said = self._snapshot.route, error.said if isinstance(error, NotRequiredHere) else None
        answer = route and self._office.rules.after_answer(route, self._snapshot.request, error.code, self._office.now())
        if route is None or (answer is None and said is None):
            return None
        if answer is None:
            return happened.Routed(route=replace(route, said=said), channel=self._snapshot.channel, standing=person_task(error))
        channel, standing = begin(answer, self._snapshot)
        if channel is Channel.NONE:
            standing = replace(standing, error_code=error.code)
        now = replace(route, rule_ids=answer.rule_ids, number=answer.number, said=said)
        return happened.Routed(route=now, channel=channel, standing=standing)

    def _other_way(self, error: BotError) -> Then:
        """The portal sends us elsewhere: to the route's fax or phone number when it says so, else to a person."""
        route = self._snapshot.route
        fallback = route.fallback if route else None
        if route is not None and fallback is not None:
            if isinstance(error, PortalSaysFax) and fallback.decision is FallbackWay.FAX:
                standing = to_fax(fallback.number, fallback.rule_ids, error.sentence)
                return happened.Routed(route=route, channel=Channel.FAX, standing=standing)
            if isinstance(error, PortalSaysPhone) and fallback.decision is FallbackWay.PHONE:
                standing = phone_task(fallback.number, fallback.rule_ids, error.sentence)
                return happened.Routed(route=route, channel=Channel.PHONE, standing=standing)
        return happened.Moved(standing=person_task(error))

    def _doubt(self, error_code: str, what: str, error: BotError | None = None) -> Ending:
        if self._state() not in (AttemptState.DRAFTING, AttemptState.INTENT):
            return Ending(self._outcome(), Next.REOPEN)
        portal = self._attempt.portal
        reason = (
            f"It is not certain whether {portal} accepted the request ({what or 'no known answer came'}). "
            "It will not be sent again until that is known."
        )
        standing = uncertain_standing(self._office, portal, error_code, reason)
        self._office.attempts.uncertain(self._id, error_code, standing)
        return Ending(self._outcome(error_code, reason), _next(error) if error else Next.REOPEN)

    def _dry_failure(self, error: BotError, following: Next | None = None) -> Ending:
        """A dry run moves no request; a portal that only a person can put right is disabled all the same."""
        if error.action is Action.PERSON_PORTAL:
            stop_account(self._office, self._attempt.portal, self._attempt.account, error)
        self._office.attempts.end(self._id, AttemptState.ABANDONED, error.code)
        return Ending(self._outcome(error.code, error.sentence), following or _next(error))

    def _end(self, error: BotError, then: Then | None, following: Next = Next.GO_ON, rest: Standing | None = None) -> Ending:
        self._office.attempts.end(self._id, AttemptState.ABANDONED, error.code, then)
        return Ending(self._outcome(error.code, error.sentence), following, rest)

    def _state(self) -> AttemptState:
        return self._office.attempts.get(self._id).state

    def _outcome(self, error_code: str = "", reason: str = "", *, adopted: bool = False, shown: Shown | None = None) -> Outcome:
        now = self._office.journal.snapshot(self._attempt.request_id)
        return Outcome(
            request_id=self._attempt.request_id,
            portal=self._attempt.portal,
            account=self._attempt.account,
            status=now.status,
            error_code=error_code or now.error_code,
            reason=reason or now.reason,
            adopted=adopted,
            shown=shown,
        )


def _next(error: BotError) -> Next:
    """After these an account's session is of no more use."""
    return Next.STOP if error.action in (Action.PERSON_PORTAL, Action.RETRY) else Next.GO_ON


def _decision_due(office: Office, request: AuthRequest, at: datetime) -> datetime | None:
    """When the decision is due. A mistake in the rules must not stand between a receipt and the disk."""
    try:
        return office.rules.decision_due(request, at)
    except Exception as bug:
        structlog.get_logger().error("deadline_failed", payer=request.payer.value, exc_info=bug)
        return None
