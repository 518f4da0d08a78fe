"""Where a request's way begins, and what it does while its portal is down: waiting, fax, phone.

Pure: words and moments, no journal. A request that is to be faxed stands as `to_fax`; the fax queue takes it from there.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, assert_never

from bots.errors import BotError, PortalDown
from bots.model import Status
from jobs.events import Standing
from jobs.state import Channel, Decision, FallbackWay, Route, Snapshot

if TYPE_CHECKING:
    from jobs.routing import OutageStep

RETRY_AFTER = timedelta(minutes=5)
"""A single failure is no outage: the request is tried again so much later."""
LOOK_AGAIN = timedelta(days=1)
"""A request that waits for its portal without end is looked at again so much later; the portal's return sets it free before."""
LONGEST_PROBE = timedelta(minutes=30)
"""The longest time between two tries of a portal that is down."""
OUTAGES = frozenset({"portal_down", "portal_slow"})
"""Error codes of a request that waits because its portal does not work."""
TO_FAX = "fax_due"
"""Error code of a request that has left for the fax queue and is not in it yet."""
TO_PHONE = "phone_by_hand"
"""Error code of a request that a person phones in."""
RATE_LIMITED_FOR = timedelta(minutes=30)
"""A portal that asks to slow down is left alone so long."""


def begin(route: Route, now: Snapshot) -> tuple[Channel, Standing]:
    """Channel and standing of a request that was just routed; ``now`` is new or waits."""
    match route.decision:
        case Decision.PORTAL:
            return Channel.PORTAL, standing_of(now)
        case Decision.FAX:
            return Channel.FAX, to_fax(route.number, route.rule_ids, route.reason)
        case Decision.PHONE:
            return Channel.PHONE, phone_task(route.number, route.rule_ids, route.reason)
        case Decision.NOT_REQUIRED:
            return Channel.NONE, Standing(status=Status.NOT_REQUIRED, reason=route.reason)
        case Decision.REJECTED:
            return Channel.NONE, Standing(
                status=Status.REJECTED,
                error_code="rejected_by_rule",
                reason=route.reason,
                next_action=f"Correct the request and submit it again{_rules(route.rule_ids)}, if it is still needed.",
            )
        case Decision.NEEDS_PERSON:
            return Channel.NONE, Standing(
                status=Status.NEEDS_PERSON,
                error_code="undecided_by_rule",
                reason=route.reason,
                next_action=f"Decide where this request goes{_rules(route.rule_ids)}.",
            )
        case _:
            assert_never(route.decision)


def standing_of(now: Snapshot) -> Standing:
    """Where a request stands, as the value that puts it there."""
    return Standing(
        status=now.status,
        error_code=now.error_code,
        reason=now.reason,
        next_action=now.next_action,
        waiting_until=now.waiting_until,
    )


def to_fax(number: str, rule_ids: tuple[str, ...], reason: str) -> Standing:
    """It waits for the fax queue to take it, and for no portal any more."""
    return Standing(
        status=Status.WAITING,
        error_code=TO_FAX,
        reason=f"{reason.rstrip('.')}. It leaves by fax to {number}{_rules(rule_ids)}.",
    )


def fax_task(number: str, rule_ids: tuple[str, ...], reason: str) -> Standing:
    """A person faxes it, because PriorBot cannot: ``reason`` says why."""
    return Standing(
        status=Status.NEEDS_PERSON,
        error_code="fax_by_hand",
        reason=reason,
        next_action=f"Fax this request to {number}{_rules(rule_ids)}. PriorBot will not submit it as well.",
    )


def phone_task(number: str, rule_ids: tuple[str, ...], reason: str) -> Standing:
    return Standing(
        status=Status.NEEDS_PERSON,
        error_code=TO_PHONE,
        reason=reason,
        next_action=f"Phone this request in: {number}{_rules(rule_ids)}. PriorBot will not submit it as well. "
        "What to say, and when: priorbot phone list",
    )


def person_task(error: BotError) -> Standing:
    return Standing(status=Status.NEEDS_PERSON, error_code=error.code, reason=error.sentence, next_action=advice(error.sentence))


def wait(until: datetime, error_code: str, reason: str) -> Standing:
    return Standing(status=Status.WAITING, error_code=error_code, reason=reason, waiting_until=until)


def wait_for_person(error_code: str, sentence: str) -> Standing:
    """Waits until a person has put the portal right (`PortalStates.enable_portal` makes it new again)."""
    return Standing(status=Status.WAITING, error_code=error_code, reason=sentence, next_action=advice(sentence))


def wait_for_settings(now: datetime, error: BotError) -> Standing:
    """Waits until a person has written what is missing into the settings; looked at again with every run."""
    return Standing(
        status=Status.WAITING,
        error_code=error.code,
        reason=error.sentence,
        next_action=advice(error.sentence),
        waiting_until=now,
    )


def while_down(
    step: OutageStep, portal: str, error_code: str, *, down_since: datetime, now: datetime
) -> tuple[Channel, Standing]:
    """What the payer's rules (``step``: `jobs.routing.after_outage`) make of a request whose portal is down since then."""
    reason = f"{portal} is down since {down_since:%Y-%m-%d %H:%M} UTC; nothing was sent"
    match step.way:
        case FallbackWay.FAX:
            return Channel.FAX, to_fax(step.number, step.rule_ids, reason)
        case FallbackWay.PHONE:
            return Channel.PHONE, phone_task(step.number, step.rule_ids, f"{reason}.")
        case FallbackWay.WAIT:
            code = error_code if error_code in OUTAGES else PortalDown.code
            leaves = f" and leaves another way on {step.until:%Y-%m-%d %H:%M} UTC" if step.until else ""
            waits = f"{reason}. It waits for the portal{leaves}{_rules(step.rule_ids)}."
            return Channel.PORTAL, wait(step.until or now + LOOK_AGAIN, code, waits)
        case _:
            assert_never(step.way)


def advice(sentence: str) -> str:
    """The part of an error's sentence that says what to do: what happened and what was not done stand before it."""
    parts = sentence.split(". ", 2)
    return parts[2] if len(parts) == 3 else sentence


def _rules(rule_ids: tuple[str, ...]) -> str:
    if not rule_ids:
        return ""
    return f" (rule{'s' if len(rule_ids) > 1 else ''} {', '.join(rule_ids)})"
