"""How a page is to be turned so that its lines lie level, and whether it is blank. Pure: picture in, picture out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_DEGREES = 4.0
_LEAST_DEGREES = 0.1
"""Below this the page is left as it is."""
_BLANK = 0.0008
"""Share of dark dots, specks left out, below which nothing is written on a page."""


def turned(page: Image, degrees: float) -> Image:
    """The page turned against the clock; not for so little that it would only soften the letters."""
    from PIL import Image as Pictures

    if abs(degrees) < _LEAST_DEGREES:
        return page
    return page.rotate(degrees, resample=Pictures.Resampling.BICUBIC, fillcolor=255)


def skew_of(page: Image) -> float:
    """Degrees, up to `MOST_DEGREES`, by which the page must be turned (against the clock) so that its lines lie level.

    The angle at which the dark dots crowd into the fewest rows.
    """
    import numpy as np

    ys, xs = np.nonzero(_dark(page, 3))
    if len(ys) < 200:
        return 0.0
    coarse = np.arange(-MOST_DEGREES, MOST_DEGREES + 0.01, 0.25)
    best = max(coarse, key=lambda degrees: _crowding(ys, xs, degrees))
    fine = np.arange(best - 0.25, best + 0.26, 0.05)
    return float(max(fine, key=lambda degrees: _crowding(ys, xs, degrees)))


def is_blank(page: Image) -> bool:
    return float(_dark(page, 4).mean()) < _BLANK


def _dark(page: Image, smaller: int) -> Any:
    """True where the page, made smaller so that single specks fade, is dark."""
    import numpy as np

    return np.asarray(page.convert("L").reduce(smaller)) < 128


def _crowding(ys: Any, xs: Any, degrees: float) -> float:
    import numpy as np

    rows = ys + xs * np.tan(np.radians(degrees)) * -1
    counts = np.bincount((rows - rows.min()).astype(np.int64))
    return float((counts.astype(np.float64) ** 2).sum())
