"""Killed at every single step, then started again: never twice, never lost, no password typed twice.

A step is: before, within and after each write of the journal, and everything that the portal does. The process that died does
nothing more, not even sign out; the one that is started again is another process on the same journal.
"""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from protocol_double import (
    PORTAL,
    Bomb,
    FakeClock,
    Faults,
    Killed,
    MortalJournal,
    Truth,
    World,
    build_request,
    check_rest,
    check_truth,
    open_office,
    settle,
    take_in,
)

from bots.errors import PasswordUnsure
from bots.model import Status
from jobs.dispatch import submit_due
from jobs.office import Office
from jobs.seats import Identity
from jobs.verify import verify_due

FIRST, SECOND, THIRD = (Identity(host="here", pid=pid, started=1.0) for pid in (1, 2, 3))


class Scene:
    """A fresh journal and payer, and processes of which the earlier ones are dead."""

    def __init__(self, path: Path, clock: FakeClock) -> None:
        self.clock = clock
        self.truth = Truth()
        self.file = path / "journal.db"
        self.running: set[int] = set()

    def begin_as(self, other: Scene) -> None:
        """The same journal and the same truth, at the same moment."""
        shutil.copyfile(other.file, self.file)
        self.truth.close()
        self.truth = other.truth.copy()
        self.clock.at = other.clock.at

    @contextmanager
    def process(self, me: Identity, bomb: Bomb) -> Iterator[tuple[MortalJournal, World]]:
        """One process from start to end, or to its death."""
        self.running = {me.pid}
        with MortalJournal.open(f"sqlite:///{self.file}", now=self.clock) as journal:
            journal.bomb = bomb
            world = World(self.truth, self.clock, holder=str(me.pid), bomb=bomb, is_alive=lambda pid: int(pid) in self.running)
            try:
                yield journal, world
            except (Killed, BaseExceptionGroup):
                assert bomb.dead

    def is_running(self, identity: Identity) -> bool:
        return identity.pid in self.running

    async def settle_and_check(self) -> None:
        with self.process(THIRD, Bomb()) as (journal, world):
            check_truth(journal, self.truth)
            office = open_office(journal, world, me=THIRD, is_running=self.is_running)
            await settle(office, self.clock)
            await self.check_by_hand(office, world)
            check_rest(journal, self.truth)
        self.truth.close()

    async def check_by_hand(self, office: Office, world: World) -> None:
        """A process that died between typing a password and seeing the answer left that to a person, who is told so and looks."""
        stopped = office.states.disabled(PORTAL)
        if {each.error_code for each in stopped} != {PasswordUnsure.code}:
            return
        for each in stopped:
            if not self.truth.is_right(PORTAL, each.account, "right"):
                world.passwords[each.account] = "another"
        office.states.enable_portal(PORTAL, "Sam")
        await settle(office, self.clock)


def every_step(tmp_path: Path, least: int) -> Iterator[tuple[Scene, Bomb]]:
    """Scenes killed at their first, second, ... step, up to the first that ends alive (not before it had ``least`` steps)."""
    for step in itertools.count(1):
        folder = tmp_path / str(step)
        folder.mkdir()
        bomb = Bomb(step)
        yield Scene(folder, FakeClock()), bomb
        if not bomb.dead:
            assert bomb.count >= least
            return


@pytest.mark.parametrize("click", [None, "timeout_after_accept"])
async def test_killed_at_every_step_of_a_submission(tmp_path: Path, click: str | None) -> None:
    for scene, bomb in every_step(tmp_path, least=30):
        with scene.process(FIRST, bomb) as (journal, world):
            journal.bomb = Bomb()
            take_in(journal, build_request("R-1"))
            journal.bomb = bomb
            world.faults = Faults({"click": [click]})
            await submit_due(open_office(journal, world, me=FIRST, is_running=scene.is_running))
        await scene.settle_and_check()


@pytest.mark.parametrize("click", ["timeout_after_accept", "lost_on_the_way"])
async def test_killed_at_every_step_of_verifying(tmp_path: Path, click: str) -> None:
    before = Scene(tmp_path, FakeClock())
    with before.process(FIRST, Bomb()) as (journal, world):
        take_in(journal, build_request("R-1"))
        world.faults = Faults({"click": [click]})
        await submit_due(open_office(journal, world, me=FIRST, is_running=before.is_running))
    for scene, bomb in every_step(tmp_path, least=15):
        scene.begin_as(before)
        with scene.process(SECOND, bomb) as (journal, world):
            office = open_office(journal, world, me=SECOND, is_running=scene.is_running)
            for _ in range(2):
                scene.clock.advance(minutes=20)
                await verify_due(office)
        await scene.settle_and_check()
    before.truth.close()


async def test_killed_at_every_step_of_taking_in(tmp_path: Path) -> None:
    """Taken in whole or not at all; taking the same file in again completes it."""
    rows = [build_request(f"R-{number}") for number in range(3)]
    for scene, bomb in every_step(tmp_path, least=6):
        with scene.process(FIRST, bomb) as (journal, _):
            take_in(journal, *rows)
        with scene.process(SECOND, Bomb()) as (journal, world):
            assert len(list(journal.snapshots())) in (0, 3)
            take_in(journal, *rows)
            await submit_due(open_office(journal, world, me=SECOND, is_running=scene.is_running))
            assert {snapshot.status for snapshot in journal.snapshots()} == {Status.SUBMITTED}
            check_rest(journal, scene.truth)
        scene.truth.close()


async def test_killed_around_the_sign_in_a_wrong_password_is_typed_once(tmp_path: Path) -> None:
    for scene, bomb in every_step(tmp_path, least=15):
        scene.truth.change_password(PORTAL, "north", "another")
        with scene.process(FIRST, bomb) as (journal, world):
            journal.bomb = Bomb()
            take_in(journal, build_request("R-1"))
            journal.bomb = bomb
            await submit_due(open_office(journal, world, me=FIRST, is_running=scene.is_running))
        await scene.settle_and_check()
