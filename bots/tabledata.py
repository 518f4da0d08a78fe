"""Tables by header text: what a browser read of a table becomes, or why it cannot be believed. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bots.model import Frozen


class Row(Frozen):
    """One data row: our column name -> text. ``index`` is its place among the table's rows, header rows included."""

    index: int
    cells: dict[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells[column]


class HeaderMissing(ValueError):
    """The table has no row with these headers; the args are our column names."""


class RowBroken(ValueError):
    """A row has fewer cells than the header promises; the first arg is its index."""


def fold(text: str) -> str:
    """White space as a reader sees it: runs become one blank, ends are cut."""
    return " ".join(text.split())


def parse_table(rows: Sequence[Sequence[str]], columns: Mapping[str, str]) -> list[Row]:
    """Data rows below the header row that names every wanted column (``columns``: our name -> header text).

    Rows of a single cell (a pager, a caption, 'no rows') are passed over where the header has more. A header text that stands
    there twice is as good as missing. Raises `HeaderMissing` or `RowBroken`.
    """
    folded = [[fold(cell) for cell in row] for row in rows]
    for at, header in enumerate(folded):
        places = {name: header.index(text) for name, text in columns.items() if header.count(text) == 1}
        if len(places) == len(columns):
            return list(_data_rows(folded, at + 1, places, alone=len(header) > 1))
    best = max(folded, key=lambda row: sum(row.count(text) == 1 for text in columns.values()), default=[])
    raise HeaderMissing(*sorted(name for name, text in columns.items() if best.count(text) != 1))


def _data_rows(rows: Sequence[Sequence[str]], start: int, places: Mapping[str, int], *, alone: bool) -> list[Row]:
    """``alone``: a row of one cell is no data."""
    needed = max(places.values())
    found = []
    for index, row in enumerate(rows[start:], start):
        if not row or (alone and len(row) == 1):
            continue
        if len(row) <= needed:
            raise RowBroken(index)
        found.append(Row(index=index, cells={name: row[place] for name, place in places.items()}))
    return found
