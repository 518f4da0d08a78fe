"""One request as one fax: cover sheet, the payer's form, the clinical documents; every page numbered and marked by a bar code.

A packet exists only when each of its pages, as the line will carry it, reads back as what it is. Everything that could stop it
is found here, before anything is queued. Drawing takes about a tenth of a second a page: call it in a thread.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from bots.fax.barcode import MOST_PAGES, PageMark, read_marks
from bots.fax.form_layout import Form, find_gaps, other_answers
from bots.fax.form_values import Addressee, Facts, Sender, line_value, value_of
from bots.fax.geometry import BOX_BOTTOM, BOX_HEIGHT, BOX_TOP, BOX_WIDTH, MARGIN, from_bottom, points_across, points_down
from bots.fax.model import OutgoingFax
from bots.fax.packet_errors import (
    DocumentNotFaxable,
    FormIncomplete,
    NotPrintable,
    PacketTooLong,
    PacketUnreadable,
    SenderUnknown,
)
from bots.fax.raster_worker import Bounds
from bots.fax.rasterize import draw_document
from bots.fax.render import group4, page_bits, read_tiff, to_tiff
from bots.fax.sheet import Sheets, draw_packet, draw_sheets
from bots.fax.trial import trial_story
from bots.fax.type_face import can_print, printable
from bots.model import Attachment, AuthRequest, Frozen
from bots.papers import DocumentRefused, check_size, kind_of_paper, pdf_pages

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["Addressee", "Bounds", "Packet", "Paper", "Sender", "build_packet", "build_test_page", "read_papers"]


_MOST_SHEETS = 99
"""Numbers that are kept for cover sheet and form: service lines and notes of that many sheets are nobody's request."""

_INSET = 0.2
"""Dots by which a document's picture is drawn smaller than its box: it is rounded outwards to whole dots, and so to just those
that it has."""


class Paper(Frozen):
    """A clinical document whose bytes were checked."""

    kind: str
    content: bytes


class Packet(Frozen):
    """What can be sent. Pages of ``pdf`` and ``tiff`` are the same."""

    pdf: bytes
    tiff: bytes
    pages: int
    reference: str
    form: str = ""
    """Name of the form in it; "" for a test page."""
    empty_fields: tuple[str, ...] = ()
    """Fields of the form that the request does not fill: section and label, no values."""

    def outgoing(self, *, tag: str, number: str, to_name: str = "") -> OutgoingFax:
        """As a line takes it."""
        return OutgoingFax(tag=tag, number=number, pdf=self.pdf, tiff=self.tiff, pages=self.pages, to_name=to_name)


def build_packet(
    request: AuthRequest,
    *,
    form: Form,
    to: Addressee,
    sender: Sender,
    reference: str,
    today: date,
    papers: Sequence[Paper] | None = None,
    bounds: Bounds | None = None,
) -> Packet:
    """The packet of one request. ``papers`` are the request's own documents unless they are given.

    Raises `SenderUnknown`, `FormIncomplete`, `NotPrintable`, `DocumentNotFaxable`, `PacketTooLong`, `PacketUnreadable`; then
    nothing may be queued. ``ValueError`` for a reference that no bar code carries.
    """
    _check_sender(sender)
    papers = read_papers(request.attachments) if papers is None else papers
    facts = Facts(request=request, sender=sender, to=to, today=today, reference=reference, documents=len(papers))
    gaps = find_gaps(form, facts)
    if gaps.required:
        raise FormIncomplete(form=form.title, fields="; ".join(gaps.required))
    _check_characters(form, facts)
    drawn = [page for number, paper in enumerate(papers, 1) for page in _drawn(number, paper, bounds or Bounds())]
    facts = replace(facts, document_pages=len(drawn))
    if len(drawn) > MOST_PAGES - _MOST_SHEETS:
        raise PacketTooLong(pages=str(len(drawn)), most=str(MOST_PAGES - _MOST_SHEETS))
    pdf, sheets = draw_packet(form, facts)
    packet = _checked(_with_documents(pdf, sheets, drawn), reference, sheets + len(drawn))
    return replace(packet, form=form.name, empty_fields=gaps.optional)


def build_test_page(*, to: Addressee, sender: Sender, reference: str, today: date) -> Packet:
    """One page without anything of a patient, by which a new number of a desk is tried (`jobs.fax_directory`).

    Raises `SenderUnknown`, `PacketUnreadable`.
    """
    _check_sender(sender)
    pdf, pages = draw_sheets(
        lambda _total: trial_story(to, sender, reference, today), Sheets(reference=reference, sender=sender.name), pages_after=0
    )
    return _checked(pdf, reference, pages)


# --- what could stop it ----------------------------------------------------------------------------------------------


def read_papers(attachments: Iterable[Attachment]) -> tuple[Paper, ...]:
    """The documents of a request as they are on the disk now, each the very bytes that intake checked.

    Raises `DocumentNotFaxable` for one that is gone, changed, damaged, protected, or of a kind that has no pages to draw.
    """
    return tuple(_read(number, attachment) for number, attachment in enumerate(attachments, 1))


def _read(number: int, attachment: Attachment) -> Paper:
    try:
        content = _bytes_of(attachment)
        check_size(len(content))
        kind = kind_of_paper(content)
        if kind == "pdf":
            pdf_pages(content)
    except DocumentRefused as refused:
        reason, _, mend = refused.reason.partition("; ")
        raise DocumentNotFaxable(number=str(number), reason=reason, mend=mend[:1].upper() + mend[1:]) from None
    if kind in ("doc", "docx"):
        raise DocumentNotFaxable(
            number=str(number), reason="is a Word file, which looks different on every computer", mend="Save it as a PDF"
        )
    return Paper(kind=kind, content=content)


def _bytes_of(attachment: Attachment) -> bytes:
    try:
        with Path(attachment.path).open("rb") as file:
            content = file.read(attachment.size + 1)  # no more than was checked, whatever lies there now
    except (OSError, ValueError):
        raise DocumentRefused("document_missing", "is not there any more; put it back where it was") from None
    if hashlib.sha256(content).hexdigest() != attachment.sha256:
        raise DocumentRefused("document_changed", "is not the file any more that was checked; put the right one back") from None
    return content


def _check_sender(sender: Sender) -> None:
    needed = {"practice.name": sender.name, "practice.contact_phone": sender.phone}
    if empty := [key for key, value in needed.items() if not value.strip()]:
        raise SenderUnknown(keys=", ".join(empty))


def _check_characters(form: Form, facts: Facts) -> None:
    """Nothing of a request may turn into empty boxes on paper."""
    wrong = [where for where, text in _texts(form, facts) if not can_print(printable(text))]
    if wrong:
        raise NotPrintable(form=form.title, fields="; ".join(dict.fromkeys(wrong)))


def _texts(form: Form, facts: Facts) -> Iterator[tuple[str, str]]:
    """Everything of the request that the form shows, with the place where it stands."""
    for section in form.sections:
        for field in section.fields:
            if field.value:
                yield f"{section.title}, {field.label}", value_of(field.value, facts)
        for column in section.lines:
            for line in facts.request.lines:
                yield f"{section.title}, {column.label}", line_value(column.value, line, facts)
    for name, text in other_answers(form, facts.request).items():
        yield "answers", name + text


def _drawn(number: int, paper: Paper, bounds: Bounds) -> list[bytes]:
    return draw_document(number, paper.kind, paper.content, bounds)


# --- the finished pages ----------------------------------------------------------------------------------------------


def _with_documents(pdf: bytes, sheets: int, drawn: Sequence[bytes]) -> bytes:
    """The pages of the documents, put dot by dot on the sheets that are empty but for their band."""
    import pikepdf

    if not drawn:
        return pdf
    left, bottom = points_across(MARGIN + _INSET), from_bottom(BOX_BOTTOM - _INSET)
    wide, high = points_across(BOX_WIDTH - 2 * _INSET), points_down(BOX_HEIGHT - 2 * _INSET)
    place = f"q {wide:.5f} 0 0 {high:.5f} {left:.5f} {bottom:.5f} cm /Paper Do Q".encode()
    kept = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as packet:
        for page, tiff in zip(list(packet.pages)[sheets:], drawn, strict=True):
            dots, black_is_1 = group4(read_tiff(tiff)[0])
            picture = pikepdf.Stream(
                packet,
                dots,
                Type=pikepdf.Name.XObject,
                Subtype=pikepdf.Name.Image,
                Width=BOX_WIDTH,
                Height=BOX_HEIGHT,
                ColorSpace=pikepdf.Name.DeviceGray,
                BitsPerComponent=1,
                Filter=pikepdf.Name.CCITTFaxDecode,
                DecodeParms=pikepdf.Dictionary(K=-1, Columns=BOX_WIDTH, Rows=BOX_HEIGHT, BlackIs1=black_is_1),
            )
            page.add_resource(picture, pikepdf.Name.XObject, pikepdf.Name("/Paper"))
            page.contents_add(place)
        packet.save(kept, deterministic_id=True)
    return kept.getvalue()


def _checked(pdf: bytes, reference: str, pages: int) -> Packet:
    """The packet, once every page as the line carries it says by its bar code what it is. Raises `PacketUnreadable`."""
    bits = page_bits(pdf)
    tiff = to_tiff(bits)
    wrong = [page for page, carried in enumerate(read_tiff(tiff), 1) if not _says(carried, reference, page, pages)]
    if wrong or len(bits) != pages:
        raise PacketUnreadable(pages=", ".join(map(str, wrong)) or f"{len(bits)} of {pages}")
    return Packet(pdf=pdf, tiff=tiff, pages=pages, reference=reference)


def _says(page: Image, reference: str, number: int, pages: int) -> bool:
    """Exactly our one mark. A document may carry a mark too, of a fax that is sent on: it must not be taken for this one's."""
    band = page.crop((0, 0, page.width, BOX_TOP))
    return read_marks(band) == {PageMark(reference=reference, page=number, pages=pages)}
