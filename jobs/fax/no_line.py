"""The line of a practice that has set up none: nothing is handed to it, and what waits for it is told after a while."""

from __future__ import annotations

from bots.errors import Action, BotError
from bots.fax.model import LineLimits, LineReport, OutgoingFax


class NoLineYet(BotError):
    """Asked for something that only a real line can do."""

    code = "fax_no_line"
    action = Action.PERSON_PORTAL
    text = "No fax line is set up. Nothing was sent, and what is to be faxed waits. Set one up in priorbot.toml: [fax] line"


class NoLine:
    """`bots.fax.model.FaxLine`; ``why`` is the sentence of what is missing."""

    name = "none"
    limits = LineLimits()

    def __init__(self, why: str = "") -> None:
        self._why = why or NoLineYet().sentence

    async def check(self) -> str:
        return self._why

    async def send(self, fax: OutgoingFax) -> str:
        raise NoLineYet

    async def report(self, job_id: str) -> LineReport:
        raise NoLineYet

    async def find(self, tag: str) -> tuple[LineReport, ...]:
        return ()

    async def cancel(self, job_id: str) -> LineReport:
        raise NoLineYet
