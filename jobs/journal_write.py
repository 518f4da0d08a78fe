"""One write transaction of the journal: events are added to the chain, and what follows from them is written with them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, RowMapping, bindparam, insert, select, update

from jobs.clock import instant_text
from jobs.events import AnyBody, Event, encode, kind_of
from jobs.journal_schema import events, journal_head, requests
from jobs.projection import Projection, decode_snapshot
from jobs.state import Snapshot

_HEAD = select(journal_head.c.seq, journal_head.c.hash).with_for_update()
_ADD = insert(events)
_SET_HEAD = update(journal_head)
_EMPTY = update(events).where(events.c.seq == bindparam("row_seq"))


class NoSuchRequest(KeyError):
    """No request of that id was ever accepted."""


class Write:
    """One write transaction: events first, then what follows from them. ``at`` is the one instant of all its events."""

    def __init__(self, connection: Connection, at: datetime) -> None:
        self.connection = connection
        self.at = at
        self.rows = Projection(connection)
        # Whoever writes locks this row first: one chain, one writer at a time (SQLite has its write lock already).
        head = connection.execute(_HEAD).one()
        self._seq, self._hash = int(head.seq), str(head.hash)
        self._added: list[dict[str, Any]] = []
        self._emptied: list[dict[str, Any]] = []

    def append(self, request_id: str, *bodies: AnyBody) -> None:
        """Adds events of one request ("" for a portal's or a password's). Raises `MoveRefused` and then writes nothing."""
        for body in bodies:
            before, self._seq = self._hash, self._seq + 1
            row: dict[str, Any] = {
                "seq": self._seq,
                "request_id": request_id,
                "kind": kind_of(body),
                "at": instant_text(self.at),
                "body": encode(body),
                "prev_hash": before,
            }
            self._hash = hash_of(row)
            self._added.append(row | {"hash": self._hash})
            self.rows.apply(Event(seq=self._seq, request_id=request_id, at=self.at, body=body, prev_hash=before, hash=self._hash))

    def empty(self, seq: int, body: str) -> None:
        """Puts what is left of an event into its row. Only for one that a `PersonRemoved` of this transaction names."""
        self._emptied.append({"row_seq": seq, "body": body})

    @property
    def next_seq(self) -> int:
        """The number that the next event gets."""
        return self._seq + 1

    def snapshot(self, request_id: str) -> Snapshot:
        """The request as this transaction sees it. Raises `NoSuchRequest`."""
        kept = self.rows.request(request_id)
        if kept is None:
            raise NoSuchRequest(request_id)
        return kept.snapshot

    def finish(self) -> None:
        if self._added:
            self.connection.execute(_ADD, self._added)
            self.rows.flush()
            self.connection.execute(_SET_HEAD, {"seq": self._seq, "hash": self._hash})
        if self._emptied:
            self.connection.execute(_EMPTY, self._emptied)


def hash_of(row: Mapping[str, Any] | RowMapping) -> str:
    """The hash of an event's row, over its content and the hash before it. Shape: 64 hexadecimal digits (SHA-256)."""
    covered = [row[name] for name in ("prev_hash", "seq", "request_id", "kind", "at", "body")]
    return hashlib.sha256(msgspec.json.encode(covered)).hexdigest()


def owner_of(connection: Connection, portal: str, reference_no: str) -> str:
    found = connection.execute(select(requests.c.request_id, requests.c.snapshot).where(requests.c.reference_no == reference_no))
    for request_id, text in found:
        receipt = decode_snapshot(text).receipt
        if receipt is not None and receipt.portal == portal:
            return str(request_id)
    return ""
