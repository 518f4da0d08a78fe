"""Units of authorized lines as the report shows them: what is used of them and of their time (`jobs.units_watch` knows). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from bots.model import Units, UnitType
from jobs.attention import masked
from jobs.ledger import amount, ledger_rows
from jobs.reporting.figures import Figures
from jobs.state import GRANTED, Snapshot
from jobs.units_pace import UnitsWarning
from jobs.units_watch import LinePace, paces_of

_LEVELS = ("late", "soon", "calm")


class UnitsLine(Figures):
    """One line whose authorization has not ended. Amounts are in its own unit kind, as text.

    ``used_share`` and ``time_share``: percent of the approved units and of the days of validity, on the page's own day ``as_of``;
    the second is None where the days are not known. ``level``: late (nothing left), soon (a warning of `jobs.units_pace`), calm.
    """

    request_id: str
    member: str
    service_code: str
    kind: UnitType
    approved: str
    used: str
    remaining: str
    as_of: date
    valid_to: date | None
    used_share: float
    time_share: float | None
    per_week: str
    runs_out: date | None
    warnings: tuple[UnitsWarning, ...]
    level: str

    @property
    def rank(self) -> tuple[int, float]:
        """Most pressing first."""
        return _LEVELS.index(self.level), -self.used_share


def units_lines(snapshot: Snapshot, times: Iterable[tuple[Units, ...]], today: date) -> Iterator[UnitsLine]:
    """``times``: what the units page showed of the request each time, oldest first."""
    if not snapshot.units or snapshot.status not in GRANTED:
        return
    rows = ledger_rows(snapshot)
    for line in paces_of(snapshot, times, today):
        row = rows[line.place]
        shown = _line(snapshot, line, row.valid_from or row.from_date)
        if shown is not None and (shown.valid_to is None or shown.valid_to >= today):
            yield shown


def _line(snapshot: Snapshot, line: LinePace, first: str) -> UnitsLine | None:
    """None where the page showed no approved or used units."""
    now = line.pace
    if now.used is None or now.as_of is None or not now.approved:
        return None
    is_gone = UnitsWarning.USED_UP in now.warnings or now.used > now.approved
    return UnitsLine(
        request_id=line.request_id,
        member=masked(snapshot.request.member.id),
        service_code=line.service_code,
        kind=now.unit_type,
        approved=amount(now.approved),
        used=amount(now.used),
        remaining=amount(now.remaining),
        as_of=now.as_of,
        valid_to=now.valid_to,
        used_share=round(float(100 * now.used / now.approved), 1),
        time_share=_passed(date.fromisoformat(first), now.valid_to, now.as_of),
        per_week=amount(now.per_week),
        runs_out=now.runs_out,
        warnings=now.warnings,
        level="late" if is_gone else ("soon" if now.warnings else "calm"),
    )


def _passed(first: date, last: date | None, as_of: date) -> float | None:
    if last is None or last < first:
        return None
    days = (last - first).days + 1
    return round(100 * min(max((as_of - first).days + 1, 0), days) / days, 1)
