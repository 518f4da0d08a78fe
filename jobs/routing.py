"""Request + rules + day -> where it goes, and what happens while that portal is down. Pure: no clock, no disk, no network.

The rules themselves are data (``jobs/rules/*.yaml``); this module only asks them in order. Nothing unknown is guessed: where
the rules need a fact that the request does not carry, or say nothing at all, a person decides.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from msgspec import UnsetType

from bots.model import AuthRequest, Frozen, Payer, Status
from jobs.conditions import Facts, decides, first_match, portal_names
from jobs.rule_schema import AskedFor, Desk, Down, Outcome, Rule, RuleFile, Wait
from jobs.rulebook import RuleBook, RulebookError, load_rulebook
from jobs.state import Decision, Fallback, FallbackWay, Route

DEFAULT_WAIT_HOURS = 24


class RoutingSettings(Frozen):
    """What ``priorbot.toml`` may choose: ``[payers.husky] medical_portal`` and ``[payers.*] standard_wait_hours``."""

    medical_portal: str = "clear_coverage"
    standard_wait_hours: dict[Payer, int] = {}
    """Hours for which a standard request is kept while its portal is down; 24 for a payer that is not named."""

    def wait_hours(self, payer: Payer) -> int:
        return self.standard_wait_hours.get(payer, DEFAULT_WAIT_HOURS)


class OutageStep(Frozen):
    """What a request does now that its portal is down.

    ``wait``: until ``until`` (aware), or until the portal is back when that is None. ``fax``, ``phone``: now, to ``number``.
    """

    way: FallbackWay
    number: str = ""
    until: datetime | None = None
    rule_ids: tuple[str, ...] = ()


def route(request: AuthRequest, *, as_of: date, rulebook: RuleBook, settings: RoutingSettings) -> Route:
    """The one way of this request, by the rules in force on ``as_of`` (also the day from which backdating is counted).

    Raises `RulebookError` when the settings name a portal that the rules do not know.
    """
    rules = rulebook.of(request.payer)
    facts = Facts(request=request, rules=rules, as_of=as_of)
    passed: list[str] = []
    for rule in rules.routing:
        outcome = decides(rule, facts)
        if outcome is None:
            continue
        passed.append(rule.id)
        if outcome.decision is Decision.PORTAL:
            return _portal_route(facts, rule, outcome, tuple(passed), settings)
        if not isinstance(outcome.decision, UnsetType):
            return _plain_route(facts, rule, outcome, tuple(passed))
    raise RulebookError(f"{request.payer}.yaml: no rule decides; the last rule under routing must always match.")


def after_outage(route: Route, request: AuthRequest, *, down_since: datetime, now: datetime) -> OutageStep:
    """What to do at ``now`` with a request whose portal has been down since ``down_since`` (both aware).

    Urgent requests leave at once where the rules let them, standard ones after the wait, which counts from the beginning of the
    outage. Raises ``ValueError`` for a route that does not lead to a portal or belongs to another request.
    """
    if route.request_id != request.request_id:
        raise ValueError("The route belongs to another request.")
    if route.fallback is None:
        raise ValueError("Only a request that is routed to a portal can have an outage.")
    fallback = route.fallback
    leaves_at = down_since + timedelta(hours=fallback.wait_hours)
    if fallback.decision is FallbackWay.WAIT:
        return OutageStep(way=FallbackWay.WAIT, rule_ids=fallback.rule_ids)
    if now < leaves_at:
        return OutageStep(way=FallbackWay.WAIT, until=leaves_at, rule_ids=fallback.rule_ids)
    return OutageStep(way=fallback.decision, number=fallback.number, rule_ids=fallback.rule_ids)


def after_answer(route: Route, request: AuthRequest, error: str, *, as_of: date, rulebook: RuleBook) -> Route | None:
    """What the payer's rules make of a portal's answer (``error``: a code of ``bots.errors``); None where they say nothing."""
    rules = rulebook.of(request.payer)
    facts = Facts(request=request, rules=rules, as_of=as_of, portal=route.portal, decided_by=route.rule_ids[-1], error=error)
    matched = first_match(rules.answers, facts)
    if matched is None:
        return None
    rule, outcome = matched
    return _plain_route(facts, rule, outcome, (*route.rule_ids, rule.id))


def after_redirect(
    route: Route, request: AuthRequest, to: str, *, as_of: date, rulebook: RuleBook, settings: RoutingSettings
) -> Route | None:
    """The way of a request that its portal hands over to the portal ``to``; None where the rule that sent it there did not say
    that this may happen. It goes on by the rule that leads to that portal, with that rule's other way while it is down."""
    rules = rulebook.of(request.payer)
    facts = Facts(request=request, rules=rules, as_of=as_of)
    by_id = {rule.id: rule for rule in rules.routing}
    sender = decides(by_id[route.rule_ids[-1]], facts) if route.rule_ids[-1] in by_id else None
    if sender is None or isinstance(sender.may_redirect_to, UnsetType) or to not in sender.may_redirect_to:
        return None
    for rule in rules.routing:
        if isinstance(rule.then, UnsetType) or rule.then.portal != to or not rule.in_force(as_of):
            continue
        there = Facts(request=request, rules=rules, as_of=as_of, portal=to, decided_by=rule.id)
        return Route(
            request_id=request.request_id,
            decision=Decision.PORTAL,
            portal=to,
            fallback=_fallback(there, rule, rule.then.down, settings),
            rule_ids=(*route.rule_ids, rule.id),
            reason=f"{route.portal} handed it over to {to}.",
            redirected_from=route.portal,
        )
    return None


def additional_clinical_fax(request: AuthRequest, *, concurrent_review: bool, as_of: date, rulebook: RuleBook) -> Desk | None:
    """Where clinical documents go that the payer asked for afterwards; None where no rule names a number (a person decides)."""
    asked_for = AskedFor.CONCURRENT_REVIEW if concurrent_review else AskedFor.OTHER
    facts = Facts(request=request, rules=rulebook.of(request.payer), as_of=as_of, asked_for=asked_for)
    matched = first_match(facts.rules.additional_clinical, facts)
    return None if matched is None else rulebook.desk(facts.rules.directory[matched[1].fax].number)


def takes_more_clinical(portal: str, status: Status, *, payer: Payer, rulebook: RuleBook) -> bool | None:
    """May documents be added on this portal while the case has this status? None where the payer's rules do not say (H16)."""
    rules = rulebook.of(payer)
    names = portal_names(rules, portal)
    for rule in rules.checks:
        if isinstance(rule.conduct, UnsetType) or isinstance(rule.conduct.clinical_while, UnsetType):
            continue
        if not isinstance(rule.when.portal, UnsetType) and names.intersection(rule.when.portal):
            return status in rule.conduct.clinical_while
    return None


def portals_known(rulebook: RuleBook | None = None) -> frozenset[str]:
    """Slugs of every portal that the rules name, also those that only show units or eligibility."""
    return frozenset(slug for rules in (rulebook or load_rulebook()).files.values() for slug in rules.portals)


def route_as_json(route: Route) -> dict[str, Any]:
    """The object that ``priorbot route --json`` prints: always every key; ``rule_ids`` are those of way and fallback together."""
    fallback = route.fallback
    ids = (*route.rule_ids, *(fallback.rule_ids if fallback else ()))
    return {
        "request_id": route.request_id,
        "decision": str(route.decision),
        "portal": route.portal,
        "number": route.number,
        "fallback": fallback
        and {"decision": str(fallback.decision), "number": fallback.number, "wait_hours": fallback.wait_hours},
        "rule_ids": list(dict.fromkeys(ids)),
        "reason": route.reason,
    }


def _plain_route(facts: Facts, rule: Rule[Outcome], outcome: Outcome, rule_ids: tuple[str, ...]) -> Route:
    """A decision that needs no portal."""
    if isinstance(outcome.decision, UnsetType) or outcome.decision is Decision.PORTAL:
        raise RulebookError(f"{facts.request.payer}.yaml, rule {rule.id}: this section cannot choose a portal or go on.")
    return Route(
        request_id=facts.request.request_id,
        decision=outcome.decision,
        number="" if isinstance(outcome.number, UnsetType) else facts.rules.directory[outcome.number].number,
        rule_ids=rule_ids,
        reason=_reason(rule, outcome),
    )


def _portal_route(
    facts: Facts, rule: Rule[Outcome], outcome: Outcome, rule_ids: tuple[str, ...], settings: RoutingSettings
) -> Route:
    """A portal with its fallback, unless a check takes the portal's place."""
    portal = _portal_slug(facts.rules, outcome, settings)
    facts = Facts(request=facts.request, rules=facts.rules, as_of=facts.as_of, portal=portal, decided_by=rule.id)
    overruled = first_match(facts.rules.checks, facts)
    if overruled is not None:
        return _plain_route(facts, *overruled, (*rule_ids, overruled[0].id))
    return Route(
        request_id=facts.request.request_id,
        decision=Decision.PORTAL,
        portal=portal,
        fallback=_fallback(facts, rule, outcome.down, settings),
        rule_ids=rule_ids,
        reason=_reason(rule, outcome),
    )


def _portal_slug(rules: RuleFile, outcome: Outcome, settings: RoutingSettings) -> str:
    name = str(outcome.portal)
    choices = rules.portal_choices.get(name)
    if choices is None:
        return name
    chosen = str(getattr(settings, name, ""))
    if chosen not in choices:
        raise RulebookError(f"[payers.{rules.payer}] {name} is {chosen!r}. It can be: {', '.join(choices)}. Nothing was routed.")
    return chosen


def _fallback(facts: Facts, rule: Rule[Outcome], own: Down | UnsetType, settings: RoutingSettings) -> Fallback:
    """The rule's own other way, completed by the first outage rule that matches; without any the request waits for its portal."""
    parts: list[tuple[str, Down]] = [] if isinstance(own, UnsetType) else [(rule.id, own)]
    if not parts or isinstance(parts[0][1].wait, UnsetType):
        matched = first_match(facts.rules.outage, facts)
        parts += [] if matched is None else [(matched[0].id, matched[1])]
    way, name = next(((way, name) for _, down in parts for way, name in _ways(down)), (FallbackWay.WAIT, ""))
    wait = next((down.wait for _, down in parts if not isinstance(down.wait, UnsetType)), None)
    if wait is None:
        way, name = FallbackWay.WAIT, ""
    return Fallback(
        decision=way,
        number=facts.rules.directory[name].number if name else "",
        wait_hours=_hours(wait, facts.request, settings),
        rule_ids=tuple(rule_id for rule_id, _ in parts),
    )


def _ways(down: Down) -> list[tuple[FallbackWay, str]]:
    found = [(FallbackWay.FAX, down.fax), (FallbackWay.PHONE, down.phone)]
    return [(way, name) for way, name in found if not isinstance(name, UnsetType)]


def _hours(wait: Wait | None, request: AuthRequest, settings: RoutingSettings) -> int:
    at_once = wait is None or wait is Wait.AT_ONCE or (wait is Wait.STANDARD_UNLESS_URGENT and request.is_urgent)
    return 0 if at_once else settings.wait_hours(request.payer)


def _reason(rule: Rule[Outcome], outcome: Outcome) -> str:
    return rule.text if isinstance(outcome.reason, UnsetType) else outcome.reason
