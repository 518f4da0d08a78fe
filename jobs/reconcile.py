"""Compares the ledger with what portals, letters and units pages say. Pure: frames in, frames out; every cell is text.

A case is one (portal, reference number). Cases are paired first, then the lines of paired cases, each line of a reading with
at most one row of the ledger. What fits more than once is reported, never guessed. "" in a reading means: not shown.
The frames are made by `jobs.reconcile_frames`; the kinds of disagreement stand in `jobs.reconcile_kinds`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd

from bots.model import Status
from jobs.ledger import instant
from jobs.reconcile_cases import Cases, sort_cases, twins
from jobs.reconcile_checks import Known, checks, contradicted, is_one_of, number, units_findings
from jobs.reconcile_frames import CASE, READING_COLUMNS
from jobs.reconcile_kinds import KINDS
from jobs.reconcile_pairs import Both, Lines, Paired, Places, Texts, among, pair_lines
from jobs.state import GRANTED, Channel

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
Part = pd.DataFrame | None
_NAMES = ("request_id", "payer", "portal", "reference_no", "service_code")
_NOT_ASKED = "The case on the portal has a service that was not asked for."
AHEAD = timedelta(hours=1)
"""A reading may be so far ahead of our clock, no further."""


@dataclass(frozen=True)
class Reconciled:
    """``matched``: rows whose line was found on the portal. ``changes`` and ``exceptions`` have the columns named above.

    ``unknown``: the readings' rows of cases that the journal does not know. ``counts``: how many of each kind there are.
    """

    rows: int
    matched: int
    changes: pd.DataFrame
    exceptions: pd.DataFrame
    unknown: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(READING_COLUMNS), dtype=str))
    counts: Mapping[str, int] = field(default_factory=dict)


def reconcile(
    ledger: pd.DataFrame,
    readings: pd.DataFrame,
    *,
    now: datetime,
    listed: Mapping[str, date] | None = None,
    units: pd.DataFrame | None = None,
    letters: pd.DataFrame | None = None,
    continuing: Collection[str] = (),
) -> Reconciled:
    """Ledger rows against readings.

    ``now``: in the practice's time zone, in which days are counted.
    ``listed`` names the portals whose whole list of cases is in ``readings``, with the list's first day: only there can a case
    be missing or unknown. ``units``: every units reading, oldest first. ``continuing``: requests that renew, extend or correct
    another one, so that their days may overlap.
    """
    early = (readings["observed_at"] > instant(now + AHEAD)).to_numpy()
    disbelieved, readings = readings[early], readings[~early]  # the whole one is let go: a million rows are a tenth of a gigabyte
    both = Both(ledger.reset_index(drop=True), readings.reset_index(drop=True))
    cases = sort_cases(both, listed or {}, disbelieved)
    paired = _paired(both, cases)
    changes = _changes(paired.lines)
    parts = [
        _of_readings("reading_from_future", disbelieved.drop_duplicates(CASE), "The reading is of a moment still to come."),
        *_case_parts(both, cases),
        *_line_parts(both, paired),
        *_twin_parts(both, twins(both, continuing)),
        *(_of_rows(both, *finding) for finding in checks(Known(paired.lines, now))),
        *(_frame(*finding) for finding in (units_findings(units) if units is not None and len(units) else ())),
        *_approved_twice(both, paired.lines, units),
        *(_letter_parts(both, letters) if letters is not None and len(letters) else ()),
    ]
    return summed_up(
        Reconciled(
            rows=len(ledger),
            matched=len(paired.lines),
            changes=changes,
            exceptions=pd.concat([part for part in parts if part is not None] or [_empty(EXCEPTION_COLUMNS)], ignore_index=True),
            unknown=both.readings.iloc[cases.unknown],
        )
    )


def summed_up(found: Reconciled) -> Reconciled:
    """The same with its exceptions in order (errors first, each once) and every kind counted."""
    exceptions = found.exceptions[list(EXCEPTION_COLUMNS)].drop_duplicates()
    order = exceptions["severity"].map({"error": 0, "warning": 1, "info": 2})
    exceptions = exceptions.assign(order=order).sort_values(["order", "kind", "request_id", "reference_no", "service_code"])
    changed = len(found.changes.drop_duplicates(["request_id", "service_code"])) if len(found.changes) else 0
    counts = {"matched": found.matched, "changed": changed, **Counter(exceptions["kind"].tolist())}
    exceptions = exceptions.drop(columns="order").reset_index(drop=True)
    return Reconciled(found.rows, found.matched, found.changes, exceptions, found.unknown, counts)


def _paired(both: Both, cases: Cases) -> Paired:
    """Pairs all but the cases that are unknown, or that two requests lay claim to."""
    ours, theirs = both.keys(*CASE)
    claimed_once = ~among(ours, ours[cases.twice])
    sent = np.flatnonzero((both.ledger["reference_no"] != "").to_numpy() & claimed_once)
    read = np.flatnonzero(among(theirs, ours[sent]))
    return pair_lines(both, sent, read)


# --- what becomes a row of exceptions.csv ----------------------------------------------------------------------------


def _case_parts(both: Both, cases: Cases) -> list[Part]:
    second, renumbered = cases.second, cases.renumbered
    where = second["reference_no_portal"] + " on " + second["portal_portal"]
    same = second["same_portal"].astype(bool)
    unknown = both.readings.iloc[cases.unknown].drop_duplicates(CASE)
    fits = dict(
        zip(
            zip(cases.fitting["portal_portal"], cases.fitting["reference_no_portal"], strict=True),
            zip(cases.fitting["request_id"], cases.fitting["payer"], strict=True),
            strict=True,
        )
    )
    fitting = [fits.get(case, ("", "")) for case in zip(unknown["portal"], unknown["reference_no"], strict=True)]
    unknown = unknown.assign(request_id=[one[0] for one in fitting], payer=[one[1] for one in fitting])
    known_not = "The portal has a case that the journal does not know"
    what = np.array([f"{known_not}; only {one} fits it." if one else f"{known_not}." for one, _ in fitting], dtype=object)
    return [
        _of_rows(both, "number_twice", cases.twice, "Another request has the same reference number."),
        _of_rows(both, "missing_on_portal", cases.missing, "The portal's list does not have this case."),
        _frame("number_differs", renumbered, "The portal has this service under " + renumbered["reference_no_portal"] + "."),
        _frame("duplicate", second[same], "The portal has this service once more, as " + where[same] + "."),
        _frame("on_two_channels", second[~same], _sent_by(second[~same]) + ", and also stands there as " + where[~same] + "."),
        _frame("unknown_on_portal", unknown, what),
    ]


def _sent_by(rows: pd.DataFrame) -> pd.Series:
    return ("It went by " + rows["channel"]).where(rows["channel"] != Channel.PORTAL, "It went to " + rows["portal"])


def _line_parts(both: Both, paired: Paired) -> list[Part]:
    contrary = contradicted(both, paired.lines.ours)
    return [
        _of_rows(both, "missing_on_portal", paired.lost, "The portal has the case without this service."),
        _of_readings("unknown_on_portal", both.readings.iloc[paired.extra], _NOT_ASKED),
        _of_rows(both, "ambiguous", paired.unclear, "Several lines of this case fit and cannot be told apart."),
        _of_rows(both, "status_against_lines", contrary, "The word over the case does not fit the words of its lines."),
    ]


def _twin_parts(both: Both, pairs: pd.DataFrame) -> list[Part]:
    rows, others = pairs["row"].to_numpy(dtype=np.intp), pairs["other"].to_numpy(dtype=np.intp)
    one_case = (both.our("portal", rows) == both.our("portal", others)) & (
        both.our("reference_no", rows) == both.our("reference_no", others)
    )
    rows, others = rows[~one_case], others[~one_case]  # told as number_twice
    names = both.our("request_id", others)
    ways = [both.our("channel", places) + " " + both.our("portal", places) for places in (rows, others)]
    same = ways[0] == ways[1]
    return [
        _of_rows(both, "duplicate", rows[same], "Request " + names[same] + " has the same service in overlapping days."),
        _of_rows(both, "on_two_channels", rows[~same], "Request " + names[~same] + " has the same service and went another way."),
    ]


def _approved_twice(both: Both, lines: Lines, units: pd.DataFrame | None) -> list[Part]:
    """Where the case's page and the units page name different approved units of one line."""
    if units is None or not len(units):
        return []
    key = ["request_id", "service_code", "from_date"]
    newest = units[(units["unit_type"] == units["asked_unit_type"])].drop_duplicates(key, keep="last")
    told = pd.DataFrame({name: lines.our(name) for name in key} | {"case_approved": lines.their("units_approved")})
    both_told = newest.merge(told, on=key)
    page, case = (number(both_told[name].to_numpy(dtype=object)) for name in ("units_approved", "case_approved"))
    differs = both_told[(page != case) & ~np.isnan(page) & ~np.isnan(case)]
    what = "The case says " + differs["case_approved"] + " approved, the units page " + differs["units_approved"] + "."
    return [_frame("units_differ", differs, what)]


def _letter_parts(both: Both, letters: pd.DataFrame) -> list[Part]:
    """The last letter of each case against its lines: a denial needs a denied line, an approval a granted one."""
    last = letters.sort_values("dated", kind="stable").drop_duplicates([*CASE, "authorization_no"], keep="last")
    last = last.assign(letter=range(len(last)))
    rows = both.ledger[both.ledger["reference_no"] != ""]
    by_case = last.merge(rows, on=CASE, suffixes=("_letter", ""))
    numbered = last[(last["reference_no"] == "") & (last["authorization_no"] != "")]
    found = pd.concat([by_case, numbered.merge(rows, on="authorization_no", suffixes=("_letter", ""))], ignore_index=True)
    status = found["status"].to_numpy(dtype=object)
    denies = (found["status_letter"] == Status.DENIED).to_numpy()
    bears_out = np.where(denies, status == Status.DENIED, is_one_of(status, GRANTED | {Status.EXPIRED}))
    bears_out |= ~is_one_of(status, GRANTED | {Status.EXPIRED, Status.DENIED})  # not decided, as far as we know: no contradiction
    borne_out = pd.Series(bears_out.astype(bool), index=found.index).groupby(found["letter"]).transform("any")
    against = found[~borne_out.astype(bool)].drop_duplicates("letter")
    unmatched = last[~last["letter"].isin(found["letter"])]
    what = "The letter of " + against["dated"] + " says " + against["status_letter"].str.replace("_", " ") + "."
    return [
        _frame("letter_differs", against, what),
        _of_readings("letter_unmatched", unmatched, "A letter names a case that no request has."),
    ]


def _changes(lines: Lines) -> pd.DataFrame:
    parts = []
    for name in COMPARED:
        before, after = lines.our(name), lines.their(name)
        changed = np.flatnonzero((after != "") & (after != before))
        at = {column: lines.both.our(column, lines.ours[changed]) for column in CHANGE_COLUMNS[:4]}
        parts.append(pd.DataFrame({**at, "column": name, "before": before[changed], "after": after[changed]}, dtype=str))
    return pd.concat(parts, ignore_index=True).sort_values(["request_id", "service_code", "column"], ignore_index=True)


def _of_rows(both: Both, kind: str, places: Places, what: str | Texts) -> Part:
    return _frame(kind, both.ledger[list(_NAMES)].iloc[places], what) if len(places) else None


def _of_readings(kind: str, rows: pd.DataFrame, what: str) -> Part:
    return _frame(kind, rows[[name for name in (*CASE, "service_code") if name in rows]], what)


def _frame(kind: str, rows: pd.DataFrame, what: str | Texts | pd.Series) -> Part:
    """Rows of one kind, in the columns of ``exceptions.csv``; None when there are none."""
    if rows.empty:
        return None
    known = KINDS[kind]
    found = rows[[name for name in _NAMES if name in rows]].reindex(columns=list(EXCEPTION_COLUMNS), fill_value="")
    return found.assign(
        kind=kind, severity=known.severity.value, what=what, next_action=known.next_action, owner=known.owner.value
    ).astype(str)


def _empty(columns: tuple[str, ...]) -> pd.DataFrame:
    return pd.DataFrame(columns=list(columns), dtype=str)
