"""Wakes the service in time. The only room that knows APScheduler.

APScheduler only waits: its trigger asks our own calendar, in UTC, when to look again (APScheduler's own triggers lose or double
ticks where the clocks change, and drop what comes a second late). What is begun, and that it is begun once, is `Service.look`.
It waits by the clock that it read last: when that is set back, it would sleep as much longer, so a jump of the clock wakes it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from jobs.clock import Clock, utc_now

Look = Callable[[], None]
NextLook = Callable[[datetime], datetime]

CLOCK_LOOK = 60.0
"""Seconds between two looks whether the clock has jumped."""
JUMP = timedelta(seconds=30)
"""A clock that is set right by less needs no look at once."""


async def look_in_time(look: Look, next_look: NextLook, *, now: Clock = utc_now, clock_look: float = CLOCK_LOOK) -> None:
    """Calls ``look`` at once and whenever ``next_look`` says, until it is cancelled."""
    from apscheduler.executors.asyncio import AsyncIOExecutor
    from apscheduler.schedulers.asyncio import AsyncIOScheduler

    async def wake() -> None:
        look()

    scheduler = AsyncIOScheduler(timezone=UTC, executors={"default": AsyncIOExecutor()})
    trigger = _trigger(next_look)
    look()
    job = scheduler.add_job(wake, trigger, misfire_grace_time=None, coalesce=True, max_instances=1)
    scheduler.start()
    steady = asyncio.get_running_loop().time
    try:
        while True:
            wall, began = now(), steady()
            await asyncio.sleep(clock_look)
            if has_jumped(wall, now(), timedelta(seconds=steady() - began)):
                look()
                job.reschedule(trigger)
    finally:
        scheduler.shutdown(wait=False)


def has_jumped(before: datetime, after: datetime, passed: timedelta) -> bool:
    """Whether the wall clock moved otherwise than the time that ``passed``; by a machine that slept, or by a hand."""
    return abs(after - before - passed) > JUMP


def _trigger(next_look: NextLook) -> Any:
    from apscheduler.triggers.base import BaseTrigger

    class OurCalendar(BaseTrigger):  # type: ignore[misc]
        def get_next_fire_time(self, _previous: datetime | None, now: datetime) -> datetime:
            return next_look(now.astimezone(UTC))

    return OurCalendar()
