"""``rejects/``: the refused rows of one file, with their reasons, to be corrected and sent again as they are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from bots.private import make_private_folder, write_private
from jobs.cells import csv_text, printable
from jobs.clock import Clock, utc_now
from jobs.documents import resolve_paths
from jobs.intake.cells import MARK
from jobs.intake.columns import REASONS_COLUMN
from jobs.intake.result import IntakeResult
from jobs.sheets import text_sheet

UTF8_MARK = b"\xef\xbb\xbf"  # Excel takes a CSV without it for the system's own code page
_WORKBOOK_ROWS = 5_000
"""Up to here a person corrects by hand; a file with more bad rows is mended in the system that exported it."""


def write_rejects(result: IntakeResult, home_rejects_dir: Path, *, now: Clock = utc_now) -> Path | None:
    """Writes the refused rows as CSV and returns its path; ``None`` when no row was refused.

    The first column holds the reasons (and is ignored when the file comes back), then the file's own columns and cells;
    documents are named by their full path. Up to 5,000 rows the same stands beside it as .xlsx with text cells: a spreadsheet
    program that opens and saves a CSV drops leading zeros, with the workbook it does not. Private files, each written whole.
    """
    if not result.cells:
        return None
    make_private_folder(home_rejects_dir)
    stem = re.sub(r"[^\w.-]+", "_", Path(result.file).stem)[:60]  # the file's name may hold what another system's may not
    path = _free_name(home_rejects_dir, f"{stem}-rejects-{now():%Y%m%d-%H%M%S}")
    write_private(path, UTF8_MARK + csv_text(_table(result)))
    if len(result.cells) <= _WORKBOOK_ROWS:
        names, *rows = _table(result)
        width = max(map(len, rows))
        filled = ([printable(text) for text in row] + [""] * (width - len(row)) for row in rows)
        columns = names + [""] * (width - len(names))
        write_private(path.with_suffix(".xlsx"), text_sheet("rejects", columns, filled, home_rejects_dir))
    return path


def _table(result: IntakeResult) -> Iterator[list[str]]:
    """Header and rows. A row with more cells than the header keeps them; the reasons of an earlier time are dropped."""
    kept = [index for index, name in enumerate(result.header) if name != REASONS_COLUMN]
    yield [REASONS_COLUMN, *(result.header[index] for index in kept)]
    reasons: dict[int, list[str]] = {}
    for rejected in result.rejected:
        reasons.setdefault(rejected.row, []).append(f"{rejected.column or 'the row'} {rejected.reason}")
    for row, cells in result.cells.items():
        texts = list(cells)
        if result.attachments_at >= 0 and not texts[result.attachments_at].startswith(MARK):
            texts[result.attachments_at] = resolve_paths(texts[result.attachments_at], result.folder)
        own = [texts[index] for index in kept] + texts[len(result.header) :]
        yield [f"row {row}: " + " | ".join(reasons[row]), *own]


def _free_name(folder: Path, stem: str) -> Path:
    """A name that neither file has yet; files of one second are told apart by a count."""
    path, tries = folder / f"{stem}.csv", 1
    while path.exists() or path.with_suffix(".xlsx").exists():
        path, tries = folder / f"{stem}-{tries}.csv", tries + 1
    return path
