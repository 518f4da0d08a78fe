"""The whole service over a portal in memory: what it does by itself in a day, how it stops, and that there is one of it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bots.model import Status
from jobs.journal import Journal
from jobs.seats import Seats
from jobs.service_lock import ServiceRuns, is_at_work, only_service, who_works
from jobs.state import AttemptState

ROOT = Path(__file__).resolve().parents[2]
SERVE = [sys.executable, "-c", "from jobs.cli import main; main()", "run"]


@pytest.fixture
def _no_heartbeat(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(_self: Seats, _seat: Any) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(Seats, "_beat", never)


@pytest.mark.usefixtures("_no_heartbeat")
async def test_a_day_by_itself(practice: Any) -> None:
    """Two requests are sent, looked after and decided; ledger, report, exceptions and a back-up are there; nobody was asked."""
    practice.take_in("R-1", "R-2")
    await practice.live(practice.clock() + timedelta(hours=2))
    assert practice.truth.accepted_count() == {"R-1": 1, "R-2": 1}
    number = next(number for request_id, number in practice.truth.accepted() if request_id == "R-1")
    practice.truth.decide(number, "Authorized")
    await practice.live(practice.clock() + timedelta(hours=24))
    assert [each.status for each in practice.engine.journal.snapshots()] == [Status.APPROVED, Status.PENDED_REVIEW]
    written = {path.name for path in practice.home.path.iterdir()}
    assert {"ledger.csv", "ledger.xlsx", "report.html", "exceptions.csv"} <= written
    assert len(list((practice.home.path.parent / "safe").glob("*.backup"))) == 1
    assert practice.service.troubles() == ()
    assert practice.engine.journal.verify_chain() > 0


async def test_stopped_in_the_middle_of_a_click_it_finishes_it_and_begins_no_other(practice: Any) -> None:
    practice.take_in("R-1", "R-2", "R-3")
    at_the_click, go_on = asyncio.Event(), asyncio.Event()
    step = practice.world.step

    async def waits(where: str) -> None:
        if where == "clicked":
            at_the_click.set()
            await go_on.wait()
        await step(where)

    practice.world.step = waits
    practice.service.look()
    await at_the_click.wait()
    assert len(practice.engine.journal.attempts(state=AttemptState.INTENT)) == 1
    stopping = asyncio.create_task(practice.service.stop(60))
    await asyncio.sleep(0)
    go_on.set()
    assert await stopping is True
    assert practice.engine.journal.attempts(state=AttemptState.INTENT) == ()
    assert practice.engine.journal.attempts(state=AttemptState.UNCERTAIN) == ()
    assert list(practice.truth.accepted_count().values()) == [1], "no other request was begun"
    assert practice.truth.troubles() == []
    assert [each.status for each in practice.engine.journal.snapshots()].count(Status.NEW) == 2
    assert practice.truth.open_sessions() == 0, "signed out"


# --- one service on one home ---------------------------------------------------------------------------------------


def test_of_two_services_on_one_home_one_says_why_not(practice: Any) -> None:
    with only_service(practice.home, practice.clock()):
        assert is_at_work(practice.home)
        with (
            pytest.raises(ServiceRuns, match=rf"process {os.getpid()} on .* Nothing was started"),
            only_service(practice.home, practice.clock()),
        ):
            raise AssertionError
    assert not is_at_work(practice.home)
    assert who_works(practice.home) is None


@pytest.fixture
def served(practice: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Real services of this home, each a process."""
    assert "vault" in {path.name for path in practice.home.path.iterdir()}
    practice.close()
    running: list[subprocess.Popen[str]] = []
    environment = os.environ | {"PRIORBOT_HOME": str(practice.home.path), "PYTHONPATH": str(ROOT)}

    def start() -> subprocess.Popen[str]:
        in_background = partial(signal.signal, signal.SIGINT, signal.SIG_IGN)  # as a shell's "&" does
        pipes: Any = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        process = subprocess.Popen(SERVE, env=environment, preexec_fn=in_background, **pipes)
        running.append(process)
        return process

    yield start
    for process in running:
        if process.poll() is None:
            process.kill()
        process.communicate()


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    return process.stderr.readline()


def test_a_second_service_ends_with_one_sentence_and_a_killed_one_is_taken_over(
    practice: Any, served: Callable[[], subprocess.Popen[str]]
) -> None:
    first = served()
    assert "PriorBot works on" in first_line(first)
    second = served()
    _, said = second.communicate()
    assert second.returncode == 2
    assert f"process {first.pid}" in " ".join(said.split())
    assert "Nothing was started" in " ".join(said.split())

    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    third = served()
    assert "PriorBot works on" in first_line(third)
    third.send_signal(signal.SIGTERM)
    _, said = third.communicate()
    assert third.returncode == 0
    assert "Everything in the middle was finished." in " ".join(said.split())
    with Journal.open(practice.home.journal_url) as journal:
        journal.check()
    assert not (practice.home.path / "service.json").exists()


# --- at the system's hands -----------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform != "linux", reason="not on this system: systemd")
def test_the_systemd_unit_is_in_order(tmp_path: Path) -> None:
    unit = (ROOT / "scripts" / "service" / "priorbot.service").read_text("utf-8")
    assert "TimeoutStopSec=180" in unit, "longer than [schedule] grace_seconds"
    path = tmp_path / "priorbot.service"
    path.write_text(unit.replace("/usr/local/bin/priorbot", sys.executable), "utf-8")
    done = subprocess.run(["systemd-analyze", "verify", str(path)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_container_file_runs_what_the_project_has() -> None:
    """Step by step without an engine: ``scripts/service/container_steps.py``; here, that it names nothing that is not there."""
    text = (ROOT / "scripts" / "service" / "Containerfile").read_text("utf-8")
    copied = [word for line in text.splitlines() if line.startswith("COPY") for word in line.split()[1:-1]]
    assert [name for name in copied if not (ROOT / name).exists()] == []
    assert 'CMD ["priorbot", "run"]' in text
    assert "USER priorbot" in text


def test_every_job_has_its_time_and_every_time_its_job(practice: Any) -> None:
    from jobs.service_work import JOBS

    assert {row.name for row in JOBS} == set(practice.engine.config.schedule.times())


def test_what_the_service_may_tell_of_itself_is_data(practice: Any) -> None:
    note = practice.home.path / "service.json"
    with only_service(practice.home, practice.clock()):
        assert set(json.loads(note.read_text())) == {"host", "pid", "since"}
