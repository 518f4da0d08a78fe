"""What each event of a request changed in its rows of the ledger, and from which reading, page or letter that came. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bots.model import Frozen
from jobs import events as happened
from jobs.events import Event, fold_request, kind_of
from jobs.ledger import LEDGER_COLUMNS, LedgerRow, ledger_rows
from jobs.state import Snapshot


class Change(Frozen):
    """One cell of the ledger. ``line`` counts the request's service lines from 1; the first event's cells come from nothing."""

    line: int
    service_code: str
    column: str
    before: str
    after: str


class Step(Frozen):
    """One event, where it came from, and what it changed."""

    event: Event
    source: str
    changes: tuple[Change, ...] = ()


def history(events: Iterable[Event]) -> Iterator[Step]:
    """The events of one request, oldest first, each with what it changed."""
    now: Snapshot | None = None
    rows: tuple[LedgerRow, ...] = ()
    for event in events:
        body = event.body
        assert isinstance(body, happened.OfRequest)
        now = fold_request(now, event.at, body)
        before, rows = rows, ledger_rows(now)
        yield Step(event=event, source=source_of(body), changes=tuple(_changes(before, rows)))


def _changes(before: tuple[LedgerRow, ...], after: tuple[LedgerRow, ...]) -> Iterator[Change]:
    for place in range(max(len(before), len(after))):
        old, new = (rows[place] if place < len(rows) else None for rows in (before, after))
        some = new or old
        for column in LEDGER_COLUMNS:
            was, becomes = (getattr(row, column) if row else "" for row in (old, new))
            if was != becomes and some:
                yield Change(line=place + 1, service_code=some.service_code, column=column, before=was, after=becomes)


def source_of(body: happened.OfRequest) -> str:
    """Where the fact came from, for people; names the sealed page or letter where one is kept."""
    match body:
        case happened.Accepted() | happened.Corrected():
            return "the intake file"
        case happened.Routed():
            return "rules " + ", ".join(body.route.rule_ids) if body.route.rule_ids else "a person"
        case happened.ReadingTaken():
            read = body.reading
            return f"{read.portal}, the page of case {read.reference_no}, read {read.observed_at:%Y-%m-%d %H:%M} UTC"
        case happened.Checked():
            return "the portal's list: as before"
        case happened.UnitsTaken():
            portals = sorted({f"{units.portal}, units as of {units.as_of}" for units in body.units})
            return "; ".join(portals) or "the units page: none shown"
        case happened.LettersTaken():
            return "; ".join(f"letter {one.title!r} of {one.dated}, {one.evidence or 'not opened'}" for one in body.letters)
        case happened.Received():
            what = "a case found on the portal" if body.receipt.adopted else "the confirmation page"
            return f"{body.receipt.portal}, {what}" + (f", {body.receipt.evidence}" if body.receipt.evidence else "")
        case happened.CoverageTaken():
            return f"{body.said.portal}, coverage"
        case happened.PersonRemoved():
            return f"the time of [retention] was over; {len(body.events)} events hold nobody any more"
        case happened.Intended():
            return f"{body.shown.portal}, the review page"
        case _:
            return "PriorBot" if not hasattr(body, "source") else str(body.source) or kind_of(body)
