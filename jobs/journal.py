"""The journal: the one truth about every request, on SQLite by default and on PostgreSQL by its address.

Events are only ever added, each chained to the one before by its hash; the rows that others read are projections written in
the same transaction (`jobs.projection`) and can be derived again (`Journal.rebuild`). When a writing call returns, its facts
are on the disk.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Connection, Engine, delete, insert, select
from sqlalchemy.exc import DatabaseError, IntegrityError, OperationalError

from bots.model import AuthRequest, Frozen, Status
from jobs import events as happened
from jobs.chain import ChainCheck
from jobs.clock import Clock, instant_text, utc_now
from jobs.events import Standing
from jobs.fallback import TO_PHONE, begin
from jobs.journal_read import PAGE, JournalReader, event_of
from jobs.journal_schema import (
    PROJECTIONS,
    JournalDamaged,
    JournalUnavailable,
    ensure_schema,
    events,
    journal_head,
    open_engine,
    ticks,
)
from jobs.journal_write import NoSuchRequest, Write
from jobs.projection import Projection
from jobs.state import Attempt, AttemptState, Channel, Decision, Route, Snapshot

_ADD_TICK = insert(ticks)
CORRECTABLE = frozenset({Status.REJECTED, Status.NOT_ELIGIBLE, Status.NEEDS_PERSON})
"""Where a request that was never sent can be replaced by a corrected one of the same id."""


class Accepted(Frozen):
    """It is in the journal now. ``corrected``: it replaces one that was refused and never sent."""

    request_id: str
    corrected: bool = False


class Same(Frozen):
    """It was in the journal already, word for word; nothing changed."""

    request_id: str


class Different(Frozen):
    """Another request of this id is under way or done; nothing changed."""

    request_id: str


Acceptance = Accepted | Same | Different


class Journal(JournalReader):
    """Open one with `Journal.open`; close it, or use it as a context. ``now`` is the clock of all that jobs do."""

    def __init__(self, engine: Engine, now: Clock) -> None:
        super().__init__(engine, now)
        self._writer = engine.execution_options(writes=True)

    @classmethod
    def open(cls, url: str, *, now: Clock = utc_now) -> Self:
        """Opens, and creates or migrates when needed. ``url`` is an SQLAlchemy address.

        Raises `JournalTooNew` for a journal of a newer version, `JournalDamaged` for a file that is none, `JournalUnavailable`.
        """
        engine = open_engine(url)
        try:
            with engine.execution_options(writes=True).begin() as connection:
                ensure_schema(connection)
        except BaseException as error:
            engine.dispose()
            if isinstance(error, OperationalError):
                raise JournalUnavailable from error
            if isinstance(error, DatabaseError):
                raise JournalDamaged("its file is no database") from error
            raise
        return cls(engine, now)

    def close(self) -> None:
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    @property
    def engine(self) -> Engine:
        """For what is no transaction: see `jobs.removing`."""
        return self._engine

    @contextmanager
    def write(self) -> Iterator[Write]:
        """All or nothing, and on the disk when the block has ended. Never held over an ``await``.

        Raises `JournalUnavailable` when the database cannot be written.
        """
        try:
            with self._writer.begin() as connection:
                write = Write(connection, self.now())
                yield write
                write.finish()
        except OperationalError as error:
            raise JournalUnavailable from error

    # --- intake and route ----------------------------------------------------------------------------------------

    def accept(self, request: AuthRequest, fingerprint: str) -> Acceptance:
        """Takes a request in. ``fingerprint`` is equal for equal content (``jobs.intake``)."""
        return next(self.accept_all([(request, fingerprint)]))

    def accept_all(self, rows: Iterable[tuple[AuthRequest, str]]) -> Iterator[Acceptance]:
        """`accept` for many, some hundred in each transaction; an answer is given when its transaction is on the disk."""
        left = iter(rows)
        while batch := list(islice(left, PAGE)):
            with self.write() as write:
                write.rows.preload([request.request_id for request, _ in batch])
                answers = [self._accept(write, request, fingerprint) for request, fingerprint in batch]
            yield from answers

    def _accept(self, write: Write, request: AuthRequest, fingerprint: str) -> Acceptance:
        request_id = request.request_id
        kept = write.rows.request(request_id)
        if kept is None:
            write.append(request_id, happened.Accepted(request=request, fingerprint=fingerprint))
            return Accepted(request_id=request_id)
        if kept.fingerprint == fingerprint:
            return Same(request_id=request_id)
        if _is_correctable(kept.snapshot) and not write.rows.open_attempt(request_id):
            write.append(request_id, happened.Corrected(request=request, fingerprint=fingerprint))
            return Accepted(request_id=request_id, corrected=True)
        return Different(request_id=request_id)

    def set_route(self, request_id: str, route: Route) -> Snapshot:
        """Notes the request's way and puts it where that way begins (`jobs.fallback.begin`).

        Only for one that is new or waits: any other has gone its way, or is a person's, and is returned as it is.
        """
        with self.write() as write:
            _route(write, request_id, route)
            return write.snapshot(request_id)

    def set_routes(self, rows: Iterable[tuple[str, Route]]) -> None:
        """`set_route` for many, some hundred in each transaction."""
        left = iter(rows)
        while batch := list(islice(left, PAGE)):
            with self.write() as write:
                write.rows.preload([request_id for request_id, _ in batch])
                for request_id, route in batch:
                    _route(write, request_id, route)

    # --- moving --------------------------------------------------------------------------------------------------

    def move(self, request_id: str, standing: Standing) -> Snapshot:
        """Puts a request elsewhere. Raises `MoveRefused` when `jobs.state.ALLOWED` does not know the move."""
        with self.write() as write:
            write.append(request_id, happened.Moved(standing=standing))
            return write.snapshot(request_id)

    def release(self, request_id: str) -> Snapshot:
        """A person has cleared what stood in the way: a request that was not sent begins its way again.

        Raises `MoveRefused` for one that is somebody's to phone in: the call may just be made (`jobs.phone`).
        """
        with self.write() as write:
            now = write.snapshot(request_id)
            if now.status is not Status.NEEDS_PERSON or _is_phoned(now) or write.rows.open_attempt(request_id) is not None:
                raise happened.MoveRefused("a request", now.status, Status.NEW)
            write.append(request_id, happened.Moved(standing=Standing(status=Status.NEW)))
            if now.route is not None and now.route.decision in (Decision.PORTAL, Decision.FAX, Decision.PHONE):
                channel, standing = begin(now.route, write.snapshot(request_id))
                write.append(request_id, happened.Routed(route=now.route, channel=channel, standing=standing))
            return write.snapshot(request_id)

    def claim_tick(self, job: str, slot: str, *noted: str) -> bool:
        """True for exactly one caller of each job and slot, over all processes and restarts.

        ``noted``: what is noted of the slot in the same transaction, by the one who gets it.
        """
        at = instant_text(self.now())
        try:
            with self._writer.begin() as connection:
                for name in (job, *noted):
                    connection.execute(_ADD_TICK, {"job": name, "slot": slot, "claimed_at": at})
        except IntegrityError:
            return False
        except OperationalError as error:
            raise JournalUnavailable from error
        return True

    # --- its own soundness ---------------------------------------------------------------------------------------

    def verify_chain(self) -> int:
        """Reads the whole history and checks each link. Returns the number of events; raises `JournalDamaged`."""
        with self.read() as connection:  # first: others may add to the history while it is read
            head = connection.execute(select(journal_head.c.seq, journal_head.c.hash)).one()
        chain = ChainCheck()
        for row in self._event_rows(None):
            chain.take(row)
            if chain.seq == head.seq and chain.hash != head.hash:
                raise JournalDamaged("its last event is not the one that was written last")
        seq = chain.end()
        if seq < head.seq:
            raise JournalDamaged(f"the end of its history is missing after event {seq}")
        return seq

    def check(self) -> int:
        """`verify_chain`, and the database's own checks. Returns the number of events; raises `JournalDamaged`."""
        if self._engine.dialect.name == "sqlite":
            with self.read() as connection:
                said = connection.exec_driver_sql("PRAGMA integrity_check").scalar()
                loose = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
            if said != "ok" or loose is not None:
                raise JournalDamaged("the database file is not whole")
        return self.verify_chain()

    def rebuild(self) -> bool:
        """Derives all projections from the events anew. True when they came out as they were."""
        with self.write() as write:
            before = _projected(write.connection)
            for table in reversed(PROJECTIONS):
                write.connection.execute(delete(table))
            projection = Projection(write.connection, from_nothing=True)
            query = select(events).order_by(events.c.seq).execution_options(yield_per=PAGE)
            for row in write.connection.execute(query).mappings():
                projection.apply(event_of(row))
            projection.flush()
            return before == _projected(write.connection)


def _is_correctable(now: Snapshot) -> bool:
    return now.status in CORRECTABLE and now.receipt is None and not _is_phoned(now)


def _is_phoned(now: Snapshot) -> bool:
    return now.status is Status.NEEDS_PERSON and now.error_code == TO_PHONE


def _route(write: Write, request_id: str, route: Route) -> None:
    now = write.snapshot(request_id)
    if now.channel in (Channel.FAX, Channel.PHONE):
        return  # it has left on that channel and takes no other
    if now.status in (Status.NEW, Status.WAITING) and not _is_on_its_way(write.rows.open_attempt(request_id)):
        channel, standing = begin(route, now)
        write.append(request_id, happened.Routed(route=route, channel=channel, standing=standing))


def _is_on_its_way(attempt: Attempt | None) -> bool:
    """It may have been sent, or it stands in the fax queue."""
    return attempt is not None and (attempt.state is not AttemptState.DRAFTING or attempt.channel is Channel.FAX)


def _projected(connection: Connection) -> list[Sequence[Any]]:
    """Every projected row, in an order of its own."""
    return [tuple(row) for table in PROJECTIONS for row in connection.execute(select(table).order_by(*table.primary_key.columns))]


__all__ = ["Acceptance", "Accepted", "Different", "Journal", "NoSuchRequest", "Same"]
