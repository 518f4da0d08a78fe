"""A small seeded share of ``make drift``: changed pages are used rightly or told by name; captured pages hold nobody's data."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
from changing import changing_world
from flows import flow
from kit import Kit
from msgspec.structs import replace
from pages import capture, prepare
from trial import QUIET, Trial

from bots.browser import Browser
from bots.pagemap import load_pagemap
from bots.registry import PORTALS
from fixtures.server import RunningWorld

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

SHARE = 11
"""Changed pages of each portal: every quiet kind once."""


def of_people(world: RunningWorld) -> set[str]:
    """What the world's people are known by: ids, names, birth dates as portals write them, numbers of providers."""
    found: set[str] = set()
    for row in world.truth("members"):
        born = date.fromisoformat(row["dob"])
        found |= {row["id"], row["dob"], f"{born:%m/%d/%Y}", f"{born:%m%d%Y}", row["last_name"], row["first_name"]}
    for row in world.truth("providers"):
        found |= {row["npi"], row.get("last_name", ""), row.get("tax_id", "")}
    return {text.lower() for text in found if len(text) > 3}


@pytest.mark.parametrize("slug", sorted(PORTALS))
async def test_changed_pages_are_used_rightly_or_told_by_name(
    slug: str, world: RunningWorld, browser: Browser, tmp_path: Path
) -> None:
    world.reset()
    bare: dict[str, str] = {}
    html = await capture(Kit(world, tmp_path, browser), slug, bare)

    people = of_people(world)
    words = {name: set(re.findall(r"[\w/-]+", text.lower())) for name, text in bare.items()}
    assert any(people & said for said in words.values()), "no page showed anybody: the test proves nothing"
    leaks = {name: people & set(re.findall(r"[\w/-]+", text.lower())) for name, text in html.items()}
    assert {name: said for name, said in leaks.items() if said} == {}

    portal_map = load_pagemap(slug)
    context = await browser.context()
    page = await context.new_page()
    captured = [await prepare(page, portal_map, name, text) for name, text in html.items()]
    assert sum(len(each.parts) for each in captured) >= len(captured), "a captured page must still be known by its selector file"
    patient = replace(portal_map, timeouts=replace(portal_map.timeouts, element=5.0))
    for seed in range(SHARE):
        one = captured[(seed * 7) % len(captured)]
        verdict = await Trial(page, patient, one, seed, (QUIET[seed % len(QUIET)],)).run()
        assert verdict.wrong == []
    await context.close()


@pytest.mark.parametrize("seed", [11, 15])
async def test_a_whole_submission_over_changed_pages(browser: Browser, tmp_path: Path, seed: int) -> None:
    """Renamed ids inside a frame; a frame with near look-alikes in it."""
    with changing_world() as (world, changes):
        ended = await flow(Kit(world, tmp_path, browser), changes, "clear_coverage", seed)
    assert (ended.went_through, ended.stopped, ended.wrong) == (True, "", "")
