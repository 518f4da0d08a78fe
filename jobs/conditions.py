"""Does a rule's condition hold for a request? Pure; the words are those of `jobs.rule_schema.Condition`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from typing import TypeVar

from msgspec import UNSET, UnsetType

from bots.model import AuthRequest, Frozen
from jobs.business_days import last_day
from jobs.rule_schema import AgeRange, AskedFor, Clock, Condition, DateRange, FormSign, Rule, RuleFile

T = TypeVar("T")

_REQUEST_WORDS = (
    "coverage",
    "request_kind",
    "certification",
    "service_category",
    "urgency",
    "medicare_parts",
    "medicare_covers_service",
    "pcp_network",
    "servicing_in_network",
)
_SITUATION_WORDS = ("decided_by", "error", "asked_for")


class Facts(Frozen):
    """All that a condition may look at: the request, the day from which one looks, and how far the request has come."""

    request: AuthRequest
    rules: RuleFile
    as_of: date
    portal: str = ""
    decided_by: str = ""
    error: str = ""
    asked_for: AskedFor | None = None


def first_match(rules: Iterable[Rule[T]], facts: Facts) -> tuple[Rule[T], T] | None:
    """The first rule in force that matches, with what it decides."""
    for rule in rules:
        if (decided := decides(rule, facts)) is not None:
            return rule, decided
    return None


def decides(rule: Rule[T], facts: Facts) -> T | None:
    """What the rule decides for these facts; None when it is not in force or does not match."""
    if not rule.in_force(facts.as_of) or not holds(rule.when, facts):
        return None
    if not isinstance(rule.then, UnsetType):
        return rule.then
    if isinstance(rule.cases, UnsetType):
        return None
    return next((case.then for case in rule.cases if holds(case.when, facts)), None)


def holds(condition: Condition, facts: Facts) -> bool:
    """True when every key that the condition writes holds."""
    return (
        _words_hold(condition, facts)
        and _age_holds(condition.age_on_from_date, facts.request)
        and _date_holds(condition.from_date, facts.request.from_date)
        and _form_holds(condition, facts)
        and _clock_holds(condition, facts)
        and _portal_holds(condition, facts)
        and (isinstance(condition.any_of, UnsetType) or any(holds(each, facts) for each in condition.any_of))
        and (isinstance(condition.none_of, UnsetType) or not any(holds(each, facts) for each in condition.none_of))
    )


def age_on(birth: date, day: date) -> int:
    """Completed years. Who is born on 29 February completes a year on 1 March where there is no 29 February."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def portal_names(rules: RuleFile, portal: str) -> frozenset[str]:
    """The names under which rules may speak of this portal: its slug, and every choice that it belongs to."""
    return frozenset({portal, *(name for name, slugs in rules.portal_choices.items() if portal in slugs)})


def _words_hold(condition: Condition, facts: Facts) -> bool:
    for name in _REQUEST_WORDS:
        allowed = getattr(condition, name)
        if allowed is not UNSET and getattr(facts.request, name) not in allowed:
            return False
    for name in _SITUATION_WORDS:
        allowed = getattr(condition, name)
        if allowed is not UNSET and getattr(facts, name) not in allowed:
            return False
    return True


def _age_holds(ages: AgeRange | UnsetType, request: AuthRequest) -> bool:
    if isinstance(ages, UnsetType):
        return True
    age = age_on(request.member.dob, request.from_date)
    old_enough = isinstance(ages.at_least, UnsetType) or age >= ages.at_least
    return age >= 0 and old_enough and (isinstance(ages.under, UnsetType) or age < ages.under)


def _date_holds(dates: DateRange | UnsetType, day: date) -> bool:
    if isinstance(dates, UnsetType):
        return True
    late_enough = isinstance(dates.on_or_after, UnsetType) or day >= dates.on_or_after
    return late_enough and (isinstance(dates.before, UnsetType) or day < dates.before)


def _form_holds(condition: Condition, facts: Facts) -> bool:
    if isinstance(condition.attached_form, UnsetType):
        return True
    signs = [facts.rules.forms[name] for name in condition.attached_form]
    return any(_is_form(attachment.path, sign) for attachment in facts.request.attachments for sign in signs)


def _is_form(path: str, sign: FormSign) -> bool:
    file_name = re.split(r"[\\/]", path)[-1].lower()
    return sign.file_name_has in re.sub(r"[^a-z0-9]", "", file_name)


def _clock_holds(condition: Condition, facts: Facts) -> bool:
    if isinstance(condition.clock_missed, UnsetType):
        return True
    return any(_is_missed(facts.rules.clocks[name], facts) for name in condition.clock_missed)


def _is_missed(clock: Clock, facts: Facts) -> bool:
    return facts.as_of > last_day(clock, facts.request, facts.rules.deadline_holidays)


def _portal_holds(condition: Condition, facts: Facts) -> bool:
    if isinstance(condition.portal, UnsetType):
        return True
    names = portal_names(facts.rules, facts.portal)
    return any(name in names for name in condition.portal)
