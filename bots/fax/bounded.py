"""Runs a program of ours that opens other people's files, within bounds of time and memory: what they do ends there, not here."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

_TOLD = ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT", "SYSTEMDRIVE", "TEMP", "TMP", "TMPDIR")
_HOME_OF_BOTS = Path(__file__).resolve().parents[2]
"""The folder from which ``bots`` is imported, so that the process finds the same one."""
_LOOK_EVERY = 0.1
"""Seconds between two looks at how much memory the program takes."""


class TookTooMuch(Exception):
    """The program took more time or memory than it may, and was ended."""


def run_bounded(module: str, words: Sequence[str], given: bytes, *, seconds: float, megabytes: float) -> tuple[int, bytes]:
    """The exit code of one of our modules, run with these words, and what it wrote; ``given`` comes on its standard input.

    Raises `TookTooMuch`.
    """
    # -I would hide an installation in a checkout; -E and -s keep the user's own settings out.
    command = [sys.executable, "-E", "-s", "-m", module, *words]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, cwd=_HOME_OF_BOTS, env=environment()
    ) as child:
        # Beside: `communicate` does not go on with what it has to give once it has timed out, and large files never arrive.
        threading.Thread(target=_feed, args=(child.stdin, given), daemon=True).start()
        child.stdin = None
        try:
            answer = _wait(child, time.monotonic() + seconds, megabytes)
        finally:
            child.kill()
    return child.returncode, answer


def environment() -> dict[str, str]:
    """What the process is told of this one: not the key, nor anything else that a document has no business with."""
    return {name: os.environ[name] for name in _TOLD if name in os.environ}


def _feed(pipe: IO[bytes], given: bytes) -> None:
    with suppress(OSError), pipe:  # it ended before it had read all: what it answers says why
        pipe.write(given)


def _wait(child: subprocess.Popen[bytes], end: float, megabytes: float) -> bytes:
    while time.monotonic() < end:
        with suppress(subprocess.TimeoutExpired):
            return child.communicate(timeout=_LOOK_EVERY)[0]
        if _megabytes(child.pid) > megabytes:
            break
    raise TookTooMuch


def _megabytes(pid: int) -> float:
    """Memory that the process holds; 0 when it has ended."""
    import psutil

    try:
        return float(psutil.Process(pid).memory_info().rss) / 1_000_000
    except psutil.Error:
        return 0.0
