"""What waits for a person: one line per request, with why and one next action. Queue, report and demo read it from here."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime

from bots.model import AuthRequest, Frozen, Status, Urgency
from jobs.emptying import is_removed
from jobs.state import Snapshot

DEFAULT_ACTIONS: dict[Status, str] = {
    Status.NEEDS_PERSON: "Look at the reason, settle it by hand, then submit again if it is still needed.",
    Status.UNCERTAIN: "Run: priorbot verify. Do not send it again.",
    Status.REJECTED: "Correct the row and submit it again, if it is still needed.",
    Status.NOT_ELIGIBLE: "Check the coverage with the member, then correct the row and submit it again.",
    Status.CONTACT_PAYER: "Call the payer with the reference number.",
    Status.PENDED_CLINICAL: "Send the clinical documents that the payer asks for, on the portal.",
    Status.UNKNOWN: "Read the case on the portal by hand: its status word is not known yet.",
}
"""Statuses that always wait for a person, and what to do where the journal names nothing better."""

_URGENT_FIRST = {Urgency.EMERGENT: 0, Urgency.URGENT: 1, Urgency.STANDARD: 2}
_LATEST = datetime.max.replace(tzinfo=UTC)


class Task(Frozen):
    """One request that waits for a person. ``why`` and ``next_action`` are free of names, ids and birth dates."""

    request_id: str
    payer: str
    portal: str
    status: Status
    urgency: Urgency
    reference_no: str
    why: str
    next_action: str
    decision_due: datetime | None
    from_date: date


def find_task(snapshot: Snapshot) -> Task | None:
    """What a person must do about this request, or None."""
    action = snapshot.next_action or DEFAULT_ACTIONS.get(snapshot.status, "")
    if not action or snapshot.removed_on is not None:
        return None
    request, reading, receipt = snapshot.request, snapshot.reading, snapshot.receipt
    portal = receipt.portal if receipt else (snapshot.route.portal if snapshot.route else "")
    why = (
        snapshot.reason
        or (reading.status_reason if reading else "")
        or (f"The portal says: {reading.status_raw}" if reading else "")
    )
    why = why.removesuffix(action).rstrip() or why  # an error's sentence ends with what to do
    return Task(
        request_id=request.request_id,
        payer=request.payer.value,
        portal=portal,
        status=snapshot.status,
        urgency=request.urgency,
        reference_no=receipt.reference_no if receipt else "",
        why=without_person(why, request),
        next_action=without_person(action, request),
        decision_due=snapshot.decision_due,
        from_date=request.from_date,
    )


def sort_tasks(tasks: Iterable[Task]) -> list[Task]:
    """Urgent ones first, then what is due first, then what begins first."""
    return sorted(
        tasks, key=lambda task: (_URGENT_FIRST[task.urgency], task.decision_due or _LATEST, task.from_date, task.request_id)
    )


def without_person(text: str, request: AuthRequest) -> str:
    """The text without the member's names, id and birth date, should a payer have put them into its own words."""
    member = request.member
    dob = member.dob
    parts = (
        member.last_name,
        member.first_name,
        member.id,
        dob.isoformat(),
        f"{dob:%m/%d/%Y}",
        f"{dob.month}/{dob.day}/{dob.year}",
    )
    # Most texts hold none of them, and a look is a hundred times quicker than a pattern of each person's own.
    plain = _plain(text)
    found = "|".join(re.escape(part) for part in parts if len(part) > 1 and _plain(part) in plain)
    return re.sub(rf"(?<!\w)(?:{found})(?!\w)", "…", text, flags=re.IGNORECASE) if found else text


def _plain(text: str) -> str:
    """Without case, at least as widely as a pattern that ignores it: also the Turkish i with and without its dot."""
    return text.casefold().replace("i\u0307", "i").replace("\u0131", "i")


def masked(member_id: str) -> str:
    """A member id of which only the last three characters are left; one that was removed says so."""
    if is_removed(member_id):
        return member_id
    return f"•••{member_id[-3:]}" if len(member_id) > 3 else "•••"
