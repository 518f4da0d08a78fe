"""A portal in a browser context of its own, used without an account: nobody signs in, nothing is kept, nothing is signed out of.

`bots.signin.Session` is a visit under an account. Which portals have none: `bots.signin_map.WITHOUT_ACCOUNT`.
"""

from __future__ import annotations

from typing import Any

import structlog

from bots.browser import Browser, BrowserContext
from bots.errors import NotConfigured
from bots.model import Frozen
from bots.page import Arrived, PageView
from bots.pagemap import PortalMap
from bots.passwords import PasswordPolicy
from bots.vault import password_name
from bots.windows import shut


class Account(Frozen):
    """Where one works and as whom; without a name where the portal has no accounts."""

    portal: str
    name: str
    base_url: str
    help_desk: str = ""
    """Whom staff ask about the account, with number and hours; for sentences."""

    @property
    def secret(self) -> str:
        """The vault's name for the password; "" where there is no account."""
        return password_name(self.portal, self.name) if self.name else ""

    @property
    def details(self) -> dict[str, str]:
        """What every error about this account knows."""
        known = {"account": self.name, "secret": self.secret, "help_desk": self.help_desk}
        return {key: value for key, value in known.items() if value}


class Visit:
    """One browser context at a portal. Not for use by two tasks at once."""

    def __init__(self, account: Account, portal_map: PortalMap, *, browser: Browser) -> None:
        self.account = account
        self.map = portal_map
        self._browser = browser
        self._context: BrowserContext | None = None
        self._view: PageView | None = None
        self._watcher: Arrived | None = None
        self._is_lost = False

    @property
    def view(self) -> PageView:
        if self._view is None:
            raise RuntimeError("not signed in")
        return self._view

    async def ensure(self) -> PageView:
        """A page of the portal from which work can begin; in a new context after the portal forgot what was begun (`lost`)."""
        if self._is_lost:
            await self.renew_context()
        return await self.visit()

    async def visit(self) -> PageView:
        """A page of the portal without signing in, also for what is done before there is an account."""
        if self._context is None:
            await self._open(None)
        return self.view

    def watch(self, arrived: Arrived | None) -> None:
        """From now on ``arrived`` is called with each page that is recognised, those of signing in too; None ends it."""
        self._watcher = arrived
        if self._view is not None:
            self._view.arrived = arrived

    def lost(self) -> None:
        """The portal ended what we were doing; the next `ensure` begins anew."""
        self._is_lost = True

    async def renew_context(self) -> None:
        """The same in a new context, so that the old one's memory goes."""
        old, self._context, self._is_lost = self._context, None, False
        if old is not None:
            await self._open(None)
            await shut(old)

    async def change_password(self, policy: PasswordPolicy) -> None:
        """Raises `NotConfigured`: there is no account."""
        raise NotConfigured(self.account.portal, what="it is used without an account")

    async def close(self) -> None:
        """Closes, on every way out."""
        context, self._context = self._context, None
        if context is not None:
            self._note_drift()
            await shut(context)

    async def _open(self, state: dict[str, Any] | None) -> None:
        self._context = await self._browser.context(state)
        self._view = PageView(await self._context.new_page(), self.map, self.account.base_url, self.account.details)
        self._view.arrived = self._watcher

    def _note_drift(self) -> None:
        for drift in dict.fromkeys(self.view.drift):
            step = drift.key.replace(".", "_")
            structlog.get_logger().warning("page_drifts", portal=self.account.portal, page=drift.page, step=step)
