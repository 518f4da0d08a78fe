"""From a path to rows: what kind of file it is (by content, not by name), and its rows with bounded memory.

Nothing here trusts the file: size, line length, zero bytes and encoding are checked as it is read, so that a gigabyte of
garbage is refused from its first bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

from jobs.intake.cells import BadCell
from jobs.intake.header import ColumnMap, Header
from jobs.intake.trouble import refuse

MAX_BYTES = 200_000_000
MAX_LINE = 1_000_000
MAX_ROWS = 250_000
"""Two and a half times the largest file asked for; beyond it a file is split."""

_OTHER_KINDS = {b"%PDF": "a PDF", b"PK": "a ZIP archive", b"\x1f\x8b": "a compressed file", b"{\\rtf": "a text document"}
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_UTF8_MARK = b"\xef\xbb\xbf"


class Row(NamedTuple):
    """One row: its number as a spreadsheet shows it, one stripped cell per column, and what is wrong with its shape."""

    number: int
    cells: list[str]
    broken: BadCell | None = None


class Source(Protocol):
    """A file that can be read more than once."""

    header: Header

    def ids(self) -> Iterator[str]:
        """The cell in the column request_id of each row that is not blank, in order."""

    def rows(self) -> Iterator[Row]:
        """The rows that are not blank. Raises `IntakeFileRefused` where the file as a whole turns out unusable."""


def open_source(path: Path, columns: Mapping[str, str]) -> Source:
    """Raises `IntakeFileRefused` when the file cannot be read as a table of requests."""
    from jobs.intake.jsonlines import JsonLines
    from jobs.intake.textfile import CsvFile
    from jobs.intake.workbook import Workbook

    start = _first_bytes(path)
    if start.startswith(b"PK\x03\x04"):
        return Workbook(path, ColumnMap(path.name, columns))
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise refuse(path.name, "utf16")
    if start.startswith(_OLE):
        raise refuse(path.name, "old_excel")
    for magic, kind in _OTHER_KINDS.items():
        if start.startswith(magic):
            raise refuse(path.name, "not_a_table", kind=kind)
    text = start.removeprefix(_UTF8_MARK).lstrip()
    if not text and len(start) < _FIRST:
        raise refuse(path.name, "empty")
    if text.startswith(b"["):
        raise refuse(path.name, "json_list")
    if text.startswith(b"{"):
        return JsonLines(path, ColumnMap(path.name, columns))
    return CsvFile(path, ColumnMap(path.name, columns))


_FIRST = 4096


def _first_bytes(path: Path) -> bytes:
    """Refuses what is no readable file of a fitting size."""
    try:
        if not path.exists():
            raise refuse(path.name, "not_found")
        if not path.is_file():
            raise refuse(path.name, "not_a_file")
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(_FIRST)
    except OSError:
        raise refuse(path.name, "unreadable") from None
    if not start:
        raise refuse(path.name, "empty")
    if b"\0" in start and not start.startswith((b"PK\x03\x04", b"\xff\xfe", b"\xfe\xff", _OLE)):
        raise refuse(path.name, "binary", line=1)
    if size > MAX_BYTES:
        raise refuse(path.name, "too_large", limit=f"{MAX_BYTES // 1_000_000} MB")
    return start


class TextLines:
    """The lines of a UTF-8 file, each checked before it is decoded. Iterating again reads again."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int] | None = None

    def __iter__(self) -> Iterator[str]:
        try:
            with self._path.open("rb") as file:
                self._check_unchanged()
                yield from self._lines(file)
        except OSError:
            raise refuse(self._path.name, "unreadable") from None

    def _lines(self, file: BinaryIO) -> Iterator[str]:
        name = self._path.name
        number = 0
        while line := file.readline(MAX_LINE + 1):
            number += 1
            if b"\0" in line:
                raise refuse(name, "binary", line=number)
            if len(line) > MAX_LINE:
                raise refuse(name, "line_too_long", line=number, limit="1 MB")
            if number == 1:
                line = line.removeprefix(_UTF8_MARK)
            try:
                yield line.decode("utf-8")
            except UnicodeDecodeError:
                raise refuse(name, "wrong_encoding", line=number) from None

    def _check_unchanged(self) -> None:
        state = self._path.stat()
        now = (state.st_size, state.st_mtime_ns)
        if self._seen is not None and self._seen != now:
            raise refuse(self._path.name, "changed")
        self._seen = now


def fit(number: int, cells: list[str], width: int) -> Row:
    """The row with exactly ``width`` cells: a short one is filled, one with more is broken (a separator too many)."""
    if len(cells) == width:
        return Row(number, cells)
    if len(cells) < width:
        return Row(number, cells + [""] * (width - len(cells)))
    if not any(cells[width:]):
        return Row(number, cells[:width])
    return Row(
        number,
        cells[: width + 50],
        BadCell("too_many_cells", f"has more cells than the header ({width}); a separator inside a cell needs quotation marks"),
    )
