"""Seats: one worker at a time on each account of each portal, over all processes and machines.

A seat is a lease with a fencing token. Whoever takes it over gets a higher token, and an INTENT under a lower one is refused,
so a worker that was thought dead can wake up and still send nothing.
"""

from __future__ import annotations

import asyncio
import platform
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import psutil
from sqlalchemy import Connection, RowMapping, Update, insert, select, update

from bots.errors import Action, BotError
from bots.model import Frozen
from jobs.clock import instant_text, parse_instant
from jobs.journal import Journal
from jobs.journal_schema import seats

LEASE = timedelta(minutes=3)
"""How long a seat outlives a holder on another machine that fell silent."""
_SAME_START = 2.0
"""Seconds by which two readings of one process's start may differ."""


class SeatLost(BotError):
    """Another worker has taken the account over; nothing was clicked."""

    code = "seat_lost"
    action = Action.RETRY
    text = "The work on {portal} was taken over by another PriorBot. Nothing was sent by this one."


class Identity(Frozen):
    """One process. A process id alone is used again; with its start it is not."""

    host: str
    pid: int
    started: float
    """Seconds since the epoch."""


class Seat(Frozen):
    """The right to use one account, as long as no higher ``fence`` was given out."""

    portal: str
    account: str
    fence: int


def this_process() -> Identity:
    process = psutil.Process()
    return Identity(host=platform.node(), pid=process.pid, started=process.create_time())


def runs(identity: Identity) -> bool:
    """Whether that process of this machine still runs."""
    try:
        process = psutil.Process(identity.pid)
        return process.status() != psutil.STATUS_ZOMBIE and abs(process.create_time() - identity.started) < _SAME_START
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:  # another user's process: it runs, and may well be the holder
        return True


class Seats:
    """The seats of one journal, for one process. ``is_running`` tells whether a process of this machine still runs."""

    def __init__(
        self,
        journal: Journal,
        *,
        me: Identity | None = None,
        lease: timedelta = LEASE,
        is_running: Callable[[Identity], bool] = runs,
    ) -> None:
        self.journal = journal
        self.lease = lease
        self._me = me or this_process()
        self._is_running = is_running

    def acquire(self, portal: str, account: str) -> Seat | None:
        """The seat, or None while somebody else has it. A holder on this machine that has ended frees it at once."""
        with self.journal.write() as write:
            row = _row(write.connection, portal, account)
            if row is not None and self._is_held(row):
                return None
            fence = 1 if row is None else int(row["fence"]) + 1
            values = {
                "fence": fence,
                "held": 1,
                "host": self._me.host,
                "pid": self._me.pid,
                "started": repr(self._me.started),
                "expires_at": instant_text(write.at + self.lease),
            }
            if row is None:
                write.connection.execute(insert(seats).values(portal=portal, account=account, **values))
            else:
                write.connection.execute(_of(portal, account).values(**values))
            return Seat(portal=portal, account=account, fence=fence)

    def heartbeat(self, seat: Seat) -> bool:
        """Prolongs the lease. False: it is ours no more, stop."""
        with self.journal.write() as write:
            mine = _of(seat.portal, seat.account).where(seats.c.fence == seat.fence, seats.c.held == 1)
            done = write.connection.execute(mine.values(expires_at=instant_text(write.at + self.lease)))
            return done.rowcount == 1

    @asynccontextmanager
    async def kept(self, seat: Seat) -> AsyncIterator[None]:
        """Prolongs the seat's lease while the block runs."""
        beats = asyncio.create_task(self._beat(seat))
        try:
            yield
        finally:
            beats.cancel()
            with suppress(asyncio.CancelledError):
                await beats

    async def _beat(self, seat: Seat) -> None:
        # A seat that was lost needs no word here: its INTENT will be refused.
        while True:
            await asyncio.sleep(self.lease.total_seconds() / 3)
            if not self.heartbeat(seat):
                return

    def release(self, seat: Seat) -> None:
        """Gives the seat back; nothing happens when it is ours no more."""
        with self.journal.write() as write:
            write.connection.execute(_of(seat.portal, seat.account).where(seats.c.fence == seat.fence).values(held=0))

    def held_by_others(self, portal: str) -> bool:
        """Whether another process works on that portal now."""
        with self.journal.read() as connection:
            rows = connection.execute(select(seats).where(seats.c.portal == portal)).mappings().all()
        mine = (self._me.host, self._me.pid)
        return any((row["host"], row["pid"]) != mine and self._is_held(row) for row in rows)

    def is_current(self, connection: Connection, seat: Seat) -> bool:
        """Whether that seat is still held under that token by a holder that lives. For use within a transaction."""
        row = _row(connection, seat.portal, seat.account)
        return row is not None and row["fence"] == seat.fence and self._is_held(row)

    def require(self, connection: Connection, seat: Seat) -> None:
        """Raises `SeatLost` when the token is stale. An expired lease that nobody took is still ours."""
        row = _row(connection, seat.portal, seat.account)
        if row is None or row["fence"] != seat.fence or not row["held"]:
            raise SeatLost(seat.portal)

    def _is_held(self, row: RowMapping) -> bool:
        if not row["held"]:
            return False
        if row["host"] == self._me.host:
            holder = Identity(host=row["host"], pid=row["pid"], started=float(row["started"]))
            if not self._is_running(holder):
                return False
        return parse_instant(row["expires_at"]) > self.journal.now()


def _row(connection: Connection, portal: str, account: str) -> RowMapping | None:
    query = select(seats).where(seats.c.portal == portal, seats.c.account == account)
    return connection.execute(query).mappings().one_or_none()


def _of(portal: str, account: str) -> Update:
    return update(seats).where(seats.c.portal == portal, seats.c.account == account)
