"""One world for a module of contract tests, put back to its beginning before each test."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from kit import Kit

from fixtures.server import RunningWorld, running_world


@pytest.fixture(scope="session")
def world() -> Iterator[RunningWorld]:
    with running_world() as running:
        yield running


@pytest.fixture
def kit(world: RunningWorld, tmp_path: Path) -> Kit:
    world.reset()
    world.clear_faults()
    return Kit(world, tmp_path)
