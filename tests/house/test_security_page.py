"""SECURITY.md claims nothing that no test proves."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROWS = [
    line
    for line in (ROOT / "SECURITY.md").read_text("utf-8").splitlines()
    if line.startswith("| ") and "| safeguard |" not in line
]
TEST_ID = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def names_in(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_each_safeguard_names_its_place_and_a_test_that_proves_it() -> None:
    assert len(ROWS) > 25
    for row in ROWS:
        _, safeguard, where, proof, _ = row.split("|")
        assert TEST_ID.findall(proof), safeguard
        places = re.findall(r"`([^`]+)`", where)
        assert places, safeguard
        assert [place for place in places if not (ROOT / place).exists()] == [], safeguard


def test_each_named_test_exists() -> None:
    named = TEST_ID.findall("\n".join(ROWS))
    assert [f"{path}::{name}" for path, name in named if not (ROOT / path).is_file() or name not in names_in(path)] == []
