"""Back-up and return: the home is lost, and comes back; what may have been sent since is looked up, and nothing is sent twice."""

from __future__ import annotations

import io
import os
import secrets
import shutil
import tarfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from protocol_double import PORTAL

from bots.keys import KEY_VARIABLE, EnvironmentKey, KeyFile, generate_key
from bots.model import Status
from bots.vault import Vault
from jobs.backup import SUFFIX, BackupError, backup_home, check_backup, is_inside, last_backup, secret_of, unpack, work_folder
from jobs.home import Home
from jobs.restore import RESTORED, restore_home
from jobs.sealed_stream import PIECE, OpeningReader, SealingWriter, StreamDamaged, file_key, new_header, read_header


async def submitted(practice: Any, *request_ids: str) -> None:
    from jobs.dispatch import submit_due

    practice.take_in(*request_ids)
    async with practice.office(lambda _outcome: None) as office:
        await submit_due(office)


def lose(practice: Any) -> None:
    practice.close()
    shutil.rmtree(practice.home.path)


def back_up(practice: Any, folder: Path, keep: int = 5) -> Path:
    made = backup_home(practice.engine, folder, keep=keep)
    practice.clock.advance(minutes=1)
    return made.path


async def test_a_lost_home_comes_back_whole(practice: Any, tmp_path: Path) -> None:
    await submitted(practice, "R-1", "R-2")
    practice.engine.vault.set("portals.clear_coverage.north.password", "Sesame-17")
    receipt = practice.engine.evidence.store("receipt", "R-1", b"a page")
    practice.engine.write_ledger()
    ledger, head = practice.home.ledger_csv.read_bytes(), practice.engine.journal.head()
    file = back_up(practice, tmp_path / "safe")
    lose(practice)

    result = restore_home(file, practice.home, now=practice.clock)
    again = type(practice)(practice.home.path, clock=practice.clock, truth=practice.truth)
    assert (result.doubted, result.stopped) == (0, ())
    assert [each.status for each in again.engine.journal.snapshots()] == [Status.SUBMITTED] * 2
    assert result.manifest.head == head[1]
    assert again.engine.journal.verify_chain() > head[0]
    assert again.engine.journal.rebuild()
    assert again.engine.vault.get("portals.clear_coverage.north.password").reveal() == "Sesame-17"
    assert again.engine.evidence.read(receipt) == b"a page"
    assert again.home.ledger_csv.read_bytes() == ledger
    assert not [path for path in again.home.path.rglob("*") if path.stat().st_mode & 0o077]
    again.close()


async def test_what_was_sent_after_the_backup_is_found_and_not_sent_twice(practice: Any, tmp_path: Path) -> None:
    from protocol_double import check_truth, settle

    practice.take_in("R-1", "R-2", "R-3")
    file = back_up(practice, tmp_path / "safe")
    await submitted(practice, "R-4")  # after the back-up all four are sent, the home is lost
    assert practice.truth.accepted_count() == {"R-1": 1, "R-2": 1, "R-3": 1, "R-4": 1}
    lose(practice)
    practice.clock.advance(hours=1)

    result = restore_home(file, practice.home, now=practice.clock)
    assert result.doubted == 3
    assert "priorbot verify" in " ".join(result.sentences)
    again = type(practice)(practice.home.path, clock=practice.clock, truth=practice.truth)
    assert {each.status for each in again.engine.journal.snapshots()} == {Status.UNCERTAIN}
    again.take_in("R-4")  # its file is put in once more, because the home does not know it
    async with again.office(lambda _outcome: None) as office:
        await settle(office, practice.clock)
    assert practice.truth.accepted_count() == {"R-1": 1, "R-2": 1, "R-3": 1, "R-4": 1}
    assert {each.status for each in again.engine.journal.snapshots()} == {Status.SUBMITTED}
    check_truth(again.engine.journal, practice.truth)
    again.close()


async def test_what_was_not_sent_since_is_sent_once_it_was_looked_for_twice(practice: Any, tmp_path: Path) -> None:
    from protocol_double import settle

    practice.take_in("R-1")
    file = back_up(practice, tmp_path / "safe")
    lose(practice)
    restore_home(file, practice.home, now=practice.clock)
    again = type(practice)(practice.home.path, clock=practice.clock, truth=practice.truth)
    async with again.office(lambda _outcome: None) as office:
        await settle(office, practice.clock)
    assert practice.truth.accepted_count() == {"R-1": 1}
    told = [type(event.body).__name__ for event in again.engine.journal.events("R-1")]
    assert told[2:7] == ["Began", "Doubted", "Looked", "Moved", "Ended"], "looked for, and after a quiet period once more"
    again.close()


def test_a_portal_without_history_is_stopped_until_a_person_looked(make_practice: Callable[..., Any], tmp_path: Path) -> None:
    home = Home(tmp_path / "drugs").create()
    home.config_file.write_text('[portals.promptpa]\nbase_url = "http://127.0.0.1:1"\n')
    practice = make_practice(path=home.path)
    file = back_up(practice, tmp_path / "safe")
    lose(practice)
    result = restore_home(file, home, now=practice.clock)
    assert result.stopped == ("promptpa",)
    again = type(practice)(home.path, clock=practice.clock)
    (stopped,) = again.engine.portal_states.disabled("promptpa")
    assert stopped.error_code == RESTORED
    again.close()


def test_a_home_that_lives_is_never_touched(practice: Any, tmp_path: Path) -> None:
    practice.take_in("R-1")
    file = back_up(practice, tmp_path / "safe")
    before = practice.engine.journal.head()
    with pytest.raises(BackupError, match="There is something in"):
        restore_home(file, practice.home, now=practice.clock)
    assert practice.engine.journal.head() == before


def test_with_a_passphrase_the_key_comes_back_too(practice: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.sealed_stream.SCRYPT_WORK", 2**10)
    practice.engine.vault.set("backup.passphrase", "a long sentence that only we know")
    practice.engine.vault.set("portals.clear_coverage.north.password", "Sesame-17")
    file = back_up(practice, tmp_path / "safe")
    lose(practice)
    monkeypatch.delenv(KEY_VARIABLE)  # the machine with its key is gone
    keys = KeyFile(tmp_path / "new-machine" / "keys")
    monkeypatch.setattr("jobs.restore.default_key_file", lambda: keys.path)
    with pytest.raises(BackupError, match="opens with a passphrase"):
        restore_home(file, practice.home, now=practice.clock, keys=keys)
    with pytest.raises(StreamDamaged):
        restore_home(file, practice.home, now=practice.clock, passphrase="a guess", keys=keys)
    assert not practice.home.path.exists()
    restore_home(file, practice.home, now=practice.clock, passphrase="a long sentence that only we know", keys=keys)
    vault = Vault.open(practice.home.vault_file, keys)
    assert vault.get("portals.clear_coverage.north.password").reveal() == "Sesame-17"


def test_without_the_key_it_opens_for_nobody(practice: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    practice.take_in("R-1")
    file = back_up(practice, tmp_path / "safe")
    lose(practice)
    monkeypatch.setenv(KEY_VARIABLE, generate_key())
    with pytest.raises(BackupError, match="no key that fits"):
        restore_home(file, practice.home, now=practice.clock, keys=EnvironmentKey())
    assert not practice.home.path.exists()
    assert list(tmp_path.glob(".home.restoring-*")) == []


def test_nothing_of_a_patient_can_be_read_in_it(practice: Any, tmp_path: Path) -> None:
    practice.take_in("R-1")
    data = back_up(practice, tmp_path / "safe").read_bytes()
    for canary in (b"Zzcanaryson", b"Qwertha", b"journal.db", b"manifest"):
        assert canary not in data


@pytest.mark.parametrize("how", ["flip", "cut", "swap", "more"])
def test_a_damaged_backup_is_refused_wherever_the_damage_is(practice: Any, tmp_path: Path, how: str) -> None:
    practice.home.rejects.joinpath("big.csv").write_bytes(secrets.token_bytes(4 * PIECE))
    file = back_up(practice, tmp_path / "safe")
    whole = file.read_bytes()
    secret = secret_of(practice.engine, file)
    piece, start = PIECE + 16, len(whole) // 2
    damaged = {
        "flip": whole[:start] + bytes([whole[start] ^ 1]) + whole[start + 1 :],
        "cut": whole[: -(len(whole) % 1000 + 1)],
        "swap": whole[: -3 * piece] + whole[-2 * piece : -piece] + whole[-3 * piece : -2 * piece] + whole[-piece:],
        "more": whole + b"x",
    }[how]
    file.write_bytes(damaged)
    with work_folder(practice.home.path) as work, pytest.raises((BackupError, StreamDamaged)):
        check_backup(file, secret, "", work)
    with pytest.raises((BackupError, StreamDamaged)):
        restore_home(file, Home(tmp_path / "other"), now=practice.clock)
    assert not (tmp_path / "other").exists()


def test_a_disk_that_writes_something_else_is_noticed_at_once(
    practice: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is read again before it counts, and the ones before stay."""
    first = back_up(practice, tmp_path / "safe", keep=1)
    real = SealingWriter._put

    def lies(self: SealingWriter, data: bytes) -> None:
        real(self, data)
        if self._place == 0 and len(data) > 200:
            self._file.seek(-1, io.SEEK_CUR)
            self._file.write(b"?")

    monkeypatch.setattr(SealingWriter, "_put", lies)
    with pytest.raises(BackupError):
        backup_home(practice.engine, tmp_path / "safe", keep=1)
    assert list((tmp_path / "safe").iterdir()) == [first]


def test_a_full_disk_leaves_the_backups_before_and_one_sentence(
    practice: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = back_up(practice, tmp_path / "safe")

    def full(_self: object, _data: bytes) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(SealingWriter, "_put", full)
    with pytest.raises(BackupError, match="No space left"):
        backup_home(practice.engine, tmp_path / "safe", keep=1)
    assert list((tmp_path / "safe").iterdir()) == [first]
    assert not list(practice.home.path.glob(".backup-*"))


def test_only_the_newest_are_kept_and_the_journal_knows_of_each(practice: Any, tmp_path: Path) -> None:
    assert last_backup(practice.engine.journal) is None
    made = [back_up(practice, tmp_path / "safe", keep=2) for _ in range(4)]
    assert sorted((tmp_path / "safe").glob(f"*{SUFFIX}")) == made[-2:]
    assert last_backup(practice.engine.journal) == practice.clock() - timedelta(minutes=1)


def test_a_journal_on_a_database_elsewhere_is_kept_by_its_events(make_practice: Callable[..., Any], tmp_path: Path) -> None:
    """As with PostgreSQL: no dump program is needed, the history brings everything else back."""
    home = Home(tmp_path / "office").create()
    home.config_file.write_text(f'[database]\nurl = "sqlite:///{tmp_path / "elsewhere.db"}"\n')
    practice = make_practice(path=home.path)
    practice.take_in("R-1", "R-2")
    file = back_up(practice, tmp_path / "safe")
    lose(practice)
    alive = restore_home(file, home, now=practice.clock)
    assert alive.kept_database, "the database lives: nothing is lost, nothing is doubted"

    shutil.rmtree(home.path)
    (tmp_path / "elsewhere.db").unlink()
    result = restore_home(file, home, now=practice.clock)
    assert result.doubted == 2
    again = type(practice)(home.path, clock=practice.clock)
    assert {each.status for each in again.engine.journal.snapshots(portal=PORTAL)} == {Status.UNCERTAIN}
    assert again.engine.journal.rebuild()
    again.close()


def test_a_backup_that_would_write_outside_of_the_home_is_refused(tmp_path: Path) -> None:
    assert [is_inside(name) for name in ("home/a", "/etc/passwd", "../x", "home/../../x", "c:/x", "")] == [True] + [False] * 5
    header, secret = new_header("home", "x"), b"k" * 32
    path = tmp_path / "evil.backup"
    with path.open("wb") as file:
        sealing = SealingWriter(file, header, file_key(header, secret))
        with tarfile.open(fileobj=sealing, mode="w|gz") as tar:
            info = tarfile.TarInfo("../evil")
            tar.addfile(info, io.BytesIO())
        sealing.end()
    with pytest.raises(BackupError):
        unpack(path, secret, tmp_path / "into")
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE])
def test_what_was_sealed_comes_out_again_whatever_its_length(tmp_path: Path, size: int) -> None:
    header, plain = new_header("home", "x"), secrets.token_bytes(size)
    path = tmp_path / "sealed"
    with path.open("wb") as file:
        sealing = SealingWriter(file, header, file_key(header, b"k" * 32))
        sealing.write(plain)
        sealing.end()
    with path.open("rb") as file:
        assert read_header(file) == header
        assert io.BufferedReader(OpeningReader(file, header, file_key(header, b"k" * 32))).read() == plain


def test_what_is_no_backup_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "holiday.jpg"
    path.write_bytes(b"\xff\xd8\xff" * 100)
    with pytest.raises(StreamDamaged, match="no back-up of PriorBot"):
        restore_home(path, Home(tmp_path / "home"), now=lambda: None)  # type: ignore[arg-type,return-value]
