"""Passwords of portal accounts: how one is made, kept, tried, and changed so that a crash anywhere leaves an account that opens.

The vault holds an account's confirmed password, at most one pending password, and keyed fingerprints of those it had. A new
password is pending, on the disk, before it is sent, and takes the confirmed one's place when the portal is seen to have taken
it. Signing in tries the confirmed one; when the portal rejects that and there is a pending one, it tries that, once. A pending
password is offered again at the next change until it is confirmed or refused, so that the one the portal may have taken is never
lost. Rules of a password: seed 4, as data in the payers' rules (H18).
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Awaitable, Callable
from datetime import date
from typing import TYPE_CHECKING

import msgspec

from bots.errors import (
    BotError,
    NewPasswordRefused,
    NotConfigured,
    PasswordChangeUnclear,
    PasswordRejected,
    PasswordUnsure,
    PortalDown,
    RateLimited,
    StillSignedIn,
)
from bots.model import Frozen
from bots.vault import Secret, password_name

if TYPE_CHECKING:
    from bots.driver import CredentialGate
    from bots.vault import Vault

LENGTH = 16
"""Characters of a new password, unless the portal wants more. Old portals cut off what is much longer."""
FINGERPRINTS_KEPT = 100
"""More than any portal remembers."""
PAST = ".past"
"""Ends the name under which the vault keeps what was, beside a password; no secret that a person gave."""


class PasswordPolicy(Frozen):
    """What a portal's password must be (rule H18). ``specials`` are characters that every page of the portal allows."""

    min_length: int
    specials: str
    remembered: int
    """So many earlier passwords are refused."""
    max_age_days: int
    change_after_days: int
    """Our own: from this day on it is changed without being asked for."""

    def allows(self, password: str, username: str) -> bool:
        """Whether a password follows the rule (its history apart). Pure."""
        kinds = (string.ascii_letters, string.digits, self.specials)
        return (
            len(password) >= self.min_length
            and all(any(char in kind for char in password) for kind in kinds)
            and all(char in "".join(kinds) for char in password)
            and username.casefold() not in password.casefold()
        )


def generate(policy: PasswordPolicy, username: str) -> str:
    """A random password that follows the rule; it begins with a letter."""
    kinds = (string.ascii_letters, string.digits, policy.specials)
    length = max(LENGTH, policy.min_length)
    while True:
        rest = "".join(secrets.choice("".join(kinds)) for _ in range(length - 1))
        password = secrets.choice(string.ascii_letters) + rest
        if policy.allows(password, username):
            return password


class _Past(Frozen):
    """Kept beside a password: since when it holds, and fingerprints of all there were, the newest last."""

    changed_on: date | None = None
    used: tuple[str, ...] = ()


class KeptPasswords:
    """One account's passwords in the vault. Each change of them is one write of the vault's file."""

    def __init__(self, vault: Vault, portal: str, account: str) -> None:
        self._vault = vault
        self._account = account
        self.name = password_name(portal, account)
        self._pending, self._past = f"{self.name}.pending", f"{self.name}.past"

    @property
    def confirmed(self) -> Secret | None:
        return self._vault.find(self.name)

    @property
    def pending(self) -> Secret | None:
        return self._vault.find(self._pending)

    @property
    def changed_on(self) -> date | None:
        """First day of the confirmed password; None when nobody knows."""
        return self._read_past().changed_on

    def fingerprint(self, password: Secret) -> str:
        """The keyed hash under which `CredentialGate` and the list of used passwords know it."""
        return self._vault.fingerprint(f"{self.name}\n{password.reveal()}")

    def propose(self, policy: PasswordPolicy) -> Secret:
        """A password to change to, pending on the disk: the one that waits there, or a new one."""
        if (waiting := self.pending) is not None:
            return waiting
        refused = set(self._read_past().used[-max(policy.remembered, 1) :])
        while True:
            new = Secret(generate(policy, self._account))
            if self.fingerprint(new) not in refused:
                self._vault.set(self._pending, new.reveal())
                return new

    def confirm(self, today: date) -> None:
        """The pending password is the account's: it takes the confirmed one's place."""
        if (new := self.pending) is not None:
            self._keep(new, today)

    def drop_pending(self) -> None:
        """The portal certainly does not have it."""
        self._vault.update({self._pending: None})

    def set_by_person(self, password: str, today: date) -> None:
        """A person says what the password is. A pending one stays: it may be the portal's all the same."""
        self._keep(Secret(password), today)

    def _keep(self, password: Secret, today: date) -> None:
        before, waiting = self.confirmed, self.pending
        same = before is not None and before.reveal() == password.reveal()
        past = self._read_past()
        marks = [self.fingerprint(each) for each in (before, password) if each is not None]
        used = tuple(dict.fromkeys([*(mark for mark in past.used if mark not in marks), *marks]))[-FINGERPRINTS_KEPT:]
        now = _Past(changed_on=past.changed_on if same and past.changed_on else today, used=used)
        values: dict[str, str | None] = {self.name: password.reveal(), self._past: msgspec.json.encode(now).decode()}
        if waiting is not None and waiting.reveal() == password.reveal():
            values[self._pending] = None
        self._vault.update(values)

    def _read_past(self) -> _Past:
        kept = self._vault.find(self._past)
        return _Past() if kept is None else msgspec.json.decode(kept.reveal(), type=_Past)


Fill = Callable[[str], Awaitable[None]]
FillChange = Callable[[str, str], Awaitable[None]]
Press = Callable[[], Awaitable[str]]


class Passwords:
    """The passwords of one account at one portal, while it is signed in to. What the pages are like is the caller's matter."""

    def __init__(self, kept: KeptPasswords, gate: CredentialGate, portal: str, account: str, today: Callable[[], date]) -> None:
        self.kept = kept
        self._gate = gate
        self._portal, self._account = portal, account
        self._today = today
        self.entered: Secret | None = None
        """The password that the portal took from us last."""
        self.changes = 0
        """How often it was changed here."""

    async def sign_in(self, fill: Fill, press: Press) -> str:
        """Tries the confirmed password, and once the pending one when that is rejected or untried. Returns what ``press`` saw.

        ``fill`` types a password into a fresh sign-in page and sends nothing; ``press`` sends it. Raises `PasswordRejected` when
        neither is right or may be tried, `NotConfigured` when there is none, and what the portal says.
        """
        confirmed, pending = self.kept.confirmed, self.kept.pending
        if confirmed is None and pending is None:
            raise NotConfigured(self._portal, what=f"no password for account {self._account}")
        unsure: PasswordUnsure | None = None
        if confirmed is not None:
            try:
                return await self._try(confirmed, fill, press)
            except PasswordRejected as error:
                if pending is None:
                    raise
                unsure = error if isinstance(error, PasswordUnsure) else None
        assert pending is not None
        try:
            return await self._try(pending, fill, press, is_pending=True)
        except PasswordRejected as error:
            raise unsure or error from None  # the confirmed one may well hold: a person looks

    async def _try(self, password: Secret, fill: Fill, press: Press, *, is_pending: bool = False) -> str:
        """One password once. The gate knows of it at every moment."""
        who = (self._portal, self._account, self.kept.fingerprint(password))
        self._gate.trying(*who)
        try:
            await fill(password.reveal())
        except BotError:
            self._gate.unjudged(*who)  # nothing was sent
            raise
        try:
            seen = await press()
        except PasswordRejected:
            self._gate.rejected(*who)
            if is_pending:
                self.kept.drop_pending()
            raise
        except StillSignedIn:
            self._gate.unjudged(*who)  # it is the earlier session that stands in the way
            raise
        except (PortalDown, RateLimited) as error:
            if _turned_away(error):
                self._gate.unjudged(*who)
            raise
        if is_pending:
            self.kept.confirm(self._today())
        self._gate.accepted(*who)
        self.entered = password
        return seen

    async def change(self, policy: PasswordPolicy, fill: FillChange, press: Press) -> str:
        """Gives the account a new password. Returns what ``press`` saw when the portal had taken it.

        ``fill`` types the old and the new one into the portal's page and sends nothing; ``press`` sends them and raises
        `NewPasswordRefused` when the portal says no. Raises `PasswordChangeUnclear` when its answer was not seen: the new
        password stays pending, and the next `sign_in` finds out.
        """
        if self.entered is None:
            raise RuntimeError("not signed in with a password")
        old, new = self.entered, self.kept.propose(policy)
        await fill(old.reveal(), new.reveal())
        try:
            seen = await press()
        except NewPasswordRefused:
            self.kept.drop_pending()
            raise
        except (
            PasswordRejected
        ) as error:  # the portal took it a moment ago: somebody else has changed it since, or our own request
            who = (self._portal, self._account, self.kept.fingerprint(old))
            self._gate.trying(*who)
            self._gate.rejected(*who)
            raise PasswordChangeUnclear(self._portal, account=self._account) from error
        except BotError as error:
            raise PasswordChangeUnclear(self._portal, account=self._account) from error
        self.kept.confirm(self._today())
        self._gate.accepted(self._portal, self._account, self.kept.fingerprint(new))
        self.entered, self.changes = new, self.changes + 1
        return seen


def _turned_away(error: BotError) -> bool:
    """Whether the portal certainly did not look at the password: its outage page, 503 or "too many requests" came instead.

    Any other error may have come after it was looked at, and a broken connection says nothing.
    """
    return bool(error.details.get("turned_away") or error.details.get("reason"))
