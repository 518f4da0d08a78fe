"""Invariants 1 to 4 of the design, against whatever happens: random faults, kills, restarts, two PriorBots at once.

A history is a list of days at a practice: requests come in, PriorBots are started and killed, portals fail, passwords change, a
person puts things right. After each day, and at rest, the payer's truth is held against the journal.
``PRIORBOT_PROPERTY_EXAMPLES`` sets the number of histories that are tried.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, event, example, given, settings
from hypothesis import strategies as st
from protocol_double import (
    AFTER_RECEIPT,
    AT_THE_CLICK,
    BEFORE_INTENT,
    PORTAL,
    Bomb,
    FakeClock,
    Faults,
    Killed,
    MortalJournal,
    Truth,
    World,
    build_request,
    check_rest,
    check_truth,
    open_office,
    settle,
    take_in,
)

from bots.errors import PasswordUnsure
from bots.model import Urgency
from jobs.dispatch import submit_due
from jobs.follow import follow_open
from jobs.office import Office
from jobs.portal_state import PortalStates
from jobs.seats import Identity
from jobs.verify import verify_due

pytestmark = pytest.mark.timeout(1200)  # a history that fails is made smaller before it is shown
EXAMPLES = int(os.environ.get("PRIORBOT_PROPERTY_EXAMPLES", "50"))

# --- what can happen -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fault:
    """At the ``place``-th time that a step is done, ``kind`` happens."""

    step: str
    place: int
    kind: str


@dataclass(frozen=True)
class Run:
    """One PriorBot: what it is started for, what goes wrong, and its step at which it is killed (0: at none)."""

    work: str
    faults: tuple[Fault, ...] = ()
    kill_at: int = 0
    seed: int = 0

    @property
    def plan(self) -> dict[str, list[str | None]]:
        plan: dict[str, list[str | None]] = {}
        for fault in self.faults:
            planned = plan.setdefault(fault.step, [])
            planned.extend([None] * (fault.place + 1 - len(planned)))
            planned[fault.place] = fault.kind
        return plan


@dataclass(frozen=True)
class Day:
    arrive: int
    twins: bool
    urgent: bool
    other_password: str
    runs: tuple[Run, ...]
    person: str
    minutes: int


WORK: dict[str, Callable[[Office], Coroutine[Any, Any, object]]] = {
    "submit": submit_due,
    "verify": verify_due,
    "follow": follow_open,
}

a_fault = st.one_of(
    st.builds(Fault, st.just("click"), st.integers(0, 2), st.sampled_from(sorted(AT_THE_CLICK))),
    st.builds(
        Fault,
        st.sampled_from(["sign_in", "find", "draft", "review", "list", "read"]),
        st.integers(0, 2),
        st.sampled_from(sorted(BEFORE_INTENT)),
    ),
    st.builds(Fault, st.just("after_receipt"), st.just(0), st.sampled_from(sorted(AFTER_RECEIPT))),
    st.builds(Fault, st.just("open"), st.just(0), st.sampled_from(["portal_down", "blocked", "bug"])),
)
a_run = st.builds(
    Run,
    work=st.sampled_from(["submit", "submit", "submit", "verify", "follow"]),
    faults=st.lists(a_fault, max_size=2).map(tuple),
    kill_at=st.just(0) | st.integers(4, 48),
    seed=st.integers(0, 2**16),
)
a_day = st.builds(
    Day,
    arrive=st.integers(0, 3),
    twins=st.booleans(),
    urgent=st.booleans(),
    other_password=st.sampled_from(["", "", "", "north", "south"]),
    runs=st.lists(a_run, min_size=1, max_size=2).map(tuple),
    person=st.sampled_from(["", "enables", "changes the password"]),
    minutes=st.sampled_from([3, 6, 16, 60 * 26]),
)


@dataclass(frozen=True)
class Portal:
    """How this history's portal is: its accounts, whether its list shows our ids, and after how many minutes it shows a case."""

    accounts: tuple[str, ...]
    shows_reference: bool
    lag: int


a_portal = st.builds(
    Portal,
    accounts=st.sampled_from([("north",), ("north", "south")]),
    shows_reference=st.booleans(),
    lag=st.sampled_from([0, 5, 25]),  # less than the two quiet periods of 15 minutes that two looks are apart
)


# --- a practice ------------------------------------------------------------------------------------------------------


@dataclass
class Practice:
    """One practice, one payer, and any number of PriorBots that come and go."""

    portal: Portal
    folder: Path
    clock: FakeClock = field(default_factory=FakeClock)
    truth: Truth = field(default_factory=Truth)
    running: set[int] = field(default_factory=set)
    killed: int = 0

    def __post_init__(self) -> None:
        self.pids = itertools.count(1)
        self.ids = itertools.count(1)
        self.versions = itertools.count(1)
        self.passwords = dict.fromkeys(self.portal.accounts, "first")
        for account in self.portal.accounts:
            self.truth.change_password(PORTAL, account, "first")
        self.journal = self.open_journal(Bomb())

    def open_journal(self, bomb: Bomb) -> MortalJournal:
        journal = MortalJournal.open(f"sqlite:///{self.folder / 'journal.db'}", now=self.clock)
        journal.bomb = bomb
        return journal

    def start(self, run: Run, bomb: Bomb) -> Office:
        """A new process: its own identity, its own connection, its own bomb."""
        pid = next(self.pids)
        self.running.add(pid)
        luck = random.Random(run.seed)
        world = World(
            self.truth,
            self.clock,
            holder=str(pid),
            is_alive=lambda holder: int(holder) in self.running,
            passwords=self.passwords,
            faults=Faults(run.plan),
            bomb=bomb,
            pauses=lambda: luck.randrange(4),
            lag=timedelta(minutes=self.portal.lag),
            shows_reference=self.portal.shows_reference,
        )
        return open_office(
            self.open_journal(bomb),
            world,
            me=Identity(host="here", pid=pid, started=1.0),
            is_running=lambda identity: identity.pid in self.running,
            accounts=self.portal.accounts,
        )

    def live(self, day: Day) -> None:
        member = {"member_id": "001234567"} if day.twins else {}
        urgency = Urgency.URGENT if day.urgent else Urgency.STANDARD
        take_in(self.journal, *(build_request(f"R-{next(self.ids)}", urgency=urgency, **member) for _ in range(day.arrive)))
        if day.other_password in self.portal.accounts:
            self.truth.change_password(PORTAL, day.other_password, f"portal's {next(self.versions)}")
        asyncio.run(self.run_side_by_side(day.runs))
        if day.person:
            self.put_right(changes_password=day.person != "enables")
        self.clock.advance(minutes=day.minutes)

    async def run_side_by_side(self, runs: tuple[Run, ...]) -> None:
        """Each to its end or its death."""

        async def run_one(run: Run) -> None:
            bomb = Bomb(run.kill_at)
            office = self.start(run, bomb)
            await self.to_its_end(office, bomb, WORK[run.work](office))

        await asyncio.gather(*map(run_one, runs))

    async def to_its_end(self, office: Office, bomb: Bomb, work: Awaitable[object]) -> None:
        try:
            await work
        except (Killed, BaseExceptionGroup):
            if not bomb.dead:
                raise
        finally:
            self.killed += bomb.dead
            self.running.discard(office.seats._me.pid)
            office.journal.close()

    def put_right(self, *, changes_password: bool) -> None:
        """A person who is not told a reason to change a password may well just enable the portal."""
        for account in self.portal.accounts:
            if changes_password or self.is_found_wrong(account):
                self.passwords[account] = f"new {next(self.versions)}"
                self.truth.change_password(PORTAL, account, self.passwords[account])
        PortalStates(self.journal).enable_portal(PORTAL, "Sam")

    def is_found_wrong(self, account: str) -> bool:
        """Whether a person who is asked to check the password by hand, because nobody saw the answer, finds it wrong."""
        why = PortalStates(self.journal).why_disabled(PORTAL, account)
        is_asked = why is not None and why.error_code == PasswordUnsure.code
        return is_asked and not self.truth.is_right(PORTAL, account, self.passwords[account])

    def come_to_rest(self) -> None:
        self.clock.advance(hours=1)
        self.put_right(changes_password=True)
        office = self.start(Run("submit"), Bomb())
        asyncio.run(self.to_its_end(office, Bomb(), settle(office, self.clock)))

    def tell_what_was_reached(self) -> None:
        """For ``--hypothesis-show-statistics``: a property that never gets anywhere holds nothing."""
        event("PriorBots killed", min(self.killed, 3))
        event("requests sent", min(sum(self.truth.accepted_count().values()), 4))
        event("passwords rejected", len(self.truth.rejected_passwords()))
        for state in {attempt.state for attempt in self.journal.attempts()}:
            event(f"attempt {state}")

    def close(self) -> None:
        self.journal.close()
        self.truth.close()


_ONCE = (Run("submit", faults=(), kill_at=0, seed=0),)
_KILLED = (Run("submit", faults=(), kill_at=12, seed=0),)
KILLED_BEFORE_THE_REJECTION_WAS_NOTED = [
    Day(arrive=1, twins=False, urgent=False, other_password="", runs=_ONCE, person="", minutes=3),
    Day(arrive=1, twins=False, urgent=False, other_password="north", runs=_KILLED, person="", minutes=3),
    Day(arrive=0, twins=False, urgent=False, other_password="", runs=_ONCE, person="", minutes=3),
]
"""Somebody changed the password by hand, and the first try with the old one dies before its answer is on the disk."""


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
@given(portal=a_portal, days=st.lists(a_day, min_size=2, max_size=6))
@example(portal=Portal(("north",), shows_reference=False, lag=0), days=KILLED_BEFORE_THE_REJECTION_WAS_NOTED)
def test_whatever_happens_nothing_is_sent_twice_lost_or_locked_out(portal: Portal, days: list[Day]) -> None:
    folder = Path(tempfile.mkdtemp(prefix="practice"))
    practice = Practice(portal, folder)
    try:
        for day in days:
            practice.live(day)
            check_truth(practice.journal, practice.truth)
        practice.tell_what_was_reached()
        practice.come_to_rest()
        check_rest(practice.journal, practice.truth)
    finally:
        practice.close()
        shutil.rmtree(folder)
