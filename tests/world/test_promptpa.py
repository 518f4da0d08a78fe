"""PromptPA as people see it who click through it: no account, one way forward, and refusals in its own words."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from html import unescape
from typing import Any

import pytest

from fixtures.people import providers
from fixtures.plans import PlanMember, carepartners_members
from fixtures.web import us_date

BASE = "/PromptPA/"
DOCTOR = providers()[0]
TABLETS = {"drugId": "Sampletab", "drugName": "Sampletab", "strength": "5 mg", "quantity": "30", "daysSupply": "30"}
DRUG = {**TABLETS, "startDate": "06/14/2019"}
CONTACT = {"phone": "860-555-0100", "fax": "860-555-0101", "contactName": "Front Desk"}
KIND = {"review": "standard", "certification": "initial", "reason": "prior_auth"}


def card(member: PlanMember) -> dict[str, str]:
    """What is printed on a member's card."""
    return {
        "memberId": member.id,
        "firstName": member.first_name,
        "lastName": member.last_name,
        "dob": us_date(member.dob),
    }


MEMBER = carepartners_members()[40]


class Clicker:
    def __init__(self, visitor: Any) -> None:
        self.visitor = visitor
        self.text = ""

    async def go(self, name: str = "", data: dict[str, str] | None = None, **more: Any) -> str:
        """The title of the page that comes."""
        self.text = await self.visitor.go(BASE + name if name else "/", data, **more)
        found = re.search(r"<h1>(.*?)</h1>", self.text)
        return found[1] if found else ""

    @property
    def errors(self) -> list[str]:
        return [unescape(text) for text in re.findall(r"<li>(.*?)</li>", self.text)]

    async def step(self, name: str, **typed: str) -> str:
        return await self.go(f"request/{name}", typed)

    async def start(self) -> str:
        return await self.go("start", {"submitter": "prescriber", "terms": "yes"})

    async def until(self, last: str) -> None:
        """Enters a request up to the step ``last``."""
        await self.start()
        steps: dict[str, dict[str, str]] = {"patient": card(MEMBER), "drug": DRUG, "prescriber": CONTACT, "type": KIND}
        for name, typed in steps.items():
            if name == last:
                return
            if name == "prescriber":
                await self.step(name, select=DOCTOR.npi)
            await self.step(name, **typed)
        if last != "diagnosis":
            await self.go("api/addDiagnosis", {"code": "E11.9 - Sample"})
            await self.step("diagnosis", diagnosis="")
        if last not in ("diagnosis", "question"):
            for answer in ("yes", "yes", "inadequate"):
                await self.step("question", answer=answer)
        if last not in ("diagnosis", "question", "attach"):
            await self.step("attach", notes="")


@pytest.fixture
async def clicker(app: Any, visitor_of: Any) -> AsyncIterator[Clicker]:
    visitor = visitor_of(app, "promptpa")
    yield Clicker(visitor)
    await visitor.http.aclose()


async def test_the_terms_are_accepted_and_only_a_prescriber_goes_on(clicker: Clicker) -> None:
    await clicker.go("start", {"submitter": "prescriber"})
    assert clicker.errors == ["You must accept the Terms and Conditions."]
    assert await clicker.go("start", {"submitter": "member", "terms": "yes"}) == "Call Us"
    assert await clicker.start() == "Patient Information"


async def test_a_member_is_found_by_everything_that_the_card_says(clicker: Clicker) -> None:
    await clicker.start()
    twin = carepartners_members()[0]
    for change in (
        {"memberId": MEMBER.id[1:]},
        {"firstName": "Nobody"},
        {"dob": "01/02/1940"},
        card(twin) | {"memberId": MEMBER.id},
    ):
        await clicker.step("patient", **(card(MEMBER) | change))
        assert clicker.errors == ["We could not find a member with this information. Enter it as it is printed on the ID card."]
    await clicker.step("patient", **card(carepartners_members()[110]))
    assert clicker.errors == ["This member does not have active pharmacy coverage."]
    assert await clicker.step("patient", **card(MEMBER)) == "Medication Information"


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"drugId": ""}, "Select a medication from the list."),
        ({"drugName": "Sampletab X"}, "Select a medication from the list."),
        ({"drugId": "Demostatin", "drugName": "Demostatin"}, "This medication does not require prior authorization."),
        ({"drugId": "Samplaxil", "drugName": "Samplaxil"}, "This medication is excluded from Part D coverage."),
        ({"strength": "7 mg"}, "Select a strength."),
        ({"drugId": "Mockumab", "drugName": "Mockumab", "strength": "40 mg/0.4 mL"}, "Select a dosage form."),
        ({"quantity": "0"}, "Quantity must be a whole number from 1 to 9999."),
        ({"daysSupply": "400"}, "Days Supply must be a whole number from 1 to 365."),
        ({"startDate": "06/14/2021"}, "Start Date must be within the last year or the next 90 days."),
        ({"directions": "x" * 101}, "Directions may have 100 characters."),
    ],
    ids=lambda value: value[:28] if isinstance(value, str) else "",
)
async def test_Q26_a_drug_is_picked_from_the_list_and_described(clicker: Clicker, typed: dict[str, str], told: str) -> None:
    await clicker.until("drug")
    await clicker.step("drug", **{**DRUG, **typed})
    assert clicker.errors == [told]
    assert await clicker.step("drug", **DRUG) == "Prescriber Information"


async def test_the_list_of_drugs_wants_three_letters(clicker: Clicker) -> None:
    await clicker.until("drug")
    for typed, found in (("Sa", []), ("sampl", ["Sampletab", "Sampletab XR", "Samplaxil"]), ("XR", []), ("zzz", [])):
        answer = await clicker.visitor.http.get(BASE + "api/medications", params={"q": typed})
        assert answer.json() == {"success": True, "rows": found}


async def test_a_prescriber_is_found_by_number_or_by_name_and_state_and_chosen(clicker: Clicker) -> None:
    await clicker.until("prescriber")
    await clicker.step("prescriber", do="find", npi="", prescriberLastName="Testmaple", state="")
    assert clicker.errors == ["Enter an NPI, or a last name and a state."]
    await clicker.step("prescriber", do="find", npi="1999999999")
    assert "No prescribers were found." in clicker.text
    await clicker.step("prescriber", do="find", npi="", prescriberLastName="testmaple", state="CT")
    assert clicker.text.count('name="select"') == 3
    await clicker.step("prescriber", **CONTACT)
    assert clicker.errors == ["Select the prescriber."]
    await clicker.step("prescriber", select=DOCTOR.npi)
    await clicker.step("prescriber", **{**CONTACT, "fax": "8605550101"})
    assert clicker.errors == ["Secure Fax must be entered as ###-###-####."]
    assert await clicker.step("prescriber", **CONTACT) == "Type of Request"


async def test_an_expedited_review_needs_the_statement(clicker: Clicker) -> None:
    await clicker.until("type")
    await clicker.step("type", **{**KIND, "review": "expedited"})
    assert clicker.errors == ["An expedited review needs the prescriber's statement."]
    assert await clicker.step("type", **{**KIND, "review": "expedited", "statement": "yes"}) == "Diagnosis"


async def test_the_answers_decide_what_is_asked_next(clicker: Clicker) -> None:
    await clicker.until("question")
    assert "FDA-approved" in clicker.text
    await clicker.step("question", answer="maybe")
    assert clicker.errors == ["Answer the question before you continue."]
    await clicker.step("question", answer="yes")
    await clicker.step("question", answer="no")
    assert "contraindicated" in clicker.text
    assert await clicker.step("question", answer="yes") == "Supporting Documents"


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("notes.jpg", b"x", "Only files of these types can be attached: .doc, .docx, .pdf, .txt."),
        ("notes.pdf", b"", "The file is empty."),
        ("notes.txt", b"x" * (10 * 1024 * 1024 + 1), "The file is larger than 10 MB."),
        ("notes.pdf", b"%PDF-1.4 /Encrypt", "The file is protected by a password."),
    ],
    ids=["type", "empty", "large", "password"],
)
async def test_Q32_documents_that_are_not_taken(clicker: Clicker, name: str, content: bytes, told: str) -> None:
    await clicker.until("attach")
    await clicker.go("request/upload", files={"document": (name, content)})
    assert clicker.errors == [told]


async def test_a_step_that_is_done_is_closed_and_back_ends_the_request(clicker: Clicker) -> None:
    await clicker.until("type")
    assert await clicker.go("request/review") == "Type of Request", "nobody gets ahead"
    assert await clicker.go("request/drug") == "Page Out of Date"
    assert await clicker.step("type", **KIND) == "Session Timed Out"


async def test_nobody_works_for_twenty_minutes_and_it_is_over(clicker: Clicker, truth: Any) -> None:
    await clicker.until("type")
    await truth.post("clock", advance_hours=0.4)
    assert await clicker.step("type", **KIND) == "Session Timed Out"


async def test_the_number_is_shown_once_and_opens_the_status_to_who_knows_the_member(clicker: Clicker, truth: Any) -> None:
    await clicker.until("review")
    await clicker.step("submit", attest="yes", signature="")
    assert clicker.errors == ["You must attest and sign before you submit."]
    assert await clicker.step("submit", attest="yes", signature="Demo Signer") == "Request Submitted"
    (taken,) = await truth.get("requests")
    number, form_no = taken["reference_no"], taken["draft_no"]
    assert number in clicker.text
    assert form_no in clicker.text, "the form's own number stands there too, and is none"
    assert await clicker.go("request/review") == "Page Out of Date"
    for who in ({"reference": form_no}, {"memberId": "S10000000"}, {"dob": "01/02/1940"}):
        right = {"reference": number, "memberId": MEMBER.id, "dob": us_date(MEMBER.dob)}
        await clicker.go("status", {**right, **who})
        assert clicker.errors == ["No request matches this information."]
    assert await clicker.go("status", right) == "Request Status"


async def test_what_is_sent_twice_is_taken_twice(clicker: Clicker, truth: Any) -> None:
    await clicker.until("review")
    for _ in range(2):
        await clicker.step("submit", attest="yes", signature="Demo Signer")
    assert len({row["reference_no"] for row in await truth.get("requests")}) == 2


async def test_there_are_no_accounts(truth: Any) -> None:
    assert [row for row in await truth.get("accounts") if row["portal"] == "promptpa"] == []
