"""Alerts: counts, portals and request ids only; one message per matter and one for its end; not in quiet hours; retried."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, time, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from jobs import events as happened
from jobs.alert_hours import QuietHours, parse_quiet
from jobs.alerts import Alerts, send_by_apprise, understands
from jobs.journal_schema import JournalUnavailable
from jobs.matter_book import MatterBook
from jobs.matters import Matter, of_ends, of_portals, text_of
from jobs.reporting.portals import PortalLine

ZONE = ZoneInfo("America/New_York")
DOWN = Matter(key="portal evicore down", sentence="evicore is down.")
UNCERTAIN = Matter(key="uncertain R-1", sentence="not certain whether the portal has it", wakes=True, ids=("R-1",))


class Address:
    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text


class Telling:
    """Alerts over a real journal, with targets that note what they get."""

    def __init__(self, practice: Any, *targets: str, quiet: QuietHours | None = None, wakes: bool = False) -> None:
        self.sent: list[tuple[str, str]] = []
        self.deaf: set[str] = set()
        self.clock = practice.clock
        self.practice = practice
        self.alerts = Alerts(
            MatterBook(practice.engine.journal),
            {name: Address(name) for name in targets or ("desk",)},  # type: ignore[misc]
            practice="",
            quiet=quiet,
            zone=ZONE,
            wakes=wakes,
            send=self._send,
        )

    async def _send(self, address: str, text: str) -> bool:
        if address in self.deaf:
            return False
        self.sent.append((address, text))
        return True

    async def tell(self, *matters: Matter) -> list[str]:
        """What was said this time."""
        before = len(self.sent)
        await self.alerts.tell(matters, self.clock())
        return [text for _, text in self.sent[before:]]


async def test_a_matter_is_told_once_and_its_end_too(practice: Any) -> None:
    telling = Telling(practice)
    assert await telling.tell(DOWN) == ["evicore is down."]
    assert await telling.tell(DOWN) == []
    assert await telling.tell() == ["Settled: evicore is down."]
    assert await telling.tell() == []
    assert await telling.tell(DOWN) == ["evicore is down."], "it is down again"


async def test_a_restart_tells_nothing_again(practice: Any) -> None:
    await Telling(practice).tell(DOWN)
    again = Telling(practice)
    assert await again.tell(DOWN) == []
    assert await again.tell() == ["Settled: evicore is down."]


async def test_requests_that_stand_alike_are_one_line_with_their_ids(practice: Any) -> None:
    telling = Telling(practice)
    some = [Matter(key=f"person R-{n}", sentence="waits for a person", ids=(f"R-{n}",)) for n in range(3)]
    assert await telling.tell(*some) == ["3 requests: waits for a person. R-0, R-1, R-2"]
    assert await telling.tell(some[0]) == ["Settled: 2 requests: waits for a person. R-1, R-2"]
    many = [Matter(key=f"person Q-{n}", sentence="waits for a person", ids=(f"Q-{n}",)) for n in range(30)]
    assert text_of(many, ()).endswith("Q-11 and 18 more")


async def test_in_quiet_hours_nobody_is_told_and_what_is_over_by_then_is_no_news(practice: Any) -> None:
    telling = Telling(practice, quiet=QuietHours(begins=time(20), ends=time(7)))
    practice.clock.at = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)  # 22:00 there
    assert await telling.tell(DOWN, UNCERTAIN) == []
    practice.clock.at += timedelta(hours=10)
    assert await telling.tell(UNCERTAIN) == ["1 request: not certain whether the portal has it. R-1"]


async def test_who_wants_to_be_woken_for_urgent_matters_is(practice: Any) -> None:
    telling = Telling(practice, quiet=QuietHours(begins=time(20), ends=time(7)), wakes=True)
    practice.clock.at = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
    assert await telling.tell(DOWN, UNCERTAIN) == ["1 request: not certain whether the portal has it. R-1"]


async def test_a_target_that_does_not_take_it_is_asked_again_and_the_others_are_told(practice: Any) -> None:
    telling = Telling(practice, "desk", "chat")
    telling.deaf = {"chat"}
    assert await telling.tell(DOWN) == ["evicore is down."]
    assert await telling.tell(DOWN) == ["Alerts to chat do not get there (priorbot doctor)."]
    assert await telling.tell(DOWN) == []
    telling.deaf = set()
    said = await telling.tell(DOWN)
    assert said[0].startswith("evicore is down."), "chat has caught up"
    assert await telling.tell(DOWN) == ["Settled: Alerts to chat do not get there (priorbot doctor)."] * 2


async def test_what_passed_is_told_without_an_end(practice: Any) -> None:
    telling = Telling(practice)
    missed = Matter(key="missed report 2026-11-01T07:15", sentence="report did not run in time.", passing=True)
    assert await telling.tell(missed) == ["report did not run in time."]
    assert await telling.tell() == []
    assert practice.engine.journal.verify_chain() > 0


async def test_with_a_journal_that_cannot_be_written_it_is_told_once_all_the_same(
    practice: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    telling = Telling(practice)
    full = Matter(key="journal", sentence="The journal cannot be written.", wakes=True)

    def fails(*_: object) -> None:
        raise JournalUnavailable

    monkeypatch.setattr(MatterBook, "note", fails)
    assert await telling.tell(full) == ["The journal cannot be written."]
    assert await telling.tell(full) == []


async def test_everything_that_opened_and_ended_is_in_the_history(practice: Any) -> None:
    telling = Telling(practice)
    await telling.tell(DOWN)
    await telling.tell()
    kinds = [type(event.body).__name__ for event in practice.engine.journal.events("")]
    assert kinds == ["MatterOpened", "MattersTold", "MatterEnded", "MattersTold"]
    assert practice.engine.journal.rebuild()


@pytest.mark.parametrize(
    ("left", "told"),
    [(40, ""), (30, " 30"), (29, " 30"), (14, " 14"), (3, " 7"), (0, " 1"), (-1, " over")],
)
def test_what_runs_out_is_told_at_each_of_its_days(left: int, told: str) -> None:
    today = datetime(2026, 11, 22, tzinfo=UTC).date()
    matters = of_ends([("A password", today + timedelta(days=left), (30, 14, 7, 1))], today)
    assert [matter.key for matter in matters] == ([f"end A password{told}"] if told else [])


def test_a_portal_that_works_is_no_matter() -> None:
    lines = [PortalLine(slug=slug, state=slug) for slug in ("on", "down", "disabled", "not_set_up")]
    assert [matter.key for matter in of_portals(lines)] == ["portal down down", "portal disabled disabled"]


@pytest.mark.parametrize(
    ("text", "at", "quiet"), [("20:00-07:00", 3, True), ("20:00-07:00", 12, False), ("12:00-13:00", 12, True)]
)
def test_quiet_hours_may_go_over_midnight(text: str, at: int, quiet: bool) -> None:
    hours = parse_quiet(text)
    assert hours is not None
    assert hours.covers(datetime(2026, 11, 22, at, 30, tzinfo=ZONE), ZONE) is quiet


# --- of the whole service ------------------------------------------------------------------------------------------

CANARIES = re.compile("zzcanaryson|qwertha|1980")
NOTIFY = '\n[notify]\ntargets = ["desk"]\n'


@pytest.fixture
def told_practice(make_practice: Callable[..., Any], tmp_path: Any) -> Any:
    from jobs.home import Home

    home = Home(tmp_path / "told").create()
    settings = '[practice]\nname = "Sample"\n[portals.clear_coverage]\nbase_url = "http://127.0.0.1:1"\naccount = "north"\n'
    home.config_file.write_text(settings + NOTIFY)
    home.open_vault().set("notify.desk", "desk")
    return make_practice(path=home.path)


async def test_an_alert_holds_request_ids_and_nothing_of_a_patient(told_practice: Any) -> None:
    practice = told_practice
    practice.take_in("R-1", "R-2")
    standing = happened.Standing(status=happened.Status.NEEDS_PERSON, reason="x", next_action="Look.")
    practice.engine.journal.move("R-1", standing)
    practice.engine.journal.move("R-2", standing)
    practice.service.look()
    await practice.service.idle()
    ((_, text),) = practice.sent
    assert "2 requests: waits for a person (priorbot queue). R-1, R-2" in text
    assert not CANARIES.search(text.lower())
    member_ids = [each.request.member.id for each in practice.engine.journal.snapshots()]
    assert not [each for each in member_ids if each in text]


# --- over the wire, on this machine --------------------------------------------------------------------------------


class Hook(BaseHTTPRequestHandler):
    got: list[dict[str, Any]] = []

    def do_POST(self) -> None:
        self.got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(500 if "broken" in self.path else 200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def hook() -> Iterator[str]:
    Hook.got = []
    server = HTTPServer(("127.0.0.1", 0), Hook)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"json://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


async def test_a_web_hook_gets_the_text(hook: str) -> None:
    assert await send_by_apprise(f"{hook}/alerts", "1 request waits.")
    assert [(each["title"], each["message"]) for each in Hook.got] == [("PriorBot", "1 request waits.")]


async def test_a_web_hook_that_refuses_has_not_taken_it(hook: str) -> None:
    assert not await send_by_apprise(f"{hook}/broken", "1 request waits.")


async def test_nobody_there_is_not_taken_either() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert not await send_by_apprise(f"json://127.0.0.1:{port}/", "x")


class Mailbox:
    """As much of SMTP as it takes to be given one letter."""

    def __init__(self) -> None:
        self.letters: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 here\r\n")
        while line := (await reader.readline()).decode().strip():
            word = line.split()[0].upper()
            if word == "DATA":
                writer.write(b"354 go on\r\n")
                letter = []
                while (more := (await reader.readline()).decode()) != ".\r\n":
                    letter.append(more)
                self.letters.append("".join(letter))
            writer.write(b"221 bye\r\n" if word == "QUIT" else b"250 ok\r\n")
            if word == "QUIT":
                break
        writer.close()


async def test_an_e_mail_gets_the_text() -> None:
    mailbox = Mailbox()
    server = await asyncio.start_server(mailbox.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    address = f"mailto://127.0.0.1:{port}/?smtp=127.0.0.1&mode=insecure&from=bot@practice.example&to=desk@practice.example"
    assert await send_by_apprise(address, "1 request waits.")
    server.close()
    await server.wait_closed()
    assert "Subject: PriorBot" in mailbox.letters[0]
    assert "1 request waits." in mailbox.letters[0]


def test_an_address_that_is_none_is_known_before_the_night() -> None:
    assert understands("json://127.0.0.1/")
    assert not understands("nothing://x")
