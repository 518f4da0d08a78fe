"""The first browser that is there, in a fixed order; a named one or none at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bots import browser_find
from bots.browser_find import BrowserNotFound, does_run, find_browser

pytestmark = pytest.mark.skipif(os.name != "posix", reason="not on this system: programs found by their mode")


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine on which nothing is installed yet."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path / "playwright"))
    monkeypatch.setattr(browser_find, "_installed", lambda *_: iter(()))
    monkeypatch.setattr(browser_find, "is_root", lambda: False)
    return tmp_path


def install(path: Path, script: str = "exit 0") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_the_order_is_headless_shell_chromium_chrome_playwrights_own(machine: Path) -> None:
    worst_first = [
        machine / "playwright" / "chromium-1200" / "chrome-linux" / "chrome",
        machine / "playwright" / "chromium_headless_shell-1200" / "chrome-linux" / "chrome-headless-shell",
        machine / "bin" / "google-chrome",
        machine / "bin" / "chromium",
        machine / "bin" / "chromium-headless-shell",
    ]
    for path in worst_first:
        install(path)
        assert find_browser().path == path


def test_the_configured_one_comes_before_all(machine: Path) -> None:
    install(machine / "bin" / "chromium-headless-shell")
    mine = install(machine / "mine" / "chromium")
    assert find_browser(str(mine)).path == mine


def test_a_configured_one_that_is_gone_is_not_replaced_by_another(machine: Path) -> None:
    install(machine / "bin" / "chromium")
    with pytest.raises(BrowserNotFound) as caught:
        find_browser(str(machine / "gone"))
    assert "[browser] path" in caught.value.sentence


def test_no_browser_is_one_clear_sentence(machine: Path) -> None:
    with pytest.raises(BrowserNotFound) as caught:
        find_browser()
    assert "Install Chromium or Google Chrome" in caught.value.sentence


def test_a_visible_window_needs_more_than_the_headless_shell(machine: Path) -> None:
    install(machine / "bin" / "chromium-headless-shell")
    with pytest.raises(BrowserNotFound):
        find_browser(headless=False)
    chromium = install(machine / "bin" / "chromium")
    assert find_browser(headless=False).path == chromium


def test_playwrights_newest_is_taken(machine: Path) -> None:
    for revision in ("999", "1200", "1199"):
        install(machine / "playwright" / f"chromium-{revision}" / "chrome-linux64" / "chrome")
    assert "chromium-1200" in find_browser().path.parts


def test_the_sandbox_is_given_up_for_root_only(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(machine / "bin" / "chromium")
    assert find_browser().sandbox
    assert "--no-sandbox" not in find_browser().args
    monkeypatch.setattr(browser_find, "is_root", lambda: True)
    monkeypatch.setattr(browser_find.platform, "system", lambda: "Linux")
    assert not find_browser().sandbox
    assert "--no-sandbox" in find_browser().args


def test_the_browser_calls_nobody_by_itself(machine: Path) -> None:
    install(machine / "bin" / "chromium")
    assert {"--disable-background-networking", "--disable-component-update", "--disable-sync"} <= set(find_browser().args)


def test_a_browser_without_its_libraries_does_not_run(machine: Path) -> None:
    assert does_run(install(machine / "bin" / "chromium"))
    assert not does_run(install(machine / "bin" / "broken", "exit 127"))
    assert not does_run(machine / "bin" / "gone")
