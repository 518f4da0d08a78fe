"""One request's state: what the journal knows of it, as one value that ledger, report, queue and follow-up read.

The words are ``bots.model.Status``. Which move is allowed stands in one table, `ALLOWED`.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from bots.model import AuthRequest, Frozen, Reading, Receipt, Status, Units


class Channel(StrEnum):
    PORTAL = "portal"
    FAX = "fax"
    PHONE = "phone"
    NONE = "none"


class Decision(StrEnum):
    """Where `route` sends a request."""

    PORTAL = "portal"
    FAX = "fax"
    PHONE = "phone"
    NOT_REQUIRED = "not_required"
    REJECTED = "rejected"
    NEEDS_PERSON = "needs_person"


class FallbackWay(StrEnum):
    FAX = "fax"
    PHONE = "phone"
    WAIT = "wait"


class Fallback(Frozen):
    """What happens while the route's portal is down: wait ``wait_hours``, then fax or phone ``number``.

    ``decision=wait`` with a ``number`` of "" means: wait until the portal is back.
    """

    decision: FallbackWay
    number: str = ""
    wait_hours: int = 0
    rule_ids: tuple[str, ...] = ()


class Route(Frozen):
    """One request's way, and why (`rule_ids` are those of ``jobs/rules/*.yaml``)."""

    request_id: str
    decision: Decision
    portal: str = ""
    number: str = ""
    fallback: Fallback | None = None
    rule_ids: tuple[str, ...] = ()
    reason: str = ""


class Snapshot(Frozen):
    """All that the journal knows of one request now. A projection of its events; never written by hand."""

    request: AuthRequest
    status: Status
    channel: Channel = Channel.NONE
    route: Route | None = None
    receipt: Receipt | None = None
    reading: Reading | None = None
    units: tuple[Units, ...] = ()
    error_code: str = ""
    reason: str = ""
    """Plain sentence for staff: why it stands where it stands."""
    next_action: str = ""
    """Who must do what next; "" when nothing."""
    waiting_until: datetime | None = None
    accepted_at: datetime
    """When intake took it into the journal."""
    submitted_at: datetime | None = None
    decided_on: date | None = None
    decision_due: datetime | None = None
    last_checked: datetime | None = None
