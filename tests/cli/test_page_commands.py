"""portal check, portal capture and the daily check, against the simulated portals in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.browser
SLUG = "clear_coverage"


@pytest.fixture
def member(world: Any, home_path: Path, at_portals: Any) -> dict[str, Any]:
    """A member whose page the practice may open for the check, as its settings say."""
    row: dict[str, Any] = next(row for row in world.truth("members") if "plain" in row["tags"])
    file = home_path / "priorbot.toml"
    example = f'\n[portals.{SLUG}.check]\nmember_id = "{row["id"]}"\nmember_dob = "{row["dob"]}"\n'
    file.write_text(file.read_text("utf-8") + example, encoding="utf-8")
    return row


@pytest.fixture
def changed(world: Any) -> Iterator[Any]:
    """The portal wears its other looks, which the shipped selector file does not know."""
    world.skin(SLUG, "2")
    yield world
    world.skin(SLUG, "1")


def state(at_portals: Any) -> str:
    return str(next(line["state"] for line in at_portals("portal", "list", "--json").objects if line["slug"] == SLUG))


def test_a_check_tells_every_part_and_what_it_could_not_reach(at_portals: Any, member: Any, world: Any) -> None:
    ran = at_portals("portal", "check", SLUG, "--account", "cc-desk1", "--json")
    states = {(one["page"], one["key"]): one["state"] for one in ran.objects}
    assert ran.code == 0
    assert "provider_last_name" in ran.talk
    assert states["member_search", "member_id"] == states["service", "from_date"] == states["logon", "password"] == "found"
    assert states["review_answers", "submit"] == "not_reached"
    assert not {"missing", "ambiguous"} & set(states.values())
    assert (world.truth("requests"), world.truth("sessions")) == ([], [])


def test_a_portal_that_changed_takes_no_request_until_it_matches_again(at_portals: Any, changed: Any, pick: Any) -> None:
    """The daily check comes before the work; a check that passes lets the portal work again."""
    sent = at_portals("submit", pick("HUSKY-001"), "--json")
    assert sent.code == 3
    assert [(one["status"], one["reference_no"]) for one in sent.objects] == [("waiting", "")]
    assert changed.truth("requests") == []
    assert state(at_portals) == "disabled"
    assert at_portals("portal", "check", SLUG, "--account", "cc-desk1").code == 3

    changed.skin(SLUG, "1")
    assert at_portals("portal", "check", SLUG, "--account", "cc-desk1").code == 0
    assert state(at_portals) == "on"
    assert at_portals("submit", pick("HUSKY-001"), "--json").code == 0
    assert len(changed.truth("requests")) == 1


def test_a_captured_page_holds_nobodys_data(at_portals: Any, member: Any, tmp_path: Path) -> None:
    file = tmp_path / "found.html"
    assert at_portals("portal", "capture", SLUG, "member_found", "--account", "cc-desk1", "--to", file).code == 0
    html = file.read_text("utf-8").lower()
    words = set(re.findall(r"[\w/]+", html))
    born = date.fromisoformat(member["dob"])
    for text in (member["id"], member["last_name"], member["first_name"], f"{born:%m/%d/%Y}"):
        assert text.lower() not in words
    for text in ("Search Results", "Date of Birth", "Eligibility", "ccMemberGrid", 'value="Create"'):
        assert text.lower() in html


def test_a_page_that_the_check_does_not_reach_is_told(at_portals: Any, member: Any, tmp_path: Path) -> None:
    ran = at_portals("portal", "capture", SLUG, "confirmation", "--account", "cc-desk1", "--to", tmp_path / "x.html")
    assert ran.code == 3
    assert "did not get to the page confirmation" in ran.talk
    assert not (tmp_path / "x.html").exists()
    assert at_portals("portal", "capture", SLUG, "no_such_page").code == 2
