"""The table "Q01 to Q35" in fixtures/README.md: every row can be switched or is always on, and a test shows what the bot does."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from fixtures.desk import Account
from fixtures.faults import STANDING, SWITCHABLE
from fixtures.portals import PORTALS

ROOT = Path(__file__).resolve().parents[2]
QUIRKS = 35


def rows() -> dict[str, tuple[str, str, str]]:
    """Row -> (portals, switch, met by)."""
    table = (ROOT / "fixtures" / "README.md").read_text("utf-8").partition("\n## Q01 to Q35\n")[2].partition("\n## ")[0]
    found = re.findall(r"^\| (Q\d\d) \| [^|]+ \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", table, re.MULTILINE)
    assert len(found) == len({row for row, *_ in found}), "a row stands there twice"
    return {row: (portals, switch, met) for row, portals, switch, met in found}


def test_all_thirty_five_stand_there_in_order() -> None:
    assert list(rows()) == [f"Q{number:02d}" for number in range(1, QUIRKS + 1)]


def test_each_names_portals_of_this_world_or_all_of_them() -> None:
    for row, (portals, _, _) in rows().items():
        assert portals.startswith("every portal") or any(slug in portals for slug in PORTALS), row


def test_each_is_always_on_or_names_faults_that_there_are() -> None:
    known = {*SWITCHABLE, *STANDING, *Account.__struct_fields__, "POST skin", "cp_apn"}
    for row, (_, switch, _) in rows().items():
        named = re.findall(r"`([^`]+)`", switch)
        assert named or switch.startswith("always"), row
        assert set(named) <= known, row


def test_every_fault_that_bears_a_rows_name_stands_in_its_row() -> None:
    for name in (name for name in {*SWITCHABLE, *STANDING} if re.fullmatch(r"Q\d\d", name)):
        switch = rows()[name][1]
        assert "always" in switch if name in STANDING else f"`{name}`" in switch, name


def test_each_names_tests_that_there_are(has_test: Callable[[str], bool]) -> None:
    for row, (_, _, met) in rows().items():
        tests = re.findall(r"`([^`]+)`", met)
        assert tests, row
        assert [test for test in tests if not has_test(test)] == [], row
