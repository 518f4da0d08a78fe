"""One browser and one small site for a module of engine tests."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

sys.path.insert(0, str(Path(__file__).parent))

from site_bench import Bench, running_bench


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running() -> AsyncIterator[Bench]:
    async with running_bench() as bench:
        yield bench


@pytest.fixture
def bench(running: Bench) -> Bench:
    running.site.clear()
    return running
