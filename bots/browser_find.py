"""Which Chromium to use. The one place that knows, for the product and for the set-up; imports no Playwright."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from bots.errors import Action, BotError
from bots.model import Frozen

HEADLESS_SHELLS = ("chromium-headless-shell", "chrome-headless-shell")
CHROMIUMS = ("chromium", "chromium-browser")
CHROMES = ("google-chrome", "google-chrome-stable", "chrome")

_QUIET = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


class BrowserNotFound(BotError):
    """No Chromium, or not the one that the settings name."""

    code = "browser_not_found"
    action = Action.PERSON_PORTAL
    text = "{what} Nothing was sent. Install Chromium or Google Chrome, or name one in priorbot.toml: [browser] path."


class FoundBrowser(Frozen):
    """A Chromium on this machine and how to start it."""

    path: Path
    args: tuple[str, ...]
    sandbox: bool
    """Whether its own sandbox can work: Chromium has none for root on Linux."""


def find_browser(configured: str = "", *, headless: bool = True) -> FoundBrowser:
    """The configured one, else the first of: chromium-headless-shell (quickest; not for a visible window), Chromium, Chrome,
    Playwright's own. Raises `BrowserNotFound`."""
    if configured:
        named = shutil.which(configured)
        if named is None:
            raise BrowserNotFound(what=f"The browser named in the settings is not there: {configured}.")
        return _started(Path(named))
    path = next(_candidates(headless), None)
    if path is None:
        raise BrowserNotFound(what="There is no browser on this machine that PriorBot can use.")
    return _started(path)


def does_run(path: Path) -> bool:
    """Whether that browser starts at all (a download can lack the system's libraries). Takes a moment."""
    if platform.system() == "Windows":  # there ``--version`` opens a window
        return path.is_file()
    try:
        asked = subprocess.run([path, "--version", "--no-sandbox"], capture_output=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return asked.returncode == 0


def is_root() -> bool:
    return getattr(os, "geteuid", lambda: 1)() == 0


def _started(path: Path) -> FoundBrowser:
    sandbox = not (is_root() and platform.system() == "Linux")
    return FoundBrowser(path=path, args=_QUIET if sandbox else ("--no-sandbox", *_QUIET), sandbox=sandbox)


def _candidates(headless: bool) -> Iterator[Path]:
    if headless:
        yield from _on_path(HEADLESS_SHELLS)
    yield from _on_path(CHROMIUMS)
    yield from _installed("Chromium", ("Chromium",))
    yield from _on_path(CHROMES)
    yield from _installed("Google Chrome", ("Google", "Chrome"))
    yield from _playwrights_own(headless)


def _on_path(names: tuple[str, ...]) -> Iterator[Path]:
    yield from (Path(found) for name in names if (found := shutil.which(name)))


def _installed(mac_name: str, windows_folders: tuple[str, ...]) -> Iterator[Path]:
    """Where macOS and Windows keep programs, which are not on the PATH there."""
    mac = (root / f"{mac_name}.app/Contents/MacOS/{mac_name}" for root in (Path("/Applications"), Path.home() / "Applications"))
    roots = (os.environ.get(name, "") for name in ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA"))
    windows = (Path(root, *windows_folders, "Application", "chrome.exe") for root in roots if root)
    yield from (path for path in (*mac, *windows) if path.is_file())


def _playwrights_own(headless: bool) -> Iterator[Path]:
    """What ``playwright install chromium`` left in its cache, the newest revision first."""
    patterns = ("chromium-*/chrome-*/chrome", "chromium-*/chrome-*/chrome.exe", "chromium-*/chrome-mac*/*.app/Contents/MacOS/*")
    shells = ("chromium_headless_shell-*/*/chrome-headless-shell", "chromium_headless_shell-*/*/chrome-headless-shell.exe")
    for pattern in (*shells, *patterns) if headless else patterns:
        found = (path for path in _playwright_cache().glob(pattern) if path.is_file())
        yield from sorted(found, key=_revision, reverse=True)


def _revision(path: Path) -> int:
    folder = path.relative_to(_playwright_cache()).parts[0]
    number = folder.rpartition("-")[2]
    return int(number) if number.isdigit() else 0


def _playwright_cache() -> Path:
    if named := os.environ.get("PLAYWRIGHT_BROWSERS_PATH", ""):
        return Path(named)
    if platform.system() == "Windows":
        return Path(os.environ.get("LOCALAPPDATA", str(Path.home() / "AppData" / "Local"))) / "ms-playwright"
    if platform.system() == "Darwin":
        return Path.home() / "Library" / "Caches" / "ms-playwright"
    return Path(os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache"))) / "ms-playwright"
