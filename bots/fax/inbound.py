"""A fax that came in, as pages to look at: TIFF as fax servers keep it, or PDF; bounded, straightened, with square dots.

Nothing is repaired or left out: a file of which one page cannot be had is refused as a whole and is a person's.
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bots.fax.bounded import TookTooMuch, run_bounded
from bots.fax.clean import Span, bad_columns, bad_rows, without_specks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from PIL.Image import Image

MAX_BYTES = 40_000_000
MAX_PAGES = 60
MAX_PIXELS = 16_000_000
"""Of one page: a long sheet at 204 by 392 dots has 9 million."""
DOTS = 204
"""Per inch, across and down, of every page that is handed on: what a fax line has across."""
PDF_SECONDS = 90
PDF_MEGABYTES = 800.0
_STRIPS, _STRIP_BYTES, _TILES, _TILE_BYTES = 273, 279, 324, 325  # TIFF 6.0, section 8 and 15


class FaxUnreadable(Exception):
    """The file is no fax that can be read. ``code`` is a constant word; ``sentence`` is for staff and names no file."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)

    @property
    def sentence(self) -> str:
        return f"{WHY[self.code]} Nothing was read from it; it is kept as it came. Look at it yourself, or ask the sender again."


WHY = {
    "empty": "The file is empty.",
    "too_large": f"The file is larger than {MAX_BYTES // 1_000_000} MB.",
    "too_many_pages": f"The fax has more than {MAX_PAGES} pages.",
    "page_too_large": "A page of the fax is larger than any fax page is.",
    "no_fax": "The file is neither TIFF nor PDF.",
    "cut_off": "The file is cut off or damaged: not every page of it can be had.",
    "encrypted": "The file is a PDF protected by a password.",
    "bomb": "The PDF asks for more memory or time than any fax does.",
}


@dataclass(frozen=True)
class FaxPage:
    """A page as a grey picture of `DOTS` to the inch both ways. ``bad_rows`` and ``bad_columns`` are those of that picture where
    line or scanner lost dots; ``rows_per_inch`` is what came over the line (98 or 196)."""

    picture: Image
    bad_rows: tuple[Span, ...]
    bad_columns: tuple[Span, ...]
    rows_per_inch: float


def open_fax(content: bytes) -> tuple[FaxPage, ...]:
    """The fax's pages, top first. Raises `FaxUnreadable`."""
    if not content:
        raise FaxUnreadable("empty")
    if len(content) > MAX_BYTES:
        raise FaxUnreadable("too_large")
    if content.startswith(b"%PDF-"):
        content = _from_pdf(content)
    elif not content.startswith((b"II*\0", b"MM\0*")):
        raise FaxUnreadable("no_fax")
    return tuple(_pages(content))


def _pages(content: bytes) -> Iterator[FaxPage]:
    from PIL import Image as Pictures

    with warnings.catch_warnings():
        warnings.simplefilter("error")  # Pillow warns of cut-off and of huge pictures before it fails
        try:
            with Pictures.open(io.BytesIO(content), formats=("TIFF",)) as file:
                for number in range(MAX_PAGES + 1):
                    try:
                        file.seek(number)
                    except EOFError:
                        return
                    if number == MAX_PAGES:
                        raise FaxUnreadable("too_many_pages")
                    yield _page(file, len(content))
        except FaxUnreadable:
            raise
        except (Pictures.DecompressionBombError, Pictures.DecompressionBombWarning):
            raise FaxUnreadable("page_too_large") from None
        except Exception:  # whatever a damaged file makes the decoder say
            raise FaxUnreadable("cut_off") from None


def _page(file: Any, size: int) -> FaxPage:
    if file.width * file.height > MAX_PIXELS or max(file.size) > 40 * min(file.size):
        raise FaxUnreadable("page_too_large")
    _check_whole(file.tag_v2, size)
    across, down = _resolution(file)
    picture = file.convert("L")
    return FaxPage(
        picture=square(without_specks(picture), (across, down)),
        bad_rows=_scaled(bad_rows(picture), DOTS / down),
        bad_columns=_scaled(bad_columns(picture), DOTS / across),
        rows_per_inch=down,
    )


def _scaled(spans: Iterable[Span], scale: float) -> tuple[Span, ...]:
    return tuple((round(first * scale), round((last + 1) * scale)) for first, last in spans)


def _check_whole(tags: Any, size: int) -> None:
    """Every strip or tile must lie inside the file: the decoder would draw what is missing as white."""
    starts = tags.get(_STRIPS) or tags.get(_TILES) or ()
    lengths = tags.get(_STRIP_BYTES) or tags.get(_TILE_BYTES) or ()
    if not starts or len(starts) != len(lengths) or any(at + long > size for at, long in zip(starts, lengths, strict=True)):
        raise FaxUnreadable("cut_off")


def _resolution(file: Any) -> tuple[float, float]:
    """Dots to the inch across and down; from the shape of the page where the file says nothing usable."""
    across, down = (float(each) for each in file.info.get("dpi", (0, 0)))
    if across >= 50 and down >= 50:
        return across, down
    across = file.width / 8.5
    return across, across / 2 if file.height < file.width * 0.9 else across


def square(page: Image, resolution: tuple[float, float]) -> Image:
    """The page with `DOTS` to the inch both ways: rows that a standard fax left out are filled in softly."""
    from PIL import Image as Pictures

    across, down = resolution
    size = round(page.width * DOTS / across), round(page.height * DOTS / down)
    if size[0] * size[1] > MAX_PIXELS or min(size) < 50:
        raise FaxUnreadable("page_too_large")
    return page if size == page.size else page.resize(size, Pictures.Resampling.BICUBIC)


# --- PDF: in a program of its own, so that a hostile one cannot take this one's memory ---------------------------------


def _from_pdf(content: bytes) -> bytes:
    """The PDF's pages as a TIFF, drawn by `bots.fax.pdf_pages`. Raises `FaxUnreadable`."""
    from bots.fax.pdf_pages import ENDINGS

    bounds = str(MAX_PAGES), str(MAX_PIXELS)
    try:
        code, drawn = run_bounded("bots.fax.pdf_pages", bounds, content, seconds=PDF_SECONDS, megabytes=PDF_MEGABYTES)
    except TookTooMuch:
        raise FaxUnreadable("bomb") from None
    if code != 0:
        raise FaxUnreadable(ENDINGS.get(code, "bomb"))
    return drawn
