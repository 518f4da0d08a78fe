"""One session with a HylaFAX server, in its client protocol: FTP with words of its own (hfaxd(8C)), so the standard library's
``ftplib`` speaks it, on every system alike. Blocking; `bots.fax.lines.hylafax` calls it from a thread of its own.
"""

from __future__ import annotations

import ftplib
import re
import socket
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self, TypeVar

T = TypeVar("T")
CHUNK = 64 * 1024
_FILE = re.compile(r"FILE: (\S+)")
_NEW_JOB = re.compile(r"jobid: (\d+)")


class Refused(Exception):
    """The server said no (4xx or 5xx); the argument is its code. Its words may quote what we sent."""

    @property
    def code(self) -> str:
        return str(self.args[0])


class SignInRefused(Exception):
    """User or password are not accepted."""


class Broken(Exception):
    """Not reached, cut off, too slow, or an answer that makes no sense; the argument says which, for staff."""


class HylafaxSession:
    """Signed in from ``with`` on. ``password`` is asked for only when the server wants one; None: there is none."""

    def __init__(self, host: str, port: int, user: str, password: Callable[[], str | None], seconds: float) -> None:
        self._at = host, port
        self._user = user
        self._password = password
        self._ftp = ftplib.FTP(timeout=seconds, encoding="latin-1")
        self._seconds = seconds

    def __enter__(self) -> Self:
        try:
            self._told(lambda: self._ftp.connect(*self._at))
            self._sign_in()
        except BaseException:
            self._ftp.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with suppress(ftplib.Error, OSError, EOFError):
            if kind is None:
                self._ftp.quit()
        self._ftp.close()

    def ask(self, command: str) -> str:
        """The server's answer to one command, without its code. Raises `Refused`, `Broken`."""
        return self._told(lambda: self._ftp.sendcmd(command))[4:].strip()

    def parameter(self, name: str) -> str:
        """One parameter of the current job."""
        return self.ask(f"JPARM {name}")

    def set(self, name: str, value: str | int) -> None:
        """Sets one parameter of the current job."""
        self.ask(f"JPARM {name} {value if isinstance(value, int) else quoted(value)}")

    def new_job(self) -> str:
        """Makes a job, which becomes the current one, and answers its number. It goes away with the session unless submitted."""
        return self._found(_NEW_JOB, self.ask("JNEW"))

    def store(self, data: bytes) -> str:
        """Stores a TIFF for this session and answers the server's name of it."""
        self.ask("TYPE I")
        self.ask("FORM TIFF")
        return self._told(lambda: self._store(data))

    def lines(self, folder: str) -> tuple[str, ...]:
        """The listing of one of the server's folders, as the formats set before say."""
        found: list[str] = []
        self._told(lambda: self._ftp.retrlines(f"LIST {folder}", found.append))
        return tuple(found)

    def _sign_in(self) -> None:
        try:
            answer = self._told(lambda: self._ftp.sendcmd(f"USER {self._user}"))
            if answer.startswith("3"):
                password = self._password()
                if password is None:
                    raise SignInRefused
                self._told(lambda: self._ftp.sendcmd(f"PASS {password}"))
        except Refused as refusal:
            if refusal.code == "530":
                raise SignInRefused from None
            raise

    def _store(self, data: bytes) -> str:
        place = self._ftp.makepasv()
        with socket.create_connection(place, timeout=self._seconds) as connection:
            name = self._found(_FILE, self._ftp.sendcmd("STOT"))
            for start in range(0, len(data), CHUNK):
                connection.sendall(data[start : start + CHUNK])
        self._ftp.voidresp()
        if self._ftp.size(name) != len(data):
            raise Broken("it did not keep the whole packet")
        return name

    def _found(self, pattern: re.Pattern[str], text: str) -> str:
        match = pattern.search(text)
        if match is None:
            raise Broken("its answer makes no sense")
        return match[1]

    def _told(self, work: Callable[[], T]) -> T:
        """The work, with its failures under our names and without the server's words."""
        try:
            return work()
        except (ftplib.error_temp, ftplib.error_perm) as refusal:
            code = str(refusal)[:3]
            if code == "421":
                raise Broken("it takes nothing at the moment") from None
            raise Refused(code) from None
        except TimeoutError:
            raise Broken("it did not answer in time") from None
        except (OSError, EOFError):
            raise Broken("no connection") from None
        except (ftplib.Error, ValueError):
            raise Broken("its answer makes no sense") from None


def quoted(text: str) -> str:
    """Text as the server takes it: in quotes, printable ASCII, without what would end them or the line."""
    return '"' + re.sub(r'["\\]|[^ -~]', " ", text) + '"'
