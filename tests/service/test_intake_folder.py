"""The watched folder: whole files only, each once, moved aside; what is bad stays readable with its reason."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from bots.model import Status
from fixtures.samples.make_requests import write_sample
from jobs.intake_folder import SETTLED, IntakeFolder
from jobs.journal_schema import JournalUnavailable


@pytest.fixture
def inbox(practice: Any) -> Path:
    folder = practice.home.path / "inbox"
    folder.mkdir()
    return folder


@pytest.fixture
def look(practice: Any) -> Callable[[], Any]:
    """One look, after everything has had the time to settle."""
    watched: IntakeFolder = practice.engine.watched_folder()

    def one() -> Any:
        practice.clock.advance(seconds=SETTLED.total_seconds() + 1)
        return watched.look()

    return one


def drop(folder: Path, name: str = "today.csv") -> Path:
    path = folder / name
    write_sample(path, date(2026, 3, 2))
    return path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def test_a_file_is_taken_once_it_is_whole_and_moved_aside(practice: Any, inbox: Path, look: Callable[[], Any]) -> None:
    drop(inbox)
    assert look() == (), "seen for the first time: it may still be written"
    (taken,) = look()
    assert taken.new == taken.requests > 5
    assert [path for path in inbox.iterdir() if path.is_file()] == []
    assert [name.endswith("-today.csv") for name in names(inbox / "taken")] == [True]
    assert len(list(practice.engine.journal.snapshots())) == taken.new
    assert look() == ()


def test_a_file_that_still_grows_waits(inbox: Path, look: Callable[[], Any]) -> None:
    path = drop(inbox)
    for _ in range(4):
        assert look() == ()
        with path.open("ab") as file:
            file.write(b"\n")
    assert look() == ()
    assert len(look()) == 1


@pytest.mark.parametrize("name", [".today.csv", "~$today.xlsx", "today.csv.part", "today.tmp", "notes.pdf"])
def test_what_is_no_finished_file_of_requests_is_left_alone(inbox: Path, look: Callable[[], Any], name: str) -> None:
    drop(inbox, name)
    assert [look(), look()] == [(), ()]
    assert (inbox / name).exists()


def test_the_same_file_again_changes_nothing(practice: Any, inbox: Path, look: Callable[[], Any]) -> None:
    drop(inbox)
    look()
    look()
    before = practice.engine.journal.head()
    drop(inbox)
    look()
    (taken,) = look()
    assert taken.new == 0
    assert practice.engine.journal.head() == before
    assert len(names(inbox / "taken")) == 2


def test_a_file_that_cannot_be_used_is_put_aside_with_its_reason(inbox: Path, look: Callable[[], Any]) -> None:
    (inbox / "holiday.csv").write_bytes(b"\x00\x01" * 500)
    look()
    (taken,) = look()
    assert "was not taken in" in taken.why
    kept = names(inbox / "refused")
    assert [name.endswith(("holiday.csv", "holiday.csv.why.txt")) for name in kept] == [True, True]
    assert "was not taken in" in (inbox / "refused" / kept[1]).read_text("utf-8")


def test_bad_rows_land_in_rejects_and_the_good_ones_go_on(practice: Any, inbox: Path, look: Callable[[], Any]) -> None:
    path = drop(inbox)
    lines = path.read_text("utf-8").splitlines()
    path.write_text("\n".join([*lines, lines[-1].replace(",", ",#", 8)]) + "\n", "utf-8")
    look()
    (taken,) = look()
    assert taken.rejected >= 1
    assert taken.new >= 5
    assert names(practice.home.rejects)


def test_while_the_journal_cannot_be_written_the_file_stays(
    practice: Any, inbox: Path, look: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(inbox)
    look()

    def full(*_: object, **__: object) -> None:
        raise JournalUnavailable

    with monkeypatch.context() as patch:
        patch.setattr("jobs.take_in.give_way", full)
        with pytest.raises(JournalUnavailable):
            look()
    assert (inbox / "today.csv").exists()
    (taken,) = look()
    assert {each.status for each in practice.engine.journal.snapshots()} <= set(Status)
    assert taken.requests > 5


def test_no_name_of_a_file_stands_in_what_the_log_is_told(inbox: Path, look: Callable[[], Any], quiet_logs: list[Any]) -> None:
    drop(inbox, "zzcanaryson.csv")
    look()
    look()
    assert quiet_logs
    assert "zzcanaryson" not in str(quiet_logs)
