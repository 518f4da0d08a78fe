"""What of a report is sent out of the house: counts and request ids, and where the full report lies.

E-mail, chat and web hooks leave the home folder, and the report holds health information, so it is never attached. A message
is made of numbers, request ids, portal names and our own words: no text of a payer, no member id, no reference number.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from bots.model import Frozen
from jobs.reporting.charts import hours_text
from jobs.reporting.collect import Report
from jobs.reporting.headline import headline, many
from jobs.reporting.page import days_text, title
from jobs.reporting.period import PeriodKind, ending

if TYPE_CHECKING:
    from jobs.alerts import Alerts
    from jobs.engine import Engine

MOST_IDS = 10
"""Request ids that a message names; the report has the others."""
_LENGTH = {PeriodKind.DAY: "Daily", PeriodKind.WEEK: "Weekly", PeriodKind.MONTH: "Monthly"}


class Sent(Frozen):
    """Where the full report lies, the text that was sent, and which targets took it or did not."""

    page: str
    text: str
    taken: tuple[str, ...]
    refused: tuple[str, ...]

    @property
    def sentence(self) -> str:
        if not self.taken and not self.refused:
            return "Nothing was sent: [notify] names no target."
        said = [f"Sent to {', '.join(self.taken)}."] if self.taken else []
        if self.refused:
            said.append(f"Not taken by {', '.join(self.refused)}: check their addresses with priorbot doctor, then send again.")
        return " ".join(said)


async def send_report(engine: Engine, kind: PeriodKind, alerts: Alerts) -> Sent:
    """Writes the report of the last whole day, week or month into the home's ``reports/``, and sends what may be sent of it."""
    period = ending(kind, engine.today() - timedelta(days=1), engine.config.practice.zone)
    report = await asyncio.to_thread(engine.report, period)
    written = await asyncio.to_thread(engine.write_report_files, lambda: report, engine.home.reports)
    text = message(report, written[0].path)
    told = await alerts.post(text)
    return Sent(
        page=str(written[0].path),
        text=text,
        taken=tuple(name for name, taken in told.items() if taken),
        refused=tuple(name for name, taken in told.items() if not taken),
    )


def message(report: Report, lies: Path) -> str:
    """The message of one report; ``lies`` is the full report's page in the home folder."""
    return "\n".join(_lines(report, lies))


def _lines(report: Report, lies: Path) -> Iterator[str]:
    now, happened, scope = report.standing, report.happened, report.scope
    yield f"{_LENGTH[scope.period.kind]} report of {title(scope)}, {days_text(scope)}"
    yield ""
    for line in headline(report):
        yield f"- {line.text}"
    if not now.requests:
        yield "- There are no requests yet."
    if now.matters:
        ids = [request_id for matter in now.matters for request_id in matter.request_ids]
        yield f"  For a person, the most urgent first: {_ids(ids, now.need_person)}"
    late = [line.request_id for line in now.deadlines if line.due <= scope.made_at]
    if late:
        yield f"  Past a deadline: {_ids(late, now.overdue + now.practice_late)}"
    yield ""
    yield (
        f"Taken in {happened.taken_in:,}, handed in and accepted {happened.submitted:,}, decided {happened.decided:,} "
        f"({happened.approved + happened.partly:,} approved in full or in part, {happened.denied:,} denied)."
    )
    seen = report.metrics[0].hours_to_final
    if seen:
        yield f"Half of the answers were here within {hours_text(seen.median)}; {many(happened.late, 'decision')} came late."
    for way in happened.ways:
        if way.count:
            yield f"{way.key.capitalize()}: {_ids(way.request_ids, way.count)}"
    yield ""
    yield f"The full report: {lies}"


def _ids(ids: list[str] | tuple[str, ...], count: int) -> str:
    shown = ", ".join(ids[:MOST_IDS])
    more = count - min(len(ids), MOST_IDS)
    return f"{shown} and {more:,} more" if more > 0 else shown
