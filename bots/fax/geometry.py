"""What one page is on a fax line: 204 x 196 dots an inch, 1728 dots wide (ITU-T T.4, fine), and where on it things stand.

A packet's PDF page has exactly this size, so that a dot of the rendered page is a dot of the picture that was put into it.
Dots are counted from the upper left corner, points (1/72 inch) from the lower left one as PDF has it.
"""

from __future__ import annotations

DOTS_PER_INCH = (204, 196)
WIDTH, HEIGHT = 1728, 2156
"""Dots of a page: 8.47 by 11 inches."""

MARGIN = 36
"""Dots that stay white at the left and the right: machines cut there."""
BAND_TOP = 64
"""The band with bar code and page number begins below the line that machines print on top."""
BAND_HEIGHT = 104
BOX_TOP = 190
BOX_BOTTOM = 2100
BOX_WIDTH = WIDTH - 2 * MARGIN
BOX_HEIGHT = BOX_BOTTOM - BOX_TOP
"""All that a page says stands in this box below the band."""


def points_across(dots: float) -> float:
    return dots * 72 / DOTS_PER_INCH[0]


def points_down(dots: float) -> float:
    return dots * 72 / DOTS_PER_INCH[1]


PAGE_SIZE = (points_across(WIDTH), points_down(HEIGHT))
"""Width and height in points."""


def from_bottom(dots: float) -> float:
    """The height in points at which a row of dots, counted from the top, stands."""
    return PAGE_SIZE[1] - points_down(dots)
