"""The protocol with real processes on one journal file: the same file submitted twice at once, and SIGKILL in the middle."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from protocol_double import FakeClock, Truth, World, check_rest, check_truth, open_office, settle

from bots.model import Status
from jobs.journal import Journal

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
ROWS = 16
RUNS = 4


class Place:
    """A journal and a payer on disk, and PriorBots as processes."""

    def __init__(self, folder: Path, clock: FakeClock) -> None:
        self.url = f"sqlite:///{folder / 'journal.db'}"
        self.truth_file = folder / "truth.db"
        self.truth = Truth(self.truth_file)
        self.journal = Journal.open(self.url, now=clock)
        self.clock = clock

    def start(self, **options: Any) -> subprocess.Popen[str]:
        given = {
            "journal": self.url,
            "truth": str(self.truth_file),
            "minutes": 0,
            "work": ["submit"],
            "take_in": ROWS,
            "accounts": ["a", "b", "c"],
            "clicks": [],
            "kill_at": 0,
        }
        return subprocess.Popen(
            [sys.executable, str(HERE / "worker.py"), json.dumps(given | options)],
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )

    async def settle_and_check(self) -> None:
        check_truth(self.journal, self.truth)
        await settle(open_office(self.journal, World(self.truth, self.clock, holder=str(os.getpid()))), self.clock)
        check_rest(self.journal, self.truth)
        assert len(list(self.journal.snapshots())) == ROWS


def ended(process: subprocess.Popen[str]) -> int:
    _, said = process.communicate(timeout=120)
    assert "Traceback" not in said, said
    return process.returncode


@pytest.fixture
def place(tmp_path: Path, clock: FakeClock) -> Iterator[Place]:
    place = Place(tmp_path, clock)
    yield place
    place.journal.close()
    place.truth.close()


def test_two_processes_submit_the_same_file_at_once(place: Place) -> None:
    assert [ended(each) for each in [place.start(), place.start()]] == [0, 0]
    assert {each.status for each in place.journal.snapshots()} == {Status.SUBMITTED}
    assert place.truth.accepted_count() == {f"R-{number:03}": 1 for number in range(ROWS)}
    assert place.truth.troubles() == [], "never two sessions on one account"
    check_rest(place.journal, place.truth)


async def test_killed_again_and_again_each_request_is_sent_once(place: Place) -> None:
    """Seeded: a failure can be repeated. Every second run has a companion that is not killed."""
    luck = random.Random(20260302)
    killed = 0
    for run in range(RUNS):
        minutes = 20 * run
        clicks = [luck.choice([None, None, "timeout_after_accept", "lost_on_the_way"]) for _ in range(3)]
        given = {"minutes": minutes, "work": ["verify", "submit"], "take_in": ROWS // RUNS * (run + 1)}
        doomed = place.start(**given, clicks=clicks, kill_at=luck.randrange(10, 60))
        companion = place.start(**given) if run % 2 else None
        killed += ended(doomed) == -signal.SIGKILL
        if companion is not None:
            assert ended(companion) == 0
        check_truth(place.journal, place.truth)
    assert killed >= 2, "the kills must hit something"
    place.clock.advance(minutes=100)
    await place.settle_and_check()
