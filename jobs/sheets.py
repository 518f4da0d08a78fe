"""XLSX sheets whose every cell is text, so that no spreadsheet changes an id, a date or a number."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

_WIDTHS = {"request_id": 16, "status_reason": 46, "next_action": 46, "what": 46, "service_category": 22, "rule_ids": 12}
_TEXT_FORMAT = "@"


def text_sheet(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], work_folder: Path) -> bytes:
    """One sheet as the bytes of an XLSX file; rows stream through a temporary file in ``work_folder``."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font, PatternFill
    from openpyxl.utils import get_column_letter

    with _temporary_files_in(work_folder):
        book = Workbook(write_only=True)
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
        count = 1
        cells = [WriteOnlyCell(sheet) for _ in columns]
        for cell in cells:
            cell.number_format = _TEXT_FORMAT
        for row in rows:
            # The same cells serve every row: `append` writes them out at once, and a new cell's style takes most of the time.
            for cell, value in zip(cells, row, strict=True):
                if value:
                    cell.value = value
                    cell.data_type = "s"  # "=..." is a text like any other, not a formula
            sheet.append([cell if value else None for cell, value in zip(cells, row, strict=True)])
            count += 1
        sheet.auto_filter.ref = f"A1:{get_column_letter(len(columns))}{count}"
        out = io.BytesIO()
        book.save(out)
    return out.getvalue()


@contextmanager
def _temporary_files_in(folder: Path) -> Iterator[None]:
    """openpyxl writes its sheets to temporary files; health information must not leave the home folder for that."""
    before, tempfile.tempdir = tempfile.tempdir, str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = before
