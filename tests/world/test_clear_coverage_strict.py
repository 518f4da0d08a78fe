"""Clear Coverage refuses, in its own words, what it would refuse; whatever the client claims."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from fixtures.people import members, providers

TODAY = date(2019, 6, 12)
PDF = b"%PDF-1.4\n%%EOF\n"


def us(day: date) -> str:
    return day.strftime("%m/%d/%Y")


# --- member search -------------------------------------------------------------------------------------------------------


async def test_a_member_is_found_by_id_and_birth_date_together_only(desk: Any) -> None:
    member = members()[3]
    assert member.id.startswith("000")
    assert member.name in await desk.search(member.id, us(member.dob))
    assert "No members match" in await desk.search(member.id, us(member.dob + timedelta(days=1)))
    assert "are required" in await desk.search(member.id, "")
    assert "must be 9 digits" in await desk.search(member.id.lstrip("0"), us(member.dob))
    assert "valid date" in await desk.search(member.id, member.dob.isoformat())


async def test_q02_a_member_who_is_not_eligible_shows_na_and_cannot_be_chosen(desk: Any) -> None:
    member = next(m for m in members() if "NA" in m.tags)
    text = await desk.search(member.id, us(member.dob))
    assert "<td>NA</td>" in text
    assert 'value="Create" disabled' in text
    assert "not eligible" in await desk.create(member.id)
    assert desk.draft == ""


# --- request -------------------------------------------------------------------------------------------------------------


async def test_q04_five_days_back_are_allowed_six_are_not(desk: Any, ask: Any) -> None:
    request = ask()
    await desk.create(request["member_id"])
    six = {**request["service"], "from_date": us(TODAY - timedelta(days=6))}
    text = await desk.step("request.do", **six)
    assert "backdated at most five (5) calendar days" in text
    assert f'value="{us(TODAY - timedelta(days=6))}"' in text  # what was typed is kept
    await desk.step("request.do", **{**six, "from_date": us(TODAY - timedelta(days=5))})
    assert desk.path == "/ClearCoverage/providers.do"


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("family", "", "Service Type is required"),
        ("family", "made_up", "Service Type is required"),
        ("priority", "soon", "Review Priority is required"),
        ("certification", "", "Certification Type is required"),
        ("from_date", "6/12/2019", "Service From must be a valid date"),
        ("to_date", "02/30/2020", "Service To must be a valid date"),
        ("to_date", "06/11/2019", "may not be before Service From"),
        ("to_date", "06/30/2020", "may not span more than one year"),
    ],
)
async def test_a_request_is_checked_field_by_field(desk: Any, ask: Any, field: str, value: str, words: str) -> None:
    request = ask()
    await desk.create(request["member_id"])
    assert words in await desk.step("request.do", **{**request["service"], field: value})


async def test_elective_admissions_are_not_taken_here(desk: Any, ask: Any) -> None:
    request = ask(family="inpatient", code="99221")
    await desk.create(request["member_id"])
    assert "Fax elective admissions" in await desk.step("request.do", **{**request["service"], "priority": "standard"})


# --- providers -----------------------------------------------------------------------------------------------------------


async def look_up(desk: Any, **typed: str) -> list[dict[str, str]]:
    answer = await desk.http.get("/ClearCoverage/ajax/provider.do", params={"last": "", "first": "", "npi": "", **typed})
    rows: list[dict[str, str]] = answer.json()["rows"]
    return rows


async def test_q03_providers_are_found_by_last_name_only(desk: Any) -> None:
    wanted = providers()[0]
    rows = await look_up(desk, last=wanted.last_name.lower())
    assert len(rows) == 3  # three share the name; the NPI tells them apart
    assert wanted.npi in [row["npi"] for row in rows]
    assert await look_up(desk, npi=wanted.npi) == []
    assert await look_up(desk, last=wanted.last_name, npi=wanted.npi) == []
    assert await look_up(desk, first=wanted.first_name) == []
    assert await look_up(desk, last=wanted.last_name[:4]) == []
    outsider = next(p for p in providers() if not p.cmap)
    assert await look_up(desk, last=outsider.last_name) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"requesting_npi": ""}, "Use Look Up to select"),
        ({"requesting_npi": "1234567893"}, "Use Look Up to select"),
        ({"servicing_npi": ""}, "Enter both Servicing Provider Name"),
        ({"servicing_name": "", "servicing_npi": ""}, "Servicing Provider NPI are required"),
        ({"servicing_npi": "1234567893"}, "Only CMAP enrolled providers"),
        ({"servicing_name": "Sample Somebody Else"}, "does not match the enrollment record"),
        ({"facility_name": providers()[0].name, "facility_npi": providers()[0].npi}, "does not belong to a facility"),
    ],
)
async def test_providers_must_be_picked_or_enrolled(desk: Any, ask: Any, changes: dict[str, str], words: str) -> None:
    request = ask()
    await desk.create(request["member_id"])
    await desk.step("request.do", **request["service"])
    assert words in await desk.step("providers.do", **{**request["providers"], **changes})


# --- clinical ------------------------------------------------------------------------------------------------------------


async def at_clinical(desk: Any, request: dict[str, Any]) -> None:
    await desk.create(request["member_id"])
    await desk.step("request.do", **request["service"])
    await desk.step("providers.do", **request["providers"])
    assert desk.path == "/ClearCoverage/clinical.do"


async def test_a_diagnosis_must_come_from_the_list_and_once(desk: Any, ask: Any) -> None:
    await at_clinical(desk, ask())
    assert (await desk.add("diagnosisAdd.do", code=""))["message"] == "Select a diagnosis from the list."
    assert (await desk.add("diagnosisAdd.do", code="M5450"))["status"] == "ERROR"
    assert (await desk.add("diagnosisAdd.do", code="M54.50"))["status"] == "OK"
    assert "already been added" in (await desk.add("diagnosisAdd.do", code="M54.50"))["message"]
    html = (await desk.add("diagnosisAdd.do", code="R26.2"))["html"]
    assert html.index("Primary") < html.index("M54.50") < html.index("Secondary") < html.index("R26.2")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"code": ""}, "Select a procedure from the list."),
        ({"code": "E0601"}, "Select a procedure from the list."),  # of another service
        ({"units": "1.5"}, "whole number"),
        ({"units": "0"}, "whole number"),
        ({"units": "٣"}, "whole number"),
        ({"mod1": "GPX"}, "two letters or digits"),
        ({"from_date": "06/11/2019"}, "within the service dates"),
        ({"to_date": "soon"}, "valid dates"),
    ],
)
async def test_a_line_is_checked(desk: Any, ask: Any, changes: dict[str, str], words: str) -> None:
    request = ask()
    await at_clinical(desk, request)
    answer = await desk.add("lineAdd.do", **{**request["lines"][0], **changes})
    assert answer["status"] == "ERROR"
    assert words in answer["message"]


async def test_what_is_typed_but_not_added_is_not_lost_silently(desk: Any, ask: Any) -> None:
    request = ask()
    await at_clinical(desk, request)
    text = await desk.step("clinical.do")
    assert "At least one diagnosis is required." in text
    assert "At least one procedure line is required." in text
    await desk.add("diagnosisAdd.do", code="M54.50")
    await desk.add("lineAdd.do", **request["lines"][0])
    assert "entered but not added" in await desk.step("clinical.do", proc_text="97112 - Sample")
    await desk.step("clinical.do")
    assert desk.path == "/ClearCoverage/medicalReview.do"


async def test_lines_and_diagnoses_can_be_removed(desk: Any, ask: Any) -> None:
    request = ask()
    await at_clinical(desk, request)
    await desk.add("diagnosisAdd.do", code="M54.50")
    assert "No diagnosis" in (await desk.add("diagnosisRemove.do", code="M54.50"))["html"]
    await desk.add("lineAdd.do", **request["lines"][0])
    assert "No procedure line" in (await desk.add("lineRemove.do", line="0"))["html"]


async def test_another_service_forgets_the_lines_of_the_first(desk: Any, ask: Any) -> None:
    request = ask()
    await desk.enter(request)
    await desk.step("request.do", **{**request["service"], "family": "therapy_ot"})
    await desk.go(f"review.do?d={desk.draft}")
    assert desk.path == "/ClearCoverage/clinical.do"


# --- review questions, documents, contact ---------------------------------------------------------------------------------


async def test_every_question_must_be_answered_to_complete_but_not_to_save(desk: Any, ask: Any) -> None:
    request = ask()
    await at_clinical(desk, request)
    await desk.add("diagnosisAdd.do", code="M54.50")
    await desk.add("lineAdd.do", **request["lines"][0])
    assert "Question 3 must be answered." in await desk.step(
        "medicalReview.do", go="Complete", th_evaluation="yes", th_plan_signed="yes", th_progress="maybe"
    )
    text = await desk.step("medicalReview.do", go="Save for later", th_evaluation="yes")
    assert "It has not been submitted" in text
    text = await desk.go(f"resume.do?d={desk.draft}")
    assert 'id="th_evaluation_yes" value="yes" checked' in text


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("notes.txt", b"text", "file type is not allowed"),
        ("notes.pdf", b"", "the file is empty (0 bytes)"),
        ("notes.pdf", b"PK\x03\x04", "not a valid PDF"),
        ("notes.pdf", b"%PDF-1.4 trailer << /Encrypt 5 0 R >>", "password protected"),
        ("notes.jpg", b"x" * (10 * 1024 * 1024 + 1), "larger than 10 MB"),
    ],
)
async def test_a_document_is_refused_in_the_portals_words(desk: Any, ask: Any, name: str, content: bytes, words: str) -> None:
    await at_clinical(desk, ask(family="dme", code="E0601", units=1))
    assert words in await desk.attach(name, content)
    assert "At least one clinical document is required" in await desk.step("attachments.do")
    assert "Accepted" in await desk.attach("notes.pdf", PDF)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"contact_name": ""}, "Contact Name is required"),
        ({"contact_phone": "8605550100"}, "###-###-####"),
        ({"contact_fax": "860"}, "Contact Fax must be"),
        ({"provider_reference": "R" * 31}, "may not exceed 30 characters"),
        ({"notes": "n" * 265}, "may not exceed 264 characters"),
    ],
)
async def test_the_contact_is_checked(desk: Any, ask: Any, changes: dict[str, str], words: str) -> None:
    request = ask()
    await desk.enter(request)
    assert words in await desk.step("contact.do", **{**request["contact"], **changes})


async def test_an_unfinished_request_cannot_be_submitted_by_hand(desk: Any, ask: Any, truth: Any) -> None:
    await at_clinical(desk, ask())
    await desk.step("submit.do")
    assert desk.path == "/ClearCoverage/clinical.do"
    assert await truth.get("requests") == []


async def test_dates_are_checked_again_when_it_is_submitted(desk: Any, ask: Any, truth: Any) -> None:
    request = ask()
    request["service"]["from_date"] = us(TODAY - timedelta(days=5))
    await desk.enter(request)
    for _ in range(50):  # from nine in the morning past midnight, no pause long enough to end the session
        await truth.post("clock", advance_hours=0.32)
        await desk.go("home.do")
    assert "backdated at most" in await desk.step("submit.do")
    assert await truth.get("requests") == []
