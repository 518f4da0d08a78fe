"""One line at work: its seat, what is noted of its faxes, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

import structlog

from bots.errors import Action, BotError
from bots.fax.model import FaxLine, FaxReason, LineReport
from jobs.fax import words
from jobs.fax.book import FaxBook
from jobs.fax.happened import FaxEnded, FaxEvent, FaxHandedOver
from jobs.fax.judging import judge
from jobs.fax.office import JOBS_AT_ONCE, FaxOffice
from jobs.fax.state import Fax, FaxStep
from jobs.rule_schema import Desk
from jobs.seats import Seat

ALERT_AFTER = timedelta(minutes=15)
"""A line that is down so long is somebody's matter."""
NO_DIAL_TONE_REST = timedelta(minutes=10)
"""A line without a dial tone is left alone so long, so that one fault does not use up the queue."""
BY_HAND_AT_ONCE = 50
"""Packets that are handed to a folder in one go."""
_NO_DIAL_TONE = "The fax line {line} has no dial tone. Nothing more is sent on it for now. Look at its cable and its modem."


@dataclass
class Worked:
    """What one run did, in counts. ``busy_lines``: another PriorBot works there. ``troubles``: line -> its sentence."""

    handed_over: int = 0
    delivered: int = 0
    again_later: int = 0
    for_person: int = 0
    busy_lines: list[str] = field(default_factory=list)
    troubles: dict[str, str] = field(default_factory=dict)


class AtLine:
    """One line under one seat. ``moved``: something was noted since that was last reset."""

    def __init__(self, office: FaxOffice, line: FaxLine, seat: Seat, worked: Worked) -> None:
        self.office = office
        self.line = line
        self.seat = seat
        self.book = FaxBook(office.journal, office.seats)
        self.worked = worked
        self.moved = False
        self.is_in_trouble = False
        """It raised in this run: no more of it is asked before the next one."""

    @property
    def by_person(self) -> bool:
        return self.line.limits.by_person

    def faxes(self, step: FaxStep) -> tuple[Fax, ...]:
        return self.book.at_line(self.line.name, step)

    def room(self) -> int:
        """How many more it may have at once."""
        if self.by_person:
            return BY_HAND_AT_ONCE
        return (self.line.limits.jobs or JOBS_AT_ONCE) - self.book.count_at_line(self.line.name)

    def has(self, fax: Fax) -> bool:
        """Whether the line is known to have it, or to have ended it."""
        now = self.book.get(fax.fax_id)
        return now is not None and now.step is not FaxStep.INTENT

    def desk(self, fax: Fax) -> Desk:
        """The fax's desk, for words and hours; also when it was taken out of the directory meanwhile."""
        return self.office.desks.find(fax.payer, fax.desk)

    # --- noting --------------------------------------------------------------------------------------------------

    def note(self, rows: Sequence[tuple[Fax, FaxEvent]]) -> None:
        """What became of faxes, in one transaction."""
        for fax in self.book.note(rows):
            self.office.progress(fax)
            self._count(fax)
        self.moved = self.moved or bool(rows)

    def handed_over(self, fax: Fax, job_id: str, *, found: bool = False) -> None:
        """The line has it: its job id is on the disk when this returns."""
        standing = words.handed_over(fax, self.desk(fax).desk, self.line.name, by_person=self.by_person)
        self.note([(fax, FaxHandedOver(fax_id=fax.fax_id, job_id=job_id, found=found, standing=standing))])

    def judge(self, fax: Fax, report: LineReport) -> FaxEvent | None:
        request = self.office.journal.snapshot(fax.request_id).request
        return judge(fax, report, self.desk(fax), self.office.now(), partial(self.office.decision_due, request))

    def note_ends(self, rows: Sequence[tuple[Fax, FaxEvent]]) -> None:
        """`note`, and what a missing dial tone says of the line."""
        self.note(rows)
        if any(isinstance(event, FaxEnded) and event.reason is FaxReason.NO_LINE for _, event in rows):
            self.trouble(_NO_DIAL_TONE.format(line=self.line.name), rest=NO_DIAL_TONE_REST)

    def _count(self, fax: Fax) -> None:
        match fax.step:
            case FaxStep.HANDED_OVER:
                self.worked.handed_over += 1
            case FaxStep.DELIVERED:
                self.worked.delivered += 1
            case FaxStep.QUEUED:
                self.worked.again_later += 1
            case FaxStep.FAILED | FaxStep.UNCERTAIN:
                self.worked.for_person += 1
            case FaxStep.INTENT | FaxStep.CANCELLED:
                pass

    # --- the line itself -----------------------------------------------------------------------------------------

    async def is_up(self) -> bool:
        """Whether faxes can be handed over now; what stands in the way is noted, and after a while told."""
        try:
            return not self.trouble(await self.line.check())
        except BotError as error:
            self.failed(error)
            return False

    async def can_be_asked(self) -> bool:
        """Whether it answers at all; one that was down tells first whether it still is."""
        if self.book.line_down(self.line.name) is not None:
            await self.is_up()
        return not self.is_in_trouble

    def failed(self, error: BotError) -> None:
        """The line raised where it should have answered: it is left alone for this run; where a person must act, until then."""
        self.is_in_trouble = True
        self.trouble(error.sentence, needs_person=error.action is Action.PERSON_PORTAL)

    def is_left_alone(self, *, by_person: bool) -> bool:
        """Whether it must not even be asked: only the run of a person (``by_person``) tries whether it was put right."""
        down = self.book.line_down(self.line.name)
        if down is None or not down.needs_person or by_person:
            return False
        return self.trouble(down.sentence)

    def trouble(self, sentence: str, *, rest: timedelta | None = None, needs_person: bool = False) -> bool:
        """What is wrong with the line ("": nothing). True while nothing must be handed over."""
        now = self.office.now()
        rest_until = now + rest if rest else None
        down = self.book.note_line(self.line.name, sentence, rest_until=rest_until, needs_person=needs_person)
        if down is None:
            self.worked.troubles.pop(self.line.name, None)
            return False
        self.worked.troubles[self.line.name] = down.sentence
        if not down.alerted and now - down.since >= ALERT_AFTER:
            waiting = self.book.alert_line(self.line.name, down.sentence, self.desk)
            structlog.get_logger().error("fax_line_down", line=self.line.name, waiting=waiting)
        return True
