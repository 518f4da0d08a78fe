"""The daily check: before work starts, whether a portal's pages still are what its selector file says.

At most once per portal and day, over all processes. A portal whose pages no longer match is disabled before a request is started
on it, and a check that passes (the next day's, or ``priorbot portal check``) lets it work again; so does a person.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from zoneinfo import ZoneInfo

import structlog

from bots.errors import Action, BotError, PagesChanged
from bots.model import CheckReport
from jobs.journal_schema import JournalError
from jobs.office import Desk, Office, PortalPlan, at_desk
from jobs.portal_state import BreakerState
from jobs.submit import count_failure, stop_account


async def canary(office: Office, *, portals: Collection[str] | None = None) -> None:
    """Checks, side by side, the portals on which something is due or that an earlier check stopped (of ``portals``).

    Ends without a finding where a portal is down, closed at this hour or in use by others: then no request is started either.
    """
    due = {*office.journal.portals_due(), *stopped_by_check(office)}
    plans = [plan for slug, plan in office.plans.items() if slug in due and (portals is None or slug in portals)]
    await asyncio.gather(*(_check_today(office, plan) for plan in plans))


def stopped_by_check(office: Office) -> set[str]:
    return {each.portal for each in office.states.disabled() if each.error_code == PagesChanged.code}


async def _check_today(office: Office, plan: PortalPlan) -> None:
    now, slug = office.now(), plan.slug
    if plan.next_open(now) > now or office.states.breaker(slug).state is not BreakerState.CLOSED:
        return
    accounts = plan.accounts if slug in stopped_by_check(office) else office.accounts(slug)
    for account in accounts:
        try:
            async with at_desk(office, slug, account) as desk:
                if desk is not None:
                    day = now.astimezone(ZoneInfo(plan.time_zone)).date()
                    if office.journal.claim_tick(f"check {slug}", day.isoformat()):
                        await check(office, desk)
                    return
        except BotError as error:
            structlog.get_logger().warning("check_failed", portal=slug, error_code=error.code)
            if error.action is not Action.PERSON_PORTAL:
                count_failure(office, slug, error)
                return
            stop_account(office, slug, account, error)
        except JournalError:
            raise
        except Exception as bug:
            structlog.get_logger().error("check_failed", portal=slug, exc_info=bug)
            return


async def check(office: Office, desk: Desk) -> CheckReport:
    """Walks the portal's pages and lets it work, or not, by what was found. Raises what is no finding about pages."""
    slug = desk.seat.portal
    report = await desk.driver.check(office.plans[slug].examples)
    if report.closing:
        what = ", ".join(dict.fromkeys(f"{part.page}: {part.key}" for part in report.closing))
        structlog.get_logger().error("pages_changed", portal=slug, count=len(report.closing))
        office.states.disable_portal(slug, "", PagesChanged(slug, what=what))
    elif slug in stopped_by_check(office):
        office.states.enable_portal(slug, "priorbot portal check")
    return report
