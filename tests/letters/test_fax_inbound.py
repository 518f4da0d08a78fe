"""Whatever arrives as a fax becomes pages to look at, or is refused with a word that says why; nothing is taken for less."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from bots.fax import inbound
from bots.fax.barcode import PageMark, read_marks
from bots.fax.clean import bad_columns, bad_rows, is_crossed, without_specks, without_strokes
from bots.fax.inbound import FaxUnreadable, open_fax
from bots.fax.straighten import is_blank, skew_of, turned
from fixtures.fax_letters.line import fax_pages, tiff
from fixtures.fax_letters.make import LAYOUTS

SAMPLES = Path(__file__).parents[2] / "fixtures" / "samples" / "documents"


def page(width: int = 1728, height: int = 2156, lines: int = 30) -> Image.Image:
    """Something like a page of text: rows of short strokes."""
    picture = Image.new("1", (width, height), 1)
    draw = ImageDraw.Draw(picture)
    for line in range(lines):
        for word in range(12):
            left, top = 200 + word * 100, 200 + line * 50
            draw.rectangle((left, top, left + 60, top + 14), outline=0, width=3)
    return picture


def fax(*pages: Image.Image, rows: int = 196) -> bytes:
    return tiff(list(pages), rows)


def code_of(content: bytes) -> str:
    with pytest.raises(FaxUnreadable) as refused:
        open_fax(content)
    assert "Nothing was read from it" in refused.value.sentence
    return refused.value.code


def test_a_standard_fax_is_stretched_to_square_dots() -> None:
    fine, standard = open_fax(fax(page())), open_fax(fax(page(height=1078), rows=98))
    assert fine[0].picture.size == standard[0].picture.size == (1728, 2244)
    assert (fine[0].rows_per_inch, standard[0].rows_per_inch) == (196, 98)


def test_every_page_of_a_pdf_is_drawn_too(letter_pdf: bytes) -> None:
    pages = open_fax(letter_pdf)
    assert len(pages) == 2
    assert all(not is_blank(each.picture) for each in pages)


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.9, 0.995])
def test_a_tiff_that_is_cut_off_anywhere_is_refused_as_a_whole(share: float) -> None:
    whole = fax(page(), page())
    assert code_of(whole[: int(len(whole) * share)]) == "cut_off"


def test_other_files_are_no_faxes() -> None:
    assert code_of(b"") == "empty"
    assert code_of(b"PK\x03\x04 and so on") == "no_fax"
    assert code_of(b"%PDF-1.7 and then nothing") == "cut_off"
    assert code_of((SAMPLES / "protected.pdf").read_bytes()) == "encrypted"


def test_a_fax_of_500_pages_is_refused_before_they_are_all_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    small = Image.new("1", (400, 500), 1)
    assert code_of(fax(*[small] * 500)) == "too_many_pages"


def test_a_page_of_a_billion_dots_is_refused_before_it_is_decoded() -> None:
    whole = bytearray(fax(page()))
    at = struct.unpack_from("<I", whole, 4)[0]
    for entry in range(struct.unpack_from("<H", whole, at)[0]):
        tag, kind = struct.unpack_from("<HH", whole, at + 2 + entry * 12)
        if tag in (256, 257):
            struct.pack_into("<I" if kind == 4 else "<H", whole, at + 10 + entry * 12, 60_000)
    assert code_of(bytes(whole)) == "page_too_large"


def pdf_of(page: str, stream: bytes = b"") -> bytes:
    parts = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R {page} /Contents 4 0 R >>".encode(),
        b"<< /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
    ]
    out = io.BytesIO(b"%PDF-1.4\n")
    out.seek(0, io.SEEK_END)
    starts = []
    for number, part in enumerate(parts, 1):
        starts.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, part))
    xref = out.tell()
    rows = b"".join(b"%010d 00000 n \n" % start for start in starts)
    out.write(b"xref\n0 5\n0000000000 65535 f \n%strailer\n<< /Size 5 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (rows, xref))
    return out.getvalue()


def test_a_pdf_with_a_page_as_large_as_a_house_is_refused() -> None:
    assert code_of(pdf_of("/MediaBox [0 0 14000 14000]", zlib.compress(b" "))) == "page_too_large"


def test_a_pdf_larger_than_a_pipe_holds_arrives_whole() -> None:
    large = pdf_of("/MediaBox [0 0 612 792]", zlib.compress(b"%" + b"x" * 2_000_000, 0))
    assert len(large) > 2_000_000
    assert len(open_fax(large)) == 1


def test_a_pdf_bomb_is_ended_when_it_takes_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbound, "PDF_MEGABYTES", 90.0)
    packer = zlib.compressobj(1)
    bomb = b"".join(packer.compress(b"0 0 m " * 400_000) for _ in range(40)) + packer.flush()
    assert len(bomb) < 500_000
    assert len(open_fax(pdf_of("/MediaBox [0 0 612 792]", zlib.compress(b"0 0 m ")))) == 1
    assert code_of(pdf_of("/MediaBox [0 0 612 792]", bomb)) == "bomb"


@pytest.mark.parametrize("degrees", [-2.4, -0.7, 0.0, 1.5])
def test_skew_is_measured_and_taken_out(degrees: float) -> None:
    skewed = page().convert("L").rotate(degrees, fillcolor=255)
    assert skew_of(skewed) == pytest.approx(-degrees, abs=0.16)
    assert abs(skew_of(turned(skewed, skew_of(skewed)))) <= 0.16


def test_single_dots_and_ruled_lines_are_taken_off_and_letters_stay() -> None:
    clean = page().convert("L")
    dirty = clean.copy()
    draw, random = ImageDraw.Draw(dirty), Random(3)
    for _ in range(4000):
        draw.point((random.randrange(100), random.randrange(2156)), 0)
    specks, left = (picture.crop((0, 0, 140, 2156)).histogram()[0] for picture in (dirty, without_specks(dirty)))
    assert left < specks / 10
    draw.rectangle((100, 1900, 1600, 1903), fill=0)
    draw.rectangle((1500, 100, 1502, 2000), fill=0)
    assert without_strokes(dirty).crop((110, 1890, 1490, 1910)).getextrema() == (255, 255)
    inside = (195, 195, 1400, 1400)
    assert without_strokes(clean).crop(inside).tobytes() == clean.crop(inside).tobytes()


def test_rows_and_columns_that_were_lost_are_known() -> None:
    random = Random(5)
    text = Image.new("L", (1728, 400), 255)
    draw = ImageDraw.Draw(text)
    for at in range(60):
        draw.line((100 + at * 24, 100, 100 + at * 24 + random.randint(3, 15), 130), fill=0, width=3)
    assert bad_rows(text) == bad_columns(text) == ()
    lost = text.copy()
    lost.paste(255, (0, 112, 1728, 114))
    assert bad_rows(lost) == ((112, 113),)
    repeated = text.copy()
    repeated.paste(text.crop((0, 110, 1728, 111)), (0, 111))
    assert (111, 111) in bad_rows(repeated)


def test_ink_that_runs_out_of_a_word_is_seen() -> None:
    paper = Image.new("L", (600, 200), 255)
    draw = ImageDraw.Draw(paper)
    draw.rectangle((100, 80, 200, 100), fill=0)
    assert not is_crossed(paper, (100, 80, 200, 100))
    draw.line((150, 40, 170, 160), fill=0, width=4)
    assert is_crossed(paper, (100, 80, 200, 100))
    assert is_crossed(Image.new("L", (600, 200), 255), (1, 80, 90, 100))


def test_a_bar_code_is_read_whichever_way_the_page_lies() -> None:
    import zxingcpp

    code = zxingcpp.create_barcode("PB:R-1:2/7", zxingcpp.BarcodeFormat.Code128)
    paper = Image.new("L", (1728, 2244), 255)
    paper.paste(Image.fromarray(np.array(zxingcpp.write_barcode_to_image(code, scale=3))), (300, 150))
    standard = paper.resize((1728, 1078)).point(lambda value: 255 * (value > 140)).resize(paper.size)
    for seen in (paper, paper.rotate(180), standard, standard.rotate(2, fillcolor=255)):
        assert read_marks(seen) == {PageMark(reference="R-1", page=2, pages=7)}


@pytest.fixture
def letter_pdf(build: Any) -> bytes:
    return LAYOUTS["husky"]["two_pages"](build()).pdf()


def test_the_simulated_line_gives_what_a_fax_machine_receives(letter_pdf: bytes) -> None:
    pages = fax_pages(letter_pdf, "clean", 98, Random(1))
    assert [each.size[0] for each in pages] == [1728, 1728]
    assert {each.mode for each in pages} == {"1"}
