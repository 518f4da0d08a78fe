"""A clinical document becomes pages of dots, within bounds of time and memory (`bots.fax.raster_worker` does the work)."""

from __future__ import annotations

import msgspec

from bots.fax.bounded import TookTooMuch, run_bounded
from bots.fax.packet_errors import DocumentNotFaxable
from bots.fax.raster_worker import Bounds, Drawn, Task

_MODULE = "bots.fax.raster_worker"


def draw_document(number: int, kind: str, content: bytes, bounds: Bounds) -> list[bytes]:
    """Each page of document ``number`` as one TIFF of the box's size.

    Raises `DocumentNotFaxable` when it is damaged or asks for more than the bounds.
    """
    task = msgspec.msgpack.encode(Task(kind=kind, content=content, bounds=bounds))
    drawn = _in_process_of_its_own(task, bounds)
    if drawn.reason:
        raise DocumentNotFaxable(number=str(number), reason=drawn.reason, mend=drawn.mend)
    return drawn.pages


def _in_process_of_its_own(task: bytes, bounds: Bounds) -> Drawn:
    try:
        _, answer = run_bounded(_MODULE, (), task, seconds=bounds.seconds, megabytes=bounds.megabytes)
    except TookTooMuch:
        return Drawn(reason="takes too much time or memory to be drawn", mend="Print it to a new, plainer PDF and name that one")
    try:
        return msgspec.msgpack.decode(answer, type=Drawn)
    except msgspec.DecodeError:  # the library that drew it has crashed
        return Drawn(reason="is damaged: drawing it ends in a crash", mend="Open it, print it to a new PDF and name that one")
