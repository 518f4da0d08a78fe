"""Finds elements by the candidates of a selector file, and says by name what was not found.

A candidate counts only with exactly one visible element. Using a later candidate is recorded as drift; a later candidate may tell
look-alikes of an earlier one apart, but never point past them.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping
from typing import Any

from bots.browser import Locator, Page, PlaywrightTimeout
from bots.errors import BotError, PageChanged
from bots.model import Frozen
from bots.pagemap import Candidate, Find, PortalMap

_BOX_XPATH = "self::input[not(@type) or @type='text' or @type='tel' or @type='password'] or self::select or self::textarea"


class Drift(Frozen):
    """A later candidate was used: the page has begun to change."""

    page: str
    key: str
    candidate: int


class Finder:
    """The eyes of one browser page. ``here`` is the recognised page; ``details`` go into every error (no health information)."""

    def __init__(self, page: Page, portal_map: PortalMap, details: Mapping[str, str]) -> None:
        self.page = page
        self.map = portal_map
        self.here = ""
        self.drift: list[Drift] = []
        self._details = dict(details)

    def error(self, kind: type[BotError], **details: str) -> BotError:
        return kind(self.map.portal, **{**self._details, **details})

    def changed(self, key: str, what: str) -> BotError:
        return self.error(PageChanged, page=self.here, key=key, what=what, version=self.map.version)

    def note_drift(self, page: str, key: str, candidate: int) -> None:
        self.drift.append(Drift(page=page, key=key, candidate=candidate))

    def candidate(self, candidate: Candidate, within: Locator | None = None, *, visible: bool = True) -> Locator:
        """Everything (visible) that a candidate matches."""
        root: Page | Locator = within or self.page
        pattern = re.compile(candidate.pattern) if candidate.pattern else None
        if candidate.role:
            role: Any = candidate.role
            name = pattern or candidate.name or None
            found = root.get_by_role(role, name=name, exact=True) if name else root.get_by_role(role)
        elif candidate.label:
            found = root.get_by_label(candidate.label, exact=True)
        elif candidate.beside:
            caption = _xpath_text(candidate.beside)
            found = root.locator(
                "xpath=.//*[self::th or self::td or self::dt or self::label or self::span or self::b]"
                f"[normalize-space(.)={caption} or normalize-space(.)=concat({caption}, ':')]/following-sibling::*[1]"
            )
        elif candidate.test_id:
            found = root.get_by_test_id(candidate.test_id)
        elif candidate.css:
            found = root.locator(candidate.css)
            found = found.filter(has_text=pattern) if pattern else found
        else:
            found = root.get_by_text(pattern or candidate.text, exact=True)
        return found.filter(visible=True) if visible else found

    def any_of(self, finds: Iterable[Find]) -> Locator:
        """Everything visible that any of these candidates matches."""
        locators = [self.candidate(candidate) for find in finds for candidate in find]
        combined = locators[0]
        for locator in locators[1:]:
            combined = combined.or_(locator)
        return combined

    async def one(
        self, key: str, find: Find, within: Locator | None = None, *, visible: bool = True, boxes: bool = False
    ) -> Locator:
        """The element of the first candidate that matches exactly one; later candidates only after a short wait.

        ``boxes``: what stands beside a caption may hold the box that is meant.
        """
        locators = [self.candidate(candidate, within, visible=visible) for candidate in find]
        if boxes:
            locators = [
                locator.locator(f"xpath=descendant-or-self::*[{_BOX_XPATH}]").filter(visible=True)
                if candidate.beside
                else locator
                for locator, candidate in zip(locators, find, strict=True)
            ]
        if await locators[0].count() == 1:
            return locators[0]
        combined = locators[0]
        for locator in locators[1:]:
            combined = combined.or_(locator)
        try:
            await combined.first.wait_for(state="visible" if visible else "attached", timeout=self.map.timeouts.element * 1000)
        except PlaywrightTimeout as error:
            raise self.changed(key, "not found") from error
        counts = await asyncio.gather(*(locator.count() for locator in locators))
        for place, (locator, count) in enumerate(zip(locators, counts, strict=True)):
            if count == 1 and await self._narrows(locator, locators[:place], counts[:place]):
                if place:
                    self.note_drift(self.here, key, place)
                return locator
        raise self.changed(key, "there more than once")

    async def _narrows(self, locator: Locator, earlier: list[Locator], counts: list[int]) -> bool:
        """A later candidate may tell look-alikes apart, it may not point past them."""
        for before, count in zip(earlier, counts, strict=True):
            if count > 1 and not await before.and_(locator).count():
                return False
        return True

    async def only(self, key: str, find: Find) -> Locator:
        """As `_one`, and every candidate that matches anything matches this very element: for the click that commits."""
        target = await self.one(key, find)
        for candidate in find:
            other = self.candidate(candidate)
            if (count := await other.count()) and (count > 1 or not await other.and_(target).count()):
                raise self.changed(key, "its marks point at different buttons")
        return target

    async def single(self, key: str, locator: Locator) -> Locator:
        """The locator, when it matches exactly one element."""
        if await locator.count() != 1:
            raise self.changed(key, "the choice is missing or there twice")
        return locator


def _xpath_text(text: str) -> str:
    if "'" not in text:
        return f"'{text}'"
    return "concat(" + ', "\'", '.join(f"'{part}'" for part in text.split("'")) + ")"
