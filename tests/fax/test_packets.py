"""A packet: one fax a request, every page numbered and marked, readable after the line, and nothing of the request lost."""

from __future__ import annotations

import io
import re

import pypdfium2
import pytest
from fax_help import DESK, SENDER, TODAY, build, lines_page, make_request, pdf_of
from PIL import Image

import bots.fax.sheet
from bots.fax.barcode import PageMark, parse_mark, read_marks
from bots.fax.form_layout import load_form
from bots.fax.geometry import BOX_BOTTOM, BOX_TOP, BOX_WIDTH, DOTS_PER_INCH, HEIGHT, MARGIN, WIDTH
from bots.fax.packet import Paper, Sender, build_test_page
from bots.fax.packet_errors import FormIncomplete, NotPrintable, PacketTooLong, PacketUnreadable, SenderUnknown
from bots.fax.raster_worker import Bounds, Drawn, Task, draw
from bots.fax.render import page_bits, read_tiff
from bots.model import AuthRequest


def texts(pdf: bytes) -> list[str]:
    """The words on each page, white space made one."""
    document = pypdfium2.PdfDocument(pdf)
    found = [" ".join(page.get_textpage().get_text_range().split()) for page in document]
    document.close()
    return found


def bare(text: str) -> str:
    """Without the white space that a line's end brings in."""
    return re.sub(r"\s", "", text)


# --- what a line carries -----------------------------------------------------------------------------------------------


def test_every_page_of_every_form_reads_back_as_what_it_is(packet_of, form_name):
    packet = packet_of(form_name)
    marks = [read_marks(page) for page in read_tiff(packet.tiff)]
    assert marks == [{PageMark(reference="SYN-1", page=n, pages=packet.pages)} for n in range(1, packet.pages + 1)]
    assert packet.pages >= 3, "cover sheet, form, document"


def test_every_page_reads_back_at_half_the_lines_too(packet_of, form_name):
    """A line that falls back to 204 x 98 leaves out every second row of dots."""
    for number, page in enumerate(read_tiff(packet_of(form_name).tiff), 1):
        lost = page.resize((WIDTH, HEIGHT // 2), Image.Resampling.NEAREST)
        assert {mark.page for mark in read_marks(lost)} == {number}


def test_a_page_that_comes_out_upside_down_is_known_again(packet_of):
    page = read_tiff(packet_of("chnct_outpatient").tiff)[1]
    assert {mark.page for mark in read_marks(page.rotate(180))} == {2}


def test_pages_are_what_a_fax_line_carries(packet_of, form_name):
    packet = packet_of(form_name)
    with Image.open(io.BytesIO(packet.tiff)) as tiff:
        assert tiff.n_frames == packet.pages
        for frame in range(packet.pages):
            tiff.seek(frame)
            assert (tiff.size, tiff.mode, tiff.info["compression"]) == ((WIDTH, HEIGHT), "1", "group4")
            assert tuple(round(float(each)) for each in tiff.info["dpi"]) == DOTS_PER_INCH
            assert len(tiff.tag_v2[273]) == 1, "one strip a page"


def test_pdf_and_tiff_are_the_same_pages(packet_of):
    packet = packet_of("chnct_outpatient")
    assert [page.tobytes() for page in page_bits(packet.pdf)] == [page.tobytes() for page in read_tiff(packet.tiff)]
    fax = packet.outgoing(tag="F1", number="203-555-0190", to_name="Sample desk")
    assert (fax.pages, fax.pdf, fax.tiff) == (packet.pages, packet.pdf, packet.tiff)


def test_a_document_is_carried_dot_by_dot(packet_of):
    packet = packet_of("chnct_outpatient")
    drawn = draw(Task(kind="pdf", content=pdf_of(lines_page()), bounds=Bounds()))
    carried = read_tiff(packet.tiff)[-1].crop((MARGIN, BOX_TOP, MARGIN + BOX_WIDTH, BOX_BOTTOM))
    assert carried.tobytes() == read_tiff(drawn.pages[0])[0].tobytes()
    assert carried.getextrema() == (0, 255)


def test_a_page_that_does_not_read_back_is_an_error_and_no_packet(monkeypatch):
    real = bots.fax.sheet.draw_mark

    def with_one_page_wrong(canvas, mark, sender):
        real(canvas, PageMark(reference="OTHER", page=2, pages=3) if mark.page == 2 else mark, sender)

    monkeypatch.setattr(bots.fax.sheet, "draw_mark", with_one_page_wrong)
    with pytest.raises(PacketUnreadable) as failed:
        build()
    assert "page 2 " in failed.value.sentence


def test_a_page_of_another_fax_as_document_is_not_taken_for_ours(packet_of):
    """A fax that came back is sent on as a document: its bar code is smaller, in the box, and not in our band."""
    old = io.BytesIO()
    read_tiff(packet_of("chnct_inpatient").tiff)[0].save(old, "TIFF", compression="group4", dpi=DOTS_PER_INCH)
    packet = build(papers=(Paper(kind="tif", content=old.getvalue()),))
    assert packet.pages == 3


@pytest.mark.parametrize("text", ["PB:SYN-1:0/3", "PB:SYN-1:4/3", "PB::1/3", "SYN-1", "PB:SYN 1:1/3", "PB:SYN-1:1/1000"])
def test_other_bar_codes_are_none_of_ours(text):
    assert parse_mark(text) is None


@pytest.mark.parametrize("reference", ["", "SYN 1", "-SYN", "A" * 21, "Zoë"])
def test_a_reference_that_no_bar_code_carries_is_refused(reference):
    with pytest.raises(ValueError, match="a reference is"):
        build(reference=reference, papers=())


def test_the_longest_reference_and_the_greatest_numbers_read_back(monkeypatch):
    """As many bars as there can be."""
    import bots.fax.packet as packets

    monkeypatch.setattr(packets, "MOST_PAGES", 999)
    mark = PageMark(reference="M" * 20, page=999, pages=999)
    sheets = bots.fax.sheet.Sheets(reference=mark.reference, sender="Sample Practice of Internal Medicine and Others of Hartford")
    real = bots.fax.sheet.draw_mark
    monkeypatch.setattr(bots.fax.sheet, "draw_mark", lambda canvas, _mark, sender: real(canvas, mark, sender))
    pdf, _ = bots.fax.sheet.draw_sheets(lambda _total: [], sheets, pages_after=1)
    assert read_marks(page_bits(pdf)[-1]) == {mark}


# --- what it says --------------------------------------------------------------------------------------------------------


def test_the_cover_sheet_names_both_sides_the_pages_and_nothing_of_the_patient(packet_of, form_name):
    packet = packet_of(form_name)
    cover = texts(packet.pdf)[0]
    counted = f"{packet.pages}, with this cover sheet"
    for part in (DESK.desk, DESK.payer, DESK.number, SENDER.name, SENDER.phone, counted, "CONFIDENTIAL"):
        assert part in cover
    for secret in ("Testmaple", "Ingeborg", "004561237", "03/09/1971", "R26.2", "E0143", "Samplinib", "unsteady", "Sampledoc"):
        assert bare(secret) not in bare(cover), secret


def test_the_form_says_all_that_the_request_says(packet_of, form_name):
    pages = texts(packet_of(form_name).pdf)
    form = bare(" ".join(pages[1:]))
    said = ["Testmaple, Ingeborg", "004561237", "03/09/1971", "Sampledoc", "1234567893", "203-555-0142", "Ada Testattester"]
    said += ["R26.2, M62.81", "E0143", "NU", "7", "E0971", "12/01/2026", "01/24/2027", "12/03/2026", "01/20/2027"]
    said += ["Gait is unsteady.", "sample answer"]
    assert [part for part in said if bare(part) not in form] == []
    assert bare(load_form(form_name).title) in form


def test_each_page_says_which_of_how_many_it_is(packet_of, form_name):
    packet = packet_of(form_name)
    assert all(f"Page {n} of {packet.pages}" in text for n, text in enumerate(texts(packet.pdf), 1))


def test_an_urgent_request_says_so_on_its_cover_sheet(packet_of):
    assert "URGENT" in texts(packet_of("part_d_coverage_determination").pdf)[0]
    assert "URGENT" not in texts(packet_of("chnct_outpatient").pdf)[0]


def test_long_notes_flow_on_and_nothing_is_cut():
    notes = "\n".join(
        f"Visit {n}: <b>gait</b> & balance {'x' * 200 if n == 7 else 'unchanged'}, note {n} ends." for n in range(150)
    )
    pages = texts(build(request=make_request(notes=notes), papers=()).pdf)
    whole = bare("".join(pages))
    # What stands on top of each page comes between the lines of two pages.
    assert [n for n in range(150) if bare(f"Visit {n}: <b>gait</b> & balance") not in whole] == []
    assert [n for n in range(150) if bare(f"note {n} ends.") not in whole] == []
    assert "x" * 200 in whole
    assert len(pages) >= 5
    assert all("(continued)" in page and "Testmaple" in page for page in pages[2:])


def test_a_hundred_service_lines_are_all_there_with_their_headings_on_each_page():
    lines = [
        {"service_code": f"E{n:04}", "units": "1", "from_date": "2026-12-01", "to_date": "2026-12-31"} for n in range(100, 200)
    ]
    pages = texts(build(request=make_request(lines=lines), papers=()).pdf)
    assert [n for n in range(100, 200) if f"E{n:04}" not in " ".join(pages)] == []
    assert sum("Modifiers" in page for page in pages) >= 3


def test_letters_with_accents_are_printed_and_others_are_refused_by_field():
    accents = {"id": "1", "dob": "1971-03-09", "last_name": "Müller-Señá", "first_name": "Zoé"}
    assert bare("Müller-Señá, Zoé") in bare(texts(build(request=make_request(member=accents), papers=()).pdf)[1])
    with pytest.raises(NotPrintable) as refused:
        build(request=make_request(member=accents | {"first_name": "志明"}), papers=())
    assert "Member, Name (last, first)" in refused.value.sentence
    assert "志明" not in refused.value.sentence + str(refused.value)


# --- what the request does not say ------------------------------------------------------------------------------------------


def test_what_the_request_does_not_carry_stays_empty_and_is_listed(packet_of):
    empty = packet_of("massachusetts_prior_auth").empty_fields
    assert "Member, Phone" in empty
    assert not [field for field in empty if "Name" in field]
    filled = make_request("massachusetts_prior_auth", answers={"member_phone": "203-555-0177"})
    packet = build("massachusetts_prior_auth", filled)
    assert "Member, Phone" not in packet.empty_fields
    assert "203-555-0177" in texts(packet.pdf)[1]


@pytest.mark.parametrize(
    ("form", "changes", "field"),
    [
        ("chnct_outpatient", {"diagnosis_codes": []}, "Diagnosis and services, Diagnosis codes (ICD-10)"),
        ("chnct_inpatient", {"facility": {}}, "Providers, Facility"),
        ("chnct_home_health", {"servicing": {"name": "Sample Supplies"}}, "Agency and physician, NPI of the agency"),
        ("carepartners_inpatient_notification", {"admission_date": None}, "Admission, Admission date"),
        ("carepartners_referral", {"servicing_in_network": "unknown"}, "Referred to, Network"),
        ("part_d_coverage_determination", {"drug": {"name": "Samplinib"}}, "Drug, Strength"),
        ("part_d_coverage_determination", {"attested_by": ""}, "Expedited review, Prescriber's statement"),
    ],
)
def test_a_form_without_what_the_payer_requires_is_a_persons_before_anything_is_drawn(monkeypatch, form, changes, field):
    monkeypatch.setattr("bots.fax.packet.draw_document", lambda *_: pytest.fail("nothing may be drawn"))
    with pytest.raises(FormIncomplete) as missing:
        build(form, make_request(form, **changes))
    assert field in missing.value.sentence
    assert "Nothing was faxed." in missing.value.sentence


def test_documents_that_a_payer_wants_are_required():
    with pytest.raises(FormIncomplete, match="Clinical documents"):
        build("massachusetts_prior_auth", papers=())


def test_no_statement_is_ticked_that_nobody_attests():
    from bots.fax.form_layout import find_gaps
    from bots.fax.form_values import Facts

    def gaps(**changes: str) -> tuple[str, ...]:
        asked: AuthRequest = make_request("part_d_coverage_determination", **changes)
        facts = Facts(request=asked, sender=SENDER, to=DESK, today=TODAY, reference="R")
        found = find_gaps(load_form("part_d_coverage_determination"), facts)
        return found.required + found.optional

    statement = "Expedited review, Prescriber's statement"
    assert statement in gaps(attested_by="")
    assert statement in gaps(urgency="standard"), "a standard request states nothing"
    assert statement not in gaps()


@pytest.mark.parametrize(
    ("sender", "key"), [(Sender(phone="203-555-0100"), "practice.name"), (Sender(name="S"), "contact_phone")]
)
def test_without_the_practices_own_name_and_phone_nothing_is_faxed(sender, key):
    with pytest.raises(SenderUnknown) as missing:
        build(sender=sender)
    assert key in missing.value.sentence


def test_more_pages_than_can_be_numbered_are_a_persons_choice(monkeypatch):
    blank = draw(Task(kind="pdf", content=pdf_of(b""), bounds=Bounds())).pages
    monkeypatch.setattr("bots.fax.packet.draw_document", lambda *_: Drawn(pages=blank * 901).pages)
    with pytest.raises(PacketTooLong):
        build()


def test_a_test_page_is_one_page_and_asks_for_a_call():
    page = build_test_page(to=DESK, sender=SENDER, reference="T17", today=TODAY)
    (text,) = texts(page.pdf)
    assert page.pages == 1
    assert {mark.text for mark in read_marks(read_tiff(page.tiff)[0])} == {"PB:T17:1/1"}
    for part in ("TEST PAGE", DESK.number, DESK.desk, SENDER.phone):
        assert part in text
