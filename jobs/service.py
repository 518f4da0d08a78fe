"""The unattended service: begins each job's tick when it has come, once, and keeps jobs out of each other's way.

`Service.look` is all there is to it: it begins what is due and returns. Who calls it, and when, is `jobs.schedule` in a
process, and a loop over a moved clock in a simulation. One portal's jobs run one after the other, different portals side by
side, and a job that still runs when its next tick comes does not run twice at once. The clock is the journal's.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bots.model import Frozen
from jobs.calendar_ticks import Tick, TickCalendar
from jobs.clock import Clock
from jobs.journal_schema import JournalError, sentence_of
from jobs.seats import Seats
from jobs.ticking import Ticking

LOOK_AGAIN = timedelta(minutes=1)
"""The longest time between two looks: a machine that slept, or whose clock was put forward, is caught up with by then."""
LATE = timedelta(minutes=15)
"""A tick that begins later than this counts as missed and is told."""
NO_TICK = timedelta(days=1)
"""A job of which no tick is in sight is asked again after this."""
BACKWARDS = timedelta(minutes=2)
"""A clock that is put right by less than this is no trouble."""
SEAT = "service"
"""The "portal" under which a job's seat is kept, so that two machines on one database do not run it at once."""


def _always() -> bool:
    return True


@dataclass(frozen=True)
class Job:
    """One thing that the service does by itself. ``portal`` "" for what concerns none; ``work`` answers one line for people,
    "" for nothing worth a word."""

    name: str
    calendar: TickCalendar
    work: Callable[[], Awaitable[str]]
    portal: str = ""
    is_due: Callable[[], bool] = _always
    """A look, quick and without waiting, whether a tick has anything to do: most have not, and pass by as one write."""
    is_watch: bool = False
    """Goes on while the clock stands wrong: it tells people."""

    @cached_property
    def key(self) -> str:
        return f"{self.name} {self.portal}".strip()


class Missed(Frozen):
    """Ticks of one job whose time went by. The last one is made up for; the others are not."""

    job: str
    count: int
    first: datetime
    last: datetime


class Trouble(Frozen):
    """What went wrong in the service itself: ``matter`` names it, ``sentence`` is for staff."""

    matter: str
    sentence: str


class Service:
    """``say`` hears what was done, one line each; ``seats`` are the journal's."""

    def __init__(
        self,
        jobs: Iterable[Job],
        *,
        ticking: Ticking,
        seats: Seats,
        now: Clock,
        say: Callable[[str], None] = lambda _line: None,
    ) -> None:
        self.jobs = tuple(jobs)
        self.missed: list[Missed] = []
        """Since the last time somebody took them (`take_missed`)."""
        self.is_stopping = False
        self._ticking = ticking
        self._seats = seats
        self._now = now
        self._say = say
        self._running: dict[str, asyncio.Task[None]] = {}
        self._between: dict[str, tuple[datetime, datetime]] = {}
        """Job -> from when until when its last tick is seen to, and no other comes."""
        self._begun: dict[str, datetime] = {}
        self._ended: dict[str, datetime] = {}
        self._failed: dict[str, Trouble] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._last_look: datetime | None = None
        self._told_missed = 0

    # --- looking ---------------------------------------------------------------------------------------------------

    def look(self) -> None:
        """Begins every job whose tick has come. A journal that cannot be written begins nothing and is told as a trouble."""
        if self.is_stopping:
            return
        try:
            is_right, now = self._clock_is_right(), self._now()
            for job in self.jobs:
                if is_right:
                    self._look_at(job, now)
                elif job.is_watch and job.key not in self._running:
                    self._start(job, None)
        except (JournalError, SQLAlchemyError) as error:
            self._failed["journal"] = Trouble(matter="journal", sentence=sentence_of(error))
            for job in self.jobs:
                if job.is_watch and job.key not in self._running:
                    self._start(job, None)
            return
        self._failed.pop("journal", None)

    def next_look(self, now: datetime, longest: timedelta = LOOK_AGAIN) -> datetime:
        """When to look again: at the next tick, and at the latest after ``longest``."""
        return min([now + longest, *(self._next_tick(job, now) for job in self.jobs)])

    def _next_tick(self, job: Job, now: datetime) -> datetime:
        since, until = self._between.get(job.key, (now, now))
        if since <= now < until:
            return until
        tick = job.calendar.following(now)
        return tick.at if tick is not None else now + NO_TICK

    def _clock_is_right(self) -> bool:
        now = self._now()
        if self._last_look is None:
            self._last_look = self._ticking.last_sign()
        if self._last_look is not None and now < self._last_look - BACKWARDS:
            if "clock" not in self._failed:
                structlog.get_logger().error("clock_went_back")
            self._failed["clock"] = Trouble(
                matter="clock",
                sentence=f"The clock of this machine reads {now:%Y-%m-%d %H:%M} UTC, and PriorBot has worked at "
                f"{self._last_look:%Y-%m-%d %H:%M} UTC already. Nothing is sent until it is later than that. "
                "Set the clock; if it is right now, start again with: priorbot run --clock-is-right",
            )
            return False
        self._failed.pop("clock", None)
        self._last_look = now
        return True

    def _look_at(self, job: Job, now: datetime) -> None:
        since, until = self._between.get(job.key, (now, now))
        if since <= now < until or job.key in self._running:
            return  # a tick that comes while the one before runs is looked at when that has ended: it is late, or the next one is
        tick = job.calendar.latest(now)
        if tick is None or self._see_to(job, tick, now):
            self._between[job.key] = now, self._next_tick(job, now)

    def _see_to(self, job: Job, tick: Tick, now: datetime) -> bool:
        """False while another process is at that tick: it may not come to its end."""
        before = self._last_begun(job.key, now)
        # A first start owes nothing for the times before it.
        owes = before is not None or bool(job.calendar.rhythm.every)
        has_work = owes and self._has_work(job)
        begin = self._ticking.begin if has_work else self._ticking.pass_over
        if begin(job.key, tick.name):
            self._begun[job.key] = now
            self._note_missed(job, before, tick, now)
            if has_work:
                self._start(job, tick)
        elif not self._ticking.has_ended(job.key, tick.name):
            if self._is_somebody_at(job):
                return False
            if self._ticking.begin_again(job.key, tick.name):
                self._start(job, tick)
        return True

    def _last_begun(self, key: str, now: datetime) -> datetime | None:
        """When a tick of that job was begun last. Within `LATE` nothing can have been missed: the journal need not be asked."""
        mine = self._begun.get(key)
        return mine if mine is not None and mine <= now < mine + LATE else self._ticking.last_begun(key)

    def _has_work(self, job: Job) -> bool:
        try:
            return job.is_due()
        except (JournalError, SQLAlchemyError):
            raise
        except Exception:  # the job itself meets it, and tells it
            return True

    def _note_missed(self, job: Job, before: datetime | None, tick: Tick, now: datetime) -> None:
        if before is None:
            return
        since = max(before, self._ended.get(job.key, before))  # while it still ran it missed nothing
        if now - since < LATE:
            return
        gone = [each for each in job.calendar.between(since, now) if each != tick or now - tick.at >= LATE]
        if gone and now - gone[0].at >= LATE:
            self.missed.append(Missed(job=job.key, count=len(gone), first=gone[0].at, last=gone[-1].at))

    def _is_somebody_at(self, job: Job) -> bool:
        seat = self._seats.acquire(SEAT, job.key)
        if seat is None:
            return True
        self._seats.release(seat)
        return False

    # --- working ---------------------------------------------------------------------------------------------------

    def _start(self, job: Job, tick: Tick | None) -> None:
        task = asyncio.create_task(self._run(job, tick), name=job.key)
        self._running[job.key] = task
        task.add_done_callback(lambda _done: self._note_end(job.key))

    def _note_end(self, key: str) -> None:
        self._running.pop(key, None)
        self._ended[key] = self._now()

    async def _run(self, job: Job, tick: Tick | None) -> None:
        began = self._now()
        try:
            if tick is None:
                said = await job.work()
            else:
                seat = self._seats.acquire(SEAT, job.key)
                if seat is None:
                    structlog.get_logger().warning("job_runs_elsewhere", operation=job.name)
                    return
                try:
                    async with self._seats.kept(seat), self.portal(job.portal):
                        said = "" if self.is_stopping else await job.work()
                finally:
                    self._seats.release(seat)
                if self.is_stopping:
                    return  # whether it did all its work is not known: the next start does it again
                self._ticking.end(job.key, tick.name)
            self._failed.pop(job.key, None)
            if said:
                self._say(f"{job.key}: {said}")
            seconds = round((self._now() - began).total_seconds())
            structlog.get_logger().info("job_done", operation=job.name, seconds=seconds)
        except (JournalError, SQLAlchemyError) as error:
            self._failed["journal"] = Trouble(matter="journal", sentence=sentence_of(error))
        except Exception as error:
            structlog.get_logger().error("job_failed", operation=job.name, exc_info=error)
            self._failed[job.key] = Trouble(matter=f"job {job.key}", sentence=_sentence(job, error))
            self._say(f"{job.key}: {self._failed[job.key].sentence}")
            if tick is not None:
                self._ticking.end(job.key, tick.name)

    @asynccontextmanager
    async def portal(self, slug: str) -> AsyncIterator[None]:
        """Keeps a portal for one job of this service; "" keeps none."""
        if not slug:
            yield
            return
        async with self._locks.setdefault(slug, asyncio.Lock()):
            yield

    # --- telling and ending ----------------------------------------------------------------------------------------

    def troubles(self) -> tuple[Trouble, ...]:
        return tuple(self._failed[key] for key in sorted(self._failed))

    def new_missed(self) -> tuple[Missed, ...]:
        """What was found missed since this was asked last: for the terminal; `take_missed` is for the alerts."""
        fresh, self._told_missed = tuple(self.missed[self._told_missed :]), len(self.missed)
        return fresh

    def take_missed(self) -> tuple[Missed, ...]:
        missed, self.missed, self._told_missed = tuple(self.missed), [], 0
        return missed

    @property
    def is_idle(self) -> bool:
        return not self._running

    async def idle(self) -> None:
        """Until all that was begun has ended."""
        while self._running:
            await asyncio.wait(list(self._running.values()))

    async def stop(self, grace: float) -> bool:
        """Begins nothing more, lets what is in the middle come to its end for ``grace`` seconds, then signs out everywhere.

        True when nothing had to be cut short.
        """
        self.is_stopping = True
        if self._running:
            await asyncio.wait(list(self._running.values()), timeout=grace)
        left = list(self._running.values())
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        return not left


def _sentence(job: Job, error: Exception) -> str:
    said = getattr(error, "sentence", "")
    if isinstance(said, str) and said:
        return said
    what = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
    return f"The job {job.key} failed ({what}). What stood before stays. It runs again at its next time; see: priorbot doctor"
