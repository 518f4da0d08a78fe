"""A journal's history as a file of JSON lines: how a back-up keeps a journal whose database is elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import insert, update

from jobs.chain import ChainCheck
from jobs.journal import Journal
from jobs.journal_schema import JournalDamaged, events, journal_head

_BATCH = 1000


def read_events(path: Path) -> Iterator[dict[str, Any]]:
    """The rows, checked as a chain (`jobs.chain`). Raises `JournalDamaged`, of an emptied event only after the last row."""
    chain = ChainCheck()
    with path.open("rb") as file:
        for line in file:
            row = msgspec.json.decode(line, type=dict[str, Any])
            chain.take(row)
            yield row
    chain.end()


def check_events(path: Path, seq: int | None = None) -> None:
    """The whole chain, up to event ``seq`` where it is known. Raises `JournalDamaged`."""
    count = sum(1 for _ in read_events(path))
    if seq is not None and count != seq:
        raise JournalDamaged("the end of its history is missing")


def import_events(journal: Journal, path: Path) -> int:
    """Puts the history into a journal that has none yet, and derives everything else from it. Returns the number of events."""
    check_events(path)  # before anything is written
    count, left = 0, read_events(path)
    while batch := list(islice(left, _BATCH)):
        with journal.write() as write:
            write.connection.execute(insert(events), batch)
            head = update(journal_head).values(seq=batch[-1]["seq"], hash=batch[-1]["hash"])
            write.connection.execute(head)
        count += len(batch)
    journal.rebuild()
    return count
