"""The folder into which the practice's own software puts its files: each is taken once, whole, and moved aside.

A file is whole when its size and time have been the same for `SETTLED` and over two looks; what is still being written, or
carries a name that programs give to unfinished files, waits. The requests are in the journal before the file is moved, so
that a crash in between takes the same file again, which changes nothing: the same request twice is one. What lies in
``taken`` and ``refused`` is kept for its configured time (`jobs.retention`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from bots.model import Frozen
from bots.private import make_private_folder, write_private
from jobs.intake import IntakeResult, write_rejects
from jobs.take_in import TakenIn

SETTLED = timedelta(seconds=10)
KINDS = frozenset({".csv", ".xlsx", ".jsonl", ".txt", ".tsv"})
NOT_YET = frozenset({"changed", "unreadable", "not_found"})
"""Troubles of a file that somebody else still works with: it is looked at again."""
TAKEN, REFUSED = "taken", "refused"

Read = Callable[[Path], IntakeResult]
Take = Callable[[IntakeResult], TakenIn]


class FileTaken(Frozen):
    """What became of one file. ``why`` is one sentence where the file as a whole was refused; ``rejects`` its refused rows."""

    name: str
    requests: int = 0
    new: int = 0
    rejected: int = 0
    different: int = 0
    why: str = ""


class _Seen(Frozen):
    size: int
    changed: int
    """Nanoseconds, by the file's own clock."""
    since: datetime


class IntakeFolder:
    """One watched folder. ``read`` reads a file, ``take`` puts its requests into the journal with their ways."""

    def __init__(self, folder: Path, rejects: Path, *, now: Callable[[], datetime], read: Read, take: Take) -> None:
        self.folder = folder
        self._rejects = rejects
        self._now = now
        self._read = read
        self._take = take
        self._seen: dict[Path, _Seen] = {}

    def look(self) -> tuple[FileTaken, ...]:
        """Takes every file that is whole, oldest first. Raises `JournalError` ; the file then stays."""
        make_private_folder(self.folder)
        whole = [path for path in sorted(self.folder.iterdir(), key=_age) if self._is_whole(path)]
        return tuple(taken for path in whole if (taken := self._take_file(path)) is not None)

    def has_work(self) -> bool:
        """Whether to look at all: a file lies there, or the folder is still to be made."""
        return not self.folder.is_dir() or self.waiting() > 0

    def waiting(self) -> int:
        """How many files lie there that are not taken yet."""
        return sum(map(is_ours, self.folder.iterdir())) if self.folder.is_dir() else 0

    def _is_whole(self, path: Path) -> bool:
        if not is_ours(path):
            return False
        try:
            state = path.stat()
        except OSError:  # gone meanwhile
            return False
        now, before = self._now(), self._seen.get(path)
        if before is None or (before.size, before.changed) != (state.st_size, state.st_mtime_ns) or now < before.since:
            self._seen[path] = _Seen(size=state.st_size, changed=state.st_mtime_ns, since=now)
            return False
        return state.st_size > 0 and now - before.since >= SETTLED

    def _take_file(self, path: Path) -> FileTaken | None:
        result = self._read(path)
        if result.file_error is not None and result.file_error.code in NOT_YET:
            self._seen.pop(path, None)
            return None
        if result.file_error is not None:
            taken = FileTaken(name=path.name, why=result.file_error.reason)
        else:
            put = self._take(result)
            write_rejects(result, self._rejects, now=self._now)
            rejected = len({row.row for row in result.rejected})
            taken = FileTaken(name=path.name, requests=len(put.ids), new=put.new, rejected=rejected, different=len(put.different))
        self._move(path, REFUSED if taken.why else TAKEN, taken.why)
        structlog.get_logger().info("file_taken", requests=taken.requests, bad=taken.rejected, good=taken.new)
        return taken

    def _move(self, path: Path, where: str, why: str) -> None:
        aside = self.folder / where
        make_private_folder(aside)
        stamp, count = f"{self._now():%Y%m%d-%H%M%S}", 0
        while (to := aside / f"{stamp}{f'-{count}' if count else ''}-{path.name}").exists():
            count += 1
        if why:
            write_private(to.with_name(f"{to.name}.why.txt"), f"{why}\n".encode())
        path.replace(to)
        self._seen.pop(path, None)


def is_ours(path: Path) -> bool:
    """Whether the name is one of a finished intake file: not hidden, not a spreadsheet's lock, of a kind that intake reads."""
    return path.suffix.lower() in KINDS and not path.name.startswith((".", "~")) and path.is_file()


def _age(path: Path) -> tuple[float, str]:
    try:
        return path.stat().st_mtime, path.name
    except OSError:
        return 0.0, path.name
