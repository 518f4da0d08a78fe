"""One service on one home: who has it holds a lock that the system gives back when the process ends, however it ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from bots.model import Frozen
from jobs.home import write_private

if TYPE_CHECKING:
    from jobs.home import Home

NAME = "service.json"


class AtWork(Frozen):
    """Who works on this home as its service."""

    host: str
    pid: int
    since: datetime


class ServiceRuns(Exception):
    """Another service works on this home. ``sentence`` is for staff."""

    def __init__(self, home: Path, other: AtWork | None) -> None:
        who = f" (process {other.pid} on {other.host}, since {other.since:%Y-%m-%d %H:%M} UTC)" if other else ""
        super().__init__(
            f"Another PriorBot service works on {home} already{who}. Nothing was started. "
            "Leave that one running, or stop it first."
        )

    @property
    def sentence(self) -> str:
        return str(self)


@contextmanager
def only_service(home: Home, now: datetime) -> Iterator[None]:
    """Keeps the home for this service. Raises `ServiceRuns`."""
    from filelock import Timeout

    from jobs.seats import this_process

    lock = home.lock("service")
    file = home.path / NAME
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise ServiceRuns(home.path, who_works(home)) from None
    try:
        me = this_process()
        write_private(file, msgspec.json.encode(AtWork(host=me.host, pid=me.pid, since=now)))
        yield
    finally:
        file.unlink(missing_ok=True)
        lock.release()


def who_works(home: Home) -> AtWork | None:
    """Who says to be this home's service; None when nobody does. After a kill the note stays, the lock does not."""
    try:
        return msgspec.json.decode((home.path / NAME).read_bytes(), type=AtWork)
    except (OSError, msgspec.DecodeError):
        return None


def is_at_work(home: Home) -> bool:
    """Whether a service holds this home now."""
    from filelock import Timeout

    lock = home.lock("service")
    try:
        with lock.acquire(timeout=0):
            return False
    except Timeout:
        return True
