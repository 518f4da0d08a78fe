"""Reconciliation at work: reads the portals' lists of cases, compares all that is known with the journal, writes
``exceptions.csv``, and notes in the journal what was read and found."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd
import structlog
from msgspec.structs import astuple, replace
from sqlalchemy import func, select

from bots.errors import Action, BotError, PortalSlow
from bots.member_ids import bare_id
from bots.model import Certification, PortalLetter
from jobs.book_events import BooksCompared, ListSeen, Trouble
from jobs.cells import csv_text
from jobs.clock import parse_instant
from jobs.journal_schema import events
from jobs.last_comparison import last_comparison as last_comparison
from jobs.ledger import LEDGER_COLUMNS, ledger_rows
from jobs.letter_rows import believed_readings
from jobs.list_belief import Lists, PortalList, whole
from jobs.office import Office, admitted, at_desk
from jobs.reconcile import EXCEPTION_COLUMNS, Reconciled, reconcile, summed_up
from jobs.reconcile_frames import (
    READING_COLUMNS,
    UNITS_COLUMNS,
    History,
    TextFrame,
    all_readings,
    letter_frame,
    list_frame,
    reading_rows,
    units_rows,
)
from jobs.reconcile_kinds import KINDS, Severity
from jobs.retries import read_again
from jobs.side_by_side import side_by_side
from jobs.submit import count_failure, stop_account
from jobs.units_history import units_history
from jobs.writing import Written, write_whole

if TYPE_CHECKING:
    from jobs.home import Home
    from jobs.journal import Journal
    from jobs.state import Snapshot

MARGIN = timedelta(days=2)
"""Days end elsewhere in other time zones: a list is asked for from so long before the first request."""
LONGEST_LIST = timedelta(days=360)
"""Clear Coverage looks back 365 days, others no longer (portals, section 1A)."""
SET_BACK = timedelta(minutes=10)
"""The clock may be so far behind the journal's last event: clocks are put right by small steps."""
BELIEVED_AHEAD = timedelta(days=2)
_GOES_ON = frozenset({Certification.RENEWAL, Certification.EXTENSION, Certification.REVISED, Certification.CANCEL})
"""What a request may be that goes on where another one stands, in days that overlap."""


async def list_portals(office: Office) -> Lists:
    """The lists of all portals that have a request of ours, from the first one on. One that is closed or stopped now is left out;
    one that could not be read is a trouble."""
    first: dict[str, datetime] = {}
    for snapshot in office.journal.snapshots():
        if snapshot.receipt is not None:
            slug, sent = snapshot.receipt.portal, snapshot.submitted_at or snapshot.accepted_at
            first[slug] = min(sent, first.get(slug, sent))
    read: dict[str, PortalList] = {}
    failed: dict[str, BotError] = {}
    await side_by_side(_list_portal(office, slug, sent, read, failed) for slug, sent in first.items())
    troubles = (_not_read(slug, failed[slug]) for slug in sorted(failed.keys() - read.keys()))
    return Lists(read=read, troubles=tuple(troubles))


def _not_read(slug: str, error: BotError) -> Trouble:
    return Trouble(kind="list_not_read", portal=slug, what=error.sentence)


async def _list_portal(
    office: Office, slug: str, sent: datetime, read: dict[str, PortalList], failed: dict[str, BotError]
) -> None:
    """The portal's list into ``read``, by the first account that gets one."""
    plan = office.plans.get(slug)
    if plan is None or not plan.is_searchable or plan.next_open(office.now()) > office.now():
        return
    since = max(sent - MARGIN, office.now() - LONGEST_LIST).date()
    async with admitted(office, slug) as may:
        if may:
            await _list_by_some_account(office, slug, since, read, failed)


async def _list_by_some_account(
    office: Office, slug: str, since: date, read: dict[str, PortalList], failed: dict[str, BotError]
) -> None:
    for account in office.accounts(slug):
        try:
            async with at_desk(office, slug, account) as desk:
                if desk is None:
                    continue
                on_error = partial(count_failure, office, slug)
                cases = await read_again(lambda: desk.driver.list_cases(since), sleep=office.sleep, on_error=on_error)
        except (BotError, TimeoutError) as raised:
            error = raised if isinstance(raised, BotError) else PortalSlow(slug, page="list")
            structlog.get_logger().warning("list_failed", portal=slug, account=account, error_code=error.code)
            failed[slug] = error
            if error.action is Action.PERSON_PORTAL:
                stop_account(office, slug, account, error)
        else:
            office.states.worked(slug)
            read[slug] = PortalList(since=since, cases=cases)
            return


# --- comparing -------------------------------------------------------------------------------------------------------


def take_stock(home: Home, journal: Journal, lists: Lists, now: datetime) -> tuple[Reconciled, Written]:
    """Compares, notes it in the journal, and writes ``exceptions.csv``: all of a reconciliation but the asking.

    ``now``: in the practice's time zone, in which days are counted.
    """
    found = reconcile_journal(journal, lists, now)
    note(journal, found, lists)
    with home.lock("books"):
        return found, write_exceptions(home, found, now)


def reconcile_journal(journal: Journal, lists: Lists, now: datetime) -> Reconciled:
    """The journal's rows against its latest readings, the portals' lists and letters, and the faxed letters that were believed.

    What cannot be believed is left out, and stands among the exceptions by its name.
    """
    latest = last_moment(journal)
    set_back = latest - now > SET_BACK
    # The journal has seen its last moment, whatever the clock says now. One much farther ahead was a wrong clock itself.
    moment = max(now, latest).astimezone(now.tzinfo) if latest - now <= BELIEVED_AHEAD else now
    gathered = _Gathered(journal)
    believed, troubles = whole(lists, gathered.expected)
    cases = (case for one in lists.read.values() for case in one.cases if (case.portal, case.reference_no) not in gathered.closed)
    listed = list_frame((replace(case, member_id=gathered.full_id(case.member_id)) for case in cases), moment)
    found = reconcile(
        gathered.ledger.frame(),
        all_readings(gathered.pages.frame(), listed),
        now=moment,
        listed=believed,
        units=gathered.units.frame(),
        letters=letter_frame(gathered.letters, gathered.faxed),
        continuing=gathered.continuing,
    )
    if set_back:
        what = f"The clock says {now:%Y-%m-%d %H:%M} UTC, the journal's last event is of {latest:%Y-%m-%d %H:%M} UTC."
        troubles = (*troubles, Trouble(kind="clock_set_back", what=what))
    return _with_troubles(found, (*lists.troubles, *troubles))


def last_moment(journal: Journal) -> datetime:
    """When the journal was written last; the clock's own time where nothing was written yet."""
    with journal.read() as connection:
        text = connection.execute(select(func.max(events.c.at))).scalar()
    return parse_instant(text) if text else journal.now()


class _Gathered:
    """One pass over the journal's requests: the frames that are compared, and what is known besides."""

    def __init__(self, journal: Journal) -> None:
        self.ledger, self.pages, self.units = TextFrame(LEDGER_COLUMNS), TextFrame(READING_COLUMNS), TextFrame(UNITS_COLUMNS)
        self.letters: list[PortalLetter] = []
        self.continuing: set[str] = set()
        self.expected: dict[str, list[tuple[str, date]]] = {}
        self._removed: set[str] = set()
        self.closed: set[tuple[str, str]] = set()
        """Cases of requests that name nobody any more: nothing of them is compared, and they are nobody's to take over."""
        self._full_ids: dict[str, str] = {}
        history = units_history(journal)
        for snapshot in journal.snapshots():
            self._add(snapshot, history)
        with journal.read() as connection:
            faxed = believed_readings(connection)
        self.faxed = [one for owner, one in faxed if owner not in self._removed and (one.reference_no or one.authorization_no)]
        """What faxed letters said, where they name the case: a faxed denial of a faxed request has no number to be found by."""

    def _add(self, snapshot: Snapshot, history: History) -> None:
        request, receipt = snapshot.request, snapshot.receipt
        if receipt is not None:
            sent = (snapshot.submitted_at or snapshot.accepted_at).date()
            self.expected.setdefault(receipt.portal, []).append((receipt.reference_no, sent))
        if snapshot.removed_on is not None:
            self._removed.add(request.request_id)
            if receipt is not None:
                self.closed.add((receipt.portal, receipt.reference_no))
            return
        self._full_ids[bare_id(request)] = request.member.id
        self.ledger.add(map(astuple, ledger_rows(snapshot)))
        if snapshot.reading is not None:
            member_id = self.full_id(snapshot.reading.member_id)
            self.pages.add(reading_rows(replace(snapshot.reading, member_id=member_id)))
        self.units.add(units_rows(snapshot, history))
        self.letters += snapshot.letters or ()
        if request.certification in _GOES_ON:
            self.continuing.add(request.request_id)

    def full_id(self, shown: str) -> str:
        """A member's id as our requests write it: Blue Cross's tools show it without what only the card has."""
        return self._full_ids.get(shown, shown)


def _with_troubles(found: Reconciled, troubles: Iterable[Trouble]) -> Reconciled:
    rows = [
        {
            **dict.fromkeys(EXCEPTION_COLUMNS, ""),
            "kind": one.kind,
            "portal": one.portal,
            "what": one.what,
            "severity": KINDS[one.kind].severity.value,
            "next_action": KINDS[one.kind].next_action,
            "owner": KINDS[one.kind].owner.value,
        }
        for one in troubles
    ]
    if not rows:
        return found
    exceptions = pd.concat([found.exceptions, pd.DataFrame(rows, columns=list(EXCEPTION_COLUMNS), dtype=str)], ignore_index=True)
    return summed_up(dataclasses.replace(found, exceptions=exceptions))


# --- what is kept of it ----------------------------------------------------------------------------------------------


def note(journal: Journal, found: Reconciled, lists: Lists) -> None:
    """Into the journal: what was read, how much of each kind was found, and the cases that are offered for adoption."""
    unknown = set(zip(found.unknown["portal"], found.unknown["reference_no"], strict=True))
    compared = BooksCompared(
        rows=found.rows,
        counts=dict(sorted(found.counts.items())),
        lists=tuple(ListSeen(portal=slug, since=one.since, cases=len(one.cases)) for slug, one in sorted(lists.read.items())),
        troubles=lists.troubles,
        unknown=tuple(case for one in lists.read.values() for case in one.cases if (case.portal, case.reference_no) in unknown),
    )
    with journal.write() as write:
        write.append("", compared)


def is_left(found: Reconciled) -> bool:
    """Whether anything is left for a person."""
    return bool((found.exceptions["severity"] != Severity.INFO).any())


def write_exceptions(home: Home, found: Reconciled, now: datetime) -> Written:
    """``exceptions.csv``: what is left for a person, errors first, in the same safe cells as the ledger."""
    rows = found.exceptions[list(EXCEPTION_COLUMNS)].itertuples(index=False)
    return write_whole(home.exceptions_csv, csv_text([EXCEPTION_COLUMNS, *rows]), now)
