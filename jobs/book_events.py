"""What the journal keeps of each comparison of the books: what was read, what was found, and the cases that nobody knows."""

from __future__ import annotations

from datetime import date

from bots.model import CaseSummary, Frozen


class Trouble(Frozen):
    """Why something that was read was not believed, or could not be read. ``kind``: a name of `jobs.reconcile_kinds`."""

    kind: str
    portal: str = ""
    what: str


class ListSeen(Frozen):
    """A portal's list that was read: from which day on, and how many cases."""

    portal: str
    since: date
    cases: int


class BooksCompared(Frozen, tag_field="kind", tag="reconciled"):
    """Ledger and payers were compared. ``counts``: findings by kind; ``unknown``: cases offered for adoption."""

    rows: int
    counts: dict[str, int] = {}
    lists: tuple[ListSeen, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    unknown: tuple[CaseSummary, ...] = ()
