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

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Frame, Locator, Page, Request, Response, Route
from playwright.async_api import TimeoutError as PlaywrightTimeout

from bots.errors import (
    AnswerMissing,
    BadReading,
    BotError,
    NotListed,
    PageChanged,
    PortalDown,
    PortalSlow,
    RateLimited,
    SessionLost,
    error_class,
)
from bots.model import Frozen
from bots.pagemap import ActionMap, Candidate, FieldKind, FieldMap, Find, OutcomeMap, PageMap, PortalMap, ReadMap, TableMap
from bots.send_once import SendOnce
from bots.tabledata import HeaderMissing, Row, RowBroken, fold, parse_table

_BOXES = "input:not([type=hidden]):not([type=button]):not([type=submit]):not([type=checkbox]):not([type=radio]), select, textarea"
_VALUE_JS = f"""el => {{ const box = el.matches(`{_BOXES}`) ? el : el.innerText.trim() ? null : el.querySelector(`{_BOXES}`);
  return !box ? el.innerText : box.tagName === 'SELECT' ? (box.selectedOptions[0]?.text ?? '') : box.value; }}"""
_ROWS_JS = f"""table => {{ const value = {_VALUE_JS};
  return Array.from(table.rows).map(row => row.getClientRects().length === 0 ? [] : Array.from(row.cells).map(value)); }}"""
_BOX_XPATH = "self::input[not(@type) or @type='text' or @type='tel' or @type='password'] or self::select or self::textarea"
MAX_LIST_PAGES = 200
"""A list longer than this is read as broken, not for ever."""


class Drift(Frozen):
    """A later candidate was used: the page has begun to change."""

    page: str
    key: str
    candidate: int


class PageView:
    """One browser page of a portal, seen through its `PortalMap`.

    ``details`` goes into every error raised here (account, the secret's name); it holds no health information.
    """

    def __init__(self, page: Page, portal_map: PortalMap, base_url: str, details: Mapping[str, str]) -> None:
        self.browser_page = page
        self.map = portal_map
        self.base_url = base_url.rstrip("/")
        self.here = ""
        self.drift: list[Drift] = []
        self._details = dict(details)
        self._trouble: BotError | None = None
        self._trouble_seen = asyncio.Event()
        self._signing_in = False
        page.set_default_timeout(portal_map.timeouts.page * 1000)
        page.on("response", self._on_response)
        page.on("framenavigated", self._on_navigated)

    # --- going ---------------------------------------------------------------------------------------------------

    async def goto(self, name: str, *others: str, **values: str) -> str:
        """Opens the page ``name`` by its path (with ``values`` put in); returns which of it and ``others`` is seen."""
        path = self.map.pages[name].path.format_map({key: quote(value, safe="") for key, value in values.items()})
        self._forget_trouble()
        try:
            await self.browser_page.goto(self.base_url + path, wait_until="commit")
        except PlaywrightTimeout as error:
            raise self._error(PortalSlow, page=name) from error
        except PlaywrightError as error:
            raise self._error(PortalDown, what="no connection") from error
        return await self._arrive((name, *others))

    async def press(self, key: str) -> str:
        """Presses an action of this page and returns the page or outcome of its ``leads_to`` that is seen."""
        action = self._page().actions[key]
        return await self._press(action, (await self._one(key, action.find)).click())

    async def choose(self, table_key: str, row: Row, to: Iterable[str], *, navigates: bool = True) -> str:
        """Presses the ``row_action`` inside one row of a table; returns which of ``to`` is seen."""
        table = self._page().tables[table_key]
        root = (
            (await self._one(table_key, table.find)).locator("xpath=./tr | ./thead/tr | ./tbody/tr | ./tfoot/tr").nth(row.index)
        )
        target = await self._one(f"{table_key}.row_action", table.row_action, root)
        action = ActionMap(find=table.row_action, leads_to=tuple(to), navigates=navigates)
        return await self._press(action, target.click())

    @asynccontextmanager
    async def commit(self, key: str) -> AsyncIterator[Callable[[], Awaitable[str]]]:
        """The one click that commits: found beyond doubt before anything is journalled, sent at most once by `SendOnce`.

        Yields the function that clicks and waits for what follows; leaving the context removes the guard.
        """
        action = self._page().actions[key]
        target = await self._only(key, action.find)
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
            told = self._any_of([f for n in in_place for f in [self._page().outcomes[n].see]])
            waits.add(asyncio.create_task(told.first.wait_for(timeout=seconds * 1000)))
        done, _ = await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        await _end(waits - {moved})
        if not done:
            raise self._error(PortalSlow, page=self.here)

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
            raise self._error(SessionLost, page=names[0])
        if seen in pages:
            self.here = seen
        elif outcomes[seen].error:
            raise self.told(outcomes[seen])
        return seen

    async def _first_seen(self, finds: dict[str, Find], seconds: float) -> str:
        wanted = self._any_of(finds.values())
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
                raise self._error(PageChanged, page="/".join(finds), key="is_here", what="none of them was seen") from error
            if isinstance(error, PlaywrightError):
                raise self._error(PortalDown, what="the page broke off") from error
        # Interruptions stand first, then outcomes, then pages: a page that carries an error is the error.
        shown = await asyncio.gather(*(self._any_of([find]).count() for find in finds.values()))
        for (name, find), count in zip(finds.items(), shown, strict=True):
            if count:
                if name[0] not in "!@" and not await self._candidate(find[0]).count():
                    self._note_drift(name, "is_here", 1)
                return name
        raise self._error(PageChanged, page="/".join(finds), key="is_here", what="it vanished")

    # --- filling -------------------------------------------------------------------------------------------------

    async def fill(self, **values: str) -> None:
        """Fills fields of this page by our names, each read back at once; an empty value leaves its field alone."""
        page = self._page()
        for key, value in values.items():
            if value:
                await self._fill(key, page.fields[key], value)

    async def answer(self, answers: Mapping[str, str], prefix: str = "q_") -> dict[str, str]:
        """Answers the questions this page shows, only from ``answers``; a shown question without answer stops the request.

        Questions are the fields of the selector file whose key starts with ``prefix``; the rest of the key names the answer.
        Returns what was answered, by field key.
        """
        answered: dict[str, str] = {}
        for key, field in self._page().fields.items():
            if not key.startswith(prefix) or not await self._any_of([field.find]).count():
                continue
            name = key.removeprefix(prefix)
            if not answers.get(name):
                raise self._error(AnswerMissing, question=name)
            await self._fill(key, field, answers[name])
            answered[key] = answers[name]
        return answered

    async def _fill(self, key: str, field: FieldMap, value: str) -> None:
        if field.kind in (FieldKind.RADIO, FieldKind.COMBO, FieldKind.TREE) and value not in field.words:
            raise self._error(NotListed, what=key)
        target = await self._one(key, field.find, boxes=field.kind not in (FieldKind.RADIO, FieldKind.TREE))
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
                    await (await self._single(key, target.get_by_role("radio", name=said, exact=True))).check()
                case FieldKind.CHECK:
                    await target.set_checked(value == "yes")
                case FieldKind.PICK:
                    await self._pick(key, field, target, said)
                case FieldKind.COMBO:
                    await target.click()
                    entries = self._any_of([field.options]).filter(has_text=re.compile(rf"^\s*{re.escape(said)}\s*$"))
                    await entries.first.wait_for()
                    await (await self._single(key, entries)).click()
                    await self._kept(key, target, said)
                case FieldKind.TREE:
                    await self._unfold(key, field, target, said)
        except PlaywrightError as error:
            raise self._changed(key, "cannot be filled") from error

    async def _select(self, key: str, field: FieldMap, target: Locator, value: str) -> None:
        if field.words and value not in field.words:
            raise self._error(NotListed, what=key)
        said = field.words.get(value, value)
        options = [fold(text) for text in await target.locator("option").all_inner_texts()]
        if options.count(said) != 1:
            raise self._changed(key, "the choice is missing or there twice")
        await target.select_option(index=options.index(said))

    async def _pick(self, key: str, field: FieldMap, target: Locator, value: str) -> None:
        """Types into a type-ahead and chooses its one entry for the value; the last key is typed so that it asks the portal."""
        await target.fill(value[:-1])
        await target.press_sequentially(value[-1])
        wanted = self._any_of([field.options]).filter(has_text=_starting_with(value))
        told = wanted.or_(self._any_of([field.none])) if field.none else wanted
        try:
            await told.first.wait_for(timeout=self.map.timeouts.lookup * 1000)
        except PlaywrightTimeout as error:
            raise self._error(NotListed, what=key) from error
        if not await wanted.count():
            raise self._error(NotListed, what=key)
        await (await self._single(key, wanted)).click()
        if not _starting_with(value).match(await target.input_value()):
            raise self._changed(key, "the choice was not kept")

    async def _unfold(self, key: str, field: FieldMap, tree: Locator, path: str) -> None:
        """Chooses a leaf of a tree, unfolding the branches on the way; what the page then shows as chosen is checked."""
        *branches, leaf = path.split(" / ")
        for name in branches:
            branch = tree.get_by_role("treeitem").filter(has=tree.page.get_by_text(name, exact=True))
            if await (await self._single(key, branch)).get_attribute("aria-expanded") != "true":
                await branch.get_by_text(name, exact=True).click()
        entry = tree.get_by_text(leaf, exact=True).filter(visible=True)
        await entry.first.wait_for()
        await (await self._single(key, entry)).click()
        if fold(await (await self._one(key, field.shown)).inner_text()) != leaf:
            raise self._changed(key, "the choice was not kept")

    async def _single(self, key: str, locator: Locator) -> Locator:
        if await locator.count() != 1:
            raise self._changed(key, "the choice is missing or there twice")
        return locator

    async def _kept(self, key: str, target: Locator, value: str) -> None:
        kept = await target.input_value()
        if kept != value and _bare(kept) != _bare(value):
            raise self._changed(key, "does not keep what is typed")

    async def attach(self, key: str, paths: Iterable[Path]) -> None:
        """Puts files into a file field. That the portal took them is for the caller to see in the page's own list."""
        target = await self._one(key, self._page().fields[key].find, visible=False)
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
        if read.optional and not await self._any_of([read.find]).count():
            return ""
        target = await self._one(key, read.find)
        text = fold(str(await target.evaluate(_VALUE_JS)))
        if not read.pattern or (read.optional and not text):
            return text
        match = re.fullmatch(read.pattern, text)
        if match is None:
            raise self._error(BadReading, page=self.here, what=key)
        return match[1] if match.groups() else text

    async def table(self, key: str) -> list[Row]:
        """The rows of a table on this page (this one page of it)."""
        table = self._page().tables[key]
        if table.empty and await self._any_of([table.empty]).count():
            return []
        return await self._rows(key, table)

    async def add_row(self, action: str, table_key: str, rows: int) -> None:
        """Presses an action that adds a row to a table on this page; waits until the table has ``rows`` data rows or an
        outcome of the action is told (raised)."""
        page = self._page()
        table, told = page.tables[table_key], {n: page.outcomes[n] for n in page.actions[action].leads_to if n in page.outcomes}
        self._forget_trouble()
        await (await self._one(action, page.actions[action].find)).click()
        added = self._any_of([table.find]).locator("tr").nth(table.header_rows + rows - 1)
        seen = added.or_(self._any_of([outcome.see for outcome in told.values()])) if told else added
        try:
            await seen.first.wait_for()
        except PlaywrightTimeout as error:
            raise self._error(PortalSlow, page=self.here) from error
        for outcome in told.values():
            if await self._any_of([outcome.see]).count():
                raise self.told(outcome)
        if len(await self._rows(table_key, table)) != rows:
            raise self._changed(table_key, "a row was not added once")

    async def list_pages(self, key: str) -> AsyncIterator[list[Row]]:
        """The rows of a table, page after page. A page that comes twice or a list without end is a `BadReading`."""
        seen: set[tuple[tuple[str, ...], ...]] = set()
        for _ in range(MAX_LIST_PAGES):
            rows = await self.table(key)
            print_of = tuple(tuple(row.cells.values()) for row in rows)
            if rows and print_of in seen:
                raise self._error(BadReading, page=self.here, what="the same list page twice")
            seen.add(print_of)
            yield rows
            find = self._page().tables[key].next_page
            if not find or not await self._any_of([find]).count():
                return
            target = await self._one(f"{key}.next_page", find)
            if not await target.is_enabled():
                return
            await self._press(ActionMap(find=find, leads_to=(self.here,)), target.click())
        raise self._error(BadReading, page=self.here, what="a list without end")

    async def _rows(self, key: str, table: TableMap) -> list[Row]:
        target = await self._one(key, table.find)
        try:
            return parse_table(await target.evaluate(_ROWS_JS), table.columns)
        except HeaderMissing as error:
            raise self._changed(key, "columns missing: " + ", ".join(map(str, error.args))) from error
        except RowBroken as error:
            raise self._error(BadReading, page=self.here, what=f"table {key} is cut off") from error

    async def sees(self, outcome: str) -> bool:
        """Whether an outcome of this page is shown now."""
        return bool(await self._any_of([self._page().outcomes[outcome].see]).count())

    async def offers(self, action: str) -> bool:
        """Whether an action of this page is shown and enabled now."""
        target = self._any_of([self._page().actions[action].find])
        return bool(await target.count()) and await target.first.is_enabled()

    def told(self, outcome: OutcomeMap) -> BotError:
        """The error that an outcome stands for."""
        kind = error_class(outcome.error) or PageChanged
        return self._error(kind, reason=outcome.reason, what=outcome.reason, page=self.here, medium=outcome.reason)

    @asynccontextmanager
    async def signing_in(self) -> AsyncIterator[None]:
        """While signing in, the sign-in page is expected and no lost session."""
        self._signing_in = True
        try:
            yield
        finally:
            self._signing_in = False

    # --- finding -------------------------------------------------------------------------------------------------

    def _page(self) -> PageMap:
        return self.map.pages[self.here]

    def _candidate(self, candidate: Candidate, within: Locator | None = None, *, visible: bool = True) -> Locator:
        root: Page | Locator = within or self.browser_page
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

    def _any_of(self, finds: Iterable[Find]) -> Locator:
        """Everything visible that any of these candidates matches."""
        locators = [self._candidate(candidate) for find in finds for candidate in find]
        combined = locators[0]
        for locator in locators[1:]:
            combined = combined.or_(locator)
        return combined

    async def _one(
        self, key: str, find: Find, within: Locator | None = None, *, visible: bool = True, boxes: bool = False
    ) -> Locator:
        """The element of the first candidate that matches exactly one; later candidates only after a short wait.

        ``boxes``: what stands beside a caption may hold the box that is meant.
        """
        locators = [self._candidate(candidate, within, visible=visible) for candidate in find]
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
            raise self._changed(key, "not found") from error
        counts = await asyncio.gather(*(locator.count() for locator in locators))
        for place, (locator, count) in enumerate(zip(locators, counts, strict=True)):
            if count == 1 and await self._narrows(locator, locators[:place], counts[:place]):
                if place:
                    self._note_drift(self.here, key, place)
                return locator
        raise self._changed(key, "there more than once")

    async def _narrows(self, locator: Locator, earlier: list[Locator], counts: list[int]) -> bool:
        """A later candidate may tell look-alikes apart, it may not point past them."""
        for before, count in zip(earlier, counts, strict=True):
            if count > 1 and not await before.and_(locator).count():
                return False
        return True

    async def _only(self, key: str, find: Find) -> Locator:
        """As `_one`, and every candidate that matches anything matches this very element: for the click that commits."""
        target = await self._one(key, find)
        for candidate in find:
            other = self._candidate(candidate)
            if (count := await other.count()) and (count > 1 or not await other.and_(target).count()):
                raise self._changed(key, "its marks point at different buttons")
        return target

    # --- trouble -------------------------------------------------------------------------------------------------

    def _on_response(self, response: Response) -> None:
        request = response.request
        if not request.is_navigation_request() or response.frame != self.browser_page.main_frame:
            return
        if response.status == 429:
            self._set_trouble(self._error(RateLimited))
        elif response.status >= 500:
            self._set_trouble(self._error(PortalDown, what=f"error {response.status}"))

    def _on_navigated(self, frame: Frame) -> None:
        if frame == self.browser_page.main_frame and frame.url.startswith("chrome-error:"):
            self._set_trouble(self._error(PortalDown, what="no connection"))

    def _set_trouble(self, trouble: BotError) -> None:
        self._trouble = self._trouble or trouble
        self._trouble_seen.set()

    def _forget_trouble(self) -> None:
        self._trouble = None
        self._trouble_seen = asyncio.Event()

    def _trouble_or(self, kind: type[BotError], **details: str) -> BotError:
        return self._trouble or self._error(kind, **details)

    def _error(self, kind: type[BotError], **details: str) -> BotError:
        return kind(self.map.portal, **{**self._details, **details})

    def _changed(self, key: str, what: str) -> BotError:
        return self._error(PageChanged, page=self.here, key=key, what=what, version=self.map.version)

    def _note_drift(self, page: str, key: str, candidate: int) -> None:
        self.drift.append(Drift(page=page, key=key, candidate=candidate))


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


def _starting_with(value: str) -> re.Pattern[str]:
    """``E0601`` at the start and as a whole: not ``E06010`` and not ``E0601.1``."""
    return re.compile(rf"^\s*{re.escape(value)}(?![\w.])")


async def _end(tasks: set[asyncio.Task[Any]]) -> list[BaseException]:
    """Ends what still waits and returns what went wrong in the rest."""
    for task in tasks:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    return [result for result in results if isinstance(result, BaseException)]


def _bare(text: str) -> str:
    return re.sub(r"[^0-9A-Za-z]", "", text)


def _xpath_text(text: str) -> str:
    if "'" not in text:
        return f"'{text}'"
    return "concat(" + ', "\'", '.join(f"'{part}'" for part in text.split("'")) + ")"
