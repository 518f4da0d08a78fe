"""What stood on a page before a press is no answer to it; what is known to be told falsely is asked once more."""

from __future__ import annotations

import pytest
from site_bench import Bench, find, pressed

from bots.errors import KnownRejection, PageChanged
from bots.page import PageView

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

STALE = """<p id=error hidden>Wrong code.</p><button id=go onclick="{}">Go</button><div id=root></div>"""
LATER = "setTimeout(() => { root.innerHTML = '<h1>Next</h1>' }, 250)"


async def show(bench: Bench, script: str, **more: float) -> PageView:
    """A page on which an error stands from before."""
    outcomes = {"wrong": {"see": [{"text": "Wrong code."}], "error": "known_rejection", "in_place": True}}
    actions = {"go": find({"css": "#go"}, navigates=False, leads_to=["wrong", "next"])}
    next_page = {"next": {"is_here": [{"role": "heading", "name": "Next"}]}}
    view = await bench.show(STALE.format(script), actions=actions, outcomes=outcomes, more=next_page, timeouts=more)
    await view.browser_page.evaluate("error.hidden = false")
    return view


async def test_an_error_that_was_left_standing_is_passed_over(bench: Bench) -> None:
    view = await show(bench, LATER)
    assert await view.press("go") == "next"


@pytest.mark.parametrize(
    "told",
    [
        "setTimeout(() => { error.textContent = 'Wrong code.' }, 100)",
        "error.hidden = true; setTimeout(() => { error.hidden = false }, 100)",
        "const old = error; old.remove(); setTimeout(() => document.body.append(old), 100)",
    ],
    ids=["written anew", "hidden and shown", "taken out and put back"],
)
async def test_the_same_error_told_anew_counts(bench: Bench, told: str) -> None:
    view = await show(bench, told)
    with pytest.raises(KnownRejection):
        await view.press("go")


async def test_an_error_that_stays_alone_until_time_is_up_is_the_answer(bench: Bench) -> None:
    view = await show(bench, "", page=0.5)
    with pytest.raises(KnownRejection):
        await view.press("go")


async def asking(bench: Bench, found_at: int) -> PageView:
    """A search whose answer covers its button until it is closed; somebody is found from the given time on."""
    html = f"""<button id=search
    onclick="times += 1; times >= {found_at} ? found.hidden = false : none.hidden = false">Search</button>
    <div id=none hidden style="position: fixed; inset: 0; background: white">No results<button id=close
    onclick="none.hidden = true">Close</button></div><h1 id=found hidden>Found</h1><script>var times = 0;</script>"""
    actions = {
        "search": find({"css": "#search"}, navigates=False, leads_to=["nobody", "found"], asks_again={"nobody": "close"}),
        "close": find({"css": "#close"}, navigates=False),
    }
    outcomes = {"nobody": {"see": [{"css": "#none"}], "in_place": True}}
    found = {"found": {"is_here": [{"role": "heading", "name": "Found"}]}}
    return await bench.show(html, actions=actions, outcomes=outcomes, more=found)


@pytest.mark.parametrize(
    ("found_at", "seen", "clicks"),
    [
        (1, "found", ["search"]),
        (2, "found", ["search", "close", "search"]),
        (3, "nobody", ["search", "close", "search"]),
    ],
)
async def test_what_may_be_false_is_asked_once_more_and_then_believed(
    bench: Bench, found_at: int, seen: str, clicks: list[str]
) -> None:
    view = await asking(bench, found_at)
    assert await view.press("search") == seen
    assert await pressed(view) == clicks


LISTENING = """<input id=code type=password><script>
let model = '', keys = 0;
code.addEventListener('keydown', () => { keys += 1; });
code.addEventListener('input', (event) => {
  if (keys && (event.data === null || event.data.length === 1)) model = code.value; else code.value = model;
  keys = 0;
});
</script>"""


async def test_a_secret_is_typed_key_by_key_into_a_box_that_keeps_nothing_else(bench: Bench) -> None:
    view = await bench.show(LISTENING, fields={"code": find({"css": "#code"}, kind="secret", by_keys=True)})
    await view.fill(code="Synthetic$1 two  words")
    assert await view.browser_page.evaluate("model") == "Synthetic$1 two  words"
    view = await bench.show(LISTENING, fields={"code": find({"css": "#code"}, kind="secret")})
    with pytest.raises(PageChanged, match="does not keep what is typed"):
        await view.fill(code="Synthetic$1")
