"""Takes over a case that somebody keyed by hand: it becomes the case of the one request of ours that fits, on a person's word.

Nothing is sent. Where no request fits, a row for intake is written for a person to complete; where several do, a person names
the one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from bots.member_ids import bare_id
from bots.model import AuthRequest, CaseSummary, Frozen, Receipt, Status
from jobs import events as happened
from jobs.cells import csv_text
from jobs.events import Standing
from jobs.home import write_private
from jobs.intake.columns import COLUMNS, REASONS_COLUMN
from jobs.intake.rejects import UTF8_MARK
from jobs.journal_write import Write, owner_of
from jobs.ledger import day
from jobs.reconciling import last_comparison
from jobs.state import AttemptState, Channel, Decision, Route, Snapshot

if TYPE_CHECKING:
    from jobs.journal import Journal
    from jobs.payer_rules import PayerRules

UNSENT = frozenset({Status.NEW, Status.WAITING, Status.NEEDS_PERSON, Status.UNCERTAIN})
"""Where a request may stand whose case somebody keyed by hand."""


class AdoptionRefused(Exception):
    """Nothing was changed. ``sentence`` is for staff."""

    needs_person = True

    def __init__(self, sentence: str) -> None:
        self.sentence = sentence
        super().__init__(sentence)


class Adopted(Frozen):
    """The case is this request's now."""

    request_id: str


def offered(journal: Journal, portal: str, reference_no: str) -> CaseSummary:
    """The case as the last reconciliation found it on the portal's list. Raises `AdoptionRefused` when it is not on offer."""
    found = last_comparison(journal)
    cases = found[1].unknown if found else ()
    for case in cases:
        if (case.portal, case.reference_no) == (portal, reference_no):
            return case
    raise AdoptionRefused(
        f"{portal} showed no unknown case {reference_no} when its list was compared last. Nothing was changed. "
        "Compare it again: priorbot reconcile"
    )


def fitting(snapshots: Iterable[Snapshot], case: CaseSummary) -> Iterator[Snapshot]:
    """The requests that were not sent, as far as we know, and that this case may be. Pure."""
    for snapshot in snapshots:
        sent = snapshot.receipt is not None or snapshot.channel is Channel.FAX
        if not sent and snapshot.status in UNSENT and fits(snapshot.request, case):
            yield snapshot


def fits(request: AuthRequest, case: CaseSummary) -> bool:
    """Whether the case is for this member, and for a service of this request in its days. Another's id in it decides against."""
    if case.our_reference and case.our_reference == request.request_id:
        return True
    same_member = case.member_id in (request.member.id, bare_id(request)) and bool(case.member_id)
    foreign = bool(case.our_reference) and not request.request_id.startswith(case.our_reference)
    return same_member and not foreign and any(case.overlaps(x.service_code, x.from_date, x.to_date) for x in request.lines)


def adopt(journal: Journal, rules: PayerRules, case: CaseSummary, who: str, request_id: str = "") -> Adopted | None:
    """Makes the case that of the one request that fits (or of ``request_id``). None: no request fits.

    Raises `AdoptionRefused` when several fit, the case is another request's, or somebody works on the request just now.
    """
    named = [journal.snapshot(request_id)] if request_id else journal.snapshots(status=UNSENT)
    candidates = list(fitting(named, case))
    if len(candidates) > 1:
        names = ", ".join(each.request.request_id for each in candidates)
        raise AdoptionRefused(f"Several requests fit this case ({names}). Nothing was changed. Name the one: --request ID")
    if not candidates:
        return None
    with journal.write() as write:
        _take(write, candidates[0].request, rules, case, who)
    return Adopted(request_id=candidates[0].request.request_id)


def _take(write: Write, request: AuthRequest, rules: PayerRules, case: CaseSummary, who: str) -> None:
    name = request.request_id
    other = owner_of(write.connection, case.portal, case.reference_no)
    if other:
        raise AdoptionRefused(f"The case is that of request {other}. Nothing was changed. See: priorbot ledger history {other}")
    attempt, now = write.rows.open_attempt(name), write.snapshot(name)
    if now.status not in UNSENT or (attempt is not None and attempt.state is not AttemptState.UNCERTAIN):
        raise AdoptionRefused(f"PriorBot works on {name} just now. Nothing was changed. Try again when it is done.")
    if attempt is not None and attempt.portal != case.portal:
        raise AdoptionRefused(
            f"{name} may also have been accepted by {attempt.portal}. Nothing was changed. Settle that first: priorbot verify"
        )
    write.append(name, _way(now, case.portal))
    attempt_id = attempt.attempt_id if attempt is not None else f"a{write.next_seq:012}"
    if attempt is None:
        began = happened.Began(attempt_id=attempt_id, channel=Channel.PORTAL, portal=case.portal, account="", fence=0)
        write.append(name, began)
    receipt = Receipt(
        portal=case.portal,
        reference_no=case.reference_no,
        authorization_no=case.authorization_no,
        status_raw=case.status_raw,
        status=case.status,
        received_at=write.at,
        adopted=True,
    )
    reason = f"{who} took over case {case.reference_no}, which was keyed by hand on {case.portal}."
    due = rules.decision_due(request, write.at)  # moved when the case's page tells the day on which it was keyed
    write.append(name, happened.Received(attempt_id=attempt_id, receipt=receipt, reason=reason, decision_due=due))


def _way(now: Snapshot, portal: str) -> happened.Routed:
    """The request stands where it stood, on the way that it took in truth."""
    before = now.route or Route(request_id=now.request.request_id, decision=Decision.PORTAL)
    route = replace(before, decision=Decision.PORTAL, portal=portal, number="", fallback=None)
    standing = Standing(status=now.status, error_code=now.error_code, reason=now.reason, next_action=now.next_action)
    return happened.Routed(route=route, channel=Channel.PORTAL, standing=standing)


# --- where no request fits -------------------------------------------------------------------------------------------


def ready_rows(case: CaseSummary, payer: str) -> list[dict[str, str]]:
    """What the portal shows of the case, as rows of an intake file; all else is a person's to fill in."""
    known = {
        "request_id": re.sub(r"[^A-Za-z0-9._-]+", "-", f"KEYED-{case.reference_no}")[:30],
        "payer": payer,
        "member_id": case.member_id,
        "from_date": day(case.from_date),
        "to_date": day(case.to_date),
    }
    codes = case.service_codes or ("",)
    return [{name: (known | {"service_code": code}).get(name, "") for name in COLUMNS} for code in codes]


def ready_row_name(case: CaseSummary) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", f"keyed-{case.portal}-{case.reference_no}") + ".csv"


def write_ready_rows(file: Path, case: CaseSummary, payer: str) -> None:
    """A private file for a person to complete. Raises ``FileExistsError``: one that is there already may have been worked on."""
    if file.exists():
        raise FileExistsError(file)
    why = f"keyed by hand as {case.reference_no} on {case.portal}: fill in what is empty, then: priorbot reconcile adopt --row"
    rows = [[why, *row.values()] for row in ready_rows(case, payer)]
    write_private(file.absolute(), UTF8_MARK + csv_text([[REASONS_COLUMN, *COLUMNS], *rows]))
