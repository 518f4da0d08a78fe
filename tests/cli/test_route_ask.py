"""`priorbot route --ask`: which answers are the payers' rules, and which are a portal's own word."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fixtures.clock import today
from fixtures.people import members, providers
from fixtures.plans import carepartners_members

pytestmark = pytest.mark.browser

DAY = today() + timedelta(days=3)
SHARED = {
    "request_kind": "prior_auth",
    "certification": "initial",
    "urgency": "standard",
    "requesting_provider_last_name": providers()[0].last_name,
    "requesting_provider_npi": providers()[0].npi,
    "diagnosis_codes": "E11.9",
    "units": "30",
    "unit_type": "units",
    "from_date": DAY.isoformat(),
    "to_date": (DAY + timedelta(days=29)).isoformat(),
    "contact_name": "Front Desk",
    "contact_phone": "860-555-0100",
    "contact_fax": "860-555-0101",
    "attested_by": "Demo Attester",
}


def drug(number: int, name: str) -> dict[str, str]:
    who = carepartners_members()[40 + number]
    return {
        **SHARED,
        "request_id": f"RX-{number}",
        "payer": "carepartners",
        "coverage": "carepartners_hmo",
        "service_category": "drug_part_d",
        "member_id": who.id,
        "member_dob": who.dob.isoformat(),
        "member_last_name": who.last_name,
        "member_first_name": who.first_name,
        "pcp_network": "other",
        "drug_name": name,
        "drug_strength": {"Sampletab": "5 mg", "Demostatin": "20 mg"}[name],
        "drug_quantity": "30",
        "drug_days_supply": "30",
    }


def equipment() -> dict[str, str]:
    who = members()[40]
    return {
        **SHARED,
        "request_id": "DME-1",
        "payer": "husky",
        "coverage": who.coverage,
        "service_category": "dme",
        "service_code": "E0601",
        "unit_type": "items",
        "units": "1",
        "member_id": who.id,
        "member_dob": who.dob.isoformat(),
        "medicare_parts": "none",
    }


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "ask.jsonl"
    rows = [drug(1, "Sampletab"), drug(2, "Demostatin"), equipment()]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return path


def test_each_answer_says_whose_it_is_and_nothing_is_submitted(ready: Any, world: Any, home_path: Path, file: Path) -> None:
    with (home_path / "priorbot.toml").open("a", encoding="utf-8") as config:
        config.write(f'[portals.promptpa]\nbase_url = "{world.url("promptpa")}"\n')
    ran = ready("route", file, "--ask", "--json")
    assert ran.code == 0, ran.talk
    found = {one["request_id"]: one for one in ran.objects}
    assert {name: (one["answered_by"], one["required"], one["decision"]) for name, one in found.items()} == {
        "RX-1": ("portal", True, "portal"),
        "RX-2": ("portal", False, "needs_person"),
        "DME-1": ("rules", None, "portal"),
    }
    assert found["RX-2"]["rule_ids"][0] == "C3"
    assert (home_path / "receipts" / found["RX-2"]["evidence"]).is_file()
    assert world.truth("requests") == []
    assert "Demostatin" not in ran.talk


def test_a_portal_that_is_not_set_up_is_told_and_the_rules_answer_stands(ready: Any, file: Path) -> None:
    ran = ready("route", file, "--ask", "--json", "--payer", "carepartners")
    assert ran.code == 0
    assert {one["answered_by"] for one in ran.objects} == {"rules"}
    assert "promptpa is not set up" in ran.talk


def test_a_table_names_who_answered(ready: Any, file: Path) -> None:
    ran = ready("route", file, "--ask")
    assert "answer of" in ran.out
