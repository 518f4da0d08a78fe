"""The simulated world behind a wrapper that changes every page it serves, by seed, as a portal's next release might.

Ids are renamed in pages, scripts and answers alike, as a release does it; all else is changed by ``mutate.js`` at the end of each
page. What the portal is told, and what it says, stays as it is: the truth still knows what really arrived.
"""

from __future__ import annotations

import json
import os
import re
import socket
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from marks import mutator
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fixtures.drift import NewIds
from fixtures.server import RunningWorld
from fixtures.world import WorldApp, server

_SHELL = (
    "<!doctype html><title>Portal</title><body style='margin:0'><div><a href='#menu'>Menu</a></div>"
    "<iframe name='app' src='{src}' style='width:99%;height:1500px;border:0'></iframe>"
)
_FREE = ("etag", "cache-control", "content-length")


class Changes:
    """What is changed now. ``kinds`` as in ``mutate.js``, besides ``ids`` and ``iframe``, which are done here."""

    def __init__(self) -> None:
        self.seed = 0
        self.kinds: tuple[str, ...] = ()
        self._new_ids = NewIds(0)

    def begin(self, seed: int, kinds: tuple[str, ...]) -> None:
        self.seed, self.kinds = seed, kinds
        self._new_ids = NewIds(seed)

    def text(self, text: str, path: str, *, page: bool) -> str:
        if "ids" in self.kinds:
            text = self._new_ids(text)
        inside = [kind for kind in self.kinds if kind not in ("ids", "iframe")]
        if page and inside:
            asked = json.dumps({"seed": zlib.crc32(f"{self.seed} {path}".encode()), "kinds": inside})
            text += f"<script>({mutator()})({asked})</script>"
        return text


class Changing:
    """ASGI: the world as it is, but for what `Changes` does to its texts."""

    def __init__(self, app: ASGIApp, changes: Changes) -> None:
        self.app = app
        self.changes = changes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope.get("headers", ()))
        if scope["type"] != "http" or scope["path"].startswith("/__truth__") or not self.changes.kinds:
            await self.app(scope, receive, send)
            return
        # A window that the portal opens itself closes itself: only what is opened by its address stands in a frame.
        is_whole = scope["method"] == "GET" and headers.get(b"sec-fetch-dest") == b"document" and b"referer" not in headers
        if "iframe" in self.changes.kinds and is_whole:
            query = scope["query_string"].decode()
            src = scope["path"] + ("?" + query if query else "")
            await _answer(send, 200, [(b"content-type", b"text/html; charset=utf-8")], _SHELL.format(src=src.replace("'", "%27")))
            return
        scope = {**scope, "headers": [(name, value) for name, value in scope["headers"] if name != b"if-none-match"]}
        await self.app(scope, receive, self._changed(scope["path"], send))

    def _changed(self, path: str, send: Send) -> Send:
        start: dict[str, Any] = {}
        body: list[bytes] = []

        async def changed(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
                return
            if message["type"] != "http.response.body":
                await send(message)
                return
            body.append(message.get("body", b""))
            if message.get("more_body"):
                return
            content = b"".join(body)
            kind = dict(start["headers"]).get(b"content-type", b"").decode()
            headers = [(name, value) for name, value in start["headers"] if name.decode().lower() not in _FREE]
            if re.match(r"text/(?!css)|application/json", kind):
                page = kind.startswith("text/html") and b"<html" in content[:400].lower()
                await _answer(send, start["status"], headers, self.changes.text(content.decode(), path, page=page))
            elif kind.startswith("text/css"):
                await _answer(send, start["status"], headers, self.changes.text(content.decode(), path, page=False))
            else:
                await _answer(send, start["status"], headers, content)

        return changed


async def _answer(send: Send, status: int, headers: list[tuple[bytes, bytes]], content: str | bytes) -> None:
    data = content.encode() if isinstance(content, str) else content
    length = [] if status == 304 else [(b"content-length", str(len(data)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": [*headers, *length, (b"cache-control", b"no-store")]})
    await send({"type": "http.response.body", "body": data})


@contextmanager
def changing_world() -> Iterator[tuple[RunningWorld, Changes]]:
    """A world in a thread of this process, and what is changed about it."""
    changes = Changes()
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.bind(("127.0.0.1", 0))
    sock.listen(256)
    running = server(Changing(WorldApp(), changes))
    thread = threading.Thread(target=running.run, kwargs={"sockets": [sock]}, name="changing world")
    thread.start()
    try:
        yield RunningWorld(sock.getsockname()[1], os.getpid()), changes
    finally:
        running.should_exit = True
        thread.join(timeout=20)
        sock.close()
