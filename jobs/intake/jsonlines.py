"""JSON lines: one object per line, the same columns, every value as text (numbers are taken where no digit can be lost)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jobs.intake.cells import BadCell, NumberCell, SpoiltCell
from jobs.intake.header import ColumnMap
from jobs.intake.source import MAX_ROWS, Row, TextLines
from jobs.intake.trouble import refuse

_MAX_COLUMNS = 300
_REQUEST_ID = re.compile(r'"request_id"\s*:\s*"([A-Za-z0-9._-]{1,30})"')
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")
"""JSON can escape half a character, which no file can hold."""
_BROKEN = BadCell("bad_json", "is no JSON object of text values, each named once")


class JsonLines:
    """The columns are all names that occur, in order of appearance; a row's number is its line."""

    def __init__(self, path: Path, columns: ColumnMap) -> None:
        self._name = path.name
        self._lines = TextLines(path)
        names: dict[str, None] = {}
        for _, _, found in self._objects():
            names.update(dict.fromkeys(found or ()))
            if len(names) > _MAX_COLUMNS:
                raise refuse(self._name, "no_header")
        self.header = columns.header(list(names))

    def ids(self) -> Iterator[str]:
        id_at = self.header.at["request_id"]
        return (row.cells[id_at] for row in self.rows())

    def rows(self) -> Iterator[Row]:
        names = self.header.names
        id_at = self.header.at["request_id"]
        for number, line, found in self._objects():
            if found is None:
                yield _broken(number, line, len(names), id_at)
                continue
            cells = [_cell(found.get(name)) for name in names]
            if any(cells):
                yield Row(number, cells)

    def _objects(self) -> Iterator[tuple[int, str, dict[str, Any] | None]]:
        """Number, text and object of each line that is not blank; ``None`` for what is no object or names a column twice."""
        for number, line in enumerate(self._lines, start=1):
            if number > MAX_ROWS:
                raise refuse(self._name, "too_many_rows", limit=f"{MAX_ROWS:,}")
            if line.strip():
                yield number, line, _object(line)


def _object(line: str) -> dict[str, Any] | None:
    try:
        pairs = _DECODER.decode(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(pairs, _Pairs):
        return None
    found = {name.strip(): value for name, value in pairs}
    return found if len(found) == len(pairs) else None


class _Pairs(list[tuple[str, Any]]):
    """An object as its pairs, so that a name that comes twice is seen."""


_DECODER = json.JSONDecoder(object_pairs_hook=_Pairs, parse_int=NumberCell, parse_float=NumberCell, parse_constant=NumberCell)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, NumberCell):
        return value
    if not isinstance(value, str):
        return SpoiltCell(json.dumps(value)[:200])
    if not value.isascii() and _HALF_CHARACTER.search(value):
        return SpoiltCell(_HALF_CHARACTER.sub("\ufffd", value).strip())
    return value.strip()


def _broken(number: int, line: str, width: int, id_at: int) -> Row:
    """A line that cannot be read; its request id is saved where it can be seen, so that its request is held back whole."""
    cells = [""] * width
    if match := _REQUEST_ID.search(line):
        cells[id_at] = match[1]
    return Row(number, cells, _BROKEN)
