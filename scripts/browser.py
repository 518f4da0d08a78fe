"""Makes sure that there is a browser: one that is found, else Playwright's download, else (root on Debian) the distribution's.

Run by ``scripts/setup.py`` inside ``.venv``. Which browser counts as found is decided in ``bots/browser_find.py`` alone.
"""

from __future__ import annotations

import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from typing import IO

from setup import apt, is_root, say

from bots.browser_find import BrowserNotFound, does_run, find_browser

SILENCE = 60.0
"""Seconds without a sign of life after which Playwright's download is given up: its host may be unreachable here."""


def main() -> int:
    if is_there():
        return 0
    say("Setting up (once): a browser")
    if download() and is_there():
        return 0
    if is_root() and shutil.which("apt-get"):
        say("Playwright's browser could not be used: installing the distribution's package")
        # Without any font a page has no text to find; the headless shell brings none along.
        if any(apt(package, "fonts-liberation") and is_there() for package in ("chromium-headless-shell", "chromium")):
            return 0
    say("There is no browser that PriorBot can use. Install Chromium or Google Chrome, then run make again.")
    return 1


def is_there() -> bool:
    try:
        return does_run(find_browser().path)
    except BrowserNotFound:
        return False


def download(python: str = sys.executable) -> bool:
    """``playwright install chromium``, given up once it has been silent for `SILENCE` seconds."""
    environment = os.environ | {"PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT": "10000"}
    command = [python, "-m", "playwright", "install", "chromium"]
    streams: dict[str, int] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with subprocess.Popen(command, env=environment, start_new_session=True, **streams) as process:
        assert process.stdout is not None
        signs: queue.Queue[bytes] = queue.Queue()
        reader = threading.Thread(target=pump, args=(process.stdout, signs))
        reader.start()
        try:
            while signs.get(timeout=SILENCE):
                pass
            return process.wait(timeout=SILENCE) == 0
        except (queue.Empty, subprocess.TimeoutExpired):
            return False
        finally:
            end(process)
            reader.join()


def end(process: subprocess.Popen[bytes]) -> None:
    """Ends it with the helpers that it started, which would otherwise hold its output open."""
    if not hasattr(os, "killpg"):
        process.kill()
        return
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def pump(output: IO[bytes], signs: queue.Queue[bytes]) -> None:
    """Hands on each piece of output, and b"" at its end."""
    while piece := os.read(output.fileno(), 1024):
        signs.put(piece)
    signs.put(b"")


if __name__ == "__main__":
    sys.exit(main())
