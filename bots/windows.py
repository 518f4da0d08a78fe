"""Documents and windows that come and go: the press, and the first thing that follows from it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Literal

import structlog

from bots.browser import BrowserContext, Frame, Page, PlaywrightError

GONE_SECONDS = 10.0
"""So long a browser may take to close a window."""


async def shut(what: Page | BrowserContext) -> None:
    """Closes a window, or all windows of a session. Playwright waits without end for a browser that never says that a window is
    gone; work goes on without that word, and what is left of it goes with the session or the browser."""
    try:
        async with asyncio.timeout(GONE_SECONDS):
            await what.close()
    except TimeoutError:
        structlog.get_logger().warning("window_stays")


async def happens(
    page: Page,
    event: Literal["popup", "close", "download"],
    press: Coroutine[Any, Any, None],
    told: Coroutine[Any, Any, str],
    seconds: float,
) -> Any | str | None:
    """Presses and waits: what the page's ``event`` gives (a window, a download, the page that closed), else the name that
    ``told`` ends with, else None when time is up. Raises `PlaywrightError` when the press fails."""
    came: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    def seen(what: Any) -> None:
        if not came.done():
            came.set_result(what)

    page.on(event, seen)
    telling = asyncio.create_task(told)
    try:
        try:
            await press
        except PlaywrightError:
            if not came.done():
                raise  # a window that closes under the press is what was waited for
        await asyncio.wait({came, telling}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if came.done():
            return came.result()
        return telling.result() if telling.done() else None
    finally:
        page.remove_listener(event, seen)
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)


async def navigation(page: Page, pressed: Callable[[], Frame | None]) -> None:
    """Until a new document came: the page's, or that of the frame that was ``pressed`` in (or of one inside it).

    A jump inside the old document (a link to ``#``) is none, and what other frames load for themselves does not count.
    """
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    before = {frame: frame.url for frame in page.frames}

    def seen(frame: Frame) -> None:
        old = before.get(frame, "")
        inside = frame.url != old and frame.url.partition("#")[0] == old.partition("#")[0]
        if not inside and _counts(frame, pressed()) and not future.done():
            future.set_result(None)

    page.on("framenavigated", seen)
    try:
        await future
    finally:
        page.remove_listener("framenavigated", seen)


async def end(tasks: set[asyncio.Task[Any]]) -> None:
    """Ends what still waits; what went wrong in it is nobody's any more."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _counts(frame: Frame, pressed: Frame | None) -> bool:
    inner: Frame | None = frame
    while inner is not None and inner != pressed:
        inner = inner.parent_frame
    return frame.parent_frame is None or inner is not None
