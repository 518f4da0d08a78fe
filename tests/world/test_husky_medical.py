"""The medical portal since 2020 is as strict as it is said to be, and refuses in its own words inside answers that say 200."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from datetime import date, timedelta
from html import unescape
from typing import Any

import httpx
import pytest

from fixtures.people import members, providers
from fixtures.portals.husky_medical.uploads import SCAN_SECONDS
from fixtures.world import WorldApp

TODAY = date(2019, 6, 12)
PDF = b"%PDF-1.4\n%%EOF\n"


def us(day: date) -> str:
    return day.strftime("%m/%d/%Y")


DATES = {"from_date": us(TODAY), "to_date": us(TODAY + timedelta(days=29))}
PRESCREEN = {"treatment": "therapy_pt", "place": "11", "dx": "M54.50", "procedure": "97110", **DATES}
DETAILS = {
    "urgency": "standard",
    "request_type": "initial",
    "requesting": providers()[0].npi,
    "servicing": next(p for p in providers() if p.kind == "organization").npi,
    "contact_name": "Sample Contact",
    "contact_phone": "(860) 555-0100",
    "our_reference": "REQ-1",
}
SERVICE = {"procedure": "97110", "quantity": "12", "quantity_type": "visits", **DATES}
ANSWERS = {"th_evaluation": "yes", "th_plan_signed": "yes", "th_progress": "na"}


class Desk:
    """Somebody who works with the portal's page, as its script would."""

    def __init__(self, app: WorldApp, user: str = "hm-desk1") -> None:
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url="http://husky-medical.localhost/MedAuth/", follow_redirects=True
        )
        self.user, self.draft = user, ""

    async def page(self, path: str, data: dict[str, str] | None = None) -> str:
        answer = await (self.http.get(path) if data is None else self.http.post(path, data=data))
        assert answer.status_code == 200
        return answer.text

    async def sign_in(self) -> str:
        return await self.page("login", {"username": self.user, "password": f"Synthetic$Auth{self.user[-1]}"})

    async def call(self, name: str, **asked: str) -> dict[str, Any]:
        answer = await self.http.post(f"api/{name}", json={"d": self.draft, **asked})
        assert answer.status_code == 200, "what is wrong is a flag in a normal answer"
        return dict(answer.json())

    async def ask(self, name: str, **asked: str) -> dict[str, Any]:
        return dict((await self.http.get(f"api/{name}", params={"d": self.draft, **asked})).json())

    async def refused(self, name: str, **asked: str) -> str:
        answer = await self.call(name, **asked)
        assert not answer["ok"]
        return " ".join(answer["messages"])

    async def begin(self, n: int = 40, kind: str = "service") -> None:
        member = [m for m in members() if "plain" in m.tags][n]
        found = await self.call("member", member_id=member.id, dob=us(member.dob))
        self.draft = (await self.call("start", member=found["member"], type=kind))["draft"]

    async def attach(self, *files: tuple[str, bytes]) -> list[tuple[str, str]]:
        """Name and what became of it, once the scan is over."""
        await self.http.post("api/upload", data={"d": self.draft}, files=[("file", file) for file in files])
        await asyncio.sleep(SCAN_SECONDS * 1.2)
        html = (await self.ask("uploads"))["html"]
        rows = re.findall(r"<tr><td>([^<]+)</td><td>\d+</td><td>(\w+)</td><td>([^<]*)", html)
        return [(unescape(name), told.strip() or state) for name, state, told in rows]

    async def enter(self, n: int = 40, **details: str) -> None:
        """A whole request up to its review."""
        await self.begin(n)
        for name, asked in (
            ("prescreen", PRESCREEN),
            ("details", {**DETAILS, **details}),
            ("service/add", SERVICE),
            ("services", {}),
        ):
            assert (await self.call(name, **asked))["ok"], name
        await self.call("criteria", go="complete", **ANSWERS)
        assert (await self.call("clinical", note=""))["ok"]

    async def submit(self, n: int = 40, **details: str) -> str:
        await self.enter(n, **details)
        found = re.search(r"\b[1-8]\d{9}\b", (await self.call("submit"))["html"])
        assert found
        return found[0]


@pytest.fixture
async def office(app: WorldApp) -> AsyncIterator[Desk]:
    desk = Desk(app)
    await desk.sign_in()
    yield desk
    await desk.http.aclose()


# --- member and prescreen ---------------------------------------------------------------------------------------------


async def test_Q06_a_twin_is_found_by_first_name_only(office: Desk) -> None:
    one, other = (m for m in members()[:2])
    asked = {"member_id": one.id, "dob": us(one.dob)}
    assert (await office.call("member", **asked))["found"] == "several"
    assert (await office.call("member", first_name="Nobody", **asked))["found"] == "none"
    assert (await office.call("member", first_name=other.first_name.upper(), **asked))["member"] == other.id


async def test_a_member_who_is_not_eligible_opens_no_request(office: Desk) -> None:
    member = next(m for m in members() if not m.eligible)
    found = await office.call("member", member_id=member.id, dob=us(member.dob))
    assert not found["eligible"]
    assert "not eligible" in await office.refused("start", member=member.id)
    assert (await office.call("member", member_id=member.id, dob="01/01/1901"))["found"] == "none"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"treatment": "inpatient"}, "Treatment Type is required."),
        ({"place": ""}, "Place of Service is required."),
        ({"dx": "M54.5"}, "Pick a diagnosis from the list."),
        ({"procedure": "E0601"}, "does not belong to this treatment type"),
        ({"procedure": "70551"}, "choosing the link eviCore healthcare"),
        ({"treatment": "dme", "procedure": "E0277"}, "The procedure code has expired."),
        ({"from_date": us(TODAY - timedelta(days=6))}, "no more than 5 calendar days in the past"),
        ({"to_date": us(TODAY - timedelta(days=1))}, "To Date is before From Date."),
        ({"from_date": "6/12/2019"}, "must be valid dates"),
    ],
)
async def test_the_prescreen_refuses_in_its_own_words(office: Desk, changes: dict[str, str], words: str) -> None:
    await office.begin()
    assert words in await office.refused("prescreen", **{**PRESCREEN, **changes})


async def test_Q09_a_service_that_needs_no_authorization_ends_the_flow(office: Desk) -> None:
    await office.begin()
    assert (await office.call("prescreen", **{**PRESCREEN, "procedure": "97161"}))["verdict"] == "not_required"
    assert "not complete" in await office.refused("submit")
    assert (await office.call("prescreen", **{**PRESCREEN, "from_date": us(TODAY - timedelta(days=5))}))["verdict"] == "required"


async def test_Q08_look_ups_want_two_characters_and_show_fifty_rows(office: Desk) -> None:
    await office.begin()
    await office.call("prescreen", **PRESCREEN)
    assert [row["code"] for row in (await office.ask("lookup/diagnosis", q="e11.9"))["rows"]] == ["E11.9"]
    assert (await office.ask("lookup/diagnosis", q="e"))["rows"] == []
    many = await office.ask("lookup/diagnosis", q="sample", by="name")
    assert (len(many["rows"]), many["more"]) == (50, True)
    assert (await office.ask("lookup/procedure", q="E0601", within="treatment"))["rows"] == []


async def test_other_practices_providers_are_found_only_among_all(office: Desk) -> None:
    people = [p for p in providers() if p.kind == "individual" and p.cmap]
    own = [p.npi for p in people if (await office.ask("lookup/provider", q=p.npi, kind="individual"))["rows"]]
    everybody = [p for p in people if (await office.ask("lookup/provider", q=p.npi, kind="individual", all="1"))["rows"]]
    assert 0 < len(own) < len(everybody) == len(people)
    assert (await office.ask("lookup/provider", q="Test*", kind="individual", all="1"))["rows"] == []


# --- details, services, clinical --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"urgency": ""}, "Level of Urgency is required."),
        ({"urgency": "urgent"}, "The urgency must be attested."),
        ({"requesting": "1900000013"}, "Requesting Provider must be picked from the list."),
        ({"servicing": ""}, "Servicing Provider is required."),
        ({"contact_phone": "860-555-0100"}, "Contact Phone must be entered as (###) ###-####."),
        ({"our_reference": "R" * 26}, "Your Reference may have 25 characters at most."),
    ],
)
async def test_the_details_are_checked(office: Desk, changes: dict[str, str], words: str) -> None:
    await office.begin()
    await office.call("prescreen", **PRESCREEN)
    assert words in await office.refused("details", **{**DETAILS, **changes})


async def test_services_are_checked_and_what_is_only_typed_is_not_lost(office: Desk) -> None:
    await office.begin()
    await office.call("prescreen", **PRESCREEN)
    await office.call("details", **DETAILS)
    for changes, words in (
        ({"procedure": "97530"}, "of this treatment type"),
        ({"quantity": "0"}, "whole number"),
        ({"quantity_type": ""}, "Quantity Type is required."),
        ({"to_date": us(TODAY + timedelta(days=30))}, "within the dates of the request"),
    ):
        assert words in await office.refused("service/add", **{**SERVICE, **changes})
    assert "at least one service" in await office.refused("services")
    await office.call("service/add", **{**SERVICE, "procedure": "97112"})
    assert "primary procedure" in await office.refused("services")
    await office.call("service/add", **SERVICE)
    assert "typed but not added" in await office.refused("services", procedure_text="97116")


async def test_Q07_a_review_that_is_saved_lets_through_and_pends_a_completed_one_is_locked(office: Desk, app: WorldApp) -> None:
    await office.begin()
    for name, asked in (("prescreen", PRESCREEN), ("details", DETAILS), ("service/add", SERVICE)):
        await office.call(name, **asked)
    assert "has not been started" in await office.refused("clinical", note="")
    assert "Question 3 has no answer." in await office.refused(
        "criteria", go="complete", th_evaluation="yes", th_plan_signed="yes"
    )
    assert (await office.call("criteria", go="save", **ANSWERS))["review"] == "saved"
    await office.call("clinical", note="")
    assert "waiting for review" in (await office.call("submit"))["html"]
    (case,) = [c for c in app.world.payer.cases.values() if not c.historic]
    assert case.ask.answers == {}
    assert (await office.call("criteria", go="complete", **ANSWERS))["review"] == "completed"
    assert "locked" in await office.refused("criteria", go="save", **ANSWERS)


async def test_the_criteria_show_the_dates_a_day_early(office: Desk) -> None:
    await office.begin()
    await office.call("prescreen", **PRESCREEN)
    assert us(TODAY - timedelta(days=1)) in await office.page(f"criteria?d={office.draft}")


async def test_selected_is_not_accepted(office: Desk) -> None:
    await office.begin()
    await office.call("prescreen", **{**PRESCREEN, "treatment": "dme", "procedure": "E0601"})
    await office.call("details", **DETAILS)
    await office.call("service/add", **{**SERVICE, "procedure": "E0601", "quantity_type": "items"})
    await office.call("criteria", go="save")
    assert "An attachment is required." in await office.refused("clinical", note="")
    told = await office.attach(("a.pdf", PDF), ("a.pdf", PDF), ("b.exe", b"MZ"), ("c.pdf", b"%PDF-1.4 /Encrypt"))
    assert told == [
        ("a.pdf", "Accepted"),
        ("a.pdf", "A file with this name already exists"),
        ("b.exe", "Document type .exe is not allowed"),
        ("c.pdf", "Encrypted files require a password"),
    ]
    assert "Remove the attachments" in await office.refused("clinical", note="")
    assert dict(await office.attach(("d.pdf", b"%PDF-1.4 EICAR-STANDARD-ANTIVIRUS-TEST-FILE")))["d.pdf"] == "Failed AV scan"
    assert dict(await office.attach(("e.pdf", b"")))["e.pdf"] == "Too many files. You may only upload 5 file(s)."


# --- submitted --------------------------------------------------------------------------------------------------------


async def test_what_is_posted_twice_is_accepted_twice(office: Desk, truth: Any) -> None:
    await office.submit()
    await office.call("submit")
    taken = await truth.get("requests")
    assert [row["portal"] for row in taken] == ["husky_medical"] * 2
    assert taken[0]["reference_no"] != taken[1]["reference_no"] != taken[1]["draft_no"]


async def test_an_unfinished_request_stays_until_it_is_discarded(office: Desk) -> None:
    await office.begin()
    assert office.draft in await office.page("dashboard")
    assert (await office.call("discard"))["ok"]
    assert office.draft not in await office.page("dashboard")
    assert not (await office.call("prescreen", **PRESCREEN))["ok"]
    await office.submit()
    assert "Unfinished Requests" not in await office.page("dashboard")


async def test_the_dashboard_is_empty_until_its_providers_are_chosen(office: Desk, app: WorldApp) -> None:
    number = await office.submit()
    assert number not in await office.page("dashboard")
    assert "Choose the providers" in await office.page("dashboard?apply=1")
    assert number in await office.page("dashboard?apply=1&providers=all")
    other = Desk(app, "hm-other")
    await other.page("login", {"username": "hm-other", "password": "Synthetic$Auth92"})
    assert number not in await other.page("dashboard?apply=1&providers=all")
    assert "No authorization" in await other.page(f"authorization?id={number}")
    await other.http.aclose()


async def test_Q05_documents_are_added_only_while_pending(office: Desk, truth: Any) -> None:
    number = await office.submit()
    await truth.post("decide", reference_no=number, status="Pended (In review)")
    office.draft = number
    assert 'data-do="add-file"' in await office.page(f"authorization?id={number}")
    await office.http.post("api/case/upload", data={"d": number}, files={"file": ("later.pdf", PDF)})
    await asyncio.sleep(SCAN_SECONDS * 1.2)
    await office.ask("case/uploads")
    assert [file["name"] for file in (await truth.get("requests"))[0]["attachments"]] == ["later.pdf"]
    await truth.post("decide", reference_no=number, status="Authorized", approved=[12])
    assert 'data-do="add-file"' not in await office.page(f"authorization?id={number}")
    refused = await office.http.post("api/case/upload", data={"d": number}, files={"file": ("late.pdf", PDF)})
    assert "only while the authorization is pending" in refused.json()["messages"][0]


async def test_a_change_comes_onto_its_case_and_is_decided_by_itself(office: Desk, truth: Any, app: WorldApp) -> None:
    number = await office.submit()
    await truth.post("decide", reference_no=number, status="Authorized", approved=[12])
    page = await office.page(f"authorization/amend?id={number}&kind=extension")
    office.draft = json.loads(unescape(re.findall(r'data-wizard="([^"]+)"', page)[0]))["draft"]
    assert "after the last authorized day" in await office.refused("service/add", **SERVICE)
    later = {"from_date": us(TODAY + timedelta(days=30)), "to_date": us(TODAY + timedelta(days=40))}
    assert "Only services of this authorization" in await office.refused(
        "service/add", **{**SERVICE, **later, "procedure": "97112"}
    )
    assert (await office.call("service/add", **{**SERVICE, **later}))["ok"]
    assert "A note is required." in await office.refused("clinical", note="")
    assert (await office.call("clinical", note="Synthetic", our_reference="EXT-1"))["ok"]
    assert number in (await office.call("submit"))["html"]
    (case,) = await truth.get("requests")
    assert (case["reference_no"], case["status"], [line.get("kind") for line in case["lines"]]) == (
        number,
        "Authorized",
        [None, "extension"],
    )
    state = app.world.payer.state(app.world.payer.cases[number])
    assert [line.status for line in state.lines] == ["Authorized", "Pended (In review)"]
    await truth.post("clock", advance_hours=24 * 10)
    state = app.world.payer.state(app.world.payer.cases[number])
    assert [line.status for line in state.lines][1] in ("Authorized", "Not authorized")
    await truth.post("decide", reference_no=number, status="Not authorized")
    await office.sign_in()
    assert "cannot be changed" in await office.page(f"authorization/amend?id={number}&kind=extension")


async def test_a_voided_letter_cannot_be_opened(office: Desk, truth: Any) -> None:
    number = await office.submit()
    await truth.post("decide", reference_no=number, status="Pended - awaiting clinical")
    await truth.post("decide", reference_no=number, status="Authorized", approved=[12])
    page = await office.page(f"correspondence?id={number}")
    assert "Voided" in page
    addresses = re.findall(r'href="/MedAuth/(correspondence/letter\?number=[^"]+)"', page)
    assert (await office.http.get(addresses[0])).content.startswith(b"%PDF-")
    places = [f"correspondence/letter?number={number}-{place}" for place in range(1, 4)]
    others = [await office.page(address) for address in places if address not in addresses]
    assert others
    assert all("cannot be opened" in other for other in others)


# --- session ----------------------------------------------------------------------------------------------------------


async def test_a_lost_session_is_told_as_data_to_the_script_and_as_a_page_to_people(office: Desk, truth: Any) -> None:
    await office.begin()
    await truth.post("clock", advance_hours=1)
    assert await office.call("prescreen", **PRESCREEN) == {"ok": False, "session": "expired"}
    assert "Session Expired" in await office.page("dashboard")


async def test_the_second_factor_is_offered_to_accounts_that_have_one(app: WorldApp, truth: Any) -> None:
    await truth.post("accounts", portal="husky_medical", username="hm-desk2", second_factor="totp")
    desk = Desk(app, "hm-desk2")
    assert "Authenticator app" in await desk.sign_in()
    await desk.http.aclose()
