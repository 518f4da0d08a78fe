"""The fax side of an outage: PriorBot's own queue (`jobs.fax`) over a line that dials four numbers at a time, a call a while.

The line is the far end: it keeps what arrived, under which number and when, and never tells two hand-overs apart.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from bots.fax.model import FaxReason, FaxState, LineLimits, LineReport, OutgoingFax
from bots.keys import generate_key
from bots.model import AuthRequest
from bots.vault import Vault
from jobs.fax.desks import Desks
from jobs.fax.entering import enqueue_due
from jobs.fax.office import FaxOffice
from jobs.fax.packets import PacketStore, Pages
from jobs.fax.sending import send_due
from jobs.journal import Journal
from jobs.rule_schema import Desk
from jobs.rulebook import load_rulebook
from jobs.seats import Seats

CALL = timedelta(seconds=45)
"""From dialling to the last page."""
BUSY_EACH = 25
"""Each so many-th call finds its number busy."""


@dataclass
class Call:
    tag: str
    number: str
    request_id: str
    at: datetime
    is_busy: bool


class SlowLine:
    """`bots.fax.model.FaxLine`. Every hand-over is a call."""

    name = "far"
    limits = LineLimits(jobs=4)

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self.calls: list[Call] = []

    def arrived(self) -> list[tuple[str, str, datetime]]:
        """Request, number, and when its last page was there."""
        return [(call.request_id, call.number, call.at + CALL) for call in self.calls if not call.is_busy]

    async def send(self, fax: OutgoingFax) -> str:
        request_id = fax.pdf.decode().split()[1]
        is_busy = len(self.calls) % BUSY_EACH == BUSY_EACH - 1
        self.calls.append(Call(fax.tag, fax.number, request_id, self._clock(), is_busy))
        return str(len(self.calls))

    async def report(self, job_id: str) -> LineReport:
        call = self.calls[int(job_id) - 1]
        if self._clock() < call.at + CALL:
            return LineReport(job_id=job_id, state=FaxState.SENDING)
        if call.is_busy:
            return LineReport(job_id=job_id, state=FaxState.FAILED, reason=FaxReason.BUSY, said="busy")
        return LineReport(job_id=job_id, state=FaxState.DELIVERED, pages_sent=3, at=call.at + CALL)

    async def find(self, tag: str) -> tuple[LineReport, ...]:
        return tuple([await self.report(str(place)) for place, call in enumerate(self.calls, 1) if call.tag == tag])

    async def cancel(self, job_id: str) -> LineReport:
        return await self.report(job_id)

    async def check(self) -> str:
        return ""


def draw(request: AuthRequest, _desk: Desk) -> Pages:
    """A packet that names its request to the far end. How packets are drawn is proved elsewhere."""
    content = f"%PDF {request.request_id} ".encode()
    return Pages(pdf=content, tiff=b"II*\0" + content, pages=3)


class FaxRoom:
    """The fax queue of one process: ``take`` lets in what is to be faxed, ``work`` is the service's look at the line."""

    def __init__(self, journal: Journal, seats: Seats, folder: Path, line: SlowLine) -> None:
        self.office = FaxOffice(
            journal=journal,
            seats=seats,
            desks=Desks(load_rulebook()),
            store=PacketStore(folder / "fax", open_vault(folder)),
            draw=draw,
            lines=(line,),
        )

    async def take(self) -> None:
        await enqueue_due(self.office)

    async def work(self) -> None:
        await send_due(self.office)


def open_vault(folder: Path) -> Vault:
    import os

    os.environ.setdefault("PRIORBOT_KEY", generate_key())
    return Vault.open(folder / "vault")
