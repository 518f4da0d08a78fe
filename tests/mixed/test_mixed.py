"""A mixed file over all portals, unattended in one run: journal and world agree row by row, each account is one seat."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from mixed_rows import MOST, mixed_rows
from practice import Ended, ending, move_in, submit, write_file

from bots.keys import generate_key
from fixtures.plans import plan_members
from fixtures.server import RunningWorld, running_world
from jobs.home import Home

ROWS, SEED = 20, 1
"""Few rows, and yet every portal and every ending among them."""


@pytest.fixture(scope="module")
def world() -> Iterator[RunningWorld]:
    with running_world() as world:
        yield world


@pytest.fixture(scope="module")
def ended(world: RunningWorld, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ended]:
    folder = tmp_path_factory.mktemp("mixed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PRIORBOT_KEY", generate_key())
        home = Home(folder / "home")
        move_in(home, world)
        yield submit(home, world, write_file(folder / "mixed.csv", ROWS, SEED))


def test_the_file_is_the_same_for_the_same_seed_and_names_each_member_once() -> None:
    day = date(2026, 3, 2)
    rows = mixed_rows(day, MOST, 7)
    assert rows == mixed_rows(day, MOST, 7)
    assert rows[:50] != mixed_rows(day, 50, 8)
    assert len({row["member_id"] for row in rows}) == len({row["request_id"] for row in rows}) == MOST
    tags = Counter(
        tag for member in plan_members() for tag in member.tags if member.card_id in {row["member_id"] for row in rows}
    )
    assert tags["cp_apn"] >= 20
    assert tags["bc_twin"] >= 1
    assert tags["bluecard_phone"] >= 1


@pytest.mark.browser
def test_journal_and_world_agree_row_by_row(ended: Ended) -> None:
    assert ended.compared.differences == (), ended.talk
    assert ended.compared.accepted == sum(one.receipt is not None for one in ended.snapshots)
    assert len(ended.snapshots) == ROWS


@pytest.mark.browser
def test_every_row_ended_at_a_portal_and_none_is_left_over(ended: Ended) -> None:
    endings = {one.request.request_id: ending(one) for one in ended.snapshots}
    assert set(endings.values()) <= {"accepted", "not required", "phone"}, (endings, ended.talk)


@pytest.mark.browser
def test_redirected_members_reach_optum_pro_and_all_portals_are_there(ended: Ended) -> None:
    found = ended.by_portal
    assert found["optum_pro"]["handed over to it"] >= 1
    assert set(found) >= {"clear_coverage", "evicore", "carepartners", "promptpa", "authorization_manager", "bluecard"}


@pytest.mark.browser
def test_no_account_was_in_two_places(ended: Ended) -> None:
    """A second session of an account would have been told as one elsewhere."""
    assert {row["reason"] for row in ended.logins if row["what"] == "login"} == {"ok"}
