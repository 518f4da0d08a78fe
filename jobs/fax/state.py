"""A fax as the journal knows it, and what it may become. Pure; `jobs.fax.happened` is the only maker of these values.

A fax is also the request's attempt on the fax channel: `attempt_of` says what it is there, and the partial index on open
attempts (``one_open_attempt``) keeps a request from being on two channels.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum

from bots.fax.model import FaxReason
from bots.model import Frozen, Payer, Urgency
from jobs.state import Attempt, AttemptState, Channel


class FaxStep(StrEnum):
    QUEUED = "queued"
    """Nothing of it is on a line: it waits for its turn, for the desk's hours, or for the next try."""
    INTENT = "intent"
    """Durable before it is handed over: from here on the line may have it."""
    HANDED_OVER = "handed_over"
    """The line's job id is on the disk; the line has not said how it ended."""
    DELIVERED = "delivered"
    FAILED = "failed"
    """A person's. Where pages may have arrived (`Fax.may_be_there`) nothing else is sent before a person has settled it."""
    UNCERTAIN = "uncertain"
    """A person's: the line cannot say whether or how often it has it."""
    CANCELLED = "cancelled"


AT_LINE = frozenset({FaxStep.INTENT, FaxStep.HANDED_OVER})
"""The line has it, or may have it: its number is taken."""
UNDER_WAY = AT_LINE | {FaxStep.QUEUED}

MOVES: Mapping[FaxStep, frozenset[FaxStep]] = {
    FaxStep.QUEUED: frozenset({FaxStep.INTENT, FaxStep.FAILED, FaxStep.CANCELLED}),
    # Back to QUEUED: the line certainly did not take it.
    FaxStep.INTENT: frozenset({FaxStep.HANDED_OVER, FaxStep.QUEUED, FaxStep.FAILED, FaxStep.UNCERTAIN, FaxStep.DELIVERED}),
    # Back to QUEUED: busy or no answer.
    FaxStep.HANDED_OVER: frozenset({FaxStep.DELIVERED, FaxStep.QUEUED, FaxStep.FAILED, FaxStep.UNCERTAIN, FaxStep.CANCELLED}),
    FaxStep.UNCERTAIN: frozenset({FaxStep.DELIVERED, FaxStep.FAILED}),
    # Only while pages may have arrived: a person has asked the payer.
    FaxStep.FAILED: frozenset({FaxStep.DELIVERED}),
    FaxStep.DELIVERED: frozenset(),
    FaxStep.CANCELLED: frozenset(),
}
"""Every move of a fax. Staying where it stands is no move."""

RANKS: Mapping[Urgency, int] = {Urgency.EMERGENT: 0, Urgency.URGENT: 1, Urgency.STANDARD: 2}
"""Smaller goes first."""

NOTHING_ARRIVED = frozenset(
    {
        FaxReason.BUSY,
        FaxReason.NO_ANSWER,
        FaxReason.NO_CARRIER,
        FaxReason.NO_LINE,
        FaxReason.REJECTED,
        FaxReason.CANCELLED,
    }
)
"""Reasons with which no page can have arrived, unless the line itself counts some."""
DIALLED_AGAIN = frozenset({FaxReason.BUSY, FaxReason.NO_ANSWER})
"""The only reasons after which PriorBot tries again by itself."""


def may_have_arrived(reason: FaxReason, pages_sent: int) -> bool:
    """Whether pages may lie at the far end after a call that ended so."""
    return pages_sent > 0 or reason not in NOTHING_ARRIVED


class Packet(Frozen):
    """What is sent, as the home keeps it. ``sha256`` is of the kept content and names its file (`jobs.fax.packets`)."""

    sha256: str
    pages: int
    bytes: int
    """The larger of PDF and TIFF."""
    number: str = ""
    drawn_on: date | None = None
    """What its cover sheet says: to which number, on which day. "" and None: drawn before that was noted."""


class Fax(Frozen):
    """One packet for one desk. A projection of its events; never written by hand."""

    fax_id: str
    """Also the tag that goes with the job on the line, and the id of the request's attempt."""
    request_id: str
    payer: Payer
    desk: str
    """Name in the payer's directory. The number is looked up there when the fax is handed over."""
    urgency: Urgency
    packet: Packet
    step: FaxStep = FaxStep.QUEUED
    queued_at: datetime
    not_before: datetime
    """The next try is made then at the earliest."""
    line: str = ""
    number: str = ""
    """Where it was sent last, as the directory said then."""
    fence: int = 0
    """The token of the line's seat under which it was last handed over."""
    jobs: tuple[str, ...] = ()
    """The line's job ids, oldest first: one for each try."""
    first_intent_at: datetime | None = None
    intent_at: datetime | None = None
    handed_over_at: datetime | None = None
    ended_at: datetime | None = None
    looks: int = 0
    """How often the line was asked after an INTENT without a job id, and did not have it."""
    last_look_at: datetime | None = None
    reason: FaxReason = FaxReason.NONE
    said: str = ""
    """The line's own words."""
    pages_sent: int = 0
    may_be_there: bool = False
    """It has ended, and pages of it may lie at the far end."""
    again_of: str = ""
    by: str = ""
    """The person who decided its end, or that it is sent again."""

    @property
    def tries(self) -> int:
        return len(self.jobs)

    @property
    def job_id(self) -> str:
        return self.jobs[-1] if self.step is FaxStep.HANDED_OVER else ""

    @property
    def rank(self) -> int:
        return RANKS[self.urgency]

    @property
    def is_settled(self) -> bool:
        """It is over, and nothing of it stands in another channel's way."""
        over = self.step in (FaxStep.FAILED, FaxStep.CANCELLED, FaxStep.DELIVERED)
        return over and not self.may_be_there


def attempt_of(fax: Fax) -> Attempt:
    """The fax as its request's attempt. From its first INTENT on it counts as sent, also while it waits for a next try."""
    return Attempt(
        attempt_id=fax.fax_id,
        request_id=fax.request_id,
        channel=Channel.FAX,
        portal="",
        account="",
        fence=fax.fence,
        state=_attempt_state(fax),
        began_at=fax.queued_at,
        intent_at=fax.first_intent_at,
        ended_at=fax.ended_at,
        error_code=fax.reason.value,
        looks=fax.looks,
        last_look_at=fax.last_look_at,
    )


def _attempt_state(fax: Fax) -> AttemptState:
    match fax.step:
        case FaxStep.QUEUED | FaxStep.INTENT | FaxStep.HANDED_OVER:
            return AttemptState.DRAFTING if fax.first_intent_at is None else AttemptState.INTENT
        case FaxStep.DELIVERED:
            return AttemptState.RECEIPT
        case FaxStep.UNCERTAIN:
            return AttemptState.UNCERTAIN
        case FaxStep.FAILED | FaxStep.CANCELLED:
            if fax.may_be_there:
                return AttemptState.UNCERTAIN
            return AttemptState.ABANDONED if fax.first_intent_at is None else AttemptState.REJECTED
