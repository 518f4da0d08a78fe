"""A page as its selector file describes it: go, fill, press, attach, read, table, outcome.

Every element is found by candidates in order; one must match exactly one visible element. Using a later candidate is
recorded as drift. Nothing is done on a page that was not recognised, and every wait is for something named.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from bots.browser import Page, PlaywrightError, PlaywrightTimeout
from bots.commit import sent_once
from bots.downloads import QUIET, FileCatcher
from bots.errors import (
    AnswerMissing,
    BadReading,
    BotError,
    FileNotReceived,
    PageChanged,
    PasswordExpired,
    PortalDown,
    PortalSlow,
    SessionLost,
    WindowBlocked,
    WindowClosed,
)
from bots.eyes import SLACK_SECONDS, pairs, plain, row_of
from bots.hands import Hands
from bots.pagemap import ActionMap, Candidate, Find, PortalMap
from bots.questions import shown_questions
from bots.reading import PageReader
from bots.tabledata import Row
from bots.windows import end, happens, navigation

MOVES_WITHIN = 1.5
"""Seconds after which a press that led nowhere yet is looked after: whether it fell on nothing."""
MAX_LIST_PAGES = 200
"""A list longer than this is read as broken, not for ever."""


Arrived = Callable[["PageView"], Awaitable[None]]


class PageView(PageReader):
    """One browser page of a portal, read, filled and pressed through its `PortalMap`."""

    def __init__(self, page: Page, portal_map: PortalMap, base_url: str, details: Mapping[str, str]) -> None:
        super().__init__(page, portal_map, details)
        self.base_url = base_url.rstrip("/")
        self._hands = Hands(self._eyes)
        self.arrived: Arrived | None = None
        """Called with each page that is recognised, before anything is done on it."""
        page.set_default_timeout(portal_map.timeouts.page * 1000)

    # --- going ---------------------------------------------------------------------------------------------------

    async def goto(self, name: str, *others: str, **values: str) -> str:
        """Opens the page ``name`` by its path (with ``values`` put in); returns which of it and ``others`` is seen."""
        path = self.map.pages[name].path.format_map({key: quote(value, safe="") for key, value in values.items()})
        try:
            await self.browser_page.goto(self.base_url + path, wait_until="commit")
        except PlaywrightTimeout as error:
            raise self._eyes.error(PortalSlow, page=name) from error
        except PlaywrightError as error:
            raise self._eyes.error(PortalDown, what="no connection") from error
        return await self._arrive((name, *others), told_by=name)

    async def press(self, key: str) -> str:
        """Presses an action of this page and returns the page or outcome of its ``leads_to`` that is seen. One that ``opens``
        another window takes the view there (`WindowBlocked` when none opens)."""
        action = self._page().actions[key]
        if action.opens:
            return await self._move(key, action)
        told = pairs(self._page().told_by(action))
        seen = await self._press(action, self._hands.press(key, action.find, watched=action.navigates, told=told))
        if seen in action.asks_again:
            clear = self._page().actions[action.asks_again[seen]]
            await self._press(clear, self._hands.press(action.asks_again[seen], clear.find))
            seen = await self._press(action, self._hands.press(key, action.find, watched=action.navigates, told=told))
        return seen

    async def arrive(self, *names: str) -> str:
        """Waits, without pressing anything, for the first of these pages and outcomes of this page."""
        return await self._arrive(names)

    async def choose(self, table_key: str, row: Row, to: Iterable[str], *, navigates: bool = True) -> str:
        """Presses the ``row_action`` inside one row of a table; returns which of ``to`` is seen."""
        table = self._page().tables[table_key]
        action = ActionMap(find=table.row_action, leads_to=tuple(to), navigates=navigates)
        place = row_of(table, row)
        return await self._press(
            action, self._hands.press(f"{table_key}.row_action", table.row_action, watched=navigates, row=place)
        )

    @asynccontextmanager
    async def window(self, key: str) -> AsyncIterator[PageView]:
        """Presses an action that opens another window; yields a view of it, on that page of ``leads_to`` which is seen there.

        Outcomes in ``leads_to`` may be told on this page instead. The window is closed on leaving. Raises `WindowBlocked` when
        none opens and `WindowClosed` when it goes away without an action that ``closes`` it.
        """
        action = self._page().actions[key]
        popup = await self._happens("popup", action, self._hands.press(key, action.find))
        if popup is None:
            raise self._eyes.error(WindowBlocked, page=self.here, key=key)
        other = PageView(popup, self.map, self.base_url, self._details)
        other._eyes.drift = self._eyes.drift
        other.arrived = self.arrived
        try:
            await other._arrive(tuple(name for name in action.leads_to if name in self.map.pages))
            yield other
        except (BotError, PlaywrightError) as error:
            if popup.is_closed() and not isinstance(error, WindowClosed):
                raise self._eyes.error(WindowClosed, page=other.here) from error
            raise
        finally:
            if not popup.is_closed():
                await popup.close()

    async def _move(self, key: str, action: ActionMap) -> str:
        """Into the window that the action opens, so that there is one at a time; back where it shows nothing that was meant."""
        popup = await self._happens("popup", action, self._hands.press(key, action.find))
        if popup is None:
            raise self._eyes.error(WindowBlocked, page=self.here, key=key)
        popup.set_default_timeout(self.map.timeouts.page * 1000)
        left, self.browser_page, self._eyes.page, self._hands.frame = self.browser_page, popup, popup, None
        try:
            seen = await self._arrive(action.leads_to)
        except BaseException:
            left, self.browser_page, self._eyes.page = popup, left, left
            raise
        finally:
            await left.close()
        return seen

    async def _happens(self, event: Literal["popup", "close"], action: ActionMap, press: Coroutine[Any, Any, None]) -> Any:
        """What the event gives; None when it does not come. An outcome of the action that is told instead is raised."""
        finds, seconds = self._page().told_by(action), self.map.timeouts.page
        came = await happens(self.browser_page, event, press, self._eyes.first_seen(finds, {}, seconds), seconds)
        if came and isinstance(came, str):
            raise self.told(self._page().outcomes[came])
        return came or None

    @asynccontextmanager
    async def commit(self, key: str) -> AsyncIterator[Callable[[], Awaitable[str]]]:
        """The one click that commits: found beyond doubt before anything is journalled, sent at most once by `SendOnce`.

        Yields the function that clicks and waits for what follows; leaving the context removes the guard.
        """
        action = self._page().actions[key]
        await self._hands.aim(key, action.find, only=True)

        async def click() -> str:
            # The answer is waited for by the sender; the page gets a little longer to show it.
            seconds = self.map.timeouts.commit + SLACK_SECONDS
            return await self._press(
                action, self._hands.press(key, action.find, only=True, told=pairs(self._page().told_by(action))), seconds
            )

        async with sent_once(self.browser_page, action.commit, self.map.timeouts.commit, action.commit_unless):
            yield click

    async def _press(self, action: ActionMap, click: Coroutine[Any, Any, None], seconds: float = 0) -> str:
        if action.closes:
            if await self._happens("close", action, click) is None:
                raise self._eyes.error(PortalSlow, page=self.here)
            return ""
        names = action.leads_to or (self.here,)
        page = self._page()
        in_place = [n for n in names if n in page.outcomes and page.outcomes[n].in_place]
        seconds = seconds or self.map.timeouts.page
        moved = asyncio.create_task(navigation(self.browser_page, lambda: self._hands.frame)) if action.navigates else None
        try:
            await click
            if moved is not None:
                await self._moved_or_told(moved, in_place, seconds)
        except PlaywrightTimeout as error:
            raise self._eyes.error(PortalSlow, page=self.here) from error
        except PlaywrightError as error:
            raise self._eyes.error(PortalDown, what="the page broke off") from error
        finally:
            if moved is not None:
                moved.cancel()
        return await self._arrive(names, seconds)

    async def _moved_or_told(self, moved: asyncio.Task[None], in_place: list[str], seconds: float) -> None:
        """Until a new document came or an outcome was told on the old one."""
        waits: set[asyncio.Task[Any]] = {moved}
        if in_place:
            finds = {name: self._page().outcomes[name].see for name in in_place}
            waits.add(asyncio.create_task(self._eyes.first_seen(finds, {}, seconds)))
        done, _ = await asyncio.wait(waits, timeout=MOVES_WITHIN, return_when=asyncio.FIRST_COMPLETED)
        if not done:
            await self._hands.again()
            done, _ = await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        await end(waits - {moved})
        if not done:
            raise self._eyes.error(PortalSlow, page=self.here)

    async def _arrive(self, names: tuple[str, ...], seconds: float | None = None, *, told_by: str = "") -> str:
        """Waits for the first of these pages and outcomes, or an interruption (raised); sets ``here``.

        ``told_by``: a page whose outcomes may be told, all of them; else those of the present page that ``names`` has.
        """
        before = self.here
        page = self.map.pages.get(told_by or before)
        outcomes = {n: o for n, o in page.outcomes.items() if told_by or n in names} if page else {}
        pages = {n: self.map.pages[n].is_here for n in names if n in self.map.pages}
        # What may be told besides: an outcome stands before a page, because a page that carries an error is the error.
        told: dict[str, Find] = {f"!{k}": o.see for k, o in self.map.interruptions.items()}
        if (account := self.map.account) is not None:
            sign_in, change = account.page, account.change_password
            if not self._signing_in and sign_in not in names:
                told[f"@{sign_in}"] = self.map.pages[sign_in].is_here
            if change is not None and change.page not in names:
                told[f"#{change.page}"] = self.map.pages[change.page].is_here
        told |= {n: o.see for n, o in outcomes.items()}
        # A window that opens over an expected page hides it, however soon it opened.
        over = {late: self.map.pages[n] for n in list(pages) for late in self.map.pages[n].late if late != before}
        pages |= {late: self.map.pages[late].is_here for late in over if late in self.map.pages}
        told |= {f"~{late}": p.outcomes[late].see for late, p in over.items() if late in p.outcomes}
        try:
            seen = await self._eyes.first_seen(told, pages, seconds or self.map.timeouts.page)
        except PlaywrightError as error:
            raise self._eyes.error(PortalDown, what="the page broke off") from error
        if not seen:
            if await self._eyes.shown({"waiting": self.map.waiting}):
                raise self._eyes.error(PortalSlow, page=names[0])
            expected = " or ".join(pages) or names[0]
            raise self._eyes.error(PageChanged, page=expected, key="is_here", what="no expected page was seen")
        if seen.startswith("!"):
            raise self.told(self.map.interruptions[seen[1:]])
        if seen.startswith("@"):
            raise self._eyes.error(SessionLost, page=names[0])
        if seen.startswith("#"):
            raise self._eyes.error(PasswordExpired)
        if seen.startswith("~"):
            raise self.told(over[seen[1:]].outcomes[seen[1:]])
        if seen in outcomes and outcomes[seen].error:
            raise self.told(outcomes[seen])
        if seen in pages or told_by:
            self._eyes.here = seen if seen in pages else told_by
            if self.arrived is not None:
                await self.arrived(self)
            if self.here != before:
                return await self._opened_late() or seen
        return seen

    async def _opened_late(self) -> str:
        """What opens over the page by itself a while after it came; "" when nothing does. An outcome with an error is raised."""
        page = self._page()
        if not page.late:
            return ""
        told = {n: page.outcomes[n].see for n in page.late if n in page.outcomes}
        pages = {n: self.map.pages[n].is_here for n in page.late if n in self.map.pages}
        seen = await self._eyes.first_seen(told, pages, self.map.timeouts.late)
        if seen in told and page.outcomes[seen].error:
            raise self.told(page.outcomes[seen])
        if seen in pages:
            self._eyes.here = seen
            if self.arrived is not None:
                await self.arrived(self)
        return seen

    # --- filling -------------------------------------------------------------------------------------------------

    async def fill(self, **values: str) -> None:
        """Fills fields of this page by our names, each read back at once; an empty value leaves its field alone."""
        fields = self._page().fields
        entered = {key: value for key, value in values.items() if value}
        for key in [key for key in entered if fields[key].posts_back]:
            again = ActionMap(find=fields[key].find, leads_to=(self.here,))
            await self._press(again, self._fill_and_leave(key, entered.pop(key)))
        await self._hands.fill(fields, entered)

    async def _fill_and_leave(self, key: str, value: str) -> None:
        """Boxes post back when they are left, lists already when something is chosen."""
        fields = self._page().fields
        await self._hands.stand_at(key, fields[key].find)
        await self._hands.fill(fields, {key: value})
        await self.browser_page.keyboard.press("Tab")

    async def answer(self, answers: Mapping[str, str], prefix: str = "q_", about: str = "") -> dict[str, str]:
        """Answers the questions this page shows, only from ``answers``; a shown question without answer stops the request,
        unless it is optional.

        Questions are the fields of the selector file whose key starts with ``prefix``; the rest of the key names the answer.
        ``about`` stands after the name of a missing answer (which of several exams it is for). Returns what was answered, by
        field key.
        """
        answered: dict[str, str] = {}
        questions = {key: field for key, field in self._page().fields.items() if key.startswith(prefix)}
        given = {key for key in questions if answers.get(key.removeprefix(prefix))}
        shown = await shown_questions(self._eyes, {key: field.find for key, field in questions.items()}, given)
        for key in questions:
            if key in shown:
                name = key.removeprefix(prefix)
                if answers.get(name):
                    answered[key] = answers[name]
                elif not questions[key].optional:
                    raise self._eyes.error(AnswerMissing, question=name + about)
        await self.fill(**answered)
        return answered

    async def attach(self, key: str, paths: Iterable[Path]) -> None:
        """Puts files into a file field; where the portal looks at them (``busy``), waits until each is listed and that is over.

        What the page then ``tells`` is raised. That the portal took them is for the caller to see in the page's own list.
        """
        files, field, seconds = list(paths), self._page().fields[key], self.map.timeouts.page
        element = await self._eyes.element(field.find)
        if element is None:
            raise self._eyes.changed(key, "not found")
        await element.set_input_files(files)
        outcomes = {name: self._page().outcomes[name] for name in field.tells}
        told = {name: outcome.see for name, outcome in outcomes.items()}
        for file in files if field.busy else ():
            seen = await self._eyes.first_seen(told, {"listed": (Candidate(text=file.name),)}, seconds)
            if seen in told:
                raise self.told(outcomes[seen])
            if not seen or not await self._eyes.ask("gone", wait=seconds, find=plain(field.busy)):
                raise self._eyes.error(PortalSlow, page=self.here)
        if shown := await self._eyes.shown(told):
            raise self.told(next(outcome for name, outcome in outcomes.items() if name in shown))

    async def download(self, key: str, row: Row | None = None) -> bytes:
        """The file that an action of this page, or the ``row_action`` of a row of the table ``key``, hands out; held in memory.

        It may come as a download, or in a pop-up that shows it and may close itself. What brings nothing is pressed once more.
        Raises `FileNotReceived`, or what the page says instead.
        """
        page, seconds = self._page(), self.map.timeouts.download
        find = page.actions[key].find if row is None else page.tables[key].row_action
        place: dict[str, Any] = {} if row is None else {"row": row_of(page.tables[key], row)}
        try:
            async with FileCatcher(self.browser_page, self.base_url, seconds) as catcher:
                for quiet in (QUIET, 0):
                    await self._hands.press(key, find, **place)
                    if content := await catcher.caught(seconds, quiet=quiet):
                        return content
                    await self._arrive((self.here,))
        except PlaywrightError as error:
            raise self._eyes.error(PortalDown, what="the page broke off") from error
        raise self._eyes.error(FileNotReceived, page=self.here)

    # --- lists and rows -------------------------------------------------------------------------------------------

    async def add_row(self, action: str, table_key: str, rows: int) -> None:
        """Presses an action that adds a row to a table on this page, and waits for it as `added` does."""
        await self.start_row(action)
        await self.added(action, table_key, rows)

    async def start_row(self, action: str) -> None:
        """Presses an action that adds a row; what may be typed meanwhile is the caller's knowledge. `added` must follow."""
        await self._hands.press(action, self._page().actions[action].find)

    async def added(self, action: str, table_key: str, rows: int) -> None:
        """Waits until a table has exactly ``rows`` data rows, or an outcome of the action is told (raised)."""
        page = self._page()
        table, told = page.tables[table_key], page.told_by(page.actions[action])
        seconds, said = self.map.timeouts.page, list(table.headers)
        parts = {"find": plain(table.find), "columns": said, "rows": table.header_rows + rows, "told": pairs(told)}
        seen = await self._eyes.ask("added", wait=seconds, **parts)
        if seen is None:
            raise self._eyes.error(PortalSlow, page=self.here)
        if seen["name"]:
            raise self.told(page.outcomes[seen["name"]])
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
            if not find or not await self._eyes.shown({"next": find}, enabled=True):
                return
            press = self._hands.press(f"{key}.next_page", find)
            if self._page().tables[key].turns_in_place:
                await self._turn(key, press)
            else:
                await self._press(ActionMap(find=find, leads_to=(self.here,)), press)
        raise self._eyes.error(BadReading, page=self.here, what="a list without end")

    async def _turn(self, key: str, press: Coroutine[Any, Any, None]) -> None:
        """To the next page of a list whose document stays: until it shows other rows."""
        table = self._page().tables[key]
        parts = {"find": plain(table.find), "columns": list(table.headers)}
        before = (await self._eyes.see(key, "rows", empty=plain(table.empty), **parts))["rows"]
        await press
        if await self._eyes.ask("turned", wait=self.map.timeouts.page, before=before, **parts) is None:
            raise self._eyes.error(PortalSlow, page=self.here)

    async def leave(self, page: str, action: str) -> bool:
        """Presses the action of the page ``page`` if this document, whatever it is, offers it; whether it did."""
        leave = self.map.pages[page].actions[action]
        if not await self._eyes.shown({action: leave.find}, enabled=True):
            return False
        await self._press(leave, self._hands.press(action, leave.find))
        return True
