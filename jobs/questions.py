"""Puts one question after the other to a portal, under an account's seat, within its hours and limits. Nothing is sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TypeVar

import structlog

from bots.driver import PortalDriver
from bots.errors import AccountInUse, Action, BotError, NotConfigured, RateLimited
from bots.model import AuthRequest, Frozen
from jobs.office import Desk, Office, admitted, at_desk
from jobs.retries import read_again
from jobs.submit import count_failure, stop_account

T = TypeVar("T", bound=Frozen)
Question = Callable[[PortalDriver, AuthRequest], Awaitable[T]]


class NotTold(Frozen):
    """Why the portal did not answer. ``sentence`` is for staff and free of health information."""

    error_code: str
    sentence: str


async def ask_each(
    office: Office,
    slug: str,
    requests: Sequence[AuthRequest],
    question: Question[T],
    heard: Callable[[AuthRequest, T | NotTold], None] = lambda request, answer: None,
) -> list[T | NotTold]:
    """An answer for each request, in order, with the first account that gets through. What was not asked says why.

    ``heard`` gets each as soon as it is known.
    """
    found: list[T | NotTold] = []

    def hear(answer: T | NotTold) -> None:
        heard(requests[len(found)], answer)
        found.append(answer)

    why_not = NotTold(error_code=NotConfigured.code, sentence=f"{slug} is not set up, or nobody may use it now.")
    plan = office.plans.get(slug)
    if plan is not None and plan.next_open(office.now()) <= office.now():
        async with admitted(office, slug) as may:
            for account in office.accounts(slug) if may else ():
                try:
                    async with at_desk(office, slug, account) as desk:
                        while desk is not None and len(found) < len(requests):
                            hear(await _ask_one(office, desk, requests[len(found)], question))
                    if len(found) == len(requests):
                        break
                    why_not = NotTold(error_code=AccountInUse.code, sentence=f"Another PriorBot is working on {slug}.")
                except BotError as error:
                    why_not = NotTold(error_code=error.code, sentence=error.sentence)
                    if error.action is Action.PERSON_PORTAL:
                        stop_account(office, slug, account, error)
    while len(found) < len(requests):
        hear(why_not)
    return found


async def _ask_one(office: Office, desk: Desk, request: AuthRequest, question: Question[T]) -> T | NotTold:
    """Raises the `BotError` after which this account cannot go on."""
    slug = desk.seat.portal
    if office.states.spend(slug, office.plans[slug].max_actions_per_hour) is not None:
        return NotTold(error_code=RateLimited.code, sentence=f"This hour's limit of actions on {slug} is used up.")
    try:
        answer = await read_again(
            lambda: question(desk.driver, request), sleep=office.sleep, on_error=partial(count_failure, office, slug)
        )
    except BotError as error:
        if error.action in (Action.PERSON_PORTAL, Action.RETRY):
            raise
        structlog.get_logger().warning("question_not_answered", portal=slug, error_code=error.code)
        return NotTold(error_code=error.code, sentence=error.sentence)
    office.states.worked(slug)
    return answer
