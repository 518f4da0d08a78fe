"""Which ticks were begun and which were ended: the journal's table ``ticks``, as the service uses it.

A tick is claimed before its work (`begin`) and noted again after it (`end`). One that was begun and not ended belongs to a
process that died in the middle; it may be begun once more, by one process, once (`begin_again`).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, bindparam, delete, func, or_, select

from jobs.clock import instant_text, parse_instant
from jobs.journal import Journal
from jobs.journal_schema import ticks

BEGUN, ENDED, AGAIN = "run ", "ran ", "again "
_OURS = or_(*(ticks.c.job.startswith(prefix) for prefix in (BEGUN, ENDED, AGAIN)))
# Built once: the service asks them some thousand times a day.
_LAST_OF = select(func.max(ticks.c.claimed_at)).where(ticks.c.job == bindparam("job"))
_LAST_BEGUN = select(func.max(ticks.c.claimed_at)).where(ticks.c.job.startswith(BEGUN))
_NOTED = select(ticks.c.slot).where(ticks.c.job == bindparam("job"), ticks.c.slot == bindparam("slot"))


class Ticking:
    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def begin(self, job: str, tick: str) -> bool:
        """True for exactly one caller, over all processes and restarts."""
        return self._journal.claim_tick(BEGUN + job, tick)

    def pass_over(self, job: str, tick: str) -> bool:
        """`begin` and `end` at once, for a tick on which there is nothing to do."""
        return self._journal.claim_tick(BEGUN + job, tick, ENDED + job)

    def end(self, job: str, tick: str) -> None:
        self._journal.claim_tick(ENDED + job, tick)

    def has_ended(self, job: str, tick: str) -> bool:
        return self._is_noted(ENDED + job, tick)

    def begin_again(self, job: str, tick: str) -> bool:
        """For a tick that was begun and not ended. True once."""
        return self._journal.claim_tick(AGAIN + job, tick)

    def last_begun(self, job: str) -> datetime | None:
        """When a tick of that job was begun last; None when none ever was."""
        return self._newest(_LAST_OF, BEGUN + job)

    def last_sign(self) -> datetime | None:
        """When the service last began anything: before that no clock may stand."""
        return self._newest(_LAST_BEGUN)

    def forget_after(self, now: datetime) -> int:
        """A person says that ``now`` is right: what was claimed by a clock ahead of it may come again. Returns how many."""
        with self._journal.write() as write:
            later = delete(ticks).where(_OURS, ticks.c.claimed_at > instant_text(now))
            return int(write.connection.execute(later).rowcount)

    def prune(self, now: datetime, keep: timedelta, often: Collection[str] = (), keep_often: timedelta = timedelta(0)) -> int:
        """Forgets the service's ticks that are older than any that could be looked at again. Returns how many.

        Of the jobs ``often`` only the last ``keep_often`` are kept: they are nearly all there are.
        """
        names = [prefix + job for job in often for prefix in (BEGUN, ENDED, AGAIN)]
        with self._journal.write() as write:
            old = delete(ticks).where(_OURS, ticks.c.claimed_at < instant_text(now - keep))
            gone = int(write.connection.execute(old).rowcount)
            older = delete(ticks).where(ticks.c.job.in_(names), ticks.c.claimed_at < instant_text(now - keep_often))
            return gone + int(write.connection.execute(older).rowcount)

    def _newest(self, which: Select[Any], job: str = "") -> datetime | None:
        with self._journal.read() as connection:
            found = connection.execute(which, {"job": job} if job else {}).scalar()
        return parse_instant(found) if found else None

    def _is_noted(self, job: str, tick: str) -> bool:
        with self._journal.read() as connection:
            return connection.execute(_NOTED, {"job": job, "slot": tick}).first() is not None
