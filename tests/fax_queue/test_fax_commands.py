"""``priorbot fax``: the queue as staff and programs see it, and what they decide."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from line_double import FileLine
from queue_bench import NUMBER, build_request, open_office, take_in
from typer import Typer
from typer.testing import CliRunner

from bots.fax.model import FaxReason, FaxState, LineLimits
from bots.model import Status, Urgency
from jobs import fallback
from jobs.cli import Guarded
from jobs.commands import faxes
from jobs.engine import Engine
from jobs.fax.desks import Desks
from jobs.home import Home
from jobs.rulebook import load_rulebook

Fax = Callable[..., Any]


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    monkeypatch.setenv("PRIORBOT_HOME", str(tmp_path / "home"))
    with Engine.at(Home(tmp_path / "home")) as engine:
        (engine.home.config_file).write_text("")
        yield engine


@pytest.fixture
def fax(engine: Engine, line: FileLine, monkeypatch: pytest.MonkeyPatch) -> Fax:
    def office(self: Engine, progress: Any = lambda _fax: None) -> Any:
        return open_office(self.journal, self.home.fax, self.vault, line, progress=progress)

    monkeypatch.setattr(Engine, "fax_office", office, raising=False)
    monkeypatch.setattr(Engine, "fax_desks", property(lambda _self: Desks(load_rulebook())), raising=False)
    app = Typer(cls=Guarded)
    faxes.register(app)
    app.command("other")(lambda: None)  # a second command, so that the first keeps its name

    def run(*arguments: object) -> Any:
        return CliRunner().invoke(app, ["fax", *map(str, arguments)])

    return run


@pytest.fixture
def to_fax(engine: Engine) -> Callable[..., None]:
    def make(*request_ids: str, **changes: Any) -> None:
        take_in(engine.journal, ((build_request(each, **changes), NUMBER) for each in request_ids))
        for request_id in request_ids:
            engine.journal.move(request_id, fallback.to_fax(NUMBER, (), "By rule."))

    return make


def objects(result: Any) -> list[dict[str, Any]]:
    return [json.loads(text) for text in result.stdout.splitlines()]


def test_send_works_the_queue_off_and_says_what_it_did(fax: Fax, to_fax: Any, engine: Engine) -> None:
    to_fax("R-1", "R-2")
    sent = fax("send", "--json")
    assert sent.exit_code == 0, sent.stderr
    assert {(each["request_id"], each["state"], each["tries"]) for each in objects(sent)} == {
        ("R-1", "delivered", 1),
        ("R-2", "delivered", 1),
    }
    assert "2 delivered, 0 for a person, 0 still in the queue." in " ".join(sent.stderr.split())
    assert {each.status for each in engine.journal.snapshots()} == {Status.FAXED}
    assert "faxed" in engine.home.ledger_csv.read_text()


def test_list_shows_state_desk_tries_next_try_and_reason(fax: Fax, to_fax: Any, line: FileLine) -> None:
    line.plans[NUMBER].append((FaxState.FAILED, FaxReason.BUSY, 0))
    to_fax("R-1", urgency=Urgency.URGENT)
    assert fax("send").exit_code == 0
    (one,) = objects(fax("list", "--json"))
    assert (one["state"], one["desk"], one["number"], one["tries"]) == ("queued", "CHNCT prior authorization", NUMBER, 1)
    assert (one["reason"], one["why"], one["next_try"][-1]) == ("busy", "the number was busy", "Z")
    assert "001234567" not in fax("list").stdout
    assert "the number was busy" in " ".join(fax("list").stdout.split())
    assert objects(fax("list", "--state", "failed", "--json")) == []
    assert objects(fax("list", "--payer", "bcbsma", "--json")) == []
    assert [each["request_id"] for each in objects(fax("list", "--request", "R-1", "--desk", "chnct_fax", "--json"))] == ["R-1"]


def test_a_word_that_is_no_state_is_answered_with_the_nearest(fax: Fax) -> None:
    refused = fax("list", "--state", "deliverd")
    assert refused.exit_code == 2
    assert "delivered" in refused.stderr


def test_a_failure_asks_for_a_person_and_names_the_command(fax: Fax, to_fax: Any, line: FileLine, engine: Engine) -> None:
    line.plans[NUMBER].append((FaxState.FAILED, FaxReason.BROKEN_OFF, 1))
    to_fax("R-1")
    assert fax("send").exit_code == 3
    assert fax("list").exit_code == 3
    refused = fax("again", "R-1", "--by", "Pat Example")
    assert (refused.exit_code, "--sure" in refused.stderr) == (3, True)
    assert fax("again", "R-1", "--by", "Pat Example", "--sure").exit_code == 0
    assert fax("list").exit_code == 0, "it was sent again since"
    assert fax("send").exit_code == 0
    assert engine.journal.snapshot("R-1").status is Status.FAXED


def test_a_folders_fax_is_confirmed_by_name(fax: Fax, to_fax: Any, line: FileLine, engine: Engine) -> None:
    line.limits = LineLimits(by_person=True)
    line.plans[NUMBER].append((FaxState.WAITING, FaxReason.NONE, 0))
    to_fax("R-1")
    fax("send")
    assert fax("confirm", "R-1", "--by", "Pat Example").exit_code == 2
    assert fax("confirm", "R-1", "--by", "...", "--delivered").exit_code == 2
    assert fax("confirm", "R-1", "--by", "Pat Example", "--failed", "bussy").exit_code == 2
    assert fax("confirm", "R-1", "--by", "Pat Example", "--delivered").exit_code == 0
    assert engine.journal.snapshot("R-1").status is Status.FAXED


def test_cancel_and_show(fax: Fax, to_fax: Any, line: FileLine) -> None:
    line.wrong = "The modem does not answer."
    to_fax("R-1")
    stopped = fax("send")
    assert (stopped.exit_code, "The modem does not answer." in " ".join(stopped.stderr.split())) == (4, True)
    assert fax("cancel", "R-1", "--by", "Pat Example").exit_code == 0
    shown = fax("show", "R-1")
    assert shown.exit_code == 0
    words_shown = " ".join(shown.stdout.split())
    assert "fax queued" in words_shown
    assert "fax ended" in words_shown
    assert fax("cancel", "R-1", "--by", "Pat Example").exit_code == 3
    assert fax("show", "R-9").exit_code == 3


def test_an_uncertain_one_ends_with_its_own_code(fax: Fax, to_fax: Any, line: FileLine) -> None:
    line.plans[NUMBER].append((FaxState.UNKNOWN, FaxReason.NONE, 0))
    to_fax("R-1")
    assert fax("send").exit_code == 5
    assert fax("list").exit_code == 5
