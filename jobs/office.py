"""All that work on portals needs, wired once; and the desk at which one account is worked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bots.driver import OpenPortal, PortalDriver
from bots.model import Frozen, Shown, Status
from bots.signin_map import WITHOUT_ACCOUNT
from jobs.attempts import Attempts
from jobs.journal import Journal
from jobs.opening import OpeningHours
from jobs.payer_rules import PayerRules
from jobs.portal_state import BreakerState, PortalStates
from jobs.retries import Sleep
from jobs.seats import Seat, Seats

if TYPE_CHECKING:
    from jobs.config import Config

QUIET = timedelta(minutes=15)
"""How long after an uncertain commit the portal is first looked at, and the least time between two looks."""
PROBE = "probe"
"""What the seats of those are named by that probe a portal which is down, in place of a portal; its slug is the account."""
NO_ACCOUNT = ("",)
"""Whose seat it is at a portal that is used without an account: one seat all the same."""


class Outcome(Frozen):
    """What became of one request just now. ``reason`` is for staff and free of health information."""

    request_id: str
    portal: str
    account: str = ""
    status: Status
    error_code: str = ""
    reason: str = ""
    adopted: bool = False
    shown: Shown | None = None
    """A dry run's review page."""


class PortalPlan(Frozen):
    """How one portal may be used. ``accounts``: each is a seat; the one of a portal without accounts is named ""."""

    slug: str
    accounts: tuple[str, ...] = ()
    max_actions_per_hour: int = 0
    """Submissions, lists and cases of all accounts together; 0: no limit."""
    opening: OpeningHours = OpeningHours()
    time_zone: str = "America/New_York"
    examples: dict[str, str] = {}
    """What the check of the portal's pages may enter, by the names that its selector file uses."""

    def next_open(self, now: datetime) -> datetime:
        """``now`` itself when the portal may be used then, else the next moment at which it may."""
        return self.opening.next_open(now, ZoneInfo(self.time_zone))

    @property
    def is_searchable(self) -> bool:
        """Whether the portal shows what was sent before; else what is uncertain is a person's (design, section 5)."""
        return self.slug not in WITHOUT_ACCOUNT


def missing_setting(slug: str) -> str:
    """What ``priorbot.toml`` has to give before a portal can be used, in a few words."""
    return "no address in priorbot.toml" if slug in WITHOUT_ACCOUNT else "no account"


def plan_portals(config: Config, driven: Iterable[str]) -> dict[str, PortalPlan]:
    """The plans of all portals that have a bot (``driven``), as ``priorbot.toml`` sets them; unset ones have no account."""
    plans = {}
    for slug in driven:
        settings = config.portals.get(slug)
        if settings is None:
            plans[slug] = PortalPlan(slug=slug)
            continue
        plans[slug] = PortalPlan(
            slug=slug,
            accounts=NO_ACCOUNT if slug in WITHOUT_ACCOUNT else settings.accounts,
            max_actions_per_hour=settings.max_actions_per_hour,
            opening=settings.opening,
            time_zone=config.practice.time_zone,
            examples=settings.check,
        )
    return plans


def _ignore(_outcome: Outcome) -> None:
    """No progress shown."""


def _never() -> bool:
    return False


@dataclass(frozen=True, kw_only=True)
class Office:
    """``progress`` hears each outcome when it is durable. The clock is the journal's."""

    journal: Journal
    open_portal: OpenPortal
    plans: Mapping[str, PortalPlan]
    seats: Seats
    rules: PayerRules = field(default_factory=PayerRules)
    progress: Callable[[Outcome], None] = _ignore
    sleep: Sleep = asyncio.sleep
    quiet: timedelta = QUIET
    take_faxes: Callable[[], Awaitable[object]] | None = None
    """Takes everything that is to be faxed into the fax queue (`jobs.leaving.leave_by_fax`); None: faxes are a person's task."""
    is_stopping: Callable[[], bool] = _never
    """True once no further request or case may be begun; what is in the middle is brought to its end."""
    daily_check: bool = False
    """Portals' pages are checked once a day, under the first sign-in, before a request is started (`jobs.canary`)."""

    @property
    def attempts(self) -> Attempts:
        return Attempts(self.journal, self.seats)

    @property
    def states(self) -> PortalStates:
        return PortalStates(self.journal, most_per_hour={slug: plan.max_actions_per_hour for slug, plan in self.plans.items()})

    def now(self) -> datetime:
        return self.journal.now()

    def accounts(self, slug: str) -> tuple[str, ...]:
        """Accounts of that portal that no person has to put right first."""
        return tuple(each for each in self.plans[slug].accounts if self.states.why_disabled(slug, each) is None)


@dataclass(frozen=True)
class Desk:
    """One account at work: its seat and its portal, which signs in when it is first asked something."""

    seat: Seat
    driver: PortalDriver


@asynccontextmanager
async def at_desk(office: Office, slug: str, account: str) -> AsyncIterator[Desk | None]:
    """Takes the account's seat (None: somebody else has it), keeps it, and signs out and gives it back on every way out."""
    seat = office.seats.acquire(slug, account)
    if seat is None:
        yield None
        return
    try:
        async with office.seats.kept(seat), office.open_portal(slug, account) as driver:
            yield Desk(seat=seat, driver=driver)
    finally:
        office.seats.release(seat)


@asynccontextmanager
async def admitted(office: Office, slug: str) -> AsyncIterator[bool]:
    """Whether the portal may be used now. One that is down is probed by one caller at a time, whose probe ends with the block,
    whatever it heard; a prober that died keeps nobody waiting, because its seat is free (`free_dead_probes`)."""
    if office.states.breaker(slug).state is BreakerState.CLOSED:
        yield True
        return
    seat = office.seats.acquire(PROBE, slug) if office.states.is_probe_due(slug) else None
    if seat is None:
        yield False
        return
    try:
        async with office.seats.kept(seat):
            yield office.states.may_use(slug)
    finally:
        office.states.probe_ended(slug)
        office.seats.release(seat)


def free_dead_probes(office: Office) -> None:
    """A probe whose worker is gone is over. For every start of work."""
    for breaker in office.states.breakers():
        if breaker.state is BreakerState.HALF_OPEN and (seat := office.seats.acquire(PROBE, breaker.portal)) is not None:
            office.states.probe_ended(breaker.portal, again=timedelta(0))
            office.seats.release(seat)
