"""All that the fax queue works with, wired once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bots.fax.model import FaxLine
from bots.model import AuthRequest
from jobs.fax.desks import Desks
from jobs.fax.packets import DrawPacket, PacketStore
from jobs.fax.state import Fax
from jobs.journal import Journal
from jobs.retries import Sleep
from jobs.seats import Seats

JOBS_AT_ONCE = 4
"""Jobs that a line has at one time, where the line itself does not say."""
QUIET = timedelta(minutes=2)
"""After an INTENT whose answer was never seen: how long until its absence on the line says something, and between two looks."""
POLL = 5.0
"""Seconds between two looks at open jobs while a command waits for them."""


def _ignore(_fax: Fax) -> None:
    """No progress shown."""


def _no_clock(_request: AuthRequest, _sent_at: datetime) -> datetime | None:
    """No decision date is known."""
    return None


@dataclass(frozen=True, kw_only=True)
class FaxOffice:
    """``lines``: the first one gets what is new, the others are only asked about what they have. The clock is the journal's."""

    journal: Journal
    seats: Seats
    desks: Desks
    store: PacketStore
    draw: DrawPacket
    lines: tuple[FaxLine, ...] = ()
    decision_due: Callable[[AuthRequest, datetime], datetime | None] = _no_clock
    progress: Callable[[Fax], None] = _ignore
    """Hears each fax whose state has changed, when that is durable."""
    sleep: Sleep = asyncio.sleep
    quiet: timedelta = QUIET

    def now(self) -> datetime:
        return self.journal.now()
