"""What the journal keeps of the last comparison of the books; apart, so that who only asks for it loads no pandas."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from jobs.book_events import BooksCompared
from jobs.clock import parse_instant
from jobs.events import decode_body
from jobs.journal import Journal
from jobs.journal_schema import events


def last_comparison(journal: Journal) -> tuple[datetime, BooksCompared] | None:
    """What was noted last, and when; None before the first."""
    latest = select(events.c.at, events.c.body).where(events.c.kind == "reconciled").order_by(events.c.seq.desc()).limit(1)
    with journal.read() as connection:
        row = connection.execute(latest).first()
    if row is None:
        return None
    body = decode_body(row.body)
    assert isinstance(body, BooksCompared)
    return parse_instant(row.at), body
