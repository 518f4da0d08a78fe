"""A practice's month: files come in, payers decide, portals go down, passwords run out, people do their part, and the service
works through it by itself, is stopped and killed in the middle, and goes on.

Time is virtual: each second is there, and none is waited for."""

from __future__ import annotations

import asyncio
import gc
import os
import sqlite3
import sys
import tempfile
import time as stopwatch
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import psutil
from month_payers import Payers
from month_people import Desk
from month_rows import Asked, Hidden, RowMaker, write_rows
from month_service import Process, move_in, write_settings
from outage_sky import Down, Sky
from virtual_time import VirtualClock, VirtualLoop

from jobs.home import Home

ZONE = ZoneInfo("America/New_York")
QUIET_TAIL = timedelta(days=2)
"""At the end nothing new happens for so long: then everybody can know everything."""


class MonthLoop(VirtualLoop):
    """What the service gives to a thread is done at once: while it is done no time passes."""

    def run_in_executor(self, _executor: Any, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:  # type: ignore[override]
        done = self.create_future()
        try:
            done.set_result(func(*args))
        except BaseException as error:
            done.set_exception(error)
        return done


@dataclass(frozen=True)
class Plan:
    """``first`` is the first day. ``stops`` and ``kills``: day of the month's count -> local time (and at which step it dies)."""

    first: date
    days: int
    a_day: int
    seed: int = 1
    schedule: str = ""
    check_writes: tuple[int, ...] = (1, 16)
    stops: dict[int, time] = field(default_factory=dict)
    kills: dict[int, tuple[time, str]] = field(default_factory=dict)
    downs: tuple[tuple[str, int, time, timedelta], ...] = ()
    """Portal, day, local time, how long."""
    wrong_password: int = -1
    """Day on which somebody changes the password of carepartners by hand and tells nobody."""
    asked_at_sign_in: int = -1
    """Day from which the units page wants a new password at the next sign-in."""
    new_medical_portal: int = -1
    """Day on which the settings send HUSKY's medical requests to the portal that replaced the old one."""


@dataclass
class Day:
    """What was measured at the end of one day. ``seconds`` of the processor's time, ``rss`` in MB."""

    day: date
    seconds: float
    rss: float
    files: int
    requests: int


@dataclass(frozen=True)
class Tick:
    job: str
    slot: str
    begun: datetime
    ended: datetime | None = None
    again: bool = False


class Month:
    def __init__(self, loop: VirtualLoop, folder: Path, plan: Plan) -> None:
        self.plan, self.folder = plan, folder
        self.home = folder / "home"
        self.begins = self.at(0, time(6, 0))
        self.ends = self.at(plan.days, time(0, 0))
        self.clock = VirtualClock(loop, self.begins)
        luck = Random(f"month/{plan.seed}")
        written = [self.at(day, time(3, 0)) for day in range(-20, plan.days) if self.day(day).day in plan.check_writes]
        self.payers = Payers(luck, self.ends - QUIET_TAIL, written)
        downs = [Down(slug, since := self.at(day, at), since + length) for slug, day, at, length in plan.downs]
        self.sky = Sky(self.clock, downs, seed=plan.seed)
        self.rows = RowMaker(Random(f"rows/{plan.seed}"))
        self.asked: dict[str, Asked] = {}
        self.away: list[tuple[datetime, datetime]] = []
        """When no service ran."""
        self.used: set[str] = set()
        self.told: list[str] = []
        self._seen = sqlite3.connect(folder / "seen.db")
        self._seen.execute("CREATE TABLE seen (job TEXT, slot TEXT, at TEXT, PRIMARY KEY (job, slot))")
        self._noted_until = ""
        self.measured: list[Day] = []
        self.switched_at: datetime | None = None
        self.left_cleanly: list[bool] = []
        self._alive: set[int] = set()
        self._pids = 0
        self._began = stopwatch.process_time()
        move_in(self.home, self.payers, self.clock, plan.first, plan.schedule)
        self.process = self._next_process()
        self.desk = Desk(self)

    # --- days and hours ----------------------------------------------------------------------------------------------

    def day(self, number: int) -> date:
        return self.plan.first + timedelta(days=number)

    def at(self, number: int, local: time) -> datetime:
        return datetime.combine(self.day(number), local, ZONE).astimezone(UTC)

    # --- living ------------------------------------------------------------------------------------------------------

    async def live(self) -> None:
        self.process.start()
        for at, what in sorted(self._happenings(), key=lambda each: each[0]):
            while (pause := (at - self.clock()).total_seconds()) > 0:
                await self.process.works(pause)
            await what()
        await self.process.stop()
        self._remember()

    def _happenings(self) -> list[tuple[datetime, Callable[[], Awaitable[None]]]]:
        plan = self.plan
        found: list[tuple[datetime, Callable[[], Awaitable[None]]]] = [(self.ends, self._end_of_day)]
        for number in range(plan.days):
            found += [(self.at(number, time(23, 59)), self._end_of_day)]
            if self.day(number).weekday() < 5:
                found += [(self.at(number, at), self.desk.work) for at in (time(10, 30), time(15, 40))]
            if self.at(number, time(12, 0)) < self.ends - QUIET_TAIL:
                found += [(self.at(number, time(8, 31)), self._file(number)), (self.at(number, time(13, 12)), self._file(number))]
        found += [(self.at(number, at), self._stop) for number, at in plan.stops.items()]
        found += [(self.at(number, at), self._kill(step)) for number, (at, step) in plan.kills.items()]
        if plan.wrong_password >= 0:
            found += [(self.at(plan.wrong_password, time(7, 0)), self._change_by_hand)]
        if plan.asked_at_sign_in >= 0:
            found += [(self.at(plan.asked_at_sign_in, time(1, 0)), self._let_expire)]
        if plan.new_medical_portal >= 0:
            found += [(self.at(plan.new_medical_portal, time(4, 0)), self._switch)]
        return [each for each in found if each[0] <= self.ends]

    def _file(self, number: int) -> Callable[[], Awaitable[None]]:
        async def come_in() -> None:
            day, share = self.day(number), self.plan.a_day // 2
            some = self.rows.some(share if day.weekday() < 5 else max(1, share // 8), day)
            self.asked |= {each.request_id: each for each in some}
            write_rows(self.home / "inbox" / f"{self.clock():%Y%m%d%H%M}.csv", [each.row for each in some])
            if number % 5 == 3:  # the same file once more, under another name
                write_rows(self.home / "inbox" / f"again-{self.clock():%Y%m%d%H%M}.csv", [each.row for each in some])

        return come_in

    # --- what goes wrong ---------------------------------------------------------------------------------------------

    async def _stop(self) -> None:
        self.left_cleanly.append(await self.process.stop())
        await self._away_for(timedelta(minutes=47))

    def _kill(self, step: str) -> Callable[[], Awaitable[None]]:
        async def kill() -> None:
            await self.process.kill(step)
            await self._away_for(timedelta(minutes=6))

        return kill

    async def _away_for(self, pause: timedelta) -> None:
        since = self.clock()
        self._remember()
        await asyncio.sleep(pause.total_seconds())
        self.away.append((since, self.clock()))
        self.process = self._next_process()
        self.process.start()

    async def _switch(self) -> None:
        """A person writes the settings and starts the service anew."""
        await self.process.stop()
        write_settings(Home(self.home), "husky_medical", self.plan.schedule)
        self.switched_at = self.clock()
        await self._away_for(timedelta(minutes=3))

    async def _change_by_hand(self) -> None:
        self.payers.accounts["carepartners", "cp1"].password = "Changed-by-hand-1"

    async def _let_expire(self) -> None:
        self.payers.accounts["husky_secure", "hs1"].expired = True

    def _next_process(self) -> Process:
        self._pids += 1
        return Process(self.home, self._pids, self.payers, self.clock, self._alive, meets=self.sky.meets, hidden=self._hidden)

    def _hidden(self, request_id: str) -> Hidden:
        return self.asked[request_id].hidden

    def close(self) -> None:
        self._seen.close()

    # --- what is remembered ------------------------------------------------------------------------------------------

    async def _end_of_day(self) -> None:
        self._note_ticks()
        gc.collect()
        me = psutil.Process()
        if sys.stderr.isatty() or "-v" in sys.argv:
            print(f"{self.clock():%Y-%m-%d} {stopwatch.process_time():.0f} s", file=sys.stderr, flush=True)
        self.measured.append(
            Day(
                day=self.clock().astimezone(ZONE).date(),
                seconds=stopwatch.process_time() - self._began,
                rss=me.memory_info().rss / 1e6,
                files=_open_handles(me),
                requests=len(self.asked),
            )
        )

    def _remember(self) -> None:
        self.used |= self.process.portals.used
        self.told += self.process.told
        self._note_ticks()

    def _note_ticks(self) -> None:
        """Before old ones are forgotten; in a file, so that what is measured here is the service's memory."""
        with closing(sqlite3.connect(self.home / "journal.db", timeout=60)) as journal:
            query = "SELECT job, slot, claimed_at FROM ticks WHERE claimed_at >= ?"
            rows = journal.execute(query, [self._noted_until]).fetchall()
        with self._seen:  # one transaction: one alone for each row costs more than the day's work
            self._seen.executemany("INSERT OR REPLACE INTO seen VALUES (?, ?, ?)", rows)
        self._noted_until = max((row[2] for row in rows), default=self._noted_until)

    def ticks_of(self, job: str) -> list[Tick]:
        """Every tick of a job that was ever begun, in the order in which they were."""
        found: dict[str, dict[str, datetime]] = {"run": {}, "ran": {}, "again": {}}
        for what, noted in found.items():
            for slot, at in self._seen.execute("SELECT slot, at FROM seen WHERE job = ?", [f"{what} {job}"]):
                noted[slot] = datetime.fromisoformat(at)
        made = [Tick(job, slot, at, found["ran"].get(slot), slot in found["again"]) for slot, at in found["run"].items()]
        return sorted(made, key=lambda tick: tick.begun)

    def count_ticks(self, what: str) -> int:
        return int(self._seen.execute("SELECT count(*) FROM seen WHERE job LIKE ?", [f"{what} %"]).fetchone()[0])


def _open_handles(me: psutil.Process) -> int:
    return me.num_fds() if os.name == "posix" else me.num_handles()


def live(plan: Plan, judge: Callable[[Month], Any]) -> Any:
    """The month from its first morning to its last night, then what ``judge`` makes of it while the home is still there."""
    loop = MonthLoop()
    with tempfile.TemporaryDirectory() as folder:
        month = Month(loop, Path(folder), plan)
        work: Coroutine[Any, Any, None] = month.live()
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(work)
        try:
            return judge(month)
        finally:
            month.close()
