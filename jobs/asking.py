"""Asks the portals themselves whether an authorization is required, before anything is submitted (``priorbot route --ask``).

Only portals that say so by themselves are asked, under their account's seat, within their hours and limits; nothing is sent
and nothing is left behind there. Where a portal cannot be asked, the payers' rules alone have spoken.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from bots.ability import Ability
from bots.errors import NotRequiredHere
from bots.model import AuthRequest, Frozen, RequestKind, Requirement
from bots.registry import has_bot, portal_class
from jobs.office import Office
from jobs.questions import NotTold, ask_each
from jobs.routing import route_as_json
from jobs.state import Decision, Route


class Answered(Frozen):
    """One request's way, by the rules or, where ``route.said`` is set, also by the portal's own word. ``why_not``: why the portal
    could not be asked, in one sentence; "" when it was, or is none to ask."""

    route: Route
    why_not: str = ""

    @property
    def by(self) -> str:
        return "portal" if self.route.said else "rules"


def answered_as_json(answered: Answered) -> dict[str, Any]:
    """The object of ``priorbot route --json`` with who answered: always every key."""
    said = answered.route.said
    return {
        **route_as_json(answered.route),
        "answered_by": answered.by,
        "required": None if said is None else said.required,
        "page": said.page if said else "",
        "evidence": said.evidence if said else "",
        "asked_at": said.observed_at.isoformat() if said else "",
        "not_asked": answered.why_not,
    }


def can_tell(request: AuthRequest, route: Route) -> bool:
    """Whether the route's portal says by itself if this needs an authorization."""
    asks = route.decision is Decision.PORTAL and request.request_kind is RequestKind.PRIOR_AUTH
    return asks and has_bot(route.portal) and Ability.REQUIREMENT in portal_class(route.portal).does


async def ask(office: Office, routed: Iterable[tuple[AuthRequest, Route]]) -> list[Answered]:
    """Every route, in order, with what its portal says."""
    answers: dict[str, Answered] = {}
    by_portal: dict[str, list[tuple[AuthRequest, Route]]] = {}
    for request, route in routed:
        answers[request.request_id] = Answered(route=route)
        if can_tell(request, route):
            by_portal.setdefault(route.portal, []).append((request, route))
    for slug, mine in by_portal.items():
        for answered in await _ask_portal(office, slug, mine):
            answers[answered.route.request_id] = answered
    return list(answers.values())


async def _ask_portal(office: Office, slug: str, mine: list[tuple[AuthRequest, Route]]) -> list[Answered]:
    said = await ask_each(office, slug, [request for request, _ in mine], lambda driver, request: driver.ask_requirement(request))
    return [_answered(office, *asked, answer) for asked, answer in zip(mine, said, strict=True)]


def _answered(office: Office, request: AuthRequest, route: Route, said: Requirement | NotTold) -> Answered:
    if isinstance(said, NotTold):
        return Answered(route=route, why_not=said.sentence)
    return Answered(route=_with(office, request, replace(route, said=said), said))


def _with(office: Office, request: AuthRequest, route: Route, said: Requirement) -> Route:
    """What the portal's word makes of the route: the payer's rules say what "not required" means, else a person does."""
    if said.required:
        return route
    answer = office.rules.after_answer(route, request, NotRequiredHere.code, office.now())
    if answer is None:
        return replace(route, decision=Decision.NEEDS_PERSON, fallback=None, reason=NotRequiredHere(said.portal).sentence)
    return replace(route, decision=answer.decision, fallback=None, rule_ids=answer.rule_ids, reason=answer.reason)
