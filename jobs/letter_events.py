"""What can happen to a fax that came in and to its letters; and their rows, which are folded from that. Pure."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec.structs import replace

from bots.model import Frozen


class LetterState(StrEnum):
    UPDATED = "updated"
    """Every field was certain and agreed with one open request, which it brought up to date."""
    WAITING = "waiting"
    """It waits for a person."""
    DUPLICATE = "duplicate"
    """It says what is known already; nothing was changed."""
    UNREADABLE = "unreadable"
    """The file is kept, and a person looks at it."""
    ACCEPTED = "accepted"
    """A person has brought its request up to date by it."""
    REFUSED = "refused"
    """A person has put it aside; nothing was changed."""


FOR_A_PERSON = frozenset({LetterState.WAITING, LetterState.UNREADABLE})


class Letter(Frozen):
    """One letter of a fax, or a fax in which none could be read. Holds nothing of a patient: what was read lies sealed."""

    letter_id: str
    fax_id: str
    state: LetterState
    reasons: tuple[str, ...] = ()
    """Constant words (`jobs.letter_match.SENTENCES`): why it waits."""
    request_id: str = ""
    """The request that it is, or may be, about."""
    payer: str = ""
    pages: tuple[int, ...] = ()
    """Which of the fax's pages, from 0."""
    fingerprint: str = ""
    """Of what the letter says, where all of it is certain."""
    evidence: str = ""
    """Name of the sealed reading in the home's ``letters/``."""
    pictures: tuple[str, ...] = ()
    """Names of the sealed page pictures there."""
    original: str = ""
    """Name of the sealed file as it came."""
    arrived_at: datetime
    settled_at: datetime | None = None
    who: str = ""


class FaxArrived(Frozen, tag_field="kind", tag="fax_arrived"):
    """The file is kept, sealed. ``fax_id`` is the keyed fingerprint of its bytes."""

    fax_id: str
    original: str


class FaxRead(Frozen, tag_field="kind", tag="fax_read"):
    fax_id: str
    letters: tuple[Letter, ...]


class LetterSettled(Frozen, tag_field="kind", tag="letter_settled"):
    """A person has decided. ``request_id`` "" where the letter was refused."""

    letter_id: str
    who: str
    request_id: str = ""


LetterEvent = FaxArrived | FaxRead | LetterSettled


def settle(letter: Letter, at: datetime, body: LetterSettled) -> Letter:
    """The letter after a person's decision."""
    state = LetterState.ACCEPTED if body.request_id else LetterState.REFUSED
    return replace(letter, state=state, request_id=body.request_id or letter.request_id, who=body.who, settled_at=at)
