"""What every contract test needs: a running world, an empty home's vault and evidence, and requests that the world would take."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar

import pyotp
import yaml
from msgspec.structs import replace

from bots.ability import Ability
from bots.browser import Browser
from bots.errors import BadReading, BotError, CodeNeeded, KnownRejection, NotEligible, PasswordExpired, PasswordRejected
from bots.evidence import Evidence
from bots.keys import KeyFile
from bots.model import (
    Attachment,
    AuthRequest,
    Contact,
    Coverage,
    Member,
    Payer,
    Provider,
    Receipt,
    ServiceCategory,
    ServiceLine,
    Shown,
    Status,
    UnitType,
    Urgency,
)
from bots.pagemap import selectors_folder
from bots.portal import Portal
from bots.registry import PortalAccess, PortalFactory
from bots.signin_map import CodeMail
from bots.vault import Vault, password_name
from fixtures.clock import DESK
from fixtures.clock import today as today
from fixtures.portals import PORTALS
from fixtures.server import RunningWorld
from fixtures.web import SKINS

ALL_SKINS = "PRIORBOT_ALL_SKINS"
"""Set by ``make contract``: every contract test over every skin. Else a share of them runs over the other skins."""
PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Count 0/Kids[]>>endobj\n"
    b"trailer<</Root 1 0 R>>\n%%EOF"
)


@dataclass
class Gate:
    """A commit gate that only remembers."""

    steps: list[str] = field(default_factory=list)
    shown: Shown | None = None
    kept: Receipt | None = None

    async def intent(self, shown: Shown) -> None:
        self.steps.append("intent")
        self.shown = shown

    async def receipt(self, receipt: Receipt) -> None:
        self.steps.append("receipt")
        self.kept = receipt


@dataclass
class Passwords:
    """A credential gate in memory, as strict as the journal's."""

    events: list[tuple[str, str]] = field(default_factory=list)
    bad: set[str] = field(default_factory=set)

    def trying(self, portal: str, account: str, fingerprint: str) -> None:
        if fingerprint in self.bad:
            raise PasswordRejected(portal, account=account, secret="")
        self.events.append(("trying", account))

    def accepted(self, portal: str, account: str, fingerprint: str) -> None:
        self.events.append(("accepted", account))

    def rejected(self, portal: str, account: str, fingerprint: str) -> None:
        self.events.append(("rejected", account))
        self.bad.add(fingerprint)

    def unjudged(self, portal: str, account: str, fingerprint: str) -> None:
        self.events.append(("unjudged", account))


class Codes:
    """A code source in memory. ``known`` gives the code of a portal and account; without it only a person could get one."""

    def __init__(self) -> None:
        self.way = ""
        self.known: Callable[[str, str], str] | None = None
        self.asked = 0

    def method(self, portal: str, account: str) -> str:
        return self.way

    @asynccontextmanager
    async def taking(self, portal: str, account: str, mail: CodeMail) -> AsyncIterator[Callable[[], Awaitable[str]]]:
        async def ask() -> str:
            self.asked += 1
            if self.known is None:
                raise CodeNeeded(portal, account=account, medium=self.way or "nobody is there to give it")
            return self.known(portal, account)

        yield ask


class SharedBrowser(PortalFactory):
    """A factory whose portals open in a browser that runs already, and that stays."""

    running: Browser

    async def _started(self) -> Browser:
        return self.running


class Kit:
    """Opens portals of one world in one browser. ``skin``: which of the portals' selector files are used."""

    def __init__(self, world: RunningWorld, home: Path, browser: Browser, skin: str = SKINS[0]) -> None:
        self.world = world
        self.home = home
        self.browser = browser
        self.skin = skin
        self.vault = Vault.open(home / "vault", KeyFile(home / "key"))
        self.evidence = Evidence(home / "receipts", self.vault)
        (home / "receipts").mkdir(exist_ok=True)
        self.passwords = Passwords()
        self.codes = Codes()
        self.now = lambda: datetime.now(UTC)

    def factory(self, **selectors: str) -> PortalFactory:
        files = {slug: selectors.get(slug) or self.selector_file(slug) for slug in PORTALS}
        factory = SharedBrowser(
            {slug: PortalAccess(base_url=self.world.url(slug), selectors=files[slug]) for slug in PORTALS},
            vault=self.vault,
            evidence=self.evidence,
            credentials=self.passwords,
            codes=self.codes,
            now=self.now,
            today=lambda: self.now().astimezone(DESK).date(),
        )
        factory.running = self.browser
        return factory

    @asynccontextmanager
    async def portal(self, slug: str, account: str = "", **selectors: str) -> AsyncIterator[Portal]:
        account = account or self.account(slug)
        if account:
            self.know_password(slug, account)
        async with self.factory(**selectors) as factory, factory.open(slug, account) as portal:
            assert isinstance(portal, Portal)
            yield portal

    def give_codes(self, *, wrong: bool = False) -> None:
        """From now on the codes of authenticator accounts are known (or a code that nobody was given)."""

        def code(portal: str, account: str) -> str:
            row = next(r for r in self.world.truth("accounts") if (r["portal"], r["username"]) == (portal, account))
            now = datetime.fromisoformat(self.world.truth("clock")["now"])
            right = pyotp.TOTP(row["totp_secret"]).at(now)
            return f"{(int(right) + 500_000) % 1_000_000:06d}" if wrong else right

        self.codes.way, self.codes.known = "totp", code

    def account(self, slug: str) -> str:
        """The portal's first account: nothing is special about it. "" where the portal has none."""
        return str(next((row["username"] for row in self.world.truth("accounts") if row["portal"] == slug), ""))

    def selector_file(self, slug: str) -> str:
        """The file for the looks that the portal wears; "" is the product's own."""
        worn = selectors_folder() / "skins" / f"{slug}.{self.skin}.yaml"
        return str(worn) if self.skin != SKINS[0] and worn.is_file() else ""

    def selectors(self, slug: str, **timeouts: float) -> str:
        """A copy of a portal's selector file with other time-outs (seconds)."""
        file = Path(self.selector_file(slug) or selectors_folder() / f"{slug}.yaml")
        raw = yaml.safe_load(file.read_text(encoding="utf-8"))
        if "shares" in raw:  # the copy stands elsewhere
            raw["shares"]["file"] = str(file.parent / raw["shares"]["file"])
        raw["timeouts"] = {**raw.get("timeouts", {}), **timeouts}
        path = self.home / f"{slug}.yaml"
        path.write_text(yaml.safe_dump(raw), encoding="utf-8")
        return str(path)

    def sessions(self, slug: str) -> list[str]:
        """Accounts that the portal still holds signed in."""
        return [row["account"] for row in self.world.truth("sessions") if row["portal"] == slug]

    def logins(self, slug: str) -> list[tuple[str, str]]:
        """What the portal's own log says: (login, logout or ended; how it went)."""
        return [(row["what"], row["reason"]) for row in self.world.truth("logins") if row["portal"] == slug]

    def accepted(self) -> list[dict[str, Any]]:
        """All that the world accepted."""
        return list(self.world.truth("requests"))

    def know_password(self, slug: str, account: str, password: str = "") -> None:
        known = {(row["portal"], row["username"]): row["password"] for row in self.world.truth("accounts")}
        self.vault.set(password_name(slug, account), password or known[slug, account])

    def document(self, name: str = "notes.pdf") -> Attachment:
        path = self.home / name
        path.write_bytes(PDF)
        return Attachment(path=str(path), sha256=sha256(PDF).hexdigest(), size=len(PDF), pages=1)

    def members(self, tag: str = "plain") -> list[dict[str, Any]]:
        return [row for row in self.world.truth("members") if tag in row["tags"]]

    def request(self, number: int = 40, **changes: Any) -> AuthRequest:
        """A request that Clear Coverage takes: equipment for the member ``number`` of the world."""
        row = self.members()[number]
        providers = [p for p in self.world.truth("providers") if p["cmap"]]
        doctor = next(p for p in providers if p["kind"] == "individual" and "shared_name" in p["tags"])
        seller = next(p for p in providers if p["kind"] == "organization")
        start = today() + timedelta(days=3)
        values: dict[str, Any] = {
            "request_id": f"REQ-{number:04d}",
            "payer": Payer.HUSKY,
            "coverage": Coverage(row["coverage"]),
            "service_category": ServiceCategory.DME,
            "urgency": Urgency.STANDARD,
            "member": Member(id=row["id"], dob=date.fromisoformat(row["dob"])),
            "requesting": Provider(name=doctor["last_name"], npi=doctor["npi"]),
            "servicing": Provider(name=seller["last_name"], npi=seller["npi"]),
            "diagnosis_codes": ("E11.9",),
            "lines": (self.line("E0601", start),),
            "answers": {"dme_order_signed": "yes", "dme_home_use": "yes", "dme_alternative_tried": "yes"},
            "attachments": (self.document(),),
            "contact": Contact(name="Front Desk", phone="860-555-0100", fax="860-555-0101"),
        }
        return AuthRequest(**{**values, **changes})

    @staticmethod
    def line(code: str, start: date, units: int = 1, **more: Any) -> ServiceLine:
        return ServiceLine(
            service_code=code,
            units=Decimal(units),
            unit_type=UnitType.ITEMS,
            from_date=start,
            to_date=start + timedelta(days=30),
            **more,
        )


class Profile:
    """How each outcome of the contract is set up for one portal in its simulated world (`test_every_portal`).

    A portal's ``profiles/<slug>.py`` holds ``PROFILE``, an instance of a subclass. What is here is right for a portal whose world
    has the steps ``review`` and ``submit`` and finds members by id; a portal that differs overrides it. Signing in needs nothing:
    the accounts are changed by the truth.
    """

    slug: ClassVar[str]
    expired: ClassVar[type[BotError] | None] = PasswordExpired
    """What an expired password raises; None for a portal on which it is changed on the way in."""
    twins: ClassVar[type[BotError] | None] = None
    """What a member with a twin raises; None where the portal tells twins apart."""
    not_eligible_error: ClassVar[type[BotError]] = NotEligible
    rejection: ClassVar[type[BotError]] = KnownRejection
    statuses: ClassVar[dict[str, Status]] = {}
    """Every status word of the portal's selector file, in the words of the world's truth, with what it means."""
    unknown_word: ClassVar[str] = "Deferred - Level 2"
    unclear: ClassVar[tuple[tuple[str, int], ...]] = (
        ("accept_then_hang", 1),
        ("accept_then_reset", 1),
        ("accept_then_503", 1),
        ("reset_before_accept", 0),
        ("http_503", 0),
    )
    """Faults at the step ``submit`` that leave a commit unclear, and how many requests the portal then has."""

    def request(self, kit: Kit, number: int = 40, **changes: Any) -> AuthRequest:
        """A request that the portal takes as it stands. Different numbers are different members."""
        raise AssertionError(f"the profile of {self.slug} does not say it")

    def somebody(self) -> AuthRequest:
        """A request about whose member a portal for eligibility can be asked in any world."""
        raise AssertionError(f"the profile of {self.slug} does not say it")

    async def look(self, portal: Portal) -> Any:
        """The least reading there is; it wants a signed-in account where the portal has accounts."""
        if Ability.LIST in portal.does:
            return await portal.list_cases(today())
        if Ability.UNITS in portal.does:
            return await portal.read_units(())
        if Ability.ELIGIBILITY in portal.does:
            return await portal.ask_eligibility(self.somebody())
        with suppress(BadReading):  # nobody has that number: the portal says so, and that is all
            return await portal.read_case("100000000", Member(id="S10000000", dob=date(1940, 1, 2)))

    def want_new_terms(self, kit: Kit) -> None:
        """From now on the portal has new terms that a person must accept."""
        if account := kit.account(self.slug):
            kit.world.change_account(self.slug, account, terms=True)
        else:
            kit.world.fault(self.slug, "new_terms")

    def not_found(self, kit: Kit) -> AuthRequest:
        """For a member whom nobody has: the birth date is another."""
        asked = self.request(kit)
        return replace(asked, member=replace(asked.member, dob=asked.member.dob + timedelta(days=1)))

    def not_eligible(self, kit: Kit) -> AuthRequest:
        row = kit.members("NA")[0]
        return self.request(kit, member=Member(id=row["id"], dob=date.fromisoformat(row["dob"])))

    def twin(self, kit: Kit) -> AuthRequest:
        """For a member who shares last name and birth date with another."""
        row = kit.members("twin")[0]
        return self.request(kit, member=Member(id=row["id"], dob=date.fromisoformat(row["dob"])))

    def rejected(self, kit: Kit) -> AuthRequest:
        """One that the portal refuses in its own words."""
        raise AssertionError(f"the profile of {self.slug} does not say it")

    def not_required(self, kit: Kit) -> AuthRequest:
        """One of which the portal says that it needs no authorization."""
        raise AssertionError(f"the profile of {self.slug} does not say it")

    def make_review_differ(self, kit: Kit) -> None:
        """From now on the review page shows something else than was entered."""
        kit.world.fault(self.slug, "one_day_early")

    def truth(self, request: AuthRequest) -> dict[str, Any]:
        """What the world must have been told of a request, by the names of ``GET requests``; every field that the portal has."""
        return {
            "portal": self.slug,
            "member_id": request.member.id,
            "from_date": request.from_date.isoformat(),
            "to_date": request.to_date.isoformat(),
            "requesting_npi": request.requesting.npi,
            "servicing_npi": request.servicing.npi,
            "facility_npi": request.facility.npi,
            "diagnosis_codes": list(request.diagnosis_codes),
            "lines": [
                {
                    "code": line.service_code,
                    "units": int(line.units),
                    "modifiers": list(line.modifiers),
                    "from_date": line.from_date.isoformat(),
                    "to_date": line.to_date.isoformat(),
                }
                for line in request.lines
            ],
            "answers": request.answers,
            "contact_name": request.contact.name,
            "contact_phone": request.contact.phone,
            "contact_fax": request.contact.fax,
            "notes": request.notes,
            "our_reference": request.request_id,
            "attachments": [{"name": Path(a.path).name, "size": a.size, "sha256": a.sha256} for a in request.attachments],
        }

    def examples(self, kit: Kit) -> dict[str, str]:
        """What a practice gives for the walk of ``priorbot portal check``, by the names that the selector file uses."""
        asked = self.request(kit)
        return {
            "member_id": asked.member.id,
            "member_dob": asked.member.dob.isoformat(),
            "provider_last_name": asked.requesting.name,
            "provider_npi": asked.requesting.npi,
            "servicing_name": asked.servicing.name,
            "servicing_npi": asked.servicing.npi,
        }

    def decide(self, kit: Kit, reference_no: str, word: str) -> None:
        """From now on the portal shows this word for the case."""
        kit.world.truth("decide", {"reference_no": reference_no, "status": word})
