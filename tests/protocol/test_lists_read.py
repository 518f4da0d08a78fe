"""The portals' lists for the reconciliation: one that cannot be read leaves everything as it was, and has a name."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from protocol_double import PORTAL, FakeClock, Faults, Truth, World, build_request, open_office, take_in

from jobs.dispatch import submit_due
from jobs.journal import Journal
from jobs.office import Office
from jobs.reconciling import list_portals, note, reconcile_journal


@pytest.fixture
def world(truth: Truth, clock: FakeClock) -> World:
    return World(truth, clock)


@pytest.fixture
async def office(journal: Journal, world: World, clock: FakeClock) -> Office:
    take_in(journal, build_request("R-1"))
    office = open_office(journal, world, portals=(PORTAL,))
    await submit_due(office)
    clock.advance(hours=1)
    return office


async def test_a_list_that_is_read_agrees_with_the_journal(office: Office) -> None:
    lists = await list_portals(office)
    assert (sorted(lists.read), lists.troubles) == ([PORTAL], ())
    found = reconcile_journal(office.journal, lists, office.now())
    assert (found.matched, found.exceptions["kind"].tolist()) == (1, [])


async def test_a_list_whose_column_was_renamed_is_told_by_name_and_nothing_is_missing(office: Office, world: World) -> None:
    world.faults = Faults({"list": ["page_changed"] * 9})
    lists = await list_portals(office)
    assert (lists.read, [one.kind for one in lists.troubles]) == ({}, ["list_not_read"])
    before = office.journal.snapshot("R-1")
    found = reconcile_journal(office.journal, lists, office.now())
    assert found.exceptions["kind"].tolist() == ["list_not_read"]
    note(office.journal, found, lists)
    assert office.journal.snapshot("R-1") == before
    assert office.journal.rebuild()


class SilentPortal:
    """Its browser never answers again."""

    async def list_cases(self, since: date) -> list[Any]:
        await asyncio.Event().wait()
        raise AssertionError("nothing comes")


async def test_a_list_of_which_the_browser_never_says_anything_is_told_and_the_others_are_read(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.retries.LONGEST_TRY", timedelta(milliseconds=20))

    @asynccontextmanager
    async def open_portal(slug: str, account: str) -> AsyncIterator[Any]:
        yield SilentPortal()

    lists = await list_portals(replace(office, open_portal=open_portal))
    assert lists.read == {}
    assert [(one.kind, one.portal) for one in lists.troubles] == [("list_not_read", PORTAL)]
    assert "did not answer in time" in lists.troubles[0].what


async def test_a_case_that_is_on_no_list_is_missing_and_one_that_nobody_knows_is_kept(office: Office, truth: Truth) -> None:
    lists = await list_portals(office)
    (case,) = lists.read[PORTAL].cases
    from msgspec.structs import replace as with_

    from jobs.list_belief import Lists, PortalList

    keyed = with_(case, reference_no="CC999", member_id="009999999", our_reference="")
    shown = Lists(read={PORTAL: PortalList(since=lists.read[PORTAL].since, cases=(keyed,))})
    found = reconcile_journal(office.journal, shown, office.now())
    assert found.exceptions["kind"].tolist() == ["missing_on_portal", "unknown_on_portal"]
