"""``priorbot run`` takes a hosted service's status calls where that is set up, and knows at once what became of a fax."""

from __future__ import annotations

import asyncio
import http.client
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from queue_bench import NUMBER, build_request, only_fax, open_office, take_in

from bots.fax.lines import API_KEY
from bots.keys import KEY_VARIABLE, generate_key
from fixtures.fax_service import API_KEY as KEY
from fixtures.fax_service import CONNECTION, RunningFaxService, running_fax_service
from jobs.engine import Engine
from jobs.fax import wiring
from jobs.fax.entering import enqueue
from jobs.fax.packets import Pages
from jobs.fax.sending import send_due
from jobs.fax.state import FaxStep
from jobs.fax.status_door import PATH
from jobs.home import Home

PAGES = Pages(pdf=b"%PDF-1.7 synthetic", tiff=b"II*", pages=1)


@pytest.fixture
def service() -> Iterator[RunningFaxService]:
    with running_fax_service() as service:
        yield service


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def open_engine(folder: Path, service: RunningFaxService, port: int, public_key: str) -> Engine:
    home = Home(folder / "home").create()
    home.config_file.write_text(
        f"""
[fax]
line = "http"
[fax.hosted]
base_url = "{service.base_url}"
connection_id = "{CONNECTION}"
from_number = "203-555-0100"
public_key = "{public_key}"
status_port = {port}
"""
    )
    home.config_file.chmod(0o600)
    engine = Engine.at(home)
    engine.vault.set(API_KEY, KEY)
    return engine


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, generate_key())


async def test_a_call_of_the_service_settles_its_fax_by_asking(
    tmp_path: Path, service: RunningFaxService, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = asyncio.Event()

    async def and_say(office: Any) -> None:
        await send_due(office)
        asked.set()

    monkeypatch.setattr(wiring, "send_due", and_say)
    port = free_port()
    with open_engine(tmp_path, service, port, service.public_key) as engine:
        take_in(engine.journal, [(build_request("R-1"), NUMBER)])
        line = wiring.open_fax_line(engine)
        office = open_office(
            engine.journal, engine.home.fax, engine.vault, None, lines=(line,), draw=lambda _request, _desk: PAGES
        )
        await enqueue(office, "R-1", NUMBER)
        await send_due(office)
        fax = only_fax(engine.journal)
        assert fax.step is FaxStep.HANDED_OVER
        service.move(fax.job_id, "delivered")
        async with wiring.open_status_door(engine) as said:
            assert f"http://127.0.0.1:{port}{PATH}" in said
            assert await asyncio.to_thread(_post, port, *service.calls[-1]) == 200
            await asyncio.wait_for(asked.wait(), 60)
        assert only_fax(engine.journal).step is FaxStep.DELIVERED


def _post(port: int, headers: dict[str, str], body: bytes) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("POST", PATH, body, headers)
    status = connection.getresponse().status
    connection.close()
    return status


@pytest.mark.parametrize("why", ["no port", "no key", "port taken"])
async def test_where_none_can_be_taken_it_says_so_and_works_on(tmp_path: Path, service: RunningFaxService, why: str) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = 0 if why == "no port" else int(other.getsockname()[1])
        with open_engine(tmp_path, service, port, "" if why == "no key" else service.public_key) as engine:
            async with wiring.open_status_door(engine) as said:
                told = {"no port": "", "no key": "public_key is empty", "port taken": "is in use"}[why]
                assert told in said
                assert (not said) is (why == "no port")
