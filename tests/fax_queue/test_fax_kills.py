"""Killed at every step of its work and started again, and random histories of a practice: no fax twice, none lost."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from line_double import FileLine, LineGone, LineRefuses
from queue_bench import FakeClock, build_request, check_truth, open_office, take_in

from bots.errors import BotError
from bots.fax.model import FaxReason, FaxState, LineLimits
from bots.model import Status, Urgency
from bots.vault import Vault
from jobs.attempts import Attempts
from jobs.events import Standing
from jobs.fallback import to_fax
from jobs.fax import deciding
from jobs.fax.book import FaxBook
from jobs.fax.entering import enqueue_due
from jobs.fax.office import FaxOffice
from jobs.fax.sending import send_due
from jobs.fax.state import FaxStep
from jobs.fax.troubles import FaxNotChanged
from jobs.journal import Journal
from jobs.journal_write import Write
from jobs.seats import Identity, Seats

EXAMPLES = int(os.environ.get("PRIORBOT_PROPERTY_EXAMPLES", "12"))
NUMBERS = ("203.265.3994", "203.774.0551")
ENDS = ((FaxState.DELIVERED, FaxReason.NONE), (FaxState.FAILED, FaxReason.BUSY), (FaxState.FAILED, FaxReason.BROKEN_OFF))
IN_VAIN = (
    FaxReason.BUSY,
    FaxReason.NO_ANSWER,
    FaxReason.NO_CARRIER,
    FaxReason.NO_LINE,
    FaxReason.REJECTED,
    FaxReason.CANCELLED,
)


class Killed(BaseException):
    """The process has died here."""


class Bomb:
    """Goes off at the ``at``-th step (0: never). A dead process does nothing more."""

    def __init__(self, at: int = 0) -> None:
        self.at, self.steps = at, 0

    def tick(self, *_: object) -> None:
        self.steps += 1
        if self.at and self.steps >= self.at:
            raise Killed


class MortalJournal(Journal):
    """A journal whose process can die before, within and after each write."""

    bomb = Bomb()

    @contextmanager
    def write(self) -> Iterator[Write]:
        self.bomb.tick()
        with super().write() as write:
            yield write
            self.bomb.tick()
        self.bomb.tick()


class Practice:
    """One home over many lives of its process."""

    def __init__(self, folder: Path, *, limits: LineLimits | None = None) -> None:
        self.folder, self.clock = folder, FakeClock()
        self.vault = Vault.open(folder / "vault")
        self.line = FileLine(folder / "line.jsonl", limits=limits)
        self.line.before_send = lambda _fax: self.journal.bomb.tick()
        self.line.after_send = lambda _fax: self.journal.bomb.tick()
        self.lives = 0
        self.journal = MortalJournal.open(f"sqlite:///{folder / 'journal.db'}", now=self.clock)

    def close(self) -> None:
        self.journal.close()

    def live(self, kill_at: int = 0) -> bool:
        """One PriorBot: queues what is due and works it off. True when it lived to its end."""
        self.lives += 1
        self.journal.bomb = Bomb(kill_at)
        try:
            asyncio.run(self._work())
        except BaseExceptionGroup as group:
            if group.subgroup(Killed) is None:
                raise
            return False
        except Killed:
            return False
        finally:
            self.journal.bomb = Bomb()
        return True

    async def _work(self) -> None:
        office = self.office()
        await enqueue_due(office)
        await send_due(office)

    def office(self, **changes: Any) -> FaxOffice:
        me = Identity(host="here", pid=self.lives, started=float(self.lives))
        seats = Seats(self.journal, me=me, is_running=lambda other: other.pid == self.lives)
        return open_office(self.journal, self.folder / "fax", self.vault, self.line, seats=seats, **changes)

    def take_in(self, *request_ids: str, number: str = NUMBERS[0], urgency: Urgency = Urgency.STANDARD) -> None:
        take_in(self.journal, ((build_request(each, urgency=urgency), number) for each in request_ids))
        for request_id in request_ids:
            self.journal.move(request_id, to_fax(number, (), "By rule."))

    def settle(self) -> None:
        """Lives without trouble until nothing moves by itself."""
        for _ in range(40):
            self.clock.advance(minutes=5)
            assert self.live()
            faxes = list(FaxBook(self.journal, Seats(self.journal)).faxes(step=FaxStep.QUEUED))
            if faxes:
                self.clock.at = max(self.clock.at, min(fax.not_before for fax in faxes))
            elif self.is_at_rest():
                return

    def is_at_rest(self) -> bool:
        counts = FaxBook(self.journal, Seats(self.journal)).counts()
        return not (counts.keys() & {FaxStep.QUEUED, FaxStep.INTENT, FaxStep.HANDED_OVER})

    def check(self, *, sure: frozenset[str] = frozenset()) -> None:
        """Nothing was sent again after a call that was not certainly in vain, unless a person was ``sure``."""
        check_truth(self.journal, self.line, calls=lambda _tag: 99)
        book = FaxBook(self.journal, Seats(self.journal))
        by_request: dict[str, list[str]] = {}
        for entry in self.line.sent():
            fax = book.get(entry["tag"])
            assert fax is not None
            by_request.setdefault(fax.request_id, []).append(entry["job"])
        for request_id, jobs in by_request.items():
            in_vain = [job for job in jobs if self._is_in_vain(job)]
            assert request_id in sure or len(jobs) - len(in_vain) <= 1, f"{request_id} was sent twice"

    def _is_in_vain(self, job: str) -> bool:
        end = self.line.ends.get(job)
        return end is not None and end.state is FaxState.FAILED and end.reason in IN_VAIN and not end.pages_sent


def test_killed_at_every_single_step_each_fax_arrives_once(tmp_path: Path) -> None:
    step, finished = 0, False
    while not finished:
        step += 1
        folder = tmp_path / str(step)
        folder.mkdir()
        practice = Practice(folder)
        practice.take_in("R-1", "R-2")
        practice.take_in("R-3", number=NUMBERS[1])
        practice.line.plans[NUMBERS[1]].append((FaxState.FAILED, FaxReason.BUSY, 0))
        finished = practice.live(kill_at=step)
        practice.check()
        practice.settle()
        practice.check()
        assert {each.status for each in practice.journal.snapshots()} == {Status.FAXED}
        assert Counter(entry["number"] for entry in practice.line.sent()) == {NUMBERS[0]: 2, NUMBERS[1]: 2}
        assert practice.journal.rebuild()
        practice.close()
    assert step > 30, "the steps were not counted"


class FaxHistories(RuleBasedStateMachine):
    """Requests come in; PriorBots are started, stopped and killed; the line fails; people decide."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="fax-queue-"))
        self.practice = Practice(self.folder, limits=LineLimits(jobs=2))
        self.sure: set[str] = set()
        self.count = 0

    @rule(number=st.sampled_from(NUMBERS), urgency=st.sampled_from(Urgency), how_many=st.integers(1, 3))
    def requests_come_in(self, number: str, urgency: Urgency, how_many: int) -> None:
        ids = [f"R-{self.count + place}" for place in range(how_many)]
        self.count += how_many
        self.practice.take_in(*ids, number=number, urgency=urgency)

    @rule(number=st.sampled_from(NUMBERS), reason=st.sampled_from(FaxReason), pages=st.sampled_from((0, 0, 0, 1)))
    def a_call_will_fail(self, number: str, reason: FaxReason, pages: int) -> None:
        self.practice.line.plans[number].append((FaxState.FAILED, reason, pages))

    @rule(number=st.sampled_from(NUMBERS), state=st.sampled_from((FaxState.WAITING, FaxState.SENDING, FaxState.UNKNOWN)))
    def a_call_will_take_long(self, number: str, state: FaxState) -> None:
        self.practice.line.plans[number].append((state, FaxReason.NONE, 0))

    @rule(seed=st.integers(0, 999))
    def what_is_on_the_line_ends(self, seed: int) -> None:
        chance = random.Random(seed)
        for fax in list(FaxBook(self.practice.journal, Seats(self.practice.journal)).faxes(step=FaxStep.HANDED_OVER)):
            self.practice.line.end(fax.fax_id, *chance.choice(ENDS))

    @rule(
        where=st.sampled_from(("send", "after_send", "find", "report", "check", "cancel")),
        error=st.sampled_from((LineGone, LineRefuses)),
        often=st.integers(1, 3),
    )
    def the_line_will_fail(self, where: str, error: type[BotError], often: int) -> None:
        self.practice.line.troubles[where].extend(error() for _ in range(often))

    @rule(minutes=st.integers(1, 90))
    def time_passes(self, minutes: int) -> None:
        self.practice.clock.advance(minutes=minutes)

    @rule(kill_at=st.integers(0, 40))
    def priorbot_runs(self, kill_at: int) -> None:
        self.practice.live(kill_at)

    @rule(seed=st.integers(0, 999), what=st.sampled_from(("cancel", "delivered", "failed", "again", "again_sure")))
    def a_person_decides(self, seed: int, what: str) -> None:
        faxes = list(FaxBook(self.practice.journal, Seats(self.practice.journal)).faxes())
        if not faxes:
            return
        fax, office = random.Random(seed).choice(faxes), self.practice.office()
        decide = {
            "cancel": lambda: deciding.cancel(office, fax, "Pat"),
            "delivered": lambda: deciding.confirm(office, fax, "Pat"),
            "failed": lambda: deciding.confirm(office, fax, "Pat", failed=FaxReason.OTHER),
            "again": lambda: deciding.again(office, fax, "Pat"),
            "again_sure": lambda: deciding.again(office, fax, "Pat", sure=True),
        }[what]
        try:
            asyncio.run(_done(decide))
        except (FaxNotChanged, LineGone, LineRefuses):
            return
        if what in ("again_sure", "failed"):
            self.sure.add(fax.request_id)  # the person knows better than the line, or thinks so

    @rule(seed=st.integers(0, 999))
    def a_portal_worker_tries_to_take_one(self, seed: int) -> None:
        journal = self.practice.journal
        waiting = [each.request.request_id for each in journal.snapshots(status=Status.WAITING)]
        if not waiting:
            return
        office = self.practice.office()
        seat = office.seats.acquire("clear_coverage", "north")
        assert seat is not None
        request_id = random.Random(seed).choice(waiting)
        in_queue = FaxBook(journal, office.seats).is_sent(request_id)
        attempt = Attempts(journal, office.seats).claim(request_id, seat)
        assert attempt is None or not in_queue
        Attempts(journal, office.seats).put_to_rest(request_id, Standing(status=Status.WAITING))
        office.seats.release(seat)

    @invariant()
    def nothing_is_sent_twice(self) -> None:
        if self.count:
            self.practice.check(sure=frozenset(self.sure))

    def teardown(self) -> None:
        if not hasattr(self, "practice"):
            return
        try:
            self._come_to_rest()
        finally:
            self.practice.close()
            shutil.rmtree(self.folder)

    def _come_to_rest(self) -> None:
        line = self.practice.line
        line.plans.clear()
        line.troubles.clear()
        for job, end in list(line.ends.items()):
            if end.state in (FaxState.WAITING, FaxState.SENDING):
                del line.ends[job]
        self.practice.settle()
        self.practice.check(sure=frozenset(self.sure))
        for snapshot in self.practice.journal.snapshots():
            assert snapshot.status in (Status.FAXED, Status.NEEDS_PERSON), "lost: it waits for nobody and nothing"
            assert snapshot.status is Status.FAXED or (snapshot.reason and snapshot.next_action)
        assert self.practice.journal.rebuild(), "the rows are not what the events say"
        self.practice.journal.verify_chain()


async def _done(decide: Any) -> Any:
    return await decide()


FaxHistories.TestCase.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
    database=None,
)
TestFaxHistories = FaxHistories.TestCase
