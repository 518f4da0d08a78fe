"""The journal's tables, how a database is opened so that a commit is on the disk, and the schema's version.

Plain SQL that SQLite and PostgreSQL both hold to. Instants are fixed-width UTC text (`jobs.clock.instant_text`), values are
JSON text made by msgspec; columns beside them exist only to be searched or to be unique.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Connection,
    Engine,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    create_engine,
    event,
    insert,
    inspect,
    make_url,
    select,
    text,
    update,
)

from bots.private import open_private, sync_folder
from jobs.journal_guard import guard_history
from jobs.state import OPEN_ATTEMPT

SCHEMA_VERSION = 6
BUSY_MILLISECONDS = 30_000
"""How long a writer waits for another process's transaction; each takes milliseconds."""
GENESIS = "0" * 64
"""The hash before the first event."""

metadata = MetaData()

journal_meta = Table("journal_meta", metadata, Column("name", Text, primary_key=True), Column("value", Text, nullable=False))

journal_head = Table(
    "journal_head",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1"), primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("hash", Text, nullable=False),
)
"""The last event. One row: whoever writes locks it first, so that the chain has one end."""

events = Table(
    "events",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("request_id", Text, nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("prev_hash", Text, nullable=False),
    Column("hash", Text, nullable=False, unique=True),
)
"""``request_id`` is "" for what concerns a portal or a password."""

requests = Table(
    "requests",
    metadata,
    Column("request_id", Text, primary_key=True),
    Column("accepted_seq", BigInteger, nullable=False, unique=True),
    Column("fingerprint", Text, nullable=False),
    Column("payer", Text, nullable=False),
    Column("portal", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("waiting_until", Text, nullable=False),
    Column("reference_no", Text, nullable=False, index=True),
    Column("snapshot", Text, nullable=False),
    Index("requests_by_state", "portal", "status"),
)
"""A projection of the events: one `jobs.state.Snapshot` a row."""

_OPEN = text("state in ({})".format(", ".join(f"'{state.value}'" for state in sorted(OPEN_ATTEMPT))))

attempts = Table(
    "attempts",
    metadata,
    Column("attempt_id", Text, primary_key=True),
    Column("request_id", Text, ForeignKey("requests.request_id"), nullable=False, index=True),
    Column("portal", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempt", Text, nullable=False),
    Index("attempts_by_state", "state"),
    Index("one_open_attempt", "request_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
)
"""A projection of the events: one `jobs.state.Attempt` a row; the partial index is the last guard against a second commit."""

faxes = Table(
    "faxes",
    metadata,
    Column("fax_id", Text, primary_key=True),
    Column("request_id", Text, ForeignKey("requests.request_id"), nullable=False, index=True),
    Column("payer", Text, nullable=False),
    Column("desk", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("rank", Integer, nullable=False),
    Column("not_before", Text, nullable=False),
    Column("line", Text, nullable=False),
    Column("number", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("fax", Text, nullable=False),
    Index("faxes_in_order", "step", "rank", "fax_id"),
)
"""A projection of the events: one `jobs.fax.state.Fax` a row. Within one ``rank`` the queue goes by ``fax_id``."""

fax_lines = Table(
    "fax_lines",
    metadata,
    Column("line", Text, primary_key=True),
    Column("down_since", Text, nullable=False),
    Column("sentence", Text, nullable=False),
    Column("rest_until", Text, nullable=False),
    Column("needs_person", Integer, nullable=False),
    Column("alerted", Integer, nullable=False),
)
"""A projection of the events: lines on which nothing can be sent now."""

readings = Table(
    "readings",
    metadata,
    Column("seq", BigInteger, ForeignKey("events.seq"), primary_key=True, autoincrement=False),
    Column("request_id", Text, nullable=False, index=True),
    Column("portal", Text, nullable=False),
    Column("reference_no", Text, nullable=False),
    Column("observed_at", Text, nullable=False),
    Index("readings_by_case", "portal", "reference_no"),
)
"""Where each reading lies in the history."""

units = Table(
    "units",
    metadata,
    Column("seq", BigInteger, ForeignKey("events.seq"), primary_key=True, autoincrement=False),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("request_id", Text, nullable=False, index=True),
    Column("portal", Text, nullable=False),
    Column("authorization_no", Text, nullable=False),
    Column("service_code", Text, nullable=False),
    Column("as_of", Text, nullable=False),
    Index("units_by_authorization", "portal", "authorization_no", "service_code"),
)
"""Where each line of units lies in the history: its event and its place in it."""

disabled = Table(
    "disabled",
    metadata,
    Column("portal", Text, primary_key=True),
    Column("account", Text, primary_key=True),
    Column("error_code", Text, nullable=False),
    Column("sentence", Text, nullable=False),
    Column("since", Text, nullable=False),
)
"""Portals (``account`` "") and accounts that a person must enable."""

credentials = Table(
    "credentials",
    metadata,
    Column("portal", Text, primary_key=True),
    Column("account", Text, primary_key=True),
    Column("fingerprint", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("open_tries", Integer, nullable=False),
)
"""``open_tries``: tries whose answer nobody saw."""

arrivals = Table(
    "arrivals",
    metadata,
    Column("fax_id", Text, primary_key=True),
    Column("original", Text, nullable=False),
    Column("is_read", Integer, nullable=False),
)
"""Faxes that came in; one that was kept but not read to its end is read again."""

letters = Table(
    "letters",
    metadata,
    Column("letter_id", Text, primary_key=True),
    Column("fax_id", Text, ForeignKey("arrivals.fax_id"), nullable=False, index=True),
    Column("state", Text, nullable=False, index=True),
    Column("fingerprint", Text, nullable=False, index=True),
    Column("letter", Text, nullable=False),
)
"""A projection of the events: one `jobs.letter_events.Letter` a row."""

emptied = Table(
    "emptied",
    metadata,
    Column("seq", BigInteger, ForeignKey("events.seq"), primary_key=True, autoincrement=False),
    Column("hash", Text, nullable=False),
    Column("by_seq", BigInteger, ForeignKey("events.seq"), nullable=False),
)
"""A projection of the events: the ones from which the person was taken out, and the event that names them."""

# Working state: not history, and so not part of what is rebuilt from the events.

seats = Table(
    "seats",
    metadata,
    Column("portal", Text, primary_key=True),
    Column("account", Text, primary_key=True),
    Column("fence", BigInteger, nullable=False),
    Column("held", Integer, nullable=False),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("started", Text, nullable=False),
    Column("expires_at", Text, nullable=False),
)

breakers = Table(
    "breakers",
    metadata,
    Column("portal", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("openings", Integer, nullable=False),
    Column("error_code", Text, nullable=False),
    Column("down_since", Text, nullable=False),
    Column("probe_at", Text, nullable=False),
)

actions = Table(
    "actions",
    metadata,
    Column("portal", Text, primary_key=True),
    Column("at", Text, primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
)
"""What was done on a portal within the last hour, for its ``max_actions_per_hour``."""

ticks = Table(
    "ticks",
    metadata,
    Column("job", Text, primary_key=True),
    Column("slot", Text, primary_key=True),
    Column("claimed_at", Text, nullable=False),
)
"""Each slot of the schedule is claimed here before its work, so that nothing runs twice."""

PROJECTIONS = (requests, attempts, faxes, fax_lines, readings, units, disabled, credentials, arrivals, letters, emptied)
"""What `Journal.rebuild` derives from the events, parents first."""


def _only_new_events(_connection: Connection) -> None:
    """New kinds of events (2: letters, enrolments) or fields (3: a route's portal that handed over, what a
    portal said; 4: the books' comparisons, phone calls, an outage's announcement, the service's); the tables are the same."""


def _new_tables(connection: Connection) -> None:
    """New tables besides the old ones (4: the fax queue, letters by fax)."""
    metadata.create_all(connection)


def _new_guard(connection: Connection) -> None:
    """5: events from which the person was taken out, and the guard that lets exactly these change."""
    metadata.create_all(connection)
    guard_history(connection, anew=True)


def _no_second_try(connection: Connection) -> None:
    """6: whether a password ever worked gives it no further try; pages that match again say nothing of a portal's accounts."""
    connection.exec_driver_sql("ALTER TABLE credentials DROP COLUMN proven")


MIGRATIONS: Mapping[int, Callable[[Connection], None]] = {
    1: _only_new_events,
    2: _only_new_events,
    3: _new_tables,
    4: _new_guard,
    5: _no_second_try,
}
"""From version n to n + 1, each in one transaction."""


class JournalError(Exception):
    """The journal cannot be used. ``sentence`` is for staff."""

    @property
    def sentence(self) -> str:
        return str(self)


class JournalTooNew(JournalError):
    def __init__(self, found: int) -> None:
        super().__init__(
            f"The journal was written by a newer PriorBot (its version {found}, this one reads up to {SCHEMA_VERSION}). "
            "Nothing was changed. Install the newer PriorBot."
        )


class JournalDamaged(JournalError):
    def __init__(self, what: str) -> None:
        super().__init__(
            f"The journal is damaged ({what}). Nothing was sent. Keep it, put the newest whole copy of it in its "
            "place, then run: priorbot ledger verify"
        )


class JournalUnavailable(JournalError):
    def __init__(self) -> None:
        super().__init__(
            "The journal cannot be written: the disk is full, the file is held by another program, or the database does not "
            "answer. Nothing more is sent. Put that right and start again; what was sent until now is looked up then."
        )


def sentence_of(error: Exception) -> str:
    """What staff are told of a journal that cannot be used; what the database itself raises would quote its content."""
    return error.sentence if isinstance(error, JournalError) else JournalUnavailable().sentence


def open_engine(url: str) -> Engine:
    """An engine whose every commit is on the disk when it returns. Creates a missing SQLite file, mode 0600."""
    address = make_url(url)
    if address.get_backend_name() != "sqlite":
        return create_engine(address, pool_pre_ping=True, hide_parameters=True)
    if address.database:
        _create_file(Path(address.database))
    # hide_parameters: what is written must not stand in an exception's message.
    engine = create_engine(address, connect_args={"timeout": BUSY_MILLISECONDS / 1000}, hide_parameters=True)
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _create_file(path: Path) -> None:
    """SQLite's own files beside it take over its mode."""
    if path.exists():
        return
    os.close(open_private(path, os.O_CREAT | os.O_RDWR))
    sync_folder(path.parent)


def _set_up_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions are begun by us, see _begin_sqlite
    for pragma in (
        f"busy_timeout = {BUSY_MILLISECONDS}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "fullfsync = ON",  # macOS: through the drive's own cache as well
        "checkpoint_fullfsync = ON",
        "foreign_keys = ON",
        "secure_delete = ON",  # what is deleted or replaced is overwritten
        "temp_store = MEMORY",  # nothing of a patient in the system's temporary files
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    """Writers take the write lock at once: a lock taken later, on a first write, may fail when another wrote in between."""
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def ensure_schema(connection: Connection) -> None:
    """Creates the tables, or brings an older schema up to date; within the caller's write transaction.

    Raises `JournalTooNew` for a schema from the future.
    """
    if not inspect(connection).has_table(journal_meta.name):
        metadata.create_all(connection)
        guard_history(connection)
        connection.execute(insert(journal_meta).values(name="schema_version", value=str(SCHEMA_VERSION)))
        connection.execute(insert(journal_head).values(id=1, seq=0, hash=GENESIS))
        return
    version = int(connection.execute(select(journal_meta.c.value).where(journal_meta.c.name == "schema_version")).scalar_one())
    if version > SCHEMA_VERSION:
        raise JournalTooNew(version)
    for step in range(version, SCHEMA_VERSION):
        MIGRATIONS[step](connection)
        connection.execute(update(journal_meta).where(journal_meta.c.name == "schema_version").values(value=str(step + 1)))
