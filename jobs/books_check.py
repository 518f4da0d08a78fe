"""Whether the books can be believed: the journal's rows against its events, a ledger file against the journal. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import select

from bots.model import Frozen
from jobs import events as happened
from jobs.cells import printable
from jobs.clock import parse_instant
from jobs.events import decode_body, encode, fold_request
from jobs.journal_schema import events, requests
from jobs.ledger import LEDGER_COLUMNS, LedgerDamaged, LedgerRow, ledger_rows, read_ledger

if TYPE_CHECKING:
    from jobs.journal import Journal
    from jobs.state import Snapshot

_PAGE = 500


class Difference(Frozen):
    """A cell of a ledger file that is not what the journal says; ``column`` "": a whole row. Names the place, not the value."""

    line: int
    request_id: str
    column: str


def untrue_requests(journal: Journal) -> Iterator[str]:
    """Requests whose row in the journal does not follow from its events: somebody has written into the database."""
    last = ""
    while True:
        page = select(requests.c.request_id, requests.c.snapshot).where(requests.c.request_id > last)
        with journal.read() as connection:
            rows = connection.execute(page.order_by(requests.c.request_id).limit(_PAGE)).all()
            ids = [row.request_id for row in rows]
            history = select(events.c.request_id, events.c.at, events.c.body).where(events.c.request_id.in_(ids))
            folded: dict[str, Snapshot] = {}
            for owner, at, text in connection.execute(history.order_by(events.c.seq)):
                body = decode_body(text)
                assert isinstance(body, happened.OfRequest)
                folded[owner] = fold_request(folded.get(owner), parse_instant(at), body)
        for row in rows:
            last = row.request_id
            if last not in folded or encode(folded[last]) != row.snapshot:
                yield last
        if len(rows) < _PAGE:
            return


def read_any_ledger(file: Path) -> Iterator[LedgerRow]:
    """The rows of a ledger as CSV or XLSX. Raises `LedgerDamaged` at the first sign that another program has rewritten it."""
    return _read_sheet(file) if file.suffix.lower() == ".xlsx" else read_ledger(file)


def _read_sheet(file: Path) -> Iterator[LedgerRow]:
    """Every filled cell must still be text: a spreadsheet that was allowed to read numbers has dropped zeros."""
    from openpyxl import load_workbook

    from jobs.ledger_damage import find_damage

    try:
        book = load_workbook(file, read_only=True)
    except Exception:
        raise LedgerDamaged(file, 1, "", "it is no workbook any more") from None
    before = ""
    try:
        rows = book.worksheets[0].iter_rows(values_only=True)
        if tuple(next(rows, ())) != LEDGER_COLUMNS:
            raise LedgerDamaged(file, 1, "", "the header is not the ledger's")
        for line, cells in enumerate(rows, start=2):
            texts: dict[str, str] = {}
            for name, cell in zip(LEDGER_COLUMNS, cells, strict=True):
                if cell is not None and not isinstance(cell, str):
                    raise LedgerDamaged(file, line, name, "the cell is no text any more")
                texts[name] = cell or ""
            row = LedgerRow(**texts)
            if damage := find_damage(row, after=before):
                raise LedgerDamaged(file, line, *damage)
            before = row.request_id
            yield row
    finally:
        book.close()


def differences(file: Path, snapshots: Iterable[Snapshot], most: int = 20) -> tuple[Difference, ...]:
    """Where a ledger file says something else than the journal, the first ``most`` places. Raises `LedgerDamaged`."""
    ours = sorted((each.request.request_id, ledger_rows(each)) for each in snapshots)
    rows = (row for _, rows in ours for row in rows)
    if file.suffix.lower() == ".xlsx":  # a sheet cannot hold every text
        rows = (LedgerRow(**{name: printable(getattr(row, name)) for name in LEDGER_COLUMNS}) for row in rows)
    return tuple(islice(_differences(read_any_ledger(file), rows), most))


def _differences(theirs: Iterator[LedgerRow], ours: Iterator[LedgerRow]) -> Iterator[Difference]:
    """Both sides are sorted by request; a row more or less on one side does not shift the others."""
    line, their, our = 2, next(theirs, None), next(ours, None)
    while their is not None or our is not None:
        if our is not None and (their is None or their.request_id > our.request_id):
            yield Difference(line=line, request_id=our.request_id, column="")
            our = next(ours, None)
            continue
        assert their is not None
        if our is None or their.request_id < our.request_id:
            yield Difference(line=line, request_id=their.request_id, column="")
        else:
            for column in LEDGER_COLUMNS:
                if getattr(their, column) != getattr(our, column):
                    yield Difference(line=line, request_id=our.request_id, column=column)
            our = next(ours, None)
        line, their = line + 1, next(theirs, None)
