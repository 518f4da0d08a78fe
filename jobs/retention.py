"""Removes health information when its time is over, and keeps its hashes in the journal.

A request's time is over so many ``[retention] days`` after it was decided or ended and its authorization had run out. Then its
receipts, captures, letters and faxes go, and the person goes out of the journal's own events (`jobs.removing`): its row stands,
with ids, statuses and dates. Refused rows, taken intake files, copies of the ledger and old saved pages of nobody's request go
by their own age. The hash is written into the journal before anything goes, so that a copy elsewhere can still be proved and
nothing vanishes without a trace.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from bots.model import Frozen
from jobs.events import encode
from jobs.fax.packets import digest_in
from jobs.intake_folder import REFUSED, TAKEN
from jobs.journal import Journal
from jobs.removing import empty_comparisons, is_held, is_news, old_comparisons, over_since, overwrite, remove_persons
from jobs.service_events import Removed, RemovedFile
from jobs.state import Snapshot
from jobs.writing import is_dated_copy

if TYPE_CHECKING:
    from jobs.engine import Engine
    from jobs.home import Home

BATCH = 200
"""Files in one event."""


class Old(Frozen):
    """What is too old. ``comparisons``: numbers of events in which a portal's unknown cases name members."""

    requests: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()
    comparisons: tuple[int, ...] = ()


class Gone(Frozen):
    """What was removed. ``is_overwritten`` false: the journal's file still holds pages that are no longer used."""

    requests: int = 0
    files: int = 0
    is_overwritten: bool = True

    @property
    def sentence(self) -> str:
        """ "" where there was nothing to do."""
        counts = {"requests without their person": self.requests, "files removed for their age": self.files}
        told = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
        return told if self.is_overwritten else "; ".join(filter(None, (told, _LATER)))


_LATER = "what the journal's file no longer uses could not be written over (in use, or no room); that is tried again next time"


def find_old(engine: Engine) -> Old:
    """What is too old by ``[retention] days``; 0 keeps everything. Changes nothing."""
    days = engine.config.retention.days
    if days <= 0:
        return Old()
    limit = engine.today() - timedelta(days=days)
    over, files = _of_requests(engine, limit)
    return Old(
        requests=tuple(over),
        files=tuple(sorted({*files, *_by_age(engine, limit)})),
        comparisons=old_comparisons(engine.journal, limit),
    )


def remove_old(engine: Engine) -> Gone:
    """Removes it. What others do meanwhile counts: a request that came to life again is left as it is."""
    old, journal, today = find_old(engine), engine.journal, engine.today()
    for start in range(0, len(old.files), BATCH):
        _remove(journal, engine.home, old.files[start : start + BATCH])
    limit = today - timedelta(days=engine.config.retention.days)
    done = remove_persons(journal, old.requests, limit, today)
    empty_comparisons(journal, old.comparisons, today)
    gone = Gone(requests=done, files=len(old.files), is_overwritten=overwrite(journal))
    if done:
        engine.write_ledger()
    return gone


def _of_requests(engine: Engine, limit: date) -> tuple[list[str], list[Path]]:
    """Requests whose time is over and that still name somebody; and the sealed files that only such requests name. Files that no
    request names go by their own age."""
    there = (path for folder in engine.home.sealed_folders for path in folder.iterdir() if path.is_file())
    sealed = {digest_in(path.name) or path.name: path for path in there}  # packets are named by what they hold
    over: list[str] = []
    old: set[str] = set()
    kept: set[str] = set()
    for snapshot in engine.journal.snapshots():
        request_id = snapshot.request.request_id
        names, last = _files_of(engine.journal, snapshot, sealed.keys())
        since = over_since(snapshot, last)
        is_over = since is not None and since < limit and not is_held(engine.journal, request_id)
        (old if is_over else kept).update(names)
        if is_over and snapshot.removed_on is None:
            over.append(request_id)
    files = [path for name, path in sealed.items() if name in old - kept or (name not in old | kept and _day_of(path) < limit)]
    return over, files


def _files_of(journal: Journal, snapshot: Snapshot, known: Iterable[str]) -> tuple[set[str], datetime]:
    """Every stored file that any event of the request names, and when something happened to it last."""
    names: set[str] = set()
    held, last = frozenset(known), snapshot.accepted_at
    for event in journal.events(snapshot.request.request_id):
        names |= _texts(msgspec.json.decode(encode(event.body))) & held
        last = max(last, event.at) if is_news(event.body) else last
    return names, last


def _texts(value: object) -> set[str]:
    if isinstance(value, str):
        return {value}
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return set().union(*map(_texts, inner))


def _by_age(engine: Engine, limit: date) -> Iterator[Path]:
    """Files that no request names: refused rows, reports of other days, intake files that were taken or refused, captures."""
    folders = [engine.home.rejects, engine.home.reports]
    if (intake := engine.intake_folder) is not None:
        folders += [intake / TAKEN, intake / REFUSED]
    copies = [path for path in engine.home.path.iterdir() if is_dated_copy(path, *engine.home.books)]
    for path in (*copies, *(path for folder in folders if folder.is_dir() for path in folder.iterdir())):
        if path.is_file() and not path.name.startswith(".") and _day_of(path) < limit:
            yield path


def _day_of(path: Path) -> date:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC).date()


def _remove(journal: Journal, home: Home, paths: Sequence[Path]) -> None:
    gone = tuple(
        RemovedFile(folder=path.parent.name, name=_safe_name(path, home), sha256=hashlib.sha256(path.read_bytes()).hexdigest())
        for path in paths
    )
    with journal.write() as write:
        write.append("", Removed(files=gone))
    for path in paths:
        path.unlink(missing_ok=True)


def _safe_name(path: Path, home: Home) -> str:
    """Names of our own making say nothing of a person; a practice's own file names may, and are not kept."""
    return path.name if path.parent in home.sealed_folders else ""
