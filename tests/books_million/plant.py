"""A large ledger, what the payers say of it, and a known number of disagreements of every kind, written as plain CSV files.

Each planted disagreement is written down beside the files (``planted.csv``) as it must be found: kind, request, portal,
reference, code. Nothing of `jobs` is used here.
"""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from books_made import BLOCK, LEDGER, LETTERS, NOW, PLANTED, PORTALS, READINGS, UNITS, Books, in_order
from plants import PLANTS

__all__ = ["NOW", "PORTALS", "SINCE", "make", "write"]
SINCE = date(2026, 1, 1)
LARGEST_BLOCK = 100_000
EVERY = 40
"""One row in so many has a planted disagreement."""


def make(rows: int, seed: int = 6) -> Iterator[Books]:
    """Requests until the ledger has at least so many rows."""
    chance = random.Random(seed)
    number = made = turn = 0
    while made < rows:
        books = Books(number, chance)
        if chance.randrange(EVERY) == 0:
            PLANTS[turn % len(PLANTS)](books)
            turn += 1
        else:
            in_order(books)
        yield books
        made += len(books.ledger)
        number += 1


def write(folder: Path, rows: int, seed: int = 6) -> int:
    """Writes ledger, readings (in no order), units, letters and planted as CSV, and changed.txt. Returns the ledger's rows.

    A hundred thousand rows are made one by one; a larger ledger is that block again and again, over other people and numbers.
    """
    names = {"ledger": LEDGER, "readings": READINGS, "units": UNITS, "letters": LETTERS, "planted": PLANTED}
    texts = {name: io.StringIO() for name in names}
    writers = {name: csv.DictWriter(texts[name], columns, lineterminator="\n") for name, columns in names.items()}
    readings, changed, count = [], [], 0
    for books in make(min(rows, LARGEST_BLOCK), seed):
        count += len(books.ledger)
        for name in ("ledger", "units", "letters", "planted"):
            writers[name].writerows(getattr(books, name))
        changed += books.changed
        readings += books.readings
    random.Random(seed).shuffle(readings)
    writers["readings"].writerows(readings)
    blocks = range(-(-rows // count))
    for name, columns in names.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8") as file:
            file.write(",".join(columns) + "\n")
            file.writelines(texts[name].getvalue().replace(BLOCK, str(block)) for block in blocks)
    lines = "".join(f"{line}\n" for line in changed)
    (folder / "changed.txt").write_text("".join(lines.replace(BLOCK, str(block)) for block in blocks), encoding="utf-8")
    return count * len(blocks)
