"""How a request gets into the fax queue: its desk is looked up, its packet is drawn, checked and kept, and then it is queued.

What is missing is known at once: a request whose packet cannot be made waits for a person with the reason, and nothing is queued.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

import structlog
from msgspec.structs import replace

from bots.errors import Action, BotError
from bots.fax.model import LineLimits
from bots.model import AuthRequest, Status
from jobs.fallback import person_task
from jobs.fax import words
from jobs.fax.book import FaxBook, NewFax, to_fax
from jobs.fax.desks import opens
from jobs.fax.office import FaxOffice
from jobs.fax.packets import Drawn
from jobs.fax.state import Fax, Packet
from jobs.fax.troubles import CannotBeFaxed, TooLongForLine
from jobs.journal_schema import JournalError
from jobs.rule_schema import Desk
from jobs.state import Snapshot


class PacketFailed(BotError):
    """Drawing the packet failed in a way that nobody foresaw."""

    code = "fax_packet_failed"
    action = Action.PERSON_REQUEST
    text = (
        "PriorBot failed while it drew the packet of this request. Nothing was sent. "
        "Give your IT person the log file; fax this request by hand if it cannot wait."
    )


@dataclass(frozen=True)
class Wanted:
    """A request that is to be faxed, and where: ``number`` as the rules' directory prints it. ``reason``: why by fax."""

    request_id: str
    number: str
    reason: str = ""


async def enqueue(office: FaxOffice, request_id: str, number: str, *, reason: str = "") -> Snapshot:
    """Puts a request into the fax queue and returns where it stands then: waiting, or a person's with the reason.

    Safe to call again: a request that is in the queue, was sent, is uncertain, or that somebody works on stays as it is.
    Raises `PacketNotKept` (disk full) and `JournalError`; the request then stands where it stood.
    """
    await _enqueue(office, Wanted(request_id=request_id, number=number, reason=reason))
    return office.journal.snapshot(request_id)


async def enqueue_due(office: FaxOffice) -> tuple[Fax, ...]:
    """Queues every request that stands as "to be faxed" (`jobs.fallback.to_fax`), urgent ones first. Returns the new faxes."""
    waiting = to_fax(office.journal)
    entered = []
    for snapshot in sorted(waiting, key=lambda one: not one.request.is_urgent):
        number = snapshot.route.other_number if snapshot.route else ""
        fax = await _enqueue(office, Wanted(snapshot.request.request_id, number, snapshot.reason))
        if fax is not None:
            entered.append(fax)
    return tuple(entered)


async def _enqueue(office: FaxOffice, wanted: Wanted) -> Fax | None:
    book = FaxBook(office.journal, office.seats)
    snapshot = office.journal.snapshot(wanted.request_id)
    if snapshot.status not in (Status.NEW, Status.WAITING) or book.is_sent(wanted.request_id):
        return None  # no packet is drawn in vain; `enter` looks again
    try:
        desk = office.desks.of_number(snapshot.request.payer, wanted.number)
        packet = await draw_and_keep(office, snapshot.request, desk)
        check_limits(office, packet)
        new = to_queue(office, wanted.request_id, desk, packet, wanted.reason)
        fax = book.enter(new)
    except CannotBeFaxed:
        return None
    except BotError as error:
        if error.action is Action.RETRY:
            raise
        book.refuse(wanted.request_id, person_task(error))
        return None
    office.progress(fax)
    return fax


async def draw(office: FaxOffice, request: AuthRequest, desk: Desk) -> Drawn:
    """The packet, drawn beside the event loop. Raises a `BotError` whatever goes wrong."""
    try:
        return await asyncio.to_thread(office.draw, request, desk)
    except (BotError, JournalError):
        raise
    except Exception as bug:
        structlog.get_logger().error("fax_packet_failed", request_id=request.request_id, exc_info=bug)
        raise PacketFailed from bug


async def draw_and_keep(office: FaxOffice, request: AuthRequest, desk: Desk) -> Packet:
    """The packet as it is drawn now, durable. Raises a `BotError`."""
    packet = office.store.keep(await draw(office, request, desk))
    return replace(packet, number=desk.number, drawn_on=desk_day(office, desk))


def desk_day(office: FaxOffice, desk: Desk) -> date:
    return office.now().astimezone(ZoneInfo(desk.time_zone)).date()


def to_queue(office: FaxOffice, request_id: str, desk: Desk, packet: Packet, reason: str) -> NewFax:
    """The queue's entry, due when the desk opens."""
    now = office.now()
    at = opens(desk, now)
    standing = words.queued(desk.desk, reason, not_before=at if at > now else None)
    return NewFax(request_id=request_id, desk=desk.name, packet=packet, not_before=at, standing=standing)


def check_limits(office: FaxOffice, packet: Packet) -> None:
    """Raises `TooLongForLine` when the line that gets new faxes does not take this one whole."""
    if office.lines:
        fits(packet, office.lines[0].limits, office.lines[0].name)


def fits(packet: Packet, limits: LineLimits, line: str) -> None:
    """Raises `TooLongForLine`."""
    if limits.pages and packet.pages > limits.pages:
        raise TooLongForLine(line=line, has=f"{packet.pages} pages", most=f"{limits.pages}")
    if limits.bytes and packet.bytes > limits.bytes:
        raise TooLongForLine(line=line, has=f"{packet.bytes:,} bytes", most=f"{limits.bytes:,}")
