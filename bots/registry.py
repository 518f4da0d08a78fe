"""Which portals can be driven, and how one is opened. A portal's module is loaded only when it is used."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import date, datetime, timedelta
from importlib import import_module
from types import TracebackType
from typing import TYPE_CHECKING, Self

from bots.errors import NoBotYet, NotConfigured
from bots.model import Frozen
from bots.passwords import PasswordPolicy
from bots.permission import Permission, is_loopback, require_permission

if TYPE_CHECKING:
    from bots.browser import Browser
    from bots.driver import CodeSource, CredentialGate, PortalDriver
    from bots.evidence import Evidence
    from bots.portal import Portal
    from bots.vault import Vault
    from bots.visit import Visit

PORTALS: dict[str, str] = {
    "authorization_manager": "AuthorizationManager",
    "bluecard": "BlueCard",
    "carepartners": "CarePartners",
    "clear_coverage": "ClearCoverage",
    "connect_center": "ConnectCenter",
    "evicore": "Evicore",
    "husky_medical": "HuskyMedical",
    "husky_secure": "HuskySecure",
    "optum_pro": "OptumPro",
    "promptpa": "PromptPa",
    "provider_connect": "ProviderConnect",
}
"""Slug -> class in ``bots/portals/<slug>.py``."""


def has_bot(slug: str) -> bool:
    return slug in PORTALS


def portal_class(slug: str) -> type[Portal]:
    """Raises `NoBotYet`."""
    if slug not in PORTALS:
        raise NoBotYet(slug)
    found: type[Portal] = getattr(import_module(f"bots.portals.{slug}"), PORTALS[slug])
    return found


class PortalAccess(Frozen):
    """Where a portal is and by whose leave it is used. ``selectors`` is the path of an operator's own selector file."""

    base_url: str
    selectors: str = ""
    permission: Permission | None = None
    policy: PasswordPolicy | None = None
    """By which an expired password is changed when the portal wants that; None leaves it to a person."""
    help_desk: str = ""
    """Whom staff ask about an account there, with number and hours."""


class PortalFactory:
    """Opens portals in one browser, which starts with the first portal that is opened and stops on leaving.

    ``today``: the practice's own calendar day, by which permissions begin and end.
    """

    def __init__(
        self,
        portals: Mapping[str, PortalAccess],
        *,
        vault: Vault,
        evidence: Evidence,
        credentials: CredentialGate,
        codes: CodeSource,
        now: Callable[[], datetime],
        today: Callable[[], date],
        browser_path: str = "",
        headless: bool = True,
    ) -> None:
        self._portals = portals
        self._vault = vault
        self._evidence = evidence
        self._credentials = credentials
        self._codes = codes
        self._now = now
        self._today = today
        self._browser_path = browser_path
        self._headless = headless
        self._browser: Browser | None = None
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._stack.aclose()

    @asynccontextmanager
    async def open(self, slug: str, account: str) -> AsyncIterator[PortalDriver]:
        """A portal under an account ("" where it has none); signs out on every way out.

        Raises `NoBotYet`, `NotConfigured`, `NotPermitted`.
        """
        kind = portal_class(slug)
        session = await self._session(slug, account)
        try:
            yield kind(session, self._evidence, self._now)
        finally:
            await session.close()

    async def sign_in(self, slug: str, account: str) -> timedelta:
        """Signs in and leaves it so: `open` goes on with that session. Returns how long the portal keeps it unused."""
        from bots.signin import Session

        portal_class(slug)
        session = await self._session(slug, account)
        if not isinstance(session, Session):
            raise NotConfigured(slug, what="it is used without an account")
        try:
            await session.ensure()
            await session.stay()
        finally:
            await session.close()
        return timedelta(minutes=session.map.sign_in.session_minutes)

    async def _session(self, slug: str, account: str) -> Visit:
        access = self._portals.get(slug)
        if access is None or not access.base_url:
            raise NotConfigured(slug, what="no base_url")
        require_permission(slug, access.base_url, access.permission, self._today())
        from bots.pagemap import SelectorFileError, load_pagemap
        from bots.signin import Session
        from bots.visit import Account, Visit

        try:
            portal_map = load_pagemap(slug, access.selectors)
        except SelectorFileError as error:
            raise NotConfigured(slug, what=f"its selector file cannot be used: {error}") from error
        who = Account(portal=slug, name=account, base_url=access.base_url, help_desk=access.help_desk)
        browser = await self._started()
        if portal_map.account is None:
            return Visit(who, portal_map, browser=browser)
        return Session(
            who,
            portal_map,
            browser=browser,
            vault=self._vault,
            states=self._evidence,
            credentials=self._credentials,
            codes=self._codes,
            now=self._now,
            policy=access.policy,
        )

    async def _started(self) -> Browser:
        if self._browser is None:
            from bots.browser import Browser

            loopback_only = all(is_loopback(access.base_url) for access in self._portals.values() if access.base_url)
            browser = Browser(path=self._browser_path, headless=self._headless, loopback_only=loopback_only)
            self._browser = await self._stack.enter_async_context(browser)
        return self._browser
