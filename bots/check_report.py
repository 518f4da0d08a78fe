"""What a look through a portal's pages found (`priorbot portal check`), part by part."""

from __future__ import annotations

from enum import StrEnum

from bots.model import Frozen


class PartState(StrEnum):
    """How a part of a portal's page is found now."""

    FOUND = "found"
    FOUND_LATER = "found_later"
    """By a later candidate: the page has begun to change (drift)."""
    MISSING = "missing"
    AMBIGUOUS = "ambiguous"
    NOT_SHOWN = "not_shown"
    """Not there, and need not be."""
    NOT_REACHED = "not_reached"


class PartSeen(Frozen):
    """One part of one page of a selector file: ``room`` is its place there (fields, ...), ``candidate`` counts from 0."""

    page: str
    room: str
    key: str
    state: PartState
    candidate: int = 0
    what: str = ""


class CheckReport(Frozen):
    """What a walk through a portal's pages found. ``stopped``: why legs of it ended early, in sentences for staff."""

    portal: str
    version: str
    parts: tuple[PartSeen, ...]
    missing_examples: tuple[str, ...] = ()
    stopped: tuple[str, ...] = ()
    only_read: tuple[str, ...] = ()
    """Pages that no request needs."""

    @property
    def broken(self) -> tuple[PartSeen, ...]:
        return tuple(part for part in self.parts if part.state in (PartState.MISSING, PartState.AMBIGUOUS))

    @property
    def closing(self) -> tuple[PartSeen, ...]:
        """What is broken on pages that a request needs."""
        return tuple(part for part in self.broken if part.page not in self.only_read)
