"""Who works on what now: every account of every portal at its own desk, urgent requests first, each portal on its own.

One call works off what is due and ends; what could not be done rests with a moment or a person (`_Round.rest`). Any number of
processes may do this at once on one journal: seats keep them off each other's accounts, claims off each other's requests.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import timedelta

import structlog

from bots.errors import (
    AccountInUse,
    Action,
    BotError,
    NoAccountThere,
    NoBotYet,
    NotConfigured,
    PortalDown,
    PortalInUse,
    Redirected,
)
from bots.model import Urgency
from jobs.attempts import Then
from jobs.canary import check_first
from jobs.clock import instant_text
from jobs.coverage import Asking
from jobs.events import Moved, Routed, Standing
from jobs.fallback import RETRY_AFTER, person_task, wait, wait_for_person, wait_for_settings
from jobs.journal_schema import JournalError
from jobs.leaving import leave_by_fax, wake_probers
from jobs.office import Desk, Office, Outcome, PortalPlan, admitted, at_desk, missing_setting
from jobs.payer_rules import PayerRules
from jobs.portal_state import BreakerState
from jobs.seats import SeatLost
from jobs.side_by_side import together
from jobs.state import Snapshot
from jobs.submit import Next, count_failure, outage_way, stop_account, submit_one
from jobs.verify import sweep

URGENCY_RANK = {Urgency.EMERGENT: 0, Urgency.URGENT: 1, Urgency.STANDARD: 2}
MAX_REOPENED = 3
"""How many sessions a worker opens, one after something unforeseen ended the other, before it gives up."""
SEAT_LOOK = 2.0
"""Seconds between two looks whether another PriorBot has given a seat back."""


async def submit_due(
    office: Office,
    *,
    only: Collection[str] | None = None,
    portals: Collection[str] | None = None,
    dry_run: bool = False,
    patience: timedelta = timedelta(0),
) -> tuple[Outcome, ...]:
    """Submits what is due (of ``only`` these ids, on these ``portals``), all portals side by side.

    ``patience``: how long to wait for seats that another PriorBot holds. A dry run stops after the read-back and moves nothing.
    Cancelling it signs out everywhere. Returns an outcome for every request that was worked on. Raises `JournalError` when the
    journal cannot be written.
    """
    sweep(office)
    if not dry_run:
        wake_probers(office, only=only, portals=portals)
    due = [slug for slug in office.journal.portals_due() if portals is None or slug in portals]
    run = _Run(office, portals=portals, dry_run=dry_run, patience=patience)
    await run.work_off(dict.fromkeys(due, only))
    if not dry_run:
        for outcome in await leave_by_fax(office):
            run.outcomes[outcome.request_id] = outcome
    return tuple(run.outcomes.values())


class _Run:
    """All portals of one `submit_due`: a round each, and another for what a portal hands over to one whose round has ended."""

    def __init__(self, office: Office, *, portals: Collection[str] | None, dry_run: bool, patience: timedelta) -> None:
        self._office = office
        self._portals = portals
        self._dry_run = dry_run
        self._patience = patience
        self._group: asyncio.TaskGroup | None = None
        self._at_work: set[str] = set()
        self._handed_over: dict[str, list[str]] = {}
        """Portal -> requests for its next round. A rule hands over once, so this comes to an end."""
        self.outcomes: dict[str, Outcome] = {}
        """Of each request the last."""

    async def work_off(self, due: Mapping[str, Collection[str] | None]) -> None:
        async with together() as self._group:
            for slug, only in due.items():
                self._begin(slug, only)

    def ended(self, outcome: Outcome) -> None:
        self.outcomes[outcome.request_id] = outcome
        self._office.progress(outcome)
        slug = "" if self._dry_run else _handed_over_to(self._office, outcome)
        if not slug or (self._portals is not None and slug not in self._portals):
            return
        self._handed_over.setdefault(slug, []).append(outcome.request_id)
        if slug not in self._at_work:
            self._begin(slug, self._handed_over.pop(slug))

    def _begin(self, slug: str, only: Collection[str] | None) -> None:
        assert self._group is not None
        self._at_work.add(slug)
        self._group.create_task(self._portal(slug, only))

    async def _portal(self, slug: str, only: Collection[str] | None) -> None:
        ids: Collection[str] | None = only
        while True:
            await _Round(self._office, slug, only=ids, dry_run=self._dry_run, patience=self._patience, ended=self.ended).run()
            if slug not in self._handed_over:
                self._at_work.remove(slug)
                return
            ids = self._handed_over.pop(slug)


def _handed_over_to(office: Office, outcome: Outcome) -> str:
    """The portal that a request was just handed over to; empty if it was not."""
    if outcome.error_code != Redirected.code:
        return ""
    route = office.journal.snapshot(outcome.request_id).route
    return route.portal if route is not None and route.redirected_from == outcome.portal else ""


def in_order(due: Iterable[Snapshot], rules: PayerRules) -> list[Snapshot]:
    """Emergent before urgent before standard; within these by the practice's deadline or first day, then as they came."""

    def key(snapshot: Snapshot) -> tuple[int, str]:
        request = snapshot.request
        act_by = rules.act_by(request)
        return URGENCY_RANK[request.urgency], instant_text(act_by) if act_by else request.from_date.isoformat()

    return sorted(due, key=key)


class _Round:
    """One portal's share of one `submit_due`."""

    def __init__(
        self,
        office: Office,
        slug: str,
        *,
        only: Collection[str] | None,
        dry_run: bool,
        patience: timedelta,
        ended: Callable[[Outcome], None],
    ) -> None:
        self._office = office
        self._slug = slug
        self._ended = ended
        self._only = only
        self._dry_run = dry_run
        self._give_up_at = office.now() + patience
        self._seen: set[str] = set()
        self._left: deque[str] = deque()
        self._asking = Asking(office, slug, ())
        self._checking = asyncio.Lock()
        self._stopped: Standing | None = None
        """Why nobody may go on here, when it is our own limit or the hours."""

    async def run(self) -> None:
        plan = self._office.plans.get(self._slug)
        self._take_in()
        while plan is not None and self._left and await self._work(plan):
            self._take_in()
        if not self._dry_run and not self._office.is_stopping():
            self._rest(plan)

    def _take_in(self) -> None:
        """What is due and was not seen in this round yet; also what another process has accepted meanwhile."""
        due = self._office.journal.due(self._slug, self._only)
        fresh = [each for each in due if each.request.request_id not in self._seen]
        self._left.extend(each.request.request_id for each in in_order(fresh, self._office.rules))
        self._seen.update(self._left)

    async def _work(self, plan: PortalPlan) -> bool:
        """All accounts at once until nothing is left. False when going on makes no sense now."""
        office = self._office
        if office.is_stopping() or self._is_closed_now(plan):
            return False
        due = () if self._dry_run else in_order(office.journal.due(self._slug, set(self._left)), office.rules)
        async with Asking(office, self._slug, due) as self._asking:
            return await self._work_off(plan)

    async def _work_off(self, plan: PortalPlan) -> bool:
        office = self._office
        if self._is_down():
            await self._probe(plan)
        if self._is_down():
            return False
        before = len(self._left)
        usable = office.accounts(self._slug)
        async with asyncio.TaskGroup() as group:
            workers = [group.create_task(self._worker(plan, account)) for account in usable[:before]]
        if not self._left:
            return True
        if not any(worker.result() for worker in workers) and workers and office.now() < self._give_up_at:
            await office.sleep(SEAT_LOOK)
            return True
        # An account that a person must put right now leaves its work to those that have had none yet.
        fewer = 0 < len(office.accounts(self._slug)) < len(usable)
        return len(self._left) < before or fewer

    async def _probe(self, plan: PortalPlan) -> None:
        """The portal was down: one request by one account tells whether it is back."""
        async with admitted(self._office, self._slug) as may:
            for account in self._office.accounts(self._slug) if may else ():
                if await self._worker(plan, account, most=1):
                    break

    async def _worker(self, plan: PortalPlan, account: str, most: int | None = None) -> bool:
        """One account, with a fresh session after something unforeseen. False when somebody else has its seat."""
        for _ in range(MAX_REOPENED):
            try:
                async with at_desk(self._office, self._slug, account) as desk:
                    if desk is None:
                        return False
                    if await self._serve(plan, desk, most) is Next.STOP:
                        return True
            except SeatLost:
                return True
            except BotError as error:
                self._cannot_open(account, error)
                return True
            except JournalError:
                raise
            except Exception as bug:
                structlog.get_logger().error("worker_failed", portal=self._slug, account=account, exc_info=bug)
        return True

    async def _serve(self, plan: PortalPlan, desk: Desk, most: int | None) -> Next:
        """One request after the other under one sign-in."""
        served = 0
        if not self._dry_run:
            async with self._checking:  # the others wait for what the first one finds
                await check_first(self._office, desk)
        while self._left and (most is None or served < most):
            if self._office.is_stopping() or self._is_closed_now(plan) or self._is_disabled(desk):
                return Next.STOP
            if most is None and self._is_down():
                return Next.STOP
            if not self._spend(plan):
                return Next.STOP
            request_id = self._left.popleft()
            if (outcome := await self._asking.ended(request_id)) is not None:
                self._ended(outcome)
                continue
            try:
                ending = await submit_one(self._office, desk, request_id, dry_run=self._dry_run)
            except SeatLost:
                self._left.appendleft(request_id)
                raise
            if ending is None:
                continue
            served += 1
            if ending.rest is not None:
                self._left.appendleft(request_id)  # another account may take it
                self._stopped = ending.rest
            else:
                self._ended(ending.outcome)
            if ending.next is not Next.GO_ON:
                return ending.next
        return Next.STOP

    def _is_closed_now(self, plan: PortalPlan) -> bool:
        now = self._office.now()
        opens = plan.next_open(now)
        if opens > now:
            self._stopped = wait(opens, "outside_hours", f"{self._slug} may be used again from {opens:%Y-%m-%d %H:%M %Z}.")
        return opens > now

    def _is_down(self) -> bool:
        return self._office.states.breaker(self._slug).state is not BreakerState.CLOSED

    def _is_disabled(self, desk: Desk) -> bool:
        return self._office.states.why_disabled(self._slug, desk.seat.account) is not None

    def _spend(self, plan: PortalPlan) -> bool:
        free_at = self._office.states.spend(self._slug, plan.max_actions_per_hour)
        if free_at is None:
            return True
        reason = f"This hour's limit of {plan.max_actions_per_hour} actions on {self._slug} is used up."
        self._stopped = wait(free_at, "rate_limit", reason)
        return False

    def _cannot_open(self, account: str, error: BotError) -> None:
        """The portal could not even be opened under that account."""
        if isinstance(error, NoBotYet):
            self._stopped = person_task(error)
        elif error.action is Action.PERSON_PORTAL:
            self._stopped = stop_account(self._office, self._slug, account, error)
        else:
            count_failure(self._office, self._slug, error)
            self._stopped = wait(self._office.now() + RETRY_AFTER, error.code, error.sentence)

    # --- what could not be done ----------------------------------------------------------------------------------

    def _rest(self, plan: PortalPlan | None) -> None:
        """Gives everything that is still due a moment or a person to wait for; while the portal is down also what was not asked
        for here, because what its rule lets leave must not wait for another run."""
        left = self._office.journal.due(self._slug, None if self._is_down() else self._seen)
        for snapshot in left:
            then = self._then(plan, snapshot)
            request_id = snapshot.request.request_id
            if then is None or not self._office.attempts.put_to_rest(request_id, then):
                continue
            outcome = Outcome(
                request_id=request_id,
                portal=self._slug,
                status=then.standing.status,
                error_code=then.standing.error_code,
                reason=then.standing.reason,
            )
            self._ended(outcome)

    def _then(self, plan: PortalPlan | None, snapshot: Snapshot) -> Then | None:
        """Where a request rests that nobody could take; None when another PriorBot is at work here and may still take it."""
        office, slug = self._office, self._slug
        if plan is None:
            return Moved(standing=person_task(NoBotYet(slug)))
        if not plan.accounts:
            sender = snapshot.route.redirected_from if snapshot.route else ""
            unset = NoAccountThere(sender, to=slug) if sender else NotConfigured(slug, what=missing_setting(slug))
            return Moved(standing=wait_for_settings(office.now(), unset))
        down = outage_way(office, snapshot, slug, PortalDown.code)
        if isinstance(down, Routed):
            return down
        stopped = office.states.disabled(slug)
        if stopped and not office.accounts(slug):
            return Moved(standing=wait_for_person(stopped[0].error_code, stopped[0].sentence))
        if down is not None:
            return down
        if self._stopped is not None:
            return Moved(standing=self._stopped)
        if office.seats.held_by_others(slug):
            return None
        named = ", ".join(plan.accounts)
        in_use = AccountInUse(slug, account=named) if named else PortalInUse(slug)
        return Moved(standing=wait(office.now() + RETRY_AFTER, in_use.code, in_use.sentence))
