"""Every clock of a request, and when a desk can be reached. Pure; lengths and hours are data of the payer's rules.

Days end at midnight, and desks open, by the wall clock of the desk's own time zone; what is returned is an aware instant in
UTC.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from msgspec import UnsetType

from bots.model import AuthRequest
from bots.permission import LONGEST
from jobs.business_days import is_holiday, last_day
from jobs.conditions import Facts, holds
from jobs.routing import RoutingSettings, route
from jobs.rule_schema import Clock, Desk, DeskHours, Owner, PasswordRule, UnitsPage, Weekday, is_between
from jobs.rulebook import RuleBook, load_rulebook
from jobs.state import Decision

UNITS_USED_WARNING = Decimal("0.9")
"""Share of the approved units after which units are running out (all payers)."""
UNITS_EXPIRY_WARNING_DAYS = (30, 14)
"""Days before an authorization's ``valid_to`` at which its end is told (all payers)."""
PERMISSION_MAX_DAYS = LONGEST.days
PERMISSION_WARNING_DAYS = 30
"""A permission to automate holds at most so long, and its end is told so many days before."""


def decision_due(request: AuthRequest, accepted_at: datetime, *, rulebook: RuleBook | None = None) -> datetime | None:
    """When the payer's decision is due; None where no clock is known for this payer, kind of request or day.

    ``accepted_at`` is the aware instant at which the payer took the request. Hours run on from it; calendar days end at the same
    time of day, by the payer's wall clock.
    """
    rules = (rulebook or load_rulebook()).of(request.payer)
    zone = ZoneInfo(rules.time_zone)
    facts = Facts(request=request, rules=rules, as_of=accepted_at.astimezone(zone).date())
    clock = next((c for c in rules.clocks.values() if c.owner is Owner.PAYER and _runs(c, facts)), None)
    if clock is None:
        return None
    if not isinstance(clock.hours, UnsetType):
        return accepted_at.astimezone(UTC) + timedelta(hours=clock.hours)
    days = 0 if isinstance(clock.calendar_days, UnsetType) else clock.calendar_days
    return (accepted_at.astimezone(zone) + timedelta(days=days)).astimezone(UTC)


def practice_deadline(
    request: AuthRequest, *, rulebook: RuleBook | None = None, settings: RoutingSettings | None = None
) -> tuple[str, datetime] | None:
    """The first deadline that the practice itself must keep: its label for people, and its last second. None where there is none.

    Which clocks run depends on the portal to which the request goes, outage or not (H6, H9, C4).
    """
    book = rulebook or load_rulebook()
    rules = book.of(request.payer)
    # As seen on the first day of service nothing is late yet, so that a missed deadline does not hide itself.
    way = route(request, as_of=request.from_date, rulebook=book, settings=settings or RoutingSettings())
    if way.decision is not Decision.PORTAL:
        return None
    facts = Facts(request=request, rules=rules, as_of=request.from_date, portal=way.portal, decided_by=way.rule_ids[-1])
    clocks = [clock for clock in rules.clocks.values() if clock.owner is Owner.PRACTICE and _runs(clock, facts)]
    ends = [(last_day(clock, request, rules.deadline_holidays), clock) for clock in clocks]
    if not ends:
        return None
    day, clock = min(ends, key=lambda end: end[0])
    return _label(clock), _end_of_day(day, ZoneInfo(rules.time_zone))


def is_open(desk: Desk, at: datetime) -> bool | None:
    """Is somebody there at this aware instant? None where the desk's hours are not published.

    A desk is taken to be closed on the public holidays of its state.
    """
    if isinstance(desk.hours, str):
        return True if desk.hours == "any_time" else None
    local = at.astimezone(ZoneInfo(desk.time_zone))
    opens, closes = _span(desk.hours)
    return opens <= local.time() < closes and _works_on(desk, desk.hours, local.date())


def next_open(desk: Desk, at: datetime) -> datetime | None:
    """The next instant (UTC) at which the desk is open: ``at`` itself when it is; None where its hours are not published."""
    if isinstance(desk.hours, str):
        return at.astimezone(UTC) if desk.hours == "any_time" else None
    if is_open(desk, at):
        return at.astimezone(UTC)
    zone = ZoneInfo(desk.time_zone)
    local = at.astimezone(zone)
    opens, _ = _span(desk.hours)
    day = local.date() if local.time() < opens else local.date() + timedelta(days=1)
    while not _works_on(desk, desk.hours, day):
        day += timedelta(days=1)
    return datetime.combine(day, opens, zone).astimezone(UTC)


def password_rule(portal: str, *, rulebook: RuleBook | None = None) -> PasswordRule | None:
    """What this portal's password must be and how long it lasts (H18); None where nothing is published."""
    for rule in (rulebook or load_rulebook()).by_id.values():
        if isinstance(rule.conduct, UnsetType) or isinstance(rule.conduct.password, UnsetType):
            continue
        if rule.conduct.password.portal == portal:
            return rule.conduct.password
    return None


def password_warning_days(portal: str, *, rulebook: RuleBook | None = None) -> tuple[int, ...]:
    """Days before its end at which people are warned of this portal's password; empty where it does not expire by rule."""
    rule = password_rule(portal, rulebook=rulebook)
    return rule.warn_days if rule else ()


def units_page(request: AuthRequest, portal: str, *, as_of: date, rulebook: RuleBook | None = None) -> UnitsPage | None:
    """Where the payer shows the units of a request that ``portal`` took, and up to which age a reading is normal (H17, HP6).

    None where it shows them nowhere.
    """
    rules = (rulebook or load_rulebook()).of(request.payer)
    facts = Facts(request=request, rules=rules, as_of=as_of, portal=portal)
    for rule in rules.conduct:
        if isinstance(rule.conduct, UnsetType) or isinstance(rule.conduct.units_page, UnsetType):
            continue
        if rule.in_force(as_of) and holds(rule.when, facts):
            return rule.conduct.units_page
    return None


def _runs(clock: Clock, facts: Facts) -> bool:
    return is_between(facts.as_of, clock.valid_from, clock.valid_to) and holds(clock.when, facts)


def _label(clock: Clock) -> str:
    return clock.label if isinstance(clock.rule, UnsetType) else f"{clock.label} ({clock.rule})"


def _end_of_day(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(23, 59, 59), zone).astimezone(UTC)


def _span(hours: DeskHours) -> tuple[time, time]:
    return time.fromisoformat(hours.opens), time.fromisoformat(hours.closes)


def _works_on(desk: Desk, hours: DeskHours, day: date) -> bool:
    return tuple(Weekday)[day.weekday()] in hours.days and not is_holiday(day, desk.holidays)
