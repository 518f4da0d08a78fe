"""One request's state: what the journal knows of it, as one value that ledger, report, queue and follow-up read.

The words are ``bots.model.Status``. Which move is allowed stands in one table, `ALLOWED`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum

from bots.eligibility import Eligibility
from bots.model import AuthRequest, Frozen, PortalLetter, Reading, Receipt, Requirement, Status, Units


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
    redirected_from: str = ""
    """The portal that handed the request over to ``portal`` in the middle of its flow; "" when it went there at once."""
    said: Requirement | None = None
    """What a portal itself said of the requirement, its page kept; None where only the rules have spoken."""

    @property
    def other_number(self) -> str:
        """The fax or phone number to which it goes without a portal, or instead of its portal; "" where there is none."""
        return self.number or (self.fallback.number if self.fallback else "")

    @property
    def other_rule_ids(self) -> tuple[str, ...]:
        """The rules that lead to `other_number`."""
        return self.fallback.rule_ids if self.fallback and not self.number else self.rule_ids


class Snapshot(Frozen):
    """All that the journal knows of one request now. A projection of its events; never written by hand."""

    request: AuthRequest
    status: Status
    channel: Channel = Channel.NONE
    route: Route | None = None
    receipt: Receipt | None = None
    reading: Reading | None = None
    units: tuple[Units, ...] = ()
    coverage: Eligibility | None = None
    """What a portal that tells coverage and limits said, its pages kept; None where none was asked or none answered."""
    coverage_missing: str = ""
    """Why such a portal did not tell it when it was asked last, in one sentence."""
    letters: tuple[PortalLetter, ...] | None = None
    """None until the portal's letters were read, after the decision."""
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
    removed_on: date | None = None
    """The day on which the person was taken out of all that is known of it (`jobs.emptying`); None while it is whole."""


class AttemptState(StrEnum):
    """One try to hand a request to a payer, on any channel."""

    DRAFTING = "drafting"
    """A worker has the request; nothing was sent."""
    INTENT = "intent"
    """Durable before the one click: from here on it may have been accepted."""
    UNCERTAIN = "uncertain"
    """It may or may not have been accepted; `verify` or a person settles it."""
    RECEIPT = "receipt"
    """Accepted; the reference number is on disk."""
    REJECTED = "rejected"
    """The payer certainly took nothing, in its own words."""
    ABANDONED = "abandoned"
    """Ended before the INTENT."""
    ABSENT = "absent"
    """Looked for on the portal, more than once, and provably not accepted."""


OPEN_ATTEMPT = frozenset({AttemptState.DRAFTING, AttemptState.INTENT, AttemptState.UNCERTAIN, AttemptState.RECEIPT})
"""A request has at most one attempt in these states, over all channels; the database holds it (``one_open_attempt``)."""

ATTEMPT_MOVES: Mapping[AttemptState, frozenset[AttemptState]] = {
    # RECEIPT straight from DRAFTING is an adopted case; UNCERTAIN straight from it is a driver that broke its word.
    AttemptState.DRAFTING: frozenset(
        {
            AttemptState.INTENT,
            AttemptState.RECEIPT,
            AttemptState.UNCERTAIN,
            AttemptState.REJECTED,
            AttemptState.ABANDONED,
        }
    ),
    AttemptState.INTENT: frozenset({AttemptState.RECEIPT, AttemptState.UNCERTAIN, AttemptState.REJECTED}),
    AttemptState.UNCERTAIN: frozenset({AttemptState.RECEIPT, AttemptState.ABSENT, AttemptState.REJECTED}),
    AttemptState.RECEIPT: frozenset(),
    AttemptState.REJECTED: frozenset(),
    AttemptState.ABANDONED: frozenset(),
    # A worker that was thought dead comes back with the confirmation: what is true is noted.
    AttemptState.ABSENT: frozenset({AttemptState.RECEIPT}),
}


class Attempt(Frozen):
    """One attempt as the journal knows it; later ones have greater ids. ``fence`` is the token of the seat it began under."""

    attempt_id: str
    request_id: str
    channel: Channel
    portal: str
    account: str
    fence: int
    state: AttemptState = AttemptState.DRAFTING
    began_at: datetime
    intent_at: datetime | None = None
    uncertain_at: datetime | None = None
    ended_at: datetime | None = None
    selectors_version: str = ""
    error_code: str = ""
    looks: int = 0
    """How often `verify` looked for it and found nothing."""
    last_look_at: datetime | None = None


PAYER_WORDS = frozenset(
    {
        Status.PENDED_REVIEW,
        Status.PENDED_CLINICAL,
        Status.APPROVED,
        Status.PARTIALLY_APPROVED,
        Status.MODIFIED,
        Status.DENIED,
        Status.CANCELLED,
        Status.VOID,
        Status.WITHDRAWN,
        Status.EXPIRED,
        Status.CONTACT_PAYER,
        Status.NOT_ELIGIBLE,
        Status.NOT_REQUIRED,
        Status.DUPLICATE,
        Status.NOTIFICATION_RECEIVED,
        Status.UNKNOWN,
    }
)
"""What a payer can say of a request that it has."""

DECIDED = frozenset({Status.APPROVED, Status.PARTIALLY_APPROVED, Status.MODIFIED, Status.DENIED})
GRANTED = DECIDED - {Status.DENIED}
TAKEN_BACK = frozenset({Status.CANCELLED, Status.VOID, Status.WITHDRAWN, Status.DUPLICATE})
"""A case with one of these words does not come to life again; a portal that says so is shown to a person."""

AWAITED = frozenset(
    {
        Status.SUBMITTED,
        Status.FAXED,
        Status.PENDED_REVIEW,
        Status.PENDED_CLINICAL,
        Status.CONTACT_PAYER,
        Status.NOTIFICATION_RECEIVED,
        Status.UNKNOWN,
    }
)
"""The payer has it and has not decided, as far as we know."""

_HANDED_IN = frozenset({Status.SUBMITTED, Status.FAXED})
_ENDS_UNSENT = frozenset({Status.REJECTED, Status.NOT_REQUIRED, Status.NOT_ELIGIBLE})

ALLOWED: Mapping[Status, frozenset[Status]] = {
    Status.NEW: frozenset({Status.WAITING, Status.NEEDS_PERSON, Status.UNCERTAIN}) | _ENDS_UNSENT | _HANDED_IN,
    Status.WAITING: frozenset({Status.NEW, Status.NEEDS_PERSON, Status.UNCERTAIN}) | _ENDS_UNSENT | _HANDED_IN,
    Status.NEEDS_PERSON: (
        frozenset({Status.NEW, Status.WAITING, Status.UNCERTAIN, Status.WITHDRAWN}) | _ENDS_UNSENT | _HANDED_IN
    ),
    Status.UNCERTAIN: frozenset({Status.NEW, Status.NEEDS_PERSON, Status.REJECTED}) | _HANDED_IN,
    # Back to NEW only as a corrected request under the same id, after nothing was sent.
    Status.REJECTED: frozenset({Status.NEW}),
    Status.NOT_REQUIRED: PAYER_WORDS | {Status.NEW},
    Status.NOT_ELIGIBLE: PAYER_WORDS | {Status.NEW},
    **dict.fromkeys(AWAITED, PAYER_WORDS | {Status.SUBMITTED}),
    # Payers reopen decided cases: an appeal, a peer-to-peer, a void.
    **dict.fromkeys(DECIDED, PAYER_WORDS),
    Status.EXPIRED: GRANTED | TAKEN_BACK | {Status.CONTACT_PAYER, Status.UNKNOWN},
    **dict.fromkeys(TAKEN_BACK, TAKEN_BACK | {Status.EXPIRED, Status.CONTACT_PAYER, Status.UNKNOWN}),
}
"""Every move of a request. Staying where one stands is no move and always allowed."""


def is_allowed(before: Status, after: Status) -> bool:
    return before is after or after in ALLOWED[before]


def is_due(snapshot: Snapshot, now: datetime) -> bool:
    """Whether its portal may have it now. What has left for a fax line or a telephone is no portal's any more, whatever happens:
    a request takes one channel."""
    if snapshot.channel not in (Channel.PORTAL, Channel.NONE):
        return False
    if snapshot.status is Status.WAITING:
        return snapshot.waiting_until is not None and snapshot.waiting_until <= now
    return snapshot.status is Status.NEW
