"""What is handed to a fax line and what the line says of it: the words between packet, line and queue.

The words for states and reasons are those that HylaFAX tells apart, put into one list that every line's own words are
translated to. Only `FaxReason.BUSY` and `FaxReason.NO_ANSWER` may be dialled again by PriorBot.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Protocol, runtime_checkable

from bots.model import Frozen


class FaxState(StrEnum):
    """Where a job stands on its line."""

    WAITING = "waiting"
    """The line has it and has not begun (HylaFAX: suspended, pending, sleeping, blocked, ready)."""
    SENDING = "sending"
    DELIVERED = "delivered"
    """The far end confirmed every page."""
    FAILED = "failed"
    """The line gave it up, not every page was confirmed: `reason` says why."""
    UNKNOWN = "unknown"
    """The line does not know the job, or says a word that is not known here: a person looks."""


class FaxReason(StrEnum):
    """Why a job failed."""

    NONE = ""
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    NO_CARRIER = "no_carrier"
    """Somebody answered who is no fax machine."""
    NO_LINE = "no_line"
    """No dial tone, no modem, service not reachable."""
    BROKEN_OFF = "broken_off"
    """The call ended in the middle: some pages may have arrived."""
    REJECTED = "rejected"
    """The line refused the job itself: number, format, size, permission, no credit."""
    CANCELLED = "cancelled"
    TIMED_OUT = "timed_out"
    """The line stopped trying at its own end of time."""
    OTHER = "other"


class LineLimits(Frozen):
    """What one fax on this line may be; 0: no limit known. What is more is a person's, never cut."""

    pages: int = 0
    bytes: int = 0
    """Of the PDF or of the TIFF, whichever is larger."""
    settle_seconds: int = 0
    """How long after a broken hand-over `FaxLine.find` may still miss the job: only then does "nothing found" mean that."""
    jobs: int = 0
    """How many it takes at one time; 0: the queue's own number. One number has one job at a time in any case."""
    by_person: bool = False
    """Nothing is dialled: somebody takes the packets away, as many as there are, and says what became of them."""


class OutgoingFax(Frozen):
    """One packet for one number. ``tag`` is the fax id of our journal: it goes with the job, so that the job is found again."""

    tag: str
    number: str
    """As the payer's directory writes it; a line brings it into its own form."""
    pdf: bytes
    tiff: bytes
    """The same pages as a fax line carries them: 204x196, Group 4, one strip a page."""
    pages: int
    to_name: str = ""
    """The desk, for the line's own list; nothing of the patient."""


class LineReport(Frozen):
    """What a line says of one job."""

    job_id: str
    state: FaxState
    reason: FaxReason = FaxReason.NONE
    said: str = ""
    """The line's own words, without health information."""
    pages_sent: int = 0
    at: datetime | None = None
    """When it ended, where the line says so (aware)."""


class FaxLine(Protocol):
    """One way to send a fax. Raises only `bots.errors` values; `send` raises before or after the line has the job, and then
    `find` tells which it was."""

    name: str

    @property
    def limits(self) -> LineLimits: ...

    async def send(self, fax: OutgoingFax) -> str:
        """Hands the packet to the line once and returns the line's job id. The line dials once: retries are the queue's."""
        ...

    async def report(self, job_id: str) -> LineReport: ...

    async def find(self, tag: str) -> tuple[LineReport, ...]:
        """Every job on the line that carries this tag: what an INTENT without a RECEIPT is settled by."""
        ...

    async def cancel(self, job_id: str) -> LineReport:
        """Takes a job back that has not begun; the report says what became of it."""
        ...

    async def check(self) -> str:
        """ "" when faxes can be sent now, else one sentence for staff."""
        ...


@runtime_checkable
class TakesWord(Protocol):
    """A line that does not know by itself how a fax ended (`LineLimits.by_person`)."""

    async def told(self, report: LineReport, who: str) -> None:
        """Keeps a person's word on a job that the line has, and the pages no longer; a second word changes nothing."""
        ...
