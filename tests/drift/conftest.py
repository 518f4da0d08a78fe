"""The rooms that the drift tests stand on: the contract kit with its profiles, and this one; one browser and world for all."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from bots.browser import Browser
from fixtures.server import RunningWorld, running_world

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "contract")]


@pytest.fixture(scope="module")
def world() -> Iterator[RunningWorld]:
    with running_world() as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with Browser() as running:
        yield running
