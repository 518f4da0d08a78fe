"""The table of patterns in fixtures/README.md: all 57, each shown by a portal or promised by a later one, each met by a test."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from fixtures.portals import PORTALS
from jobs.portal_settings import PORTAL_SLUGS

ROOT = Path(__file__).resolve().parents[2]
PATTERNS = 57
TO_COME = {43}
"""Rows that no portal shows yet."""


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


def test_a_pattern_is_shown_and_met_or_promised_by_a_portal_that_is_to_come() -> None:
    for number, shown, met in rows():
        if shown.startswith("later: "):
            portal = shown.removeprefix("later: ")
            assert portal in PORTAL_SLUGS, number
            assert portal not in PORTALS, f"{number}: {portal} is here, so it has to show it"
            assert met.strip() == "", number
        else:
            assert shown.startswith("every portal") or any(slug in shown for slug in PORTALS), number
            assert met.strip(), f"{number} is shown and no test meets it"


def test_only_these_rows_are_still_promised() -> None:
    """Whoever builds the portal takes its row out of both lists."""
    assert {number for number, shown, _ in rows() if shown.startswith("later: ")} <= TO_COME
