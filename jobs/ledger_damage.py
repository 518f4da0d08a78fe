"""What spreadsheets do to a ledger file, found cell by cell.

A spreadsheet that opens and saves a CSV turns long ids into ``1.2E+09``, drops leading zeros, rewrites dates in its own
country's way and rounds numbers. A ledger that shows any of it is refused whole: its other cells may be wrong without a trace.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bots.model import Payer, ServiceCategory, Status
from jobs.state import Channel

if TYPE_CHECKING:
    from jobs.ledger import LedgerRow

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z")
_AMOUNT = re.compile(r"-?\d+(\.\d*[1-9])?")
_EXPONENT = re.compile(r"\d+([.,]\d+)?E\+\d+")
_FLOAT = re.compile(r"\d+[.,]0+")

_IDS = ("request_id", "member_id", "service_code", "reference_no", "authorization_no")
"""Of these, request ids are the practice's own: ``1.0`` may be one."""
_DATES = ("from_date", "to_date", "units_as_of", "valid_from", "valid_to", "decided_at")
_INSTANTS = ("submitted_at", "decision_due", "last_checked")
_AMOUNTS = ("units_requested", "units_approved", "units_used", "units_remaining")
_SHAPES = {
    **dict.fromkeys(_DATES, (_DATE, "the date is not ISO")),
    **dict.fromkeys(_INSTANTS, (_INSTANT, "the time is not UTC in ISO form")),
    **dict.fromkeys(_AMOUNTS, (_AMOUNT, "the number is not written plainly")),
}
_WORDS: dict[str, frozenset[str]] = {
    "payer": frozenset(Payer),
    "channel": frozenset(Channel),
    "service_category": frozenset(ServiceCategory),
    "status": frozenset(Status),
}
_HUSKY_ID_DIGITS = 9
"""A Connecticut Medicaid id has 9 digits, leading zeros kept (rules, HUSKY Health)."""


def find_damage(row: LedgerRow, *, after: str) -> tuple[str, str] | None:
    """Column and kind of the first damage in a row, or None. ``after`` is the request id of the row before it."""
    for name in _IDS:
        cell = getattr(row, name)
        if _EXPONENT.fullmatch(cell) or (name != "request_id" and _FLOAT.fullmatch(cell)):
            return name, "an id became a number"
    if row.payer == Payer.HUSKY and row.member_id.isdigit() and len(row.member_id) < _HUSKY_ID_DIGITS:
        return "member_id", "leading zeros are lost"
    for name, words in _WORDS.items():
        if getattr(row, name) not in words:
            return name, "not one of the ledger's words"
    for name, (shape, what) in _SHAPES.items():
        cell = getattr(row, name)
        if cell and not shape.fullmatch(cell):
            return name, what
    if row.request_id < after:
        return "request_id", "the rows were sorted anew"
    return None
