"""One world, one browser and one event loop for all contract tests of a worker; the world is put back before each test."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from zlib import crc32

import pytest
import pytest_asyncio

sys.path.insert(0, str(Path(__file__).parent))

from kit import ALL_SKINS, Kit

from bots.browser import Browser
from fixtures.server import RunningWorld, running_world
from fixtures.web import SKINS

ONE_IN = 5


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    left_out = [item for item in items if ALL_SKINS not in os.environ and not _is_of_the_share(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]
    for item in items:
        if isinstance(item, pytest.Function) and inspect.iscoroutinefunction(item.function) and "contract" in item.path.parts:
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


def _is_of_the_share(item: pytest.Item) -> bool:
    """Always with the first skin, and where a test says that every skin counts; else a fixed fifth, spread over the portals."""
    given = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
    if given.get("skin", SKINS[0]) == SKINS[0] or item.get_closest_marker("every_skin"):
        return True
    return crc32(f"{item.name.partition('[')[0]} {given.get('case')}".encode()) % ONE_IN == 0


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
