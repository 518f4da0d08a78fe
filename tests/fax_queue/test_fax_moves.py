"""The fax as a state machine: every event on every state that can be reached, and what that makes of the request's attempt."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bots.fax.model import FaxReason
from bots.model import Payer, Status, Urgency
from jobs.event_base import MoveRefused, Standing
from jobs.fax.happened import (
    FaxEnded,
    FaxEvent,
    FaxHandedOver,
    FaxIntended,
    FaxNotFound,
    FaxQueued,
    FaxWaits,
    fold_fax,
)
from jobs.fax.state import AT_LINE, MOVES, UNDER_WAY, Fax, FaxStep, Packet, attempt_of
from jobs.state import ATTEMPT_MOVES, OPEN_ATTEMPT, AttemptState

AT = datetime(2026, 3, 2, 14, tzinfo=UTC)
HERE = Standing(status=Status.WAITING)
QUEUED = FaxQueued(
    fax_id="f1", payer=Payer.HUSKY, desk="d", urgency=Urgency.STANDARD, packet=Packet(sha256="0", pages=3, bytes=9),
    not_before=AT, standing=HERE,
)  # fmt: skip
ENDS = tuple(step for step in FaxStep if step not in UNDER_WAY)
EVENTS: tuple[FaxEvent, ...] = (
    QUEUED,
    FaxIntended(fax_id="f1", line="l", number="1", fence=1),
    FaxHandedOver(fax_id="f1", job_id="j", standing=HERE),
    FaxNotFound(fax_id="f1"),
    FaxWaits(fax_id="f1", not_before=AT, reason=FaxReason.BUSY, standing=HERE),
    *(FaxEnded(fax_id="f1", step=step, standing=HERE) for step in FaxStep),
    *(FaxEnded(fax_id="f1", step=step, may_be_there=True, standing=HERE) for step in (FaxStep.FAILED, FaxStep.UNCERTAIN)),
)
Shape = tuple[FaxStep, bool, bool]


def shape(fax: Fax) -> Shape:
    """What its further way depends on."""
    return fax.step, fax.first_intent_at is not None, fax.may_be_there


def reachable() -> dict[Shape, Fax]:
    found = {shape(first := fold_fax(None, "R-1", AT, QUEUED)): first}
    left = [first]
    while left:
        fax = left.pop()
        for event in EVENTS:
            try:
                after = fold_fax(fax, "R-1", AT, event)
            except MoveRefused:
                continue
            if shape(after) not in found:
                found[shape(after)] = after
                left.append(after)
    return found


REACHABLE = reachable()


def test_every_state_is_reached() -> None:
    assert {step for step, _, _ in REACHABLE} == set(FaxStep)


@pytest.mark.parametrize("before", REACHABLE.values(), ids=lambda fax: "-".join(map(str, shape(fax))))
@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_only_moves_of_the_table_happen_and_the_attempt_goes_along(before: Fax, event: FaxEvent) -> None:
    try:
        after = fold_fax(before, "R-1", AT, event)
    except MoveRefused:
        return
    assert after.step is before.step or after.step in MOVES[before.step]
    was, now = attempt_of(before).state, attempt_of(after).state
    assert now is was or now in ATTEMPT_MOVES[was]
    assert len(after.jobs) - len(before.jobs) in (0, 1)


@pytest.mark.parametrize("fax", REACHABLE.values(), ids=lambda fax: "-".join(map(str, shape(fax))))
def test_no_other_channel_is_free_while_the_fax_may_be_on_its_way(fax: Fax) -> None:
    is_open = attempt_of(fax).state in OPEN_ATTEMPT
    may_arrive = fax.step in UNDER_WAY or fax.step in (FaxStep.DELIVERED, FaxStep.UNCERTAIN) or fax.may_be_there
    assert is_open is may_arrive
    if fax.step in AT_LINE or (fax.step is FaxStep.QUEUED and fax.first_intent_at):
        assert attempt_of(fax).state is AttemptState.INTENT, "a late receipt of a portal must not overrule it silently"


@pytest.mark.parametrize("fax", [each for each in REACHABLE.values() if each.is_settled], ids=lambda fax: str(fax.step))
@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_what_is_settled_stays(fax: Fax, event: FaxEvent) -> None:
    with pytest.raises(MoveRefused):
        fold_fax(fax, "R-1", AT, event)


def test_an_event_of_another_request_or_of_no_fax_is_refused() -> None:
    fax = fold_fax(None, "R-1", AT, QUEUED)
    with pytest.raises(MoveRefused):
        fold_fax(fax, "R-2", AT, EVENTS[1])
    with pytest.raises(MoveRefused):
        fold_fax(None, "R-1", AT, EVENTS[1])
