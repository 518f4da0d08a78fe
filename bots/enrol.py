"""Signing up for an account on a portal: the part that is the same for every portal.

A portal module says what its steps mean (`SignUpPortal.fill_sign_up`); agreeing to a licence and finishing are a person's word,
asked of the `EnrolmentGate`. What cannot be finished is cancelled on the portal. The password is pending in the vault before
it is typed and confirmed when the portal has said that the account exists, so that a crash in between loses nothing: the next
attempt finds out by signing in.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar, Protocol

from bots.browser import PlaywrightError
from bots.compare import differing
from bots.errors import BotError, EnrolmentUnclear, NoBotYet, PasswordRejected, SignUpRefused
from bots.model import Frozen
from bots.passwords import PasswordPolicy
from bots.portal import Portal
from bots.vault import Secret

if TYPE_CHECKING:
    from bots.signin import Session


class SignUp(Frozen):
    """What a sign-up asks for, besides the account's name and its secrets. The person is the one who signs up."""

    first_name: str
    last_name: str
    address_line_1: str
    address_line_2: str = ""
    city: str
    state: str
    zip: str
    country: str
    phone: str
    department: str = ""
    practice_name: str
    tax_ids: tuple[str, ...]
    medicaid_numbers: tuple[str, ...] = ()
    """Individual Medicaid numbers of the providers to add; empty: all that are listed under the tax ids."""
    role: str
    email: str
    secret_question: str


class EnrolmentGate(Protocol):
    """What a portal asks of a person, through the jobs, while it signs up."""

    async def agree(self, licence: str) -> None:
        """A person has agreed to this licence, and that is durably noted. Raises `AgreementNeeded` when nobody has."""

    async def finish(self, shown: Mapping[str, str]) -> None:
        """What the last page shows is right and the next thing that happens makes the account; both are durably noted.

        Raises `AgreementNeeded` when nobody has said so.
        """


class SignUpPortal(Portal):
    """A portal on which PriorBot can sign up. Pages with a meaning here: the last one has ``read_back`` and the action ``finish``
    (with its ``commit`` pattern); every one may have an action ``cancel``."""

    session: Session
    listed_within: ClassVar[timedelta]
    """So long after its enrolment with the payer a provider may be missing on the portal."""

    async def fill_sign_up(self, form: SignUp, password: Secret, answer: Secret, gate: EnrolmentGate) -> None:
        """From the first page to the last, the licence by the gate's word. Makes no account."""
        raise NoBotYet(self.slug)

    def expected_sign_up(self, form: SignUp) -> dict[str, str]:
        """What the last page must say."""
        raise NoBotYet(self.slug)

    async def find_account(self) -> bool:
        """Whether an account that may have been made exists: by signing in with its password, once."""
        kept = self.session.passwords.kept
        if kept.pending is None and kept.confirmed is None:
            return False  # it was tried and refused before
        try:
            await self.session.ensure()
        except PasswordRejected:
            return False
        return True

    async def enroll(self, form: SignUp, policy: PasswordPolicy, answer: Secret, gate: EnrolmentGate) -> None:
        """Signs up under this session's account name; returns when the portal said that the account exists.

        Raises `AgreementNeeded`, `ProviderNotListed`, `SignUpRefused` (no account was made), `EnrolmentUnclear` (look with
        `find_account`), and what a portal that does not work raises.
        """
        kept = self.session.passwords.kept
        await self.session.visit()
        try:
            await self.fill_sign_up(form, kept.propose(policy), answer, gate)
            shown = await self.view.read_back()
            read_back = self.map.pages[self.view.here].read_back
            if wrong := differing(self.expected_sign_up(form), shown, read_back, self.map.formats.date):
                raise self.view.differs(wrong)
            await self._finish(shown, gate)
        except EnrolmentUnclear:
            raise
        except BotError:
            await self._give_up()
            kept.drop_pending()
            raise
        kept.confirm(self.today())

    async def _finish(self, shown: Mapping[str, str], gate: EnrolmentGate) -> None:
        async with self.view.commit("finish") as click:
            await gate.finish(shown)
            try:
                await click()
            except SignUpRefused:
                raise
            except (BotError, PlaywrightError) as error:
                raise EnrolmentUnclear(self.slug, account=self.account) from error

    async def _give_up(self) -> None:
        """Cancels on the portal, where its page offers that; a sign-up that is left is forgotten there all the same."""
        try:
            if await self.view.offers("cancel"):
                await self.view.press("cancel")
        except (BotError, PlaywrightError):
            pass
