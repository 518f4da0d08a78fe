"""Text that a spreadsheet opens without running it, and the way back.

A CSV cell that begins with ``= + - @``, a tab or a line break is a formula to a spreadsheet (OWASP, CSV injection). Each such
cell gets one apostrophe in front, and so does a cell that begins with an apostrophe itself, so that taking one away always
gives the exact text again. The same holds after ``;``, a tab or a line break inside a cell: in many countries the
spreadsheet splits cells there.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable

_BOUNDARY = r"(^|[;\t\r\n])"
_DANGEROUS = r"[\t\r\n]|\s*['=+\-@＝＋－＠]"
_UNSAFE = re.compile(rf"{_BOUNDARY}(?={_DANGEROUS})")
_GUARD = re.compile(rf"{_BOUNDARY}'")
_UNGUARDED = re.compile(rf"{_BOUNDARY}(?!')(?={_DANGEROUS})")
_PLAIN = re.compile(r"[A-Za-z0-9][^;\t\r\n]*")
"""Most cells: one look tells that they need no guard."""
_XLSX_CELL_LENGTH = 32_767
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def guard(text: str) -> str:
    """The text as a cell that no spreadsheet runs."""
    return text if not text or _PLAIN.fullmatch(text) else _UNSAFE.sub(r"\1'", text)


def unguard(cell: str) -> str:
    """The exact text of a cell that `guard` wrote."""
    return cell if "'" not in cell else _GUARD.sub(r"\1", cell)


def is_guarded(cell: str) -> bool:
    """False for a cell that `guard` cannot have written."""
    return not cell or _PLAIN.fullmatch(cell) is not None or _UNGUARDED.search(cell) is None


def printable(text: str) -> str:
    """The text as an XLSX cell can hold it: control characters become U+FFFD, and it ends after 32,767 characters."""
    return _CONTROL.sub("\ufffd", text)[:_XLSX_CELL_LENGTH]


def csv_text(rows: Iterable[Iterable[str]]) -> bytes:
    """Rows of exact texts as the UTF-8 bytes of a CSV file, each cell guarded, each line ended by ``\\n``."""
    lines = _Lines()
    csv.writer(lines, lineterminator="\r\n").writerows(map(guard, row) for row in rows)
    return "".join(lines).encode()


class _Lines(list[str]):
    """Takes the lines of a CSV writer. The writer quotes only those line breaks that are in its own line end (before Python
    3.13), so it is given both, and the carriage return that it then puts at each line's end is taken off here."""

    def write(self, line: str) -> None:
        self.append(f"{line[:-2]}\n")
