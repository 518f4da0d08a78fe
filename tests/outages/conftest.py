"""The rooms that the outage tests stand on: this one, and the plainly written rules."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "rules")]


@pytest.fixture(autouse=True, scope="module")
def _quickly(quick_journals: None) -> None:
    """These tests open many journals."""
