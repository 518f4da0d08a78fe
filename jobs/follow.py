"""Follows what the payers have: the list of cases first, a case's page only where something may have changed, then the units.

A word that is not known stays unknown with the payer's own text beside it; a reading that cannot be true is refused, and the
last good one stays.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import TypeVar

import structlog
from msgspec.structs import replace

from bots.errors import OF_ONE_ACCOUNT, Action, BadReading, BotError
from bots.member_ids import bare_id
from bots.model import CaseSummary, Reading, Status, Units
from jobs import events as happened
from jobs.case_lists import is_open, mark, needs_reading
from jobs.events import Standing
from jobs.fallback import advice
from jobs.journal_schema import JournalError
from jobs.office import Desk, Office, Outcome, admitted, at_desk
from jobs.retries import read_again
from jobs.side_by_side import side_by_side
from jobs.state import AWAITED, DECIDED, GRANTED, PAYER_WORDS, Snapshot, is_allowed
from jobs.submit import count_failure, stop_account

T = TypeVar("T")

LIST_MARGIN = timedelta(days=2)
"""The list is asked for from so long before the oldest open case: days end elsewhere in other time zones."""
LETTERS_WITHIN = timedelta(days=7)
"""How long after the reading that told the decision its letters are asked for."""
MEMBERS_AT_ONCE = 25
"""Members whose units are asked for in one go."""


async def follow_open(
    office: Office, *, only: Collection[str] | None = None, portals: Collection[str] | None = None
) -> tuple[Outcome, ...]:
    """Reads what became of the open cases, all portals side by side. Returns an outcome for each case whose page was read."""
    cases: dict[str, dict[str, Snapshot]] = {}
    words = AWAITED | PAYER_WORDS
    found = office.journal.snapshots(status=words) if only is None else office.journal.snapshots_of(only)
    for snapshot in found:
        receipt = snapshot.receipt
        is_meant = snapshot.status in words and snapshot.removed_on is None
        if receipt is not None and receipt.portal in office.plans and is_meant:
            cases.setdefault(receipt.portal, {})[receipt.reference_no] = snapshot
    outcomes: list[Outcome] = []
    await side_by_side(
        _with_reader(office, slug, partial(_sweep, mine=mine, outcomes=outcomes))
        for slug, mine in cases.items()
        if (portals is None or slug in portals) and any(map(is_open, mine.values()))
    )
    return tuple(outcomes)


async def read_units(
    office: Office, *, only: Collection[str] | None = None, portals: Collection[str] | None = None
) -> tuple[Outcome, ...]:
    """Reads units used of what was granted, on the page where the payer shows them (H17, HP6).

    Returns an outcome for each request whose units changed or look wrong.
    """
    granted: dict[str, list[Snapshot]] = {}
    for snapshot in office.journal.snapshots(status=GRANTED):
        taken_by = snapshot.receipt.portal if snapshot.receipt else ""
        slug = office.rules.units_portal(snapshot.request, taken_by, office.now())
        wanted = only is None or snapshot.request.request_id in only
        if slug in office.plans and wanted and snapshot.removed_on is None:
            granted.setdefault(slug, []).append(snapshot)
    outcomes: list[Outcome] = []
    await side_by_side(
        _with_reader(office, slug, partial(_all_units, granted=mine, outcomes=outcomes))
        for slug, mine in granted.items()
        if portals is None or slug in portals
    )
    return tuple(outcomes)


async def read_letters_due(office: Office, *, portals: Collection[str] | None = None) -> None:
    """Reads the letters of decided cases that have none yet, also where nothing is open any more."""
    lacking: dict[str, dict[str, str]] = {}
    for snapshot in office.journal.snapshots(status=DECIDED):
        if snapshot.receipt is not None and snapshot.receipt.portal in office.plans and lacks_letters(snapshot, office.now()):
            mine = lacking.setdefault(snapshot.receipt.portal, {})
            mine[snapshot.receipt.reference_no] = snapshot.request.request_id
    await side_by_side(
        _with_reader(office, slug, partial(_all_letters, mine=mine))
        for slug, mine in lacking.items()
        if portals is None or slug in portals
    )


async def _all_letters(reader: _Reader, mine: Mapping[str, str]) -> None:
    for reference_no, request_id in mine.items():
        await _read_letters(reader, reference_no, request_id)


# --- one portal's reader -----------------------------------------------------------------------------------------


class _Stopped(Exception):
    """No more can be read now. ``next_account``: another account may do better."""

    def __init__(self, *, next_account: bool) -> None:
        super().__init__()
        self.next_account = next_account


class _Reader:
    """Reads under one account, within the portal's limits."""

    def __init__(self, office: Office, desk: Desk) -> None:
        self.office = office
        self.driver = desk.driver
        self.slug = desk.seat.portal
        self.account = desk.seat.account

    async def read(self, read: Callable[[], Awaitable[T]]) -> T:
        """One read, repeated while it may well work a moment later. Raises `_Stopped`, or what the portal says."""
        office = self.office
        if office.is_stopping():
            raise _Stopped(next_account=False)
        if office.states.spend(self.slug, office.plans[self.slug].max_actions_per_hour) is not None:
            raise _Stopped(next_account=False)
        try:
            answer = await read_again(read, sleep=office.sleep, on_error=partial(count_failure, office, self.slug))
        except BotError as error:
            if error.action in (Action.PERSON_PORTAL, Action.RETRY):
                raise _stopped(office, self.slug, self.account, error) from error
            raise
        office.states.worked(self.slug)
        return answer

    def outcome(self, request_id: str) -> Outcome:
        now = self.office.journal.snapshot(request_id)
        outcome = Outcome(
            request_id=request_id,
            portal=self.slug,
            account=self.account,
            status=now.status,
            error_code=now.error_code,
            reason=now.reason,
        )
        self.office.progress(outcome)
        return outcome


async def _with_reader(office: Office, slug: str, work: Callable[[_Reader], Awaitable[None]]) -> None:
    """Does the work under the first account that gets through; leaves it for the next time when none does."""
    if office.plans[slug].next_open(office.now()) <= office.now():
        async with admitted(office, slug) as may:
            if may:
                await _read_under_some_account(office, slug, work)


async def _read_under_some_account(office: Office, slug: str, work: Callable[[_Reader], Awaitable[None]]) -> None:
    for account in office.accounts(slug):
        try:
            async with at_desk(office, slug, account) as desk:
                if desk is not None:
                    await work(_Reader(office, desk))
                    return
        except _Stopped as stopped:
            if not stopped.next_account:
                return
        except BotError as error:  # the portal could not be opened, or its list not be read
            structlog.get_logger().error("follow_failed", portal=slug, error_code=error.code)
            if not _stopped(office, slug, account, error).next_account:
                return
        except JournalError:
            raise
        except Exception as bug:
            structlog.get_logger().error("follow_failed", portal=slug, exc_info=bug)
            return


def _stopped(office: Office, slug: str, account: str, error: BotError) -> _Stopped:
    if error.action is Action.PERSON_PORTAL:
        stop_account(office, slug, account, error)
    return _Stopped(next_account=error.action is Action.PERSON_PORTAL or isinstance(error, OF_ONE_ACCOUNT))


# --- status ------------------------------------------------------------------------------------------------------


async def _sweep(reader: _Reader, mine: Mapping[str, Snapshot], outcomes: list[Outcome]) -> None:
    """The list since the oldest open case, then the pages of those cases that need it (`jobs.case_lists`)."""
    office = reader.office
    now, has_list = office.now(), office.plans[reader.slug].is_searchable
    listed = await _listed(reader, mine) if has_list else {}
    unchanged = []
    for number, snapshot in mine.items():
        row = listed.get(number)
        if needs_reading(snapshot, row, now, has_list=has_list):
            await _read_case(reader, number, snapshot, row)
            outcomes.append(reader.outcome(snapshot.request.request_id))
        elif row is not None:
            unchanged.append(snapshot.request.request_id)
    with office.journal.write() as write:
        for request_id in unchanged:
            write.append(request_id, happened.Checked())
    # Last, so that a letter that does not come hides nothing. What has its letters already is not even looked up.
    for reference_no, snapshot in mine.items():
        if snapshot.letters is None:
            await _read_letters(reader, reference_no, snapshot.request.request_id)


async def _listed(reader: _Reader, mine: Mapping[str, Snapshot]) -> dict[str, CaseSummary]:
    oldest = min(_sent_on(each) for each in mine.values() if is_open(each))
    return {case.reference_no: case for case in await reader.read(lambda: reader.driver.list_cases(oldest - LIST_MARGIN))}


async def _read_letters(reader: _Reader, reference_no: str, request_id: str) -> None:
    """The letters of a case that was decided, once. What does not come is asked for again when this portal is next read."""
    office = reader.office
    if not reader.driver.has_letters or not lacks_letters(office.journal.snapshot(request_id), office.now()):
        return
    try:
        letters = await reader.read(lambda: reader.driver.read_letters(reference_no))
    except BotError as error:
        structlog.get_logger().warning("letters_not_read", portal=reader.slug, error_code=error.code)
        return
    with office.journal.write() as write:
        write.append(request_id, happened.LettersTaken(letters=letters))


def lacks_letters(snapshot: Snapshot, now: datetime) -> bool:
    """Whether a decision is known and its letters were not read yet. A portal that hands none out is not asked for ever."""
    reading = snapshot.reading
    known = reading is not None and snapshot.status in DECIDED and now - reading.observed_at < LETTERS_WITHIN
    return known and snapshot.letters is None


async def _read_case(reader: _Reader, reference_no: str, snapshot: Snapshot, row: CaseSummary | None) -> None:
    """Reads one case page into the journal. A page that cannot be read, or cannot be true, leaves the old value."""
    office, request_id = reader.office, snapshot.request.request_id
    try:
        reading = await reader.read(lambda: reader.driver.read_case(reference_no, snapshot.request.member))
        wrong = impossible(snapshot, reading, office.now())
        if wrong:
            raise BadReading(reader.slug, page="case", what=wrong)
    except BotError as error:
        _alert(office, snapshot, error)
        return
    standing = Standing(status=reading.status, reason=reading.status_reason)
    reading = replace(reading, listed_as=mark(row) if row else "")
    if reading.status is Status.UNKNOWN:
        reason = f"{reader.slug} says {reading.status_raw!r}, a word that PriorBot does not know."
        standing = Standing(status=Status.UNKNOWN, error_code="unknown_word", reason=reason)
    sent_at = _sent_by_others(snapshot, reading)
    taken = happened.ReadingTaken(
        reading=reading,
        standing=standing,
        submitted_at=sent_at,
        decision_due=office.rules.decision_due(snapshot.request, sent_at) if sent_at else None,
    )
    with office.journal.write() as write:
        write.append(request_id, taken)


def _sent_by_others(snapshot: Snapshot, reading: Reading) -> datetime | None:
    """When an adopted case was handed in, where its page shows a day before the one on which we found it."""
    receipt, shown = snapshot.receipt, reading.submitted_at
    if receipt is None or not receipt.adopted or shown is None or snapshot.submitted_at is None:
        return None
    return shown if shown.date() < snapshot.submitted_at.date() else None


def impossible(snapshot: Snapshot, reading: Reading, now: datetime) -> str:
    """What cannot be true about a reading, in a few words; "" when nothing. Pure.

    Dates have a day's grace: the payer's day may have begun when ours has not.
    """
    tomorrow = now.date() + timedelta(days=1)
    receipt, before = snapshot.receipt, snapshot.reading
    decided = reading.status in DECIDED
    known = (snapshot.request.member.id, bare_id(snapshot.request))
    checks: Iterable[tuple[bool, str]] = (
        (receipt is not None and reading.reference_no != receipt.reference_no, "another case than was asked for"),
        (bool(reading.member_id) and reading.member_id not in known, "another member's case"),
        (reading.decided_on is not None and reading.decided_on > tomorrow, "a decision in the future"),
        (reading.submitted_at is not None and reading.submitted_at.date() > tomorrow, "a request from the future"),
        (_is_reversed(reading.valid_from, reading.valid_to), "an authorization that ends before it begins"),
        (any(_is_reversed(line.from_date, line.to_date) for line in reading.lines), "a line that ends before it begins"),
        (any(_is_negative(line.units_approved, line.units_requested) for line in reading.lines), "a negative number of units"),
        (not reading.lines and (decided or bool(before and before.lines)), "no service lines"),
        (not is_allowed(snapshot.status, reading.status), f"{reading.status} after {snapshot.status}"),
    )
    return next((what for is_wrong, what in checks if is_wrong), "")


def _is_reversed(first: date | None, last: date | None) -> bool:
    return first is not None and last is not None and last < first


def _is_negative(*amounts: Decimal | None) -> bool:
    return any(amount is not None and amount < 0 for amount in amounts)


def _sent_on(snapshot: Snapshot) -> date:
    return (snapshot.submitted_at or snapshot.accepted_at).date()


# --- units -------------------------------------------------------------------------------------------------------


async def _all_units(reader: _Reader, granted: list[Snapshot], outcomes: list[Outcome]) -> None:
    members = sorted({each.request.member.id for each in granted})
    for start in range(0, len(members), MEMBERS_AT_ONCE):
        some = tuple(members[start : start + MEMBERS_AT_ONCE])
        shown = await reader.read(partial(reader.driver.read_units, some))
        for snapshot in granted:
            if snapshot.request.member.id in some and _take_units(reader, snapshot, shown):
                outcomes.append(reader.outcome(snapshot.request.request_id))


def _take_units(reader: _Reader, snapshot: Snapshot, shown: Iterable[Units]) -> bool:
    """Notes the units of one request. True when something changed or is wrong."""
    office, request_id = reader.office, snapshot.request.request_id
    mine = [line for line in shown if is_of(snapshot, line)]
    kept, problems = merge_units(snapshot.units, mine, office.now().date())
    with office.journal.write() as write:
        if kept != snapshot.units:
            write.append(request_id, happened.UnitsTaken(units=kept))
    if problems:
        _alert(office, snapshot, BadReading(reader.slug, page="units", what="; ".join(problems)))
    return kept != snapshot.units or bool(problems)


def is_of(snapshot: Snapshot, line: Units) -> bool:
    """Whether a line of units belongs to this request: its authorization number and its member, both."""
    numbers = {each.authorization_no for each in (snapshot.reading, snapshot.receipt) if each is not None}
    return line.member_id == snapshot.request.member.id and line.authorization_no in numbers - {""}


def merge_units(before: tuple[Units, ...], shown: Iterable[Units], today: date) -> tuple[tuple[Units, ...], tuple[str, ...]]:
    """The units to keep, and what looks wrong about those shown. Pure.

    A line that cannot be true, or is older than ours, leaves ours; used units that fell are kept and told: payers do take
    claims back.
    """
    kept = {_line_key(line): line for line in before}
    problems: list[str] = []
    for line in shown:
        old = kept.get(_line_key(line))
        if line.as_of > today + timedelta(days=1):
            problems.append("units as of a day in the future")
        elif _is_negative(line.used, line.approved, line.remaining):
            problems.append("a negative number of units")
        elif line.used is not None and line.approved is not None and line.used > line.approved:
            problems.append("more units used than approved")
        elif old is None or line.as_of >= old.as_of:
            if old is not None and old.used is not None and line.used is not None and line.used < old.used:
                problems.append("fewer units used than before")
            kept[_line_key(line)] = _unless_equal(old, line)
    return tuple(kept[key] for key in sorted(kept, key=str)), tuple(dict.fromkeys(problems))


def _line_key(line: Units) -> tuple[str, str, date | None]:
    return line.authorization_no, line.service_code, line.from_date


def _unless_equal(old: Units | None, line: Units) -> Units:
    """The old value when only the moment of looking differs, so that an unchanged page changes nothing."""
    return old if old is not None and replace(old, observed_at=line.observed_at) == line else line


def _alert(office: Office, snapshot: Snapshot, error: BotError) -> None:
    """Tells a person once; the request stays where it stands."""
    now = office.journal.snapshot(snapshot.request.request_id)
    if (now.error_code, now.reason) == (error.code, error.sentence):
        return
    structlog.get_logger().warning("reading_refused", portal=error.portal, error_code=error.code)
    alert = happened.Alerted(error_code=error.code, reason=error.sentence, next_action=advice(error.sentence))
    with office.journal.write() as write:
        write.append(snapshot.request.request_id, alert)
