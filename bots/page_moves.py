"""From page to page as the selector file says: go, press, commit, windows. Nothing is done on a page that was not recognised, and
every wait is for something named."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Literal, Self
from urllib.parse import quote

from bots.browser import Page, PlaywrightError, PlaywrightTimeout
from bots.commit import sent_once
from bots.errors import (
    BotError,
    PageChanged,
    PasswordExpired,
    PortalDown,
    PortalSlow,
    SessionLost,
    WindowBlocked,
    WindowClosed,
)
from bots.eyes import SLACK_SECONDS, pairs, row_of
from bots.hands import Hands
from bots.pagemap import ActionMap, Find, PortalMap
from bots.reading import PageReader
from bots.tabledata import Row
from bots.windows import end, happens, navigation, shut

MOVES_WITHIN = 1.5
"""Seconds after which a press that led nowhere yet is looked after: whether it fell on nothing."""


class PageMoves(PageReader):
    """One browser page of a portal, read and pressed through its `PortalMap`. Filling is `bots.page.PageView`'s."""

    def __init__(self, page: Page, portal_map: PortalMap, base_url: str, details: Mapping[str, str]) -> None:
        super().__init__(page, portal_map, details)
        self.base_url = base_url.rstrip("/")
        self._hands = Hands(self._eyes)
        self.arrived: Callable[[Any], Awaitable[None]] | None = None
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
    async def window(self, key: str) -> AsyncIterator[Self]:
        """Presses an action that opens another window; yields a view of it, on that page of ``leads_to`` which is seen there.

        Outcomes in ``leads_to`` may be told on this page instead. The window is closed on leaving. Raises `WindowBlocked` when
        none opens and `WindowClosed` when it goes away without an action that ``closes`` it.
        """
        action = self._page().actions[key]
        popup = await self._happens("popup", action, self._hands.press(key, action.find))
        if popup is None:
            raise self._eyes.error(WindowBlocked, page=self.here, key=key)
        other = type(self)(popup, self.map, self.base_url, self._details)
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
                await shut(popup)

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
            await shut(left)
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
