"""The same through portals' own pages: a mixed file over all portals, some of which go down in the simulated world.

Clear Coverage shows its banner, Authorization Manager answers 503 for more than a day, PromptPA is under maintenance, and eviCore
goes down during two clicks. PriorBot runs in this process, so that its clock and the world's can be put on together.
"""

from __future__ import annotations

import asyncio
import dataclasses
import os
import sys
import tempfile
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from outage_fax import FaxRoom, SlowLine
from outage_practice import AtTheTelephone, FarEnds
from plain_rules import expected

from bots.keys import generate_key
from bots.model import Status
from fixtures.clock import today
from fixtures.server import RunningWorld, running_world
from jobs.dispatch import submit_due
from jobs.engine import Engine
from jobs.events import BreakerOpened
from jobs.fax.book import FaxBook
from jobs.home import Home
from jobs.intake import read_intake
from jobs.leaving import leave_due
from jobs.office import Office, Outcome
from jobs.take_in import take_in
from jobs.verify import verify_due

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "mixed"))

from mixed_rows import mixed_rows
from practice import move_in, write_rows

ROUNDS = 8
"""After the outages, forty minutes apart: what waits goes on, what is uncertain is looked for."""


@dataclasses.dataclass
class InBrowser:
    """What came out, and what must not have (``wrong``)."""

    requests: int = 0
    urgent: int = 0
    at_portals: int = 0
    faxed: int = 0
    phoned: int = 0
    not_required: int = 0
    with_a_person: int = 0
    outages_met: int = 0
    wrong: list[str] = dataclasses.field(default_factory=list)


class _Later:
    """The clock of this PriorBot, as far ahead as its world's."""

    def __init__(self, world: RunningWorld) -> None:
        self._world = world
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def pass_time(self, **amount: float) -> None:
        self.ahead += timedelta(**amount)
        self._world.advance(timedelta(**amount).total_seconds() / 3600)


def in_browser(requests: int, seed: int) -> InBrowser:
    os.environ.setdefault("PRIORBOT_KEY", generate_key())
    with tempfile.TemporaryDirectory() as folder, running_world() as world:
        home = Home(Path(folder) / "home")
        move_in(home, world, codes=())
        rows = mixed_rows(today(), requests, seed)
        luck = Random(f"browser/{seed}")
        for row in rows:
            row["urgency"] = luck.choice(("standard", "standard", "urgent"))
        file = write_rows(Path(folder) / "mixed.csv", rows)
        clock = _Later(world)
        with Engine.at(home, now=clock) as engine:
            asked = read_intake(file, today=today()).requests
            take_in(asked, engine.journal, as_of=engine.today(), rulebook=engine.rulebook, settings=engine.routing)
            far, line = FarEnds(), SlowLine(clock)
            asyncio.run(_live(engine, world, clock, far, FaxRoom(engine.journal, engine.seats, home.path, line)))
            return _judge(engine, world, far, line)


async def _live(engine: Engine, world: RunningWorld, clock: _Later, far: FarEnds, faxes: FaxRoom) -> None:
    person = AtTheTelephone(engine.journal, far, clock, Random(1))

    def say(outcome: Outcome) -> None:
        print(outcome.request_id, outcome.portal, outcome.status, outcome.error_code, file=sys.stderr, flush=True)

    async with engine.portal_factory() as factory:
        office = dataclasses.replace(engine.office(factory, say), take_faxes=faxes.take, daily_check=False)
        world.fault("clear_coverage", "outage_banner")
        world.fault("authorization_manager", "http_503", where="login", times=-1)
        world.fault("promptpa", "maintenance")
        world.fault("evicore", "http_503", where="submit", times=2)
        await _round(office, clock, faxes, person)
        world.clear_faults()
        world.fault("authorization_manager", "http_503", where="login", times=-1)
        for _ in range(2):
            clock.pass_time(minutes=31)
            await _round(office, clock, faxes, person)
        clock.pass_time(hours=25)
        await leave_due(office)
        world.clear_faults()
        for _ in range(ROUNDS):
            clock.pass_time(minutes=40)
            await _round(office, clock, faxes, person)


async def _round(office: Office, clock: _Later, faxes: FaxRoom, person: AtTheTelephone) -> None:
    await verify_due(office)
    await submit_due(office)
    await faxes.work()
    while FaxBook(office.journal, office.seats).lines_in_use():
        clock.pass_time(minutes=1)
        await faxes.work()
    person.look(list(office.journal.snapshots(status=Status.NEEDS_PERSON)))


def _judge(engine: Engine, world: RunningWorld, far: FarEnds, line: SlowLine) -> InBrowser:
    found = InBrowser(faxed=len(line.arrived()), phoned=len(far.phoned))
    accepted = world.truth("requests")
    found.at_portals = len(accepted)
    by_member = Counter(row["member_id"] for row in accepted)
    others = Counter(request_id for request_id, _, _ in (*line.arrived(), *far.phoned))
    for snapshot in engine.journal.snapshots():
        request = snapshot.request
        request_id = request.request_id
        count = by_member[request.member.id] + others[request_id]
        found.requests += 1
        found.urgent += request.is_urgent
        if count > 1:
            found.wrong.append(f"{request_id} went out {count} times")
        if count == 0 and snapshot.status is Status.NOT_REQUIRED:
            found.not_required += 1
        elif count == 0:
            found.with_a_person += 1
            if not (snapshot.reason and snapshot.next_action):
                found.wrong.append(f"{request_id} is lost: {snapshot.status}")
    known = {each.request.request_id: each.request for each in engine.journal.snapshots()}
    for way, ended in (("fax", line.arrived()), ("phone", far.phoned)):
        for request_id, number, _ in ended:
            _, where, other, rule = expected(known[request_id], today())
            if (way, number) not in (other[:2] if other else (), (way, where)):
                found.wrong.append(f"{request_id}: {way} {number}, and {rule} says {other}")
    found.outages_met = sum(isinstance(each.body, BreakerOpened) for each in engine.journal.events(""))
    engine.journal.check()
    return found


def told(found: InBrowser) -> str:
    """For ``docs/outages.md``."""
    wrong = "".join(f"\n- {what}" for what in found.wrong)
    return f"""
## Through the browser

With `--browser {found.requests}`: a mixed file over all portals in the simulated world (`tests/mixed`), a third of it urgent,
while Clear Coverage shows its banner, Authorization Manager answers 503 for more than a day, PromptPA is under maintenance and
eviCore goes down during two clicks. {found.requests} requests, {found.urgent} urgent: {found.at_portals} on portals,
{found.faxed} faxed, {found.phoned} phoned, {found.not_required} not required by the portal's own word,
{found.with_a_person} with a person, {len(found.wrong)} wrong.
{wrong}"""
