"""Whatever the bytes, intake answers with requests, reasons or a refused file; it never breaks and never loses a row silently."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fixtures.samples import make_requests
from fixtures.samples.make_requests import write_sample
from jobs.intake import read_intake, write_rejects
from jobs.intake.columns import COLUMNS

TODAY = make_requests.date(2026, 11, 23)
QUIET = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
EDITS = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 40), st.binary(max_size=12)), min_size=1, max_size=6)
CELLS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["1.2E+09", "=1+1", "'=x", "2026-02-30", "husky", "nan", "a=b;c", ";", "[CHECK] 1", "\ud800", "1" * 200_000, "\u2028"]
    ),
)


@pytest.fixture(scope="module", params=["csv", "xlsx", "jsonl"])
def valid(request, tmp_path_factory) -> bytes:
    path = tmp_path_factory.mktemp("valid") / f"requests.{request.param}"
    write_sample(path, TODAY)
    return path.read_bytes()


@QUIET
@given(edits=EDITS)
def test_a_file_with_damaged_bytes_is_answered(tmp_path, valid, edits):
    content = valid
    for where, length, put in edits:
        at = int(where * len(content))
        content = content[:at] + put + content[at + length :]
    path = tmp_path / "requests"
    path.write_bytes(content)
    assert_answered(path, tmp_path / "rejects")


@QUIET
@given(content=st.one_of(st.binary(max_size=300), st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace"))))
def test_bytes_of_any_kind_are_answered(tmp_path, content):
    path = tmp_path / "requests"
    path.write_bytes(b"request_id,payer\n" + content)
    assert_answered(path, tmp_path / "rejects")
    path.write_bytes(content)
    assert_answered(path, tmp_path / "rejects")


@QUIET
@given(row=st.dictionaries(st.sampled_from(list(COLUMNS)), CELLS))
def test_a_row_of_any_cells_is_answered(tmp_path, good, row):
    path = tmp_path / "requests"
    path.write_text(json.dumps(good | row), encoding="utf-8")
    assert_answered(path, tmp_path / "rejects")
    text = io.StringIO()
    writer = csv.DictWriter(text, list(good | row))
    writer.writeheader()
    writer.writerow(good | row)
    path.write_bytes(text.getvalue().encode("utf-8", "replace"))
    assert_answered(path, tmp_path / "rejects")


def assert_answered(path: Path, rejects: Path) -> None:
    result = read_intake(path, today=TODAY)
    if result.file_error is not None:
        assert result.file_error.reason
        return
    lines = sum(len(request.lines) for request in result.requests)
    assert lines + len(result.repeated) + len(result.cells) >= result.rows - len(result.repeated)
    assert {row.row for row in result.rejected} == set(result.cells)
    assert (write_rejects(result, rejects) is None) == (not result.rejected)
