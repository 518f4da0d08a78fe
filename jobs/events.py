"""What can happen to a request, an attempt, a portal or a password: the journal's truth, one value per kind of event.

The requests and attempts that others read are projections of these, made by the pure `fold` functions here and by nothing
else. An event is never changed; a new kind or a new field with a default may be added, with a new schema version.
"""

from __future__ import annotations

from datetime import datetime
from typing import assert_never

import msgspec
from msgspec.structs import replace

from bots.eligibility import Eligibility
from bots.model import AuthRequest, Frozen, PortalLetter, Reading, Receipt, Shown, Status, Units
from jobs.book_events import BooksCompared
from jobs.event_base import Body as Body
from jobs.event_base import MoveRefused as MoveRefused
from jobs.event_base import Standing as Standing
from jobs.fax.happened import FaxEvent as FaxEvent
from jobs.fax.happened import FaxLineEvent as FaxLineEvent
from jobs.fax.happened import fold_faxed_request
from jobs.fax_number_events import FaxNumberEvent as FaxNumberEvent
from jobs.letter_events import LetterEvent
from jobs.removal_events import PersonRemoved as PersonRemoved
from jobs.service_events import ServiceEvent
from jobs.state import ATTEMPT_MOVES, Attempt, AttemptState, Channel, Route, Snapshot, is_allowed

# --- requests ----------------------------------------------------------------------------------------------------


class Accepted(Body, tag="accepted"):
    """Intake took it."""

    request: AuthRequest
    fingerprint: str


class Corrected(Body, tag="corrected"):
    """The same id came again with other content, after it had been refused and nothing was sent."""

    request: AuthRequest
    fingerprint: str


class Routed(Body, tag="routed"):
    route: Route
    channel: Channel
    standing: Standing


class Moved(Body, tag="moved"):
    standing: Standing


class ReadingTaken(Body, tag="reading"):
    """The case page was read and is possible; ``standing`` is what it means.

    ``submitted_at`` and ``decision_due`` where the page tells better than we knew: of an adopted case, that somebody else sent.
    """

    reading: Reading
    standing: Standing
    submitted_at: datetime | None = None
    decision_due: datetime | None = None


class Checked(Body, tag="checked"):
    """The list shows the case as it was; its page was not opened."""


class UnitsTaken(Body, tag="units"):
    """All units lines of a request, as the payer's page shows them."""

    units: tuple[Units, ...]


class CoverageTaken(Body, tag="coverage"):
    """A portal told the member's coverage and limits; its pages are stored sealed."""

    said: Eligibility


class CoverageNotTold(Body, tag="coverage_not_told"):
    """That portal was to be asked and did not tell it. The request goes on."""

    portal: str
    error_code: str
    reason: str


class LettersTaken(Body, tag="letters"):
    """The letters of the decided case, as the portal hands them out; each is stored sealed."""

    letters: tuple[PortalLetter, ...]


class Alerted(Body, tag="alerted"):
    """Something that a person must look at; the request stays where it stands."""

    error_code: str
    reason: str
    next_action: str = ""


class Phoned(Body, tag="phoned"):
    """A person called the payer's desk. ``reference_no`` is what the desk gave; "": it took nothing, ``reason`` says why."""

    who: str
    number: str
    reference_no: str = ""
    spoke_with: str = ""
    reason: str = ""


# --- attempts ----------------------------------------------------------------------------------------------------


class Began(Body, tag="began"):
    attempt_id: str
    channel: Channel
    portal: str
    account: str
    fence: int


class Intended(Body, tag="intent"):
    """The next thing that happened was the click. ``shown`` is what the review page said."""

    attempt_id: str
    shown: Shown


class Received(Body, tag="receipt"):
    attempt_id: str
    receipt: Receipt
    status: Status = Status.SUBMITTED
    reason: str = ""
    decision_due: datetime | None = None


class Doubted(Body, tag="uncertain"):
    attempt_id: str
    error_code: str
    standing: Standing


class Looked(Body, tag="looked"):
    """`verify` looked for it on the portal and found nothing."""

    attempt_id: str


class Ended(Body, tag="ended"):
    attempt_id: str
    state: AttemptState
    error_code: str = ""


# --- portals and passwords ---------------------------------------------------------------------------------------


class PortalDisabled(Body, tag="portal_disabled"):
    """``account`` "" is the whole portal."""

    portal: str
    account: str
    error_code: str
    sentence: str


class PortalEnabled(Body, tag="portal_enabled"):
    """``pages_only``: by the check of its pages, which match again; what a person was asked about its accounts stands."""

    portal: str
    who: str
    pages_only: bool = False


class BreakerOpened(Body, tag="breaker_opened"):
    """An outage begins, or (with the same ``down_since``) a probe found that it goes on."""

    portal: str
    error_code: str
    down_since: datetime
    probe_at: datetime
    banner: bool = False
    """The portal itself announced the outage."""


class BreakerClosed(Body, tag="breaker_closed"):
    portal: str
    down_since: datetime


class PasswordTry(Body, tag="password_try"):
    portal: str
    account: str
    fingerprint: str


class PasswordJudged(Body, tag="password_judged"):
    """``accepted`` None: the portal certainly did not look at it."""

    portal: str
    account: str
    fingerprint: str
    accepted: bool | None


class EnrolmentStep(Body, tag="enrolment"):
    """A step of signing up for an account that somebody may ask about later.

    ``step``: agreed (``who`` agreed to the licence, kept as ``evidence``), not_listed (the provider; look again ``look_at``),
    finishing (``who`` said that what is shown is right; the next thing that happened made the account), made, not_made.
    """

    portal: str
    account: str
    step: str
    who: str = ""
    evidence: str = ""
    look_at: datetime | None = None


Evidence = ReadingTaken | Checked | UnitsTaken | LettersTaken | CoverageTaken | CoverageNotTold
"""What portals told of a request, or did not."""
RequestEvent = Accepted | Corrected | Routed | Moved | Evidence | Alerted | Phoned | PersonRemoved
AttemptEvent = Began | Intended | Received | Doubted | Looked | Ended
OfRequest = RequestEvent | AttemptEvent | FaxEvent
"""What `fold_request` makes a request of."""
PortalEvent = (
    PortalDisabled | PortalEnabled | BreakerOpened | BreakerClosed | PasswordTry | PasswordJudged | EnrolmentStep | BooksCompared
)
AnyBody = RequestEvent | AttemptEvent | PortalEvent | FaxEvent | FaxLineEvent | FaxNumberEvent | LetterEvent | ServiceEvent


class Event(Frozen):
    """One row of the history. ``hash`` covers this event and, through ``prev_hash``, all before it."""

    seq: int
    request_id: str
    at: datetime
    body: AnyBody
    prev_hash: str
    hash: str


_decoder: msgspec.json.Decoder[AnyBody] = msgspec.json.Decoder(AnyBody)
_encoder = msgspec.json.Encoder(order="deterministic")


def encode(value: Frozen) -> str:
    """JSON text that is the same for equal values."""
    return _encoder.encode(value).decode()


def decode_body(text: str) -> AnyBody:
    return _decoder.decode(text)


def kind_of(body: AnyBody) -> str:
    return str(type(body).__struct_config__.tag)


def fold_request(before: Snapshot | None, at: datetime, body: OfRequest) -> Snapshot:
    """The request after one more event. Raises `MoveRefused`; the only place where a request's state is made."""
    if isinstance(body, Accepted):
        if before is not None:
            raise MoveRefused("a request", "accepted", "accepted")
        return Snapshot(request=body.request, status=Status.NEW, accepted_at=at)
    if before is None:
        raise MoveRefused("a request", "nothing", kind_of(body))
    after = _after_fax(before, at, body) if isinstance(body, FaxEvent) else _after(before, at, body)
    if not is_allowed(before.status, after.status):
        raise MoveRefused("a request", before.status, after.status)
    return after


def _after(
    before: Snapshot,
    at: datetime,
    body: Corrected | Routed | Moved | Evidence | Alerted | Phoned | PersonRemoved | AttemptEvent,
) -> Snapshot:
    match body:
        case Corrected():
            return Snapshot(request=body.request, status=Status.NEW, accepted_at=at)
        case Routed():
            return replace(_stand(before, body.standing), route=body.route, channel=body.channel)
        case Moved() | Doubted():
            return _stand(before, body.standing)
        case Received():
            received = body.receipt.received_at
            channel = Channel.PORTAL if body.receipt.portal else before.channel  # a fax may have been tried before
            here = replace(before, receipt=body.receipt, channel=channel, submitted_at=received, decision_due=body.decision_due)
            return _stand(here, Standing(status=body.status, reason=body.reason))
        case ReadingTaken():
            reading = body.reading
            here = replace(
                before,
                reading=reading,
                submitted_at=body.submitted_at or before.submitted_at,
                decided_on=reading.decided_on or before.decided_on,
                decision_due=body.decision_due or before.decision_due,
                last_checked=reading.observed_at,
            )
            return _stand(here, body.standing)
        case Checked():
            return replace(before, last_checked=at)
        case UnitsTaken():
            return replace(before, units=body.units)
        case CoverageTaken():
            return replace(before, coverage=body.said, coverage_missing="")
        case CoverageNotTold():
            return replace(before, coverage_missing=body.reason)
        case LettersTaken():
            return replace(before, letters=body.letters)
        case Alerted():
            return replace(before, error_code=body.error_code, reason=body.reason, next_action=body.next_action)
        case PersonRemoved():
            return replace(before, removed_on=body.on)
        case Began() | Intended() | Looked() | Ended() | Phoned():
            return before
        case _:
            assert_never(body)


def _after_fax(before: Snapshot, at: datetime, body: FaxEvent) -> Snapshot:
    here, standing = fold_faxed_request(before, at, body)
    return here if standing is None else _stand(here, standing)


def _stand(before: Snapshot, standing: Standing) -> Snapshot:
    return replace(
        before,
        status=standing.status,
        error_code=standing.error_code,
        reason=standing.reason,
        next_action=standing.next_action,
        waiting_until=standing.waiting_until,
    )


def fold_attempt(before: Attempt | None, request_id: str, at: datetime, body: AttemptEvent) -> Attempt:
    """The attempt after one more event. Raises `MoveRefused`."""
    if isinstance(body, Began):
        if before is not None:
            raise MoveRefused("an attempt", before.state, "began")
        return Attempt(
            attempt_id=body.attempt_id,
            request_id=request_id,
            channel=body.channel,
            portal=body.portal,
            account=body.account,
            fence=body.fence,
            began_at=at,
        )
    if before is None:
        raise MoveRefused("an attempt", "nothing", kind_of(body))
    match body:
        case Intended():
            version = body.shown.selectors_version
            return replace(_go(before, AttemptState.INTENT), intent_at=at, selectors_version=version)
        case Received():
            if before.state is AttemptState.DRAFTING and not body.receipt.adopted:
                raise MoveRefused("an attempt", before.state, "receipt without intent")
            return replace(_go(before, AttemptState.RECEIPT), ended_at=at)
        case Doubted():
            return replace(_go(before, AttemptState.UNCERTAIN), uncertain_at=at, error_code=body.error_code)
        case Looked():
            if before.state is not AttemptState.UNCERTAIN:
                raise MoveRefused("an attempt", before.state, "looked for")
            return replace(before, looks=before.looks + 1, last_look_at=at)
        case Ended():
            return replace(_go(before, body.state), ended_at=at, error_code=body.error_code)
        case _:
            assert_never(body)


def _go(attempt: Attempt, state: AttemptState) -> Attempt:
    if state not in ATTEMPT_MOVES[attempt.state]:
        raise MoveRefused("an attempt", attempt.state, state)
    return replace(attempt, state=state)
