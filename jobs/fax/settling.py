"""What a line has, or may have: an INTENT without a job id is settled by asking the line, and open jobs are looked at.

Nothing is ever sent to find out. A fax that the line has is taken over; one that it certainly never took, asked more than once
and after a quiet time, goes back to the queue; anything else is a person's.
"""

from __future__ import annotations

from datetime import timedelta

from bots.errors import Action, BotError
from bots.fax.model import LineReport
from jobs.fax import words
from jobs.fax.at_line import AtLine
from jobs.fax.book import FaxBook
from jobs.fax.desks import opens
from jobs.fax.happened import FaxEvent, FaxNotFound, FaxWaits
from jobs.fax.judging import doubt, refused
from jobs.fax.office import FaxOffice
from jobs.fax.state import Fax, FaxStep

LOOKS = 2
"""How often a line is asked, and does not have it, before an INTENT counts as never taken."""
PROOF_LASTS = timedelta(hours=24)
"""Lines forget what they sent: after so long their not having it proves nothing."""
STUCK_AFTER = timedelta(hours=3)
"""A job that a line has so long without an end is somebody's matter."""

_ORPHANS = (
    "The fax line {line} is not set up any more and has faxes whose end is not known. Nothing of them was sent again. "
    "See: priorbot fax list --state handed_over"
)


async def settle_left_over(at: AtLine) -> None:
    """INTENTs without a job id: of a PriorBot that ended in between, or of a hand-over whose answer was not seen."""
    for fax in at.faxes(FaxStep.INTENT):
        try:
            await settle(at, fax)
        except BotError as error:
            at.failed(error)
            return


async def settle(at: AtLine, fax: Fax, said: BotError | None = None) -> None:
    """Asks the line whether it has it. ``said``: what the line said just now when it was to take it. Raises what it says."""
    match await unknown_jobs(at, fax):
        case []:
            event = _absent(at, fax, said)
            at.note([(fax, event)] if event is not None else [])
        case [one]:
            at.handed_over(fax, one.job_id, found=True)
        case _:
            at.note([(fax, doubt(fax, at.desk(fax), "the line has it more than once"))])


async def unknown_jobs(at: AtLine, fax: Fax) -> list[LineReport]:
    """Jobs of that fax on the line that are not in the journal."""
    return [report for report in await at.line.find(fax.fax_id) if report.job_id not in fax.jobs]


def _absent(at: AtLine, fax: Fax, said: BotError | None) -> FaxEvent | None:
    """The line answers, and does not have it."""
    desk, now, began = at.desk(fax), at.office.now(), fax.intent_at or fax.queued_at
    if said is not None and said.action in (Action.FIX_REQUEST, Action.PERSON_REQUEST):
        return refused(fax, desk, said.sentence)
    if now - began > PROOF_LASTS:
        return doubt(fax, desk, "PriorBot was stopped while it was handed over, and the line may have forgotten it since")
    if now - (fax.last_look_at or began) < max(at.office.quiet, timedelta(seconds=at.line.limits.settle_seconds)):
        return None
    if fax.looks + 1 < LOOKS:
        return FaxNotFound(fax_id=fax.fax_id)
    return FaxWaits(fax_id=fax.fax_id, not_before=opens(desk, now), standing=words.not_taken(desk.desk))


async def look_at_jobs(at: AtLine) -> None:
    """What became of the jobs that the line has."""
    ended: list[tuple[Fax, FaxEvent]] = []
    for fax in at.faxes(FaxStep.HANDED_OVER):
        try:
            report = await at.line.report(fax.job_id)
        except BotError as error:
            at.failed(error)
            break
        event = at.judge(fax, report)
        if event is not None:
            ended.append((fax, event))
        else:
            _tell_stuck(at, fax)
    at.note_ends(ended)


def _tell_stuck(at: AtLine, fax: Fax) -> None:
    """Once: the request goes on standing as it does, with a word for a person."""
    since = fax.handed_over_at
    if not at.by_person and since is not None and at.office.now() - since >= STUCK_AFTER:
        _tell(at.office, fax)


def tell_orphans(office: FaxOffice) -> dict[str, str]:
    """Faxes on lines that are not set up any more: only a person can find out what became of them. Line -> a sentence."""
    book = FaxBook(office.journal, office.seats)
    gone = book.lines_in_use() - {line.name for line in office.lines}
    for line in gone:
        for fax in (*book.at_line(line, FaxStep.INTENT), *book.at_line(line, FaxStep.HANDED_OVER)):
            _tell(office, fax)
    return {line: _ORPHANS.format(line=line) for line in sorted(gone)}


def _tell(office: FaxOffice, fax: Fax) -> None:
    told, journal = words.stuck(fax, office.desks.find(fax.payer, fax.desk).desk, fax.line), office.journal
    if journal.snapshot(fax.request_id).error_code != told.error_code:
        with journal.write() as write:
            write.append(fax.request_id, told)
