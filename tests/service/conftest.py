"""A home at work under a clock that is moved by hand, with the in-memory portal of ``tests/protocol`` behind it."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import structlog.testing

from bots.keys import KEY_VARIABLE, generate_key
from jobs import journal_schema
from jobs.engine import Engine
from jobs.home import Home
from jobs.office import Office
from jobs.service import Service
from jobs.service_work import Shop

HERE = Path(__file__).parent


def load(name: str, path: Path) -> ModuleType:
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


double = load("protocol_double", HERE.parent / "protocol" / "double.py")
load("calendar_oracle", HERE / "oracle.py")

SETTINGS = """
[practice]
name = "Sample Practice"
[portals.clear_coverage]
base_url = "http://127.0.0.1:1"
account = "north"
[intake]
folder = "inbox"
[backup]
folder = "../safe"
[schedule]
jitter_seconds = 0
intake = "every 60 min"
submit = "every 60 min"
verify = "every 60 min"
follow = "every 120 min"
ledger = "every 120 min"
alerts = "every 120 min"
letters = "every 240 min"
"""
"""Seldom, so that a day takes a moment."""


@pytest.fixture(autouse=True)
def quiet_logs() -> Iterator[list[Any]]:
    with structlog.testing.capture_logs() as logs:
        yield logs


def without_waiting_for_the_disk(connection: Any, record: object) -> None:
    """As in the product, but for the disk's own word: a simulated day writes thousands of times."""
    _as_in_the_product(connection, record)
    connection.execute("PRAGMA synchronous = OFF")


_as_in_the_product = journal_schema._set_up_sqlite


@pytest.fixture(autouse=True)
def _quick_journals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_schema, "_set_up_sqlite", without_waiting_for_the_disk)


class Practice:
    """One home, one moved clock, one payer in memory; `live` lets time pass as the service would see it."""

    def __init__(self, path: Path, *, settings: str = SETTINGS, clock: Any = None, truth: Any = None) -> None:
        self.home = Home(path).create()
        if not self.home.config_file.exists():
            self.home.config_file.write_text(settings, "utf-8")
            self.home.config_file.chmod(0o600)
        self.clock = clock or double.FakeClock()
        self.truth = truth or double.Truth()
        self.engine = Engine(self.home, now=self.clock)
        self.world = double.World(self.truth, self.clock)
        self.said: list[str] = []
        self.sent: list[tuple[str, str]] = []
        self.refuses: set[str] = set()
        self.shop: Shop = self.engine.shop(self.office, self._send)
        self.service: Service = self.engine.service(self.shop, self.said.append)

    @asynccontextmanager
    async def office(self, progress: Callable[[Any], None]) -> AsyncIterator[Office]:
        office = double.open_office(self.engine.journal, self.world, progress=progress)
        yield replace(office, is_stopping=lambda: self.service.is_stopping)

    async def _send(self, address: str, text: str) -> bool:
        if address in self.refuses:
            return False
        self.sent.append((address, text))
        return True

    async def live(self, until: datetime) -> None:
        """Looks whenever the service wants to, each time letting what it began come to its end."""
        while self.clock() <= until:
            self.service.look()
            await self.service.idle()
            self.clock.at = self.service.next_look(self.clock(), timedelta(hours=1))
        self.clock.at = until

    def restarted(self) -> Practice:
        """The same home, opened by a new process."""
        self.close()
        return Practice(self.home.path, clock=self.clock, truth=self.truth)

    def take_in(self, *request_ids: str) -> None:
        double.take_in(self.engine.journal, *(double.build_request(each) for each in request_ids))

    def close(self) -> None:
        self.engine.journal.close()


@pytest.fixture
def make_practice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Practice]]:
    monkeypatch.setenv(KEY_VARIABLE, generate_key())
    made: list[Practice] = []

    def make(**options: Any) -> Practice:
        made.append(Practice(options.pop("path", tmp_path / "home"), **options))
        return made[-1]

    yield make
    for practice in made:
        practice.close()


@pytest.fixture
def practice(make_practice: Callable[..., Practice]) -> Practice:
    return make_practice()
