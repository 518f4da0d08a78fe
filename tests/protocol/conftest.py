"""Makes ``double.py`` importable as ``protocol_double``, and gives each test a journal, a clock and a payer of its own."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
import structlog.testing
from sqlalchemy import Dialect, Engine, make_url

from jobs import journal as journal_module
from jobs import journal_schema


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
def quick_journals(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """These tests open thousands of journals: tables are made, and statements compiled, for the first of them only."""
    blank = tmp_path_factory.mktemp("blank") / "journal.db"
    journal_module.Journal.open(f"sqlite:///{blank}").close()
    compiled: dict[object, object] = {}
    dialects: list[Dialect] = []

    def open_engine(url: str) -> Engine:
        file = Path(str(make_url(url).database))
        if not file.exists():
            shutil.copyfile(blank, file)
        engine = journal_schema.open_engine(url)
        dialects.append(engine.dialect)
        engine.dialect = dialects[0]  # compiled statements belong to one dialect object
        engine.update_execution_options(compiled_cache=compiled)
        return engine

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(journal_module, "open_engine", open_engine)
        yield


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
