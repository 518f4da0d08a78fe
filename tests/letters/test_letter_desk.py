"""Every file that comes in is kept first and ends in one state; being killed anywhere loses nothing and doubles nothing."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from bots.evidence import Evidence
from bots.fax.letter_fax import ReadFax
from bots.model import Status
from jobs import fax_letters
from jobs.events import ReadingTaken, Standing
from jobs.fax_letters import LetterDesk, LetterRefused, new_files
from jobs.journal import Journal
from jobs.letter_events import LetterState
from jobs.letter_rows import believed_readings
from jobs.list_belief import Lists
from jobs.reconciling import reconcile_journal

_KILLED = "killed here"


def states(faxes: Any) -> list[LetterState]:
    return [letter.state for letter in faxes.desk.letters()]


def decisions(faxes: Any, request_id: str) -> int:
    return sum(type(event.body).__name__ == "ReadingTaken" for event in faxes.engine.journal.events(request_id))


def test_the_same_file_again_is_not_even_read(faxes: Any, build: Any, letter: Any) -> None:
    faxes.submit("R-1", build())
    path = faxes.file("one", letter(build()))
    first, second = faxes.desk.receive(path), faxes.desk.receive(path)
    assert (first.is_new, second.is_new, faxes.times_read) == (True, False, 1)
    assert second.letters == first.letters
    assert decisions(faxes, "R-1") == 1


def test_the_same_letter_in_another_fax_changes_nothing(faxes: Any, build: Any, letter: Any) -> None:
    faxes.submit("R-1", build())
    faxes.desk.receive(faxes.file("one", letter(build())))
    again = faxes.desk.receive(faxes.file("two", letter(build())))
    assert again.letters[0].state is LetterState.DUPLICATE
    assert decisions(faxes, "R-1") == 1


def test_where_the_practice_has_not_said_so_a_certain_letter_waits_for_a_person_too(faxes: Any, build: Any, letter: Any) -> None:
    case = build()
    faxes.submit("R-1", case)
    faxes.desk = LetterDesk(faxes.engine.journal, faxes.engine.letters, faxes.engine.vault, faxes.desk._read, updates=False)
    before = faxes.engine.journal.snapshot("R-1")
    (waiting,) = faxes.desk.receive(faxes.file("one", letter(case))).letters
    assert (waiting.state, waiting.request_id, waiting.reasons) == (LetterState.WAITING, "R-1", ("not_by_itself",))
    assert faxes.engine.journal.snapshot("R-1") == before
    faxes.desk.accept(waiting.letter_id, "Lee")
    assert faxes.engine.journal.snapshot("R-1").status is Status.APPROVED


def test_the_same_letter_twice_in_one_fax_changes_nothing(faxes: Any, build: Any, letter: Any) -> None:
    faxes.submit("R-1", build())
    both = faxes.desk.receive(faxes.file("one", letter(build()), letter(build(), pages=(1,))))
    assert [one.state for one in both.letters] == [LetterState.UPDATED, LetterState.DUPLICATE]
    assert decisions(faxes, "R-1") == 1


def test_several_letters_of_one_fax_each_find_their_request(faxes: Any, build: Any, letter: Any) -> None:
    other = build(member_id="002222222", reference_no="CC100000002", authorization_no="A100000002")
    faxes.submit("R-1", build())
    faxes.submit("R-2", other)
    both = faxes.desk.receive(faxes.file("one", letter(build()), letter(other, pages=(1,))))
    assert [one.request_id for one in both.letters] == ["R-1", "R-2"]
    assert {faxes.engine.journal.snapshot(one).status for one in ("R-1", "R-2")} == {Status.APPROVED}


@pytest.mark.parametrize("code", ["cut_off", "bomb", "too_many_pages", "encrypted", "no_letter", "ocr_failed"])
def test_a_file_that_cannot_be_read_is_kept_and_waits_for_a_person(faxes: Any, code: str) -> None:
    path = faxes.file("bad", unreadable=code)
    letter = faxes.desk.receive(path, remove=True).letters[0]
    assert (letter.state, letter.reasons) == (LetterState.UNREADABLE, (code,))
    assert not path.exists()
    assert faxes.engine.letters.read(letter.original) == b"fax bad"
    assert [event.body for event in faxes.engine.journal.events("")][-1].letters == (letter,)


def test_a_file_too_large_for_a_fax_is_noted_and_left_where_it_is(faxes: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fax_letters, "MAX_BYTES", 4)
    path = faxes.file("huge", unreadable="too_large")
    faxes.known[b"fax h"] = ReadFax(unreadable="too_large")
    letter = faxes.desk.receive(path, remove=True).letters[0]
    assert (letter.state, letter.original) == (LetterState.UNREADABLE, "")
    assert path.exists()


def test_a_mistake_of_ours_in_one_fax_does_not_keep_the_others_waiting(faxes: Any, build: Any, letter: Any) -> None:
    path = faxes.file("odd")
    del faxes.known[b"fax odd"]  # the reader raises KeyError
    assert faxes.desk.receive(path).letters[0].reasons == ("reading_failed",)


def test_nothing_of_a_patient_lies_open(faxes: Any, build: Any, letter: Any) -> None:
    faxes.submit("R-1", build())
    faxes.desk.receive(faxes.file("one", letter(build(last_name="Zzcanary"))))
    files = [path for path in faxes.engine.home.letters.rglob("*") if path.is_file()]
    assert len(files) == 3
    assert all(b"canary" not in path.read_bytes().lower() and b"fax one" not in path.read_bytes() for path in files)
    assert all(path.stat().st_mode & 0o077 == 0 for path in files if os.name == "posix")


# --- trouble -------------------------------------------------------------------------------------------------------


class _Killed(BaseException):
    """The process is gone."""


def _dies_at(step: int) -> Any:
    """Wraps functions so that the process dies at the step-th call of any of them, before or after it did its work."""
    count = iter(range(1_000))

    def wrap(function: Any) -> Any:
        def call(*args: Any, **more: Any) -> Any:
            if next(count) == step:
                raise _Killed
            done = function(*args, **more)
            if next(count) == step:
                raise _Killed
            return done

        return call

    return wrap


@pytest.mark.parametrize("step", range(16))
def test_killed_at_any_step_and_run_again_nothing_is_lost_and_nothing_doubled(
    faxes: Any, build: Any, letter: Any, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    faxes.submit("R-1", build())
    path = faxes.file("one", letter(build()))
    with monkeypatch.context() as patch:
        wrap = _dies_at(step)
        patch.setattr(Evidence, "store", wrap(Evidence.store))
        patch.setattr(LetterDesk, "_read_safely", wrap(LetterDesk._read_safely))
        patch.setattr(Journal, "write", wrap(Journal.write))
        patch.setattr(Path, "unlink", wrap(Path.unlink))
        try:
            faxes.desk.receive(path, remove=True)
            died = False
        except _Killed:
            died = True
    assert died or step >= 14
    again = [*faxes.desk.go_on()]
    if path.exists():
        again.append(faxes.desk.receive(path, remove=True))
    assert states(faxes) == [LetterState.UPDATED]
    assert decisions(faxes, "R-1") == 1
    assert not path.exists()
    kept = [name.split("-")[0] for name in os.listdir(faxes.engine.home.letters)]  # noqa: PTH208
    assert sorted(kept) == ["fax", "letter", "page"]


def test_a_full_disk_leaves_the_file_and_says_so(faxes: Any, build: Any, letter: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    faxes.submit("R-1", build())
    path = faxes.file("one", letter(build()))

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("bots.evidence.write_private", full)
        with pytest.raises(OSError, match="No space"):
            faxes.desk.receive(path, remove=True)
    assert path.exists()
    assert states(faxes) == []
    assert faxes.desk.receive(path, remove=True).letters[0].state is LetterState.UPDATED


def test_the_rows_of_letters_follow_from_the_history(faxes: Any, build: Any, letter: Any) -> None:
    faxes.submit("R-1", build())
    faxes.desk.receive(faxes.file("one", letter(build()), letter(build(member_id="003333333"), pages=(1,))))
    faxes.desk.refuse(states_of_waiting(faxes)[0], "Ada Testmaple")
    assert faxes.engine.journal.rebuild()


def states_of_waiting(faxes: Any) -> list[str]:
    return [letter.letter_id for letter in faxes.desk.letters() if letter.state is LetterState.WAITING]


def test_files_that_are_still_written_and_other_files_are_left(tmp_path: Path) -> None:
    for name, age in (("old.tif", 100), ("new.tif", 5), ("older.PDF", 200), ("seqf", 500), (".hidden.tif", 500)):
        path = tmp_path / name
        path.write_bytes(b"x")
        os.utime(path, (1_000_000 - age, 1_000_000 - age))
    files, unsettled = new_files(tmp_path, now=1_000_000)
    assert ([path.name for path in files], unsettled) == (["older.PDF", "old.tif"], 1)


# --- a person ------------------------------------------------------------------------------------------------------


def test_a_person_puts_right_what_was_misread_and_the_request_follows(faxes: Any, build: Any, letter: Any, field: Any) -> None:
    faxes.submit("R-1", build())
    doubtful = letter(build(), field("authorization_no", "A100000007", "A100000001", ""))
    waiting = faxes.desk.receive(faxes.file("one", doubtful)).letters[0]
    settled = faxes.desk.accept(waiting.letter_id, "Ada Testmaple", given={"authorization_no": "A100000001"})
    assert (settled.state, settled.who) == (LetterState.ACCEPTED, "Ada Testmaple")
    now = faxes.engine.journal.snapshot("R-1")
    assert (now.status, now.reading.authorization_no) == (Status.APPROVED, "A100000001")
    with pytest.raises(LetterRefused, match="waits for nobody"):
        faxes.desk.accept(waiting.letter_id, "Ada Testmaple")


def test_a_value_that_no_reading_agreed_on_must_be_given(faxes: Any, build: Any, letter: Any, field: Any) -> None:
    faxes.submit("R-1", build())
    waiting = faxes.desk.receive(faxes.file("one", letter(build(), without=("authorization_no",)))).letters[0]
    with pytest.raises(LetterRefused, match="--set authorization_no=VALUE"):
        faxes.desk.accept(waiting.letter_id, "Ada Testmaple")
    with pytest.raises(LetterRefused, match="no authorization no of this payer"):
        faxes.desk.accept(waiting.letter_id, "Ada Testmaple", given={"authorization_no": "A1"})
    assert faxes.engine.journal.snapshot("R-1").status is Status.SUBMITTED


def test_what_cannot_be_true_is_refused_from_a_person_too(faxes: Any, build: Any, letter: Any) -> None:
    faxes.submit("R-1", build())
    waiting = faxes.desk.receive(faxes.file("one", letter(build(), doubts=("page_missing",)))).letters[0]
    with pytest.raises(LetterRefused, match="cannot be true"):
        faxes.desk.accept(waiting.letter_id, "Ada Testmaple", given={"decided_on": "12/31/2027"})


def test_a_letter_that_is_put_aside_changes_no_request(faxes: Any, build: Any, letter: Any) -> None:
    faxes.submit("R-1", build())
    waiting = faxes.desk.receive(faxes.file("one", letter(build(), doubts=("page_missing",)))).letters[0]
    assert faxes.desk.refuse(waiting.letter_id, "Ada Testmaple").state is LetterState.REFUSED
    assert faxes.engine.journal.snapshot("R-1").status is Status.SUBMITTED


def _read_on_portal(faxes: Any, request_id: str, status: Status) -> None:
    """The portal's page says this of the case, after the letter."""
    snapshot = faxes.engine.journal.snapshot(request_id)
    lines = tuple(replace(line, status=status, status_raw=str(status)) for line in snapshot.reading.lines)
    reading = replace(snapshot.reading, status=status, status_raw=str(status), lines=lines, letter="")
    with faxes.engine.journal.write() as write:
        write.append(request_id, ReadingTaken(reading=reading, standing=Standing(status=status)))


@pytest.mark.parametrize(("on_portal", "told"), [(Status.APPROVED, []), (Status.DENIED, ["letter_differs"])])
def test_what_a_faxed_letter_said_is_held_against_the_portals_page(
    faxes: Any, build: Any, letter: Any, on_portal: Status, told: list[str]
) -> None:
    faxes.submit("R-1", build())
    faxes.desk.receive(faxes.file("one", letter(build())))
    _read_on_portal(faxes, "R-1", on_portal)
    found = reconcile_journal(faxes.engine.journal, Lists(), faxes.engine.now())
    assert [kind for kind in found.exceptions["kind"] if kind.startswith("letter")] == told


def test_a_letter_that_waits_for_a_person_says_nothing_to_the_books(faxes: Any, build: Any, letter: Any) -> None:
    faxes.submit("R-1", build())
    faxes.desk = LetterDesk(faxes.engine.journal, faxes.engine.letters, faxes.engine.vault, faxes.desk._read, updates=False)
    (waiting,) = faxes.desk.receive(faxes.file("one", letter(build()))).letters
    with faxes.engine.journal.read() as connection:
        assert believed_readings(connection) == ()
    faxes.desk.accept(waiting.letter_id, "Lee")
    with faxes.engine.journal.read() as connection:
        ((owner, reading),) = believed_readings(connection)
    assert (owner, reading.letter, reading.status) == ("R-1", waiting.letter_id, Status.APPROVED)
