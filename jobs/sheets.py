"""XLSX sheets in which ids, dates and words are text, so that no spreadsheet changes them; only what is counted is a number."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from bots.model import Frozen
from jobs.cells import printable

Cell = str | int | float | None

_WIDTHS = {
    "request_id": 16,
    "status_reason": 46,
    "next_action": 46,
    "what": 46,
    "service_category": 22,
    "rule_ids": 12,
    "request_ids": 40,
    "why": 46,
    "reason": 60,
    "metric": 56,
    "value": 60,
    "sentence": 46,
    "due": 22,
    "decision_due": 22,
}
_TEXT_FORMAT = "@"


class Sheet(Frozen):
    """One sheet. Texts stay texts, whatever they look like; numbers are numbers, without commas or signs."""

    title: str
    columns: tuple[str, ...]
    rows: Any
    """An iterable of rows (`Cell`), read once."""


def workbook(sheets: Iterable[Sheet], work_folder: Path) -> bytes:
    """Some sheets as the bytes of an XLSX file; rows stream through temporary files in ``work_folder``."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    with _temporary_files_in(work_folder):
        book = Workbook(write_only=True)
        for sheet in sheets:
            page = _begin(book, sheet.title, sheet.columns)
            count = 1
            for row in sheet.rows:
                cells = []
                for value in row:
                    cell = WriteOnlyCell(page, value=printable(value) if isinstance(value, str) else value)
                    if isinstance(value, str):
                        cell.number_format, cell.data_type = _TEXT_FORMAT, "s"  # "=..." is a text like any other
                    cells.append(cell)
                page.append(cells)
                count += 1
            _end(page, sheet.columns, count)
        return _bytes_of(book)


def text_sheet(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], work_folder: Path) -> bytes:
    """One sheet of text only as the bytes of an XLSX file; rows stream through a temporary file in ``work_folder``."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    with _temporary_files_in(work_folder):
        book = Workbook(write_only=True)
        sheet = _begin(book, title, columns)
        count = 1
        cells = [WriteOnlyCell(sheet) for _ in columns]
        for cell in cells:
            cell.number_format = _TEXT_FORMAT
        try:
            for row in rows:
                # The same cells serve every row: `append` writes them out at once, and a new cell's style takes most of the time.
                for cell, value in zip(cells, row, strict=True):
                    if value:
                        cell.value = value
                        cell.data_type = "s"  # "=..." is a text like any other, not a formula
                sheet.append([cell if value else None for cell, value in zip(cells, row, strict=True)])
                count += 1
            _end(sheet, columns, count)
            return _bytes_of(book)
        except OSError:
            with suppress(Exception):  # what is half written cannot be closed rightly either
                sheet.close()
            raise


def _begin(book: Any, title: str, columns: Sequence[str]) -> Any:
    """A new sheet with its header."""
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font, PatternFill
    from openpyxl.utils import get_column_letter

    sheet = book.create_sheet(title)
    sheet.freeze_panes = "B2"
    for number, name in enumerate(columns, start=1):
        sheet.column_dimensions[get_column_letter(number)].width = _WIDTHS.get(name, max(13, len(name) + 3))
    header = []
    for name in columns:
        cell = WriteOnlyCell(sheet, value=name)
        cell.font, cell.fill = Font(bold=True, color="FFFFFF"), PatternFill("solid", fgColor="1F4E5F")
        header.append(cell)
    sheet.append(header)
    return sheet


def _end(sheet: Any, columns: Sequence[str], rows: int) -> None:
    from openpyxl.utils import get_column_letter

    sheet.auto_filter.ref = f"A1:{get_column_letter(len(columns))}{rows}"


def _bytes_of(book: Any) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@contextmanager
def _temporary_files_in(folder: Path) -> Iterator[None]:
    """openpyxl writes its sheets to temporary files; health information must not leave the home folder for that."""
    with tempfile.TemporaryDirectory(prefix=".sheet-", dir=folder) as own:  # goes with all that is in it, also when it failed
        before, tempfile.tempdir = tempfile.tempdir, own
        try:
            yield
        finally:
            tempfile.tempdir = before
