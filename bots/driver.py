"""The seam between jobs and portals: what a signed-in portal can be asked, and what it asks back.

Jobs know only these protocols; ``bots.portal.Portal`` implements ``PortalDriver`` in a real browser, the property tests
implement it in memory. Everything here raises ``bots.errors.BotError`` and nothing else on purpose; any other exception is
a bug, and after the INTENT it makes the request uncertain.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import date
from typing import TYPE_CHECKING, Protocol

from bots.check_report import CheckReport
from bots.eligibility import Eligibility
from bots.model import (
    AuthRequest,
    CaseSummary,
    Frozen,
    Member,
    PortalLetter,
    Reading,
    Receipt,
    Requirement,
    Shown,
    Units,
)

if TYPE_CHECKING:
    from bots.passwords import PasswordPolicy
    from bots.signin_map import CodeMail


class CommitGate(Protocol):
    """What the portal asks of the journal around its one click. Both calls return only when the fact is durable on disk."""

    async def intent(self, shown: Shown) -> None:
        """The next thing that happens is the click. Raises (and nothing is clicked) when this request may not be sent."""

    async def receipt(self, receipt: Receipt) -> None:
        """The confirmation was read; called before its page is left."""


class SubmitResult(Frozen):
    """How `PortalDriver.submit` ended without an error: exactly one of the three is set.

    ``receipt``: sent now, or adopted (``receipt.adopted``) because the portal already had it; the gate was told.
    ``shown``: a dry run that stopped after the read-back.
    """

    receipt: Receipt | None = None
    shown: Shown | None = None


class PortalDriver(Protocol):
    """A portal under one signed-in account (none where it has no accounts). Calls are made one after the other, never at once.

    The portal signs in by itself when first needed and again (once) when the portal ended the session before an INTENT.
    """

    @property
    def slug(self) -> str: ...

    @property
    def account(self) -> str: ...

    async def submit(self, request: AuthRequest, gate: CommitGate, *, dry_run: bool = False) -> SubmitResult:
        """Steps 1 to 4 of the commit protocol: find existing, draft, read back, INTENT, one click, RECEIPT.

        Raises the `BotError` that says who must act. `Uncertain` (action VERIFY) only after `gate.intent`; a
        `KnownRejection` may come before or after it and says that the portal certainly took nothing.
        """

    async def find_existing(self, request: AuthRequest) -> tuple[CaseSummary, ...]:
        """Cases on file for the same member and code with overlapping dates, or that carry our request id. May be empty."""

    async def list_cases(self, since: date) -> tuple[CaseSummary, ...]:
        """All cases of this account's practice received since that day, over all pages of the list."""

    async def read_case(self, reference_no: str, member: Member | None = None) -> Reading:
        """The case page, line items included. ``member``: whose it is, for portals that show it only to those who know."""

    @property
    def has_letters(self) -> bool:
        """Whether letters can be read here at all."""

    async def read_letters(self, reference_no: str) -> tuple[PortalLetter, ...]:
        """All letters of a case, each stored sealed; may be empty. Raises `FileNotReceived` when one cannot be had now."""

    async def ask_requirement(self, request: AuthRequest) -> Requirement:
        """Whether the portal itself wants an authorization for this, its page kept. Sends nothing, leaves nothing behind.

        Raises `NoBotYet` where the portal says nothing of it, and what a submission raises before its INTENT.
        """

    async def ask_eligibility(self, request: AuthRequest) -> Eligibility:
        """The member's coverage and the limits of this service, the pages kept. Sends nothing.

        Asked for the first day of service; where the portal does not answer for that day yet, for today. Raises `NoBotYet` where
        the portal says nothing of it, `MemberNotFound`, `NotAnswered`.
        """

    async def read_units(self, member_ids: tuple[str, ...]) -> tuple[Units, ...]:
        """Units of the authorizations of these members (all that the page lists, when empty)."""

    async def check(self, examples: Mapping[str, str]) -> CheckReport:
        """Walks the pages as the selector file's ``check`` says, committing nothing; ``examples`` by the names that it uses."""

    async def capture(self, page: str, examples: Mapping[str, str]) -> str:
        """The HTML of a page that the check reaches, without health information. Raises `NotReached`."""

    async def change_password(self, policy: PasswordPolicy) -> None:
        """Gives the account a new password (`bots.passwords`). Raises `NewPasswordRefused`, `PasswordChangeUnclear`,
        `NotConfigured` where we know no page for it, and what signing in raises."""


class OpenPortal(Protocol):
    """Opens a portal under an account; leaving the context logs out on every way out."""

    def __call__(self, slug: str, account: str) -> AbstractAsyncContextManager[PortalDriver]: ...


class CredentialGate(Protocol):
    """Keeps a rejected password from ever being tried again. ``fingerprint`` is a keyed hash of account and password."""

    def trying(self, portal: str, account: str, fingerprint: str) -> None:
        """Durably notes the try. Raises `PasswordRejected` when this very password was rejected before, `PasswordUnsure` when
        it may have been: nobody saw the answer."""

    def accepted(self, portal: str, account: str, fingerprint: str) -> None: ...

    def rejected(self, portal: str, account: str, fingerprint: str) -> None: ...

    def unjudged(self, portal: str, account: str, fingerprint: str) -> None:
        """The portal certainly did not look at the password (it answered with its outage page or 503); it may be tried again.

        Not for a time-out or a page nobody knows: a password that may have been rejected stays untried.
        """


class CodeSource(Protocol):
    """Where accounts' one-time codes come from (`bots.codes`)."""

    def method(self, portal: str, account: str) -> str:
        """``totp``, ``email`` or ``person``: how that account gets its codes; "" when nobody is there to give one."""

    def taking(self, portal: str, account: str, mail: CodeMail) -> AbstractAsyncContextManager[Callable[[], Awaitable[str]]]:
        """Entered before the page that makes the portal send a code is left, so that only what arrives from then on counts.

        Yields the function that waits for the code and returns it; it may never be asked for. ``mail``: what the portal's
        e-mail looks like. Entering and asking raise a `BotError`: `CodeNeeded` when only a person can get the code, one of the
        mailbox's own failures, `NotConfigured`.
        """


class CodeGate(Protocol):
    """Keeps a code from being used twice, over all processes, and two accounts from reading one mailbox at once."""

    def claim(self, key: str, step: int) -> bool:
        """Durably takes a time step of the secret whose keyed hash is ``key``. False: it was taken before."""

    def hold(self, mailbox: str) -> AbstractAsyncContextManager[None]:
        """The mailbox (its keyed hash) to ourselves; waits while somebody else has it."""
