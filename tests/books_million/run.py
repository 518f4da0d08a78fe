"""A ledger of a million rows against what the payers say, with planted disagreements: ``make million [ARGS="--rows 100000"]``.

For each size: made by `plant.py`, compared in a process of its own, judged by `million_judge.py`; beside it, in the same run,
the plain merge. Prints the rows of the table in docs/reconciliation.md.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE)]

import million_judge as judge  # noqa: E402
import plant  # noqa: E402

SIZES = (10_000, 100_000, 1_000_000)


def measure(which: str, folder: Path) -> dict[str, Any]:
    command = [sys.executable, str(HERE / "million_measure.py"), which, str(folder)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, action="append", help=f"sizes of the ledger; {SIZES} when not given")
    options.add_argument("--seed", type=int, default=6)
    chosen = options.parse_args()
    print("| rows | planted | missed | invented | time | processor | memory | plain merge: time | processor | memory |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for rows in chosen.rows or SIZES:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            made = plant.write(folder, rows, chosen.seed)
            print(line(folder, made), flush=True)
    print(f"\nLoad average now: {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores.")


def line(folder: Path, made: int) -> str:
    ours, plain = measure("ours", folder), measure("plain", folder)
    kinds, missed, invented = judge.judge(folder)
    wanted, told = judge.changes_told(folder)
    cells = [
        *(f"{made:,}", f"{kinds.total() + len(wanted):,}", len(missed) + len(wanted - told)),
        len(invented) + len(told - wanted),
        *(f"{ours['seconds']:.1f} s", f"{ours['processor']:.1f} s", f"{ours['megabytes']:.0f} MB"),
        *(f"{plain['seconds']:.1f} s", f"{plain['processor']:.1f} s", f"{plain['megabytes']:.0f} MB"),
    ]
    return "| " + " | ".join(map(str, cells)) + " |"


if __name__ == "__main__":
    main()
