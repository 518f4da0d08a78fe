"""Makes sure that the programs of other people which tests and proofs need are there: ``programs.py mail fax ocr systemd``.

Run by make inside ``.venv``. What is missing comes in one go from the distribution's packages (root on Debian or Ubuntu);
elsewhere a sentence says what to install. What counts as found is decided where the program is used: ``fixtures/mail_server.py``,
``fixtures/fax_server.py``, ``bots/fax/ocr.py``. The tests start servers of their own; services that packages bring along are
switched off again.
"""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING, NamedTuple

from setup import apt, is_root, runs, say

if TYPE_CHECKING:
    from collections.abc import Callable


class Need(NamedTuple):
    """``is_there``: decides. ``services``: what the packages start by themselves."""

    what: str
    packages: tuple[str, ...]
    is_there: Callable[[], bool]
    services: tuple[str, ...] = ()
    only_linux: bool = True


def _finds_dovecot() -> bool:
    from fixtures.mail_server import find_dovecot

    return _finds(find_dovecot, RuntimeError)


def _finds_fax_programs() -> bool:
    from fixtures.fax_server import find_programs

    return _finds(find_programs, RuntimeError)


def _finds_tesseract() -> bool:
    from bots.fax.ocr import OcrMissing, find_tesseract

    return _finds(find_tesseract, OcrMissing)


def _finds(find: Callable[[], object], missing: type[Exception]) -> bool:
    try:
        return bool(find())
    except missing:
        return False


NEEDS = {
    "mail": Need(
        what="Dovecot 2.3, for the tests of e-mailed codes",
        packages=("dovecot-imapd",),
        is_there=_finds_dovecot,
        services=("dovecot.service", "dovecot.socket"),
    ),
    "fax": Need(
        what="HylaFAX and soft modems, for the tests of the fax line",
        # The last is a mail program without a daemon: HylaFAX wants one, and would bring a mail server along. It is never used.
        packages=("hylafax-server", "hylafax-client", "iaxmodem", "msmtp-mta"),
        is_there=_finds_fax_programs,
        services=("hylafax.service", "iaxmodem.service", "hylafax-faxq.service", "hylafax-hfaxd.service"),
    ),
    "ocr": Need(
        what="Tesseract, which reads faxed letters",
        packages=("tesseract-ocr", "tesseract-ocr-eng"),
        is_there=_finds_tesseract,
        only_linux=False,
    ),
    "systemd": Need(
        what="systemd-analyze, which checks the unit file",
        packages=("systemd",),
        is_there=lambda: shutil.which("systemd-analyze") is not None,
    ),
}


def main(names: list[str]) -> int:
    missing = [need for need in map(NEEDS.__getitem__, names) if _lacks(need)]
    if missing and sys.platform == "linux" and is_root() and shutil.which("apt-get"):
        say(f"Setting up (once): {'; '.join(need.what for need in missing)}")
        apt(*(package for need in missing for package in need.packages))
        if shutil.which("systemctl"):
            for service in (service for need in missing for service in need.services):
                runs(["systemctl", "disable", "--now", service], quiet=True)
        missing = [need for need in missing if _lacks(need)]
    for need in missing:
        say(f"Missing: {need.what}. Install {' '.join(need.packages)}, then run make again.")
    return 1 if missing else 0


def _lacks(need: Need) -> bool:
    return not (need.only_linux and sys.platform != "linux") and not need.is_there()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
