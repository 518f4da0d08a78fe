"""The simulated Optum Pro and One Healthcare ID: what they refuse, in their words, and what they do unasked."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from fixtures.people import providers
from fixtures.plans import carepartners_members
from fixtures.portals.optum_pro.identity import UNKNOWN, WEAK, WRONG
from fixtures.portals.optum_pro.patients import NO_RESULTS
from fixtures.world import WorldApp

API = "/oneapp/api/v1/auth/"
PATIENT = next(member for member in carepartners_members() if "cp_apn" in member.tags)
DOCTOR = next(p for p in providers() if p.cmap and p.kind == "individual")
SELLER = next(p for p in providers() if p.cmap and p.kind == "organization")
OUTSIDER = next(p for p in providers() if not p.cmap)
DETAILS = {
    "kind": "prior_auth",
    "category": "dme",
    "priority": "standard",
    "certification": "initial",
    "place": "12",
    "from_date": "06/15/2019",
    "to_date": "07/15/2019",
}
LINE = {"category": "dme", "code": "E0601", "units": "1", "unit": "items", "line_from": "06/15/2019", "line_to": "07/15/2019"}
CONTACT = {"contact_name": "Front Desk", "contact_phone": "860-555-0100", "our_reference": "R-1"}


class Clerk:
    """Somebody at a practice's desk."""

    def __init__(self, app: WorldApp) -> None:
        transport = httpx.ASGITransport(app=app)
        self.http = httpx.AsyncClient(transport=transport, base_url="http://optum-pro.localhost", follow_redirects=True)
        self.draft = ""

    async def go(self, path: str, data: dict[str, str] | None = None, **more: Any) -> str:
        answer = await (self.http.get(path) if data is None and not more else self.http.post(path, data=data, **more))
        return answer.text

    async def call(self, name: str, base: str = "/provider/api/", /, **asked: str) -> Any:
        return (await self.http.post(base + name, json=asked)).json()

    async def identity(self, name: str, /, **asked: str) -> Any:
        return await self.call(name, API, **asked)

    async def sign_in(self, username: str = "op-desk1", kind: str = "id", password: str = "Synthetic$Optum1") -> Any:
        return await self.identity("login", kind=kind, username=username, password=password)

    async def enter(self) -> str:
        return await self.go("/oidc/auth/callback", {"grantId": (await self.sign_in())["grantId"]})

    async def begin(self) -> str:
        text = await self.go("/provider/requests/new", {"member": PATIENT.id})
        found = re.search(r'data-draft="(OP\d{9})"', text)
        self.draft = found[1] if found else ""
        return text

    async def step(self, name: str, **typed: str) -> str:
        return await self.go(f"/provider/requests/{name}", {"d": self.draft, **typed})

    async def fill(self) -> str:
        """Up to the summary."""
        await self.begin()
        await self.call("diagnosis", d=self.draft, code="E11.9")
        await self.call("line", d=self.draft, **LINE)
        await self.step("details", **DETAILS)
        await self.call("providers/choose", d=self.draft, role="requesting", npi=DOCTOR.npi)
        await self.call("providers/choose", d=self.draft, role="servicing", npi=SELLER.npi)
        await self.step("providers", **CONTACT)
        return await self.step("documents")

    async def submit(self) -> str:
        await self.fill()
        return await self.step("submit", attested="yes")


@pytest.fixture
async def outside(app: WorldApp) -> AsyncIterator[Clerk]:
    clerk = Clerk(app)
    yield clerk
    await clerk.http.aclose()


@pytest.fixture
async def clerk(outside: Clerk) -> Clerk:
    await outside.enter()
    return outside


# --- One Healthcare ID ------------------------------------------------------------------------------------------------


async def test_the_name_is_asked_for_alone_and_is_an_id_or_an_address(outside: Clerk) -> None:
    assert (await outside.identity("login-options", kind="id", username="OP-DESK1"))["userExists"] is True
    assert (await outside.identity("login-options", kind="email", username="op-desk1@practice.example"))["userExists"] is True
    unknown = await outside.identity("login-options", kind="email", username="op-desk1")
    assert (unknown["userExists"], unknown["error"]) == (False, UNKNOWN)


async def test_an_address_that_two_accounts_share_is_no_login(outside: Clerk, truth: Any) -> None:
    await truth.post("accounts", portal="optum_pro", username="op-desk2", email="op-desk1@practice.example")
    assert not (await outside.identity("login-options", kind="email", username="op-desk1@practice.example"))["userExists"]


async def test_three_wrong_passwords_lock(outside: Clerk) -> None:
    assert [(await outside.sign_in(password="wrong"))["error"] for _ in range(2)] == [WRONG, WRONG]
    assert (await outside.sign_in(password="wrong"))["view"] == "locked"
    assert (await outside.sign_in())["view"] == "locked"


async def test_an_expired_password_is_changed_on_the_way_in(outside: Clerk, truth: Any) -> None:
    await truth.post("accounts", portal="optum_pro", username="op-desk1", expired=True)
    asked = await outside.sign_in()
    assert asked["view"] == "expired"
    weak = await outside.identity("password", ticket=asked["ticket"], new_password="short", confirm_password="short")
    assert weak["error"] == WEAK
    new = {"new_password": "Synthetic$New1", "confirm_password": "Synthetic$New1"}
    assert (await outside.identity("password", ticket=weak["ticket"], **new))["view"] == "login"
    assert (await outside.sign_in(password="Synthetic$New1"))["view"] == "done"


async def test_the_page_of_ways_is_left_out_every_second_time(outside: Clerk, truth: Any) -> None:
    await truth.post("accounts", portal="optum_pro", username="op-desk1", second_factor="sms")
    views = [(await outside.sign_in())["view"] for _ in range(4)]
    assert views == ["method", "code", "method", "code"]


async def test_codes_are_refused_in_the_words_of_the_identity(outside: Clerk, truth: Any) -> None:
    await truth.post("accounts", portal="optum_pro", username="op-desk1", second_factor="email")
    ticket = (await outside.sign_in())["ticket"]
    await outside.identity("method", ticket=ticket, method="email")
    wrong = await outside.identity("verify", ticket=ticket, code="x")
    assert wrong["error"] == "The access code is invalid. Try again."
    (sent,) = await truth.get("codes")
    await truth.post("clock", advance_hours=0.2)
    late = await outside.identity("verify", ticket=ticket, code=sent["code"])
    assert late["error"] == "The access code has expired. Request a new one."


@pytest.mark.parametrize("step", ["question", "consent", "step_up"])
async def test_Q19_what_the_owner_must_give_comes_once(step: str, outside: Clerk, truth: Any) -> None:
    await truth.fault("Q19", portal="optum_pro", where=step)
    asked = await outside.sign_in()
    assert asked["view"] == step
    assert (await outside.identity("continue", ticket=asked["ticket"], step=step, value="given"))["view"] == "done"
    assert (await outside.sign_in())["view"] == "done"


async def test_an_account_that_is_signed_in_is_asked_before_its_session_ends(clerk: Clerk, truth: Any) -> None:
    asked = await clerk.sign_in()
    assert asked["view"] == "in_use"
    assert (await clerk.identity("take-over", ticket=asked["ticket"]))["view"] == "done"
    assert await truth.get("sessions") == []


async def test_nobody_gets_in_with_a_ticket_that_is_used_up(outside: Clerk) -> None:
    grant = (await outside.sign_in())["grantId"]
    await outside.go("/oidc/auth/callback", {"grantId": grant})
    await outside.go("/provider/logout")
    assert "Your session has ended" in await outside.go("/provider/home")
    assert 'data-view="login"' in await outside.go("/oidc/auth/callback", {"grantId": grant})


# --- the patient ------------------------------------------------------------------------------------------------------


async def test_a_patient_is_found_by_id_or_name_and_birth_date(clerk: Clerk, truth: Any) -> None:
    born = f"{PATIENT.dob:%m/%d/%Y}"
    assert (await clerk.call("patients", member_id=PATIENT.id, dob=born))["member"] == PATIENT.id
    named = {"last_name": PATIENT.last_name, "first_name": PATIENT.first_name}
    assert (await clerk.call("patients", **named, dob=born))["member"] == PATIENT.id
    assert (await clerk.call("patients", member_id=PATIENT.id, dob="01/01/1900"))["error"] == NO_RESULTS
    assert (await clerk.call("patients", member_id=PATIENT.id, dob=""))["error"].startswith("Error: Enter the Member ID")
    await truth.fault("false_miss", portal="optum_pro")
    assert (await clerk.call("patients", member_id=PATIENT.id, dob=born))["error"] == NO_RESULTS
    assert (await clerk.call("patients", member_id=PATIENT.id, dob=born))["member"] == PATIENT.id


@pytest.mark.parametrize("tag", ["cp_plain", "cp_inactive"])
async def test_no_request_begins_for_those_who_are_reviewed_elsewhere_or_not_eligible(tag: str, clerk: Clerk) -> None:
    member = next(member for member in carepartners_members() if tag in member.tags)
    card = (await clerk.call("patients/card", member=member.id, card="coverage"))["html"]
    assert "New Request" not in card
    assert ("CarePartners of Connecticut" in card) == (tag == "cp_plain")
    assert "Not Available" in await clerk.go("/provider/requests/new", {"member": member.id})


# --- the request ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"from_date": "06/11/2019"}, "cannot be in the past"),
        ({"to_date": "06/14/2019"}, "before the service start date"),
        ({"to_date": "07/15/2020"}, "one year at most"),
        ({"from_date": "2019-06-15"}, "must be valid dates"),
        ({"category": "therapy_pt"}, "does not belong to this service category"),
        ({"priority": ""}, "Urgency is required"),
        ({"dx_text": "E11"}, "was not added"),
        ({"from_date": "06/16/2019"}, "within the dates of service"),
    ],
)
async def test_details_that_are_refused(clerk: Clerk, changes: dict[str, str], said: str) -> None:
    await clerk.begin()
    await clerk.call("diagnosis", d=clerk.draft, code="E11.9")
    await clerk.call("line", d=clerk.draft, **LINE)
    assert said in await clerk.step("details", **{**DETAILS, **changes})


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"code": "97110"}, "Select a procedure of this service category"),
        ({"units": "0"}, "Enter the quantity"),
        ({"modifiers": "RT LT 59 XU KX"}, "Up to four modifiers"),
        ({"line_to": "06/14/2019"}, "valid dates for the procedure"),
    ],
)
async def test_procedures_that_are_refused(clerk: Clerk, changes: dict[str, str], said: str) -> None:
    await clerk.begin()
    assert said in (await clerk.call("line", d=clerk.draft, **{**LINE, **changes}))["error"]


async def test_only_the_requesting_provider_must_be_listed(clerk: Clerk) -> None:
    await clerk.begin()
    typed = {"d": clerk.draft, "name": OUTSIDER.last_name, "npi": OUTSIDER.npi}
    assert "No providers found" in (await clerk.call("providers", role="servicing", npi=OUTSIDER.npi))["html"]
    assert "must be selected" in (await clerk.call("providers/type", role="requesting", **typed))["error"]
    assert "(not listed)" in (await clerk.call("providers/type", role="servicing", **typed))["text"]
    bad = {**typed, "npi": "1234567890"}
    assert "10-digit NPI" in (await clerk.call("providers/type", role="servicing", **bad))["error"]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("notes.exe", b"x", "not supported"),
        ("notes.pdf", b"", "is empty"),
        ("notes.pdf", b"%PDF-1.4 /Encrypt", "protected by a password"),
        ("notes.txt", b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE", "may contain a virus"),
    ],
)
async def test_Q32_documents_that_are_refused(clerk: Clerk, name: str, content: bytes, said: str) -> None:
    await clerk.fill()
    files = {"fileUpload_0": (name, content)}
    assert said in await clerk.go("/provider/requests/upload", {"d": clerk.draft}, files=files)


async def test_nothing_is_submitted_without_an_attestation_and_twice_is_twice(clerk: Clerk, truth: Any) -> None:
    await clerk.fill()
    assert "You must attest" in await clerk.step("submit")
    assert await truth.get("requests") == []
    for _ in range(2):
        assert "We received your request" in await clerk.step("submit", attested="yes")
    assert len(await truth.get("requests")) == 2


async def test_a_referral_is_approved_at_once(clerk: Clerk, truth: Any) -> None:
    await clerk.fill()
    await clerk.step("details", **{**DETAILS, "kind": "referral"})
    assert "Your request is approved" in await clerk.step("submit", attested="yes")


async def test_Q30_the_same_on_file_is_mentioned_and_no_obstacle(clerk: Clerk, truth: Any) -> None:
    await clerk.submit()
    assert "is on file:" in await clerk.fill()
    await truth.fault("Q30", portal="optum_pro")
    assert "is on file:" not in await clerk.go(f"/provider/requests/summary?d={clerk.draft}")


async def test_Q27_the_draft_number_looks_like_a_reference_and_is_none(clerk: Clerk, truth: Any) -> None:
    await clerk.submit()
    (accepted,) = await truth.get("requests")
    assert re.fullmatch(r"OP\d{9}", accepted["draft_no"])
    assert "There is no request" in await clerk.go(f"/provider/requests/case?id={accepted['draft_no']}")


# --- list and case ------------------------------------------------------------------------------------------------------


async def test_the_list_shows_thirty_days_unless_asked_and_two_years_at_most(clerk: Clerk, truth: Any) -> None:
    await clerk.submit()
    (accepted,) = await truth.get("requests")
    await truth.post("clock", advance_hours=24 * 31)
    await clerk.enter()
    assert accepted["reference_no"] not in await clerk.go("/provider/requests")
    assert accepted["reference_no"] in await clerk.go("/provider/requests?from=06/01/2019")
    assert "last 24 months" in await clerk.go("/provider/requests?from=06/01/2017")


async def test_the_export_has_the_rows_of_all_pages(clerk: Clerk, truth: Any) -> None:
    await clerk.submit()
    (accepted,) = await truth.get("requests")
    await truth.post("copies", reference_no=accepted["reference_no"], count=30)
    assert "1 / 4" in await clerk.go("/provider/requests")
    rows = list(csv.DictReader(io.StringIO((await clerk.go("/provider/requests/export")).lstrip("\ufeff"))))
    assert len(rows) == 31
    assert {row["Status"] for row in rows} == {"Pending"}


async def test_a_denial_shows_the_reviewers_phone_under_its_reason(clerk: Clerk, truth: Any) -> None:
    await clerk.submit()
    (accepted,) = await truth.get("requests")
    number = accepted["reference_no"]
    assert "1-888-555-0134" not in await clerk.go(f"/provider/requests/case?id={number}")
    await truth.post("decide", reference_no=number, status="Not authorized", reason="Criteria are not met.", approved=[0])
    text = await clerk.go(f"/provider/requests/case?id={number}")
    assert text.index("Criteria are not met.") < text.index("1-888-555-0134")


async def test_another_practice_sees_nothing_of_it(clerk: Clerk, outside: Clerk, truth: Any, app: WorldApp) -> None:
    await clerk.submit()
    (accepted,) = await truth.get("requests")
    other = Clerk(app)
    grant = (await other.sign_in("op-other", password="Synthetic$Optum92"))["grantId"]
    await other.go("/oidc/auth/callback", {"grantId": grant})
    assert accepted["reference_no"] not in await other.go("/provider/requests")
    assert "There is no request" in await other.go(f"/provider/requests/case?id={accepted['reference_no']}")
    await other.http.aclose()
