"""HylaFAX: a fax server with a modem, spoken to over the network in its own protocol.

The protocol rather than ``sendfax``: it is the same from Windows, a Mac and Linux, it says for certain when a job was taken (the
answer to ``JSUBM``), and a session that breaks off before that leaves no job behind. Each job may dial once (``MAXDIALS``,
``MAXTRIES``); our tag goes along as ``JOBINFO``, by which it is found again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from bots.fax.dialling import ten_digits
from bots.fax.line_errors import (
    FaxHandOverUnclear,
    FaxLineDown,
    FaxLineRefusedSignIn,
    FaxLineSilent,
    FaxLineUnclear,
    FaxRefused,
    FaxTooLarge,
)
from bots.fax.lines.fax_tiff import white_is_zero
from bots.fax.lines.hylafax_session import Broken, HylafaxSession, Refused, SignInRefused
from bots.fax.lines.hylafax_words import ABLE, STATES, reason_for
from bots.fax.lines.settings import HylafaxSettings
from bots.fax.model import FaxState, LineLimits, LineReport, OutgoingFax

T = TypeVar("T")
PASSWORD = "fax.hylafax.password"
"""Name of the server's password in the vault."""
SECONDS = 60.0
"""How long one answer of the server may take; its scheduler may be busy preparing another fax."""
SETTLE_SECONDS = 120
"""A server that was cut off may still be reading our last words; its sessions end by then."""
LAST_TIME = "000400"
"""The job gives up four hours (DDHHMM) after it was submitted, should no modem be free until then."""
PAGE_WIDTH, PAGE_LENGTH, FINE = 215, 297, 196
"""Millimetres of a fax page of 1728 dots, of the longest page (A4; Letter is shorter), and lines per inch."""


class HylafaxLine:
    """``password``: the server's password, None when there is none."""

    name = "hylafax"

    def __init__(self, settings: HylafaxSettings, password: Callable[[], str | None], *, seconds: float = SECONDS) -> None:
        self._settings = settings
        self._password = password
        self._seconds = seconds

    @property
    def limits(self) -> LineLimits:
        return LineLimits(pages=self._settings.most_pages, settle_seconds=SETTLE_SECONDS)

    async def send(self, fax: OutgoingFax) -> str:
        """Answers ``number:tag``: job numbers begin anew after 32,000, tags never do."""
        if self.limits.pages and fax.pages > self.limits.pages:
            raise FaxTooLarge(line=self.name, what=f"{fax.pages} pages")
        return await asyncio.to_thread(self._send, fax, ten_digits(fax.number))

    async def report(self, job_id: str) -> LineReport:
        return await self._asked(lambda session: _report(session, job_id))

    async def find(self, tag: str) -> tuple[LineReport, ...]:
        return await self._asked(lambda session: _find(session, tag))

    async def cancel(self, job_id: str) -> LineReport:
        """A job that is being sent is left alone: a call that is cut off may have brought pages."""
        return await self._asked(lambda session: _cancel(session, job_id))

    async def check(self) -> str:
        try:
            return await self._asked(lambda session: _check(session, self._settings.modem))
        except (FaxLineSilent, FaxLineRefusedSignIn, FaxLineUnclear) as error:
            return error.sentence

    # --- in a thread of its own --------------------------------------------------------------------------------------

    def _session(self) -> HylafaxSession:
        settings = self._settings
        return HylafaxSession(settings.host, settings.port, settings.user, self._password, self._seconds)

    def _send(self, fax: OutgoingFax, number: str) -> str:
        try:
            pages = white_is_zero(fax.tiff)
        except OSError:
            raise FaxRefused(line=self.name, what="its pages are no TIFF") from None
        described = submitted = False
        try:
            with self._session() as session:
                stored, job = session.store(pages), session.new_job()  # until submitted, both go away with the session
                described = True
                _describe(session, fax, number, self._settings)
                session.ask(f"JPARM DOCUMENT {stored}")
                submitted = True
                session.ask(f"JSUBM {job}")
        except SignInRefused:
            raise FaxLineRefusedSignIn(line=self.name, secret=PASSWORD) from None
        except Refused as refusal:
            if submitted:  # its scheduler did not answer well, and may have the job all the same
                raise FaxHandOverUnclear(line=self.name, what=f"answer {refusal.code}") from None
            if described and refusal.code.startswith("5"):
                raise FaxRefused(line=self.name, what=f"answer {refusal.code}") from None
            raise FaxLineDown(line=self.name, what=f"answer {refusal.code}") from None
        except Broken as broken:
            if submitted:
                raise FaxHandOverUnclear(line=self.name, what=str(broken)) from None
            raise FaxLineDown(line=self.name, what=str(broken)) from None
        return f"{job}:{fax.tag}"

    async def _asked(self, question: Callable[[HylafaxSession], T]) -> T:
        return await asyncio.to_thread(self._ask, question)

    def _ask(self, question: Callable[[HylafaxSession], T]) -> T:
        try:
            with self._session() as session:
                return question(session)
        except SignInRefused:
            raise FaxLineRefusedSignIn(line=self.name, secret=PASSWORD) from None
        except Refused as refusal:
            raise FaxLineUnclear(line=self.name, what=f"answer {refusal.code}") from None
        except Broken as broken:
            raise FaxLineSilent(line=self.name, what=str(broken)) from None


def _describe(session: HylafaxSession, fax: OutgoingFax, number: str, settings: HylafaxSettings) -> None:
    """Says of the current job all that the server has to know."""
    values: dict[str, str | int] = {
        "FROMUSER": settings.user,
        "MAXDIALS": 1,
        "MAXTRIES": 1,
        "DIALSTRING": f"{settings.dial_prefix}{number}",
        "EXTERNAL": number,
        "NOTIFYADDR": settings.user,
        "NOTIFY": "NONE",
        "TOUSER": fax.to_name,
        "VRES": FINE,
        "PAGEWIDTH": PAGE_WIDTH,
        "PAGELENGTH": PAGE_LENGTH,
        "PAGECHOP": "NONE",
        "JOBINFO": fax.tag,
        "MODEM": settings.modem or "any",
    }
    for name, value in values.items():
        session.set(name, value)
    session.ask(f"JPARM LASTTIME {LAST_TIME}")


def _find(session: HylafaxSession, tag: str) -> tuple[LineReport, ...]:
    session.ask('JOBFMT "%j %J"')
    # In this order: a job that ends meanwhile moves from the one to the other.
    listed = [line.partition(" ") for folder in ("sendq", "doneq") for line in session.lines(folder)]
    jobs = dict.fromkeys(number for number, _, said in listed if said.strip() == tag)
    return tuple(_report(session, f"{number}:{tag}") for number in jobs)


def _report(session: HylafaxSession, job_id: str) -> LineReport:
    number, _, tag = job_id.partition(":")
    try:
        if not number.isdecimal():
            raise Refused("500")
        session.ask(f"JOB {number}")
        if session.parameter("JOBINFO") != tag:
            return LineReport(job_id=job_id, state=FaxState.UNKNOWN, said="the line has given this number to another job")
        word = session.parameter("STATE")
        said = session.parameter("STATUS")
        pages, dials = (int(session.parameter(name)) for name in ("NPAGES", "TOTDIALS"))
    except Refused:
        return LineReport(job_id=job_id, state=FaxState.UNKNOWN, said="the line no longer knows this job")
    except ValueError:
        raise Broken("its answer makes no sense") from None
    state = STATES.get(word, FaxState.UNKNOWN)
    if state is FaxState.FAILED:
        reason = reason_for(said, pages_sent=pages, dials=dials)
        return LineReport(job_id=job_id, state=state, reason=reason, said=said, pages_sent=pages)
    return LineReport(job_id=job_id, state=state, said=said or word.lower(), pages_sent=pages)


def _cancel(session: HylafaxSession, job_id: str) -> LineReport:
    report = _report(session, job_id)
    if report.state is FaxState.WAITING:
        try:
            session.ask(f"JKILL {job_id.partition(':')[0]}")
        except Refused:  # it ended or began meanwhile: what became of it is told below
            pass
        report = _report(session, job_id)
    return report


def _check(session: HylafaxSession, wanted: str) -> str:
    """``wanted`` is the modem that our jobs ask for; "" or a class of modems: any."""
    session.ask('MDMFMT "%z%m %s"')
    scheduler, *listed = session.lines("status") or ("",)
    if not scheduler.rstrip().endswith(": Running"):
        return "The fax server's scheduler is not running, so no fax goes out. Ask your IT person to start HylaFAX."
    # Listed by its path below /dev, asked for with "_" for "/".
    modems = {name.replace("/", "_"): (line[:1], status) for line in listed for name, _, status in (line[1:].partition(" "),)}
    if not modems:
        return "The fax server has no modem, so no fax goes out. Ask your IT person to look at HylaFAX's modems."
    usable = (modems[wanted],) if wanted in modems else tuple(modems.values())
    if any(at_work == "*" and status.strip().lower().startswith(ABLE) for at_work, status in usable):
        return ""
    return "No modem of the fax server is ready, so no fax goes out. Look whether it is switched on and connected."
