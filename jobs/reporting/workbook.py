"""``report.xlsx``: the values of the page, a sheet for each part. Counts are numbers; ids, dates and words are text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from pathlib import Path

from jobs.ledger import day, instant
from jobs.reporting.collect import Report
from jobs.reporting.figures import Spread
from jobs.reporting.groups import GROUPS, payer_name
from jobs.reporting.headline import headline
from jobs.reporting.metric_rows import metric_rows
from jobs.reporting.page import title
from jobs.reporting.standing import AGES
from jobs.sheets import Cell, Sheet, workbook

Rows = Iterable[tuple[Cell, ...]]


def report_xlsx(report: Report, work_folder: Path) -> bytes:
    """``work_folder`` must be private (`jobs.sheets`)."""
    return workbook(list(sheets(report)), work_folder)


def sheets(report: Report) -> Iterator[Sheet]:
    now, happened = report.standing, report.happened
    yield Sheet(title="Summary", columns=("what", "value"), rows=_summary(report))
    yield Sheet(
        title="Needs a person",
        columns=("count", "request_ids", "payer", "portal", "status", "urgency", "decision_due", "why", "next_action"),
        rows=(
            (
                *(one.count, ", ".join(one.request_ids), one.first.payer, one.first.portal, one.first.status),
                *(one.first.urgency, _at(one.first.decision_due), one.first.why, one.first.next_action),
            )
            for one in now.matters
        ),
    )
    yield Sheet(
        title="Open by state and age",
        columns=("status", *(label for label, _ in AGES), "all"),
        rows=((row.status, *row.ages, row.count) for row in now.queue),
    )
    yield Sheet(
        title="Deadlines",
        columns=("request_id", "member", "payer", "portal", "status", "whose", "due", "used_percent"),
        rows=(
            (line.request_id, line.member, line.payer, line.portal, line.status, line.whose, _at(line.due), line.used)
            for line in now.deadlines
        ),
    )
    yield Sheet(
        title="Units",
        columns=(
            *("request_id", "member", "service_code", "kind", "approved", "used", "remaining", "as_of", "valid_to"),
            *("used_percent", "time_percent", "per_week", "runs_out", "warnings"),
        ),
        rows=(
            (
                *(one.request_id, one.member, one.service_code, one.kind, one.approved, one.used, one.remaining),
                *(_at(one.as_of), _at(one.valid_to), one.used_share, one.time_share, one.per_week, _at(one.runs_out)),
                ", ".join(one.warnings),
            )
            for one in now.units
        ),
    )
    yield Sheet(
        title="Day by day",
        columns=("day", "taken_in", "accepted", "decided"),
        rows=((row.day, row.taken_in, row.submitted, row.decided) for row in happened.days),
    )
    yield Sheet(
        title="Decision times",
        columns=("payer", "limit_hours", "decided", "in_time", "late", "not_told", *(f"hours_{name}" for name in _SPREAD)),
        rows=(
            (row.payer, row.limit_hours, row.hours.count, row.in_time, row.late, row.not_told, *_spread(row.hours))
            for row in happened.timings
        ),
    )
    yield Sheet(
        title="Reasons",
        columns=("status", "reason", "lines"),
        rows=((one.status, one.reason, one.lines) for one in (*happened.denials, *happened.approvals)),
    )
    yield Sheet(
        title="Portals",
        columns=("portal", "state", "up_percent", "hours_down", "outages", "from", "to", "sentence"),
        rows=_portals(report),
    )
    yield Sheet(
        title="Unusual ways",
        columns=("way", "count", "request_ids"),
        rows=((way.key, way.count, ", ".join(way.request_ids)) for way in happened.ways),
    )
    yield Sheet(
        title="By payer",
        columns=("payer", *(group.label for group in GROUPS), "all"),
        rows=((line.name, *line.counts, line.count) for line in now.payers),
    )
    yield Sheet(
        title="PAS metrics",
        columns=("no", "metric", "unit", *("all" if one.segment == "all" else payer_name(one.segment) for one in report.metrics)),
        rows=((row.number, row.label, row.unit, *row.values) for row in metric_rows(report.metrics)),
    )
    yield Sheet(
        title="Errors",
        columns=("payer", "error", "attempts"),
        rows=((one.segment, kind.label, kind.count) for one in report.metrics for kind in one.error_types),
    )


_SPREAD = ("least", "lower", "median", "upper", "p90", "most", "mean")


def _spread(spread: Spread) -> tuple[Cell, ...]:
    return tuple(getattr(spread, name) for name in _SPREAD)


def _summary(report: Report) -> Iterator[tuple[Cell, ...]]:
    now, happened, scope = report.standing, report.happened, report.scope
    yield "report of", title(scope)
    yield "made at", _at(scope.made_at)
    yield "period", scope.period.kind
    yield "first day", _at(scope.period.first)
    yield "last day", _at(scope.period.last)
    for line in headline(report):
        yield "today", line.text
    yield from (
        ("now: need a person", now.need_person),
        ("now: past the payer's deadline", now.overdue),
        ("now: due within 24 hours", now.due_in_a_day),
        ("now: wait for the payer's decision", now.awaited),
        ("now: PriorBot goes on with", now.in_our_hands),
        ("now: open", now.open),
        ("now: all requests in the journal", now.requests),
        ("period: taken in", happened.taken_in),
        ("period: handed in and accepted", happened.submitted),
        ("period: decided", happened.decided),
        ("period: approved in full", happened.approved),
        ("period: approved in part or changed", happened.partly),
        ("period: denied", happened.denied),
        ("period: approved, percent of decided", happened.approved_share),
        ("period: decided late by the payer", happened.late),
        ("period: denied lines without a reason", happened.denied_without_reason),
    )


def _portals(report: Report) -> Rows:
    for use in report.portals:
        down = (use.up_share, use.hours_down, len(use.outages) if use.since else None)
        yield use.slug, use.state, *down, _at(use.since), _at(use.until), use.sentence


def _at(value: date | None) -> str:
    """A day or an instant as the ledger writes it."""
    return instant(value) if isinstance(value, datetime) else day(value)
