"""The rows of the fax queue, derived from its events with each write and by `Journal.rebuild` (see `jobs.projection`)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, assert_never

import msgspec
from sqlalchemy import Connection, bindparam, delete, insert, select, update

from jobs.clock import instant_text
from jobs.fax.happened import FaxEvent, FaxLineAlerted, FaxLineDown, FaxLineEvent, FaxLineUp, fold_fax
from jobs.fax.state import Fax, attempt_of
from jobs.journal_schema import fax_lines, faxes
from jobs.state import Attempt

# Built once: each write asks them anew.
_MANY = select(faxes.c.fax_id, faxes.c.fax).where(faxes.c.fax_id.in_(bindparam("ids", expanding=True)))
_INSERT = insert(faxes)
_UPDATE = update(faxes).where(faxes.c.fax_id == bindparam("row_fax_id"))
_decoder = msgspec.json.Decoder(Fax)
_encoder = msgspec.json.Encoder(order="deterministic")


def decode_fax(text: str) -> Fax:
    return _decoder.decode(text)


class FaxRows:
    """The faxes that a sequence of events touches. ``from_nothing``: the tables are empty, look nothing up."""

    def __init__(self, connection: Connection, *, from_nothing: bool = False) -> None:
        self._connection = connection
        self._from_nothing = from_nothing
        self._faxes: dict[str, Fax | None] = {}
        self._stored: set[str] = set()
        self._touched: dict[str, None] = {}

    def preload(self, fax_ids: Iterable[str]) -> None:
        """Reads many faxes at once."""
        ids = [fax_id for fax_id in fax_ids if fax_id not in self._faxes]
        if not ids or self._from_nothing:
            return
        self._faxes |= dict.fromkeys(ids)
        for fax_id, text in self._connection.execute(_MANY, {"ids": ids}):
            self._faxes[fax_id] = decode_fax(text)
            self._stored.add(fax_id)

    def get(self, fax_id: str) -> Fax | None:
        self.preload([fax_id])
        return self._faxes.get(fax_id)

    def apply(self, request_id: str, at: datetime, body: FaxEvent) -> Attempt:
        """Folds one event, and returns what its request's attempt is now. Raises `MoveRefused`."""
        fax = fold_fax(self.get(body.fax_id), request_id, at, body)
        self._faxes[fax.fax_id] = fax
        self._touched[fax.fax_id] = None
        return attempt_of(fax)

    def apply_line(self, at: datetime, body: FaxLineEvent) -> None:
        mine = fax_lines.c.line == body.line
        match body:
            case FaxLineDown():
                self._connection.execute(delete(fax_lines).where(mine))
                rest_until = instant_text(body.rest_until) if body.rest_until else ""
                row = {"line": body.line, "down_since": instant_text(at), "sentence": body.sentence, "rest_until": rest_until}
                self._connection.execute(insert(fax_lines).values(alerted=0, needs_person=int(body.needs_person), **row))
            case FaxLineAlerted():
                self._connection.execute(update(fax_lines).where(mine).values(alerted=1))
            case FaxLineUp():
                self._connection.execute(delete(fax_lines).where(mine))
            case _:
                assert_never(body)

    def flush(self) -> None:
        """Writes what was folded."""
        rows = [_row(fax) for fax_id in self._touched if (fax := self._faxes[fax_id]) is not None]
        if old := [_renamed(row) for row in rows if row["fax_id"] in self._stored]:
            self._connection.execute(_UPDATE, old)
        if new := [row for row in rows if row["fax_id"] not in self._stored]:
            self._connection.execute(_INSERT, new)
        self._stored.update(self._touched)
        self._touched.clear()


def _row(fax: Fax) -> dict[str, Any]:
    return {
        "fax_id": fax.fax_id,
        "request_id": fax.request_id,
        "payer": fax.payer.value,
        "desk": fax.desk,
        "step": fax.step.value,
        "rank": fax.rank,
        "not_before": instant_text(fax.not_before),
        "line": fax.line,
        "number": fax.number,
        "reason": fax.reason.value,
        "fax": _encoder.encode(fax).decode(),
    }


def _renamed(row: dict[str, Any]) -> dict[str, Any]:
    return {("row_fax_id" if name == "fax_id" else name): value for name, value in row.items()}
