"""Fills a field as its kind wants it, and reads back at once that the page kept it."""

from __future__ import annotations

import re

from bots.browser import Locator, PlaywrightError, PlaywrightTimeout
from bots.errors import NotListed
from bots.finding import Finder
from bots.pagemap import FieldKind, FieldMap
from bots.tabledata import fold


class Filler:
    """The hands of one browser page."""

    def __init__(self, eyes: Finder) -> None:
        self._eyes = eyes

    async def fill(self, key: str, field: FieldMap, value: str) -> None:
        """Puts one of our values into a field.

        Raises `NotListed` when the portal has no such choice, `PageChanged` when the field cannot be used or does not keep it.
        """
        if field.kind in (FieldKind.RADIO, FieldKind.COMBO, FieldKind.TREE) and value not in field.words:
            raise self._eyes.error(NotListed, what=key)
        target = await self._eyes.one(key, field.find, boxes=field.kind not in (FieldKind.RADIO, FieldKind.TREE))
        said = field.words.get(value, value)
        try:
            match field.kind:
                case FieldKind.SECRET:
                    await target.fill(value)
                case FieldKind.TEXT:
                    await target.fill(said)
                    await self._kept(key, target, said)
                case FieldKind.TYPED:
                    await target.click()
                    await target.fill("")
                    await target.press_sequentially(said)
                    await self._kept(key, target, said)
                case FieldKind.SELECT:
                    await self._select(key, field, target, value)
                case FieldKind.RADIO:
                    await (await self._eyes.single(key, target.get_by_role("radio", name=said, exact=True))).check()
                case FieldKind.CHECK:
                    await target.set_checked(value == "yes")
                case FieldKind.PICK:
                    await self._pick(key, field, target, said)
                case FieldKind.COMBO:
                    await target.click()
                    entries = self._eyes.any_of([field.options]).filter(has_text=re.compile(rf"^\s*{re.escape(said)}\s*$"))
                    await entries.first.wait_for()
                    await (await self._eyes.single(key, entries)).click()
                    await self._kept(key, target, said)
                case FieldKind.TREE:
                    await self._unfold(key, field, target, said)
        except PlaywrightError as error:
            raise self._eyes.changed(key, "cannot be filled") from error

    async def _select(self, key: str, field: FieldMap, target: Locator, value: str) -> None:
        if field.words and value not in field.words:
            raise self._eyes.error(NotListed, what=key)
        said = field.words.get(value, value)
        options = [fold(text) for text in await target.locator("option").all_inner_texts()]
        if options.count(said) != 1:
            raise self._eyes.changed(key, "the choice is missing or there twice")
        await target.select_option(index=options.index(said))

    async def _pick(self, key: str, field: FieldMap, target: Locator, value: str) -> None:
        """Types into a type-ahead and chooses its one entry for the value; the last key is typed so that it asks the portal."""
        await target.fill(value[:-1])
        await target.press_sequentially(value[-1])
        wanted = self._eyes.any_of([field.options]).filter(has_text=_starting_with(value))
        told = wanted.or_(self._eyes.any_of([field.none])) if field.none else wanted
        try:
            await told.first.wait_for(timeout=self._eyes.map.timeouts.lookup * 1000)
        except PlaywrightTimeout as error:
            raise self._eyes.error(NotListed, what=key) from error
        if not await wanted.count():
            raise self._eyes.error(NotListed, what=key)
        await (await self._eyes.single(key, wanted)).click()
        if not _starting_with(value).match(await target.input_value()):
            raise self._eyes.changed(key, "the choice was not kept")

    async def _unfold(self, key: str, field: FieldMap, tree: Locator, path: str) -> None:
        """Chooses a leaf of a tree, unfolding the branches on the way; what the page then shows as chosen is checked."""
        *branches, leaf = path.split(" / ")
        for name in branches:
            branch = tree.get_by_role("treeitem").filter(has=self._eyes.page.get_by_text(name, exact=True))
            if await (await self._eyes.single(key, branch)).get_attribute("aria-expanded") != "true":
                await branch.get_by_text(name, exact=True).click()
        entry = tree.get_by_text(leaf, exact=True).filter(visible=True)
        await entry.first.wait_for()
        await (await self._eyes.single(key, entry)).click()
        if fold(await (await self._eyes.one(key, field.shown)).inner_text()) != leaf:
            raise self._eyes.changed(key, "the choice was not kept")

    async def _kept(self, key: str, target: Locator, value: str) -> None:
        kept = await target.input_value()
        if kept != value and _bare(kept) != _bare(value):
            raise self._eyes.changed(key, "does not keep what is typed")


def _starting_with(value: str) -> re.Pattern[str]:
    """``E0601`` at the start and as a whole: not ``E06010`` and not ``E0601.1``."""
    return re.compile(rf"^\s*{re.escape(value)}(?![\w.])")


def _bare(text: str) -> str:
    return re.sub(r"[^0-9A-Za-z]", "", text)
