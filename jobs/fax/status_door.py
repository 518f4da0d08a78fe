"""Where a hosted fax service's status calls arrive: a small door on this machine alone, behind the practice's own reverse proxy.

A call is a hint and no more. It has to be signed by the service (`bots.fax.lines.status_calls`), and of what it says only the
fax's id is used: where we have that fax on the line, the line is asked at once instead of a minute later. So calls that come
twice, late, in any order, or never change nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import socket
from threading import BoundedSemaphore, Thread
from typing import Any

import structlog

from bots.errors import BotError
from bots.fax.line_errors import StatusCallRefused
from bots.fax.lines.status_calls import MOST_BYTES, fax_id_of

PATH = "/fax/status"
SECONDS = 10
"""How long one call may take to be read."""
AT_ONCE = 16
"""Calls that are read at one time; more are turned away, and the service repeats them."""
MOST_HINTS = 1000
LINE = "http"


class PortTaken(Exception):
    """Another program listens there; nothing was opened."""


IdOf = Callable[[dict[str, str], bytes], str]
"""The fax that a call speaks of. Raises `StatusCallRefused`."""


def checked_by(public_key: str, now: Callable[[], datetime]) -> IdOf:
    return lambda headers, body: fax_id_of(headers, body, public_key=public_key, now=now(), line=LINE)


@asynccontextmanager
async def status_door(
    port: int, id_of: IdOf, is_ours: Callable[[set[str]], bool], ask: Callable[[], Awaitable[object]]
) -> AsyncIterator[int]:
    """Open while the block runs; gives its port (``port`` 0: a free one). ``ask`` asks the line of all that it has.

    Raises `PortTaken`.
    """
    loop, hints, hinted = asyncio.get_running_loop(), set[str](), asyncio.Event()

    def take(fax_id: str) -> None:
        if len(hints) < MOST_HINTS:
            hints.add(fax_id)
        hinted.set()

    try:
        server = _Server(port, id_of, lambda fax_id: loop.call_soon_threadsafe(take, fax_id))
    except OSError:
        raise PortTaken from None
    thread = Thread(target=server.serve_forever, name="status door", daemon=True)
    thread.start()
    asking = asyncio.create_task(_ask_when_hinted(hints, hinted, is_ours, ask))
    try:
        yield int(server.server_address[1])
    finally:
        await asyncio.to_thread(server.shutdown)
        server.server_close()
        thread.join()
        asking.cancel()
        with suppress(asyncio.CancelledError):
            await asking


async def _ask_when_hinted(
    hints: set[str], hinted: asyncio.Event, is_ours: Callable[[set[str]], bool], ask: Callable[[], Awaitable[object]]
) -> None:
    """However many calls come while the line is asked, it is asked once more."""
    while True:
        await hinted.wait()
        hinted.clear()
        some = set(hints)
        hints.clear()
        try:
            if is_ours(some):
                await ask()
        except Exception as error:  # the fax job asks the line anyway, and tells what is wrong with it
            code = error.code if isinstance(error, BotError) else "status_call_failed"
            structlog.get_logger().warning("status_call_not_followed", error_code=code)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = AT_ONCE

    def __init__(self, port: int, id_of: IdOf, heard: Callable[[str], object]) -> None:
        self.id_of, self.heard = id_of, heard
        self._room = BoundedSemaphore(AT_ONCE)
        self._refused = 0
        super().__init__(("127.0.0.1", port), _Call)

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._room.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, request: socket | tuple[bytes, socket], client_address: Any) -> None:
        """A caller that hung up. The library would print the traceback."""

    def refuse(self, error: StatusCallRefused) -> None:
        """Noted the first time, the second, the fourth and so on: whoever calls and calls fills no log."""
        self._refused += 1
        if self._refused & (self._refused - 1) == 0:
            structlog.get_logger().warning("status_calls_refused", error_code=error.code, count=self._refused)


class _Call(BaseHTTPRequestHandler):
    """One call. Its answer is a number without a word; nothing of it is printed or logged."""

    server: _Server
    timeout = SECONDS

    def do_POST(self) -> None:
        length = self.headers.get("content-length", "")
        if self.path != PATH:
            self._answer(HTTPStatus.NOT_FOUND)
        elif not length.isascii() or not length.isdigit():
            self._answer(HTTPStatus.LENGTH_REQUIRED)
        elif len(length) > len(str(MOST_BYTES)) or int(length) > MOST_BYTES:
            self._answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        else:
            self._answer(self._take(self.rfile.read(int(length))))

    def _take(self, body: bytes) -> HTTPStatus:
        try:
            fax_id = self.server.id_of(dict(self.headers.items()), body)
        except StatusCallRefused as error:
            self.server.refuse(error)
            return HTTPStatus.FORBIDDEN
        if fax_id:
            self.server.heard(fax_id)
        return HTTPStatus.OK

    def _answer(self, status: HTTPStatus) -> None:
        self.close_connection = True
        self.send_response(status)
        self.send_header("content-length", "0")
        self.send_header("connection", "close")
        self.end_headers()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """The library's own refusals (a method, a line that is too long): likewise without a word."""
        self._answer(HTTPStatus(code))

    def version_string(self) -> str:
        return "fax"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nothing: a call's first line is its caller's."""
