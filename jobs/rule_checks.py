"""What the schema cannot say about a file of rules: names that point nowhere, rules that nobody reaches, clocks without a
length.

Every problem is one line that names the rule; the file's name is added by who loads it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from msgspec import UNSET, UnsetType

from bots.errors import error_class
from bots.fax.form_layout import form_names
from bots.zones import is_zone
from jobs.rule_schema import (
    Clinical,
    Clock,
    Condition,
    Down,
    FormChoice,
    NumberKind,
    Outcome,
    Owner,
    PortalUse,
    Rule,
    RuleFile,
    Starts,
)
from jobs.state import Decision

AnyRule = Rule[Outcome] | Rule[Down] | Rule[Clinical] | Rule[FormChoice]

_NEEDS_NUMBER = {Decision.FAX: NumberKind.FAX, Decision.PHONE: NumberKind.PHONE}
_NEEDS_REASON = (Decision.NOT_REQUIRED, Decision.REJECTED, Decision.NEEDS_PERSON)


def sections(rules: RuleFile) -> dict[str, tuple[AnyRule, ...]]:
    """Every section of rules by its name in the file."""
    return {
        "routing": rules.routing,
        "checks": rules.checks,
        "answers": rules.answers,
        "outage": rules.outage,
        "additional_clinical": rules.additional_clinical,
        "fax_forms": rules.fax_forms,
        "conduct": rules.conduct,
    }


def problems(rules: RuleFile) -> Iterator[str]:
    """Everything that is wrong in one file."""
    yield from _unknown("portal_choices", (s for slugs in rules.portal_choices.values() for s in slugs), rules.portals)
    yield from _unknown("before", (slug for entry in rules.portals.values() for slug in entry.before), rules.portals)
    for slug, entry in rules.portals.items():
        if bool(entry.before) != (entry.use is PortalUse.ELIGIBILITY):
            yield f"portal {slug}: before goes with the use eligibility"
    desks = [entry.help_desk for entry in rules.portals.values() if not isinstance(entry.help_desk, UnsetType)]
    yield from _unknown("help_desk", desks, rules.directory)
    for zone in (rules.time_zone, *(entry.time_zone for entry in rules.directory.values())):
        if not isinstance(zone, UnsetType) and not is_zone(zone):
            yield f"unknown time zone {zone!r}"
    ids = {rule.id for section in sections(rules).values() for rule in section}
    for name, clock in rules.clocks.items():
        yield from (f"clock {name}: {problem}" for problem in _clock_problems(clock, rules, ids))
    for section, rows in sections(rules).items():
        for rule in rows:
            yield from (f"rule {rule.id}: {problem}" for problem in _rule_problems(section, rule, rules, ids))
        for rule in rows[:-1]:
            if _always_matches(rule):
                yield f"rule {rule.id}: it always matches, so the rules below it in {section} are never reached"
    if not rules.routing or not _always_matches(rules.routing[-1]):
        yield "the last rule under routing must always match (when: {}, a then, no dates), so that nothing is left undecided"


def _always_matches(rule: AnyRule) -> bool:
    unbounded = rule.valid_from is UNSET and rule.valid_to is UNSET
    if rule.when != Condition() or not unbounded or isinstance(rule.then, UnsetType):
        return False
    return not isinstance(rule.then, Outcome) or rule.then.go_on is UNSET


def _rule_problems(section: str, rule: AnyRule, rules: RuleFile, ids: set[str]) -> Iterator[str]:
    ways = [rule.then is not UNSET, rule.cases is not UNSET]
    if section == "conduct" and (any(ways) or rule.conduct is UNSET):
        yield "a rule under conduct has conduct, and neither then nor cases"
    if section != "conduct" and sum(ways) != 1:
        yield "it needs either then or cases"
    yield from _span_problems(rule.valid_from, rule.valid_to)
    for condition in rule.conditions:
        yield from _condition_problems(condition, rules, ids)
    for outcome in rule.outcomes:
        if isinstance(outcome, Outcome):
            yield from _outcome_problems(outcome, rules)
            if section != "routing" and (outcome.decision is Decision.PORTAL or outcome.go_on is not UNSET):
                yield f"a rule under {section} cannot choose a portal or go on"
        elif isinstance(outcome, Down):
            yield from _down_problems(outcome, rules)
        elif isinstance(outcome, FormChoice):
            yield from _unknown("form", [outcome.form], form_names())
        else:
            yield from _number_problems(outcome.fax, NumberKind.FAX, rules)
    if not isinstance(rule.conduct, UnsetType):
        named = (page.portal for page in (rule.conduct.units_page, rule.conduct.password) if not isinstance(page, UnsetType))
        yield from _unknown("portal", named, rules.portals)


def _condition_problems(condition: Condition, rules: RuleFile, ids: set[str]) -> Iterator[str]:
    yield from _unknown("portal", _written(condition.portal), {*rules.portals, *rules.portal_choices})
    yield from _unknown("attached_form", _written(condition.attached_form), rules.forms)
    yield from _unknown("decided_by", _written(condition.decided_by), ids)
    yield from (f"unknown error {code!r}" for code in _written(condition.error) if error_class(code) is None)
    yield from _unknown("clock_missed", _written(condition.clock_missed), rules.clocks)
    for name in _written(condition.clock_missed):
        if name in rules.clocks and rules.clocks[name].owner is not Owner.PRACTICE:
            yield f"clock_missed: {name!r} is not a clock of the practice"
    for group in (condition.any_of, condition.none_of):
        for each in () if isinstance(group, UnsetType) else group:
            yield from _condition_problems(each, rules, ids)


def _outcome_problems(outcome: Outcome, rules: RuleFile) -> Iterator[str]:
    if (outcome.decision is UNSET) == (outcome.go_on is UNSET):
        yield "it needs either decision or go_on"
    goes_to_portal = outcome.decision is Decision.PORTAL
    if goes_to_portal != (outcome.portal is not UNSET):
        yield "portal stands with decision: portal, and only there"
    if not goes_to_portal and (outcome.down is not UNSET or outcome.may_redirect_to is not UNSET):
        yield "down and may_redirect_to stand with decision: portal, and only there"
    if not isinstance(outcome.portal, UnsetType):
        yield from _unknown("portal", [outcome.portal], {*rules.portals, *rules.portal_choices})
    yield from _unknown("may_redirect_to", _written(outcome.may_redirect_to), rules.portals)
    kind = None if isinstance(outcome.decision, UnsetType) else _NEEDS_NUMBER.get(outcome.decision)
    if (kind is None) != isinstance(outcome.number, UnsetType):
        yield "number stands with decision: fax or phone, and only there"
    if kind is not None and not isinstance(outcome.number, UnsetType):
        yield from _number_problems(outcome.number, kind, rules)
    if outcome.decision in _NEEDS_REASON and outcome.reason is UNSET:
        yield f"decision {outcome.decision} needs a reason"
    if not isinstance(outcome.down, UnsetType):
        yield from _down_problems(outcome.down, rules)


def _down_problems(down: Down, rules: RuleFile) -> Iterator[str]:
    if down.fax is not UNSET and down.phone is not UNSET:
        yield "while the portal is down there is one other way: fax or phone, not both"
    if not isinstance(down.fax, UnsetType):
        yield from _number_problems(down.fax, NumberKind.FAX, rules)
    if not isinstance(down.phone, UnsetType):
        yield from _number_problems(down.phone, NumberKind.PHONE, rules)


def _number_problems(name: str, kind: NumberKind, rules: RuleFile) -> Iterator[str]:
    entry = rules.directory.get(name)
    if entry is None:
        yield f"{name!r} is not in the directory"
    elif entry.kind is not kind:
        yield f"{name!r} is a {entry.kind} number, a {kind} number is needed"


def _clock_problems(clock: Clock, rules: RuleFile, ids: set[str]) -> Iterator[str]:
    lengths = [clock.hours, clock.calendar_days, clock.business_days]
    if sum(length is not UNSET for length in lengths) != 1:
        yield "it needs exactly one of hours, calendar_days and business_days"
    if clock.owner is Owner.PAYER and (clock.starts is not Starts.ACCEPTED or clock.business_days is not UNSET):
        yield "a payer's clock starts when the request is accepted and is counted in hours or calendar_days"
    if clock.owner is Owner.PRACTICE and (clock.starts is Starts.ACCEPTED or clock.hours is not UNSET):
        yield "a practice's clock starts on a date of the request and is counted in days"
    if not isinstance(clock.rule, UnsetType):
        yield from _unknown("rule", [clock.rule], ids)
    yield from _span_problems(clock.valid_from, clock.valid_to)
    yield from _condition_problems(clock.when, rules, ids)


def _span_problems(first: date | UnsetType, last: date | UnsetType) -> Iterator[str]:
    if not isinstance(first, UnsetType) and not isinstance(last, UnsetType) and last < first:
        yield f"valid_to {last} lies before valid_from {first}"


def _unknown(key: str, names: Iterable[str], known: Iterable[str]) -> Iterator[str]:
    known = set(known)
    yield from (f"{key}: unknown name {name!r}" for name in names if name not in known)


def _written(names: tuple[str, ...] | UnsetType) -> tuple[str, ...]:
    return () if isinstance(names, UnsetType) else names
