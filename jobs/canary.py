"""The daily check: before work starts, whether a portal's pages still are what its selector file says.

At most once per portal and day, over all processes. A portal whose pages no longer match is disabled before a request is
started on it, and a check that passes (the next day's, or ``priorbot portal check``) lets it work again; so does a person.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from zoneinfo import ZoneInfo

import structlog

from bots.check_report import CheckReport
from bots.errors import Action, BotError, PagesChanged
from jobs.journal_schema import JournalError
from jobs.office import Desk, Office, PortalPlan, at_desk
from jobs.retries import in_time
from jobs.submit import stop_account


async def check_first(office: Office, desk: Desk) -> None:
    """Today's check, under the sign-in that the work goes on with. An outage is left for the work itself to meet and to count;
    raises what a person must put right about the account."""
    if not office.daily_check or not _claim(office, desk.seat.portal):
        return
    try:
        await check(office, desk)
    except BotError as error:
        structlog.get_logger().warning("check_failed", portal=desk.seat.portal, error_code=error.code)
        if error.action is not Action.RETRY:
            raise


async def canary(office: Office, *, portals: Collection[str] | None = None) -> None:
    """Looks again, once a day, at the portals (of ``portals``) that a check stopped: those that match again work again."""
    plans = [
        office.plans[slug] for slug in stopped_by_check(office) if slug in office.plans and (portals is None or slug in portals)
    ]
    await asyncio.gather(*(_look_again(office, plan) for plan in plans))


async def check_today(office: Office, slug: str) -> None:
    """Today's check of one portal, also on a day without any work there."""
    await _look_again(office, office.plans[slug])


def stopped_by_check(office: Office) -> list[str]:
    return sorted({each.portal for each in office.states.disabled() if each.error_code == PagesChanged.code})


def _claim(office: Office, slug: str) -> bool:
    """True once a day, in the practice's own time, over all processes."""
    day = office.now().astimezone(ZoneInfo(office.plans[slug].time_zone)).date()
    return office.journal.claim_tick(f"check {slug}", day.isoformat())


async def _look_again(office: Office, plan: PortalPlan) -> None:
    if plan.next_open(office.now()) > office.now():
        return
    for account in plan.accounts:
        try:
            async with at_desk(office, plan.slug, account) as desk:
                if desk is not None:
                    if _claim(office, plan.slug):
                        await check(office, desk)
                    return
        except BotError as error:
            structlog.get_logger().warning("check_failed", portal=plan.slug, error_code=error.code)
            if error.action is Action.PERSON_PORTAL:
                stop_account(office, plan.slug, account, error)
        except JournalError:
            raise
        except Exception as bug:
            structlog.get_logger().error("check_failed", portal=plan.slug, exc_info=bug)
            return


async def check(office: Office, desk: Desk) -> CheckReport:
    """Walks the portal's pages and lets it work, or not, by what was found. Raises what is no finding about pages."""
    slug = desk.seat.portal
    report = await in_time(desk.driver.check(office.plans[slug].examples))
    if report.closing:
        what = ", ".join(dict.fromkeys(f"{part.page}: {part.key}" for part in report.closing))
        structlog.get_logger().error("pages_changed", portal=slug, count=len(report.closing))
        office.states.disable_portal(slug, "", PagesChanged(slug, what=what))
    elif slug in stopped_by_check(office):
        office.states.pages_match_again(slug)
    return report
