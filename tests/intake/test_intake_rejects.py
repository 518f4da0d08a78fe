"""``rejects/`` can be corrected and sent again as it is, and is a private file from its creation."""

from __future__ import annotations

import csv
import os
import stat

import pytest
from openpyxl import load_workbook

from jobs.intake import read_intake, write_rejects
from jobs.intake import rejects as rejects_module


def rows_of(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def write_back(path, rows):
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "home" / "rejects"


def test_nothing_is_written_when_nothing_was_refused(take, good, folder):
    assert write_rejects(take([good]), folder) is None
    assert not folder.exists()


def test_the_original_columns_and_cells_come_back_with_every_reason(take, good, folder):
    bad = good | {"request_id": "R-002", "units": "1,000", "member_dob": "1960-02-30"}
    path = write_rejects(take([good, bad]), folder)
    (row,) = rows_of(path)
    reasons = row.pop("reject_reasons")
    assert row == bad
    assert reasons.startswith("row 3: ")
    assert "units has a thousands comma" in reasons
    assert "member_dob is a day that does not exist" in reasons


def test_all_rows_of_a_refused_request_are_there(take, good, folder):
    path = write_rejects(take([good, good | {"service_code": "97112", "units": "x"}]), folder)
    assert [row["service_code"] for row in rows_of(path)] == ["97110", "97112"]


def test_corrected_it_gives_the_requests_that_the_original_should_have_given(take, good, folder, tmp_path, pdf):
    (tmp_path / "notes.pdf").write_bytes(pdf())
    row = good | {
        "attachments": "notes.pdf",
        "notes": "=1+1",
        "member_last_name": "'t Testoak",
        "drug_name": "",
        "contact_fax": "",
    }
    meant = take([row]).requests
    path = write_rejects(take([row | {"units": "1,000"}]), folder)
    rows = rows_of(path)
    rows[0]["units"] = "12"
    write_back(path, rows)
    again = read_intake(path)
    assert again.rejected == []
    assert again.requests == meant


def test_sent_again_uncorrected_it_is_refused_for_the_same_reasons(take, good, folder):
    first = take([good | {"units": "1,000", "urgency": ""}])
    path = write_rejects(first, folder)
    again = read_intake(path)
    assert {(row.column, row.code) for row in again.rejected} == {(row.column, row.code) for row in first.rejected}
    second = write_rejects(again, folder)
    assert list(rows_of(second)[0]).count("reject_reasons") == 1


def test_its_workbook_twin_is_corrected_and_sent_again_just_as_well(take, good, folder, tmp_path):
    meant = take([good | {"notes": "=1+1", "member_last_name": "'t Testoak"}]).requests
    path = write_rejects(take([good | {"notes": "=1+1", "member_last_name": "'t Testoak", "units": "x"}]), folder)
    book = load_workbook(path.with_suffix(".xlsx"))
    sheet = book.worksheets[0]
    names = [cell.value for cell in sheet[1]]
    assert sheet.cell(2, names.index("member_id") + 1).value == "001234567"
    sheet.cell(2, names.index("units") + 1).value = "12"
    book.save(tmp_path / "corrected.xlsx")
    again = read_intake(tmp_path / "corrected.xlsx")
    assert again.rejected == []
    assert again.requests == meant


def test_cells_that_a_spreadsheet_would_run_are_made_safe(take, good, folder):
    path = write_rejects(take([good | {"units": "=2*6", "notes": "@SUM(A1)", "member_last_name": "+1"}]), folder)
    (row,) = rows_of(path)
    assert (row["units"], row["notes"], row["member_last_name"]) == ("'=2*6", "'@SUM(A1)", "'+1")


def test_a_spoilt_cell_stays_refused_until_a_person_has_corrected_it(take, good, folder, tmp_path):
    """The digits of a number cell may be wrong without looking wrong."""
    from openpyxl import Workbook

    book = Workbook()
    book.worksheets[0].append(list(good))
    book.worksheets[0].append(list((good | {"member_id": 123456789, "notes": "=A1"}).values()))
    book.save(tmp_path / "requests.xlsx")
    path = write_rejects(read_intake(tmp_path / "requests.xlsx"), folder)
    (row,) = rows_of(path)
    assert row["member_id"] == "[CHECK] 123456789"
    assert {(row.column, row.code) for row in read_intake(path).rejected} == {
        ("member_id", "still_marked"),
        ("notes", "still_marked"),
    }


def test_the_files_are_private_and_none_is_overwritten(take, good, folder):
    result = take([good | {"units": "x"}])
    first, second = write_rejects(result, folder), write_rejects(result, folder)
    assert first != second
    names = sorted(path.name for path in folder.iterdir())
    assert len(names) == 4
    if os.name == "posix":
        assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_row_with_too_many_cells_keeps_them(take, good, folder):
    text = ",".join(good) + "\n" + ",".join(f'"{cell}"' for cell in good.values()) + ",surplus\n"
    path = write_rejects(take(text), folder)
    assert path.read_text(encoding="utf-8-sig").rstrip().endswith(",surplus")
    assert [row.code for row in read_intake(path).rejected] == ["too_many_cells"]
    assert [row.code for row in read_intake(path.with_suffix(".xlsx")).rejected] == ["too_many_cells"]


def test_mapped_column_names_are_kept_and_work_again(take, good, folder):
    names = {"Medicaid No": "member_id"}
    row = {"Medicaid No" if name == "member_id" else name: cell for name, cell in good.items()}
    path = write_rejects(take([row | {"units": "x"}], columns=names), folder)
    assert rows_of(path)[0]["Medicaid No"] == "001234567"
    assert [bad.column for bad in read_intake(path, columns=names).rejected] == ["units"]


def test_json_lines_come_back_as_a_table(take, good, folder):
    import json

    path = write_rejects(take(json.dumps(good | {"member_id": 123456789}), "requests.jsonl"), folder)
    (row,) = rows_of(path)
    assert (row["member_id"], row["requesting_provider_npi"]) == ("[CHECK] 123456789", "1234567893")


def test_beyond_some_thousand_rows_only_the_csv_is_written(take, good, folder, monkeypatch):
    monkeypatch.setattr(rejects_module, "_WORKBOOK_ROWS", 1)
    path = write_rejects(take([good | {"units": "x"}, good | {"request_id": "R-002", "units": "x"}]), folder)
    assert [found.name for found in folder.iterdir()] == [path.name]
