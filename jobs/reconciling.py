"""Reconciliation at work: reads the portals' lists of cases, compares them with the journal, writes ``exceptions.csv``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import structlog

from bots.errors import Action, BotError
from bots.model import CaseSummary, Frozen
from jobs.cells import csv_text
from jobs.ledger import ledger_rows
from jobs.office import Office, at_desk
from jobs.reconcile import EXCEPTION_COLUMNS, Reconciled, all_readings, ledger_frame, list_frame, reading_frame, reconcile
from jobs.retries import read_again
from jobs.side_by_side import side_by_side
from jobs.submit import count_failure, stop_account
from jobs.writing import Written, write_whole

if TYPE_CHECKING:
    from jobs.home import Home
    from jobs.journal import Journal

MARGIN = timedelta(days=2)
"""Days end elsewhere in other time zones: a list is asked for from so long before the first request."""
LONGEST_LIST = timedelta(days=360)
"""Clear Coverage looks back 365 days, others no longer (portals, section 1A)."""


class PortalList(Frozen):
    """A portal's whole list of cases from that day on."""

    since: date
    cases: tuple[CaseSummary, ...]


Lists = Mapping[str, PortalList]


async def list_portals(office: Office) -> dict[str, PortalList]:
    """The lists of all portals that have a request of ours, from the first one on. One that cannot be asked now is left out."""
    first: dict[str, datetime] = {}
    for snapshot in office.journal.snapshots():
        if snapshot.receipt is not None:
            slug, sent = snapshot.receipt.portal, snapshot.submitted_at or snapshot.accepted_at
            first[slug] = min(sent, first.get(slug, sent))
    lists: dict[str, PortalList] = {}
    await side_by_side(_list_portal(office, slug, sent, lists) for slug, sent in first.items())
    return lists


async def _list_portal(office: Office, slug: str, sent: datetime, lists: dict[str, PortalList]) -> None:
    """The portal's list into ``lists``, by the first account that gets one."""
    plan = office.plans.get(slug)
    if plan is None or not plan.is_searchable or plan.next_open(office.now()) > office.now():
        return
    since = max(sent - MARGIN, office.now() - LONGEST_LIST).date()
    for account in office.accounts(slug) if office.states.may_use(slug) else ():
        cases = await _list(office, slug, account, since)
        if cases is not None:
            lists[slug] = PortalList(since=since, cases=cases)
            return


async def _list(office: Office, slug: str, account: str, since: date) -> tuple[CaseSummary, ...] | None:
    """One account's view of the list; None when it cannot be had."""
    try:
        async with at_desk(office, slug, account) as desk:
            if desk is None:
                return None
            return await read_again(
                lambda: desk.driver.list_cases(since), sleep=office.sleep, on_error=partial(count_failure, office, slug)
            )
    except BotError as error:
        structlog.get_logger().warning("list_failed", portal=slug, account=account, error_code=error.code)
        if error.action is Action.PERSON_PORTAL:
            stop_account(office, slug, account, error)
        return None


def reconcile_journal(journal: Journal, lists: Lists, now: datetime) -> Reconciled:
    """The journal's rows against its own latest readings and the portals' lists."""
    snapshots = list(journal.snapshots())
    ledger = ledger_frame(row for snapshot in snapshots for row in ledger_rows(snapshot))
    pages = reading_frame(snapshot.reading for snapshot in snapshots if snapshot.reading is not None)
    listed = list_frame((case for one in lists.values() for case in one.cases), now)
    since = {slug: one.since for slug, one in lists.items()}
    return reconcile(ledger, all_readings(pages, listed), now=now, listed=since)


def write_exceptions(home: Home, found: Reconciled, now: datetime) -> Written:
    """``exceptions.csv``: what is left for a person, errors first, in the same safe cells as the ledger."""
    rows = found.exceptions[list(EXCEPTION_COLUMNS)].itertuples(index=False)
    return write_whole(home.exceptions_csv, csv_text([EXCEPTION_COLUMNS, *rows]), now)
