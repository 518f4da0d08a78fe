"""A practice during an outage: requests come in, two PriorBots work on one journal, a fax line dials, a person phones.

What arrived where is kept by the far ends themselves (`Truth` of the protocol double, `SlowLine`, `FarEnds`), never asked of
PriorBot.
"""

from __future__ import annotations

import asyncio
import importlib.util
import sys
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any

from outage_fax import FaxRoom, SlowLine
from outage_sky import Down, Sky, Weather
from plain_rules import COVERAGES, expected
from virtual_time import VirtualClock, VirtualLoop

from bots.model import (
    Attachment,
    AuthRequest,
    Coverage,
    Known,
    Member,
    Payer,
    PcpNetwork,
    Provider,
    RequestKind,
    ServiceCategory,
    ServiceLine,
    Status,
    Urgency,
)
from bots.signin_map import WITHOUT_ACCOUNT
from jobs.credentials import Credentials
from jobs.dispatch import submit_due
from jobs.fax.book import FaxBook
from jobs.journal import Journal
from jobs.leaving import leave_due, next_moment
from jobs.office import NO_ACCOUNT, Office, PortalPlan
from jobs.phone import list_calls, phone_done, phone_failed
from jobs.routing import RoutingSettings
from jobs.rulebook import load_rulebook
from jobs.seats import Identity, Seats
from jobs.state import Snapshot
from jobs.take_in import take_in
from jobs.verify import verify_due


def _load_double() -> ModuleType:
    name = "protocol_double"
    if name not in sys.modules:
        path = Path(__file__).resolve().parents[1] / "protocol" / "double.py"
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


double = _load_double()

PORTALS = (
    "clear_coverage",
    "evicore",
    "provider_connect",
    "carepartners",
    "promptpa",
    "optum_pro",
    "authorization_manager",
    "bluecard",
)
TAKES = {"sign_in": 3.0, "find": 2.0, "draft": 12.0, "review": 3.0, "clicked": 2.0}
"""Virtual seconds of each step at a portal."""
_KINDS = (RequestKind.PRIOR_AUTH, RequestKind.PRIOR_AUTH, RequestKind.PRIOR_AUTH, RequestKind.INPATIENT_NOTIFICATION)


@dataclass(frozen=True)
class Arrival:
    at: datetime
    request: AuthRequest


@dataclass
class FarEnds:
    """What came out of the telephone: (request, number, when). What arrived by fax the line itself keeps."""

    phoned: list[tuple[str, str, datetime]] = field(default_factory=list)
    first_seen: dict[str, datetime] = field(default_factory=dict)
    """When a phone task was first on the list that the person looks at each minute."""


# --- what comes in ---------------------------------------------------------------------------------------------------


def some_request(number: int, first: date, luck: Random, portal: str = "") -> AuthRequest:
    """A request that the plainly written rules send to a portal (that one, if named), a fax line or a telephone."""
    while True:
        request = _any_request(number, first, luck)
        decision, where, _, _ = expected(request, first)
        if decision in ("portal", "fax", "phone") and (not portal or (decision, where) == ("portal", portal)):
            return request


def _any_request(number: int, first: date, luck: Random) -> AuthRequest:
    payer = luck.choice(list(Payer))
    request_id = f"R-{number:05}"
    form = luck.random() < 0.1
    return AuthRequest(
        request_id=request_id,
        payer=payer,
        coverage=Coverage(luck.choice(COVERAGES[payer])),
        request_kind=RequestKind.REFERRAL if luck.random() < 0.05 else luck.choice(_KINDS),
        service_category=luck.choice(list(ServiceCategory)),
        urgency=luck.choice((Urgency.STANDARD, Urgency.STANDARD, Urgency.URGENT, Urgency.EMERGENT)),
        member=Member(
            id=f"{zlib.crc32(request_id.encode()):010}", dob=date(1970, 5, 17), last_name="Zzcanaryson", first_name="Q"
        ),
        requesting=Provider(name="Sample", npi="1234567893"),
        pcp_network=luck.choice(list(PcpNetwork)),
        servicing_in_network=Known.NO,
        lines=(ServiceLine(service_code="E0114", units=Decimal(2), from_date=first, to_date=first + timedelta(days=20)),),
        attachments=(Attachment(path="/p/InterQual SmartSheet.pdf", sha256="0" * 64, size=10),) if form else (),
    )


# --- the far ends ----------------------------------------------------------------------------------------------------


class AtTheTelephone:
    """A person who looks at the list of calls every minute and calls while the desk is there; some calls come to nothing."""

    def __init__(self, journal: Journal, far: FarEnds, clock: Callable[[], datetime], luck: Random) -> None:
        self._journal, self._far, self._clock, self._luck = journal, far, clock, luck

    def look(self, tasks: list[Snapshot]) -> int:
        """Returns how many calls are left to make."""
        rulebook = load_rulebook()
        sheets = list_calls(tasks, rulebook, self._clock())
        done = 0
        for sheet in sheets:
            self._far.first_seen.setdefault(sheet.request_id, self._clock())
            if sheet.open_now is False:
                continue
            if self._luck.random() < 0.1:
                phone_failed(self._journal, sheet.request_id, who="Ada Testmaple", why="they asked us to call again")
                continue
            self._far.phoned.append((sheet.request_id, sheet.number, self._clock()))
            number = f"T{len(self._far.phoned):06}"
            phone_done(self._journal, sheet.request_id, reference_no=number, who="Ada Testmaple", rulebook=rulebook)
            done += 1
        return len(sheets) - done


# --- the practice ----------------------------------------------------------------------------------------------------


class _Office(double.World):  # type: ignore[misc, name-defined]
    """One portal as one process meets it, each step taking its time."""

    async def step(self, where: str) -> None:
        await asyncio.sleep(TAKES.get(where, 0.0))
        await super().step(where)


def _accounts(slug: str) -> tuple[str, ...]:
    return NO_ACCOUNT if slug in WITHOUT_ACCOUNT else ("a", "b")


class Practice:
    """``downs`` and ``arrivals`` make the scenario."""

    def __init__(
        self, loop: VirtualLoop, folder: Path, downs: list[Down], arrivals: list[Arrival], *, seed: int, click_every: int = 0
    ) -> None:
        self.clock = VirtualClock(loop, double.START)
        self.sky = Sky(self.clock, downs, click_every=click_every, seed=seed)
        self.truth = double.Truth()
        self.far = FarEnds()
        self.arrivals = sorted(arrivals, key=lambda each: each.at)
        self._left = list(self.arrivals)
        self._next: datetime | None = None
        """When there is something to do next; None: nothing any more."""
        self._url = f"sqlite:///{folder / 'journal.db'}"
        self.journal = Journal.open(self._url, now=self.clock)
        self.folder = folder
        self.line = SlowLine(self.clock)
        self.person = AtTheTelephone(self.journal, self.far, self.clock, Random(f"phone/{seed}"))
        self.offices = [self._start(pid) for pid in (1, 2)]
        self._faxes = FaxRoom(self.journal, self.offices[0].seats, folder, self.line)

    def close(self) -> None:
        for office in self.offices:
            office.journal.close()
        self.journal.close()
        self.truth.close()

    def _start(self, pid: int) -> Office:
        journal = Journal.open(self._url, now=self.clock)
        worlds = {
            slug: _Office(
                self.truth,
                self.clock,
                holder=str(pid),
                credentials=Credentials(journal),
                faults=Weather(self.sky, slug),
                lag=timedelta(minutes=5),
            )
            for slug in PORTALS
        }

        @asynccontextmanager
        async def open_portal(slug: str, account: str) -> AsyncIterator[Any]:
            async with worlds[slug].open(slug, account) as portal:
                yield portal

        seats = Seats(journal, me=Identity(host="here", pid=pid, started=1.0), is_running=lambda identity: True)
        return Office(
            journal=journal,
            open_portal=open_portal,
            plans={
                slug: PortalPlan(slug=slug, accounts=NO_ACCOUNT if slug in WITHOUT_ACCOUNT else ("a", "b")) for slug in PORTALS
            },
            seats=seats,
            take_faxes=FaxRoom(journal, seats, self.folder, self.line).take,
        )

    async def live(self) -> None:
        """Until every outage is over and everything is at rest."""
        self._next = self.clock()
        await asyncio.gather(self._minutes(), *(self._work(office) for office in self.offices))

    async def _minutes(self) -> None:
        """What the service does every minute, whatever the work on portals is doing."""
        while self._next is not None:
            self._take_in()
            await leave_due(self.offices[0])
            tasks = list(self.journal.snapshots(status=Status.NEEDS_PERSON))
            calls = self.person.look(tasks)
            resting = list(self.journal.snapshots(status=(Status.NEW, Status.WAITING, Status.UNCERTAIN)))
            if (fax_at := self._next_fax()) is not None and fax_at <= self.clock():
                await self._faxes.work()
            self._next = self._when(resting, calls)
            await asyncio.sleep(self._pause())

    async def _work(self, office: Office) -> None:
        while self._next is not None:
            await verify_due(office)
            await submit_due(office)
            await asyncio.sleep(self._pause())

    def _take_in(self) -> None:
        now = self.clock()
        here = [each.request for each in self._left if each.at <= now]
        self._left = [each for each in self._left if each.at > now]
        if here:
            take_in(here, self.journal, as_of=now.date(), rulebook=load_rulebook(), settings=RoutingSettings())

    def _when(self, resting: list[Snapshot], calls: int) -> datetime | None:
        """When there is something to do next; None when all is over and at rest."""
        now = self.clock()
        if not self._left and now >= self.sky.ends() and not resting and not calls:
            return None
        known = [next_moment(self.offices[0])]
        known += [each.waiting_until for each in resting if each.status is Status.UNCERTAIN]
        known += [self._left[0].at] if self._left else []
        known += [self._next_fax()]
        known += [now + timedelta(minutes=30)] if calls else []
        return min((at for at in known if at is not None), default=now + timedelta(minutes=30))

    def _next_fax(self) -> datetime | None:
        book = FaxBook(self.journal, self.offices[0].seats)
        return self.clock() if book.lines_in_use() else book.next_due()

    def _pause(self) -> float:
        """A minute; or, when nothing is to be done in it, until there is, still on the minute."""
        if self._next is None:
            return 0.0
        return max(60.0, 60.0 * ((self._next - self.clock()).total_seconds() // 60))
