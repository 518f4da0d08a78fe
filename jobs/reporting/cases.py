"""One request as the report counts it: made of its snapshot, then of its attempts and of what was read of it. Pure.

Only what is counted is kept, so that a hundred thousand requests fit into memory.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

import msgspec

from bots.errors import NotRequiredHere, Redirected
from bots.model import AuthRequest, Certification, Payer, Status, Urgency
from jobs.attention import without_person
from jobs.ledger import ledger_rows
from jobs.reporting.period import Period
from jobs.state import AWAITED, DECIDED, Attempt, AttemptState, Channel, Snapshot

FINAL = DECIDED | {Status.NOT_REQUIRED, Status.NOT_ELIGIBLE}
"""The payer's final answers. Cancelled, void, withdrawn, duplicate and expired end a request without one."""
LONGEST_REASON = 160

_ERROR_FREE = frozenset({"", Redirected.code, NotRequiredHere.code, "not_ours", "late_receipt", "dry_run", "interrupted"})
"""Codes of attempts that ended without an error: the request went on elsewhere, needs no authorization, or was not to be sent."""


@dataclass(slots=True)
class Case:
    """What is counted of one request. Instants are aware; ``lines`` are its service lines."""

    request_id: str
    payer: Payer
    portal: str
    urgency: Urgency
    certification: Certification
    lines: int
    status: Status
    accepted_at: datetime
    received_at: datetime | None
    due: datetime | None
    decided_on: date | None
    is_recent: bool = True
    """It is open, or was looked at since the period began: only then its answer can be one of the period."""
    answers: tuple[tuple[Status, str], ...] = ()
    """Status and reason of each line that was decided, the payer's words without the member's."""
    redirected_from: str = ""
    submitted_at: datetime | None = None
    """The INTENT of the attempt that was accepted: when PriorBot handed it over. None for an adopted case."""
    adopted_at: datetime | None = None
    redirected_at: datetime | None = None
    faxed_at: datetime | None = None
    phoned_at: datetime | None = None
    tries: int = 0
    """Attempts that came to an end in the period, and of these the codes of those that ended in an error."""
    errors: list[str] = field(default_factory=list)
    submissions: int = 0
    """Attempts whose INTENT lies in the period and which the payer accepted or refused."""
    queries: int = 0
    """How often its status was asked for in the period."""
    first_answer_final: bool = False
    """The confirmation itself held the payer's final answer."""
    first_reading: tuple[int, int] | None = None
    """Lines with a final answer and all lines, as its page showed them when it was read first."""
    final_lines: int = 0
    resolved: list[tuple[datetime, int]] = field(default_factory=list)
    """When how many lines got their final answer after the confirmation."""
    final_at: datetime | None = None
    """When the last line's final answer was first seen."""

    @property
    def is_awaited(self) -> bool:
        return self.status in AWAITED

    @property
    def hours_to_final(self) -> float | None:
        if self.submitted_at is None or self.final_at is None:
            return None
        return max(0.0, (self.final_at - self.submitted_at).total_seconds() / 3600)


class LineSeen(msgspec.Struct):
    """The part of a line's reading that is counted."""

    status: str = Status.UNKNOWN.value
    status_raw: str = ""


class ReadingSeen(msgspec.Struct):
    """The part of a reading that is counted; read from the journal's text without making the rest of it."""

    status: str = Status.UNKNOWN.value
    lines: list[LineSeen] = []


_FINAL_WORDS = frozenset(status.value for status in FINAL)


def case_of(snapshot: Snapshot, period: Period) -> Case:
    request, receipt, route = snapshot.request, snapshot.receipt, snapshot.route
    is_recent = snapshot.status in AWAITED or (snapshot.last_checked or snapshot.accepted_at) >= period.starts
    return Case(
        request_id=request.request_id,
        payer=request.payer,
        portal=receipt.portal if receipt else (route.portal if route else ""),
        urgency=request.urgency,
        certification=request.certification,
        lines=len(request.lines),
        status=snapshot.status,
        accepted_at=snapshot.accepted_at,
        received_at=receipt.received_at if receipt else snapshot.submitted_at,
        due=snapshot.decision_due,
        decided_on=snapshot.decided_on,
        is_recent=is_recent,
        answers=_answers(snapshot) if is_recent else (),
        redirected_from=route.redirected_from if route else "",
        first_answer_final=receipt is not None and receipt.status in FINAL,
    )


def add_attempt(case: Case, attempt: Attempt, period: Period) -> None:
    """Takes in one attempt of the case, in the order in which they began."""
    sent, ended = attempt.intent_at, attempt.ended_at or attempt.uncertain_at
    if attempt.state is AttemptState.RECEIPT:
        case.submitted_at, case.adopted_at = sent, None if sent else ended
        case.faxed_at = ended if attempt.channel is Channel.FAX else None
        case.phoned_at = ended if attempt.channel is Channel.PHONE else None
        if sent and case.first_answer_final:
            case.final_at, case.final_lines = case.received_at, case.lines
    if attempt.error_code == Redirected.code:
        case.redirected_at = ended
    if sent and period.holds(sent) and attempt.state in (AttemptState.RECEIPT, AttemptState.REJECTED):
        case.submissions += 1
    if period.holds(ended) and (attempt.uncertain_at is not None or attempt.error_code not in _ERROR_FREE):
        case.tries += 1
        case.errors.append(attempt.error_code or "uncertain")
    elif period.holds(ended) and attempt.state in (AttemptState.RECEIPT, AttemptState.REJECTED):
        case.tries += 1


def add_reading(case: Case, at: datetime, seen: ReadingSeen) -> None:
    """Takes in one reading of the case's own page, oldest first."""
    final = min(case.lines, _final_lines(seen, case.lines))
    if case.first_reading is None:
        case.first_reading = (final, case.lines)
        if case.first_answer_final and final < case.lines:  # the page knows better than the confirmation's one word
            case.final_lines, case.final_at = final, None
    if final > case.final_lines:
        case.resolved.append((at, final - case.final_lines))
        case.final_lines = final
    if final == case.lines and case.final_at is None:
        case.final_at = at


def _final_lines(seen: ReadingSeen, lines: int) -> int:
    header = seen.status in _FINAL_WORDS
    if not seen.lines:
        return lines if header else 0
    # As in the ledger: a line's own word goes before its case's header.
    return sum(line.status in _FINAL_WORDS if line.status_raw else header for line in seen.lines)


def _answers(snapshot: Snapshot) -> tuple[tuple[Status, str], ...]:
    if snapshot.reading is None or snapshot.status not in DECIDED:
        return ()
    rows = ((Status(row.status), row.status_reason) for row in ledger_rows(snapshot))
    return tuple((status, _reason(text, snapshot.request)) for status, text in rows if status in DECIDED)


def _reason(text: str, request: AuthRequest) -> str:
    short = " ".join(without_person(text, request).split())
    return short if len(short) <= LONGEST_REASON else f"{short[: LONGEST_REASON - 1]}…"
