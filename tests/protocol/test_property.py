"""Invariants 1 to 4 of the design, against whatever happens: random faults, kills, restarts, two PriorBots at once.

Each rule is something that happens to a practice; after each, and at rest, the payer's truth is held against the journal.
``PRIORBOT_PROPERTY_EXAMPLES`` sets the number of histories that are tried.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import shutil
import tempfile
from collections.abc import Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
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

from bots.model import Urgency
from jobs.dispatch import submit_due
from jobs.follow import follow_open
from jobs.office import Office
from jobs.portal_state import PortalStates
from jobs.seats import Identity
from jobs.verify import verify_due

EXAMPLES = int(os.environ.get("PRIORBOT_PROPERTY_EXAMPLES", "60"))

pytestmark = pytest.mark.timeout(1200)  # a history that fails is made smaller before it is shown

READS = ("sign_in", "find", "draft", "review", "list", "read")
faults = st.one_of(
    st.tuples(st.sampled_from(READS), st.integers(0, 2), st.sampled_from(sorted(BEFORE_INTENT))),
    st.tuples(st.just("click"), st.integers(0, 2), st.sampled_from(sorted(AT_THE_CLICK))),
    st.tuples(st.just("after_receipt"), st.just(0), st.sampled_from(sorted(AFTER_RECEIPT))),
    st.tuples(st.just("open"), st.just(0), st.sampled_from(["portal_down", "blocked", "bug"])),
)
"""A step, the how-many-th time it is done, and what goes wrong then."""
works = st.sampled_from([submit_due, submit_due, submit_due, verify_due, follow_open])
runs = st.tuples(works, st.lists(faults, max_size=3), st.just(0) | st.integers(1, 60))
"""What a PriorBot is started for, what goes wrong, and at which of its steps it is killed (0: at none)."""


def plan_of(faults: list[tuple[str, int, str]]) -> dict[str, list[str | None]]:
    plan: dict[str, list[str | None]] = {}
    for step, place, kind in faults:
        planned = plan.setdefault(step, [])
        planned.extend([None] * (place + 1 - len(planned)))
        planned[place] = kind
    return plan


class Practice(RuleBasedStateMachine):
    """One practice, one payer, and any number of PriorBots that come and go."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.truth = Truth()
        self.folder = Path(tempfile.mkdtemp(prefix="practice"))
        self.pids = itertools.count(1)
        self.running: set[int] = set()
        self.ids = itertools.count(1)
        self.passwords = {"north": "first", "south": "first"}
        self.versions = itertools.count(2)

    @initialize(
        accounts=st.sampled_from([("north",), ("north", "south")]), shows_reference=st.booleans(), lag=st.sampled_from([0, 5, 14])
    )
    def set_up(self, accounts: tuple[str, ...], shows_reference: bool, lag: int) -> None:
        """``lag``: minutes until the portal's own search shows what it accepted."""
        self.accounts = accounts
        self.shows_reference = shows_reference
        self.lag = timedelta(minutes=lag)
        for account in accounts:
            self.truth.change_password(PORTAL, account, "first")
        self.journal = self.open_journal(Bomb())
        self.requests_arrive(count=2, urgent=False, twin=False)

    # --- processes ---------------------------------------------------------------------------------------------------

    def open_journal(self, bomb: Bomb) -> MortalJournal:
        journal = MortalJournal.open(f"sqlite:///{self.folder / 'journal.db'}", now=self.clock)
        journal.bomb = bomb
        return journal

    def start(self, plan: dict[str, list[str | None]], bomb: Bomb, seed: int) -> Office:
        """A new process: its own identity, its own connection, its own bomb."""
        pid = next(self.pids)
        self.running.add(pid)
        luck = random.Random(seed)
        journal = self.open_journal(bomb)
        world = World(
            self.truth,
            self.clock,
            holder=str(pid),
            is_alive=lambda holder: int(holder) in self.running,
            passwords=self.passwords,
            faults=Faults(plan),
            bomb=bomb,
            pauses=lambda: luck.randrange(4),
            lag=self.lag,
            shows_reference=self.shows_reference,
        )
        me = Identity(host="here", pid=pid, started=1.0)
        return open_office(
            journal, world, me=me, is_running=lambda identity: identity.pid in self.running, accounts=self.accounts
        )

    def run(self, *works: tuple[Office, Bomb, Coroutine[Any, Any, Any]]) -> None:
        """Runs processes side by side, each to its end or its death."""

        async def live(office: Office, bomb: Bomb, work: Coroutine[Any, Any, Any]) -> None:
            try:
                await work
            except (Killed, BaseExceptionGroup):
                if not bomb.dead:
                    raise
            finally:
                self.running.discard(office.seats._me.pid)
                office.journal.close()

        async def all_of_them() -> None:
            await asyncio.gather(*(live(*work) for work in works))

        asyncio.run(all_of_them())

    # --- what happens ------------------------------------------------------------------------------------------------

    @rule(count=st.integers(1, 3), urgent=st.booleans(), twin=st.booleans())
    def requests_arrive(self, count: int, urgent: bool, twin: bool) -> None:
        """``twin``: all for one member, code and month, as a practice's mistake would have it."""
        changes: dict[str, Any] = {"urgency": Urgency.URGENT if urgent else Urgency.STANDARD}
        if twin:
            changes["member_id"] = "001234567"
        take_in(self.journal, *(build_request(f"R-{next(self.ids)}", **changes) for _ in range(count)))

    @rule(runs=st.lists(runs, min_size=1, max_size=2), seed=st.integers(0, 2**16))
    def priorbot_runs(self, runs: list[tuple[Any, list[tuple[str, int, str]], int]], seed: int) -> None:
        """Once, or twice at the same time."""
        started = []
        for place, (work, faults, kill) in enumerate(runs):
            bomb = Bomb(kill)
            office = self.start(plan_of(faults), bomb, seed + place)
            started.append((office, bomb, work(office)))
        self.run(*started)

    @rule(minutes=st.sampled_from([6, 16, 60 * 26]))
    def time_passes(self, minutes: int) -> None:
        self.clock.advance(minutes=minutes)

    @rule(account=st.sampled_from(["north", "south"]))
    def the_portal_wants_another_password(self, account: str) -> None:
        self.truth.change_password(PORTAL, account, f"portal's {next(self.versions)}")

    @rule(changes_password=st.booleans())
    def a_person_puts_it_right(self, changes_password: bool) -> None:
        if changes_password:
            for account in self.accounts:
                self.passwords[account] = f"new {next(self.versions)}"
                self.truth.change_password(PORTAL, account, self.passwords[account])
        PortalStates(self.journal).enable_portal(PORTAL, "Sam")

    # --- what must always be true ------------------------------------------------------------------------------------

    @invariant()
    def at_most_one_commit_and_nobody_locked_out(self) -> None:
        if hasattr(self, "journal"):
            check_truth(self.journal, self.truth)

    def teardown(self) -> None:
        try:
            if hasattr(self, "journal"):
                self.clock.advance(hours=1)
                self.a_person_puts_it_right(changes_password=True)
                office = self.start({}, Bomb(), 0)
                self.run((office, Bomb(), settle(office, self.clock)))
                check_rest(self.journal, self.truth)
        finally:
            if hasattr(self, "journal"):
                self.journal.close()
            self.truth.close()
            shutil.rmtree(self.folder)


TestPractice = Practice.TestCase
TestPractice.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=15,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
    report_multiple_bugs=False,
)
