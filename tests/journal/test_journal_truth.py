"""The journal: events are the truth, rows are made from them, and nobody changes the past."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import text
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DatabaseError, IntegrityError
from sqlalchemy.schema import CreateIndex, CreateTable

from bots.model import AuthRequest, Payer, Receipt, Status
from jobs import events as happened
from jobs import journal_schema
from jobs.attempts import NotOurs
from jobs.clock import instant_text, parse_instant
from jobs.events import (
    AttemptEvent,
    FaxEvent,
    FaxLineEvent,
    MoveRefused,
    PortalEvent,
    RequestEvent,
    Standing,
    decode_body,
    encode,
)
from jobs.journal import Accepted, Different, Journal, NoSuchRequest, Same
from jobs.journal_schema import JournalDamaged, JournalTooNew, JournalUnavailable
from jobs.state import ALLOWED, ATTEMPT_MOVES, AttemptState, Channel, Decision, Route, is_allowed

MakeRequest = Callable[..., AuthRequest]
FAMILIES = (RequestEvent, AttemptEvent, PortalEvent, FaxEvent, FaxLineEvent)


def _tamper(url: str, *statements: str) -> None:
    """Another program at the file, past the triggers."""
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    connection.execute("DROP TRIGGER events_no_update")
    connection.execute("DROP TRIGGER events_no_delete")
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


# --- intake ------------------------------------------------------------------------------------------------------------


def test_the_same_request_again_is_ignored_a_different_one_refused(journal: Journal, make_request: MakeRequest) -> None:
    assert journal.accept(make_request(), "one") == Accepted(request_id="R-1")
    assert journal.accept(make_request(), "one") == Same(request_id="R-1")
    assert journal.accept(make_request(units="3"), "two") == Different(request_id="R-1")
    assert len(list(journal.snapshots())) == 1
    assert str(journal.snapshot("R-1").request.lines[0].units) == "2"


def test_within_one_file_too(journal: Journal, make_request: MakeRequest) -> None:
    answers = list(journal.accept_all([(make_request(), "one"), (make_request(), "one"), (make_request(units="3"), "two")]))
    assert [type(answer) for answer in answers] == [Accepted, Same, Different]


def test_a_refused_request_can_be_corrected_under_its_id(journal: Journal, make_request: MakeRequest) -> None:
    journal.accept(make_request(), "one")
    journal.move("R-1", Standing(status=Status.REJECTED, reason="wrong member id"))
    assert journal.accept(make_request(units="3"), "two") == Accepted(request_id="R-1", corrected=True)
    now = journal.snapshot("R-1")
    assert (now.status, now.reason, str(now.request.lines[0].units)) == (Status.NEW, "", "3")


@pytest.mark.parametrize("state", ["intent", "uncertain", "receipt"])
def test_what_may_have_been_sent_cannot_be_corrected(
    journal: Journal, sender: Any, make_request: MakeRequest, state: str
) -> None:
    attempt_id = sender.intend()
    if state == "uncertain":
        sender.attempts.uncertain(attempt_id, "uncertain", Standing(status=Status.NEEDS_PERSON))
    if state == "receipt":
        sender.attempts.receipt(attempt_id, Receipt(portal="p", reference_no="1", received_at=journal.now()))
    assert isinstance(journal.accept(make_request(units="3"), "two"), Different)


def test_an_id_that_nobody_accepted_is_an_error(journal: Journal) -> None:
    with pytest.raises(NoSuchRequest):
        journal.snapshot("R-404")


# --- the way -----------------------------------------------------------------------------------------------------------

WAYS = {
    Decision.PORTAL: (Status.NEW, Channel.PORTAL),
    Decision.FAX: (Status.WAITING, Channel.FAX),
    Decision.PHONE: (Status.NEEDS_PERSON, Channel.PHONE),
    Decision.NOT_REQUIRED: (Status.NOT_REQUIRED, Channel.NONE),
    Decision.REJECTED: (Status.REJECTED, Channel.NONE),
    Decision.NEEDS_PERSON: (Status.NEEDS_PERSON, Channel.NONE),
}


@pytest.mark.parametrize("decision", list(Decision))
def test_the_route_decides_where_a_request_begins(journal: Journal, make_request: MakeRequest, decision: Decision) -> None:
    journal.accept(make_request(), "one")
    number = "203.265.3994"
    route = Route(request_id="R-1", decision=decision, portal="p", number=number, rule_ids=("H7",), reason="why")
    now = journal.set_route("R-1", route)
    assert (now.status, now.channel) == WAYS[decision]
    assert now.route == route
    if decision in (Decision.FAX, Decision.PHONE):
        assert number in (now.next_action or now.reason)
        assert "H7" in (now.next_action or now.reason)
        assert now.reason.startswith("why")


def test_a_request_that_was_sent_keeps_its_route(journal: Journal, sender: Any) -> None:
    sender.send()
    before = journal.snapshot("R-1")
    assert journal.set_route("R-1", Route(request_id="R-1", decision=Decision.FAX, number="1")) == before


# --- moves -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("before", list(Status))
def test_only_allowed_moves_are_made(journal: Journal, make_request: MakeRequest, before: Status) -> None:
    now, request = journal.now(), make_request()
    start = happened.fold_request(None, now, happened.Accepted(request=request, fingerprint="one"))
    here = replace(start, status=before)
    for after in Status:
        move = happened.Moved(standing=Standing(status=after))
        if is_allowed(before, after):
            assert happened.fold_request(here, now, move).status is after
        else:
            with pytest.raises(MoveRefused):
                happened.fold_request(here, now, move)


def test_every_status_has_its_moves_and_none_leads_back_to_new_after_it_was_handed_in() -> None:
    assert set(ALLOWED) == set(Status)
    for status in (Status.SUBMITTED, Status.FAXED, Status.APPROVED, Status.DENIED, Status.PENDED_REVIEW, Status.UNKNOWN):
        assert Status.NEW not in ALLOWED[status]
        assert Status.WAITING not in ALLOWED[status]
    assert set(ATTEMPT_MOVES) == set(AttemptState)


def test_a_refused_move_writes_nothing(journal: Journal, sender: Any) -> None:
    sender.send()
    before = list(journal.events())
    with pytest.raises(MoveRefused):
        journal.move("R-1", Standing(status=Status.NEW))
    assert list(journal.events()) == before


def test_a_released_request_is_new_but_not_while_it_may_have_been_sent(journal: Journal, sender: Any) -> None:
    sender.take_in("R-1")
    journal.move("R-1", Standing(status=Status.NEEDS_PERSON))
    assert journal.release("R-1").status is Status.NEW
    attempt_id = sender.intend("R-2")
    sender.attempts.uncertain(attempt_id, "uncertain", Standing(status=Status.NEEDS_PERSON))
    with pytest.raises(MoveRefused):
        journal.release("R-2")


# --- one open attempt --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["drafting", "intent", "uncertain", "receipt"])
def test_the_database_itself_refuses_a_second_open_attempt(journal: Journal, sender: Any, state: str) -> None:
    sender.send()
    with pytest.raises(IntegrityError), journal.write() as write:
        write.connection.execute(
            text("insert into attempts values ('b', 'R-1', 'promptpa', :state, '{}')").bindparams(state=state)
        )


@pytest.mark.parametrize("state", ["rejected", "abandoned", "absent"])
def test_ended_attempts_do_not_count(journal: Journal, sender: Any, state: str) -> None:
    sender.send()
    with journal.write() as write:
        write.connection.execute(
            text("insert into attempts values ('b', 'R-1', 'promptpa', :state, '{}')").bindparams(state=state)
        )


def test_a_request_that_somebody_works_on_cannot_be_claimed(sender: Any) -> None:
    sender.take_in()
    assert sender.attempts.claim("R-1", sender.seat) is not None
    assert sender.attempts.claim("R-1", sender.seat) is None


def test_a_request_that_was_given_another_way_meanwhile_is_not_sent(journal: Journal, sender: Any) -> None:
    sender.take_in()
    attempt = sender.attempts.claim("R-1", sender.seat)
    journal.set_route("R-1", Route(request_id="R-1", decision=Decision.PORTAL, portal="husky_medical"))
    shown = happened.Shown(portal="p", page="review", selectors_version="1", fields={})
    with pytest.raises(NotOurs):
        sender.attempts.intent(attempt.attempt_id, shown)
    sender.attempts.end(attempt.attempt_id, AttemptState.ABANDONED)
    assert sender.attempts.claim("R-1", sender.seat) is None


def test_a_second_receipt_of_a_request_is_told_and_replaces_nothing(journal: Journal, sender: Any) -> None:
    first = sender.intend()
    sender.attempts.uncertain(first, "uncertain", Standing(status=Status.UNCERTAIN))
    sender.attempts.end(first, AttemptState.ABSENT, "absent", happened.Moved(standing=Standing(status=Status.NEW)))
    second = sender.attempts.claim("R-1", sender.seat)
    shown = happened.Shown(portal="p", page="review", selectors_version="1", fields={})
    sender.attempts.intent(second.attempt_id, shown)
    sender.attempts.receipt(second.attempt_id, Receipt(portal="p", reference_no="CC2", received_at=journal.now()))
    sender.attempts.receipt(first, Receipt(portal="p", reference_no="CC1", received_at=journal.now()))
    now = journal.snapshot("R-1")
    assert now.receipt is not None
    assert now.receipt.reference_no == "CC2"
    assert now.error_code == "second_receipt"
    assert "CC1" in now.reason


def test_a_late_receipt_takes_the_place_of_a_draft_begun_since(journal: Journal, sender: Any) -> None:
    first = sender.intend()
    sender.attempts.uncertain(first, "uncertain", Standing(status=Status.UNCERTAIN))
    sender.attempts.end(first, AttemptState.ABSENT, "absent", happened.Moved(standing=Standing(status=Status.NEW)))
    second = sender.attempts.claim("R-1", sender.seat)
    sender.attempts.receipt(first, Receipt(portal="p", reference_no="CC1", received_at=journal.now()))
    assert journal.snapshot("R-1").status is Status.SUBMITTED
    shown = happened.Shown(portal="p", page="review", selectors_version="1", fields={})
    with pytest.raises(NotOurs):
        sender.attempts.intent(second.attempt_id, shown)


# --- the past ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("statement", ["update events set at = '2020'", "delete from events"])
def test_events_can_only_be_added(journal: Journal, sender: Any, statement: str) -> None:
    sender.send()
    with pytest.raises(DatabaseError, match="only ever added"), journal.write() as write:
        write.connection.execute(text(statement))


def test_an_untouched_history_fits_together(journal: Journal, sender: Any) -> None:
    sender.send()
    assert journal.check() == len(list(journal.events())) == 5


TAMPERED = {
    "a changed value": "update events set body = replace(body, 'CC1', 'CC2') where kind = 'receipt'",
    "a changed time": "update events set at = '2026-03-02T13:00:00.000000Z' where seq = 3",
    "another request": "update events set request_id = 'R-2' where seq = 3",
    "a missing event": "delete from events where seq = 3",
    "a missing end": "delete from events where seq = 5",
    "a forged hash": "update events set hash = 'x' || substr(hash, 2) where seq = 5",
    "a swapped order": "update events set seq = seq + 100 where seq = 2",
}


@pytest.mark.parametrize("what", sorted(TAMPERED))
def test_a_changed_past_is_found(url: str, journal: Journal, sender: Any, what: str) -> None:
    sender.send()
    journal.verify_chain()
    _tamper(
        url, TAMPERED[what], "update events set hash = 'b' || substr(hash, 2) where seq = 5" if "forged" in what else "select 1"
    )
    with pytest.raises(JournalDamaged, match="damaged"):
        journal.verify_chain()


def test_rows_can_be_made_again_from_the_events(url: str, journal: Journal, sender: Any) -> None:
    sender.send("R-1")
    sender.intend("R-2")
    before = list(journal.snapshots())
    assert journal.rebuild()
    assert list(journal.snapshots()) == before


def test_rows_that_were_changed_by_hand_are_put_right(url: str, journal: Journal, sender: Any) -> None:
    sender.send()
    before = list(journal.snapshots())
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    connection.execute("update requests set status = 'new', snapshot = replace(snapshot, 'submitted', 'new')")
    connection.execute("delete from attempts")
    connection.commit()
    connection.close()
    assert not journal.rebuild()
    assert list(journal.snapshots()) == before
    assert journal.rebuild()


def test_every_kind_of_event_can_be_read_back(journal: Journal) -> None:
    kinds = [kind for family in FAMILIES for kind in family.__args__]
    tags = {kind.__struct_config__.tag for kind in kinds}
    assert len(tags) == len(kinds)
    body = happened.PasswordTry(portal="p", account="a", fingerprint="f")
    assert decode_body(encode(body)) == body


def test_no_exception_of_the_database_quotes_what_was_to_be_written(journal: Journal, sender: Any) -> None:
    """A request holds a patient's data; a failing statement must not carry it into a log."""
    sender.send()
    with pytest.raises(IntegrityError) as error, journal.write() as write:
        snapshot = write.connection.execute(text("select snapshot from requests")).scalar()
        again = text("insert into requests values ('R-1', 9, 'f', 'husky', 'p', 'new', '', '', :snapshot)")
        write.connection.execute(again.bindparams(snapshot=snapshot))
    assert "001234567" not in str(error.value)
    assert "1980-05-17" not in str(error.value)


# --- opening -----------------------------------------------------------------------------------------------------------


def test_a_new_journal_can_be_read_by_its_owner_only(url: str, journal: Journal, sender: Any) -> None:
    sender.send()
    for file in Path(url.removeprefix("sqlite:///")).parent.iterdir():
        assert file.stat().st_mode & 0o077 == 0, file.name


def test_commits_are_on_the_disk_before_they_return(journal: Journal) -> None:
    with journal.read() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_it_is_all_there_after_opening_again(url: str, clock: Any, make_request: MakeRequest) -> None:
    with Journal.open(url, now=clock) as journal:
        journal.accept(make_request(), "one")
    with Journal.open(url, now=clock) as journal:
        assert journal.snapshot("R-1").request == make_request()
        assert journal.snapshot("R-1").accepted_at == clock()


def test_a_journal_of_a_newer_priorbot_is_left_alone(url: str, journal: Journal) -> None:
    with journal.write() as write:
        write.connection.execute(text("update journal_meta set value = '999' where name = 'schema_version'"))
    before = Path(url.removeprefix("sqlite:///")).read_bytes()
    with pytest.raises(JournalTooNew) as refused:
        Journal.open(url)
    assert "newer PriorBot" in refused.value.sentence
    assert Path(url.removeprefix("sqlite:///")).read_bytes() == before


def test_a_file_that_is_no_journal_is_left_alone(url: str) -> None:
    file = Path(url.removeprefix("sqlite:///"))
    file.write_bytes(b"something else entirely" * 1000)
    with pytest.raises(JournalDamaged, match="no database"):
        Journal.open(url)
    assert file.read_bytes() == b"something else entirely" * 1000


def test_a_place_that_cannot_be_written_is_told_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "journal.db").mkdir()
    with pytest.raises(JournalUnavailable) as error:
        Journal.open(f"sqlite:///{tmp_path / 'journal.db'}")
    assert "cannot be written" in error.value.sentence


def test_an_older_journal_is_brought_up_to_date_in_one_step_or_not_at_all(
    url: str, journal: Journal, sender: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender.send()

    def broken(connection: Any) -> None:
        connection.execute(text("create table extra (x integer)"))
        raise RuntimeError("halfway")

    now = journal_schema.SCHEMA_VERSION
    monkeypatch.setattr(journal_schema, "SCHEMA_VERSION", now + 1)
    monkeypatch.setattr(journal_schema, "MIGRATIONS", {now: broken})
    with pytest.raises(RuntimeError):
        Journal.open(url)
    with journal.read() as connection:
        assert connection.execute(text("select value from journal_meta")).scalar() == str(now)
    monkeypatch.setattr(journal_schema, "MIGRATIONS", {now: lambda c: c.execute(text("create table extra (x integer)")) and None})
    with Journal.open(url) as migrated, migrated.read() as connection:
        assert connection.execute(text("select value from journal_meta")).scalar() == str(now + 1)
        assert connection.execute(text("select count(*) from extra")).scalar() == 0


def test_the_same_tables_on_postgresql() -> None:
    """The statements compile there as well; the guard against a second attempt is a partial index there too."""
    dialect = postgresql.dialect()
    for table in journal_schema.metadata.sorted_tables:
        assert str(CreateTable(table).compile(dialect=dialect))
    (guard,) = [index for index in journal_schema.attempts.indexes if index.name == "one_open_attempt"]
    made = str(CreateIndex(guard).compile(dialect=dialect))
    assert "UNIQUE" in made
    assert "WHERE state in ('drafting', 'intent', 'receipt', 'uncertain')" in made


# --- reading -----------------------------------------------------------------------------------------------------------


def test_snapshots_come_filtered_and_in_the_order_of_their_arrival(
    journal: Journal, sender: Any, make_request: MakeRequest
) -> None:
    for number in (3, 1, 2):
        sender.take_in(f"R-{number}")
    sender.take_in("R-4", portal="promptpa")
    journal.accept(make_request("B-1", payer=Payer.BCBSMA), "one")
    journal.move("R-1", Standing(status=Status.NEEDS_PERSON))

    def ids(**fits: Any) -> list[str]:
        return [each.request.request_id for each in journal.snapshots(**fits)]

    assert ids() == ["R-3", "R-1", "R-2", "R-4", "B-1"]
    assert ids(payer=Payer.BCBSMA) == ["B-1"]
    assert ids(portal="promptpa") == ["R-4"]
    assert ids(portal="") == ["B-1"], "not routed yet"
    assert ids(status=Status.NEEDS_PERSON) == ["R-1"]
    assert ids(status={Status.NEEDS_PERSON, Status.NEW}, portal="clear_coverage") == ["R-3", "R-1", "R-2"]
    assert ids(status=()) == []


def test_ten_thousand_requests_stream_without_a_long_transaction(journal: Journal, make_request: MakeRequest) -> None:
    journal_rows = ((make_request(f"R-{number:05}"), "one") for number in range(10_000))
    assert sum(isinstance(answer, Accepted) for answer in journal.accept_all(journal_rows)) == 10_000
    stream = journal.snapshots()
    assert next(stream).request.request_id == "R-00000"
    journal.move("R-00001", Standing(status=Status.NEEDS_PERSON))  # would wait for ever on a reader that held the database
    assert sum(1 for _ in stream) == 9_999


def test_a_tick_is_claimed_once(journal: Journal, url: str) -> None:
    with Journal.open(url) as other:
        assert [journal.claim_tick("sweep", "2026-03-02T06"), other.claim_tick("sweep", "2026-03-02T06")] == [True, False]
        assert other.claim_tick("sweep", "2026-03-02T07")
        assert other.claim_tick("units", "2026-03-02T06")


def test_instants_sort_as_text_and_must_have_a_zone() -> None:
    early = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    late = early + timedelta(microseconds=1)
    assert instant_text(early) < instant_text(late)
    assert parse_instant(instant_text(late)) == late
    with pytest.raises(ValueError, match="time zone"):
        instant_text(datetime(2026, 3, 2))  # noqa: DTZ001
