"""What a portal can do to a request, through the whole product: nothing twice, nothing lost, and the ledger says which."""

from __future__ import annotations

import csv
from typing import Any

import pytest

pytestmark = pytest.mark.browser
ONE = "HUSKY-001"
SLUG = "clear_coverage"


def ledger_row(practice: Any) -> dict[str, str]:
    with (practice.home / "ledger.csv").open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    return dict(row)


@pytest.fixture
def one(practice: Any) -> Any:
    """A practice with one account and a file of one request. Its selector file does not wait long for a commit's answer."""
    practice.move_in("cc-desk1")
    practice.own_selectors(commit=4)
    practice.write_file(ONE)
    return practice


@pytest.mark.parametrize(
    ("fault", "arrived"),
    [("accept_then_hang", 1), ("accept_then_reset", 1), ("drop_confirmation", 1), ("http_503", 0)],
)
def test_an_answer_that_is_not_known_is_uncertain_and_settles_by_itself(one: Any, fault: str, arrived: int) -> None:
    one.world.fault(SLUG, fault, where="submit")
    unclear = one.submit()
    assert unclear.code == 5
    assert unclear.objects[ONE]["status"] == ledger_row(one)["status"] == "uncertain"
    assert unclear.objects[ONE]["reference_no"] == ""
    assert len(one.accepted()) == arrived
    assert one.submit().code == 5  # not sent again
    assert len(one.accepted()) == arrived

    settled = one.settle(unclear)
    one.check_settled(settled, ONE)
    row = ledger_row(one)
    assert (row["status"], row["reference_no"]) == ("submitted", one.accepted()[ONE])
    assert row["next_action"] == ""


def test_a_session_lost_on_the_review_page_is_drafted_anew(one: Any) -> None:
    one.world.fault(SLUG, "session_lost", where="review")
    one.check_settled(one.submit(), ONE)
    assert one.logins() == ["ok", "ok"]
    assert one.world.truth("sessions") == []


@pytest.mark.parametrize(("fault", "where"), [("http_503", "login"), ("http_503", "any"), ("outage_banner", "any")])
def test_a_portal_that_is_down_keeps_the_request_waiting(one: Any, fault: str, where: str) -> None:
    one.world.fault(SLUG, fault, where=where, times=-1)
    down = one.submit()
    assert down.code == 4
    assert one.accepted() == {}
    row = ledger_row(one)
    assert row["status"] == "waiting"
    assert "Nothing was sent" in row["status_reason"] or "nothing was sent" in row["status_reason"]
    assert one("status").code == 4

    one.world.clear_faults()
    one.pass_time(31)  # the longest time between two probes
    one.check_settled(one.submit(), ONE)


def test_a_wrong_password_is_tried_once_ever(practice: Any) -> None:
    practice.move_in("cc-desk1", password="Wr0ng-Password!")
    practice.write_file(ONE)
    refused = practice.submit()
    assert refused.code == 3
    for command in (("status",), ("verify",), ("submit", str(practice.file))):
        practice.pass_time(31)
        assert practice(*command).code in (0, 3)
    assert practice.logins() == ["wrong"]
    row = ledger_row(practice)
    assert row["status"] == "waiting"
    assert "vault set" in row["next_action"]
    assert practice("status").code == 3

    secret = f"portals.{SLUG}.cc-desk1.password"
    assert practice("vault", "set", secret, given=practice.world.account(SLUG, "cc-desk1")[1] + "\n").code == 0
    assert practice("portal", "enable", SLUG).code == 0
    practice.check_settled(practice.submit(), ONE)
    assert practice.logins() == ["wrong", "ok"]
