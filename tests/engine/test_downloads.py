"""Files that a portal hands out are caught in memory, however they come: as a download or in a pop-up that may close itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from site_bench import Bench, find

from bots.downloads import is_file
from bots.errors import FileNotReceived, SessionLost
from bots.page import PageView
from bots.send_once import Answer

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

LETTER = "%PDF-1.4 a synthetic letter"
PDF = {"Content-Type": "application/pdf"}
ATTACHED = {"Content-Type": "text/plain", "Content-Disposition": "attachment; filename=letter.txt"}
GO: dict[str, Any] = {"go": find({"css": "#go"})}


async def show(bench: Bench, html: str, **parts: Any) -> PageView:
    parts.setdefault("timeouts", {"download": 8.0})
    return await bench.show(html, actions=GO, **parts)


@pytest.mark.parametrize("headers", [PDF, ATTACHED])
@pytest.mark.parametrize(
    "html",
    [
        "<a id=go href=/letter>Print</a>",
        "<a id=go href=/letter target=_blank>Print</a>",
        "<form method=post action=/letter target=_blank><button id=go>Print</button></form>",
        "<button id=go onclick=\"window.open('/opener')\">Print</button>",
        "<form method=post action=/again><button id=go>Print</button></form>",
    ],
    ids=["download", "new tab", "posted to a new tab", "a pop-up that closes itself", "postback, then a pop-up"],
)
async def test_a_file_comes_as_the_portal_likes(bench: Bench, html: str, headers: dict[str, str]) -> None:
    bench.site.pages["/letter"] = (200, LETTER, headers)
    bench.site.pages["/opener"] = "<script>location = '/letter'; setTimeout(() => close(), 400)</script>"
    bench.site.pages["/again"] = "<p>Your letter opens in a new window.</p><script>window.open('/letter')</script>"
    view = await show(bench, html)
    assert (await view.download("go")).decode() == LETTER
    assert sum(path == "/letter" for _, path, _ in bench.site.requests) == 1
    assert view.browser_page.context.pages == [view.browser_page]


async def test_a_row_of_a_table_hands_out_its_own_file(bench: Bench) -> None:
    bench.site.pages["/2"] = (200, LETTER, PDF)
    rows = "".join(f"<tr><td>Letter {n}</td><td><a href=/{n} target=_blank>View</a></td></tr>" for n in (1, 2, 3))
    tables = {
        "letters": find({"css": "table"}, columns={"title": "Letter Name"}, row_action=[{"role": "link", "name": "View"}]),
    }
    view = await bench.show(f"<table><tr><th>Letter Name</th><th></th></tr>{rows}</table>", tables=tables)
    assert (await view.download("letters", (await view.table("letters"))[1])).decode() == LETTER


async def test_what_brings_nothing_is_pressed_once_more(bench: Bench) -> None:
    bench.site.pages["/letter"] = (200, LETTER, PDF)
    second = "window.n = (window.n || 0) + 1; if (window.n == 2) window.open('/letter')"
    view = await show(bench, f'<button id=go onclick="{second}">Print</button>', timeouts={"download": 8.0})
    assert (await view.download("go")).decode() == LETTER


@pytest.mark.parametrize("answer", ["<p>The document is not available.</p>", (404, "gone", PDF), (200, "", PDF)])
async def test_no_file_is_a_failure_of_its_own(bench: Bench, answer: Any) -> None:
    bench.site.pages["/letter"] = answer
    view = await show(bench, "<a id=go href=/letter target=_blank>Print</a>", timeouts={"download": 0.8})
    with pytest.raises(FileNotReceived):
        await view.download("go")
    assert view.browser_page.context.pages == [view.browser_page]


async def test_a_session_lost_meanwhile_is_told_as_that(bench: Bench) -> None:
    bench.site.pages["/letter"] = "<form id=login>x</form>"
    view = await show(bench, "<a id=go href=/letter>Print</a>", timeouts={"download": 0.8})
    with pytest.raises(SessionLost):
        await view.download("go")


async def test_afterwards_the_browser_is_on_its_own_again(bench: Bench) -> None:
    bench.site.pages["/letter"] = (200, LETTER, PDF)
    bench.site.pages["/next"] = "<h1>Next</h1>"
    more = {"next": {"path": "/next", "is_here": [{"role": "heading", "name": "Next"}]}}
    view = await show(bench, "<a id=go href=/letter target=_blank>Print</a>", more=more)
    await view.download("go")
    assert await view.goto("next") == "next"


async def test_nothing_is_left_in_a_temporary_folder(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    bench.site.pages["/letter"] = (200, LETTER, ATTACHED)
    view = await show(bench, "<a id=go href=/letter>Print</a>")
    await view.download("go")
    assert list(tmp_path.rglob("*")) == []


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Content-Type": "application/pdf; charset=binary"}, True),
        ({"content-disposition": "Attachment; filename=x"}, True),
        ({"content-type": "text/html"}, False),
        ({"content-type": "application/json"}, False),
        ({}, False),
    ],
)
async def test_what_counts_as_a_file(headers: dict[str, str], expected: bool) -> None:
    assert is_file(Answer(status=200, headers=headers, body=b"x")) is expected
