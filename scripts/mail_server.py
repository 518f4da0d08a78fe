"""Makes sure that the tests of e-mailed codes find a mail server: Dovecot, of the distribution's packages (root on Debian).

Run by ``make test`` inside ``.venv``. Which Dovecot counts as found is decided in ``fixtures/mail_server.py`` alone. The tests
start one of their own; a system-wide one that the package brings along is switched off again.
"""

from __future__ import annotations

import shutil
import sys

from setup import apt, is_root, runs, say

PACKAGE = "dovecot-imapd"


def main() -> int:
    if sys.platform != "linux" or is_there():
        return 0
    if is_root() and shutil.which("apt-get"):
        say("Setting up (once): a mail server for the tests")
        if apt(PACKAGE) and is_there():
            if shutil.which("systemctl"):
                runs(["systemctl", "disable", "--now", "dovecot.service", "dovecot.socket"], quiet=True)
            return 0
    say(f"The tests of e-mailed codes need Dovecot 2.3. Install the package {PACKAGE}, then run make test again.")
    return 1


def is_there() -> bool:
    from fixtures.mail_server import find_dovecot

    try:
        return bool(find_dovecot())
    except RuntimeError:
        return False


if __name__ == "__main__":
    sys.exit(main())
