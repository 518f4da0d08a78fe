"""What people decide about a fax: taking it back, saying what became of it, sending it again; never twice by mistake."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from line_double import FileLine, LineGone
from queue_bench import NUMBER, only_fax, steps

from bots.fax.model import FaxReason, FaxState, LineLimits, LineReport
from bots.model import AuthRequest, Status
from bots.vault import Vault
from jobs.attempts import Attempts
from jobs.events import MoveRefused
from jobs.fax.book import FaxBook
from jobs.fax.deciding import again, cancel, confirm, find_fax
from jobs.fax.desks import Desks
from jobs.fax.entering import enqueue
from jobs.fax.office import FaxOffice
from jobs.fax.packets import PacketStore, Pages
from jobs.fax.sending import send_due
from jobs.fax.state import FaxStep
from jobs.fax.troubles import FaxNotChanged, PacketDamaged
from jobs.journal import Journal
from jobs.rule_schema import Desk
from jobs.rulebook import load_rulebook
from jobs.state import AttemptState, Channel


@pytest.fixture
def sent(office: FaxOffice, take_in: Callable[..., None], line: FileLine) -> Callable[..., Any]:
    """A fax whose call has come so far."""

    async def make(state: FaxState | None = None, reason: FaxReason = FaxReason.NONE, pages: int = 0) -> None:
        take_in("R-1")
        await enqueue(office, "R-1", NUMBER)
        if state is not None:
            line.plans[NUMBER].append((state, reason, pages))
            await send_due(office)

    return make


async def test_a_fax_is_found_by_its_id_and_by_its_request(office: FaxOffice, sent: Any) -> None:
    await sent()
    fax = only_fax(office.journal)
    assert find_fax(office, fax.fax_id) == find_fax(office, "R-1") == fax
    with pytest.raises(FaxNotChanged):
        find_fax(office, "R-9")


async def test_a_cancelled_fax_frees_its_request(office: FaxOffice, sent: Any, line: FileLine, journal: Journal) -> None:
    await sent()
    fax = await cancel(office, only_fax(journal), "Pat Example")
    await send_due(office)
    now = journal.snapshot("R-1")
    assert (fax.step, fax.by, now.status, line.sent()) == (FaxStep.CANCELLED, "Pat Example", Status.NEEDS_PERSON, [])
    assert [each.state for each in journal.attempts()] == [AttemptState.ABANDONED]
    journal.release("R-1")
    seat = office.seats.acquire("clear_coverage", "north")
    assert seat is not None
    assert Attempts(journal, office.seats).claim("R-1", seat) is not None


async def test_the_line_gives_back_what_it_has_not_begun(office: FaxOffice, sent: Any, journal: Journal) -> None:
    await sent(FaxState.WAITING)
    fax = await cancel(office, only_fax(journal), "Pat")
    assert (fax.step, [each.state for each in journal.attempts()]) == (FaxStep.CANCELLED, [AttemptState.REJECTED])


async def test_what_is_being_sent_is_not_taken_back(office: FaxOffice, sent: Any, journal: Journal) -> None:
    await sent(FaxState.SENDING)
    with pytest.raises(FaxNotChanged, match="fax_not_changed"):
        await cancel(office, only_fax(journal), "Pat")
    assert only_fax(journal).step is FaxStep.HANDED_OVER


async def test_what_was_delivered_meanwhile_is_noted_as_that(
    office: FaxOffice, sent: Any, line: FileLine, journal: Journal
) -> None:
    await sent(FaxState.SENDING)
    line.end(only_fax(journal).fax_id, FaxState.DELIVERED)
    fax = await cancel(office, only_fax(journal), "Pat")
    assert (fax.step, journal.snapshot("R-1").status) == (FaxStep.DELIVERED, Status.FAXED)


async def test_a_folders_packet_is_confirmed_by_whoever_sent_it(
    open_office: Callable[..., FaxOffice], sent: Any, line: FileLine, journal: Journal
) -> None:
    line.limits = LineLimits(by_person=True)
    await sent(FaxState.WAITING)
    now = journal.snapshot("R-1")
    assert (now.status, only_fax(journal).fax_id in now.next_action) == (Status.WAITING, True)
    fax = await confirm(open_office(), only_fax(journal), "Pat Example")
    now = journal.snapshot("R-1")
    assert (fax.step, fax.by, now.status, now.submitted_at) == (FaxStep.DELIVERED, "Pat Example", Status.FAXED, journal.now())
    assert "Pat Example" in now.reason


async def test_a_folder_hears_a_persons_word_before_the_journal_does(
    open_office: Callable[..., FaxOffice], sent: Any, line: FileLine, journal: Journal
) -> None:
    class Folder(FileLine):
        heard: ClassVar[list[tuple[FaxState, str, FaxStep]]] = []

        async def told(self, report: LineReport, who: str) -> None:
            self.heard.append((report.state, who, only_fax(journal).step))

    line.limits = LineLimits(by_person=True)
    await sent(FaxState.WAITING)
    folder = Folder(line.file, limits=line.limits)
    await confirm(open_office(lines=(folder,)), only_fax(journal), "Pat Example")
    assert folder.heard == [(FaxState.DELIVERED, "Pat Example", FaxStep.HANDED_OVER)]
    assert only_fax(journal).step is FaxStep.DELIVERED


async def test_a_folder_takes_all_packets_also_for_one_number(
    office: FaxOffice, take_in: Callable[..., None], line: FileLine, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.fax.at_line.BY_HAND_AT_ONCE", 3)
    line.limits = LineLimits(by_person=True)
    ids = [f"R-{place}" for place in range(7)]
    take_in(*ids)
    for request_id in ids:
        await enqueue(office, request_id, NUMBER)
    line.plans[NUMBER].extend([(FaxState.WAITING, FaxReason.NONE, 0)] * len(ids))
    await send_due(office, wait=True)
    assert set(steps(journal).values()) == {FaxStep.HANDED_OVER}


async def test_a_line_that_dials_knows_better_than_a_person(
    office: FaxOffice, sent: Any, line: FileLine, journal: Journal
) -> None:
    await sent(FaxState.SENDING)
    with pytest.raises(FaxNotChanged):
        await confirm(office, only_fax(journal), "Pat", failed=FaxReason.OTHER)
    line.end(only_fax(journal).fax_id, FaxState.DELIVERED)
    fax = await confirm(office, only_fax(journal), "Pat", failed=FaxReason.OTHER)
    assert fax.step is FaxStep.DELIVERED


async def test_where_the_line_is_gone_for_good_a_persons_word_counts(
    office: FaxOffice, sent: Any, line: FileLine, journal: Journal
) -> None:
    await sent(FaxState.SENDING)
    line.troubles["report"].append(LineGone())
    fax = await confirm(office, only_fax(journal), "Pat", failed=FaxReason.NO_LINE)
    assert (fax.step, fax.is_settled, journal.snapshot("R-1").status) == (FaxStep.FAILED, True, Status.NEEDS_PERSON)


@pytest.mark.parametrize("failed", [None, FaxReason.BROKEN_OFF])
async def test_what_may_have_arrived_is_settled_by_a_person(
    office: FaxOffice, sent: Any, journal: Journal, failed: FaxReason | None
) -> None:
    await sent(FaxState.FAILED, FaxReason.BROKEN_OFF, 1)
    fax = await confirm(office, only_fax(journal), "Pat", failed=failed)
    assert fax.is_settled
    assert journal.snapshot("R-1").status is (Status.FAXED if failed is None else Status.NEEDS_PERSON)
    with pytest.raises(FaxNotChanged):
        await confirm(office, only_fax(journal), "Pat", failed=failed)


async def test_sent_again_it_is_a_fax_of_its_own_with_the_same_packet(
    office: FaxOffice, sent: Any, line: FileLine, journal: Journal
) -> None:
    await sent(FaxState.FAILED, FaxReason.NO_CARRIER)
    old = only_fax(journal)
    new = await again(office, old, "Pat Example")
    assert (new.again_of, new.by, new.packet, new.tries) == (old.fax_id, "Pat Example", old.packet, 0)
    await send_due(office)
    assert journal.snapshot("R-1").status is Status.FAXED
    assert [entry["tag"] for entry in line.sent()] == [old.fax_id, new.fax_id]
    assert journal.rebuild()


@pytest.mark.parametrize("changed", ["day", "number"])
async def test_sent_again_its_cover_sheet_names_the_number_and_the_day_of_now(
    open_office: Callable[..., FaxOffice], sent: Any, line: FileLine, journal: Journal, clock: Any, changed: str
) -> None:
    await sent(FaxState.FAILED, FaxReason.NO_CARRIER)
    drawn: list[str] = []

    def draw(request: AuthRequest, desk: Desk) -> Pages:
        drawn.append(desk.number)
        content = f"%PDF {request.request_id} to {desk.number} on {clock():%Y-%m-%d}".encode()
        return Pages(pdf=content, tiff=b"II*", pages=3)

    number = "860-555-0177" if changed == "number" else NUMBER
    clock.advance(days=changed == "day")
    office = open_office(draw=draw, desks=Desks(load_rulebook(), lambda desk: number))
    new = await again(office, only_fax(journal), "Pat Example")
    assert drawn == [number]
    assert (new.packet.number, new.packet.drawn_on) == (number, clock().date())
    line.plans[number].append((FaxState.FAILED, FaxReason.NO_CARRIER, 0))
    await send_due(office)
    last = line.sent()[-1]
    assert (last["number"], f"to {number} on {clock():%Y-%m-%d}" in last["pdf"]) == (number, True)
    once_more = await again(office, only_fax(journal), "Pat Example")
    assert (once_more.again_of, once_more.packet) == (new.fax_id, new.packet)
    assert drawn == [number], "nothing on it has changed since"


async def test_what_a_killed_process_kept_and_never_queued_is_swept_and_nothing_else(
    office: FaxOffice, sent: Any, journal: Journal, vault: Vault, tmp_path: Path, clock: Any
) -> None:
    await sent()
    store = PacketStore(tmp_path / "fax", vault)
    left = store.keep(Pages(pdf=b"%PDF nobody's", tiff=b"II*", pages=1))
    known, now = {only_fax(journal).packet.sha256}, datetime.now(UTC)
    assert store.sweep(known, now - timedelta(hours=1)) == 0, "another process may be about to queue it"
    assert store.sweep(known, now + timedelta(minutes=1)) == 1
    with pytest.raises(PacketDamaged):
        store.read(left)
    store.read(only_fax(journal).packet)


@pytest.mark.parametrize("state", [FaxState.FAILED, FaxState.UNKNOWN])
async def test_where_pages_may_have_arrived_only_who_is_sure_sends_again(
    office: FaxOffice, sent: Any, line: FileLine, journal: Journal, state: FaxState
) -> None:
    await sent(state, FaxReason.BROKEN_OFF if state is FaxState.FAILED else FaxReason.NONE, 0)
    old = only_fax(journal)
    with pytest.raises(FaxNotChanged) as refused:
        await again(office, old, "Pat")
    assert "--sure" in refused.value.sentence
    await again(office, old, "Pat", sure=True)
    states = [each.state for each in journal.attempts()]
    assert states == [AttemptState.REJECTED, AttemptState.DRAFTING]
    await send_due(office)
    assert (len(line.sent()), journal.snapshot("R-1").status) == (2, Status.FAXED)


@pytest.mark.parametrize("state", [None, FaxState.SENDING, FaxState.DELIVERED])
async def test_what_is_under_way_or_delivered_is_not_sent_again(
    office: FaxOffice, sent: Any, journal: Journal, state: FaxState | None
) -> None:
    await sent(state)
    with pytest.raises(FaxNotChanged):
        await again(office, only_fax(journal), "Pat", sure=True)
    assert len(FaxBook(journal, office.seats).of_request("R-1")) == 1


async def test_a_request_that_went_another_way_meanwhile_is_not_faxed_again(
    office: FaxOffice, sent: Any, journal: Journal
) -> None:
    await sent()
    fax = await cancel(office, only_fax(journal), "Pat")
    journal.release("R-1")
    with pytest.raises(FaxNotChanged):
        await again(office, fax, "Pat")
    assert journal.snapshot("R-1").status is Status.NEW


async def test_a_damaged_packet_is_not_queued_again(office: FaxOffice, sent: Any, journal: Journal, tmp_path: Any) -> None:
    await sent(FaxState.FAILED, FaxReason.NO_CARRIER)
    for file in (tmp_path / "fax").iterdir():
        file.unlink()
    with pytest.raises(PacketDamaged):
        await again(office, only_fax(journal), "Pat")
    assert only_fax(journal).step is FaxStep.FAILED


async def test_two_people_who_decide_at_once_do_it_once(office: FaxOffice, sent: Any, journal: Journal) -> None:
    await sent(FaxState.FAILED, FaxReason.NO_CARRIER)
    seen_by_both = only_fax(journal)
    await again(office, seen_by_both, "Pat")
    with pytest.raises(FaxNotChanged):
        await again(office, seen_by_both, "Robin")
    assert len(FaxBook(journal, office.seats).of_request("R-1")) == 2


async def test_a_request_stays_on_the_fax_channel_until_it_is_settled(office: FaxOffice, sent: Any, journal: Journal) -> None:
    await sent(FaxState.FAILED, FaxReason.BROKEN_OFF, 1)
    assert journal.snapshot("R-1").channel is Channel.FAX
    with pytest.raises(MoveRefused):
        journal.release("R-1")
