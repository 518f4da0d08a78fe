"""A whole fax that came in: its letters as they were read, and its pages as pictures for a person."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from bots.fax.inbound import FaxUnreadable, open_fax
from bots.fax.letter_pages import read_pages, split_letters
from bots.fax.letter_reading import LetterRead, read_letter
from bots.fax.ocr import OcrFailed
from bots.model import Frozen

if TYPE_CHECKING:
    from PIL.Image import Image


class ReadFax(Frozen):
    """``pictures`` are PNG, one a page, upright and level. ``unreadable`` is a code of `bots.fax.inbound.FaxUnreadable`,
    ``ocr_failed``, or ``no_letter`` where every page is blank or a cover; then there are no letters."""

    letters: tuple[LetterRead, ...] = ()
    pictures: tuple[bytes, ...] = ()
    unreadable: str = ""


def read_fax(content: bytes) -> ReadFax:
    """Reads one fax as it was received. Raises `bots.fax.ocr.OcrMissing` only."""
    try:
        pages = open_fax(content)
    except FaxUnreadable as unreadable:
        return ReadFax(unreadable=unreadable.code)
    try:
        read = read_pages(pages)
        letters = tuple(map(read_letter, split_letters(read)))
    except OcrFailed:
        return ReadFax(pictures=tuple(_png(page.picture) for page in pages), unreadable="ocr_failed")
    pictures = tuple(_png(page.picture) for page in read)
    return ReadFax(letters=letters, pictures=pictures, unreadable="" if letters else "no_letter")


def _png(page: Image) -> bytes:
    out = io.BytesIO()
    page.convert("L").quantize(4).save(out, "PNG")
    return out.getvalue()
