"""A second window is worked in like the first, with the same map; one that does not come or goes away has a name of its own."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import structlog.testing
from site_bench import Bench, find

from bots.browser import Page
from bots.errors import KnownRejection, PortalDown, Redirected, SessionLost, WindowBlocked, WindowClosed
from bots.page import PageView

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

OPENS = "<button id=open onclick=\"window.open('/other', 'criteria', 'width=600,height=400')\">Open</button><p id=told></p>"
OTHER = """<h1>Criteria</h1><label>Note <input></label>
<button id=done onclick="opener.document.getElementById('told').textContent = 'Done'; window.close()">Done</button>
<button id=fail onclick="note.textContent = 'Not complete.'">Fail</button><p id=note></p>"""
REFUSED = {"see": [{"pattern": "Not complete"}], "error": "known_rejection", "reason": "it is not complete"}


async def opener(bench: Bench, html: str = OPENS, other: Any = OTHER, **timeouts: float) -> PageView:
    bench.site.pages["/other"] = other
    criteria = {
        "is_here": [{"role": "heading", "name": "Criteria"}],
        "fields": {"note": find({"label": "Note"}, {"css": "#note_2"})},
        "actions": {
            "done": find({"css": "#done"}, closes=True),
            "fail": find({"css": "#fail"}, closes=True, leads_to=["refused"]),
        },
        "outcomes": {"refused": REFUSED},
    }
    return await bench.show(
        html,
        more={"criteria": criteria},
        timeouts=timeouts,
        actions={"open": find({"css": "#open"}, leads_to=["blocked", "criteria"])},
        outcomes={
            "blocked": {"see": [{"text": "Please allow pop-ups."}], "error": "window_blocked"},
            "done": {"see": [{"text": "Done"}]},
        },
    )


async def test_a_window_is_worked_in_and_closes_itself(bench: Bench) -> None:
    view = await opener(bench)
    async with view.window("open") as other:
        assert (other.here, view.here) == ("criteria", "start")
        await other.fill(note="Synthetic")
        await other.press("done")
    assert await view.sees("done")


async def test_what_is_told_in_the_window_instead_of_its_end_is_raised(bench: Bench) -> None:
    view = await opener(bench)
    with pytest.raises(KnownRejection, match="it is not complete"):
        async with view.window("open") as other:
            await other.press("fail")
    assert len(view.browser_page.context.pages) == 1, "the window is closed on every way out"


async def test_a_window_that_does_not_open_is_told(bench: Bench) -> None:
    view = await opener(bench, "<button id=open>Open</button>", page=0.5)
    with pytest.raises(WindowBlocked) as caught:
        async with view.window("open"):
            pytest.fail("there is no window")
    assert (caught.value.details["page"], caught.value.details["key"]) == ("start", "open")


async def test_a_page_that_says_that_its_window_was_blocked_is_believed_at_once(bench: Bench) -> None:
    view = await opener(
        bench, "<button id=open onclick=\"told.textContent = 'Please allow pop-ups.'\">Open</button><p id=told></p>"
    )
    with pytest.raises(WindowBlocked):
        async with view.window("open"):
            pytest.fail("there is no window")


async def test_a_window_that_goes_away_by_itself_is_told(bench: Bench) -> None:
    view = await opener(bench, other=OTHER + "<script>setTimeout(() => window.close(), 50)</script>")
    with pytest.raises(WindowClosed):
        async with view.window("open") as other:
            await asyncio.wait_for(closed(other), 20)
            await other.fill(note="Synthetic")


async def closed(view: PageView) -> None:
    if not view.browser_page.is_closed():
        await view.browser_page.wait_for_event("close")


@pytest.mark.parametrize(("page", "error"), [("<form id=login>x</form>", SessionLost), ((503, "<h1>Criteria</h1>"), PortalDown)])
async def test_a_session_or_a_server_lost_in_the_window_is_told_as_anywhere(
    bench: Bench, page: Any, error: type[Exception]
) -> None:
    view = await opener(bench, other=page)
    with pytest.raises(error):
        async with view.window("open"):
            pytest.fail("its page is not there")
    assert len(view.browser_page.context.pages) == 1


async def test_drift_in_the_window_is_drift_of_the_portal(bench: Bench) -> None:
    view = await opener(bench, other=OTHER.replace("<label>Note <input></label>", "<input id=note_2>"))
    async with view.window("open") as other:
        await other.fill(note="Synthetic")
    assert [(drift.page, drift.key, drift.candidate) for drift in view.drift] == [("criteria", "note", 1)]


# --- the work goes on in the other window -----------------------------------------------------------------------------

AWAY = {"see": [{"address": r"\/away\?to=somebody"}], "error": "redirected", "portal": "clear_coverage"}
TAB = "<form method=post action='{to}' target=_blank><button id=open>Open</button></form>"


async def moving(bench: Bench, to: str = "/other", **timeouts: float) -> PageView:
    bench.site.pages["/other"] = OTHER
    bench.site.pages["/away"] = "<h1>Somebody else's page</h1>"
    return await bench.show(
        TAB.format(to=to),
        more={"criteria": {"is_here": [{"role": "heading", "name": "Criteria"}], "fields": {"note": find({"label": "Note"})}}},
        timeouts=timeouts,
        actions={"open": find({"css": "#open"}, leads_to=["away", "criteria"], opens=True)},
        outcomes={"away": AWAY},
    )


async def test_the_work_goes_on_in_the_window_that_opens_and_the_one_before_is_closed(bench: Bench) -> None:
    view = await moving(bench)
    assert await view.press("open") == "criteria"
    await view.fill(note="Synthetic")
    assert len(view.browser_page.context.pages) == 1
    assert await view.browser_page.evaluate("document.querySelector('input').value") == "Synthetic"


async def test_a_window_of_which_the_browser_never_says_that_it_is_gone_holds_nothing_up(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(_page: Page) -> None:
        await asyncio.Event().wait()

    view = await moving(bench)
    with monkeypatch.context() as patched:
        patched.setattr(Page, "close", never)
        patched.setattr("bots.windows.GONE_SECONDS", 0.05)
        with structlog.testing.capture_logs() as told:
            assert await view.press("open") == "criteria"
    assert [line["event"] for line in told] == ["window_stays"]
    await view.fill(note="Synthetic")


async def test_a_page_of_somebody_else_is_known_by_its_address(bench: Bench) -> None:
    view = await moving(bench, "/away?to=somebody")
    with pytest.raises(Redirected) as caught:
        await view.press("open")
    assert caught.value.details["to"] == "clear_coverage"
    assert await view.offers("open"), "nothing of ours is pressed on somebody else's page, such as its way out"
    assert len(view.browser_page.context.pages) == 1


async def test_where_none_opens_the_work_stays_and_it_is_told(bench: Bench) -> None:
    view = await bench.show(
        "<button id=open>Open</button>",
        actions={"open": find({"css": "#open"}, leads_to=["start"], opens=True)},
        timeouts={"page": 0.5},
    )
    with pytest.raises(WindowBlocked):
        await view.press("open")
    assert view.here == "start"
