"""The composition root: builds from a home folder whatever the commands need, each part once and only when it is asked for.

Nothing else in the product wires parts together.
"""

from __future__ import annotations

from datetime import date, datetime
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Self

from jobs.clock import Clock, utc_now
from jobs.config import Config, ConfigError, load_config
from jobs.home import Home, HomeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from bots.codes import AskPerson, Codes
    from bots.evidence import Evidence
    from bots.fax.model import FaxLine
    from bots.registry import PortalAccess, PortalFactory
    from bots.vault import Vault
    from jobs.alerts import Alerts, Send
    from jobs.attempts import Attempts
    from jobs.credentials import Credentials
    from jobs.fax.desks import Desks
    from jobs.fax.office import FaxOffice
    from jobs.fax.state import Fax
    from jobs.intake_folder import IntakeFolder
    from jobs.journal import Journal
    from jobs.office import Office, Outcome
    from jobs.passwords import Due
    from jobs.portal_state import PortalStates
    from jobs.reporting.collect import Report
    from jobs.reporting.period import Period
    from jobs.reporting.portals import PortalLine
    from jobs.routing import RoutingSettings
    from jobs.rule_schema import PasswordRule
    from jobs.rulebook import RuleBook
    from jobs.seats import Seats
    from jobs.service import Service
    from jobs.service_work import Offices, Shop
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
        return self.local_now().date()

    def local_now(self) -> datetime:
        """Now, in the practice's own time zone."""
        return self.now().astimezone(self.config.practice.zone)

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
    def letters(self) -> Evidence:
        """Faxes that came in, sealed: as they came, what was read, and their pages as pictures."""
        from bots.evidence import Evidence

        return Evidence(self.home.letters, self.vault)

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
            take_faxes=None if self.config.fax.line == "none" else self.take_faxes,
        )

    @property
    def intake_folder(self) -> Path | None:
        """The watched folder; None where none is set."""
        named = self.config.intake.folder
        return self.home.path / named if named else None

    @property
    def backup_folder(self) -> Path | None:
        """Where back-ups go by themselves; None where no folder is set."""
        named = self.config.backup.folder
        return self.home.path / named if named else None

    # --- the service ------------------------------------------------------------------------------------------------

    def shop(self, offices: Offices, send: Send | None = None) -> Shop:
        """What the unattended service works with. ``send`` gives an alert to one address (apprise, when not named)."""
        from jobs.service_wiring import open_shop

        return open_shop(self, offices, send)

    def watched_folder(self) -> IntakeFolder | None:
        """The intake folder at work; None where none is set."""
        from jobs.service_wiring import open_intake_folder

        return open_intake_folder(self)

    def alerts(self, send: Send | None = None) -> Alerts:
        """The targets of ``[notify]``. ``send``: see `shop`."""
        from jobs.service_wiring import open_alerts

        return open_alerts(self, send)

    def service(self, shop: Shop, say: Callable[[str], None]) -> Service:
        """The unattended service over all jobs of this home's schedule."""
        from jobs.service_wiring import open_service

        return open_service(self, shop, say)

    def portal_lines(self) -> Iterator[PortalLine]:
        """Every portal that the rules or the settings name, with its state."""
        from jobs.reporting.portals import portal_lines
        from jobs.routing import portals_known

        return portal_lines(portals_known(self.rulebook), self.config.portals, self.portal_states, self.home.config_file.name)

    # --- faxes -----------------------------------------------------------------------------------------------------

    @cached_property
    def fax_desks(self) -> Desks:
        from jobs.fax.wiring import open_desks

        return open_desks(self)

    @property
    def fax_line(self) -> FaxLine:
        """The line that is set up. Raises `bots.fax.line_errors.FaxLineMissing`."""
        from jobs.fax.wiring import open_fax_line

        return open_fax_line(self)

    async def take_faxes(self) -> None:
        """Takes everything that is to be faxed into the fax queue, and gives to the line what it takes now."""
        from jobs.fax.entering import enqueue_due
        from jobs.fax.sending import send_due

        office = self.fax_office()
        await enqueue_due(office)
        await send_due(office)

    def fax_office(self, progress: Callable[[Fax], None] = lambda _fax: None) -> FaxOffice:
        """All that the fax queue works with. ``progress`` hears each fax whose state has changed, when that is durable."""
        from jobs.fax.wiring import open_fax_office

        return open_fax_office(self, progress)

    # --- books -----------------------------------------------------------------------------------------------------

    def write_ledger(self) -> tuple[Written, ...]:
        """``ledger.csv`` and ``ledger.xlsx``, anew from the journal."""
        from jobs.ledger import write_ledger

        with self.home.lock("books"):  # so that of two processes the one that read last writes last
            return write_ledger(self.home, self.journal.snapshots(), self.now())

    def report(self, period: Period | None = None, *, payer: str = "", portal: str = "", running: Iterable[str] = ()) -> Report:
        """The report's values as the journal is now, with the ``running`` troubles; by default of the week that ends today."""
        from jobs.payer_rules import PayerRules
        from jobs.reporting.collect import Scope, collect
        from jobs.reporting.period import PeriodKind, ending
        from jobs.reporting.troubles import troubles_of

        practice, now = self.config.practice, self.now()
        period = period or ending(PeriodKind.WEEK, self.today(), practice.zone)
        where = {"practice": practice.name, "time_zone": practice.time_zone, "payer": payer, "portal": portal}
        scope = Scope(made_at=now, period=period, **where)
        rules = PayerRules(self.rulebook, self.routing)
        troubles = troubles_of(self.home, self.journal, now, running)
        return collect(self.journal, scope, self.portal_lines(), troubles, act_by=rules.act_by, zone_of=rules.zone_of)

    def write_report(self, running: Iterable[str] = ()) -> Written:
        """``report.html`` and its twins ``report.xlsx`` and ``report.json``, anew from the journal. Tells where the page went."""
        return self.write_report_files(lambda: self.report(running=running))[0]

    def write_report_files(self, make: Callable[[], Report], folder: Path | None = None) -> tuple[Written, ...]:
        """The three files of a report: as the home's own, or in ``folder`` under a name that says what it is of."""
        from jobs.reporting.files import name_of, write_report_files

        with self.home.lock("books"):  # so that of two processes the one that read last writes last
            report, own = make(), self.home.report_html
            name = name_of(report.scope) if folder else own.stem
            return write_report_files(report, folder or own.parent, name, work_folder=self.home.path)
