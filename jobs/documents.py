"""Clinical documents: is the file there, and is it what a payer can open?

Each file is read once per run; the bytes that are checked (`bots.papers`) are the bytes whose hash is kept.
"""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from bots.model import Attachment
from bots.papers import DocumentRefused, check_size, kind_of_paper, pdf_pages

__all__ = ["DocumentRefused", "Documents", "resolve_paths"]

_WINDOWS_ABSOLUTE = re.compile(r"[A-Za-z]:[\\/]|\\\\")
_ENDINGS = {".pdf": "pdf", ".jpg": "jpg", ".jpeg": "jpg", ".tif": "tif", ".tiff": "tif", ".doc": "doc", ".docx": "docx"}


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
    check_size(size)
    try:
        content = path.read_bytes()
    except OSError:
        raise DocumentRefused("document_unreadable", "may not be read by this user; check its permissions") from None
    kind = kind_of_paper(content)
    if _ENDINGS.get(path.suffix.lower()) != kind:
        raise DocumentRefused("document_name", f"holds a {kind.upper()} but is not named so; rename it with the ending .{kind}")
    pages = pdf_pages(content) if kind == "pdf" else 0
    return Attachment(path=str(path), sha256=hashlib.sha256(content).hexdigest(), size=len(content), pages=pages)
