"""Clear Coverage's front: public page, logon and all the pages that can come instead of the worklist."""

from __future__ import annotations

import re
from typing import Any

WRONG = "The user name or password you entered is not correct."


async def test_the_public_page_links_to_the_application(stranger: Any) -> None:
    text = await stranger.go("/")
    assert 'href="/ClearCoverage/logon.do"' in text
    assert "intermittent connectivity" not in text


async def test_a_right_password_opens_the_worklist_and_is_noted(stranger: Any, truth: Any) -> None:
    text = await stranger.sign_in()
    assert "Worklist" in text
    assert stranger.path == "/ClearCoverage/home.do"
    (login,) = await truth.get("logins")
    assert (login["account"], login["ok"]) == ("cc-desk1", True)


async def test_three_wrong_passwords_lock_the_account_even_for_the_right_one(stranger: Any, truth: Any) -> None:
    for _ in range(2):
        assert WRONG in await stranger.sign_in(password="no")
    assert "Account Locked" in await stranger.sign_in(password="no")
    assert "Account Locked" in await stranger.sign_in()
    assert [login["reason"] for login in await truth.get("logins")] == ["wrong", "wrong", "locked", "locked"]


async def test_a_right_password_forgives_two_wrong_ones(stranger: Any) -> None:
    for _ in range(2):
        await stranger.sign_in(password="no")
    assert "Worklist" in await stranger.sign_in()
    await stranger.go("logoff.do")
    assert WRONG in await stranger.sign_in(password="no")


async def test_an_unknown_user_reads_the_same_words(stranger: Any) -> None:
    assert WRONG in await stranger.sign_in(user="nobody", password="x")


async def test_a_password_of_more_than_ninety_days_must_be_changed_first(stranger: Any) -> None:
    text = await stranger.sign_in(user="cc-old", password="Synthetic$Desk90")
    assert "Your password has expired" in text
    assert "Session Expired" in await stranger.go("home.do")
    ticket = re.search(r'name="ticket" value="(\w+)"', text).group(1)  # type: ignore[union-attr]
    new = {"new_password": "Renewed$Desk90", "confirm_password": "Renewed$Desk90"}
    assert "Your password has been changed" in await stranger.go("changePassword.do", {"ticket": ticket, **new})
    assert "Worklist" in await stranger.sign_in(user="cc-old", password="Renewed$Desk90")


async def test_signing_in_twice_asks_whether_to_end_the_other_session(desk: Any, app: Any, truth: Any) -> None:
    other = type(desk)(app)
    text = await other.sign_in()
    assert "already signed in elsewhere" in text
    assert len(await truth.get("sessions")) == 1
    assert "Worklist" in await desk.go("home.do")  # not ended yet

    ticket = re.search(r'name="ticket" value="(\w+)"', text).group(1)  # type: ignore[union-attr]
    assert "Worklist" in await other.go("takeOver.do", {"ticket": ticket, "go": "Continue"})
    assert "used to sign in elsewhere" in await desk.go("home.do")
    assert len(await truth.get("sessions")) == 1
    await other.http.aclose()


async def test_cancelling_leaves_the_other_session_alone(desk: Any, app: Any) -> None:
    other = type(desk)(app)
    ticket = re.search(r'name="ticket" value="(\w+)"', await other.sign_in()).group(1)  # type: ignore[union-attr]
    assert "Log On" in await other.go("takeOver.do", {"ticket": ticket, "go": "Cancel"})
    assert "Worklist" in await desk.go("home.do")
    await other.http.aclose()


async def test_log_off_ends_the_session_and_is_noted(desk: Any, truth: Any) -> None:
    assert "You have logged off." in await desk.go("logoff.do")
    assert "Session Expired" in await desk.go("home.do")
    assert await truth.get("sessions") == []
    assert [entry["what"] for entry in await truth.get("logins")] == ["login", "logout"]


async def test_twenty_idle_minutes_end_the_session(desk: Any, truth: Any) -> None:
    await truth.post("clock", advance_hours=0.3)
    assert "Worklist" in await desk.go("home.do")
    await truth.post("clock", advance_hours=0.35)
    assert "not used for 20 minutes" in await desk.go("home.do")


async def test_widgets_learn_of_a_lost_session_as_data(stranger: Any) -> None:
    answer = await stranger.http.get(
        "/ClearCoverage/ajax/provider.do?last=Testmaple", headers={"X-Requested-With": "XMLHttpRequest"}
    )
    assert answer.json() == {"status": "SESSION_EXPIRED"}


async def test_static_files_may_be_kept_for_long(stranger: Any) -> None:
    answer = await stranger.http.get("/ClearCoverage/static/cc-widgets.js")
    assert "max-age=31536000" in answer.headers["cache-control"]
    again = await stranger.http.get("/ClearCoverage/static/cc-widgets.js", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304
