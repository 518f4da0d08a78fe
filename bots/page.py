"""A page as its selector file describes it: go, fill, press, attach, read, table, outcome.

Every element is found by candidates in order; one must match exactly one visible element. Using a later candidate is
recorded as drift. Nothing is done on a page that was not recognised, and every wait is for something named.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bots.browser import Frame, Page, PlaywrightError, PlaywrightTimeout, Request, Response, Route
from bots.errors import (
    AnswerMissing,
    BadReading,
    BotError,
    PageChanged,
    PortalDown,
    PortalSlow,
    RateLimited,
    SessionLost,
    error_class,
)
from bots.filling import Filler
from bots.finding import Drift, Finder
from bots.pagemap import ActionMap, Find, OutcomeMap, PageMap, PortalMap, ReadMap, TableMap
from bots.send_once import SendOnce
from bots.tabledata import HeaderMissing, Row, RowBroken, fold, parse_table

_BOXES = "input:not([type=hidden]):not([type=button]):not([type=submit]):not([type=checkbox]):not([type=radio]), select, textarea"
_VALUE_JS = f"""el => {{ const box = el.matches(`{_BOXES}`) ? el : el.innerText.trim() ? null : el.querySelector(`{_BOXES}`);
  return !box ? el.innerText : box.tagName === 'SELECT' ? (box.selectedOptions[0]?.text ?? '') : box.value; }}"""
_ROWS_JS = f"""table => {{ const value = {_VALUE_JS};
  return Array.from(table.rows).map(row => row.getClientRects().length === 0 ? [] : Array.from(row.cells).map(value)); }}"""
MAX_LIST_PAGES = 200
"""A list longer than this is read as broken, not for ever."""


class PageView:
    """One browser page of a portal, seen through its `PortalMap`.

    ``details`` goes into every error raised here (account, the secret's name); it holds no health information.
    """

    def __init__(self, page: Page, portal_map: PortalMap, base_url: str, details: Mapping[str, str]) -> None:
        self.browser_page = page
        self.map = portal_map
        self.base_url = base_url.rstrip("/")
        self._eyes = Finder(page, portal_map, details)
        self._hands = Filler(self._eyes)
        self._trouble: BotError | None = None
        self._trouble_seen = asyncio.Event()
        self._signing_in = False
        page.set_default_timeout(portal_map.timeouts.page * 1000)
        page.on("response", self._on_response)
        page.on("framenavigated", self._on_navigated)

    @property
    def here(self) -> str:
        """The page that was recognised last; "" before the first."""
        return self._eyes.here

    @property
    def drift(self) -> list[Drift]:
        """Where later candidates had to be used."""
        return self._eyes.drift

    # --- going ---------------------------------------------------------------------------------------------------

    async def goto(self, name: str, *others: str, **values: str) -> str:
        """Opens the page ``name`` by its path (with ``values`` put in); returns which of it and ``others`` is seen."""
        path = self.map.pages[name].path.format_map({key: quote(value, safe="") for key, value in values.items()})
        self._forget_trouble()
        try:
            await self.browser_page.goto(self.base_url + path, wait_until="commit")
        except PlaywrightTimeout as error:
            raise self._eyes.error(PortalSlow, page=name) from error
        except PlaywrightError as error:
            raise self._eyes.error(PortalDown, what="no connection") from error
        return await self._arrive((name, *others))

    async def press(self, key: str) -> str:
        """Presses an action of this page and returns the page or outcome of its ``leads_to`` that is seen."""
        action = self._page().actions[key]
        return await self._press(action, (await self._eyes.one(key, action.find)).click())

    async def choose(self, table_key: str, row: Row, to: Iterable[str], *, navigates: bool = True) -> str:
        """Presses the ``row_action`` inside one row of a table; returns which of ``to`` is seen."""
        table = self._page().tables[table_key]
        rows = (await self._eyes.one(table_key, table.find)).locator("xpath=./tr | ./thead/tr | ./tbody/tr | ./tfoot/tr")
        target = await self._eyes.one(f"{table_key}.row_action", table.row_action, rows.nth(row.index))
        action = ActionMap(find=table.row_action, leads_to=tuple(to), navigates=navigates)
        return await self._press(action, target.click())

    @asynccontextmanager
    async def commit(self, key: str) -> AsyncIterator[Callable[[], Awaitable[str]]]:
        """The one click that commits: found beyond doubt before anything is journalled, sent at most once by `SendOnce`.

        Yields the function that clicks and waits for what follows; leaving the context removes the guard.
        """
        action = self._page().actions[key]
        target = await self._eyes.only(key, action.find)
        sender = SendOnce(self.map.timeouts.commit)

        async def handle(route: Route) -> None:
            await _send_by(sender, route)

        # Only requests to the commit's address are taken over, also those that a nervous page would send after the first.
        await self.browser_page.route(re.compile(action.commit), handle)
        try:
            yield lambda: self._press(action, target.click(), self.map.timeouts.commit)
        finally:
            await self.browser_page.unroute(re.compile(action.commit), handle)

    async def _press(self, action: ActionMap, click: Awaitable[None], seconds: float = 0) -> str:
        self._forget_trouble()
        names = action.leads_to or (self.here,)
        page = self._page()
        in_place = [n for n in names if n in page.outcomes and page.outcomes[n].in_place]
        seconds = seconds or self.map.timeouts.page
        moved = asyncio.create_task(self._navigation()) if action.navigates else None
        try:
            await click
            if moved is not None:
                await self._moved_or_told(moved, in_place, seconds)
        except PlaywrightTimeout as error:
            raise self._trouble_or(PortalSlow, page=self.here) from error
        except PlaywrightError as error:
            raise self._trouble_or(PortalDown, what="the page broke off") from error
        finally:
            if moved is not None:
                moved.cancel()
        return await self._arrive(names, seconds)

    async def _navigation(self) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def seen(frame: Frame) -> None:
            if frame == self.browser_page.main_frame and not future.done():
                future.set_result(None)

        self.browser_page.on("framenavigated", seen)
        try:
            await future
        finally:
            self.browser_page.remove_listener("framenavigated", seen)

    async def _moved_or_told(self, moved: asyncio.Task[None], in_place: list[str], seconds: float) -> None:
        """Until a new document came, an outcome was told on the old one, or the portal showed trouble."""
        waits: set[asyncio.Task[Any]] = {moved, asyncio.create_task(self._trouble_seen.wait())}
        if in_place:
            told = self._eyes.any_of([f for n in in_place for f in [self._page().outcomes[n].see]])
            waits.add(asyncio.create_task(told.first.wait_for(timeout=seconds * 1000)))
        done, _ = await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        await _end(waits - {moved})
        if not done:
            raise self._eyes.error(PortalSlow, page=self.here)

    async def _arrive(self, names: tuple[str, ...], seconds: float | None = None) -> str:
        """Waits for the first of these pages and outcomes, or an interruption (raised); sets ``here``."""
        page = self.map.pages.get(self.here)
        outcomes = {n: page.outcomes[n] for n in names if page and n in page.outcomes}
        pages = {n: self.map.pages[n] for n in names if n in self.map.pages}
        sign_in = self.map.sign_in.page
        finds: dict[str, Find] = {f"!{k}": o.see for k, o in self.map.interruptions.items()}
        finds |= {n: o.see for n, o in outcomes.items()}
        if not self._signing_in and sign_in not in names:
            finds[f"@{sign_in}"] = self.map.pages[sign_in].is_here
        finds |= {n: p.is_here for n, p in pages.items()}
        seen = await self._first_seen(finds, seconds or self.map.timeouts.page)
        if seen.startswith("!"):
            raise self.told(self.map.interruptions[seen[1:]])
        if seen.startswith("@"):
            raise self._eyes.error(SessionLost, page=names[0])
        if seen in pages:
            self._eyes.here = seen
        elif outcomes[seen].error:
            raise self.told(outcomes[seen])
        return seen

    async def _first_seen(self, finds: dict[str, Find], seconds: float) -> str:
        wanted = self._eyes.any_of(finds.values())
        waits: set[asyncio.Task[Any]] = {
            asyncio.create_task(wanted.first.wait_for(timeout=seconds * 1000)),
            asyncio.create_task(self._trouble_seen.wait()),
        }
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        errors = await _end(waits)
        if self._trouble:
            raise self._trouble
        for error in errors:
            if isinstance(error, PlaywrightTimeout):
                raise self._eyes.error(PageChanged, page="/".join(finds), key="is_here", what="none of them was seen") from error
            if isinstance(error, PlaywrightError):
                raise self._eyes.error(PortalDown, what="the page broke off") from error
        # Interruptions stand first, then outcomes, then pages: a page that carries an error is the error.
        shown = await asyncio.gather(*(self._eyes.any_of([find]).count() for find in finds.values()))
        for (name, find), count in zip(finds.items(), shown, strict=True):
            if count:
                if name[0] not in "!@" and not await self._eyes.candidate(find[0]).count():
                    self._eyes.note_drift(name, "is_here", 1)
                return name
        raise self._eyes.error(PageChanged, page="/".join(finds), key="is_here", what="it vanished")

    # --- filling -------------------------------------------------------------------------------------------------

    async def fill(self, **values: str) -> None:
        """Fills fields of this page by our names, each read back at once; an empty value leaves its field alone."""
        page = self._page()
        for key, value in values.items():
            if value:
                await self._hands.fill(key, page.fields[key], value)

    async def answer(self, answers: Mapping[str, str], prefix: str = "q_") -> dict[str, str]:
        """Answers the questions this page shows, only from ``answers``; a shown question without answer stops the request.

        Questions are the fields of the selector file whose key starts with ``prefix``; the rest of the key names the answer.
        Returns what was answered, by field key.
        """
        answered: dict[str, str] = {}
        for key, field in self._page().fields.items():
            if not key.startswith(prefix) or not await self._eyes.any_of([field.find]).count():
                continue
            name = key.removeprefix(prefix)
            if not answers.get(name):
                raise self._eyes.error(AnswerMissing, question=name)
            await self._hands.fill(key, field, answers[name])
            answered[key] = answers[name]
        return answered

    async def attach(self, key: str, paths: Iterable[Path]) -> None:
        """Puts files into a file field. That the portal took them is for the caller to see in the page's own list."""
        target = await self._eyes.one(key, self._page().fields[key].find, visible=False)
        await target.set_input_files(list(paths))

    # --- reading -------------------------------------------------------------------------------------------------

    async def read(self, key: str) -> str:
        """One value of this page; "" when it is optional and not shown."""
        return await self._read(key, self._page().reads[key])

    async def read_all(self, keys: Iterable[str]) -> dict[str, str]:
        names = list(keys)
        return dict(zip(names, await asyncio.gather(*(self.read(name) for name in names)), strict=True))

    async def read_back(self) -> dict[str, str]:
        """Every ``read_back`` value of this page."""
        fields = self._page().read_back
        values = await asyncio.gather(*(self._read(key, field) for key, field in fields.items()))
        return dict(zip(fields, values, strict=True))

    async def _read(self, key: str, read: ReadMap) -> str:
        if read.optional and not await self._eyes.any_of([read.find]).count():
            return ""
        target = await self._eyes.one(key, read.find)
        text = fold(str(await target.evaluate(_VALUE_JS)))
        if not read.pattern or (read.optional and not text):
            return text
        match = re.fullmatch(read.pattern, text)
        if match is None:
            raise self._eyes.error(BadReading, page=self.here, what=key)
        return match[1] if match.groups() else text

    async def table(self, key: str) -> list[Row]:
        """The rows of a table on this page (this one page of it)."""
        table = self._page().tables[key]
        if table.empty and await self._eyes.any_of([table.empty]).count():
            return []
        return await self._rows(key, table)

    async def add_row(self, action: str, table_key: str, rows: int) -> None:
        """Presses an action that adds a row to a table on this page; waits until the table has ``rows`` data rows or an
        outcome of the action is told (raised)."""
        page = self._page()
        table, told = page.tables[table_key], {n: page.outcomes[n] for n in page.actions[action].leads_to if n in page.outcomes}
        self._forget_trouble()
        await (await self._eyes.one(action, page.actions[action].find)).click()
        added = self._eyes.any_of([table.find]).locator("tr").nth(table.header_rows + rows - 1)
        seen = added.or_(self._eyes.any_of([outcome.see for outcome in told.values()])) if told else added
        try:
            await seen.first.wait_for()
        except PlaywrightTimeout as error:
            raise self._eyes.error(PortalSlow, page=self.here) from error
        for outcome in told.values():
            if await self._eyes.any_of([outcome.see]).count():
                raise self.told(outcome)
        if len(await self._rows(table_key, table)) != rows:
            raise self._eyes.changed(table_key, "a row was not added once")

    async def list_pages(self, key: str) -> AsyncIterator[list[Row]]:
        """The rows of a table, page after page. A page that comes twice or a list without end is a `BadReading`."""
        seen: set[tuple[tuple[str, ...], ...]] = set()
        for _ in range(MAX_LIST_PAGES):
            rows = await self.table(key)
            print_of = tuple(tuple(row.cells.values()) for row in rows)
            if rows and print_of in seen:
                raise self._eyes.error(BadReading, page=self.here, what="the same list page twice")
            seen.add(print_of)
            yield rows
            find = self._page().tables[key].next_page
            if not find or not await self._eyes.any_of([find]).count():
                return
            target = await self._eyes.one(f"{key}.next_page", find)
            if not await target.is_enabled():
                return
            await self._press(ActionMap(find=find, leads_to=(self.here,)), target.click())
        raise self._eyes.error(BadReading, page=self.here, what="a list without end")

    async def _rows(self, key: str, table: TableMap) -> list[Row]:
        target = await self._eyes.one(key, table.find)
        try:
            return parse_table(await target.evaluate(_ROWS_JS), table.columns)
        except HeaderMissing as error:
            raise self._eyes.changed(key, "columns missing: " + ", ".join(map(str, error.args))) from error
        except RowBroken as error:
            raise self._eyes.error(BadReading, page=self.here, what=f"table {key} is cut off") from error

    async def sees(self, outcome: str) -> bool:
        """Whether an outcome of this page is shown now."""
        return bool(await self._eyes.any_of([self._page().outcomes[outcome].see]).count())

    async def offers(self, action: str) -> bool:
        """Whether an action of this page is shown and enabled now."""
        target = self._eyes.any_of([self._page().actions[action].find])
        return bool(await target.count()) and await target.first.is_enabled()

    def told(self, outcome: OutcomeMap) -> BotError:
        """The error that an outcome stands for."""
        kind = error_class(outcome.error) or PageChanged
        return self._eyes.error(kind, reason=outcome.reason, what=outcome.reason, page=self.here, medium=outcome.reason)

    @asynccontextmanager
    async def signing_in(self) -> AsyncIterator[None]:
        """While signing in, the sign-in page is expected and no lost session."""
        self._signing_in = True
        try:
            yield
        finally:
            self._signing_in = False

    def _page(self) -> PageMap:
        return self.map.pages[self.here]

    # --- trouble -------------------------------------------------------------------------------------------------

    def _on_response(self, response: Response) -> None:
        request = response.request
        if not request.is_navigation_request() or response.frame != self.browser_page.main_frame:
            return
        if response.status == 429:
            self._set_trouble(self._eyes.error(RateLimited))
        elif response.status >= 500:
            self._set_trouble(self._eyes.error(PortalDown, what=f"error {response.status}"))

    def _on_navigated(self, frame: Frame) -> None:
        if frame == self.browser_page.main_frame and frame.url.startswith("chrome-error:"):
            self._set_trouble(self._eyes.error(PortalDown, what="no connection"))

    def _set_trouble(self, trouble: BotError) -> None:
        self._trouble = self._trouble or trouble
        self._trouble_seen.set()

    def _forget_trouble(self) -> None:
        self._trouble = None
        self._trouble_seen = asyncio.Event()

    def _trouble_or(self, kind: type[BotError], **details: str) -> BotError:
        return self._trouble or self._eyes.error(kind, **details)


async def _send_by(sender: SendOnce, route: Route) -> None:
    """Lets everything pass but the commit, which the sender sends itself and hands the answer back to the page."""
    request: Request = route.request
    if request.method in ("GET", "HEAD", "OPTIONS"):
        await route.continue_()
        return
    answer = await sender.send(request.method, request.url, await request.all_headers(), request.post_data_buffer)
    if answer is None:
        await route.abort("connectionreset")
        return
    await route.fulfill(status=answer.status, headers=answer.headers, body=answer.body)


async def _end(tasks: set[asyncio.Task[Any]]) -> list[BaseException]:
    """Ends what still waits and returns what went wrong in the rest."""
    for task in tasks:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    return [result for result in results if isinstance(result, BaseException)]
