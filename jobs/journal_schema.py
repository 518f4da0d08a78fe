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
from jobs.state import OPEN_ATTEMPT

SCHEMA_VERSION = 3
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
    Column("proven", Integer, nullable=False),
    Column("open_tries", Integer, nullable=False),
)
"""``proven``: the portal has accepted it once. ``open_tries``: tries whose answer nobody saw."""

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

PROJECTIONS = (requests, attempts, readings, units, disabled, credentials)
"""What `Journal.rebuild` derives from the events, parents first."""

_SAYS = "the history is only ever added to"
_APPEND_ONLY = {
    "sqlite": tuple(
        f"CREATE TRIGGER events_no_{what} BEFORE {what} ON events BEGIN SELECT RAISE(ABORT, '{_SAYS}'); END"
        for what in ("update", "delete")
    ),
    "postgresql": (
        f"CREATE FUNCTION events_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{_SAYS}'; END $$",
        "CREATE TRIGGER events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON events "
        "FOR EACH STATEMENT EXECUTE FUNCTION events_append_only()",
    ),
}


def _only_new_events(_connection: Connection) -> None:
    """New kinds of events (2: letters, enrolments) or fields (3: a route's portal that handed over, what a
    portal said); the tables are the same."""


MIGRATIONS: Mapping[int, Callable[[Connection], None]] = {1: _only_new_events, 2: _only_new_events}
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
        for statement in _APPEND_ONLY[connection.dialect.name]:
            connection.exec_driver_sql(statement)
        connection.execute(insert(journal_meta).values(name="schema_version", value=str(SCHEMA_VERSION)))
        connection.execute(insert(journal_head).values(id=1, seq=0, hash=GENESIS))
        return
    version = int(connection.execute(select(journal_meta.c.value).where(journal_meta.c.name == "schema_version")).scalar_one())
    if version > SCHEMA_VERSION:
        raise JournalTooNew(version)
    for step in range(version, SCHEMA_VERSION):
        MIGRATIONS[step](connection)
        connection.execute(update(journal_meta).where(journal_meta.c.name == "schema_version").values(value=str(step + 1)))
