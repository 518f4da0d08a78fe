"""Draws the pages of one clinical document as a fax line carries them. Runs as a process of its own (`bots.fax.rasterize`).

What other people's files make of the libraries that open them (memory, time, a crash) ends here and not in PriorBot. The document
comes on standard input and the pages go to standard output: nothing of it is in an argument or a file.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from bots.fax.geometry import BOX_HEIGHT, BOX_WIDTH, DOTS_PER_INCH
from bots.fax.render import draw_page, to_black_and_white, to_tiff
from bots.model import Frozen

if TYPE_CHECKING:
    from PIL.Image import Image

_POINTS = 72
_SHADES = range(64, 216)
"""Neither ink nor paper."""
_SHADED = 0.015
"""From this share of evenly grey dots on a page has pictures, and shades are kept by dots; other pages stay crisp."""
_INK = 190
"""Darker than this is ink on a page without pictures: light grey print must not vanish."""


class Bounds(Frozen):
    """What a document may ask for. More is a person's: it is refused, never cut."""

    pages: int = 300
    page_inches: float = 24.0
    """Longest side; what is larger cannot be read any more on a fax page."""
    picture_dots: int = 120_000_000
    """Of one picture inside a document: a letter page at 1,000 dpi has 94 million."""
    seconds: float = 120.0
    megabytes: int = 1200
    """Of memory, for drawing it."""


class Task(Frozen):
    kind: str
    content: bytes
    bounds: Bounds


class Drawn(Frozen):
    """The pages, each one TIFF of `BOX_WIDTH` x `BOX_HEIGHT` dots; or why not, as the document's ``reason`` and ``mend``."""

    pages: list[bytes] = []
    reason: str = ""
    mend: str = ""


class _Refused(Exception):
    def __init__(self, reason: str, mend: str) -> None:
        self.said = Drawn(reason=reason, mend=mend)
        super().__init__(reason)


def draw(task: Task) -> Drawn:
    """Every page of the document. Never raises: what goes wrong is the document's."""
    pages = _pdf_pages if task.kind == "pdf" else _picture_pages
    try:
        return Drawn(pages=[to_tiff([page]) for page in pages(task)])
    except _Refused as refused:
        return refused.said
    except Exception:  # these libraries have many, and a damaged document must end in a sentence
        return Drawn(
            reason="is damaged: it cannot be drawn page by page", mend="Open it, print it to a new PDF and name that one"
        )


def _pdf_pages(task: Task) -> Iterator[Image]:
    import pypdfium2

    _check_pictures(task)
    document = pypdfium2.PdfDocument(task.content)
    _check_count(len(document), task.bounds)
    if document.get_formtype():
        document.init_forms()  # what was filled into a form's fields is drawn too
    for page in document:
        across, down = (side / _POINTS for side in page.get_size())
        turned = across > down
        if turned:
            across, down = down, across
        _check_sides(across, down, task.bounds)
        wide, high = _fitting(across, down)
        yield _placed(_as_ink(draw_page(page, wide, high, turned=turned)))


def _check_pictures(task: Task) -> None:
    """Pictures say how large they are before they are unpacked: a few bytes can hold a thousand million dots."""
    import pikepdf

    with pikepdf.open(io.BytesIO(task.content), attempt_recovery=False, suppress_warnings=True) as pdf:
        for found in pdf.objects:
            if isinstance(found, pikepdf.Stream) and found.get("/Subtype") == "/Image":
                _check_picture(int(found.get("/Width", 0)), int(found.get("/Height", 0)), task.bounds)


def _picture_pages(task: Task) -> Iterator[Image]:
    from PIL import Image as Images
    from PIL import ImageOps, ImageSequence

    Images.MAX_IMAGE_PIXELS = None  # checked here, with a sentence
    with Images.open(io.BytesIO(task.content), formats=["JPEG", "TIFF"]) as pictures:
        _check_count(getattr(pictures, "n_frames", 1), task.bounds)
        for frame in ImageSequence.Iterator(pictures):
            _check_picture(*frame.size, task.bounds)
            picture = ImageOps.exif_transpose(frame)
            across, down = _inches(picture, frame.info.get("dpi"))
            _check_sides(across, down, task.bounds)
            grey = _flat(picture)
            if across > down:
                grey, across, down = grey.transpose(Images.Transpose.ROTATE_270), down, across
            yield _placed(_as_ink(grey.resize(_fitting(across, down), Images.Resampling.LANCZOS)))


def _flat(picture: Image) -> Image:
    """In shades of grey, on white paper where it is transparent."""
    from PIL import Image as Images

    if "A" not in picture.getbands() and "transparency" not in picture.info:
        return picture.convert("L")
    whole = picture.convert("RGBA")
    return Images.alpha_composite(Images.new("RGBA", whole.size, "white"), whole).convert("L")


def _inches(picture: Image, dpi: Any) -> tuple[float, float]:
    """As large as it says it is; without a resolution that can be meant, as large as a page."""
    across, down = (float(each) for each in dpi) if dpi else (0.0, 0.0)
    if min(across, down) < 50:
        widest = max(picture.width / 8.5, picture.height / 11)
        across = down = widest
    return picture.width / across, picture.height / down


def _check_count(pages: int, bounds: Bounds) -> None:
    if pages == 0:
        raise _Refused("has no pages", "Save it again")
    if pages > bounds.pages:
        raise _Refused(f"has more than {bounds.pages} pages", "Choose the pages that the payer needs")


def _check_sides(across: float, down: float, bounds: Bounds) -> None:
    if max(across, down) > bounds.page_inches:
        raise _Refused(
            f"has a page that is longer than {bounds.page_inches:g} inches, which nobody could read on a fax",
            "Print it onto letter pages",
        )
    if min(across, down) < 0.5:
        raise _Refused("has a page that is smaller than half an inch", "Print it onto letter pages")


def _check_picture(across: int, down: int, bounds: Bounds) -> None:
    if across * down > bounds.picture_dots:
        raise _Refused("holds a picture that is too large to be unpacked", "Scan it again at 300 dpi")


def _fitting(across: float, down: float) -> tuple[int, int]:
    """The dots on which so many inches are drawn: their own size, or as much of it as the box holds."""
    wide, high = across * DOTS_PER_INCH[0], down * DOTS_PER_INCH[1]
    scale = min(1.0, BOX_WIDTH / wide, BOX_HEIGHT / high)
    return max(1, int(wide * scale)), max(1, int(high * scale))


def _placed(page: Image) -> Image:
    """At the top of the box, in its middle."""
    from PIL import Image as Images

    box = Images.new("1", (BOX_WIDTH, BOX_HEIGHT), 1)
    box.paste(page, ((BOX_WIDTH - page.width) // 2, 0))
    return box


def _as_ink(grey: Image) -> Image:
    if _shaded_share(grey) < _SHADED:
        return to_black_and_white(grey, dark=_INK)
    low, high = 40, 235  # print stays black and paper white between the dots of the shades
    curve = [0 if v < low else 255 if v > high else round((v - low) * 255 / (high - low)) for v in range(256)]
    return grey.point(curve).convert("1")


def _shaded_share(grey: Image) -> float:
    """The share of the page that is evenly grey: pictures, not the soft edges of letters."""
    from PIL import ImageChops, ImageFilter, ImageStat

    small = grey.reduce(2) if min(grey.size) > 8 else grey
    spread = ImageChops.subtract(small.filter(ImageFilter.MaxFilter(3)), small.filter(ImageFilter.MinFilter(3)))
    even = spread.point([255] * 48 + [0] * 208)
    between = small.point([255 if value in _SHADES else 0 for value in range(256)])
    return float(ImageStat.Stat(ImageChops.darker(even, between)).mean[0]) / 255


def main() -> None:
    """One task in, its pages out, as msgpack."""
    task = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Task)
    sys.stdout.buffer.write(msgspec.msgpack.encode(draw(task)))


if __name__ == "__main__":
    main()
