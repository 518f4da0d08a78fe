"""A document is sent only when it is there, is what its name says, and a payer can open it."""

from __future__ import annotations

import hashlib
import io
import os
import zipfile

import pikepdf
import pytest

from jobs.documents import DocumentRefused, Documents, resolve_paths


def word_file() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("word/document.xml", "<w:document/>")
    return content.getvalue()


@pytest.fixture
def check(tmp_path):
    def check(content: bytes, name: str = "notes.pdf"):
        (tmp_path / name).write_bytes(content)
        return Documents(tmp_path).check(name)

    return check


def test_a_pdf_is_taken_with_pages_size_hash_and_full_path(check, pdf, tmp_path):
    content = pdf(3)
    found = check(content)
    assert (found.pages, found.size, found.path) == (3, len(content), str(tmp_path / "notes.pdf"))
    assert found.sha256 == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("scan.jpg", b"\xff\xd8\xff\xe0 picture"),
        ("scan.JPEG", b"\xff\xd8\xff\xe1 picture"),
        ("fax.tif", b"II*\0 picture"),
        ("fax.tiff", b"MM\0* picture"),
        ("letter.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 letter"),
        ("letter.docx", word_file()),
    ],
)
def test_the_other_types_that_portals_take_are_told_by_content(check, name, content):
    assert check(content, name).pages == 0


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("notes.pdf", b"", "document_empty"),
        ("notes.pdf", b"Patient seen today.", "document_type"),
        ("notes.txt", b"Patient seen today.", "document_type"),
        ("notes.pdf", b"%PDF-1.7\nnothing more", "document_damaged"),
        ("notes.pdf", b"\xff\xd8\xff\xe0 picture", "document_name"),
        ("notes.jpg", b"%PDF-1.7\nnothing more", "document_name"),
        ("notes.docx", b"PK\x03\x04 some archive", "document_type"),
        ("notes.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "document_encrypted"),
    ],
)
def test_what_no_payer_could_open_is_refused(check, name, content, code):
    with pytest.raises(DocumentRefused) as refused:
        check(content, name)
    assert refused.value.code == code


def test_a_cut_off_pdf_is_refused_and_not_repaired(check, pdf):
    """A repair would leave pages out."""
    with pytest.raises(DocumentRefused, match="document_damaged"):
        check(pdf(5)[:-40])


@pytest.mark.parametrize("password", ["secret", ""])
def test_a_protected_pdf_is_refused_even_when_it_opens_without_a_password(check, pdf, password):
    with pytest.raises(DocumentRefused, match="document_encrypted"):
        check(pdf(1, password))


def test_a_pdf_without_pages_is_refused(check, pdf):
    with pytest.raises(DocumentRefused, match="document_no_pages"):
        check(pdf(0))


def test_a_document_over_the_size_limit_is_refused_unread(tmp_path):
    with (tmp_path / "notes.pdf").open("wb") as file:
        file.truncate(25_000_001)
    with pytest.raises(DocumentRefused, match="document_too_large"):
        Documents(tmp_path).check("notes.pdf")


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("none.pdf", "document_missing"),
        ("nul\0.pdf", "document_missing"),
        (".", "document_not_a_file"),
        ("../notes.pdf", "document_outside"),
        ("a/../../notes.pdf", "document_outside"),
    ],
)
def test_a_path_that_leads_to_no_document_is_refused(tmp_path, path, code):
    with pytest.raises(DocumentRefused) as refused:
        Documents(tmp_path).check(path)
    assert refused.value.code == code


@pytest.mark.skipif(os.name == "nt", reason="not on this system: there such a path is absolute")
def test_a_path_of_a_windows_computer_is_refused_elsewhere(tmp_path):
    for path in ("C:\\scans\\notes.pdf", "\\\\server\\scans\\notes.pdf"):
        with pytest.raises(DocumentRefused, match="document_missing"):
            Documents(tmp_path).check(path)


def test_paths_are_relative_to_the_folder_with_either_slash_or_absolute(tmp_path, pdf):
    (tmp_path / "scans").mkdir()
    (tmp_path / "scans" / "notes.pdf").write_bytes(pdf())
    documents = Documents(tmp_path)
    found = {
        documents.check(path).path for path in ("scans/notes.pdf", "scans\\notes.pdf", str(tmp_path / "scans" / "notes.pdf"))
    }
    assert found == {str(tmp_path / "scans" / "notes.pdf")}


def test_a_document_is_read_once_per_run_and_again_when_it_changed(tmp_path, pdf, monkeypatch):
    opened = []
    real = pikepdf.open
    monkeypatch.setattr(pikepdf, "open", lambda *a, **k: opened.append(1) or real(*a, **k))
    path = tmp_path / "notes.pdf"
    path.write_bytes(pdf(1))
    documents = Documents(tmp_path)
    documents.check("notes.pdf")
    documents.check(str(path))
    assert len(opened) == 1
    path.write_bytes(pdf(2))
    assert documents.check("notes.pdf").pages == 2


def test_every_unusable_document_of_a_row_is_named_by_its_place(take, good, tmp_path, pdf):
    (tmp_path / "smith.pdf").write_bytes(pdf())
    (tmp_path / "empty.pdf").write_bytes(b"")
    (row,) = take([good | {"attachments": "smith.pdf; none.pdf;empty.pdf"}]).rejected
    assert (row.column, row.code) == ("attachments", "document_missing")
    assert "document 2 is not there" in row.reason
    assert "document 3 is empty" in row.reason
    assert "none" not in row.reason


def test_resolved_paths_mean_the_same_from_another_folder(tmp_path):
    absolute = str(tmp_path / "b.pdf")
    assert resolve_paths(f"scans/a.pdf; {absolute}", str(tmp_path)) == f"{tmp_path / 'scans' / 'a.pdf'};{absolute}"
    assert resolve_paths("", str(tmp_path)) == ""
