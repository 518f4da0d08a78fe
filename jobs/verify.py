"""Settles what is uncertain, by looking on the portal; nothing uncertain is ever sent again or faxed by itself.

An INTENT without a RECEIPT whose worker is gone is uncertain. A look comes a quiet period after that at the earliest: one case
is adopted; none, twice, a quiet period apart, is proof that nothing was accepted; anything else is a person's.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from functools import partial
from typing import assert_never

import structlog

from bots.errors import OF_ONE_ACCOUNT, Action, BotError
from bots.model import CaseSummary, Frozen, Receipt, Status
from jobs import events as happened
from jobs.attempts import CaseTaken
from jobs.events import Standing
from jobs.fallback import RETRY_AFTER, advice
from jobs.journal_schema import JournalError
from jobs.office import Desk, Office, Outcome, admitted, at_desk, free_dead_probes
from jobs.retries import read_again
from jobs.state import Attempt, AttemptState, Channel
from jobs.submit import count_failure, stop_account, uncertain_standing

LOOKS = 2
"""How often a request is looked for, and not found, before it counts as not accepted."""


class Found(Frozen):
    """Exactly one case is this request."""

    case: CaseSummary


class Nothing(Frozen):
    """The portal shows no such case."""


class Unclear(Frozen):
    """It cannot be told which case is this request."""


def judge(request_id: str, cases: Collection[CaseSummary]) -> Found | Nothing | Unclear:
    """Which of the cases that fit is the request. Pure.

    A case that carries our id decides; one that carries another id is another request's; of the rest there must be one. A case
    that carries the beginning of our id (a field that cuts it off, or a shorter id) is nothing to bet on.
    """
    ours = [case for case in cases if case.our_reference == request_id]
    likely = ours or [case for case in cases if request_id.startswith(case.our_reference)]
    match likely:
        case []:
            return Nothing()
        case [one] if one.our_reference in ("", request_id):
            return Found(case=one)
        case _:
            return Unclear()


def sweep(office: Office) -> int:
    """Makes attempts uncertain whose worker ended between INTENT and RECEIPT, and ends its probe. Returns how many. For every
    start."""
    free_dead_probes(office)
    reason = "PriorBot ended while the portal had the request; it is not certain whether it was accepted."
    return sum(
        office.attempts.desert(attempt, uncertain_standing(office, attempt.portal, "worker_ended", reason))
        for attempt in office.attempts.deserted()
    )


async def verify_due(
    office: Office, *, only: Collection[str] | None = None, portals: Collection[str] | None = None
) -> tuple[Outcome, ...]:
    """Looks for everything uncertain whose time has come (`Snapshot.waiting_until`). One account of each portal is enough."""
    sweep(office)
    outcomes: list[Outcome] = []
    by_portal: dict[str, list[Attempt]] = {}
    for attempt in office.journal.attempts(state=AttemptState.UNCERTAIN):
        if attempt.channel is Channel.FAX:
            continue  # its line was asked (`jobs.fax.settling`); now it is a person's
        if (only is None or attempt.request_id in only) and (portals is None or attempt.portal in portals):
            by_portal.setdefault(attempt.portal, []).append(attempt)
    for slug, uncertain in by_portal.items():
        plan = office.plans.get(slug)
        if plan is None or not plan.is_searchable:
            outcomes += [_to_person(office, each, "no_history", _NO_HISTORY) for each in uncertain if _is_open(office, each)]
            continue
        due = [each for each in uncertain if _is_due(office, each)]
        if due and plan.next_open(office.now()) <= office.now():
            async with admitted(office, slug) as may:
                outcomes += await _look_for_all(office, slug, due) if may else []
    return tuple(outcomes)


_NO_HISTORY = "{portal} does not show what was sent before, so it cannot be looked up."
_UNCLEAR = "{portal} shows cases that may be this request."
_OTHERS = "{portal} shows one case that fits, and it belongs, or may belong, to another request of ours."
_AGAIN = "{portal} does not have it, and that for the second time; something is wrong with this request."


async def _look_for_all(office: Office, slug: str, due: list[Attempt]) -> list[Outcome]:
    """With one account after the other, until one gets through."""
    outcomes: list[Outcome] = []
    left = deque(due)
    for account in office.accounts(slug):
        try:
            async with at_desk(office, slug, account) as desk:
                while desk is not None and left and not office.is_stopping():
                    outcome = await _look_for(office, desk, left[0])
                    left.popleft()
                    outcomes.append(outcome)
                    office.progress(outcome)
            if not left or office.is_stopping():
                break
        except BotError as error:
            if not _next_account(office, slug, account, error):
                break
        except JournalError:
            raise
        except Exception as bug:
            structlog.get_logger().error("verify_failed", portal=slug, exc_info=bug)
            break
    return outcomes


def _next_account(office: Office, slug: str, account: str, error: BotError) -> bool:
    """After an error that ends this account's work: whether another account may do better."""
    if error.action is Action.PERSON_PORTAL:
        stop_account(office, slug, account, error)
        return True
    return isinstance(error, OF_ONE_ACCOUNT)


async def _look_for(office: Office, desk: Desk, attempt: Attempt) -> Outcome:
    """One look. Raises the `BotError` after which this account cannot go on."""
    snapshot = office.journal.snapshot(attempt.request_id)
    try:
        cases = await read_again(
            lambda: desk.driver.find_existing(snapshot.request),
            sleep=office.sleep,
            on_error=partial(count_failure, office, attempt.portal),
        )
    except BotError as error:
        if error.action is Action.PERSON_PORTAL or isinstance(error, OF_ONE_ACCOUNT):
            raise
        _look_later(office, attempt, error)
        if error.action is Action.RETRY:
            raise
        return _outcome(office, attempt, error.code, error.sentence)
    office.states.worked(attempt.portal)
    seen = judge(attempt.request_id, cases)
    match seen:
        case Found():
            return _adopt(office, attempt, seen.case)
        case Nothing():
            return _absent(office, attempt)
        case Unclear():
            return _to_person(office, attempt, "several_matches", _UNCLEAR)
        case _:
            assert_never(seen)


def _adopt(office: Office, attempt: Attempt, case: CaseSummary) -> Outcome:
    sent_at = attempt.intent_at or office.now()
    receipt = Receipt(
        portal=attempt.portal,
        reference_no=case.reference_no,
        authorization_no=case.authorization_no,
        status_raw=case.status_raw,
        status=case.status,
        received_at=sent_at,
        adopted=True,
    )
    request = office.journal.snapshot(attempt.request_id).request
    due = office.rules.decision_due(request, sent_at)
    is_marked = case.our_reference == attempt.request_id
    try:
        office.attempts.receipt(attempt.attempt_id, receipt, decision_due=due, is_marked=is_marked)
    except CaseTaken:
        return _to_person(office, attempt, CaseTaken.code, _OTHERS)
    return _outcome(office, attempt, adopted=True)


def _absent(office: Office, attempt: Attempt) -> Outcome:
    """Not found: look again later; the second time it goes back to be sent, and a request goes back only once by itself."""
    if attempt.looks + 1 < LOOKS:
        reason = f"{attempt.portal} does not show it (look {attempt.looks + 1} of {LOOKS})."
        office.attempts.looked(attempt.attempt_id, uncertain_standing(office, attempt.portal, attempt.error_code, reason))
        return _outcome(office, attempt)
    earlier = office.journal.attempts(request_id=attempt.request_id, state=AttemptState.ABSENT)
    if earlier:
        return _to_person(office, attempt, "absent_again", _AGAIN)
    reason = f"{attempt.portal} does not show it, {LOOKS} times over: it was not accepted and is submitted anew."
    back = happened.Moved(standing=Standing(status=Status.NEW, reason=reason))
    office.attempts.end(attempt.attempt_id, AttemptState.ABSENT, "absent", back)
    return _outcome(office, attempt)


def _look_later(office: Office, attempt: Attempt, error: BotError) -> None:
    """The look itself failed and says nothing about the request."""
    passing = error.action is Action.RETRY
    standing = Standing(
        status=Status.UNCERTAIN,
        error_code=error.code,
        reason=f"It could not be looked up. {error.sentence}",
        next_action="" if passing else advice(error.sentence),
        waiting_until=office.now() + (RETRY_AFTER if passing else office.quiet),
    )
    office.journal.move(attempt.request_id, standing)


def _to_person(office: Office, attempt: Attempt, error_code: str, why: str) -> Outcome:
    """The attempt stays uncertain, so that nothing can be sent; the request waits for a person."""
    reason = f"It is not certain whether {attempt.portal} accepted the request. {why.format(portal=attempt.portal)}"
    action = f"Look on {attempt.portal} or call, then enter the reference number, or that it was not accepted. Do not send it."
    standing = Standing(status=Status.NEEDS_PERSON, error_code=error_code, reason=reason, next_action=action)
    office.journal.move(attempt.request_id, standing)
    return _outcome(office, attempt)


def _is_open(office: Office, attempt: Attempt) -> bool:
    return office.journal.snapshot(attempt.request_id).status is Status.UNCERTAIN


def _is_due(office: Office, attempt: Attempt) -> bool:
    snapshot = office.journal.snapshot(attempt.request_id)
    until = snapshot.waiting_until
    return snapshot.status is Status.UNCERTAIN and (until is None or until <= office.now())


def _outcome(office: Office, attempt: Attempt, error_code: str = "", reason: str = "", *, adopted: bool = False) -> Outcome:
    now = office.journal.snapshot(attempt.request_id)
    return Outcome(
        request_id=attempt.request_id,
        portal=attempt.portal,
        account=attempt.account,
        status=now.status,
        error_code=error_code or now.error_code,
        reason=reason or now.reason,
        adopted=adopted,
    )
