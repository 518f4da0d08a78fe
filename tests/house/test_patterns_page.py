"""The table of patterns in fixtures/README.md: all 57, each shown by a portal and met by a test."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from fixtures.portals import PORTALS

ROOT = Path(__file__).resolve().parents[2]
PATTERNS = 57


def rows() -> list[tuple[int, str, str]]:
    """(number, shown by, met by) of each row."""
    table = (ROOT / "fixtures" / "README.md").read_text("utf-8").partition("\n## Patterns\n")[2]
    found = re.findall(r"^\| (\d+) \| [^|]+ \| ([^|]+) \| ([^|]*) \|$", table, re.MULTILINE)
    return [(int(number), shown, met) for number, shown, met in found]


def test_no_pattern_is_missing_and_none_is_there_twice() -> None:
    assert [number for number, _, _ in rows()] == list(range(1, PATTERNS + 1))


def test_every_test_that_the_table_names_is_there(has_test: Callable[[str], bool]) -> None:
    named = [(number, test) for number, _, met in rows() for test in re.findall(r"`([^`]+)`", met)]
    assert len(named) > 30
    assert [(number, test) for number, test in named if not has_test(test)] == []


def test_each_pattern_is_shown_by_a_portal_and_met_by_a_test() -> None:
    for number, shown, met in rows():
        assert shown.startswith("every portal") or any(slug in shown for slug in PORTALS), number
        assert met.strip(), f"{number} is shown and no test meets it"
