"""Compares the ledger with what the portals showed. Pure: frames in, frames out; every cell is text.

A case is one (portal, reference number). Cases are paired first, then the lines of paired cases, each line of a reading with
at most one row of the ledger. What fits more than once is reported, never guessed. "" in a reading means: not shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import msgspec
import pandas as pd

from bots.model import CaseSummary, Reading, Status
from jobs.ledger import HAS_DAYS, LEDGER_COLUMNS, LedgerRow, amount, day, instant
from jobs.reconcile_kinds import KINDS
from jobs.state import AWAITED

READING_COLUMNS = (
    *("portal", "reference_no", "authorization_no", "member_id", "service_code", "from_date", "to_date"),
    *("status", "status_raw", "status_reason", "units_requested", "units_approved", "our_reference", "observed_at"),
)
COMPARED = ("authorization_no", "status", "status_raw", "status_reason", "units_approved")
"""Columns whose new value on the portal is a change."""
EXCEPTION_COLUMNS = (
    "kind",
    "severity",
    "request_id",
    "payer",
    "portal",
    "reference_no",
    "service_code",
    "what",
    "next_action",
    "owner",
)
CHANGE_COLUMNS = ("request_id", "portal", "reference_no", "service_code", "column", "before", "after")
CASE = ["portal", "reference_no"]

STALE_AFTER = timedelta(hours=24)
"""An open case that was not read for a day: decisions are due within 72 hours or 7 days (rules, clocks)."""
UNITS_STALE_AFTER = timedelta(days=16)
"""Units follow the check writes, twice a month: up to 16 days of age is normal (rule H17)."""


@dataclass(frozen=True)
class Reconciled:
    """``matched``: rows whose line was found on the portal. ``changes`` and ``exceptions`` have the columns named above."""

    rows: int
    matched: int
    changes: pd.DataFrame
    exceptions: pd.DataFrame


# --- frames ----------------------------------------------------------------------------------------------------------


def ledger_frame(rows: Iterable[LedgerRow]) -> pd.DataFrame:
    """Ledger rows as text columns."""
    return pd.DataFrame([msgspec.structs.astuple(row) for row in rows], columns=list(LEDGER_COLUMNS), dtype=str)


def reading_frame(readings: Iterable[Reading]) -> pd.DataFrame:
    """Case pages, one row per line item (one without code for a case that shows none)."""
    return pd.DataFrame(
        [
            (
                *(case.portal, case.reference_no, case.authorization_no, case.member_id, line.service_code if line else ""),
                *(day(line.from_date if line else None), day(line.to_date if line else None)),
                (line.status if line and line.status_raw else case.status).value,
                (line.status_raw if line else "") or case.status_raw,
                (line.remark if line else "") or case.status_reason,
                *(amount(line.units_requested if line else None), amount(line.units_approved if line else None)),
                *("", instant(case.observed_at)),
            )
            for case in readings
            for line in (case.lines or (None,))
        ],
        columns=list(READING_COLUMNS),
        dtype=str,
    )


def list_frame(cases: Iterable[CaseSummary], observed_at: datetime) -> pd.DataFrame:
    """Rows of a portal's list of cases, one per service code."""
    return pd.DataFrame(
        [
            (
                *(case.portal, case.reference_no, case.authorization_no, case.member_id, code),
                *(day(case.from_date), day(case.to_date), case.status.value, case.status_raw),
                *("", "", "", case.our_reference, instant(observed_at)),
            )
            for case in cases
            for code in (case.service_codes or ("",))
        ],
        columns=list(READING_COLUMNS),
        dtype=str,
    )


def all_readings(pages: pd.DataFrame, lists: pd.DataFrame) -> pd.DataFrame:
    """Case pages, and the list's rows of those cases whose page was not read: the page knows more."""
    on_page = pd.MultiIndex.from_frame(lists[CASE]).isin(pd.MultiIndex.from_frame(pages[CASE]))
    return pd.concat([pages, lists[~on_page]], ignore_index=True)


# --- comparing -------------------------------------------------------------------------------------------------------


def reconcile(
    ledger: pd.DataFrame, readings: pd.DataFrame, *, now: datetime, listed: Mapping[str, date] | None = None
) -> Reconciled:
    """Ledger rows against readings.

    ``listed`` names the portals whose whole list of cases is in ``readings``, with the list's first day: only there can a case
    be missing or unknown.
    """
    listed = listed or {}
    sent = ledger[ledger["reference_no"] != ""]
    twice = _used_twice(sent)
    missing, unknown = _unpaired_cases(sent, readings, listed)
    renumbered, missing, unknown = _renumbered(missing, unknown)
    lines, lost_lines, extra_lines = _paired_lines(sent[~twice], readings, unknown)
    parts = [
        _exceptions("number_twice", sent[twice], "Another request has the same reference number."),
        _exceptions("number_differs", renumbered, "The portal has this service under " + renumbered["reference_no_portal"] + "."),
        _exceptions("missing_on_portal", missing, "The portal's list does not have this case."),
        _exceptions("missing_on_portal", lost_lines, "The portal has the case without this service."),
        _exceptions("unknown_on_portal", unknown.drop_duplicates(CASE), "The portal has a case that the journal does not know."),
        _exceptions("unknown_on_portal", extra_lines, "The case on the portal has a service that was not asked for."),
        *_number_changes(lines),
        *_value_checks(lines),
        *_ledger_checks(ledger, now),
    ]
    exceptions = pd.concat(parts, ignore_index=True)[list(EXCEPTION_COLUMNS)].drop_duplicates()
    order = exceptions["severity"].map({"error": 0, "warning": 1, "info": 2})
    exceptions = exceptions.assign(order=order).sort_values(["order", "kind", "request_id", "reference_no", "service_code"])
    return Reconciled(len(ledger), len(lines), _changes(lines), exceptions.drop(columns="order").reset_index(drop=True))


def _used_twice(sent: pd.DataFrame) -> pd.Series:
    """Rows whose case belongs to more than one request."""
    return sent.groupby(CASE)["request_id"].transform("nunique") > 1


def _unpaired_cases(sent: pd.DataFrame, readings: pd.DataFrame, listed: Mapping[str, date]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Ledger rows whose case the portal does not have, and reading rows whose case the ledger does not have."""
    ours, theirs = pd.MultiIndex.from_frame(sent[CASE]), pd.MultiIndex.from_frame(readings[CASE])
    never = "9999"
    first_day = [day(listed[slug]) if slug in listed else never for slug in sent["portal"]]
    return (
        sent[~ours.isin(theirs) & (sent["submitted_at"] >= pd.Series(first_day, index=sent.index, dtype=str))],
        readings[~theirs.isin(ours) & readings["portal"].isin(listed)],
    )


def _renumbered(missing: pd.DataFrame, unknown: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Pairs what is missing with what is unknown where member, code and first day (or our own reference) agree exactly once."""
    by_service = ["portal", "member_id", "service_code", "from_date"]
    named = missing.merge(
        unknown[unknown["our_reference"] != ""],
        left_on=["portal", "request_id"],
        right_on=["portal", "our_reference"],
        suffixes=("", "_portal"),
    )
    alike = missing.merge(unknown, on=by_service, suffixes=("", "_portal"))
    pairs = pd.concat([named, alike], ignore_index=True)
    pairs = pairs.drop_duplicates(["portal", "request_id", "reference_no_portal"])
    alone = ~pairs.duplicated(["portal", "request_id"], keep=False) & ~pairs.duplicated(
        ["portal", "reference_no_portal"], keep=False
    )
    pairs = pairs[alone]
    return (
        pairs,
        missing[~missing["request_id"].isin(pairs["request_id"])],
        unknown[~unknown["reference_no"].isin(pairs["reference_no_portal"])],
    )


def _paired_lines(
    sent: pd.DataFrame, readings: pd.DataFrame, unknown: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Rows with the reading of their line; ledger lines that a read case lacks; read lines that the ledger lacks."""
    readings = readings[~readings.index.isin(unknown.index)]
    whole = readings[readings["service_code"] == ""].drop_duplicates(CASE)
    in_lines = _numbered(readings[readings["service_code"] != ""])
    ours = _numbered(sent)
    key = [*CASE, "service_code", "nth"]
    both = ours.merge(in_lines, on=key, how="outer", suffixes=("", "_portal"), indicator="side", validate="one_to_one")
    read_cases = pd.MultiIndex.from_frame(in_lines[CASE])
    our_cases = pd.MultiIndex.from_frame(ours[CASE])
    at = pd.MultiIndex.from_frame(both[CASE])
    lines = both[both["side"] == "both"]
    lost = both[(both["side"] == "left_only") & at.isin(read_cases)]
    extra = both[(both["side"] == "right_only") & at.isin(our_cases)]
    headers = ours.merge(whole.drop(columns="service_code"), on=CASE, suffixes=("", "_portal"))
    return pd.concat([lines, headers], ignore_index=True), lost, extra


def _numbered(frame: pd.DataFrame) -> pd.DataFrame:
    """Numbers the lines of one code within a case by their first day, so that each pairs with one other."""
    ordered = frame.sort_values([*CASE, "service_code", "from_date"], kind="stable")
    return ordered.assign(nth=ordered.groupby([*CASE, "service_code"]).cumcount())


def _changes(lines: pd.DataFrame) -> pd.DataFrame:
    parts = []
    for name in COMPARED:
        after = lines[f"{name}_portal"]
        changed = lines[(after != "") & (after != lines[name])]
        parts.append(changed.assign(column=name, before=changed[name], after=changed[f"{name}_portal"])[list(CHANGE_COLUMNS)])
    return pd.concat(parts, ignore_index=True).sort_values(["request_id", "service_code", "column"], ignore_index=True)


def _number_changes(lines: pd.DataFrame) -> list[pd.DataFrame]:
    before, after = lines["authorization_no"], lines["authorization_no_portal"]
    return [
        _exceptions(
            "number_differs", lines[(before != "") & (after != "") & (before != after)], "The authorization number has changed."
        )
    ]


def _value_checks(lines: pd.DataFrame) -> list[pd.DataFrame]:
    """Checks of what the portal says now, the ledger's own value where the page does not show one."""
    status = _newest(lines, "status")
    asked, approved = _number(lines["units_requested"]), _number(_newest(lines, "units_approved"))
    unreadable = _unreadable(lines["units_approved_portal"])
    used = _number(lines["units_used"])
    reasonless = (status == Status.DENIED) & (_newest(lines, "status_reason") == "")
    less = status.isin(HAS_DAYS) & (approved < asked)
    what = "Approved " + _newest(lines, "units_approved") + " of " + lines["units_requested"] + "."
    return [
        _exceptions("approved_less", lines[less], what[less]),
        _exceptions("denied_without_reason", lines[reasonless], "Denied without a reason."),
        _exceptions(
            "status_unknown", lines[status == Status.UNKNOWN], "The portal uses a status word that PriorBot does not know."
        ),
        _exceptions(
            "units_impossible", lines[unreadable | (approved < 0) | (approved < used)], "The approved units cannot be right."
        ),
    ]


def _ledger_checks(ledger: pd.DataFrame, now: datetime) -> list[pd.DataFrame]:
    approved, used, left = (_number(ledger[f"units_{name}"]) for name in ("approved", "used", "remaining"))
    impossible = (used > approved) | (used < 0) | (left < 0) | (left > approved)
    oldest = instant(now - STALE_AFTER)
    unread = (
        ledger["status"].isin(AWAITED)
        & (ledger["submitted_at"] != "")
        & (ledger["submitted_at"] < oldest)
        & (ledger["last_checked"] < oldest)
    )
    units_old = (ledger["units_as_of"] != "") & (ledger["units_as_of"] < day((now - UNITS_STALE_AFTER).astimezone(UTC).date()))
    still_valid = ledger["valid_to"] >= day(now.astimezone(UTC).date())
    return [
        _exceptions("units_impossible", ledger[impossible], "Used, approved and remaining units do not fit together."),
        _exceptions("stale_reading", ledger[unread], "The open case was not read for more than a day."),
        _exceptions("stale_reading", ledger[units_old & still_valid], "The units are older than two check writes."),
    ]


def _newest(lines: pd.DataFrame, name: str) -> pd.Series:
    """The portal's value, else the ledger's."""
    return lines[f"{name}_portal"].where(lines[f"{name}_portal"] != "", lines[name])


def _number(texts: pd.Series) -> pd.Series:
    """Amounts as numbers; what is not shown or unreadable compares as false with everything."""
    return pd.to_numeric(texts, errors="coerce")


def _unreadable(texts: pd.Series) -> pd.Series:
    return (texts != "") & _number(texts).isna()


def _exceptions(kind: str, frame: pd.DataFrame, what: str | pd.Series) -> pd.DataFrame:
    """Rows of one kind, in the columns of ``exceptions.csv``."""
    known = KINDS[kind]
    names = [name for name in ("request_id", "payer", "portal", "reference_no", "service_code") if name in frame]
    found = frame[names].fillna("").reindex(columns=list(EXCEPTION_COLUMNS), fill_value="")
    return found.assign(
        kind=kind, severity=known.severity.value, what=what, next_action=known.next_action, owner=known.owner.value
    )
