"""Whether the disk below a folder is encrypted, as far as the system tells. Best effort: "not known" is an answer."""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path

Answer = tuple[int, str]
"""Exit code and what was printed."""
Ask = Callable[[Sequence[str]], Answer | None]
"""Runs a program of the system; None when it is not there or does not answer."""


class Encryption(StrEnum):
    ON = "on"
    OFF = "off"
    UNKNOWN = "unknown"


def disk_encryption(folder: Path, *, system: str = "", ask: Ask | None = None) -> Encryption:
    """Encryption of the disk that holds ``folder``: LUKS on Linux, FileVault on macOS, BitLocker on Windows."""
    run = ask or ask_system
    match system or platform.system():
        case "Linux":
            return _linux(folder, run)
        case "Darwin":
            return _mac(run)
        case "Windows":
            return _windows(folder, run)
        case _:
            return Encryption.UNKNOWN


def _linux(folder: Path, ask: Ask) -> Encryption:
    source = ask(("findmnt", "-no", "SOURCE", "--target", str(folder)))
    if source is None or source[0] or not source[1].startswith("/dev/"):  # a container's or a network file system
        return Encryption.UNKNOWN
    device = source[1].split("[")[0].strip()  # btrfs writes its subvolume behind the device
    kinds = ask(("lsblk", "-sno", "TYPE", device))
    if kinds is None or kinds[0]:
        return Encryption.UNKNOWN
    # A virtual machine's plain disk may still be encrypted by its host, so that "off" is what can be seen from here.
    return Encryption.ON if "crypt" in kinds[1].split() else Encryption.OFF


def _mac(ask: Ask) -> Encryption:
    status = ask(("fdesetup", "status"))
    if status is None or status[0]:
        return Encryption.UNKNOWN
    return Encryption.ON if "FileVault is On" in status[1] else Encryption.OFF


def _windows(folder: Path, ask: Ask) -> Encryption:
    # By exit code, because the words depend on the language. Without administrator's rights it answers neither 0 nor 1.
    status = ask(("manage-bde", "-status", folder.drive or "C:", "-protectionaserrorlevel"))
    return {0: Encryption.ON, 1: Encryption.OFF}.get(status[0], Encryption.UNKNOWN) if status else Encryption.UNKNOWN


def ask_system(command: Sequence[str]) -> Answer | None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=15, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.returncode, done.stdout.strip()
