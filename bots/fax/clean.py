"""Takes off a page what a line, a scanner and a ruled form put there: single dots, and long straight strokes. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL.Image import Image

Span = tuple[int, int]
"""First and last row or column."""

_ACROSS, _DOWN = 110, 85
"""Dots at 204 to the inch: longer unbroken strokes are ruled lines or streaks, no letters."""
_BUSY = 24
"""Changes between black and white that a row through a line of text has at least."""
_THROUGH = 3
"""Strokes that go on at both sides of a white column when it has cut them."""
_ROOM = 4
"""Dots around a word in which its own letters have no ink."""
_MOST_LOST = 6
"""Rows; between two lines of text there are more."""


def without_specks(page: Image) -> Image:
    """A page as it was received, without black or white dots that stand alone or in pairs."""
    import numpy as np
    from PIL import Image as Pictures

    black = np.asarray(page.convert("L")) < 128
    black &= _has_company(black)
    black |= ~_has_company(~black)
    return Pictures.fromarray(np.where(black, 0, 255).astype(np.uint8))


def _has_company(dots: Any) -> Any:
    """Of each dot that is set, whether two more hang together with it."""
    import numpy as np

    near = _neighbours(dots)
    crowded = dots & (near >= 2)
    return np.where(near >= 2, True, (near == 1) & (_neighbours(crowded) >= 1))


def _neighbours(dots: Any) -> Any:
    """How many of the eight dots around each are set."""
    import numpy as np

    edged = np.pad(dots.astype(np.uint8), 1)
    high, wide = dots.shape
    return sum(edged[1 + y : 1 + y + high, 1 + x : 1 + x + wide] for y in (-1, 0, 1) for x in (-1, 0, 1) if x or y)


def bad_rows(page: Image) -> tuple[Span, ...]:
    """Where a bad line has lost rows, first and last row of each place: a receiver repeats the row before, or leaves white.

    Rows of text are never quite alike, and no text has a white gap of so few rows. What such a place crosses may look like
    another digit, and does so to every reading.
    """
    import numpy as np

    black = np.asarray(page.convert("L")) < 128
    turns = np.count_nonzero(np.diff(black, axis=1), axis=1)
    alike = np.concatenate([[False], (black[1:] == black[:-1]).all(axis=1)])
    repeated = np.nonzero(alike & (turns >= _BUSY))[0]
    inked = turns >= _BUSY // 3
    white: Any = ~black.any(axis=1)
    gaps = [
        (start, end)
        for start, end in _runs(white)
        if end - start < _MOST_LOST and start > 0 and end + 1 < len(white) and inked[start - 1] and inked[end + 1]
    ]
    return (*((int(row), int(row)) for row in repeated), *((int(start), int(end)) for start, end in gaps))


def bad_columns(page: Image) -> tuple[Span, ...]:
    """Where a scanner's dead dots have lost columns: white from top to bottom, between strokes that go on at both sides."""
    import numpy as np

    black = np.asarray(page.convert("L")) < 128
    found = []
    for start, end in _runs(~black.any(axis=0)):
        if end - start < 3 and start > 0 and end + 1 < black.shape[1]:
            through = np.count_nonzero(black[:, start - 1] & black[:, end + 1])
            if through >= _THROUGH:
                found.append((int(start), int(end)))
    return tuple(found)


def is_crossed(page: Image, box: tuple[int, int, int, int]) -> bool:
    """Whether ink runs over the edge of a word's box (left, top, right, bottom), or the box lies at the page's edge."""
    import numpy as np

    left, top, right, bottom = (edge + room for edge, room in zip(box, (-_ROOM, -_ROOM, _ROOM, _ROOM), strict=True))
    if left <= _ROOM or top <= _ROOM or right >= page.width - _ROOM or bottom >= page.height - _ROOM:
        return True
    dark = np.asarray(page.crop((left, top, right + 1, bottom + 1))) < 110
    return bool(dark[0].any() or dark[-1].any() or dark[:, 0].any() or dark[:, -1].any())


def _runs(rows: Any) -> list[tuple[int, int]]:
    """First and last place of every run of true ones."""
    import numpy as np

    turns = np.diff(np.concatenate([[0], rows.astype(np.int8), [0]]))
    return list(zip(np.nonzero(turns == 1)[0], np.nonzero(turns == -1)[0] - 1, strict=True))


def without_strokes(page: Image) -> Image:
    """A level page without ruled lines and streaks. What crosses them loses a few dots and stays readable, or is doubted."""
    import numpy as np
    from PIL import Image as Pictures

    grey = np.array(page.convert("L"))
    dark = grey < 150
    strokes = _long_runs(dark, _ACROSS) | _long_runs(dark.T, _DOWN).T
    if strokes.any():
        thick = np.pad(strokes, 1)
        high, wide = strokes.shape
        around = thick[:-2, 1:-1] | thick[2:, 1:-1] | thick[1:-1, :-2] | thick[1:-1, 2:] | strokes
        grey[around[:high, :wide]] = 255
    return Pictures.fromarray(grey)


def _long_runs(dark: Any, least: int) -> Any:
    """The dots of each row that lie in a run of at least ``least``."""
    import numpy as np

    edged = np.zeros((dark.shape[0], dark.shape[1] + 2), dtype=np.int8)
    edged[:, 1:-1] = dark
    turns = np.diff(edged, axis=1)
    rows, starts = np.nonzero(turns == 1)
    ends = np.nonzero(turns == -1)[1]
    kept = ends - starts >= least
    marks = np.zeros((dark.shape[0], dark.shape[1] + 1), dtype=np.int32)
    np.add.at(marks, (rows[kept], starts[kept]), 1)
    np.add.at(marks, (rows[kept], ends[kept]), -1)
    return np.cumsum(marks, axis=1)[:, :-1] > 0
