"""The ledger: what became of each service line, in words and numbers that agree with the payers.

``ledger.csv`` and its twin ``ledger.xlsx`` are views of the journal. They are rebuilt whole each time, so that deleting them
loses nothing. CSV: UTF-8, comma, ``\\n``, one header line, rows sorted by request id (the order of a request's lines is kept),
exact text in every cell except for the reversible guard of `jobs.cells`. Dates are ISO; instants are UTC with a ``Z``.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from bots.eligibility import Eligibility
from bots.model import AuthRequest, Frozen, LineReading, ServiceLine, Status, Units, UnitType
from jobs.cells import csv_text, is_guarded, printable, unguard
from jobs.ledger_seal import put_aside, seal
from jobs.state import GRANTED, Channel, Decision, Snapshot
from jobs.writing import NotWritten, Written, write_whole

if TYPE_CHECKING:
    from jobs.home import Home

XLSX_MAX_ROWS = 1_048_575
"""Rows that fit under the header of one worksheet (the format's own limit)."""


class LedgerRow(Frozen):
    """One service line of one request. The field names, in this order, are the ledger's columns (design, section 4)."""

    request_id: str
    payer: str
    channel: str
    portal: str = ""
    member_id: str
    service_category: str
    service_code: str
    from_date: str
    to_date: str
    reference_no: str = ""
    authorization_no: str = ""
    status: str
    status_raw: str = ""
    status_reason: str = ""
    units_requested: str
    units_approved: str = ""
    units_used: str = ""
    units_remaining: str = ""
    units_as_of: str = ""
    valid_from: str = ""
    valid_to: str = ""
    submitted_at: str = ""
    decided_at: str = ""
    decision_due: str = ""
    last_checked: str = ""
    next_action: str = ""
    rule_ids: str = ""


LEDGER_COLUMNS: tuple[str, ...] = LedgerRow.__struct_fields__
LINE_COLUMNS = frozenset(
    {
        *("service_code", "from_date", "to_date", "status", "status_raw", "status_reason", "units_requested", "units_approved"),
        *("units_used", "units_remaining", "units_as_of", "valid_from", "valid_to"),
    }
)
"""Columns that may differ between the lines of one request; all others are the request's own."""

OURS = frozenset({Status.NEW, Status.WAITING, Status.NEEDS_PERSON, Status.UNCERTAIN, Status.REJECTED, Status.NOT_REQUIRED})
"""Statuses that PriorBot gives. All others are the payer's word, and then each line has its own."""
HAS_DAYS = GRANTED | {Status.EXPIRED}
"""Statuses under which an authorization has days on which it is (or was) valid."""


class LedgerDamaged(Exception):
    """A ledger file that PriorBot cannot have written, so nothing in it is believed. Names the place, never the value."""

    def __init__(self, file: Path, line: int, column: str, what: str) -> None:
        self.file, self.line, self.column, self.what = file, line, column, what
        place = f"line {line}" + (f", column {column}" if column else "")
        super().__init__(
            f"{file.name} was changed by another program ({place}: {what}). Nothing in it was used. "
            f"Write it again from the journal: priorbot ledger write"
        )


# --- rows ------------------------------------------------------------------------------------------------------------


def ledger_rows(snapshot: Snapshot) -> tuple[LedgerRow, ...]:
    """The rows of one request, one per service line, in the order of its lines."""
    readings = list(snapshot.reading.lines) if snapshot.reading else []
    codes = snapshot.request.codes
    return tuple(
        # Amounts of two kinds never stand in one row: another kind is told by the reconciliation, and by `priorbot units`.
        _row(snapshot, line, _take_reading(line, readings, codes.count(line.service_code)), in_kind_of(line, units))
        for line, units in units_of_lines(snapshot.request, snapshot.units)
    )


def units_of_lines(request: AuthRequest, shown: Iterable[Units]) -> Iterator[tuple[ServiceLine, Units | None]]:
    """Each line of a request with its own units among those that a page showed; each of these is used once."""
    left = list(shown)
    for line in request.lines:
        yield line, _take_units(line, left)


def in_kind_of(line: ServiceLine, units: Units | None) -> Units | None:
    """The units where they are counted as they were asked for. A page that names no kind counts so (`UnitType.UNITS`)."""
    return units if units is not None and units.unit_type in (UnitType.UNITS, line.unit_type) else None


def _row(snapshot: Snapshot, line: ServiceLine, read: LineReading | None, used: Units | None) -> LedgerRow:
    request, reading, receipt, route = snapshot.request, snapshot.reading, snapshot.receipt, snapshot.route
    status, status_raw, status_reason = _status(snapshot, read)
    approved = read.units_approved if read and read.units_approved is not None else (used.approved if used else None)
    valid_from, valid_to = _validity(snapshot, read, status)
    return LedgerRow(
        request_id=request.request_id,
        payer=request.payer.value,
        channel=snapshot.channel.value,
        portal=_portal(snapshot),
        member_id=request.member.id,
        service_category=request.service_category.value,
        service_code=line.service_code,
        from_date=day(line.from_date),
        to_date=day(line.to_date),
        reference_no=(reading.reference_no if reading else "") or (receipt.reference_no if receipt else ""),
        authorization_no=(reading.authorization_no if reading else "") or (receipt.authorization_no if receipt else ""),
        status=status.value,
        status_raw=status_raw,
        status_reason=status_reason,
        units_requested=amount(line.units),
        units_approved=amount(approved),
        units_used=amount(used.used if used else None),
        units_remaining=amount(_remaining(used)),
        units_as_of=day(used.as_of if used else None),
        valid_from=day(valid_from),
        valid_to=day(valid_to),
        submitted_at=instant(snapshot.submitted_at),
        decided_at=day(snapshot.decided_on),
        decision_due=instant(snapshot.decision_due),
        last_checked=instant(snapshot.last_checked),
        next_action=snapshot.next_action,
        rule_ids=";".join(route.rule_ids) if route else "",
    )


def _portal(snapshot: Snapshot) -> str:
    """The portal that has the case, else the one it is meant for."""
    if snapshot.receipt:
        return snapshot.receipt.portal
    route = snapshot.route
    meant_for_portal = route is not None and route.decision is Decision.PORTAL and snapshot.channel is not Channel.FAX
    return route.portal if route and meant_for_portal else ""


def _status(snapshot: Snapshot, read: LineReading | None) -> tuple[Status, str, str]:
    """Status, the payer's own word and the reason of one line. A line's own word goes before its case's header."""
    reading = snapshot.reading
    if snapshot.status in OURS or reading is None:
        raw = reading.status_raw if reading else (snapshot.receipt.status_raw if snapshot.receipt else "")
        return snapshot.status, raw, snapshot.reason
    if read is not None and read.status_raw:
        return read.status, read.status_raw, read.remark or reading.status_reason
    return snapshot.status, reading.status_raw, (read.remark if read else "") or reading.status_reason or snapshot.reason


def _validity(snapshot: Snapshot, read: LineReading | None, status: Status) -> tuple[date | None, date | None]:
    """First and last day on which a granted line is valid: the line's own days where the portal shows them."""
    if snapshot.reading is None or status not in HAS_DAYS:
        return None, None
    own_from, own_to = (read.valid_from or read.from_date, read.valid_to or read.to_date) if read else (None, None)
    return own_from or snapshot.reading.valid_from, own_to or snapshot.reading.valid_to


def _take_reading(line: ServiceLine, readings: list[LineReading], lines: int) -> LineReading | None:
    """Takes the reading of this line out of the list: each is used once, and none where more fit than there are ``lines``."""
    same_code = [read for read in readings if read.service_code == line.service_code]
    same_modifiers = [read for read in same_code if set(read.modifiers) == set(line.modifiers)] or same_code
    same_days = [read for read in same_modifiers if read.from_date in (None, line.from_date)] or same_modifiers
    if not 0 < len(same_days) <= lines:
        return None
    readings.remove(same_days[0])
    return same_days[0]


def _take_units(line: ServiceLine, units: list[Units]) -> Units | None:
    """Takes the units of this line out of the list. None where two fit equally well: a guess would be worse than a gap."""
    overlapping = [one for one in units if one.service_code == line.service_code and _overlap(one, line)]
    exact = [one for one in overlapping if (one.from_date, one.to_date) == (line.from_date, line.to_date)] or overlapping
    if len(exact) != 1:
        return None
    units.remove(exact[0])
    return exact[0]


def _overlap(one: Units, line: ServiceLine) -> bool:
    return (one.from_date or line.from_date) <= line.to_date and line.from_date <= (one.to_date or line.to_date)


def _remaining(used: Units | None) -> Decimal | None:
    """What the page shows as left, else approved minus used of that same page (so of the same unit kind)."""
    if used is None or used.remaining is not None:
        return used.remaining if used else None
    return used.approved - used.used if used.approved is not None and used.used is not None else None


def amount(value: Decimal | None) -> str:
    """A number of units as plain digits: no exponent, no trailing zeros, "" when not known."""
    if value is None:
        return ""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def day(value: date | None) -> str:
    return value.isoformat() if value else ""


def instant(value: datetime | None) -> str:
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if value else ""


def request_object(snapshot: Snapshot) -> dict[str, object]:
    """One request in the ledger's words, as `submit --json` and `status --json` print it.

    The request's own columns stand at the top, with the status of the whole request; ``lines`` holds the line columns.
    """
    rows = ledger_rows(snapshot)
    first = rows[0]
    top: dict[str, object] = {name: getattr(first, name) for name in LEDGER_COLUMNS if name not in LINE_COLUMNS}
    top["status"] = snapshot.status.value
    top["status_raw"] = snapshot.reading.status_raw if snapshot.reading else first.status_raw
    top["status_reason"] = snapshot.reason or (snapshot.reading.status_reason if snapshot.reading else "")
    top["rule_ids"] = list(snapshot.route.rule_ids) if snapshot.route else []
    if snapshot.route and snapshot.route.said:
        top["requirement"] = msgspec.to_builtins(snapshot.route.said)
    if snapshot.coverage:
        top["coverage"] = coverage_object(snapshot.coverage)
    if snapshot.coverage_missing:
        top["coverage_missing"] = snapshot.coverage_missing
    top["lines"] = [{name: getattr(row, name) for name in LEDGER_COLUMNS if name in LINE_COLUMNS} for row in rows]
    return top


def coverage_object(said: Eligibility) -> dict[str, object]:
    """What a portal told of coverage and limits, for JSON: always every key."""
    limits = [msgspec.to_builtins(msgspec.structs.asdict(limit)) for limit in said.limits]
    return {**msgspec.to_builtins(msgspec.structs.asdict(said)), "limits": limits}


# --- writing ---------------------------------------------------------------------------------------------------------


def write_ledger(home: Home, snapshots: Iterable[Snapshot], now: datetime) -> tuple[Written, ...]:
    """Writes ``ledger.csv`` and ``ledger.xlsx``. One worksheet's limit is the format's; beyond it there is only the CSV.

    A file that somebody changed is told, kept aside and replaced. Raises `jobs.writing.NotWritten`; the last good one then stays.
    """
    content, rows = ledger_csv(snapshots)
    written = [_write(home.ledger_csv, lambda: content, now)]
    if rows <= XLSX_MAX_ROWS:
        written.append(_write(home.ledger_xlsx, lambda: ledger_xlsx(content, home.path), now))
    return tuple(written)


def _write(file: Path, make: Callable[[], bytes], now: datetime) -> Written:
    try:
        content, edited = make(), put_aside(file, now)
        written = write_whole(file, content, now)
        if not written.beside:
            seal(file, content)
    except OSError as error:  # the half-finished sheet, the copy or the seal did not fit on the disk
        raise NotWritten(file, error) from None
    return replace(written, edited=edited)


def ledger_csv(snapshots: Iterable[Snapshot]) -> tuple[bytes, int]:
    """The whole ledger as the bytes of a CSV file, and its number of rows.

    Only the finished lines are kept while the rest of the journal streams by, so that memory follows the file's size.
    """
    requests = sorted((snapshot.request.request_id, _encode(ledger_rows(snapshot))) for snapshot in snapshots)
    rows = sum(count for _, (count, _) in requests)
    return b"".join([csv_text([LEDGER_COLUMNS]), *(text for _, (_, text) in requests)]), rows


def _encode(rows: Sequence[LedgerRow]) -> tuple[int, bytes]:
    return len(rows), csv_text([getattr(row, name) for name in LEDGER_COLUMNS] for row in rows)


def ledger_xlsx(content: bytes, work_folder: Path) -> bytes:
    """The XLSX twin of a ledger CSV: every cell is text, the header is frozen and has filters.

    ``work_folder`` must be private: openpyxl keeps its half-finished sheet in a temporary file, which goes there.
    """
    from jobs.sheets import text_sheet

    rows = ([printable(cell) for cell in row] for row in parse_cells(content))
    return text_sheet("Ledger", LEDGER_COLUMNS, rows, work_folder)


def parse_cells(content: bytes) -> Iterator[list[str]]:
    """The exact cells of a CSV file that PriorBot wrote just now, without its header."""
    reader = csv.reader(io.TextIOWrapper(io.BytesIO(content), encoding="utf-8", newline=""))
    next(reader, None)
    for row in reader:
        yield [unguard(cell) for cell in row]


# --- reading back ----------------------------------------------------------------------------------------------------


def read_ledger(file: Path) -> Iterator[LedgerRow]:
    """The rows of a ledger file. Raises `LedgerDamaged` at the first sign that another program has rewritten it."""
    from jobs.ledger_damage import find_damage

    with file.open("rb") as raw:
        if raw.read(3) == b"\xef\xbb\xbf":
            raise LedgerDamaged(file, 1, "", "a byte order mark was put in front")
    before = ""
    with file.open(encoding="utf-8", newline="") as text:
        reader = csv.reader(text, strict=True)
        try:
            if tuple(next(reader, ())) != LEDGER_COLUMNS:
                raise LedgerDamaged(file, 1, "", "the header is not the ledger's")
            for cells in reader:
                if len(cells) != len(LEDGER_COLUMNS):
                    raise LedgerDamaged(file, reader.line_num, "", "the number of cells is wrong")
                for name, cell in zip(LEDGER_COLUMNS, cells, strict=True):
                    if not is_guarded(cell):
                        raise LedgerDamaged(file, reader.line_num, name, "a cell that would run as a formula")
                row = LedgerRow(**dict(zip(LEDGER_COLUMNS, map(unguard, cells), strict=True)))
                if damage := find_damage(row, after=before):
                    raise LedgerDamaged(file, reader.line_num, *damage)
                before = row.request_id
                yield row
        except UnicodeDecodeError as error:
            raise LedgerDamaged(file, reader.line_num + 1, "", "the text is not UTF-8 any more") from error
        except csv.Error as error:
            raise LedgerDamaged(file, reader.line_num, "", "the quoting is broken") from error
