"""Coverage and limits on the command line: asked before Authorization Manager gets a request, shown with it, asked by hand."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fixtures.clock import today
from fixtures.people import members, providers
from fixtures.plans import PlanMember, bcbsma_members
from fixtures.portals.connect_center.benefits import claims_elsewhere

pytestmark = pytest.mark.browser

DAY = today() + timedelta(days=3)
DOCTOR = next(p for p in providers() if p.kind == "individual" and "shared_name" in p.tags)
SELLER = next(p for p in providers() if p.kind == "organization")
COVERED, LOST = bcbsma_members()[40], bcbsma_members()[150]


def therapy(request_id: str, who: PlanMember) -> dict[str, str]:
    return {
        "request_id": request_id,
        "payer": "bcbsma",
        "coverage": who.coverage,
        "request_kind": "prior_auth",
        "certification": "initial",
        "service_category": "therapy_pt",
        "urgency": "standard",
        "member_id": who.card_id,
        "member_dob": who.dob.isoformat(),
        "member_last_name": who.last_name,
        "member_first_name": who.first_name,
        "requesting_provider_last_name": DOCTOR.last_name,
        "requesting_provider_npi": DOCTOR.npi,
        "servicing_provider_name": SELLER.last_name,
        "servicing_provider_npi": SELLER.npi,
        "diagnosis_codes": "M54.50",
        "service_code": "97110",
        "units": "12",
        "unit_type": "visits",
        "from_date": DAY.isoformat(),
        "to_date": (DAY + timedelta(days=29)).isoformat(),
        "answers": "th_evaluation=yes;th_plan_signed=yes;th_progress=yes",
        "contact_name": "Front Desk",
        "contact_phone": "860-555-0100",
        "contact_fax": "860-555-0101",
    }


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "therapy.jsonl"
    rows = [therapy("PT-1", COVERED), therapy("PT-2", LOST)]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return path


@pytest.fixture
def central(ready: Any, world: Any, home_path: Path) -> Any:
    """`priorbot` with both tools of Provider Central set up."""
    for slug, name in (("authorization_manager", "am-desk1"), ("connect_center", "cn-desk1")):
        with (home_path / "priorbot.toml").open("a", encoding="utf-8") as config:
            config.write(f'[portals.{slug}]\nbase_url = "{world.url(slug)}"\naccount = "{name}"\n')
        password = world.account(slug, name)[1]
        assert ready("vault", "set", f"portals.{slug}.{name}.password", given=password + "\n").code == 0
    return ready


def test_B4_coverage_is_asked_first_kept_with_the_request_and_stops_who_has_none(
    central: Any, world: Any, home_path: Path, file: Path
) -> None:
    ran = central("submit", file, "--json")
    found = {one["request_id"]: one for one in ran.objects}
    assert {name: one["status"] for name, one in found.items()} == {"PT-1": "submitted", "PT-2": "not_eligible"}
    assert ran.code == 3, "somebody has to look at who is not covered"
    used = claims_elsewhere(COVERED, "Physical Therapy")
    said = found["PT-1"]["coverage"]
    assert (said["is_active"], said["service_date"], said["limits"][0]["used"]) == (True, DAY.isoformat(), str(used))
    assert found["PT-2"]["coverage"]["is_active"] is False
    assert all((home_path / "receipts" / name).is_file() for one in found.values() for name in one["coverage"]["evidence"])
    assert [row["member_id"] for row in world.truth("requests")] == [COVERED.id]
    history = central("ledger", "history", "PT-1").out
    assert f"{60 - used} of 60 Visits left" in " ".join(history.split())
    offline = {one["request_id"]: one for one in central("status", "--offline", "--json").objects}
    assert offline["PT-1"]["coverage"] == said


def test_an_outage_of_the_teller_holds_nothing_up_and_is_told(central: Any, world: Any, file: Path) -> None:
    world.fault("connect_center", "maintenance")
    ran = central("submit", file, "--json", "--portal", "authorization_manager")
    found = {one["request_id"]: one for one in ran.objects}
    assert found["PT-1"]["status"] == "submitted"
    assert "connect_center did not tell the coverage (portal down)" in found["PT-1"]["coverage_missing"]
    assert "connect_center did not tell the coverage" in ran.talk
    assert found["PT-2"]["status"] == "not_eligible", "Authorization Manager itself says so"


def test_eligibility_asks_by_hand_for_a_file_or_a_request_and_sends_nothing(central: Any, world: Any, file: Path) -> None:
    asked = central("eligibility", file, "--json")
    assert asked.code == 3
    assert {one["request_id"]: one["coverage"]["is_active"] for one in asked.objects} == {"PT-1": True, "PT-2": False}
    central("submit", file, "--portal", "clear_coverage")  # takes both in, and has nothing to submit there
    assert [one.get("coverage") for one in central("status", "--offline", "--json").objects] == [None, None]
    shown = central("eligibility", "PT-1")
    assert shown.code == 0
    assert "Coverage and limits" in shown.out
    assert "Physical Therapy" in shown.out
    kept = {one["request_id"]: one for one in central("status", "--offline", "--json").objects}
    assert (kept["PT-1"]["status"], kept["PT-1"]["coverage"]["is_active"]) == ("new", True)
    assert "coverage" not in kept["PT-2"], "only one was asked about"
    assert world.truth("requests") == []
    assert COVERED.card_id not in shown.out + shown.talk


def test_whom_nobody_tells_of_is_told(ready: Any, tmp_path: Path, file: Path) -> None:
    ran = ready("eligibility", file, "--json")
    assert ran.code == 3
    assert [(one["coverage"], "is set up" in one["not_told"]) for one in ran.objects] == [(None, True)] * 2
    who = members()[40]
    other = {**therapy("CT-1", COVERED), "payer": "husky", "coverage": who.coverage, "member_id": who.id}
    path = tmp_path / "other.jsonl"
    path.write_text(json.dumps({**other, "member_dob": who.dob.isoformat(), "medicare_parts": "none"}), encoding="utf-8")
    assert ready("eligibility", path, "--json").objects[0]["coverage"] is None
    assert ready("eligibility", "PT-9").code == 2
