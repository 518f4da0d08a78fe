"""Whether the ledger's files are still what PriorBot wrote: their hashes, kept beside them.

A ledger is a view; whatever stands in one that somebody changed is never taken over. It is noticed, told, and kept aside.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path

import msgspec

from jobs.home import write_private
from jobs.writing import dated

SEAL = ".ledger.seal"


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def sealed(folder: Path) -> dict[str, str]:
    """File name -> hash of what was written last; empty where nothing was written yet."""
    try:
        return msgspec.json.decode((folder / SEAL).read_bytes(), type=dict[str, str])
    except (FileNotFoundError, msgspec.DecodeError):
        return {}


def is_edited(file: Path) -> bool:
    """Whether somebody else has written this file since we did. False where we cannot know."""
    known = sealed(file.parent).get(file.name)
    return known is not None and file.exists() and digest(file.read_bytes()) != known


def is_ours(file: Path) -> bool:
    """Whether the file is to the letter what we wrote last."""
    known = sealed(file.parent).get(file.name)
    return known is not None and file.exists() and digest(file.read_bytes()) == known


def put_aside(file: Path, now: datetime) -> Path | None:
    """A copy of a file that somebody changed; None where nobody did. The file itself stays until it is replaced."""
    if not is_edited(file):
        return None
    kept = dated(file, "edited-", now)
    write_private(kept, file.read_bytes())
    return kept


def seal(file: Path, content: bytes) -> None:
    """Notes what was just written."""
    known = sealed(file.parent) | {file.name: digest(content)}
    write_private(file.parent / SEAL, msgspec.json.encode(dict(sorted(known.items()))))
