"""Looks at a browser page by the candidates of a selector file, one question per round trip (``eyes.js`` answers).

A candidate counts only with exactly one element that a person could see. Using a later candidate is recorded as drift; a later
candidate may tell look-alikes of an earlier one apart, but never point past them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import msgspec

from bots.browser import ElementHandle, Frame, Page, PlaywrightError
from bots.errors import BotError, PageChanged, PortalDown, PortalSlow, RateLimited
from bots.eyes_script import ASK, BLIND, source
from bots.model import Frozen
from bots.pagemap import Find, PortalMap, TableMap
from bots.tabledata import Row

TOO_MANY = 429
TURNED_AWAY = frozenset({TOO_MANY, 503})
"""Answers of a server that did not look at what was sent to it."""
SLACK_SECONDS = 10.0
"""How much longer than asked an answer may take before the page counts as stuck."""


class Drift(Frozen):
    """A later candidate was used: the page has begun to change."""

    page: str
    key: str
    candidate: int


class Part(Frozen):
    """A part of a page to survey. ``how`` it would be used (page, field, drawn, group, action, commit, table, read); ``empty``
    and ``columns`` are a table's."""

    find: Find
    how: str
    required: bool = True
    empty: Find = ()
    columns: tuple[str, ...] = ()


@lru_cache(maxsize=4096)
def plain(find: Find) -> Any:
    """Candidates as the page's script takes them."""
    return msgspec.to_builtins(find)


def row_of(table: TableMap, row: Row) -> dict[str, Any]:
    """A row of a table, as the page's script finds it."""
    return {"table": plain(table.find), "columns": list(table.headers), "index": row.index}


class Eyes:
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

    def note(self, page: str, key: str, candidate: int) -> None:
        if candidate:
            self.drift.append(Drift(page=page, key=key, candidate=candidate))

    async def ask(self, op: str, *, wait: float = 0, key: str = "find", **more: Any) -> Any:
        """The answer of ``eyes.js`` to one question; ``wait`` is how long (seconds) the page may take to have an answer."""
        try:
            async with asyncio.timeout(wait + SLACK_SECONDS):
                question = {"op": op, "wait": wait * 1000, "key": key, **more}
                said = await self.page.evaluate(ASK, msgspec.json.encode(question).decode())
                answer = await self.page.evaluate(source(), question) if said == BLIND else msgspec.json.decode(said)
        except TimeoutError as error:
            raise self.error(PortalSlow, page=self.here) from error
        if isinstance(answer, dict) and "slip" in answer:
            raise self.changed(key, f"a candidate is no CSS or pattern: {answer['slip']}")
        return answer

    async def see(self, key: str, op: str, **more: Any) -> Any:
        """As `ask` for one part of this page; a problem is told as a changed page that names the part."""
        try:
            answer = await self.ask(op, wait=self.map.timeouts.element, key=key, rivals=self._rivals(op, key), **more)
        except PlaywrightError as error:
            raise self.changed(key, "the page was left while it was used") from error
        if answer.get("problem"):
            raise self.changed(answer.get("key") or key, answer["problem"])
        drift = answer.get("drift") or []
        for name, candidate in drift if isinstance(drift, list) else [(key, drift)]:
            self.note(self.here, name, candidate)
        return answer

    def _rivals(self, op: str, key: str) -> list[tuple[str, Any]]:
        """The parts of the same room on this page, each with its first candidate: what they are found by is not another's."""
        page = self.map.pages.get(self.here)
        if page is None:
            return []
        rooms = (page.fields, page.actions, {**page.reads, **page.read_back})
        room: Mapping[str, Any] = page.fields if op == "fill" else next((room for room in rooms if key in room), {})
        return [(name, plain(part.find)[0]) for name, part in room.items()]

    async def shown(self, finds: Mapping[str, Find], *, enabled: bool = False) -> set[str]:
        """Names of the finds that show something now (``enabled``: something that can be used)."""
        return set((await self.ask("shown", finds=pairs(finds)))["enabled" if enabled else "shown"])

    async def survey(self, parts: Iterable[Part], seconds: float) -> list[tuple[str, int]]:
        """The problem (or "") and the candidate of each part; waits so long until all that are required are there."""
        asked = [{**msgspec.structs.asdict(part), "find": plain(part.find), "empty": plain(part.empty)} for part in parts]
        answer = await self.ask("survey", wait=seconds, parts=asked)
        return [(problem, candidate) for problem, candidate in answer]

    async def element(self, find: Find) -> ElementHandle | None:
        """The element itself, seen or not (file fields are often hidden); None when it is not there exactly once."""
        patience = self.map.timeouts.element * 1000
        handle = await self.page.evaluate_handle(source(), {"op": "element", "wait": patience, "find": plain(find)})
        return handle.as_element()

    async def frame_at(self, spot: Mapping[str, Any]) -> Frame | None:
        """The frame (the outermost one, where they are nested) in which a spot of ``aim`` lies, or that its link or form names
        as its target; None for the page's own document."""
        if spot.get("target") and (named := self.page.frame(name=spot["target"])):
            return named
        if not spot["framed"]:
            return None
        script = "([x, y]) => document.elementFromPoint(x, y)"
        element = (await self.page.evaluate_handle(script, [spot["x"], spot["y"]])).as_element()
        return await element.content_frame() if element else None

    async def first_seen(self, told: Mapping[str, Find], pages: Mapping[str, Find], seconds: float) -> str:
        """Waits until one of these is seen; what is ``told`` stands before ``pages``. "" when time is up.

        A document that goes away while it is looked at is no answer: its successor is looked at for the rest of the time. A
        document that is an error of the server or the connection is `PortalDown` or `RateLimited`; their detail ``turned_away``
        is set when the server did not even look at what was sent.
        """
        clock = asyncio.get_running_loop().time
        end = clock() + seconds
        while (left := end - clock()) > 0:
            try:
                answer = await self.ask("look", wait=left, told=pairs(told), pages=pairs(pages))
            except PlaywrightError:
                if self.page.is_closed():
                    raise
                await asyncio.sleep(0)
                continue
            if answer is None:
                return ""
            if status := answer.get("status"):
                kind = RateLimited if status == TOO_MANY else PortalDown
                what = f"error {status}" if status > 0 else "no connection"
                raise self.error(kind, what=what, turned_away="yes" if status in TURNED_AWAY and not answer["sentOn"] else "")
            self.note(answer["name"], "is_here" if answer["name"] in pages else "see", answer["drift"])
            return str(answer["name"])
        return ""


def pairs(finds: Mapping[str, Find]) -> list[tuple[str, Any]]:
    """Candidates by name, as the page's script takes them."""
    return [(name, plain(find)) for name, find in finds.items()]
