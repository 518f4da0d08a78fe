"""Rows of one request id make one request, wherever they lie; what is said twice is ignored, what contradicts is refused."""

from __future__ import annotations

from bots.model import AuthRequest
from jobs.intake import iter_intake


def reasons(result):
    return [(row.row, row.column, row.code) for row in result.rejected]


def test_rows_that_lie_apart_make_one_request_with_its_lines_in_order(take, good):
    other = good | {"request_id": "R-002"}
    second, third = good | {"service_code": "97112"}, good | {"service_code": "97116", "units": "4"}
    result = take([good, other, second, other | {"service_code": "97112"}, third])
    lines = {request.request_id: request.codes for request in result.requests}
    assert lines == {"R-001": ("97110", "97112", "97116"), "R-002": ("97110", "97112")}
    assert result.rejected == []


def test_the_same_row_again_is_ignored_and_said_so(take, good):
    result = take([good, good | {"service_code": "97112"}, good])
    assert [request.codes for request in result.requests] == [("97110", "97112")]
    assert result.repeated == (4,)
    assert result.rejected == []


def test_the_same_row_in_other_words_is_the_same(take, good):
    result = take([good, good | {"payer": "HUSKY", "modifiers": "gp", "answers": "th_plan_signed=yes; th_evaluation=yes"}])
    assert len(result.requests) == 1
    assert result.repeated == (3,)


def test_a_second_different_row_for_the_same_id_refuses_the_request(take, good):
    result = take([good, good | {"urgency": "urgent", "service_code": "97112"}, good | {"request_id": "R-002"}])
    assert [request.request_id for request in result.requests] == ["R-002"]
    assert reasons(result) == [(2, "", "request_has_bad_row"), (3, "urgency", "differs_within_request")]
    assert "row 2" in result.rejected[1].reason


def test_a_cell_that_only_the_first_row_fills_is_a_difference(take, good):
    result = take([good, good | {"service_code": "97112", "contact_phone": ""}])
    assert reasons(result) == [(2, "", "request_has_bad_row"), (3, "contact_phone", "differs_within_request")]


def test_the_same_service_in_two_amounts_refuses_the_request(take, good):
    result = take([good, good | {"units": "24"}])
    assert result.requests == []
    assert reasons(result) == [(2, "", "request_has_bad_row"), (3, "units", "differs_within_request")]


def test_the_same_service_on_other_days_is_another_line(take, good):
    (request,) = take([good, good | {"from_date": "2027-01-26", "to_date": "2027-02-26"}]).requests
    assert len(request.lines) == 2
    assert (request.from_date.isoformat(), request.to_date.isoformat()) == ("2026-11-25", "2027-02-26")


def test_one_bad_line_refuses_the_whole_request_each_row_with_its_reason(take, good):
    result = take(
        [
            good,
            good | {"service_code": "97112", "units": "none"},
            good | {"request_id": "R-002"},
            good | {"service_code": "97116"},
        ]
    )
    assert [request.request_id for request in result.requests] == ["R-002"]
    assert reasons(result) == [(2, "", "request_has_bad_row"), (3, "units", "not_a_number"), (5, "", "request_has_bad_row")]


def test_rows_without_a_usable_id_are_refused_one_by_one(take, good):
    result = take([good | {"request_id": ""}, good, good | {"request_id": "", "units": "x"}])
    assert [request.request_id for request in result.requests] == ["R-001"]
    assert reasons(result) == [(2, "request_id", "missing"), (4, "request_id", "missing"), (4, "units", "not_a_number")]


def test_reading_as_a_stream_gives_the_same(take, good, tmp_path):
    rows = [good, good | {"request_id": "R-002", "units": "x"}, good | {"request_id": "R-003"}, good | {"service_code": "97112"}]
    whole = take(rows)
    found = list(iter_intake(tmp_path / "requests.csv"))
    streamed = [item for item in found if isinstance(item, AuthRequest)]
    assert [request.request_id for request in streamed] == ["R-003", "R-001"]  # each as soon as its last row was read
    assert sorted(streamed, key=lambda r: r.request_id) == sorted(whole.requests, key=lambda r: r.request_id)
    assert [item for item in found if not isinstance(item, AuthRequest)] == whole.rejected
