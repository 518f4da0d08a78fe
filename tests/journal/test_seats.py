"""Seats: one worker on an account, over all processes; breakers, limits and a person's word, shared by all."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from typing import Any

import psutil
import pytest

from bots.errors import AccountLocked, BlockedByPortal, PortalDown, PortalSlow
from bots.model import Status
from jobs.attempts import Attempts
from jobs.events import Standing
from jobs.fallback import LONGEST_PROBE
from jobs.journal import Journal
from jobs.portal_state import FIRST_PROBE, BreakerState, PortalStates
from jobs.seats import Identity, Seat, SeatLost, Seats, runs, this_process

PORTAL = "clear_coverage"


class Machines:
    """Processes here and elsewhere, of which the test says which still run."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.gone: set[int] = set()

    def process(self, pid: int, host: str = "here", **changes: Any) -> Seats:
        me = Identity(host=host, pid=pid, started=float(pid))
        return Seats(self.journal, me=me, is_running=lambda identity: identity.pid not in self.gone, **changes)


@pytest.fixture
def machines(journal: Journal) -> Machines:
    return Machines(journal)


def test_one_seat_for_each_account(machines: Machines) -> None:
    first, second = machines.process(1), machines.process(2)
    assert first.acquire(PORTAL, "north") is not None
    assert second.acquire(PORTAL, "north") is None
    assert first.acquire(PORTAL, "north") is None, "not twice by one process either"
    assert second.acquire(PORTAL, "south") is not None
    assert second.acquire("husky_secure", "north") is not None


def test_a_seat_that_was_given_back_is_free_under_a_higher_token(machines: Machines) -> None:
    first, second = machines.process(1), machines.process(2)
    seat = first.acquire(PORTAL, "north")
    assert seat == Seat(portal=PORTAL, account="north", fence=1)
    first.release(seat)
    assert second.acquire(PORTAL, "north") == Seat(portal=PORTAL, account="north", fence=2)


def test_a_holder_on_this_machine_that_has_ended_frees_it_at_once(machines: Machines) -> None:
    machines.process(1).acquire(PORTAL, "north")
    machines.gone.add(1)
    assert machines.process(2).acquire(PORTAL, "north") is not None


def test_a_holder_elsewhere_frees_it_when_its_lease_is_over(machines: Machines, clock: Any) -> None:
    machines.process(1, host="there").acquire(PORTAL, "north")
    machines.gone.add(1)  # nobody here can know
    here = machines.process(2)
    clock.advance(minutes=2)
    assert here.acquire(PORTAL, "north") is None
    clock.advance(minutes=2)
    assert here.acquire(PORTAL, "north") is not None


def test_a_heartbeat_keeps_the_seat(machines: Machines, clock: Any) -> None:
    there, here = machines.process(1, host="there"), machines.process(2)
    seat = there.acquire(PORTAL, "north")
    for _ in range(5):
        clock.advance(minutes=2)
        assert there.heartbeat(seat)
        assert here.acquire(PORTAL, "north") is None


def test_who_lost_the_seat_can_neither_give_it_back_nor_work(journal: Journal, machines: Machines, clock: Any) -> None:
    there, here = machines.process(1, host="there"), machines.process(2)
    lost = there.acquire(PORTAL, "north")
    clock.advance(minutes=4)
    taken = here.acquire(PORTAL, "north")
    assert not there.heartbeat(lost)
    there.release(lost)
    assert here.heartbeat(taken)
    with pytest.raises(SeatLost):
        Attempts(journal, there).claim("R-1", lost)


def test_an_expired_lease_that_nobody_took_is_still_good(journal: Journal, machines: Machines, clock: Any) -> None:
    seats = machines.process(1)
    seat = seats.acquire(PORTAL, "north")
    assert seat is not None
    clock.advance(minutes=10)
    with journal.read() as connection:
        seats.require(connection, seat)


def test_others_at_work_are_seen(machines: Machines) -> None:
    first, second = machines.process(1), machines.process(2)
    assert not second.held_by_others(PORTAL)
    first.acquire(PORTAL, "north")
    assert second.held_by_others(PORTAL)
    assert not first.held_by_others(PORTAL)
    machines.gone.add(1)
    assert not second.held_by_others(PORTAL)


def test_an_attempt_of_a_worker_that_ended_before_its_intent_is_taken_over(sender: Any, machines: Machines) -> None:
    sender.take_in()
    first, second = machines.process(1), machines.process(2)
    assert Attempts(sender.journal, first).claim("R-1", first.acquire(PORTAL, "a")) is not None
    assert Attempts(sender.journal, second).claim("R-1", second.acquire(PORTAL, "b")) is None
    machines.gone.add(1)
    assert Attempts(sender.journal, second).claim("R-1", second.acquire(PORTAL, "c")) is not None


def test_this_process_runs_and_an_ended_one_does_not() -> None:
    me = this_process()
    assert runs(me)
    assert not runs(Identity(host=me.host, pid=me.pid, started=me.started - 3600)), "the same number, another process"
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    other = Identity(host=me.host, pid=child.pid, started=psutil.Process(child.pid).create_time())
    assert runs(other)
    child.kill()
    psutil.Process(child.pid).status()  # a zombie until it is waited for
    child.communicate()
    assert not runs(other)


# --- breaker -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def states(journal: Journal) -> PortalStates:
    return PortalStates(journal)


DOWN = PortalDown(PORTAL)


def test_repeated_failures_open_the_breaker(states: PortalStates, clock: Any) -> None:
    since = clock()
    states.failed(PORTAL, DOWN)
    clock.advance(minutes=1)
    assert states.failed(PORTAL, PortalSlow(PORTAL)).state is BreakerState.CLOSED
    assert states.may_use(PORTAL)
    opened = states.failed(PORTAL, DOWN)
    assert opened.state is BreakerState.OPEN
    assert opened.down_since == since, "down since its first failure"
    assert opened.probe_at == clock() + FIRST_PROBE
    assert not states.may_use(PORTAL)


def test_the_portals_own_banner_opens_it_at_once(states: PortalStates) -> None:
    assert states.failed(PORTAL, DOWN, banner=True).state is BreakerState.OPEN


def test_a_success_in_between_forgets_the_failures(states: PortalStates) -> None:
    for _ in range(5):
        states.failed(PORTAL, DOWN)
        states.failed(PORTAL, DOWN)
        states.worked(PORTAL)
    assert states.may_use(PORTAL)


def test_one_worker_probes_and_its_success_closes_the_breaker(states: PortalStates, journal: Journal, clock: Any) -> None:
    states.failed(PORTAL, DOWN, banner=True)
    clock.advance(minutes=5)
    other = PortalStates(journal)
    assert [states.may_use(PORTAL), other.may_use(PORTAL), states.may_use(PORTAL)] == [True, False, False]
    states.worked(PORTAL)
    assert other.may_use(PORTAL)
    kinds = [type(event.body).__struct_config__.tag for event in journal.events("")]
    assert kinds == ["breaker_opened", "breaker_closed"]


def test_a_failed_probe_opens_it_again_for_longer(states: PortalStates, clock: Any) -> None:
    since = clock()
    waits = []
    states.failed(PORTAL, DOWN, banner=True)
    for _ in range(6):
        probe_at = states.breaker(PORTAL).probe_at
        assert probe_at is not None
        waits.append(probe_at - clock())
        clock.at = probe_at
        assert states.may_use(PORTAL)
        assert states.failed(PORTAL, DOWN).down_since == since
    assert waits == [FIRST_PROBE, FIRST_PROBE * 2, FIRST_PROBE * 4, *[LONGEST_PROBE] * 3]


def test_a_probe_that_never_answered_is_made_again(states: PortalStates, clock: Any) -> None:
    states.failed(PORTAL, DOWN, banner=True)
    clock.advance(minutes=5)
    assert states.may_use(PORTAL)
    clock.advance(minutes=11)
    assert states.may_use(PORTAL)


def test_each_portal_has_a_breaker_of_its_own(states: PortalStates) -> None:
    states.failed(PORTAL, DOWN, banner=True)
    assert states.may_use("husky_secure")


# --- a person's word ---------------------------------------------------------------------------------------------------


def test_an_account_is_disabled_alone_and_a_block_stops_the_whole_portal(states: PortalStates) -> None:
    states.disable_portal(PORTAL, "north", AccountLocked(PORTAL, account="north"))
    assert states.why_disabled(PORTAL, "north") is not None
    assert states.why_disabled(PORTAL, "south") is None
    states.disable_portal(PORTAL, "north", BlockedByPortal(PORTAL))
    assert states.why_disabled(PORTAL, "south") is not None
    assert states.why_disabled("husky_secure", "north") is None


def test_enabling_frees_all_accounts_and_what_waited_for_a_person(states: PortalStates, sender: Any, clock: Any) -> None:
    sender.take_in("R-1")
    sender.take_in("R-2")
    sender.journal.move("R-1", Standing(status=Status.WAITING, next_action="enable it"))
    sender.journal.move("R-2", Standing(status=Status.WAITING, waiting_until=clock() + timedelta(hours=1)))
    states.disable_portal(PORTAL, "north", AccountLocked(PORTAL))
    assert states.enable_portal(PORTAL, "Sam") == 1
    assert states.disabled() == ()
    assert sender.journal.snapshot("R-1").status is Status.NEW
    assert sender.journal.snapshot("R-2").status is Status.WAITING
    assert sender.journal.rebuild()


# --- our own limit -----------------------------------------------------------------------------------------------------


def test_the_limit_counts_the_last_hour_over_all_processes(states: PortalStates, journal: Journal, clock: Any) -> None:
    other = PortalStates(journal)
    begin = clock()
    assert [states.spend(PORTAL, 3), other.spend(PORTAL, 3), states.spend(PORTAL, 3)] == [None] * 3
    assert other.spend(PORTAL, 3) == begin + timedelta(hours=1)
    clock.advance(minutes=60, seconds=1)
    assert other.spend(PORTAL, 3) is None


def test_no_limit_counts_nothing(states: PortalStates) -> None:
    assert {states.spend(PORTAL, 0) for _ in range(50)} == {None}
