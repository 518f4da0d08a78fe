"""Reads printed words off a page with Tesseract. The page goes in and the words come out through pipes: no file is written.

(pytesseract hands pages over in the system's temporary folder, where a patient's letter must not lie.)
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
from collections.abc import Sequence
from typing import Any

from bots.model import Frozen

_SECONDS = 180
"""For one page; a page takes seconds."""


class OcrMissing(Exception):
    """Tesseract is not on this machine. ``sentence`` is for staff."""

    sentence = (
        "The program tesseract, which reads faxed letters, is not installed. Nothing was read; the faxes stay where they are. "
        "Install it (Debian and Ubuntu: tesseract-ocr; macOS: brew install tesseract; Windows: the UB Mannheim installer) "
        "and run this again."
    )


class OcrFailed(Exception):
    """Tesseract ended badly or took too long on a page."""


class Word(Frozen):
    """One word. ``confidence`` 0 to 100 is Tesseract's own; the box is in dots of the picture that was read."""

    text: str
    confidence: float
    left: int
    top: int
    right: int
    bottom: int

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2

    @property
    def height(self) -> int:
        return self.bottom - self.top

    def moved(self, scale: float) -> Word:
        """The same word where the picture is larger by ``scale``."""
        return Word(
            text=self.text,
            confidence=self.confidence,
            left=round(self.left * scale),
            top=round(self.top * scale),
            right=round(self.right * scale),
            bottom=round(self.bottom * scale),
        )


def find_tesseract() -> str:
    """Where Tesseract is. Raises `OcrMissing`."""
    found = shutil.which("tesseract")
    if not found and os.name == "nt":
        found = shutil.which("tesseract", path=r"C:\Program Files\Tesseract-OCR")
    if not found:
        raise OcrMissing
    return found


class Sheet(Frozen):
    """A picture to be read, and its dots to the inch."""

    picture: Any
    dots: int


def read_words(sheets: Sequence[Sheet], *, layout: int) -> tuple[tuple[Word, ...], ...]:
    """Every word on each picture, in Tesseract's order. ``layout`` is its page segmentation mode. All pictures go to one process:
    starting it takes as long as reading ten lines. Raises `OcrMissing`, `OcrFailed`."""
    if not sheets:
        return ()
    command = [find_tesseract(), "stdin", "stdout", "-l", "eng", "--psm", str(layout), "-c", "tessedit_create_tsv=1"]
    command += ["-c", "load_system_dawg=0", "-c", "load_freq_dawg=0", "-c", "tessedit_do_invert=0"]
    # One thread: several pages are read side by side, and for one page more threads are slower.
    environment = os.environ | {"OMP_THREAD_LIMIT": "1"}
    try:
        done = subprocess.run(
            command, input=_tiff(sheets), capture_output=True, timeout=_SECONDS * len(sheets), check=True, env=environment
        )
    except (subprocess.SubprocessError, OSError):
        raise OcrFailed from None
    return _words(done.stdout.decode("utf-8", "replace"), len(sheets))


def _tiff(sheets: Sequence[Sheet]) -> bytes:
    """All pictures in one file, each with its resolution."""
    from PIL import TiffImagePlugin

    out = io.BytesIO()
    with TiffImagePlugin.AppendingTiffWriter(out) as file:
        for sheet in sheets:
            sheet.picture.convert("L").save(file, "TIFF", dpi=(sheet.dots, sheet.dots))
            file.newFrame()
        return out.getvalue()


def _words(table: str, pages: int) -> tuple[tuple[Word, ...], ...]:
    """From Tesseract's TSV: level, page, block, paragraph, line, word, left, top, width, height, confidence, text."""
    words: list[list[Word]] = [[] for _ in range(pages)]
    for row in table.splitlines()[1:]:
        cells = row.split("\t")
        if len(cells) == 12 and cells[0] == "5" and cells[11].strip():
            left, top, width, height = map(int, cells[6:10])
            words[int(cells[1]) - 1].append(
                Word(
                    text=cells[11].strip(),
                    confidence=float(cells[10]),
                    left=left,
                    top=top,
                    right=left + width,
                    bottom=top + height,
                )
            )
    return tuple(map(tuple, words))
