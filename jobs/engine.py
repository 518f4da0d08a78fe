"""The composition root: builds from a home folder whatever the commands need, each part once and only when it is asked for.

Nothing else in the product wires parts together.
"""

from __future__ import annotations

from datetime import date
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Self

from jobs.clock import Clock, utc_now
from jobs.config import Config, ConfigError, load_config
from jobs.home import Home, HomeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bots.codes import AskPerson, Codes
    from bots.evidence import Evidence
    from bots.registry import PortalAccess, PortalFactory
    from bots.vault import Vault
    from jobs.attempts import Attempts
    from jobs.credentials import Credentials
    from jobs.journal import Journal
    from jobs.office import Office, Outcome
    from jobs.passwords import Due
    from jobs.portal_state import PortalStates
    from jobs.report import PortalLine
    from jobs.routing import RoutingSettings
    from jobs.rule_schema import PasswordRule
    from jobs.rulebook import RuleBook
    from jobs.seats import Seats
    from jobs.writing import Written


class Engine:
    """One home at work. Use it as a context: leaving it closes the journal."""

    def __init__(self, home: Home, *, now: Clock = utc_now) -> None:
        self.home = home
        self.now = now

    @classmethod
    def open(cls, home: Home, *, now: Clock = utc_now) -> Self:
        """An engine on a home that exists. Raises `HomeError` when there is none, so that a mistyped path makes no new one."""
        if not home.config_file.exists() and not home.journal_file.exists():
            raise HomeError(
                f"There is no PriorBot home in {home.path}. Nothing was done. "
                "Make one with: priorbot init, or name yours with --home."
            )
        return cls.at(home, now=now)

    @classmethod
    def at(cls, home: Home, *, now: Clock = utc_now) -> Self:
        """An engine on a home that is made when it is not there. From here on this process logs into it."""
        from jobs.logs import start_logs

        engine = cls(home.create(), now=now)
        # From the start, because an unset logger prints to stdout; the vault is opened by the first id that is logged.
        start_logs(home.logs, lambda text: engine.vault.fingerprint(text))
        return engine

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if "journal" in self.__dict__:
            self.journal.close()

    # --- settings --------------------------------------------------------------------------------------------------

    @cached_property
    def config(self) -> Config:
        return load_config(self.home.config_file)

    def today(self) -> date:
        """The practice's own calendar day."""
        return self.now().astimezone(self.config.practice.zone).date()

    @cached_property
    def rulebook(self) -> RuleBook:
        from jobs.rulebook import load_rulebook

        return load_rulebook()

    @cached_property
    def routing(self) -> RoutingSettings:
        from bots.model import Payer
        from jobs.routing import RoutingSettings

        return RoutingSettings(
            medical_portal=self.config.payer(Payer.HUSKY).medical_portal,
            standard_wait_hours={payer: self.config.payer(payer).standard_wait_hours for payer in Payer},
        )

    # --- what is kept ----------------------------------------------------------------------------------------------

    @cached_property
    def journal(self) -> Journal:
        from jobs.journal import Journal

        return Journal.open(self.config.database.url or self.home.journal_url, now=self.now)

    @cached_property
    def vault(self) -> Vault:
        """The open vault. Raises `bots.vault.VaultError`."""
        return self.home.open_vault(self.config.vault.key_file)

    @cached_property
    def evidence(self) -> Evidence:
        from bots.evidence import Evidence

        return Evidence(self.home.receipts, self.vault)

    @cached_property
    def seats(self) -> Seats:
        from jobs.seats import Seats

        return Seats(self.journal)

    @cached_property
    def attempts(self) -> Attempts:
        from jobs.attempts import Attempts

        return Attempts(self.journal, self.seats)

    @cached_property
    def portal_states(self) -> PortalStates:
        from jobs.portal_state import PortalStates

        return PortalStates(self.journal)

    @cached_property
    def credentials(self) -> Credentials:
        from jobs.credentials import Credentials

        return Credentials(self.journal)

    @cached_property
    def password_rules(self) -> dict[str, PasswordRule]:
        """The portals whose passwords PriorBot may change by itself, with their rules. Raises `ConfigError`."""
        from jobs.deadlines import password_rule

        rules = {}
        for slug, portal in self.config.portals.items():
            if portal.change_password:
                rule = password_rule(slug, rulebook=self.rulebook)
                if rule is None:
                    raise ConfigError(
                        f"{self.home.config_file}: no rule says what a password of {slug} must be, so PriorBot cannot change it. "
                        f"Nothing was started. Take portals.{slug}.change_password out."
                    )
                rules[slug] = rule
        return rules

    def passwords_due(self) -> tuple[Due, ...]:
        """The passwords that PriorBot is to change now."""
        from jobs.passwords import passwords_due

        rules = self.password_rules
        accounts = {slug: self.config.portals[slug].accounts for slug in rules}
        return passwords_due(self.vault, rules, accounts, self.today()) if rules else ()

    # --- portals ---------------------------------------------------------------------------------------------------

    def accesses(self) -> dict[str, PortalAccess]:
        """Where each configured portal is, and by whose leave."""
        from bots.registry import PortalAccess

        return {
            slug: PortalAccess(
                base_url=portal.base_url,
                selectors=portal.selectors_in(self.home.path),
                permission=portal.permission,
                policy=self.password_rules.get(slug),
                help_desk=self.help_desk(slug),
            )
            for slug, portal in self.config.portals.items()
        }

    def gives_number(self, slug: str, reference_no: str) -> bool:
        """Whether a reference number of that portal can look so (`PortalMap.gives`)."""
        from bots.pagemap import load_pagemap

        portal = self.config.portals.get(slug)
        return load_pagemap(slug, portal.selectors_in(self.home.path) if portal else "").gives(reference_no)

    def help_desk(self, slug: str) -> str:
        """Whom staff ask about an account there, with number and hours; "" where nothing is published."""
        desk = self.rulebook.help_desk(slug)
        return f"{desk.desk} ({desk.number}, {desk.hours_text})" if desk else ""

    def codes(self, person: AskPerson | None = None, *, person_first: bool = True) -> Codes:
        """Where one-time codes come from. ``person`` asks somebody who is at the terminal (`bots.codes.Codes`)."""
        from bots.code_mail import MailServer
        from bots.codes import Codes, CodeWay
        from jobs.code_gate import CodeClaims

        ways = {}
        for slug, portal in self.config.portals.items():
            if (code := portal.code) is not None:
                server = MailServer(
                    host=code.imap_host, port=code.imap_port, security=code.imap_security, folder=code.imap_folder
                )
                mailboxes = {account: code.mailbox(account) for account in portal.accounts}
                ways[slug] = CodeWay(method=code.method, server=server, mailboxes=mailboxes)
        gate = CodeClaims(self.journal, self.seats)
        return Codes(ways, vault=self.vault, gate=gate, now=self.now, person=person, person_first=person_first)

    def portal_factory(self, person: AskPerson | None = None, *, person_first: bool = True) -> PortalFactory:
        """Opens portals in one browser; an async context that ends the browser. ``person``, ``person_first``: see `codes`."""
        from bots.registry import PortalFactory

        return PortalFactory(
            self.accesses(),
            vault=self.vault,
            evidence=self.evidence,
            credentials=self.credentials,
            codes=self.codes(person, person_first=person_first),
            now=self.now,
            today=self.today,
            browser_path=self.config.browser.path,
            headless=self.config.browser.headless,
        )

    def office(self, factory: PortalFactory, progress: Callable[[Outcome], None]) -> Office:
        """All that work on portals needs. ``progress`` hears each outcome when it is durable."""
        from bots.registry import PORTALS
        from jobs.office import Office, plan_portals
        from jobs.payer_rules import PayerRules

        return Office(
            journal=self.journal,
            open_portal=factory.open,
            plans=plan_portals(self.config, PORTALS),
            seats=self.seats,
            rules=PayerRules(self.rulebook, self.routing),
            progress=progress,
            daily_check=True,
        )

    def portal_lines(self) -> Iterator[PortalLine]:
        """Every portal that the rules or the settings name, with its state."""
        from bots.registry import has_bot
        from jobs.portal_state import BreakerState
        from jobs.report import PortalLine
        from jobs.routing import portals_known

        down = {breaker.portal: breaker for breaker in self.portal_states.breakers() if breaker.state is not BreakerState.CLOSED}
        for slug in sorted(portals_known(self.rulebook) | set(self.config.portals)):
            settings = self.config.portals.get(slug)
            if not has_bot(slug):
                state, sentence = "no_bot", "PriorBot cannot drive it yet: its requests wait for a person."
            elif settings is None:
                state, sentence = "not_set_up", f"Add [portals.{slug}] to {self.home.config_file.name}."
            else:
                stopped = self.portal_states.disabled(slug)
                sentence = stopped[0].sentence if stopped else ""
                if stopped and (not stopped[0].account or len(stopped) >= len(settings.accounts)):
                    state = "disabled"
                elif slug in down:
                    state, sentence = "down", f"Down since {down[slug].down_since:%Y-%m-%d %H:%M} UTC."
                else:
                    state = "on"
            yield PortalLine(slug=slug, state=state, sentence=sentence, accounts=len(settings.accounts) if settings else 0)

    # --- books -----------------------------------------------------------------------------------------------------

    def write_ledger(self) -> tuple[Written, ...]:
        """``ledger.csv`` and ``ledger.xlsx``, anew from the journal."""
        from jobs.ledger import write_ledger

        with self.home.lock("books"):  # so that of two processes the one that read last writes last
            return write_ledger(self.home, self.journal.snapshots(), self.now())

    def write_report(self) -> Written:
        """``report.html``, anew from the journal."""
        from jobs.report import collect, render
        from jobs.writing import write_whole

        now, practice = self.now(), self.config.practice
        with self.home.lock("books"):
            data, portals = collect(self.journal.snapshots(), now), tuple(self.portal_lines())
            page = render(data, practice=practice.name, now=now, zone=practice.zone, portals=portals)
            return write_whole(self.home.report_html, page, now)
