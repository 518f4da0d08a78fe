"""The outages that are tried: how long, how many portals, and when requests come in."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import structlog.testing
from outage_oracle import Verdict, judge
from outage_practice import PORTALS, Arrival, Practice, double, some_request
from outage_sky import Down
from virtual_time import VirtualLoop, run

START: datetime = double.START
SOME = ("clear_coverage", "carepartners", "authorization_manager")
"""Portals whose requests leave by fax."""


def _each_once(length: timedelta) -> list[Down]:
    """Every portal once, a quarter of an hour after the other."""
    at = [START + timedelta(minutes=20 + 15 * place) for place in range(len(PORTALS))]
    return [Down(portal, since, since + length) for portal, since in zip(PORTALS, at, strict=True)]


def _together(portals: tuple[str, ...], length: timedelta, *, banner: bool = False) -> list[Down]:
    since = START + timedelta(minutes=30)
    return [Down(portal, since, since + length, banner=banner) for portal in portals]


def _banners() -> list[Down]:
    return _together(SOME, timedelta(hours=4), banner=True)


def _flapping() -> Iterator[Down]:
    for portal in SOME:
        for minute in range(30, 30 + 360, 2):
            since = START + timedelta(minutes=minute)
            yield Down(portal, since, since + timedelta(minutes=1))


@dataclass(frozen=True)
class Scenario:
    """``share``: of how many requests, 8 in all, this one has. ``over``: how long requests come in."""

    name: str
    downs: Callable[[], list[Down]]
    share: float
    over: timedelta
    click_every: int = 0


SCENARIOS = (
    Scenario("30 seconds, each portal once", lambda: _each_once(timedelta(seconds=30)), 1, timedelta(hours=3)),
    Scenario("10 minutes, each portal once", lambda: _each_once(timedelta(minutes=10)), 1, timedelta(hours=3)),
    Scenario("16 hours, three portals", lambda: _together(SOME, timedelta(hours=16)), 1.2, timedelta(hours=18)),
    Scenario("98 days, one portal", lambda: _together(SOME[:1], timedelta(days=98)), 1, timedelta(days=99)),
    Scenario("flapping every minute for 6 hours, three portals", lambda: list(_flapping()), 1, timedelta(hours=7)),
    Scenario("banner only, 4 hours, three portals", _banners, 1, timedelta(hours=5)),
    Scenario("one portal of many, 3 hours", lambda: _together(("carepartners",), timedelta(hours=3)), 1, timedelta(hours=4)),
    Scenario("down during the click, each twelfth", list, 0.8, timedelta(hours=4), click_every=12),
)


def play(scenario: Scenario, requests: int, seed: int) -> Verdict:
    """One scenario from its first request until everything is at rest."""
    luck = Random(f"{scenario.name}/{seed}")
    arrivals = []
    for number in range(requests):
        at = START + luck.random() * scenario.over
        arrivals.append(Arrival(at, some_request(number, at.date(), luck)))
    loop = VirtualLoop()
    with tempfile.TemporaryDirectory() as folder, structlog.testing.capture_logs():
        practice = Practice(loop, Path(folder), scenario.downs(), arrivals, seed=seed, click_every=scenario.click_every)
        try:
            run(loop, practice.live())
            return judge(practice)
        finally:
            practice.close()
