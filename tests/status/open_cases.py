"""Many open cases at the simulated portals, standing in a journal as if each had been submitted and read once; and what a look at
them costs the portals, counted at the world's side: pages and calls, files (scripts, styles) left out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import msgspec
from msgspec.structs import replace

from bots.driver import PortalDriver
from bots.model import AuthRequest, CaseSummary, Reading, Receipt, Shown, Status
from bots.registry import PortalFactory
from fixtures.server import RunningWorld
from jobs import events as happened
from jobs.case_lists import mark
from jobs.engine import Engine
from jobs.events import Standing
from jobs.follow import follow_open
from jobs.home import Home
from jobs.state import Channel, Decision, Route


class Costs(msgspec.Struct, frozen=True):
    """What it cost one portal (or all together): ``look_ups`` one page of each case, the others a run of ``priorbot status``."""

    cases: int
    entry: int
    """To sign in and out: in the runs, not in the look-ups."""
    look_ups: float
    unchanged: int
    changed: int
    decided: int
    """So many had been decided before the run ``changed``."""
    found: int
    """So many of these the run found."""

    @property
    def reading(self) -> float:
        """How many times fewer answers a run reads than one look-up per case, signing in aside on both sides."""
        return self.look_ups / (self.unchanged - self.entry)

    @property
    def ratio(self) -> float:
        """The same with signing in and out on both sides, once."""
        return (self.look_ups + self.entry) / self.unchanged


class Bench:
    """``submitted``: portal -> a request that its world has accepted, by which the others are modelled."""

    def __init__(self, world: RunningWorld, engine: Engine, factory: PortalFactory, submitted: Mapping[str, str]) -> None:
        self.world = world
        self.engine = engine
        self.factory = factory
        self.submitted = submitted
        self.numbers: dict[str, list[str]] = {}

    def loads(self, slug: str) -> int:
        return sum(self.world.truth("loads").get(slug, {}).values())

    # --- setting up --------------------------------------------------------------------------------------------------

    async def open_cases(self, slug: str, count: int) -> None:
        """So many open cases there, all of them in the journal with a reading that says what the list says."""
        journal = self.engine.journal
        first = journal.snapshot(self.submitted[slug])
        assert first.receipt is not None
        more = self.world.truth("copies", {"reference_no": first.receipt.reference_no, "count": count - 1})
        requests = [replace(first.request, request_id=f"{first.request.request_id}-{n}") for n in range(1, count)]
        list(journal.accept_all((each, each.request_id) for each in requests))
        route = Route(request_id="", decision=Decision.PORTAL, portal=slug, rule_ids=("H5",))
        journal.set_routes((each.request_id, replace(route, request_id=each.request_id)) for each in requests)
        self.numbers[slug] = [first.receipt.reference_no, *more]
        async with self.factory.open(slug, self._account(slug)) as portal:
            rows = {row.reference_no: row for row in await portal.list_cases(self.engine.today() - timedelta(days=2))}
        self._keep(slug, dict(zip(more, requests, strict=True)), rows)
        with journal.write() as write:
            write.append(first.request.request_id, self._read(rows[first.receipt.reference_no]))

    def _keep(self, slug: str, requests: Mapping[str, AuthRequest], rows: Mapping[str, CaseSummary]) -> None:
        now = self.engine.now()
        with self.engine.journal.write() as write:
            for number, request in requests.items():
                attempt_id = f"a{write.next_seq:012}"
                began = happened.Began(attempt_id=attempt_id, channel=Channel.PORTAL, portal=slug, account="", fence=0)
                receipt = Receipt(portal=slug, reference_no=number, received_at=now)
                shown = Shown(portal=slug, page="review", selectors_version="", fields={})
                sent = happened.Intended(attempt_id=attempt_id, shown=shown)
                got = happened.Received(attempt_id=attempt_id, receipt=receipt)
                write.append(request.request_id, began, sent, got, self._read(rows[number]))

    def _read(self, row: CaseSummary) -> happened.ReadingTaken:
        shared = {"reference_no": row.reference_no, "status": row.status, "status_raw": row.status_raw, "listed_as": mark(row)}
        reading = Reading(portal=row.portal, observed_at=self.engine.now(), **shared)
        return happened.ReadingTaken(reading=reading, standing=Standing(status=row.status))

    def _account(self, slug: str) -> str:
        return self.engine.config.portals[slug].accounts[0]

    # --- measuring ---------------------------------------------------------------------------------------------------

    async def look_up(self, slug: str, count: int) -> float:
        """What one look-up per case costs: the pages of ``count`` of them opened one after the other, for all of them."""
        numbers = self.numbers[slug][:count]
        member = self.engine.journal.snapshot(self.submitted[slug]).request.member
        async with self.factory.open(slug, self._account(slug)) as portal:
            await portal.list_cases(self.engine.today())  # signs in
            before = self.loads(slug)
            for number in numbers:
                await read(portal, number, member)
            return (self.loads(slug) - before) / len(numbers) * len(self.numbers[slug])

    async def entry(self, slug: str) -> int:
        """What signing in and out costs."""
        before = self.loads(slug)
        async with self.factory.open(slug, self._account(slug)) as portal:
            await portal.session.ensure()
        return self.loads(slug) - before

    async def status(self) -> dict[str, int]:
        """One run of ``priorbot status`` over all portals: what it cost each."""
        before = {slug: self.loads(slug) for slug in self.numbers}
        await follow_open(self.engine.office(self.factory, lambda _: None))
        return {slug: self.loads(slug) - before[slug] for slug in self.numbers}

    def decide(self, slug: str, count: int) -> list[str]:
        """The payer decides so many; Optum Pro's list goes on saying Pending of them until the night."""
        some = self.numbers[slug][1 : count + 1]
        for number in some:
            self.world.truth("decide", {"reference_no": number, "status": "Authorized", "approved": [1]})
        return some

    def found(self, slug: str, numbers: list[str]) -> int:
        """How many of these the journal has as approved."""
        granted = self.engine.journal.snapshots(status={Status.APPROVED})
        return sum(one.receipt is not None and one.receipt.reference_no in numbers for one in granted)


async def read(portal: PortalDriver, number: str, member: Any) -> None:
    reading = await portal.read_case(number, member)
    assert reading.reference_no == number


async def measure(
    world: RunningWorld, home: Home, submitted: Mapping[str, str], shares: Mapping[str, int], *, look_ups: int, decided: int
) -> dict[str, Costs]:
    """``look_ups``: so many cases of each portal are looked up one by one. ``decided``: so many, before the last run."""
    with Engine.at(home) as engine:
        async with engine.portal_factory() as factory:
            bench = Bench(world, engine, factory, submitted)
            return await _measured(bench, shares, look_ups, decided)


async def _measured(bench: Bench, shares: Mapping[str, int], look_ups: int, decided: int) -> dict[str, Costs]:
    for slug, count in shares.items():
        await bench.open_cases(slug, count)
    entries = {slug: await bench.entry(slug) for slug in shares}
    one_by_one = {slug: await bench.look_up(slug, min(look_ups, count)) for slug, count in shares.items()}
    await bench.status()  # the one case of each portal that was really submitted may have news by now
    unchanged = await bench.status()
    some = {slug: bench.decide(slug, decided) for slug in shares}
    changed = await bench.status()
    return {
        slug: Costs(
            count, entries[slug], one_by_one[slug], unchanged[slug], changed[slug], decided, bench.found(slug, some[slug])
        )
        for slug, count in shares.items()
    }
