"""ProviderConnect clicked through by hand: what it shows, what it refuses in its own words, and what breaks those who go Back."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import date, timedelta
from html import unescape
from typing import Any

import httpx
import pytest

from fixtures.people import members, providers
from fixtures.portals.provider_connect.addresses import addresses, find_addresses
from fixtures.portals.provider_connect.draft import registered_until
from fixtures.web import us_date as us
from fixtures.world import WorldApp

TODAY = date(2019, 6, 12)  # the world's day (conftest)
BASE = "/pc/eProvider/"
PDF = b"%PDF-1.4\n%%EOF\n"
START = us(TODAY + timedelta(days=1))
HEADER = {
    "requestedStartDate": START,
    "listLevelOfService": "O",
    "listTypeOfService": "MH",
    "listLevelOfCare": "OP",
    "listTypeOfCare": "THER",
    "listRequestType": "I",
    "listPriority": "routine",
    "accountNo": "REQ-1",
}
CALM = {"riskToSelf": "0", "riskToOthers": "0", "psychMeds": "no"}
SESSIONS = {"serviceCode[0]": "90834", "visits[0]": "12", "from[0]": START, "thru[0]": us(TODAY + timedelta(days=60))}
CONTACT = {"contactName": "Sample Contact", "phone1": "860", "phone2": "555", "phone3": "0100"}
TABS = {"header": HEADER, "diagnosis": {"dx1": "F32.1"}, "clinical": CALM, "services": SESSIONS, "contact": CONTACT}


class Clinician:
    """Somebody who enters requests; each form goes with the token of the page that came up last."""

    def __init__(self, app: WorldApp) -> None:
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url="http://provider-connect.localhost", follow_redirects=True
        )
        self.text, self.status = "", 0

    async def go(self, path: str, data: dict[str, str] | None = None, **more: Any) -> str:
        token = re.search(r'TOKEN" value="(\w+)"', self.text)
        if data is not None and token:
            data = {"org.apache.struts.taglib.html.TOKEN": token[1], **data}
        address = path if path.startswith("/") else BASE + path
        answer = await (self.http.get(address) if data is None else self.http.post(address, data=data, **more))
        self.text, self.status = answer.text, answer.status_code
        return self.text

    async def sign_in(self, user: str = "pc-desk1", number: int = 1) -> str:
        await self.go("providerLogin.do", {"userId": user, "password": f"Synthetic$Care{number}"})
        return await self.go("userAgreement.do", {"agree": "I Agree"}) if self.title == "User Agreement" else self.text

    @property
    def title(self) -> str:
        found = re.search(r"<h1>(.*?)</h1>", self.text)
        return unescape(found[1]) if found else ""

    @property
    def errors(self) -> list[str]:
        box = re.search(r'<div class="errors">(.*?)</div>', self.text, re.DOTALL)
        return re.findall(r"<li>(.*?)</li>", box[1]) if box else []

    async def search(self, n: int = 0, tag: str = "plain", **typed: str) -> str:
        member = [m for m in members() if m.tags == (tag,)][n] if tag != "twin" else members()[n]
        asked = {"memberId": member.id, "dob": us(member.dob), "asOfDate": us(TODAY), "search": "Search", **typed}
        await self.go("memberSearch.do")
        return await self.go("memberSearch.do", asked)

    async def begin(self, n: int = 0) -> None:
        """To the header of a new request."""
        await self.search(n)
        await self.go("enterRequest.do", {"enter": "x"})
        await self.go("disclaimer.do", {"next": "Next"})
        await self.go("serviceAddress.do", {"next": "Next", "address": addresses()[0].location})

    async def tab(self, name: str, **typed: str) -> list[str]:
        """Next on a tab; what it refuses."""
        await self.go(f"{name}.do", {"next": "Next", **typed})
        return self.errors

    async def enter(self, n: int = 0, **changes: dict[str, str]) -> str:
        """The whole request up to its review page."""
        await self.begin(n)
        for name, typed in TABS.items():
            await self.tab(name, **{**typed, **changes.get(name, {})})
        return self.text

    async def number(self) -> str:
        await self.go("submitRequest.do", {"submit": "Submit"})
        found = re.search(r"01-\d{6}-\d+-\d+", self.text)
        assert found, self.title
        return found[0]


@pytest.fixture
async def stranger(app: WorldApp) -> AsyncIterator[Clinician]:
    clinician = Clinician(app)
    yield clinician
    await clinician.http.aclose()


@pytest.fixture
async def clinician(stranger: Clinician) -> Clinician:
    await stranger.sign_in()
    return stranger


# --- signing in -------------------------------------------------------------------------------------------------------


async def test_the_agreement_stands_before_every_page_at_each_sign_in(stranger: Clinician) -> None:
    for _ in range(2):
        await stranger.go("providerLogin.do", {"userId": "pc-desk1", "password": "Synthetic$Care1"})
        assert "Revised 01/15/2019" in await stranger.go("authListing.do")
        await stranger.go("userAgreement.do", {"agree": "I Agree"})
        assert stranger.title == "Provider Home"
        await stranger.go("logout.do")


async def test_who_does_not_agree_is_out(stranger: Clinician) -> None:
    await stranger.go("providerLogin.do", {"userId": "pc-desk1", "password": "Synthetic$Care1"})
    await stranger.go("userAgreement.do", {"disagree": "I Disagree"})
    assert stranger.title == "Logged Out"


async def test_new_terms_are_another_revision_until_they_are_agreed_to(stranger: Clinician, truth: Any) -> None:
    await truth.post("accounts", portal="provider_connect", username="pc-desk1", terms=True)
    await stranger.go("providerLogin.do", {"userId": "pc-desk1", "password": "Synthetic$Care1"})
    assert "Revised 04/01/2019" in stranger.text


async def test_an_attestation_that_is_due_restricts_every_page(stranger: Clinician) -> None:
    await stranger.sign_in("pc-noaccess", 93)
    for page in ("home.do", "authListing.do", "memberSearch.do"):
        assert "Your access to ProviderConnect is restricted" in await stranger.go(page)
        assert 'name="goOn"' not in stranger.text


async def test_news_are_read_once(stranger: Clinician, truth: Any) -> None:
    await truth.post("accounts", portal="provider_connect", username="pc-desk1", announcement=True)
    await stranger.sign_in()
    assert stranger.title == "Message Center"
    await stranger.go("messages.do", {"goOn": "x"})
    assert stranger.title == "Provider Home"


@pytest.mark.parametrize(("user", "title"), [("pc-locked", "User ID Disabled"), ("pc-old", "Password Expired")])
async def test_accounts_that_need_a_person(stranger: Clinician, user: str, title: str) -> None:
    number = {"pc-locked": 91, "pc-old": 90}[user]
    await stranger.go("providerLogin.do", {"userId": user, "password": f"Synthetic$Care{number}"})
    assert stranger.title == title


async def test_a_page_without_a_session_says_that_it_is_lost(stranger: Clinician) -> None:
    await stranger.go("home.do")
    assert (stranger.title, stranger.status) == ("Session Lost", 200)


# --- members and addresses --------------------------------------------------------------------------------------------


async def test_one_match_opens_its_record_and_none_says_so(clinician: Clinician) -> None:
    await clinician.search()
    assert clinician.title == "Member Record"
    await clinician.search(dob=us(date(1980, 1, 1)))
    assert clinician.errors == ["No members were found that match your criteria."]
    await clinician.search(asOfDate=us(TODAY + timedelta(days=1)))
    assert clinician.errors == ["As of Date must be a date that is not in the future."]


async def test_twins_are_found_under_each_others_id_and_told_apart_by_first_name(clinician: Clinician) -> None:
    one, other = members()[:2]
    await clinician.search(0, "twin")
    assert "Several Members Match" in clinician.text
    assert one.id not in clinician.text.split("<form")[0]
    await clinician.search(0, "twin", firstName=other.first_name)
    assert other.id in clinician.text
    await clinician.search(0, "twin", firstName=one.first_name.upper())
    assert clinician.title == "Member Record"


async def test_Q02_who_is_not_eligible_gets_no_button_and_no_request(clinician: Clinician) -> None:
    await clinician.search(0, "NA")
    assert "Not Eligible" in clinician.text
    assert "Enter Auth Request" not in clinician.text
    await clinician.go("enterRequest.do", {"enter": "x"})
    assert clinician.title == "Member Not Eligible"


async def test_the_record_has_a_pcp_tab(clinician: Clinician) -> None:
    await clinician.search()
    assert "PCP Name" not in clinician.text
    assert "PCP Name" in await clinician.go("memberRecord.do?tab=pcp")


async def test_one_npi_has_several_service_addresses_and_the_list_has_pages(clinician: Clinician) -> None:
    npis = [place.provider.npi for place in addresses()]
    many = next(npi for npi in npis if npis.count(npi) == 3)
    assert len(find_addresses("", many)) == 3
    await clinician.search()
    await clinician.go("enterRequest.do", {"enter": "x"})
    await clinician.go("disclaimer.do", {"next": "Next"})
    assert "Next Page" in clinician.text
    first = re.findall(r"SL\d{5}", clinician.text)[0]
    await clinician.go("serviceAddress.do", {"nextPage": "x", "page": "1"})
    assert first not in clinician.text
    await clinician.go("serviceAddress.do", {"find": "Find", "npi": many})
    assert len(set(re.findall(r"SL\d{5}", clinician.text))) == 3
    await clinician.go("serviceAddress.do", {"next": "Next"})
    assert clinician.errors == ["A service address must be selected."]


# --- the header -------------------------------------------------------------------------------------------------------


async def test_a_level_that_changes_empties_what_hangs_on_it_and_keeps_the_rest(clinician: Clinician) -> None:
    await clinician.begin()
    await clinician.go("header.do", {**HEADER, "listLevelOfService": "I", "reload": "1"})
    assert 'value="REQ-1"' in clinician.text
    assert "Inpatient Psychiatric" in clinician.text
    assert "Individual/Group/Family Therapy" not in clinician.text


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"requestedStartDate": us(TODAY - timedelta(days=1))}, "may not be prior to today"),
        ({"requestedStartDate": "6/12/19"}, "Requested Start Date is required"),
        ({"listPriority": ""}, "Priority is required."),
        ({"listTypeOfCare": "NUR"}, "Type of Care is required."),
        ({"accountNo": "x" * 21}, "may not exceed 20 characters"),
        ({"listRequestType": "C"}, "A concurrent request needs an authorization"),
        ({"listLevelOfCare": "PT", "listTypeOfCare": "PSY"}, "A document must be attached for Psychological Testing."),
        ({"listLevelOfService": "I", "listLevelOfCare": "IP", "listTypeOfCare": "ACUTE"}, "Admit Date is required"),
    ],
)
async def test_what_the_header_refuses(clinician: Clinician, typed: dict[str, str], words: str) -> None:
    await clinician.begin()
    assert any(words in error for error in await clinician.tab("header", **{**HEADER, **typed}))


async def test_the_admission_of_an_inpatient_request_is_wanted_without_an_asterisk(clinician: Clinician) -> None:
    await clinician.begin()
    await clinician.go("attachDocument.do", HEADER, files={"document": ("order.pdf", PDF)})
    typed = {**HEADER, "listLevelOfService": "I", "listLevelOfCare": "IP", "listTypeOfCare": "ACUTE"}
    assert '<span class="req">*</span>Admit Date' not in clinician.text
    assert await clinician.tab("header", **typed, admitDate=START, admitTime="14:30") == []
    assert clinician.title == "Diagnosis"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("notes.exe", PDF, "cannot be attached"),
        ("notes.pdf", b"", "is empty"),
        ("notes.pdf", b"%PDF-1.4 /Encrypt", "cannot be opened"),
        ("notes.pdf", PDF + b"0" * 5 * 1024 * 1024, "larger than 5 MB"),
    ],
)
async def test_documents_that_are_not_taken(clinician: Clinician, name: str, content: bytes, words: str) -> None:
    await clinician.begin()
    await clinician.go("attachDocument.do", HEADER, files={"document": (name, content)})
    assert words in clinician.errors[0]
    assert "No documents are attached." in clinician.text


# --- the clinical tabs ------------------------------------------------------------------------------------------------


async def to_tab(clinician: Clinician, name: str, **header: str) -> None:
    await clinician.begin()
    for tab in list(TABS)[: list(TABS).index(name)]:
        assert await clinician.tab(tab, **{**TABS[tab], **(header if tab == "header" else {})}) == []


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({}, "Primary Behavioral Diagnosis is required."),
        ({"dx1": "E11.9"}, "E119 is not a behavioral health diagnosis."),
        ({"dx1": "F321", "dx2": "F32.1"}, "entered twice"),
    ],
)
async def test_what_the_diagnosis_tab_refuses(clinician: Clinician, typed: dict[str, str], words: str) -> None:
    await to_tab(clinician, "diagnosis")
    assert words in (await clinician.tab("diagnosis", **typed))[0]


async def test_the_diagnosis_agrees_with_the_type_of_service(clinician: Clinician) -> None:
    await to_tab(clinician, "diagnosis", listTypeOfService="SUD")
    assert await clinician.tab("diagnosis", dx1="F32.1") == ["The primary diagnosis does not agree with the Type of Service."]
    assert await clinician.tab("diagnosis", dx1="F11.20") == []


async def test_Q15_some_fields_are_required_only_by_another_answer_and_carry_no_asterisk(clinician: Clinician) -> None:
    await to_tab(clinician, "clinical")
    assert '<span class="req">*</span>Risk to Self' in clinician.text
    assert '<span class="req">*</span>Safety Plan' not in clinician.text
    errors = await clinician.tab("clinical", **{**CALM, "riskToOthers": "2", "psychMeds": "yes"})
    assert errors == [
        "Safety Plan in Place must be answered when a risk is Moderate or Severe.",
        "Prescriber of Medication must be selected when the member takes psychotropic medication.",
    ]
    assert await clinician.tab("clinical", **CALM) == []


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({}, "At least one service must be requested."),
        ({**SESSIONS, "visits[0]": "0"}, "Visits/Units must be a whole number"),
        ({**SESSIONS, "serviceCode[0]": "99999"}, "the service code is not valid"),
        ({**SESSIONS, "serviceCode[0]": "T1002"}, "is not available for this level of care"),
        ({**SESSIONS, "mod1[0]": "GTX"}, "a modifier has two letters or digits"),
        ({**SESSIONS, "from[0]": us(TODAY)}, "the dates are not valid"),
        ({**SESSIONS, "orderingNpi": "1999999999"}, "Ordering Practitioner NPI was not found."),
    ],
)
async def test_what_the_services_tab_refuses(clinician: Clinician, typed: dict[str, str], words: str) -> None:
    await to_tab(clinician, "services")
    assert words in (await clinician.tab("services", **typed))[0]


async def test_home_health_wants_an_order_without_an_asterisk(clinician: Clinician) -> None:
    await clinician.begin()
    await clinician.tab("header", **{**HEADER, "listLevelOfCare": "HH", "listTypeOfCare": "NUR"})
    await clinician.tab("diagnosis", dx1="F200")
    await clinician.tab("clinical", **CALM, skilledNeed="yes")
    nursing = {**SESSIONS, "serviceCode[0]": "T1002"}
    assert await clinician.tab("services", **nursing) == ["Ordering Practitioner NPI is required for Home Health Services."]
    assert await clinician.tab("services", **nursing, orderingNpi=providers()[0].npi) == []


@pytest.mark.parametrize(
    "typed", [{"phone3": ""}, {"phone3": "01"}, {"phone1": "86a"}, {"fax1": "860"}, {"narrative": "x" * 251}]
)
async def test_what_the_contact_tab_refuses(clinician: Clinician, typed: dict[str, str]) -> None:
    await to_tab(clinician, "contact")
    assert len(await clinician.tab("contact", **{**CONTACT, **typed})) == 1


# --- registration -----------------------------------------------------------------------------------------------------


async def test_an_evaluation_is_registered_without_a_clinical_tab_and_approved_at_once(clinician: Clinician, truth: Any) -> None:
    await clinician.begin()
    await clinician.tab("header", **{**HEADER, "listTypeOfCare": "EVAL"})
    await clinician.tab("diagnosis", dx1="F411")
    assert "Registered Service" in clinician.text
    assert await clinician.tab("services", **{"serviceCode[0]": "90834"}) == ["Only an evaluation can be registered."]
    await clinician.tab("services", **{"serviceCode[0]": "90791", "visits[0]": "40"})
    await clinician.tab("contact", **CONTACT)
    number = await clinician.number()
    assert "APPROVED" in clinician.text
    (told,) = await truth.get("requests")
    start = TODAY + timedelta(days=1)
    assert told["lines"][0] | {"modifiers": []} == {
        "code": "90791",
        "units": 2,
        "modifiers": [],
        "from_date": start.isoformat(),
        "to_date": registered_until(start).isoformat(),
    }
    assert told["authorization_no"] == number


@pytest.mark.parametrize(
    ("start", "until"),
    [(date(2019, 6, 13), date(2019, 12, 12)), (date(2019, 8, 31), date(2020, 2, 28)), (date(2019, 12, 1), date(2020, 5, 31))],
)
def test_six_months_end_the_day_before(start: date, until: date) -> None:
    assert registered_until(start) == until


# --- review, submission, drafts ---------------------------------------------------------------------------------------


async def test_the_review_shows_what_was_entered_and_says_that_nothing_is_submitted(clinician: Clinician, truth: Any) -> None:
    await clinician.enter()
    assert clinician.title == "Review Your Request"
    for text in ("860-555-0100", "F321", "90834", "REQ-1", START):
        assert text in clinician.text
    assert await truth.get("requests") == []


async def test_what_is_submitted_twice_is_accepted_twice(clinician: Clinician, truth: Any) -> None:
    await clinician.enter()
    assert await clinician.number() != await clinician.number()
    assert len(await truth.get("requests")) == 2


async def test_back_breaks_the_request_that_is_being_entered(clinician: Clinician) -> None:
    await to_tab(clinician, "clinical")
    old = clinician.text
    await clinician.tab("clinical", **CALM)
    clinician.text = old  # the browser's Back
    await clinician.tab("clinical", **CALM)
    assert clinician.title == "Navigation Error"
    await clinician.tab("services", **SESSIONS)
    assert clinician.title == "Navigation Error"


async def test_every_next_keeps_a_draft_until_it_is_submitted_or_deleted(clinician: Clinician) -> None:
    await to_tab(clinician, "services")
    draft = re.search(r"90-\d{6}-\d+-1", clinician.text)
    assert draft
    assert draft[0] in await clinician.go("clinicalDrafts.do")
    await clinician.go("deleteDraft.do", {"draftNo": draft[0], "ask": "Delete"})
    assert "Delete This Draft?" in clinician.text
    await clinician.go("deleteDraft.do", {"draftNo": draft[0], "no": "No"})
    assert draft[0] in clinician.text
    await clinician.go("deleteDraft.do", {"draftNo": draft[0], "yes": "Yes"})
    assert "There are no clinical drafts." in await clinician.go("clinicalDrafts.do")
    await clinician.enter()
    await clinician.number()
    assert "There are no clinical drafts." in await clinician.go("clinicalDrafts.do")


async def test_a_draft_that_is_opened_again_has_lost_its_documents_and_is_gone_after_30_days(
    clinician: Clinician, truth: Any
) -> None:
    await clinician.begin()
    await clinician.go("attachDocument.do", HEADER, files={"document": ("notes.pdf", PDF)})
    assert "notes.pdf" in clinician.text
    await clinician.go("header.do", {**HEADER, "saveDraft": "x"})
    draft = re.search(r"90-\d{6}-\d+-1", clinician.text)
    assert draft
    await clinician.go("clinicalDrafts.do")
    await clinician.go("openDraft.do", {"draftNo": draft[0]})
    assert clinician.title == "Requested Services Header"
    assert "notes.pdf" not in clinician.text
    await truth.post("clock", advance_hours=24 * 31)
    await clinician.sign_in()
    assert draft[0] not in await clinician.go("clinicalDrafts.do")


# --- listing, detail, letters -----------------------------------------------------------------------------------------


async def test_the_listing_wants_a_criterion_and_has_pages(clinician: Clinician) -> None:
    await clinician.go("authListing.do?search=Search")
    assert clinician.errors == ["Enter at least one search criterion."]
    await clinician.go("authListing.do?search=Search&serviceFrom=01/01/2018")
    numbers = set(re.findall(r"auth=(01-\d{6}-\d+-\d+)", clinician.text))
    assert "Next Page" in clinician.text
    more = re.search(r'href="([^"]+page=2)"', clinician.text)
    assert more
    await clinician.go(unescape(more[1]))
    assert numbers.isdisjoint(re.findall(r"auth=(01-\d{6}-\d+-\d+)", clinician.text))


async def test_a_number_is_a_request_number_until_units_are_granted(clinician: Clinician, truth: Any) -> None:
    await clinician.enter(clinical={"riskToSelf": "3", "safetyPlan": "yes"})
    number = await clinician.number()
    assert "Pended Request #" in clinician.text
    assert "Request #" in await clinician.go(f"authDetail.do?auth={number}")
    await truth.post("decide", reference_no=number, status="Authorized", approved=[12])
    detail = await clinician.go(f"authDetail.do?auth={number}")
    assert "Authorization #:" in detail
    assert re.search(r"<td>12</td><td>12</td><td>0</td><td>APPROVED</td>", detail)


async def test_Q16_only_an_approval_has_an_electronic_letter(clinician: Clinician, truth: Any) -> None:
    await clinician.enter(clinical={"riskToSelf": "3", "safetyPlan": "yes"})
    number = await clinician.number()
    await truth.post("decide", reference_no=number, status="Not authorized", approved=[0])
    assert "Refer to the letter sent by U.S. mail." in await clinician.go(f"authDetail.do?auth={number}")
    assert number not in await clinician.go("letters.do")
    assert "New authorization letters" not in await clinician.go("home.do")
    await truth.post("decide", reference_no=number, status="Authorized", approved=[12])
    assert "New authorization letters" in await clinician.go("home.do")
    assert number in await clinician.go("letters.do")
    letter = await clinician.http.get(f"{BASE}letter.do?auth={number}")
    assert letter.content.startswith(b"%PDF-")
    assert "New authorization letters" not in await clinician.go("home.do")


async def test_another_practice_sees_nothing_of_it(clinician: Clinician, app: WorldApp) -> None:
    await clinician.enter()
    number = await clinician.number()
    other = Clinician(app)
    await other.sign_in("pc-other", 92)
    await other.go(f"authDetail.do?auth={number}")
    assert other.title == "Authorization Not Found"
    await other.http.aclose()


async def test_authorizations_of_other_portals_are_not_shown_here_nor_these_there(clinician: Clinician, app: WorldApp) -> None:
    await clinician.go("authListing.do?search=Search&serviceFrom=01/01/2018")
    assert "OLD-B" in clinician.text
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://clear-coverage.localhost", follow_redirects=True
    ) as http:
        await http.post("/ClearCoverage/logon.do", data={"username": "cc-desk1", "password": "Synthetic$Desk1"})
        listing = (await http.get("/ClearCoverage/searchAuth.do?go=1&from=01/01/2019")).text
    assert "OLD-0" in listing
    assert "OLD-B" not in listing
