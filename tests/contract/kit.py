"""What every contract test needs: a running world, an empty home's vault and evidence, and requests that the world would take."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml

from bots.driver import PortalDriver
from bots.errors import PasswordRejected
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
    UnitType,
    Urgency,
)
from bots.pagemap import selectors_folder
from bots.registry import PortalAccess, PortalFactory
from bots.vault import Vault, password_name
from fixtures.server import RunningWorld

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


class Kit:
    """Opens portals of one world. ``selectors`` replaces a portal's selector file."""

    def __init__(self, world: RunningWorld, home: Path) -> None:
        self.world = world
        self.home = home
        self.vault = Vault.open(home / "vault", KeyFile(home / "key"))
        self.evidence = Evidence(home / "receipts", self.vault)
        (home / "receipts").mkdir(exist_ok=True)
        self.passwords = Passwords()
        self.now = lambda: datetime.now(UTC)

    def factory(self, **selectors: str) -> PortalFactory:
        slugs = sorted({row["portal"] for row in self.world.truth("accounts")})
        access = {slug: PortalAccess(base_url=self.world.url(slug), selectors=selectors.get(slug, "")) for slug in slugs}
        return PortalFactory(
            access,
            vault=self.vault,
            evidence=self.evidence,
            credentials=self.passwords,
            now=self.now,
            today=lambda: self.now().date(),
        )

    @asynccontextmanager
    async def portal(self, slug: str, account: str = "", **selectors: str) -> AsyncIterator[PortalDriver]:
        account = account or next(row["username"] for row in self.world.truth("accounts") if row["portal"] == slug)
        self.know_password(slug, account)
        async with self.factory(**selectors) as factory, factory.open(slug, account) as portal:
            yield portal

    def selectors(self, slug: str, **timeouts: float) -> str:
        """A copy of a portal's selector file with other time-outs (seconds)."""
        raw = yaml.safe_load((selectors_folder() / f"{slug}.yaml").read_text(encoding="utf-8"))
        raw["timeouts"] = {**raw.get("timeouts", {}), **timeouts}
        path = self.home / f"{slug}.yaml"
        path.write_text(yaml.safe_dump(raw), encoding="utf-8")
        return str(path)

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
        start = date.today() + timedelta(days=3)
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
