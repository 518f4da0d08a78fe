"""Signs in once, checks that it worked, keeps the signed-in state sealed until we are signed out.

A saved state means that a run was cut off: it is taken up again when the portal still honours it, so that its session can be
signed out properly. A rejected password is never tried again: `CredentialGate` knows it before anything is typed. After the
password a portal may ask for a one-time code, on a page for itself or after one that offers ways; a code is given once. It may
also want a new password (`bots.passwords`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from bots.browser import Browser, PlaywrightError
from bots.errors import (
    AccountInUse,
    BotError,
    CodeNeeded,
    CodeRejected,
    NewPasswordRefused,
    NotConfigured,
    PageChanged,
    PasswordChangeUnclear,
    PasswordExpired,
    PasswordNotChanged,
    SessionLost,
    StillSignedIn,
    TermsChanged,
)
from bots.page import PageView
from bots.pagemap import PortalMap
from bots.passwords import KeptPasswords, PasswordPolicy, Passwords
from bots.signin_map import ChangePasswordMap, CodeMap
from bots.visit import Account, Visit
from bots.windows import shut

if TYPE_CHECKING:
    from bots.driver import CodeSource, CredentialGate
    from bots.vault import Vault

AskCode = Callable[[], Awaitable[str]]

SIGN_OUT_SECONDS = 15.0
LEFT_ALONE = {"left_alone": True}
"""Kept in the place of a sign-in state: the portal keeps the account closed, and trying again would only begin that anew."""
MAX_PASS_BY = 6
"""Pages passed by between password and home; more than this is a loop."""


class StateStore(Protocol):
    """Keeps sign-in states sealed (``bots.evidence.Evidence``)."""

    def save_state(self, slug: str, account: str, state: dict[str, Any], expires_at: datetime) -> None: ...
    def load_state(self, slug: str, account: str, now: datetime) -> dict[str, Any] | None: ...
    def drop_state(self, slug: str, account: str) -> None: ...


class Session(Visit):
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
        policy: PasswordPolicy | None = None,
    ) -> None:
        super().__init__(account, portal_map, browser=browser)
        self._states = states
        self._codes = codes
        self._now = now
        self._policy = policy
        kept = KeptPasswords(vault, account.portal, account.name)
        self.passwords = Passwords(kept, credentials, account.portal, account.name, lambda: portal_map.day_of(self._now()))
        self.signed_in = False
        self._password_sent = False
        self._save_again_at = datetime.max.replace(tzinfo=UTC)

    async def ensure(self) -> PageView:
        """A signed-in page: the running session, a saved one that still lives, or a new sign-in."""
        if self.signed_in:
            if self._now() >= self._save_again_at:
                await self._save()
            return self.view
        cut_off = False
        if self._context is None:
            saved = self._states.load_state(self.account.portal, self.account.name, self._now())
            if saved == LEFT_ALONE:
                raise StillSignedIn(self.account.portal, **self.account.details)
            cut_off = saved is not None
            await self._open(saved)
            if saved is not None and await self._still_in():
                self.signed_in = True
                await self._save()
                return self.view
        try:
            await self._sign_in(cut_off=cut_off)
        except PasswordChangeUnclear:
            await self._sign_in_anew()  # finds out which password holds
        except StillSignedIn:
            self._leave_alone()
            raise
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
        await shut(old)

    async def stay(self) -> None:
        """Leaves without signing out: whoever opens this account next goes on with the session, while the portal keeps it."""
        await self._save()
        context, self._context = self._context, None
        self.signed_in = self._password_sent = False
        if context is not None:
            await shut(context)

    async def close(self) -> None:
        """Signs out and closes, on every way out. A sign-out that fails leaves the saved state for the next run to take up."""
        context, self._context = self._context, None
        if context is None:
            return
        self._note_drift()
        try:
            if self.signed_in or self._password_sent:
                async with asyncio.timeout(SIGN_OUT_SECONDS):
                    await self._sign_out()
                self._states.drop_state(self.account.portal, self.account.name)
        except (BotError, PlaywrightError, TimeoutError):
            pass
        finally:
            self.signed_in = self._password_sent = False
            await shut(context)

    async def _still_in(self) -> bool:
        sign_in = self.map.sign_in
        try:
            with self.view.signing_in():
                return await self.view.goto(sign_in.landed, sign_in.page) == sign_in.landed
        except SessionLost:  # told on a page of its own
            return False

    async def _sign_in(self, *, cut_off: bool) -> None:
        sign_in, view = self.map.sign_in, self.view
        with view.signing_in():
            if sign_in.banner_page:
                await view.goto(sign_in.banner_page)
            if await view.goto(sign_in.page, sign_in.landed) == sign_in.page:
                async with self._taking_code() as ask_code:
                    seen = await self.passwords.sign_in(self._type_password, lambda: self._press_once(sign_in.action))
                    await self._pass_by(seen, ask_code, cut_off=cut_off)
        self.signed_in = True
        await self._save()

    async def _type_password(self, password: str) -> None:
        sign_in, view = self.map.sign_in, self.view
        if self._password_sent:  # the answer to the last one still stands there
            await view.goto(sign_in.page)
        self._password_sent = True
        by_email = "@" in self.account.name
        if sign_in.name_kind:  # first: another choice brings another box
            await view.fill(**{sign_in.name_kind: "email" if by_email else "id"})
        await view.fill(**{(by_email and sign_in.email) or sign_in.username: self.account.name})
        if sign_in.next:
            await view.fill(**sign_in.also)
            await view.press(sign_in.next)
            await view.fill(**{sign_in.password: password})
        else:
            await view.fill(**{sign_in.password: password, **sign_in.also})

    @asynccontextmanager
    async def _taking_code(self) -> AsyncIterator[AskCode | None]:
        """Where the code would come from, taken before the password makes the portal send one. None: it never asks for one."""
        code = self.map.sign_in.code
        if code is None:
            yield None
            return
        async with self._codes.taking(self.account.portal, self.account.name, code.mail) as ask:
            yield ask

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
            elif sign_in.change_password and seen == sign_in.change_password.page:
                seen = await self._change_when_told(sign_in.change_password)
                if seen == sign_in.page:  # the portal wants to see that the new one is known
                    seen = await self.passwords.sign_in(self._type_password, lambda: self._press_once(sign_in.action))
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
        if method == "person" and len(code.methods) == 1:
            method = next(iter(code.methods))
        if method not in code.methods:
            # Pressing any other way would send a code to somebody who does not wait for it.
            medium = "nobody is there to give it" if method in ("", "person") else f"the portal offers none by {method}"
            raise CodeNeeded(self.account.portal, account=self.account.name, medium=medium)
        return await self.view.press(code.methods[method])

    async def _give_code(self, code: CodeMap, ask_code: AskCode) -> str:
        await self.view.fill(**{code.field: await ask_code()})
        return await self.view.press(code.action)

    async def change_password(self, policy: PasswordPolicy) -> None:
        """Gives the account a new password, unless signing in has just done so because the portal wanted it.

        Raises `NewPasswordRefused`, `PasswordNotChanged`, `PasswordChangeUnclear`, `NotConfigured` (the portal offers no page for
        it that we know), and all that signing in raises.
        """
        change, self._policy = self.map.sign_in.change_password, policy
        if change is None or not self.map.pages[change.page].path:
            raise NotConfigured(self.account.portal, what="PriorBot knows no page on which it could change a password there")
        before = self.passwords.changes
        try:
            if self.passwords.entered is None:
                await self._sign_in_anew()
            if self.passwords.changes == before:
                with self.view.signing_in():
                    await self.view.goto(change.page)
                    if await self._give_new_password(change, policy) == self.map.sign_in.page:
                        self.lost()
        except PasswordChangeUnclear as error:
            await self._sign_in_anew()
            if self.passwords.kept.pending is not None:
                raise PasswordNotChanged(self.account.portal, account=self.account.name) from error

    async def _change_when_told(self, change: ChangePasswordMap) -> str:
        if self._policy is None:
            raise PasswordExpired(self.account.portal, **self.account.details)
        return await self._give_new_password(change, self._policy)

    async def _give_new_password(self, change: ChangePasswordMap, policy: PasswordPolicy) -> str:
        view = self.view

        async def fill(old: str, new: str) -> None:
            typed = {change.old: old, change.new: new, change.again: new}
            await view.fill(**{key: value for key, value in typed.items() if key})

        async def press() -> str:
            seen = await self._press_once(change.action)
            if seen == change.page:
                raise NewPasswordRefused(self.account.portal, reason="in words that we do not know", **self.account.details)
            return seen

        return await self.passwords.change(policy, fill, press)

    async def _press_once(self, key: str) -> str:
        """Presses what sends a password. Where the file says by which request (``commit``), that leaves the browser at most once:
        a browser that sends it again by itself would use up tries."""
        if not self.map.pages[self.view.here].actions[key].commit:
            return await self.view.press(key)
        async with self.view.commit(key) as click:
            return await click()

    async def _sign_in_anew(self) -> None:
        """With the password, in a new context; an older session of ours may still be open at the portal."""
        cut_off = self._context is not None
        if self._context is None:
            cut_off = self._states.load_state(self.account.portal, self.account.name, self._now()) is not None
        else:
            await shut(self._context)
        self.signed_in = self._password_sent = False
        await self._open(None)
        await self._sign_in(cut_off=cut_off)

    async def _save(self) -> None:
        if self._context is None:
            return
        # The portal counts its idle time from the last use, so a long run keeps its saved state as young as that.
        idle = timedelta(minutes=self.map.sign_in.session_minutes)
        expires, self._save_again_at = self._now() + idle, self._now() + idle / 4
        state = await self._context.storage_state()
        self._states.save_state(self.account.portal, self.account.name, dict(state), expires)

    def _leave_alone(self) -> None:
        """Until the portal has forgotten the session that was not signed out, nobody of ours tries this account again."""
        self._password_sent = False  # so that closing signs nothing out and keeps what is noted here
        until = self._now() + timedelta(minutes=self.map.sign_in.session_minutes)
        self._states.save_state(self.account.portal, self.account.name, LEFT_ALONE, until)

    async def _sign_out(self) -> None:
        sign_in, view = self.map.sign_in, self.view
        with view.signing_in():
            with suppress(PageChanged):  # something may lie over it
                if await view.leave(sign_in.landed, sign_in.sign_out):
                    return
            if await view.goto(sign_in.landed, sign_in.page) == sign_in.landed:
                await view.press(sign_in.sign_out)
