"""What a line's word on a job means for the fax: pure, one event or none.

Only a busy number and one that nobody answers are tried again, with growing pauses and a bounded number of times; the pauses
grow so that a machine that is out of paper is not rung all day, and are shorter for what is urgent.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from msgspec.structs import replace

from bots.errors import BotError
from bots.fax.model import FaxReason, FaxState, LineReport
from bots.model import Urgency
from jobs.fallback import person_task
from jobs.fax import words
from jobs.fax.desks import opens
from jobs.fax.happened import FaxEnded, FaxEvent, FaxWaits
from jobs.fax.state import DIALLED_AGAIN, Fax, FaxStep, may_have_arrived
from jobs.rule_schema import Desk

_STANDARD = (3, 6, 12, 24, 45, 60, 60, 60)
_URGENT = (1, 2, 3, 5, 10, 15, 15, 15)
"""Minutes between two tries: four and a half hours in all, and a good hour."""

DecisionDue = Callable[[datetime], datetime | None]


def most_tries(urgency: Urgency) -> int:
    """How often a number is dialled for one fax before a person is asked."""
    return 1 + len(_pauses(urgency))


def judge(fax: Fax, report: LineReport, desk: Desk, now: datetime, decision_due: DecisionDue) -> FaxEvent | None:
    """What the report changes; None while the job is on its way."""
    match report.state:
        case FaxState.WAITING | FaxState.SENDING:
            return None
        case FaxState.DELIVERED if 0 < report.pages_sent < fax.packet.pages:
            return doubt(fax, desk, f"the line confirmed {report.pages_sent} of {fax.packet.pages} pages", report)
        case FaxState.DELIVERED:
            return delivered(fax, desk, _when(fax, report, now), decision_due, report)
        case FaxState.FAILED:
            return _failed(fax, report, desk, now)
        case FaxState.UNKNOWN:
            return doubt(fax, desk, "the line does not know what became of it", report)


def delivered(
    fax: Fax, desk: Desk, at: datetime, decision_due: DecisionDue, report: LineReport | None = None, *, by: str = ""
) -> FaxEnded:
    return FaxEnded(
        fax_id=fax.fax_id,
        step=FaxStep.DELIVERED,
        said=report.said if report else "",
        pages_sent=report.pages_sent if report else 0,
        by=by,
        delivered_at=at,
        decision_due=decision_due(at),
        standing=words.delivered(desk.desk, by),
    )


def doubt(fax: Fax, desk: Desk, what: str, report: LineReport | None = None) -> FaxEnded:
    """A person's: it may have arrived once, or more than once."""
    return FaxEnded(
        fax_id=fax.fax_id,
        step=FaxStep.UNCERTAIN,
        said=report.said if report else what,
        pages_sent=report.pages_sent if report else 0,
        may_be_there=True,
        standing=words.uncertain(fax, desk.desk, what),
    )


def refused(fax: Fax, desk: Desk, said: str) -> FaxEnded:
    """The line certainly did not take it, and would not the next time."""
    return _end(fax, desk, FaxReason.REJECTED, said, 0)


def not_sendable(fax: Fax, error: BotError) -> FaxEnded:
    """It was not handed over: its packet, number or length does not hold any more."""
    advice = person_task(error)
    again = f"{advice.next_action.rstrip('.')}; then run: priorbot fax again {fax.fax_id} --by NAME"
    return FaxEnded(
        fax_id=fax.fax_id,
        step=FaxStep.FAILED,
        reason=FaxReason.REJECTED,
        said=error.code,
        standing=replace(advice, next_action=again),
    )


def _failed(fax: Fax, report: LineReport, desk: Desk, now: datetime) -> FaxEvent:
    reason = report.reason if report.reason is not FaxReason.NONE else FaxReason.OTHER
    may_retry = reason in DIALLED_AGAIN and not may_have_arrived(reason, report.pages_sent)
    if may_retry and fax.tries < most_tries(fax.urgency):
        pause = timedelta(minutes=_pauses(fax.urgency)[max(0, fax.tries - 1)])
        again_at = opens(desk, now + pause)
        standing = words.tried(fax, desk.desk, reason, again_at, most_tries(fax.urgency))
        return FaxWaits(fax_id=fax.fax_id, not_before=again_at, reason=reason, said=report.said, standing=standing)
    return _end(fax, desk, reason, report.said, report.pages_sent)


def _end(fax: Fax, desk: Desk, reason: FaxReason, said: str, pages_sent: int) -> FaxEnded:
    there = may_have_arrived(reason, pages_sent)
    return FaxEnded(
        fax_id=fax.fax_id,
        step=FaxStep.FAILED,
        reason=reason,
        said=said,
        pages_sent=pages_sent,
        may_be_there=there,
        standing=words.failed(fax, desk.desk, reason, may_be_there=there, tries=fax.tries),
    )


def _when(fax: Fax, report: LineReport, now: datetime) -> datetime:
    """When the last page arrived: the line's word, where it can be true."""
    earliest = fax.intent_at or fax.queued_at
    return report.at if report.at is not None and earliest <= report.at <= now else now


def _pauses(urgency: Urgency) -> tuple[int, ...]:
    return _STANDARD if urgency is Urgency.STANDARD else _URGENT
