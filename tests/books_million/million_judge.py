"""Whether exactly what was planted was found. Reads files only."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

Finding = tuple[str, ...]
KEYS = ("kind", "request_id", "portal", "reference_no", "service_code")


def findings(file: Path) -> set[Finding]:
    with file.open(encoding="utf-8", newline="") as text:
        return {tuple(row[name] for name in KEYS) for row in csv.DictReader(text)}


def judge(folder: Path) -> tuple[Counter[str], set[Finding], set[Finding]]:
    """How much of each kind was planted; what was not found; what was invented."""
    planted, found = findings(folder / "planted.csv"), findings(folder / "found.csv")
    return Counter(one[0] for one in planted), planted - found, found - planted


def changes_told(folder: Path) -> tuple[set[str], set[str]]:
    """The planted changes, and those that were told of requests in which nothing else was planted."""
    wanted = set((folder / "changed.txt").read_text(encoding="utf-8").splitlines())
    disturbed = {one[1] for one in findings(folder / "planted.csv")}
    with (folder / "changes.csv").open(encoding="utf-8", newline="") as text:
        told = {f"{row['request_id']} {row['column']}" for row in csv.DictReader(text) if row["request_id"] not in disturbed}
    return wanted, told
