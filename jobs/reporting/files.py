"""The report as files: HTML for people, XLSX for their spreadsheet, JSON for programs. All three hold the same values."""

from __future__ import annotations

from pathlib import Path

import msgspec

from jobs.reporting.collect import Report, Scope
from jobs.reporting.page import render
from jobs.reporting.workbook import report_xlsx
from jobs.writing import Written, write_whole


def report_json(report: Report) -> bytes:
    """One object; every key is always there. Dates are ISO, instants UTC, lengths of time ISO 8601 (``PT5400S``)."""
    return msgspec.json.encode(report) + b"\n"


def name_of(scope: Scope) -> str:
    """A file name for this report, without its ending: ``report-week-2026-11-16-husky``."""
    parts = ("report", scope.period.kind, scope.period.first.isoformat(), scope.payer, scope.portal)
    return "-".join(part for part in parts if part)


def write_report_files(report: Report, folder: Path, name: str, *, work_folder: Path) -> tuple[Written, ...]:
    """Writes ``name`` with ``.html``, ``.xlsx`` and ``.json`` into ``folder``, each whole and private; the page comes first.

    ``work_folder`` is private and holds what is half-finished.
    """
    now = report.scope.made_at
    return (
        write_whole(folder / f"{name}.html", render(report), now),
        write_whole(folder / f"{name}.xlsx", report_xlsx(report, work_folder), now),
        write_whole(folder / f"{name}.json", report_json(report), now),
    )
