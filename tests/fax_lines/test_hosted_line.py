"""The hosted line against a service that behaves as the real one is documented: never twice, never on a status call's word."""

from __future__ import annotations

import base64
import json
import random
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from bots.failure import BotError
from bots.fax.line_errors import (
    FaxHandOverUnclear,
    FaxLineDown,
    FaxLineMissing,
    FaxLineRefusedSignIn,
    FaxLineSilent,
    FaxLineUnclear,
    FaxNumberUnusable,
    FaxRefused,
    FaxTooLarge,
    StatusCallRefused,
)
from bots.fax.lines.hosted import HostedLine
from bots.fax.lines.hosted_words import REASONS, STATES
from bots.fax.lines.settings import HostedSettings
from bots.fax.model import FaxLine, FaxReason, FaxState, OutgoingFax
from fixtures.fax_service import API_KEY, CONNECTION, CUT, FROM, RunningFaxService, running_fax_service

MakeFax = Callable[..., OutgoingFax]


@pytest.fixture
def service() -> Iterator[RunningFaxService]:
    with running_fax_service() as running:
        yield running


def line_to(service: RunningFaxService, *, key: str | None = API_KEY, seconds: float = 20.0, **changes: str) -> HostedLine:
    given = {"base_url": service.base_url, "connection_id": CONNECTION, "from_number": FROM, "public_key": service.public_key}
    return HostedLine(HostedSettings(**(given | changes)), lambda: key, seconds=seconds)  # type: ignore[arg-type]


@pytest.fixture
def line(service: RunningFaxService) -> HostedLine:
    return line_to(service)


async def test_a_fax_is_handed_over_once_with_its_tag_and_followed_to_its_end(
    service: RunningFaxService, line: HostedLine, make_fax: MakeFax
) -> None:
    as_line: FaxLine = line
    fax = make_fax("fax-7")
    job = await as_line.send(fax)
    (taken,) = service.faxes.values()
    assert (taken["id"], taken["to"], taken["from"]) == (job, "+12035550199", FROM)
    assert base64.b64decode(taken["client_state"]) == b"fax-7"
    assert service.papers[job] == fax.pdf
    for status, state in (
        ("queued", "waiting"),
        ("media.processed", "waiting"),
        ("sending", "sending"),
        ("delivered", "delivered"),
    ):
        service.move(job, status)
        assert (await line.report(job)).state == state
    report = await line.report(job)
    assert (report.pages_sent, report.reason, report.at is not None) == (1, FaxReason.NONE, True)
    assert service.asked.count("POST /v2/faxes") == 1


async def test_each_reason_of_the_service_is_told(service: RunningFaxService, line: HostedLine, make_fax: MakeFax) -> None:
    job = await line.send(make_fax())
    for said, reason in REASONS.items():
        service.move(job, "failed", said)
        report = await line.report(job)
        assert (report.state, report.reason, report.said) == (FaxState.FAILED, reason, said)


async def test_words_that_are_not_known_are_a_persons(service: RunningFaxService, line: HostedLine, make_fax: MakeFax) -> None:
    job = await line.send(make_fax())
    service.move(job, "teleported")
    assert (await line.report(job)).state is FaxState.UNKNOWN
    service.move(job, "failed", "sunspots")
    assert (await line.report(job)).reason is FaxReason.OTHER
    assert (await line.report("no-such-fax")).state is FaxState.UNKNOWN
    assert (await line.report("../fax_applications")).state is FaxState.UNKNOWN


def test_only_busy_and_no_answer_may_be_dialled_again() -> None:
    again = {said for said, reason in REASONS.items() if reason in (FaxReason.BUSY, FaxReason.NO_ANSWER)}
    assert again == {"user_busy", "receiver_no_answer"}
    assert {said for said, state in STATES.items() if state is FaxState.DELIVERED} == {"delivered"}


@pytest.mark.parametrize("fault", [500, 502, 503, CUT])
@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_hand_over_that_breaks_is_settled_by_its_tag_and_not_repeated(
    service: RunningFaxService, line: HostedLine, make_fax: MakeFax, when: str, fault: int | str
) -> None:
    service.faults.append((when, fault))
    with pytest.raises(FaxHandOverUnclear):
        await line.send(make_fax("fax-7"))
    assert service.asked == ["POST /v2/faxes"]
    found = await line.find("fax-7")
    assert len(found) == len(service.faxes) == (1 if when == "after" else 0)
    assert await line.find("fax-70") == ()


async def test_a_list_that_is_behind_is_why_find_counts_only_after_a_while(
    service: RunningFaxService, line: HostedLine, make_fax: MakeFax
) -> None:
    service.faults.append(("after", 500))
    with pytest.raises(FaxHandOverUnclear):
        await line.send(make_fax("fax-7"))
    service.hidden_from_lists |= set(service.faxes)
    assert await line.find("fax-7") == ()
    service.hidden_from_lists.clear()
    assert len(await line.find("fax-7")) == 1
    assert line.limits.settle_seconds >= 300


async def test_find_reads_every_page_of_the_list_and_keeps_tags_apart(
    service: RunningFaxService, line: HostedLine, make_fax: MakeFax
) -> None:
    first = await line.send(make_fax("fax-1"))
    template = dict(service.faxes[first])
    for n in range(600):
        state = base64.b64encode(f"other-{n}".encode()).decode()
        service.faxes[f"other-{n}"] = template | {"id": f"other-{n}", "client_state": state}
    twin = template | {"id": "twin"}
    service.faxes["twin"] = twin
    assert {report.job_id for report in await line.find("fax-1")} == {first, "twin"}
    assert service.asked.count("GET /v2/faxes") == 3


@pytest.mark.parametrize(
    ("answer", "error"),
    [(401, FaxLineRefusedSignIn), (403, FaxLineRefusedSignIn), (429, FaxLineDown), (422, FaxRefused), (413, FaxRefused)],
)
async def test_a_refusal_is_told_as_what_it_is(
    service: RunningFaxService, line: HostedLine, make_fax: MakeFax, answer: int, error: type[BotError]
) -> None:
    service.every_answer = answer
    with pytest.raises(error) as caught:
        await line.send(make_fax())
    assert caught.value.sentence.count(". ") <= 2
    assert service.asked == ["POST /v2/faxes"]


@pytest.mark.parametrize(
    ("answer", "error"),
    [(500, FaxLineSilent), (429, FaxLineSilent), (401, FaxLineRefusedSignIn), (418, FaxLineUnclear)],
)
async def test_when_it_cannot_be_asked_nothing_is_known_anew(
    service: RunningFaxService, line: HostedLine, make_fax: MakeFax, answer: int, error: type[BotError]
) -> None:
    job = await line.send(make_fax())
    service.every_answer = answer
    for question in (line.report(job), line.find("fax-1"), line.cancel(job)):
        with pytest.raises(error):
            await question


async def test_a_service_that_is_gone_took_nothing(service: RunningFaxService, make_fax: MakeFax) -> None:
    line = line_to(service, base_url="http://127.0.0.1:9/v2")
    with pytest.raises(FaxLineDown):
        await line.send(make_fax())
    assert "does not answer" in await line.check()


async def test_what_is_too_large_or_cannot_be_dialled_never_leaves(
    service: RunningFaxService, line: HostedLine, make_fax: MakeFax
) -> None:
    fax = make_fax()
    with pytest.raises(FaxTooLarge):
        await line.send(OutgoingFax(tag="f", number=fax.number, pdf=fax.pdf, tiff=b"", pages=351))
    with pytest.raises(FaxTooLarge):
        await line.send(OutgoingFax(tag="f", number=fax.number, pdf=b"%PDF-" + bytes(50_000_000), tiff=b"", pages=3))
    with pytest.raises(FaxNumberUnusable):
        await line.send(make_fax(number="911"))
    assert service.asked == []


async def test_a_fax_that_waits_is_taken_back_and_one_that_is_sent_is_left(
    service: RunningFaxService, line: HostedLine, make_fax: MakeFax
) -> None:
    waiting, sending = [await line.send(make_fax(tag)) for tag in ("fax-1", "fax-2")]
    service.move(sending, "sending")
    report = await line.cancel(waiting)
    assert (report.state, report.reason) == (FaxState.FAILED, FaxReason.CANCELLED)
    assert (await line.cancel(sending)).state is FaxState.SENDING
    assert sum("cancel" in asked for asked in service.asked) == 1


# --- status calls --------------------------------------------------------------------------------------------------------


async def test_status_calls_in_any_order_and_twice_never_say_more_than_the_service_does(
    service: RunningFaxService, line: HostedLine, make_fax: MakeFax
) -> None:
    job = await line.send(make_fax())
    for status in ("media.processed", "sending", "delivered"):
        service.move(job, status)
    calls = service.calls * 2
    random.Random(1).shuffle(calls)
    for headers, body in calls:
        report = await line.take_status_call(headers, body)
        assert report is not None
        assert (report.job_id, report.state) == (job, FaxState.DELIVERED)


async def test_a_call_that_says_delivered_is_not_believed_while_the_service_says_otherwise(
    service: RunningFaxService, line: HostedLine, make_fax: MakeFax
) -> None:
    job = await line.send(make_fax())
    report = await line.take_status_call(*service.call(job, "fax.delivered", "delivered"))
    assert report is not None
    assert report.state is FaxState.WAITING


async def test_forged_changed_old_and_unsigned_calls_are_refused_before_anything_is_asked(
    service: RunningFaxService, line: HostedLine, make_fax: MakeFax
) -> None:
    job = await line.send(make_fax())
    asked = len(service.asked)
    headers, body = service.call(job, "fax.delivered", "delivered")
    with running_fax_service() as stranger:
        forged, forged_body = stranger.call(job, "fax.delivered", "delivered")
    old = service.call(job, "fax.delivered", "delivered", at=time.time() - 3600)
    early = service.call(job, "fax.delivered", "delivered", at=time.time() + 3600)
    restamped = headers | {"Telnyx-Timestamp": str(int(headers["Telnyx-Timestamp"]) + 1)}
    for bad in (
        (forged, forged_body), (headers, body + b" "), old, early, (restamped, body), ({}, body),
        (headers | {"Telnyx-Signature-Ed25519": "x"}, body), (headers, body * 1000),
    ):  # fmt: skip
        with pytest.raises(StatusCallRefused):
            await line.take_status_call(*bad)
    assert len(service.asked) == asked


async def test_a_late_call_is_refused_and_nothing_is_lost_because_the_service_is_asked_anyway(
    service: RunningFaxService, make_fax: MakeFax
) -> None:
    line = line_to(service)
    later = HostedLine(line._settings, lambda: API_KEY, now=lambda: datetime.now(UTC) + timedelta(hours=2))
    job = await later.send(make_fax())
    service.move(job, "delivered")
    with pytest.raises(StatusCallRefused):
        await later.take_status_call(*service.calls[-1])
    assert (await later.report(job)).state is FaxState.DELIVERED


async def test_a_signed_call_of_something_else_speaks_of_no_fax(service: RunningFaxService, line: HostedLine) -> None:
    headers, body = service.call("x", "call.hangup", "done")
    assert json.loads(body)["data"]["payload"]["fax_id"] == "x"
    report = await line.take_status_call(headers, body)
    assert report is not None
    assert report.state is FaxState.UNKNOWN


async def test_without_the_services_public_key_no_call_is_taken(service: RunningFaxService) -> None:
    line = line_to(service, public_key="")
    with pytest.raises(StatusCallRefused):
        await line.take_status_call(*service.call("x", "fax.delivered", "delivered"))


# --- whether it can be used at all ---------------------------------------------------------------------------------------


async def test_the_line_says_what_stands_in_its_way(service: RunningFaxService, line: HostedLine) -> None:
    assert await line.check() == ""
    service.application_active = False
    assert "switched off" in await line.check()
    assert "no such application" in await line_to(service, connection_id="1").check()
    assert "refuses our sign-in" in await line_to(service, key="wrong").check()
    assert "the vault holds no fax.hosted.api_key" in await line_to(service, key=None).check()


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"connection_id": ""}, "connection_id and from_number"),
        ({"base_url": "http://fax.example/v2", "agreement": "file 7"}, "https://"),
        ({"base_url": "https://fax.example/v2"}, "business associate agreement"),
    ],
)
async def test_without_an_agreement_and_encryption_no_patients_data_goes_to_a_service(
    service: RunningFaxService, make_fax: MakeFax, changes: dict[str, str], why: str
) -> None:
    line = line_to(service, **changes)
    with pytest.raises(FaxLineMissing) as caught:
        await line.send(make_fax())
    assert why in caught.value.sentence
    assert service.asked == []
