"""A bad row is refused with file, row, column and reason, and never stops the good ones."""

from __future__ import annotations

import csv
import io

import pytest


def test_a_good_row_becomes_a_request_with_every_value_in_its_type(take, good):
    result = take([good])
    assert result.rejected == []
    (request,) = result.requests
    assert request.member.id == "001234567"
    assert request.diagnosis_codes == ("M54.50", "R26.2")
    assert request.answers == {"th_evaluation": "yes", "th_plan_signed": "yes"}
    assert str(request.lines[0].units) == "12"
    assert request.lines[0].modifiers == ("GP",)
    assert request.to_date.isoformat() == "2027-01-25"


@pytest.mark.parametrize(
    ("column", "cell", "code", "says"),
    [
        ("request_id", "", "missing", "required for every request"),
        ("request_id", "R 001", "bad_request_id", "letters, digits"),
        ("request_id", "R" * 31, "bad_request_id", "1 to 30"),
        ("request_id", "-R1", "bad_request_id", "beginning with"),
        ("request_id", "1.2E+09", "damaged_scientific", "scientific"),
        ("request_id", "17.0", "damaged_point_zero", "decimal point"),
        ("payer", "huskey", "unknown_word", "'husky'"),
        ("coverage", "carepartners_hmo", "coverage_of_other_payer", "another payer"),
        ("service_category", "therapy", "unknown_word", "therapy_"),
        ("urgency", "asap", "unknown_word", "standard, urgent, emergent"),
        ("urgency", "", "missing", "required"),
        ("medicare_parts", "", "missing", "HUSKY"),
        ("certification", "", "missing", "prior authorization"),
        ("member_id", "1.23E+06", "damaged_scientific", "scientific"),
        ("member_id", "1,23E+06", "damaged_scientific", "scientific"),
        ("member_id", "1234567.0", "damaged_point_zero", "decimal point"),
        ("member_id", "1234567", "lost_zeros", "leading zeros"),
        ("member_id", "0012345678", "bad_member_id", "nine digits"),
        ("member_id", "00123456O", "bad_member_id", "nine digits"),
        ("member_id", "٠٠١٢٣٤٥٦٧", "bad_member_id", "nine digits"),
        ("member_dob", "1960-02-30", "impossible_date", "does not exist"),
        ("member_dob", "02/29/1960", "date_order", "either order"),
        ("member_dob", "29.2.60", "date_order", "either order"),
        ("member_dob", "21975", "date_serial", "day number"),
        ("member_dob", "1960-02-29 00:00:00", "date_with_time", "after the date"),
        ("member_dob", "Feb 29 1960", "bad_date", "YYYY-MM-DD"),
        ("member_dob", "2026-11-24", "dob_in_future", "future"),
        ("member_dob", "1905-11-23", "dob_too_old", "120 years"),
        ("requesting_provider_last_name", "Samplewillow, Ada", "not_last_name", "last name alone"),
        ("requesting_provider_npi", "1234567890", "npi_check_digit", "check digit"),
        ("requesting_provider_npi", "1234657893", "npi_check_digit", "swapped"),
        ("requesting_provider_npi", "123456789", "bad_npi", "ten digits"),
        ("requesting_provider_npi", "3234567893", "bad_npi", "beginning with 1 or 2"),
        ("requesting_provider_npi", "1.23457E+09", "damaged_scientific", "scientific"),
        ("requesting_provider_npi", "", "missing", "required"),
        ("diagnosis_codes", "M5450", "bad_diagnosis", "dot"),
        ("diagnosis_codes", "M54.50;;R26.2", "empty_entry", "semicolons"),
        ("diagnosis_codes", "M54.50;M54.50", "named_twice", "twice"),
        ("diagnosis_codes", "", "missing", "required"),
        ("service_code", "9711", "lost_zeros", "leading zeros"),
        ("service_code", "PT-97110", "bad_service_code", "HCPCS"),
        ("service_code", "", "missing", "required"),
        ("modifiers", "GPX", "bad_modifier", "two letters"),
        ("modifiers", "GP;GP", "named_twice", "twice"),
        ("units", "1,000", "not_a_number", "comma"),
        ("units", "twelve", "not_a_number", "no plain number"),
        ("units", "nan", "not_a_number", "no plain number"),
        ("units", "inf", "not_a_number", "no plain number"),
        ("units", "1E3", "not_a_number", "no plain number"),
        ("units", "1.0E+03", "damaged_scientific", "scientific"),
        ("units", "1_000", "not_a_number", "no plain number"),
        ("units", "١٢", "not_a_number", "no plain number"),
        ("units", "0", "not_positive", "above zero"),
        ("units", "-1", "not_a_number", "above zero"),
        ("units", "", "missing", "required"),
        ("unit_type", "visit", "unknown_word", "'visits'"),
        ("unit_type", "", "missing", "required"),
        ("from_date", "2026-02-29", "impossible_date", "does not exist"),
        ("from_date", "46351", "date_serial", "day number"),
        ("from_date", "1999-12-31", "implausible_date", "before 2000"),
        ("to_date", "2026-11-24", "ends_before_start", "before from_date"),
        ("to_date", "2126-11-24", "implausible_date", "five years"),
        ("place_of_service", "2", "lost_zeros", "leading zero"),
        ("place_of_service", "home", "bad_place_of_service", "two digits"),
        ("contact_phone", "(203) 555-0142", "bad_phone", "###-###-####"),
        ("contact_fax", "2035550142", "bad_phone", "###-###-####"),
        ("answers", "th_evaluation", "bad_answers", "name=value"),
        ("answers", "a=1;a=2", "named_twice", "twice"),
        ("answers", "a=", "bad_answers", "name=value"),
        ("member_first_name", "x" * 81, "too_long", "80"),
        ("notes", "x" * 4001, "too_long", "4000"),
        ("notes", "bell\x07", "control_characters", "cannot be shown"),
        ("member_last_name", "Test\noak", "control_characters", "line breaks"),
    ],
)  # fmt: skip
def test_a_bad_cell_is_refused_with_its_column_and_reason(refused, good, column, cell, code, says):
    row = refused(**{column: cell})
    assert (row.file, row.row, row.column, row.code) == ("requests.csv", 3, column, code)
    assert says in row.reason
    assert row.request_id == ("" if column == "request_id" else "R-001")


@pytest.mark.parametrize(
    ("cells", "column", "who"),
    [
        ({"service_category": "drug_part_b"}, "drug_name", "a drug"),
        ({"service_category": "inpatient"}, "admission_date", "an inpatient stay"),
        ({"request_kind": "referral"}, "servicing_provider_name", "a referral"),
        (
            {"request_kind": "inpatient_notification", "facility_name": "Sample Hospital"},
            "admission_date",
            "an inpatient notification",
        ),
    ],
)
def test_what_is_required_depends_on_what_is_asked(refused, cells, column, who):
    row = refused(**cells)
    assert (row.column, row.code) == (column, "missing")
    assert who in row.reason


def test_a_drug_column_without_the_drugs_name_is_refused(refused):
    assert refused(drug_quantity="30").code == "drug_without_name"


def test_an_appeal_needs_neither_code_nor_units(take, good):
    row = good | {"request_kind": "appeal", "certification": "", "service_code": "", "units": "", "unit_type": ""}
    assert len(take([row]).requests) == 1


@pytest.mark.parametrize(
    ("coverage", "member_id", "fits"),
    [
        ("carepartners_hmo", "S40013577", True),
        ("carepartners_hmo", "S400 13577", False),
        ("bcbsma_commercial", "XXP900456701", True),
        ("bcbsma_commercial", "XXP90045670102", True),
        ("bcbsma_commercial", "900456701", False),
        ("bcbsma_medicare_advantage", "XXM9004567", True),
        ("bcbsma_fep", "R55501203", True),
        ("bcbsma_fep", "55501203", False),
        ("bluecard", "A1B8001234501", True),
        ("bluecard", "A1B80012345012345", True),
        ("bluecard", "A1B800123450123456", False),
    ],
)  # fmt: skip
def test_member_ids_are_those_of_the_coverage(take, good, coverage, member_id, fits):
    payer = "carepartners" if coverage.startswith("carepartners") else "bcbsma"
    result = take([good | {"payer": payer, "coverage": coverage, "member_id": member_id}])
    assert [row.code for row in result.rejected] == ([] if fits else ["bad_member_id"])


def test_a_service_before_birth_is_refused(refused):
    assert refused(member_dob="2026-11-23", from_date="2026-11-22").code == "before_birth"


def test_a_person_of_120_years_may_be_asked_for(take, good):
    assert len(take([good | {"member_dob": "1905-11-24"}]).requests) == 1


def test_every_reason_of_a_row_is_given(take, good):
    result = take([good | {"member_dob": "1960-02-30", "units": "1,000", "requesting_provider_npi": "1", "urgency": ""}])
    assert {row.column for row in result.rejected} == {"member_dob", "units", "requesting_provider_npi", "urgency"}
    assert {row.row for row in result.rejected} == {2}


def test_leading_zeros_survive_everywhere(take, good):
    row = good | {"request_id": "000017", "member_id": "000000001", "place_of_service": "02", "service_code": "00100"}
    (request,) = take([row]).requests
    found = (request.request_id, request.member.id, request.place_of_service, request.codes)
    assert found == ("000017", "000000001", "02", ("00100",))


def test_words_and_codes_are_taken_in_either_case_and_spaces_around_a_cell_do_no_harm(take, good):
    row = good | {
        "payer": " HUSKY ",
        "urgency": "Urgent",
        "service_code": " e0143 ",
        "modifiers": "rr",
        "diagnosis_codes": "m54.50; r26.2;",
    }
    (request,) = take([row]).requests
    assert (request.payer, request.urgency, request.codes) == ("husky", "urgent", ("E0143",))
    assert request.diagnosis_codes == ("M54.50", "R26.2")


def test_an_apostrophe_at_the_start_of_a_name_is_part_of_the_name(take, good):
    (request,) = take([good | {"member_last_name": "'t Testoak"}]).requests
    assert request.member.last_name == "'t Testoak"


def test_rows_are_counted_as_a_spreadsheet_counts_them(take, good):
    """Blank rows count, and a cell with line breaks is still one row."""
    header, first = as_lines(good | {"notes": "one\ntwo\nthree"})
    _, bad = as_lines(good | {"request_id": "R-002", "units": "x"})
    result = take(f"{header}\r\n{first}\r\n,,\r\n\r\n{bad}\r\n")
    assert [request.notes for request in result.requests] == ["one\ntwo\nthree"]
    assert [row.row for row in result.rejected] == [5]


def as_lines(row):
    """Header and row as they stand in a file."""
    header, line = io.StringIO(), io.StringIO()
    csv.writer(header).writerow(row)
    csv.writer(line).writerow(row.values())
    return header.getvalue().rstrip("\r\n"), line.getvalue().rstrip("\r\n")


def test_a_row_with_more_cells_than_the_header_is_refused(take, good):
    header, first = as_lines(good)
    _, other = as_lines(good | {"request_id": "R-002"})
    result = take(f"{header}\n{first},one too many\n{other},,\n")
    (row,) = result.rejected
    assert (row.row, row.request_id, row.column, row.code) == (2, "R-001", "", "too_many_cells")
    assert [request.request_id for request in result.requests] == ["R-002"]


def test_a_row_with_fewer_cells_has_empty_ones(take, good):
    header, first = as_lines(good)
    assert len(take(f"{header}\n{first.rstrip(',')}\n").requests) == 1
