"""Documents that cannot be faxed as they are stop the packet, each with one sentence, before anything is queued."""

from __future__ import annotations

import io
import zlib

import pikepdf
import pytest
from fax_help import ONE_PAGE, build, lines_page, make_request, pdf_of
from PIL import Image, ImageChops

from bots.fax import bounded
from bots.fax.geometry import BOX_HEIGHT, BOX_WIDTH
from bots.fax.packet import Paper, build_packet, read_papers
from bots.fax.packet_errors import DocumentNotFaxable
from bots.fax.raster_worker import Bounds, Drawn, Task, draw
from bots.fax.rasterize import draw_document
from bots.fax.render import read_tiff
from bots.model import Attachment


def drawn(content: bytes, kind: str = "pdf", **bounds: float) -> Drawn:
    return draw(Task(kind=kind, content=content, bounds=Bounds(**bounds)))


def page(content: bytes, kind: str = "pdf", number: int = 0) -> Image.Image:
    found = drawn(content, kind)
    assert found.reason == ""
    return read_tiff(found.pages[number])[0]


def ink(picture: Image.Image) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of what is black."""
    found = ImageChops.invert(picture.convert("L")).getbbox()
    assert found is not None
    return found


def refusal(attachments: list[dict[str, object]]) -> str:
    with pytest.raises(DocumentNotFaxable) as refused:
        read_papers(make_request(attachments=attachments).attachments)
    assert "Nothing was faxed." in refused.value.sentence
    return refused.value.sentence


# --- what is on the disk ---------------------------------------------------------------------------------------------------


def test_the_bytes_that_intake_checked_are_the_bytes_that_are_faxed(attach):
    good = attach(pdf_of(lines_page()))
    assert [paper.kind for paper in read_papers(make_request(attachments=[good]).attachments)] == ["pdf"]
    changed = attach(pdf_of(lines_page(2)), "other.pdf") | {"path": good["path"]}
    assert "Document 2 of this request is not the file any more" in refusal([good, changed])


def test_a_document_that_grew_is_not_read_to_its_end(attach, tmp_path):
    kept = attach(pdf_of(lines_page()))
    (tmp_path / "paper.pdf").write_bytes(pdf_of(lines_page()) + b" " * 5_000_000)
    assert "is not the file any more" in refusal([kept])


def test_a_document_that_is_gone_is_named_by_number_never_by_path(attach, tmp_path):
    kept = attach(pdf_of(lines_page()), "Ingeborg Testmaple.pdf")
    (tmp_path / "Ingeborg Testmaple.pdf").unlink()
    sentence = refusal([kept])
    assert sentence.startswith("Document 1 of this request is not there any more.")
    assert "Testmaple" not in sentence


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"Patient seen today.", "is no PDF"),
        (b"%PDF-1.7 and nothing more", "is a damaged PDF"),
        (pdf_of(lines_page(), lines_page())[:-60], "is a damaged PDF"),
        (pdf_of(), "without pages"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 letter", "is a Word file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "protected by a password"),
    ],
)
def test_what_has_no_pages_to_draw_is_refused_when_it_is_read(attach, content, said):
    sentence = refusal([attach(content)])
    assert said in sentence
    assert sentence.count(". ") == 2, "what happened, what was not done, what to do"


@pytest.mark.parametrize("password", ["secret", ""])
def test_a_protected_pdf_is_refused(attach, password):
    kept = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf_of(lines_page()))) as pdf:
        pdf.save(kept, encryption=pikepdf.Encryption(user=password, owner="owner"))
    assert "protected by a password" in refusal([attach(kept.getvalue())])


def test_a_packet_is_not_begun_with_a_document_that_is_refused(attach):
    from fax_help import DESK, SENDER, TODAY

    from bots.fax.form_layout import load_form

    asked = make_request(attachments=[attach(b"Patient seen today.")])
    with pytest.raises(DocumentNotFaxable):
        build_packet(asked, form=load_form("chnct_outpatient"), to=DESK, sender=SENDER, reference="SYN-1", today=TODAY)


# --- bombs -----------------------------------------------------------------------------------------------------------------


def with_picture(width: int, height: int) -> bytes:
    pdf = pikepdf.open(io.BytesIO(pdf_of(b"q 600 0 0 700 0 0 cm /Bomb Do Q")))
    data = zlib.compress(b"\0" * 1000)
    bomb = pikepdf.Stream(
        pdf, data, Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Image, Width=width, Height=height,
        ColorSpace=pikepdf.Name.DeviceGray, BitsPerComponent=8, Filter=pikepdf.Name.FlateDecode,
    )  # fmt: skip
    pdf.pages[0].add_resource(bomb, pikepdf.Name.XObject, pikepdf.Name("/Bomb"))
    kept = io.BytesIO()
    pdf.save(kept)
    return kept.getvalue()


def unpacking_to(megabytes: int) -> bytes:
    """A page whose content is a few kilobytes that unpack to very many: comments, which draw nothing."""
    pdf = pikepdf.open(io.BytesIO(pdf_of(b"")))
    packer = zlib.compressobj(9)
    line = b"%" + b"x" * 1022 + b"\n"
    data = b"".join(packer.compress(line * 1024) for _ in range(megabytes)) + packer.flush()
    pdf.pages[0].Contents = pikepdf.Stream(pdf, data, Filter=pikepdf.Name.FlateDecode)
    kept = io.BytesIO()
    pdf.save(kept, compress_streams=False)
    return kept.getvalue()


def test_more_pages_than_anybody_faxes_are_a_persons_choice():
    assert drawn(pdf_of(*[b""] * 4), pages=3).reason == "has more than 3 pages"
    assert len(drawn(pdf_of(*[b""] * 3), pages=3).pages) == 3


@pytest.mark.parametrize(
    ("size", "said"), [((14_400, 14_400), "longer than 24 inches"), ((300, 20), "smaller than half an inch")]
)
def test_pages_that_nobody_could_read_on_a_fax_are_refused(size, said):
    assert said in drawn(pdf_of(b"", size=size)).reason


def test_a_picture_that_unpacks_to_thousands_of_millions_of_dots_is_refused_before_it_is_unpacked():
    assert "too large to be unpacked" in drawn(with_picture(60_000, 60_000)).reason
    assert drawn(with_picture(100, 10)).reason == ""


def test_a_picture_file_of_that_size_is_refused_too(picture):
    assert "too large to be unpacked" in drawn(picture((400, 400)), "jpg", picture_dots=100_000).reason


def test_drawing_ends_with_the_memory_that_it_may_take(monkeypatch):
    looked: list[float] = []
    real = bounded._megabytes
    monkeypatch.setattr(bounded, "_megabytes", lambda pid: looked.append(real(pid)) or looked[-1])
    with pytest.raises(DocumentNotFaxable, match="too much time or memory"):
        draw_document(1, "pdf", unpacking_to(60), Bounds(megabytes=60))
    assert looked[-1] > 60


def test_a_document_larger_than_a_pipe_holds_arrives_whole(picture):
    large = picture((1200, 1000), "TIFF", shade=255)
    assert len(large) > 1_000_000
    assert draw_document(1, "tif", large, Bounds()) == drawn(large, "tif").pages


def test_drawing_ends_with_the_time_that_it_may_take():
    with pytest.raises(DocumentNotFaxable) as refused:
        draw_document(3, "pdf", pdf_of(b""), Bounds(seconds=0))
    assert refused.value.sentence.startswith("Document 3 of this request takes too much time")


def test_the_process_that_draws_is_not_told_the_key(monkeypatch):
    monkeypatch.setenv("PRIORBOT_KEY", "sample")
    monkeypatch.setenv("PRIORBOT_HOME", "sample")
    assert "PATH" in bounded.environment()
    assert not [name for name in bounded.environment() if name.startswith("PRIORBOT")]


def test_a_crash_of_what_draws_is_a_damaged_document(monkeypatch):
    monkeypatch.setattr("bots.fax.rasterize._MODULE", "this")  # ends at once and answers something else
    with pytest.raises(DocumentNotFaxable, match="crash"):
        draw_document(1, "pdf", pdf_of(b""), Bounds())


@pytest.mark.parametrize("kind", ["pdf", "jpg", "tif"])
def test_garbage_under_a_right_beginning_is_damaged(kind):
    start = {"pdf": b"%PDF-1.4\n", "jpg": b"\xff\xd8\xff\xe0", "tif": b"II*\0\x08\0\0\0"}[kind]
    assert "damaged" in drawn(start + bytes(range(256)) * 40, kind).reason


def test_a_picture_that_was_cut_off_is_damaged(picture):
    whole = picture((600, 800), shade=90)
    assert "damaged" in drawn(whole[: len(whole) // 2], "jpg").reason
    tiff = picture((600, 800), "TIFF", shade=90)
    assert "damaged" in drawn(tiff[: len(tiff) // 3], "tif").reason


# --- what is drawn ---------------------------------------------------------------------------------------------------------


def test_pages_of_all_documents_follow_in_their_order(picture):
    many = io.BytesIO()
    frames = [Image.new("L", (170, 220), shade) for shade in (0, 255)]
    frames[0].save(many, "TIFF", save_all=True, append_images=frames[1:])
    packet = build(papers=(Paper(kind="tif", content=many.getvalue()), *ONE_PAGE))
    black, white, lines = read_tiff(packet.tiff)[-3:]
    dark = [sum(each.histogram()[:1]) for each in (black, white, lines)]
    assert dark[0] > dark[2] > dark[1]


def test_a_page_that_is_wider_than_high_is_turned():
    wide = pdf_of(b"0 g 0 0 792 20 re f", size=(792, 612))  # a bar along the lower edge
    left, top, right, bottom = ink(page(wide))
    assert bottom - top > 0.9 * BOX_HEIGHT * 612 / 792
    assert right - left < BOX_WIDTH * 0.1


def test_what_was_filled_into_a_forms_fields_is_drawn():
    pdf = pikepdf.open(io.BytesIO(pdf_of(b"")))
    look = pikepdf.Stream(pdf, b"0 g 0 0 200 20 re f", Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Form, BBox=[0, 0, 200, 20])
    field = pdf.make_indirect(
        pikepdf.Dictionary(
            Type=pikepdf.Name.Annot,
            Subtype=pikepdf.Name.Widget,
            FT=pikepdf.Name.Tx,
            T="name",
            V="Sample",
            F=4,
            Rect=[100, 500, 300, 520],
            AP=pikepdf.Dictionary(N=look),
        )
    )
    pdf.pages[0].Annots = pdf.make_indirect(pikepdf.Array([field]))
    pdf.Root.AcroForm = pikepdf.Dictionary(Fields=[field])
    kept = io.BytesIO()
    pdf.save(kept)
    left, _, right, _ = ink(page(kept.getvalue()))
    assert right - left > 300


def test_light_grey_print_stays_and_grey_pictures_keep_their_shades():
    print_only = page(pdf_of(b"0.7 G 1 w 72 400 m 540 400 l S 72 300 m 540 300 l S"))
    assert ink(print_only)[2] - ink(print_only)[0] > 1000
    shades = page(pdf_of(b"0.3 g 72 100 468 300 re f 0.7 g 72 400 468 300 re f"))
    upper = shades.crop((300, 400, 1300, 800)).convert("L").resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
    lower = shades.crop((300, 1100, 1300, 1500)).convert("L").resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
    assert 20 < lower < upper < 240


def test_a_fax_that_was_received_keeps_its_shape():
    """204 x 98: its dots are twice as high as wide."""
    kept = io.BytesIO()
    Image.new("1", (1728, 1078), 0).save(kept, "TIFF", compression="group4", dpi=(204, 98))
    left, top, right, bottom = ink(page(kept.getvalue(), "tif"))
    assert (right - left) / (bottom - top) == pytest.approx(1728 / 204 / 11 * 204 / 196, rel=0.02)


def test_a_photograph_lies_as_it_was_taken(picture):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    kept = io.BytesIO()
    image = Image.new("L", (1100, 850), 255)
    image.paste(0, (0, 0, 60, 850))  # left edge as stored, top edge as taken
    image.save(kept, "JPEG", exif=exif)
    left, top, right, bottom = ink(page(kept.getvalue(), "jpg"))
    assert right - left > BOX_WIDTH * 0.7
    assert bottom - top < BOX_HEIGHT * 0.2
    assert top < 20


def test_attachments_keep_their_kind():
    with pytest.raises(DocumentNotFaxable):
        read_papers([Attachment(path="/nowhere/at/all.pdf", sha256="0" * 64, size=1)])
