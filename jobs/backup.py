"""``priorbot backup``: the whole home in one encrypted file that is read again before it counts.

The journal is copied first, whole at one moment (SQLite's own online copy; of a database elsewhere its events, as text); then
the other files, each of which was there before an event spoke of it. The file opens with the home's key, or with a passphrase
that the practice keeps (``backup.passphrase`` of the vault); then the home's key lies inside, so that the passphrase alone
brings all back.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import secrets
import shutil
import sqlite3
import tarfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING

import msgspec
from sqlalchemy import func, select

from bots.model import Frozen
from bots.private import make_private_folder, open_private, sync_folder
from jobs.clock import parse_instant
from jobs.journal import Journal
from jobs.journal_schema import events
from jobs.sealed_stream import Header, OpeningReader, SealingWriter, StreamDamaged, file_key, new_header, read_header
from jobs.service_events import BackedUp

if TYPE_CHECKING:
    from jobs.engine import Engine
    from jobs.home import Home

SUFFIX = ".backup"
PASSPHRASE = "backup.passphrase"
"""Name of the passphrase in the vault; without it the home's key locks the back-up."""
JOURNAL, EVENTS, KEY, MANIFEST, FILES = "journal.db", "events.jsonl", "home.key", "manifest.json", "home/"
_WORK = ".backup-"


class BackupError(Exception):
    """No back-up was made, or it cannot be used. ``sentence`` is for staff."""

    @property
    def sentence(self) -> str:
        return str(self)


class Manifest(Frozen):
    """What the back-up holds; written last. ``files``: name -> SHA-256. ``seq``: the journal's last event in it."""

    made_at: datetime
    seq: int
    head: str
    files: dict[str, str]


class Made(Frozen):
    path: Path
    sha256: str
    seq: int
    files: int
    removed: int

    @property
    def sentence(self) -> str:
        older = f"; {self.removed} old ones were removed" if self.removed else ""
        return f"Wrote and checked {self.path.name}: {self.files} files, the journal up to event {self.seq}{older}."


def last_backup(journal: Journal) -> datetime | None:
    """When the newest back-up of this journal was made and found whole; None when none ever was."""
    with journal.read() as connection:
        found = connection.execute(select(func.max(events.c.at)).where(events.c.request_id == "", events.c.kind == "backed_up"))
        at = found.scalar()
    return parse_instant(at) if at else None


def backup_home(engine: Engine, folder: Path, *, keep: int) -> Made:
    """Writes one more back-up into ``folder``, checks it, notes it in the journal and removes all but the ``keep`` newest.

    Raises `BackupError`; an unfinished file is removed.
    """
    home, now = engine.home, engine.now()
    path = folder / f"priorbot-{now:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}{SUFFIX}"
    part = path.with_suffix(".part")
    try:
        make_private_folder(folder)
        with home.lock("backup"), work_folder(home.path) as work:
            sha256, manifest = _write(engine, part, work, folder)
            check_backup(part, secret_of(engine, part), sha256, work)
            part.replace(path)
            sync_folder(folder)
    except (OSError, sqlite3.Error, tarfile.TarError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
        raise BackupError(
            f"The back-up could not be written ({why}). The ones before stay. Look at the folder and its disk, "
            "then run: priorbot backup"
        ) from None
    finally:
        part.unlink(missing_ok=True)
    with engine.journal.write() as write:
        write.append("", BackedUp(file=path.name, sha256=sha256, seq=manifest.seq))
    return Made(path=path, sha256=sha256, seq=manifest.seq, files=len(manifest.files), removed=_rotate(folder, keep))


def _rotate(folder: Path, keep: int) -> int:
    old = sorted(folder.glob(f"priorbot-*{SUFFIX}"))[: -max(keep, 1)]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


@contextmanager
def work_folder(home: Path) -> Iterator[Path]:
    """A private folder inside the home, never the system's temporary one; gone afterwards, also what a crash left there."""
    for left in home.glob(f"{_WORK}*"):
        shutil.rmtree(left, ignore_errors=True)
    work = home / f"{_WORK}{secrets.token_hex(4)}"
    make_private_folder(work)
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


# --- writing -------------------------------------------------------------------------------------------------------


def _write(engine: Engine, part: Path, work: Path, target: Path) -> tuple[str, Manifest]:
    phrase = engine.vault.find(PASSPHRASE)
    home_id, backup_key = engine.vault.backup_key()
    if phrase is not None:
        header, secret = new_header("passphrase"), phrase.reveal().encode()
    else:
        header, secret = new_header("home", home_id), backup_key
    name, copy = copy_journal(engine, work)
    seq, head = head_of(copy, work) if name == JOURNAL else engine.journal.head()
    with os.fdopen(open_private(part, os.O_CREAT | os.O_TRUNC | os.O_RDWR), "wb") as file:
        sealing = SealingWriter(file, header, file_key(header, secret))
        with (
            gzip.GzipFile(filename="", fileobj=sealing, mode="wb", compresslevel=6) as packed,
            tarfile.open(fileobj=packed, mode="w|") as tar,
        ):
            hashes = {name: _add_file(tar, name, copy)}
            if phrase is not None:
                hashes[KEY] = _add(tar, KEY, engine.vault.home_key_text().encode())
            for each in home_files(engine.home, target):
                relative = f"{FILES}{each.relative_to(engine.home.path).as_posix()}"
                try:
                    hashes[relative] = _add_file(tar, relative, each)
                except FileNotFoundError:
                    continue  # replaced or removed meanwhile: a lock, a session that ended
            manifest = Manifest(made_at=engine.now(), seq=seq, head=head, files=hashes)
            _add(tar, MANIFEST, msgspec.json.encode(manifest))
        sha256 = sealing.end()
        file.flush()
        os.fsync(file.fileno())
    return sha256, manifest


def home_files(home: Home, target: Path) -> Iterator[Path]:
    """Everything of the home but the journal's own files, locks, what is half written, and back-ups that lie inside."""
    for path in sorted(home.path.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(home.path).parts)
        journal = path.parent == home.path and path.name.startswith(home.journal_file.name)
        if not hidden and not journal and path.is_file() and not path.is_symlink() and not path.is_relative_to(target):
            yield path


def copy_journal(engine: Engine, work: Path) -> tuple[str, Path]:
    """The journal at one moment: name in the back-up, and the copy."""
    if engine.config.database.url:
        return EVENTS, _export_events(engine.journal, work / EVENTS)
    engine.journal.head()  # makes a journal where there is none yet
    copy = work / JOURNAL
    os.close(open_private(copy, os.O_CREAT | os.O_RDWR))
    with closing(sqlite3.connect(engine.home.journal_file)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    return JOURNAL, copy


def _export_events(journal: Journal, path: Path) -> Path:
    with os.fdopen(open_private(path, os.O_CREAT | os.O_RDWR), "wb") as file:
        for row in journal.event_rows():
            file.write(msgspec.json.encode(dict(row)) + b"\n")
    return path


def head_of(copy: Path, work: Path) -> tuple[int, str]:
    """The last event of a copied journal, whose whole history is checked on the way. Raises `JournalDamaged`."""
    with Journal.open(f"sqlite:///{copy.as_posix()}") as journal:
        journal.check()
        return journal.head()


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> str:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    tar.addfile(info, io.BytesIO(data))
    return hashlib.sha256(data).hexdigest()


class _Hashing:
    """Reads at most ``size`` bytes of a file that may grow, and hashes what was read."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file = file
        self._left = size
        self.hash = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(data)
        self.hash.update(data)
        return data


def _add_file(tar: tarfile.TarFile, name: str, path: Path) -> str:
    with path.open("rb") as file:
        info = tarfile.TarInfo(name)
        info.size = os.fstat(file.fileno()).st_size
        hashing = _Hashing(file, info.size)
        tar.addfile(info, hashing)
    return hashing.hash.hexdigest()


# --- reading -------------------------------------------------------------------------------------------------------


def secret_of(engine: Engine, path: Path) -> bytes:
    """What opens a back-up of this home, from its own vault. Raises `BackupError`."""
    with path.open("rb") as file:
        header = read_header(file)
    phrase = engine.vault.find(PASSPHRASE)
    if header.lock == "passphrase" and phrase is not None:
        return phrase.reveal().encode()
    home_id, key = engine.vault.backup_key()
    if header.lock == "home" and header.key_id == home_id:
        return key
    raise BackupError("The back-up was made with another key. Nothing was changed. Give its key or its passphrase.")


def unpack(path: Path, secret: bytes, into: Path) -> Manifest:
    """Decrypts the whole file into a private folder and compares every file with its hash.

    Raises `StreamDamaged` or `BackupError`; what was unpacked until then is the caller's to remove.
    """
    hashes: dict[str, str] = {}
    manifest: Manifest | None = None
    try:
        with path.open("rb") as file:
            header: Header = read_header(file)
            reader = OpeningReader(file, header, file_key(header, secret))
            with tarfile.open(fileobj=io.BufferedReader(reader, 2**20), mode="r|gz") as tar:
                for member in tar:
                    content = tar.extractfile(member) if member.isreg() else None
                    if content is None or not is_inside(member.name):
                        raise BackupError(_NOT_OURS)
                    if member.name == MANIFEST:
                        manifest = msgspec.json.decode(content.read(), type=Manifest)
                        continue
                    hashes[member.name] = _put(into / member.name, content)
            while reader.read(2**16):
                pass
    except (tarfile.TarError, EOFError, OSError, msgspec.DecodeError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise BackupError(_NOT_OURS) from None
    if manifest is None or manifest.files != hashes:
        raise BackupError(_NOT_OURS)
    return manifest


_NOT_WRITTEN = "The back-up on the disk is not what was written. It was removed; the ones before stay. Look at the disk."
_NOT_OURS = "The back-up is damaged: what is in it is not what was put in. Nothing was changed. Try an older back-up."


def is_inside(name: str) -> bool:
    parts = Path(name).parts
    return bool(parts) and not Path(name).is_absolute() and ".." not in parts and ":" not in name.split("/")[0]


def _put(path: Path, content: IO[bytes]) -> str:
    make_private_folder(path.parent)
    digest = hashlib.sha256()
    with os.fdopen(open_private(path, os.O_CREAT | os.O_TRUNC | os.O_RDWR), "wb") as file:
        while data := content.read(2**20):
            digest.update(data)
            file.write(data)
    return digest.hexdigest()


def check_backup(path: Path, secret: bytes, sha256: str, work: Path) -> Manifest:
    """Reads a back-up as a restore would: the file's hash, every piece, every file's hash, the journal's whole chain."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while data := file.read(2**20):
            digest.update(data)
    if sha256 and digest.hexdigest() != sha256:
        raise BackupError(_NOT_WRITTEN)
    checked = work / "checked"
    try:
        try:
            manifest = unpack(path, secret, checked)
        except StreamDamaged as error:
            raise BackupError(error.sentence) from None
        if (checked / JOURNAL).exists() and head_of(checked / JOURNAL, work) != (manifest.seq, manifest.head):
            raise BackupError(_NOT_OURS)
        if (checked / EVENTS).exists():
            from jobs.events_file import check_events

            check_events(checked / EVENTS, manifest.seq)
        return manifest
    finally:
        shutil.rmtree(checked, ignore_errors=True)
