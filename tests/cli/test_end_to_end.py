"""Commands against the simulated portals, in a real browser: from a file to the ledger, and every kind of ending."""

from __future__ import annotations

import csv
import stat
from pathlib import Path
from typing import Any

import pytest

from jobs.ledger import LEDGER_COLUMNS, LINE_COLUMNS

pytestmark = pytest.mark.browser
TWO = ("HUSKY-001", "HUSKY-003")


def test_a_file_goes_through_to_the_ledger(at_portals: Any, world: Any, pick: Any, home_path: Path) -> None:
    file = pick(*TWO, "HUSKY-033", "HUSKY-037")
    tried = at_portals("submit", file, "--dry-run", "--json", "--portal", "clear_coverage")
    assert {one["request_id"] for one in tried.objects if one["shown"]} == set(TWO)
    assert world.truth("requests") == []

    sent = at_portals("submit", file, "--json")
    assert sent.code == 3  # one waits for a phone call, one for a portal without a bot
    objects = {one["request_id"]: one for one in sent.objects}
    assert list(objects) == [*TWO, "HUSKY-033", "HUSKY-037"]
    for one in objects.values():
        assert set(one) - {"lines"} == set(LEDGER_COLUMNS) - LINE_COLUMNS | {"status", "status_raw", "status_reason"}
        assert set(one["lines"][0]) == LINE_COLUMNS
    truth = {one["our_reference"]: one for one in world.truth("requests")}
    assert set(truth) == set(TWO)
    for request_id in TWO:
        assert objects[request_id]["reference_no"] == truth[request_id]["reference_no"]
        assert (objects[request_id]["status"], objects[request_id]["channel"]) == ("submitted", "portal")

    again = at_portals("submit", file, "--json")
    assert again.objects == sent.objects
    assert len(world.truth("requests")) == 2

    for request_id in TWO:
        world.truth("decide", {"reference_no": truth[request_id]["reference_no"], "status": "Authorized", "authorized": True})
    status = {one["request_id"]: one for one in at_portals("status", "--json").objects}
    assert [status[request_id]["status"] for request_id in TWO] == ["approved", "approved"]
    units = at_portals("units", "--json")
    assert (units.code, [one["request_id"] for one in units.objects]) == (0, list(TWO))

    reconciled = at_portals("reconcile", "--json")
    assert (reconciled.code, reconciled.out) == (0, "")
    with (home_path / "ledger.csv").open(encoding="utf-8", newline="") as ledger:
        rows = list(csv.DictReader(ledger))
    assert [row["request_id"] for row in rows] == sorted(row["request_id"] for row in rows)
    first = next(row for row in rows if row["request_id"] == TWO[0])
    accepted = next(one for one in world.truth("requests") if one["our_reference"] == TWO[0])
    assert first["member_id"] == accepted["member_id"]
    assert first["authorization_no"] == accepted["authorization_no"] != ""
    for name in ("ledger.csv", "ledger.xlsx", "exceptions.csv", "journal.db"):
        assert stat.S_IMODE((home_path / name).stat().st_mode) == 0o600
    assert at_portals("ledger", "verify").code == 0


def test_a_portal_that_is_down_is_exit_4_and_nothing_is_lost(at_portals: Any, world: Any, pick: Any) -> None:
    world.fault("clear_coverage", "maintenance")
    ran = at_portals("submit", pick("HUSKY-001"), "--json")
    assert ran.code == 4
    (one,) = ran.objects
    assert (one["status"], one["reference_no"]) == ("waiting", "")
    assert world.truth("requests") == []
    down = {line["slug"]: line["state"] for line in at_portals("portal", "list", "--json").objects}
    assert down["clear_coverage"] == "down"


def test_a_wrong_password_is_tried_once_and_needs_a_person(at_portals: Any, world: Any, pick: Any) -> None:
    for name in ("cc-desk1", "cc-desk2"):
        at_portals("vault", "set", f"portals.clear_coverage.{name}.password", given="wrong-One$1\n")
    file = pick("HUSKY-001")
    ran = at_portals("submit", file)
    assert ran.code == 3
    assert at_portals("submit", file).code == 3
    tries = [(one["account"], one["ok"]) for one in world.truth("logins") if one["what"] == "login"]
    assert tries
    assert len(tries) == len(set(tries))
    assert not any(ok for _, ok in tries)
    assert "wrong-One$1" not in ran.talk + ran.out

    for name in ("cc-desk1", "cc-desk2"):
        at_portals(
            "vault", "set", f"portals.clear_coverage.{name}.password", given=world.account("clear_coverage", name)[1] + "\n"
        )
    assert at_portals("portal", "enable", "clear_coverage").code == 0
    assert at_portals("submit", file).code == 0
    assert len(world.truth("requests")) == 1


def test_what_is_uncertain_is_exit_5_and_a_person_can_settle_it(at_portals: Any, world: Any, pick: Any) -> None:
    world.fault("clear_coverage", "accept_then_503")
    file = pick("HUSKY-001")
    assert at_portals("submit", file).code == 5
    assert at_portals("submit", file).code == 5
    (accepted,) = world.truth("requests")
    assert at_portals("verify").code == 5  # not before the quiet period is over
    settled = at_portals("verify", "HUSKY-001", "--reference", accepted["reference_no"], "--json")
    assert settled.code == 0
    assert settled.objects[0]["reference_no"] == accepted["reference_no"]
    assert len(world.truth("requests")) == 1
