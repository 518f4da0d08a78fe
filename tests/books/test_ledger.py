"""The ledger: one row per service line, rebuilt whole from the journal, exact text, safe for spreadsheets."""

from __future__ import annotations

import csv
import io
import stat
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from bots.model import LineReading, Status
from jobs.cells import csv_text, guard, is_guarded, printable, unguard
from jobs.home import Home
from jobs.ledger import (
    LEDGER_COLUMNS,
    LedgerDamaged,
    LedgerRow,
    amount,
    ledger_csv,
    ledger_rows,
    read_ledger,
    request_object,
    write_ledger,
)
from jobs.ledger_seal import SEAL
from jobs.state import Channel, Decision
from jobs.writing import NotWritten, write_whole

ANY_TEXT = st.text(st.one_of(st.sampled_from("'=+-@;\t\r\n \",＝"), st.characters(codec="utf-8")))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home").create()


@pytest.fixture
def decided(build: Any) -> Any:
    """Two lines, one approved for less, one denied; the header alone would say "approved"."""
    lines = (build.line("E0114", "2"), build.line("A4253", "100.50"))
    reading = build.reading(
        Status.PARTIALLY_APPROVED,
        LineReading(
            service_code="A4253", units_approved=Decimal("0"), status=Status.DENIED, status_raw="Denied", reason="Not needed"
        ),
        LineReading(service_code="E0114", units_approved=Decimal("1.0"), status=Status.APPROVED, status_raw="Approved"),
        authorization_no="0012345678",
        valid_from=date(2026, 3, 1),
        valid_to=date(2026, 5, 31),
        decided_on=date(2026, 3, 2),
    )
    return build.submitted(
        "R-001",
        Status.PARTIALLY_APPROVED,
        request=build.request("R-001", *lines),
        reading=reading,
        units=(build.units("E0114", approved=Decimal(1), used=Decimal("0.25")),),
        decided_on=date(2026, 3, 2),
    )


# --- rows ------------------------------------------------------------------------------------------------------------


def test_the_columns_are_those_of_the_contract() -> None:
    assert ",".join(LEDGER_COLUMNS) == (
        "request_id,payer,channel,portal,member_id,service_category,service_code,from_date,to_date,reference_no,"
        "authorization_no,status,status_raw,status_reason,units_requested,units_approved,units_used,units_remaining,"
        "units_as_of,valid_from,valid_to,submitted_at,decided_at,decision_due,last_checked,next_action,rule_ids"
    )


def test_golden_rows(decided: Any, build: Any) -> None:
    content, rows = ledger_csv([build.snapshot("R-000"), decided])
    assert rows == 3
    assert content.decode() == (
        ",".join(LEDGER_COLUMNS) + "\n"
        "R-000,husky,none,,001234567,dme,E0114,2026-03-01,2026-03-31,,,new,,,2,,,,,,,,,,,,\n"
        "R-001,husky,portal,clear_coverage,001234567,dme,E0114,2026-03-01,2026-03-31,CC0000000001,0012345678,approved,Approved,"
        ",2,1,0.25,0.75,2026-02-27,2026-03-01,2026-05-31,2026-03-02T10:00:00Z,2026-03-02,2026-03-08T15:00:00Z,"
        "2026-03-02T14:00:00Z,,H5\n"
        "R-001,husky,portal,clear_coverage,001234567,dme,A4253,2026-03-01,2026-03-31,CC0000000001,0012345678,denied,Denied,"
        "Not needed,100.5,0,,,,,,2026-03-02T10:00:00Z,2026-03-02,2026-03-08T15:00:00Z,2026-03-02T14:00:00Z,,H5\n"
    )


def test_a_draft_is_no_reference_and_what_waits_for_a_person_keeps_its_own_status(build: Any) -> None:
    (row,) = ledger_rows(
        build.snapshot(
            status=Status.NEEDS_PERSON,
            reason="The portal shows something else.",
            next_action="Compare by hand.",
            route=build.route(),
        )
    )
    assert (row.status, row.reference_no, row.status_reason) == ("needs_person", "", "The portal shows something else.")
    assert (row.channel, row.portal, row.next_action) == ("none", "clear_coverage", "Compare by hand.")


def test_a_status_that_we_gave_wins_over_an_older_reading(build: Any) -> None:
    (row,) = ledger_rows(
        build.submitted(status=Status.UNCERTAIN, reading=build.reading(Status.APPROVED), reason="Not certain.", decided_on=None)
    )
    assert (row.status, row.status_raw, row.status_reason, row.valid_from) == ("uncertain", "Approved", "Not certain.", "")


def test_an_unknown_word_stays_raw_and_unknown(build: Any) -> None:
    line = LineReading(service_code="E0114", status=Status.UNKNOWN, status_raw="Zurueckgestellt")
    (row,) = ledger_rows(build.submitted(status=Status.UNKNOWN, reading=build.reading(Status.UNKNOWN, line)))
    assert (row.status, row.status_raw) == ("unknown", "Zurueckgestellt")


def test_a_phone_task_names_no_portal(build: Any) -> None:
    route = build.route(decision=Decision.PHONE, portal="", number="1.877.552.8247", rule_ids=("H3",))
    (row,) = ledger_rows(build.snapshot(status=Status.NEEDS_PERSON, channel=Channel.PHONE, route=route))
    assert (row.channel, row.portal, row.rule_ids) == ("phone", "", "H3")


def test_two_lines_of_one_code_take_one_reading_each(build: Any) -> None:
    first = build.line("97110", "4", from_date=date(2026, 3, 1), to_date=date(2026, 3, 15))
    second = build.line("97110", "6", from_date=date(2026, 3, 16), to_date=date(2026, 3, 31))
    read = [
        LineReading(
            service_code="97110", units_approved=Decimal(6), from_date=second.from_date, status_raw="A", status=Status.APPROVED
        ),
        LineReading(
            service_code="97110", units_approved=Decimal(3), from_date=first.from_date, status_raw="A", status=Status.APPROVED
        ),
    ]
    rows = ledger_rows(
        build.submitted(
            status=Status.APPROVED, request=build.request("R-001", first, second), reading=build.reading(Status.APPROVED, *read)
        )
    )
    assert [row.units_approved for row in rows] == ["3", "6"]


def test_more_readings_than_lines_are_not_guessed(build: Any) -> None:
    twice = [LineReading(service_code="E0114", units_approved=Decimal(n), status_raw="A", status=Status.APPROVED) for n in (1, 2)]
    (row,) = ledger_rows(build.submitted(status=Status.APPROVED, reading=build.reading(Status.APPROVED, *twice)))
    assert row.units_approved == ""


def test_units_that_fit_twice_are_left_out(build: Any) -> None:
    units = (build.units(used=Decimal(1)), build.units(used=Decimal(2)))
    (row,) = ledger_rows(build.submitted(status=Status.APPROVED, reading=build.reading(), units=units))
    assert (row.units_used, row.units_as_of) == ("", "")


def test_what_the_page_shows_as_remaining_wins_over_our_own_sum(build: Any) -> None:
    units = (build.units(approved=Decimal(10), used=Decimal(3), remaining=Decimal(6)),)
    (row,) = ledger_rows(build.submitted(status=Status.APPROVED, units=units))
    assert row.units_remaining == "6"


@pytest.mark.parametrize(
    ("value", "text"), [("10", "10"), ("10.00", "10"), ("1E+2", "100"), ("0.50", "0.5"), ("0", "0"), ("-3", "-3"), (None, "")]
)
def test_amounts_are_plain_digits(value: str | None, text: str) -> None:
    assert amount(None if value is None else Decimal(value)) == text


def test_rows_are_sorted_by_request_whatever_the_journal_s_order(build: Any) -> None:
    content, _ = ledger_csv(build.snapshot(name) for name in ("R-3", "R-1", "R-2"))
    assert [line.split(",")[0] for line in content.decode().splitlines()[1:]] == ["R-1", "R-2", "R-3"]


def test_json_objects_use_the_ledger_s_words(decided: Any) -> None:
    found = request_object(decided)
    lines = found.pop("lines")
    assert isinstance(lines, list)
    assert set(found) | set(lines[0]) == set(LEDGER_COLUMNS)
    assert found["status"] == "partially_approved"
    assert found["rule_ids"] == ["H5"]
    assert [line["status"] for line in lines] == ["approved", "denied"]


# --- safe cells ------------------------------------------------------------------------------------------------------


@given(ANY_TEXT)
def test_every_text_survives_the_guard_and_no_guarded_cell_is_a_formula(text: str) -> None:
    cell = guard(text)
    assert unguard(cell) == text
    assert is_guarded(cell)
    for piece in io.StringIO(cell.replace(";", "\n").replace("\t", "\n").replace("\r", "\n"), newline="\n"):
        assert not piece.strip().startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠"))
    assert not cell.startswith(("\t", "\r", "\n"))


@given(st.lists(ANY_TEXT, min_size=3, max_size=3))
def test_every_text_survives_the_file(texts: list[str]) -> None:
    content = csv_text([texts, ["last"]]).decode()
    rows = [[unguard(cell) for cell in row] for row in csv.reader(io.StringIO(content, newline=""))]
    assert rows == [texts, ["last"]]


@pytest.mark.parametrize(
    "formula", ["=1+1", "+1", "-1", "@A1", "\t=1", "\r=1", "\n=1", "=cmd|' /C calc'!A0", "ok;=1+1", " =1", "＝1"]
)
def test_formulas_are_text_in_both_files(build: Any, home: Home, formula: str) -> None:
    write_ledger(home, [build.snapshot(status=Status.NEEDS_PERSON, reason=formula)], build.now)
    (row,) = read_ledger(home.ledger_csv)
    assert row.status_reason == formula
    cell = load_workbook(home.ledger_xlsx)["Ledger"].cell(2, LEDGER_COLUMNS.index("status_reason") + 1)
    assert (cell.data_type, cell.number_format) == ("s", "@")


def test_control_characters_and_endless_text_do_not_break_the_sheet(build: Any, home: Home) -> None:
    write_ledger(home, [build.snapshot(status=Status.NEEDS_PERSON, reason="a\x07b" + "x" * 40_000)], build.now)
    value = str(load_workbook(home.ledger_xlsx)["Ledger"].cell(2, LEDGER_COLUMNS.index("status_reason") + 1).value)
    assert value.startswith("a\ufffdb")
    assert len(value) == len(printable("a\x07b" + "x" * 40_000)) == 32_767


# --- files -----------------------------------------------------------------------------------------------------------


def test_xlsx_keeps_leading_zeros_and_is_ready_to_read(decided: Any, home: Home, build: Any) -> None:
    write_ledger(home, [decided], build.now)
    sheet = load_workbook(home.ledger_xlsx)["Ledger"]
    assert [cell.value for cell in sheet[1]] == list(LEDGER_COLUMNS)
    cells = dict(zip(LEDGER_COLUMNS, sheet[2], strict=True))
    for name, value in {"member_id": "001234567", "authorization_no": "0012345678", "units_requested": "2"}.items():
        assert (cells[name].value, cells[name].data_type, cells[name].number_format) == (value, "s", "@")
    assert sheet.freeze_panes == "B2"
    assert sheet.auto_filter.ref == "A1:AA3"
    assert sheet.column_dimensions["A"].width > 10


def test_xlsx_says_what_the_csv_says(decided: Any, home: Home, build: Any) -> None:
    write_ledger(home, [decided, build.snapshot("R-002")], build.now)
    sheet = load_workbook(home.ledger_xlsx)["Ledger"]
    rows = [
        LedgerRow(**{n: str(c.value or "") for n, c in zip(LEDGER_COLUMNS, row, strict=True)})
        for row in sheet.iter_rows(min_row=2)
    ]
    assert rows == list(read_ledger(home.ledger_csv))


def test_deleting_the_ledger_loses_nothing(decided: Any, home: Home, build: Any) -> None:
    write_ledger(home, [decided], build.now)
    before = home.ledger_csv.read_bytes()
    home.ledger_csv.unlink()
    home.ledger_xlsx.unlink()
    write_ledger(home, [decided], build.now)
    assert home.ledger_csv.read_bytes() == before
    assert home.ledger_xlsx.exists()


def test_files_are_private_and_nothing_else_is_left(decided: Any, home: Home, build: Any) -> None:
    before = {path.name for path in home.path.iterdir()}
    write_ledger(home, [decided], build.now)
    assert {path.name for path in home.path.iterdir()} - before == {"ledger.csv", "ledger.xlsx", SEAL}
    for path in (home.ledger_csv, home.ledger_xlsx, home.path / SEAL):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_ledger_open_elsewhere_gets_one_beside_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from jobs import writing

    locked = tmp_path / "ledger.csv"
    locked.write_bytes(b"old")
    really_write = writing.write_private

    def write(path: Path, content: bytes) -> None:
        if path == locked:
            raise PermissionError(13, "in use")
        really_write(path, content)

    monkeypatch.setattr(writing, "write_private", write)
    written = write_whole(locked, b"new", datetime(2026, 3, 2, 15, 4, 5, tzinfo=UTC))
    assert written.beside
    assert written.path.name == "ledger.20260302-150405.csv"
    assert written.path.read_bytes() == b"new"
    assert locked.read_bytes() == b"old"
    assert "open in another program" in written.sentence
    again = write_whole(locked, b"newer", datetime(2026, 3, 2, 16, 0, 0, tzinfo=UTC))
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["ledger.20260302-160000.csv", "ledger.csv"]
    assert again.path.read_bytes() == b"newer"


def test_a_failed_write_keeps_the_old_ledger(monkeypatch: pytest.MonkeyPatch, build: Any, home: Home) -> None:
    write_ledger(home, [build.snapshot("R-1")], build.now)
    before = home.ledger_csv.read_bytes()
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(NotWritten, match=r"ledger\.csv could not be written \(No space left"):
        write_ledger(home, [build.snapshot("R-2")], build.now)
    assert home.ledger_csv.read_bytes() == before


# --- damage ----------------------------------------------------------------------------------------------------------


def written_text(build: Any, home: Home) -> str:
    write_ledger(home, [build.submitted(), build.submitted("R-002")], build.now)
    return home.ledger_csv.read_text()


def test_our_own_file_is_believed(decided: Any, build: Any, home: Home) -> None:
    write_ledger(home, [decided], build.now)
    assert list(read_ledger(home.ledger_csv)) == list(ledger_rows(decided))


@pytest.mark.parametrize(
    ("old", "new", "column", "what"),
    [
        ("001234567", "1234567", "member_id", "leading zeros"),
        ("001234567", "1.23E+09", "member_id", "became a number"),
        ("CC0000000001", "1234567890.0", "reference_no", "became a number"),
        ("2026-03-01", "3/1/2026", "from_date", "not ISO"),
        ("2026-03-02T10:00:00Z", "3/2/2026 10:00", "submitted_at", "UTC"),
        (",submitted,", ",done,", "status", "words"),
        (",2,,", ',"2,0",,', "units_requested", "plainly"),
        ("R-002", "=R-002", "request_id", "formula"),
        ("R-001", "R-003", "request_id", "sorted"),
        ("request_id,payer", "payer,request_id", "", "header"),
        ("\nR-001,", "\nR-001,,", "", "cells"),
        ("request_id", "\ufeffrequest_id", "", "byte order mark"),
        ("R-001", '"R-0"01', "", "quoting"),
    ],
)
def test_a_damaged_file_is_refused_whole(build: Any, home: Home, old: str, new: str, column: str, what: str) -> None:
    text = written_text(build, home)
    assert old in text
    home.ledger_csv.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(LedgerDamaged) as found:
        list(read_ledger(home.ledger_csv))
    assert (found.value.column, what in found.value.what) == (column, True)
    assert "priorbot ledger write" in str(found.value)
    assert new not in str(found.value)


def test_another_encoding_is_refused(build: Any, home: Home) -> None:
    write_ledger(home, [build.snapshot(status=Status.NEEDS_PERSON, reason="caf\u00e9")], build.now)
    home.ledger_csv.write_bytes(home.ledger_csv.read_text().encode("latin-1"))
    with pytest.raises(LedgerDamaged, match="not UTF-8"):
        list(read_ledger(home.ledger_csv))
