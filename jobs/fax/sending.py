"""Works the queue off, line by line: settles what was left open, looks at what a line has, hands over what is due.

One worker at a time on each line, over all processes (the line's seat). INTENT is on the disk before a fax is handed over, and
the line is asked for it before it is given: what it has already is taken over and not given again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, NamedTuple

import structlog

from bots.errors import Action, BotError
from bots.fax.model import FaxLine, OutgoingFax
from jobs.fax import words
from jobs.fax.at_line import AtLine, Worked
from jobs.fax.desks import opens
from jobs.fax.entering import fits
from jobs.fax.happened import FaxWaits
from jobs.fax.judging import not_sendable
from jobs.fax.office import POLL, FaxOffice
from jobs.fax.packets import Pages
from jobs.fax.settling import look_at_jobs, settle, settle_left_over, tell_orphans, unknown_jobs
from jobs.fax.state import Fax
from jobs.journal_schema import JournalError
from jobs.seats import SeatLost
from jobs.side_by_side import side_by_side

SEAT = "fax line"
"""What the seats of lines are named by, in place of a portal."""


async def send_due(office: FaxOffice, *, wait: bool = False, by_person: bool = False) -> Worked:
    """One run over all lines. ``wait``: until every job that was handed over has come to an end; else only what goes at once.
    ``by_person``: somebody asked for it, and a line that waits for a person is tried too.

    Safe to stop at any moment, and to start twice: a second one finds the lines' seats taken. Raises `JournalError`.
    """
    worked = Worked(troubles=tell_orphans(office))
    first = office.lines[0].name if office.lines else ""
    await side_by_side(
        _work_line(office, line, worked, wait=wait, by_person=by_person, takes_new=line.name == first) for line in office.lines
    )
    return worked


async def _work_line(office: FaxOffice, line: FaxLine, worked: Worked, *, wait: bool, by_person: bool, takes_new: bool) -> None:
    seat = office.seats.acquire(SEAT, line.name)
    if seat is None:
        worked.busy_lines.append(line.name)
        return
    try:
        async with office.seats.kept(seat):
            at = AtLine(office, line, seat, worked)
            if not at.is_left_alone(by_person=by_person) and await at.can_be_asked():
                await _rounds(at, wait=wait, takes_new=takes_new)
    except SeatLost:
        worked.busy_lines.append(line.name)
    finally:
        office.seats.release(seat)


async def _rounds(at: AtLine, *, wait: bool, takes_new: bool) -> None:
    while True:
        at.moved = False
        await settle_left_over(at)
        if not at.is_in_trouble:
            await look_at_jobs(at)
        if takes_new and not at.is_in_trouble:
            await _hand_over_due(at)
        if at.is_in_trouble:
            return
        if at.moved:
            continue
        if not wait or at.by_person or at.line.name in at.worked.troubles or not at.book.count_at_line(at.line.name):
            return
        await at.office.sleep(POLL)


async def _hand_over_due(at: AtLine) -> None:
    room = at.room()
    due = at.book.due(room, one_a_desk=not at.by_person) if room > 0 else ()
    if not due or not await at.is_up():
        return
    ready = {fax.fax_id: ready for fax in due if (ready := _ready(at, fax)) is not None}
    wanted = [(fax, ready[fax.fax_id].number) for fax in due if fax.fax_id in ready]
    intended = at.book.intend(at.line.name, at.seat, wanted, one_a_number=not at.by_person) if wanted else []
    if intended:
        at.moved = True
        await _to_its_end(side_by_side(_hand_over(at, fax, ready[fax.fax_id].pages) for fax in intended))


class _Ready(NamedTuple):
    """What is handed over, and where."""

    pages: Pages
    number: str


def _ready(at: AtLine, fax: Fax) -> _Ready | None:
    """Packet and number, when these and the line's limits hold and the desk is open; else the fax waits, or is a person's."""
    now = at.office.now()
    try:
        desk = at.office.desks.named(fax.payer, fax.desk)
        pages = at.office.store.read(fax.packet)
        fits(fax.packet, at.line.limits, at.line.name)
    except BotError as error:  # of the directory, of the kept packet, of the line's limits: all of them a person's
        at.note([(fax, not_sendable(fax, error))])
        return None
    open_at = opens(desk, now)
    if open_at > now:
        standing = words.queued(desk.desk, "", not_before=open_at)
        at.note([(fax, FaxWaits(fax_id=fax.fax_id, not_before=open_at, reason=fax.reason, standing=standing))])
        return None
    return _Ready(pages, desk.number)


async def _hand_over(at: AtLine, fax: Fax, pages: Pages) -> None:
    """Gives it to the line once. Whatever is unclear afterwards is settled by asking the line."""
    try:
        if await unknown_jobs(at, fax):
            await settle(at, fax)
            return
    except BotError as error:  # it was not given: certainly nothing was sent
        desk = at.desk(fax)
        back = FaxWaits(fax_id=fax.fax_id, not_before=at.office.now(), reason=fax.reason, standing=words.queued(desk.desk, ""))
        at.note([(fax, back)])
        at.failed(error)
        return
    try:
        job_id = await at.line.send(_outgoing(at, fax, pages))
    except BotError as error:
        await _unanswered(at, fax, error)
    except JournalError:
        raise
    except Exception as bug:
        structlog.get_logger().error("fax_line_failed", line=at.line.name, request_id=fax.request_id, exc_info=bug)
        await _unanswered(at, fax, None)
    else:
        at.handed_over(fax, job_id)


async def _unanswered(at: AtLine, fax: Fax, said: BotError | None) -> None:
    """The line raised while it was given the fax: it has it or not, and only it can say."""
    try:
        await settle(at, fax, said)
    except BotError as error:
        at.failed(error)
        return
    if said is not None and said.action in (Action.RETRY, Action.PERSON_PORTAL) and not at.has(fax):
        at.failed(said)


def _outgoing(at: AtLine, fax: Fax, pages: Pages) -> OutgoingFax:
    desk = at.desk(fax).desk
    return OutgoingFax(tag=fax.fax_id, number=fax.number, pdf=pages.pdf, tiff=pages.tiff, pages=pages.pages, to_name=desk)


async def _to_its_end(work: Coroutine[Any, Any, None]) -> None:
    """Also when we are being stopped: a hand-over that has begun is noted, so that no INTENT stays open."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await task
        raise


__all__ = ["SEAT", "Worked", "send_due"]
