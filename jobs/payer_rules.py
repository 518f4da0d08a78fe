"""What the payers' rules say while the work goes on, in one place for all that submit, verify and follow."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from bots.model import AuthRequest, Payer
from jobs.deadlines import decision_due, practice_deadline, units_page
from jobs.routing import OutageStep, RoutingSettings, after_answer, after_outage, after_redirect
from jobs.rulebook import RuleBook, load_rulebook
from jobs.state import FallbackWay, Route


class PayerRules:
    """The rules of one rule book; the one that comes with PriorBot by default."""

    def __init__(self, rulebook: RuleBook | None = None, settings: RoutingSettings | None = None) -> None:
        self.rulebook = rulebook or load_rulebook()
        self._settings = settings or RoutingSettings()

    def after_outage(self, route: Route, request: AuthRequest, *, down_since: datetime, now: datetime) -> OutageStep:
        """See `jobs.routing.after_outage`; a route without a fallback waits for its portal."""
        if route.fallback is None:
            return OutageStep(way=FallbackWay.WAIT)
        return after_outage(route, request, down_since=down_since, now=now)

    def after_answer(self, route: Route, request: AuthRequest, error_code: str, now: datetime) -> Route | None:
        """See `jobs.routing.after_answer`; the rules are those of the payer's own day."""
        return after_answer(route, request, error_code, as_of=self._day(request.payer, now), rulebook=self.rulebook)

    def after_redirect(self, route: Route, request: AuthRequest, to: str, now: datetime) -> Route | None:
        """See `jobs.routing.after_redirect`."""
        day = self._day(request.payer, now)
        return after_redirect(route, request, to, as_of=day, rulebook=self.rulebook, settings=self._settings)

    def decision_due(self, request: AuthRequest, accepted_at: datetime) -> datetime | None:
        """See `jobs.deadlines.decision_due`."""
        return decision_due(request, accepted_at, rulebook=self.rulebook)

    def act_by(self, request: AuthRequest) -> datetime | None:
        """Last second of the first deadline that the practice must keep; None where there is none."""
        found = practice_deadline(request, rulebook=self.rulebook)
        return found[1] if found else None

    def coverage_portal(self, request: AuthRequest, portal: str) -> str:
        """The portal that tells the member's coverage and limits before ``portal`` gets the request; "" where none does."""
        told_by = self.rulebook.of(request.payer).portals
        return next((slug for slug, entry in told_by.items() if portal in entry.before), "")

    def units_portal(self, request: AuthRequest, portal: str, now: datetime) -> str:
        """The portal that shows the units of a request that ``portal`` took (`jobs.deadlines.units_page`); "" where none does."""
        page = units_page(request, portal, as_of=self._day(request.payer, now), rulebook=self.rulebook)
        return page.portal if page else ""

    def zone_of(self, payer: Payer) -> ZoneInfo:
        """The time zone in which the payer's desks work and its days begin."""
        return ZoneInfo(self.rulebook.of(payer).time_zone)

    def _day(self, payer: Payer, now: datetime) -> date:
        return now.astimezone(self.zone_of(payer)).date()
