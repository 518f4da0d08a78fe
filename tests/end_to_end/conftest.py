"""One simulated world, put back before each test; a home of its own, and PriorBot as processes that can be killed."""

from __future__ import annotations

import csv
import json
import os
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from bots.pagemap import selectors_folder
from fixtures.clock import today
from fixtures.samples.make_requests import write_sample
from fixtures.server import RunningWorld, running_world

SLUG = "clear_coverage"
ACCOUNTS = ("cc-desk1", "cc-desk2")
DRIVER = Path(__file__).with_name("mortal_priorbot.py")
AT_MOST = 120
"""Seconds after which a process that hangs fails its test."""


@dataclass
class Ran:
    """How a process ended; a negative ``code`` is the signal that killed it."""

    code: int
    out: str
    talk: str

    @property
    def objects(self) -> dict[str, dict[str, Any]]:
        """The JSON lines on stdout by request id."""
        return {one["request_id"]: one for one in map(json.loads, self.out.splitlines())}


class Practice:
    """A practice's home, its file of requests, and the world that it works on. Time passes for both at once."""

    def __init__(self, folder: Path, world: RunningWorld) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.world = world
        self.minutes = 0
        self.file = folder / "requests.csv"
        self.env = os.environ | {"PRIORBOT_HOME": str(self.home)}

    # --- setting up ----------------------------------------------------------------------------------------------

    def move_in(self, *accounts: str, password: str = "") -> None:
        """A home for these accounts; ``password``: another one than the portal knows."""
        from bots.vault import password_name
        from jobs.home import Home, write_private

        home = Home(self.home).create()
        settings = f'[portals.{SLUG}]\nbase_url = "{self.world.url(SLUG)}"\naccount = {json.dumps(accounts)}\n'
        write_private(home.config_file, settings.encode())
        vault = home.open_vault("")
        for account in accounts:
            vault.set(password_name(SLUG, account), password or self.world.account(SLUG, account)[1])

    def own_selectors(self, **timeouts: float) -> None:
        """An operator's own selector file: the same portal with other time-outs (seconds)."""
        raw = yaml.safe_load((selectors_folder() / f"{SLUG}.yaml").read_text(encoding="utf-8"))
        raw["timeouts"] |= timeouts
        (self.home / "own.yaml").write_text(yaml.safe_dump(raw), encoding="utf-8")
        with (self.home / "priorbot.toml").open("a", encoding="utf-8") as config:
            config.write('selectors = "own.yaml"\n')

    def write_file(self, *request_ids: str) -> None:
        """A file with these requests of the sample."""
        write_sample(self.file, today())
        with self.file.open(encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file)
        at = header.index("request_id")
        with self.file.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([header, *(row for row in rows if row[at] in request_ids)])

    # --- working -------------------------------------------------------------------------------------------------

    def start(self, *words: str, kill: str = "", together: bool = False) -> subprocess.Popen[str]:
        how = {"later": self.minutes, "kill": kill, "children": str(self.folder / "children"), "together": together}
        return subprocess.Popen(
            [sys.executable, str(DRIVER), json.dumps(how), *words],
            env=self.env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __call__(self, *words: str, given: str = "", kill: str = "") -> Ran:
        """One command, to its end."""
        with self.start(*words, kill=kill) as process:
            return finish(process, given)

    def at_once(self, *commands: tuple[str, ...]) -> list[Ran]:
        """Commands that begin at the same moment, each a process of its own."""
        with ExitStack() as stack:
            processes = [stack.enter_context(self.start(*words, together=True)) for words in commands]
            for process in processes:
                assert process.stderr is not None
                assert process.stderr.readline() == "ready\n"
            for process in processes:
                assert process.stdin is not None
                process.stdin.write("go\n")
                process.stdin.flush()
            return [finish(process) for process in processes]

    def submit(self, kill: str = "") -> Ran:
        return self("submit", str(self.file), "--json", kill=kill)

    def pass_time(self, minutes: int) -> None:
        self.minutes += minutes
        self.world.advance(minutes / 60)

    def settle(self, ran: Ran) -> Ran:
        """Goes on after a submit as its exit code says, until nothing is uncertain. Answers the last submit."""
        for _ in range(3):
            if ran.code != 5:
                return ran
            self.pass_time(16)  # the quiet period before each look
            if self("verify").code != 5:
                ran = self.submit()
        raise AssertionError("it never came to rest")

    # --- looking -------------------------------------------------------------------------------------------------

    def end_children(self) -> None:
        """Waits for the browser of a killed process to end by itself, however busy the machine is; fails when it does not."""
        left = [pid for pid in json.loads((self.folder / "children").read_text(encoding="utf-8")) if not has_ended(pid)]
        for pid in left:
            os.kill(pid, 9)
        assert left == [], "the browser outlived its PriorBot"

    def accepted(self) -> dict[str, str]:
        """What the world accepted: request id -> reference number. Fails when anything was accepted twice."""
        rows = [(one["our_reference"], one["reference_no"]) for one in self.world.truth("requests")]
        assert len(dict(rows)) == len(rows), "accepted twice"
        return dict(rows)

    def logins(self) -> list[str]:
        """How each password that was typed was taken."""
        return [one["reason"] for one in self.world.truth("logins") if one["what"] == "login"]

    def check_settled(self, ran: Ran, *request_ids: str) -> None:
        """Journal and world agree on each request, nobody is signed in and nothing is locked."""
        from jobs.home import Home
        from jobs.journal import Journal
        from jobs.portal_state import PortalStates
        from jobs.seats import Seats
        from jobs.state import AttemptState

        assert ran.code == 0
        assert self.accepted() == {name: ran.objects[name]["reference_no"] for name in request_ids}
        assert {ran.objects[name]["status"] for name in request_ids} == {"submitted"}
        with Journal.open(Home(self.home).journal_url) as journal:
            for name in request_ids:
                assert len(journal.attempts(request_id=name, state=AttemptState.RECEIPT)) == 1
            assert PortalStates(journal).disabled() == ()
            assert not Seats(journal).held_by_others(SLUG)
            journal.check()
        assert not any(one["locked"] for one in self.world.truth("accounts") if one["username"] in ACCOUNTS)


def finish(process: subprocess.Popen[str], given: str = "") -> Ran:
    """The process's end; one that hangs is killed, and its test fails."""
    try:
        out, talk = process.communicate(given, timeout=AT_MOST)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return Ran(process.returncode, out, " ".join(talk.split()))


def has_ended(pid: int) -> bool:
    """Whether that process of another one has ended, reaped or not; waits for it."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], AT_MOST)[0])
    finally:
        os.close(handle)


@pytest.fixture(scope="session")
def one_world() -> Iterator[RunningWorld]:
    with running_world(seed=3) as world:
        yield world


@pytest.fixture
def practice(one_world: RunningWorld, tmp_path: Path) -> Practice:
    one_world.clear_faults()
    one_world.reset(seed=3)
    return Practice(tmp_path, one_world)
