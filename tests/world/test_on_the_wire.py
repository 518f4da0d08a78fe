"""What only a real port can show: resets, silence, latency, kept-alive connections. One world process for all."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import urllib.error
from collections.abc import Iterator
from typing import Any

import psutil
import pytest

from fixtures.people import members
from fixtures.server import RunningWorld

BASE = "/ClearCoverage/"


@pytest.fixture
def world(live_world: RunningWorld) -> Iterator[RunningWorld]:
    live_world.reset()
    yield live_world
    live_world.truth("latency", {"ms": 0})


class Wire:
    """One TCP connection to a portal, kept alive, and nothing but bytes."""

    def __init__(self, port: int) -> None:
        self.host = f"clear-coverage.localhost:{port}"
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.cookie = ""

    def send(self, method: str, path: str, body: str = "") -> None:
        head = f"{method} {path} HTTP/1.1\r\nHost: {self.host}\r\nCookie: {self.cookie}\r\n"
        head += f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
        self.sock.sendall((head + body).encode())

    def read(self) -> tuple[str, str]:
        """Head and body of one answer. Raises ``ConnectionResetError`` when the connection was reset."""
        raw = b""
        while b"\r\n\r\n" not in raw:
            more = self.sock.recv(65536)
            assert more, "the connection was closed politely"
            raw += more
        head, _, body = raw.partition(b"\r\n\r\n")
        length = int(re.search(rb"content-length: (\d+)", head.lower()).group(1))  # type: ignore[union-attr]
        while len(body) < length:
            body += self.sock.recv(65536)
        return head.decode(), body.decode()

    def ask(self, method: str, path: str, **typed: str) -> tuple[str, str]:
        self.send(method, path, "&".join(f"{name}={value.replace('$', '%24')}" for name, value in typed.items()))
        head, body = self.read()
        if found := re.search(r"set-cookie: ([^;]+);", head):
            self.cookie = found.group(1)
        return head, body


@pytest.fixture
def wire(world: RunningWorld) -> Iterator[Wire]:
    wire = Wire(world.port)
    head, _ = wire.ask("POST", BASE + "logon.do", username="cc-desk1", password="Synthetic$Desk1")
    assert " 303 " in head
    yield wire
    wire.sock.close()


@pytest.fixture
def drafted(wire: Wire, ask: Any) -> tuple[Wire, str]:
    """A whole request on one kept-alive connection, up to its review page; the draft number."""
    request = ask()
    head, _ = wire.ask("POST", BASE + "createRequest.do", member_id=request["member_id"])
    draft = re.search(r"d=(CC\d{9})", head).group(1)  # type: ignore[union-attr]
    wire.ask("POST", BASE + "request.do", d=draft, **request["service"])
    wire.ask("POST", BASE + "providers.do", d=draft, **request["providers"])
    wire.ask("POST", BASE + "ajax/diagnosisAdd.do", d=draft, code=request["dx"][0])
    wire.ask("POST", BASE + "ajax/lineAdd.do", d=draft, **request["lines"][0])
    wire.ask("POST", BASE + "clinical.do", d=draft)
    wire.ask("POST", BASE + "medicalReview.do", d=draft, go="Complete", **request["answers"])
    wire.ask("POST", BASE + "attachments.do", d=draft)
    head, _ = wire.ask("POST", BASE + "contact.do", d=draft, **request["contact"])
    assert "review.do" in head
    return wire, draft


def test_accepted_then_the_connection_is_reset_before_the_first_byte(world: RunningWorld, drafted: tuple[Wire, str]) -> None:
    wire, draft = drafted
    world.fault("clear_coverage", "accept_then_reset")
    wire.send("POST", BASE + "submit.do", f"d={draft}")
    with pytest.raises(ConnectionResetError):
        wire.read()
    assert len(world.truth("requests")) == 1

    again = Wire(world.port)  # what Chromium does by itself: the same bytes on a new connection
    again.cookie = wire.cookie
    head, _ = again.ask("POST", BASE + "submit.do", d=draft)
    assert " 303 " in head
    assert len(world.truth("requests")) == 2
    again.sock.close()


def test_reset_before_anything_is_accepted(world: RunningWorld, drafted: tuple[Wire, str]) -> None:
    wire, draft = drafted
    world.fault("clear_coverage", "reset_before_accept")
    wire.send("POST", BASE + "submit.do", f"d={draft}")
    with pytest.raises(ConnectionResetError):
        wire.read()
    assert world.truth("requests") == []


@pytest.mark.parametrize("fault", ["accept_then_hang", "Q33"])
def test_accepted_and_then_silence(world: RunningWorld, drafted: tuple[Wire, str], fault: str) -> None:
    wire, draft = drafted
    world.fault("clear_coverage", fault)
    wire.send("POST", BASE + "submit.do", f"d={draft}")
    wire.sock.settimeout(0.5)
    with pytest.raises(TimeoutError):
        wire.read()
    (row,) = world.truth("requests")
    assert row["member_id"] == members()[0].id
    assert world.truth("faults")["active"][0]["struck"] == 1


def test_latency_is_waited_before_every_portal_response_but_not_before_the_truth(world: RunningWorld, wire: Wire) -> None:
    world.truth("latency", {"ms": 120})
    for path in (BASE + "home.do", BASE + "static/cc.css", "/"):
        wire.ask("GET", path)
    rows = world.truth("responses")["rows"][-3:]
    assert all(row["ended"] - row["started"] >= 0.12 for row in rows)


def test_a_slow_step_takes_longer(world: RunningWorld, wire: Wire) -> None:
    world.fault("clear_coverage", "slow", where="home", ms=150)
    wire.ask("GET", BASE + "home.do")
    wire.ask("GET", BASE + "home.do")
    first, second = world.truth("responses")["rows"][-2:]
    assert first["ended"] - first["started"] >= 0.15
    assert second["status"] == 200


def test_a_world_tells_what_it_refuses(world: RunningWorld) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        world.fault("clear_coverage", "no_such_fault")
    with refused.value as error:
        assert b"Q33" in error.read()


def test_the_index_names_the_portals(world: RunningWorld) -> None:
    assert world.url("husky_secure", "/") == f"http://husky-secure.localhost:{world.port}/"
    assert world.account("clear_coverage", "cc-desk3") == ("cc-desk3", "Synthetic$Desk3")


def test_a_world_ends_with_the_process_that_started_it() -> None:
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "from fixtures.server import running_world\nwith running_world() as w: print(w.pid, flush=True); input()",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdin is not None
    assert holder.stdout is not None
    world = psutil.Process(int(holder.stdout.readline()))
    holder.kill()
    holder.wait()
    holder.stdin.close()
    holder.stdout.close()
    world.wait(timeout=20)  # raises when it is still there
