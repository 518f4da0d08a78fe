"""What the journal keeps of events from which the person was taken out: their old hashes, and what is left of them."""

from __future__ import annotations

from datetime import date

from bots.model import Frozen
from jobs.event_base import Body


class EmptiedEvent(Frozen):
    """``hash`` is the event's own, as the chain has it; ``left`` is the hash of what stands in its row now."""

    seq: int
    hash: str
    left: str


class PersonRemoved(Body, tag="person_removed"):
    """Health information was taken out of these events of the request ("" of comparisons of the books) on that day.

    The chain check takes such an event by its old hash, because this one, itself chained, names it; nothing else is taken so.
    """

    on: date
    events: tuple[EmptiedEvent, ...]
