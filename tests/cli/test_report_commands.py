"""``priorbot report``: the home's own report, reports of other days, and what is sent of them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from jobs.engine import Engine
from jobs.home import Home


def test_the_home_s_own_report_has_two_twins(ready: Any, home_path: Path) -> None:
    ran = ready("report")
    assert ran.code == 0
    assert "Open it in a browser" in ran.talk
    home = Home(home_path)
    for end in ("html", "xlsx", "json"):
        assert home.report_html.with_suffix(f".{end}").stat().st_mode & 0o777 == 0o600


def test_a_report_of_other_days_is_named_by_them(ready: Any, home_path: Path, tmp_path: Path) -> None:
    assert ready("report", "--period", "month", "--from", "2026-01-31", "--payer", "husky").code == 0
    assert (home_path / "reports" / "report-month-2026-01-31-husky.html").exists()
    ran = ready("report", "--period", "day", "--from", "2026-02-01", "--out", tmp_path / "out", "--json")
    assert ran.objects == [
        {"files": [str(tmp_path / "out" / f"report-day-2026-02-01.{end}") for end in ("html", "xlsx", "json")]}
    ]


def test_json_alone_prints_the_values_and_writes_nothing(ready: Any, home_path: Path) -> None:
    (values,) = ready("report", "--period", "week", "--from", "2026-02-02", "--json").objects
    assert values["scope"]["period"]["last"] == "2026-02-08"
    assert values["standing"]["requests"] == 0
    assert not Home(home_path).report_html.exists()


@pytest.mark.parametrize("words", [("--period", "year"), ("--from", "02/01/2026")])
def test_what_cannot_be_read_is_told(ready: Any, words: tuple[str, str]) -> None:
    assert ready("report", *words).code == 2


def test_nothing_is_sent_without_a_target(ready: Any) -> None:
    ran = ready("report", "send")
    assert ran.code == 2
    assert "names no target" in ran.talk


@pytest.mark.parametrize(("taken", "code"), [(True, 0), (False, 3)])
def test_a_report_is_sent_to_every_target_in_counts(
    ready: Any, home_path: Path, monkeypatch: pytest.MonkeyPatch, taken: bool, code: int
) -> None:
    given: list[tuple[str, str]] = []

    async def send(address: str, text: str) -> bool:
        given.append((address, text))
        return taken

    monkeypatch.setattr("jobs.alerts.send_by_apprise", send)
    config = Home(home_path).config_file
    config.write_text(config.read_text("utf-8") + '\n[notify]\ntargets = ["desk"]\n', encoding="utf-8")
    assert ready("vault", "set", "notify.desk", given="json://127.0.0.1:9/\n").code == 0
    ran = ready("report", "send", "--period", "week", "--json")
    assert ran.code == code
    ((address, text),) = given
    assert address == "json://127.0.0.1:9/"
    assert "Weekly report of Sample Practice" in text
    (sent,) = ran.objects
    assert sent["page"] in text
    assert Path(sent["page"]).exists()
    assert (sent["taken"], sent["refused"]) == (["desk"], []) if taken else ([], ["desk"])


def test_old_reports_go_with_the_retention_time(ready: Any, home_path: Path) -> None:
    home = Home(home_path)
    home.config_file.write_text(home.config_file.read_text("utf-8") + "\n[retention]\ndays = 30\n", encoding="utf-8")
    assert ready("report", "--period", "day").code == 0
    (old, *_) = sorted(home.reports.iterdir())
    os.utime(old, (1_600_000_000, 1_600_000_000))
    from jobs.retention import remove_old

    with Engine.open(home) as engine:
        assert remove_old(engine).files == 1
    assert not old.exists()
    assert len(list(home.reports.iterdir())) == 2
