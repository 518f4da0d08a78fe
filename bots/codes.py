"""One-time codes: TOTP (pyotp), e-mail (IMAP), a person. `Codes` is the `bots.driver.CodeSource` of the product.

A time step of a TOTP secret is used once by all processes together: portals refuse it the second time. A mailbox is taken
before the portal is asked, and held until the code was given, so that two accounts never read each other's code. Codes stand in
no error and no log.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import parse_qsl, urlsplit

import pyotp

from bots.code_mail import Mailbox, MailboxError, MailServer, NoAnswer, SignInRefused, UnclearCode
from bots.errors import (
    BotError,
    CodeExpired,
    CodeNeeded,
    CodeNotArrived,
    MailboxBusy,
    MailboxDown,
    MailboxRefused,
    MailboxSlow,
    NotConfigured,
    PageChanged,
)
from bots.model import Frozen
from bots.vault import mailbox_name, totp_name

if TYPE_CHECKING:
    from bots.driver import CodeGate
    from bots.signin_map import CodeMail
    from bots.vault import Vault

T = TypeVar("T")
AskCode = Callable[[], Awaitable[str]]
AskPerson = Callable[[str, str], Awaitable[str]]
"""Portal and account -> the code that a person typed, "" for none."""

LEAST_LEFT = 8.0
"""Seconds that a time step must still have: the code is typed, sent and looked at within them."""
LOOK_EVERY = 2.0
"""Seconds between two looks into a mailbox."""
MAIL_SECONDS = 15.0
"""How long a mail server may take for one answer."""
HOLD_SECONDS = 600.0
"""How long an account waits for a mailbox that another one is using."""


class CodeWay(Frozen):
    """How one portal's accounts get their codes. ``method``: totp, email or person; the rest is for e-mail."""

    method: str
    server: MailServer | None = None
    mailboxes: dict[str, str] = {}
    """Account -> user name of its mailbox."""


class Codes:
    """``ways``: portal -> how its accounts get their codes.

    ``person`` asks somebody who is there; None: nobody is. ``person_first``: that person is asked for every code, and else only
    for those that no other way is set up for.
    """

    def __init__(
        self,
        ways: Mapping[str, CodeWay],
        *,
        vault: Vault,
        gate: CodeGate,
        now: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        person: AskPerson | None = None,
        person_first: bool = True,
        mail_seconds: float = MAIL_SECONDS,
        hold_seconds: float = HOLD_SECONDS,
    ) -> None:
        self._ways = ways
        self._vault = vault
        self._gate = gate
        self._now = now
        self._sleep = sleep
        self._person = person
        self._person_first = person_first
        self._mail_seconds = mail_seconds
        self._hold_seconds = hold_seconds

    def method(self, portal: str, account: str) -> str:
        """See `bots.driver.CodeSource.method`."""
        way = self._ways.get(portal)
        if self._person is not None:
            return way.method if way is not None else "person"
        return way.method if way is not None and way.method != "person" else ""

    @asynccontextmanager
    async def taking(self, portal: str, account: str, mail: CodeMail) -> AsyncIterator[AskCode]:
        """See `bots.driver.CodeSource.taking`."""
        method = self.method(portal, account)
        if method in ("", "person") or (self._person is not None and self._person_first):
            yield lambda: self._ask_person(portal, account)
        elif method == "totp":
            totp = self._authenticator(portal, account)
            yield lambda: self._next_code(totp)
        else:
            async with self._mailed(portal, account, self._ways[portal], mail) as ask:
                yield ask

    # --- a person ------------------------------------------------------------------------------------------------

    async def _ask_person(self, portal: str, account: str) -> str:
        code = (await self._person(portal, account)).strip() if self._person else ""
        if not code:
            medium = "none was typed" if self._person else "no other way is set up"
            raise CodeNeeded(portal, account=account, medium=medium)
        return code

    # --- TOTP ----------------------------------------------------------------------------------------------------

    def _authenticator(self, portal: str, account: str) -> pyotp.TOTP:
        name = totp_name(portal, account)
        secret = self._vault.find(name)
        if secret is None:
            raise NotConfigured(portal, what=f"no secret {name} for its one-time codes")
        totp = read_totp(secret.reveal())
        if totp is None:
            raise NotConfigured(portal, what=f"the secret {name} is no TOTP secret")
        return totp

    async def _next_code(self, totp: pyotp.TOTP) -> str:
        """The code of the first time step from now on that has enough time left and that nobody has used."""
        key = self._vault.fingerprint(totp.secret)
        while True:
            step, into = divmod(self._now().timestamp(), totp.interval)
            left = totp.interval - into
            if left >= LEAST_LEFT and self._gate.claim(key, int(step)):
                return totp.generate_otp(int(step))
            await self._sleep(left)

    # --- e-mail --------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def _mailed(self, portal: str, account: str, way: CodeWay, mail: CodeMail) -> AsyncIterator[AskCode]:
        user = way.mailboxes.get(account, "")
        if way.server is None or not user:
            raise NotConfigured(portal, what=f"no mailbox for the codes of account {account}")
        password = self._vault.find(mailbox_name(user))
        if password is None:
            raise NotConfigured(portal, what=f"no password {mailbox_name(user)}")
        box = Mailbox(way.server, user, password, seconds=self._mail_seconds)
        async with AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(self._hold_seconds):
                    await stack.enter_async_context(self._gate.hold(self._vault.fingerprint(user)))
            except TimeoutError:
                raise MailboxBusy(portal, account=account) from None
            run = await stack.enter_async_context(_own_thread(box))
            try:
                await run(box.open)
            except MailboxError as error:
                raise _told(error, portal, account, user) from None
            taken = self._now()

            async def ask() -> str:
                try:
                    code = await self._arrived(lambda: run(lambda: box.newest_code(mail)), taken, mail)
                except MailboxError as error:
                    raise _told(error, portal, account, user) from None
                if not code:
                    raise CodeNotArrived(portal, account=account)
                if self._now() - taken > timedelta(seconds=mail.good_for):
                    raise CodeExpired(portal, account=account)
                return code

            yield ask

    async def _arrived(self, look: Callable[[], Awaitable[str]], taken: datetime, mail: CodeMail) -> str:
        """The code, as soon as a look finds one; "" when none came in time."""
        while not (code := await look()):
            if self._now() - taken > timedelta(seconds=mail.arrives_within):
                return ""
            await self._sleep(LOOK_EVERY)
        return code


def _told(error: MailboxError, portal: str, account: str, user: str) -> BotError:
    """A mailbox's failure as one of an account."""
    who = {"account": account, "mail_secret": mailbox_name(user)}
    match error:
        case SignInRefused():
            return MailboxRefused(portal, **who)
        case NoAnswer():
            return MailboxSlow(portal, **who)
        case UnclearCode():
            what = "several numbers that could be the code"
            return PageChanged(portal, page="(e-mail)", key="sign_in.code.mail.code", what=what, **who)
        case _:
            return MailboxDown(portal, what=str(error), **who)


@asynccontextmanager
async def _own_thread(box: Mailbox) -> AsyncIterator[Callable[[Callable[[], T]], Awaitable[T]]]:
    """Runs a mailbox's blocking calls one after the other beside the event loop; leaving closes the mailbox."""
    loop, executor = asyncio.get_running_loop(), ThreadPoolExecutor(max_workers=1, thread_name_prefix="mailbox")

    async def run(work: Callable[[], T]) -> T:
        return await loop.run_in_executor(executor, work)

    try:
        yield run
    finally:
        await run(box.close)
        executor.shutdown(wait=False)


class _Totp(pyotp.TOTP):
    """Takes secrets of any length: the portal makes them, and many still have the 80 bits that pyotp now refuses."""

    def byte_secret(self) -> bytes:
        return base64.b32decode(self.secret + "=" * (-len(self.secret) % 8))


_DIGESTS = {"SHA1": hashlib.sha1, "SHA256": hashlib.sha256, "SHA512": hashlib.sha512}


def read_totp(text: str) -> pyotp.TOTP | None:
    """The generator of a secret: in base 32 as portals show it (spaces, lower case), or the whole ``otpauth://totp/`` address.

    None when it is neither.
    """
    parts = urlsplit(text.strip())
    if parts.scheme == "otpauth" and parts.netloc != "totp":
        return None
    told = dict(parse_qsl(parts.query)) if parts.scheme == "otpauth" else {"secret": text}
    secret = re.sub(r"[\s=-]", "", told.get("secret", "")).upper()
    try:
        totp = _Totp(
            secret,
            digits=int(told.get("digits", "6")),
            digest=_DIGESTS[told.get("algorithm", "SHA1").upper()],
            interval=int(told.get("period", "30")),
        )
        return totp if secret and totp.generate_otp(0) else None
    except (ValueError, KeyError):  # binascii.Error is a ValueError
        return None
