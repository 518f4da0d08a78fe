"""The home folder: private from the first byte, whole or not there at all."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from bots.private import open_private, write_private
from bots.vault import Vault
from jobs.home import HOME_VARIABLE, Home, HomeError

posix = pytest.mark.skipif(os.name != "posix", reason="not on this system: POSIX file modes")
UMASKS = [0o000, 0o022, 0o077, 0o777]


@pytest.fixture(params=UMASKS, ids=oct)
def hostile_umask(request: pytest.FixtureRequest) -> None:
    os.umask(request.param)  # put back after each test, see tests/conftest.py


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# --- where it is ---------------------------------------------------------------------------------------------------


def test_the_option_comes_before_the_environment_and_that_before_the_users_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "environment"))
    assert Home.find(tmp_path / "option").path == tmp_path / "option"
    assert Home.find().path == tmp_path / "environment"
    monkeypatch.delenv(HOME_VARIABLE)
    assert Home.find().path.name == "priorbot"
    assert not (tmp_path / "option").exists(), "finding creates nothing"


def test_its_files_have_the_names_of_the_design(tmp_path: Path) -> None:
    home = Home(tmp_path)
    files = (home.config_file, home.vault_file, home.ledger_csv, home.ledger_xlsx, home.exceptions_csv, home.report_html)
    names = ["priorbot.toml", "vault", "ledger.csv", "ledger.xlsx", "exceptions.csv", "report.html"]
    assert [path.name for path in files] == names
    assert [path.name for path in home.folders] == ["rejects", "receipts", "fax", "letters", "logs"]
    assert home.journal_url == f"sqlite:///{(tmp_path / 'journal.db').as_posix()}"


# --- modes ---------------------------------------------------------------------------------------------------------


@posix
@pytest.mark.usefixtures("hostile_umask")
def test_folders_are_0700_whatever_the_umask(tmp_path: Path) -> None:
    home = Home(tmp_path / "deep" / "home").create()
    assert {mode(folder) for folder in (home.path, *home.folders)} == {0o700}


@posix
@pytest.mark.usefixtures("hostile_umask")
def test_files_are_0600_whatever_the_umask(tmp_path: Path) -> None:
    write_private(tmp_path / "new", b"1")
    os.close(open_private(tmp_path / "opened", os.O_CREAT | os.O_WRONLY))
    assert {mode(tmp_path / "new"), mode(tmp_path / "opened")} == {0o600}


@posix
def test_a_file_is_never_wider_than_0600_not_even_for_a_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seen from inside: at each flush, chmod and replace every file in the folder is already private."""
    os.umask(0)
    seen: list[int] = []
    really_sync, really_chmod, really_open = os.fsync, Path.chmod, os.open

    def look() -> None:
        seen.extend(mode(path) for path in tmp_path.rglob("*") if path.is_file())

    def sync(descriptor: int) -> None:
        look()
        really_sync(descriptor)

    def chmod(path: Path, to: int) -> None:
        look()
        really_chmod(path, to)

    def opened(*args: object, **named: object) -> int:
        descriptor = really_open(*args, **named)  # type: ignore[arg-type]
        look()
        return descriptor

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(Path, "chmod", chmod)
    monkeypatch.setattr(os, "open", opened)
    write_private(tmp_path / "a", b"1")
    write_private(tmp_path / "a", b"2")
    Vault.open(tmp_path / "vault").set("name", "value")
    assert len(seen) > 10
    assert set(seen) == {0o600}


@posix
def test_after_create_even_a_librarys_file_is_private(tmp_path: Path) -> None:
    os.umask(0)
    home = Home(tmp_path / "home").create()
    (home.path / "by-a-library").write_text("x")
    assert mode(home.path / "by-a-library") == 0o600
    with home.lock("intake"):
        assert mode(home.path / ".intake.lock") == 0o600


@posix
def test_an_empty_folder_of_the_user_is_closed_and_used(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir(mode=0o755)
    Home(tmp_path / "home").create()
    assert mode(tmp_path / "home") == 0o700


@posix
def test_a_home_that_somebody_opened_is_closed_again(tmp_path: Path) -> None:
    home = Home(tmp_path / "home").create()
    home.config_file.write_text("")
    home.path.chmod(0o755)
    home.create()
    assert mode(home.path) == 0o700


@posix
def test_a_folder_with_other_things_in_it_is_refused_and_left_alone(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o755)
    (shared / "letter.txt").write_text("x")
    with pytest.raises(HomeError) as caught:
        Home(shared).create()
    assert "--home" in caught.value.sentence
    assert mode(shared) == 0o755
    assert [path.name for path in shared.iterdir()] == ["letter.txt"]


def test_a_home_that_cannot_be_made_is_told_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(HomeError) as caught:
        Home(tmp_path / "file" / "home").create()
    assert "Nothing was written." in caught.value.sentence


# --- whole or not at all -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fails", ["write", "fsync", "replace"])
def test_a_write_that_fails_leaves_the_old_file_and_no_remains(
    tmp_path: Path, fails: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ledger.csv"
    write_private(path, b"old")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        if fails == "write":
            patch.setattr(os, "fdopen", fail)
        else:
            patch.setattr(os, fails, fail)
        with pytest.raises(OSError):
            write_private(path, b"new")
    assert path.read_bytes() == b"old"
    assert [found.name for found in tmp_path.iterdir()] == ["ledger.csv"]


def test_a_reader_sees_the_old_file_or_the_new_one_never_a_piece(tmp_path: Path) -> None:
    """A process that is killed in the middle of writing leaves one of the two."""
    path = tmp_path / "ledger.csv"
    old, new = b"old\n" * 200_000, b"new\n" * 200_000
    write_private(path, old)
    code = (
        "import sys, itertools; from pathlib import Path; from bots.private import write_private\n"
        "old, new = b'old\\n' * 200_000, b'new\\n' * 200_000\n"
        "print('ready', flush=True)\n"
        "for content in itertools.cycle((new, old)): write_private(Path(sys.argv[1]), content)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        seen = [path.read_bytes() for _ in range(200)]
        process.kill()
    assert all(content in (old, new) for content in [*seen, path.read_bytes()])


def test_a_lock_keeps_a_second_process_out(tmp_path: Path) -> None:
    home = Home(tmp_path / "home").create()
    code = (
        "import sys; from pathlib import Path; from jobs.home import Home; from filelock import Timeout\n"
        "try:\n    Home(Path(sys.argv[1])).lock('intake').acquire(timeout=0)\nexcept Timeout:\n    print('busy')"
    )
    with home.lock("intake"):
        done = subprocess.run([sys.executable, "-c", code, str(home.path)], capture_output=True, text=True, check=True)
    assert done.stdout == "busy\n"
