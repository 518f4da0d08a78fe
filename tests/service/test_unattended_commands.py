"""The commands: run, alerts, backup, restore, retention, and what doctor says before the first night."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bots.keys import KEY_VARIABLE, generate_key
from jobs import doctor
from jobs.disk import Encryption
from jobs.home import Home
from jobs.service_lock import only_service

Run = Callable[..., Any]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv(KEY_VARIABLE, generate_key())
    monkeypatch.setenv("PRIORBOT_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(doctor, "disk_encryption", lambda _folder: Encryption.ON)
    monkeypatch.setattr(doctor, "does_run", lambda _path: True)
    return Home(tmp_path / "home")


@pytest.fixture
def priorbot(home: Home) -> Run:
    from jobs.cli import app

    def run(*words: object, given: str = "") -> Any:
        ended = CliRunner().invoke(app, [str(word) for word in words], input=given)
        ended.talk = " ".join(ended.stderr.split())  # type: ignore[attr-defined]
        return ended

    assert run("init", "--practice", "Sample").exit_code == 0
    assert home.config_file.exists()
    return run


def configure(home: Home, text: str) -> None:
    home.config_file.write_text(text)
    home.config_file.chmod(0o600)


def said(priorbot: Run, name: str) -> list[tuple[str, str]]:
    lines = priorbot("doctor", "--json").stdout.splitlines()
    return [(each["state"], each["sentence"]) for each in map(json.loads, lines) if each["name"] == name]


def test_what_is_due_is_done_once_and_it_ends(priorbot: Run, home: Home) -> None:
    configure(home, '[intake]\nfolder = "inbox"\n')
    ended = priorbot("run", "--once")
    assert ended.exit_code == 0, ended.talk
    assert "PriorBot works on" in ended.talk
    assert "Everything in the middle was finished." in ended.talk
    assert (home.path / "inbox").is_dir()
    assert home.ledger_csv.exists()


def test_a_second_run_says_why_not(priorbot: Run, home: Home) -> None:
    from jobs.clock import utc_now

    with only_service(home, utc_now()):
        ended = priorbot("run", "--once")
    assert ended.exit_code == 2
    assert "Another PriorBot service works on" in ended.talk
    assert "Nothing was started" in ended.talk


def test_a_backup_and_back_again(priorbot: Run, home: Home, tmp_path: Path) -> None:
    made = priorbot("backup", tmp_path / "safe", "--json")
    assert made.exit_code == 0, made.stderr
    file = json.loads(made.stdout)["file"]
    alive = priorbot("restore", file)
    assert (alive.exit_code, "There is something in" in alive.talk) == (2, True)
    shutil.rmtree(home.path)
    back = priorbot("restore", file)
    assert back.exit_code == 0, back.talk
    assert "The home is back as it was on" in back.talk
    assert home.config_file.exists()


def test_without_a_folder_no_backup_is_written(priorbot: Run, home: Home) -> None:
    configure(home, "")
    ended = priorbot("backup")
    assert ended.exit_code == 2
    assert "No folder is named" in ended.talk


def test_a_file_that_is_not_there_is_named(priorbot: Run) -> None:
    ended = priorbot("restore", "nowhere.backup")
    assert (ended.exit_code, "There is no file" in ended.talk) == (2, True)


def test_alerts_lists_what_is_open(priorbot: Run) -> None:
    ended = priorbot("alerts")
    assert (ended.exit_code, "Nothing is open." in ended.talk) == (0, True)


def test_a_target_that_cannot_be_reached_is_told_when_tried(priorbot: Run, home: Home) -> None:
    configure(home, '[notify]\ntargets = ["desk"]\n')
    assert priorbot("vault", "set", "notify.desk", given="json://127.0.0.1:9/x\n").exit_code == 0
    ended = priorbot("alerts", "--try")
    assert (ended.exit_code, "desk: not taken" in ended.talk) == (3, True)


def test_doctor_says_what_is_missing_before_the_first_night(priorbot: Run, home: Home) -> None:
    configure(home, "")
    assert said(priorbot, "intake_folder")[0][0] == "warn"
    assert said(priorbot, "alerts")[0][0] == "warn"
    assert said(priorbot, "backup")[0][0] == "warn"
    assert "priorbot run" in said(priorbot, "schedule")[0][1]


def test_doctor_says_when_everything_is_in_place(priorbot: Run, home: Home, tmp_path: Path) -> None:
    text = f'[intake]\nfolder = "inbox"\n[notify]\ntargets = ["desk"]\n[backup]\nfolder = "{tmp_path / "safe"}"\n'
    configure(home, text)
    priorbot("vault", "set", "notify.desk", given="json://127.0.0.1:9/x\n")
    assert priorbot("run", "--once").exit_code == 0
    assert priorbot("backup").exit_code == 0
    assert said(priorbot, "intake_folder")[0][0] == "ok"
    assert said(priorbot, "alerts") == [("ok", "The address of desk is in order. To send a word there: priorbot alerts --try")]
    assert ("ok", True) in [(state, "was whole" in sentence) for state, sentence in said(priorbot, "backup")]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('[schedule]\nsubmit = "every 7 min"\n', "schedule.submit must look like"),
        ('[notify]\nquiet = "night"\n', "notify.quiet must look like"),
        ('[schedule]\nsubmitt = "off"\n', "the nearest is submit"),
        ('[portals.evicore]\nbase_url = "http://127.0.0.1:1"\nholidays = ["US-XX"]\n', "holidays must be like"),
    ],
)
def test_a_setting_that_cannot_be_read_starts_nothing(priorbot: Run, home: Home, text: str, what: str) -> None:
    configure(home, text)
    ended = priorbot("run", "--once")
    assert ended.exit_code == 2
    assert what in ended.talk
    assert "Nothing was started." in ended.talk


def test_an_address_of_a_target_that_is_wrong_is_named(priorbot: Run, home: Home) -> None:
    configure(home, '[notify]\ntargets = ["desk", "chat"]\n')
    priorbot("vault", "set", "notify.desk", given="nothing://x\n")
    states = said(priorbot, "alerts")
    assert [state for state, _ in states] == ["fail", "fail"]
    assert "cannot be used" in states[0][1]
    assert "notify.chat" in states[1][1]


def test_what_is_too_old_is_shown_first(priorbot: Run, home: Home) -> None:
    ended = priorbot("retention", "--dry-run")
    assert (ended.exit_code, "No time is set, so everything is kept." in ended.talk) == (0, True)
    configure(home, "[retention]\ndays = 30\n")
    old = home.rejects / "rows.csv"
    old.write_text("x")
    os.utime(old, (0, 0))
    ended = priorbot("retention", "--dry-run")
    assert (ended.exit_code, "rejects/: 1 files go." in ended.talk, old.exists()) == (0, True, True)
    shown = priorbot("retention", "--dry-run", "--json")
    assert json.loads(shown.stdout) == {"folder": "rejects", "file": "rows.csv"}
    ended = priorbot("retention")
    assert (ended.exit_code, "1 files removed for their age" in ended.talk, old.exists()) == (0, True, False)
