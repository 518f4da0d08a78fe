"""The journal against the simulated world's truth, row by row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from bots.member_ids import bare_id
from bots.model import Frozen
from jobs.ledger import ledger_rows
from jobs.state import Snapshot


class Compared(Frozen):
    """The journal against the world's truth. ``differences`` name request ids and what differs, nothing of a person."""

    accepted: int
    differences: tuple[str, ...]


def compare(snapshots: Iterator[Snapshot], truth: list[Mapping[str, Any]]) -> Compared:
    """Each request that the world accepted must stand in the journal exactly once, with the same numbers, and no other."""
    ours: dict[str, Snapshot] = {one.receipt.reference_no: one for one in snapshots if one.receipt is not None}
    theirs = {str(one["reference_no"]): one for one in truth}
    differences = [f"{ours[number].request.request_id}: the world does not have it" for number in ours.keys() - theirs.keys()]
    differences += [f"{number}: the journal does not have it" for number in theirs.keys() - ours.keys()]
    for number in ours.keys() & theirs.keys():
        differences += _differs(ours[number], theirs[number])
    by_request = Counter(str(one["our_reference"]) for one in truth if one["our_reference"])
    differences += [f"{request_id}: accepted {count} times" for request_id, count in by_request.items() if count > 1]
    return Compared(accepted=len(theirs), differences=tuple(sorted(differences)))


def _differs(snapshot: Snapshot, truth: Mapping[str, Any]) -> Iterator[str]:
    request, rows = snapshot.request, ledger_rows(snapshot)
    asked = sorted((line.service_code, line.from_date.isoformat(), str(line.units)) for line in request.lines)
    told = sorted((str(line.get("code", "")), str(line["from_date"]), str(line["units"])) for line in truth["lines"])
    pairs = (
        # Not every portal has a field for it.
        ("own reference", request.request_id, str(truth["our_reference"] or request.request_id)),
        ("portal", snapshot.receipt.portal if snapshot.receipt else "", str(truth["portal"])),
        ("member", bare_id(request), str(truth["member_id"])),
        ("set of lines", asked, told),
        ("authorization number", rows[0].authorization_no, str(truth["authorization_no"] or "")),
    )
    yield from (f"{request.request_id}: another {name}" for name, mine, theirs in pairs if mine != theirs)
