"""How a fax number of a payer's directory is changed: what can happen to such a change, and what it is after each event.

One person proposes, a test page reaches the new number, another person confirms. Names of people are those of the practice.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from msgspec.structs import replace

from bots.fax.model import FaxReason, FaxState
from bots.model import Frozen, Payer
from jobs.event_base import Body, MoveRefused


class FaxNumberProposed(Body, tag="fax_number_proposed"):
    """``desk`` is the name in the payer's directory, ``printed`` the number that the directory had there, ``before`` the one
    that was in force. ``login``: the computer's user, noted beside the person's own word."""

    change_id: str
    payer: Payer
    desk: str
    printed: str
    before: str
    number: str
    who: str
    login: str = ""


class FaxNumberTested(Body, tag="fax_number_tested"):
    """The next thing that happened was that the test page went to the line, under that tag."""

    change_id: str
    tag: str
    line: str
    who: str


class FaxNumberTestEnded(Body, tag="fax_number_test_ended"):
    """What the line says became of the test page."""

    change_id: str
    tag: str
    state: FaxState
    reason: FaxReason = FaxReason.NONE
    said: str = ""


class FaxNumberConfirmed(Body, tag="fax_number_confirmed"):
    """A second person has confirmed it: from here on faxes for that desk go to the new number."""

    change_id: str
    who: str
    login: str = ""


class FaxNumberDropped(Body, tag="fax_number_dropped"):
    change_id: str
    who: str
    login: str = ""


FaxNumberEvent = FaxNumberProposed | FaxNumberTested | FaxNumberTestEnded | FaxNumberConfirmed | FaxNumberDropped


class ChangeStep(StrEnum):
    PROPOSED = "proposed"
    TESTING = "testing"
    """The test page is on a line, or may be."""
    TESTED = "tested"
    """The test page was delivered: another person may confirm it."""
    TEST_FAILED = "test_failed"
    IN_FORCE = "in_force"
    REPLACED = "replaced"
    """It was in force until a later change."""
    DROPPED = "dropped"


OPEN = frozenset({ChangeStep.PROPOSED, ChangeStep.TESTING, ChangeStep.TESTED, ChangeStep.TEST_FAILED})


class NumberChange(Frozen):
    """One change as the journal knows it."""

    change_id: str
    payer: Payer
    desk: str
    printed: str
    before: str
    number: str
    step: ChangeStep = ChangeStep.PROPOSED
    proposed_by: str
    proposed_at: datetime
    line: str = ""
    tag: str = ""
    """Of the last test page."""
    tested_at: datetime | None = None
    """When the last test page was delivered, or failed."""
    test_reason: FaxReason = FaxReason.NONE
    sent_at: datetime | None = None
    confirmed_by: str = ""
    confirmed_at: datetime | None = None
    dropped_by: str = ""


Changes = Mapping[str, NumberChange]
"""By id, in the order in which they were proposed."""


def fold_number(before: Changes, at: datetime, body: FaxNumberEvent) -> dict[str, NumberChange]:
    """All changes after one more event. Raises `MoveRefused` for what the steps do not allow."""
    after = dict(before)
    if isinstance(body, FaxNumberProposed):
        after[body.change_id] = NumberChange(
            change_id=body.change_id,
            payer=body.payer,
            desk=body.desk,
            printed=body.printed,
            before=body.before,
            number=body.number,
            proposed_by=body.who,
            proposed_at=at,
        )
        return after
    change = after.get(body.change_id)
    if change is None or change.step not in OPEN:
        raise MoveRefused("a fax number", change.step if change else "nothing", type(body).__name__)
    match body:
        case FaxNumberTested():
            after[change.change_id] = replace(change, step=ChangeStep.TESTING, tag=body.tag, line=body.line, sent_at=at)
        case FaxNumberTestEnded():
            if body.tag == change.tag:
                delivered = body.state is FaxState.DELIVERED
                step = ChangeStep.TESTED if delivered else ChangeStep.TEST_FAILED
                after[change.change_id] = replace(change, step=step, tested_at=at, test_reason=body.reason)
        case FaxNumberConfirmed():
            if change.step is not ChangeStep.TESTED:
                raise MoveRefused("a fax number", change.step, ChangeStep.IN_FORCE)
            for other in before.values():
                if (other.payer, other.desk, other.step) == (change.payer, change.desk, ChangeStep.IN_FORCE):
                    after[other.change_id] = replace(other, step=ChangeStep.REPLACED)
            after[change.change_id] = replace(change, step=ChangeStep.IN_FORCE, confirmed_by=body.who, confirmed_at=at)
        case FaxNumberDropped():
            after[change.change_id] = replace(change, step=ChangeStep.DROPPED, dropped_by=body.who)
        case _:
            assert_never(body)
    return after
