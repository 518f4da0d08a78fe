"""Signs in once, checks that it worked, keeps the signed-in state sealed until we are signed out.

A saved state means that a run was cut off: it is taken up again when the portal still honours it, so that its session can be
signed out properly. A rejected password is never tried again: `CredentialGate` knows it before anything is typed. After the
password a portal may ask for a one-time code, on a page for itself or after one that offers ways; a code is given once.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

import structlog

from bots.browser import Browser, BrowserContext, PlaywrightError
from bots.errors import (
    AccountInUse,
    BotError,
    CodeNeeded,
    CodeRejected,
    NotConfigured,
    PasswordRejected,
    PortalDown,
    RateLimited,
    SessionLost,
    TermsChanged,
)
from bots.model import Frozen
from bots.page import PageView
from bots.pagemap import CodeMap, PortalMap

if TYPE_CHECKING:
    from bots.driver import CodeSource, CredentialGate
    from bots.vault import Secret, Vault

AskCode = Callable[[], Awaitable[str]]

SIGN_OUT_SECONDS = 15.0
MAX_PASS_BY = 6
"""Pages passed by between password and home; more than this is a loop."""


class Account(Frozen):
    """Where one signs in and as whom."""

    portal: str
    name: str
    base_url: str

    @property
    def secret(self) -> str:
        """The vault's name for the password."""
        return f"portals.{self.portal}.{self.name}.password"


class StateStore(Protocol):
    """Keeps sign-in states sealed (``bots.evidence.Evidence``)."""

    def save_state(self, slug: str, account: str, state: dict[str, Any], expires_at: datetime) -> None: ...
    def load_state(self, slug: str, account: str, now: datetime) -> dict[str, Any] | None: ...
    def drop_state(self, slug: str, account: str) -> None: ...


class Session:
    """One account's signed-in browser context. Not for use by two tasks at once."""

    def __init__(
        self,
        account: Account,
        portal_map: PortalMap,
        *,
        browser: Browser,
        vault: Vault,
        states: StateStore,
        credentials: CredentialGate,
        codes: CodeSource,
        now: Any,
    ) -> None:
        self.account = account
        self.map = portal_map
        self._browser = browser
        self._vault = vault
        self._states = states
        self._credentials = credentials
        self._codes = codes
        self._now = now
        self._context: BrowserContext | None = None
        self._view: PageView | None = None
        self.signed_in = False
        self._password_sent = False
        self._save_again_at = datetime.max.replace(tzinfo=UTC)

    @property
    def view(self) -> PageView:
        if self._view is None:
            raise RuntimeError("not signed in")
        return self._view

    async def ensure(self) -> PageView:
        """A signed-in page: the running session, a saved one that still lives, or a new sign-in."""
        if self.signed_in:
            if self._now() >= self._save_again_at:
                await self._save()
            return self.view
        cut_off = False
        if self._context is None:
            saved = self._states.load_state(self.account.portal, self.account.name, self._now())
            cut_off = saved is not None
            await self._open(saved)
            if saved is not None and await self._still_in():
                self.signed_in = True
                await self._save()
                return self.view
        await self._sign_in(cut_off=cut_off)
        return self.view

    def lost(self) -> None:
        """The portal ended the session; the next `ensure` signs in anew."""
        self.signed_in = False

    async def renew_context(self) -> None:
        """The same session in a new context, so that the old one's memory goes."""
        if self._context is None or not self.signed_in:
            return
        old, here = self._context, await self._context.storage_state()
        await self._open(dict(here))
        await old.close()

    async def close(self) -> None:
        """Signs out and closes, on every way out. A sign-out that fails leaves the saved state for the next run to take up."""
        context, self._context = self._context, None
        if context is None:
            return
        for drift in dict.fromkeys(self.view.drift):
            step = drift.key.replace(".", "_")
            structlog.get_logger().warning("page_drifts", portal=self.account.portal, page=drift.page, step=step)
        try:
            if self.signed_in or self._password_sent:
                async with asyncio.timeout(SIGN_OUT_SECONDS):
                    await self._sign_out()
                self._states.drop_state(self.account.portal, self.account.name)
        except (BotError, PlaywrightError, TimeoutError):
            pass
        finally:
            self.signed_in = self._password_sent = False
            await context.close()

    async def _open(self, state: dict[str, Any] | None) -> None:
        self._context = await self._browser.context(state)
        details = {"account": self.account.name, "secret": self.account.secret}
        self._view = PageView(await self._context.new_page(), self.map, self.account.base_url, details)

    async def _still_in(self) -> bool:
        sign_in = self.map.sign_in
        async with self.view.signing_in():
            return await self.view.goto(sign_in.landed, sign_in.page) == sign_in.landed

    async def _sign_in(self, *, cut_off: bool) -> None:
        sign_in, view = self.map.sign_in, self.view
        password = self._vault.find(self.account.secret)
        if password is None:
            raise NotConfigured(self.account.portal, what=f"no password for account {self.account.name}")
        async with view.signing_in():
            if sign_in.banner_page:
                await view.goto(sign_in.banner_page)
            if await view.goto(sign_in.page, sign_in.landed) == sign_in.page:
                async with self._taking_code() as ask_code:
                    seen = await self._give_password(password)
                    await self._pass_by(seen, ask_code, cut_off=cut_off)
        self.signed_in = True
        await self._save()

    @asynccontextmanager
    async def _taking_code(self) -> AsyncIterator[AskCode | None]:
        """Where the code would come from, taken before the password makes the portal send one. None: it never asks for one."""
        code = self.map.sign_in.code
        if code is None:
            yield None
            return
        async with self._codes.taking(self.account.portal, self.account.name, code.mail) as ask:
            yield ask

    async def _give_password(self, password: Secret) -> str:
        """Types and sends the password; returns what is seen then. The gate knows of it at every moment."""
        sign_in, view = self.map.sign_in, self.view
        fingerprint = self._vault.fingerprint(f"{self.account.secret}\n{password.reveal()}")
        who = (self.account.portal, self.account.name, fingerprint)
        self._credentials.trying(*who)
        self._password_sent = True
        try:
            await view.fill(**{sign_in.username: self.account.name, sign_in.password: password.reveal()})
        except BotError:
            self._credentials.unjudged(*who)  # nothing was sent
            raise
        try:
            seen = await view.press(sign_in.action)
        except PasswordRejected:
            self._credentials.rejected(*who)
            raise
        except (PortalDown, RateLimited) as error:
            if _turned_away(error):
                self._credentials.unjudged(*who)
            raise
        self._credentials.accepted(*who)
        return seen

    async def _pass_by(self, seen: str, ask_code: AskCode | None, *, cut_off: bool) -> None:
        """From the page after the password to ``landed``: a code, an older session of ours, pages without meaning."""
        sign_in, view, given = self.map.sign_in, self.view, False
        for _ in range(MAX_PASS_BY):
            if seen == sign_in.landed:
                return
            if seen and seen == sign_in.in_use:
                if not cut_off:
                    raise AccountInUse(self.account.portal, account=self.account.name)
                seen = await view.press("take_over")
            elif seen in sign_in.pass_by:
                seen = await view.press(sign_in.pass_by[seen])
            elif sign_in.code and seen and seen == sign_in.code.method_page:
                seen = await self._choose_method(sign_in.code)
            elif sign_in.code and ask_code and seen == sign_in.code.page:
                if given:  # asked again without a word that we know: it was not taken, and a second one may lock the account
                    raise CodeRejected(self.account.portal, account=self.account.name)
                given, seen = True, await self._give_code(sign_in.code, ask_code)
            else:
                break
        if seen == sign_in.page:
            raise SessionLost(self.account.portal, account=self.account.name)
        raise TermsChanged(self.account.portal, account=self.account.name)

    async def _choose_method(self, code: CodeMap) -> str:
        method = self._codes.method(self.account.portal, self.account.name)
        if method not in code.methods:
            # Pressing any other way would send a code to somebody who does not wait for it.
            medium = "nobody is there to give it" if method in ("", "person") else f"the portal offers none by {method}"
            raise CodeNeeded(self.account.portal, account=self.account.name, medium=medium)
        return await self.view.press(code.methods[method])

    async def _give_code(self, code: CodeMap, ask_code: AskCode) -> str:
        await self.view.fill(**{code.field: await ask_code()})
        return await self.view.press(code.action)

    async def _save(self) -> None:
        if self._context is None:
            return
        # The portal counts its idle time from the last use, so a long run keeps its saved state as young as that.
        idle = timedelta(minutes=self.map.sign_in.session_minutes)
        expires, self._save_again_at = self._now() + idle, self._now() + idle / 4
        state = await self._context.storage_state()
        self._states.save_state(self.account.portal, self.account.name, dict(state), expires)

    async def _sign_out(self) -> None:
        sign_in, view = self.map.sign_in, self.view
        async with view.signing_in():
            if await view.leave(sign_in.landed, sign_in.sign_out):
                return
            if await view.goto(sign_in.landed, sign_in.page) == sign_in.landed:
                await view.press(sign_in.sign_out)


def _turned_away(error: BotError) -> bool:
    """Whether the portal certainly did not look at the password: its outage page, 503 or "too many requests" came instead.

    Any other error may have come after it was looked at, and a broken connection says nothing.
    """
    return bool(error.details.get("turned_away") or error.details.get("reason"))
