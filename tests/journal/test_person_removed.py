"""When a request's time is over the person goes out of the journal: the bytes too. The chain, the rows and what is open stand."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import EnumMeta
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from msgspec import inspect as shape
from sqlalchemy.exc import DatabaseError

from bots.model import (
    Attachment,
    AuthRequest,
    CaseSummary,
    Drug,
    LineReading,
    Member,
    PortalLetter,
    Reading,
    Status,
    Units,
)
from jobs import events as happened
from jobs.book_events import BooksCompared
from jobs.books_check import untrue_requests
from jobs.emptying import emptied
from jobs.events import Standing, encode
from jobs.events_file import check_events, read_events
from jobs.journal import Different, Journal, Same
from jobs.journal_schema import JournalDamaged
from jobs.ledger import ledger_rows
from jobs.ledger_history import history
from jobs.removing import empty_comparisons, old_comparisons, overwrite, remove_persons

CANARY = "zzcanary"
LIMIT = date(2026, 12, 6)
GONE = date(2027, 1, 5)


def named(request_id: str, make_request: Callable[..., AuthRequest]) -> AuthRequest:
    return make_request(
        request_id,
        member=Member(id=f"{CANARY}-1", dob=date(1931, 7, 19), last_name=f"{CANARY}-2", first_name=f"{CANARY}-3"),
        diagnosis_codes=(f"{CANARY}-4",),
        drug=Drug(name=f"{CANARY}-5", strength=f"{CANARY}-6"),
        answers={f"{CANARY}-7": f"{CANARY}-8"},
        attachments=(Attachment(path=f"/{CANARY}-9.pdf", sha256="ab" * 32, size=7),),
        notes=f"{CANARY}-10",
    )


@pytest.fixture
def over(journal: Journal, sender: Any, make_request: Callable[..., AuthRequest], monkeypatch: pytest.MonkeyPatch) -> str:
    """R-1 was denied long ago, and every kind of page told something of the person; R-2 is still open."""
    monkeypatch.setattr(sender, "_make_request", lambda request_id: named(request_id, make_request))
    sender.send("R-1", "CC1")
    line = LineReading(service_code="E0114", status=Status.DENIED, status_raw="Denied", reason=f"{CANARY}-11")
    at = journal.now()
    reading = Reading(
        portal="clear_coverage", reference_no="CC1", member_id=f"{CANARY}-1", status=Status.DENIED, status_raw="Denied",
        status_reason=f"{CANARY}-12", lines=(line,), observed_at=at,
    )  # fmt: skip
    units = Units(
        portal="husky_secure", authorization_no="A1", member_id=f"{CANARY}-1", service_code="E0114", used=Decimal(1),
        as_of=date(2026, 3, 2), observed_at=at,
    )  # fmt: skip
    letter = PortalLetter(portal="clear_coverage", reference_no="CC1", letter_id="1", title=f"{CANARY}-13", evidence="sealed-1")
    with journal.write() as write:
        denied = Standing(status=Status.DENIED, reason=f"{CANARY}-12", next_action=f"{CANARY}-14")
        write.append("R-1", happened.ReadingTaken(reading=reading, standing=denied))
        write.append("R-1", happened.UnitsTaken(units=(units,)), happened.LettersTaken(letters=(letter,)))
        write.append("R-1", happened.Phoned(who="Rosa", number="1", spoke_with=f"{CANARY}-15", reason=f"{CANARY}-16"))
    monkeypatch.undo()
    sender.send("R-2", "CC2")
    return "R-1"


@pytest.fixture
def removed(journal: Journal, over: str, clock: Any) -> str:
    clock.at = datetime(2027, 1, 5, 3, 40, tzinfo=UTC)
    assert remove_persons(journal, [over, "R-2"], LIMIT, GONE) == 1
    return over


def raw(url: str) -> bytes:
    """Every byte that the journal has on the disk: its file, its log, its index of the log."""
    return b"".join(path.read_bytes() for path in Path(url.removeprefix("sqlite:///")).parent.glob("journal.db*"))


def tamper(url: str, statement: str) -> None:
    with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
        connection.execute("DROP TRIGGER events_no_update")
        connection.execute(statement)
    connection.close()


# --- gone ------------------------------------------------------------------------------------------------------------


def test_no_byte_of_the_person_is_left_in_the_file_or_its_log(journal: Journal, url: str, removed: str) -> None:
    assert CANARY.encode() in raw(url), "replaced rows are not yet written over"
    assert overwrite(journal)
    left = raw(url)
    assert CANARY.encode() not in left
    assert b"1931-07-19" not in left
    assert b"001234567" in left, "R-2 is open, and is known in full"
    assert b"ab" * 32 in left, "the document's hash stays"


def test_the_row_stands_with_ids_statuses_and_dates(journal: Journal, over: str, clock: Any) -> None:
    (before,) = ledger_rows(journal.snapshot(over))
    clock.at = datetime(2027, 1, 5, 3, 40, tzinfo=UTC)
    remove_persons(journal, [over], LIMIT, GONE)
    (row,) = ledger_rows(journal.snapshot(over))
    changed = {name for name in row.__struct_fields__ if getattr(row, name) != getattr(before, name)}
    assert changed == {"member_id", "status_reason", "next_action"}
    assert (row.member_id, row.status_reason, row.next_action) == ("removed 2027-01-05", "removed 2027-01-05", "")
    assert (row.reference_no, row.status, row.status_raw) == ("CC1", "denied", "Denied")
    assert journal.snapshot(over).removed_on == GONE


def test_chain_rows_history_and_what_is_derived_anew_agree(journal: Journal, removed: str) -> None:
    assert journal.check() > 0
    assert list(untrue_requests(journal)) == []
    assert journal.rebuild()
    steps = list(history(journal.events(removed)))
    assert "hold nobody any more" in steps[-1].source
    assert remove_persons(journal, [removed], LIMIT, GONE) == 1, "named again, with nothing more to take out"
    assert journal.check() > 0


def test_the_hash_of_each_emptied_event_is_the_one_it_always_had(journal: Journal, over: str, clock: Any) -> None:
    before = {row["seq"]: row["hash"] for row in journal.event_rows()}
    clock.at = datetime(2027, 1, 5, tzinfo=UTC)
    remove_persons(journal, [over], LIMIT, GONE)
    rows = {row["seq"]: row["hash"] for row in journal.event_rows()}
    assert {seq: rows[seq] for seq in before} == before


def test_the_same_file_sent_in_again_is_the_same_request(
    journal: Journal, removed: str, make_request: Callable[..., AuthRequest]
) -> None:
    assert journal.accept(named(removed, make_request), "fingerprint") == Same(request_id=removed)
    assert journal.accept(named(removed, make_request), "other") == Different(request_id=removed)


def _made(type_: shape.Type, name: str) -> Any:
    """A value of that type whose every text is a canary that says in which field it stands."""
    match type_:
        case shape.StrType():
            return f"{CANARY}:{name}"
        case shape.StructType():
            return type_.cls(**{each.name: _made(each.type, each.name) for each in type_.fields})
        case shape.VarTupleType():
            return (_made(type_.item_type, name),)
        case shape.DictType():
            return {f"{CANARY}:{name}": _made(type_.value_type, name)}
        case shape.UnionType():
            return _made(next(each for each in type_.types if not isinstance(each, shape.NoneType)), name)
        case shape.EnumType():
            assert isinstance(type_.cls, EnumMeta)
            return next(iter(type_.cls))
        case shape.DateTimeType():
            return datetime(2026, 3, 2, tzinfo=UTC)
        case shape.DateType():
            return date(1931, 7, 19)
        case shape.DecimalType():
            return Decimal(2)
        case shape.BoolType():
            return True
        case _:
            return 1


def _fields_with_canaries(value: Any) -> Iterator[str]:
    if isinstance(value, str) and value.startswith(CANARY):
        yield value.partition(":")[2]
    elif isinstance(value, dict):
        for each in (*value, *value.values()):
            yield from _fields_with_canaries(each)
    elif isinstance(value, list):
        for each in value:
            yield from _fields_with_canaries(each)


STAYS = frozenset(
    {
        *("request_id", "fingerprint", "attempt_id", "fax_id", "job_id", "again_of", "reference_no", "authorization_no"),
        *("letter_id", "portal", "account", "redirected_from", "page", "evidence", "letter", "selectors_version"),
        *("rule_ids", "error_code"),
        *("service_code", "service_codes", "modifiers", "place_of_service", "service_type", "status_raw", "listed_as", "updated"),
        *("number", "desk", "line", "sha256", "our_reference", "fields"),
        # The practice's own people and partners, and other providers.
        *("name", "npi", "phone", "fax", "attested_by", "who", "by"),
        *("kind", "what", "counts"),  # of a comparison: PriorBot's own words
    }
)
"""All that may still be text afterwards. A new field that is not here must be taken out, or be judged by somebody."""


@pytest.mark.parametrize("kind", [*get_args(happened.OfRequest), BooksCompared], ids=lambda kind: kind.__name__)
def test_of_every_kind_of_event_only_what_names_nobody_is_left(kind: type[Any]) -> None:
    event = _made(shape.type_info(kind), "")
    left = emptied(event, GONE)
    builtins = msgspec.to_builtins(left)
    assert set(_fields_with_canaries(builtins)) <= STAYS
    request = builtins.get("request")
    if request is not None:
        assert (request["member"]["dob"], request["drug"]) == ("0001-01-01", {"name": f"removed {GONE}"})
    assert emptied(left, date(2030, 1, 1)) == left, "what was removed keeps its day"
    assert msgspec.json.decode(encode(left), type=kind) == left


# --- what may not happen ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [Status.NEEDS_PERSON, Status.UNCERTAIN, Status.WAITING, Status.NEW])
def test_what_is_open_is_never_touched(journal: Journal, sender: Any, clock: Any, status: Status) -> None:
    sender.take_in("R-9")
    if status is not Status.NEW:
        journal.move("R-9", Standing(status=status, reason="Rosa knows."))
    clock.advance(days=4000)
    head = journal.head()
    assert remove_persons(journal, ["R-9"], clock().date(), clock().date()) == 0
    assert journal.head() == head


def test_what_was_sent_and_is_not_decided_is_never_touched(journal: Journal, sender: Any, clock: Any) -> None:
    sender.send("R-9")
    clock.advance(days=4000)
    assert remove_persons(journal, ["R-9"], clock().date(), clock().date()) == 0


def test_what_came_to_life_again_meanwhile_is_left_as_it_is(journal: Journal, over: str, clock: Any) -> None:
    clock.at = datetime(2027, 1, 5, tzinfo=UTC)
    with journal.write() as write:
        write.append(over, happened.Alerted(error_code="second_receipt", reason="Look."))
    assert remove_persons(journal, [over], LIMIT, GONE) == 0
    assert journal.snapshot(over).request.member.last_name == f"{CANARY}-2"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events SET body = replace(body, 'CC1', 'CC9') WHERE body LIKE '%CC1%' AND kind = 'reading'",
        "UPDATE events SET body = '{}' WHERE kind = 'began'",
        "UPDATE events SET body = replace(body, '2027-01-05', '2027-01-06') WHERE kind = 'person_removed'",
        "UPDATE events SET at = '2026-03-01T00:00:00.000000Z' WHERE kind = 'reading'",
    ],
)
def test_whoever_alters_an_emptied_event_or_uses_it_as_an_excuse_is_shown(
    journal: Journal, url: str, removed: str, statement: str
) -> None:
    tamper(url, statement)
    with pytest.raises(JournalDamaged, match="does not fit the one before"):
        journal.verify_chain()


def test_an_emptied_event_that_has_its_old_text_again_is_shown(journal: Journal, url: str, over: str, clock: Any) -> None:
    (old,) = [row["body"] for row in journal.event_rows() if row["kind"] == "reading"]
    clock.at = datetime(2027, 1, 5, tzinfo=UTC)
    remove_persons(journal, [over], LIMIT, GONE)
    tamper(url, f"UPDATE events SET body = '{old}' WHERE kind = 'reading'")
    with pytest.raises(JournalDamaged, match="its old text again"):
        journal.verify_chain()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events SET body = '{}' WHERE kind = 'began'",
        "UPDATE events SET body = '{}' WHERE request_id = 'R-2'",
        "UPDATE events SET hash = 'x' WHERE kind = 'reading'",
        "UPDATE events SET request_id = 'R-2' WHERE kind = 'reading'",
        "DELETE FROM events WHERE kind = 'reading'",
    ],
)
def test_the_database_lets_nothing_else_change(journal: Journal, url: str, removed: str, statement: str) -> None:
    with journal.write() as write, pytest.raises(DatabaseError, match="only ever added to"):
        write.connection.exec_driver_sql(statement)


# --- trouble ---------------------------------------------------------------------------------------------------------


def test_killed_before_the_file_is_written_over_the_next_time_does_it(url: str, journal: Journal, removed: str) -> None:
    with Journal.open(url) as next_time:
        assert overwrite(next_time)
    assert CANARY.encode() not in raw(url)


def test_while_somebody_reads_the_log_stays_and_it_is_tried_again(
    url: str, journal: Journal, removed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sqlite3.connect(url.removeprefix("sqlite:///")) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM events").fetchone()
        with Journal.open(url) as impatient:
            monkeypatch.setattr("jobs.removing.PATIENCE_MILLISECONDS", 1)
            assert not overwrite(impatient)
        reader.execute("COMMIT")
    reader.close()
    assert overwrite(journal)
    assert CANARY.encode() not in raw(url)


def test_a_history_as_text_is_believed_and_an_altered_one_is_not(journal: Journal, removed: str, tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    lines = [msgspec.json.encode(dict(row)) + b"\n" for row in journal.event_rows()]
    file.write_bytes(b"".join(lines))
    assert sum(1 for _ in read_events(file)) == len(lines)
    assert CANARY.encode() not in file.read_bytes()
    file.write_bytes(b"".join(lines).replace(b"E0114", b"E0115"))
    with pytest.raises(JournalDamaged):
        check_events(file, len(lines))


def test_members_of_cases_that_nobody_knew_go_by_their_age(journal: Journal, url: str, clock: Any) -> None:
    case = CaseSummary(portal="clear_coverage", reference_no="CC7", member_id=CANARY, service_codes=("E0114",))
    with journal.write() as write:
        write.append("", BooksCompared(rows=1, unknown=(case,)))
    today = clock().date()
    assert old_comparisons(journal, today) == ()
    clock.advance(days=40)
    old = old_comparisons(journal, today + timedelta(days=1))
    empty_comparisons(journal, old, today)
    assert overwrite(journal)
    assert old_comparisons(journal, today + timedelta(days=1)) == ()
    assert journal.check() == 2
    assert journal.rebuild()
    assert CANARY.encode() not in raw(url)
