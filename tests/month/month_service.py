"""One process of the service over a home: the product's own wiring, with the portals of this room at the seam."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from month_double import double
from month_payers import Payers
from month_portals import Doom, Portals
from month_rows import DOCUMENT

from bots.passwords import KeptPasswords
from fixtures.letters import letter_pdf
from jobs.alerts import target_name
from jobs.credentials import Credentials
from jobs.engine import Engine
from jobs.home import Home
from jobs.office import Office
from jobs.seats import Identity, Seats
from jobs.service import Service

ACCOUNTS = {
    "clear_coverage": ["cc1", "cc2"],
    "husky_medical": ["hm1"],
    "husky_secure": ["hs1"],
    "evicore": ["ev1"],
    "provider_connect": ["pc1"],
    "carepartners": ["cp1"],
    "optum_pro": ["op1"],
    "authorization_manager": ["am1", "am2"],
    "connect_center": ["con1"],
    "promptpa": [],
    "bluecard": [],
}
SETTINGS = """
[practice]
name = "Sample Practice (synthetic)"
contact_name = "Demo Frontdesk"
contact_phone = "203-555-0142"
contact_fax = "203-555-0143"
address = "1 Sample Street, Sampleville CT 06000"
tax_id = "12-3456789"
[payers.husky]
medical_portal = "{medical_portal}"
[intake]
folder = "inbox"
[backup]
folder = "../safe"
keep = 3
[notify]
targets = ["desk"]
[fax]
line = "folder"
[schedule]
{schedule}
"""


def write_settings(home: Home, medical_portal: str, schedule: str) -> None:
    text = SETTINGS.format(medical_portal=medical_portal, schedule=schedule)
    for slug, names in ACCOUNTS.items():
        text += f'\n[portals.{slug}]\nbase_url = "http://127.0.0.1:1"\n'
        text += f"account = {names}\n".replace("'", '"') if names else ""
        text += "change_password = true\n" if slug == "husky_secure" else ""
    home.config_file.write_text(text, "utf-8")
    home.config_file.chmod(0o600)


class Process:
    """A PriorBot that works, until it is stopped or killed. ``alive`` holds the process ids that run."""

    def __init__(
        self,
        home: Path,
        pid: int,
        payers: Payers,
        clock: Callable[[], Any],
        alive: set[int],
        *,
        meets: Callable[[str, str], str | None],
        hidden: Callable[[str], Any],
    ) -> None:
        self.pid, self._clock, self._alive = pid, clock, alive
        self.doom = Doom()
        self.engine = Engine(Home(home), now=clock)
        self.engine.__dict__["journal"] = self.journal = _journal(self.engine, self.doom)
        me = Identity(host="here", pid=pid, started=float(pid))
        self.engine.__dict__["seats"] = Seats(self.journal, me=me, is_running=lambda who: who.pid in alive)
        self.portals = Portals(
            payers,
            clock,
            meets=meets,
            hidden=hidden,
            vault=self.engine.vault,
            gate=Credentials(self.journal),
            policies=self.engine.password_rules,
            holder=str(pid),
            is_alive=lambda holder: int(holder) in alive,
            doom=self.doom,
        )
        self.told: list[str] = []
        shop = self.engine.shop(self._office, self._send)
        self.service: Service = self.engine.service(shop, lambda _line: None)
        self._work: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._alive.add(self.pid)
        self._work = asyncio.create_task(self._serve())

    async def works(self, seconds: float) -> None:
        """So long, unless it ends before that by a mistake, which is raised."""
        assert self._work is not None
        ended, _ = await asyncio.wait([self._work], timeout=seconds)
        for task in ended:
            task.result()
            raise AssertionError("the service ended by itself")

    async def stop(self) -> bool:
        """As by SIGTERM. True when nothing had to be cut short."""
        assert self._work is not None
        self._work.cancel()
        cleanly = await self.service.stop(self.engine.config.schedule.grace_seconds)
        await self._gone()
        return cleanly

    async def kill(self, at_step: str) -> None:
        """Dies at the next such step; returns when that is done, and nothing of it runs any more."""
        self.doom.at_step = at_step
        await asyncio.wait_for(self.doom.died.wait(), timeout=6 * 3600)
        assert self._work is not None
        self._work.cancel()
        for task in list(self.service._running.values()):
            task.cancel()
        await self._gone()

    async def _gone(self) -> None:
        tasks = [*self.service._running.values(), *([self._work] if self._work else [])]
        await asyncio.gather(*tasks, return_exceptions=True)
        self._alive.discard(self.pid)
        self.journal.close()

    async def _serve(self) -> None:
        with suppress(double.Killed):
            while True:
                self.service.look()
                pause = self.service.next_look(self._clock()) - self._clock()
                await asyncio.sleep(max(0.001, pause.total_seconds()))

    @asynccontextmanager
    async def _office(self, progress: Callable[[Any], None]) -> AsyncIterator[Office]:
        factory: Any = SimpleNamespace(open=self.portals.open)
        yield replace(self.engine.office(factory, progress), is_stopping=lambda: self.service.is_stopping)

    async def _send(self, _address: str, text: str) -> bool:
        self.told.append(text)
        return True


def without_waiting_for_the_disk(set_up: Callable[[Any, object], None]) -> Callable[[Any, object], None]:
    """As in the product, but for the disk's own word: a simulated month writes a million times."""

    def quickly(connection: Any, record: object) -> None:
        set_up(connection, record)
        connection.execute("PRAGMA synchronous = OFF")

    return quickly


def _journal(engine: Engine, doom: Doom) -> Any:
    journal = double.MortalJournal.open(engine.home.journal_url, now=engine.now)
    journal.bomb = doom
    return journal


def move_in(home: Path, payers: Payers, clock: Callable[[], Any], first_day: date, schedule: str) -> None:
    """Settings, passwords and the target of alerts. The units page's password is so old that it is changed on the third day."""
    engine = Engine(Home(home).create(), now=clock)
    write_settings(engine.home, "clear_coverage", schedule)
    for slug, names in ACCOUNTS.items():
        for name in names:
            password = f"First-{name}-2027"
            payers.open_account(slug, name, password)
            since = first_day - timedelta(days=78 if slug == "husky_secure" else 20)
            KeptPasswords(engine.vault, slug, name).set_by_person(password, since)
    engine.vault.set(target_name("desk"), "json://127.0.0.1:1")
    (home / "inbox").mkdir(mode=0o700)
    (home / "inbox" / DOCUMENT).write_bytes(letter_pdf(["Clinical notes"]))
