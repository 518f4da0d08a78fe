"""A whole run through the browser, full of canaries: no name, id, birth date, code, note, file name or password of it is found
in a log, a message, a process's arguments, a temporary file, or in the clear in a sealed file."""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from fixtures.clock import today
from fixtures.server import RunningWorld, running_world

pytestmark = pytest.mark.browser

SAMPLES = Path(__file__).resolve().parents[2] / "fixtures" / "samples"
NOTE = "Canarynote seldom written"
WRONG_PASSWORD = "Canary-Wr0ng-Pa55word!"
ATTESTER = "Canaryattester"


class Run:
    """A home, a world to work on, and whatever shows a canary from outside while commands run."""

    def __init__(self, folder: Path, world: RunningWorld) -> None:
        self.folder = folder
        self.world = world
        self.home = folder / "home"
        self.temp = folder / "temp"
        self.temp.mkdir()
        self.user, self.password = world.account("clear_coverage", "cc-desk1")
        self.path, rows = write_requests(folder)
        self.canaries = canaries(rows) | {self.password}
        self._pattern = re.compile(b"|".join(re.escape(word.encode()) for word in sorted(self.canaries)))
        self.told = ""
        """What the last command said."""
        self.found: set[str] = set()
        self.places: set[str] = set()
        self._read: dict[Path, tuple[int, int]] = {}

    def look(self, where: str, what: bytes) -> None:
        self.places.add(where.split()[0])
        self.found |= {f"{word.decode()} in {where}" for word in self._pattern.findall(what)}

    def __call__(self, *words: str, typed: str = "") -> int:
        """One command as a person starts it; answers its exit code."""
        temp = {name: str(self.temp) for name in ("TMPDIR", "TMP", "TEMP")}
        with subprocess.Popen(
            [sys.executable, "-c", "from jobs.cli import main; main()", *words],
            env=os.environ | temp | {"PRIORBOT_HOME": str(self.home)},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,  # data, which is meant to be read
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            over = threading.Event()
            watcher = threading.Thread(target=self._watch, args=(process.pid, over))
            watcher.start()
            _, told = process.communicate(typed)
            over.set()
            watcher.join()
        self._look_at_temporary_files()
        self.told = told
        self.look(f"messages of {words[0]}", told.encode())
        return process.returncode

    def _watch(self, pid: int, over: threading.Event) -> None:
        while not over.wait(0.5):
            with suppress(psutil.NoSuchProcess):
                for process in psutil.Process(pid).children(recursive=True):
                    with suppress(psutil.Error):
                        self.look(f"arguments of {process.name()}", " ".join(process.cmdline()).encode())
            self._look_at_temporary_files()

    def _look_at_temporary_files(self) -> None:
        for path in (Path(at, name) for at, _, names in os.walk(self.temp) for name in names):  # folders may go meanwhile
            with suppress(OSError):
                now = path.stat()
                if path.is_file() and self._read.get(path) != (now.st_size, now.st_mtime_ns):
                    self._read[path] = (now.st_size, now.st_mtime_ns)
                    self.look(f"temporary file {path.name}", path.read_bytes())


def write_requests(folder: Path) -> tuple[Path, list[dict[str, str]]]:
    """Two good rows, one whose member the portal does not know, and one that intake refuses; all with canaries."""
    with (SAMPLES / "requests.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["service_category"] == "dme" and row["payer"] == "husky"]
    chosen = [row for row in rows if row["request_id"] in (rows[0]["request_id"], "HUSKY-002")]
    chosen.append(chosen[0] | {"request_id": "UNKNOWN-1", "member_id": "987650123"})
    chosen.append(chosen[0] | {"request_id": "REFUSED-1", "member_dob": "02/30/1961", "member_id": "98765"})
    (folder / "Canaryfolder").mkdir()
    for row in chosen:
        for name, days in (("from_date", 2), ("to_date", 30)):
            row[name] = (today() + timedelta(days=days)).isoformat()
        row["notes"], row["attested_by"] = NOTE, ATTESTER
        documents = [SAMPLES / name for name in row["attachments"].split(";") if name]
        copies = [folder / "Canaryfolder" / f"Canaryfile-{document.name}" for document in documents]
        for document, copy in zip(documents, copies, strict=True):
            copy.write_bytes(document.read_bytes())
        row["attachments"] = ";".join(map(str, copies))
    path = folder / "requests.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(chosen[0]))
        writer.writeheader()
        writer.writerows(chosen)
    return path, chosen


def canaries(rows: list[dict[str, str]]) -> set[str]:
    words = {NOTE, ATTESTER, WRONG_PASSWORD, "Canaryfile", "Canaryfolder"}
    for row in rows:
        words |= {row[name] for name in ("member_id", "member_dob", "member_last_name", "service_code")}
        words |= set(row["diagnosis_codes"].split(";"))
        words.add("{1}/{2}/{0}".format(*row["member_dob"].replace("/", "-").split("-")))  # as portals write dates
    return words


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    with running_world() as world:
        yield Run(tmp_path_factory.mktemp("silence"), world)


@pytest.fixture(scope="module")
def after(run: Run) -> Run:
    """A day's commands: requests that are sent, refused by the portal and refused by intake; an outage; a wrong password."""
    secret = f"portals.clear_coverage.{run.user}.password"
    settings = f'[portals.clear_coverage]\nbase_url = "{run.world.url("clear_coverage")}"\naccount = "{run.user}"\n'
    assert run("init") == 0, run.told
    (run.home / "priorbot.toml").write_text(settings)
    assert run("vault", "set", secret, typed=run.password + "\n") == 0, run.told
    assert run("submit", str(run.path)) == 3, run.told
    run.world.reset()  # ends the session that was kept, so that a password is needed again
    assert run("vault", "set", secret, typed=WRONG_PASSWORD + "\n") == 0, run.told
    assert run("status") != 0, run.told
    assert "refused the password" in run.told
    assert run("vault", "set", secret, typed=run.password + "\n") == 0, run.told
    assert run("portal", "enable", "clear_coverage") == 0, run.told
    run.world.fault("clear_coverage", "Q01")
    assert run("status") == 4, run.told
    return run


def test_the_run_has_really_been_everywhere(after: Run) -> None:
    assert len(after.canaries) > 12
    assert NOTE.encode() in b"".join(path.read_bytes() for path in after.home.glob("journal.db*"))
    assert list((after.home / "receipts").glob("receipt-*"))
    assert list((after.home / "rejects").iterdir())
    assert after.places == {"messages", "arguments", "temporary"}
    assert after.world.truth("logins"), "the wrong password was tried"


def test_no_message_argument_or_temporary_file_holds_a_canary(after: Run) -> None:
    assert after.found == set()


def test_no_log_sealed_file_or_file_name_holds_a_canary(after: Run) -> None:
    files = [path for path in after.home.rglob("*") if path.parent.name in ("logs", "receipts") or path.name == "vault"]
    assert "priorbot.jsonl" in {path.name for path in files}
    for path in files:
        after.look(f"file {path.name}", path.read_bytes())
    for path in after.home.rglob("*"):
        after.look(f"name {path.name}", path.name.encode())
    assert after.found == set()


@pytest.mark.skipif(os.name != "posix", reason="not on this system: POSIX file modes")
def test_after_the_run_everything_in_the_home_is_private(after: Run) -> None:
    wide = {path.name for path in (after.home, *after.home.rglob("*")) if path.stat().st_mode & 0o077}
    assert wide == set()
