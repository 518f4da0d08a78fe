"""HylaFAX's own words for what became of a job, and what they mean here. A word that is not listed is unknown, never guessed.

Source: the words of HylaFAX 6.0.7's scheduler and of its modem servers (``faxq``, ``faxsend``, ``faxgetty``). A status is a first
sentence, then perhaps ``; too many attempts to dial``, which our one dial per job always adds.
"""

from __future__ import annotations

from bots.fax.model import FaxReason, FaxState

STATES = {
    "SUSPENDED": FaxState.WAITING,
    "PENDING": FaxState.WAITING,
    "SLEEPING": FaxState.WAITING,
    "BLOCKED": FaxState.WAITING,
    "READY": FaxState.WAITING,
    "ACTIVE": FaxState.SENDING,
    "DONE": FaxState.DELIVERED,
    "FAILED": FaxState.FAILED,
}

_REASONS: tuple[tuple[str, FaxReason], ...] = (
    ("busy signal detected", FaxReason.BUSY),
    ("no answer from remote", FaxReason.NO_ANSWER),
    ("ringback detected, no answer", FaxReason.NO_ANSWER),
    ("no carrier detected", FaxReason.NO_CARRIER),
    ("carrier established, but phase a failure", FaxReason.NO_CARRIER),
    ("data connection established", FaxReason.NO_CARRIER),
    ("no receiver protocol", FaxReason.NO_CARRIER),
    ("no local dialtone", FaxReason.NO_LINE),
    ("glare", FaxReason.NO_LINE),
    ("can not lock modem device", FaxReason.NO_LINE),
    ("can not setup modem", FaxReason.NO_LINE),
    ("unable to configure modem", FaxReason.NO_LINE),
    ("invalid dialing command", FaxReason.REJECTED),
    ("blacklisted by modem", FaxReason.REJECTED),
    ("reject", FaxReason.REJECTED),
    ("document preparation failed", FaxReason.REJECTED),
    ("document is not in a group 3", FaxReason.REJECTED),
    ("can not open document file", FaxReason.REJECTED),
    ("converted document is not valid tiff", FaxReason.REJECTED),
    ("could not reopen converted document", FaxReason.REJECTED),
    ("document is not valid tiff", FaxReason.REJECTED),
    ("error reading directory", FaxReason.REJECTED),
    ("job contains no documents", FaxReason.REJECTED),
    ("too many pages in submission", FaxReason.REJECTED),
    ("invalid or corrupted job description", FaxReason.REJECTED),
    ("job aborted by request", FaxReason.CANCELLED),
    ("job interrupted by user", FaxReason.CANCELLED),
    ("call aborted by user", FaxReason.CANCELLED),
    ("kill time expired", FaxReason.TIMED_OUT),
    ("send program terminated abnormally", FaxReason.BROKEN_OFF),
    ("remote fax disconnected prematurely", FaxReason.BROKEN_OFF),
    ("rsprec", FaxReason.BROKEN_OFF),
    ("comrec", FaxReason.BROKEN_OFF),
    ("no response to", FaxReason.BROKEN_OFF),
    ("failure to train", FaxReason.BROKEN_OFF),
    ("failure to transmit", FaxReason.BROKEN_OFF),
    ("failure to receive silence", FaxReason.BROKEN_OFF),
    ("unable to transmit page", FaxReason.BROKEN_OFF),
    ("unable to establish message carrier", FaxReason.BROKEN_OFF),
    ("unspecified transmit phase", FaxReason.BROKEN_OFF),
    ("fax protocol error", FaxReason.BROKEN_OFF),
    ("dis/dtc received 3 times", FaxReason.BROKEN_OFF),
    ("stop and wait failure", FaxReason.BROKEN_OFF),
    ("receiver flow control exceeded", FaxReason.BROKEN_OFF),
    ("communication failure during phase", FaxReason.BROKEN_OFF),
)
"""What a status begins with (lower case); the first that fits counts."""

_TOOK_NOTHING = frozenset({FaxReason.BUSY, FaxReason.NO_ANSWER, FaxReason.NO_CARRIER, FaxReason.NO_LINE, FaxReason.CANCELLED})
"""Reasons that mean that nothing arrived; not to be believed when pages were sent."""

ABLE = ("running and idle", "sending", "receiving", "answering", "waiting for modem to come free")
"""What the status of a modem that can send begins with (lower case)."""


def reason_for(status: str, *, pages_sent: int, dials: int) -> FaxReason:
    """Why a failed job failed. ``pages_sent`` and ``dials`` are the line's own counts."""
    said = status.strip().lower()
    reason = next((meaning for start, meaning in _REASONS if said.startswith(start)), FaxReason.OTHER)
    cut = reason is FaxReason.CANCELLED and dials > 0  # taken back while it was being sent
    return FaxReason.BROKEN_OFF if (pages_sent and reason in (*_TOOK_NOTHING, FaxReason.OTHER)) or cut else reason
