"""What the units pages showed, over time: one value of the journal for each time that something had changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sqlalchemy import select

from bots.model import Units
from jobs.events import UnitsTaken, decode_body
from jobs.journal import Journal
from jobs.journal_schema import events, units

_PAGE = 1000


def units_history(journal: Journal, request_id: str | None = None) -> Mapping[str, tuple[tuple[Units, ...], ...]]:
    """By request id: the units of its lines each time they were read, oldest first. Of one request, or of all."""
    found: dict[str, list[tuple[Units, ...]]] = {}
    for owner, body in _bodies(journal, request_id):
        found.setdefault(owner, []).append(body.units)
    return {owner: tuple(times) for owner, times in found.items()}


def _bodies(journal: Journal, request_id: str | None) -> Iterator[tuple[str, UnitsTaken]]:
    fits = [] if request_id is None else [events.c.request_id == request_id]
    taken = select(units.c.seq)
    last = 0
    while True:
        page = select(events.c.seq, events.c.request_id, events.c.body).where(events.c.seq > last, events.c.seq.in_(taken), *fits)
        with journal.read() as connection:
            rows = connection.execute(page.order_by(events.c.seq).limit(_PAGE)).all()
        for seq, owner, text in rows:
            last = seq
            body = decode_body(text)
            assert isinstance(body, UnitsTaken)
            yield owner, body
        if len(rows) < _PAGE:
            return
