"""A clock that moves when somebody waits, a journal of its own for each test, and one real mail server."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from bots.code_mail import MailServer
from bots.codes import Codes, CodeWay
from bots.keys import KeyFile
from bots.vault import Vault, mailbox_name
from fixtures.mail_server import RunningMailServer, running_mail_server
from jobs.code_gate import CodeClaims
from jobs.journal import Journal
from jobs.retries import Sleep
from jobs.seats import Identity, Seats

PORTAL = "sample"
ADDRESS = "desk1@practice.example"


class Clock:
    """Stands still but for those who wait. ``waits`` is how long they waited; ``meanwhile`` happens at each wait."""

    def __init__(self) -> None:
        self.at = datetime(2026, 3, 2, 14, 0, 3, tzinfo=UTC)
        self.waits: list[float] = []
        self.meanwhile: list[Callable[[], object]] = []

    def __call__(self) -> datetime:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.at += timedelta(seconds=seconds)
        if self.meanwhile:
            self.meanwhile.pop(0)()
        await asyncio.sleep(0)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault.open(tmp_path / "vault", KeyFile(tmp_path / "key"))


@pytest.fixture
def journal_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'journal.db'}"


@pytest.fixture
def journal(journal_url: str, clock: Clock) -> Iterator[Journal]:
    with Journal.open(journal_url, now=clock) as journal:
        yield journal


MakeCodes = Callable[..., Codes]


@pytest.fixture
def make_codes(vault: Vault, journal: Journal, clock: Clock) -> MakeCodes:
    """Code sources that share vault, journal and clock; each is a PriorBot of its own on another machine."""
    made = iter(range(1, 100))

    def make(way: CodeWay, sleep: Sleep = clock.sleep, **more: Any) -> Codes:
        me = Identity(host=f"machine-{next(made)}", pid=1, started=0.0)
        gate = CodeClaims(journal, Seats(journal, me=me), sleep=sleep)
        return Codes({PORTAL: way}, vault=vault, gate=gate, now=clock, sleep=sleep, **more)

    return make


# --- mail ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def one_mail_server() -> Iterator[RunningMailServer]:
    if sys.platform != "linux":
        pytest.skip("not on this system: the mail server of the tests is Linux's")
    with running_mail_server() as server:
        yield server


@pytest.fixture
def mail_server(one_mail_server: RunningMailServer, vault: Vault) -> RunningMailServer:
    """The server with an empty mailbox, whose password is in the vault."""
    one_mail_server.open(ADDRESS)
    vault.set(mailbox_name(ADDRESS), one_mail_server.password)
    return one_mail_server


@pytest.fixture
def mailed() -> Callable[..., CodeWay]:
    """The way of accounts whose codes all come into that one mailbox."""

    def way(server: RunningMailServer, *accounts: str, **more: Any) -> CodeWay:
        where: dict[str, Any] = {"host": server.host, "port": server.port, "security": "none"}
        mailboxes = dict.fromkeys(accounts or ("desk1",), ADDRESS)
        return CodeWay(method="email", server=MailServer(**(where | more)), mailboxes=mailboxes)

    return way
