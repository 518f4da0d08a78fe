"""The commit's request leaves this machine at most once, whatever the far end does: seen from the far end's own socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from bots.send_once import SendOnce

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
Reply = Callable[[asyncio.StreamWriter], Awaitable[None]]


class FarEnd:
    """A bare TCP server that writes down every connection and every request, and answers as it is told."""

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self.connections = 0
        self.requests: list[bytes] = []
        self.port = 0
        self.over = asyncio.Event()
        self.open: set[asyncio.Task[None]] = set()

    def url(self, path: str = "/submit", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open.add(asyncio.current_task())  # type: ignore[arg-type]  # a server's handler always runs in a task
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                (int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")), 0
            )
            self.requests.append(head + await reader.readexactly(length))
            await self._reply(writer)
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    def headers(self) -> dict[str, str]:
        lines = self.requests[0].partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
        names = [line.partition(":")[0].lower() for line in lines]
        assert len(names) == len(set(names)), f"a header was sent twice: {names}"
        return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}


def says(answer: bytes) -> Reply:
    async def reply(writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()

    return reply


async def resets(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


@asynccontextmanager
async def far_end(reply: Reply) -> AsyncIterator[FarEnd]:
    far = FarEnd(reply)
    server = await asyncio.start_server(far.serve, "127.0.0.1", 0)
    far.port = server.sockets[0].getsockname()[1]
    try:
        yield far
    finally:
        far.over.set()
        server.close()
        await asyncio.gather(*far.open, return_exceptions=True)


async def test_one_request_over_a_connection_of_its_own() -> None:
    async with far_end(says(OK)) as far:
        sender = SendOnce(5)
        browser = {":method": "POST", "content-type": "text/plain", "x-own": "1", "connection": "keep-alive", "host": "wrong"}
        answer = await sender.send("POST", far.url("/submit?a=1"), browser, b"one")
        assert answer is not None
        assert (answer.status, answer.body) == (200, b"ok")
        assert (sender.sent, sender.refused) == (True, 0)
        assert far.connections == 1
        (request,) = far.requests
        assert request.startswith(b"POST /submit?a=1 HTTP/1.1\r\n")
        assert request.endswith(b"\r\n\r\none")
        headers = far.headers()
        assert headers["connection"] == "close"
        assert headers["host"] == f"127.0.0.1:{far.port}"
        assert (headers["x-own"], headers["content-type"]) == ("1", "text/plain")


async def test_a_second_request_is_refused_and_counted() -> None:
    async with far_end(says(OK)) as far:
        sender = SendOnce(5)
        answers = [await sender.send("POST", far.url(), {}, b"one") for _ in range(3)]
        assert [answer is not None for answer in answers] == [True, False, False]
        assert (far.connections, sender.refused) == (1, 2)


async def test_two_requests_at_the_same_moment_are_one() -> None:
    async with far_end(says(OK)) as far:
        sender = SendOnce(5)
        answers = await asyncio.gather(*(sender.send("POST", far.url(), {}, b"one") for _ in range(4)))
        assert sorted(answer is not None for answer in answers) == [False, False, False, True]
        assert (far.connections, sender.refused) == (1, 3)


async def test_a_reset_is_an_unknown_answer_and_not_tried_again() -> None:
    async with far_end(resets) as far:
        sender = SendOnce(5)
        assert await sender.send("POST", far.url(), {}, b"one") is None
        assert await sender.send("POST", far.url(), {}, b"one") is None
        assert (far.connections, len(far.requests), sender.refused) == (1, 1, 1)


@pytest.mark.parametrize("part", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nok"], ids=["nothing", "a part"])
async def test_an_answer_that_does_not_come_in_time_is_unknown(part: bytes) -> None:
    async def hangs(writer: asyncio.StreamWriter) -> None:
        await says(part)(writer)
        await far.over.wait()

    async with far_end(hangs) as far:
        sender = SendOnce(0.5)
        assert await sender.send("POST", far.url(), {}, b"one") is None
        assert await sender.send("POST", far.url(), {}, b"one") is None
        assert sender.refused == 1
        assert far.connections <= 1


@pytest.mark.parametrize("answer", [b"", b"no http\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nok"])
async def test_an_answer_that_is_cut_off_is_unknown(answer: bytes) -> None:
    async with far_end(says(answer)) as far:
        assert await SendOnce(5).send("POST", far.url(), {}, b"one") is None
        assert far.connections == 1


async def test_nobody_there_is_an_unknown_answer() -> None:
    async with far_end(says(OK)) as far:
        url = far.url()
    assert await SendOnce(5).send("POST", url, {}, b"one") is None


async def test_a_redirect_is_handed_on_and_not_followed() -> None:
    answer = b"HTTP/1.1 303 See Other\r\nLocation: /confirmation\r\nContent-Length: 0\r\n\r\n"
    async with far_end(says(answer)) as far:
        found = await SendOnce(5).send("POST", far.url(), {}, b"one")
        assert found is not None
        assert (found.status, found.headers["location"]) == (303, "/confirmation")
        assert far.connections == 1


async def test_every_cookie_of_the_answer_is_kept() -> None:
    answer = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1; Path=/\r\nSet-Cookie: b=2\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    async with far_end(says(answer)) as far:
        found = await SendOnce(5).send("POST", far.url(), {}, b"one")
        assert found is not None
        assert found.headers["set-cookie"].split("\n") == ["a=1; Path=/", "b=2"]
        assert not {"connection", "content-length"} & set(found.headers)


async def test_only_packings_that_can_be_undone_are_asked_for() -> None:
    """What the browser can unpack does not matter: it gets the answer unpacked."""
    async with far_end(says(OK)) as far:
        await SendOnce(5).send("POST", far.url(), {"accept-encoding": "gzip, deflate, br, zstd"}, b"one")
        assert set(far.headers()["accept-encoding"].split(", ")) <= {"gzip", "deflate", "identity"}


async def test_names_below_localhost_are_this_machine() -> None:
    async with far_end(says(OK)) as far:
        host = "some-portal.localhost"
        found = await SendOnce(5).send("POST", far.url(host=host), {}, b"one")
        assert found is not None
        assert far.headers()["host"] == f"{host}:{far.port}"


async def test_a_form_with_files_whose_bytes_are_not_known_is_not_sent() -> None:
    """The browser does not give out a body that holds files from the disk; an empty one must not go in its place."""
    async with far_end(says(OK)) as far:
        sender = SendOnce(5)
        assert await sender.send("POST", far.url(), {"content-type": "multipart/form-data; boundary=x"}, None) is None
        assert (far.connections, sender.sent, sender.refused) == (0, False, 1)
