"""Some columns of a file, read together, each different cell only once.

A bulk file says the same words, providers and dates over and over. So each column remembers what its cells meant, and only
cells that were not seen lately go through their reader.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from operator import itemgetter
from typing import Any

from bots.model import Frozen
from jobs.intake.cells import MARK, BadCell
from jobs.intake.checks import Finding
from jobs.intake.columns import Column, refuse_odd_cell

_REMEMBERED = 20_000
_MARK = MARK.rstrip()


class Part(Frozen):
    """What could be read of some columns of a row, and what could not. A column that is ``empty`` has no value."""

    values: Mapping[str, Any]
    empty: frozenset[str]
    findings: tuple[Finding, ...]


class Block:
    """``columns`` with their index in the file (at least two); ``absent`` are those of ours that the file does not have."""

    def __init__(self, columns: list[tuple[int, Column]], absent: Iterable[str]) -> None:
        self._columns = [column for _, column in columns]
        self._names = tuple(column.name for column in self._columns)
        self._absent = frozenset(absent)
        self._seen: list[dict[str, object]] = [{} for _ in columns]
        self._empty: dict[tuple[bool, ...], frozenset[str]] = {}
        self.pick: Callable[[list[str]], tuple[str, ...]] = itemgetter(*(index for index, _ in columns))
        """This block's cells out of a row's."""

    def read(self, cells: tuple[str, ...]) -> Part:
        """``cells`` are what `pick` gave."""
        values: dict[str, object] = {}
        findings: list[Finding] = []
        for column, seen, cell in zip(self._columns, self._seen, cells, strict=True):
            if cell:
                try:
                    known = seen.get(cell) if type(cell) is str else None
                    values[column.name] = self._read_new(column, seen, cell) if known is None else known
                except BadCell as bad:
                    findings.append(Finding(column.name, bad.code, bad.reason))
        return Part(values=values, empty=self._which_are_empty(cells), findings=tuple(findings))

    def _read_new(self, column: Column, seen: dict[str, object], cell: str) -> object:
        if type(cell) is not str and (damage := refuse_odd_cell(cell, column.kind)):
            raise damage
        if cell.startswith(_MARK):
            still = f"still carries the mark {_MARK}; compare it with the chart, correct it, remove the mark"
            raise BadCell("still_marked", still)
        if len(seen) >= _REMEMBERED:
            seen.clear()
        value = seen[str(cell)] = column.read(str(cell))
        return value

    def _which_are_empty(self, cells: tuple[str, ...]) -> frozenset[str]:
        filled = tuple(map(bool, cells))
        if filled not in self._empty:
            names = (name for name, is_filled in zip(self._names, filled, strict=True) if not is_filled)
            self._empty[filled] = self._absent.union(names)
        return self._empty[filled]
