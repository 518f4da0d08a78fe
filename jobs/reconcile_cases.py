"""Which case is whose: cases that one side lacks, cases under another number, and services that stand somewhere twice."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from bots.model import Status
from jobs.ledger import day
from jobs.reconcile_frames import CASE
from jobs.reconcile_pairs import Both, Mask, Places, among, by_word
from jobs.state import AWAITED, GRANTED, Channel

LIVE = AWAITED | GRANTED
"""Statuses of a service that is asked for or granted: a second one of it is one too many."""
SENDABLE = frozenset({Status.NEW, Status.WAITING, Status.NEEDS_PERSON, Status.UNCERTAIN})
"""Statuses of a request of which a case on the portal may be the one that somebody keyed by hand."""
_NEVER = "9999"
_SERVICE = ("member_id", "service_code")
PAIR = ["portal", "request_id"]
OTHER = ["portal", "reference_no_portal"]


@dataclass(frozen=True)
class Cases:
    """``missing``, ``twice``: places in the ledger; ``unknown``: places in the readings. The frames have the ledger's columns,
    with what the portal says under ``..._portal``."""

    twice: Places
    missing: Places
    unknown: Places
    renumbered: pd.DataFrame
    second: pd.DataFrame
    """Live rows whose service stands on a portal once more: ``same_portal`` says whether on the row's own."""
    fitting: pd.DataFrame
    """Requests that were not sent, with the one unknown case that fits each."""


def sort_cases(both: Both, listed: Mapping[str, date], disbelieved: pd.DataFrame) -> Cases:
    """``disbelieved``: readings that are not believed; their cases are there all the same."""
    ledger, readings = both.ledger, both.readings
    sent = np.flatnonzero((ledger["reference_no"] != "").to_numpy())
    twice = sent[_used_twice(both, sent)]
    ours, theirs = both.keys(*CASE)
    first_day = by_word(ledger["portal"], lambda slug: day(listed[slug]) if slug in listed else _NEVER)
    expected = (ledger["submitted_at"].to_numpy(dtype=object) >= first_day)[sent]
    missing = sent[expected & ~among(ours[sent], theirs)]
    missing = missing[~_stand_in(ledger.iloc[missing], CASE, disbelieved, CASE)]
    on_list = by_word(readings["portal"], lambda slug: slug in listed).astype(bool)
    unknown = np.flatnonzero(on_list & ~among(theirs, ours[sent]))
    renumbered = _renumbered(ledger.iloc[missing], readings.iloc[unknown])
    missing = missing[~_stand_in(ledger.iloc[missing], PAIR, renumbered, PAIR)]
    unknown = unknown[~_stand_in(readings.iloc[unknown], CASE, renumbered, OTHER)]
    if not len(unknown):
        none = ledger.head(0).assign(portal_portal="", reference_no_portal="", same_portal=False)
        return Cases(twice, missing, unknown, renumbered, none, none)
    fits = _same_service(both, unknown)
    second, unknown = _seconds(both, fits, unknown)
    return Cases(twice, missing, unknown, renumbered, second, _fitting(fits, readings.iloc[unknown]))


def _used_twice(both: Both, sent: Places) -> Mask:
    """Rows whose case belongs to more than one request."""
    case, _ = both.keys(*CASE)
    request = both.requests()
    pairs = pd.DataFrame({"case": case[sent], "request": request[sent]}).drop_duplicates()
    count = np.bincount(pairs["case"].to_numpy(), minlength=int(case.max(initial=0)) + 1)
    return np.asarray(count[case[sent]] > 1)


def _stand_in(frame: pd.DataFrame, names: list[str], other: pd.DataFrame, other_names: list[str]) -> Mask:
    if frame.empty or other.empty:
        return np.zeros(len(frame), dtype=np.bool_)
    there = pd.MultiIndex.from_frame(other[other_names])
    return np.asarray(pd.MultiIndex.from_frame(frame[names]).isin(there))


def _renumbered(missing: pd.DataFrame, unknown: pd.DataFrame) -> pd.DataFrame:
    """Pairs what is missing with what is unknown where member, code and first day (or our own reference) agree exactly once."""
    if missing.empty or unknown.empty:
        return missing.head(0).assign(reference_no_portal="")
    by_service = ["portal", *_SERVICE, "from_date"]
    named = missing.merge(
        unknown[unknown["our_reference"] != ""],
        left_on=["portal", "request_id"],
        right_on=["portal", "our_reference"],
        suffixes=("", "_portal"),
    )
    alike = missing[missing["member_id"] != ""].merge(unknown, on=by_service, suffixes=("", "_portal"))
    pairs = pd.concat([named, alike], ignore_index=True).drop_duplicates([*PAIR, "reference_no_portal"])
    return pairs[~pairs.duplicated(PAIR, keep=False) & ~pairs.duplicated(OTHER, keep=False)]


# --- the same service a second time ----------------------------------------------------------------------------------


def _same_service(both: Both, unknown: Places) -> pd.DataFrame:
    """Ledger rows beside the unknown cases of the same member, code and overlapping days, or that carry the row's own id."""
    ledger, readings = both.ledger, both.readings
    cases = readings.iloc[unknown]
    ours, theirs = both.keys(*_SERVICE)
    near = ledger.iloc[np.flatnonzero(among(ours, theirs[unknown]))]
    alike = near[near["member_id"] != ""].merge(cases, on=list(_SERVICE), suffixes=("", "_portal"))
    own_end = alike["to_date_portal"].where(alike["to_date_portal"] != "", _NEVER)
    alike = alike[(alike["from_date_portal"] <= alike["to_date"]) & (alike["from_date"] <= own_end)]
    marked = cases[cases["our_reference"] != ""]
    named = ledger[ledger["request_id"].isin(marked["our_reference"])].merge(
        marked, left_on="request_id", right_on="our_reference", suffixes=("", "_portal")
    )
    return pd.concat([alike, named], ignore_index=True).drop_duplicates(["request_id", "portal_portal", "reference_no_portal"])


def _seconds(both: Both, fits: pd.DataFrame, unknown: Places) -> tuple[pd.DataFrame, Places]:
    """The rows whose service a portal has once more, and the cases that are still unknown then."""
    _, theirs = both.keys(*CASE)
    live = fits["status"].isin(LIVE) & fits["status_portal"].isin(LIVE)
    handed_in = (fits["reference_no"] != "") | (fits["channel"] == Channel.FAX)
    same_portal = fits["portal"] == fits["portal_portal"]
    ours, _ = both.keys(*CASE)
    known = pd.MultiIndex.from_frame(both.ledger.iloc[np.flatnonzero(among(ours, theirs))][CASE].drop_duplicates())
    found = pd.MultiIndex.from_frame(fits[CASE]).isin(known)
    second = fits.assign(same_portal=same_portal)[live & handed_in & (~same_portal | found)]
    return second, unknown[~_stand_in(both.readings.iloc[unknown], CASE, second, ["portal_portal", "reference_no_portal"])]


def _fitting(fits: pd.DataFrame, unknown: pd.DataFrame) -> pd.DataFrame:
    """Requests that were not sent and the unknown cases that fit them, where it is one of each."""
    open_ones = fits[fits["status"].isin(SENDABLE) & (fits["reference_no"] == "") & (fits["channel"] != Channel.FAX)]
    open_ones = open_ones[_stand_in(open_ones, ["portal_portal", "reference_no_portal"], unknown, CASE)]
    once = ~open_ones.duplicated("request_id", keep=False) & ~open_ones.duplicated(
        ["portal_portal", "reference_no_portal"], keep=False
    )
    return open_ones[once]


def twins(both: Both, continuing: Collection[str]) -> pd.DataFrame:
    """Live rows of the ledger whose service another request has as well, in overlapping days: columns ``row`` and ``other``
    (places in the ledger), the later one first. ``continuing``: requests that are meant to go on where another stands."""
    ledger = both.ledger
    handed_in = (ledger["reference_no"] != "").to_numpy() | (ledger["channel"] == Channel.FAX).to_numpy()
    anew = ~ledger["request_id"].isin(list(continuing)).to_numpy()
    live = np.flatnonzero(by_word(ledger["status"], lambda word: word in LIVE).astype(bool) & handed_in & anew)
    service, _ = both.keys(*_SERVICE)
    request = both.requests()
    rows = pd.DataFrame({"row": live, "service": service[live], "request": request[live]})
    several = rows.drop_duplicates(["service", "request"]).groupby("service")["request"].transform("size")
    rows = rows[rows["service"].isin(rows.loc[several.index[several > 1], "service"])]
    if rows.empty:
        return pd.DataFrame({"row": [], "other": []}, dtype=np.intp)
    at = rows["row"].to_numpy()
    rows = rows.assign(first=both.our("from_date", at), last=both.our("to_date", at), sent=both.our("submitted_at", at))
    whole = rows.groupby(["service", "request"], as_index=False).agg(
        row=("row", "first"), first=("first", "min"), last=("last", "max"), sent=("sent", "min")
    )
    whole = whole.sort_values(["service", "first", "sent", "row"], ignore_index=True)
    return _overlapping(whole)


def _overlapping(whole: pd.DataFrame) -> pd.DataFrame:
    """Of requests sorted by service and first day: each that begins before an earlier one of its service has ended."""
    last = pd.factorize(whole["last"].to_numpy(dtype=object), sort=True)[0].astype(np.int64)
    place = np.arange(len(whole), dtype=np.int64)
    reach = pd.Series(last * (len(whole) + 1) + place).groupby(whole["service"].to_numpy())
    longest = reach.cummax().groupby(whole["service"].to_numpy()).shift()
    before = longest.notna().to_numpy()
    other = (longest[before].astype(np.int64) % (len(whole) + 1)).to_numpy()
    again, earlier = whole[before], whole.iloc[other]
    overlaps = again["first"].to_numpy(dtype=object) <= earlier["last"].to_numpy(dtype=object)
    pairs = {"row": again["row"].to_numpy()[overlaps], "other": earlier["row"].to_numpy()[overlaps]}
    return pd.DataFrame(pairs, dtype=np.intp)
