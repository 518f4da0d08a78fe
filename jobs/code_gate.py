"""Keeps one-time codes single (`bots.driver.CodeGate`), over all processes and machines on one journal.

Each time step of a TOTP secret is claimed on the disk before its code is typed. A mailbox is a seat like an account of a
portal.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from jobs.journal import Journal
from jobs.retries import Sleep
from jobs.seats import Seats

MAILBOXES = "(mailboxes)"
"""Where a portal's slug stands in the seats of mailboxes."""
LOOK_EVERY = 1.0
"""Seconds between two looks whether another account has given a mailbox back."""


class CodeClaims:
    def __init__(self, journal: Journal, seats: Seats, *, sleep: Sleep = asyncio.sleep) -> None:
        self._journal = journal
        self._seats = seats
        self._sleep = sleep

    def claim(self, key: str, step: int) -> bool:
        """See `bots.driver.CodeGate.claim`."""
        return self._journal.claim_tick(f"totp {key}", str(step))

    @asynccontextmanager
    async def hold(self, mailbox: str) -> AsyncIterator[None]:
        """See `bots.driver.CodeGate.hold`."""
        while (seat := self._seats.acquire(MAILBOXES, mailbox)) is None:
            await self._sleep(LOOK_EVERY)
        try:
            async with self._seats.kept(seat):
                yield
        finally:
            self._seats.release(seat)
