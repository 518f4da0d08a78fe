"""Files that only their owner can read, whole or not there at all.

Every file of the home folder is written through here: private from its first byte (not made private afterwards), and replaced
in one step, so that a reader or a crash sees the old file or the new one. On Windows the modes have no effect; there the
user's own profile folder keeps others out.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

FOLDER_MODE = 0o700
FILE_MODE = 0o600
OTHERS = 0o077
"""The mode bits that must be off: everything that group and others could do."""


def keeps_modes() -> bool:
    """Whether this system has POSIX modes at all."""
    return os.name == "posix"


def make_private_folder(path: Path) -> None:
    """Creates ``path`` (and the parents that are missing) with mode 0700, whatever the umask. An existing folder is left."""
    if path.is_dir():
        return
    if not path.parent.is_dir():
        make_private_folder(path.parent)
    path.mkdir(mode=FOLDER_MODE, exist_ok=True)
    path.chmod(FOLDER_MODE)  # a umask such as 0777 would take the owner's own rights


def open_private(path: Path, flags: int) -> int:
    """Like ``os.open``, but a file that it creates has mode 0600 from creation. Fits ``open(..., opener=open_private)``."""
    descriptor = os.open(path, flags | getattr(os, "O_BINARY", 0), FILE_MODE)
    with suppress(OSError):  # not our file (an administrator looks at it): its owner decides
        if keeps_modes() and os.fstat(descriptor).st_mode & 0o777 != FILE_MODE:
            os.chmod(descriptor, FILE_MODE)  # noqa: PTH101  (by descriptor: the path could have been replaced)
    return descriptor


def write_private(path: Path, data: bytes) -> None:
    """Replaces ``path`` by ``data`` in one step, mode 0600. When it returns, the new file is on the disk.

    Raises ``OSError`` (disk full, file held open by another program on Windows); ``path`` is then as it was before.
    """
    make_private_folder(path.parent)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)  # mkstemp creates 0600
    part = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            part.chmod(FILE_MODE)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)  # noqa: PTH105  (one step; tests cut the power here)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Puts the folder's entries on the disk, so that a new name survives a power cut. Windows does this by itself."""
    if not keeps_modes():
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
