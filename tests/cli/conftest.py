"""A home of its own for each test of the command line, and the commands run in this process."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bots.keys import generate_key
from fixtures.samples.make_requests import write_sample


class Ran:
    """How a command ended: exit code, data (stdout) and talk (stderr)."""

    def __init__(self, result: Any) -> None:
        self.code: int = result.exit_code
        self.out: str = result.stdout
        self.talk: str = " ".join(result.stderr.split())

    @property
    def objects(self) -> list[dict[str, Any]]:
        """The JSON lines on stdout; fails when there is anything else."""
        return [json.loads(line) for line in self.out.splitlines()]


Run = Callable[..., Ran]


@pytest.fixture
def home_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PRIORBOT_KEY", generate_key())
    monkeypatch.setenv("PRIORBOT_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def priorbot(home_path: Path) -> Run:
    from jobs.cli import app

    def run(*words: object, given: str = "") -> Ran:
        return Ran(CliRunner().invoke(app, [str(word) for word in words], input=given))

    return run


@pytest.fixture
def ready(priorbot: Run) -> Run:
    """`priorbot` with a home that exists."""
    assert priorbot("init", "--practice", "Sample Practice").code == 0
    return priorbot


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    path = tmp_path / "requests.csv"
    write_sample(path, date.today())  # noqa: DTZ011
    return path
