"""Where a request's way begins, and what it does while its portal is down: waiting, fax, phone.

Pure: words and moments, no journal. Until PriorBot sends faxes itself, a fax that is due is a person's task like a phone call.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import assert_never

from bots.model import Status
from jobs.events import Standing
from jobs.state import Channel, Decision, FallbackWay, Route, Snapshot


def begin(route: Route, now: Snapshot) -> tuple[Channel, Standing]:
    """Channel and standing of a request that was just routed; ``now`` is new or waits."""
    match route.decision:
        case Decision.PORTAL:
            return Channel.PORTAL, Standing(
                status=now.status,
                error_code=now.error_code,
                reason=now.reason,
                next_action=now.next_action,
                waiting_until=now.waiting_until,
            )
        case Decision.FAX:
            return Channel.FAX, fax_task(route.number, route.rule_ids, route.reason)
        case Decision.PHONE:
            return Channel.PHONE, phone_task(route.number, route.rule_ids, route.reason)
        case Decision.NOT_REQUIRED:
            return Channel.NONE, Standing(status=Status.NOT_REQUIRED, reason=route.reason)
        case Decision.REJECTED:
            return Channel.NONE, Standing(
                status=Status.REJECTED,
                error_code="rejected_by_rule",
                reason=route.reason,
                next_action=f"Correct the request and submit it again under its id{_rules(route.rule_ids)}.",
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


def fax_task(number: str, rule_ids: tuple[str, ...], reason: str) -> Standing:
    return Standing(
        status=Status.NEEDS_PERSON,
        error_code="fax_by_hand",
        reason=reason,
        next_action=f"Fax this request to {number}{_rules(rule_ids)}. PriorBot will not submit it as well.",
    )


def phone_task(number: str, rule_ids: tuple[str, ...], reason: str) -> Standing:
    return Standing(
        status=Status.NEEDS_PERSON,
        error_code="phone_by_hand",
        reason=reason,
        next_action=f"Phone this request in: {number}{_rules(rule_ids)}. PriorBot will not submit it as well.",
    )


def while_down(route: Route, portal: str, *, down_since: datetime, now: datetime, look_again: datetime) -> Standing:
    """What a request does whose portal is down since then: it waits for the portal, and past its wait leaves by the other way.

    ``look_again`` is when the portal is tried again. The wait's length and the other way are the route's (rules H12-H15, C8, B5).
    """
    other = route.fallback
    reason = f"{portal} is down since {down_since:%Y-%m-%d %H:%M} UTC"
    if other is None or (other.decision is FallbackWay.WAIT and not other.number):
        return Standing(status=Status.WAITING, error_code="portal_down", reason=reason + ".", waiting_until=look_again)
    leaves = down_since + timedelta(hours=other.wait_hours)
    if now < leaves:
        return Standing(
            status=Status.WAITING,
            error_code="portal_down",
            reason=f"{reason}; it takes the other way from {leaves:%Y-%m-%d %H:%M} UTC{_rules(other.rule_ids)}.",
            waiting_until=min(leaves, look_again),
        )
    if other.decision is FallbackWay.FAX:
        return fax_task(other.number, other.rule_ids, reason + ".")
    return phone_task(other.number, other.rule_ids, reason + ".")


def _rules(rule_ids: tuple[str, ...]) -> str:
    if not rule_ids:
        return ""
    return f" (rule{'s' if len(rule_ids) > 1 else ''} {', '.join(rule_ids)})"
