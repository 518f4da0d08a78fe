"""Catches the one file that a portal hands out, in memory.

A browser's own download lies in a temporary folder in clear, and a pop-up that closes itself takes its file with it. So while
a file is waited for, the portal's answers pass through here; the first that is a file is kept and the browser never gets it.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from bots.browser import Page, PlaywrightError, Route
from bots.send_once import Answer, SendOnce
from bots.windows import shut

FILE_TYPES = frozenset({"application/pdf", "application/octet-stream", "image/tiff"})
_ASKED_BY = frozenset({"document", "xhr", "fetch"})
"""Requests whose answer may be the file; pictures, scripts and styles go their own way."""
QUIET = 2.0
"""Seconds without anything asked of the server after which a click has brought nothing."""
ANNOUNCED_WITHIN = 5.0
"""Seconds in which the browser tells of a pop-up that has something to show."""
_EMPTY_WINDOW = "<!doctype html><title>Taken</title>"


class FileCatcher:
    """Catches a file of ``base_url``'s own server, on this page or in any pop-up; pop-ups are closed on leaving.

    ``seconds``: how long one answer may take.
    """

    def __init__(self, page: Page, base_url: str, seconds: float) -> None:
        self._page = page
        self._server = _server(base_url)
        self._seconds = seconds
        self._popups: list[Page] = []
        self._announced = asyncio.Event()
        self._taken = False
        self._under_way = 0
        self._last = 0.0
        self._caught: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def __aenter__(self) -> Self:
        self._page.context.on("page", self._opened)
        await self._page.context.route("**/*", self._handle)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        context = self._page.context
        context.remove_listener("page", self._opened)
        try:
            await context.unroute("**/*", self._handle)
            for popup in self._popups:
                await shut(popup)
        except PlaywrightError:
            pass  # the window, or all of the browser, closed by itself

    async def caught(self, seconds: float, *, quiet: float = 0) -> bytes | None:
        """The file; None when none came in this time, or (``quiet``, seconds) when nothing has been under way for so long."""
        clock = asyncio.get_running_loop().time
        end, self._last = clock() + seconds, clock()
        while (left := end - clock()) > 0:
            done, _ = await asyncio.wait({self._caught}, timeout=min(left, quiet or left))
            if done:
                return self._caught.result()
            if quiet and not self._under_way and clock() - self._last >= quiet:
                break
        return None

    def _opened(self, popup: Page) -> None:
        self._popups.append(popup)
        self._announced.set()

    async def _handle(self, route: Route) -> None:
        self._under_way += 1
        try:
            await self._pass_on(route)
        finally:
            self._under_way -= 1
            self._last = asyncio.get_running_loop().time()

    async def _pass_on(self, route: Route) -> None:
        request = route.request
        try:
            if self._taken or request.resource_type not in _ASKED_BY or _server(request.url) != self._server:
                await route.continue_()
                return
            sender = SendOnce(self._seconds)
            answer = await sender.send(request.method, request.url, await request.all_headers(), request.post_data_buffer)
            if answer is None:
                await route.abort("connectionreset")
            elif answer.status == 200 and answer.body and is_file(answer) and not self._taken:
                self._taken = True
                try:
                    await self._instead_of_the_file(route)
                finally:
                    self._caught.set_result(answer.body)
            else:
                await route.fulfill(status=answer.status, headers=answer.headers, body=answer.body)
        except PlaywrightError:
            return  # the page that asked is gone; nobody waits for this answer

    async def _instead_of_the_file(self, route: Route) -> None:
        """A page stays as it is; a pop-up gets something to show, so that it can be closed."""
        if _asks_for(self._page, route):
            await route.fulfill(status=204)
            return
        await route.fulfill(status=200, content_type="text/html", body=_EMPTY_WINDOW)
        with suppress(TimeoutError):
            async with asyncio.timeout(ANNOUNCED_WITHIN):
                await self._announced.wait()


def is_file(answer: Answer) -> bool:
    """Whether an answer is a file to keep: sent as one, or of a kind that documents have."""
    headers = {name.lower(): value for name, value in answer.headers.items()}
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    return headers.get("content-disposition", "").lower().startswith("attachment") or kind in FILE_TYPES


def _asks_for(page: Page, route: Route) -> bool:
    """Whether a request belongs to this page; one that opens a window has no frame yet."""
    try:
        return route.request.frame.page == page
    except PlaywrightError:
        return False


def _server(url: str) -> tuple[str, str, int | None]:
    parsed = urlsplit(url)
    return parsed.scheme, parsed.hostname or "", parsed.port
