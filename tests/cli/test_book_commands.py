"""Commands about the books: history, verify, rebuild, reconcile offline, units without a portal."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any


def test_the_history_names_what_changed_and_where_it_came_from(ready: Any, pick: Any) -> None:
    ready("submit", pick("CPCT-011"))
    objects = ready("ledger", "history", "CPCT-011", "--json").objects
    assert objects[0]["source"] == "the intake file"
    assert {change["column"] for change in objects[0]["changes"]} >= {"member_id", "status", "units_requested"}
    assert objects[1]["source"].startswith("rules C")
    shown = ready("ledger", "history", "CPCT-011").out
    assert "line 1: new" in shown
    assert objects[0]["body"]["request"]["member"]["id"] not in shown


def test_a_ledger_changed_by_hand_is_told_and_not_believed(ready: Any, pick: Any, home_path: Path) -> None:
    ready("submit", pick("CPCT-011"))
    file = home_path / "ledger.csv"
    file.write_text(file.read_text(encoding="utf-8").replace("CPCT-011,carepartners,", "CPCT-011,husky,"), encoding="utf-8")
    told = ready("ledger", "verify")
    assert told.code == 3
    assert "line 2, CPCT-011, payer" in told.talk
    assert "changed by hand" in told.talk
    assert "kept as ledger.edited-" in ready("ledger", "write").talk
    assert ready("ledger", "verify").code == 0


def test_a_ledger_that_came_back_is_checked_by_its_name(ready: Any, pick: Any, home_path: Path, tmp_path: Path) -> None:
    ready("submit", pick("CPCT-011"))
    copy = tmp_path / "back.csv"
    copy.write_bytes((home_path / "ledger.csv").read_bytes())
    assert ready("ledger", "verify", copy).code == 0
    copy.write_text(copy.read_text(encoding="utf-8").replace("-", "/"), encoding="utf-8")
    assert ready("ledger", "verify", copy).code == 3
    assert ready("ledger", "verify", tmp_path / "none.csv").code == 2


def test_a_row_written_into_the_database_is_found_and_derived_anew(ready: Any, pick: Any, home_path: Path) -> None:
    ready("submit", pick("CPCT-011"))
    with sqlite3.connect(home_path / "journal.db") as database:
        database.execute("""UPDATE requests SET snapshot = replace(snapshot, '"payer":"carepartners"', '"payer":"husky"')""")
    told = ready("ledger", "verify")
    assert (told.code, "CPCT-011" in told.talk, "priorbot ledger rebuild" in told.talk) == (3, True, True)
    assert "as the events tell it" in ready("ledger", "rebuild").talk
    assert ready("ledger", "verify").code == 0


def test_reconcile_and_its_adopt_say_what_they_lack(ready: Any) -> None:
    assert ready("reconcile", "--offline").code == 0
    told = ready("reconcile", "adopt", "CC1", "--portal", "clear_coverage", "--by", "Rosa Sample")
    assert told.code == 3
    assert "priorbot reconcile" in told.talk
    assert ready("reconcile", "adopt", "CC1", "--portal", "clear_coverage", "--by", " ").code == 2


def test_units_propose_writes_no_file_when_nothing_runs_out(ready: Any, tmp_path: Path) -> None:
    told = ready("units", "--offline", "--propose", tmp_path / "more.csv")
    assert told.code == 0
    assert not (tmp_path / "more.csv").exists()
