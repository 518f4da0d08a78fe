"""Faults strike where, as often and at the rate they are told; the truth says what happened and refuses what it does not know."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from fixtures.faults import STANDING, SWITCHABLE
from fixtures.people import members
from fixtures.plans import plan_members

BANNER = "Clear Coverage is currently experiencing intermittent connectivity issues"


async def test_an_unknown_fault_portal_or_step_is_refused_with_the_known_names(truth: Any) -> None:
    for body, words in (
        ({"portal": "clear_coverage", "fault": "Q99"}, "accept_then_hang"),
        ({"portal": "nowhere", "fault": "Q01"}, "clear_coverage, "),
        ({"portal": "clear_coverage", "fault": "http_503", "where": "checkout"}, "attachments"),
        ({"portal": "clear_coverage"}, "Q30"),
    ):
        answer = await truth.http.post("faults", json=body)
        assert answer.status_code == 400
        assert words in answer.json()["error"]


async def test_every_listed_fault_can_be_switched_on_and_off(truth: Any) -> None:
    elsewhere = {"new_question": "evicore", "Q19": "optum_pro", "false_miss": "optum_pro"}  # strike where there are such steps
    for name in SWITCHABLE:
        await truth.fault(name, elsewhere.get(name, "clear_coverage"))
    for name in STANDING:
        assert (await truth.fault(name))["standing"]
    assert {fault["fault"] for fault in (await truth.get("faults"))["active"]} == set(SWITCHABLE)
    await truth.http.delete("faults")
    assert (await truth.get("faults"))["active"] == []


async def test_q01_the_banner_stands_on_the_public_page_while_sign_in_fails(stranger: Any, truth: Any) -> None:
    await truth.fault("Q01")
    assert BANNER in await stranger.go("/")
    await stranger.sign_in()
    assert stranger.status == 503
    await truth.http.delete("faults")
    assert BANNER not in await stranger.go("/")
    assert "Worklist" in await stranger.sign_in()


async def test_q01_at_a_rate_lets_some_through_the_same_ones_for_a_seed(stranger: Any, truth: Any) -> None:
    async def statuses() -> list[int]:
        await truth.http.delete("faults")
        await truth.fault("Q01", rate=0.5, seed=7)
        found = []
        for _ in range(20):
            await stranger.go("logon.do")
            found.append(stranger.status)
        return found

    first = await statuses()
    assert 4 < first.count(503) < 16
    assert await statuses() == first


async def test_the_banner_alone_stops_nobody(stranger: Any, truth: Any) -> None:
    await truth.fault("outage_banner")
    assert BANNER in await stranger.go("/")
    assert "Worklist" in await stranger.sign_in()


async def test_a_503_strikes_at_its_step_as_often_as_told(desk: Any, truth: Any) -> None:
    await truth.fault("http_503", where="member", times=2)
    statuses = []
    for name in ("memberSearch.do", "home.do", "memberSearch.do", "memberSearch.do"):
        await desk.go(name)
        statuses.append(desk.status)
    assert statuses == [503, 200, 503, 200]


async def test_the_session_is_lost_at_the_step(desk: Any, ask: Any, truth: Any) -> None:
    await truth.fault("session_lost", where="review")
    assert "Session Expired" in await desk.enter(ask())
    assert await truth.get("sessions") == []
    assert await truth.get("requests") == []


async def test_maintenance_replaces_the_logon(stranger: Any, truth: Any) -> None:
    await truth.fault("maintenance")
    assert "scheduled maintenance" in await stranger.go("logon.do")
    assert "scheduled maintenance" in await stranger.sign_in()


async def test_every_password_can_be_made_wrong(stranger: Any, truth: Any) -> None:
    await truth.fault("wrong_password_always")
    assert "not correct" in await stranger.sign_in()


async def test_accepted_then_503(desk: Any, ask: Any, truth: Any) -> None:
    await desk.enter(ask())
    await truth.fault("accept_then_503")
    await desk.step("submit.do")
    assert desk.status == 503
    assert len(await truth.get("requests")) == 1


async def test_accepted_but_the_worklist_comes_instead_of_the_confirmation(desk: Any, ask: Any, truth: Any) -> None:
    await desk.enter(ask())
    await truth.fault("drop_confirmation")
    text = await desk.step("submit.do")
    assert "Worklist" in text
    assert "ccReference" not in text
    assert len(await truth.get("requests")) == 1


async def test_a_fault_after_acceptance_waits_for_something_to_be_accepted(desk: Any, ask: Any, truth: Any) -> None:
    request = ask()
    await desk.create(request["member_id"])
    await desk.step("request.do", **request["service"])
    await truth.fault("accept_then_503")
    await desk.step("submit.do")  # refused: incomplete
    assert desk.status == 200
    await desk.enter(request)
    await desk.step("submit.do")
    assert desk.status == 503


async def test_an_unknown_status_word_replaces_every_status(desk: Any, ask: Any, truth: Any) -> None:
    reference = await desk.submit(ask())
    await truth.fault("unknown_status_word")
    assert "Deferred - Level 2" in await desk.go(f"case.do?ref={reference}")
    assert "Deferred - Level 2" in await desk.go(f"searchAuth.do?go=1&ref={reference}")


async def test_a_system_error_page_comes_with_status_200(desk: Any, truth: Any) -> None:
    await truth.fault("system_error", where="home")
    assert "A system error occurred." in await desk.go("home.do")
    assert desk.status == 200
    assert "Worklist" in await desk.go("home.do")


async def test_a_fault_of_one_portal_leaves_the_other_alone(stranger: Any, biller: Any, truth: Any) -> None:
    await truth.fault("http_503", where="any", times=-1, portal="husky_secure")
    await biller.go("/")
    assert biller.status == 503
    await stranger.go("/")
    assert stranger.status == 200


# --- truth -------------------------------------------------------------------------------------------------------------------


async def test_reset_forgets_everything_but_the_clock(desk: Any, ask: Any, truth: Any) -> None:
    await desk.submit(ask())
    await truth.fault("Q01")
    await truth.post("clock", now="2020-02-03T10:00:00")
    await truth.post("reset", seed=5)
    assert await truth.get("requests") == []
    assert await truth.get("sessions") == []
    assert await truth.get("logins") == []
    assert (await truth.get("faults"))["active"] == []
    assert (await truth.get("clock"))["today"] == "2020-02-03"
    assert "Worklist" in await desk.sign_in()


async def test_the_response_log_has_portal_account_path_and_times(desk: Any, truth: Any) -> None:
    await desk.go("home.do")
    log = await truth.get("responses")
    last = log["rows"][-1]
    assert (last["portal"], last["account"], last["path"]) == ("clear_coverage", "cc-desk1", "/ClearCoverage/home.do")
    assert last["started"] <= last["ended"]
    assert len((await truth.get(f"responses?since={log['total'] - 1}"))["rows"]) == 1


async def test_members_and_providers_are_told_with_their_tags(truth: Any) -> None:
    told = {row["id"]: row for row in await truth.get("members")}
    assert len(told) == len(members()) + len(plan_members())
    not_eligible = next(m for m in members() if "NA" in m.tags)
    assert told[not_eligible.id]["eligibility"] == "NA"
    assert all({"npi", "last_name", "cmap"} <= set(row) for row in await truth.get("providers"))


async def test_a_help_desk_can_unlock_and_set_a_password(stranger: Any, truth: Any) -> None:
    assert "Account Locked" in await stranger.sign_in(user="cc-locked", password="Synthetic$Desk91")
    await truth.post("accounts", portal="clear_coverage", username="cc-locked", locked=False, password="New$Desk91")
    assert "Worklist" in await stranger.sign_in(user="cc-locked", password="New$Desk91")


async def test_wrong_calls_are_answered_with_400_or_404(truth: Any) -> None:
    for name, body in (
        ("clock", {}),
        ("clock", {"now": "tomorrow"}),
        ("decide", {"reference_no": "CC000000000"}),
        ("release", {"portal": "clear_coverage", "release": 2}),
        ("accounts", {"portal": "clear_coverage", "username": "nobody"}),
    ):
        with pytest.raises(httpx.HTTPStatusError) as refused:
            await truth.post(name, **body)
        assert refused.value.response.status_code == 400
    assert (await truth.http.get("secrets")).status_code == 404


async def test_there_are_no_faxes_yet(truth: Any) -> None:
    assert await truth.get("faxes") == []
