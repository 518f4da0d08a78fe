"""A member whose doctor is in APN-CT, by the command line: requests reach Optum Pro, straight or by way of CarePartners, once."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.browser
DESKS = {"carepartners": "cp-desk1", "optum_pro": "op-desk1"}


@pytest.fixture
def at_both(ready: Any, home_path: Path, world: Any) -> Any:
    """`priorbot` with an account at CarePartners and one at Optum Pro."""
    file = home_path / "priorbot.toml"
    settings = file.read_text(encoding="utf-8")
    for slug, name in DESKS.items():
        settings += f'\n[portals.{slug}]\nbase_url = "{world.url(slug)}"\naccount = "{name}"\n'
    file.write_text(settings, encoding="utf-8")
    for slug, name in DESKS.items():
        assert ready("vault", "set", f"portals.{slug}.{name}.password", given=world.account(slug, name)[1] + "\n").code == 0
    return ready


@pytest.fixture
def file(world: Any, tmp_path: Path) -> Path:
    """One request each: the doctor's network known, and not known."""
    members = [row for row in world.truth("members") if "cp_apn" in row["tags"]]
    providers = [row for row in world.truth("providers") if row["cmap"]]
    doctor = next(row for row in providers if row["kind"] == "individual")
    seller = next(row for row in providers if row["kind"] == "organization")
    start = date.today() + timedelta(days=5)
    rows = [
        {
            "request_id": f"CP-{network}",
            "payer": "carepartners",
            "coverage": member["coverage"],
            "request_kind": "prior_auth",
            "certification": "initial",
            "service_category": "dme",
            "urgency": "standard",
            "member_id": member["id"],
            "member_dob": member["dob"],
            "member_last_name": member["last_name"],
            "member_first_name": member["first_name"],
            "pcp_network": network,
            "requesting_provider_last_name": doctor["last_name"],
            "requesting_provider_npi": doctor["npi"],
            "servicing_provider_name": seller["last_name"],
            "servicing_provider_npi": seller["npi"],
            "diagnosis_codes": "E11.9",
            "service_code": "E0601",
            "units": "1",
            "unit_type": "items",
            "from_date": start.isoformat(),
            "to_date": (start + timedelta(days=20)).isoformat(),
            "place_of_service": "12",
            "answers": "dme_order_signed=yes;dme_home_use=yes;dme_alternative_tried=yes",
            "contact_name": "Front Desk",
            "contact_phone": "860-555-0100",
            "attested_by": "Ada Testmaple",
        }
        for member, network in zip(members, ("apn_ct", "unknown"), strict=False)
    ]
    path = tmp_path / "requests.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_C5_C6_both_reach_optum_pro_once_and_are_followed_by_its_list(at_both: Any, world: Any, file: Path) -> None:
    sent = at_both("submit", file, "--json")
    assert {one["request_id"]: one["portal"] for one in sent.objects} == dict.fromkeys(("CP-apn_ct", "CP-unknown"), "optum_pro")
    assert sent.code == 0
    taken = {row["our_reference"]: row for row in world.truth("requests")}
    assert {name: row["portal"] for name, row in taken.items()} == dict.fromkeys(("CP-apn_ct", "CP-unknown"), "optum_pro")
    assert len(world.truth("requests")) == 2
    assert world.truth("sessions") == []

    at_both("status")
    opened = cases_opened(world)
    world.advance(1 / 60)
    world.truth("decide", {"reference_no": taken["CP-unknown"]["reference_no"], "status": "Authorized", "approved": [1]})
    status = {one["request_id"]: one["status"] for one in at_both("status", "--json").objects}
    assert status["CP-unknown"] == "approved"
    assert cases_opened(world) == opened + 1, "the list says Pending of both, and which of them changed"


def cases_opened(world: Any) -> int:
    return [row["path"] for row in world.truth("responses")["rows"]].count("/provider/requests/case")
