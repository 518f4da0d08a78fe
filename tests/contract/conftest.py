"""One world, one browser and one event loop for all contract tests of a worker; the world is put back before each test."""

from __future__ import annotations

import inspect
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio

sys.path.insert(0, str(Path(__file__).parent))

from kit import Kit

from bots.browser import Browser
from fixtures.server import RunningWorld, running_world
from fixtures.web import SKINS


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if isinstance(item, pytest.Function) and inspect.iscoroutinefunction(item.function) and "contract" in item.path.parts:
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest.fixture(scope="session")
def world() -> Iterator[RunningWorld]:
    with running_world() as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with Browser() as running:
        yield running


@pytest.fixture
def skin() -> str:
    """Which looks the portals wear."""
    return SKINS[0]


@pytest.fixture
def kit(world: RunningWorld, browser: Browser, tmp_path: Path, skin: str) -> Kit:
    world.reset()
    world.truth("clock", {"now": datetime.now(UTC).isoformat()})
    return Kit(world, tmp_path, browser, skin)
