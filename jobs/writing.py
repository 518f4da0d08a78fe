"""Writes the books' files whole: the old file stands until the new one is complete."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from bots.model import Frozen
from jobs.home import write_private

_STAMP = r"\d{8}-\d{6}"


class Written(Frozen):
    """Where a file went. ``beside`` is true when the real one was open elsewhere and this one stands beside it.

    ``edited``: somebody had changed the file that was to be replaced; it is kept there.
    """

    path: Path
    beside: bool = False
    edited: Path | None = None

    @property
    def sentence(self) -> str:
        kept = _KEPT.format(name=self.edited.name) if self.edited else ""
        if not self.beside:
            return f"Wrote {self.path.name}.{kept}"
        return (
            f"The usual file is open in another program, so this one was written beside it: {self.path.name}. "
            f"Close the other program and run the command again.{kept}"
        )


_KEPT = " The last one had been changed by hand or by another program: nothing in it was believed, it is kept as {name}."


class NotWritten(Exception):
    """A file of the books could not be written; the last good one stands. ``sentence`` is for staff."""

    needs_person = True

    def __init__(self, path: Path, error: OSError) -> None:
        self.path = path
        self.sentence = (
            f"{path.name} could not be written ({error.strerror or type(error).__name__}). The last one stands as it was, and "
            "nothing is lost: it is made from the journal. Make room on the disk, then run: priorbot ledger write"
        )
        super().__init__(self.sentence)


def write_whole(path: Path, content: bytes, now: datetime) -> Written:
    """Writes one private file at once. A spreadsheet that holds the file open (Windows) gets a dated one beside it.

    Ones that were written beside it before are taken away. Raises `NotWritten`; the file is then as it was.
    """
    try:
        written = _write(path, content, now)
    except OSError as error:
        raise NotWritten(path, error) from None
    _take_away_older(path, written.path)
    return written


def _write(path: Path, content: bytes, now: datetime) -> Written:
    try:
        write_private(path, content)
    except PermissionError:
        beside = dated(path, "", now)
        write_private(beside, content)
        return Written(path=beside, beside=True)
    return Written(path=path)


def dated(path: Path, word: str, now: datetime) -> Path:
    """A name beside this file: ``ledger.20260302-150405.csv``."""
    return path.with_name(f"{path.stem}.{word}{now:%Y%m%d-%H%M%S}{path.suffix}")


def is_dated_copy(path: Path, *of: Path) -> bool:
    """Whether it was written beside one of these files, or is a changed one that was kept (`dated`)."""
    return any(re.fullmatch(rf"{re.escape(one.stem)}\.(edited-)?{_STAMP}{re.escape(one.suffix)}", path.name) for one in of)


def _take_away_older(path: Path, newest: Path) -> None:
    """So that a spreadsheet left open for a weekend does not leave a file for every hour."""
    pattern = re.compile(rf"{re.escape(path.stem)}\.{_STAMP}{re.escape(path.suffix)}")
    for other in path.parent.iterdir():
        if pattern.fullmatch(other.name) and other != newest:
            with suppress(OSError):  # open as well
                other.unlink()
