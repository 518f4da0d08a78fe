"""Pages as a fax line carries them: one bit a dot, CCITT Group 4 (ITU-T T.6), in one TIFF of one strip a page."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bots.fax.geometry import DOTS_PER_INCH, HEIGHT, WIDTH

if TYPE_CHECKING:
    from PIL.Image import Image

_DARK = 160
"""Lighter than this is paper on our own pages, which are black on white with grey only at the edges of letters."""


def page_bits(pdf: bytes) -> list[Image]:
    """The pages of a packet's own PDF, each 1728 x 2156 dots, black and white. For PDFs that we made ourselves: nothing is
    bounded here (`bots.fax.rasterize` draws what others made)."""
    import pypdfium2

    document = pypdfium2.PdfDocument(pdf)
    try:
        return [to_black_and_white(draw_page(page, WIDTH, HEIGHT)) for page in document]
    finally:
        document.close()


def draw_page(page: Any, width: int, height: int, *, turned: bool = False) -> Image:
    """One pdfium page in shades of grey on exactly so many dots, with what was filled in or stamped on it.

    ``turned`` by a quarter, for a page that is wider than high.
    """
    import pypdfium2
    import pypdfium2.raw as pdfium

    bitmap = pypdfium2.PdfBitmap.new_native(width, height, pdfium.FPDFBitmap_Gray)
    bitmap.fill_rect((255, 255, 255, 255), 0, 0, width, height)
    where = (bitmap, page, 0, 0, width, height, 1 if turned else 0, pdfium.FPDF_ANNOT | pdfium.FPDF_GRAYSCALE)
    # Not the library's own render(): it knows one resolution only, a fax has two.
    pdfium.FPDF_RenderPageBitmap(*where)
    if page.formenv:
        pdfium.FPDF_FFLDraw(page.formenv, *where)
    picture: Image = bitmap.to_pil().copy()
    bitmap.close()
    return picture


def to_black_and_white(grey: Image, *, dark: int = _DARK) -> Image:
    """Everything darker than ``dark`` (0 to 255) becomes black."""
    return grey.point([0] * dark + [255] * (256 - dark), mode="1")


def to_tiff(pages: Sequence[Image]) -> bytes:
    """One TIFF, Group 4, one strip a page, at the fax's own resolution."""
    kept = io.BytesIO()
    pages[0].save(
        kept,
        format="TIFF",
        compression="group4",
        dpi=DOTS_PER_INCH,
        strip_size=WIDTH * HEIGHT,
        save_all=True,
        append_images=list(pages[1:]),
    )
    return kept.getvalue()


def group4(page: Image) -> tuple[bytes, bool]:
    """The page's dots as they stand in a strip: what a PDF carries as /CCITTFaxDecode with /K -1; and its /BlackIs1."""
    from PIL import Image as Images

    whole = to_tiff([page])
    with Images.open(io.BytesIO(whole)) as tiff:
        tags = tiff.tag_v2  # type: ignore[attr-defined]
        (start,), (length,) = tags[273], tags[279]
        black_is_1 = tags[262] == 1
    return whole[start : start + length], black_is_1


def read_tiff(tiff: bytes) -> list[Image]:
    """The pages of a TIFF that we made."""
    from PIL import Image as Images
    from PIL import ImageSequence

    with Images.open(io.BytesIO(tiff)) as pages:
        return [page.copy() for page in ImageSequence.Iterator(pages)]
