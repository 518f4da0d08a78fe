"""A world in the test's own process, and people who click through it by hand: a form at a time, redirects followed."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from datetime import date, timedelta
from typing import Any

import httpx
import pytest

from fixtures.clock import parse_now
from fixtures.codes import FAMILIES
from fixtures.people import members, providers
from fixtures.server import RunningWorld, running_world
from fixtures.world import WorldApp

NOW = "2019-06-12"  # a Wednesday; desk time nine in the morning
TODAY = date(2019, 6, 12)
BASE = "/ClearCoverage/"


class Visitor:
    """Somebody at a portal. Answers are the text of the page that comes up; ``status`` and ``path`` are of that page."""

    def __init__(self, app: WorldApp, slug: str) -> None:
        self.app = app
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url=f"http://{slug.replace('_', '-')}.localhost", follow_redirects=True
        )
        self.status, self.path = 0, ""

    async def go(self, path: str, data: dict[str, str] | None = None, **more: Any) -> str:
        if not path.startswith("/"):
            path = BASE + path
        answer = await (self.http.get(path) if data is None and not more else self.http.post(path, data=data, **more))
        self.status, self.path = answer.status_code, answer.url.path
        return answer.text


class Desk(Visitor):
    """Somebody at a practice's desk who enters requests into Clear Coverage."""

    def __init__(self, app: WorldApp) -> None:
        super().__init__(app, "clear_coverage")
        self.draft = ""

    async def sign_in(self, user: str = "cc-desk1", password: str = "") -> str:
        return await self.go("logon.do", {"username": user, "password": password or f"Synthetic$Desk{user[-1]}"})

    async def search(self, member_id: str, dob: str) -> str:
        return await self.go("memberSearch.do", {"member_id": member_id, "dob": dob})

    async def create(self, member_id: str) -> str:
        text = await self.go("createRequest.do", {"member_id": member_id})
        found = re.search(r'name="d" value="(CC\d{9})"', text)
        self.draft = found.group(1) if found else ""
        return text

    async def step(self, name: str, **typed: str) -> str:
        return await self.go(name, {"d": self.draft, **typed})

    async def add(self, name: str, **typed: str) -> dict[str, Any]:
        """What a widget sends; its data."""
        answer = await self.http.post(f"{BASE}ajax/{name}", data={"d": self.draft, **typed})
        return answer.json()

    async def attach(self, name: str, content: bytes) -> str:
        return await self.go("uploadAttachment.do", {"d": self.draft}, files={"document": (name, content)})

    async def enter(self, request: dict[str, Any]) -> str:
        """The whole request up to its review page."""
        await self.create(request["member_id"])
        await self.step("request.do", **request["service"])
        await self.step("providers.do", **request["providers"])
        for code in request["dx"]:
            await self.add("diagnosisAdd.do", code=code)
        for line in request["lines"]:
            await self.add("lineAdd.do", **line)
        await self.step("clinical.do")
        await self.step("medicalReview.do", go="Complete", **request["answers"])
        if request["document"]:
            await self.attach("notes.pdf", PDF)
        await self.step("attachments.do")
        return await self.step("contact.do", **request["contact"])

    async def submit(self, request: dict[str, Any]) -> str:
        """The reference number of a whole request."""
        await self.enter(request)
        return reference_in(await self.step("submit.do"))


PDF = b"%PDF-1.4\n%%EOF\n"


def reference_in(text: str) -> str:
    found = re.search(r'id="ccReference">(CC\d{9})<', text)
    assert found, "no reference number on the page"
    return found.group(1)


def us(day: date) -> str:
    return day.strftime("%m/%d/%Y")


def make_request(n: int = 0, family: str = "therapy_pt", code: str = "97110", units: int = 12, **changes: Any) -> dict[str, Any]:
    """A request that the portal takes as it stands."""
    kind = FAMILIES[family]
    member = [m for m in members() if "plain" in m.tags][n]
    organization = next(p for p in providers() if p.kind == "organization")
    facility = next(p for p in providers() if p.kind == "facility")
    start, end = us(TODAY), us(TODAY + timedelta(days=29))
    line = {"code": code, "units": str(units), "from_date": start, "to_date": end}
    request = {
        "member_id": member.id,
        "service": {
            "family": family,
            "priority": "urgent" if family == "inpatient" else "standard",
            "certification": "initial",
            "from_date": start,
            "to_date": end,
        },
        "providers": {
            "requesting_npi": providers()[0].npi,
            "servicing_name": organization.name if kind.needs_servicing else "",
            "servicing_npi": organization.npi if kind.needs_servicing else "",
            "facility_name": facility.name if kind.needs_facility else "",
            "facility_npi": facility.npi if kind.needs_facility else "",
        },
        "dx": ["M54.50"],
        "lines": [line],
        "answers": {question.name: question.good[0] for question in kind.questions},
        "document": kind.needs_document,
        "contact": {
            "contact_name": "Sample Contact",
            "contact_phone": "860-555-0100",
            "contact_fax": "",
            "provider_reference": f"REQ-{n:04d}",
            "notes": "",
        },
    }
    return {**request, **changes}


class Truth:
    """The truth endpoints. ``calls`` that are refused raise `httpx.HTTPStatusError`."""

    def __init__(self, app: WorldApp) -> None:
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://127.0.0.1/__truth__/")

    async def get(self, name: str) -> Any:
        return (await self.http.get(name)).raise_for_status().json()

    async def post(self, name: str, **body: Any) -> Any:
        return (await self.http.post(name, json=body)).raise_for_status().json()

    async def fault(self, fault: str, portal: str = "clear_coverage", **more: Any) -> Any:
        return await self.post("faults", portal=portal, fault=fault, **more)


@pytest.fixture
def app() -> WorldApp:
    return WorldApp(seed=1, now=parse_now(NOW))


@pytest.fixture
async def truth(app: WorldApp) -> AsyncIterator[Truth]:
    truth = Truth(app)
    yield truth
    await truth.http.aclose()


@pytest.fixture
async def stranger(app: WorldApp) -> AsyncIterator[Desk]:
    """At the logon page, not signed in."""
    desk = Desk(app)
    yield desk
    await desk.http.aclose()


@pytest.fixture
async def desk(stranger: Desk) -> Desk:
    """Signed in as cc-desk1."""
    await stranger.sign_in()
    return stranger


@pytest.fixture
def ask() -> Any:
    """``ask(n, family, code, units, **changes)`` makes a request that the portal takes."""
    return make_request


@pytest.fixture
async def biller(app: WorldApp) -> AsyncIterator[Visitor]:
    """At the secure portal, not signed in."""
    visitor = Visitor(app, "husky_secure")
    yield visitor
    await visitor.http.aclose()


@pytest.fixture(scope="session")
def live_world() -> Iterator[RunningWorld]:
    """A world in a process of its own, on a real port."""
    with running_world(now=NOW) as world:
        yield world


@pytest.fixture
def visitor_of() -> type[Visitor]:
    """``visitor_of(app, slug)``: somebody at that portal."""
    return Visitor


@pytest.fixture
async def caller(app: WorldApp) -> AsyncIterator[Visitor]:
    """At eviCore's portal, not signed in."""
    visitor = Visitor(app, "evicore")
    yield visitor
    await visitor.http.aclose()
