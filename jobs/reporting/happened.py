"""What happened in a period: volumes by day, decision times against the payers' limits, reasons, unusual ways. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from bots.model import Payer, Status
from jobs.reporting.cases import Case
from jobs.reporting.figures import Figures, Spread, share, spread_of
from jobs.reporting.groups import PAYER_NAMES
from jobs.reporting.period import Period
from jobs.state import DECIDED, GRANTED

MOST_REASONS = 12
MOST_IDS = 100


class Kept(StrEnum):
    """Whether a decision came within the payer's limit. A page tells its day and not its moment, so some cannot be told."""

    IN_TIME = "in_time"
    LATE = "late"
    """Of a later day than the limit, by the payer's own date."""
    NOT_TOLD = "not_told"
    """Seen after the limit, and the payer's date is that day or is not shown."""
    NO_LIMIT = "no_limit"


class DayRow(Figures):
    day: str
    taken_in: int
    submitted: int
    decided: int


class Timing(Figures):
    """Decision times of one payer under one limit (hours; None: no limit is known), of decisions seen in the period.

    ``hours``: from the hand-over to the moment by which the payer had certainly decided (`decided_by`).
    """

    payer: Payer
    name: str
    limit_hours: int | None
    hours: Spread
    in_time: int
    late: int
    not_told: int


class Reason(Figures):
    """Service lines that got this answer for this reason, "" where the payer named none."""

    status: Status
    reason: str
    lines: int


class Way(Figures):
    """Requests that went an unusual way."""

    key: str
    label: str
    count: int
    request_ids: tuple[str, ...]


class Happened(Figures):
    """``decided``: requests whose last line got its final decision in the period; each is granted or denied, as it stands now."""

    days: tuple[DayRow, ...]
    taken_in: int
    submitted: int
    decided: int
    approved: int
    partly: int
    denied: int
    approved_share: float | None
    """Of the decided ones, in full or in part, percent."""
    in_time: int
    """This and the next two: of decisions with a limit on what PriorBot handed in, the sums of `timings`."""
    late: int
    not_told: int
    timings: tuple[Timing, ...]
    approvals: tuple[Reason, ...]
    more_approvals: int
    """Lines approved for reasons that are not listed."""
    denials: tuple[Reason, ...]
    more_denials: int
    denied_without_reason: int
    ways: tuple[Way, ...]


def what_happened(cases: Iterable[Case], period: Period, zone: ZoneInfo, zone_of: Callable[[Payer], ZoneInfo]) -> Happened:
    """``zone_of`` is the time zone in which a payer dates its decisions."""
    every = list(cases)
    decided = [case for case in every if period.holds(case.final_at) and case.status in DECIDED]
    timings = _timings(decided, zone_of)
    full = sum(case.status is Status.APPROVED for case in decided)
    granted = sum(case.status in GRANTED for case in decided)
    approvals, more_approvals = _reasons(decided, GRANTED)
    denials, more_denials = _reasons(decided, frozenset({Status.DENIED}))
    days = _days(every, decided, period, zone)
    return Happened(
        days=days,
        taken_in=sum(row.taken_in for row in days),
        submitted=sum(row.submitted for row in days),
        decided=len(decided),
        approved=full,
        partly=granted - full,
        denied=len(decided) - granted,
        approved_share=share(granted, len(decided)),
        in_time=sum(row.in_time for row in timings),
        late=sum(row.late for row in timings),
        not_told=sum(row.not_told for row in timings),
        timings=timings,
        approvals=approvals,
        more_approvals=more_approvals,
        denials=denials,
        more_denials=more_denials,
        denied_without_reason=sum(not reason for case in decided for status, reason in case.answers if status is Status.DENIED),
        ways=_ways(every, period),
    )


def limit_of(case: Case) -> int | None:
    """Hours that the payer has: 24, 72 or 168. Calendar days over a clock change are still whole days."""
    since = case.received_at or case.submitted_at
    if case.due is None or since is None:
        return None
    hours = (case.due - since) / timedelta(hours=1)
    days = round(hours / 24)
    return days * 24 if abs(hours - days * 24) <= 1 else round(hours)


def decided_by(case: Case, zone: ZoneInfo) -> datetime | None:
    """The moment by which the payer had certainly decided: when it was seen, or the end of the payer's own date before that."""
    if case.final_at is None or case.decided_on is None:
        return case.final_at
    midnight = datetime.combine(case.decided_on + timedelta(days=1), time(), zone).astimezone(UTC)
    return min(case.final_at, midnight)


def _kept(case: Case, zone: ZoneInfo) -> Kept:
    by = decided_by(case, zone)
    if case.due is None or by is None:
        return Kept.NO_LIMIT
    if by <= case.due:
        return Kept.IN_TIME
    is_dated_later = case.decided_on is not None and case.decided_on > case.due.astimezone(zone).date()
    return Kept.LATE if is_dated_later else Kept.NOT_TOLD


def _timings(decided: Sequence[Case], zone_of: Callable[[Payer], ZoneInfo]) -> tuple[Timing, ...]:
    """Only of what PriorBot handed in: of an adopted case it is not known when the payer's time began."""
    hours: dict[tuple[Payer, int | None], list[float]] = {}
    kept: dict[tuple[Payer, int | None], Counter[Kept]] = {}
    for case in decided:
        zone, group = zone_of(case.payer), (case.payer, limit_of(case))
        if case.submitted_at is not None and (by := decided_by(case, zone)):
            hours.setdefault(group, []).append(max(0.0, (by - case.submitted_at) / timedelta(hours=1)))
            kept.setdefault(group, Counter())[_kept(case, zone)] += 1
    return tuple(
        Timing(
            payer=payer,
            name=PAYER_NAMES[payer],
            limit_hours=limit,
            hours=spread,
            in_time=kept[payer, limit][Kept.IN_TIME],
            late=kept[payer, limit][Kept.LATE],
            not_told=kept[payer, limit][Kept.NOT_TOLD],
        )
        for payer, limit in sorted(hours, key=lambda group: (group[0], group[1] is None, group[1] or 0))
        if (spread := spread_of(hours[payer, limit]))
    )


def _reasons(decided: Iterable[Case], statuses: frozenset[Status]) -> tuple[tuple[Reason, ...], int]:
    found = Counter(answer for case in decided for answer in case.answers if answer[0] in statuses)
    order = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    listed = tuple(Reason(status=status, reason=reason, lines=lines) for (status, reason), lines in order[:MOST_REASONS])
    return listed, sum(lines for _, lines in order[MOST_REASONS:])


def _days(cases: Iterable[Case], decided: Iterable[Case], period: Period, zone: ZoneInfo) -> tuple[DayRow, ...]:
    taken, sent, final = Counter[str](), Counter[str](), Counter[str]()
    for case in cases:
        if period.holds(case.accepted_at):
            taken[_day(case.accepted_at, zone)] += 1
        if case.submitted_at is not None and period.holds(case.submitted_at):
            sent[_day(case.submitted_at, zone)] += 1
    for case in decided:
        if case.final_at is not None:
            final[_day(case.final_at, zone)] += 1
    days = (day.isoformat() for day in period.days)
    return tuple(DayRow(day=day, taken_in=taken[day], submitted=sent[day], decided=final[day]) for day in days)


def _day(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).date().isoformat()


def _ways(cases: Iterable[Case], period: Period) -> tuple[Way, ...]:
    adopted, redirected, faxed, phoned = [], [], [], []
    for case in cases:
        if period.holds(case.adopted_at):
            adopted.append(case.request_id)
        if period.holds(case.redirected_at):
            redirected.append(case.request_id)
        if period.holds(case.faxed_at):
            faxed.append(case.request_id)
        if period.holds(case.phoned_at):
            phoned.append(case.request_id)
    return tuple(
        Way(key=key, label=label, count=len(ids), request_ids=tuple(sorted(ids)[:MOST_IDS]))
        for key, label, ids in (
            ("adopted", "Adopted: the portal already had it, nothing was sent twice", adopted),
            ("redirected", "Redirected: one portal handed it over to another", redirected),
            ("faxed", "Faxed, and the fax was delivered", faxed),
            ("phoned", "Phoned in by a person", phoned),
        )
    )
