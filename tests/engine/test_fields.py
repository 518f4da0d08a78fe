"""Filling: every value is read back from the page at once, and a choice is the very one that was asked."""

from __future__ import annotations

from typing import Any

import pytest
from site_bench import Bench, find, value

from bots.errors import BotError, NotListed, PageChanged, PortalSlow, SeveralMatches
from bots.page import PageView

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

A = {"css": "#a"}
B = {"css": "#b"}


async def fill(bench: Bench, html: str, text: str, **how: Any) -> PageView:
    view = await bench.show(html, fields={"it": find(A, **how)})
    await view.fill(it=text)
    return view


async def refusal(bench: Bench, html: str, text: str, error: type[BotError] = PageChanged, /, **how: Any) -> str:
    view = await bench.show(html, fields={"it": find(A, **how)})
    with pytest.raises(error) as caught:
        await view.fill(it=text)
    assert text not in str(caught.value), "a value may be a person's"
    return str(caught.value)


MASK = """<script>a.addEventListener('input', () => { const d = a.value.replace(/\\D/g, '');
a.value = d.length < 10 ? d : `(${d.slice(0, 3)}) ${d.slice(3, 6)}-${d.slice(6, 10)}` })</script>"""


# --- text -------------------------------------------------------------------------------------------------------------


async def test_a_text_takes_the_place_of_what_was_there_and_the_page_hears_of_it(bench: Bench) -> None:
    html = "<input id=a value=old><textarea id=b></textarea><script>a.oninput = () => { b.value += a.value }</script>"
    view = await fill(bench, html, "Müller, 12 #x")
    assert (await value(view, "a"), await value(view, "b")) == ("Müller, 12 #x", "Müller, 12 #x")


async def test_an_empty_value_leaves_its_field_alone(bench: Bench) -> None:
    assert await value(await fill(bench, "<input id=a value=old>", ""), "a") == "old"


async def test_a_mask_may_add_its_marks(bench: Bench) -> None:
    assert await value(await fill(bench, "<input id=a>" + MASK, "860-555-0100"), "a") == "(860) 555-0100"


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<input id=a maxlength=3>", "12345"),
        ("<input id=a><script>a.addEventListener('input', () => { a.value = '' })</script>", "12345"),
        ("<input id=a><script>a.addEventListener('input', () => { a.value = a.value.replace('.', '') })</script>", "1.5"),
        ("<input id=a><script>a.addEventListener('input', () => { a.value = a.value.replace('é', '') })</script>", "José"),
        ("<input id=a type=password maxlength=8>", "a-longer-secret"),
        (
            "<input id=a type=password><script>a.oninput = () => { a.value = a.value.replace('!', '') }</script>",
            "secret!",
        ),
        ("<input id=a type=date>", "13/45/2026"),
    ],
    ids=["cut", "reset", "point lost", "letter lost", "secret cut", "secret changed", "no date"],
)
async def test_a_value_that_is_not_kept_stops(bench: Bench, html: str, text: str) -> None:
    kind = "secret" if "password" in html else "text"
    assert "does not keep what is typed" in await refusal(bench, html, text, kind=kind)


async def test_a_value_that_another_field_takes_away_stops(bench: Bench) -> None:
    html = "<input id=a><input id=b><script>b.addEventListener('input', () => { a.value = '' })</script>"
    view = await bench.show(html, fields={"it": find(A), "other": find(B)})
    with pytest.raises(PageChanged) as caught:
        await view.fill(it="one", other="two")
    assert (caught.value.details["key"], caught.value.details["what"]) == ("it", "does not keep what is typed")


async def test_a_value_in_an_element_that_was_replaced_is_not_believed(bench: Bench) -> None:
    """A partial postback puts a new, empty box in the place of the filled one."""
    html = "<p><input id=a></p><input id=b><script>b.oninput = () => { a.parentNode.innerHTML = '<input id=a>' }</script>"
    view = await bench.show(html, fields={"it": find(A), "other": find(B)})
    with pytest.raises(PageChanged, match="does not keep"):
        await view.fill(it="one", other="two")


@pytest.mark.parametrize("off", ["readonly", "disabled"])
async def test_what_cannot_be_filled_stops(bench: Bench, off: str) -> None:
    assert "cannot be filled" in await refusal(bench, f"<input id=a {off}>", "x")
    assert "cannot be filled" in await refusal(
        bench, f"<fieldset {'disabled' if off == 'disabled' else ''}><input id=a {off}>", "x"
    )


async def test_a_part_of_the_page_that_is_disabled_cannot_be_filled(bench: Bench) -> None:
    assert "cannot be filled" in await refusal(bench, "<fieldset disabled><input id=a></fieldset>", "x")


async def test_typed_goes_key_by_key(bench: Bench) -> None:
    html = "<input id=a value=old><script>let n = 0; a.onkeydown = (e) => { n += 1; document.title = n }</script>" + MASK
    view = await fill(bench, html, "8605550100", kind="typed")
    assert await value(view, "a") == "(860) 555-0100"
    assert await view.browser_page.title() == "11"
    assert "does not keep" in await refusal(bench, "<input id=a maxlength=3>", "12345", kind="typed")


async def test_a_field_that_posts_back_is_left_before_the_next_is_filled(bench: Bench) -> None:
    html = "<form><input id=a name=a onchange='this.form.submit()'><input id=b></form>"
    view = await bench.show(html, fields={"it": find(A, posts_back=True), "other": find(B)})
    await view.fill(other="two", it="one")
    assert bench.site.count("GET", "/") == 2
    assert await value(view, "b") == "two"


# --- choices ----------------------------------------------------------------------------------------------------------

WORDS = {"standard": "Standard", "urgent": "Urgent"}
SELECT = "<select id=a><option>Choose<option value=7>Standard<option value=8> Urgent </select>"


async def test_a_choice_is_made_by_the_portals_word(bench: Bench) -> None:
    view = await fill(bench, SELECT, "urgent", kind="select", words=WORDS)
    assert await value(view, "a") == "8"


async def test_a_value_that_the_file_has_no_word_for_is_not_guessed(bench: Bench) -> None:
    await refusal(bench, SELECT, "emergent", NotListed, kind="select", words=WORDS)


@pytest.mark.parametrize("options", ["<option>Standard", "<option>Urgent<option>Urgent", "<option>Urgent care"])
async def test_an_option_that_is_missing_or_there_twice_stops(bench: Bench, options: str) -> None:
    html = f"<select id=a>{options}</select>"
    assert "the choice is missing or there twice" in await refusal(bench, html, "urgent", kind="select", words=WORDS)


async def test_a_choice_that_the_page_takes_back_stops(bench: Bench) -> None:
    html = SELECT + "<script>a.onchange = () => { a.selectedIndex = 0 }</script>"
    assert "the choice was not kept" in await refusal(bench, html, "urgent", kind="select", words=WORDS)


RADIO = """<fieldset id=a><legend>Signed?</legend><label><input type=radio name=q id=y> Yes</label>
<input type=radio name=q id=n><label for=n>No</label></fieldset><label><input type=radio name=r>Yes</label>"""
YES_NO = {"yes": "Yes", "no": "No"}


@pytest.mark.parametrize(("said", "checked"), [("yes", "y"), ("no", "n")])
async def test_a_radio_button_is_chosen_by_its_label_inside_its_group(bench: Bench, said: str, checked: str) -> None:
    view = await fill(bench, RADIO, said, kind="radio", words=YES_NO)
    assert await view.browser_page.evaluate("Array.from(document.querySelectorAll(':checked'), (e) => e.id)") == [checked]


async def test_an_answer_that_the_group_does_not_offer_stops(bench: Bench) -> None:
    await refusal(bench, RADIO, "perhaps", NotListed, kind="radio", words=YES_NO)
    words = {"na": "Not applicable"}
    assert "missing or there twice" in await refusal(bench, RADIO, "na", kind="radio", words=words)


@pytest.mark.parametrize(
    ("before", "said", "after"), [("", "yes", 1), ("checked", "yes", 1), ("checked", "no", 0), ("", "no", 0)]
)
async def test_a_box_is_ticked_or_not_as_asked(bench: Bench, before: str, said: str, after: int) -> None:
    view = await fill(bench, f"<input type=checkbox id=a {before}>", said, kind="check")
    assert await view.browser_page.evaluate("document.querySelectorAll(':checked').length") == after


async def test_a_box_is_neither_ticked_nor_cleared_for_another_word(bench: Bench) -> None:
    await refusal(bench, "<input type=checkbox id=a checked>", "true", NotListed, kind="check")


# --- lists that the page makes itself ---------------------------------------------------------------------------------

PICK: dict[str, Any] = {"kind": "pick", "options": [{"role": "option"}], "none": [{"text": "No matches"}]}


def type_ahead(*entries: str, says_none: bool = True) -> str:
    none = "<p>No matches</p>" if says_none else ""
    return f"""<input id=a autocomplete=off><div id=list></div><script>
const all = {list(entries)!r};
a.addEventListener('keyup', () => {{ list.innerHTML = '';
  for (const text of all.filter((t) => t.startsWith(a.value))) {{
    const item = document.createElement('div'); item.setAttribute('role', 'option'); item.textContent = text;
    item.onclick = () => {{ a.value = text; list.innerHTML = '' }}; list.append(item);
  }}
  if (!list.innerHTML) list.innerHTML = `{none}`;
}})</script>"""


async def test_a_type_ahead_takes_the_one_entry_for_the_code(bench: Bench) -> None:
    view = await fill(bench, type_ahead("E06010 - Other", "E0601 - CPAP", "E0601.1 - Part"), "E0601", **PICK)
    assert await value(view, "a") == "E0601 - CPAP"


async def test_a_code_that_only_begins_another_is_not_listed(bench: Bench) -> None:
    await refusal(bench, type_ahead("E06010 - Other"), "E0601", NotListed, **PICK)


async def test_a_code_without_match_is_not_listed(bench: Bench) -> None:
    await refusal(bench, type_ahead("K0001 - Chair", says_none=True), "E0601", NotListed, **PICK)


async def test_a_list_that_says_nothing_at_all_has_not_answered(bench: Bench) -> None:
    await refusal(bench, type_ahead("K0001 - Chair", says_none=False), "E0601", PortalSlow, **PICK)


async def test_two_entries_for_a_code_are_no_choice(bench: Bench) -> None:
    await refusal(bench, type_ahead("E0601 - One", "E0601 - Two"), "E0601", SeveralMatches, **PICK)


async def test_an_entry_that_the_box_does_not_keep_stops(bench: Bench) -> None:
    html = type_ahead("E0601 - CPAP") + "<script>list.onclick = () => { a.value = 'E06010 - Other' }</script>"
    assert "the choice was not kept" in await refusal(bench, html, "E0601", **PICK)


COMBO = """<input id=a readonly><div id=list></div><script>
a.onclick = () => { list.innerHTML = '<div role=option>Urgent</div><div role=option>Urgent care</div>';
  for (const item of list.children) item.onclick = () => { a.value = KEPT(item.textContent); list.innerHTML = '' } }</script>"""


async def test_a_list_of_the_page_gives_exactly_the_word(bench: Bench) -> None:
    how = {"kind": "combo", "words": WORDS, "options": [{"role": "option"}]}
    view = await fill(bench, COMBO.replace("KEPT", ""), "urgent", **how)
    assert await value(view, "a") == "Urgent"
    assert "not found" in await refusal(bench, COMBO.replace("KEPT", ""), "standard", **how)
    assert "the choice was not kept" in await refusal(bench, COMBO.replace("KEPT", "((t) => t + ' care')"), "urgent", **how)


TREE = """<ul id=a role=tree><li role=treeitem aria-expanded=false><span onclick="
  const li = this.parentNode; const on = li.getAttribute('aria-expanded') === 'false';
  li.setAttribute('aria-expanded', on); li.querySelector('ul').hidden = !on">Supplies</span>
<ul hidden role=group><li role=treeitem><span onclick="b.textContent = this.textContent">DME</span></li></ul></li></ul>
<p id=b>none</p>"""
LEAF: dict[str, Any] = {"kind": "tree", "words": {"dme": "Supplies / DME", "x": "Supplies / Other"}, "shown": [B]}


async def test_a_leaf_is_reached_through_its_branches(bench: Bench) -> None:
    view = await fill(bench, TREE, "dme", **LEAF)
    assert await view.browser_page.inner_text("#b") == "DME"
    await view.fill(it="dme")  # a branch that is open stays open


async def test_a_leaf_that_is_not_there_or_not_taken_stops(bench: Bench) -> None:
    assert "missing or there twice" in await refusal(bench, TREE, "x", **LEAF)
    assert "the choice was not kept" in await refusal(bench, TREE.replace("b.textContent =", ""), "dme", **LEAF)


# --- questions and files ----------------------------------------------------------------------------------------------


async def test_only_questions_that_are_shown_are_answered_and_only_from_the_answers(bench: Bench) -> None:
    fields = {"q_one": find(A), "q_two": find(B), "other": find({"css": "#c"})}
    view = await bench.show("<input id=a><input id=b hidden><input id=c>", fields=fields)
    assert await view.answer({"one": "x", "two": "y", "three": "z"}) == {"q_one": "x"}
    assert [await value(view, name) for name in "abc"] == ["x", "", ""]


@pytest.mark.parametrize("answers", [{}, {"one": ""}, {"two": "x"}])
async def test_a_question_without_answer_stops_before_any_is_answered(bench: Bench, answers: dict[str, str]) -> None:
    view = await bench.show("<input id=a><input id=b>", fields={"q_two": find(B), "q_one": find(A)})
    with pytest.raises(BotError, match=r"answer_missing.*question=one"):
        await view.answer({"two": "x", **answers})
    assert [await value(view, name) for name in "ab"] == ["", ""]
