"""The HylaFAX line against a real HylaFAX server with two soft modems: what is sent arrives, and no job is ever there twice."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from cutting import wire_to
from fax_pages import bar_text
from PIL import Image, ImageSequence

from bots.fax.line_errors import FaxHandOverUnclear, FaxLineDown, FaxLineRefusedSignIn, FaxLineSilent, FaxRefused, FaxTooLarge
from bots.fax.lines.hylafax import HylafaxLine
from bots.fax.lines.settings import HylafaxSettings
from bots.fax.model import FaxLine, FaxReason, FaxState, LineReport, OutgoingFax
from fixtures.fax_server import RunningFaxServer, running_fax_server
from fixtures.phone_exchange import Far

MakeFax = Callable[..., OutgoingFax]
BUSY, DEAD, SLOW = "203-555-0101", "203-555-0102", "203-555-0103"
SECONDS = 240
CALLS = 4


@pytest.fixture(scope="module")
def server() -> Iterator[RunningFaxServer]:
    with running_fax_server(most_in_a_call=1) as running:
        running.exchange.lines = {"12035550101": Far.BUSY, "12035550102": Far.DEAD, "12035550103": Far.NO_ANSWER}
        yield running


def line_to(server: RunningFaxServer, *, password: str | None = None, seconds: float = 60, **changes: object) -> HylafaxLine:
    given = {"host": server.host, "port": server.port, "user": server.user, "modem": server.modem}
    settings = HylafaxSettings(**(given | changes))  # type: ignore[arg-type]
    return HylafaxLine(settings, lambda: password or server.password, seconds=seconds)


@pytest.fixture
def line(server: RunningFaxServer) -> HylafaxLine:
    return line_to(server)


async def until(line: HylafaxLine, job: str, is_so: Callable[[LineReport], bool]) -> LineReport:
    async with asyncio.timeout(SECONDS):
        while not is_so(report := await line.report(job)):
            await asyncio.sleep(0.3)
        return report


async def its_end(line: HylafaxLine, job: str) -> LineReport:
    return await until(line, job, lambda report: report.state not in (FaxState.WAITING, FaxState.SENDING))


def codes_of(files: tuple[Path, ...]) -> list[str]:
    """The bar code of each received page, in the order in which they came."""
    import zxingcpp

    pages = [page.convert("L") for file in files for page in ImageSequence.Iterator(Image.open(io.BytesIO(file.read_bytes())))]
    return [found.text for page in pages for found in zxingcpp.read_barcodes(page)]


@pytest.mark.timeout(900)
async def test_two_faxes_arrive_page_by_page_after_a_number_that_was_busy(
    server: RunningFaxServer, line: HylafaxLine, make_fax: MakeFax
) -> None:
    """Each in a call of its own; the busy number is called once and left to the queue."""
    as_line: FaxLine = line
    busy = await as_line.send(make_fax("busy-1", BUSY))
    tags = [await delivered(line, make_fax, n) for n in (1, 2)]
    report = await its_end(line, busy)
    assert (report.state, report.reason, report.pages_sent) == (FaxState.FAILED, FaxReason.BUSY, 0)
    wanted = {bar_text(tag, page, n) for n, tag in enumerate(tags, 1) for page in range(1, n + 1)}
    async with asyncio.timeout(SECONDS):
        while not wanted <= set(codes_of(server.received())):
            await asyncio.sleep(0.3)
    codes = codes_of(server.received())
    assert all(codes.count(code) == 1 for code in wanted)
    assert server.exchange.calls.count("12035550101") == 1, "PriorBot's queue dials again, not the line"


async def delivered(line: HylafaxLine, make_fax: MakeFax, pages: int) -> str:
    """The tag under which a fax of so many pages arrived. A call that breaks off is told as that, and the fax is sent as another:
    soft modems reckon sound in real time, which a machine that is busy elsewhere cannot always do."""
    for attempt in range(CALLS):
        tag = f"real-{pages}-{attempt}"
        job = await line.send(make_fax(tag, pages=pages))
        assert [report.job_id for report in await line.find(tag)] == [job]
        report = await its_end(line, job)
        if report.state is FaxState.DELIVERED:
            assert (report.reason, report.pages_sent) == (FaxReason.NONE, pages)
            return tag
        assert report.state is FaxState.FAILED
        assert report.reason in (FaxReason.BROKEN_OFF, FaxReason.NO_CARRIER, FaxReason.NO_LINE, FaxReason.OTHER)
    pytest.skip(f"not on this system: its soft modems broke {CALLS} calls off (see make fax-loopback)")


async def test_a_job_may_dial_once_at_fine_resolution_and_carries_its_tag(
    server: RunningFaxServer, line: HylafaxLine, make_fax: MakeFax
) -> None:
    job = await line.send(make_fax("held-1", SLOW))
    text = server.jobs()["held-1"]
    for wanted in ("maxdials:1\n", "maxtries:1\n", "resolution:196\n", "number:12035550103\n", "external:2035550103\n",
                   "jobtag:held-1\n", "pagechop:none\n", "notify:none\n"):  # fmt: skip
        assert wanted in text
    assert "receiver:Desk  A" in text, "what would end a quoted word is left out"
    await line.cancel(job)


async def test_what_waits_is_taken_back_before_it_dials(server: RunningFaxServer, line: HylafaxLine, make_fax: MakeFax) -> None:
    first = await line.send(make_fax("first-1", SLOW))  # keeps the modem
    second = await line.send(make_fax("second-1", "203-555-0144"))
    report = await line.cancel(second)
    assert (report.state, report.reason) == (FaxState.FAILED, FaxReason.CANCELLED)
    await line.cancel(first)
    assert "12035550144" not in server.exchange.calls


async def test_a_job_that_the_server_rejects_is_told_as_rejected(server: RunningFaxServer, make_fax: MakeFax) -> None:
    line = line_to(server, modem="nonsuch")
    with pytest.raises(FaxHandOverUnclear):
        await line.send(make_fax("rejected-1"))
    (report,) = await line.find("rejected-1")
    assert (report.state, report.reason) == (FaxState.FAILED, FaxReason.REJECTED)


async def test_cut_off_before_the_job_is_submitted_there_is_no_job(
    server: RunningFaxServer, line: HylafaxLine, make_fax: MakeFax
) -> None:
    with wire_to(server.port) as wire:
        wire.cut_before = b"JSUBM"
        with pytest.raises(FaxHandOverUnclear):
            await line_to(server, port=wire.port).send(make_fax("cut-1", SLOW))
        for word in (b"JPARM DOCUMENT", b"STOT"):
            wire.cut_before = word
            with pytest.raises(FaxLineDown):
                await line_to(server, port=wire.port).send(make_fax("cut-2", SLOW))
    async with asyncio.timeout(SECONDS):
        while await line.find("cut-1") or await line.find("cut-2"):  # the server is still noticing that we are gone
            await asyncio.sleep(0.3)
    assert line.limits.settle_seconds >= 60


async def test_cut_off_after_the_job_is_submitted_its_tag_finds_it(
    server: RunningFaxServer, line: HylafaxLine, make_fax: MakeFax
) -> None:
    with wire_to(server.port) as wire:
        wire.cut_after = b"JSUBM"
        with pytest.raises(FaxHandOverUnclear):
            await line_to(server, port=wire.port).send(make_fax("cut-3", SLOW))
    async with asyncio.timeout(SECONDS):
        while not (found := await line.find("cut-3")):
            await asyncio.sleep(0.3)
    assert len(found) == 1
    assert found[0].state in (FaxState.WAITING, FaxState.SENDING)
    await line.cancel(found[0].job_id)


async def test_a_job_that_is_gone_or_whose_number_was_given_away_is_unknown(line: HylafaxLine, make_fax: MakeFax) -> None:
    job = await line.send(make_fax("mine-1", SLOW))
    number = job.partition(":")[0]
    assert (await line.report(f"{number}:other-1")).state is FaxState.UNKNOWN
    assert (await line.report("31999:mine-1")).state is FaxState.UNKNOWN
    assert (await line.report("default:mine-1")).state is FaxState.UNKNOWN
    assert await line.find("mine") == ()
    await line.cancel(job)


async def test_a_wrong_password_is_a_persons_and_pages_that_are_none_are_refused(
    server: RunningFaxServer, line: HylafaxLine, make_fax: MakeFax
) -> None:
    with pytest.raises(FaxLineRefusedSignIn):
        await line_to(server, password="wrong").send(make_fax("never-1"))
    with pytest.raises(FaxLineRefusedSignIn):
        await line_to(server, user="stranger").report("1:never-1")
    with pytest.raises(FaxRefused):
        await line.send(OutgoingFax(tag="never-1", number="2035550199", pdf=b"", tiff=b"no pages", pages=1))
    with pytest.raises(FaxTooLarge):
        await line_to(server, most_pages=2).send(make_fax("never-1", pages=3))
    assert await line.find("never-1") == ()


async def test_a_dead_line_is_no_busy_number(line: HylafaxLine, make_fax: MakeFax) -> None:
    report = await its_end(line, await line.send(make_fax("dead-1", DEAD)))
    assert (report.state, report.reason) == (FaxState.FAILED, FaxReason.NO_LINE)


async def test_the_line_says_what_is_gone_modem_scheduler_or_server(make_fax: MakeFax) -> None:
    with running_fax_server() as server:
        line = line_to(server)
        assert await line.check() == ""
        server.kill("getty-near")
        server.kill("modem-near")
        assert "No modem of the fax server is ready" in await line.check()
        waiting = await line.send(make_fax("gone-1"))
        server.kill("faxq")
        assert "scheduler is not running" in await line.check()
        with pytest.raises(FaxHandOverUnclear):
            await line.send(make_fax("gone-2"))
        assert (await line.report(waiting)).state in (FaxState.WAITING, FaxState.SENDING)
        server.kill("hfaxd")
        assert "does not answer" in await line.check()
        with pytest.raises(FaxLineDown):
            await line.send(make_fax("gone-3"))
        ask: tuple[Callable[[], Awaitable[object]], ...] = (lambda: line.report(waiting), lambda: line.find("gone-1"))
        for question in ask:
            with pytest.raises(FaxLineSilent):
                await question()
