"""A large file needs little memory; the figures for 100,000 rows are `make bench`'s (`tests/bench/intake_rows.py`)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from jobs.intake import iter_intake
from jobs.intake import read as read_module

MEASURE = Path(__file__).parents[1] / "bench" / "intake_rows.py"


@pytest.mark.parametrize("kind", ["csv", "xlsx", "jsonl"])
def test_the_measurement_runs_and_stays_far_below_500_mb(kind):
    done = subprocess.run(
        [sys.executable, str(MEASURE), "--rows", "600", "--kind", kind], check=True, capture_output=True, text=True
    )
    found = json.loads(done.stdout)
    assert (found["kind"], found["rows"]) == (kind, 600)
    assert found["peak_mb"] < 200


def test_the_stream_keeps_only_rows_that_wait_for_others_of_their_request(take, good, tmp_path, monkeypatch):
    rows = [good | {"request_id": f"R-{number}"} for number in range(300)]
    take([*rows, rows[0] | {"service_code": "97112"}])
    waiting = []
    real = read_module._Run._settle
    monkeypatch.setattr(
        read_module._Run, "_settle", lambda run, cell, group: waiting.append(len(group)) or real(run, cell, group)
    )
    stream = iter_intake(tmp_path / "requests.csv")
    assert next(stream).request_id == "R-1"
    assert waiting == [1]
    assert len(list(stream)) == 299
    assert max(waiting) == 2
