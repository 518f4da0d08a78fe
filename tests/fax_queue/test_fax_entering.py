"""Into the fax queue: by an attempt that keeps a request off every other channel, to a desk of the directory, packet and all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from queue_bench import NUMBER, PHONE, build_route, only_fax

from bots.errors import DocumentRefused
from bots.fax.model import LineLimits
from bots.model import Payer, Receipt, Shown, Status
from bots.vault import Vault
from jobs.attempts import Attempts
from jobs.events import Standing
from jobs.fallback import to_fax
from jobs.fax.book import FaxBook
from jobs.fax.entering import enqueue, enqueue_due
from jobs.fax.office import FaxOffice
from jobs.fax.state import FaxStep
from jobs.fax.troubles import PacketDamaged, PacketNotKept
from jobs.journal import Journal
from jobs.portal_state import PortalStates
from jobs.seats import Seats
from jobs.state import AttemptState, Channel

Offices = Callable[..., FaxOffice]
TakeIn = Callable[..., None]


async def test_a_request_stands_as_waiting_on_the_fax_channel(office: FaxOffice, take_in: TakeIn) -> None:
    take_in("R-1")
    now = await enqueue(office, "R-1", NUMBER, reason="clear_coverage is down; nothing was sent.")
    assert (now.status, now.channel, now.waiting_until) == (Status.WAITING, Channel.FAX, None)
    assert now.reason == "clear_coverage is down; nothing was sent. It waits to be faxed to CHNCT prior authorization."
    (attempt,) = office.journal.attempts()
    assert (attempt.channel, attempt.state, attempt.attempt_id) == (
        Channel.FAX,
        AttemptState.DRAFTING,
        only_fax(office.journal).fax_id,
    )


async def test_queued_twice_it_is_there_once(office: FaxOffice, take_in: TakeIn) -> None:
    take_in("R-1")
    await enqueue(office, "R-1", NUMBER)
    await enqueue(office, "R-1", NUMBER)
    assert len(FaxBook(office.journal, office.seats).of_request("R-1")) == 1


async def test_no_portal_worker_gets_what_is_in_the_fax_queue(office: FaxOffice, take_in: TakeIn) -> None:
    take_in("R-1")
    await enqueue(office, "R-1", NUMBER)
    journal, attempts = office.journal, Attempts(office.journal, office.seats)
    seat = office.seats.acquire("clear_coverage", "north")
    assert seat is not None
    assert journal.due("clear_coverage") == ()
    assert PortalStates(journal).enable_portal("clear_coverage", "Pat") == 0
    journal.move("R-1", Standing(status=Status.NEW))  # even if somebody moves it
    assert attempts.claim("R-1", seat) is None
    assert not attempts.put_to_rest("R-1", Standing(status=Status.WAITING))
    assert journal.set_route("R-1", build_route("R-1")).channel is Channel.FAX
    assert only_fax(journal).step is FaxStep.QUEUED


async def test_what_a_portal_may_have_is_never_faxed(office: FaxOffice, take_in: TakeIn) -> None:
    take_in("drafting", "intended", "uncertain", "received")
    attempts = Attempts(office.journal, office.seats)
    seat = office.seats.acquire("clear_coverage", "north")
    assert seat is not None
    shown = Shown(portal="clear_coverage", page="review", selectors_version="1", fields={})
    for request_id in ("drafting", "intended", "uncertain", "received"):
        attempt = attempts.claim(request_id, seat)
        assert attempt is not None
        if request_id != "drafting":
            attempts.intent(attempt.attempt_id, shown)
        if request_id == "uncertain":
            attempts.uncertain(attempt.attempt_id, "uncertain", Standing(status=Status.UNCERTAIN, reason="no answer"))
        if request_id == "received":
            receipt = Receipt(portal="clear_coverage", reference_no="CC1", received_at=office.now())
            attempts.receipt(attempt.attempt_id, receipt)
    before = {each.request.request_id: each for each in office.journal.snapshots()}
    for request_id in before:
        assert await enqueue(office, request_id, NUMBER) == before[request_id]
    assert FaxBook(office.journal, office.seats).counts() == {}


async def test_a_draft_whose_worker_is_gone_is_in_nobodys_way(open_office: Offices, take_in: TakeIn, journal: Journal) -> None:
    take_in("R-1")
    gone = Seats(journal, is_running=lambda _identity: False)
    seat = gone.acquire("clear_coverage", "north")
    assert seat is not None
    assert Attempts(journal, gone).claim("R-1", seat) is not None
    office = open_office(seats=gone)
    assert (await enqueue(office, "R-1", NUMBER)).channel is Channel.FAX
    assert [each.state for each in journal.attempts()] == [AttemptState.ABANDONED, AttemptState.DRAFTING]


@pytest.mark.parametrize("number", ["203.555.0100", PHONE, "857-304-6463", ""], ids=["invented", "phone", "other payer", "none"])
async def test_a_number_that_is_no_fax_number_of_the_payers_directory_is_refused(
    office: FaxOffice, take_in: TakeIn, number: str
) -> None:
    take_in("R-1")
    now = await enqueue(office, "R-1", number)
    assert (now.status, now.error_code) == (Status.NEEDS_PERSON, "fax_number_unknown")
    assert "two people" in now.next_action
    assert FaxBook(office.journal, office.seats).counts() == {}


async def test_a_packet_that_cannot_be_made_is_known_at_once(open_office: Offices, take_in: TakeIn) -> None:
    def refuse(_request: Any, _desk: Any) -> Any:
        raise DocumentRefused("", what="encrypted")

    take_in("R-1")
    now = await enqueue(open_office(draw=refuse), "R-1", NUMBER)
    assert (now.status, now.error_code) == (Status.NEEDS_PERSON, "document_refused")
    assert now.next_action


async def test_a_packet_that_fails_in_a_way_nobody_foresaw_is_a_persons(open_office: Offices, take_in: TakeIn) -> None:
    def break_down(_request: Any, _desk: Any) -> Any:
        raise ZeroDivisionError("Sample, 1980-05-17")

    take_in("R-1")
    now = await enqueue(open_office(draw=break_down), "R-1", NUMBER)
    assert (now.status, now.error_code) == (Status.NEEDS_PERSON, "fax_packet_failed")
    assert "1980" not in now.reason


@pytest.mark.parametrize("limits", [LineLimits(pages=2), LineLimits(bytes=10)])
async def test_what_is_too_long_for_the_line_is_asked_about_and_not_cut(
    open_office: Offices, take_in: TakeIn, line: Any, limits: LineLimits
) -> None:
    line.limits = limits
    take_in("R-1")
    now = await enqueue(open_office(), "R-1", NUMBER)
    assert (now.status, now.error_code) == (Status.NEEDS_PERSON, "fax_too_long")


async def test_a_full_disk_leaves_the_request_where_it_stood(
    office: FaxOffice, take_in: TakeIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_path: Path, _data: bytes) -> None:
        raise OSError(28, "No space left on device")

    take_in("R-1")
    before = office.journal.snapshot("R-1")
    with monkeypatch.context() as patch:
        patch.setattr("jobs.fax.packets.write_private", full)
        with pytest.raises(PacketNotKept):
            await enqueue(office, "R-1", NUMBER)
    assert office.journal.snapshot("R-1") == before
    assert (await enqueue(office, "R-1", NUMBER)).channel is Channel.FAX


async def test_the_packet_is_kept_sealed_under_its_hash(office: FaxOffice, take_in: TakeIn, tmp_path: Path) -> None:
    take_in("R-1")
    await enqueue(office, "R-1", NUMBER)
    packet = only_fax(office.journal).packet
    (file,) = (tmp_path / "fax").iterdir()
    assert file.name == f"packet-{packet.sha256}.sealed"
    assert b"R-1" not in file.read_bytes()
    assert file.stat().st_mode & 0o777 == 0o600
    assert office.store.read(packet).pages == packet.pages == 3


async def test_a_packet_that_was_changed_swapped_or_removed_is_not_read(
    office: FaxOffice, take_in: TakeIn, tmp_path: Path, vault: Vault
) -> None:
    take_in("R-1", "R-2")
    await enqueue(office, "R-1", NUMBER)
    await enqueue(office, "R-2", NUMBER)
    one, other = only_fax(office.journal, "R-1").packet, only_fax(office.journal, "R-2").packet
    file = tmp_path / "fax" / f"packet-{one.sha256}.sealed"
    data = file.read_bytes()
    for wrong in (
        data[:-1],
        data[:-1] + bytes([data[-1] ^ 1]),
        (tmp_path / "fax" / f"packet-{other.sha256}.sealed").read_bytes(),
    ):
        file.write_bytes(wrong)
        with pytest.raises(PacketDamaged):
            office.store.read(one)
    file.write_bytes(vault.seal(b"another", file.name))
    with pytest.raises(PacketDamaged):
        office.store.read(one)
    file.write_bytes(data)
    with pytest.raises(PacketDamaged):
        office.store.read(replace(one, pages=4))
    file.unlink()
    with pytest.raises(PacketDamaged):
        office.store.read(one)


async def test_what_is_to_be_faxed_is_queued_by_the_next_run_urgent_first(office: FaxOffice, take_in: TakeIn) -> None:
    take_in("R-1", "R-2", "R-3", "R-4")
    for request_id in ("R-1", "R-2", "R-4"):
        office.journal.move(request_id, to_fax(NUMBER, (), "clear_coverage is down."))
    await enqueue(office, "R-4", NUMBER)
    assert [fax.request_id for fax in await enqueue_due(office)] == ["R-1", "R-2"]
    assert await enqueue_due(office) == ()
    assert office.journal.snapshot("R-3").channel is Channel.PORTAL
    assert "clear_coverage is down." in office.journal.snapshot("R-1").reason
    assert "waits to be faxed" in office.journal.snapshot("R-1").reason


async def test_another_payers_desks_are_told_apart(office: FaxOffice, take_in: TakeIn) -> None:
    take_in("R-1", number="857-304-6463", payer=Payer.CAREPARTNERS)
    await enqueue(office, "R-1", "857-304-6463")
    fax = only_fax(office.journal)
    assert (fax.payer, office.desks.named(fax.payer, fax.desk).number) == (Payer.CAREPARTNERS, "857-304-6463")


async def test_the_journal_can_be_derived_again(office: FaxOffice, take_in: TakeIn) -> None:
    take_in("R-1", "R-2")
    await enqueue(office, "R-1", NUMBER)
    assert office.journal.rebuild()
    assert office.journal.verify_chain() > 0
