"""Every page that a portal's work comes by, captured as ``priorbot portal capture`` does: its health information replaced."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from kit import Gate, Kit, Profile
from marks import ask, mark

from bots.ability import Ability
from bots.browser import Page
from bots.errors import BotError
from bots.page import PageView
from bots.pagemap import PageMap, PortalMap
from bots.portal import Portal
from bots.redact import synthetic
from fixtures.clock import today


def profile_of(slug: str) -> Profile:
    found: Profile = import_module(f"profiles.{slug}").PROFILE
    return found


@dataclass
class Captured:
    """A page as captured, its true elements marked; ``values``: what is filled in; ``reads`` and ``rows``: what it says."""

    name: str
    html: str
    parts: list[str]
    values: dict[str, str] = field(default_factory=dict)
    kept: dict[str, str] = field(default_factory=dict)
    reads: dict[str, str] = field(default_factory=dict)
    rows: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    places: dict[str, list[int]] = field(default_factory=dict)

    def of(self, room: str) -> list[str]:
        return [part.partition(".")[2] for part in self.parts if part.startswith(room + ".")]


async def capture(kit: Kit, slug: str, bare: dict[str, str] | None = None) -> dict[str, str]:
    """Page name -> HTML, of all pages that a submission and all reading come by. ``bare`` takes them as they were shown."""
    found: dict[str, str] = {}
    profile = profile_of(slug)

    async def arrived(view: PageView) -> None:
        shown = await view.html()
        html = synthetic(shown, view.map)
        if bare is not None:
            bare[view.here] = shown
        if len(html) > len(found.get(view.here, "")):
            found[view.here] = html

    async with kit.portal(slug) as portal:
        portal.session.watch(arrived)
        await _work(kit, portal, profile)
        portal.session.watch(None)
    return found


async def _work(kit: Kit, portal: Portal, profile: Profile) -> None:
    does, request = portal.does, profile.request(kit, 41)
    if Ability.SUBMIT in does:
        result = await portal.submit(request, Gate())
        assert result.receipt is not None
        await portal.read_case(result.receipt.reference_no, request.member)
    if Ability.FIND in does:
        await portal.find_existing(request)
    if Ability.LIST in does:
        await portal.list_cases(today())
    if Ability.UNITS in does:
        await portal.read_units(())
    if Ability.ELIGIBILITY in does:
        await portal.ask_eligibility(request)


async def prepare(page: Page, portal_map: PortalMap, name: str, html: str) -> Captured:
    """Marks the page and notes what it says now, which is what it must still say when it looks otherwise.

    Of an application in a frame its own document is taken: what stands in a frame is not part of a document that is written down.
    """
    page_map = portal_map.pages[name]
    await page.set_content(html)
    inside = await page.evaluate("() => document.querySelector('iframe[srcdoc]')?.getAttribute('srcdoc') ?? ''")
    if inside:
        await page.set_content(inside)
    parts = await mark(page, portal_map, name)
    asleep = set(await ask(page, "asleep"))
    parts = [part for part in parts if part not in asleep]
    captured = Captured(name=name, html=await page.content(), parts=parts)
    await page.set_content(captured.html)
    _choose_values(captured, page_map, await ask(page, "choices"))
    view = PageView(page, portal_map, "http://captured.localhost", {})
    view._eyes.here = name
    for room in ("reads", "read_back"):
        keys = captured.of(room)
        captured.reads |= {f"{room}.{key}": await raw(view, room, key) for key in keys}
    for key in captured.of("tables"):
        await _note_table(view, captured, key)
    return captured


async def raw(view: PageView, room: str, key: str) -> str:
    """A value as the page shows it; replaced numbers need not fit the file's patterns."""
    return await view._hands._value(key, getattr(view._page(), room)[key].find)


async def _note_table(view: PageView, captured: Captured, key: str) -> None:
    try:
        rows = await view.table(key)
    except BotError:
        captured.parts.remove(f"tables.{key}")
        return
    captured.rows[key] = [row.cells for row in rows]
    captured.places[key] = [row.index for row in rows]


def _choose_values(captured: Captured, page_map: PageMap, choices: dict[str, Any]) -> None:
    """A value of its own for each field, so that a wrong one shows; ``kept`` is how the page holds it."""
    for number, key in enumerate(captured.of("fields"), 11):
        field_map, choice = page_map.fields[key], choices.get(key)
        if choice is None or choice["still"] or choice["type"] in ("file", "date"):
            continue
        if field_map.kind in ("text", "typed", "secret") and not field_map.words:
            text = f"{number}{number * 7919}"[: choice["most"] or 9]
            captured.values[key] = captured.kept[key] = text
        elif field_map.kind in ("select", "radio"):
            words = field_map.words or {text: text for text in choice["options"]}
            open_ = [(ours, word) for ours, word in words.items() if choice["options"].count(word) == 1 and word != choice["now"]]
            if open_:
                captured.values[key], captured.kept[key] = open_[-1]
        elif field_map.kind == "check" and not field_map.words:
            captured.values[key], captured.kept[key] = "yes", ""
