"""Derives requests, attempts, readings, units, passwords and disabled portals from events.

Used in two ways: with each write, for the events of one transaction; and by `Journal.rebuild`, for the whole history. Rows are
folded in memory and written once at the end (`flush`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, assert_never

import msgspec
from sqlalchemy import Connection, Table, bindparam, delete, insert, select, update

from bots.errors import PagesChanged, PasswordUnsure
from jobs import events as happened
from jobs import letter_rows
from jobs.book_events import BooksCompared
from jobs.clock import instant_text
from jobs.events import Event, encode, fold_attempt, fold_request
from jobs.fax.projected import FaxRows
from jobs.journal_schema import attempts, credentials, disabled, emptied, readings, requests, units
from jobs.letter_events import LetterEvent
from jobs.service_events import ServiceEvent
from jobs.state import OPEN_ATTEMPT, Attempt, AttemptState, Snapshot

# Built once: each write asks them anew.
_REQUESTS = select(requests.c.request_id, requests.c.snapshot, requests.c.fingerprint, requests.c.accepted_seq).where(
    requests.c.request_id.in_(bindparam("ids", expanding=True))
)
_ATTEMPT = select(attempts.c.attempt).where(attempts.c.attempt_id == bindparam("id"))
_OPEN_ATTEMPTS = select(attempts.c.attempt_id).where(
    attempts.c.request_id == bindparam("id"), attempts.c.state.in_([state.value for state in OPEN_ATTEMPT])
)
_IN_DOUBT = select(attempts.c.request_id).where(
    attempts.c.portal == bindparam("portal"), attempts.c.state.in_([AttemptState.INTENT.value, AttemptState.UNCERTAIN.value])
)
_INSERT = {table.name: insert(table) for table in (requests, attempts, readings, units, emptied)}
_UPDATE = {
    table.name: update(table).where(table.c[key] == bindparam("row_" + key))
    for table, key in ((requests, "request_id"), (attempts, "attempt_id"))
}

_snapshots = msgspec.json.Decoder(Snapshot)
_attempts = msgspec.json.Decoder(Attempt)


def decode_snapshot(text: str) -> Snapshot:
    return _snapshots.decode(text)


def decode_attempt(text: str) -> Attempt:
    return _attempts.decode(text)


@dataclass
class Kept:
    """A request's row while it is folded."""

    snapshot: Snapshot
    fingerprint: str
    accepted_seq: int
    stored: bool
    """The table has a row for it already."""


class Projection:
    """The projected rows that a sequence of events touches. ``from_nothing``: the tables are empty, look nothing up."""

    def __init__(self, connection: Connection, *, from_nothing: bool = False) -> None:
        self._connection = connection
        self._from_nothing = from_nothing
        self._requests: dict[str, Kept | None] = {}
        self._attempts: dict[str, Attempt | None] = {}
        self._stored_attempts: set[str] = set()
        self._touched_requests: dict[str, None] = {}
        self._touched_attempts: dict[str, None] = {}
        self._readings: list[dict[str, Any]] = []
        self._units: list[dict[str, Any]] = []
        self._emptied: dict[int, dict[str, Any]] = {}
        self.faxes = FaxRows(connection, from_nothing=from_nothing)

    # --- look up -------------------------------------------------------------------------------------------------

    def preload(self, request_ids: Sequence[str]) -> None:
        """Reads many requests at once."""
        found = self._connection.execute(_REQUESTS, {"ids": request_ids})
        for request_id in request_ids:
            self._requests.setdefault(request_id, None)
        for request_id, text, fingerprint, accepted_seq in found:
            self._requests[request_id] = Kept(decode_snapshot(text), fingerprint, accepted_seq, stored=True)

    def request(self, request_id: str) -> Kept | None:
        if request_id not in self._requests and not self._from_nothing:
            self.preload([request_id])
        return self._requests.get(request_id)

    def is_touched(self, request_id: str) -> bool:
        """Whether an event of this request was folded that `flush` has not written yet."""
        return request_id in self._touched_requests

    def attempt(self, attempt_id: str) -> Attempt | None:
        if attempt_id not in self._attempts and not self._from_nothing:
            text = self._connection.execute(_ATTEMPT, {"id": attempt_id}).scalar()
            self._attempts[attempt_id] = decode_attempt(text) if text else None
            if text:
                self._stored_attempts.add(attempt_id)
        return self._attempts.get(attempt_id)

    def open_attempt(self, request_id: str) -> Attempt | None:
        """The request's one attempt that is not over, if any. For writes of single requests, not while rebuilding."""
        for attempt_id in self._touched_attempts:
            touched = self._attempts[attempt_id]
            if touched is not None and touched.request_id == request_id and touched.state in OPEN_ATTEMPT:
                return touched
        for attempt_id in self._connection.execute(_OPEN_ATTEMPTS, {"id": request_id}).scalars().all():
            attempt = self.attempt(attempt_id)
            if attempt is not None and attempt.state in OPEN_ATTEMPT:
                return attempt
        return None

    def in_doubt(self, portal: str) -> Sequence[str]:
        """Requests that the portal may have accepted without our knowing yet. For writes, not while rebuilding."""
        return self._connection.execute(_IN_DOUBT, {"portal": portal}).scalars().all()

    # --- fold ----------------------------------------------------------------------------------------------------

    def apply(self, event: Event) -> None:
        """Folds one event. Raises `MoveRefused`; nothing is written before `flush`."""
        body = event.body
        if isinstance(body, happened.AttemptEvent):
            attempt = fold_attempt(self.attempt(body.attempt_id), event.request_id, event.at, body)
            self._attempts[attempt.attempt_id] = attempt
            self._touched_attempts[attempt.attempt_id] = None
        if isinstance(body, happened.FaxEvent):
            attempt = self.faxes.apply(event.request_id, event.at, body)
            self.attempt(attempt.attempt_id)  # so that it is known whether the table has it
            self._attempts[attempt.attempt_id] = attempt
            self._touched_attempts[attempt.attempt_id] = None
        if isinstance(body, happened.PortalEvent):
            self._apply_portal(event, body)
        elif isinstance(body, happened.FaxLineEvent):
            self.faxes.apply_line(event.at, body)
        elif isinstance(body, LetterEvent):
            letter_rows.apply(self._connection, event.at, body)
        elif event.request_id and not isinstance(body, ServiceEvent | happened.FaxNumberEvent):
            self._apply_request(event, body)
        if isinstance(body, happened.ReadingTaken):
            self._readings.append(_reading_row(event, body))
        elif isinstance(body, happened.UnitsTaken):
            self._units.extend(_units_rows(event, body))
        elif isinstance(body, happened.PersonRemoved):
            self._emptied |= {each.seq: {"seq": each.seq, "hash": each.hash, "by_seq": event.seq} for each in body.events}

    def put(self, request_id: str, snapshot: Snapshot) -> None:
        """The request as its events tell it after some of them were emptied."""
        kept = self.request(request_id)
        assert kept is not None
        kept.snapshot = snapshot
        self._touched_requests[request_id] = None

    def _apply_request(self, event: Event, body: happened.OfRequest) -> None:
        kept = self.request(event.request_id)
        snapshot = fold_request(kept.snapshot if kept else None, event.at, body)
        fingerprint = body.fingerprint if isinstance(body, happened.Accepted | happened.Corrected) else ""
        if kept is None:
            self._requests[event.request_id] = Kept(snapshot, fingerprint, event.seq, stored=False)
        else:
            kept.snapshot = snapshot
            kept.fingerprint = fingerprint or kept.fingerprint
        self._touched_requests[event.request_id] = None

    def _apply_portal(self, event: Event, body: happened.PortalEvent) -> None:
        match body:
            case happened.PortalDisabled():
                where = (disabled.c.portal == body.portal) & (disabled.c.account == body.account)
                self._connection.execute(delete(disabled).where(where))
                self._connection.execute(
                    insert(disabled).values(
                        portal=body.portal,
                        account=body.account,
                        error_code=body.error_code,
                        sentence=body.sentence,
                        since=instant_text(event.at),
                    )
                )
            case happened.PortalEnabled(pages_only=True):
                stopped = (disabled.c.portal == body.portal) & (disabled.c.error_code == PagesChanged.code)
                self._connection.execute(delete(disabled).where(stopped))
            case happened.PortalEnabled():
                self._forget_unseen_answers(body.portal)
                self._connection.execute(delete(disabled).where(disabled.c.portal == body.portal))
            case happened.PasswordTry() | happened.PasswordJudged():
                self._apply_password(body)
            case happened.BreakerOpened() | happened.BreakerClosed() | happened.EnrolmentStep() | BooksCompared():
                pass
            case _:
                assert_never(body)

    def _forget_unseen_answers(self, portal: str) -> None:
        """A person who enables an account after being asked to check its password has done so; a rejection stays a rejection."""
        told = select(disabled.c.account).where(disabled.c.portal == portal, disabled.c.error_code == PasswordUnsure.code)
        unseen = update(credentials).where(
            credentials.c.portal == portal, credentials.c.account.in_(told), credentials.c.state != "rejected"
        )
        self._connection.execute(unseen.values(open_tries=0))

    def _apply_password(self, body: happened.PasswordTry | happened.PasswordJudged) -> None:
        mine = (
            (credentials.c.portal == body.portal)
            & (credentials.c.account == body.account)
            & (credentials.c.fingerprint == body.fingerprint)
        )
        row = self._connection.execute(select(credentials).where(mine)).mappings().one_or_none()
        state, open_tries = (row["state"], row["open_tries"]) if row else ("tried", 0)
        if isinstance(body, happened.PasswordTry):
            state, open_tries = "tried", open_tries + 1
        elif body.accepted is None:
            open_tries = max(0, open_tries - 1)
        else:
            state, open_tries = "accepted" if body.accepted else "rejected", 0
        self._connection.execute(delete(credentials).where(mine))
        self._connection.execute(
            insert(credentials).values(
                portal=body.portal,
                account=body.account,
                fingerprint=body.fingerprint,
                state=state,
                open_tries=open_tries,
            )
        )

    # --- write ---------------------------------------------------------------------------------------------------

    def flush(self) -> None:
        """Writes what was folded. A second open attempt of one request fails here, in the database."""
        old: list[dict[str, Any]] = []
        new: list[dict[str, Any]] = []
        for request_id in self._touched_requests:
            kept = self._requests[request_id]
            assert kept is not None
            (old if kept.stored else new).append(_request_row(kept))
            kept.stored = True
        self._update(requests, "request_id", old)
        self._insert(requests, new)
        self._flush_attempts()
        self.faxes.flush()
        self._insert(readings, self._readings)
        self._insert(units, self._units)
        self._flush_emptied()
        self._touched_requests.clear()
        self._readings.clear()
        self._units.clear()

    def _flush_attempts(self) -> None:
        touched = [attempt for key in self._touched_attempts if (attempt := self._attempts[key]) is not None]
        # Ended ones first: the index allows the new one only when the old one is over.
        self._update(attempts, "attempt_id", [_attempt_row(each) for each in touched if each.attempt_id in self._stored_attempts])
        self._insert(attempts, [_attempt_row(each) for each in touched if each.attempt_id not in self._stored_attempts])
        self._stored_attempts.update(self._touched_attempts)
        self._touched_attempts.clear()

    def _flush_emptied(self) -> None:
        if self._emptied and not self._from_nothing:  # an event that is emptied further is named anew
            self._connection.execute(delete(emptied).where(emptied.c.seq.in_(self._emptied)))
        self._insert(emptied, list(self._emptied.values()))
        self._emptied.clear()

    def _insert(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        if rows:
            self._connection.execute(_INSERT[table.name], rows)

    def _update(self, table: Table, key: str, rows: Iterable[Mapping[str, Any]]) -> None:
        changes = [{("row_" + name if name == key else name): value for name, value in row.items()} for row in rows]
        if changes:
            self._connection.execute(_UPDATE[table.name], changes)


def _request_row(kept: Kept) -> dict[str, Any]:
    snapshot = kept.snapshot
    request = snapshot.request
    return {
        "request_id": request.request_id,
        "accepted_seq": kept.accepted_seq,
        "fingerprint": kept.fingerprint,
        "payer": request.payer.value,
        "portal": snapshot.route.portal if snapshot.route else "",
        "status": snapshot.status.value,
        "waiting_until": instant_text(snapshot.waiting_until) if snapshot.waiting_until else "",
        "reference_no": snapshot.receipt.reference_no if snapshot.receipt else "",
        "snapshot": encode(snapshot),
    }


def _attempt_row(attempt: Attempt) -> dict[str, Any]:
    return {
        "attempt_id": attempt.attempt_id,
        "request_id": attempt.request_id,
        "portal": attempt.portal,
        "state": attempt.state.value,
        "attempt": encode(attempt),
    }


def _reading_row(event: Event, body: happened.ReadingTaken) -> dict[str, Any]:
    return {
        "seq": event.seq,
        "request_id": event.request_id,
        "portal": body.reading.portal,
        "reference_no": body.reading.reference_no,
        "observed_at": instant_text(body.reading.observed_at),
    }


def _units_rows(event: Event, body: happened.UnitsTaken) -> list[dict[str, Any]]:
    return [
        {
            "seq": event.seq,
            "place": place,
            "request_id": event.request_id,
            "portal": line.portal,
            "authorization_no": line.authorization_no,
            "service_code": line.service_code,
            "as_of": line.as_of.isoformat(),
        }
        for place, line in enumerate(body.units)
    ]
