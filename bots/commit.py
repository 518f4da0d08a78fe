"""Takes the commit's request out of the browser's hands, for as long as the one click may make it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bots.browser import Page, PlaywrightError, Request, Route
from bots.send_once import SendOnce


@asynccontextmanager
async def sent_once(page: Page, address: str, seconds: float, unless: str = "") -> AsyncIterator[None]:
    """While inside, of all requests of the page (forms and scripts alike) whose address fits, one is sent, by `SendOnce`.

    ``seconds``: how long its answer may take. ``unless``: pattern of what requests carry that are not the commit; they go their
    own way. Others are refused, also those that a nervous page sends after the first.
    """
    sender, pattern = SendOnce(seconds), re.compile(address)
    handled: set[asyncio.Task[None]] = set()

    async def handle(route: Route) -> None:
        task = asyncio.ensure_future(_send_by(sender, route, unless))
        handled.add(task)
        await task

    await page.route(pattern, handle)
    try:
        yield
    finally:
        await asyncio.gather(*handled, return_exceptions=True)
        await page.unroute(pattern, handle)


async def _send_by(sender: SendOnce, route: Route, unless: str) -> None:
    """Sends the commit itself, once, and hands the answer to the page. A page that is gone by then has no need of it."""
    request: Request = route.request
    try:
        carried = (request.post_data_buffer or b"").decode("utf-8", "replace")
        if request.method in ("GET", "HEAD", "OPTIONS") or (unless and re.search(unless, carried)):
            await route.continue_()
            return
        answer = await sender.send(request.method, request.url, await request.all_headers(), request.post_data_buffer)
        if answer is None:
            await route.abort("connectionreset")
        else:
            await route.fulfill(status=answer.status, headers=answer.headers, body=answer.body)
    except PlaywrightError:
        return
