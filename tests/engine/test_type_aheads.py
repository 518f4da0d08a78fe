"""Type-aheads that fill themselves or show too much, lists that a page draws itself, texts too long, waits for an end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from site_bench import Bench, find, value

from bots.errors import (
    BotError,
    DocumentRefused,
    ListCutOff,
    NotListed,
    PageChanged,
    PortalDown,
    PortalSlow,
    SeveralMatches,
    TooLong,
)
from bots.page import PageView

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

OPTIONS = [{"role": "option"}]
PICK = find(
    {"css": "#box"},
    kind="pick",
    options=OPTIONS,
    none=[{"text": "No results"}],
    full=[{"pattern": "first 50"}],
    fills_itself=True,
)


def typeahead(answer: str) -> str:
    """A box that asks 50 ms after the last key; ``answer`` is what the page then does."""
    return f"""<input id=box><ul id=list></ul><script>
    let timer; const offer = (...texts) => {{ list.innerHTML = texts.map((t) => `<li role=option>${{t}}</li>`).join(''); }};
    list.onclick = (e) => {{ box.value = e.target.textContent; list.innerHTML = ''; }};
    box.oninput = () => {{ clearTimeout(timer); timer = setTimeout(() => {{ {answer} }}, 50); }};</script>"""


async def test_a_single_hit_that_fills_itself_is_taken(bench: Bench) -> None:
    view = await bench.show(typeahead("box.value += ' - Sample'"), fields={"code": PICK})
    await view.fill(code="E11.9")
    assert await value(view, "box") == "E11.9 - Sample"


async def test_a_box_that_fills_itself_before_the_last_key_is_typed_into_anew(bench: Bench) -> None:
    """On a slow machine it asks too early, is given a single hit, and the last key then falls into that."""
    early = "box.addEventListener('input', () => { box.value = 'E11.9 - Sample'; }, { once: true });"
    page = typeahead("if (box.value === 'E11.9') box.value += ' - Sample'").replace("let timer;", f"{early} let timer;")
    view = await bench.show(page, fields={"code": PICK})
    await view.fill(code="E11.9")
    assert await value(view, "box") == "E11.9 - Sample"


async def test_of_several_the_one_that_begins_with_the_value_is_chosen(bench: Bench) -> None:
    view = await bench.show(typeahead("offer('E11.9 - Sample', 'E11.91 - Other', 'E11.65 - Third')"), fields={"code": PICK})
    await view.fill(code="E11.9")
    assert await value(view, "box") == "E11.9 - Sample"


async def test_an_entry_that_is_the_value_goes_before_those_that_only_begin_with_it(bench: Bench) -> None:
    view = await bench.show(typeahead("offer('Sampletab XR', 'Sampletab', 'Sampletab CR')"), fields={"code": PICK})
    await view.fill(code="Sampletab")
    assert await value(view, "box") == "Sampletab"


async def test_of_several_that_begin_with_the_value_none_is_chosen(bench: Bench) -> None:
    view = await bench.show(typeahead("offer('Sampletab XR', 'Sampletab CR')"), fields={"code": PICK})
    with pytest.raises(SeveralMatches):
        await view.fill(code="Sampletab")
    assert await value(view, "box") == "Sampletab"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ("list.innerHTML = '<li>No results</li>'", NotListed),
        ("offer(...Array(50).fill('E1 - Sample')); list.innerHTML += '<li>Only the first 50 are shown.</li>'", ListCutOff),
    ],
    ids=["nothing", "fifty"],
)
async def test_what_is_not_offered_is_told_and_not_chosen(bench: Bench, answer: str, error: type[BotError]) -> None:
    view = await bench.show(typeahead(answer), fields={"code": PICK})
    with pytest.raises(error) as caught:
        await view.fill(code="E11.9")
    assert caught.value.details["what"] == "code"


async def test_another_entry_that_fills_itself_is_no_answer(bench: Bench) -> None:
    view = await bench.show(typeahead("box.value = 'E11.91 - Another'"), fields={"code": PICK})
    with pytest.raises(PortalSlow):
        await view.fill(code="E11.9")


async def test_our_entry_is_taken_even_from_a_list_that_is_cut_off(bench: Bench) -> None:
    answer = "offer('E11.9 - Sample', ...Array(49).fill('E11.90 - x')); list.innerHTML += '<li>Only the first 50 are shown.</li>'"
    view = await bench.show(typeahead(answer), fields={"code": PICK})
    await view.fill(code="E11.9")
    assert await value(view, "box") == "E11.9 - Sample"


DRAWN = """<label for=real>Place *</label><div onclick="menu.hidden = false"><a id=shown>Select</a></div>
<select id=real hidden><option>x</select>
<ul id=menu hidden onclick="shown.textContent = event.target.textContent; menu.hidden = true">
<li role=option>12 - Home</li><li role=option>11 - Office</li></ul>"""


async def test_a_list_without_any_box_is_pressed_where_it_stands(bench: Bench) -> None:
    field: dict[str, Any] = find({"beside": "Place *"}, kind="combo", options=OPTIONS, words={"12": "12 - Home"})
    view = await bench.show(DRAWN, fields={"place": field})
    await view.fill(place="12")
    assert await view.browser_page.inner_text("a") == "12 - Home"


async def test_a_text_that_is_too_long_is_told_before_it_is_typed(bench: Bench) -> None:
    view = await bench.show("<input id=box maxlength=5>", fields={"note": find({"css": "#box"}, longest=5)})
    await view.fill(note="12345")
    with pytest.raises(TooLong) as caught:
        await view.fill(note="123456")
    assert (caught.value.details["what"], caught.value.details["longest"]) == ("note", "5")
    assert await value(view, "box") == "12345"


REFUSED = {"see": [{"text": "Encrypted files require a password"}], "error": "document_refused", "reason": "a password"}


def uploading(end: str) -> str:
    return f"""<input type=file id=file hidden><b id=listed></b><p id=state></p><script>file.onchange = () => setTimeout(() => {{
    listed.textContent = file.files[0].name; state.textContent = 'Pending';
    setTimeout(() => {{ state.textContent = '{end}' }}, 200); }}, 100);</script>"""


async def attach(bench: Bench, path: Path, end: str, **timeouts: float) -> PageView:
    path.write_bytes(b"%PDF-1.4")
    field = find({"css": "#file"}, busy=[{"text": "Pending"}], tells=["password"])
    view = await bench.show(uploading(end), fields={"document": field}, outcomes={"password": REFUSED}, timeouts=timeouts)
    await view.attach("document", [path])
    return view


async def test_selected_is_not_accepted_the_portals_look_at_a_file_is_waited_for(bench: Bench, tmp_path: Path) -> None:
    view = await attach(bench, tmp_path / "notes.pdf", "Accepted")
    assert await view.browser_page.inner_text("#state") == "Accepted"


async def test_what_the_portal_then_says_of_a_file_is_told(bench: Bench, tmp_path: Path) -> None:
    with pytest.raises(DocumentRefused, match="a password"):
        await attach(bench, tmp_path / "notes.pdf", "Encrypted files require a password")


async def test_a_look_at_a_file_that_does_not_end_is_slow(bench: Bench, tmp_path: Path) -> None:
    with pytest.raises(PortalSlow):
        await attach(bench, tmp_path / "notes.pdf", "Pending", page=0.5)


async def test_passing_trouble_is_no_announced_outage(bench: Bench) -> None:
    from jobs.retries import is_announced, is_passing

    said = {"see": [{"text": "Network Error."}], "error": "portal_down", "reason": "a network error"}
    view = await bench.show("<p id=box></p>", outcomes={"now": {**said, "passing": True}, "told": said})
    await view.browser_page.evaluate("box.textContent = 'Network Error.'")
    with pytest.raises(PortalDown) as passing:
        await view.arrive("now")
    with pytest.raises(PortalDown) as told:
        await view.arrive("told")
    assert is_passing(passing.value)
    assert is_announced(told.value)
    assert "a network error" in passing.value.sentence


async def test_what_the_page_itself_tells_of_is_the_reason_why_something_is_wanting_on_it(bench: Bench) -> None:
    down = {"down": {"see": [{"text": "An error has occurred."}], "error": "portal_down", "passing": True, "reason": "an error"}}
    page = "<p id=note></p>" + typeahead("note.textContent = 'An error has occurred.'")
    view = await bench.show(page, fields={"code": PICK}, interruptions=down, timeouts={"lookup": 0.3})
    with pytest.raises(PortalSlow) as slow:
        await view.fill(code="E11.9")
    assert isinstance(await view.told_instead(slow.value), PortalDown)


async def test_a_page_that_tells_of_nothing_leaves_the_failure_as_it_was(bench: Bench) -> None:
    view = await bench.show(typeahead(""), fields={"code": PICK}, timeouts={"lookup": 0.3})
    with pytest.raises(PortalSlow) as slow:
        await view.fill(code="E11.9")
    assert await view.told_instead(slow.value) is slow.value


@pytest.mark.parametrize(
    ("press", "told"),
    [
        ("", PortalSlow),
        ("document.body.innerHTML = '<h1>Something new</h1>'", PageChanged),
        ("location.href = '/new'", PageChanged),
    ],
)
async def test_a_page_that_still_stands_there_has_not_answered_and_is_not_changed(
    bench: Bench, press: str, told: type[BotError]
) -> None:
    page = f'<button id=go onclick="{press}">Go</button>'
    go = find({"css": "#go"}, leads_to=["next"], navigates=False)
    bench.site.pages["/new"] = "<h1>Something new</h1><button id=go>Go</button>"
    parts = {"is_here": [{"css": "#go"}], "actions": {"go": go}}
    view = await bench.show(page, more={"next": {"is_here": [{"css": "#next"}]}}, timeouts={"page": 0.4}, **parts)
    with pytest.raises(PageChanged) as changed:
        await view.press("go")
    assert type(await view.told_instead(changed.value)) is told
