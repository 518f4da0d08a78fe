"""Takes in the faxes of a folder: by command or by the service, one process at a time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from bots.model import Frozen
from jobs.fax_letters import SETTLED_AFTER, LetterDesk, Received, new_files

if TYPE_CHECKING:
    from jobs.engine import Engine


class Taken(Frozen):
    """What was taken in. ``unsettled``: files that are still being written."""

    received: tuple[Received, ...]
    unsettled: int = 0


def letter_desk(engine: Engine) -> LetterDesk:
    """The desk at which this home's faxes are read."""
    from bots.fax.letter_fax import read_fax

    return LetterDesk(engine.journal, engine.letters, engine.vault, read_fax, updates=engine.config.fax.letters == "update")


def received_folder(engine: Engine) -> Path | None:
    """``[fax] received``; None where none is set."""
    named = engine.config.fax.received
    return engine.home.path / named if named else None


def receive_all(
    engine: Engine,
    where: Path,
    *,
    settled_after: float = SETTLED_AFTER,
    remove: bool = False,
    on_file: Callable[[int, int], None] = lambda _number, _all: None,
) -> Taken:
    """Every new fax of the folder (or that one file) ``where``; first what an earlier run left half done.

    ``on_file`` hears each file's number and how many there are. Raises ``OSError`` and what `find_tesseract` raises.
    """
    from bots.fax.ocr import find_tesseract

    find_tesseract()
    files, unsettled = ([where], 0) if where.is_file() else new_files(where, settled_after=settled_after)
    with engine.home.lock("letters"):
        desk = letter_desk(engine)
        received = list(desk.go_on())
        for number, path in enumerate(files, 1):
            on_file(number, len(files))
            received.append(desk.receive(path, remove=remove))
    return Taken(received=tuple(received), unsettled=unsettled)
