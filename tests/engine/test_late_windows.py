"""Windows that open by themselves, lists that are fetched, and an address to which more than the commit is sent."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from site_bench import Bench, find, pressed

from bots.errors import AlreadyOnFile, PageChanged, PortalSlow
from bots.page import PageView

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

NEXT = "body:not(:has(#over:not([hidden]))) h1"
FADES_IN = """<h1>Next</h1><div id=over hidden style="position:fixed;inset:0;opacity:0;transition:opacity .3s">
<div role=dialog aria-label="{title}"><button id=withdraw>Withdraw</button>
<button id=close onclick="document.getElementById('over').hidden = true">Close</button></div></div>
<script>setTimeout(() => {{ over.hidden = false; over.offsetTop; over.style.opacity = 1 }}, {after});</script>"""
PAGES: dict[str, Any] = {
    "next": {
        "path": "/next",
        "is_here": [{"css": NEXT}],
        "late": ["twice", "window"],
        "outcomes": {"twice": {"see": [{"role": "dialog", "name": "Duplicate"}], "error": "already_on_file"}},
    },
    "window": {
        "is_here": [{"role": "dialog", "name": "Summary"}],
        "actions": {"close": find({"role": "button", "name": "Close"}, leads_to=["next"], navigates=False)},
    },
}
GO = {"go": find({"css": "#go"}, leads_to=["next"])}


async def arrive(bench: Bench, html: str, **timeouts: float) -> tuple[PageView, str]:
    bench.site.pages["/next"] = (
        "<script>window.pressed = []; addEventListener('click', (e) => pressed.push(e.target.id), true)</script>" + html
    )
    view = await bench.show("<a id=go href=/next>Go</a>", actions=GO, more=PAGES, timeouts={"late": 8.0, **timeouts})
    return view, await view.press("go")


async def test_a_window_that_fades_in_late_is_seen_before_anything_is_pressed(bench: Bench) -> None:
    view, seen = await arrive(bench, FADES_IN.format(title="Summary", after=700))
    assert (seen, view.here) == ("window", "window")
    assert await view.press("close") == "next"
    assert await pressed(view) == ["close"]


async def test_what_is_told_late_is_told(bench: Bench) -> None:
    with pytest.raises(AlreadyOnFile):
        await arrive(bench, FADES_IN.format(title="Duplicate", after=700))


async def test_a_window_that_was_there_before_its_page_could_be_seen_is_no_changed_page(bench: Bench) -> None:
    view, seen = await arrive(bench, FADES_IN.format(title="Summary", after=0))
    assert (seen, view.here) == ("window", "window")
    with pytest.raises(AlreadyOnFile):
        await arrive(bench, FADES_IN.format(title="Duplicate", after=0))


async def test_where_nothing_opens_the_page_is_the_page(bench: Bench) -> None:
    view, seen = await arrive(bench, "<h1>Next</h1>", late=0.3)
    assert (seen, view.here) == ("next", "next")


async def test_staying_on_a_page_waits_for_no_window_again(bench: Bench) -> None:
    bench.site.pages["/next"] = FADES_IN.format(title="Summary", after=10**6)
    view = await bench.view(more=PAGES, timeouts={"late": 0.2})
    await view.goto("next")
    asked: list[str] = []
    ask = view._eyes.first_seen

    async def counted(*args: Any) -> str:
        asked.append("asked")
        return await ask(*args)

    view._eyes.first_seen = counted  # type: ignore[method-assign]
    await view.goto("next")
    assert asked == ["asked"]


# --- lists that are fetched --------------------------------------------------------------------------------------------

LIST = {"town": find({"label": "Town"}, kind="select")}
FETCHED = """<label>Town <select id=t disabled><option value="">Choose</option></select></label>
<script>setTimeout(() => {{ {late} }}, 300)</script>"""


async def test_a_list_is_read_when_it_was_fetched(bench: Bench) -> None:
    html = FETCHED.format(late="t.add(new Option('Hartford', '1')); t.add(new Option('New  Haven', '2')); t.disabled = false")
    view = await bench.show(html, fields=LIST, timeouts={"lookup": 8.0})
    assert await view.choices("town") == ("Hartford", "New Haven")


async def test_a_list_that_stays_empty_is_the_portals_trouble(bench: Bench) -> None:
    view = await bench.show(FETCHED.format(late="t.disabled = false"), fields=LIST)
    with pytest.raises(PortalSlow):
        await view.choices("town")


async def test_what_is_no_list_is_a_changed_page(bench: Bench) -> None:
    view = await bench.show("<label>Town <input></label>", fields=LIST)
    with pytest.raises(PageChanged):
        await view.choices("town")


async def test_a_box_that_looks_when_it_is_left_is_left(bench: Bench) -> None:
    wakes = "<label>Fax <input onchange='go.disabled = false'></label><button id=go disabled>Save</button>"
    fields = {"fax": find({"label": "Fax"}, kind="typed", leave=True)}
    view = await bench.show(wakes, fields=fields, actions={"go": find({"css": "#go"})})
    await view.fill(fax="860-555-0100")
    assert await view.offers("go")


# --- one address for everything ------------------------------------------------------------------------------------------


async def test_a_keep_alive_to_the_same_address_is_not_the_commit(bench: Bench) -> None:
    """It leaves first, by the very press of the button; the request itself is still sent, and once."""
    keep = "addEventListener('mousedown', () => fetch('/', {method: 'POST', body: 'event=keepAlive'}))"
    form = "<form method=post action=/><input type=hidden name=event value=submit><button id=go>Submit</button></form>"
    html = f"{form}<script>{keep}</script>"
    action = find({"css": "#go"}, commit="/$", commit_unless="event=keepAlive", leads_to=["start"])
    view = await bench.show(html, actions={"submit": action})
    async with view.commit("submit") as click:
        await asyncio.wait_for(click(), 20)
    sent = [body for method, path, body in bench.site.requests if (method, path) == ("POST", "/")]
    assert sorted(sent) == ["event=keepAlive", "event=submit"]
