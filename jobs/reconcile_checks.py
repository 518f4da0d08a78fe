"""What is wrong with what is known now: each row of the ledger, with what the portal says now where it says something. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from bots.model import Status
from jobs.clock import parse_instant
from jobs.ledger import HAS_DAYS, day, instant
from jobs.reconcile_frames import CASE, LIST
from jobs.reconcile_pairs import Both, Lines, Mask, Places, Texts, by_word
from jobs.state import AWAITED, DECIDED, GRANTED

STALE_AFTER = timedelta(hours=24)
"""An open case that was not read for a day: decisions are due within 72 hours or 7 days (rules, clocks)."""
UNITS_STALE_AFTER = timedelta(days=16)
"""Units follow the check writes, twice a month: up to 16 days of age is normal (rule H17)."""
EXPIRED_FOR = timedelta(days=30)
"""An authorization that ended longer ago is history."""

Numbers = npt.NDArray[np.float64]
Finding = tuple[str, Places, str | Texts]
"""A kind, the places of its rows in the ledger, and what is said of them."""


class Known:
    """The ledger's columns as they stand now: the portal's value where a line was paired and shows one.

    Days are those of ``now``'s zone: what is due on the fifth before midnight in Connecticut is due on the sixth in UTC.
    """

    def __init__(self, lines: Lines, now: datetime) -> None:
        self.ledger, self.lines = lines.both.ledger, lines
        self.now, self.today = now, day(now.date())
        self._columns: dict[str, Texts] = {}

    def day_of(self, moment: str) -> str:
        """The calendar day of an instant of the ledger, where `now` is; "" for none."""
        return day(parse_instant(moment).astimezone(self.now.tzinfo).date()) if moment else ""

    def __getitem__(self, name: str) -> Texts:
        if name not in self._columns:
            column = self.ledger[name].to_numpy(dtype=object, copy=True)
            if name in self.lines.both.readings:
                column[self.lines.ours] = self.lines.newest(name)
            self._columns[name] = column
        return self._columns[name]

    def number(self, name: str) -> Numbers:
        return number(self[name])

    def has(self, words: frozenset[Status]) -> Mask:
        return is_one_of(self["status"], words)


def number(texts: Texts) -> Numbers:
    """Amounts as numbers; what is not shown or unreadable compares as false with everything."""
    return by_word(texts, lambda text: pd.to_numeric(text, errors="coerce") if text else np.nan).astype(np.float64)


def is_one_of(texts: Texts, words: frozenset[Status]) -> Mask:
    return by_word(texts, lambda text: text in words).astype(np.bool_)


def checks(known: Known) -> Iterator[Finding]:
    """All findings about rows of the ledger."""
    yield from _decisions(known)
    yield from _clocks(known)
    yield from _units(known)
    yield from _paired(known.lines)


def _said(mask: Mask, kind: str, what: str | Texts) -> Finding:
    return kind, np.flatnonzero(mask), what


def _decisions(known: Known) -> Iterator[Finding]:
    asked, approved = known.number("units_requested"), known.number("units_approved")
    less = np.flatnonzero(known.has(HAS_DAYS) & (approved < asked))
    yield "approved_less", less, "Approved " + known["units_approved"][less] + " of " + known["units_requested"][less] + "."
    denied = (known["status"] == Status.DENIED) & (known["status_reason"] == "") & ~_only_listed(known.lines)
    yield _said(denied, "denied_without_reason", "Denied without a reason.")
    unknown = known["status"] == Status.UNKNOWN
    yield _said(unknown, "status_unknown", "The portal uses a status word that PriorBot does not know.")
    again = known["status"] == Status.DUPLICATE
    yield _said(again, "duplicate", "The payer calls this request a duplicate.")


def _only_listed(lines: Lines) -> Mask:
    """Rows whose case's page was not read: a list names no reasons."""
    listed = np.zeros(len(lines.both.ledger), dtype=np.bool_)
    listed[lines.ours] = lines.their("source") == LIST
    return listed


def _clocks(known: Known) -> Iterator[Finding]:
    due, decided = known["decision_due"], known["decided_at"]
    due_day = by_word(due, known.day_of)
    late = np.flatnonzero((due != "") & (decided != "") & (decided > due_day))
    yield "decided_late", late, "Decided on " + decided[late] + ", due by " + due_day[late] + "."
    awaited, now = known.has(AWAITED), instant(known.now)
    over = np.flatnonzero(awaited & (due != "") & (due < now))
    yield "decision_overdue", over, "No decision is known, due by " + due_day[over] + "."
    ended = known["valid_to"]
    lately = day((known.now - EXPIRED_FOR).date())
    is_over = known.has(GRANTED | {Status.EXPIRED}) & (ended != "") & (ended < known.today) & (ended >= lately)
    over = np.flatnonzero(is_over)
    yield "expired", over, "The authorization ended on " + ended[over] + "."
    oldest = instant(known.now - STALE_AFTER)
    sent = known["submitted_at"]
    to_be_read = known.has(AWAITED - {Status.FAXED})  # what became of a fax comes by letter
    unread = to_be_read & (sent != "") & (sent < oldest) & (known["last_checked"] < oldest)
    yield _said(unread & ~_read_lately(known, oldest), "stale_reading", "The open case was not read for more than a day.")
    as_of = known["units_as_of"]
    old = (as_of != "") & (as_of < day((known.now - UNITS_STALE_AFTER).date())) & (ended >= known.today)
    yield _said(old, "stale_reading", "The units are older than two check writes.")


def _read_lately(known: Known, oldest: str) -> Mask:
    read = np.zeros(len(known.ledger), dtype=np.bool_)
    read[known.lines.ours] = known.lines.their("observed_at") >= oldest
    return read


def _units(known: Known) -> Iterator[Finding]:
    approved, used, left = (known.number(f"units_{name}") for name in ("approved", "used", "remaining"))
    texts = known["units_approved"]
    impossible = ((texts != "") & np.isnan(approved)) | (approved < 0) | (used > approved) | (used < 0) | (left < 0)
    yield _said(impossible | (left > approved), "units_impossible", "Used, approved and remaining units do not fit together.")


# --- what a line says against its row --------------------------------------------------------------------------------


def _paired(lines: Lines) -> Iterator[Finding]:
    before, after = lines.our("authorization_no"), lines.their("authorization_no")
    changed = lines.ours[(before != "") & (after != "") & (before != after)]
    yield "number_differs", changed, "The authorization number has changed."
    member, shown = lines.our("member_id"), lines.their("member_id")
    yield "member_differs", lines.ours[(shown != "") & (shown != member)], "The portal shows this case for another member."
    yield _dates(lines)


def _dates(lines: Lines) -> Finding:
    first, last, their_first, their_last = (
        *(lines.our("from_date"), lines.our("to_date")),
        *(lines.their("from_date"), lines.their("to_date")),
    )
    moved = ((their_first != "") & (their_first != first)) | ((their_last != "") & (their_last != last))
    their_first, their_last = (np.where(day == "", "?", day)[moved] for day in (their_first, their_last))
    what = "Asked " + first[moved] + " to " + last[moved] + ", the portal has " + their_first + " to " + their_last + "."
    return "dates_shifted", lines.ours[moved], what


def contradicted(both: Both, ours: Places) -> Places:
    """Rows of cases whose own word cannot hold beside the words of their lines; one row of each case."""
    case, case_read = both.keys(*CASE)
    readings = both.readings
    words, header = (readings[name].to_numpy(dtype=object) for name in ("status", "case_status"))
    size = int(max(case.max(initial=-1), case_read.max(initial=-1))) + 1

    def some(words_of: frozenset[Status], texts: Texts) -> Mask:
        there = np.zeros(size, dtype=np.bool_)
        there[case_read[is_one_of(texts, words_of)]] = True
        return there

    granted, denied, open_ = some(GRANTED, words), some(frozenset({Status.DENIED}), words), some(AWAITED, words)
    wrong = (
        (some(frozenset({Status.APPROVED, Status.MODIFIED}), header) & (denied | open_))
        | (some(frozenset({Status.PARTIALLY_APPROVED}), header) & (~granted | open_))
        | (some(frozenset({Status.DENIED}), header) & (granted | open_))
        | (some(AWAITED - {Status.UNKNOWN}, header) & (granted | denied) & ~open_ & ~some(_OTHER, words))
    )
    rows = ours[wrong[case[ours]]]
    return rows[~pd.Series(case[rows]).duplicated().to_numpy()]


_OTHER = frozenset(Status) - DECIDED - AWAITED


def units_findings(units: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame, Any]]:
    """Findings about units readings (`jobs.reconcile_frames.units_frame`): kind, rows of that frame, what."""
    line = units.groupby(["request_id", "service_code", "authorization_no", "from_date"], sort=False)
    newest = ~units.duplicated(["request_id", "service_code", "authorization_no", "from_date"], keep="last")
    before = line["units_used"].shift().fillna("")
    day_before = line["units_as_of"].shift().fillna("")
    was, used = (pd.Series(number(texts.to_numpy(dtype=object)), index=units.index) for texts in (before, units["units_used"]))
    fell = newest & (used < was)
    text = (
        "Used units fell from " + before + " (" + day_before + ") to " + units["units_used"] + " (" + units["units_as_of"] + ")."
    )
    yield "units_falling", units[fell], text[fell]
    other = newest & (units["unit_type"] != units["asked_unit_type"])
    text = "Asked for " + units["asked_unit_type"] + ", the units page counts " + units["unit_type"] + "."
    yield "unit_kind_differs", units[other], text[other]
