"""Makes ``double.py`` importable as ``protocol_double``, and gives each test a journal, a clock and a payer of its own."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
import structlog.testing


def _load_double() -> ModuleType:
    name = "protocol_double"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name("double.py"))
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


_double = _load_double()


@pytest.fixture(autouse=True, scope="module")
def _quickly(quick_journals: None) -> None:
    """These tests open thousands of journals."""


@pytest.fixture(autouse=True)
def quiet_logs() -> Iterator[None]:
    with structlog.testing.capture_logs():
        yield


@pytest.fixture
def double() -> ModuleType:
    """The in-memory portal and payer, with builders of requests and offices."""
    return _double


@pytest.fixture
def clock() -> object:
    return _double.FakeClock()


@pytest.fixture
def truth() -> Iterator[object]:
    truth = _double.Truth()
    yield truth
    truth.close()


@pytest.fixture
def journal(tmp_path: Path, clock: object) -> Iterator[object]:
    with _double.MortalJournal.open(f"sqlite:///{tmp_path / 'journal.db'}", now=clock) as journal:
        yield journal
