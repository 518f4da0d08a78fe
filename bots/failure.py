"""What every failure is: a stable code, who must act, and a sentence for a practice's staff."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar


class Action(StrEnum):
    RETRY = "retry"
    """Portal down, slow, rate limited: try again later; repeated, it opens the portal's breaker."""
    PERSON_PORTAL = "person_portal"
    """The portal is disabled until a person enables it."""
    PERSON_REQUEST = "person_request"
    """This request waits for a person."""
    FIX_REQUEST = "fix_request"
    """The request itself must be corrected; the portal took nothing."""
    FALLBACK = "fallback"
    """Another way must be taken (payer's rules); a changed page also alerts."""
    VERIFY = "verify"
    """It may or may not have been accepted: look on the portal, never send again."""
    ALERT = "alert"
    """An impossible reading: the old value stays."""


class BotError(Exception):
    """Root of all failures. ``code`` is stable and may be written to journal, log and ledger."""

    code: ClassVar[str] = "bot_error"
    action: ClassVar[Action] = Action.PERSON_REQUEST
    text: ClassVar[str] = "The portal {portal} could not be used. Nothing was sent. Ask your IT person to look at the log."

    def __init__(self, portal: str = "", **details: str) -> None:
        self.portal = portal
        self.details = details
        super().__init__(f"{self.code} portal={portal} " + " ".join(f"{k}={v}" for k, v in sorted(details.items())))

    @property
    def sentence(self) -> str:
        """One plain sentence for staff; details that were not given read as a dash."""
        return self.text.format_map(_Dashes(self.details, portal=self.portal or "(none)"))


class _Dashes(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "the portal's help desk" if key == "help_desk" else "-"
