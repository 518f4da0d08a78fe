"""The bench's two other sides are real: the bare requests and the plain Playwright script each get reference numbers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fixtures.server import running_world

ROOT = Path(__file__).resolve().parents[2]
BENCH = ROOT / "tests" / "bench"


def run(script: str, *arguments: str) -> str:
    command = [sys.executable, str(BENCH / script), *arguments]
    here = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=here, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def requests_file(tmp_path: Path) -> Path:
    target = tmp_path / "requests.json"
    run("make_requests.py", "8", str(target))
    return target


def test_the_floor_submits_every_kind_of_request_by_bare_http(requests_file: Path) -> None:
    with running_world() as world:
        told = json.loads(run("floor.py", "--port", str(world.port), "--count", "8", "--requests", str(requests_file)))
        assert told["count"] == 8
        assert len({row["family"] for row in world.truth("requests")}) == 8
        assert world.truth("sessions") == []


@pytest.mark.browser
def test_the_plain_script_submits_through_the_browser(requests_file: Path) -> None:
    with running_world() as world:
        told = json.loads(run("plain_script.py", "--port", str(world.port), "--count", "2", "--requests", str(requests_file)))
        assert told["count"] == 2
        assert [row["our_reference"] for row in world.truth("requests")] == ["BENCH-00001", "BENCH-00002"]
        assert [entry["what"] for entry in world.truth("logins")] == ["login", "logout"] * 2
