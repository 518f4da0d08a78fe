"""Draws a PDF's pages as a fax line would carry them: ``python -m bots.fax.pdf_pages PAGES PIXELS``, PDF in, TIFF out.

A program of its own: pdfium opens whatever a PDF holds, and the caller (`bots.fax.inbound`) ends this one when it takes too
much. Its exit code says why there is no TIFF.
"""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

ENDINGS = {3: "encrypted", 4: "too_many_pages", 5: "page_too_large", 6: "cut_off"}
DOTS = 204


class _Refused(Exception):
    def __init__(self, code: str) -> None:
        self.exit_code = next(number for number, word in ENDINGS.items() if word == code)
        super().__init__(code)


def main() -> int:
    most_pages, most_pixels = (int(word) for word in sys.argv[1:3])
    try:
        sys.stdout.buffer.write(_drawn(sys.stdin.buffer.read(), most_pages, most_pixels))
    except _Refused as refused:
        return refused.exit_code
    return 0


def _drawn(content: bytes, most_pages: int, most_pixels: int) -> bytes:
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        raise _Refused("encrypted" if "password" in str(error).lower() else "cut_off") from None
    if len(document) > most_pages:
        raise _Refused("too_many_pages")
    if len(document) == 0:
        raise _Refused("cut_off")
    sizes = [document[number].get_size() for number in range(len(document))]
    if any(wide * high * (DOTS / 72) ** 2 > most_pixels or min(wide, high) < 72 for wide, high in sizes):
        raise _Refused("page_too_large")
    try:
        first, *others = [
            _black(document[number].render(scale=DOTS / 72, grayscale=True).to_pil()) for number in range(len(document))
        ]
    except pypdfium2.PdfiumError:
        raise _Refused("cut_off") from None
    out = io.BytesIO()
    first.save(out, "TIFF", compression="group4", dpi=(DOTS, DOTS), save_all=True, append_images=others)
    return out.getvalue()


def _black(page: Image) -> Image:
    from PIL import Image as Pictures

    return page.convert("L").point(lambda value: 255 if value > 140 else 0).convert("1", dither=Pictures.Dither.NONE)


if __name__ == "__main__":
    sys.exit(main())
