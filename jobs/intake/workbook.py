"""XLSX, read as a stream by openpyxl. Cells that Excel holds as numbers, dates or formulas say so, and are judged by column."""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from jobs.intake.cells import DateCell, NumberCell, SpoiltCell
from jobs.intake.header import ColumnMap
from jobs.intake.source import MAX_ROWS, Row, fit
from jobs.intake.trouble import IntakeFileRefused, refuse

MAX_UNPACKED = 400_000_000
MAX_SHARED_TEXT = 100_000_000
_MAX_COLUMNS = 300


class Workbook:
    """The one sheet that holds requests. Its rows are kept (as shared text), because unpacking a workbook twice is slow."""

    def __init__(self, path: Path, columns: ColumnMap) -> None:
        self._name = path.name
        self._check_unpacked_size(path)
        from openpyxl import load_workbook

        try:
            with path.open("rb") as file:  # opened here, because openpyxl wants a name that ends in .xlsx
                sheet = self._sheet_of_requests(load_workbook(file, read_only=True, data_only=False), columns)
                self.header = columns.header(_first_row(sheet))
                self._rows = list(self._read(sheet))
        except IntakeFileRefused:
            raise
        except Exception:  # openpyxl has no error of its own: a damaged workbook raises whatever its parts stumble over
            raise refuse(self._name, "damaged_workbook") from None

    def ids(self) -> Iterator[str]:
        id_at = self.header.at["request_id"]
        return (row.cells[id_at] for row in self._rows)

    def rows(self) -> Iterator[Row]:
        return iter(self._rows)

    def _check_unpacked_size(self, path: Path) -> None:
        """Before anything is unpacked. zipfile never unpacks more than the size that an entry declares."""
        try:
            with zipfile.ZipFile(path) as archive:
                entries = archive.infolist()
                names = {entry.filename for entry in entries}
        except (OSError, zipfile.BadZipFile):
            raise refuse(self._name, "damaged_workbook") from None
        if "xl/workbook.xml" not in names:
            raise refuse(self._name, "not_a_table", kind="a ZIP archive or a text document")
        shared = sum(entry.file_size for entry in entries if not entry.filename.startswith("xl/worksheets/"))
        if sum(entry.file_size for entry in entries) > MAX_UNPACKED or shared > MAX_SHARED_TEXT or len(entries) > 2000:
            raise refuse(self._name, "zip_bomb", limit=f"{MAX_UNPACKED // 1_000_000} MB")

    def _sheet_of_requests(self, book: Any, columns: ColumnMap) -> Any:
        sheets = [sheet for sheet in book.worksheets if hasattr(sheet, "iter_rows")]
        with_requests = [sheet for sheet in sheets if columns.known(_first_row(sheet))]
        if len(with_requests) > 1:
            raise refuse(self._name, "two_sheets", count=len(with_requests))
        if not with_requests:
            raise refuse(self._name, "no_header" if any(_first_row(sheet) for sheet in sheets) else "empty")
        return with_requests[0]

    def _read(self, sheet: Any) -> Iterator[Row]:
        width = len(self.header.names)
        for number, found in enumerate(sheet.iter_rows(min_row=2, max_col=_MAX_COLUMNS), start=2):
            if number > MAX_ROWS + 1:
                raise refuse(self._name, "too_many_rows", limit=f"{MAX_ROWS:,}")
            cells = [_cell(cell) for cell in found]
            if any(cells):
                yield fit(number, cells, width)


def _first_row(sheet: Any) -> list[str]:
    found = next(sheet.iter_rows(max_row=1, max_col=_MAX_COLUMNS), ())
    cells = [str(_cell(cell)) for cell in found]
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _cell(cell: Any) -> str:
    """The cell as text; what Excel does not hold as text is marked as what it is."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, str):
        if cell.data_type in {"f", "e"}:
            return SpoiltCell(value.strip())
        return sys.intern(value.strip())
    if isinstance(value, bool):
        return SpoiltCell(str(value).upper())
    if isinstance(value, int | float):
        return NumberCell(int(value) if isinstance(value, float) and value.is_integer() else value)
    if isinstance(value, datetime):
        return DateCell(value.date().isoformat()) if value.time() == time.min else SpoiltCell(value.isoformat(" "))
    if isinstance(value, date):
        return DateCell(value.isoformat())
    return SpoiltCell(str(value).strip())
