"""CarePartners' portal and Authorization Manager are as strict as they are said to be, and refuse in their own words; so does the
utilization tool inside both."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import httpx
import pytest

from fixtures.people import providers
from fixtures.plans import PlanMember, plan_members
from fixtures.world import WorldApp

TODAY = date(2019, 6, 12)


def us(day: date) -> str:
    return day.strftime("%m/%d/%Y")


def member(tag: str, n: int = 0) -> PlanMember:
    return [each for each in plan_members() if tag in each.tags][n]


DATES = {"from": us(TODAY), "to": us(TODAY + timedelta(days=29))}
SELLER = next(p for p in providers() if p.kind == "organization").npi
HOSPITAL = next(p for p in providers() if p.last_name.startswith("Sample Hospital")).npi
REQUEST = {
    "service_type": "therapy_pt",
    "priority": "standard",
    "certification": "initial",
    "requesting": providers()[0].npi,
    "servicing": SELLER,
    "contact_name": "Sample Contact",
    "contact_phone": "860-555-0100",
    **DATES,
}
LINE = {"procedure": "97110", "units": "12", "unit_type": "visits", "line_from": DATES["from"], "line_to": DATES["to"]}
ANSWERS = {"th_evaluation": "yes", "th_plan_signed": "yes", "th_progress": "na"}


class Desk:
    """Somebody who works with a plan's portal, and with the tool as its script would."""

    def __init__(self, app: WorldApp, slug: str, base: str, user: str, password: str) -> None:
        host = slug.replace("_", "-")
        self.app = app
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url=f"http://{host}.localhost{base}", follow_redirects=True
        )
        self.user, self.password = user, password

    async def page(self, path: str, data: dict[str, str] | None = None) -> str:
        answer = await (self.http.get(path) if data is None else self.http.post(path, data=data))
        assert answer.status_code == 200
        return answer.text

    async def sign_in(self) -> str:
        return await self.page("login", {"username": self.user, "password": self.password})

    async def call(self, name: str, **asked: str) -> dict[str, Any]:
        answer = await self.http.post(f"um/api/{name}", json=asked)
        assert answer.status_code == 200, "what is wrong is a flag in a normal answer"
        return dict(answer.json())

    async def refused(self, name: str, **asked: str) -> str:
        answer = await self.call(name, **asked)
        assert not answer["ok"]
        return " ".join(answer["messages"])

    async def enter(self, **request: str) -> None:
        """From the member's details to the review of a therapy."""
        assert (await self.call("request", **{**REQUEST, **request}))["ok"]
        assert (await self.call("dx", diagnosis="M54.50"))["ok"]
        assert (await self.call("line", **LINE))["ok"]
        assert (await self.call("services"))["ok"]
        assert (await self.call("criteria", arg="complete", **ANSWERS))["ok"]


class CarePartners(Desk):
    def __init__(self, app: WorldApp, user: str = "cp-desk1") -> None:
        super().__init__(app, "carepartners", "/thp/portal/providers/", user, f"Synthetic$Partner{user[-1]}")

    async def launch(self, who: PlanMember, kind: str = "prior_auth", day: date = TODAY) -> str:
        typed = {"member_id": who.id, "dob": us(who.dob), "service_date": us(day)}
        found = re.search(r'"key": "(\w+)"', await self.page("eligibility", typed))
        assert found
        shown = await self.page("um/launch", {"key": found[1], "kind": kind, "member": who.id, "service_date": us(day)})
        await self.call("open")
        return shown


class BlueCross(Desk):
    def __init__(self, app: WorldApp, user: str = "am-desk1") -> None:
        super().__init__(app, "authorization_manager", "/provider/", user, f"Synthetic$Central{user[-1]}")

    async def launch(self, kind: str = "prior_auth") -> None:
        found = re.search(r'name="key" value="(\w+)"', await self.page("etools/authorization-manager"))
        assert found
        await self.page("etools/mhk", {"key": found[1]})
        await self.call("start", arg=kind)

    async def find(self, who: PlanMember, **more: str) -> dict[str, Any]:
        return await self.call("member", **{"member_id": who.id, "dob": us(who.dob), **more})


@pytest.fixture
async def plan(app: WorldApp) -> CarePartners:
    desk = CarePartners(app)
    await desk.sign_in()
    return desk


@pytest.fixture
async def central(app: WorldApp) -> BlueCross:
    desk = BlueCross(app)
    await desk.sign_in()
    return desk


# --- signing in -------------------------------------------------------------------------------------------------------


async def test_Q17_who_did_not_log_out_waits_fifteen_minutes_and_each_try_begins_them_anew(
    app: WorldApp, plan: CarePartners
) -> None:
    again = CarePartners(app)
    assert "you must wait 15 minutes" in await again.sign_in()
    app.world.clock.advance(14 / 60)
    assert "you must wait 15 minutes" in await again.sign_in()
    app.world.clock.advance(14 / 60)
    assert "you must wait 15 minutes" in await again.sign_in()
    app.world.clock.advance(16 / 60)
    assert "Welcome to the provider portal" in await again.sign_in()


async def test_Q17_who_logged_out_is_in_again_at_once(app: WorldApp, plan: CarePartners) -> None:
    assert "You have logged out." in await plan.page("logout")
    assert "Welcome to the provider portal" in await CarePartners(app).sign_in()


async def test_Q17_a_session_ends_after_fifteen_idle_minutes(app: WorldApp, plan: CarePartners) -> None:
    app.world.clock.advance(16 / 60)
    assert "not used for 15 minutes" in await plan.page("home")
    assert (await plan.call("open"))["session"] == "expired"


async def test_provider_central_lets_the_newer_sign_in_go_on(app: WorldApp, central: BlueCross) -> None:
    assert "Continue here" in await BlueCross(app).sign_in()


async def test_Q21_without_access_there_is_no_button(app: WorldApp) -> None:
    desk = BlueCross(app, "am-noaccess")
    desk.password = "Synthetic$Central93"
    await desk.sign_in()
    page = await desk.page("etools/authorization-manager")
    assert "has not given you access to this tool" in page
    assert "Go Now" not in page


# --- how the tool opens -----------------------------------------------------------------------------------------------


async def test_a_pass_opens_the_tool_once(plan: CarePartners) -> None:
    who = member("cp_plain")
    typed = {"member_id": who.id, "dob": us(who.dob), "service_date": us(TODAY)}
    found = re.search(r'"key": "(\w+)"', await plan.page("eligibility", typed))
    assert found
    sent = {"key": found[1], "kind": "prior_auth", "member": who.id, "service_date": us(TODAY)}
    assert "newBodyFrame" in await plan.page("um/launch", sent)
    assert "Access Denied" in await plan.page("um/launch", sent)


async def test_the_tool_is_not_there_for_whoever_did_not_open_it(plan: CarePartners) -> None:
    assert "Access Denied" in await plan.page("um/app")
    assert (await plan.call("submit"))["session"] == "expired"


async def test_Q18_a_member_of_apn_ct_is_led_on_from_2025_and_only_for_a_prior_authorization(plan: CarePartners) -> None:
    who = member("cp_apn")
    assert "Redirecting to Optum Pro" in await plan.launch(who, day=date(2025, 1, 1))
    assert "newBodyFrame" in await plan.launch(who, day=date(2024, 12, 31))
    assert "newBodyFrame" in await plan.launch(who, "inpatient_notification", day=date(2025, 1, 1))


async def test_who_is_not_eligible_has_no_button(plan: CarePartners) -> None:
    who = member("cp_inactive")
    page = await plan.page("eligibility", {"member_id": who.id, "dob": us(who.dob), "service_date": us(TODAY)})
    assert "Inactive" in page
    assert 'data-kind="' not in page


# --- the member and the requirement -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("tag", "typed"), [("bc_plain", "card"), ("bcbsma_fep", "without R"), ("bc_newborn", "id")])
async def test_Q22_prefix_missing_r_and_newborn_find_nobody(central: BlueCross, tag: str, typed: str) -> None:
    who = member(tag, 5 if tag == "bc_plain" else 0)
    await central.launch()
    number = {"card": who.card_id, "without R": who.id[1:], "id": who.id}[typed]
    assert "No member was found." in await central.refused("member", member_id=number, dob=us(who.dob))


async def test_of_a_multiple_birth_the_first_name_tells_who_is_meant(central: BlueCross) -> None:
    one, other = member("bc_twin"), member("bc_twin", 1)
    await central.launch()
    assert "multiple birth" in (await central.find(one))["html"]
    assert other.id in (await central.find(one, first_name=other.first_name))["html"]


async def test_Q23_what_is_not_required_has_no_way_on(central: BlueCross) -> None:
    await central.launch()
    await central.find(member("bc_plain", 5))
    await central.call("begin")
    page = (await central.call("check", codes="97161"))["html"]
    assert "Authorization not required" in page
    assert "Continue to Request" not in page
    assert "No authorization is required." in await central.refused("checked")


async def test_a_code_that_was_not_looked_up_cannot_be_entered(central: BlueCross) -> None:
    await central.launch()
    await central.find(member("bc_plain", 5))
    await central.call("begin")
    await central.call("check", codes="97110")
    await central.call("checked")
    await central.call("request", **REQUEST)
    assert "97112 was not found to need an authorization" in await central.refused("line", **{**LINE, "procedure": "97112"})


# --- the request ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"from": us(TODAY - timedelta(days=31))}, "at most 30 days in the past"),
        ({"requesting": "Testmaple"}, "Select the requesting provider from the list."),
        ({"contact_phone": "8605550100"}, "Contact Phone must look like 999-999-9999."),
        ({"reference": "R" * 21}, "at most 20 characters"),
        ({"service_type": "inpatient"}, "Admission Date is required"),
        ({"to": us(TODAY - timedelta(days=1))}, "To Date is before From Date."),
    ],
)
async def test_what_the_request_screen_refuses(plan: CarePartners, changed: dict[str, str], words: str) -> None:
    await plan.launch(member("cp_plain", 5))
    assert words in await plan.refused("request", **{**REQUEST, **changed})


@pytest.mark.parametrize(
    ("priority", "days", "late"),
    [("standard", 5, False), ("standard", 4, True), ("emergent", -2, False), ("urgent", -3, True)],
)
async def test_C4_a_late_notification_needs_a_reason(plan: CarePartners, priority: str, days: int, late: bool) -> None:
    await plan.launch(member("cp_plain", 5), "inpatient_notification")
    day = us(TODAY + timedelta(days=days))
    stay = {"service_type": "inpatient", "facility": HOSPITAL, "admission": day, "from": day, "to": day, "priority": priority}
    page = (await plan.call("request", **{**REQUEST, **stay}))["html"]
    assert ("Reason for Late Notification" in page) is late


async def test_the_assessment_of_behavior_analysis_is_requested_alone(plan: CarePartners) -> None:
    await plan.launch(member("cp_plain", 5))
    await plan.call("request", **{**REQUEST, "service_type": "behavioral_health_outpatient"})
    await plan.call("dx", diagnosis="F84.0")
    for code in ("97151", "97153"):
        assert (await plan.call("line", **{**LINE, "procedure": code}))["ok"]
    assert "Request the assessment (97151) alone first." in await plan.refused("services")


@pytest.mark.parametrize(
    ("code", "units", "days", "words"),
    [
        ("H0035", "10", 14, ""),
        ("H0035", "11", 14, "at most 10 units within 14 days"),
        ("H0035", "10", 15, "at most 10 units within 14 days"),
        ("S9480", "31", 30, "at most 30 units within 60 days"),
    ],
)
async def test_day_programs_of_blue_cross_are_requested_in_steps(
    central: BlueCross, code: str, units: str, days: int, words: str
) -> None:
    await central.launch()
    await central.find(member("bc_plain", 5))
    await central.call("begin")
    await central.call("check", codes=code)
    await central.call("checked")
    await central.call("request", **{**REQUEST, "service_type": "behavioral_health_outpatient"})
    last = us(TODAY + timedelta(days=days - 1))
    answer = await central.call("line", **{**LINE, "procedure": code, "units": units, "line_to": last})
    assert words in " ".join(answer.get("messages", []))
    assert answer["ok"] is (not words)


async def test_what_arrives_twice_is_accepted_twice_and_a_draft_number_is_no_reference(app: WorldApp, plan: CarePartners) -> None:
    await plan.launch(member("cp_plain", 5))
    await plan.enter()
    assert (await plan.call("documents"))["ok"]
    for _ in range(2):
        page = (await plan.call("submit"))["html"]
    taken = [case for case in app.world.payer.cases.values() if not case.historic]
    assert len(taken) == 2
    assert all(case.ask.draft_no.startswith("MK9") and not case.reference_no.startswith("MK9") for case in taken)
    assert taken[-1].reference_no in page


async def test_Q28_a_draft_is_listed_with_its_end_and_gone_after_96_hours_or_when_it_was_submitted(
    app: WorldApp, plan: CarePartners
) -> None:
    await plan.launch(member("cp_plain", 5))
    await plan.call("request", **REQUEST)
    listed = (await plan.call("requests"))["html"]
    (number,) = set(re.findall(r"MK9\d{8}", listed))
    app.world.clock.advance(95.9)
    await plan.sign_in()
    await plan.launch(member("cp_plain", 6))
    assert number in (await plan.call("requests"))["html"]
    app.world.clock.advance(0.2)
    assert number not in (await plan.call("requests"))["html"]

    await plan.launch(member("cp_plain", 5))
    await plan.enter()
    assert "MK9" in (await plan.call("documents"))["html"]
    await plan.call("submit")
    assert "There are no drafts." in (await plan.call("requests"))["html"]


async def test_Q28_a_draft_that_expires_while_it_is_entered_is_deleted_and_nothing_is_accepted(
    app: WorldApp, plan: CarePartners, truth: Any
) -> None:
    await plan.launch(member("cp_plain", 5))
    await plan.enter()
    await truth.fault("Q28", "carepartners", where="documents")
    answer = await plan.call("documents")
    assert not answer["ok"]
    assert "This draft has expired and was deleted." in answer["html"]
    assert "There are no drafts." in (await plan.call("requests"))["html"]


async def test_Q29_Q30_the_review_mentions_what_is_on_file_and_its_button_may_wake_up_late(
    plan: CarePartners, truth: Any
) -> None:
    await plan.launch(member("cp_plain", 5))
    await plan.enter()
    first = (await plan.call("documents"))["html"]
    assert "is on file" not in first
    assert "disabled" not in first
    await plan.call("submit")

    await plan.launch(member("cp_plain", 5))
    await plan.enter()
    await truth.fault("Q29", "carepartners", ms=700)
    again = (await plan.call("documents"))["html"]
    assert "with the same procedure and dates is on file" in again
    assert 'disabled data-wakes="700"' in again
    await truth.fault("Q30", "carepartners")
    assert "is on file" not in (await plan.call("documents"))["html"]


async def test_Q31_the_header_of_a_case_says_something_else_than_its_lines(app: WorldApp, plan: CarePartners, truth: Any) -> None:
    await plan.launch(member("cp_plain", 5))
    await plan.enter()
    await plan.call("documents")
    await plan.call("submit")
    (case,) = (case for case in app.world.payer.cases.values() if not case.historic)

    async def shown() -> list[str]:
        page = (await plan.call("case", arg=case.reference_no))["html"]
        return re.findall(r"<td[^>]*>(Approved|In review)<", page)

    await truth.fault("Q31", "carepartners")
    for status, header, line in (("Pended (In review)", "Approved", "In review"), ("Authorized", "In review", "Approved")):
        await truth.http.post("decide", json={"reference_no": case.reference_no, "status": status, "approved": [12]})
        assert await shown() == [header, line]


async def test_Q34_ids_or_labels_are_others_in_pages_scripts_and_answers(plan: CarePartners, truth: Any) -> None:
    await truth.fault("Q34", "carepartners", seed=2)
    page, script = await plan.page("eligibility"), await plan.page("static/um.js")
    assert "eligMemberId" not in page
    assert "um-words" not in script
    assert "Member ID" in page
    await truth.http.delete("faults")
    await truth.fault("Q34", "carepartners", seed=3)
    assert "New: " in await plan.page("eligibility")
    assert "eligMemberId" in await plan.page("eligibility")


async def test_Q35_a_tab_without_the_cookie_shows_an_expired_session_and_the_session_lives_on(
    plan: CarePartners, truth: Any
) -> None:
    await truth.fault("Q35", "carepartners")
    assert "Session Expired" in await plan.launch(member("cp_plain", 5))
    assert len(await truth.get("sessions")) == 1
    assert "Member Eligibility" not in await plan.launch(member("cp_plain", 5))


async def test_another_practice_sees_nothing_of_it(app: WorldApp, plan: CarePartners) -> None:
    await plan.launch(member("cp_plain", 5))
    await plan.enter()
    await plan.call("documents")
    await plan.call("submit")
    (case,) = (case for case in app.world.payer.cases.values() if not case.historic)
    other = CarePartners(app, "cp-other")
    other.password = "Synthetic$Partner92"
    await other.sign_in()
    await other.launch(member("cp_plain", 6))
    assert case.reference_no not in (await other.call("search", find_provider="all"))["html"]
    assert "The request was not found." in await other.refused("case", arg=case.reference_no)
