"""Bad input that only a portal can tell, by the command line: one sentence says who must do what, and nothing is sent twice or to
the wrong place. What a file alone shows to be wrong stands in `tests/intake`."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.browser

DRUG = {
    "service_category": "drug_part_d",
    "service_code": "",
    "units": "30",
    "unit_type": "units",
    "servicing_provider_name": "",
    "servicing_provider_npi": "",
    "place_of_service": "",
    "drug_strength": "5 mg",
    "drug_quantity": "30",
    "drug_days_supply": "30",
    "answers": "rx_indication=yes;rx_alternative=yes;rx_alternative_result=inadequate",
}


def tagged(world: Any, tag: str) -> Any:
    return next(row for row in world.truth("members") if tag in row["tags"])


def sent(world: Any) -> list[tuple[str, str]]:
    """(portal, member) of all that the portals ever accepted."""
    return [(row["portal"], row["member_id"]) for row in world.truth("requests")]


def test_each_is_told_in_one_sentence_and_only_the_right_one_is_sent(
    with_desks: Any, world: Any, equipment: Any, write_rows: Any
) -> None:
    """Handed on to a portal without an account; an id with the card's prefix; a prefix and a drug that nobody knows."""
    plain, abroad = tagged(world, "bc_plain"), tagged(world, "bluecard_plain")
    drug = {**equipment("RX-1", tagged(world, "cp_plain")), **DRUG, "drug_name": "Nosuchtab"}
    file = write_rows(
        equipment("CP-AWAY", tagged(world, "cp_apn"), pcp_network="unknown"),
        equipment("BC-CARD", plain, payer="bcbsma", member_id=plain["card_id"]),
        equipment("BL-ZZZ", abroad, payer="bcbsma", member_id="ZZZ" + abroad["id"][3:]),
        drug,
    )
    priorbot = with_desks(carepartners="cp-desk1", authorization_manager="am-desk1", bluecard="", promptpa="")
    ran = priorbot("submit", file, "--json")
    assert ran.code == 3
    told = {one["request_id"]: one for one in ran.objects}
    assert {name: (one["portal"], one["status"]) for name, one in told.items()} == {
        "CP-AWAY": ("optum_pro", "waiting"),
        "BC-CARD": ("authorization_manager", told["BC-CARD"]["status"]),
        "BL-ZZZ": ("bluecard", "rejected"),
        "RX-1": ("promptpa", "rejected"),
    }
    assert told["BC-CARD"]["reference_no"]
    for name, (what, who_does_what) in {
        "CP-AWAY": (
            "carepartners hands this request over to optum_pro, and no account for optum_pro is set up. Nothing was sent.",
            "Whoever looks after priorbot.toml registers the practice on optum_pro",
        ),
        "BL-ZZZ": (
            "bluecard knows no plan for the first three characters of the member's id. Nothing was sent.",
            "Compare member_id with the card and submit again, or phone the number on the card.",
        ),
        "RX-1": (
            "promptpa does not offer what the request asks in the field drug. Nothing was sent.",
            "Correct it and submit again.",
        ),
    }.items():
        said = f"{told[name]['status_reason']} {told[name]['next_action']}"
        assert what in said
        assert who_does_what in said
        assert told[name]["reference_no"] == ""
    for secret in (plain["id"], abroad["id"][3:], drug["member_id"]):
        assert secret not in " ".join(one["status_reason"] + one["next_action"] for one in told.values())
    assert sent(world) == [("authorization_manager", plain["id"])], "as the tool knows the id: without the card's prefix"

    priorbot("submit", file)
    assert sent(world) == [("authorization_manager", plain["id"])]


def test_Q21_a_button_that_is_missing_stops_the_portal_until_access_was_granted(
    with_desks: Any, world: Any, equipment: Any, write_rows: Any
) -> None:
    member = tagged(world, "bc_plain")
    file = write_rows(equipment("BC-1", member, payer="bcbsma", member_id=member["card_id"]))
    priorbot = with_desks(authorization_manager="am-noaccess")
    (one,) = priorbot("submit", file, "--json").objects
    assert (one["status"], sent(world)) == ("waiting", [])
    said = f"{one['status_reason']} {one['next_action']}"
    assert "has not given account am-noaccess access to Authorization Manager" in said
    assert "then run: priorbot portal enable authorization_manager" in said
    tries = len(world.truth("logins"))
    assert priorbot("submit", file).code == 3
    assert len(world.truth("logins")) == tries, "a portal that waits for a person is left alone"

    world.change_account("authorization_manager", "am-noaccess", access=True)
    assert priorbot("portal", "enable", "authorization_manager").code == 0
    assert priorbot("submit", file).code == 0
    assert sent(world) == [("authorization_manager", member["id"])]


def test_Q27_the_number_of_a_draft_is_taken_for_no_reference_number(
    with_desks: Any, world: Any, equipment: Any, write_rows: Any
) -> None:
    """A person looks up what is uncertain, and types the number that stands on the draft."""
    file = write_rows(equipment("CP-1", tagged(world, "cp_plain")))
    priorbot = with_desks(carepartners="cp-desk1")
    world.fault("carepartners", "accept_then_503", where="submit")
    assert priorbot("submit", file).code == 5
    (accepted,) = world.truth("requests")
    refused = priorbot("verify", "CP-1", "--reference", accepted["draft_no"])
    assert refused.code == 2
    assert f"{accepted['draft_no']} is no reference number of carepartners" in refused.talk
    assert "Look for the request among those that carepartners has received" in refused.talk
    assert priorbot("submit", file).code == 5, "and it is still uncertain, so that nothing is sent again"

    (one,) = priorbot("verify", "CP-1", "--reference", accepted["reference_no"], "--json").objects
    assert one["reference_no"] == accepted["reference_no"]
    assert len(world.truth("requests")) == 1
