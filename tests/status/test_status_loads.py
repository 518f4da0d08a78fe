"""A thousand open cases are read from the portals' lists, for twenty times fewer pages and calls than one look-up per case; and
what a list hides is found at the next look."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "mixed"))
sys.path.insert(0, str(Path(__file__).parent))

from open_cases import Costs, measure
from practice import move_in, submit_one_each

from bots.keys import generate_key
from fixtures.server import running_world
from jobs.home import Home

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]
SHARES = {"clear_coverage": 300, "optum_pro": 600, "authorization_manager": 100}
"""A list of 25 rows a page that is believed, one of 100 that goes on saying Pending until the night, one that turns in place."""
DECIDED = 2


@pytest.fixture(scope="module")
def costs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Costs]]:
    folder = tmp_path_factory.mktemp("status")
    with pytest.MonkeyPatch.context() as patch, running_world() as world:
        patch.setenv("PRIORBOT_KEY", generate_key())
        home = Home(folder / "home")
        move_in(home, world, codes=())
        submitted = submit_one_each(home, world, folder / "one-each.csv", tuple(SHARES))
        yield asyncio.run(measure(world, home, submitted, SHARES, look_ups=2, decided=DECIDED))


def test_a_look_costs_twenty_times_less_than_one_look_up_per_case(costs: dict[str, Costs]) -> None:
    look_ups = sum(cost.look_ups for cost in costs.values())
    assert look_ups >= sum(SHARES.values())
    assert look_ups >= 20 * sum(cost.unchanged for cost in costs.values())


def test_what_was_decided_is_found_at_once_also_where_the_list_still_says_pending(costs: dict[str, Costs]) -> None:
    assert {slug: cost.found for slug, cost in costs.items()} == dict.fromkeys(SHARES, DECIDED)
    for cost in costs.values():
        # A decided case's page and its letters are up to seven answers; no other case's page is opened.
        assert cost.changed - cost.unchanged <= 7 * DECIDED
