"""The pages that we draw ourselves: cover sheet and form, with reportlab. Long texts flow on to further pages; nothing is cut."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from bots.fax.barcode import PageMark, draw_mark
from bots.fax.cover import cover_story
from bots.fax.form_layout import Form
from bots.fax.form_story import form_story
from bots.fax.form_values import Facts, value_of
from bots.fax.geometry import BOX_BOTTOM, BOX_TOP, MARGIN, PAGE_SIZE, from_bottom, points_across, points_down
from bots.fax.type_face import BOLD, PLAIN, load_faces, shortened
from bots.model import Frozen

_HEAD = points_down(44)
"""Height of the line that stands on top of a form's further pages."""

Story = list[Any]


class Sheets(Frozen):
    """What is the same on all sheets. ``head`` stands on top of a form's further pages: what they belong to, should they be
    torn apart."""

    reference: str
    sender: str
    head: tuple[str, str] = ("", "")


def draw_sheets(story: Callable[[int], Story], sheets: Sheets, *, pages_after: int) -> tuple[bytes, int]:
    """The PDF of what ``story`` makes when it is told the number of all pages, and how many pages that takes.

    ``pages_after`` pages of documents follow: they stand in the PDF too, empty but for their band. Drawn twice, because the
    number of all pages stands on the first.
    """
    load_faces()
    _, own = _draw(story(pages_after), sheets, total=0)
    total = own + pages_after
    pdf, again = _draw(story(total), sheets, total=total, empty=pages_after)
    if again != total:
        raise AssertionError("the cover sheet has grown with the number of pages")
    return pdf, own


def draw_packet(form: Form, facts: Facts) -> tuple[bytes, int]:
    """Cover sheet and form, and room for the pages of the documents; see `draw_sheets`."""
    member = f"{value_of('member.name', facts)}, ID {value_of('member.id', facts)}"
    sheets = Sheets(reference=facts.reference, sender=facts.sender.name, head=(f"{form.title} (continued)", member))
    return draw_sheets(
        lambda total: [*cover_story(facts, total, form.title), *form_story(form, facts)],
        sheets,
        pages_after=facts.document_pages,
    )


def _draw(story: Story, sheets: Sheets, *, total: int, empty: int = 0) -> tuple[bytes, int]:
    from reportlab.platypus import BaseDocTemplate, Frame, NextPageTemplate, PageBreak, PageTemplate, Spacer

    file = io.BytesIO()
    left, width = points_across(MARGIN), PAGE_SIZE[0] - 2 * points_across(MARGIN)
    bottom, height = from_bottom(BOX_BOTTOM), from_bottom(BOX_TOP) - from_bottom(BOX_BOTTOM)

    def on_page(canvas: Any, document: Any) -> None:
        if total:
            draw_mark(canvas, PageMark(reference=sheets.reference, page=document.page, pages=total), sheets.sender)

    def on_further_page(canvas: Any, document: Any) -> None:
        on_page(canvas, document)
        _draw_head(canvas, *sheets.head)

    def frame(high: float) -> Any:
        return Frame(left, bottom, width, high, leftPadding=0, rightPadding=0, topPadding=0, bottomPadding=0)

    pages = BaseDocTemplate(file, pagesize=PAGE_SIZE, title="Fax", author=sheets.sender, creator="PriorBot", producer="PriorBot")
    pages.addPageTemplates(
        [
            PageTemplate("first", frame(height), onPage=on_page),
            PageTemplate("further", frame(height - _HEAD), onPage=on_further_page),
            PageTemplate("document", frame(height), onPage=on_page),
        ]
    )
    story.append(NextPageTemplate("document"))
    for _ in range(empty):
        story += [PageBreak(), Spacer(1, 1)]  # which takes no room, so that a page with nothing but its band is a page
    pages.build(story)
    return file.getvalue(), pages.page


def _draw_head(canvas: Any, title: str, member: str) -> None:
    left, right = points_across(MARGIN), PAGE_SIZE[0] - points_across(MARGIN)
    line = from_bottom(BOX_TOP + 22)
    canvas.setFont(BOLD, 9)
    canvas.drawString(left, line, shortened(title, BOLD, 9, (right - left) * 0.71))
    canvas.setFont(PLAIN, 9)
    canvas.drawRightString(right, line, shortened(member, PLAIN, 9, (right - left) * 0.27))
