"""A dialog that means nothing for the work is pressed away when it lies over what is pressed; any other stops the work."""

from __future__ import annotations

import asyncio

import msgspec
import pytest
from site_bench import Bench, find, pressed

from bots.errors import PageChanged
from bots.page import PageView
from bots.pagemap import Candidate, DismissMap

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

DIALOG = """<div id=dialog style="position: fixed; inset: 0; background: white"><h2>Your session is about to expire</h2>
<button id=leave>Log out</button><button id=stay onclick="dialog.remove()">Stay</button></div>"""
PAGE = (
    """<button id=go>Go</button><label>Code <input id=code></label>
"""
    + DIALOG
)
LIST = (
    """<div id=kind role=combobox tabindex=0>Select</div>
<div id=list hidden><div role=option>Therapy</div><div role=option>Supplies</div></div>
<template id=coming>"""
    + DIALOG
    + """</template><script>
const come = () => document.body.append(coming.content.cloneNode(true));
kind.onclick = () => { list.hidden = false; OPENED };
document.addEventListener("mousedown", (event) => { if (!event.target.closest("#list, #kind")) list.hidden = true; });
for (const option of list.children) option.onclick = () => { kind.textContent = option.textContent; list.hidden = true; };
</script>"""
)


async def show(bench: Bench, html: str = PAGE, text: str = "Your session is about to expire") -> PageView:
    view = await bench.show(
        html,
        fields={
            "code": find({"label": "Code"}, kind="typed"),
            "kind": find({"css": "#kind"}, kind="combo", options=[{"role": "option"}], words={"therapy": "Therapy"}),
        },
        actions={"go": find({"css": "#go"}, navigates=False)},
    )
    dialog = DismissMap(see=(Candidate(text=text),), press=(Candidate(role="button", name="Stay"),))
    view.map = view._eyes.map = msgspec.structs.replace(view.map, dismiss={"about_to_end": dialog})
    return view


def be_patient(view: PageView, *, seconds: float) -> None:
    timeouts = msgspec.structs.replace(view.map.timeouts, element=seconds)
    view.map = view._eyes.map = msgspec.structs.replace(view.map, timeouts=timeouts)


async def test_it_is_pressed_away_and_the_work_goes_on(bench: Bench) -> None:
    view = await show(bench)
    await view.press("go")
    assert await pressed(view) == ["stay", "go"]


async def test_it_is_pressed_away_as_soon_as_it_is_seen(bench: Bench) -> None:
    """Ten minutes' patience for the page: who waits for the dialog to go by itself does not come back in one."""
    view = await show(bench)
    view.map = view._eyes.map = msgspec.structs.replace(
        view.map, timeouts=msgspec.structs.replace(view.map.timeouts, element=600)
    )
    async with asyncio.timeout(60):
        await view.press("go")
    assert await pressed(view) == ["stay", "go"]


async def test_one_that_fades_away_is_waited_for(bench: Bench) -> None:
    fading = PAGE.replace("dialog.remove()", "setTimeout(() => dialog.remove(), 150)")
    view = await show(bench, fading)
    be_patient(view, seconds=20)
    await view.press("go")
    assert await pressed(view) == ["stay", "go"]


async def test_a_box_under_it_is_typed_into_afterwards(bench: Bench) -> None:
    view = await show(bench)
    await view.fill(code="E0601")
    assert await pressed(view) == ["stay"]
    assert await view.browser_page.evaluate("code.value") == "E0601"


@pytest.mark.parametrize(
    "opened",
    [
        "kind.onclick = () => { list.hidden = false }; come()",
        "list.hidden = true; kind.onclick = () => { list.hidden = false }; come()",
    ],
)
async def test_a_list_that_closed_with_it_is_opened_once_more(bench: Bench, opened: str) -> None:
    """Once the dialog comes over the open list, whose closing it is when it is pressed away; once the list never opened."""
    view = await show(bench, LIST.replace("OPENED", opened))
    await view.fill(kind="therapy")
    assert await view.browser_page.evaluate("kind.textContent") == "Therapy"
    assert (await pressed(view)).count("stay") == 1


async def test_one_that_comes_while_the_button_is_down_is_pressed_away_and_the_press_done_again(bench: Bench) -> None:
    html = (
        LIST.replace("OPENED", "")
        + """<button id=go>Go</button>
    <script>go.onmousedown = () => { go.onmousedown = null; come(); }</script>"""
    )
    view = await show(bench, html)
    await view.press("go")
    assert [key for key in await pressed(view) if key] == ["stay", "go"]


async def test_another_dialog_is_left_alone(bench: Bench) -> None:
    view = await show(bench, text="Take our survey")
    with pytest.raises(PageChanged, match="something lies over it"):
        await view.press("go")
    assert await pressed(view) == []


async def test_one_that_does_not_go_away_stops_the_work(bench: Bench) -> None:
    view = await show(bench, PAGE.replace("dialog.remove()", ""))
    with pytest.raises(PageChanged, match="something lies over it"):
        await view.press("go")
    assert await pressed(view) == ["stay"]
