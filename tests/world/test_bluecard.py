"""The pre-service review tool as people see it who click through it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from html import unescape
from typing import Any

import pytest

from fixtures.people import providers
from fixtures.plans import bluecard_members
from fixtures.portals.bluecard.plans import PHONE_PLAN
from fixtures.web import us_date

BASE = "/BlueCard/"
MEMBER = bluecard_members()[40]
DOCTOR, SELLER = providers()[0], next(p for p in providers() if p.kind == "organization")
FORM = {
    "memberId": MEMBER.id,
    "dob": us_date(MEMBER.dob),
    "urgency": "standard",
    "dx1": "E11.9",
    "servicingNpi": SELLER.npi,
    "contactName": "Front Desk",
    "contactPhone": "860-555-0100",
    "code1": "E0601",
    "units1": "1",
    "from1": "06/12/2019",
    "to1": "07/12/2019",
}


class Clicker:
    def __init__(self, visitor: Any) -> None:
        self.visitor = visitor
        self.text = ""

    async def go(self, name: str, data: dict[str, str] | None = None, **more: Any) -> str:
        """The title of the page that comes."""
        self.text = await self.visitor.go(BASE + name, data, **more)
        found = re.search(r"<h1>(.*?)</h1>", self.text)
        return found[1] if found else ""

    @property
    def errors(self) -> list[str]:
        told = re.search(r'<div class="err">(.*?)</div>', self.text, re.DOTALL)
        return [unescape(text) for text in re.findall(r"<p>(.*?)</p>", told[1])] if told else []

    async def enter(self, prefix: str = MEMBER.id[:3]) -> str:
        await self.go("route", {"npi": DOCTOR.npi, "prefix": prefix})
        return await self.go("enter", {})


@pytest.fixture
async def clicker(app: Any, visitor_of: Any) -> AsyncIterator[Clicker]:
    visitor = visitor_of(app, "bluecard")
    yield Clicker(visitor)
    await visitor.http.aclose()


async def test_Q25_the_prefix_leads_to_a_form_a_number_or_nowhere(clicker: Clicker) -> None:
    assert await clicker.go("route", {"npi": DOCTOR.npi, "prefix": MEMBER.id[:3].lower()}) == "Home Plan Landing Page"
    assert await clicker.go("route", {"npi": DOCTOR.npi, "prefix": "TSQ"}) == "Home Plan Information"
    assert PHONE_PLAN.phone in clicker.text
    await clicker.go("route", {"npi": DOCTOR.npi, "prefix": "ZZZ"})
    assert clicker.errors == ["The prefix is not valid. Enter the first three characters of the member ID."]
    await clicker.go("route", {"npi": "1999999984", "prefix": "DMO"})
    assert clicker.errors == ["The provider is not registered for this tool."]


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"memberId": MEMBER.id[3:]}, "No member of this plan has this ID and date of birth. Enter the ID with its prefix."),
        ({"dob": "01/02/1940"}, "No member of this plan has this ID and date of birth. Enter the ID with its prefix."),
        ({"dx1": ""}, "At least one diagnosis is required."),
        ({"dx2": "Z99.99"}, "Diagnosis 2 is not valid."),
        ({"code1": "E9999"}, "Procedure code 1 is not valid."),
        ({"code1": "A4450"}, "Pre-service review is not required for A4450."),
        ({"units1": "0"}, "Units 1 must be a whole number from 1 to 999."),
        ({"from1": "06/06/2019"}, "Dates of service 1 are not valid."),
        ({"to1": "06/01/2019"}, "Dates of service 1 are not valid."),
        ({"code1": "", "units1": "", "from1": "", "to1": ""}, "At least one procedure is required."),
        ({"urgency": ""}, "Select the urgency."),
        ({"servicingNpi": ""}, "Servicing provider NPI is not valid."),
        ({"facilityNpi": "123"}, "Facility NPI is not valid."),
        ({"contactPhone": "8605550100"}, "A contact with telephone (###-###-####) is required."),
        ({"notes": "x" * 301}, "Notes may have 300 characters."),
    ],
    ids=lambda value: value[:24] if isinstance(value, str) else "",
)
async def test_the_plans_form_refuses_in_its_own_words(clicker: Clicker, typed: dict[str, str], told: str) -> None:
    await clicker.enter()
    await clicker.go("request", {**FORM, **typed})
    assert clicker.errors == [told]
    assert await clicker.go("request", FORM) == "Clinical Documents"


async def test_somebody_who_is_not_covered_is_refused(clicker: Clicker) -> None:
    gone = next(m for m in bluecard_members() if not m.eligible)
    await clicker.enter(gone.id[:3])
    await clicker.go("request", {**FORM, "memberId": gone.id, "dob": us_date(gone.dob)})
    assert clicker.errors == ["The member's coverage is not active."]


async def test_the_number_is_shown_once_and_what_is_sent_twice_is_taken_twice(clicker: Clicker, truth: Any) -> None:
    await clicker.enter()
    await clicker.go("request", FORM)
    await clicker.go("upload", files={"document": ("a.txt", b"x")})
    assert clicker.errors == ["Only these types can be added: .pdf, .tif, .tiff."]
    assert await clicker.go("documents", {}) == "Review Your Request"
    assert await clicker.go("submit", {}) == "Request Received by the Home Plan"
    assert await clicker.go("submit", {}) == "Request Received by the Home Plan"
    numbers = [row["reference_no"] for row in await truth.get("requests")]
    assert len(set(numbers)) == 2
    known = {"reference": numbers[0], "memberId": MEMBER.id, "dob": us_date(MEMBER.dob)}
    assert await clicker.go("status", known) == "Request at the Home Plan"
    await clicker.go("status", {**known, "dob": "01/02/1940"})
    assert clicker.errors == ["Nothing was found under this number for this member."]


async def test_going_back_ends_it(clicker: Clicker) -> None:
    await clicker.enter()
    await clicker.go("request", FORM)
    assert await clicker.go("request", FORM) == "Session Ended"
    assert await clicker.go("documents", {}) == "Session Ended"
