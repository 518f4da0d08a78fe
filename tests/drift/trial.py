"""One changed page: the engine does all on it that its selector file describes; the oracle says what it really touched."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from marks import ask, is_dismissal, mutator
from pages import Captured, raw

from bots.browser import Page
from bots.errors import BadReading, BotError, PageChanged
from bots.eyes import plain
from bots.page import PageView
from bots.pagemap import PortalMap

QUIET = (
    "ids",
    "ids_moved",
    "classes",
    "wrappers",
    "field_order",
    "column_order",
    "iframe",
    "banner",
    "delay",
    "overlay_passing",
    "decoys",
)
"""Kinds that leave the names and labels of the parts alone: the work must go on."""
LOUD = ("wording", "look_alikes", "missing", "overlay_staying", "unusable")
"""Kinds after which a part may be gone, hidden, or there twice: the work goes on rightly or stops by name."""
LATE = frozenset({"delay", "overlay_passing"})


@dataclass
class Verdict:
    """``done``: parts that were used rightly; ``stopped``: part -> what the engine said; ``wrong``: what must never be."""

    portal: str
    page: str
    seed: int
    kinds: tuple[str, ...]
    done: int = 0
    stopped: dict[str, str] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    @property
    def went_through(self) -> bool:
        return not self.stopped and not self.wrong


class Trial:
    def __init__(self, page: Page, portal_map: PortalMap, captured: Captured, seed: int, kinds: tuple[str, ...]) -> None:
        self.page = page
        self.captured = captured
        self.view = PageView(page, portal_map, "http://captured.localhost", {})
        self.verdict = Verdict(portal=portal_map.portal, page=captured.name, seed=seed, kinds=kinds)

    async def run(self) -> Verdict:
        verdict = self.verdict
        await self.page.set_content(self.captured.html)
        # What comes later by itself must come inside the frame.
        kinds = sorted(verdict.kinds, key=lambda kind: kind != "iframe")
        await self.page.evaluate(mutator(), {"seed": verdict.seed, "kinds": kinds})
        await self._try("is_here", self._arrive)
        if not verdict.stopped:
            self.view._eyes.here = self.captured.name
            await self._fill()
            await self._read()
            await self._press()
        return verdict

    async def _try(self, part: str, work: Callable[[], Awaitable[None]]) -> bool:
        try:
            await work()
        except PageChanged as error:
            # A stop must say where: that is what a person mends by.
            named = error.details.get("page") == self.captured.name and error.details.get("key")
            if named:
                self.verdict.stopped[part] = error.details["what"]
            else:
                self.verdict.wrong.append(f"{part}: stopped without page and part")
            return False
        except BadReading:
            self.verdict.stopped[part] = "a reading that cannot be"
            return False
        except BotError as error:
            self.verdict.wrong.append(f"{part}: {error.code} instead of a changed page")
            return False
        self.verdict.done += 1
        return True

    async def _arrive(self) -> None:
        await self.view._arrive((self.captured.name,), 2.0 if LATE & set(self.verdict.kinds) else 0.4)

    async def _fill(self) -> None:
        fields, filled = self.view._page().fields, []
        for key, value in self.captured.values.items():
            if await self._try(f"fields.{key}", lambda key=key, value=value: self.view._hands.fill(fields, {key: value})):
                filled.append(key)
        held: set[str] = set()
        for marks, now in await ask(self.page, "changed"):
            keys = [name.partition(".")[2] for name in marks if name.startswith("fields.")]
            rightly = [key for key in keys if key in self.captured.kept and self.captured.kept[key] in ("", now)]
            held.update(rightly)
            if not rightly:
                self.verdict.wrong.append(f"a value in {marks or 'a field of no part'}")
        self.verdict.wrong += [f"fields.{key}: told as filled and is not" for key in filled if key not in held]

    async def _read(self) -> None:
        for part, before in self.captured.reads.items():
            room, _, key = part.partition(".")
            shown: list[str] = []

            async def read(room: str = room, key: str = key, shown: list[str] = shown) -> None:
                shown.append(await raw(self.view, room, key))

            if await self._try(part, read) and shown[0] != before:
                if self._is_told(room, key, shown[0]):
                    self.verdict.stopped[part] = "a reading that cannot be"
                else:
                    self.verdict.wrong.append(f"{part}: read as something else")
        for key, before_rows in self.captured.rows.items():
            await self._rows(key, before_rows)

    def _is_told(self, room: str, key: str, text: str) -> bool:
        """Whether the selector file's pattern refuses such a value."""
        pattern = getattr(self.view._page(), room)[key].pattern
        return bool(pattern) and re.fullmatch(pattern, text) is None

    async def _rows(self, key: str, before: list[dict[str, str]]) -> None:
        rows: list[dict[str, str]] = []

        async def read() -> None:
            rows.extend(row.cells for row in await self.view.table(key))

        if await self._try(f"tables.{key}", read) and rows != before:
            self.verdict.wrong.append(f"tables.{key}: other rows than before")

    async def _press(self) -> None:
        page_map, hands = self.view._page(), self.view._hands
        await ask(self.page, "listen")
        for key in self.captured.of("actions"):
            action = page_map.actions[key]
            only = {"only": True} if action.commit else {}
            await self._pressed(f"actions.{key}", lambda key=key, a=action, o=only: hands.press(key, a.find, **o))
        for key, places in self.captured.places.items():
            table = page_map.tables[key]
            if table.row_action and places:
                place = places[self.verdict.seed % len(places)]
                at = {"table": plain(table.find), "columns": list(table.headers), "index": place}
                await self._pressed(f"row.{key}.{place}", lambda t=table, k=key, at=at: hands.press(k, t.row_action, row=at))

    async def _pressed(self, part: str, press: Callable[[], Awaitable[None]]) -> None:
        went = await self._try(part, press)
        touched = [marks for marks in await ask(self.page, "touched") if not any(map(is_dismissal, marks))]
        for marks in touched:
            if part not in marks:
                self.verdict.wrong.append(f"{part}: pressed {marks or 'something else'}")
        if went and not touched:
            self.verdict.wrong.append(f"{part}: the press went nowhere")
