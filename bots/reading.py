"""What a page shows, by its selector file: values, tables, what is told. Nothing here presses or fills anything."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from bots.browser import Page, PlaywrightError
from bots.errors import BadReading, BotError, PageChanged, PortalSlow, ReadBackDiffers, error_class
from bots.eyes import Drift, Eyes, Part, plain
from bots.pagemap import OutcomeMap, PageMap, PortalMap, ReadMap, TableMap
from bots.tabledata import HeaderMissing, Row, RowBroken, fold, parse_table


class PageReader:
    """One browser page of a portal, read through its `PortalMap`.

    ``details`` goes into every error raised here (account, the secret's name); it holds no health information.
    """

    def __init__(self, page: Page, portal_map: PortalMap, details: Mapping[str, str]) -> None:
        self.browser_page = page
        self.map = portal_map
        self._details = details
        self._eyes = Eyes(page, portal_map, details)
        self._signing_in = False

    @property
    def here(self) -> str:
        """The page that was recognised last; "" before the first."""
        return self._eyes.here

    @property
    def drift(self) -> list[Drift]:
        """Where later candidates had to be used."""
        return self._eyes.drift

    @contextmanager
    def signing_in(self) -> Iterator[None]:
        """While signing in, the sign-in page is expected and no lost session."""
        self._signing_in = True
        try:
            yield
        finally:
            self._signing_in = False

    async def read(self, key: str) -> str:
        """One value of this page; "" when it is optional and not shown."""
        return (await self.read_all((key,)))[key]

    async def read_all(self, keys: Iterable[str]) -> dict[str, str]:
        reads = self._page().reads
        return await self._read({key: reads[key] for key in keys})

    async def read_back(self) -> dict[str, str]:
        """Every ``read_back`` value of this page."""
        return await self._read(self._page().read_back)

    async def _read(self, reads: Mapping[str, ReadMap]) -> dict[str, str]:
        if not reads:
            return {}
        asked = [{"key": key, "find": plain(read.find), "optional": read.optional} for key, read in reads.items()]
        values = (await self._eyes.see(next(iter(reads)), "read", reads=asked))["values"]
        return {key: self._value(key, read, values[key]) for key, read in reads.items()}

    def _value(self, key: str, read: ReadMap, value: str | None) -> str:
        text = fold(value or "")
        if not read.pattern or (read.optional and not text):
            return text
        match = re.fullmatch(read.pattern, text)
        if match is None:
            raise self._eyes.error(BadReading, page=self.here, what=key)
        return match[1] if match.groups() else text

    async def table(self, key: str) -> list[Row]:
        """The rows of a table on this page (this one page of it)."""
        return await self._rows(key, self._page().tables[key])

    async def choices(self, key: str) -> tuple[str, ...]:
        """What a list offers, as its texts, once it was fetched; raises `PortalSlow` when it goes on offering nothing."""
        find = plain(self._page().fields[key].find)
        answer = await self._eyes.ask("choices", wait=self.map.timeouts.lookup, key=key, find=find)
        if answer.get("problem") == "offers nothing":
            raise self._eyes.error(PortalSlow, page=self.here)
        if answer.get("problem"):
            raise self._eyes.changed(key, answer["problem"])
        self._eyes.note(self.here, key, answer["drift"])
        return tuple(answer["texts"])

    async def _rows(self, key: str, table: TableMap) -> list[Row]:
        said = list(table.headers)
        answer = await self._eyes.see(key, "rows", find=plain(table.find), columns=said, empty=plain(table.empty))
        if answer.get("none"):
            return []
        try:
            return parse_table(answer["rows"], table.columns)
        except HeaderMissing as error:
            raise self._eyes.changed(key, "columns missing: " + ", ".join(map(str, error.args))) from error
        except RowBroken as error:
            raise self._eyes.error(BadReading, page=self.here, what=f"table {key} is cut off") from error

    async def html(self) -> str:
        """The document as it stands now, the documents of its visible frames inside it. Holds health information."""
        return str(await self._eyes.ask("html"))

    async def survey(self, parts: Iterable[Part], seconds: float) -> list[tuple[str, int]]:
        """How each part is found now: its problem or "", and the candidate. Waits so long until all that must be there are."""
        return await self._eyes.survey(parts, seconds)

    async def sees(self, outcome: str) -> bool:
        """Whether an outcome of this page is shown now."""
        return bool(await self._eyes.shown({outcome: self._page().outcomes[outcome].see}))

    async def offers(self, action: str) -> bool:
        """Whether this page has the action, shown and enabled now. A page that was not recognised yet (a new window, a renewed
        context) has none."""
        page = self.map.pages.get(self.here)
        if page is None or action not in page.actions:
            return False
        return bool(await self._eyes.shown({action: page.actions[action].find}, enabled=True))

    def told(self, outcome: OutcomeMap) -> BotError:
        """The error that an outcome stands for."""
        kind = error_class(outcome.error) or PageChanged
        said = dict.fromkeys(("reason", "what", "medium", "question"), outcome.reason) | {"to": outcome.portal}
        if outcome.passing:
            del said["reason"]  # it marks an outage that the portal announces
        return self._eyes.error(kind, page=self.here, **said)

    def differs(self, fields: Iterable[str]) -> BotError:
        """The error for a page that shows something else than was asked in these fields."""
        return self._eyes.error(ReadBackDiffers, page=self.here, fields=", ".join(fields))

    async def told_instead(self, error: BotError) -> BotError:
        """What this document says is the matter, where a step on it failed; else ``error`` itself.

        An application in the page may tell of an interruption at any time, not only while a page is waited for. And where no
        expected page came and the very document that was pressed on still stands there, the portal has not answered: nobody
        changed its pages.
        """
        finds = {f"!{name}": outcome.see for name, outcome in self.map.interruptions.items()}
        waited_for = error.details.get("page", "").split(" or ") if error.details.get("key") == "is_here" else [self.here]
        if self.here in self.map.pages and self.here not in waited_for:
            finds[self.here] = self.map.pages[self.here].is_here
        try:
            shown = await self._eyes.shown(finds)
            pressed_here = await self._eyes.ask("landed") != "left"
        except (PlaywrightError, BotError):
            return error
        told = [outcome for name, outcome in self.map.interruptions.items() if f"!{name}" in shown]
        if told:
            return self.told(told[0])
        return self._eyes.error(PortalSlow, page=self.here) if self.here in shown and pressed_here else error

    def _page(self) -> PageMap:
        return self.map.pages[self.here]
