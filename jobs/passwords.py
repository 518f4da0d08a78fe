"""Passwords that run out (rule H18): which are due for a new one, and giving it before the portal wants it.

Only portals whose settings say ``change_password`` are touched. How a password is changed so that a crash loses nothing
stands in `bots.passwords`; when it was changed is kept in the vault.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, timedelta

import structlog

from bots.errors import Action, BotError, PasswordChangeUnclear
from bots.model import Frozen
from bots.passwords import KeptPasswords
from bots.vault import Vault
from jobs.office import Office, admitted, at_desk
from jobs.portal_settings import PORTAL_SLUGS
from jobs.retries import in_time
from jobs.rule_schema import PasswordRule
from jobs.submit import count_failure, stop_account


class AccountBusy(Exception):
    """Another PriorBot works with the account. ``sentence`` is for staff."""

    def __init__(self, slug: str, account: str) -> None:
        super().__init__(
            f"Another PriorBot is working with account {account} of {slug}. Nothing was done. Wait until it has ended."
        )

    @property
    def sentence(self) -> str:
        return str(self)


class Due(Frozen):
    """A password that is to be changed. ``runs_out`` is the first day on which the portal wants a new one."""

    portal: str
    account: str
    rule: PasswordRule
    runs_out: date


def passwords_due(
    vault: Vault, rules: Mapping[str, PasswordRule], accounts: Mapping[str, Collection[str]], today: date
) -> tuple[Due, ...]:
    """The accounts of these portals whose password is old enough. One whose age nobody knows waits until the portal wants it."""
    found = []
    for slug, rule in rules.items():
        for account in accounts.get(slug, ()):
            since = KeptPasswords(vault, slug, account).changed_on
            if since is not None and (today - since).days >= rule.change_after_days:
                runs_out = since + timedelta(days=rule.max_age_days)
                found.append(Due(portal=slug, account=account, rule=rule, runs_out=runs_out))
    return tuple(found)


async def change_due(office: Office, due: Collection[Due], *, portals: Collection[str] | None = None) -> int:
    """Changes the passwords that are due, on portals that may be used now. Returns how many were.

    What cannot be changed is left for the next time, or told to a person as any failure to sign in is.
    """
    changed = 0
    for each in due:
        slug, account = each.portal, each.account
        if (portals is not None and slug not in portals) or account not in office.accounts(slug):
            continue
        if office.plans[slug].next_open(office.now()) <= office.now():
            async with admitted(office, slug) as may:
                changed += may and await _try_change(office, slug, account, each.rule)
    return changed


async def _try_change(office: Office, slug: str, account: str, rule: PasswordRule) -> bool:
    try:
        await change_one(office, slug, account, rule)
    except AccountBusy:
        return False
    except BotError as error:
        structlog.get_logger().error("password_not_changed", portal=slug, account=account, error_code=error.code)
        count_failure(office, slug, error)
        if error.action is Action.PERSON_PORTAL:
            stop_account(office, slug, account, error)
        return False
    office.states.worked(slug)
    return True


async def change_one(office: Office, slug: str, account: str, rule: PasswordRule) -> None:
    """Gives one account a new password. Raises `AccountBusy`, and what `bots.driver.PortalDriver.change_password` raises;
    `PasswordChangeUnclear` also when the browser never comes to an end."""
    async with at_desk(office, slug, account) as desk:
        if desk is None:
            raise AccountBusy(slug, account)
        try:
            await in_time(desk.driver.change_password(rule))
        except TimeoutError:
            raise PasswordChangeUnclear(slug, account=account) from None
    structlog.get_logger().info("password_changed", portal=slug, account=account)


def keep_secret(vault: Vault, name: str, value: str, today: date) -> None:
    """A secret that a person gives. An account's password counts as new today."""
    slug, _, account = name.removeprefix("portals.").removesuffix(".password").partition(".")
    if name.startswith("portals.") and name.endswith(".password") and slug in PORTAL_SLUGS and account:
        KeptPasswords(vault, slug, account).set_by_person(value, today)
    else:
        vault.set(name, value)
