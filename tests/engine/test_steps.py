"""Going from page to page: what is seen is believed only on the document that it belongs to, and the commit leaves once."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
from site_bench import Bench, find, pressed

import bots.commit
from bots.errors import BadReading, BotError, KnownRejection, PageChanged, PortalDown, PortalSlow, RateLimited, SessionLost
from bots.page import PageView
from bots.pagemap import Candidate
from bots.send_once import SendOnce

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

GO = {"css": "#go"}
NEXT: dict[str, Any] = {"next": {"path": "/next", "is_here": [{"role": "heading", "name": "Next"}]}}
WRONG = {"see": [{"text": "Wrong."}], "error": "known_rejection", "reason": "it was wrong"}


async def form(bench: Bench, html: str = "<a id=go href=/next>Go</a>", **parts: Any) -> PageView:
    """The start page with an action ``go`` that leads to ``next`` or is told ``wrong``."""
    parts.setdefault("actions", {"go": find(GO, leads_to=["wrong", "next"])})
    return await bench.show(html, more=parts.pop("more", NEXT), outcomes={"wrong": {**WRONG, **parts.pop("wrong", {})}}, **parts)


# --- arriving ---------------------------------------------------------------------------------------------------------


async def test_the_page_that_is_seen_is_the_page_that_is_used(bench: Bench) -> None:
    bench.site.pages["/next"] = "<h1>Next</h1>"
    view = await form(bench)
    assert (view.here, await view.press("go"), view.here) == ("start", "next", "next")


async def test_values_in_an_address_are_written_for_addresses(bench: Bench) -> None:
    view = await bench.view(more={"case": {"path": "/case?ref={ref}", "is_here": [{"css": "body"}]}})
    bench.site.pages["/case"] = "<p>Case</p>"
    await view.goto("case", ref="A&b=/1 2")
    assert view.browser_page.url.endswith("/case?ref=A%26b%3D%2F1%202")


@pytest.mark.parametrize(("status", "kind"), [(503, PortalDown), (500, PortalDown), (429, RateLimited)])
@pytest.mark.parametrize("by", ["goto", "press"])
async def test_a_document_that_is_an_error_is_the_portals_trouble(
    bench: Bench, status: int, kind: type[BotError], by: str
) -> None:
    bench.site.pages["/next"] = (status, "<h1>Next</h1>")
    view = await form(bench)
    with pytest.raises(kind):
        await (view.goto("next") if by == "goto" else view.press("go"))


@pytest.mark.parametrize("by", ["goto", "press"])
async def test_a_broken_connection_is_the_portals_trouble(bench: Bench, by: str) -> None:
    bench.site.pages["/next"] = None
    view = await form(bench)
    with pytest.raises(PortalDown):
        await (view.goto("next") if by == "goto" else view.press("go"))


async def test_a_page_that_nobody_knows_is_a_changed_page(bench: Bench) -> None:
    bench.site.pages["/next"] = "<h1>Welcome to our new site</h1>"
    view = await form(bench, timeouts={"page": 1.0})
    with pytest.raises(PageChanged) as caught:
        await view.goto("next")
    assert (caught.value.details["page"], caught.value.details["key"]) == ("next", "is_here")


async def test_a_page_that_still_says_that_it_works_is_slow_and_not_changed(bench: Bench) -> None:
    html = "<button id=go onclick=\"note.textContent = 'Please wait...'\">Go</button><p id=note></p>"
    view = await form(bench, html, actions={"go": find(GO, leads_to=["next"], navigates=False)}, timeouts={"page": 0.5})
    view.map = msgspec.structs.replace(view.map, waiting=(Candidate(text="Please wait..."),))
    with pytest.raises(PortalSlow):
        await view.press("go")


async def test_the_sign_in_page_in_the_middle_is_a_lost_session(bench: Bench) -> None:
    bench.site.pages["/next"] = "<form id=login>x</form>"
    view = await form(bench)
    with pytest.raises(SessionLost):
        await view.press("go")


async def test_an_interruption_comes_before_everything_else(bench: Bench) -> None:
    bench.site.pages["/next"] = "<h1>Next</h1><p>Wrong.</p><p>Closed tonight</p>"
    closed = {"closed": {"see": [{"text": "Closed tonight"}], "error": "portal_down", "reason": "closed"}}
    view = await form(bench, interruptions=closed)
    with pytest.raises(PortalDown, match="closed"):
        await view.press("go")


async def test_a_page_that_carries_an_error_is_the_error(bench: Bench) -> None:
    bench.site.pages["/next"] = "<h1>Next</h1><p>Wrong.</p>"
    view = await form(bench)
    with pytest.raises(KnownRejection, match="it was wrong"):
        await view.press("go")
    assert view.here == "start"


async def test_an_outcome_without_error_is_told_by_name(bench: Bench) -> None:
    bench.site.pages["/next"] = "<p>Wrong.</p>"
    view = await form(bench, wrong={"error": ""})
    assert (await view.press("go"), view.here) == ("wrong", "start")


# --- the old document -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "link",
    [
        "<a id=go href=/next>Go</a>",
        "<a id=go href='#' onclick=\"setTimeout(() => { location = '/next' }, 20)\">Go</a>",
        "<a id=go href='javascript:void(location = \"/next\")'>Go</a>",
    ],
    ids=["link", "script behind a hash", "script"],
)
async def test_what_the_old_page_still_says_is_not_believed(bench: Bench, link: str) -> None:
    """An error message of the last try stands there until the answer comes, however late it comes."""
    bench.site.pages["/next"] = bench.site.held
    view = await bench.view(more=NEXT, actions={"go": find(GO, leads_to=["wrong", "next"])}, outcomes={"wrong": WRONG})
    bench.site.pages["/"] = f"<p id=old hidden>Wrong.</p>{link}"
    await view.goto("start")
    await view.browser_page.evaluate("old.hidden = false")
    press = asyncio.ensure_future(view.press("go"))
    await asyncio.wait({press, asyncio.ensure_future(bench.site.arrived.wait())}, return_when=asyncio.FIRST_COMPLETED)
    bench.site.release.set()
    assert await press == "next"


async def test_what_is_told_in_place_needs_no_new_document(bench: Bench) -> None:
    html = '<button id=go onclick="old.hidden = false">Go</button><p id=old hidden>Wrong.</p>'
    view = await form(bench, html, wrong={"in_place": True})
    with pytest.raises(KnownRejection):
        await view.press("go")


async def test_an_action_that_does_not_navigate_waits_for_no_document(bench: Bench) -> None:
    html = "<button id=go onclick=\"document.body.insertAdjacentHTML('beforeend', '<h1>Next</h1>')\">Go</button>"
    view = await form(bench, html, actions={"go": find(GO, leads_to=["next"], navigates=False)})
    assert await view.press("go") == "next"


async def test_leave_presses_what_the_present_document_offers(bench: Bench) -> None:
    bench.site.pages["/next"] = "<h1>Next</h1>"
    view = await form(bench, actions={"go": find(GO, leads_to=["next"])})
    assert await view.leave("start", "go") is True
    assert view.here == "next"
    assert await view.leave("start", "go") is False


# --- tables -----------------------------------------------------------------------------------------------------------

HEAD = "<tr><th>Code<th>Units<th></tr>"
COLUMNS = {"code": "Code", "units": "Units"}


def row(code: str, units: str, more: str = "") -> str:
    return f"<tr {more}><td>{code}<td>{units}<td><button id={code} onclick=\"location = '/next'\">Choose</button></tr>"


def table(*rows: str, **more: Any) -> dict[str, Any]:
    return {"t": find({"css": "#t"}, columns=COLUMNS, **more)}


async def test_a_table_is_read_as_a_person_sees_it(bench: Bench) -> None:
    body = row("E0601", "<input value=' 3 '>") + row("E0000", "9", "style='display:none'") + row("E0562", "<b>4</b>")
    view = await bench.show(f"<table id=t><caption>Lines</caption>{HEAD}{body}<tr><td colspan=3>1 2 3</table>", tables=table())
    rows = await view.table("t")
    assert [(r["code"], r["units"], r.index) for r in rows] == [("E0601", "3", 1), ("E0562", "4", 3)]


async def test_the_button_of_the_row_is_pressed_and_no_other(bench: Bench) -> None:
    bench.site.pages["/next"] = "<h1>Next</h1>"
    body = row("E0601", "3").replace("location = '/next'", "") + row("E0562", "4").replace("location = '/next'", "")
    view = await bench.show(f"<table id=t>{HEAD}{body}</table>", tables=table(row_action=[{"role": "button", "name": "Choose"}]))
    await view.choose("t", (await view.table("t"))[1], to=["start"], navigates=False)
    assert await pressed(view) == ["E0562"]


async def test_no_rows_are_believed_only_when_the_page_says_so(bench: Bench) -> None:
    view = await bench.show("<p>No rows found</p>", tables=table(empty=[{"text": "No rows found"}]))
    assert await view.table("t") == []
    view = await bench.show("<p>Something else</p>", tables=table(empty=[{"text": "No rows found"}]))
    with pytest.raises(PageChanged, match="not found"):
        await view.table("t")


@pytest.mark.parametrize(
    ("html", "kind", "said"),
    [
        ("<table id=t><tr><th>Code<th>Quantity<tr><td>1<td>2</table>", PageChanged, "columns missing: units"),
        ("<table id=t><tr><th>Note<th>Code<th>Units<tr><td>1<td>2</table>", BadReading, "cut off"),
        ("<div id=t>no table</div>", PageChanged, "no table"),
    ],
)
async def test_a_table_that_cannot_be_believed_stops(bench: Bench, html: str, kind: type[BotError], said: str) -> None:
    view = await bench.show(html, tables=table())
    with pytest.raises(kind, match=said):
        await view.table("t")


async def lists(view: PageView) -> list[list[str]]:
    return [[r["code"] for r in rows] async for rows in view.list_pages("t")]


async def test_a_list_is_read_page_after_page(bench: Bench) -> None:
    link = "<a id=more href=/?p=2>Next</a>"
    pages = iter([f"<table id=t>{HEAD}{row('E0562', '1')}</table><a>Next</a>"])

    async def second() -> str:
        return next(pages)

    view = await bench.show(
        f"<table id=t>{HEAD}{row('E0601', '1')}</table>{link}", tables=table(next_page=[{"role": "link", "name": "Next"}])
    )
    bench.site.pages["/"] = second
    assert await lists(view) == [["E0601"], ["E0562"]]


async def test_a_list_that_turns_its_pages_in_place_is_read_when_it_shows_other_rows(bench: Bench) -> None:
    first, second = (f"<table id=t>{HEAD}{row(code, '1')}</table>" for code in ("E0601", "E0562"))
    turn = f"setTimeout(() => {{ box.innerHTML = `{second}`; }}, 60)"
    html = f'<div id=box>{first}<button onclick="{turn.replace(chr(34), chr(39))}">Next</button></div>'
    find = [{"role": "button", "name": "Next"}]
    view = await bench.show(html, tables=table(next_page=find, turns_in_place=True))
    assert await lists(view) == [["E0601"], ["E0562"]]


async def test_a_list_that_does_not_turn_is_slow(bench: Bench) -> None:
    html = f"<table id=t>{HEAD}{row('E0601', '1')}</table><button>Next</button>"
    tables = table(next_page=[{"role": "button", "name": "Next"}], turns_in_place=True)
    view = await bench.show(html, tables=tables, timeouts={"page": 0.3})
    with pytest.raises(PortalSlow):
        await lists(view)


async def test_the_same_page_of_a_list_twice_is_not_believed(bench: Bench) -> None:
    html = f"<table id=t>{HEAD}{row('E0601', '1')}</table><a href=/?p=2>Next</a>"
    view = await bench.show(html, tables=table(next_page=[{"role": "link", "name": "Next"}]))
    with pytest.raises(BadReading, match="twice"):
        await lists(view)


# --- the commit -------------------------------------------------------------------------------------------------------


@pytest.fixture
def senders(monkeypatch: pytest.MonkeyPatch) -> list[SendOnce]:
    made: list[SendOnce] = []

    def make(seconds: float) -> SendOnce:
        made.append(SendOnce(seconds))
        return made[-1]

    monkeypatch.setattr(bots.commit, "SendOnce", make)
    return made


def submit(*candidates: dict[str, str], **how: Any) -> dict[str, Any]:
    how = {"leads_to": ["next"], "commit": "/submit$", **how}
    return {"submit": find(*(candidates or (GO,)), **how)}


FORM = "<form method=post action=/submit><input name=a value='1 2'><button id=go>Submit</button></form>"


async def test_the_commit_is_sent_once_and_its_answer_shown(bench: Bench, senders: list[SendOnce]) -> None:
    bench.site.pages["/submit"] = "<h1>Next</h1>"
    view = await bench.show(FORM, more=NEXT, actions=submit())
    async with view.commit("submit") as click:
        assert bench.site.count("POST", "/submit") == 0
        assert await click() == "next"
    assert [had for had in bench.site.requests if had[0] == "POST"] == [("POST", "/submit", "a=1+2")]
    assert [(sender.sent, sender.refused) for sender in senders] == [(True, 0)]


async def test_a_page_that_posts_twice_sends_once(bench: Bench, senders: list[SendOnce]) -> None:
    bench.site.pages["/submit"] = "<h1>Next</h1>"
    html = """<button id=go onclick="const post = () => fetch('/submit', {method: 'POST', body: 'a=1'});
      Promise.allSettled([post(), post(), post()]).then(() => document.body.append(end.content))">Submit</button>
      <template id=end><h1>Next</h1></template>"""
    view = await bench.show(html, more=NEXT, actions=submit(navigates=False))
    async with view.commit("submit") as click:
        assert await click() == "next"
    assert bench.site.count("POST", "/submit") == 1
    assert [sender.refused for sender in senders] == [2]


async def test_a_connection_that_breaks_after_the_commit_sends_nothing_again(bench: Bench, senders: list[SendOnce]) -> None:
    bench.site.pages["/submit"] = None
    view = await bench.show(FORM, more=NEXT, actions=submit())
    async with view.commit("submit") as click:
        with pytest.raises(PortalDown):
            await click()
    assert bench.site.count("POST", "/submit") == 1


async def test_candidates_that_mark_different_buttons_stop_before_anything(bench: Bench, senders: list[SendOnce]) -> None:
    html = FORM + "<button id=other>Submit all</button>"
    view = await bench.show(html, more=NEXT, actions=submit({"role": "button", "name": "Submit"}, {"css": "#other"}))
    with pytest.raises(PageChanged, match="different elements"):
        async with view.commit("submit"):
            pytest.fail("the commit was offered")
    assert (await pressed(view), senders) == ([], [])


@pytest.mark.parametrize("html", [FORM + FORM, "<p>x</p>", FORM.replace("<button", "<button disabled")])
async def test_a_commit_button_in_doubt_stops_before_anything(bench: Bench, senders: list[SendOnce], html: str) -> None:
    view = await bench.show(html, more=NEXT, actions=submit())
    with pytest.raises(PageChanged):
        async with view.commit("submit"):
            pytest.fail("the commit was offered")
    assert senders == []


async def test_reading_from_the_commits_address_is_no_commit(bench: Bench, senders: list[SendOnce]) -> None:
    bench.site.pages["/submit"] = "<h1>Next</h1>"
    html = """<form id=f method=post action=/submit></form>
      <button id=go onclick="fetch('/submit').then(() => f.submit())">Submit</button>"""
    view = await bench.show(html, more=NEXT, actions=submit())
    async with view.commit("submit") as click:
        assert await click() == "next"
    assert (bench.site.count("GET", "/submit"), bench.site.count("POST", "/submit")) == (1, 1)
    assert [sender.refused for sender in senders] == [0]


async def test_the_guard_is_gone_after_the_commit(bench: Bench, senders: list[SendOnce]) -> None:
    bench.site.pages["/submit"] = "<h1>Next</h1>"
    view = await bench.show(FORM, more=NEXT, actions=submit())
    async with view.commit("submit") as click:
        await click()
    await view.browser_page.evaluate("fetch('/submit', {method: 'POST'})")
    assert bench.site.count("POST", "/submit") == 2
    assert senders[0].refused == 0
