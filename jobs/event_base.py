"""What every kind of event is made of; the kinds themselves are in `jobs.events` and in the rooms that it names."""

from __future__ import annotations

from datetime import datetime

from bots.model import Frozen, Status


class MoveRefused(Exception):
    """A move that the table does not allow: a bug in the caller or a second worker; nothing was written."""

    def __init__(self, what: str, before: str, after: str) -> None:
        super().__init__(f"{what} cannot go from {before} to {after}")


class Body(Frozen, tag_field="kind"):
    """What happened. The field ``kind`` names it."""


class Standing(Frozen):
    """Where a request stands and what is to do about it; what is not named is cleared."""

    status: Status
    error_code: str = ""
    reason: str = ""
    next_action: str = ""
    waiting_until: datetime | None = None
