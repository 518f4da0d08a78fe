"""One request's rows in the ledger, on the portal's pages and lists, on the units pages and in letters, all in agreement.

Knows the columns and the words of the contract and nothing of the comparison: no line of `jobs` is used here.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from functools import cache

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
PORTALS = ("clear_coverage", "evicore", "provider_connect", "carepartners", "authorization_manager", "optum_pro")
PAYERS = {"carepartners": "carepartners", "optum_pro": "carepartners", "authorization_manager": "bcbsma"}
CODES = ("E0114", "97110", "G0151", "70551", "H0004", "A4253", "92507", "27447")


def columns(*names: str) -> list[str]:
    return " ".join(names).split()


LEDGER = columns(
    "request_id payer channel portal member_id service_category service_code from_date to_date reference_no authorization_no",
    "status status_raw status_reason units_requested units_approved units_used units_remaining units_as_of valid_from valid_to",
    "submitted_at decided_at decision_due last_checked next_action rule_ids",
)
READINGS = columns(
    "portal reference_no authorization_no member_id service_code from_date to_date status status_raw status_reason",
    "units_requested units_approved our_reference observed_at case_status decided_at source",
)
UNITS = columns(
    "request_id payer portal reference_no service_code authorization_no from_date unit_type asked_unit_type units_approved",
    "units_used units_as_of observed_at",
)
LETTERS = columns("portal reference_no authorization_no letter_id status dated")
PLANTED = columns("kind request_id portal reference_no service_code")
Row = dict[str, str]


BLOCK = "#"
"""Stands in every id for the block of rows that it belongs to."""


@cache
def ago(**span: float) -> str:
    return f"{NOW - timedelta(**span):%Y-%m-%dT%H:%M:%SZ}"


@cache
def day(days_ago: int) -> str:
    return (NOW.date() - timedelta(days=days_ago)).isoformat()


class Books:
    """One request's rows on all sides, before they are written."""

    def __init__(self, number: int, chance: random.Random) -> None:
        self.number, self.chance = number, chance
        self.ledger: list[Row] = []
        self.readings: list[Row] = []
        self.units: list[Row] = []
        self.letters: list[Row] = []
        self.planted: list[Row] = []
        self.changed: list[str] = []

    def plant(self, kind: str, row: Row | None = None, **other: str) -> None:
        """Notes that this is to be found, about that row of the ledger (or about no row of it)."""
        about = {name: row[name] for name in PLANTED[1:]} if row else dict.fromkeys(PLANTED[1:], "")
        self.planted.append({"kind": kind, **about, **other})

    # --- what is in order ----------------------------------------------------------------------------------------

    def request(self, state: str, code: str = "", name: str = "R", portal: str = "") -> Row:
        """One line in the ledger; ``state``: new, pended, approved or denied."""
        number, portal = self.number, portal or PORTALS[self.number % len(PORTALS)]
        units = str(5 + number % 30)
        row = dict.fromkeys(LEDGER, "") | {
            "request_id": f"{name}{BLOCK}{number:07d}",
            "payer": PAYERS.get(portal, "husky"),
            "channel": "none" if state == "new" else "portal",
            "portal": portal,
            "member_id": f"{BLOCK}{number // 4:08d}",
            "service_category": "dme",
            "service_code": code or CODES[number % 8],
            "from_date": day(15),
            "to_date": day(-160),
            "status": state,
            "units_requested": units,
            "rule_ids": "H5",
        }
        if state == "new":
            return self._into(self.ledger, row)
        sent = {"pended": 2, "approved": 20, "denied": 20}[state]
        row |= {
            "reference_no": f"{portal[:2].upper()}{BLOCK}{number:09d}",
            "status": {"pended": "pended_review"}.get(state, state),
            "status_raw": {"pended": "In Review", "approved": "Approved", "denied": "Denied"}[state],
            "submitted_at": ago(days=sent),
            "decision_due": ago(days=sent - 7),
            "last_checked": ago(hours=2),
        }
        if state == "approved":
            row |= {
                "authorization_no": f"00{BLOCK}{number:07d}",
                "decided_at": day(16),
                "units_approved": units,
                "units_used": "2",
            }
            row |= {"units_remaining": str(int(units) - 2), "units_as_of": day(8), "valid_from": day(15), "valid_to": day(-160)}
        if state == "denied":
            row |= {"decided_at": day(15), "status_reason": "Not medically necessary"}
        return self._into(self.ledger, row)

    def page(self, row: Row, **other: str) -> Row:
        """The case's page says what the ledger says."""
        same = {name: row[name] for name in READINGS if name in row}
        more = {"our_reference": "", "observed_at": ago(hours=2), "case_status": row["status"], "source": "page"}
        return self._into(self.readings, same | more | other)

    def listed(self, row: Row) -> Row:
        """Only the list was read: no lines, no units, no reason."""
        hidden = ("service_code", "from_date", "to_date", "units_requested", "units_approved", "status_reason", "decided_at")
        return self.page(row, **dict.fromkeys(hidden, ""), source="list", authorization_no="")

    def used(self, row: Row, used: str, days_ago: int, **other: str) -> Row:
        same = {name: row[name] for name in UNITS if name in row}
        more = {"unit_type": "units", "asked_unit_type": "units", "units_used": used}
        return self._into(self.units, same | more | {"units_as_of": day(days_ago), "observed_at": ago(days=days_ago - 1)} | other)

    def letter(self, row: Row, status: str) -> Row:
        letter = {"portal": row["portal"], "reference_no": row["reference_no"], "authorization_no": ""}
        return self._into(self.letters, letter | {"letter_id": f"L{BLOCK}{self.number}", "status": status, "dated": day(14)})

    @staticmethod
    def _into(rows: list[Row], row: Row) -> Row:
        rows.append(row)
        return row


def extra(books: Books) -> str:
    """A second code that none of the member's other requests has."""
    return f"T101{books.number % 4}"


def in_order(books: Books) -> None:
    """A request as most are: everything agrees."""
    kind = books.chance.random()
    if kind < 0.05:
        books.request("new")
    elif kind < 0.25:
        row = books.request("pended")
        books.page(row) if kind < 0.2 else books.listed(row)
    elif kind < 0.4:
        row = books.request("denied")
        books.page(row)
        if kind < 0.3:
            books.letter(row, "denied")
    elif kind < 0.5:  # two services in one case, shown the other way round
        first, second = books.request("approved"), books.request("approved", code=extra(books))
        books.page(second)
        books.page(first)
    elif kind < 0.55:  # one service twice, in two spans
        first, second = books.request("approved"), books.request("approved")
        first["to_date"], second["from_date"] = day(-30), day(-31)
        books.page(second)
        books.page(first)
    else:
        row = books.request("approved")
        books.page(row)
        if kind < 0.7:
            books.used(row, "1", 23)
            books.used(row, "2", 8)
        elif kind < 0.8:
            books.letter(row, "approved")
