"""What a portal can do to a request, through the whole product: nothing twice, nothing lost, and the ledger says which."""

from __future__ import annotations

import csv
from typing import Any

import pytest

pytestmark = pytest.mark.browser
ONE = "HUSKY-001"
THREE = ("HUSKY-001", "HUSKY-003", "HUSKY-004")
SLUG = "clear_coverage"


def ledger(practice: Any) -> dict[str, dict[str, str]]:
    """The ledger's first row of each request."""
    with (practice.home / "ledger.csv").open(encoding="utf-8", newline="") as file:
        return {row["request_id"]: row for row in csv.DictReader(file)}


@pytest.fixture
def one(practice: Any) -> Any:
    """A practice with one account and a file of one request. Its own selector file does not wait long for a commit's answer."""
    practice.move_in("cc-desk1")
    practice.own_selectors(commit=4)
    practice.write_file(ONE)
    return practice


def test_answers_that_are_not_known_are_uncertain_and_settle_by_themselves(one: Any) -> None:
    """Each of three commits meets another fault. The third one's request was not taken, and is sent anew once that is proven."""
    one.write_file(*THREE)
    for fault in ("accept_then_hang", "accept_then_reset", "http_503"):
        one.world.fault(SLUG, fault, where="submit")
    unclear = one.submit()
    assert unclear.code == 5
    for row in ledger(one).values():
        assert (row["status"], row["reference_no"]) == ("uncertain", "")
        assert "It will not be sent again until that is known" in row["status_reason"]
    assert len(one.accepted()) == 2

    again = one.submit()  # sends nothing
    assert again.code == 5
    assert len(one.accepted()) == 2
    one.check_settled(one.settle(again), *THREE)
    assert {row["reference_no"] for row in ledger(one).values()} == set(one.accepted().values())
    assert {row["next_action"] for row in ledger(one).values()} == {""}


def test_a_confirmation_that_never_shows_is_found_on_the_portal(one: Any) -> None:
    one.world.fault(SLUG, "drop_confirmation")
    unclear = one.submit()
    assert unclear.code == 5
    assert unclear.objects[ONE]["status"] == "uncertain"
    assert set(one.accepted()) == {ONE}
    one.check_settled(one.settle(unclear), ONE)


def test_a_session_lost_on_the_review_page_is_drafted_anew(one: Any) -> None:
    one.world.fault(SLUG, "session_lost", where="review")
    one.check_settled(one.submit(), ONE)
    assert one.logins() == ["ok", "ok"]
    assert one.world.truth("sessions") == []


@pytest.mark.parametrize(("fault", "where"), [("http_503", "login"), ("outage_banner", "public")])
def test_a_portal_that_is_down_keeps_the_request_waiting(one: Any, fault: str, where: str) -> None:
    one.world.fault(SLUG, fault, where=where, times=-1)
    down = one.submit()
    assert down.code == 4
    assert one.accepted() == {}
    row = ledger(one)[ONE]
    assert row["status"] == "waiting"
    assert "nothing was sent" in row["status_reason"]
    assert one("status").code == 4

    one.world.clear_faults()
    one.pass_time(31)  # the longest time between two probes
    one.check_settled(one.submit(), ONE)


def test_a_wrong_password_is_tried_once_ever(practice: Any) -> None:
    practice.move_in("cc-desk1", password="Wr0ng-Password!")
    practice.write_file(ONE)
    assert practice.submit().code == 3
    row = ledger(practice)[ONE]
    assert row["status"] == "waiting"
    assert "vault set" in row["next_action"]
    practice.pass_time(60 * 24)
    assert practice("status").code == 3
    assert practice.submit().code == 3
    assert practice.logins() == ["wrong"]

    secret = f"portals.{SLUG}.cc-desk1.password"
    assert practice("vault", "set", secret, given=practice.world.account(SLUG, "cc-desk1")[1] + "\n").code == 0
    assert practice("portal", "enable", SLUG).code == 0
    practice.check_settled(practice.submit(), ONE)
    assert practice.logins() == ["wrong", "ok"]
