"""Synthetic fax pages: a bar code, a known number in plain print, and text; as PDF and as the TIFF that a line carries."""

from __future__ import annotations

import io
from typing import Any

WIDTH = 1728
DOTS = (204, 196)


def bar_text(reference: str, page: int, pages: int) -> str:
    return f"PB:{reference}:{page}/{pages}"


def make_pdf(reference: str, pages: int, *, lines: int = 0, height: int = 2156, bars: bool = True) -> bytes:
    """``lines`` of text fill each page below its bar code (if ``bars``) and its number; ``height`` in dots."""
    from reportlab.graphics.barcode.code128 import Code128
    from reportlab.pdfgen.canvas import Canvas

    target = io.BytesIO()
    across, tall = 72 / DOTS[0], height * 72 / DOTS[1]
    canvas = Canvas(target, pagesize=(WIDTH * across, tall), pageCompression=1)
    for page in range(1, pages + 1):
        if bars:
            code = Code128(bar_text(reference, page, pages), barWidth=3 * across, barHeight=30, quiet=True)
            code.drawOn(canvas, 20, tall - 70)
        canvas.setFont("Helvetica", 12)
        canvas.drawString(40, tall - 90, f"Number {page_number(reference, page)} end")
        canvas.setFont("Helvetica", 10)
        for line in range(lines):
            canvas.drawString(
                40, tall - 120 - 13 * line, f"{line + 1}. Synthetic line of page {page}; it says nothing of anybody."
            )
        canvas.showPage()
    canvas.save()
    return target.getvalue()


def page_number(reference: str, page: int) -> str:
    """Eight digits that OCR has to read: the same for the same page, unlike for others."""
    import zlib

    return f"{zlib.crc32(f'{reference}/{page}'.encode()) % 90_000_000 + 10_000_000}"


def make_tiff(pdf: bytes) -> bytes:
    """The pages at 204 x 196, Group 4, one strip a page."""
    import pypdfium2
    from PIL import Image, TiffImagePlugin

    document = pypdfium2.PdfDocument(pdf)
    pictures = []
    for page in document:
        tall = round(page.get_height() * DOTS[1] / 72)
        drawn = page.render(scale=DOTS[0] / 72, grayscale=True).to_pil().resize((WIDTH, tall))
        pictures.append(drawn.point(lambda value: 255 if value > 150 else 0).convert("1"))
    document.close()
    target = io.BytesIO()
    strip: dict[int, Any] = {TiffImagePlugin.ROWSPERSTRIP: max(picture.height for picture in pictures)}
    options: dict[str, Any] = {"compression": "group4", "dpi": DOTS, "tiffinfo": strip}
    assert isinstance(pictures[0], Image.Image)
    pictures[0].save(target, "TIFF", save_all=True, append_images=pictures[1:], **options)
    return target.getvalue()
