"""Sizes, styles and small pieces of what we draw. Nothing is smaller than what is legible at 98 lines an inch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import escape

from bots.fax.geometry import MARGIN, PAGE_SIZE, points_across
from bots.fax.type_face import BOLD, PLAIN, printable, width_of

LABEL_SIZE, VALUE_SIZE = 8.0, 10.5
_BOX = 8.5
"""Side of a box that can be ticked, in points."""


def escaped(text: str) -> str:
    """Text as a paragraph takes it: composed, and never as markup."""
    return escape(printable(text))


class Styles:
    """Paragraph styles, and the width of a page between its margins in points."""

    width = PAGE_SIZE[0] - 2 * points_across(MARGIN)

    def __init__(self) -> None:
        self.plain = _style(10.5)
        self.practice = _style(15, BOLD)
        self.huge = _style(38, BOLD)
        self.banner = _style(15, BOLD, alignment=1)
        self.cover_label = _style(11.5, BOLD)
        self.cover_value = _style(12.5)
        self.notice = _style(10.5)
        self.form_title = _style(14, BOLD)
        self.heading = _style(11, BOLD)
        self.note = _style(8.5)
        self.label = _style(LABEL_SIZE)
        self.column = _style(LABEL_SIZE, BOLD)
        self.value = _style(VALUE_SIZE)


def _style(size: float, face: str = PLAIN, **more: Any) -> Any:
    from reportlab.lib.styles import ParagraphStyle

    return ParagraphStyle(f"{face}{size}", fontName=face, fontSize=size, leading=size * 1.22, splitLongWords=1, **more)


def tick_boxes(boxes: Sequence[tuple[str, bool]]) -> Any:
    """A flowable: boxes with their labels in as many lines as they need; a ticked one has a cross and a bold label."""
    from reportlab.platypus import Flowable

    class TickBoxes(Flowable):  # type: ignore[misc]
        def wrap(self, room: float, _height: float) -> tuple[float, float]:
            self.lines = _in_lines(boxes, room)
            self.width, self.height = room, len(self.lines) * (VALUE_SIZE * 1.4)
            return room, self.height

        def draw(self) -> None:
            step = VALUE_SIZE * 1.4
            for row, line in enumerate(self.lines):
                for across, text, ticked in line:
                    _draw_box(self.canv, across, self.height - (row + 1) * step + 3, text, ticked)

    return TickBoxes()


def _in_lines(boxes: Sequence[tuple[str, bool]], room: float) -> list[list[tuple[float, str, bool]]]:
    """Where each box stands: lines of (distance from the left, label, ticked). A label wider than the room is broken."""
    lines: list[list[tuple[float, str, bool]]] = [[]]
    across = 0.0
    for text, ticked in boxes:
        wide = _BOX + 4 + width_of(text, BOLD, LABEL_SIZE + 1) + 12
        if across and across + wide - 12 > room:
            lines.append([])
            across = 0.0
        lines[-1].append((across, text, ticked))
        across += wide
    return lines


def _draw_box(canvas: Any, left: float, bottom: float, text: str, ticked: bool) -> None:
    canvas.setLineWidth(1)
    canvas.rect(left + 0.5, bottom, _BOX, _BOX)
    if ticked:
        canvas.setLineWidth(1.6)
        canvas.line(left + 2, bottom + 1.5, left + _BOX - 1, bottom + _BOX - 1.5)
        canvas.line(left + 2, bottom + _BOX - 1.5, left + _BOX - 1, bottom + 1.5)
    canvas.setFont(BOLD if ticked else PLAIN, LABEL_SIZE + 1)
    canvas.drawString(left + _BOX + 4, bottom + 1, text)
