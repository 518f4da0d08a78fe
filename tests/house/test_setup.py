"""``make`` sets everything up by itself, and says in one sentence what it could not do."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from bots.browser_find import BrowserNotFound, FoundBrowser

ROOT = Path(__file__).resolve().parents[2]


def load(name: str, as_name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(as_name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def setup(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module = load("setup", "setup")
    monkeypatch.setitem(sys.modules, "setup", module)
    return module


class World:
    """A machine whose browser comes by one of three ways, and what was done on it."""

    def __init__(self, comes_by: str) -> None:
        self.comes_by = comes_by
        self.done: list[str] = []

    def find(self) -> FoundBrowser:
        if self.comes_by in self.done or self.comes_by == "there":
            return FoundBrowser(path=Path("chromium"), args=(), sandbox=True)
        raise BrowserNotFound(what="none")

    def download(self) -> bool:
        self.done.append("download")
        return self.comes_by == "download"

    def apt(self, package: str, *_: str) -> bool:
        self.done.append(package)
        return self.comes_by == package


def browser_on(world: World, setup: ModuleType, monkeypatch: pytest.MonkeyPatch, *, root: bool) -> ModuleType:
    browser = load("browser", "browser_setup")
    monkeypatch.setattr(browser, "find_browser", world.find)
    monkeypatch.setattr(browser, "does_run", lambda _path: True)
    monkeypatch.setattr(browser, "download", world.download)
    monkeypatch.setattr(browser, "apt", world.apt)
    monkeypatch.setattr(browser, "is_root", lambda: root)
    monkeypatch.setattr(browser.shutil, "which", lambda _name: "apt-get")
    return browser


@pytest.mark.parametrize(
    ("comes_by", "root", "done", "code"),
    [
        ("there", True, [], 0),
        ("download", True, ["download"], 0),
        ("chromium-headless-shell", True, ["download", "chromium-headless-shell"], 0),
        ("chromium", True, ["download", "chromium-headless-shell", "chromium"], 0),
        ("never", True, ["download", "chromium-headless-shell", "chromium"], 1),
        ("chromium", False, ["download"], 1),
    ],
)
def test_a_browser_is_found_else_downloaded_else_installed_by_root(
    comes_by: str,
    root: bool,
    done: list[str],
    code: int,
    setup: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    world = World(comes_by)
    assert browser_on(world, setup, monkeypatch, root=root).main() == code
    assert world.done == done
    assert ("Install Chromium or Google Chrome" in capsys.readouterr().err) == bool(code)


@pytest.mark.parametrize(
    ("there", "root", "works", "asked", "code"),
    [
        (True, True, True, [], 0),
        (False, True, True, ["dovecot-imapd"], 0),
        (False, True, False, ["dovecot-imapd"], 1),
        (False, False, True, [], 1),
    ],
)
def test_a_program_that_the_tests_need_is_installed_by_root_else_asked_for(
    there: bool,
    root: bool,
    works: bool,
    asked: list[str],
    code: int,
    setup: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    script = load("programs", "programs_setup")
    done: list[str] = []
    stopped: list[list[str]] = []
    monkeypatch.setattr(script.sys, "platform", "linux")
    need = script.NEEDS["mail"]._replace(is_there=lambda: there or bool(done and works))
    monkeypatch.setattr(script, "NEEDS", {"mail": need})
    monkeypatch.setattr(script, "is_root", lambda: root)
    monkeypatch.setattr(script, "apt", lambda *packages: done.extend(packages) or works)
    monkeypatch.setattr(script, "runs", lambda command, **_: stopped.append(command) or True)
    monkeypatch.setattr(script.shutil, "which", lambda name: name)
    assert script.main(["mail"]) == code
    assert done == asked
    assert ("Install dovecot-imapd" in capsys.readouterr().err) == bool(code)
    assert bool(stopped) == bool(asked), "the service that comes with the package is not left running"


def test_a_download_without_a_sign_of_life_is_given_up(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    browser = load("browser", "browser_setup")
    silent = tmp_path / "python"
    wait = "import threading; threading.Event().wait()"
    helper = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {wait!r}])"
    silent.write_text(f"#!{sys.executable}\nprint('starting', flush=True)\n{helper}\n{wait}\n")
    silent.chmod(0o755)
    monkeypatch.setattr(browser, "SILENCE", 0.3)
    assert browser.download(str(silent)) is False


def test_a_download_counts_only_when_it_ended_well(setup: ModuleType, tmp_path: Path) -> None:
    browser = load("browser", "browser_setup")
    for code in (0, 1):
        fake = tmp_path / f"python{code}"
        fake.write_text(f"#!{sys.executable}\nprint('100 %')\nraise SystemExit({code})\n")
        fake.chmod(0o755)
        assert browser.download(str(fake)) is (code == 0)


def test_uv_on_the_path_is_used_and_its_absence_is_one_sentence(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(setup.shutil, "which", lambda name: f"/bin/{name}")
    assert setup.find_uv() == "/bin/uv"
    monkeypatch.setattr(setup.shutil, "which", lambda _name: None)
    monkeypatch.setattr(setup, "OWN_UV", tmp_path)
    monkeypatch.setattr(setup, "make_own_uv", lambda: False)
    with pytest.raises(SystemExit) as ended:
        setup.find_uv()
    assert ended.value.code == 1
    assert "Install uv or python3-venv, then run make again." in capsys.readouterr().err


def test_our_own_uv_is_made_once(setup: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    made: list[int] = []

    def make() -> bool:
        made.append(1)
        (tmp_path / setup.BIN).mkdir()
        (tmp_path / setup.BIN / "uv").touch()
        return True

    monkeypatch.setattr(setup.shutil, "which", lambda _name: None)
    monkeypatch.setattr(setup, "OWN_UV", tmp_path)
    monkeypatch.setattr(setup, "make_own_uv", make)
    assert setup.find_uv() == setup.find_uv() == str(tmp_path / setup.BIN / "uv")
    assert made == [1]


@pytest.mark.parametrize(("root", "installed"), [(True, ["python3-venv"]), (False, [])])
def test_a_missing_venv_module_is_installed_by_root_only(
    root: bool, installed: list[str], setup: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(setup, "OWN_UV", tmp_path / "none")
    monkeypatch.setattr(setup, "makes_venv", lambda: False)
    monkeypatch.setattr(setup, "is_root", lambda: root)
    monkeypatch.setattr(setup.shutil, "which", lambda name: name)
    monkeypatch.setattr(setup, "apt", lambda *packages: asked.extend(packages) or True)
    assert not setup.make_own_uv(), "there is no Python in it to install uv with"
    assert asked == installed


def test_every_target_sets_itself_up() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target in ("demo", "lint", "bench"):
        assert f"\n{target}: setup\n" in makefile
    assert "\ntest: lint\n\t@$(BIN)/python scripts/programs.py mail fax ocr systemd\n" in makefile


def test_ci_runs_the_test_command_of_the_readme() -> None:
    assert "make test" in (ROOT / ".ci" / "run").read_text("utf-8")
    assert "make test" in (ROOT / "README.md").read_text("utf-8")
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111


def test_ci_refuses_a_test_that_was_left_out(tmp_path: Path) -> None:
    """Its own script, run with a ``make`` that reports what pytest would."""
    (tmp_path / ".ci").mkdir()
    script = tmp_path / ".ci" / "run"
    script.write_bytes((ROOT / ".ci" / "run").read_bytes())
    (tmp_path / "bin").mkdir()

    def run(report: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        fake = tmp_path / "bin" / "make"
        fake.write_text(f"#!/bin/sh\n[ \"$1\" = test ] || exit 0\ncat <<'END'\n{report}\nEND\nexit {code}\n")
        fake.chmod(0o755)
        command = ["bash", "-c", f'PATH="{tmp_path / "bin"}:$PATH" bash {script}']
        return subprocess.run(command, capture_output=True, text=True, check=False)

    closing = "==== 3 passed, 1 skipped in 0.10s ===="
    good = run(f"SKIPPED [1] tests/x.py: not on this system: POSIX file modes\n{closing}")
    assert good.returncode == 0, good.stderr
    assert good.stdout.splitlines()[-1] == closing
    assert run(f"SKIPPED [1] tests/x.py: could not import 'playwright'\n{closing}").returncode == 1
    assert run("==== 1 failed, 3 passed in 0.10s ====", code=2).returncode != 0
    assert run("no closing line").returncode != 0
