"""eviCore's portal as people see it who click through it: one address, and refusals in its own words."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import pytest

from fixtures.people import Member, members
from fixtures.portals.evicore.locations import individuals, sites
from fixtures.web import us_date

PATH = "/Default.aspx"
PREFIX = "asPrimary$ctl00$"
TODAY = date(2019, 6, 12)
LISTED, NO_FAX = individuals()[15], individuals()[14]
ADULT = next(m for m in members() if m.tags == ("plain",) and m.dob.year < 1990 and int(m.id[-2:]) % 5)
PDF = b"%PDF-1.4\n%%EOF\n"


class Clicker:
    """Somebody at the portal: the page that is up, and what is done on it. ``visitor`` comes from the world's tests."""

    def __init__(self, visitor: Any) -> None:
        self.visitor = visitor
        self.text = ""

    async def go(self) -> str:
        self.text = await self.visitor.go(PATH)
        return self.title

    @property
    def hidden(self) -> dict[str, str]:
        return dict(re.findall(r'<input type="hidden" name="(\w+)" id="\w+" value="([^"]*)"', self.text))

    @property
    def title(self) -> str:
        found = re.search(r"<h2>(.*?)</h2>", self.text)
        return found[1] if found else ""

    @property
    def errors(self) -> list[str]:
        return [text.replace("&#39;", "'") for text in re.findall(r'class="ValidationSummary"[^>]*>(.*?)</div>', self.text)]

    async def press(self, button: str, /, **typed: str) -> str:
        """Presses a button with what was typed; the title of the page that comes."""
        named = {PREFIX + name: value for name, value in typed.items()}
        self.text = await self.visitor.go(PATH, {**self.hidden, **named, PREFIX + button: "x"})
        return self.title

    async def post_back(self, target: str, argument: str = "") -> str:
        self.text = await self.visitor.go(PATH, {**self.hidden, "__EVENTTARGET": target, "__EVENTARGUMENT": argument})
        return self.title

    async def menu(self, name: str) -> str:
        return await self.post_back(f"asNavigation$ctl00${name}")

    async def facade(self, call: str, **asked: str) -> Any:
        answer = await self.visitor.http.post(f"/ClinicalFacade.aspx/{call}", json=asked)
        return answer.json()["d"]

    async def log_in(self, user: str = "ev-desk1", *, hipaa: str = "on") -> str:
        await self.go()
        ticked = {"chkHipaa": hipaa} if hipaa else {}
        return await self.press("btnSubmit", txtLoginId=user, txtPassWord=f"Synthetic$Radiology{user[-1]}", **ticked)

    async def patient(self, npi: str = LISTED, plan: str = "husky") -> str:
        """A new request up to the patient look-up."""
        await self.menu("hlClinical")
        await self.press("btnContinue", ddlProvider=npi, ddlAddress="0", ddlPlan=plan)
        return await self.press("cmdContinue", rblProgram="radiology", txtContactName="Sample", txtContactPhone="860-555-0100")

    async def service(self, who: Member = ADULT, day: date = TODAY, **more: str) -> str:
        given = {"txtDateOfService": us_date(day), "TxbMemberNumber": who.id, "TxbDateOfBirth": us_date(who.dob), **more}
        return await self.press("btnSearch", **given)

    async def exams(self, *codes: str) -> str:
        for code in codes:
            (text,) = (await self.facade("Exams", term=code))["Data"]
            assert (await self.facade("AddExam", exam=text, units="1", modifiers=""))["Data"]["message"] == ""
        await self.facade("AddDiagnosis", code="M5450")
        return await self.press("btnContinue")

    async def answer(self, *answers: str) -> str:
        """From the gate past urgency and upload through the questions."""
        await self.press("btnContinue")
        await self.press("btnContinue", rblRoutine="yes")
        await self.press("btnSkip")
        for answer in answers:
            await self.press("btnSubmitAnswer", **{"txtAnswer" if answer.isdigit() else "rbAnswer": answer})
        return await self.press("btnSubmitAnswer")


GOOD = ("6_weeks_or_more", "yes", "8", "no")


@pytest.fixture
def clicker(caller: Any) -> Clicker:
    """At the sign-in page."""
    return Clicker(caller)


@pytest.fixture
async def home(clicker: Clicker) -> Clicker:
    await clicker.log_in()
    assert await clicker.press("btnContinue") == "Home"
    return clicker


@pytest.fixture
async def lookup(home: Clicker) -> Clicker:
    """At the patient look-up of a new request."""
    assert await home.patient() == "Patient Eligibility Lookup"
    return home


@pytest.fixture
async def exams(lookup: Clicker) -> Clicker:
    assert await lookup.service() == "Requested Service"
    return lookup


# --- signing in -------------------------------------------------------------------------------------------------------


async def test_nobody_gets_in_without_the_hipaa_tick_and_it_costs_no_try(clicker: Clicker, truth: Any) -> None:
    assert await clicker.log_in(hipaa="") == "Portal Login"
    assert clicker.errors == ["You must agree to the HIPAA disclosure before you log in."]
    assert await truth.get("logins") == []


async def test_announcements_come_at_each_sign_in_before_anything_else(clicker: Clicker) -> None:
    assert await clicker.log_in() == "Announcements"
    assert await clicker.menu("hlLookup") == "Announcements"
    assert await clicker.press("btnContinue") == "Home"
    assert await clicker.menu("hlLogout") == "Logged Out"
    assert await clicker.log_in() == "Announcements"


async def test_an_account_with_an_e_mailed_code_is_asked_for_it(clicker: Clicker, truth: Any) -> None:
    await clicker.go()
    typed = {"txtLoginId": "ev-mail", "txtPassWord": "Synthetic$Radiology94", "chkHipaa": "on"}
    assert await clicker.press("btnSubmit", **typed) == "Verification Code"
    assert await clicker.press("btnVerify", txtCode="000000") == "Verification Code"
    assert clicker.errors == ["The code you entered is not valid."]
    sent = (await truth.get("codes"))[-1]
    assert await clicker.press("btnVerify", txtCode=sent["code"]) == "Announcements"


async def test_the_back_button_and_altered_forms_lead_nowhere(home: Clicker) -> None:
    before = home.text
    await home.menu("hlLookup")
    home.text = before
    assert await home.menu("hlClinical") == "Invalid Postback"
    home.text = re.sub(r'(name="__EVENTVALIDATION" id="__EVENTVALIDATION" value=")', r"\1x", before)
    assert await home.menu("hlHome") == "Invalid Postback"


# --- who asks, for whom -------------------------------------------------------------------------------------------------


async def test_each_list_is_empty_until_the_one_before_is_chosen(home: Clicker) -> None:
    await home.menu("hlClinical")
    assert await home.press("btnContinue") == "Clinical Certification"
    assert home.errors == ["Please choose a referring provider."]
    await home.press("btnContinue", ddlProvider=LISTED)
    assert home.errors == ["Please choose an address."]
    await home.press("btnContinue", ddlProvider=LISTED, ddlAddress="0")
    assert home.errors == ["Please choose a health plan."]
    await home.press("btnContinue", ddlProvider=individuals()[1], ddlAddress="0", ddlPlan="husky")
    assert home.errors == ["Please choose a referring provider."], "a provider who is on no list of this user"


async def test_a_practitioner_is_found_by_npi_at_all_locations_ten_a_page(home: Clicker) -> None:
    await home.menu("hlClinical")
    await home.press("cmdAddPractitioner")
    await home.press("btnSearch", tbTINNPI="1234567893")
    assert home.errors == ["No providers were found for this NPI."]
    await home.press("btnSearch", tbTINNPI=individuals()[10])
    assert (home.text.count("$btnName"), "1 / 3" in home.text) == (10, True)
    await home.post_back(f"{PREFIX}pager", "3")
    assert home.text.count("$btnName") == 3
    assert await home.post_back(f"{PREFIX}gvSearchProviders$ctl02$btnName") == "Clinical Certification"
    assert individuals()[10] in home.text


async def test_another_program_or_a_missing_call_back_number_is_refused(home: Clicker) -> None:
    await home.menu("hlClinical")
    await home.press("btnContinue", ddlProvider=LISTED, ddlAddress="0", ddlPlan="husky")
    await home.press("cmdContinue", rblProgram="sleep", txtContactName="Sample", txtContactFax="8605550100")
    assert home.errors == [
        "The program you chose is not managed by eviCore for HUSKY Health.",
        "Fax must be entered as ###-###-####.",
        "A direct call back number is required.",
    ]


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"TxbMemberNumber": "123456789"}, "No patient was found. The Patient ID must match exactly as it is shown on the card."),
        ({"TxbMemberNumber": "12345678"}, "Patient ID is not valid for the selected health plan."),
        ({"TxbDateOfBirth": "01/01/1990"}, "No patient was found. The Patient ID must match exactly as it is shown on the card."),
        ({"TxbDateOfBirth": "1990-01-01"}, "Date of Birth must be a valid date (MM/DD/YYYY)."),
        ({"txtDateOfService": "6/12/2019"}, "Date of Service must be a valid date (MM/DD/YYYY)."),
        ({"txtDateOfService": "12/12/2019"}, "Date of Service must be within one year before and 90 days after today."),
        ({"TxbLastName": "x"}, "Last Name must have at least 2 characters."),
    ],
)
async def test_a_patient_is_found_by_exact_id_and_birth_date_only(lookup: Clicker, typed: dict[str, str], says: str) -> None:
    assert await lookup.service(**typed) == "Patient Eligibility Lookup"
    assert lookup.errors == [says]


def some(tag: str, *parts: str, young: bool = False) -> Member:
    """A member with this tag and Medicare; ``young``: not 19 on the world's day."""
    age = {True: lambda m: m.dob > date(2001, 1, 1), False: lambda m: m.dob < date(1999, 1, 1)}[young]
    return next(m for m in members() if tag in m.tags and m.medicare_parts in parts and m.dob < TODAY and age(m))


@pytest.mark.parametrize(
    ("who", "says"),
    [
        (some("NA", "none"), "The patient is not eligible for HUSKY Health on the date of service."),
        (
            some("medicare", "b", "ab"),
            "The patient has Medicare Part B. This service is not reviewed in the HUSKY Health program.",
        ),
        (some("plain", "none", young=True), "The patient is not 19 years of age on the date of service."),
    ],
)
async def test_H2_who_does_not_belong_to_the_program_is_refused(lookup: Clicker, who: Member, says: str) -> None:
    assert await lookup.service(who) == "Patient Eligibility Lookup"
    assert len(lookup.errors) == 1
    assert lookup.errors[0].startswith(says)


async def test_H2_with_medicare_but_without_part_b_nobody_is_refused(lookup: Clicker) -> None:
    assert await lookup.service(some("medicare", "a")) in ("Requested Service", "Select a Patient")


async def test_the_plan_that_was_chosen_decides_who_is_known(home: Clicker) -> None:
    await home.patient(plan="sample")
    await home.service()
    assert home.errors == ["The patient is not covered by the selected health plan."]


async def test_several_times_of_coverage_are_a_grid_and_only_one_has_the_day(lookup: Clicker) -> None:
    who = next(m for m in members() if m.tags == ("plain",) and m.dob.year < 1990 and int(m.id[-2:]) % 5 == 0)
    assert await lookup.service(who) == "Select a Patient"
    assert "12/31/9999" in lookup.text
    assert await lookup.post_back(f"{PREFIX}gvSearchMembers$ctl03$cmdSelectMember") == "Patient Eligibility Lookup"
    await lookup.service(who)
    assert await lookup.post_back(f"{PREFIX}gvSearchMembers$ctl02$cmdSelectMember") == "Requested Service"


# --- exams, site ----------------------------------------------------------------------------------------------------------


async def test_nothing_is_offered_while_the_providers_fax_number_is_missing_and_nothing_says_so(home: Clicker) -> None:
    await home.patient(npi=NO_FAX)
    await home.service()
    assert await home.facade("Exams", term="70551") == {"HasException": False, "Data": None}
    assert (await home.facade("SaveFax", fax="8605550100"))["Data"]["message"] == "Fax must be entered as ###-###-####."
    await home.press("btnContinue")
    assert "Ordering Provider Fax Number is required." in home.errors
    await home.facade("SaveFax", fax="860-555-0100")
    assert len((await home.facade("Exams", term="70551"))["Data"]) == 1


async def test_up_to_ten_exams_that_are_on_the_list(exams: Clicker) -> None:
    async def add(**asked: str) -> str:
        said: str = (await exams.facade("AddExam", **{"units": "1", "modifiers": "", **asked}))["Data"]["message"]
        return said

    assert await add(exam="70551") == "Select an exam from the list."
    assert await add(exam="70551 — Something else") == "Select an exam from the list."
    offered = (await exams.facade("Exams", term="Sample"))["Data"]
    assert await add(exam=offered[0], units="1.5") == "Units must be a whole number from 1 to 99."
    assert await add(exam=offered[0], modifiers="RTX") == "Modifiers must have two characters each."
    assert [await add(exam=text) for text in offered[:10]] == [""] * 10
    assert (
        await add(exam=offered[0])
        == "A request may have at most ten (10) procedure codes for one patient, date of service and site."
    )
    await exams.press("btnContinue")
    assert exams.errors == ["At least one diagnosis must be added."]


async def test_a_site_is_asked_for_some_exams_only_and_found_exactly_or_by_its_beginning(exams: Clicker) -> None:
    assert await exams.exams("78815") == "Site Selection"
    await exams.press("btnSearch", rblMatch="exact")
    assert exams.errors == ["Enter at least one search criterion."]
    await exams.press("btnSearch", rblMatch="exact", tbFacilityName="Sample Hospital")
    assert "No sites match your search criteria." in exams.text
    await exams.press("btnSearch", rblMatch="starts", tbFacilityName="Sample Hospital")
    assert exams.text.count("cmdSelectFacility','") == sum(p.last_name.startswith("Sample Hospital") for p in sites())
    assert await exams.post_back(f"{PREFIX}gvSites$ctl02$cmdSelectFacility") == "Clinical Information"


# --- clinical certification -----------------------------------------------------------------------------------------------


async def test_a_question_stands_until_it_is_answered_and_there_is_no_way_back(exams: Clicker) -> None:
    assert await exams.exams("70551") == "Clinical Information"
    await exams.press("btnContinue")
    await exams.press("btnContinue")
    assert exams.errors == ["Please answer the question before you continue."]
    await exams.press("btnContinue", rblRoutine="no")
    assert exams.errors == ["An urgent request needs a reason."]
    await exams.press("btnContinue", rblRoutine="yes")
    assert await exams.press("btnSkip") == "Clinical Questions"
    first = exams.text
    await exams.press("btnSubmitAnswer", rbAnswer="perhaps")
    assert exams.errors == ["Please answer the question before you continue."]
    await exams.press("btnSubmitAnswer", rbAnswer="6_weeks_or_more")
    exams.text = first
    assert await exams.press("btnSubmitAnswer", rbAnswer="under_6_weeks") == "Invalid Postback"


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("scan.tif", b"II*", "File type .tif is not allowed. Only .pdf, .doc and .docx files can be uploaded."),
        ("empty.pdf", b"", "The file is empty or damaged."),
        ("big.docx", b"x" * 5 * 1024 * 1024, "Each file must be smaller than 5 MB."),
        ("locked.pdf", PDF + b"/Encrypt", "Password protected files cannot be uploaded."),
    ],
)
async def test_an_upload_that_is_refused_says_why(exams: Clicker, name: str, content: bytes, says: str) -> None:
    await exams.exams("70551")
    await exams.press("btnContinue")
    assert await exams.press("btnContinue", rblRoutine="yes") == "Upload Clinical Information"
    data = {**exams.hidden, PREFIX + "btnUpload": "Upload"}
    exams.text = await exams.visitor.go(PATH, data, files={PREFIX + "fuClinical": (name, content)})
    assert exams.errors == [says]


async def test_five_files_and_each_name_once(exams: Clicker) -> None:
    await exams.exams("70551")
    await exams.press("btnContinue")
    await exams.press("btnContinue", rblRoutine="yes")
    names = ["a.pdf", "a.pdf", "b.pdf", "c.pdf", "d.pdf", "e.pdf", "f.pdf"]
    files = [(PREFIX + "fuClinical", (name, PDF)) for name in names]
    exams.text = await exams.visitor.go(PATH, {**exams.hidden, PREFIX + "btnUpload": "Upload"}, files=files)
    assert exams.errors == ["A file with this name already exists.", "You may upload no more than 5 files."]


# --- attestation and result -------------------------------------------------------------------------------------------------


async def test_without_the_attestation_nothing_is_accepted(exams: Clicker, truth: Any) -> None:
    await exams.exams("70551")
    assert await exams.answer(*GOOD) == "Review and Attestation"
    assert await exams.press("cmdSubmitRequest") == "Review and Attestation"
    assert exams.errors == ["You must acknowledge the statement before you submit the request."]
    assert await truth.get("requests") == []


async def test_good_answers_are_approved_at_once_with_a_number_and_other_pages_for_what_is_pended(
    exams: Clicker, truth: Any
) -> None:
    await exams.exams("70551")
    await exams.answer(*GOOD)
    await exams.press("cmdSubmitRequest", chkAttest="on")
    assert "This authorization has been approved." in exams.text
    assert re.search(r'lblRequestNumberSumm">[A-Z]\d{9}<', exams.text)
    assert us_date(TODAY + timedelta(days=90)) in exams.text, "an MRI is good for 90 days"
    await exams.patient()
    await exams.service()
    assert await exams.exams("71260") == "Existing Requests"
    await exams.press("cmdNext")
    await exams.answer("with", "yes", "no")
    assert "Withdraw this Request" in exams.text
    await exams.press("cmdSubmitRequest", chkAttest="on")
    assert re.search(r'Case Number: <b class="case">\d{10}</b>', exams.text)
    assert "lblRequestNumberSumm" not in exams.text
    assert len(await truth.get("requests")) == 2


async def test_what_arrives_twice_is_accepted_twice(exams: Clicker, truth: Any) -> None:
    await exams.exams("70551")
    await exams.answer(*GOOD)
    review = exams.text
    for _ in range(2):
        exams.text = review
        await exams.press("cmdSubmitRequest", chkAttest="on")
    assert len(await truth.get("requests")) == 2


@pytest.mark.parametrize("button", ["cmdWithdraw", "cmdCancelRequest"])
async def test_the_buttons_of_the_windows_end_the_request_for_good(exams: Clicker, truth: Any, button: str) -> None:
    await exams.exams("70551")
    await exams.answer("under_6_weeks", "yes", "8", "no")
    assert await exams.press(button) == "Request Withdrawn"
    assert await truth.get("requests") == []
    await exams.go()
    await exams.menu("hlProgress")
    assert "You have no requests in progress." in exams.text


async def test_a_request_in_progress_is_kept_for_two_business_days(exams: Clicker, truth: Any) -> None:
    await exams.menu("hlProgress")
    assert "06/14/2019" in exams.text
    assert re.search(r"<td>9\d{9}</td>", exams.text), "its number looks just like a case's"
    assert await exams.post_back(f"{PREFIX}gvInProgress$ctl02$cmdDiscard") == "Discard Request"
    await exams.press("btnKeep")
    assert "gvInProgress_ctl02" in exams.text
    await exams.post_back(f"{PREFIX}gvInProgress$ctl02$cmdDiscard")
    await exams.press("btnDiscard")
    assert "You have no requests in progress." in exams.text


async def test_a_case_is_found_by_either_number_or_by_provider_and_patient_and_only_by_its_own_practice(
    exams: Clicker, truth: Any, app: Any
) -> None:
    await exams.exams("70551")
    await exams.answer(*GOOD)
    await exams.press("cmdSubmitRequest", chkAttest="on")
    (case,) = await truth.get("requests")
    for number in (case["reference_no"], case["authorization_no"]):
        await exams.menu("hlLookup")
        assert await exams.press("btnByNumber", txtNumber=number) == "Authorization Detail"
    await exams.menu("hlLookup")
    await exams.press("btnByPatient", txtNpi=LISTED, txtPatientId=ADULT.id)
    assert exams.errors == ["Provider NPI, Patient ID and Date of Birth are required."]
    await exams.press("btnByPatient", txtNpi=LISTED, txtPatientId=ADULT.id, txtDob=us_date(ADULT.dob))
    assert case["reference_no"] in exams.text
    await exams.menu("hlLogout")
    await exams.go()
    await exams.press("btnSubmit", txtLoginId="ev-other", txtPassWord="Synthetic$Radiology92", chkHipaa="on")
    await exams.press("btnContinue")
    await exams.menu("hlLookup")
    await exams.press("btnByNumber", txtNumber=case["reference_no"])
    assert exams.errors == ["We could not find a case with that number."]


async def test_a_letter_is_handed_out_once_per_click(exams: Clicker, truth: Any) -> None:
    await exams.exams("70551")
    await exams.answer(*GOOD)
    await exams.press("cmdSubmitRequest", chkAttest="on")
    (case,) = await truth.get("requests")
    await exams.menu("hlLookup")
    await exams.press("btnByNumber", txtNumber=case["reference_no"])
    for _ in range(2):
        await exams.post_back(f"{PREFIX}gvLetters$ctl02$cmdViewLetter")
        if opened := re.search(r'window\.open\("(Download\.aspx\?enc=[^"]+)"', exams.text):
            break
    assert opened
    once = await exams.visitor.http.get("/" + opened[1])
    assert (once.headers["content-type"], once.content[:5]) == ("application/pdf", b"%PDF-")
    assert "not available" in await exams.visitor.go("/" + opened[1])
