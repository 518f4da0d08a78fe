"""Whatever goes wrong with the books: the last good state stays, and the trouble has a name in the report."""

from __future__ import annotations

import errno
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from protocol_double import PORTAL

from bots.model import CaseSummary
from jobs import writing
from jobs.book_events import BooksCompared
from jobs.home import write_private
from jobs.list_belief import Lists, PortalList
from jobs.reconciling import take_stock
from jobs.reporting.headline import headline
from jobs.service_work import JOBS

ROWS = {row.name: row for row in JOBS}


async def run(practice: Any, job: str) -> None:
    """That job of the service, once, now."""
    (mine,) = [each for each in practice.service.jobs if each.name == job]
    await practice.service._run(mine, None)


def told(practice: Any) -> str:
    return practice.home.report_html.read_text("utf-8")


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Names of files for which there is no room on the disk."""
    names: set[str] = set()

    def write(path: Path, content: bytes) -> None:
        if path.name in names:
            raise OSError(errno.ENOSPC, "No space left on device")
        write_private(path, content)

    monkeypatch.setattr(writing, "write_private", write)
    return names


async def test_with_a_full_disk_the_last_good_ledger_stays_and_the_report_says_why(practice: Any, full: set[str]) -> None:
    practice.take_in("R-1")
    await run(practice, "ledger")
    good = practice.home.ledger_csv.read_bytes()
    practice.take_in("R-2")
    full.add("ledger.csv")
    await run(practice, "ledger")
    await run(practice, "report")
    assert practice.home.ledger_csv.read_bytes() == good
    assert "ledger.csv could not be written (No space left on device)" in told(practice)
    full.clear()
    await run(practice, "ledger")
    await run(practice, "report")
    assert b"R-2" in practice.home.ledger_csv.read_bytes()
    assert "could not be written" not in told(practice)


async def test_a_report_that_does_not_fit_leaves_the_last_one(practice: Any, full: set[str]) -> None:
    practice.take_in("R-1")
    await run(practice, "report")
    good = told(practice)
    full.add("report.html")
    await run(practice, "report")
    assert told(practice) == good
    (trouble,) = practice.service.troubles()
    assert "report.html could not be written" in trouble.sentence


async def test_a_ledger_edited_by_hand_is_told_for_a_week(practice: Any) -> None:
    practice.take_in("R-1")
    await run(practice, "ledger")
    practice.home.ledger_csv.write_text("mine", "utf-8")
    practice.take_in("R-2")
    await run(practice, "ledger")
    await run(practice, "report")
    (kept,) = practice.home.path.glob("ledger.edited-*.csv")
    assert kept.read_text("utf-8") == "mine"
    assert kept.name in told(practice)
    practice.clock.at += timedelta(days=4000)
    assert practice.engine.report().troubles == ()


def test_what_the_comparison_did_not_believe_stands_in_the_report(practice: Any) -> None:
    practice.take_in("R-1")
    engine = practice.engine
    assert engine.report().troubles == ()
    case = CaseSummary(portal=PORTAL, reference_no="CC9", member_id="9")
    future = Lists(read={PORTAL: PortalList(since=date(2026, 1, 1), cases=(case,))})
    take_stock(practice.home, engine.journal, future, engine.now())
    assert engine.report().troubles == ()
    with engine.journal.write() as write:
        write.append("", BooksCompared(rows=1, counts={"list_empty": 2, "clock_set_back": 1, "duplicate": 5}))
    empty, clock = engine.report().troubles
    assert "did not believe a portal's list that was empty, 2 times. Look at the list on the portal by hand" in empty
    assert "found this computer's clock set back. Put this computer's clock right" in clock
    assert [line.level for line in headline(engine.report())][:2] == ["late", "late"]
