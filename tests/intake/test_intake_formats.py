"""CSV, XLSX and JSON lines say the same; what a spreadsheet does not hold as text is judged by its column."""

from __future__ import annotations

import io
import json
from datetime import date, datetime, time

import pytest
from openpyxl import Workbook


def workbook(rows, *, sheets=None):
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.append(list(rows[0]))
    for row in rows:
        sheet.append([None if value == "" else value for value in row.values()])
    for title, cells in (sheets or {}).items():
        book.create_sheet(title).append(cells)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_csv_with_or_without_mark_and_with_any_usual_separator(take, good, mark, delimiter, ends):
    cells = [f'"{cell}"' for cell in (good | {"member_last_name": "Testöak"}).values()]
    text = delimiter.join(good) + ends + delimiter.join(cells) + ends
    (request,) = take(mark + text.encode()).requests
    assert request.member.last_name == "Testöak"


def test_the_three_formats_give_equal_requests(take, good):
    rows = [good, good | {"service_code": "97112"}, good | {"request_id": "R-002", "member_id": "000000017"}]
    from_csv = take(rows)
    from_xlsx = take(workbook(rows), "requests.xlsx")
    from_jsonl = take("".join(json.dumps(row) + "\n" for row in rows), "requests.jsonl")
    assert from_csv.requests == from_xlsx.requests == from_jsonl.requests
    assert len(from_csv.requests) == 2


def test_the_format_is_told_by_content_not_by_name(take, good):
    assert len(take(workbook([good]), "requests.csv").requests) == 1
    assert len(take(json.dumps(good), "requests.csv").requests) == 1


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        ("request_id", 17, "number_cell"),
        ("member_id", 123456789, "number_cell"),
        ("requesting_provider_npi", 1234567893, "number_cell"),
        ("request_id", datetime.combine(date(2026, 1, 2), time.min), "date_cell"),
        ("modifiers", datetime.combine(date(2026, 1, 2), time.min), "date_cell"),
        ("member_dob", 21975, "date_serial"),
        ("from_date", datetime.combine(date(2026, 11, 25), time(8, 30)), "spoilt_cell"),
        ("units", "=6*2", "spoilt_cell"),
        ("member_last_name", "=A1", "spoilt_cell"),
        ("member_last_name", "#N/A", "spoilt_cell"),
        ("notes", True, "spoilt_cell"),
        ("units", 1.23456, "not_a_number"),
        ("units", datetime.combine(date(2026, 1, 12), time.min), "date_cell"),
        ("place_of_service", 2, "lost_zeros"),
        ("service_code", 100, "lost_zeros"),
    ],
)  # fmt: skip
def test_a_workbook_cell_that_is_not_the_text_it_seems_is_refused(take, good, column, value, code):
    result = take(workbook([good | {"request_id": "R-002"}, good | {column: value}]), "requests.xlsx")
    assert [request.request_id for request in result.requests] == ["R-002"]
    (row,) = result.rejected
    assert (row.file, row.row, row.column, row.code) == ("requests.xlsx", 3, column, code)


def test_true_dates_and_plain_numbers_of_a_workbook_are_taken(take, good):
    row = good | {
        "member_dob": date(1960, 2, 29),
        "from_date": datetime.combine(date(2026, 11, 25), time.min),
        "units": 12,
        "service_code": 97110,
        "place_of_service": 11,
    }
    result = take(workbook([row]), "requests.xlsx")
    assert result.requests == take([good]).requests


def test_rows_of_a_workbook_are_counted_with_its_blank_ones(take, good):
    blank = dict.fromkeys(good, "")
    result = take(workbook([good, blank, blank, good | {"request_id": "R-002", "units": "x"}]), "requests.xlsx")
    assert [row.row for row in result.rejected] == [5]


def test_the_one_sheet_with_requests_is_read_and_two_are_refused(take, good):
    assert len(take(workbook([good], sheets={"Notes": ["Call the payer"]}), "requests.xlsx").requests) == 1
    result = take(workbook([good], sheets={"More": list(good)}), "requests.xlsx")
    assert result.file_error.code == "two_sheets"


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        ("member_id", 123456789, "number_cell"),
        ("request_id", 17, "number_cell"),
        ("member_dob", 19600229, "date_serial"),
        ("diagnosis_codes", ["M54.50"], "spoilt_cell"),
        ("notes", {"a": "b"}, "spoilt_cell"),
        ("notes", True, "spoilt_cell"),
        ("units", float("nan"), "not_a_number"),
        ("units", 1e30, "damaged_scientific"),
    ],
)  # fmt: skip
def test_json_values_that_are_no_text_are_judged_by_their_column(take, good, column, value, code):
    lines = [json.dumps(good | {"request_id": "R-002"}), json.dumps(good | {column: value})]
    result = take("\n".join(lines), "requests.jsonl")
    assert [request.request_id for request in result.requests] == ["R-002"]
    assert [(row.row, row.column, row.code) for row in result.rejected] == [(2, column, code)]


def test_json_takes_numbers_where_no_digit_can_be_lost_and_null_as_empty(take, good):
    (request,) = take(json.dumps(good | {"units": 12, "contact_phone": None}), "requests.jsonl").requests
    assert str(request.lines[0].units) == "12"
    assert request.contact.phone == ""


@pytest.mark.parametrize(
    "line",
    ['{"request_id": "R-001", "units":', '["R-001"]', '{"request_id": "R-001", "payer": "husky", "payer": "x"}', "[" * 100_000],
)
def test_a_line_that_is_no_object_is_refused_and_the_others_go_on(take, good, line):
    result = take(f"{json.dumps(good | {'request_id': 'R-002'})}\n{line}\n\n{json.dumps(good | {'request_id': 'R-003'})}\n")
    assert [request.request_id for request in result.requests] == ["R-002", "R-003"]
    assert [(row.row, row.code) for row in result.rejected] == [(2, "bad_json")]


def test_a_broken_line_holds_back_the_request_that_it_belongs_to(take, good):
    """Otherwise the request would go out with a line missing."""
    result = take(f'{json.dumps(good)}\n{{"request_id": "R-001", "service_code": "971\n')
    assert result.requests == []
    assert [(row.row, row.code) for row in result.rejected] == [(1, "request_has_bad_row"), (2, "bad_json")]


def test_other_column_names_are_mapped_and_reasons_use_them(take, good):
    names = {"Medicaid No": "member_id", "NPI": "requesting_provider_npi", "Shoe size": ""}
    ours = {ours: theirs for theirs, ours in names.items() if ours}
    row = {ours.get(name, name): cell for name, cell in good.items()} | {"Shoe size": "43"}
    assert len(take([row], columns=names).requests) == 1
    (bad,) = take([row | {"NPI": "1234567890"}], columns=names).rejected
    assert (bad.column, bad.code) == ("NPI", "npi_check_digit")


def test_names_are_known_in_either_case(take, good):
    assert len(take([{name.upper(): cell for name, cell in good.items()}]).requests) == 1


def test_a_map_to_an_unknown_column_names_the_nearest(take, good):
    result = take([good], columns={"Medicaid No": "member_ident"})
    assert result.file_error.code == "bad_column_map"
    assert "'member_id'" in result.file_error.reason


def test_two_columns_that_mean_the_same_are_refused(take, good):
    result = take([good | {"Medicaid No": "001234567"}], columns={"Medicaid No": "member_id"})
    assert result.file_error.code == "double_column"
