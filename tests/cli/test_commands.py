"""The command line: data on stdout, talk on stderr, an exit code that says who must act, errors that name the next command."""

from __future__ import annotations

import stat
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bots.errors import PasswordRejected, PortalDown, Uncertain
from bots.model import Status
from bots.registry import PORTALS
from fixtures.clock import today
from jobs.config import load_config
from jobs.home import Home
from jobs.ledger import LEDGER_COLUMNS

COMMANDS = (
    "demo",
    "simulate",
    "init",
    "doctor",
    "check",
    "route",
    "submit",
    "status",
    "units",
    "verify",
    "reconcile",
    "report",
    "queue",
)
HEAVY = (
    "pandas",
    "openpyxl",
    "sqlalchemy",
    "playwright",
    "jinja2",
    "httpx",
    "pikepdf",
    "msgspec",
    "rich",
    "structlog",
    "cryptography",
)


# --- help ------------------------------------------------------------------------------------------------------------


def test_help_lists_what_exists(priorbot: Any) -> None:
    shown = priorbot("--help").out
    for name in (*COMMANDS, "vault", "portal", "ledger", "phone", "fax", "run", "alerts", "backup", "restore", "retention"):
        assert f"  {name} " in shown


@pytest.mark.parametrize("words", [("--help",), ("submit", "--help"), ("vault", "--help")])
def test_help_loads_nothing_heavy(words: tuple[str, ...]) -> None:
    """A start under 0.3 s is held by what is not imported (the figure itself is measured by the bench)."""
    script = (
        "import sys\nfrom jobs.cli import main\nsys.argv = ['priorbot', *sys.argv[1:]]\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        f"sys.stderr.write(','.join(m for m in {HEAVY} if m in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script, *words], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert "Usage: priorbot" in done.stdout


def test_every_command_says_what_it_does(priorbot: Any) -> None:
    for name in COMMANDS:
        shown = priorbot(name, "--help")
        assert shown.code == 0
        assert "--help" in shown.out


# --- homes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        ("queue",),
        ("report",),
        ("status",),
        ("units",),
        ("verify",),
        ("reconcile",),
        ("ledger", "write"),
        ("vault", "list"),
        ("portal", "list"),
        ("portal", "history"),
        ("phone", "list"),
    ],
)
def test_a_home_that_is_not_there_is_not_made_by_chance(priorbot: Any, home_path: Path, words: tuple[str, ...]) -> None:
    ran = priorbot(*words)
    assert ran.code == 2
    assert "priorbot init" in ran.talk
    assert ran.out == ""
    assert not home_path.exists()


def test_init_makes_a_private_home_with_settings_that_load(priorbot: Any, home_path: Path) -> None:
    ran = priorbot("init", "--practice", 'The "Sample" Practice')
    assert ran.code == 0
    assert "priorbot doctor" in ran.talk
    config = load_config(home_path / "priorbot.toml")
    assert config.practice.name == 'The "Sample" Practice'
    assert stat.S_IMODE(home_path.stat().st_mode) == 0o700
    assert stat.S_IMODE((home_path / "priorbot.toml").stat().st_mode) == 0o600


def test_the_starter_settings_still_load_with_their_examples_filled_in(priorbot: Any, home_path: Path, tmp_path: Path) -> None:
    priorbot("init")
    lines = (home_path / "priorbot.toml").read_text().splitlines()
    first = next(n for n, line in enumerate(lines) if line == "# [portals.clear_coverage]")
    keys = [line.removeprefix("# ") for line in lines[first:] if " = " in line or line.startswith("# [")]
    filled = tmp_path / "filled.toml"
    filled.write_text("\n".join(lines[:first] + [line for line in keys if "#" not in line[:1]]))
    config = load_config(filled)
    assert config.portals["clear_coverage"].permission is not None
    assert config.intake.columns["Medicaid No"] == "member_id"


def test_init_leaves_an_existing_home_alone(ready: Any, home_path: Path) -> None:
    (home_path / "priorbot.toml").write_text("[practice]\nname = 'Mine'\n")
    assert ready("init").code == 0
    assert load_config(home_path / "priorbot.toml").practice.name == "Mine"


def test_home_may_stand_before_or_after_the_command(priorbot: Any, tmp_path: Path) -> None:
    assert priorbot("--home", tmp_path / "one", "init").code == 0
    assert priorbot("init", "--home", tmp_path / "two").code == 0
    assert priorbot("--home", tmp_path / "one", "queue").code == 0
    assert priorbot("queue", "--home", tmp_path / "two").code == 0


# --- files -----------------------------------------------------------------------------------------------------------


def test_check_shows_problems_by_row_and_column_and_writes_rejects(priorbot: Any, home_path: Path, sample: Path) -> None:
    ran = priorbot("check", sample, "--json")
    assert ran.code == 3
    assert set(ran.objects[0]) == {"file", "row", "request_id", "column", "reason", "code"}
    assert list((home_path / "rejects").glob("*.csv"))
    assert "correct them there" in ran.talk
    assert not (home_path / "journal.db").exists()


def test_check_of_a_good_file_names_the_next_command(priorbot: Any, sample: Path) -> None:
    good = sample.with_name("good.csv")
    header, first, *_ = sample.read_text(encoding="utf-8").splitlines()
    good.write_text(f"{header}\n{first}\n", encoding="utf-8")
    ran = priorbot("check", good)
    assert (ran.code, ran.out) == (0, "")
    assert "priorbot route good.csv" in ran.talk


@pytest.mark.parametrize("command", ["check", "route", "submit"])
@pytest.mark.parametrize(("content", "what"), [(None, "no such file"), (b"", "empty"), (b"\x00\x01" * 50, "zero bytes")])
def test_a_file_that_cannot_be_used_is_a_usage_error(
    ready: Any, tmp_path: Path, command: str, content: bytes | None, what: str
) -> None:
    path = tmp_path / "bad.csv"
    if content is not None:
        path.write_bytes(content)
    ran = ready(command, path)
    assert ran.code == 2
    assert what in ran.talk


def test_route_prints_one_object_per_request_in_the_contract_s_shape(priorbot: Any, sample: Path, home_path: Path) -> None:
    objects = priorbot("route", sample, "--json").objects
    assert len(objects) == len({one["request_id"] for one in objects}) > 50
    for one in objects:
        assert list(one) == ["request_id", "decision", "portal", "number", "fallback", "rule_ids", "reason"]
        assert one["decision"] in {"portal", "fax", "phone", "not_required", "rejected", "needs_person"}
        assert one["rule_ids"]
        assert one["reason"]
        if one["fallback"]:
            assert set(one["fallback"]) == {"decision", "number", "wait_hours"}
    assert not home_path.exists()


def test_route_looks_from_the_day_that_is_asked(priorbot: Any, sample: Path) -> None:
    far = today() + timedelta(days=400)
    later = {one["request_id"]: one for one in priorbot("route", sample, "--json", "--as-of", far).objects}
    assert "H9" in later["HUSKY-001"]["rule_ids"]
    assert later["HUSKY-001"]["decision"] == "rejected"


def test_route_can_be_filtered(priorbot: Any, sample: Path) -> None:
    objects = priorbot("route", sample, "--json", "--payer", "bcbsma").objects
    assert objects
    assert all(one["rule_ids"][0].startswith("B") for one in objects)
    objects = priorbot("route", sample, "--json", "--portal", "evicore").objects
    assert {one["portal"] for one in objects} == {"evicore"}


@pytest.mark.parametrize(
    ("words", "nearest"),
    [(("--payer", "huski"), "husky"), (("--portal", "evicor"), "evicore")],
)
def test_a_mistyped_filter_names_the_nearest(priorbot: Any, sample: Path, words: tuple[str, str], nearest: str) -> None:
    ran = priorbot("route", sample, *words)
    assert ran.code == 2
    assert f"the nearest is {nearest}." in ran.talk


# --- vault and portals ------------------------------------------------------------------------------------------------


def test_a_secret_comes_from_standard_input_and_is_never_shown(ready: Any, home_path: Path) -> None:
    name = "portals.clear_coverage.desk.password"
    ran = ready("vault", "set", name, given="Canary-s3cret\n")
    assert ran.code == 0
    assert "Canary-s3cret" not in ran.out + ran.talk
    listed = ready("vault", "list")
    assert listed.out == name + "\n"
    assert b"Canary-s3cret" not in (home_path / "vault").read_bytes()
    assert Home(home_path).open_vault().get(name).reveal() == "Canary-s3cret"


def test_a_secret_is_no_argument(ready: Any) -> None:
    assert ready("vault", "set", "a.name", "the-secret").code == 2


def test_an_empty_secret_is_refused(ready: Any) -> None:
    ran = ready("vault", "set", "a.name", given="\n")
    assert ran.code == 2
    assert ready("vault", "list").out == ""


def test_a_portal_is_disabled_and_enabled_by_a_person(ready: Any, home_path: Path) -> None:
    with (home_path / "priorbot.toml").open("a") as config:
        config.write('[portals.clear_coverage]\nbase_url = "http://clear-coverage.localhost:1"\naccount = ["a", "b"]\n')

    def state() -> tuple[str, int]:
        line = next(one for one in ready("portal", "list", "--json").objects if one["slug"] == "clear_coverage")
        return line["state"], line["accounts"]

    assert state() == ("on", 2)
    assert ready("portal", "disable", "clear_coverage", "--why", "new pages").code == 0
    assert state() == ("disabled", 2)
    assert "new pages" in ready("portal", "list").out
    assert ready("portal", "enable", "clear_coverage").code == 0
    assert state() == ("on", 2)


def test_portals_without_a_bot_say_so(ready: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(PORTALS, "carepartners")
    states = {one["slug"]: one["state"] for one in ready("portal", "list", "--json").objects}
    assert states["carepartners"] == "no_bot"
    assert states["clear_coverage"] == "not_set_up"


def test_doctor_fails_when_something_must_be_put_right(ready: Any, home_path: Path) -> None:
    with (home_path / "priorbot.toml").open("a") as config:
        config.write('[portals.clear_coverage]\nbase_url = "https://portal.example.com"\naccount = "a"\n')
    ran = ready("doctor", "--json")
    assert ran.code == 3
    assert {one["name"]: one["state"] for one in ran.objects}["permission"] == "fail"


def test_settings_with_a_mistake_are_a_usage_error(ready: Any, home_path: Path) -> None:
    (home_path / "priorbot.toml").write_text("[practise]\n")
    ran = ready("queue")
    assert ran.code == 2
    assert "practice" in ran.talk


# --- books -----------------------------------------------------------------------------------------------------------


def test_an_empty_journal_makes_empty_books(ready: Any, home_path: Path) -> None:
    assert ready("ledger", "write").code == 0
    assert (home_path / "ledger.csv").read_text() == ",".join(LEDGER_COLUMNS) + "\n"
    assert ready("report").code == 0
    assert "Sample Practice" in (home_path / "report.html").read_text()
    assert ready("ledger", "verify").code == 0
    ran = ready("queue")
    assert (ran.code, ran.out, ran.talk) == (0, "", "Nothing waits for a person.")


def test_a_damaged_ledger_is_told_and_written_anew(ready: Any, home_path: Path) -> None:
    ready("ledger", "write")
    (home_path / "ledger.csv").write_text("request_id;payer\n")
    ran = ready("ledger", "verify")
    assert ran.code == 3
    assert "priorbot ledger write" in ran.talk
    ready("ledger", "write")
    assert ready("ledger", "verify").code == 0


def test_history_of_an_unknown_request_is_a_usage_error(ready: Any) -> None:
    ran = ready("ledger", "history", "NOBODY")
    assert ran.code == 2
    assert "priorbot status" in ran.talk


def test_a_long_list_is_counted_on_a_terminal_and_whole_as_json(
    ready: Any, monkeypatch: pytest.MonkeyPatch, sample: Path
) -> None:
    monkeypatch.setattr("jobs.commands.shared._MOST_ROWS", 3)
    take_in_sample(ready, sample)
    ran = ready("status", "--offline")
    assert "Where requests stand" in ran.out
    assert "HUSKY-001" not in ran.out
    assert len(ready("status", "--offline", "--json").objects) > 50


def take_in_sample(ready: Any, sample: Path) -> None:
    """Takes the sample into the journal without any portal being set up."""
    assert ready("submit", sample).code == 3


def test_without_a_portal_set_up_every_request_rests_with_a_reason(ready: Any, sample: Path) -> None:
    objects = ready("submit", sample, "--json").objects
    assert {one["status"] for one in objects} == {"needs_person", "not_required", "rejected", "waiting"}
    for one in objects:
        assert one["status_reason"], one["request_id"]
        if one["status"] in ("needs_person", "rejected", "waiting"):
            assert one["next_action"], one["request_id"]
    assert "HUSKY-001" in {one["request_id"] for one in ready("queue", "--json").objects}


def test_a_request_whose_portal_has_no_bot_is_a_person_s_and_says_so(
    ready: Any, sample: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(PORTALS, "carepartners")
    objects = {one["request_id"]: one for one in ready("submit", sample, "--json").objects}
    one = objects["CPCT-004"]
    assert (one["portal"], one["status"]) == ("carepartners", "needs_person")
    assert "cannot drive carepartners yet" in one["status_reason"]
    assert "by hand" in one["next_action"]


def test_lists_can_be_filtered(ready: Any, sample: Path) -> None:
    take_in_sample(ready, sample)
    assert {one["payer"] for one in ready("status", "--offline", "--json", "--payer", "bcbsma").objects} == {"bcbsma"}
    assert {one["portal"] for one in ready("status", "--offline", "--json", "--portal", "evicore").objects} == {"evicore"}
    assert {one["status"] for one in ready("queue", "--json", "--state", "rejected").objects} == {"rejected"}


def test_the_same_file_again_changes_nothing_and_another_row_of_an_id_is_refused(
    ready: Any, sample: Path, home_path: Path
) -> None:
    take_in_sample(ready, sample)
    before = (home_path / "ledger.csv").read_bytes()
    ran = ready("submit", sample)
    assert "0 requests are new" in ran.talk
    assert (home_path / "ledger.csv").read_bytes() == before
    changed = sample.read_text(encoding="utf-8").replace("husky_a", "husky_b")
    sample.write_text(changed, encoding="utf-8")
    ran = ready("submit", sample)
    assert "were refused" in ran.talk
    assert ran.code == 3


def test_a_person_releases_a_request(ready: Any, sample: Path) -> None:
    take_in_sample(ready, sample)
    assert ready("queue", "--release", "HUSKY-032").code == 3
    assert "HUSKY-032" not in {one["request_id"] for one in ready("queue", "--json").objects}
    assert ready("queue", "--release", "NOBODY").code == 2


def test_history_tells_what_happened(ready: Any, sample: Path) -> None:
    take_in_sample(ready, sample)
    ran = ready("ledger", "history", "CPCT-011")
    assert ran.code == 0
    assert [word in ran.out for word in ("accepted", "routed", "waiting")] == [True] * 3
    assert [one["body"]["kind"] for one in ready("ledger", "history", "CPCT-011", "--json").objects][:2] == [
        "accepted",
        "routed",
    ]


def test_verify_wants_a_request_and_a_finding_together(ready: Any) -> None:
    for words in (("HUSKY-001",), ("--reference", "1"), ("HUSKY-001", "--reference", "1", "--not-accepted")):
        assert ready("verify", *words).code == 2
    ran = ready("verify", "HUSKY-001", "--not-accepted")
    assert ran.code == 2
    assert "Nothing is uncertain" in ran.talk
    assert ready("verify").code == 0


# --- endings ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (PortalDown("clear_coverage", what="503"), 4),
        (PasswordRejected("clear_coverage", account="a", secret="s"), 3),
        (Uncertain("clear_coverage", what="time out"), 5),
        (RuntimeError("Zzcanaryson 001234567"), 1),
        (OSError(28, "No space left on device"), 1),
    ],
)
def test_every_failure_is_one_sentence_with_its_code(
    ready: Any, monkeypatch: pytest.MonkeyPatch, error: Exception, code: int
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("jobs.engine.Engine.write_report", fail)
    ran = ready("report")
    assert ran.code == code
    assert "Traceback" not in ran.talk
    assert "Zzcanaryson" not in ran.talk
    assert ". " in ran.talk


@pytest.mark.parametrize(
    ("statuses", "code"),
    [
        ((), 0),
        ((Status.SUBMITTED, Status.APPROVED, Status.NOT_REQUIRED), 0),
        ((Status.SUBMITTED, Status.NEEDS_PERSON), 3),
        ((Status.REJECTED,), 3),
        ((Status.NEEDS_PERSON, Status.UNCERTAIN), 5),
    ],
)
def test_the_exit_code_is_that_of_the_worst(statuses: tuple[Status, ...], code: int) -> None:
    from types import SimpleNamespace

    from jobs.commands.shared import code_of

    found = [
        SimpleNamespace(
            status=status,
            error_code="",
            next_action="x" if status in (Status.NEEDS_PERSON, Status.REJECTED) else "",
            waiting_until=None,
            request=None,
        )
        for status in statuses
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("jobs.attention.find_task", lambda snapshot: snapshot.next_action)
        assert code_of(found) == code  # type: ignore[arg-type]
