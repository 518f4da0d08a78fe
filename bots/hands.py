"""Fills and presses: fields as their kind wants it, each read back at once; buttons where a person would press them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from bots.browser import Frame, PlaywrightError
from bots.errors import ListCutOff, NotListed, PageChanged, PortalSlow, SeveralMatches, TooLong
from bots.eyes import Eyes, pairs, plain
from bots.pagemap import FieldKind, FieldMap, Find
from bots.tabledata import fold

_PUT = {FieldKind.TEXT, FieldKind.SECRET, FieldKind.SELECT, FieldKind.RADIO, FieldKind.CHECK, FieldKind.SPLIT}
"""Kinds that need no waiting in between: all of a page's are put in at once."""
COVERED = "something lies over it"
PRESSES = 3
"""How often something is pressed that the page takes away in that very moment."""
LANDS_WITHIN = 0.5
"""Seconds in which a page that is still there tells what became of a press."""
_NEEDS_WORD = {FieldKind.RADIO, FieldKind.COMBO, FieldKind.TREE}
TYPED_AGAIN = 3
"""How often a value is typed into a type-ahead that fills itself, until it stands there as it was typed."""


class Hands:
    """The hands of one browser page."""

    def __init__(self, eyes: Eyes) -> None:
        self._eyes = eyes
        self.frame: Frame | None = None
        """The frame that was pressed in last; None when it was the page's own document."""
        self._again: Callable[[], Awaitable[None]] | None = None
        self._dismissed = 0
        """How many dialogs were pressed away so far."""

    async def fill(self, fields: Mapping[str, FieldMap], values: Mapping[str, str]) -> None:
        """Puts our values into fields, in order.

        Raises `NotListed` when the portal has no such choice, `PageChanged` when a field cannot be used or loses its value.
        """
        batch: list[dict[str, Any]] = []
        for key, value in values.items():
            field = fields[key]
            if (field.kind in _NEEDS_WORD or field.words) and value not in field.words:
                raise self._eyes.error(NotListed, what=key)
            said = field.words.get(value, value)
            if field.longest and len(said) > field.longest:
                raise self._eyes.error(TooLong, what=key, longest=str(field.longest))
            if field.kind is FieldKind.CHECK and said not in ("yes", "no"):
                raise self._eyes.error(NotListed, what=key)
            if field.kind is FieldKind.SPLIT:
                said = _bare(said)
                if len(said) != sum(field.lengths):
                    raise self._eyes.error(NotListed, what=key)
            if field.kind in _PUT and not field.by_keys:
                entry = {"key": key, "find": plain(field.find), "kind": str(field.kind), "said": said}
                batch.append({**entry, "lengths": field.lengths})
                continue
            await self._put(batch)
            batch = []
            await self._choose(key, field, said)
        await self._put(batch)

    async def _put(self, batch: list[dict[str, Any]]) -> None:
        if batch:
            await self._eyes.see(batch[0]["key"], "fill", fields=batch)

    async def press(self, key: str, find: Find, *, watched: bool = False, **how: Any) -> None:
        """Presses the one element of these candidates, in its middle, when nothing lies over it.

        A page that draws itself anew at that moment takes the element away before it is pressed: then its successor is pressed,
        at once or, where the caller has ``watched`` in vain for what comes of it, by `again`. What commits is pressed once.
        """
        self._again = None if how.get("only") else partial(self._press, key, find, **how)
        await self._press(key, find, **how)
        if not watched:
            for _ in range(PRESSES - 1):
                if not await self.again():
                    break

    async def again(self) -> bool:
        """Presses once more what the last press did not find any more; whether that was so."""
        if self._again is None or not await self._was_lost():
            return False
        await self._again()
        return True

    async def _press(self, key: str, find: Find, **how: Any) -> None:
        spot = await self.aim(key, find, **how)
        self.frame = await self._eyes.frame_at(spot)
        await self._eyes.page.mouse.click(spot["x"], spot["y"])

    async def _was_lost(self) -> bool:
        try:
            became = await self._eyes.ask("landed", wait=LANDS_WITHIN)
            return became == "lost" or (became == "half" and bool(await self._dialogs()))
        except (PlaywrightError, PortalSlow):
            return False  # the press took the document away

    async def aim(self, key: str, find: Find, **how: Any) -> Any:
        """Where the one element of these candidates is to be pressed. Dialogs that mean nothing and lie over it are dismissed."""
        over = {name: dialog.see for name, dialog in self._eyes.map.dismiss.items()}
        while over:
            try:
                return await self._eyes.see(key, "aim", find=plain(find), over=pairs(over), **how)
            except PageChanged as changed:
                pressed = await self._dismiss() if changed.details["what"] == COVERED else ""
                if not pressed:
                    raise
                over.pop(pressed, None)  # while it fades away it is waited for, not pressed again
        return await self._eyes.see(key, "aim", find=plain(find), **how)

    async def _dialogs(self) -> list[str]:
        dialogs = self._eyes.map.dismiss
        shown = await self._eyes.shown({name: dialog.see for name, dialog in dialogs.items()}) if dialogs else ()
        return [name for name in dialogs if name in shown]

    async def _dismiss(self) -> str:
        """Presses away the first dialog shown that means nothing for the work, and names it; "" when there was none."""
        for name in await self._dialogs():
            spot = await self._eyes.see(f"{name}.press", "aim", find=plain(self._eyes.map.dismiss[name].press))
            await self._eyes.page.mouse.click(spot["x"], spot["y"])
            self._dismissed += 1
            return name
        return ""

    async def stand_at(self, key: str, find: Find) -> None:
        """Notes the frame of a field, for what leaving it may load."""
        framed = len(self._eyes.page.frames) > 1
        self.frame = await self._eyes.frame_at(await self._eyes.see(key, "aim", find=plain(find), box=True)) if framed else None

    async def _choose(self, key: str, field: FieldMap, said: str) -> None:
        """Chooses; a list that closed because a dialog came over it, or was pressed away, is opened once more."""
        before = self._dismissed
        try:
            try:
                await self._chosen(key, field, said)
            except (PageChanged, NotListed, PortalSlow):
                if self._dismissed == before and not await self._dismiss():
                    raise
                await self._chosen(key, field, said)
        except PlaywrightError as error:
            raise self._eyes.changed(key, "cannot be filled") from error

    async def _chosen(self, key: str, field: FieldMap, said: str) -> None:
        match field.kind:
            case FieldKind.TYPED | FieldKind.SECRET:
                await self._type(key, field, said)
            case FieldKind.PICK:
                await self._pick(key, field, said)
            case FieldKind.COMBO:
                await self.press(key, field.find, box="any")
                await self.press(key, field.options, equals=said)
                await self._shows(key, field.find, said, whole=True)
            case FieldKind.TREE:
                await self._unfold(key, field, said)
            case _:
                raise AssertionError(field.kind)

    async def _type(self, key: str, field: FieldMap, said: str) -> None:
        """Key by key, as masked boxes want it; marks that the mask adds are its own."""
        keyboard = self._eyes.page.keyboard
        await self.aim(key, field.find, box=True, focus=True)
        await keyboard.press("Delete")
        await keyboard.type(said)
        if field.leave:
            await keyboard.press("Tab")
        shown = await self._value(key, field.find)
        if shown != fold(said) and (field.kind is FieldKind.SECRET or _bare(shown) != _bare(said)):
            raise self._eyes.changed(key, "does not keep what is typed")

    async def _pick(self, key: str, field: FieldMap, said: str) -> None:
        """Types into a type-ahead (the last key really, so that it asks the portal) and chooses the entry that is the value, else
        the only one that begins with it."""
        eyes, options, shown = self._eyes, plain(field.options), field.shown or field.find
        for _ in range(TYPED_AGAIN):
            await self.aim(key, field.find, box=True, focus=True)
            await eyes.page.keyboard.insert_text(said[:-1])
            await eyes.page.keyboard.type(said[-1])
            # On a slow machine a box may fill itself before the last key, which then spoils what it has taken.
            if not field.fills_itself or await self._value(key, shown) == said:
                break
        itself = plain(shown) if field.fills_itself else []
        lists = {"find": options, "none": plain(field.none), "full": plain(field.full), "itself": itself}
        answer = await eyes.ask("offered", wait=eyes.map.timeouts.lookup, starts=said, **lists) or {}
        if answer.get("full"):
            raise eyes.error(ListCutOff, what=key)
        if not answer.get("offered"):
            # A portal that has a word for "nothing fits" and does not say it has not answered at all.
            raise eyes.error(PortalSlow, page=eyes.here) if field.none and not answer else eyes.error(NotListed, what=key)
        if answer.get("several"):
            raise eyes.error(SeveralMatches, what=f"entries in the field {key}")
        if not answer.get("itself"):
            await self.press(key, field.options, starts=said)
        await self._shows(key, shown, said)

    async def _unfold(self, key: str, field: FieldMap, path: str) -> None:
        """Chooses a leaf of a tree, unfolding the branches on the way; what the page then shows as chosen is checked."""
        *branches, leaf = path.split(" / ")
        for name in branches:
            branch = await self._eyes.see(key, "leaf", find=plain(field.find), text=name)
            if not branch["open"]:
                await self._eyes.page.mouse.click(branch["x"], branch["y"])
        entry = await self._eyes.see(key, "leaf", find=plain(field.find), text=leaf)
        await self._eyes.page.mouse.click(entry["x"], entry["y"])
        await self._shows(key, field.shown, leaf, whole=True)

    async def _shows(self, key: str, find: Find, said: str, *, whole: bool = False) -> None:
        """The page shows the choice: as a whole, or as the beginning of what it shows."""
        shown = await self._value(key, find)
        if shown != said and (whole or not shown.startswith(said) or shown[len(said)].isalnum() or shown[len(said)] == "."):
            raise self._eyes.changed(key, "the choice was not kept")

    async def _value(self, key: str, find: Find) -> str:
        answer = await self._eyes.see(key, "read", reads=[{"key": key, "find": plain(find), "optional": False}])
        return fold(str(answer["values"][key]))


def _bare(text: str) -> str:
    return "".join(char for char in text if char.isalnum())
