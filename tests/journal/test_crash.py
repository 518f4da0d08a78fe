"""The journal itself against SIGKILL and against a power cut: what it reported as durable is there, and nothing is half there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bots.model import Status
from jobs.journal import Journal
from jobs.state import AttemptState

HERE = Path(__file__).parent
ROOT = HERE.parent.parent


class Writer:
    """`writer.py` as a process; ``kill_after`` many reports it is killed, wherever it is then."""

    def __init__(self, folder: Path, *arguments: str, first: int = 0, count: int = 1000, **environment: str) -> None:
        self.reported: list[tuple[str, str]] = []
        command = [sys.executable, str(HERE / "writer.py"), f"sqlite:///{folder / 'journal.db'}", str(first), str(count)]
        self.process = subprocess.Popen(
            [*command, *arguments],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)} | environment,
        )

    def kill_after(self, reports: int) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            what, request_id = line.split()
            self.reported.append((what, request_id))
            if len(self.reported) == reports:
                self.process.kill()  # what it says until then still comes through
        assert self.process.wait() != 0, "it was to be killed at its work"
        self.process.stdout.close()


def check_journal(folder: Path, reported: list[tuple[str, str]]) -> int:
    """Opens what is left and holds it against what was reported as durable. Returns how many reports are missing in it."""
    with Journal.open(f"sqlite:///{folder / 'journal.db'}") as journal:
        journal.check()
        assert journal.rebuild(), "rows and events tell the same"
        snapshots = {each.request.request_id: each for each in journal.snapshots()}
        states = {each.request_id: each.state for each in journal.attempts()}
        there = {
            "accepted": set(snapshots),
            "intent": {key for key, state in states.items() if state is not AttemptState.DRAFTING},
            "receipt": {key for key, each in snapshots.items() if each.status is Status.SUBMITTED and each.receipt},
        }
        return sum(request_id not in there[what] for what, request_id in reported)


@pytest.mark.parametrize("reports", [1, 50, 333])
def test_killed_at_any_moment_nothing_that_was_reported_is_lost(tmp_path: Path, reports: int) -> None:
    writer = Writer(tmp_path)
    writer.kill_after(reports)
    assert len(writer.reported) >= reports
    assert check_journal(tmp_path, writer.reported) == 0


def test_two_writers_killed_while_they_write_one_journal(tmp_path: Path) -> None:
    first, second = Writer(tmp_path), Writer(tmp_path, first=5000)
    second.kill_after(40)
    first.kill_after(90)
    assert check_journal(tmp_path, first.reported + second.reported) == 0


# --- power cut ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def powercut(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shim that keeps what a disk would hold. Without a C compiler these tests fail: it can be installed."""
    library = tmp_path_factory.mktemp("powercut") / "powercut.so"
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    assert compiler, "a C compiler is needed: install gcc"
    source = HERE / "powercut.c"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl", "-lpthread"], check=True)
    return library


def cut_power(powercut: Path, tmp_path: Path, reports: int, *arguments: str, torn: int = 0) -> tuple[Path, Writer]:
    """Runs a writer, cuts the power after so many reports; what the disk holds then, and the writer."""
    real, disk = tmp_path / "real", tmp_path / "disk"
    real.mkdir()
    disk.mkdir()
    writer = Writer(
        real,
        *arguments,
        LD_PRELOAD=str(powercut),
        POWERCUT_REAL=str(real),
        POWERCUT_SHADOW=str(disk),
        **({"POWERCUT_TORN": str(torn)} if torn else {}),
    )
    writer.kill_after(reports)
    return disk, writer


@pytest.mark.parametrize(("reports", "torn"), [(2, 0), (60, 0), (61, 1), (700, 0), (701, 2)])
def test_after_a_power_cut_every_reported_intent_is_on_the_disk(powercut: Path, tmp_path: Path, reports: int, torn: int) -> None:
    """``torn``: a disk that has also written some of what it was not asked to make sure of.

    700 reports write more than a thousand pages: the way from the log into the database is cut off, too.
    """
    disk, writer = cut_power(powercut, tmp_path, reports, torn=torn)
    assert "journal.db" in {file.name for file in disk.iterdir()}
    assert check_journal(disk, writer.reported) == 0


def test_work_goes_on_after_a_power_cut(powercut: Path, tmp_path: Path) -> None:
    disk, writer = cut_power(powercut, tmp_path, 31)
    after = Writer(disk, first=5000)
    after.kill_after(31)
    assert check_journal(disk, writer.reported + after.reported) == 0


def test_a_journal_that_does_not_sync_is_found_out(powercut: Path, tmp_path: Path) -> None:
    """The negative control: without its syncs SQLite loses what it reported, or the file is not there at all."""
    disk, writer = cut_power(powercut, tmp_path, 60, "careless")
    left = [file.name for file in disk.iterdir() if not file.name.startswith(".unborn")]
    assert "journal.db" not in left or check_journal(disk, writer.reported) > 0
