"""The door for a hosted service's status calls: signed ones are hints, confirmed by asking; all else is turned away mute."""

from __future__ import annotations

import asyncio
import http.client
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
import structlog.testing

from bots.fax.line_errors import FaxLineSilent
from fixtures.fax_service import RunningFaxService, running_fax_service
from jobs.fax.status_door import PATH, PortTaken, checked_by, status_door


@pytest.fixture
def service() -> Iterator[RunningFaxService]:
    with running_fax_service() as service:
        yield service


class Door:
    """The open door, and how often the line was asked; ``fails``: asking does."""

    def __init__(self) -> None:
        self.port = 0
        self.asked = 0
        self.fails = False
        self.asking = asyncio.Event()
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def ask(self) -> None:
        self.asked += 1
        self.asking.set()
        await self.go_on.wait()
        if self.fails:
            raise FaxLineSilent(line="http", what="no answer in time")

    async def calls(self, headers: Mapping[str, str], body: bytes, path: str = PATH, method: str = "POST") -> int:
        def call() -> int:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
            connection.request(method, path, body, dict(headers))
            answer = connection.getresponse()
            assert answer.read() == b""
            connection.close()
            return answer.status

        return await asyncio.to_thread(call)

    async def at_rest(self) -> None:
        """Until every hint that was heard has been followed."""
        for _ in range(20):
            await asyncio.sleep(0)


@pytest.fixture
async def door(service: RunningFaxService) -> AsyncIterator[Door]:
    door = Door()
    id_of = checked_by(service.public_key, lambda: datetime.now(UTC))
    async with status_door(0, id_of, lambda ids: "ours" in ids, door.ask) as port:
        door.port = port
        yield door


async def test_a_signed_call_about_a_fax_of_ours_lets_the_line_be_asked(door: Door, service: RunningFaxService) -> None:
    assert await door.calls(*service.call("ours", "fax.delivered", "delivered")) == 200
    await asyncio.wait_for(door.asking.wait(), 30)
    await door.at_rest()
    assert door.asked == 1
    assert await door.calls(*service.call("somebody-else's", "fax.delivered", "delivered")) == 200
    await door.at_rest()
    assert door.asked == 1


async def test_however_often_and_in_whatever_order_they_come_the_line_is_asked_once_more(
    door: Door, service: RunningFaxService
) -> None:
    door.go_on.clear()
    await door.calls(*service.call("ours", "fax.delivered", "delivered"))
    await asyncio.wait_for(door.asking.wait(), 30)
    for event in ("sending", "queued", "delivered", "delivered", "media.processed"):
        assert await door.calls(*service.call("ours", f"fax.{event}", event)) == 200
    assert door.asked == 1
    door.asking.clear()
    door.go_on.set()
    await asyncio.wait_for(door.asking.wait(), 30)
    await door.at_rest()
    assert door.asked == 2


async def test_a_line_that_does_not_answer_closes_nothing(door: Door, service: RunningFaxService) -> None:
    door.fails = True
    for _ in range(2):
        door.asking.clear()
        assert await door.calls(*service.call("ours", "fax.delivered", "delivered")) == 200
        await asyncio.wait_for(door.asking.wait(), 30)
        await door.at_rest()
    assert door.asked == 2


async def test_what_is_not_signed_or_too_long_or_elsewhere_is_turned_away_without_a_word(
    door: Door, service: RunningFaxService
) -> None:
    headers, body = service.call("ours", "fax.delivered", "delivered")
    with structlog.testing.capture_logs() as logs:
        assert await door.calls(headers, body + b" ") == 403
        assert await door.calls({}, body) == 403
        assert await door.calls({}, b"zzcanary") == 403
        assert await door.calls(headers, b"x" * 200_000) == 413
        assert await door.calls(headers | {"Content-Length": "9" * 400}, b"") == 413
        assert await door.calls(headers | {"Content-Length": "-1"}, b"") == 411
        assert await door.calls(headers, body, path="/zzcanary") == 404
        assert await door.calls(headers, b"", method="GET") == 501
    await door.at_rest()
    assert door.asked == 0
    assert "zzcanary" not in repr(logs)
    assert [each["count"] for each in logs] == [1, 2], "noted the first time, the second, the fourth"


async def test_whoever_hangs_up_or_says_nothing_harms_nobody(
    door: Door, service: RunningFaxService, capfd: pytest.CaptureFixture[str]
) -> None:
    with structlog.testing.capture_logs():
        silent = [socket.create_connection(("127.0.0.1", door.port)) for _ in range(3)]
        silent[0].sendall(b"POST /fax/status HTTP/1.1\r\ncontent-length: 50\r\n\r\nhalf")
        silent[0].close()
        silent[1].sendall(b"\x16\x03\x01 no http at all\r\n\r\n")
        assert await door.calls(*service.call("ours", "fax.delivered", "delivered")) == 200
        await asyncio.wait_for(door.asking.wait(), 30)
        for each in silent[1:]:
            each.close()
    assert capfd.readouterr() == ("", "")


async def test_it_listens_on_this_machine_alone_and_says_when_its_port_is_taken(door: Door) -> None:
    with socket.socket() as listening, pytest.raises(PortTaken):
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        async with status_door(listening.getsockname()[1], lambda _headers, _body: "", lambda _ids: False, door.ask):
            pass
    import psutil

    mine = [each.laddr.ip for each in psutil.Process().net_connections("tcp") if each.laddr.port == door.port]
    assert set(mine) == {"127.0.0.1"}


async def test_when_the_block_ends_nobody_listens_any_more(service: RunningFaxService) -> None:
    async def never(*_: Any) -> None: ...

    async with status_door(0, lambda _headers, _body: "", lambda _ids: False, never) as port:
        pass
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), timeout=5)
