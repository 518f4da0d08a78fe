"""Takes the person out of the journal's events of requests whose time is over, so that nothing of it is left in the file.

One transaction holds the event that names what is emptied (`jobs.removal_events`), the emptied rows and what is derived from
them. What the database no longer uses is then written over; until that is done the journal remembers that it is to be done.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, date, datetime, time
from typing import Any

from sqlalchemy import Engine, RowMapping, delete, insert, select

from bots.model import Status
from jobs.clock import instant_text, parse_instant
from jobs.emptying import emptied
from jobs.events import Checked, OfRequest, decode_body, encode, fold_request
from jobs.journal import Journal
from jobs.journal_schema import BUSY_MILLISECONDS, attempts, events, faxes, journal_meta, requests
from jobs.journal_write import Write, hash_of
from jobs.letter_events import FOR_A_PERSON
from jobs.letter_rows import letters_in
from jobs.projection import decode_attempt
from jobs.removal_events import EmptiedEvent, PersonRemoved
from jobs.state import AWAITED, AttemptState, Snapshot

BATCH = 50
"""Requests in one transaction."""
PATIENCE_MILLISECONDS = 10_000
"""How long others who read or write just now are waited for."""
_OPEN = AWAITED | {Status.NEW, Status.WAITING, Status.NEEDS_PERSON, Status.UNCERTAIN}
_AT_WORK = (AttemptState.DRAFTING, AttemptState.INTENT, AttemptState.UNCERTAIN)
_TO_OVERWRITE = "to_overwrite"


def over_since(snapshot: Snapshot, last_event: datetime) -> date | None:
    """The day from which its time runs: its last event, and not before the authorization's end. None: it is not over."""
    if snapshot.status in _OPEN:
        return None
    reading = snapshot.reading
    ends = [line.to_date for line in snapshot.request.lines]
    ends += [reading.valid_to] if reading is not None and reading.valid_to is not None else []
    return max(last_event.date(), *ends)


def is_news(event: Any) -> bool:
    """Whether an event puts off the end: that the portal's list still shows a case as it was does not."""
    return not isinstance(event, Checked | PersonRemoved)


def is_held(journal: Journal, request_id: str) -> bool:
    """Whether something of the request is under way although it looks over: an attempt, a fax, or a letter for a person."""
    with journal.read() as connection:
        tries = connection.execute(select(attempts.c.attempt).where(attempts.c.request_id == request_id)).scalars()
        letters = letters_in(connection, FOR_A_PERSON)
        return any(decode_attempt(text).state in _AT_WORK for text in tries) or any(
            letter.request_id == request_id for letter in letters
        )


def remove_persons(journal: Journal, request_ids: Sequence[str], limit: date, on: date) -> int:
    """Takes the person out of those of the requests that are over since before ``limit``, as they stand now. Returns how many."""
    done = 0
    for start in range(0, len(request_ids), BATCH):
        with journal.write() as write:
            done += sum(_remove(write, request_id, limit, on) for request_id in request_ids[start : start + BATCH])
    return done


def _remove(write: Write, request_id: str, limit: date, on: date) -> bool:
    rows = (
        write.connection.execute(select(events).where(events.c.request_id == request_id).order_by(events.c.seq)).mappings().all()
    )
    news = [parse_instant(row["at"]) for row in rows if is_news(decode_body(row["body"]))]
    since = over_since(write.snapshot(request_id), max(news))
    attempt = write.rows.open_attempt(request_id)
    if since is None or since >= limit or (attempt is not None and attempt.state in _AT_WORK):
        return False
    named, left = _emptied(rows, on)
    removed = PersonRemoved(on=on, events=named)
    write.append(request_id, removed)
    write.rows.put(request_id, _folded(rows, left, removed, write.at))
    _put(write, left)
    return True


def _emptied(rows: Sequence[RowMapping], on: date) -> tuple[tuple[EmptiedEvent, ...], dict[int, str]]:
    """The events that hold anything of a person, and what is left of each, by number."""
    named, left = [], {}
    for row in rows:
        body = decode_body(row["body"])
        without = encode(emptied(body, on))
        if without != encode(body):
            left[row["seq"]] = without
            named.append(EmptiedEvent(seq=row["seq"], hash=row["hash"], left=hash_of({**row, "body": without})))
    return tuple(named), left


def _folded(rows: Sequence[RowMapping], left: dict[int, str], removed: PersonRemoved, at: datetime) -> Snapshot:
    """The request as its events tell it from now on."""
    snapshot: Snapshot | None = None
    for row in rows:
        body = decode_body(left.get(row["seq"], row["body"]))
        assert isinstance(body, OfRequest)
        snapshot = fold_request(snapshot, parse_instant(row["at"]), body)
    return fold_request(snapshot, at, removed)


def _put(write: Write, left: dict[int, str]) -> None:
    for seq, body in left.items():
        write.empty(seq, body)
    write.connection.execute(delete(journal_meta).where(journal_meta.c.name == _TO_OVERWRITE))
    write.connection.execute(insert(journal_meta).values(name=_TO_OVERWRITE, value="1"))


# --- comparisons of the books ----------------------------------------------------------------------------------------


def old_comparisons(journal: Journal, limit: date) -> tuple[int, ...]:
    """Numbers of the comparisons before that day that name members: cases that portals had and nobody knew."""
    before = instant_text(datetime.combine(limit, time(), UTC))
    query = select(events).where(events.c.request_id == "", events.c.kind == "reconciled", events.c.at < before)
    with journal.read() as connection:
        rows = connection.execute(query.order_by(events.c.seq)).mappings().all()
    return tuple(each.seq for each in _emptied(rows, limit)[0])


def empty_comparisons(journal: Journal, seqs: Sequence[int], on: date) -> None:
    if not seqs:
        return
    with journal.write() as write:
        query = select(events).where(events.c.seq.in_(seqs), events.c.kind == "reconciled").order_by(events.c.seq)
        named, left = _emptied(write.connection.execute(query).mappings().all(), on)
        if named:
            write.append("", PersonRemoved(on=on, events=named))
            _put(write, left)


# --- what is left in the file ----------------------------------------------------------------------------------------


def is_to_overwrite(journal: Journal) -> bool:
    with journal.read() as connection:
        return connection.execute(select(journal_meta.c.value).where(journal_meta.c.name == _TO_OVERWRITE)).first() is not None


def overwrite(journal: Journal) -> bool:
    """Writes the database anew without what it no longer uses, and empties its log. False when others are reading just now, or
    there is no room: it is to be tried again."""
    if not is_to_overwrite(journal):
        return True
    engine = journal.engine
    if engine.dialect.name != "sqlite":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for table in (events, requests, faxes):
                connection.exec_driver_sql(f"VACUUM (FULL) {table.name}")
    elif not _overwrite_sqlite(engine):
        return False
    with journal.write() as write:
        write.connection.execute(delete(journal_meta).where(journal_meta.c.name == _TO_OVERWRITE))
    return True


def _overwrite_sqlite(engine: Engine) -> bool:
    with closing(engine.raw_connection()) as connection:
        cursor = connection.cursor()
        try:
            cursor.execute(f"PRAGMA busy_timeout = {PATIENCE_MILLISECONDS}")
            cursor.execute("VACUUM")
            (busy, *_) = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            return not busy
        except sqlite3.OperationalError:  # locked, or no room on the disk
            return False
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
