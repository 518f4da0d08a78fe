"""What can happen to a fax: the kinds of events of the fax queue, and the one place where a `Fax` is made of them.

The request goes along: where an event has a ``standing``, the request stands there from then on.
"""

from __future__ import annotations

from datetime import datetime
from typing import assert_never

from msgspec.structs import replace

from bots.fax.model import FaxReason
from bots.model import Payer, Urgency
from jobs.event_base import Body, MoveRefused, Standing
from jobs.fax.state import MOVES, UNDER_WAY, Fax, FaxStep, Packet
from jobs.state import Channel, Snapshot


class FaxQueued(Body, tag="fax_queued"):
    """The request is on the fax channel from here on. ``again_of``: the fax that it replaces, as ``by`` decided."""

    fax_id: str
    payer: Payer
    desk: str
    urgency: Urgency
    packet: Packet
    not_before: datetime
    again_of: str = ""
    by: str = ""
    standing: Standing


class FaxIntended(Body, tag="fax_intent"):
    """The next thing that happened was the hand-over to the line, for that number."""

    fax_id: str
    line: str
    number: str
    fence: int


class FaxHandedOver(Body, tag="fax_handed_over"):
    """The line has it under that job id. ``found``: it was looked up, its answer was never seen."""

    fax_id: str
    job_id: str
    found: bool = False
    standing: Standing


class FaxNotFound(Body, tag="fax_not_found"):
    """After an INTENT whose answer was never seen the line was asked, and does not have it."""

    fax_id: str


class FaxWaits(Body, tag="fax_waits"):
    """It is (again) in the queue until then: the desk is closed, was busy, did not answer, or the line never took it."""

    fax_id: str
    not_before: datetime
    reason: FaxReason = FaxReason.NONE
    said: str = ""
    standing: Standing


class FaxEnded(Body, tag="fax_ended"):
    """Delivered, failed, uncertain or cancelled. ``by``: the person who said so. ``delivered_at``: when the last page arrived."""

    fax_id: str
    step: FaxStep
    reason: FaxReason = FaxReason.NONE
    said: str = ""
    pages_sent: int = 0
    may_be_there: bool = False
    by: str = ""
    delivered_at: datetime | None = None
    decision_due: datetime | None = None
    standing: Standing


FaxEvent = FaxQueued | FaxIntended | FaxHandedOver | FaxNotFound | FaxWaits | FaxEnded


class FaxLineDown(Body, tag="fax_line_down"):
    """Nothing can be sent on that line; what waits for it goes on waiting.

    ``rest_until``: it is left alone until then. ``needs_person``: it is not asked anything before somebody says so, because it
    refused our sign-in.
    """

    line: str
    sentence: str
    rest_until: datetime | None = None
    needs_person: bool = False


class FaxLineAlerted(Body, tag="fax_line_alerted"):
    """It has been down for a while: somebody must be told. Counts only."""

    line: str
    waiting: int
    urgent: int


class FaxLineUp(Body, tag="fax_line_up"):
    line: str


FaxLineEvent = FaxLineDown | FaxLineAlerted | FaxLineUp


def fold_fax(before: Fax | None, request_id: str, at: datetime, body: FaxEvent) -> Fax:
    """The fax after one more event. Raises `MoveRefused`."""
    if isinstance(body, FaxQueued):
        if before is not None:
            raise MoveRefused("a fax", before.step, FaxStep.QUEUED)
        return Fax(
            fax_id=body.fax_id,
            request_id=request_id,
            payer=body.payer,
            desk=body.desk,
            urgency=body.urgency,
            packet=body.packet,
            queued_at=at,
            not_before=body.not_before,
            again_of=body.again_of,
            by=body.by,
        )
    if before is None or before.request_id != request_id:
        raise MoveRefused("a fax", "nothing", type(body).__name__)
    match body:
        case FaxIntended():
            here = _go(before, FaxStep.INTENT)
            first = before.first_intent_at or at
            return replace(
                here, line=body.line, number=body.number, fence=body.fence, first_intent_at=first, intent_at=at, looks=0,
                last_look_at=None,
            )  # fmt: skip
        case FaxHandedOver():
            return replace(_go(before, FaxStep.HANDED_OVER), jobs=(*before.jobs, body.job_id), handed_over_at=at)
        case FaxNotFound():
            if before.step is not FaxStep.INTENT:
                raise MoveRefused("a fax", before.step, "looked for")
            return replace(before, looks=before.looks + 1, last_look_at=at)
        case FaxWaits():
            here = before if before.step is FaxStep.QUEUED else _go(before, FaxStep.QUEUED)
            return replace(here, not_before=body.not_before, reason=body.reason, said=body.said)
        case FaxEnded():
            return _end(before, at, body)
        case _:
            assert_never(body)


def _end(before: Fax, at: datetime, body: FaxEnded) -> Fax:
    if body.step in UNDER_WAY:
        raise MoveRefused("a fax", before.step, f"ended as {body.step}")
    if body.may_be_there and before.first_intent_at is None:
        raise MoveRefused("a fax", before.step, "arrived without an intent")
    unsettled = before.step is FaxStep.FAILED and before.may_be_there
    if before.step is FaxStep.FAILED and not unsettled:
        raise MoveRefused("a fax", "failed and settled", body.step)
    stays = unsettled and body.step is FaxStep.FAILED  # a person has settled that nothing, or not all, arrived
    return replace(
        before if stays else _go(before, body.step),
        reason=body.reason,
        said=body.said,
        pages_sent=body.pages_sent,
        may_be_there=body.may_be_there,
        ended_at=at,
        by=body.by,
    )


def _go(fax: Fax, step: FaxStep) -> Fax:
    if step not in MOVES[fax.step]:
        raise MoveRefused("a fax", fax.step, step)
    return replace(fax, step=step)


def fold_faxed_request(before: Snapshot, at: datetime, body: FaxEvent) -> tuple[Snapshot, Standing | None]:
    """What a fax's event changes in its request besides where it stands, and where it stands then (None: as before)."""
    match body:
        case FaxQueued():
            return replace(before, channel=Channel.FAX), body.standing
        case FaxEnded(step=FaxStep.DELIVERED):
            sent = body.delivered_at or at
            return replace(before, submitted_at=sent, decision_due=body.decision_due), body.standing
        case FaxHandedOver() | FaxWaits() | FaxEnded():
            return before, body.standing
        case FaxIntended() | FaxNotFound():
            return before, None
        case _:
            assert_never(body)
