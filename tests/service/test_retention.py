"""Retention: files with health information go when their time is over; their hashes stay, and the history is whole."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from protocol_double import PORTAL

from bots.model import CaseSummary, LineReading, PortalLetter, Reading, Status
from jobs import events as happened
from jobs.case_lists import is_open
from jobs.home import Home
from jobs.retention import Gone, find_old, remove_old
from jobs.service_events import Removed

SETTINGS = """
[retention]
days = 30
[intake]
folder = "inbox"
[portals.clear_coverage]
base_url = "http://127.0.0.1:1"
account = "north"
"""


@pytest.fixture
def kept(make_practice: Callable[..., Any], tmp_path: Path) -> Any:
    home = Home(tmp_path / "kept").create()
    home.config_file.write_text(SETTINGS)
    home.config_file.chmod(0o600)
    return make_practice(path=home.path)


async def send(practice: Any, *request_ids: str) -> None:
    from jobs.dispatch import submit_due

    practice.take_in(*request_ids)
    async with practice.office(lambda _outcome: None) as office:
        await submit_due(office)


def read(practice: Any, request_id: str, status: Status) -> str:
    """The case page was read, and its letter kept. Returns the stored letter's name."""
    snapshot = practice.engine.journal.snapshot(request_id)
    number, line = snapshot.receipt.reference_no, snapshot.request.lines[0]
    page = practice.engine.evidence.store("letter", request_id, b"a page of " + request_id.encode())
    shown = LineReading(service_code=line.service_code, from_date=line.from_date, to_date=line.to_date)
    at = practice.clock()
    reading = Reading(portal=PORTAL, reference_no=number, status_raw=status, status=status, lines=(shown,), observed_at=at)
    letter = PortalLetter(portal=PORTAL, reference_no=number, letter_id="1", title="Decision", evidence=page)
    with practice.engine.journal.write() as write:
        write.append(request_id, happened.ReadingTaken(reading=reading, standing=happened.Standing(status=status)))
        write.append(request_id, happened.LettersTaken(letters=(letter,)))
    return str(page)


async def test_what_is_over_for_long_enough_goes_and_its_hash_stays(kept: Any) -> None:
    await send(kept, "R-1", "R-2")
    decided, waiting = read(kept, "R-1", Status.DENIED), read(kept, "R-2", Status.PENDED_REVIEW)
    digest = hashlib.sha256((kept.home.receipts / decided).read_bytes()).hexdigest()
    kept.clock.advance(days=29)
    assert remove_old(kept.engine).files == 0
    kept.clock.advance(days=40)
    assert remove_old(kept.engine).files == 1
    assert not (kept.home.receipts / decided).exists()
    assert (kept.home.receipts / waiting).exists(), "nothing is decided yet"
    (removed,) = [event.body for event in kept.engine.journal.events("") if isinstance(event.body, Removed)]
    assert [(each.name, each.sha256) for each in removed.files] == [(decided, digest)]
    one, two = kept.engine.journal.snapshot("R-1"), kept.engine.journal.snapshot("R-2")
    assert (one.removed_on, two.removed_on) == (kept.engine.today(), None)
    assert f"R-1,husky,portal,clear_coverage,removed {kept.engine.today()}," in kept.home.ledger_csv.read_text("utf-8")
    assert kept.engine.journal.verify_chain() > 0
    assert kept.engine.journal.rebuild()
    assert remove_old(kept.engine).files == 0


async def test_an_authorization_that_still_runs_keeps_its_files(kept: Any) -> None:
    await send(kept, "R-1")
    page = read(kept, "R-1", Status.APPROVED)
    kept.clock.advance(days=58)  # the services asked for end 30 days after the first
    assert remove_old(kept.engine).files == 0
    kept.clock.advance(days=5)
    assert remove_old(kept.engine).files == 1
    assert not (kept.home.receipts / page).exists()


def test_refused_rows_and_taken_files_go_by_their_own_age_and_their_names_are_not_kept(kept: Any) -> None:
    now = kept.clock().timestamp()
    for folder in (kept.home.rejects, kept.home.path / "inbox" / "taken"):
        folder.mkdir(parents=True, exist_ok=True)
        for name, age in (("zzcanaryson.csv", 31), ("new.csv", 1)):
            path = folder / name
            path.write_text("x")
            os.utime(path, (now - timedelta(days=age).total_seconds(),) * 2)
    assert remove_old(kept.engine).files == 2
    assert {path.name for path in kept.home.rejects.iterdir()} == {"new.csv"}
    assert "zzcanaryson" not in "".join(row["body"] for row in kept.engine.journal.event_rows())


def test_without_a_time_everything_is_kept(practice: Any) -> None:
    old = practice.home.rejects / "old.csv"
    old.write_text("x")
    os.utime(old, (0, 0))
    assert remove_old(practice.engine) == Gone()
    assert old.exists()


async def test_what_would_go_is_shown_and_stays(kept: Any) -> None:
    await send(kept, "R-1", "R-2")
    read(kept, "R-1", Status.DENIED)
    kept.clock.advance(days=70)
    old, head = find_old(kept.engine), kept.engine.journal.head()
    assert (old.requests, len(old.files)) == (("R-1",), 1)
    assert kept.engine.journal.head() == head
    assert find_old(kept.engine) == old
    assert remove_old(kept.engine) == Gone(requests=1, files=1)
    assert find_old(kept.engine).requests == ()


async def test_a_list_that_still_shows_the_case_as_it_was_puts_nothing_off(kept: Any) -> None:
    await send(kept, "R-1")
    read(kept, "R-1", Status.DENIED)
    kept.clock.advance(days=70)
    with kept.engine.journal.write() as write:
        write.append("R-1", happened.Checked())
    assert find_old(kept.engine).requests == ("R-1",)


async def test_a_request_without_its_person_is_looked_at_and_compared_no_more(kept: Any) -> None:
    from jobs.adopting import AdoptionRefused, offered
    from jobs.attention import find_task
    from jobs.list_belief import Lists, PortalList
    from jobs.reconciling import take_stock

    await send(kept, "R-1", "R-2")
    read(kept, "R-1", Status.DENIED)
    number = kept.engine.journal.snapshot("R-1").receipt.reference_no
    kept.clock.advance(days=70)
    remove_old(kept.engine)
    gone, now = kept.engine.journal.snapshot("R-1"), kept.clock()
    assert not is_open(gone)
    assert find_task(gone) is None
    case = CaseSummary(portal=PORTAL, reference_no=number, member_id="001234567", service_codes=gone.request.codes)
    found, _ = take_stock(kept.home, kept.engine.journal, Lists(read={PORTAL: PortalList(since=now.date(), cases=(case,))}), now)
    assert "R-1" not in set(found.exceptions["request_id"])
    with pytest.raises(AdoptionRefused):
        offered(kept.engine.journal, PORTAL, number)


def test_old_copies_of_the_ledger_go_and_the_ledger_itself_stays(kept: Any) -> None:
    long_ago = (kept.clock() - timedelta(days=31)).timestamp()
    for name in ("ledger.csv", "ledger.edited-20260101-010101.csv", "ledger.20260101-010101.xlsx", "ledger.mine.csv"):
        (kept.home.path / name).write_text("x")
        os.utime(kept.home.path / name, (long_ago, long_ago))
    assert remove_old(kept.engine).files == 2
    assert {path.name for path in kept.home.path.glob("ledger*")} == {"ledger.csv", "ledger.mine.csv"}


async def test_what_was_removed_comes_back_from_no_later_back_up(kept: Any, tmp_path: Path) -> None:
    from jobs.backup import copy_journal, head_of

    await send(kept, "R-1")
    read(kept, "R-1", Status.DENIED)
    kept.clock.advance(days=70)
    member = kept.engine.journal.snapshot("R-1").request.member
    remove_old(kept.engine)
    _, copy = copy_journal(kept.engine, tmp_path)
    assert head_of(copy, tmp_path) == kept.engine.journal.head()
    assert member.last_name.encode() not in copy.read_bytes()
    assert member.id.encode() not in copy.read_bytes()
