"""A practice with a home at the simulated secure portal: commands in this process, and as processes that can be killed."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from bots.pagemap import selectors_folder
from bots.passwords import KeptPasswords
from bots.vault import Vault
from fixtures.clock import today
from fixtures.server import RunningWorld, running_world
from jobs.deadlines import password_rule
from jobs.home import Home, write_private
from jobs.rule_schema import PasswordRule

SLUG = "husky_secure"
DRIVER = Path(__file__).parents[1] / "end_to_end" / "mortal_priorbot.py"
AT_MOST = 120
"""Seconds after which a process that hangs fails its test."""
ENROLL = """
[practice]
name = "Sample Practice"
contact_phone = "860-555-0100"

[portals.husky_secure.enroll]
first_name = "Testa"
last_name = "Sampledesk"
address_line_1 = "1 Sample Street"
city = "Hartford"
state = "CT"
zip = "06103"
email = "desk@practice.example"
role = "office_manager"
tax_ids = ["061237230"]
secret_question = "What was the make of your first car?"
"""


@dataclass
class Ran:
    """How a command ended: exit code, data (stdout) and talk (stderr)."""

    code: int
    out: str
    talk: str


@dataclass
class Practice:
    """A home with accounts at the portal. ``later``: by how much its clock goes ahead of the real one."""

    path: Path
    world: RunningWorld
    monkeypatch: pytest.MonkeyPatch
    later: timedelta = timedelta(0)
    selectors: str = ""
    _real_open: Any = field(default=None)

    @property
    def home(self) -> Home:
        return Home(self.path)

    @property
    def vault(self) -> Vault:
        return self.home.open_vault("")

    def kept(self, account: str) -> KeptPasswords:
        return KeptPasswords(self.vault, SLUG, account)

    def move_in(self, *accounts: str, days_old: int = 5, more: str = "", tables: str = "") -> None:
        """A home for these accounts; their passwords in the vault, given by a person so many days ago."""
        self.home.create()
        lines = [f"[portals.{SLUG}]", f'base_url = "{self.world.url(SLUG)}"', f"account = {json.dumps(accounts)}"]
        text = "\n".join([*lines, more, self.selectors, tables])
        write_private(self.home.config_file, text.encode())
        known = {row["username"]: row["password"] for row in self.world.truth("accounts") if row["portal"] == SLUG}
        for account in accounts:
            if account in known:
                self.kept(account).set_by_person(known[account], today() - timedelta(days=days_old))

    def own_selectors(self, **timeouts: float) -> str:
        """The line of settings that names a selector file with other time-outs (seconds)."""
        raw = yaml.safe_load((selectors_folder() / f"{SLUG}.yaml").read_text(encoding="utf-8"))
        raw["timeouts"] |= timeouts
        self.path.mkdir(mode=0o700, exist_ok=True)
        (self.path / "own.yaml").write_text(yaml.safe_dump(raw), encoding="utf-8")
        return 'selectors = "own.yaml"'

    def wear(self, skin: str) -> None:
        """The portal's looks, and the selector file for them, for whoever moves in from now on."""
        if skin == "1":
            return
        self.world.skin(SLUG, skin)
        self.selectors = f'selectors = "{selectors_folder() / "skins" / f"{SLUG}.{skin}.yaml"}"'

    def pass_time(self, **span: float) -> None:
        """For the practice and the portal alike."""
        self.later += timedelta(**span)
        self.world.advance(timedelta(**span) / timedelta(hours=1))

    def __call__(self, *words: str, given: str = "") -> Ran:
        """One command in this process."""
        from jobs import engine
        from jobs.cli import app
        from jobs.clock import utc_now

        self._real_open = self._real_open or engine.Engine.open
        later = self.later
        ahead = functools.partial(self._real_open, now=lambda: utc_now() + later)
        self.monkeypatch.setattr(engine.Engine, "open", ahead)
        self.monkeypatch.setenv("PRIORBOT_HOME", str(self.path))
        result = CliRunner().invoke(app, list(words), input=given)
        return Ran(result.exit_code, result.stdout, " ".join(result.stderr.split()))

    def killed(self, point: str, *words: str) -> int:
        """One command as a process that is killed at that point; its end, and its browser's."""
        children = self.path.parent / "children"
        how = {"later": 0, "kill": point, "children": str(children), "together": False}
        env = os.environ | {"PRIORBOT_HOME": str(self.path)}
        command = [sys.executable, str(DRIVER), json.dumps(how), *words]
        ran = subprocess.run(command, env=env, capture_output=True, timeout=AT_MOST)
        self._end(json.loads(children.read_text(encoding="utf-8")))
        return ran.returncode

    def _end(self, pids: list[int]) -> None:
        import psutil

        left = []
        for pid in pids:
            try:
                left.append(psutil.Process(pid))
            except psutil.NoSuchProcess:
                continue
        _, alive = psutil.wait_procs(left, timeout=AT_MOST)
        for process in alive:
            process.kill()
        assert alive == [], "the browser outlived its PriorBot"

    def at_portal(self, account: str) -> dict[str, Any]:
        """The account as the portal has it; {} for none."""
        rows = [row for row in self.world.truth("accounts") if (row["portal"], row["username"]) == (SLUG, account)]
        return dict(rows[0]) if rows else {}

    def typed(self, account: str) -> list[str]:
        """What became of each password that was typed at the sign-in: right or wrong."""
        rows = [row for row in self.world.truth("logins") if row["what"] == "login" and row["account"] == account]
        return ["right" if row["ok"] or row["reason"] == "expired" else row["reason"] for row in rows]

    def check_settled(self, account: str) -> None:
        """Vault and portal hold the same password, nothing is pending, nobody is signed in or locked out."""
        confirmed = self.kept(account).confirmed
        assert confirmed is not None
        assert confirmed.reveal() == self.at_portal(account)["password"]
        assert self.kept(account).pending is None
        assert not self.at_portal(account)["locked"]
        assert self.world.truth("sessions") == []


@pytest.fixture(scope="session")
def rule() -> PasswordRule:
    found = password_rule(SLUG)
    assert found is not None
    return found


@pytest.fixture(scope="session")
def one_world() -> Iterator[RunningWorld]:
    with running_world() as world:
        yield world


@pytest.fixture
def practice(one_world: RunningWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Practice]:
    one_world.reset()
    one_world.clear_faults()
    mine = Practice(tmp_path / "home", one_world, monkeypatch)
    yield mine
    one_world.advance(-mine.later / timedelta(hours=1))


@pytest.fixture
def enrolling(practice: Practice) -> Callable[..., Practice]:
    """A practice whose account ``new.desk`` is yet to be made."""

    def make(**changes: str) -> Practice:
        text = ENROLL
        for key, value in changes.items():
            lines = [line for line in text.splitlines() if not line.startswith(f"{key} =")]
            text = "\n".join([*lines, f"{key} = {value}"]) + "\n"
        practice.move_in("new.desk", tables=text)
        practice.vault.set(f"portals.{SLUG}.new.desk.secret_answer", "Samplecar")
        return practice

    return make
