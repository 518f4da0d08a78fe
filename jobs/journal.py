"""The journal: the one truth about every request, on SQLite by default and on PostgreSQL by its address.

Events are only ever added, each chained to the one before by its hash; the rows that others read are projections written in
the same transaction (`jobs.projection`) and can be derived again (`Journal.rebuild`). When a writing call returns, its facts
are on the disk.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from types import TracebackType
from typing import Any, Self

from sqlalchemy import ColumnElement, Connection, Engine, RowMapping, and_, delete, exists, insert, or_, select
from sqlalchemy.exc import DatabaseError, OperationalError

from bots.model import AuthRequest, Frozen, Payer, Status
from jobs import events as happened
from jobs.clock import Clock, instant_text, parse_instant, utc_now
from jobs.events import Event, Standing, decode_body
from jobs.fallback import begin
from jobs.journal_schema import (
    GENESIS,
    PROJECTIONS,
    JournalDamaged,
    JournalUnavailable,
    attempts,
    ensure_schema,
    events,
    journal_head,
    open_engine,
    requests,
    ticks,
)
from jobs.journal_write import NoSuchRequest, Write, hash_of, owner_of
from jobs.projection import Projection, decode_attempt, decode_snapshot
from jobs.state import OPEN_ATTEMPT, Attempt, AttemptState, Route, Snapshot

_PAGE = 1000
"""Rows read at once; no transaction stays open while a caller looks at them."""
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


class Journal:
    """Open one with `Journal.open`; close it, or use it as a context. ``now`` is the clock of all that jobs do."""

    def __init__(self, engine: Engine, now: Clock) -> None:
        self._engine = engine
        self._writer = engine.execution_options(writes=True)
        self.now = now

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

    @contextmanager
    def read(self) -> Iterator[Connection]:
        with self._engine.connect() as connection:
            yield connection

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
        while batch := list(islice(left, _PAGE)):
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
        if kept.snapshot.status in CORRECTABLE and kept.snapshot.receipt is None and not write.rows.open_attempt(request_id):
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
        while batch := list(islice(left, _PAGE)):
            with self.write() as write:
                write.rows.preload([request_id for request_id, _ in batch])
                for request_id, route in batch:
                    _route(write, request_id, route)

    # --- reading -------------------------------------------------------------------------------------------------

    def snapshot(self, request_id: str) -> Snapshot:
        """The request as it stands. Raises `NoSuchRequest`."""
        with self.read() as connection:
            found = connection.execute(select(requests.c.snapshot).where(requests.c.request_id == request_id)).scalar()
        if found is None:
            raise NoSuchRequest(request_id)
        return decode_snapshot(found)

    def snapshots(
        self,
        payer: Payer | None = None,
        portal: str | None = None,
        status: Status | Collection[Status] | None = None,
    ) -> Iterator[Snapshot]:
        """All requests that fit, in the order in which they were accepted. Streams: no more than a page in memory."""
        wanted = [status] if isinstance(status, Status) else status
        fits = [
            *([requests.c.payer == payer.value] if payer is not None else []),
            *([requests.c.portal == portal] if portal is not None else []),
            *([requests.c.status.in_([each.value for each in wanted])] if wanted is not None else []),
        ]
        last = -1
        while True:
            page = select(requests.c.accepted_seq, requests.c.snapshot).where(requests.c.accepted_seq > last, *fits)
            with self.read() as connection:
                rows = connection.execute(page.order_by(requests.c.accepted_seq).limit(_PAGE)).all()
            for seq, text in rows:
                last = seq
                yield decode_snapshot(text)
            if len(rows) < _PAGE:
                return

    def events(self, request_id: str | None = None) -> Iterator[Event]:
        """The history, oldest first; of one request ("": of portals and passwords), or all of it."""
        for row in self._event_rows(request_id):
            yield _event(row)

    def _event_rows(self, request_id: str | None) -> Iterator[RowMapping]:
        fits = [] if request_id is None else [events.c.request_id == request_id]
        last = 0
        while True:
            page = select(events).where(events.c.seq > last, *fits).order_by(events.c.seq).limit(_PAGE)
            with self.read() as connection:
                rows = connection.execute(page).mappings().all()
            for row in rows:
                last = row["seq"]
                yield row
            if len(rows) < _PAGE:
                return

    def attempts(self, request_id: str | None = None, state: AttemptState | None = None) -> tuple[Attempt, ...]:
        """Attempts that fit, in the order in which they began."""
        fits = [
            *([attempts.c.request_id == request_id] if request_id is not None else []),
            *([attempts.c.state == state.value] if state is not None else []),
        ]
        with self.read() as connection:
            found = connection.execute(select(attempts.c.attempt).where(*fits).order_by(attempts.c.attempt_id)).scalars().all()
        return tuple(map(decode_attempt, found))

    def due(self, portal: str, only: Collection[str] | None = None) -> tuple[Snapshot, ...]:
        """Requests to be submitted on that portal now, in the order in which they were accepted."""
        query = select(requests.c.snapshot).where(requests.c.portal == portal, self._is_due())
        with self.read() as connection:
            found = connection.execute(query.order_by(requests.c.accepted_seq)).scalars().all()
        snapshots = map(decode_snapshot, found)
        return tuple(each for each in snapshots if only is None or each.request.request_id in only)

    def portals_due(self) -> tuple[str, ...]:
        """Portals for which something is due."""
        query = select(requests.c.portal).where(requests.c.portal != "", self._is_due()).distinct()
        with self.read() as connection:
            return tuple(sorted(connection.execute(query).scalars()))

    def _is_due(self) -> ColumnElement[bool]:
        """New, or its waiting is over; and nothing was sent that may have been accepted."""
        live = [state.value for state in OPEN_ATTEMPT - {AttemptState.DRAFTING}]
        sent = exists().where(attempts.c.request_id == requests.c.request_id, attempts.c.state.in_(live))
        waited = and_(
            requests.c.status == Status.WAITING.value,
            requests.c.waiting_until != "",
            requests.c.waiting_until <= instant_text(self.now()),
        )
        return and_(or_(requests.c.status == Status.NEW.value, waited), ~sent)

    def owner_of(self, portal: str, reference_no: str) -> str:
        """Id of the request to which that case belongs; "" when it is none of ours."""
        with self.read() as connection:
            return owner_of(connection, portal, reference_no)

    # --- moving --------------------------------------------------------------------------------------------------

    def move(self, request_id: str, standing: Standing) -> Snapshot:
        """Puts a request elsewhere. Raises `MoveRefused` when `jobs.state.ALLOWED` does not know the move."""
        with self.write() as write:
            write.append(request_id, happened.Moved(standing=standing))
            return write.snapshot(request_id)

    def release(self, request_id: str) -> Snapshot:
        """A person has cleared what stood in the way: a request that was not sent is tried again."""
        with self.write() as write:
            now = write.snapshot(request_id)
            if now.status is not Status.NEEDS_PERSON or write.rows.open_attempt(request_id) is not None:
                raise happened.MoveRefused("a request", now.status, Status.NEW)
            write.append(request_id, happened.Moved(standing=Standing(status=Status.NEW)))
            return write.snapshot(request_id)

    def claim_tick(self, job: str, slot: str) -> bool:
        """True for exactly one caller of each job and slot, over all processes and restarts."""
        with self.write() as write:
            taken = select(ticks.c.slot).where(ticks.c.job == job, ticks.c.slot == slot)
            if write.connection.execute(taken).first() is not None:
                return False
            write.connection.execute(insert(ticks).values(job=job, slot=slot, claimed_at=instant_text(write.at)))
            return True

    # --- its own soundness ---------------------------------------------------------------------------------------

    def verify_chain(self) -> int:
        """Reads the whole history and checks each link. Returns the number of events; raises `JournalDamaged`."""
        with self.read() as connection:  # first: others may add to the history while it is read
            head = connection.execute(select(journal_head.c.seq, journal_head.c.hash)).one()
        seq, before = 0, GENESIS
        for row in self._event_rows(None):
            if row["seq"] != seq + 1 or row["prev_hash"] != before or row["hash"] != hash_of(row):
                raise JournalDamaged(f"event {seq + 1} of its history does not fit the one before")
            seq, before = row["seq"], row["hash"]
            if seq == head.seq and before != head.hash:
                raise JournalDamaged("its last event is not the one that was written last")
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
            query = select(events).order_by(events.c.seq).execution_options(yield_per=_PAGE)
            for row in write.connection.execute(query).mappings():
                projection.apply(_event(row))
            projection.flush()
            return before == _projected(write.connection)


def _route(write: Write, request_id: str, route: Route) -> None:
    now = write.snapshot(request_id)
    if now.status in (Status.NEW, Status.WAITING) and not _was_sent(write.rows.open_attempt(request_id)):
        channel, standing = begin(route, now)
        write.append(request_id, happened.Routed(route=route, channel=channel, standing=standing))


def _was_sent(attempt: Attempt | None) -> bool:
    return attempt is not None and attempt.state is not AttemptState.DRAFTING


def _event(row: RowMapping) -> Event:
    return Event(
        seq=row["seq"],
        request_id=row["request_id"],
        at=parse_instant(row["at"]),
        body=decode_body(row["body"]),
        prev_hash=row["prev_hash"],
        hash=row["hash"],
    )


def _projected(connection: Connection) -> list[Sequence[Any]]:
    """Every projected row, in an order of its own."""
    return [tuple(row) for table in PROJECTIONS for row in connection.execute(select(table).order_by(*table.primary_key.columns))]


__all__ = ["Acceptance", "Accepted", "Different", "Journal", "NoSuchRequest", "Same"]
