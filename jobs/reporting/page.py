"""``report.html``: one self-contained page. No script, nothing from outside, no names; of member ids the last three characters.

Charts are inline SVG and plain bars, so that paper and phone show them too; no meaning is told by colour alone.
"""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from jobs.reporting import charts
from jobs.reporting.collect import Report, Scope
from jobs.reporting.groups import GROUPS, payer_name
from jobs.reporting.headline import headline
from jobs.reporting.metric_rows import metric_rows
from jobs.reporting.standing import AGES

SHOWN_MATTERS = 25
SHOWN_IDS = 12
SHOWN_DEADLINES = 10
SHOWN_UNITS = 10
"""Lines that stand on the page; the report's JSON and XLSX hold more, ledger and queue hold all."""


def render(report: Report) -> bytes:
    """The page as UTF-8 bytes. Times are shown in the practice's zone."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    zone = report.scope.zone
    environment = Environment(
        loader=PackageLoader("jobs"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["when"] = lambda at: _when(at, zone)
    environment.filters["day"] = day_text
    environment.filters["words"] = lambda text: str(text).replace("_", " ")
    environment.filters["n"] = lambda count: f"{count:,}"
    environment.filters["hours"] = charts.hours_text
    environment.filters["percent"] = lambda value: "–" if value is None else f"{value:.1f}".removesuffix(".0") + " %"
    environment.filters["figure"] = figure
    page = environment.get_template("report.html.j2").render(
        report=report,
        scope=report.scope,
        now=report.standing,
        happened=report.happened,
        lines=headline(report),
        ages=[label for label, _ in AGES],
        oldest=max((max(row.ages) for row in report.standing.queue), default=0),
        groups=GROUPS,
        payer_name=payer_name,
        metrics=metric_rows(report.metrics),
        due_chart=charts.due_columns(report.standing.due_days),
        day_chart=charts.day_columns(report.happened.days),
        strips=charts.decision_strips(report.happened.timings),
        spans=charts.outage_spans,
        title=title(report.scope),
        days=days_text(report.scope),
        made=f"{report.scope.made_at.astimezone(zone):%A %d %B %Y, %H:%M %Z}",
        shown_matters=SHOWN_MATTERS,
        shown_ids=SHOWN_IDS,
        shown_deadlines=SHOWN_DEADLINES,
        shown_units=SHOWN_UNITS,
    )
    return page.encode()


def title(scope: Scope) -> str:
    only = [payer_name(scope.payer)] if scope.payer else []
    only += [scope.portal.replace("_", " ")] if scope.portal else []
    return " · ".join([scope.practice or "Your practice", *only])


def days_text(scope: Scope) -> str:
    """The days of the period for people: ``Mon 16 – Sun 22 Nov 2026``."""
    first, last = scope.period.first, scope.period.last
    if first == last:
        return f"{first:%a} {day_text(first)}"
    begin = f"{first:%a} {first.day}"
    if (first.month, first.year) != (last.month, last.year):
        begin = f"{first:%a} {day_text(first)}" if first.year != last.year else f"{first:%a} {first.day} {first:%b}"
    return f"{begin} – {last:%a} {day_text(last)}"


def day_text(day: date | None) -> str:
    return f"{day.day} {day:%b %Y}" if day else "–"


def figure(value: float | None) -> str:
    """A number with at most one decimal, and – for none."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"


def _when(at: datetime | None, zone: ZoneInfo) -> str:
    if at is None:
        return "–"
    local = at.astimezone(zone)
    return f"{local:%a} {local.day} {local:%b, %H:%M}"
