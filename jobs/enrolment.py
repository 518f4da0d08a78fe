"""Signing up for an account: what a person agreed to, what is waited for, and how it went on after a crash.

Every step that somebody may ask about later is in the journal (`jobs.events.EnrolmentStep`); the licence that was agreed to is
kept sealed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy import select

from bots.enrol import SignUp, SignUpPortal
from bots.errors import AgreementNeeded, BotError, EnrolmentUnclear, NotConfigured, ProviderNotListed
from bots.evidence import Evidence
from bots.model import Frozen
from bots.passwords import KeptPasswords
from bots.vault import Vault
from jobs.config import Config
from jobs.events import EnrolmentStep, decode_body, kind_of
from jobs.journal import Journal
from jobs.journal_schema import events
from jobs.office import Office, at_desk
from jobs.passwords import AccountBusy
from jobs.rule_schema import PasswordRule

AskName = Callable[[str, str], str]
"""Asks whoever is there for their name: what it is about, and the text to read first. "" is a no."""
LICENCE, SHOWN = "to agree to its licence agreement", "that what its last page shows is right"


class Enrolled(Frozen):
    """How far it came: made, or the provider is not listed and is looked for again ``look_at``. ``looked``: now, not earlier."""

    made: bool = False
    look_at: datetime | None = None
    looked: bool = True


class AccountExists(Exception):
    """The vault holds this account's password. ``sentence`` is for staff."""

    def __init__(self, slug: str, account: str) -> None:
        super().__init__(
            f"The vault holds a password for account {account} of {slug} already, so nothing was signed up. "
            f"For another account, write its name under [portals.{slug}] account."
        )

    @property
    def sentence(self) -> str:
        return str(self)


def answer_name(slug: str, account: str) -> str:
    """Name of the secret answer in the vault."""
    return f"portals.{slug}.{account}.secret_answer"


def sign_up_form(config: Config, slug: str) -> SignUp:
    """What the settings say. Raises `NotConfigured` naming what is missing."""
    settings = config.portals[slug].enroll
    if settings is None:
        raise NotConfigured(slug, what=f"[portals.{slug}.enroll] is missing")
    phone = settings.phone or config.practice.contact_phone
    needed = {"practice.name": config.practice.name, "practice.contact_phone": phone, "tax_ids": settings.tax_ids}
    if empty := [key for key, value in needed.items() if not value]:
        raise NotConfigured(slug, what=f"{', '.join(empty)} is empty")
    return SignUp(
        first_name=settings.first_name,
        last_name=settings.last_name,
        address_line_1=settings.address_line_1,
        address_line_2=settings.address_line_2,
        city=settings.city,
        state=settings.state,
        zip=settings.zip,
        country=settings.country,
        phone=phone,
        department=settings.department,
        practice_name=config.practice.name,
        tax_ids=tuple(settings.tax_ids),
        medicaid_numbers=tuple(settings.medicaid_numbers),
        role=settings.role,
        email=settings.email,
        secret_question=settings.secret_question,
    )


class Enrolment:
    """One account's way to exist. ``agreed_by``: who gave their word beforehand; else ``ask`` asks, or nobody agrees."""

    def __init__(
        self, journal: Journal, vault: Vault, evidence: Evidence, slug: str, account: str, *, agreed_by: str, ask: AskName | None
    ) -> None:
        self._journal = journal
        self._vault = vault
        self._evidence = evidence
        self._slug, self._account = slug, account
        self._agreed_by = agreed_by
        self._ask = ask

    # --- the person's word (bots.enrol.EnrolmentGate) --------------------------------------------------------------

    async def agree(self, licence: str) -> None:
        who = self._word_of(LICENCE, licence)
        name = self._evidence.store("licence", f"{self._slug} {self._account}", licence.encode())
        self._note("agreed", who=who, evidence=name)

    async def finish(self, shown: Mapping[str, str]) -> None:
        text = "\n".join(f"{field.replace('_', ' ')}: {value}" for field, value in shown.items())
        self._note("finishing", who=self._word_of(SHOWN, text))

    def _word_of(self, step: str, text: str) -> str:
        who = self._agreed_by or (self._ask(step, text).strip() if self._ask else "")
        if not who:
            raise AgreementNeeded(self._slug, step=step)
        return who

    # --- the work ------------------------------------------------------------------------------------------------------

    async def run(self, office: Office, form: SignUp, rule: PasswordRule) -> Enrolled:
        """Signs up, goes on after a crash, or says how long to wait.

        Raises `AccountExists`, `AccountBusy`, `NotConfigured`, and what `bots.enrol.SignUpPortal.enroll` raises.
        """
        last, now = self.last_step(), office.now()
        if KeptPasswords(self._vault, self._slug, self._account).confirmed is not None:
            if last is None or last.step != "finishing":
                raise AccountExists(self._slug, self._account)
            self._note("made")
            return Enrolled(made=True)
        if last is not None and last.look_at is not None and now < last.look_at:
            return Enrolled(look_at=last.look_at, looked=False)
        name = answer_name(self._slug, self._account)
        secret_answer = self._vault.find(name)
        if secret_answer is None:
            raise NotConfigured(self._slug, what=f"the secret answer is missing; put it in: priorbot vault set {name}")
        async with at_desk(office, self._slug, self._account) as desk:
            if desk is None:
                raise AccountBusy(self._slug, self._account)
            portal = desk.driver
            if not isinstance(portal, SignUpPortal):
                raise NotConfigured(self._slug, what="PriorBot cannot sign up there")
            if last is not None and last.step == "finishing" and await self._was_made(portal):
                return Enrolled(made=True)
            try:
                await portal.enroll(form, rule, secret_answer, self)
            except ProviderNotListed:
                if last is not None and last.step == "not_listed":  # it was waited for already: a person must look
                    raise
                look_at = now + portal.listed_within
                self._note("not_listed", look_at=look_at)
                return Enrolled(look_at=look_at)
            except EnrolmentUnclear:
                raise
            except BotError:
                if (step := self.last_step()) is not None and step.step == "finishing":
                    self._note("not_made")
                raise
        self._note("made")
        return Enrolled(made=True)

    async def _was_made(self, portal: SignUpPortal) -> bool:
        made = await portal.find_account()
        self._note("made" if made else "not_made")
        return made

    # --- the journal ---------------------------------------------------------------------------------------------------

    def _note(self, step: str, *, who: str = "", evidence: str = "", look_at: datetime | None = None) -> None:
        body = EnrolmentStep(portal=self._slug, account=self._account, step=step, who=who, evidence=evidence, look_at=look_at)
        with self._journal.write() as write:
            write.append("", body)

    def last_step(self) -> EnrolmentStep | None:
        """The last thing that was noted about this account's enrolment."""
        query = select(events.c.body).where(events.c.kind == kind_of(_ANY)).order_by(events.c.seq.desc())
        with self._journal.read() as connection:
            for text in connection.execute(query).scalars():
                body = decode_body(text)
                if isinstance(body, EnrolmentStep) and (body.portal, body.account) == (self._slug, self._account):
                    return body
        return None


_ANY = EnrolmentStep(portal="", account="", step="")
