"""A page and its frames are one page: what stands in a visible frame of the same origin is seen, filled, read and pressed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from site_bench import WATCH, Bench, find

from bots.errors import PageChanged
from bots.page import PageView

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

FRAME = "<h1>Outside</h1><iframe src='/inside' style='width:500px;height:300px;border:7px solid;padding:11px;{style}'></iframe>"
SAVE: dict[str, Any] = {"it": find({"role": "button", "name": "Save"}, navigates=False)}


async def framed(bench: Bench, inside: str, *, style: str = "", frame: str = FRAME, **parts: Any) -> PageView:
    bench.site.pages["/inside"] = WATCH + inside
    return await bench.show(frame.format(style=style), **parts)


async def inside(view: PageView, script: str) -> Any:
    (frame,) = [frame for frame in view.browser_page.frames if frame.url.endswith("/inside")]
    return await frame.evaluate(script)


async def test_every_kind_of_field_is_filled_and_read_back(bench: Bench, tmp_path: Path) -> None:
    html = """<label>Name <input id=n></label><label>Born <input id=d></label><label>File <input type=file id=f></label>
        <label>Kind <select id=k><option>One<option>Two</select></label>
        <fieldset><legend>Sure?</legend><label><input type=radio name=s>Yes</label>
        <label><input type=radio name=s id=no>No</label></fieldset>"""
    words = {"a": "Two"}
    view = await framed(
        bench,
        html,
        fields={
            "name": find({"label": "Name"}),
            "born": find({"label": "Born"}, kind="typed"),
            "file": find({"label": "File"}),
            "kind": find({"label": "Kind"}, kind="select", words=words),
            "sure": find({"role": "group", "name": "Sure?"}, kind="radio", words={"no": "No"}),
        },
        timeouts={"element": 3},
    )
    await view.fill(name="Ann", born="01/02/1990", kind="a", sure="no")
    document = tmp_path / "note.txt"
    document.write_text("synthetic", encoding="utf-8")
    await view.attach("file", [document])
    assert await inside(view, "[n.value, d.value, k.value, no.checked, f.files[0].name]") == [
        "Ann",
        "01/02/1990",
        "Two",
        True,
        "note.txt",
    ]


@pytest.mark.parametrize("style", ["", "transform:scale(.5);transform-origin:0 0", "margin-top:2000px"])
async def test_the_press_lands_on_the_button(bench: Bench, style: str) -> None:
    html = "<div style='height:900px'></div><button id=a>Save</button><button id=b>Keep</button><div style='height:900px'></div>"
    view = await framed(bench, html, style=style, actions=SAVE)
    await view.press("it")
    assert await inside(view, "pressed") == ["a"]


async def test_a_frame_in_a_frame_is_seen_too(bench: Bench) -> None:
    bench.site.pages["/middle"] = "<p>Menu</p><iframe src='/inside' style='margin:30px'></iframe>"
    frame = "<iframe src='/middle' style='width:500px;height:300px'></iframe>"
    view = await framed(bench, "<button id=a>Save</button>", frame=frame, actions=SAVE)
    await view.press("it")
    assert await inside(view, "pressed") == ["a"]


async def test_values_and_tables_are_read(bench: Bench) -> None:
    html = "<table><tr><td>Status</td><td>Open</td></tr></table><table id=t><tr><th>Code<th>Units<tr><td>A1<td>2</table>"
    table = {"t": {"find": [{"css": "#t"}], "columns": {"units": "Units", "code": "Code"}}}
    view = await framed(bench, html, reads={"status": find({"beside": "Status"})}, tables=table, timeouts={"element": 3})
    assert await view.read("status") == "Open"
    assert [row.cells for row in await view.table("t")] == [{"units": "2", "code": "A1"}]


async def problem(view: PageView) -> str:
    with pytest.raises(PageChanged) as caught:
        await view.press("it")
    return caught.value.details["what"]


async def test_look_alikes_count_over_all_frames(bench: Bench) -> None:
    view = await framed(bench, "<button>Save</button>", frame=FRAME + "<button>Save</button>", actions=SAVE)
    await view.browser_page.wait_for_load_state()  # with what stands in the frame
    assert await problem(view) == "there more than once"


@pytest.mark.parametrize("style", ["display:none", "visibility:hidden", "opacity:0", "width:0;border:0;padding:0"])
async def test_a_frame_that_nobody_sees_does_not_count(bench: Bench, style: str) -> None:
    view = await framed(bench, "<button>Save</button>", frame=FRAME + "<button id=b>Save</button>", style=style, actions=SAVE)
    await view.press("it")
    assert await view.browser_page.evaluate("pressed") == ["b"]


async def test_a_sandboxed_frame_is_closed_to_us(bench: Bench) -> None:
    frame = "<iframe src='/inside' sandbox='allow-scripts' style='width:500px;height:300px'></iframe>"
    assert await problem(await framed(bench, "<button>Save</button>", frame=frame, actions=SAVE)) == "not found"


async def test_nothing_may_lie_over_the_frame(bench: Bench) -> None:
    over = "<div style='position:fixed;inset:0'>Please wait</div>"
    view = await framed(bench, "<button id=a>Save</button>", frame=FRAME + over, actions=SAVE)
    assert await problem(view) == "something lies over it"
    assert await inside(view, "pressed") == []


MORE = {"next": {"is_here": [{"role": "heading", "name": "Next"}]}}


async def test_a_new_document_in_the_frame_that_was_pressed_is_the_next_page(bench: Bench) -> None:
    bench.site.pages["/next"] = "<h1>Next</h1>"
    html = "<form action=/next><button>Save</button></form>"
    view = await framed(bench, html, actions={"it": find({"role": "button", "name": "Save"}, leads_to=["next"])}, more=MORE)
    assert await view.press("it") == "next"


async def test_a_link_may_name_the_frame_that_it_fills(bench: Bench) -> None:
    bench.site.pages |= {"/next": "<h1>Next</h1>", "/first": "<h1>First</h1>"}
    frame = FRAME + "<iframe name=main src='/first'></iframe>"
    action = {"it": find({"role": "link", "name": "Go"}, leads_to=["next"])}
    view = await framed(bench, "<a href='/next' target=main>Go</a>", frame=frame, actions=action, more=MORE)
    assert await view.press("it") == "next"


async def test_another_frame_that_loads_is_no_answer(bench: Bench) -> None:
    """The list is on the page already: only the new document may say that it is the answer."""
    bench.site.pages["/banner"] = "<p>News</p><script>setTimeout(() => location.reload(), 30)</script>"
    bench.site.pages["/list"] = bench.site.held
    html = "<h1>Next</h1><form action=/list><button>Save</button></form>"
    action = {"it": find({"role": "button", "name": "Save"}, leads_to=["next"])}
    frame = FRAME + "<iframe src='/banner'></iframe>"
    view = await framed(bench, html, frame=frame, actions=action, more=MORE, timeouts={"page": 2})
    with pytest.raises(Exception, match="portal_slow"):
        await view.press("it")


async def test_a_field_in_a_frame_may_post_back(bench: Bench) -> None:
    post = "<form><label>Id <input id=i name=i onchange='this.form.submit()'></label></form>"
    again = post.replace("onchange='this.form.submit()'", "value=0042")
    view = await framed(bench, post, fields={"id": find({"label": "Id"}, posts_back=True)}, timeouts={"element": 3})
    bench.site.pages["/inside"] = WATCH + again
    await view.fill(id="42")
    assert await view.browser_page.frames[1].evaluate("i.value") == "0042"
