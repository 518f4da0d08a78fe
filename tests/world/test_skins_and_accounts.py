"""A portal's other looks, and what a help desk can do to an account: switched by the truth, put back by a reset."""

from __future__ import annotations

import re
import urllib.request
from pathlib import Path
from typing import Any

import httpx
import pytest

from fixtures.server import running_world
from fixtures.web import environment, static_files, wording
from fixtures.world import WorldApp, _skin


@pytest.fixture
def portal_folder(tmp_path: Path) -> Path:
    """A portal with two pages and a script, whose second skin has one page, one script and one word of its own."""
    for name, text in {
        "templates/a.html": "first a {{ 'Search' | say }}",
        "templates/b.html": "first b {{ 'Search' | say }} {{ 'Other' | say }}",
        "static/x.js": "first",
        "static/y.css": "first",
        "skin2/templates/a.html": "second a {{ 'Search' | say }}",
        "skin2/static/x.js": "second",
        "skin2/words.json": '{"Search": "Buscar"}',
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def test_a_file_that_the_second_skin_lacks_is_the_first_skins(portal_folder: Path) -> None:
    first, second = environment(portal_folder, "1"), environment(portal_folder, "2")
    assert first.get_template("a.html").render() == "first a Search"
    assert second.get_template("a.html").render() == "second a Buscar"
    assert second.get_template("b.html").render() == "first b Buscar Other"
    files = static_files(portal_folder, "2")
    assert (files["x.js"].content, files["y.css"].content) == (b"second", b"first")
    assert static_files(portal_folder, "1")["x.js"].content == b"first"
    assert wording(portal_folder, "1") == {}


async def test_the_truth_changes_the_skin_and_a_reset_puts_it_back(truth: Any, app: WorldApp) -> None:
    await truth.post("skin", portal="clear_coverage", skin="2")
    assert app.world.skins["clear_coverage"] == "2"
    assert app.portals["clear-coverage"].skin == "2"
    await truth.post("reset")
    assert app.portals["clear-coverage"].skin == "1"


async def test_a_reset_keeps_the_skin_that_the_world_began_with(truth: Any) -> None:
    app = WorldApp(skins={"clear_coverage": "2"})
    app.world.skins["clear_coverage"] = "1"
    app.world.start(1)
    assert app.world.skins["clear_coverage"] == "2"
    assert _skin("husky_secure=2") == ("husky_secure", "2")


def test_a_world_can_begin_in_another_skin() -> None:
    with running_world(skins=["clear_coverage=2"]) as world:
        request = urllib.request.Request(f"http://127.0.0.1:{world.port}/", headers={"Host": "clear-coverage.localhost"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert "Autorización previa" in answer.read().decode()


def test_a_skin_that_is_not_there_starts_no_world() -> None:
    with pytest.raises(RuntimeError), running_world(skins=["clear_coverage=3"]):
        pass


@pytest.mark.parametrize("body", [{"portal": "nowhere", "skin": "2"}, {"portal": "clear_coverage", "skin": "3"}])
async def test_an_unknown_portal_or_skin_is_refused(truth: Any, body: dict[str, str]) -> None:
    with pytest.raises(httpx.HTTPStatusError, match="400"):
        await truth.post("skin", **body)


async def change(truth: Any, **changes: Any) -> None:
    await truth.post("accounts", portal="clear_coverage", username="cc-desk1", **changes)


async def account(truth: Any) -> dict[str, Any]:
    return next(row for row in await truth.get("accounts") if row["username"] == "cc-desk1")


async def test_an_account_is_changed_and_a_reset_puts_it_back(truth: Any) -> None:
    before = await account(truth)
    changes = {
        "locked": True,
        "access": False,
        "terms": True,
        "announcement": True,
        "second_factor": "email",
        "password_days": 90,
    }
    await change(truth, **changes)
    assert (await account(truth)).items() >= changes.items()
    await truth.post("reset")
    assert await account(truth) == before


@pytest.mark.parametrize("body", [{"wrong": 2}, {"locked": "yes"}, {"second_factor": "telepathy"}, {"username": "nobody"}])
async def test_what_an_account_cannot_be_given_is_refused(truth: Any, body: dict[str, Any]) -> None:
    with pytest.raises(httpx.HTTPStatusError, match="400"):
        await truth.post("accounts", **{"portal": "clear_coverage", "username": "cc-desk1", **body})


async def test_news_stand_between_every_sign_in_and_the_worklist(stranger: Any, truth: Any) -> None:
    await change(truth, announcement=True)
    for _ in range(2):
        assert "Announcements" in await stranger.sign_in()
        assert "Announcements" in await stranger.go("memberSearch.do")
        assert "Worklist" in await stranger.go("acknowledge.do", {"what": "news"})
        await stranger.go("logoff.do")


async def test_new_terms_want_their_box_ticked_once(stranger: Any, truth: Any) -> None:
    await change(truth, terms=True)
    assert "Terms of Use" in await stranger.sign_in()
    assert "Terms of Use" in await stranger.go("acknowledge.do", {"what": "terms"})
    assert "Worklist" in await stranger.go("acknowledge.do", {"what": "terms", "agree": "yes"})
    assert not (await account(truth))["terms"]


@pytest.mark.parametrize(("what", "title"), [("announcement", "Important Messages"), ("terms", "Terms and Conditions")])
async def test_the_secure_portal_has_both_pages_too(biller: Any, truth: Any, what: str, title: str) -> None:
    await truth.post("accounts", portal="husky_secure", username="hs-desk1", **{what: True})

    def form(text: str, button: str, **more: str) -> dict[str, str]:
        names = dict(re.findall(r'name="([^"]*?([A-Za-z]+))"', text))
        by_control = {control: name for name, control in names.items()}
        hidden = dict(re.findall(r'<input type="hidden" name="(__\w+)" id="\w+" value="([^"]*)"', text))
        return {**hidden, **{by_control[key]: value for key, value in more.items()}, by_control[button]: button}

    text = await biller.go("/SecurePortal/Login.aspx")
    text = await biller.go(
        "/SecurePortal/Login.aspx", form(text, "LoginButton", userName="hs-desk1", password="Synthetic$Units1")
    )
    assert title in text
    more = {"Agree": "on"} if what == "terms" else {}
    if more:
        assert title in await biller.go("/SecurePortal/Home.aspx", form(text, "ContinueButton"))
    assert "Welcome" in await biller.go("/SecurePortal/Home.aspx", form(text, "ContinueButton", **more))


async def test_the_review_page_can_show_the_dates_one_day_early(desk: Any, truth: Any, ask: Any) -> None:
    await truth.fault("one_day_early")
    assert '<td id="rvFrom">06/11/2019<' in await desk.enter(ask())
    assert '<td id="rvFrom">06/12/2019<' in await desk.go(f"review.do?d={desk.draft}")
