"""The database's own guard over the history: events are only added. One change is let through: what is left of an event from
which the person was taken out, once a chained event names it (`jobs.removal_events`), and nothing of the row but its body.
"""

from __future__ import annotations

from sqlalchemy import Connection

_SAYS = "the history is only ever added to"
_SAME = ("seq", "request_id", "kind", "at", "prev_hash", "hash")
_NAMED = (
    "SELECT 1 FROM emptied JOIN events AS naming ON naming.seq = emptied.by_seq WHERE emptied.seq = OLD.seq "
    "AND emptied.hash = OLD.hash AND naming.kind = 'person_removed' AND naming.request_id = OLD.request_id"
)

_GUARD = {
    "sqlite": (
        "CREATE TRIGGER events_no_update BEFORE UPDATE ON events WHEN "
        + " OR ".join(f"NEW.{name} IS NOT OLD.{name}" for name in _SAME)
        + f" OR NOT EXISTS ({_NAMED}) BEGIN SELECT RAISE(ABORT, '{_SAYS}'); END",
        f"CREATE TRIGGER events_no_delete BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, '{_SAYS}'); END",
    ),
    "postgresql": (
        f"CREATE FUNCTION events_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{_SAYS}'; END $$",
        "CREATE FUNCTION events_emptied_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF "
        + " OR ".join(f"NEW.{name} IS DISTINCT FROM OLD.{name}" for name in _SAME)
        + f" OR NOT EXISTS ({_NAMED}) THEN RAISE EXCEPTION '{_SAYS}'; END IF; RETURN NEW; END $$",
        "CREATE TRIGGER events_append_only BEFORE DELETE OR TRUNCATE ON events "
        "FOR EACH STATEMENT EXECUTE FUNCTION events_append_only()",
        "CREATE TRIGGER events_emptied_only BEFORE UPDATE ON events FOR EACH ROW EXECUTE FUNCTION events_emptied_only()",
    ),
}
_BEFORE = {
    "sqlite": ("DROP TRIGGER IF EXISTS events_no_update", "DROP TRIGGER IF EXISTS events_no_delete"),
    "postgresql": ("DROP TRIGGER IF EXISTS events_append_only ON events", "DROP FUNCTION IF EXISTS events_append_only()"),
}
"""What stood there up to version 4."""


def guard_history(connection: Connection, *, anew: bool = False) -> None:
    """Sets the guard up. ``anew``: in the place of the one of version 4, which let nothing through."""
    dialect = connection.dialect.name
    for statement in (*(_BEFORE[dialect] if anew else ()), *_GUARD[dialect]):
        connection.exec_driver_sql(statement)
