"""Clinical documents: is the file there, and is it what a payer can open?

The type is told by content. Each file is read once per run; the bytes that are checked are the bytes whose hash is kept.
Types and refusals: portals.md section 13 (Q32); the size limit is the largest that any of the portals is said to take.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import zipfile
from pathlib import Path

from bots.model import Attachment

MAX_BYTES = 25_000_000

_WINDOWS_ABSOLUTE = re.compile(r"[A-Za-z]:[\\/]|\\\\")
_MAGIC = (
    (b"%PDF-", "pdf"),
    (b"\xff\xd8\xff", "jpg"),
    (b"II*\0", "tif"),
    (b"MM\0*", "tif"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "doc"),
    (b"PK\x03\x04", "zip"),
)
_ENCRYPTED_WORD = "EncryptedPackage".encode("utf-16-le")
_ENDINGS = {".pdf": "pdf", ".jpg": "jpg", ".jpeg": "jpg", ".tif": "tif", ".tiff": "tif", ".doc": "doc", ".docx": "docx"}


class DocumentRefused(Exception):
    """Why a document cannot be sent. ``reason`` continues "document 1 ..." and names no path (a path can name a patient)."""

    def __init__(self, code: str, reason: str) -> None:
        self.code = code
        self.reason = reason
        super().__init__(code)


class Documents:
    """Checks the documents of one run; ``folder`` is the intake file's, where relative paths begin."""

    def __init__(self, folder: Path) -> None:
        self._folder = Path(os.path.normpath(folder.absolute()))
        self._checked: dict[tuple[str, int, int], Attachment | DocumentRefused] = {}

    def check(self, path: str) -> Attachment:
        """The document at ``path`` (absolute, or inside the folder). Raises `DocumentRefused`."""
        where = self._locate(path)
        try:
            state = where.stat()
        except (OSError, ValueError):
            raise DocumentRefused("document_missing", "is not there; check the path") from None
        key = (str(where), state.st_mtime_ns, state.st_size)
        if key not in self._checked:
            try:
                self._checked[key] = _read(where, state.st_size)
            except DocumentRefused as refused:
                self._checked[key] = refused.with_traceback(None)
        found = self._checked[key]
        if isinstance(found, DocumentRefused):
            raise DocumentRefused(found.code, found.reason)
        return found

    def _locate(self, path: str) -> Path:
        if Path(path).is_absolute():
            return Path(path)
        if _WINDOWS_ABSOLUTE.match(path):
            raise DocumentRefused("document_missing", "is not there; its path is of another computer")
        inside = Path(os.path.normpath(self._folder / path.replace("\\", "/")))
        if not inside.is_relative_to(self._folder):
            raise DocumentRefused("document_outside", "lies outside the intake file's folder; write its full path")
        return inside


def resolve_paths(cell: str, folder: str) -> str:
    """An attachments cell with relative paths made absolute, so that it means the same from another folder."""
    return ";".join(_absolute(part.strip(), folder) for part in cell.split(";"))


def _absolute(path: str, folder: str) -> str:
    if not path or Path(path).is_absolute() or _WINDOWS_ABSOLUTE.match(path):
        return path
    return os.path.normpath(Path(folder) / path.replace("\\", "/"))


def _read(path: Path, size: int) -> Attachment:
    if not path.is_file():
        raise DocumentRefused("document_not_a_file", "is a folder, not a file")
    if size == 0:
        raise DocumentRefused("document_empty", "is empty (zero bytes); save it again")
    if size > MAX_BYTES:
        raise DocumentRefused("document_too_large", f"is larger than {MAX_BYTES // 1_000_000} MB; split it or scan it smaller")
    try:
        content = path.read_bytes()
    except OSError:
        raise DocumentRefused("document_unreadable", "may not be read by this user; check its permissions") from None
    kind = _kind(content)
    if not kind:
        raise DocumentRefused("document_type", "is no PDF, Word, TIFF or JPEG file; save it as a PDF")
    if kind == "doc" and _ENCRYPTED_WORD in content:
        raise DocumentRefused("document_encrypted", "is a Word file protected by a password; save it as a PDF without one")
    if _ENDINGS.get(path.suffix.lower()) != kind:
        raise DocumentRefused("document_name", f"holds a {kind.upper()} but is not named so; rename it with the ending .{kind}")
    pages = _pdf_pages(content) if kind == "pdf" else 0
    return Attachment(path=str(path), sha256=hashlib.sha256(content).hexdigest(), size=len(content), pages=pages)


def _kind(content: bytes) -> str:
    """What the bytes are: pdf, jpg, tif, doc, docx, or "" for anything else."""
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


def _pdf_pages(content: bytes) -> int:
    """Number of pages. No repair is tried: a cut-off file would be repaired into one with pages missing."""
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
