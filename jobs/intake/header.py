"""The first row of a file: which of its columns are which of ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bots.model import Frozen
from jobs.intake.columns import ALWAYS, COLUMNS, REASONS_COLUMN, Column
from jobs.intake.trouble import refuse
from jobs.intake.words import nearest, shown

IGNORED = ""
"""What a column is mapped to under ``[intake.columns]`` when it is to be left out."""


class Header(Frozen):
    """``names`` as the file writes them; ``at`` says at which index each of our columns stands."""

    names: tuple[str, ...]
    at: Mapping[str, int]

    def name_of(self, column: str) -> str:
        """How the file calls one of our columns (ours where it has none)."""
        return self.names[self.at[column]] if column in self.at else column


class ColumnMap:
    """``[intake.columns]``: {the export's column name: our column name, or "" to leave it out}."""

    def __init__(self, file: str, columns: Mapping[str, str]) -> None:
        self._file = file
        self._ours = {_plain(theirs): _plain(ours) for theirs, ours in columns.items()}
        for theirs, ours in columns.items():
            if _plain(ours) not in COLUMNS and _plain(ours) != IGNORED:
                near = nearest(ours, COLUMNS)
                hint = f", the nearest known one is '{near}'" if near else ""
                raise refuse(file, "bad_column_map", columns=f"maps '{theirs}' to '{ours}', which is no column of ours{hint}")

    def ours(self, name: str) -> str | None:
        """Our name for a column of the file: "" when it is left out, ``None`` when it is unknown."""
        plain = _plain(name)
        if plain in self._ours:
            return self._ours[plain]
        if plain == REASONS_COLUMN:
            return IGNORED
        return plain if plain in COLUMNS else None

    def known(self, names: Sequence[str]) -> int:
        """How many of these names are columns of ours."""
        return sum(bool(self.ours(name)) for name in names)

    def header(self, names: Sequence[str]) -> Header:
        """Raises `IntakeFileRefused` when a column is unknown, missing or there twice."""
        names = [name.strip() for name in names]
        while names and not names[-1]:
            names.pop()
        if not self.known(names):
            raise refuse(self._file, "no_header")
        at: dict[str, int] = {}
        for index, name in enumerate(names):
            ours = self.ours(name)
            if ours is None:
                raise refuse(self._file, "unknown_column", columns=self._unknown(index, name))
            if ours in at:
                raise refuse(self._file, "double_column", columns=f"'{shown(names[at[ours]])}' and '{shown(name)}'")
            if ours != IGNORED:
                at[ours] = index
        if missing := [column for column in ALWAYS if column not in at]:
            raise refuse(self._file, "missing_column", columns=", ".join(missing))
        return Header(names=tuple(names), at=at)

    def _unknown(self, index: int, name: str) -> str:
        if not name:
            return f"column {index + 1} has no name"
        near = nearest(name.replace(" ", "_"), COLUMNS)
        hint = f"; the nearest known one is '{near}'" if near else ""
        return f"its column '{shown(name)}' is unknown{hint}"


def _plain(name: str) -> str:
    return name.strip().casefold()


def column_at(header: Header) -> list[tuple[int, Column]]:
    """Our columns in the file's order, each with its index."""
    return sorted(((index, COLUMNS[name]) for name, index in header.at.items()), key=lambda pair: pair[0])
