"""What must hold between the values of one row, once each could be read. One function per rule, all in `CHECKS`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any, NamedTuple

from bots.model import Coverage, Payer
from jobs.intake.columns import COLUMNS, NEEDS

Values = Mapping[str, Any]
"""What could be read of a row, by column; a column that is empty or could not be read is not in it."""

COVERAGES: dict[Payer, frozenset[Coverage]] = {
    Payer.HUSKY: frozenset(c for c in Coverage if c.startswith("husky_")),
    Payer.CAREPARTNERS: frozenset(c for c in Coverage if c.startswith("carepartners_")),
    Payer.BCBSMA: frozenset(c for c in Coverage if c.startswith("bcbsma_") or c is Coverage.BLUECARD),
}

_BLUE = r"[A-Z0-9]{3}[A-Z0-9]{7,14}"
MEMBER_IDS: dict[Coverage, tuple[str, str]] = {
    **dict.fromkeys(COVERAGES[Payer.HUSKY], (r"[0-9]{9}", "nine digits")),
    # CarePartners publishes no format, so only what cannot be an id is refused
    **dict.fromkeys(COVERAGES[Payer.CAREPARTNERS], (r"[A-Z]?[A-Z0-9]{7,14}", "8 to 15 letters and digits, like S and 8 digits")),
    **dict.fromkeys(COVERAGES[Payer.BCBSMA], (_BLUE, "the 3-character prefix and 7 to 14 letters and digits")),
    Coverage.BCBSMA_COMMERCIAL: (
        r"[A-Z0-9]{3}[0-9]{9}(?:[0-9]{2})?",
        "the 3-character prefix, 9 digits and, if any, 2 of the suffix",
    ),
    Coverage.BCBSMA_FEP: (r"R[0-9]{8}", "the letter R and 8 digits"),
}
"""Member ids as the card shows them: pattern, and the same in words (portals.md section 9)."""

_OLDEST_SERVICE = date(2000, 1, 1)
_OLDEST_PERSON = 120
_FARTHEST = timedelta(days=5 * 366)


class Finding(NamedTuple):
    """One thing that does not hold; ``reason`` continues the sentence "<column> ..."."""

    column: str
    code: str
    reason: str


Check = Callable[[Values, date], Finding | None]


def missing(values: Values, empty: frozenset[str], *, line: bool) -> Iterator[Finding]:
    """Required columns that are empty, among those of the service line or those of the whole request."""
    seen = set()
    for need in NEEDS:
        for column in need.columns:
            if column in empty and column not in seen and COLUMNS[column].line is line and need.when(values):
                seen.add(column)
                yield Finding(column, "missing", f"is empty, but required for {need.who}")


def coverage_of_payer(values: Values, today: date) -> Finding | None:
    payer, coverage = values.get("payer"), values.get("coverage")
    if payer is None or coverage is None or coverage in COVERAGES[payer]:
        return None
    return Finding("coverage", "coverage_of_other_payer", "belongs to another payer than the column payer names")


def member_id_of_coverage(values: Values, today: date) -> Finding | None:
    member_id, coverage = values.get("member_id"), values.get("coverage")
    if member_id is None or coverage is None:
        return None
    pattern, in_words = MEMBER_IDS[coverage]
    if re.fullmatch(pattern, member_id):
        return None
    if coverage in COVERAGES[Payer.HUSKY] and re.fullmatch(r"[0-9]{1,8}", member_id):
        lost = "has fewer than nine digits; a spreadsheet has probably dropped its leading zeros. Take it from the card"
        return Finding("member_id", "lost_zeros", lost)
    return Finding("member_id", "bad_member_id", f"does not look like an id of this coverage: {in_words}, without spaces")


def birth_date(values: Values, today: date) -> Finding | None:
    dob = values.get("member_dob")
    if dob is None:
        return None
    if dob > today:
        return Finding("member_dob", "dob_in_future", "lies in the future")
    if _years(dob, today) > _OLDEST_PERSON:
        return Finding(
            "member_dob", "dob_too_old", f"lies more than {_OLDEST_PERSON} years back; a spreadsheet may have changed the year"
        )
    return None


def _years(born: date, today: date) -> int:
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def born_before_service(values: Values, today: date) -> Finding | None:
    dob, start = values.get("member_dob"), values.get("from_date")
    if dob is None or start is None or dob <= start:
        return None
    return Finding("from_date", "before_birth", "lies before member_dob")


def days_in_order(values: Values, today: date) -> Finding | None:
    start, end = values.get("from_date"), values.get("to_date")
    if start is None or end is None or start <= end:
        return None
    return Finding("to_date", "ends_before_start", "lies before from_date")


def admitted_before_end(values: Values, today: date) -> Finding | None:
    admitted, end = values.get("admission_date"), values.get("to_date")
    if admitted is None or end is None or admitted <= end:
        return None
    return Finding("admission_date", "admitted_after_end", "lies after to_date")


def _plausible(column: str) -> Check:
    def check(values: Values, today: date) -> Finding | None:
        found = values.get(column)
        if found is None or _OLDEST_SERVICE <= found <= today + _FARTHEST:
            return None
        return Finding(
            column, "implausible_date", "lies before 2000 or more than five years ahead; a spreadsheet may have changed it"
        )

    return check


def drug_has_name(values: Values, today: date) -> Finding | None:
    if "drug_name" in values or not values.keys() & {"drug_strength", "drug_quantity", "drug_days_supply"}:
        return None
    return Finding("drug_name", "drug_without_name", "is empty or unusable, but other drug columns are filled")


REQUEST_CHECKS: tuple[Check, ...] = (
    coverage_of_payer,
    member_id_of_coverage,
    birth_date,
    _plausible("admission_date"),
    drug_has_name,
)
LINE_CHECKS: tuple[Check, ...] = (
    days_in_order,
    born_before_service,
    admitted_before_end,
    _plausible("from_date"),
    _plausible("to_date"),
)
