"""The bar code on each page: our reference, the page's number and how many there are (Code 128).

By it a packet is checked before it is sent, a fax that was received is read, and a letter that comes back with one of our pages
is known again. It says nothing of a patient.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from bots.fax.geometry import BAND_HEIGHT, BAND_TOP, MARGIN, PAGE_SIZE, from_bottom, points_across, points_down
from bots.model import Frozen

if TYPE_CHECKING:
    from PIL.Image import Image

REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,19}")
"""What a reference may be. Longer ones would make the bars too narrow for a fax."""
MOST_PAGES = 999

_TEXT = re.compile(rf"PB:(?P<reference>{REFERENCE.pattern}):(?P<page>[1-9][0-9]{{0,2}})/(?P<pages>[1-9][0-9]{{0,2}})")
_BAR = points_across(3)
"""The narrowest bar is three dots wide, and whole dots: one that is lost to a bad line does not change its width into another."""
_QUIET = 10 * _BAR


class PageMark(Frozen):
    """What one page's bar code says. ``page`` counts from 1."""

    reference: str
    page: int
    pages: int

    @property
    def text(self) -> str:
        """As it is encoded. Raises ``ValueError`` when it could not be read back."""
        text = f"PB:{self.reference}:{self.page}/{self.pages}"
        if parse_mark(text) != self:
            raise ValueError("a reference is 1 to 20 letters, digits and hyphens, a page one of at most 999")
        return text


def parse_mark(text: str) -> PageMark | None:
    """What a bar code says; None when it is none of ours."""
    found = _TEXT.fullmatch(text)
    if found is None:
        return None
    mark = PageMark(reference=found["reference"], page=int(found["page"]), pages=int(found["pages"]))
    return mark if mark.page <= mark.pages else None


def read_marks(page: Image) -> frozenset[PageMark]:
    """All of our marks on a page that was rendered or received, whichever way up it lies; other bar codes are passed over."""
    import zxingcpp

    found = zxingcpp.read_barcodes(page, formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.Code128))
    return frozenset(mark for each in found if (mark := parse_mark(each.text)) is not None)


def draw_mark(canvas: Any, mark: PageMark, sender: str) -> None:
    """The band on top of a page of a reportlab canvas: bar code at the left, page number and sender at the right."""
    from reportlab.graphics.barcode.code128 import Code128

    from bots.fax.type_face import BOLD, PLAIN, shortened

    bars = Code128(mark.text, barWidth=_BAR, barHeight=points_down(BAND_HEIGHT - 30), quiet=True, lquiet=_QUIET, rquiet=_QUIET)
    left, right = points_across(MARGIN), PAGE_SIZE[0] - points_across(MARGIN)
    # The bars begin after their quiet zone, on a whole dot.
    bars.drawOn(canvas, left - _QUIET + points_across(6), from_bottom(BAND_TOP + BAND_HEIGHT - 30))
    room = right - (left + bars.width)
    canvas.setFont(BOLD, 10.5)
    canvas.drawRightString(right, from_bottom(BAND_TOP + 32), f"Page {mark.page} of {mark.pages}")
    canvas.setFont(PLAIN, 8.5)
    canvas.drawRightString(right, from_bottom(BAND_TOP + 62), shortened(sender, PLAIN, 8.5, room))
    canvas.drawString(left, from_bottom(BAND_TOP + BAND_HEIGHT - 3), f"Reference {mark.reference}")
    canvas.setLineWidth(1)
    canvas.line(left, from_bottom(BAND_TOP + BAND_HEIGHT + 8), right, from_bottom(BAND_TOP + BAND_HEIGHT + 8))
