"""A journal of version 3 with data, as PriorBot of that version wrote it (``journal_v3.sql``), is brought up to date."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect, text
from sqlalchemy.exc import DatabaseError

from bots.model import Status
from jobs import journal_schema
from jobs.books_check import untrue_requests
from jobs.fallback import to_fax
from jobs.journal import Journal
from jobs.ledger import ledger_rows
from jobs.removing import overwrite, remove_persons
from jobs.state import AttemptState

DUMP = Path(__file__).with_name("journal_v3.sql")


@pytest.fixture
def old(url: str) -> str:
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as database:
        database.executescript(DUMP.read_text("utf-8"))
    return url


@pytest.fixture
def migrated(old: str, clock: Any) -> Iterator[Journal]:
    clock.advance(hours=4)
    with Journal.open(old, now=clock) as journal:
        yield journal


def rows(url: str, table: str) -> list[Any]:
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as database:
        return database.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall()


def test_nothing_that_was_known_is_changed(old: str, clock: Any) -> None:
    tables = ("events", "requests", "attempts", "readings", "units", "disabled", "seats", "breakers", "ticks")
    before = {table: rows(old, table) for table in tables}
    with Journal.open(old, now=clock) as journal:
        assert {table: rows(old, table) for table in tables} == before
        assert journal.check() == len(before["events"]) == 26
        assert journal.rebuild(), "derived anew it comes out the same"
        assert list(untrue_requests(journal)) == []
    assert rows(old, "requests") == before["requests"]
    assert rows(old, "credentials") == [("clear_coverage", "north", "f1", "accepted", 0)], "without whether it ever worked"


def test_requests_stand_where_they_stood(migrated: Journal) -> None:
    standing = {each.request.request_id: each.status for each in migrated.snapshots()}
    assert standing == {
        "R-1": Status.APPROVED, "R-2": Status.NEW, "R-3": Status.UNCERTAIN, "R-4": Status.NEEDS_PERSON, "R-5": Status.WAITING,
    }  # fmt: skip
    (row,) = ledger_rows(migrated.snapshot("R-1"))
    assert (row.reference_no, row.authorization_no, row.units_used) == ("CC1", "A1", "1")
    assert [each.request_id for each in migrated.attempts(state=AttemptState.UNCERTAIN)] == ["R-3"]


def test_it_has_all_that_a_new_journal_has(migrated: Journal, tmp_path: Path) -> None:
    def shape(journal: Journal) -> dict[str, Any]:
        with journal.read() as connection:
            version = connection.execute(text("select value from journal_meta where name = 'schema_version'")).scalar()
            triggers = connection.execute(text("select name, sql from sqlite_master where type = 'trigger' order by name")).all()
            looked = inspect(connection)
            columns = {table: [column["name"] for column in looked.get_columns(table)] for table in looked.get_table_names()}
            indexes = {table: sorted(str(index["name"]) for index in looked.get_indexes(table)) for table in columns}
        return {"version": version, "triggers": triggers, "columns": columns, "indexes": indexes}

    with Journal.open(f"sqlite:///{tmp_path / 'new.db'}") as new:
        assert shape(migrated) == shape(new)
    assert shape(migrated)["version"] == str(journal_schema.SCHEMA_VERSION)


def test_work_goes_on_in_it(migrated: Journal) -> None:
    migrated.move("R-5", to_fax("203.265.3994", ("H12",), "clear_coverage is down"))
    with migrated.write() as write, pytest.raises(DatabaseError, match="only ever added to"):
        write.connection.execute(text("delete from events"))
    migrated.now = lambda: datetime(2027, 1, 5, tzinfo=UTC)
    assert remove_persons(migrated, ["R-1", "R-3"], date(2026, 12, 1), date(2027, 1, 5)) == 1
    assert overwrite(migrated)
    assert migrated.check() == 28
    assert migrated.rebuild()


def test_opened_a_second_time_it_is_left_as_it_is(migrated: Journal, old: str, clock: Any) -> None:
    head = migrated.head()
    migrated.close()
    clock.at += timedelta(days=1)
    with Journal.open(old, now=clock) as again:
        assert again.head() == head
