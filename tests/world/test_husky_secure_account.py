"""The secure portal's account pages: signing up in six steps, and the rules of a password (seed: the sign-up guide)."""

from __future__ import annotations

import re
from typing import Any

import pytest

from fixtures.enrolment import KNOWN_TIN, OTHER_TIN
from fixtures.people import providers
from fixtures.portals.husky_secure.passwords import SPECIAL, password_error
from fixtures.portals.husky_secure.signup import personal_error, user_error

PAGE = "/SecurePortal/SignUp.aspx"
VERIFY = "/SecurePortal/SignUpVerify.aspx"
PERSON = {
    "firstName": "Testa", "lastName": "Sampledesk", "addressLine1": "1 Sample Street", "city": "Hartford", "state": "CT",
    "zip": "06103", "country": "United States", "phone": "860-555-0100", "practiceName": "Sample Practice",
}  # fmt: skip
USER = {
    "username": "sample.desk", "email": "desk@practice.example", "email2": "desk@practice.example",
    "newPassword": "Synthetic$New1", "password2": "Synthetic$New1",
    "question": "What was the make of your first car?", "answer": "Samplecar",
}  # fmt: skip


class Form:
    def __init__(self, text: str) -> None:
        self.text = text
        self.hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" id="\w+" value="([^"]*)"', text))

    def name_of(self, tail: str) -> str:
        found = re.search(rf'id="[\w.]*_mb_{tail}(?:_0)?" name="([^"]+)"', self.text)
        assert found, f"no control {tail}"
        return found.group(1)

    def sent(self, button: str, **typed: str) -> dict[str, str]:
        return {**self.hidden, **{self.name_of(tail): value for tail, value in typed.items()}, self.name_of(button): "x"}


class SigningUp:
    """Somebody on the way through the steps; ``text`` is the page that is seen."""

    def __init__(self, biller: Any) -> None:
        self.biller = biller
        self.text = ""

    async def begin(self) -> SigningUp:
        self.text = await self.biller.go(PAGE)
        return self

    async def press(self, button: str, **typed: str) -> str:
        path = VERIFY if "STEP 6" in self.text else PAGE
        self.text = await self.biller.go(path, Form(self.text).sent(button, **typed))
        return self.text

    async def to_providers(self) -> None:
        await self.begin()
        await self.press("AgreeButton")
        await self.press("NextButton", **PERSON)

    async def to_verify(self, tin: str = KNOWN_TIN, **changes: str) -> None:
        await self.to_providers()
        await self.press("SearchButton", tin=tin)
        await self.press("AddProvidersButton", Select0="on")
        await self.press("ConfirmButton")
        await self.press("NextButton", tin="")
        await self.press("NextButton", role="Office Manager")
        await self.press("NextButton", **{**USER, **changes})


@pytest.fixture
async def signing_up(biller: Any) -> SigningUp:
    return SigningUp(biller)


async def test_six_steps_make_an_account_that_the_help_desk_must_still_enable(signing_up: SigningUp, truth: Any) -> None:
    await signing_up.to_verify()
    for shown in ("sample.desk", "Testa", "desk@practice.example", "1 Sample Street, Hartford, CT 06103", "xxxxx7230"):
        assert f">{shown}<" in signing_up.text
    assert "Synthetic$New1" not in signing_up.text
    assert "successfully set up" in await signing_up.press("FinishButton")
    (account,) = [row for row in await truth.get("accounts") if row["username"] == "sample.desk"]
    assert (account["password"], account["access"], account["password_days"]) == ("Synthetic$New1", False, 90)


async def test_who_disagrees_or_cancels_is_back_at_the_login_and_nothing_is_kept(signing_up: SigningUp, truth: Any) -> None:
    await signing_up.begin()
    assert "Secure Provider Login" in await signing_up.press("DisagreeButton")
    await signing_up.to_verify()
    assert "Secure Provider Login" in await signing_up.press("CancelButton")
    assert not [row for row in await truth.get("accounts") if row["username"] == "sample.desk"]


async def test_previous_shows_what_was_entered_except_passwords(signing_up: SigningUp) -> None:
    await signing_up.to_verify()
    text = await signing_up.press("PreviousButton")
    assert 'value="sample.desk"' in text
    assert "Synthetic$New1" not in text
    await signing_up.press("PreviousButton")
    await signing_up.press("PreviousButton", role="Other")
    assert 'value="Testa"' in await signing_up.press("PreviousButton", tin="")


async def test_a_page_that_was_left_is_refused(signing_up: SigningUp) -> None:
    await signing_up.begin()
    first = signing_up.text
    await signing_up.press("AgreeButton")
    signing_up.text = first
    assert "viewstate" in await signing_up.press("AgreeButton")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"firstName": ""}, "First Name is required."),
        ({"practiceName": ""}, "Practice Name is required."),
        ({"phone": "8605550100"}, "Contact Phone must be in ###-###-#### format."),
        ({"phone": "(860) 555-0100"}, "Contact Phone must be in ###-###-#### format."),
        ({"zip": "6103"}, "Zip must be 5 digits."),
        ({"state": "Connecticut"}, "Please select a value from the list."),
        ({}, ""),
    ],
)
def test_step_2_wants_every_starred_field_in_its_format(change: dict[str, str], words: str) -> None:
    entered = {"addressLine2": "", "department": "", **PERSON, **change}
    assert personal_error(entered) == words


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"username": "ab"}, "at least 3 characters"),
        ({"username": "1desk"}, "start with a letter"),
        ({"username": "sample_desk"}, "Username"),
        ({"email": "desk", "email2": "desk"}, "valid e-mail"),
        ({"email2": "other@practice.example"}, "do not match"),
        ({"username": "desk", "newPassword": "Sampledesk$1", "password2": "Sampledesk$1"}, "username should not be a part"),
        ({"password2": "Synthetic$New2"}, "passwords do not match"),
        ({"question": ""}, "secret question"),
        ({"answer": ""}, "Secret Answer is required."),
    ],
)
def test_step_5_refuses_in_its_own_words(change: dict[str, str], words: str) -> None:
    assert words in user_error({**USER, **change})


async def test_a_name_that_is_taken_is_refused_whatever_its_case(signing_up: SigningUp) -> None:
    await signing_up.to_verify(username="HS-desk1")
    assert "already in use" in signing_up.text


async def test_providers_are_found_by_their_tax_id_chosen_and_confirmed(signing_up: SigningUp) -> None:
    await signing_up.to_providers()
    assert "at least one provider to your account" in await signing_up.press("NextButton", tin="")
    assert "valid Provider Tax ID" in await signing_up.press("SearchButton", tin="06-1237230")
    assert "No providers were found" in await signing_up.press("SearchButton", tin="061239999")
    await signing_up.press("SearchButton", tin=KNOWN_TIN)
    assert signing_up.text.count('type="checkbox"') == 3
    assert "select at least one" in await signing_up.press("AddProvidersButton")
    assert (await signing_up.press("SelectAllButton")).count("checked") == 3
    await signing_up.press("AddProvidersButton", Select0="on", Select1="on", Select2="on")
    assert "Please Confirm Providers" in signing_up.text
    assert "Provider TIN" not in await signing_up.press("BackButton")
    await signing_up.press("SearchButton", tin=OTHER_TIN)
    await signing_up.press("AddProvidersButton", Select0="on")
    assert "Provider TIN xxxxx7231" in await signing_up.press("ConfirmButton")


async def test_a_new_provider_is_listed_72_hours_after_its_enrolment(signing_up: SigningUp, truth: Any) -> None:
    npi = next(each.npi for each in providers() if each.kind == "organization")
    await truth.post("enrol", tin="061230001", npi=npi, hours_ago=71)
    await signing_up.to_providers()
    assert "No providers were found" in await signing_up.press("SearchButton", tin="061230001")
    await truth.post("clock", advance_hours=1)
    await signing_up.to_providers()
    assert "Select Providers" in await signing_up.press("SearchButton", tin="061230001")


async def test_a_sign_up_is_forgotten_after_twenty_idle_minutes(signing_up: SigningUp, truth: Any) -> None:
    await signing_up.to_providers()
    await truth.post("clock", advance_hours=0.5)
    assert "session has timed out" in await signing_up.press("SearchButton", tin=KNOWN_TIN)


def test_only_special_characters_that_all_three_lists_of_the_guide_have_are_taken() -> None:
    assert set(SPECIAL) == set("!$^*()_-={}\\,")
    for char in SPECIAL:
        assert password_error("someone", f"Abcdefg1{char}", []) == ""
    for char in "#%[]./?|';+~":
        assert "not allowed" in password_error("someone", f"Abcdefg1${char}", [])


async def test_three_wrong_current_passwords_lock_the_account(biller: Any, truth: Any) -> None:
    form = Form(await biller.go("/SecurePortal/Login.aspx"))
    await biller.go("/SecurePortal/Login.aspx", form.sent("LoginButton", userName="hs-desk1", password="Synthetic$Units1"))
    for _ in range(3):
        form = Form(await biller.go("/SecurePortal/ChangePassword.aspx"))
        sent = form.sent("ChangeButton", currentPassword="no", newPassword="Renewed$1", confirmPassword="Renewed$1")
        text = await biller.go("/SecurePortal/ChangePassword.aspx", sent)
    assert "has been locked" in text
    assert await truth.get("sessions") == []
