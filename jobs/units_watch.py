"""Units of all granted requests: their pace and what to warn of, and the rows that ask for more. Nothing here is ever sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from bots.model import AuthRequest, Certification, Frozen, ServiceLine, Status, Units, UnitType
from jobs.cells import csv_text
from jobs.home import write_private
from jobs.intake.columns import COLUMNS, REASONS_COLUMN
from jobs.intake.rejects import UTF8_MARK
from jobs.intake.rows import intake_rows
from jobs.ledger import LedgerRow, ledger_rows, units_of_lines
from jobs.state import GRANTED
from jobs.units_history import units_history
from jobs.units_pace import Pace, Point, pace

if TYPE_CHECKING:
    from jobs.journal import Journal
    from jobs.state import Snapshot

_LONGEST_ID = 30
"""Of a request id (`jobs.intake.cells`)."""
_ENDED = frozenset({Status.DENIED, Status.REJECTED, Status.CANCELLED, Status.VOID, Status.WITHDRAWN, Status.NOT_ELIGIBLE})


class LinePace(Frozen):
    """One granted service line and how its units go."""

    request_id: str
    payer: str
    portal: str
    service_code: str
    place: int
    """Which line of the request it is, from 0."""
    pace: Pace


def line_paces(journal: Journal, today: date) -> Iterator[LinePace]:
    """Every line of every granted request, in the journal's order."""
    history = units_history(journal)
    for snapshot in journal.snapshots(status=GRANTED):
        times = history.get(snapshot.request.request_id, (snapshot.units,))
        yield from paces_of(snapshot, times, today)


def paces_of(snapshot: Snapshot, times: Iterable[tuple[Units, ...]], today: date) -> Iterator[LinePace]:
    """The lines of one request. ``times``: what the units page showed each time, oldest first. Pure."""
    shown: Mapping[int, list[Units]] = {place: [] for place in range(len(snapshot.request.lines))}
    for units in times:
        for place, (_, own) in enumerate(units_of_lines(snapshot.request, units)):
            if own is not None:
                shown[place].append(own)
    for place, (line, row) in enumerate(zip(snapshot.request.lines, ledger_rows(snapshot), strict=True)):
        yield LinePace(
            request_id=row.request_id,
            payer=row.payer,
            portal=row.portal,
            service_code=row.service_code,
            place=place,
            pace=_pace(line, row, shown[place], today),
        )


def _pace(line: ServiceLine, row: LedgerRow, shown: list[Units], today: date) -> Pace:
    """In the kind of unit of the page, where it names one; readings in another kind than the last one are left out."""
    last = shown[-1] if shown else None
    kind = last.unit_type if last is not None and last.unit_type is not UnitType.UNITS else line.unit_type
    same = [one for one in shown if last is not None and one.unit_type is last.unit_type]
    return pace(
        (Point(as_of=one.as_of, used=one.used) for one in same if one.used is not None),
        unit_type=kind,
        approved=last.approved if last else None,
        remaining=last.remaining if last else None,
        valid_to=date.fromisoformat(row.valid_to) if row.valid_to else None,
        today=today,
    )


# --- asking for more -------------------------------------------------------------------------------------------------


class Proposal(Frozen):
    """A request that a person may send after reading it, and why it is proposed."""

    request: AuthRequest
    why: str


def propose(journal: Journal, today: date) -> tuple[Proposal, ...]:
    """A request for each one with a warning that nothing follows yet: the same service, from the day after its end.

    What a clinician must say anew (attestation, answers, documents) is left empty.
    """
    paces: dict[str, list[LinePace]] = {}
    for line in line_paces(journal, today):
        if line.pace.warnings:
            paces.setdefault(line.request_id, []).append(line)
    if not paces:
        return ()
    following = _services(journal)
    found = []
    for request_id, lines in paces.items():
        snapshot = journal.snapshot(request_id)
        open_lines = [line for line in lines if not _is_followed(snapshot.request, line, following)]
        if open_lines:
            found.append(_proposal(snapshot.request, open_lines, today, following.keys()))
    return tuple(found)


Services = Mapping[str, AuthRequest]


def _services(journal: Journal) -> Services:
    """The requests that ask for something, by id."""
    return {each.request.request_id: each.request for each in journal.snapshots() if each.status not in _ENDED}


def _is_followed(request: AuthRequest, line: LinePace, others: Services) -> bool:
    """Whether another request asks for the same service beyond this one's days."""
    own = request.lines[line.place]
    end = line.pace.valid_to or own.to_date
    return any(
        other.request_id != request.request_id
        and other.member.id == request.member.id
        and any(each.service_code == own.service_code and each.to_date > end for each in other.lines)
        for other in others.values()
    )


def _proposal(request: AuthRequest, lines: list[LinePace], today: date, taken: Iterable[str]) -> Proposal:
    asked = tuple(_next_line(request.lines[line.place], line.pace, today) for line in lines)
    again = replace(
        request,
        request_id=_free_id(request.request_id, frozenset(taken)),
        certification=Certification.RENEWAL,
        lines=asked,
        admission_date=None,
        attested_by="",
        answers={},
        attachments=(),
        notes="",
    )
    return Proposal(request=again, why="; ".join(f"{line.service_code}: {_why(line.pace)}" for line in lines))


def _next_line(line: ServiceLine, now: Pace, today: date) -> ServiceLine:
    """As many units for as many days as before, from the day on which the old ones end."""
    ends = min(filter(None, (now.valid_to, now.runs_out)), default=line.to_date)
    first = max(ends + timedelta(days=1), today)
    return replace(line, from_date=first, to_date=first + (line.to_date - line.from_date))


def _why(now: Pace) -> str:
    said = [word.replace("_", " ") for word in now.warnings]
    if now.used is not None and now.approved is not None:
        said.append(f"{now.used.normalize():f} of {now.approved.normalize():f} {now.unit_type} used as of {now.as_of}")
    if now.runs_out:
        said.append(f"runs out about {now.runs_out}")
    if now.valid_to:
        said.append(f"valid to {now.valid_to}")
    return ", ".join(said)


def _free_id(request_id: str, taken: frozenset[str]) -> str:
    number = 2
    while (name := f"{request_id[: _LONGEST_ID - 4]}-R{number}") in taken:
        number += 1
    return name


def write_proposals(file: Path, proposals: Iterable[Proposal]) -> None:
    """Rows for intake, each with the reason in its first column (which intake ignores). A private file, written whole.

    Raises ``FileExistsError``: a file that somebody has worked on is not written over.
    """
    if file.exists():
        raise FileExistsError(file)
    header = [REASONS_COLUMN, *COLUMNS]
    rows = [
        [f"proposed: {one.why}. Check units and days, add documents and the attestation, then: priorbot submit", *row.values()]
        for one in proposals
        for row in intake_rows(one.request)
    ]
    write_private(file.absolute(), UTF8_MARK + csv_text([header, *rows]))
