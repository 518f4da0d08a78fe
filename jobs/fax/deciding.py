"""What a person decides about a fax: take it back, say what became of it, send it again. Each is noted with the person's name.

Raises `FaxNotChanged` with what to do instead; nothing was changed then.
"""

from __future__ import annotations

from functools import partial

from bots.errors import BotError
from bots.fax.model import FaxLine, FaxReason, FaxState, LineReport, TakesWord
from jobs.event_base import Standing
from jobs.fax import words
from jobs.fax.book import FaxBook
from jobs.fax.entering import check_limits, desk_day, draw_and_keep, to_queue
from jobs.fax.happened import FaxEnded, FaxEvent
from jobs.fax.judging import delivered, judge
from jobs.fax.office import FaxOffice
from jobs.fax.state import AT_LINE, Fax, FaxStep, Packet
from jobs.fax.troubles import FaxNotChanged
from jobs.rule_schema import Desk

CONFIRMABLE = tuple(reason for reason in FaxReason if reason is not FaxReason.NONE)
"""The reasons that a person can give for a fax that did not arrive."""


def find_fax(office: FaxOffice, name: str) -> Fax:
    """The fax of that id, or the newest one of that request. Raises `FaxNotChanged`."""
    book = FaxBook(office.journal, office.seats)
    fax = book.get(name) or next(iter(reversed(book.of_request(name))), None)
    if fax is None:
        raise FaxNotChanged(why="There is no fax of that id, and none for a request of that id", what="See: priorbot fax list")
    return fax


async def cancel(office: FaxOffice, fax: Fax, who: str) -> Fax:
    """Takes it out of the queue, or back from the line where it has not begun to send it."""
    if fax.step is FaxStep.QUEUED:
        return _note(office, fax, _cancelled(fax, who))
    if fax.step is not FaxStep.HANDED_OVER:
        raise FaxNotChanged(why=f"The fax stands as {_word(fax)} and cannot be cancelled", what=_advice(fax))
    line = _line(office, fax)
    report = await line.cancel(fax.job_id)
    if report.state is FaxState.FAILED and report.reason is FaxReason.CANCELLED and not report.pages_sent:
        return _note(office, fax, _cancelled(fax, who))
    event = _judge(office, fax, report)
    if event is None:
        raise FaxNotChanged(why="The line is sending it already", what="Look again in a few minutes: priorbot fax send")
    return _note(office, fax, event)


async def confirm(office: FaxOffice, fax: Fax, who: str, *, failed: FaxReason | None = None) -> Fax:
    """A person says that every page arrived, or (``failed``) why it certainly did not. Where a line dials by itself it is
    asked first, and what it knows goes before what the person thinks."""
    if fax.step not in (FaxStep.HANDED_OVER, FaxStep.UNCERTAIN) and not (fax.step is FaxStep.FAILED and fax.may_be_there):
        raise FaxNotChanged(why=f"The fax stands as {_word(fax)}: there is nothing to confirm", what=_advice(fax))
    if fax.step is FaxStep.HANDED_OVER and (known := await _known_by_line(office, fax)) is not None:
        return _note(office, fax, known)
    await _tell_line(office, fax, who, failed)
    desk = office.desks.find(fax.payer, fax.desk)
    if failed is None:
        request = office.journal.snapshot(fax.request_id).request
        return _note(office, fax, delivered(fax, desk, office.now(), partial(office.decision_due, request), by=who))
    standing = words.settled_as_failed(fax, desk.desk, who, failed)
    return _note(office, fax, _end(fax, FaxStep.FAILED, failed, who, standing))


async def again(office: FaxOffice, fax: Fax, who: str, *, sure: bool = False) -> Fax:
    """Sends it anew, as a fax of its own, to the number that the directory has then. Its packet is drawn anew, unless its cover
    sheet names that number and this day already."""
    if fax.step not in (FaxStep.FAILED, FaxStep.CANCELLED, FaxStep.UNCERTAIN):
        raise FaxNotChanged(why=f"The fax stands as {_word(fax)} and is not sent again", what=_advice(fax))
    if fax.may_be_there and not sure:
        raise FaxNotChanged(
            why="Pages of it may have arrived, and a second fax could be taken for a second request",
            what=f"Ask the payer first. To send it all the same: priorbot fax again {fax.fax_id} --sure --by NAME",
        )
    desk = office.desks.named(fax.payer, fax.desk)
    packet = await _packet_for(office, fax, desk)
    check_limits(office, packet)
    new = to_queue(office, fax.request_id, desk, packet, f"{who} sends it again.")
    end = None
    if not fax.is_settled:
        standing = words.settled_as_failed(fax, desk.desk, who, fax.reason)
        end = _end(fax, FaxStep.FAILED, fax.reason, who, standing)
    entered = FaxBook(office.journal, office.seats).again(fax, new, who, end)
    office.progress(entered)
    return entered


async def _packet_for(office: FaxOffice, fax: Fax, desk: Desk) -> Packet:
    if (fax.packet.number, fax.packet.drawn_on) == (desk.number, desk_day(office, desk)):
        office.store.read(fax.packet)
        return fax.packet
    return await draw_and_keep(office, office.journal.snapshot(fax.request_id).request, desk)


async def _tell_line(office: FaxOffice, fax: Fax, who: str, failed: FaxReason | None) -> None:
    """A folder hears it first: were we stopped here, its word would be read there by the next run."""
    line: object = next((each for each in office.lines if each.name == fax.line), None)
    if isinstance(line, TakesWord) and fax.jobs:
        state = FaxState.DELIVERED if failed is None else FaxState.FAILED
        word = LineReport(job_id=fax.jobs[-1], state=state, reason=failed or FaxReason.NONE, at=office.now())
        await line.told(word, who)


async def _known_by_line(office: FaxOffice, fax: Fax) -> FaxEvent | None:
    """What a line that dials by itself says of an open job; None when it cannot say, or is a folder."""
    line = next((each for each in office.lines if each.name == fax.line), None)
    if line is None or line.limits.by_person:
        return None
    try:
        report = await line.report(fax.job_id)
    except BotError:
        return None
    if report.state in (FaxState.WAITING, FaxState.SENDING):
        raise FaxNotChanged(
            why=f"The line {line.name} is still at it", what=f"Take it back first: priorbot fax cancel {fax.fax_id} --by NAME"
        )
    return None if report.state is FaxState.UNKNOWN else _judge(office, fax, report)


def _judge(office: FaxOffice, fax: Fax, report: LineReport) -> FaxEvent | None:
    request = office.journal.snapshot(fax.request_id).request
    desk = office.desks.find(fax.payer, fax.desk)
    return judge(fax, report, desk, office.now(), partial(office.decision_due, request))


def _line(office: FaxOffice, fax: Fax) -> FaxLine:
    for line in office.lines:
        if line.name == fax.line:
            return line
    raise FaxNotChanged(
        why=f"The fax is on the line {fax.line}, which is not set up", what="Set it up again in priorbot.toml: [fax]"
    )


def _cancelled(fax: Fax, who: str) -> FaxEnded:
    return _end(fax, FaxStep.CANCELLED, FaxReason.CANCELLED, who, words.cancelled(fax, who))


def _end(fax: Fax, step: FaxStep, reason: FaxReason, who: str, standing: Standing) -> FaxEnded:
    return FaxEnded(fax_id=fax.fax_id, step=step, reason=reason, said=fax.said, by=who, standing=standing)


def _note(office: FaxOffice, fax: Fax, event: FaxEvent) -> Fax:
    """Raises `FaxNotChanged` when it has moved since it was read."""
    book = FaxBook(office.journal, office.seats)
    (now,) = book.note([(fax, event)])
    if now == fax:
        raise FaxNotChanged(why="The fax has moved on meanwhile", what=f"See: priorbot fax show {fax.fax_id}")
    office.progress(now)
    return now


def _word(fax: Fax) -> str:
    return fax.step.replace("_", " ")


def _advice(fax: Fax) -> str:
    if fax.step in AT_LINE:
        return "It is settled with its line by: priorbot fax send"
    if fax.step is FaxStep.QUEUED:
        return f"To take it out of the queue: priorbot fax cancel {fax.fax_id} --by NAME"
    if fax.is_settled:
        return f"See: priorbot fax show {fax.fax_id}"
    return f"Say what became of it: priorbot fax confirm {fax.fax_id} --delivered --by NAME (or --failed REASON)"
