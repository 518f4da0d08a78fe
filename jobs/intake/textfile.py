"""CSV: UTF-8 with or without its mark; comma, semicolon or tab, told by the header."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from jobs.cells import unguard
from jobs.intake.columns import REASONS_COLUMN
from jobs.intake.header import ColumnMap
from jobs.intake.source import MAX_ROWS, Row, TextLines, fit
from jobs.intake.trouble import refuse

_DELIMITERS = ",;\t"


class CsvFile:
    def __init__(self, path: Path, columns: ColumnMap) -> None:
        self._name = path.name
        self._lines = TextLines(path)
        first = next(iter(self._lines), "")
        self._delimiter, names = max(
            ((delimiter, _cells(first, delimiter)) for delimiter in _DELIMITERS), key=lambda found: columns.known(found[1])
        )
        # `write_rejects` puts an apostrophe before what a spreadsheet would run; in any other file an apostrophe is text
        self._is_ours = REASONS_COLUMN in names
        self.header = columns.header([unguard(name) for name in names] if self._is_ours else names)

    def ids(self) -> Iterator[str]:
        id_at = self.header.at["request_id"]
        for _, found in self._records():
            yield self._text(found[id_at]) if id_at < len(found) else ""

    def rows(self) -> Iterator[Row]:
        width = len(self.header.names)
        for number, found in self._records():
            yield fit(number, [self._text(cell) for cell in found] if self._is_ours else [cell.strip() for cell in found], width)

    def _text(self, cell: str) -> str:
        return unguard(cell.strip()) if self._is_ours else cell.strip()

    def _records(self) -> Iterator[tuple[int, list[str]]]:
        """Number and raw cells of each row that is not blank."""
        reader = csv.reader(self._lines, delimiter=self._delimiter, strict=True)
        number = 1
        try:
            next(reader, None)
            for number, found in enumerate(reader, start=2):
                if number > MAX_ROWS + 1:
                    raise refuse(self._name, "too_many_rows", limit=f"{MAX_ROWS:,}")
                if "".join(found).strip():
                    yield number, found
        except csv.Error:
            raise refuse(self._name, "broken_quotes", line=number + 1) from None


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return []
