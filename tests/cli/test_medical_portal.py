"""``[payers.husky] medical_portal = "husky_medical"``: requests really go there, and status, units and verify follow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.browser
TWO = ("HUSKY-001", "HUSKY-003")


@pytest.fixture
def at_new_portal(ready: Any, home_path: Path, world: Any) -> Any:
    """`priorbot` with the portal that replaced Clear Coverage, and the one that shows the units."""
    file = home_path / "priorbot.toml"
    settings = file.read_text(encoding="utf-8").replace('medical_portal = "clear_coverage"', 'medical_portal = "husky_medical"')
    for slug, name in (("husky_medical", "hm-desk1"), ("husky_secure", "hs-desk1")):
        settings += f'\n[portals.{slug}]\nbase_url = "{world.url(slug)}"\naccount = "{name}"\n'
    file.write_text(settings, encoding="utf-8")
    for slug, name in (("husky_medical", "hm-desk1"), ("husky_secure", "hs-desk1")):
        assert ready("vault", "set", f"portals.{slug}.{name}.password", given=world.account(slug, name)[1] + "\n").code == 0
    return ready


def test_requests_go_to_the_chosen_portal_and_are_followed_to_their_units(at_new_portal: Any, world: Any, pick: Any) -> None:
    file = pick(*TWO)
    routed = {one["portal"]: one["rule_ids"] for one in at_new_portal("route", file, "--json").objects}
    assert set(routed) == {"husky_medical"}
    assert "H5" in routed["husky_medical"]

    sent = at_new_portal("submit", file, "--json")
    assert (sent.code, [one["portal"] for one in sent.objects]) == (0, ["husky_medical"] * 2)
    taken = {row["our_reference"]: row for row in world.truth("requests")}
    assert {row["portal"] for row in taken.values()} == {"husky_medical"}
    assert set(taken) == set(TWO)
    assert at_new_portal("submit", file, "--json").objects == sent.objects
    assert len(world.truth("requests")) == 2

    for request_id in TWO:
        world.truth("decide", {"reference_no": taken[request_id]["reference_no"], "status": "Authorized", "approved": [1]})
    status = {one["request_id"]: one for one in at_new_portal("status", "--json").objects}
    granted = {row["our_reference"]: row["authorization_no"] for row in world.truth("requests")}
    assert {one["request_id"]: one["status"] for one in status.values()} == dict.fromkeys(TWO, "approved")
    assert {name: status[name]["authorization_no"] for name in TWO} == granted
    units = at_new_portal("units", "--json")
    assert (units.code, [one["request_id"] for one in units.objects]) == (0, list(TWO))
    assert all(line["units_used"] != "" for one in units.objects for line in one["lines"])


def test_what_is_uncertain_there_is_settled_and_never_sent_again(at_new_portal: Any, world: Any, pick: Any) -> None:
    world.fault("husky_medical", "accept_then_503")
    file = pick("HUSKY-001")
    assert at_new_portal("submit", file).code == 5
    assert at_new_portal("submit", file).code == 5
    (taken,) = world.truth("requests")
    settled = at_new_portal("verify", "HUSKY-001", "--reference", taken["reference_no"], "--json")
    assert (settled.code, settled.objects[0]["reference_no"]) == (0, taken["reference_no"])
    assert len(world.truth("requests")) == 1
