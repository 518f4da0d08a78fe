"""priorbot doctor: each thing that must be right on a practice's machine is one finding in one sentence."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest

from bots.keys import KEY_VARIABLE, generate_key
from bots.passwords import KeptPasswords
from jobs import doctor
from jobs.disk import Answer, Ask, Encryption, ask_system, disk_encryption
from jobs.doctor import Check, CheckState, run_checks
from jobs.home import Home
from jobs.journal import Journal

posix = pytest.mark.skipif(os.name != "posix", reason="not on this system: POSIX file modes")
PERMISSION = """
[portals.clear_coverage.permission]
granted_by = "A. Payer (synthetic)"
reference = "L-1"
valid_until = {until}
"""
LIVE = '[portals.clear_coverage]\nbase_url = "https://portal.example.com"\naccount = "desk"\n'


@pytest.fixture(autouse=True)
def _nothing_from_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "disk_encryption", lambda _folder: Encryption.ON)
    monkeypatch.setattr(doctor, "does_run", lambda _path: True)


def findings(home: Home, name: str) -> list[tuple[CheckState, str]]:
    return [(check.state, check.sentence) for check in run_checks(home) if check.name == name]


def only(home: Home, name: str) -> tuple[CheckState, str]:
    (finding,) = findings(home, name)
    return finding


def configure(home: Home, text: str) -> None:
    home.config_file.write_text(text)
    home.config_file.chmod(0o600)


def test_a_machine_that_is_fit_has_no_failed_check(home: Home) -> None:
    configure(home, '[portals.clear_coverage]\nbase_url = "http://clear-coverage.localhost:8800"\naccount = "desk"\n')
    home.open_vault().set("portals.clear_coverage.desk.password", "x")
    Journal.open(home.journal_url).close()
    checks = run_checks(home)
    unattended = {"schedule", "intake_folder", "alerts", "backup"}
    assert {check.state for check in checks if check.name not in unattended} == {CheckState.OK}, checks
    assert {check.state for check in checks if check.name in unattended} == {CheckState.WARN}, "it works by hand"
    names = [check.name for check in checks]
    assert names == [
        "settings",
        "home",
        "vault",
        "browser",
        "permission",
        "selectors",
        "fax",
        "clock",
        "disk_encryption",
        "disk_space",
        "journal",
        "schedule",
        "intake_folder",
        "alerts",
        "backup",
    ]


def test_findings_are_single_lines_under_constant_names(home: Home) -> None:
    configure(home, LIVE)
    assert not [
        check for check in run_checks(home) if "\n" in check.sentence or not check.name.islower() or len(check.sentence) > 250
    ]


def test_a_home_that_is_not_there_is_only_told(tmp_path: Path) -> None:
    home = Home(tmp_path / "none")
    assert not [check for check in run_checks(home) if check.state is CheckState.FAIL]
    assert not home.path.exists(), "the doctor changes nothing"


@posix
@pytest.mark.parametrize("opened", ["ledger.csv", "receipts", "."])
def test_what_others_can_read_fails_with_the_command_that_closes_it(home: Home, opened: str) -> None:
    home.ledger_csv.write_text("x")
    (home.path / opened).chmod(0o755)
    state, sentence = only(home, "home")
    assert state is CheckState.FAIL
    assert str((home.path / opened).resolve()) in sentence
    assert "chmod -R go-rwx" in sentence


def test_wrong_settings_are_told_and_the_rest_is_checked(home: Home) -> None:
    configure(home, "[practise]\n")
    state, sentence = only(home, "settings")
    assert state is CheckState.FAIL
    assert "practice" in sentence
    assert only(home, "home")[0] is CheckState.OK


def test_a_vault_without_its_key_fails(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.open_vault().set("a", "b")
    monkeypatch.setenv(KEY_VARIABLE, generate_key())
    configure(home, '[vault]\nkey_file = "none"\n')
    state, sentence = only(home, "vault")
    assert state is CheckState.FAIL
    assert "no key that fits" in sentence


def test_each_missing_password_is_named_with_its_command(home: Home) -> None:
    configure(home, '[portals.evicore]\nbase_url = "http://evicore.localhost"\naccount = ["one", "two"]\n')
    home.open_vault().set("portals.evicore.one.password", "x")
    state, sentence = only(home, "password")
    assert state is CheckState.WARN
    assert "priorbot vault set portals.evicore.two.password" in sentence


def test_a_portal_that_is_used_without_an_account_needs_no_password(home: Home) -> None:
    configure(home, '[portals.promptpa]\nbase_url = "http://promptpa.localhost"\n')
    home.open_vault().set("a", "b")
    assert [check for check in run_checks(home) if check.name == "password"] == []
    assert only(home, "selectors")[0] is CheckState.OK


def test_a_live_portal_without_permission_fails(home: Home) -> None:
    configure(home, LIVE)
    state, sentence = only(home, "permission")
    assert state is CheckState.FAIL
    assert "[portals.clear_coverage.permission]" in sentence


@pytest.mark.parametrize(
    ("days", "state", "words"),
    [
        (200, CheckState.OK, "holds until"),
        (30, CheckState.WARN, "in 30 days"),
        (-1, CheckState.FAIL, "it ended on"),
        (400, CheckState.FAIL, "365"),
    ],
)
def test_a_permission_is_watched_to_its_end(home: Home, days: int, state: CheckState, words: str) -> None:
    until = (datetime.now(UTC) + timedelta(days=days)).date()
    now = datetime(until.year, until.month, until.day, 17, tzinfo=UTC) - timedelta(days=days)
    configure(home, LIVE + PERMISSION.format(until=until))
    (check,) = doctor.check_permissions(doctor.load_config(home.config_file), lambda: now)
    assert check.state is state
    assert words in check.sentence


@pytest.mark.parametrize(("age", "words"), [(75, ""), (76, "in 14 days"), (89, "in 1 days"), (90, "has run out")])
def test_a_password_is_watched_to_its_end_unless_it_is_changed_by_itself(home: Home, age: int, words: str) -> None:
    settings = '[portals.husky_secure]\nbase_url = "http://localhost:1"\naccount = ["desk", "of-unknown-age"]\n'
    today = datetime.now(ZoneInfo("America/New_York")).date()
    configure(home, settings)
    KeptPasswords(home.open_vault(""), "husky_secure", "desk").set_by_person("Synthetic$1", today - timedelta(days=age))
    found = [sentence for _, sentence in findings(home, "password_age")]
    assert [words in sentence and "priorbot vault rotate husky_secure" in sentence for sentence in found] == [True] * bool(words)
    configure(home, settings + "change_password = true\n")
    assert findings(home, "password_age") == []


def test_a_browser_that_is_not_there_or_does_not_start_fails(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(home, '[browser]\npath = "no-such-browser"\n')
    assert only(home, "browser")[0] is CheckState.FAIL
    configure(home, "")
    monkeypatch.setattr(doctor, "does_run", lambda _path: False)
    state, sentence = only(home, "browser")
    assert state is CheckState.FAIL
    assert "does not start" in sentence


@pytest.mark.parametrize("text", ["", "portal: clear_coverage\nversion: '1'\ntypo: 1\n", "pages: [\n"])
def test_a_selector_file_of_ones_own_that_cannot_be_used_fails(home: Home, text: str) -> None:
    configure(home, '[portals.clear_coverage]\nbase_url = "http://clear-coverage.localhost:8800"\nselectors = "mine.yaml"\n')
    (home.path / "mine.yaml").write_text(text)
    state, sentence = only(home, "selectors")
    assert state is CheckState.FAIL
    assert "mine.yaml" in sentence
    assert "\n" not in sentence


def test_a_clock_that_was_set_back_fails(home: Home) -> None:
    home.ledger_csv.write_text("x")
    (check,) = doctor.check_clock(home, lambda: datetime.now(UTC) - timedelta(hours=1))
    assert check.state is CheckState.FAIL
    assert only(home, "clock")[0] is CheckState.OK


CODES = '[portals.clear_coverage]\nbase_url = "{url}"\naccount = "desk"\n[portals.clear_coverage.code]\nmethod = "totp"\n'


class Told:
    """A portal that answers with this Date (seconds from the real one), or with none."""

    def __init__(self) -> None:
        self.ahead: float | None = 0.0
        self.asked = 0
        told = self

        class Handler(BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                told.asked += 1
                self.send_response_only(200)
                if told.ahead is not None:
                    self.send_header("Date", formatdate(time.time() + told.ahead, usegmt=True))
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://clear-coverage.localhost:{self.server.server_port}"


@pytest.fixture
def told() -> Iterator[Told]:
    told = Told()
    thread = threading.Thread(target=told.server.serve_forever)
    thread.start()
    yield told
    told.server.shutdown()
    thread.join()
    told.server.server_close()


@pytest.mark.parametrize(
    ("ahead", "state", "words"),
    [
        (0, CheckState.OK, "agrees"),
        (7, CheckState.OK, "agrees"),
        (-18, CheckState.WARN, "ahead of clear_coverage"),
        (18, CheckState.WARN, "behind clear_coverage"),
        (-50, CheckState.FAIL, "will refuse our codes"),
        (3600, CheckState.FAIL, "will refuse our codes"),
        (None, CheckState.WARN, "does not tell its time"),
    ],
)
def test_the_clock_is_compared_with_the_portals_whose_codes_need_it(
    ahead: float | None, state: CheckState, words: str, home: Home, told: Told
) -> None:
    configure(home, CODES.format(url=told.url))
    told.ahead = ahead
    found, sentence = only(home, "portal_clock")
    assert found is state, sentence
    assert words in sentence


def test_a_portal_that_does_not_answer_is_no_reason_to_fail(home: Home) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        configure(home, CODES.format(url=f"http://127.0.0.1:{nobody.getsockname()[1]}"))
        assert only(home, "portal_clock")[0] is CheckState.WARN


def test_only_portals_whose_codes_need_the_time_are_asked(home: Home, told: Told) -> None:
    configure(home, CODES.format(url=told.url).replace('"totp"', '"person"'))
    assert findings(home, "portal_clock") == []
    assert told.asked == 0


def test_a_portal_that_must_not_be_opened_is_not_even_asked_for_the_time(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(*_: object, **__: object) -> None:
        pytest.fail("a live portal was asked without permission")

    monkeypatch.setattr(httpx, "head", ask)
    configure(home, CODES.format(url="https://portal.example.com"))
    assert findings(home, "portal_clock") == []
    assert only(home, "permission")[0] is CheckState.FAIL


@pytest.mark.parametrize(
    ("method", "name"),
    [
        ('"totp"', "portals.clear_coverage.desk.totp"),
        ('"email"\nimap_host = "127.0.0.1"\nimap_user = "front@practice.example"', "mailboxes.front@practice.example.password"),
    ],
)
def test_what_one_time_codes_come_from_is_missed_by_name(method: str, name: str, home: Home) -> None:
    configure(home, CODES.format(url="http://127.0.0.1:9").replace('"totp"', method))
    said = " ".join(sentence for _, sentence in findings(home, "password"))
    assert f"priorbot vault set {name}" in said


def test_a_full_disk_fails(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "LEAST_FREE_BYTES", 10**18)
    assert only(home, "disk_space")[0] is CheckState.FAIL


def test_a_damaged_journal_fails(home: Home) -> None:
    Journal.open(home.journal_url).close()
    assert only(home, "journal")[0] is CheckState.OK
    home.journal_file.write_bytes(b"no database at all, Canaryname" * 100)
    state, sentence = only(home, "journal")
    assert state is CheckState.FAIL
    assert "newest whole copy" in sentence
    assert "Canaryname" not in sentence


def test_a_check_that_breaks_hides_neither_itself_nor_the_others(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(_home: Home) -> list[Check]:
        raise RuntimeError("Canaryname")

    monkeypatch.setattr(doctor, "check_home", breaks)
    assert only(home, "home") == (
        CheckState.FAIL,
        "This could not be checked (RuntimeError). Ask your IT person to look at the log.",
    )
    assert only(home, "disk_space")[0] is CheckState.OK


# --- disk encryption ---------------------------------------------------------------------------------------------------


def says(**answers: Answer | None) -> Ask:
    def ask(command: Sequence[str]) -> Answer | None:
        return answers[command[0].replace("-", "_")]

    return ask


@pytest.mark.parametrize(
    ("system", "answers", "expected"),
    [
        ("Linux", {"findmnt": (0, "/dev/mapper/root"), "lsblk": (0, "crypt\npart\ndisk")}, Encryption.ON),
        ("Linux", {"findmnt": (0, "/dev/sda1[/@home]"), "lsblk": (0, "part\ndisk")}, Encryption.OFF),
        ("Linux", {"findmnt": (0, "overlay"), "lsblk": None}, Encryption.UNKNOWN),
        ("Linux", {"findmnt": (0, "/dev/sda1"), "lsblk": (1, "")}, Encryption.UNKNOWN),
        ("Linux", {"findmnt": None}, Encryption.UNKNOWN),
        ("Darwin", {"fdesetup": (0, "FileVault is On.")}, Encryption.ON),
        ("Darwin", {"fdesetup": (0, "FileVault is Off.")}, Encryption.OFF),
        ("Darwin", {"fdesetup": None}, Encryption.UNKNOWN),
        ("Windows", {"manage_bde": (0, "")}, Encryption.ON),
        ("Windows", {"manage_bde": (1, "")}, Encryption.OFF),
        ("Windows", {"manage_bde": (-1, "Zugriff verweigert")}, Encryption.UNKNOWN),
        ("Windows", {"manage_bde": None}, Encryption.UNKNOWN),
        ("Plan9", {}, Encryption.UNKNOWN),
    ],
)
def test_encryption_is_read_from_each_systems_own_program(
    system: str, answers: dict[str, Answer | None], expected: Encryption, tmp_path: Path
) -> None:
    assert disk_encryption(tmp_path, system=system, ask=says(**answers)) is expected


@pytest.mark.parametrize(("found", "state"), [(Encryption.OFF, CheckState.WARN), (Encryption.UNKNOWN, CheckState.WARN)])
def test_an_open_or_unknown_disk_is_a_warning(
    home: Home, monkeypatch: pytest.MonkeyPatch, found: Encryption, state: CheckState
) -> None:
    monkeypatch.setattr(doctor, "disk_encryption", lambda _folder: found)
    assert only(home, "disk_encryption")[0] is state


def test_a_program_that_is_not_there_is_no_error() -> None:
    assert ask_system(("priorbot-no-such-program",)) is None
