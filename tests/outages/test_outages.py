"""A small share of `make outages`: no request on two channels, none lost, urgent ones out in time, numbers as the rules say."""

from __future__ import annotations

from random import Random

import pytest
from outage_practice import PORTALS, some_request
from outage_scenarios import SCENARIOS, START, Scenario, play
from plain_rules import expected

REQUESTS = 108
LONG = {"98 days, one portal", "16 hours, three portals"}
"""Many probes, minute after minute: left to `make outages`."""
TRIED = [each for each in SCENARIOS if each.name not in LONG]


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("scenario", TRIED, ids=[each.name for each in TRIED])
def test_through_an_outage_every_request_goes_one_way_and_in_time(scenario: Scenario) -> None:
    verdict = play(scenario, REQUESTS // len(TRIED), seed=7)
    assert verdict.wrong == []
    assert verdict.at_portals + verdict.faxed + verdict.phoned + verdict.with_a_person == verdict.requests


def test_the_requests_reach_every_portal_and_every_kind_of_way() -> None:
    luck = Random(1)
    ways = [expected(some_request(number, START.date(), luck), START.date()) for number in range(400)]
    assert {where for decision, where, _, _ in ways if decision == "portal"} == set(PORTALS)
    assert {other[0] for _, _, other, _ in ways if other} == {"fax", "phone"}
    assert {"fax", "phone"} <= {decision for decision, _, _, _ in ways}
