"""The demo's own parts: its folder, its days, and its comparison of the journal with the world."""

from __future__ import annotations

import csv
import io
import re
import subprocess
import sys
from datetime import date, datetime, timedelta
from operator import itemgetter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.samples.make_requests import write_sample
from jobs.demo_home import (
    CHECK_WRITES,
    DESKS,
    MARK,
    after_next_check_write,
    first_morning,
    fresh_home,
    write_part,
)
from jobs.demo_truth import compare
from jobs.home import Home, HomeError
from jobs.ledger import read_ledger


def test_a_demo_home_is_made_anew_each_time(tmp_path: Path) -> None:
    home = fresh_home(tmp_path / "demo-home")
    (home.path / "journal.db").write_text("old")
    again = fresh_home(tmp_path / "demo-home")
    assert (again.path / MARK).exists()
    assert not again.journal_file.exists()


def test_a_folder_that_is_no_demo_home_is_never_emptied(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir(mode=0o700)
    (mine / "journal.db").write_text("precious")
    with pytest.raises(HomeError, match="Nothing was touched"):
        fresh_home(mine)
    assert (mine / "journal.db").read_text() == "precious"


@given(st.dates(min_value=date(2026, 1, 1), max_value=date(2046, 12, 31)))
def test_the_demo_s_weeks_are_over_by_today_and_hold_two_check_writes(today: date) -> None:
    start = first_morning(today)
    end = after_next_check_write(start)
    days = [(start + timedelta(days=n)).date() for n in range((end - start).days)]
    assert [day.day for day in days if day.day in CHECK_WRITES] in ([10, 25], [25, 10])
    assert end.date() < today


def test_the_two_files_hold_every_row_of_the_sample_once(tmp_path: Path) -> None:
    home = Home(tmp_path / "home").create()
    day = datetime.fromisoformat("2026-03-02T09:00-05:00")
    write_sample(tmp_path / "all.csv", day.date())

    def rows(path: Path) -> list[dict[str, str]]:
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    first = rows(write_part(home, "first.csv", day, later=False))
    second = rows(write_part(home, "second.csv", day, later=True))
    assert not {row["request_id"] for row in first} & {row["request_id"] for row in second}
    by_id = itemgetter("request_id")
    assert sorted((*first, *second), key=by_id) == sorted(rows(tmp_path / "all.csv"), key=by_id)
    assert len({row["request_id"] for row in first}) >= 50
    assert len(first) + len(second) >= 60


def accepted(**changes: Any) -> dict[str, Any]:
    given = {
        "reference_no": "CC1",
        "portal": "clear_coverage",
        "our_reference": "R-1",
        "member_id": "001234567",
        "authorization_no": "",
    }
    lines = [{"code": "E0114", "from_date": "2026-03-01", "units": 2}]
    return given | {"lines": lines} | changes


def kept(**changes: Any) -> Any:
    line = SimpleNamespace(service_code="E0114", from_date=date(2026, 3, 1), units=2)
    request = SimpleNamespace(request_id="R-1", payer="husky", member=SimpleNamespace(id="001234567"), lines=(line,))
    return SimpleNamespace(
        **({"request": request, "receipt": SimpleNamespace(reference_no="CC1", portal="clear_coverage")} | changes)
    )


@pytest.mark.parametrize(
    ("ours", "theirs", "differences"),
    [
        ([kept()], [accepted()], []),
        ([], [accepted()], ["CC1: the journal does not have it"]),
        ([kept()], [], ["R-1: the world does not have it"]),
        ([kept()], [accepted(), accepted(reference_no="CC2")], ["CC2: the journal does not have it", "R-1: accepted 2 times"]),
        ([kept()], [accepted(member_id="9")], ["R-1: another member"]),
        ([kept()], [accepted(portal="optum_pro")], ["R-1: another portal"]),
        ([kept()], [accepted(our_reference="R-2")], ["R-1: another own reference"]),
        ([kept()], [accepted(authorization_no="A1")], ["R-1: another authorization number"]),
        ([kept()], [accepted(lines=[{"code": "E0114", "from_date": "2026-03-01", "units": 3}])], ["R-1: another set of lines"]),
    ],
)
def test_what_differs_from_the_world_is_told(
    monkeypatch: pytest.MonkeyPatch, ours: list[Any], theirs: list[Any], differences: list[str]
) -> None:
    monkeypatch.setattr("jobs.demo_truth.ledger_rows", lambda _: (SimpleNamespace(authorization_no=""),))
    assert list(compare(iter(ours), theirs).differences) == differences


@pytest.mark.browser
@pytest.mark.timeout(1200)
def test_the_whole_demo_ends_in_agreement_and_shows_nobody(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from jobs.cli import main; main()", "demo"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=1200,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "The journal agrees with the simulated world" in done.stderr
    home = tmp_path / "demo-home"
    for name in ("report.html", "ledger.csv", "ledger.xlsx", "exceptions.csv"):
        assert (home / name).stat().st_size > 0
        assert name in done.stdout
    rows = list(read_ledger(home / "ledger.csv"))
    assert len({row.request_id for row in rows}) > 60
    assert {"approved", "needs_person", "not_required", "rejected"} <= {row.status for row in rows}
    assert any(row.units_used not in ("", "0") for row in rows)
    assert {"clear_coverage", "provider_connect"} <= {row.portal for row in rows if row.units_used}  # H17, HP6
    with_payer = {row.portal for row in rows if row.reference_no}
    assert with_payer == set(DESKS) - {"husky_secure", "connect_center"}  # which only show units, and coverage
    assert re.search(r"connect_center was asked beside the work what \d\d requests' members are covered for", done.stderr)  # B4
    assert "handed over to optum_pro" in done.stderr  # C6
    assert "authorization_manager itself says that no authorization is required" in done.stderr  # B6
    assert "bluecard leads to a plan that only takes it by telephone" in done.stderr  # B1
    assert "one of twins" in done.stderr
    assert "typed by the demo" in done.stderr

    shown = done.stdout + done.stderr + (home / "report.html").read_text(encoding="utf-8")
    log = "".join(path.read_text(encoding="utf-8") for path in (home / "logs").iterdir())
    assert "pages_changed" not in log
    for file in ("requests.csv", "more-requests.csv"):
        for row in csv.DictReader(io.StringIO((home / file).read_text(encoding="utf-8"))):
            for column in ("member_last_name", "member_first_name", "member_id", "member_dob"):
                if len(row[column]) > 3 and not row[column].startswith("1.2E"):
                    assert not re.search(rf"\b{re.escape(row[column])}\b", shown + log), column
