"""Writes the books' files whole: the old file stands until the new one is complete."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from bots.model import Frozen
from jobs.home import write_private


class Written(Frozen):
    """Where a file went. ``beside`` is true when the real one was open elsewhere and this one stands beside it."""

    path: Path
    beside: bool = False

    @property
    def sentence(self) -> str:
        if not self.beside:
            return f"Wrote {self.path.name}."
        return (
            f"The usual file is open in another program, so this one was written beside it: {self.path.name}. "
            "Close the other program and run the command again."
        )


def write_whole(path: Path, content: bytes, now: datetime) -> Written:
    """Writes one private file at once. A spreadsheet that holds the file open (Windows) gets a dated one beside it."""
    try:
        write_private(path, content)
    except PermissionError:
        beside = path.with_name(f"{path.stem}.{now:%Y%m%d-%H%M%S}{path.suffix}")
        write_private(beside, content)
        return Written(path=beside, beside=True)
    return Written(path=path)
