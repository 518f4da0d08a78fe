"""What is compared, as frames of text: the ledger's rows, and what portals, letters and units pages say. Every cell is text.

"" in a reading means: not shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Self

import msgspec
import pandas as pd

from bots.model import CaseSummary, LineReading, PortalLetter, Reading, Status, Units, UnitType
from jobs.ledger import LEDGER_COLUMNS, LedgerRow, amount, day, instant, units_of_lines

if TYPE_CHECKING:
    from jobs.state import Snapshot

READING_COLUMNS = (
    *("portal", "reference_no", "authorization_no", "member_id", "service_code", "from_date", "to_date"),
    *("status", "status_raw", "status_reason", "units_requested", "units_approved", "our_reference", "observed_at"),
    *("case_status", "decided_at", "source"),
)
"""``case_status`` is the word over the whole case, ``status`` that of the line; ``source``: `PAGE` or `LIST`."""
PAGE, LIST = "page", "list"
UNITS_COLUMNS = (
    *("request_id", "payer", "portal", "reference_no", "service_code", "authorization_no", "from_date"),
    *("unit_type", "asked_unit_type", "units_approved", "units_used", "units_as_of", "observed_at"),
)
LETTER_COLUMNS = ("portal", "reference_no", "authorization_no", "letter_id", "status", "dated")
CASE = ["portal", "reference_no"]


class TextFrame:
    """Grows by rows of text; equal texts stand in memory once, and no more than some thousand rows as tuples."""

    _ROWS = 20_000

    def __init__(self, columns: Iterable[str]) -> None:
        self._columns = list(columns)
        self._known: dict[str, str] = {}
        self._rows: list[tuple[str, ...]] = []
        self._parts: list[pd.DataFrame] = []

    def add(self, rows: Iterable[tuple[str, ...]]) -> Self:
        once = self._known.setdefault
        for row in rows:
            self._rows.append(tuple([once(text, text) for text in row]))
            if len(self._rows) == self._ROWS:
                self._put_away()
        return self

    def frame(self) -> pd.DataFrame:
        self._put_away()
        return pd.concat(self._parts, ignore_index=True)

    def _put_away(self) -> None:
        if self._rows or not self._parts:
            self._parts.append(pd.DataFrame(self._rows, columns=self._columns, dtype=str))
            self._rows = []


def ledger_frame(rows: Iterable[LedgerRow]) -> pd.DataFrame:
    """Ledger rows as text columns."""
    return TextFrame(LEDGER_COLUMNS).add(map(msgspec.structs.astuple, rows)).frame()


def reading_frame(readings: Iterable[Reading]) -> pd.DataFrame:
    """Case pages, one row per line item (one without code for a case that shows none)."""
    return TextFrame(READING_COLUMNS).add(row for case in readings for row in reading_rows(case)).frame()


def reading_rows(case: Reading) -> Iterable[tuple[str, ...]]:
    return (_line(case, line) for line in (case.lines or (None,)))


def _line(case: Reading, line: LineReading | None) -> tuple[str, ...]:
    has_word = line is not None and line.status_raw
    return (
        *(case.portal, case.reference_no, case.authorization_no, case.member_id, line.service_code if line else ""),
        *(day(line.from_date if line else None), day(line.to_date if line else None)),
        (line.status if line and has_word else case.status).value,
        (line.status_raw if line else "") or case.status_raw,
        (line.remark if line else "") or case.status_reason,
        *(amount(line.units_requested if line else None), amount(line.units_approved if line else None)),
        *("", instant(case.observed_at), case.status.value, day(case.decided_on), PAGE),
    )


def list_frame(cases: Iterable[CaseSummary], observed_at: datetime) -> pd.DataFrame:
    """Rows of a portal's list of cases, one per service code.

    A list whose order changed while it was turned shows a row twice: it counts once. The days of a row are those of the whole
    case, so they say nothing of one of several codes.
    """
    rows = (
        (
            *(case.portal, case.reference_no, case.authorization_no, case.member_id, code),
            *((day(case.from_date), day(case.to_date)) if len(case.service_codes) <= 1 else ("", "")),
            *(
                case.status.value,
                case.status_raw,
                "",
                "",
                "",
                case.our_reference,
                instant(observed_at),
                case.status.value,
                "",
                LIST,
            ),
        )
        for case in cases
        for code in (case.service_codes or ("",))
    )
    return TextFrame(READING_COLUMNS).add(dict.fromkeys(rows)).frame()


def all_readings(pages: pd.DataFrame, lists: pd.DataFrame) -> pd.DataFrame:
    """Case pages, and the list's rows of those cases whose page was not read: the page knows more."""
    on_page = pd.MultiIndex.from_frame(lists[CASE]).isin(pd.MultiIndex.from_frame(pages[CASE]))
    return pd.concat([pages, lists[~on_page]], ignore_index=True)


# --- letters ---------------------------------------------------------------------------------------------------------


def letter_frame(letters: Iterable[PortalLetter], read: Iterable[Reading] = ()) -> pd.DataFrame:
    """What letters said: those that portals hand out, by their titles, and those that came by fax and were ``read``.

    A letter that a portal does not open (a voided draft) and a title that names no decision say nothing.
    """
    titled = (
        (one.portal, one.reference_no, "", one.letter_id, word, day(one.dated))
        for one in letters
        if one.evidence and (word := title_word(one.title))
    )
    faxed = (
        (
            *(one.portal, one.reference_no, one.authorization_no),
            *(f"fax {day(one.observed_at.date())}", one.status.value, day(one.decided_on or one.observed_at.date())),
        )
        for one in read
    )
    return TextFrame(LETTER_COLUMNS).add(titled).add(faxed).frame()


def title_word(title: str) -> str:
    """The decision that a letter's title names; "" where it names none, or more than one."""
    text = title.casefold()
    if "denial" in text or "denied" in text:
        return "" if "approv" in text else Status.DENIED.value
    if "partial" in text:
        return Status.PARTIALLY_APPROVED.value
    return Status.APPROVED.value if "approval" in text or "notice of authorization" in text else ""


# --- units -----------------------------------------------------------------------------------------------------------

History = Mapping[str, Iterable[tuple[Units, ...]]]
"""By request id: what the units page showed, one tuple a time, oldest first."""


def units_frame(snapshots: Iterable[Snapshot], history: History) -> pd.DataFrame:
    """Every units reading of the requests' lines, oldest first, in the unit kind of the page (where it names one)."""
    return TextFrame(UNITS_COLUMNS).add(row for each in snapshots for row in units_rows(each, history)).frame()


def units_rows(snapshot: Snapshot, history: History) -> Iterable[tuple[str, ...]]:
    request, receipt = snapshot.request, snapshot.receipt
    case = (snapshot.reading.reference_no if snapshot.reading else "") or (receipt.reference_no if receipt else "")
    for shown in history.get(request.request_id, (snapshot.units,)):
        for line, units in units_of_lines(request, shown):
            if units is None:
                continue
            told = line.unit_type if units.unit_type is UnitType.UNITS else units.unit_type  # no page told it: as asked
            yield (
                *(request.request_id, request.payer.value, receipt.portal if receipt else units.portal, case),
                *(line.service_code, units.authorization_no, day(units.from_date or line.from_date)),
                *(told.value, line.unit_type.value, amount(units.approved), amount(units.used)),
                *(day(units.as_of), instant(units.observed_at)),
            )
