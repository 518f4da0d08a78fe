"""A member whose doctor is in APN-CT, by the command line: requests reach Optum Pro, straight or by way of CarePartners, once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.browser


@pytest.fixture
def at_both(with_desks: Any) -> Any:
    """`priorbot` with an account at CarePartners and one at Optum Pro."""
    return with_desks(carepartners="cp-desk1", optum_pro="op-desk1")


@pytest.fixture
def file(world: Any, equipment: Any, write_rows: Any) -> Path:
    """One request each: the doctor's network known, and not known."""
    members = [row for row in world.truth("members") if "cp_apn" in row["tags"]]
    networks = zip(members, ("apn_ct", "unknown"), strict=False)
    return write_rows(*(equipment(f"CP-{network}", member, pcp_network=network) for member, network in networks))


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
