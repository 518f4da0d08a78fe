"""One-time codes: TOTP (pyotp), e-mail (IMAP), a person. Implements `bots.driver.CodeSource`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from bots.errors import CodeNeeded
from bots.pagemap import CodeMail


class NoCodes:
    """No account has a way to get a code by itself: a person is told."""

    def method(self, portal: str, account: str) -> str:
        return ""

    @asynccontextmanager
    async def taking(self, portal: str, account: str, mail: CodeMail) -> AsyncIterator[Callable[[], Awaitable[str]]]:
        async def ask() -> str:
            raise CodeNeeded(portal, account=account, medium="no other way is set up")

        yield ask
