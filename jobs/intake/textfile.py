"""CSV: UTF-8 with or without its mark; comma, semicolon or tab, told by the header."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

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
        self.header = columns.header(names)

    def rows(self) -> Iterator[Row]:
        reader = csv.reader(self._lines, delimiter=self._delimiter, strict=True)
        width = len(self.header.names)
        number = 1
        try:
            next(reader, None)
            for number, found in enumerate(reader, start=2):
                if number > MAX_ROWS + 1:
                    raise refuse(self._name, "too_many_rows", limit=f"{MAX_ROWS:,}")
                cells = [cell.strip() for cell in found]
                if any(cells):
                    yield fit(number, cells, width)
        except csv.Error:
            raise refuse(self._name, "broken_quotes", line=number + 1) from None


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return []
