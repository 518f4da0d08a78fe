"""The type face of what we draw: Bitstream Vera, wide and open, legible at 98 lines an inch, and put into the PDF itself."""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import Any

PLAIN, BOLD = "Vera", "VeraBd"


@cache
def _faces() -> dict[str, Any]:
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    for name in (PLAIN, BOLD):
        pdfmetrics.registerFont(TTFont(name, f"{name}.ttf"))  # reportlab brings them along
    pdfmetrics.registerFontFamily(PLAIN, normal=PLAIN, bold=BOLD, italic=PLAIN, boldItalic=BOLD)
    return {name: pdfmetrics.getFont(name) for name in (PLAIN, BOLD)}


def load_faces() -> None:
    """Before anything is drawn."""
    _faces()


def printable(text: str) -> str:
    """The text in the form in which it is drawn: composed letters, one kind of line end, no tabs."""
    plain = unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    return plain.replace("\u00a0", " ").replace("\u202f", " ")


def can_print(text: str) -> bool:
    """Whether the type face has every character: one that it lacks would be an empty box on paper."""
    glyphs = _faces()[PLAIN].face.charToGlyph
    return all(char == "\n" or ord(char) in glyphs for char in text)


def width_of(text: str, face: str, size: float) -> float:
    """In points."""
    return float(_faces()[face].stringWidth(text, size))


def shortened(text: str, face: str, size: float, room: float) -> str:
    """What fits into ``room`` points. Only for what stands in full elsewhere."""
    while text and width_of(text, face, size) > room:
        text = text[:-2].rstrip() + "…" if len(text) > 2 else ""
    return text
