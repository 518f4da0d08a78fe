"""The service begins each job's tick once, over restarts, kills, a second service and clocks that jump."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from jobs.calendar_ticks import TickCalendar, parse_rhythm
from jobs.journal import Journal
from jobs.journal_schema import JournalUnavailable, ticks
from jobs.seats import Identity, Seats
from jobs.service import Job, Service
from jobs.ticking import Ticking

START = datetime(2026, 10, 30, 12, 0, tzinfo=UTC)
ZONE = "America/New_York"


class Clock:
    def __init__(self, at: datetime = START) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at


class Bench:
    """A journal and services on it; ``ran`` is what they did, by job and by the hour at which it was done."""

    def __init__(self, folder: Path) -> None:
        self.clock = Clock()
        self.journal = Journal.open(f"sqlite:///{folder / 'journal.db'}", now=self.clock)
        self.ran: list[tuple[str, datetime]] = []
        self.gates: dict[str, asyncio.Event] = {}
        self.failing: set[str] = set()
        self.idle: set[str] = set()
        """Jobs whose look finds nothing to do."""

    def service(self, *, pid: int = 1, alive: Callable[[Identity], bool] = lambda _who: True, **rhythms: str) -> Service:
        made = rhythms or {"often": "every 60 min", "daily": "06:30"}
        jobs = [self._job(name, text) for name, text in made.items()]
        seats = Seats(self.journal, me=Identity(host="desk", pid=pid, started=1.0), is_running=alive)
        return Service(jobs, ticking=Ticking(self.journal), seats=seats, now=self.clock)

    def _job(self, name: str, text: str) -> Job:
        async def work() -> str:
            self.ran.append((name, self.clock()))
            if name in self.gates:
                await self.gates[name].wait()
            if name in self.failing:
                raise ValueError(name)
            return ""

        calendar = TickCalendar(rhythm=parse_rhythm(text), zone=ZONE)
        return Job(name=name, calendar=calendar, work=work, is_due=lambda: name not in self.idle, is_watch=name == "watch")

    async def live(self, until: datetime, *services: Service) -> None:
        while self.clock() <= until:
            for each in services:
                each.look()
            for each in services:
                await each.idle()
            self.clock.at = min(each.next_look(self.clock(), timedelta(hours=1)) for each in services)
        self.clock.at = until

    def count(self, name: str) -> int:
        return sum(job == name for job, _ in self.ran)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.journal.close()


@pytest.fixture(autouse=True)
def _no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """A moved clock needs no heartbeat of its seats."""

    async def never(_self: Seats, _seat: Any) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(Seats, "_beat", never)


async def settle(_: Awaitable[Any] | None = None) -> None:
    for _turn in range(5):
        await asyncio.sleep(0)


async def test_over_the_long_night_each_tick_runs_once(bench: Bench) -> None:
    await bench.live(START + timedelta(days=4), bench.service(often="every 120 min", night="01:30", daily="Mon-Fri 00:00"))
    assert bench.count("often") == 4 * 12 + 1
    assert [at for job, at in bench.ran if job == "night"] == [
        datetime(2026, 10, 31, 5, 30, tzinfo=UTC),
        datetime(2026, 11, 1, 5, 30, tzinfo=UTC),
        datetime(2026, 11, 2, 6, 30, tzinfo=UTC),
        datetime(2026, 11, 3, 6, 30, tzinfo=UTC),
    ]
    assert [at.day for job, at in bench.ran if job == "daily"] == [2, 3]


async def test_two_schedulers_on_one_journal_run_each_tick_once(bench: Bench) -> None:
    await bench.live(START + timedelta(hours=20), bench.service(pid=1), bench.service(pid=2))
    assert max(Counter(bench.ran).values()) == 1
    assert bench.count("often") == 20 + 1
    assert bench.count("daily") == 0, "its first tick, 06:30 the next day, is still to come"


async def test_a_restart_runs_nothing_again(bench: Bench) -> None:
    for _ in range(3):
        service = bench.service()
        service.look()
        await service.idle()
    assert Counter(bench.ran) == {("often", START): 1}


async def test_a_first_start_owes_nothing_for_the_times_before_it(bench: Bench) -> None:
    service = bench.service(daily="06:30")
    service.look()
    await service.idle()
    assert bench.ran == []
    assert service.missed == []


async def test_a_job_that_still_runs_does_not_run_twice_at_once(bench: Bench) -> None:
    bench.gates["often"] = asyncio.Event()
    service = bench.service(often="every 5 min")
    service.look()
    await settle()
    bench.clock.at += timedelta(minutes=12)
    service.look()
    await settle()
    assert bench.count("often") == 1
    bench.gates["often"].set()
    await service.idle()
    service.look()
    await service.idle()
    assert bench.count("often") == 2, "the ticks in between are one"


async def test_what_a_killed_service_began_is_begun_once_more(bench: Bench) -> None:
    bench.gates["often"] = asyncio.Event()
    killed = bench.service(pid=1)
    killed.look()
    await settle()
    bench.gates.clear()
    for pid in (2, 3):  # the first of them takes over; had it died as well, nobody would a third time
        service = bench.service(pid=pid, alive=lambda who: who.pid != 1)
        service.look()
        await service.idle()
    assert bench.count("often") == 2
    await killed.stop(0)


async def test_what_another_one_is_at_is_left_to_it(bench: Bench) -> None:
    bench.gates["often"] = asyncio.Event()
    first = bench.service(pid=1)
    first.look()
    await settle()
    second = bench.service(pid=2)
    second.look()
    await second.idle()
    assert bench.count("often") == 1
    await first.stop(0)


async def test_after_a_night_off_each_missed_job_runs_once_and_it_is_said(bench: Bench) -> None:
    await bench.live(START + timedelta(days=1), bench.service())
    bench.ran.clear()
    bench.clock.at = START + timedelta(days=4)
    service = bench.service()
    service.look()
    await service.idle()
    assert Counter(job for job, _ in bench.ran) == {"often": 1, "daily": 1}
    daily = next(each for each in service.missed if each.job == "daily")
    assert daily.count == 3
    assert daily.last == datetime(2026, 11, 3, 11, 30, tzinfo=UTC)


async def test_a_clock_set_back_a_day_runs_nothing_twice_and_is_told(bench: Bench) -> None:
    service = bench.service(often="every 60 min", daily="06:30", watch="every 60 min")
    await bench.live(START + timedelta(days=1), service)
    bench.ran.clear()
    bench.clock.at = START + timedelta(hours=1)
    for running in (service, bench.service(often="every 60 min", daily="06:30", watch="every 60 min")):
        running.look()
        await running.idle()
        assert [trouble.matter for trouble in running.troubles()] == ["clock"]
        assert "Nothing is sent" in running.troubles()[0].sentence
    assert {job for job, _ in bench.ran} == {"watch"}, "who watches goes on, to tell it"
    await bench.live(START + timedelta(days=1, hours=3), service)
    assert service.troubles() == ()
    assert bench.count("often") == 3


async def test_a_person_can_say_that_the_clock_is_right_now(bench: Bench) -> None:
    await bench.live(START + timedelta(days=1), bench.service())
    bench.ran.clear()
    bench.clock.at = START + timedelta(hours=1)
    assert Ticking(bench.journal).forget_after(bench.clock()) > 0
    await bench.live(START + timedelta(hours=2), service := bench.service())
    assert service.troubles() == ()
    assert [at for job, at in bench.ran if job == "often"] == [START + timedelta(hours=2)], "the tick of 13:00 ran at 13:00"


async def test_a_clock_put_forward_is_caught_up_with(bench: Bench) -> None:
    service = bench.service()
    await bench.live(START + timedelta(hours=1), service)
    bench.ran.clear()
    bench.clock.at += timedelta(days=1)
    service.look()
    await service.idle()
    assert Counter(job for job, _ in bench.ran) == {"often": 1, "daily": 1}
    assert {each.job for each in service.missed} == {"often", "daily"}


async def test_a_job_that_fails_is_a_trouble_until_it_works_and_is_not_repeated_before_its_time(bench: Bench) -> None:
    bench.failing.add("often")
    service = bench.service(often="every 5 min")
    for _ in range(2):
        service.look()
        await service.idle()
    assert bench.count("often") == 1
    (trouble,) = service.troubles()
    assert trouble.matter == "job often"
    assert "ValueError" in trouble.sentence
    bench.failing.clear()
    bench.clock.at += timedelta(minutes=5)
    service.look()
    await service.idle()
    assert service.troubles() == ()


async def test_with_a_journal_that_cannot_be_written_nothing_begins_but_the_watch(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = bench.service(often="every 5 min", watch="every 5 min")

    def full(*_: object) -> bool:
        raise JournalUnavailable

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "claim_tick", full)
        service.look()
        await service.idle()
    assert {job for job, _ in bench.ran} == {"watch"}
    assert [trouble.matter for trouble in service.troubles()] == ["journal"]
    bench.clock.at += timedelta(minutes=5)
    service.look()
    await service.idle()
    assert service.troubles() == ()
    assert bench.count("often") == 1


async def test_stopping_lets_what_is_in_the_middle_come_to_its_end(bench: Bench) -> None:
    bench.gates["often"] = asyncio.Event()
    service = bench.service(often="every 5 min")
    service.look()
    await settle()
    stopping = asyncio.create_task(service.stop(60))
    await settle()
    assert not stopping.done()
    bench.gates["often"].set()
    assert await stopping is True
    bench.clock.at += timedelta(minutes=5)
    service.look()
    assert service.is_idle, "nothing begins any more"


async def test_what_does_not_end_in_time_is_cut_short(bench: Bench) -> None:
    bench.gates["often"] = asyncio.Event()
    service = bench.service(often="every 5 min")
    service.look()
    await settle()
    assert await service.stop(0) is False
    assert service.is_idle


async def test_a_tick_with_nothing_to_do_passes_by_and_counts_as_run(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_seat(*_: object) -> None:
        raise AssertionError("a seat was taken for nothing")

    bench.idle.add("often")
    service = bench.service(often="every 5 min")
    with monkeypatch.context() as patch:
        patch.setattr(Seats, "acquire", no_seat)
        await bench.live(START + timedelta(minutes=11), service, bench.service(pid=2, often="every 5 min"))
    assert bench.ran == []
    ticking = Ticking(bench.journal)
    assert ticking.has_ended("often", "2026-10-30T12:10Z")
    assert ticking.last_begun("often") == START + timedelta(minutes=10)
    assert service.missed == []
    bench.idle.clear()
    again = bench.service(often="every 5 min")
    again.look()
    await again.idle()
    assert bench.ran == [], "the tick is over, also for the next process"
    await bench.live(START + timedelta(minutes=16), service)
    assert bench.ran == [("often", START + timedelta(minutes=15))]


async def test_a_look_that_fails_lets_the_job_itself_meet_and_tell_it(bench: Bench) -> None:
    service = bench.service(often="every 5 min")
    (job,) = service.jobs

    def fails() -> bool:
        raise OSError

    service.jobs = (replace(job, is_due=fails),)
    service.look()
    await service.idle()
    assert bench.count("often") == 1


async def test_what_was_missed_while_there_was_nothing_to_do_is_told_too(bench: Bench) -> None:
    bench.idle.add("often")
    service = bench.service(often="every 60 min")
    await bench.live(START, service)
    bench.clock.at = START + timedelta(hours=5)
    service.look()
    assert [(each.job, each.count) for each in service.missed] == [("often", 4)]


async def test_the_journal_is_not_asked_when_a_job_ran_last_at_every_tick(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its answer costs as much as there are ticks; within a quarter of an hour nothing can have been missed."""
    service = bench.service(often="every 5 min")
    await bench.live(START, service)

    def asked(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(Ticking, "last_begun", asked)
    await bench.live(START + timedelta(hours=1), service)
    assert bench.count("often") == 13


def test_of_jobs_that_run_often_only_the_last_days_are_kept(bench: Bench) -> None:
    ticking = Ticking(bench.journal)
    for job in ("often", "daily"):
        assert ticking.begin(job, "a")
    bench.clock.at += timedelta(days=6)
    assert ticking.pass_over("often", "b")
    assert ticking.prune(bench.clock(), timedelta(days=45), ["often"], timedelta(days=5)) == 1
    with bench.journal.read() as connection:
        kept = {(job, slot) for job, slot in connection.execute(select(ticks.c.job, ticks.c.slot))}
    assert kept == {("run daily", "a"), ("run often", "b"), ("ran often", "b")}


def test_old_ticks_are_forgotten(bench: Bench) -> None:
    ticking = Ticking(bench.journal)
    bench.journal.claim_tick("check clear_coverage", "2026-10-30")
    assert ticking.begin("often", "a")
    bench.clock.at += timedelta(days=50)
    assert ticking.begin("often", "b")
    assert ticking.prune(bench.clock(), timedelta(days=45)) == 1
    with bench.journal.read() as connection:
        assert set(connection.execute(select(ticks.c.slot)).scalars()) == {"2026-10-30", "b"}
