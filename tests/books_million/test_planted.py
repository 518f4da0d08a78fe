"""Ten thousand rows with planted disagreements of every kind: all are found, none is invented (`make million`)."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import million_judge as judge
import million_measure as measure
import plant

from jobs.reconcile_kinds import AGREEING, KINDS

pytestmark = pytest.mark.long
ABOUT_A_WHOLE_LIST = {"list_not_read", "list_empty", "list_cut_off", "clock_set_back"}
"""Kinds that are no row's: tests/books/test_reconcile_kinds.py and test_book_keeping.py show them."""


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("books")
    assert plant.write(folder, 10_000, seed=11) >= 10_000
    counts = measure.ours(folder, plant.NOW, plant.SINCE, plant.PORTALS)
    assert counts["matched"] > 9_000
    return folder


def test_all_that_was_planted_is_found_and_nothing_else(books: Path) -> None:
    planted, missed, invented = judge.judge(books)
    assert set(planted) == set(KINDS) - AGREEING - ABOUT_A_WHOLE_LIST
    assert min(planted.values()) >= 3
    assert (missed, invented) == (set(), set())


def test_every_change_is_told_and_no_other(books: Path) -> None:
    wanted, told = judge.changes_told(books)
    assert wanted
    assert told == wanted


def test_the_judge_sees_what_is_missed_and_what_is_invented(books: Path, tmp_path: Path) -> None:
    lines = (books / "found.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (tmp_path / "planted.csv").write_bytes((books / "planted.csv").read_bytes())
    stray = ",".join(["expired", "info", "R-none", *[""] * 7])
    (tmp_path / "found.csv").write_text("".join([lines[0], *lines[2:], stray, "\n"]), encoding="utf-8")
    planted, missed, invented = judge.judge(tmp_path)
    assert isinstance(planted, Counter)
    assert (len(missed), invented) == (1, {("expired", "R-none", "", "", "")})
