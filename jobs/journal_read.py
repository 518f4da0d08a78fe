"""Reading the journal: requests as they stand, their history, their attempts, and what is due."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import islice

from sqlalchemy import Connection, Engine, RowMapping, select

from bots.model import Payer, Status
from jobs.clock import Clock, instant_text, parse_instant
from jobs.events import Event, decode_body
from jobs.fallback import LONGEST_PROBE
from jobs.journal_due import DUE, IN_DOUBT, NEXT_DUE, PORTALS_DUE
from jobs.journal_schema import attempts, events, journal_head, requests
from jobs.journal_write import NoSuchRequest, owner_of
from jobs.projection import decode_attempt, decode_snapshot
from jobs.state import Attempt, AttemptState, Snapshot, is_due

PAGE = 1000
"""Rows read at once; no transaction stays open while a caller looks at them."""


class JournalReader:
    """An open journal, for reading. ``now`` is the clock of all that jobs do."""

    def __init__(self, engine: Engine, now: Clock) -> None:
        self._engine = engine
        self.now = now

    @contextmanager
    def read(self) -> Iterator[Connection]:
        with self._engine.connect() as connection:
            yield connection

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
                rows = connection.execute(page.order_by(requests.c.accepted_seq).limit(PAGE)).all()
            for seq, text in rows:
                last = seq
                yield decode_snapshot(text)
            if len(rows) < PAGE:
                return

    def snapshots_of(self, request_ids: Iterable[str]) -> Iterator[Snapshot]:
        """These requests; an id that is none is left out."""
        left = iter(sorted(request_ids))
        while batch := list(islice(left, PAGE)):
            query = select(requests.c.snapshot).where(requests.c.request_id.in_(batch)).order_by(requests.c.accepted_seq)
            with self.read() as connection:
                found = connection.execute(query).scalars().all()
            yield from map(decode_snapshot, found)

    def changed_since(self, seq: int) -> Iterator[Snapshot]:
        """The requests of which something was noted after event ``seq``, as they stand now."""
        with self.read() as connection:
            changed = connection.execute(select(events.c.request_id).where(events.c.seq > seq).distinct()).scalars().all()
        return self.snapshots_of(changed)

    def events(self, request_id: str | None = None) -> Iterator[Event]:
        """The history, oldest first; of one request ("": of portals and passwords), or all of it."""
        for row in self._event_rows(request_id):
            yield event_of(row)

    def event_rows(self) -> Iterator[RowMapping]:
        """The whole history as it is stored, oldest first."""
        return self._event_rows(None)

    def head(self) -> tuple[int, str]:
        """Number and hash of the last event; 0 while there is none."""
        with self.read() as connection:
            row = connection.execute(select(journal_head.c.seq, journal_head.c.hash)).one()
        return int(row.seq), str(row.hash)

    def first_event_at(self) -> datetime | None:
        with self.read() as connection:
            at = connection.execute(select(events.c.at).where(events.c.seq == 1)).scalar()
        return parse_instant(at) if at else None

    def _event_rows(self, request_id: str | None) -> Iterator[RowMapping]:
        fits = [] if request_id is None else [events.c.request_id == request_id]
        last = 0
        while True:
            page = select(events).where(events.c.seq > last, *fits).order_by(events.c.seq).limit(PAGE)
            with self.read() as connection:
                rows = connection.execute(page).mappings().all()
            for row in rows:
                last = row["seq"]
                yield row
            if len(rows) < PAGE:
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
        with self.read() as connection:
            found = connection.execute(DUE, {"portal": portal, "now": instant_text(self.now())}).scalars().all()
        due = (each for each in map(decode_snapshot, found) if is_due(each, self.now()))
        return tuple(each for each in due if only is None or each.request.request_id in only)

    def portals_due(self) -> tuple[str, ...]:
        """Portals for which something is due, or that are down, waited for, and to be tried again now."""
        now = self.now()
        with self.read() as connection:
            found = connection.execute(PORTALS_DUE, {"now": instant_text(now), "longest": instant_text(now + LONGEST_PROBE)})
            return tuple(sorted(found.scalars()))

    def is_uncertain_on(self, portal: str) -> bool:
        """Whether the portal may have a request of which that is not known: uncertain, or with an INTENT and no RECEIPT yet."""
        with self.read() as connection:
            return connection.execute(IN_DOUBT, {"portal": portal}).first() is not None

    def next_due(self) -> datetime | None:
        """When the next request falls due on a portal; now where one is, None where none waits for a time."""
        if self.portals_due():
            return self.now()
        with self.read() as connection:
            first = connection.execute(NEXT_DUE).scalar()
        return parse_instant(first) if first else None

    def owner_of(self, portal: str, reference_no: str) -> str:
        """Id of the request to which that case belongs; "" when it is none of ours."""
        with self.read() as connection:
            return owner_of(connection, portal, reference_no)


def event_of(row: RowMapping) -> Event:
    return Event(
        seq=row["seq"],
        request_id=row["request_id"],
        at=parse_instant(row["at"]),
        body=decode_body(row["body"]),
        prev_hash=row["prev_hash"],
        hash=row["hash"],
    )
