"""Clinical documents by their bytes: what they are, and whether a payer can open them.

Intake asks this when a request comes in, the fax packet again before a page is drawn. The type is told by content, never by name.
Types and refusals: portals.md section 13 (Q32); the size limit is the largest that any of the portals is said to take.
"""

from __future__ import annotations

import io
import zipfile

MAX_BYTES = 25_000_000

_MAGIC = (
    (b"%PDF-", "pdf"),
    (b"\xff\xd8\xff", "jpg"),
    (b"II*\0", "tif"),
    (b"MM\0*", "tif"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "doc"),
    (b"PK\x03\x04", "zip"),
)
_ENCRYPTED_WORD = "EncryptedPackage".encode("utf-16-le")


class DocumentRefused(Exception):
    """Why a document cannot be sent. ``reason`` continues "document 1 ..." and names no path (a path can name a patient)."""

    def __init__(self, code: str, reason: str) -> None:
        self.code = code
        self.reason = reason
        super().__init__(code)


def check_size(size: int) -> None:
    """Raises `DocumentRefused` for a document that is empty or larger than any payer takes."""
    if size == 0:
        raise DocumentRefused("document_empty", "is empty (zero bytes); save it again")
    if size > MAX_BYTES:
        raise DocumentRefused("document_too_large", f"is larger than {MAX_BYTES // 1_000_000} MB; split it or scan it smaller")


def kind_of_paper(content: bytes) -> str:
    """What the bytes are: pdf, jpg, tif, doc or docx. Raises `DocumentRefused` for anything else, and for a protected one."""
    kind = _kind(content)
    if not kind:
        raise DocumentRefused("document_type", "is no PDF, Word, TIFF or JPEG file; save it as a PDF")
    if kind == "doc" and _ENCRYPTED_WORD in content:
        raise DocumentRefused("document_encrypted", "is a Word file protected by a password; save it as a PDF without one")
    return kind


def pdf_pages(content: bytes) -> int:
    """Number of pages. No repair is tried: a cut-off file would be repaired into one with pages missing.

    Raises `DocumentRefused` for a PDF that is damaged, protected or empty.
    """
    import pikepdf

    try:
        with pikepdf.open(io.BytesIO(content), attempt_recovery=False, suppress_warnings=True) as pdf:
            encrypted, pages = pdf.is_encrypted, len(pdf.pages)
    except pikepdf.PasswordError:
        encrypted, pages = True, 0
    except Exception:  # qpdf has several errors for a damaged file, and a damaged one must not stop the others
        raise DocumentRefused("document_damaged", "is a damaged PDF; open it, print it to a new PDF and name that one") from None
    if encrypted:
        raise DocumentRefused("document_encrypted", "is a PDF protected by a password; print it to a new PDF and name that one")
    if pages == 0:
        raise DocumentRefused("document_no_pages", "is a PDF without pages; save it again")
    return pages


def _kind(content: bytes) -> str:
    for magic, kind in _MAGIC:
        if content.startswith(magic):
            return ("docx" if _is_word(content) else "") if kind == "zip" else kind
    return ""


def _is_word(content: bytes) -> bool:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return "word/document.xml" in archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError):
        return False
