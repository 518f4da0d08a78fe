"""How elements are found: exactly one that a person could see, by the candidates of the file in their order."""

from __future__ import annotations

from typing import Any

import pytest
from site_bench import Bench, find, pressed, value

from bots.errors import PageChanged
from bots.eyes import Drift

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

A, B = {"css": "#a"}, {"css": "#b"}
SAVE = {"role": "button", "name": "Save"}


async def press(bench: Bench, html: str, *candidates: dict[str, str], **timeouts: float) -> tuple[list[str], list[Drift]]:
    action = find(*candidates, navigates=False)
    view = await bench.show(html, actions={"it": action}, timeouts=timeouts)
    await view.press("it")
    return await pressed(view), view.drift


async def refusal(bench: Bench, html: str, *candidates: dict[str, str]) -> str:
    """What is said about the part ``it``; nothing was clicked."""
    view = await bench.show(html, actions={"it": find(*candidates, navigates=False)})
    with pytest.raises(PageChanged) as caught:
        await view.press("it")
    assert await pressed(view) == []
    assert (caught.value.details["page"], caught.value.details["key"]) == ("start", "it")
    assert caught.value.details["version"] == "1"
    return caught.value.details["what"]


# --- exactly one, visible ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hidden", ["hidden", "style='display:none'", "style='visibility:hidden'", "style='opacity:0'"])
async def test_what_nobody_sees_does_not_count(bench: Bench, hidden: str) -> None:
    assert await press(bench, f"<button id=a {hidden}>Save</button><button id=b>Save</button>", SAVE) == (["b"], [])
    assert await refusal(bench, f"<button id=a {hidden}>Save</button>", SAVE) == "not found"


async def test_an_element_inside_a_hidden_part_does_not_count(bench: Bench) -> None:
    html = "<div style='display:none'><button id=a>Save</button></div><button id=b>Save</button>"
    assert await press(bench, html, SAVE) == (["b"], [])


async def test_two_where_one_was_meant_are_no_choice(bench: Bench) -> None:
    assert await refusal(bench, "<button id=a>Save</button><button id=b>Save</button>", SAVE) == "there more than once"


async def test_none_is_not_found(bench: Bench) -> None:
    assert await refusal(bench, "<button id=a>Save as</button>", SAVE) == "not found"


# --- candidates in order ----------------------------------------------------------------------------------------------


async def test_the_first_candidate_is_no_drift(bench: Bench) -> None:
    assert await press(bench, "<button id=a>Save</button>", SAVE, A) == (["a"], [])


async def test_a_later_candidate_is_used_and_recorded(bench: Bench) -> None:
    assert await press(bench, "<button id=a>Keep</button>", SAVE, B, A) == (["a"], [Drift(page="start", key="it", candidate=2)])


async def test_a_later_candidate_may_tell_look_alikes_apart(bench: Bench) -> None:
    html = "<button id=a>Save</button><button id=b>Save</button>"
    assert await press(bench, html, SAVE, B) == (["b"], [Drift(page="start", key="it", candidate=1)])


async def test_a_later_candidate_may_not_point_past_the_look_alikes(bench: Bench) -> None:
    html = "<button id=x>Save</button><button id=y>Save</button><button id=b>Delete</button>"
    assert await refusal(bench, html, SAVE, B) == "there more than once"


async def test_a_late_element_is_waited_for(bench: Bench) -> None:
    html = "<script>setTimeout(() => document.body.insertAdjacentHTML('beforeend', '<button id=a>Save</button>'), 50)</script>"
    assert await press(bench, html, SAVE, element=20) == (["a"], [])


@pytest.mark.parametrize("broken", [{"css": "[id$="}, {"css": "a:nosuchthing"}])
async def test_a_candidate_that_is_no_css_is_told_as_that(bench: Bench, broken: dict[str, str]) -> None:
    assert "CSS" in await refusal(bench, "<button id=a>Save</button>", broken)


async def test_a_page_is_not_searched_for_ever_with_a_candidate_that_is_no_css(bench: Bench) -> None:
    view = await bench.view(more={"next": {"path": "/", "is_here": [{"css": "[id$="}]}})
    bench.site.pages["/"] = "<h1>Start</h1>"
    with pytest.raises(PageChanged, match="CSS"):
        await view.goto("next")


# --- ways to look -----------------------------------------------------------------------------------------------------

NAMED = {
    "text of a button": ("<button id=a>  Log\n On </button><button>Log Off</button>", {"role": "button", "name": "Log On"}),
    "value of a button": ("<input type=submit id=a value='Log On'>", {"role": "button", "name": "Log On"}),
    "a submit without value": ("<input type=submit id=a>", {"role": "button", "name": "Submit"}),
    "alt of a picture button": ("<input type=image id=a alt='Go'>", {"role": "button", "name": "Go"}),
    "aria-label": ("<button id=a aria-label='Close'>X</button>", {"role": "button", "name": "Close"}),
    "aria-labelledby": (
        "<i id=x>Close</i> <i id=y>window</i><button id=a aria-labelledby='x y'>X</button>",
        {"role": "button", "name": "Close window"},
    ),
    "aria-labelledby before aria-label": (
        "<i id=x>One</i><button id=a aria-labelledby=x aria-label=Two>X</button>",
        {"role": "button", "name": "One"},
    ),
    "own role": ("<div id=a role=button>Go</div>", {"role": "button", "name": "Go"}),
    "own role takes the native one away": (
        "<button id=b role=tab>Go</button><button id=a>Go</button>",
        {"role": "button", "name": "Go"},
    ),
    "link": ("<a id=b>Help</a><a id=a href='#x'>Help</a>", {"role": "link", "name": "Help"}),
    "heading": ("<h3 id=a>Review</h3>", {"role": "heading", "name": "Review"}),
    "title": ("<button id=a title='Next page'></button>", {"role": "button", "name": "Next page"}),
    "pattern of a name": ("<button id=a>Submit (3)</button>", {"role": "button", "pattern": r"^Submit \(\d\)$"}),
    "fieldset by its legend": ("<fieldset id=a><legend>Urgency</legend></fieldset>", {"role": "group", "name": "Urgency"}),
    "image by its alt": ("<img id=a alt=Logo width=9 height=9>", {"role": "img", "name": "Logo"}),
    "exact text": ("<p id=b>Not here.</p><p id=a>Here.</p>", {"text": "Here."}),
    "text over white space": ("<p id=a>No  rows\n found</p>", {"text": "No rows found"}),
    "deepest text": ("<div id=b><p id=c><span id=a>Here.</span></p></div>", {"text": "Here."}),
    "text over several elements": ("<p id=a>Case <b>12</b> is <i>open</i></p>", {"text": "Case 12 is open"}),
    "pattern of a text": ("<div><p id=a>Case 12 is open</p></div>", {"pattern": r"^Case \d+"}),
    "test id": ("<p id=a data-testid='x\"y'>Here</p>", {"test_id": 'x"y'}),
    "css": ("<p class=k>1</p><p id=a class='k on'>2</p>", {"css": ".k.on"}),
    "css and pattern": ("<p class=k>One</p><p id=a class=k>Two</p>", {"css": ".k", "pattern": "^T"}),
    "beside in a table": ("<table><tr><th>Status<td id=a>Open<tr><th>Reason<td>None</table>", {"beside": "Status"}),
    "beside with a colon": ("<dl><dt>Status:</dt><dd id=a>Open</dd></dl>", {"beside": "Status"}),
    "beside a label": ("<span>Status</span> <b id=a>Open</b>", {"beside": "Status"}),
}


@pytest.mark.parametrize("way", NAMED)
async def test_every_way_to_look_finds_the_one_element(bench: Bench, way: str) -> None:
    html, candidate = NAMED[way]
    assert await press(bench, html, candidate) == (["a"], [])


FIELDS = {
    "label for": ("<label for=a>User Name:</label><input id=a>", {"label": "User Name:"}),
    "wrapped label": ("<label>User <input id=a></label>", {"label": "User"}),
    "wrapped label with a star": (
        "<label>Member ID <span style='color:red'>*</span> <input id=a></label>",
        {"label": "Member ID *"},
    ),
    "wrapped label without the words of its select": (
        "<label>Kind <select id=a><option>new<option>old</select></label>",
        {"label": "Kind"},
    ),
    "hidden words of a label do not count": ("<label>User <i hidden>(help)</i><input id=a></label>", {"label": "User"}),
    "aria-label": ("<input id=a aria-label='Units'>", {"label": "Units"}),
    "aria-labelledby": ("<b id=n>Units</b><input id=a aria-labelledby=n>", {"label": "Units"}),
    "role and label": ("<label for=a>Notes</label><textarea id=a></textarea>", {"role": "textbox", "name": "Notes"}),
    "placeholder": ("<input id=a placeholder='Search'>", {"role": "textbox", "name": "Search"}),
    "inside the cell beside": ("<table><tr><td>Units<td><i>!</i><input id=a><input type=hidden></table>", {"beside": "Units"}),
    "right beside": ("<b>Units</b><input id=a>", {"beside": "Units"}),
    "the cell of a row": (
        "<table><tr><th><th>Code<th>Units<tr><td>1<td><input><td><input><tr><td>2<td><input id=d><td><input id=a></table>",
        {"row": "2", "column": "Units"},
    ),
}


@pytest.mark.parametrize("way", FIELDS)
async def test_every_way_to_look_finds_the_one_field(bench: Bench, way: str) -> None:
    html, candidate = FIELDS[way]
    kind = {"kind": "select", "words": {"x": "old"}} if "select" in html else {}
    view = await bench.show(html + "<input id=z>", fields={"it": find(candidate, **kind)})
    await view.fill(it="x")
    assert await value(view, "a") == ("old" if kind else "x")
    assert await value(view, "z") == ""
    assert view.drift == []


# --- pressing ---------------------------------------------------------------------------------------------------------


async def test_what_is_covered_is_not_pressed(bench: Bench) -> None:
    html = "<button id=a>Save</button><div style='position:fixed;inset:0;background:#0003'>Please wait</div>"
    assert await refusal(bench, html, SAVE) == "something lies over it"


async def test_what_is_covered_for_a_moment_is_pressed_afterwards(bench: Bench) -> None:
    veil = "<div id=w style='position:fixed;inset:0'></div><script>setTimeout(() => w.remove(), 50)</script>"
    html = "<button id=a>Save</button>" + veil
    assert await press(bench, html, SAVE, element=20) == (["a"], [])


@pytest.mark.parametrize("off", [f"<button id=a {x}>Save</button>" for x in ("disabled", "aria-disabled=true")])
async def test_what_is_disabled_is_waited_for_and_then_told(bench: Bench, off: str) -> None:
    assert await refusal(bench, off, SAVE) == "is not enabled"
    on = "<script>setTimeout(() => { a.disabled = false; a.removeAttribute('aria-disabled') }, 50)</script>"
    assert await press(bench, off + on, SAVE, element=20) == (["a"], [])


async def test_a_button_in_a_disabled_part_is_disabled(bench: Bench) -> None:
    assert await refusal(bench, "<fieldset disabled><button id=a>Save</button></fieldset>", SAVE) == "is not enabled"


async def test_what_is_below_the_fold_is_scrolled_to(bench: Bench) -> None:
    assert await press(bench, "<div style='height:5000px'></div><button id=a>Save</button>", SAVE) == (["a"], [])


async def test_what_is_shown_or_enabled_can_be_asked(bench: Bench) -> None:
    view = await bench.show(
        "<button disabled>Save</button><p>Gone</p><p hidden>Soon</p>",
        actions={"save": find(SAVE)},
        outcomes={"gone": {"see": [{"text": "Gone"}]}, "soon": {"see": [{"text": "Soon"}]}},
    )
    assert view.here == "start", "what is told on arrival at a page is told by that page"
    assert (await view.offers("save"), await view.sees("gone"), await view.sees("soon")) == (False, True, False)
    assert await view.leave("start", "save") is False


# --- reading ----------------------------------------------------------------------------------------------------------


async def read(bench: Bench, html: str, **how: Any) -> str:
    view = await bench.show(html, reads={"it": find(A, **how)})
    return await view.read("it")


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p id=a> Case\u00a0 12\n open </p>", "Case 12 open"),
        ("<input id=a value=5>", "5"),
        ("<table><tr><td id=a><input value='5'></table>", "5"),
        ("<table><tr><td id=a>7<input value='5'></table>", "7"),
        ("<select id=a><option value=1>One<option value=2 selected>Two</select>", "Two"),
        ("<p id=a>shown<span hidden> not shown</span></p>", "shown"),
        ("<p id=a></p><p>x</p>", ""),
    ],
)
async def test_what_a_person_would_read_is_read(bench: Bench, html: str, text: str) -> None:
    assert await read(bench, html) == text


async def test_only_an_optional_value_may_be_missing(bench: Bench) -> None:
    assert await read(bench, "<p>x</p>", optional=True) == ""
    with pytest.raises(PageChanged, match="not found"):
        await read(bench, "<p>x</p>")
    with pytest.raises(PageChanged, match="more than once"):
        await read(bench, "<p id=a>1</p><p id=a>2</p>", optional=True)
