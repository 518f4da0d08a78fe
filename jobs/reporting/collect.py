"""Reads the journal once and makes the report's values. What is read of it: every snapshot and attempt, and the readings of those
cases that may have been decided since the period began."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import islice
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import func, select

from bots.model import Payer
from jobs.clock import instant_text, parse_instant
from jobs.events import Checked
from jobs.journal import Journal
from jobs.journal_schema import attempts, events, readings
from jobs.projection import decode_attempt
from jobs.reporting.cases import Case, ReadingSeen, add_attempt, add_reading, case_of
from jobs.reporting.figures import Figures
from jobs.reporting.happened import Happened, what_happened
from jobs.reporting.pas import Metrics, measure_by_payer
from jobs.reporting.period import Period
from jobs.reporting.portals import PortalLine, PortalUse, portal_uses
from jobs.reporting.standing import ActBy, Now, Standing
from jobs.units_history import units_history
from jobs.uptime import outages

_CHECKED = str(Checked.__struct_config__.tag)
_AT_ONCE = 500
"""Bodies asked for in one query."""


class Scope(Figures):
    """What the report is about. ``payer`` and ``portal`` "" are all of them."""

    practice: str
    time_zone: str
    made_at: datetime
    period: Period
    payer: str = ""
    portal: str = ""

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def is_running(self) -> bool:
        """The period is not over yet."""
        return self.made_at < self.period.ends


class Report(Figures):
    """All values of one report. ``standing`` and the metrics 9 and 10 are of ``made_at``, all else of the period."""

    scope: Scope
    standing: Standing
    happened: Happened
    portals: tuple[PortalUse, ...]
    metrics: tuple[Metrics, ...]
    """Of all requests, then of each payer."""
    troubles: tuple[str, ...] = ()
    """What is wrong with PriorBot's own work (`jobs.reporting.troubles`)."""


class _ReadingBody(msgspec.Struct):
    reading: ReadingSeen


_decode_reading = msgspec.json.Decoder(_ReadingBody).decode


def collect(
    journal: Journal,
    scope: Scope,
    lines: Iterable[PortalLine],
    troubles: tuple[str, ...] = (),
    *,
    act_by: ActBy,
    zone_of: Callable[[Payer], ZoneInfo],
) -> Report:
    """The report of a journal. Memory grows with the number of requests, by less than a kilobyte each."""
    now, period = scope.made_at, scope.period
    stands = Now(now, scope.zone, act_by, units_history(journal))
    cases: dict[str, Case] = {}
    for snapshot in journal.snapshots(payer=Payer(scope.payer) if scope.payer else None, portal=scope.portal or None):
        stands.add(snapshot)
        cases[snapshot.request.request_id] = case_of(snapshot, period)
    _add_attempts(journal, cases, period)
    _add_readings(journal, cases, period)
    _add_checks(journal, cases, period)
    shown = (line for line in lines if scope.portal in ("", line.slug))
    return Report(
        scope=scope,
        standing=stands.result(),
        happened=what_happened(cases.values(), period, scope.zone, zone_of),
        portals=portal_uses(shown, outages(journal.events("")), period, begun=_begun(journal), now=now),
        metrics=measure_by_payer(cases.values(), period, now),
        troubles=troubles,
    )


def _add_attempts(journal: Journal, cases: dict[str, Case], period: Period) -> None:
    last = ""
    while True:
        page = select(attempts.c.attempt_id, attempts.c.request_id, attempts.c.attempt).where(attempts.c.attempt_id > last)
        with journal.read() as connection:
            rows = connection.execute(page.order_by(attempts.c.attempt_id).limit(_AT_ONCE * 10)).all()
        for _, request_id, text in rows:
            if case := cases.get(request_id):
                add_attempt(case, decode_attempt(text), period)
        if not rows:
            return
        last = rows[-1][0]


def _add_readings(journal: Journal, cases: dict[str, Case], period: Period) -> None:
    wanted = ((seq, case, at) for seq, request_id, at in _readings(journal) if (case := cases.get(request_id)) and case.is_recent)
    while some := list(islice(wanted, _AT_ONCE)):
        query = select(events.c.seq, events.c.body).where(events.c.seq.in_([seq for seq, _, _ in some]))
        with journal.read() as connection:
            bodies: dict[int, str] = {row.seq: row.body for row in connection.execute(query)}
        for seq, case, text in some:
            at = parse_instant(text)
            add_reading(case, at, _decode_reading(bodies[seq]).reading)
            case.queries += period.holds(at)


def _readings(journal: Journal) -> Iterator[tuple[int, str, str]]:
    """Event, request and moment of each reading, oldest first."""
    last = 0
    while True:
        page = select(readings.c.seq, readings.c.request_id, readings.c.observed_at).where(readings.c.seq > last)
        with journal.read() as connection:
            rows = connection.execute(page.order_by(readings.c.seq).limit(_AT_ONCE * 10)).all()
        for row in rows:
            yield row.seq, row.request_id, row.observed_at
        if not rows:
            return
        last = rows[-1][0]


def _add_checks(journal: Journal, cases: dict[str, Case], period: Period) -> None:
    """Rows of lists that showed a case as it was."""
    in_period = (events.c.at >= instant_text(period.starts), events.c.at < instant_text(period.ends))
    query = select(events.c.request_id, func.count()).where(events.c.kind == _CHECKED, *in_period).group_by(events.c.request_id)
    with journal.read() as connection:
        for request_id, count in connection.execute(query):
            if case := cases.get(request_id):
                case.queries += count


def _begun(journal: Journal) -> datetime | None:
    """When the journal began; None while it is empty."""
    with journal.read() as connection:
        first = connection.execute(select(events.c.at).order_by(events.c.seq).limit(1)).scalar()
    return parse_instant(first) if first else None
