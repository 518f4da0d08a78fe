"""``rejects/``: the refused rows of one file, with their reasons, to be corrected and sent again as they are."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from jobs.documents import resolve_paths
from jobs.intake.cells import guard
from jobs.intake.columns import REASONS_COLUMN
from jobs.intake.result import IntakeResult

_WORKBOOK_ROWS = 5_000
"""Up to here a person corrects by hand; a file with more bad rows is mended in the system that exported it."""


def write_rejects(result: IntakeResult, home_rejects_dir: Path) -> Path | None:
    """Writes the refused rows as CSV and returns its path; ``None`` when no row was refused.

    The first column holds the reasons (and is ignored when the file comes back), then the file's own columns and cells;
    documents are named by their full path. Up to 5,000 rows the same stands beside it as .xlsx with text cells: opened in a
    spreadsheet program, a CSV loses leading zeros, the workbook does not. Files are created with mode 0600, the folder 0700.
    """
    if not result.cells:
        return None
    home_rejects_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = _free_name(home_rejects_dir, Path(result.file).stem)
    with os.fdopen(_create(path), "w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows(_table(result))
    if len(result.cells) <= _WORKBOOK_ROWS:
        with os.fdopen(_create(path.with_suffix(".xlsx")), "wb") as file_of_bytes:
            file_of_bytes.write(_workbook(result))
    return path


def _table(result: IntakeResult) -> Iterator[list[str]]:
    reasons: dict[int, list[str]] = {}
    for rejected in result.rejected:
        reasons.setdefault(rejected.row, []).append(f"{rejected.column or 'the row'} {rejected.reason}")
    yield [guard(name) for name in (REASONS_COLUMN, *result.header)]
    for row, cells in result.cells.items():
        texts = list(cells)
        if result.attachments_at >= 0:
            texts[result.attachments_at] = resolve_paths(texts[result.attachments_at], result.folder)
        yield [guard(text) for text in (f"row {row}: " + " | ".join(reasons[row]), *texts)]


def _workbook(result: IntakeResult) -> bytes:
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    book = Workbook(write_only=True)
    sheet = book.create_sheet("rejects")
    for row in _table(result):
        cells = []
        for text in row:
            cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("?", text) or None)
            cell.number_format = "@"
            cells.append(cell)
        sheet.append(cells)
    content = BytesIO()
    book.save(content)
    return content.getvalue()


def _free_name(folder: Path, stem: str) -> Path:
    """A name that neither file has yet; files of one moment are told apart by a count."""
    moment = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    tries = 0
    while True:
        path = folder / (f"{stem}-rejects-{moment}" + (f"-{tries}" if tries else "") + ".csv")
        if not path.exists() and not path.with_suffix(".xlsx").exists():
            return path
        tries += 1


def _create(path: Path) -> int:
    """A new file that only its owner may read, so from its first moment on. Raises ``FileExistsError``."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
