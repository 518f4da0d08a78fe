"""Pages that are still coming, or move while they are used: only what was meant is pressed, and nothing is typed too early."""

from __future__ import annotations

from pathlib import Path

import pytest
from site_bench import Bench, find

from bots.errors import PageChanged
from bots.eyes import Eyes
from bots.page import PageView

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

SAVE = {"role": "button", "name": "Save"}
TWO = "<div id=gap></div><button id=b style='display:block'>Delete</button><button id=a style='display:block'>Save</button>"
GOT = "<script>window.got = []; document.addEventListener('click', (event) => got.push(event.target.id));</script>"
"""What the page itself hears of."""


async def test_a_page_that_moves_under_the_pointer_is_not_pressed_elsewhere(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look and the press the page grows by just one button's height: the other button comes to stand there."""
    view = await bench.show(GOT + TWO, actions={"it": find(SAVE, navigates=False)})

    async def moves(self: Eyes, spot: object) -> None:
        await self.page.evaluate("gap.style.height = a.offsetHeight + 'px'")

    monkeypatch.setattr(Eyes, "frame_at", moves)
    await view.press("it")
    await view.browser_page.wait_for_function("got.length")
    assert await view.browser_page.evaluate("got") == ["a"]


async def test_what_is_gone_when_the_press_comes_is_not_pressed(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    view = await bench.show(GOT + TWO, actions={"it": find(SAVE, navigates=False)}, timeouts={"element": 0.2})

    async def goes(self: Eyes, spot: object) -> None:
        await self.page.evaluate("gap.style.height = a.offsetHeight + 'px'; a.disabled = true")

    monkeypatch.setattr(Eyes, "frame_at", goes)
    with pytest.raises(PageChanged, match="is not enabled"):
        await view.press("it")
    assert await view.browser_page.evaluate("got") == []


async def test_what_is_drawn_anew_when_the_press_comes_is_pressed_then(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The element goes under the pointer and its successor comes: the press went nowhere, and is done once more."""
    view = await bench.show(GOT + TWO, actions={"it": find(SAVE, navigates=False)})
    times = []

    async def anew(self: Eyes, spot: object) -> None:
        times.append(1)
        if len(times) == 1:
            await self.page.evaluate("a.outerHTML = '<p>...</p><button id=c style=display:block>Save</button>'")

    monkeypatch.setattr(Eyes, "frame_at", anew)
    await view.press("it")
    await view.browser_page.wait_for_function("got.length")
    assert await view.browser_page.evaluate("got") == ["c"]
    assert len(times) == 2


async def test_a_list_that_chooses_when_the_button_goes_down_is_pressed_once(bench: Bench) -> None:
    page = """<p id=under style="height: 40px"></p><button id=a style="position: absolute; top: 0; left: 0">Save</button>
    <script>window.got = []; a.onmousedown = () => { got.push('down'); a.style.display = 'none'; };</script>"""
    view = await bench.show(page, actions={"it": find(SAVE, navigates=False)}, timeouts={"element": 0.2})
    await view.press("it")
    assert await view.browser_page.evaluate("got") == ["down"]


async def test_a_page_is_there_when_its_scripts_have_run(bench: Bench) -> None:
    """Seen at once, but its own script, which clears the field, comes late."""
    release = bench.site.release

    async def late() -> str:
        await release.wait()
        return ""

    bench.site.pages["/late.js"] = late
    bench.site.pages["/"] = "<h1>Form</h1><label>Name <input id=n></label><script src='/late.js'></script>"
    view: PageView = await bench.view(fields={"name": find({"label": "Name"})})
    view.browser_page.on("request", lambda request: release.set() if request.url.endswith("/late.js") else None)
    await view.goto("start")
    assert release.is_set()
    await view.fill(name="Ann")


async def test_a_file_field_that_comes_late_is_waited_for(bench: Bench, tmp_path: Path) -> None:
    comes = "x.innerHTML = '<label>File <input type=file id=f></label>'"
    late = f"<div id=x></div><script>setTimeout(() => {{ {comes}; }}, 60)</script>"
    view = await bench.show(late, fields={"file": find({"label": "File"})}, timeouts={"element": 5})
    document = tmp_path / "note.txt"
    document.write_text("synthetic", encoding="utf-8")
    await view.attach("file", [document])
    assert await view.browser_page.evaluate("f.files[0].name") == "note.txt"


# --- tables and cells -------------------------------------------------------------------------------------------------

LINES = "<table {more}><tr><th>Line<th>Code<th>Units<tr><td>1<td>A1<td>2</table>"


async def test_a_table_is_known_by_its_columns(bench: Bench) -> None:
    tables = {"t": {"find": [{"css": "#old"}], "columns": {"units": "Units", "code": "Code"}}}
    view = await bench.show("<table><tr><td>Code<td>x</table>" + LINES.format(more="id=new"), tables=tables)
    assert [row.cells for row in await view.table("t")] == [{"units": "2", "code": "A1"}]
    assert [drift.key for drift in view.drift] == ["t"]


async def test_two_tables_with_the_same_columns_are_no_choice(bench: Bench) -> None:
    tables = {"t": {"find": [{"css": "#old"}], "columns": {"units": "Units", "code": "Code"}}}
    view = await bench.show(LINES.format(more="") * 2, tables=tables)
    with pytest.raises(Exception, match="page_changed"):
        await view.table("t")


async def test_a_cell_is_found_by_its_row_and_its_column_wherever_they_stand(bench: Bench) -> None:
    answers = "<table><tr><th>Answer<th>Question<tr><td>Yes<td>Is it signed?<tr><td>No<td>Is it new?</table>"
    view = await bench.show(
        answers, reads={"signed": find({"row": "Is it signed?", "column": "Answer"})}, timeouts={"element": 3}
    )
    assert await view.read("signed") == "Yes"


@pytest.mark.parametrize(("place", "told"), [("2/3", "x"), ("2/4", "not found")])
async def test_boxes_without_labels_are_told_apart_by_their_place(bench: Bench, place: str, told: str) -> None:
    """And only while there are as many as the file says."""
    html = "<table><tr><td>Codes</td><td><input id=p><input id=q><input id=r></td></tr></table>"
    view = await bench.show(html, fields={"second": find({"beside": "Codes", "place": place})})
    if told == "not found":
        with pytest.raises(Exception, match="not found"):
            await view.fill(second="x")
    else:
        await view.fill(second="x")
        assert await view.browser_page.evaluate("[p.value, q.value, r.value]") == ["", "x", ""]


async def test_a_later_mark_that_another_part_is_known_by_is_not_used(bench: Bench) -> None:
    """The label of one field is gone, and its id went to the other one."""
    html = "<label>Name of patient <input id=x></label><label>Born <input id=name></label>"
    fields = {"name": find({"label": "Name"}, {"css": "#name"}), "born": find({"label": "Born"}, {"css": "#born"})}
    view = await bench.show(html, fields=fields)
    with pytest.raises(Exception, match="belongs to another part"):
        await view.fill(name="Ann")
    assert await view.browser_page.evaluate("[...document.querySelectorAll('input')].map((box) => box.value)") == ["", ""]
