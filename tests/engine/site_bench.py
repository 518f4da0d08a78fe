"""A web site of a few lines for tests of the engine: pages by path, answers as told, every request written down."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from bots.browser import Browser
from bots.page import PageView
from bots.pagemap import PortalMap

LOGIN = {
    "path": "/login",
    "is_here": [{"css": "#login"}],
    "fields": {"username": {"find": [{"css": "#u"}]}, "password": {"find": [{"css": "#p"}]}},
    "actions": {"go": {"find": [{"css": "#go"}], "leads_to": ["start"]}},
}
WATCH = """<script>window.pressed = [];
addEventListener('click', (event) => pressed.push(event.target.id), true);</script>"""
"""Notes the id of everything that is clicked."""


class Site:
    """``pages``: path -> HTML, or (status, HTML), or (status, text, headers), or a function; None breaks the connection."""

    def __init__(self) -> None:
        self.pages: dict[str, Any] = {}
        self.requests: list[tuple[str, str, str]] = []
        self.url = ""
        self.arrived = asyncio.Event()
        self.release = asyncio.Event()

    def clear(self) -> None:
        self.release.set()  # who was still held from the test before ends, instead of vanishing with a warning in a later one
        self.pages, self.requests = {}, []
        self.arrived, self.release = asyncio.Event(), asyncio.Event()

    def count(self, method: str, path: str) -> int:
        return sum((had[0], had[1]) == (method, path) for had in self.requests)

    async def held(self) -> str:
        """A page that is only answered when the test releases it."""
        self.arrived.set()
        await self.release.wait()
        return "<h1>Next</h1>"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            length = next(
                (int(line.split(":")[1]) for line in head.lower().split("\r\n") if line.startswith("content-length")), 0
            )
            body = (await reader.readexactly(length)).decode()
            method, target, _ = head.split(" ", 2)
            path = target.partition("?")[0]
            if path != "/favicon.ico":
                self.requests.append((method, path, body))
            answer = self.pages.get(path, (404, "<h1>Not here</h1>"))
            if callable(answer):
                answer = await answer()
            if answer is None:
                writer.transport.abort()
                return
            status, html, headers = (*(answer if isinstance(answer, tuple) else (200, answer)), None)[:3]
            content = (html if headers else f"<!doctype html><meta charset=utf-8>{html}").encode()
            told = {**(headers or {"Content-Type": "text/html"}), "Content-Length": len(content), "Connection": "close"}
            lines = "".join(f"{name}: {value}\r\n" for name, value in told.items())
            writer.write(f"HTTP/1.1 {status} X\r\n{lines}\r\n".encode() + content)
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


class Bench:
    """Shows a page to the engine. Positive waits are long, because a loaded machine is slow; ``element`` is short, because the
    tests of what is refused wait it out."""

    def __init__(self, site: Site, browser: Browser) -> None:
        self.site = site
        self._browser = browser
        self._context: Any = None

    async def show(
        self,
        html: str,
        *,
        more: Mapping[str, Any] | None = None,
        interruptions: Mapping[str, Any] | None = None,
        timeouts: Mapping[str, float] | None = None,
        **parts: Any,
    ) -> PageView:
        """Goes to the page ``start``, which is ``html`` and has these parts (fields, actions, ...)."""
        view = await self.view(more=more, interruptions=interruptions, timeouts=timeouts, **parts)
        self.site.pages["/"] = WATCH + html
        await view.goto("start")
        return view

    async def view(self, *, more: Any = None, interruptions: Any = None, timeouts: Any = None, **parts: Any) -> PageView:
        raw = {
            "portal": "sample",
            "version": "1",
            "timeouts": {"page": 20.0, "element": 0.3, "lookup": 0.5, "commit": 5.0, **(timeouts or {})},
            "sign_in": {"page": "login", "action": "go", "landed": "start", "sign_out": "out", "signed_out": "login"},
            "interruptions": interruptions or {},
            "pages": {"login": LOGIN, "start": {"path": "/", "is_here": [{"css": "body"}], **parts}, **(more or {})},
        }
        if self._context is not None:
            await self._context.close()
        self._context = await self._browser.context()
        page = await self._context.new_page()
        return PageView(page, msgspec.convert(raw, PortalMap), self.site.url, {"account": "clerk"})

    async def close(self) -> None:
        if self._context is not None:
            await self._context.close()


@asynccontextmanager
async def running_site() -> AsyncIterator[Site]:
    site = Site()
    server = await asyncio.start_server(site.serve, "127.0.0.1", 0)
    site.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield site
    finally:
        site.release.set()
        server.close()


@asynccontextmanager
async def running_bench() -> AsyncIterator[Bench]:
    async with running_site() as site, Browser() as browser:
        bench = Bench(site, browser)
        try:
            yield bench
        finally:
            site.release.set()
            await bench.close()


async def pressed(view: PageView) -> list[str]:
    """Ids of what was clicked on the present document."""
    return list(await view.browser_page.evaluate("pressed"))


async def value(view: PageView, element_id: str) -> str:
    return str(await view.browser_page.evaluate("id => document.getElementById(id).value", element_id))


def find(*candidates: Mapping[str, str], **more: Any) -> dict[str, Any]:
    return {"find": list(candidates), **more}


Work = Callable[[], Awaitable[Any]]
