"""What can be read on pages that came over the line: their bar codes, and by OCR the reference that is printed on each."""

from __future__ import annotations

import re
from typing import Any

from bots.fax.barcode import read_marks
from bots.model import Frozen

BAND = 200
"""Dots from the top in which reference and page number are printed."""
_REFERENCE = re.compile(r"Reference\W*(\d{8})\b")
_PAGE = re.compile(r"Page\s*(\d+)\s*of\s*(\d+)")


class ReadPage(Frozen):
    """``codes``: reference, page and pages of each bar code; the others are what OCR read, "" when nothing fits."""

    codes: tuple[tuple[str, int, int], ...]
    ocr_reference: str
    ocr_page: str


def read_page(page: Any) -> ReadPage:
    import pytesseract
    from PIL import Image

    grey = page.convert("L")
    codes = tuple(sorted((mark.reference, mark.page, mark.pages) for mark in read_marks(grey)))
    band = grey.crop((0, 0, grey.width, BAND))
    large = band.resize((band.width * 2, band.height * 2), Image.Resampling.BICUBIC)
    text = str(pytesseract.image_to_string(large, config="--psm 11"))
    reference, number = _REFERENCE.search(text), _PAGE.search(text)
    return ReadPage(
        codes=codes,
        ocr_reference=reference[1] if reference else "",
        ocr_page=f"{number[1]}/{number[2]}" if number else "",
    )
