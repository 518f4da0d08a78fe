"""Makes the double and the bench importable, and gives each test a journal, a clock, a line and an office of its own."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog.testing

HERE = str(Path(__file__).resolve().parent)
if HERE not in sys.path:
    sys.path.insert(0, HERE)

import queue_bench  # noqa: E402
from line_double import FileLine  # noqa: E402

from bots.vault import Vault  # noqa: E402
from jobs.fax.office import FaxOffice  # noqa: E402
from jobs.journal import Journal  # noqa: E402


@pytest.fixture(autouse=True, scope="module")
def _quickly(quick_journals: None) -> None:
    """These tests open many journals."""


@pytest.fixture(autouse=True)
def quiet_logs() -> Iterator[None]:
    with structlog.testing.capture_logs():
        yield


@pytest.fixture
def clock() -> Any:
    return queue_bench.FakeClock()


@pytest.fixture
def journal(tmp_path: Path, clock: Any) -> Iterator[Journal]:
    with Journal.open(f"sqlite:///{tmp_path / 'journal.db'}", now=clock) as journal:
        yield journal


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault.open(tmp_path / "vault")


@pytest.fixture
def line(tmp_path: Path) -> FileLine:
    return FileLine(tmp_path / "line.jsonl")


@pytest.fixture
def open_office(journal: Journal, tmp_path: Path, vault: Vault, line: FileLine) -> Callable[..., FaxOffice]:
    def make(**changes: Any) -> FaxOffice:
        return queue_bench.open_office(journal, tmp_path / "fax", vault, line, **changes)

    return make


@pytest.fixture
def office(open_office: Callable[..., FaxOffice]) -> FaxOffice:
    return open_office()


@pytest.fixture
def take_in(journal: Journal) -> Callable[..., None]:
    def make(*request_ids: str, number: str = queue_bench.NUMBER, **changes: Any) -> None:
        queue_bench.take_in(journal, ((queue_bench.build_request(each, **changes), number) for each in request_ids))

    return make
