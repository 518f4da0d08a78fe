"""Out of the fax queue: INTENT first, once, to the number of that moment, within the desk's hours, one at a time for a number."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from line_double import FileLine, LineGone, LineRefuses, SignInRefused
from msgspec.structs import replace
from queue_bench import NUMBER, check_truth, only_fax, steps

from bots.fax.model import FaxReason, FaxState, LineLimits, OutgoingFax
from bots.model import Payer, Status, Urgency
from jobs.fax.at_line import ALERT_AFTER, NO_DIAL_TONE_REST
from jobs.fax.book import FaxBook
from jobs.fax.desks import Desks
from jobs.fax.entering import enqueue
from jobs.fax.happened import FaxIntended, FaxLineAlerted, FaxLineDown
from jobs.fax.judging import most_tries
from jobs.fax.no_line import NoLine
from jobs.fax.office import FaxOffice
from jobs.fax.sending import send_due
from jobs.fax.settling import PROOF_LASTS, STUCK_AFTER
from jobs.fax.state import FaxStep
from jobs.journal import Journal
from jobs.rule_schema import DeskHours, Weekday
from jobs.rulebook import RuleBook, load_rulebook
from jobs.seats import Identity, Seats
from jobs.state import AttemptState, Channel

Offices = Callable[..., FaxOffice]
Queue = Callable[..., Any]
OTHER = "203.774.0551"
"""CHNCT's second fax desk."""


@pytest.fixture
def queue(office: FaxOffice, take_in: Callable[..., None]) -> Queue:
    async def put(*request_ids: str, number: str = NUMBER, **changes: Any) -> None:
        take_in(*request_ids, number=number, **changes)
        for request_id in request_ids:
            await enqueue(office, request_id, number)

    return put


def tags(line: FileLine) -> list[str]:
    return [entry["tag"] for entry in line.sent()]


# --- the way of one fax --------------------------------------------------------------------------------------------------


async def test_delivered_it_counts_as_faxed(office: FaxOffice, queue: Queue, line: FileLine, journal: Journal) -> None:
    due = datetime(2026, 3, 9, 14, tzinfo=UTC)
    office = FaxOffice(**(vars(office) | {"decision_due": lambda _request, _at: due}))
    await queue("R-1")
    worked = await send_due(office)
    assert (worked.handed_over, worked.delivered, worked.for_person) == (1, 1, 0)
    fax, now = only_fax(journal), journal.snapshot("R-1")
    (sent,) = line.sent()
    assert (sent["tag"], sent["number"], fax.step, fax.tries) == (fax.fax_id, NUMBER, FaxStep.DELIVERED, 1)
    assert (now.status, now.channel, now.submitted_at, now.decision_due) == (Status.FAXED, Channel.FAX, journal.now(), due)
    assert [each.state for each in journal.attempts()] == [AttemptState.RECEIPT]
    assert journal.rebuild()


async def test_the_intent_is_on_the_disk_before_the_line_has_it(office: FaxOffice, queue: Queue, line: FileLine) -> None:
    seen = []

    def look(fax: OutgoingFax) -> None:
        kinds = [type(event.body) for event in office.journal.events("R-1")]
        seen.append((only_fax(office.journal).step, kinds[-1]))

    line.before_send = look
    await queue("R-1")
    await send_due(office)
    assert seen == [(FaxStep.INTENT, FaxIntended)]


async def test_until_it_is_delivered_it_waits_with_a_plain_reason(
    office: FaxOffice, queue: Queue, line: FileLine, journal: Journal
) -> None:
    line.plans[NUMBER].append((FaxState.SENDING, FaxReason.NONE, 1))
    await queue("R-1")
    await send_due(office)
    now = journal.snapshot("R-1")
    assert (now.status, now.reason) == (Status.WAITING, "The line double is faxing it to CHNCT prior authorization.")
    line.end(only_fax(journal).fax_id, FaxState.DELIVERED)
    await send_due(office)
    assert journal.snapshot("R-1").status is Status.FAXED


async def test_a_command_waits_for_what_is_on_the_line(
    open_office: Offices, queue: Queue, line: FileLine, journal: Journal
) -> None:
    polls: list[float] = []

    async def pause(seconds: float) -> None:
        polls.append(seconds)
        if len(polls) == 3:
            line.end(only_fax(journal).fax_id, FaxState.DELIVERED)

    line.plans[NUMBER].append((FaxState.SENDING, FaxReason.NONE, 0))
    await queue("R-1")
    await send_due(open_office(sleep=pause), wait=True)
    assert len(polls) == 3
    assert steps(journal) == {"R-1": FaxStep.DELIVERED}


async def test_fewer_pages_than_there_are_is_not_delivered(
    office: FaxOffice, queue: Queue, line: FileLine, journal: Journal
) -> None:
    line.plans[NUMBER].append((FaxState.DELIVERED, FaxReason.NONE, 2))
    await queue("R-1")
    await send_due(office)
    assert (only_fax(journal).step, journal.snapshot("R-1").status) == (FaxStep.UNCERTAIN, Status.NEEDS_PERSON)
    assert "2 of 3 pages" in journal.snapshot("R-1").reason


async def test_a_job_that_the_line_forgot_is_a_persons(office: FaxOffice, queue: Queue, line: FileLine, journal: Journal) -> None:
    line.plans[NUMBER].append((FaxState.UNKNOWN, FaxReason.NONE, 0))
    await queue("R-1")
    await send_due(office)
    assert (only_fax(journal).step, journal.snapshot("R-1").status) == (FaxStep.UNCERTAIN, Status.NEEDS_PERSON)
    assert [each.state for each in journal.attempts()] == [AttemptState.UNCERTAIN]


# --- the order -----------------------------------------------------------------------------------------------------------


async def test_urgent_ones_go_first(office: FaxOffice, queue: Queue, line: FileLine, journal: Journal) -> None:
    await queue("slow-1", "slow-2")
    await queue("urgent", urgency=Urgency.URGENT)
    await queue("emergent", urgency=Urgency.EMERGENT)
    await send_due(office)
    order = [FaxBook(journal, office.seats).get(tag) for tag in tags(line)]
    assert [fax.request_id for fax in order if fax] == ["emergent", "urgent", "slow-1", "slow-2"]


async def test_one_job_at_a_time_for_a_number_and_as_many_as_the_line_takes(
    office: FaxOffice, queue: Queue, line: FileLine, journal: Journal
) -> None:
    numbers = ("1-888-282-0780", "1-866-577-9678", "1-866-577-9901")
    line.limits = LineLimits(jobs=2)
    for number in numbers:
        line.plans[number].extend([(FaxState.SENDING, FaxReason.NONE, 0)] * 2)
        await queue(f"{number}-a", f"{number}-b", number=number, payer=Payer.BCBSMA)
    await send_due(office)
    at_line = [fax for fax in FaxBook(journal, office.seats).faxes() if fax.step is FaxStep.HANDED_OVER]
    assert sorted(fax.number for fax in at_line) == sorted(numbers[:2])
    line.end(at_line[0].fax_id, FaxState.DELIVERED)
    await send_due(office)
    at_line = [fax for fax in FaxBook(journal, office.seats).faxes() if fax.step is FaxStep.HANDED_OVER]
    assert len(at_line) == len({fax.number for fax in at_line}) == 2


async def test_two_desks_behind_one_number_do_not_ring_it_at_once(
    open_office: Offices, queue: Queue, line: FileLine, journal: Journal
) -> None:
    same = open_office(desks=Desks(load_rulebook(), lambda _desk: NUMBER))
    line.plans[NUMBER].append((FaxState.SENDING, FaxReason.NONE, 0))
    await queue("R-1")
    await queue("R-2", number=OTHER)
    await send_due(same)
    assert sorted(steps(journal).values()) == [FaxStep.HANDED_OVER, FaxStep.QUEUED]


async def test_two_workers_on_one_line_are_one(office: FaxOffice, open_office: Offices, queue: Queue, line: FileLine) -> None:
    await queue("R-1", "R-2")
    other = open_office(seats=Seats(office.journal, me=Identity(host="elsewhere", pid=1, started=1.0)))
    worked = await asyncio.gather(send_due(office), send_due(other))
    assert len(tags(line)) == len(set(tags(line))) == 2
    assert [each.busy_lines for each in worked] in ([[], ["double"]], [["double"], []], [[], []])


# --- hours and numbers ---------------------------------------------------------------------------------------------------


def with_hours(book: RuleBook, *, number: str = NUMBER) -> RuleBook:
    hours = DeskHours(days=(Weekday.MON, Weekday.TUE, Weekday.WED, Weekday.THU, Weekday.FRI), opens="08:00", closes="17:00")
    return replace(book, desks=book.desks | {number: replace(book.desks[number], hours=hours)})


async def test_a_desk_that_is_closed_gets_nothing_before_it_opens(
    open_office: Offices, take_in: Callable[..., None], line: FileLine, journal: Journal, clock: Any
) -> None:
    office = open_office(desks=Desks(with_hours(load_rulebook())))
    clock.at = datetime(2026, 3, 6, 23, 30, tzinfo=UTC)  # a Friday evening in Connecticut
    take_in("R-1", urgency=Urgency.EMERGENT)
    now = await enqueue(office, "R-1", NUMBER)
    assert now.reason.endswith("takes faxes again from 2026-03-09 12:00 UTC.")  # the Monday after the change to summer time
    await send_due(office)
    clock.at = datetime(2026, 3, 9, 11, 59, tzinfo=UTC)
    await send_due(office)
    assert line.sent() == []
    clock.at = datetime(2026, 3, 9, 12, 0, tzinfo=UTC)
    await send_due(office)
    assert len(line.sent()) == 1


async def test_a_desk_that_closed_while_it_waited_gets_it_when_it_opens(
    open_office: Offices, queue: Queue, line: FileLine, journal: Journal, clock: Any
) -> None:
    await queue("R-1")
    office = open_office(desks=Desks(with_hours(load_rulebook())))
    clock.at = datetime(2026, 3, 2, 22, 30, tzinfo=UTC)
    await send_due(office)
    assert (line.sent(), only_fax(journal).not_before) == ([], datetime(2026, 3, 3, 13, 0, tzinfo=UTC))
    clock.at = datetime(2026, 3, 3, 13, 0, tzinfo=UTC)
    await send_due(office)
    assert steps(journal) == {"R-1": FaxStep.DELIVERED}


async def test_the_number_is_that_of_the_directory_when_it_is_sent(
    open_office: Offices, queue: Queue, line: FileLine, journal: Journal
) -> None:
    await queue("R-1")
    changed = open_office(desks=Desks(load_rulebook(), lambda desk: "203-555-0199"))
    await send_due(changed)
    assert [entry["number"] for entry in line.sent()] == ["203-555-0199"]


async def test_a_number_that_is_in_the_directory_no_more_is_refused_when_it_is_sent(
    open_office: Offices, queue: Queue, line: FileLine, journal: Journal
) -> None:
    await queue("R-1")
    await send_due(open_office(desks=Desks(load_rulebook(), lambda _desk: "")))
    now = journal.snapshot("R-1")
    assert (line.sent(), now.status, now.error_code) == ([], Status.NEEDS_PERSON, "fax_number_unknown")
    assert "priorbot fax again" in now.next_action


async def test_a_packet_that_is_damaged_is_not_sent(
    office: FaxOffice, queue: Queue, line: FileLine, journal: Journal, tmp_path: Any
) -> None:
    await queue("R-1", "R-2")
    (tmp_path / "fax" / f"packet-{only_fax(journal, 'R-1').packet.sha256}.sealed").unlink()
    await send_due(office)
    assert steps(journal) == {"R-1": FaxStep.FAILED, "R-2": FaxStep.DELIVERED}
    assert journal.snapshot("R-1").error_code == "fax_packet_damaged"
    assert journal.snapshot("R-1").status is Status.NEEDS_PERSON
    assert [each.state for each in journal.attempts(request_id="R-1")] == [AttemptState.ABANDONED]


async def test_a_limit_that_the_line_got_meanwhile_is_kept(
    office: FaxOffice, queue: Queue, line: FileLine, journal: Journal
) -> None:
    await queue("R-1")
    line.limits = LineLimits(pages=2)
    await send_due(office)
    assert (line.sent(), journal.snapshot("R-1").error_code) == ([], "fax_too_long")


# --- busy, no answer, and everything else --------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", [FaxReason.BUSY, FaxReason.NO_ANSWER])
@pytest.mark.parametrize("urgency", [Urgency.STANDARD, Urgency.URGENT])
async def test_busy_and_no_answer_are_tried_again_with_growing_pauses_and_then_a_persons(
    office: FaxOffice, queue: Queue, line: FileLine, journal: Journal, clock: Any, reason: FaxReason, urgency: Urgency
) -> None:
    line.plans[NUMBER].extend([(FaxState.FAILED, reason, 0)] * 20)
    await queue("R-1", urgency=urgency)
    pauses = []
    while only_fax(journal).step is not FaxStep.FAILED:
        await send_due(office)
        fax = only_fax(journal)
        if fax.step is FaxStep.QUEUED:
            assert journal.snapshot("R-1").status is Status.WAITING
            pauses.append(fax.not_before - clock())
            clock.at = fax.not_before - timedelta(seconds=1)
            await send_due(office)
            assert only_fax(journal) == fax, "not before its time"
            clock.at = fax.not_before
    assert len(line.sent()) == most_tries(urgency) == len(pauses) + 1
    assert pauses == sorted(pauses)
    assert pauses[0] < pauses[-1]
    assert sum(pauses, timedelta()) >= timedelta(hours=4 if urgency is Urgency.STANDARD else 1)
    now = journal.snapshot("R-1")
    assert (now.status, now.error_code) == (Status.NEEDS_PERSON, f"fax_{reason.value}")
    assert "Nothing arrived" in now.reason
    assert [each.state for each in journal.attempts()] == [AttemptState.REJECTED]


async def test_while_a_number_is_busy_the_others_wait_with_it_unless_they_are_more_urgent(
    office: FaxOffice, queue: Queue, line: FileLine, journal: Journal, clock: Any
) -> None:
    line.plans[NUMBER].extend([(FaxState.FAILED, FaxReason.BUSY, 0)] * 2)
    await queue(*(f"R-{place}" for place in range(5)))
    await send_due(office)
    assert len(line.sent()) == 1
    await queue("hurry", urgency=Urgency.URGENT)
    await send_due(office)
    assert len(line.sent()) == 2
    clock.advance(minutes=5)
    await send_due(office)
    assert set(steps(journal).values()) == {FaxStep.DELIVERED}
    check_truth(journal, line, calls=lambda _tag: 2)


@pytest.mark.parametrize("reason", [each for each in FaxReason if each not in (FaxReason.BUSY, FaxReason.NO_ANSWER)])
async def test_every_other_failure_is_a_persons_with_a_sentence(
    office: FaxOffice, queue: Queue, line: FileLine, journal: Journal, clock: Any, reason: FaxReason
) -> None:
    line.plans[NUMBER].append((FaxState.FAILED, reason, 0))
    await queue("R-1")
    await send_due(office)
    clock.advance(days=2)
    await send_due(office)
    now, fax = journal.snapshot("R-1"), only_fax(journal)
    assert (len(line.sent()), now.status, fax.step) == (1, Status.NEEDS_PERSON, FaxStep.FAILED)
    certain = reason in (FaxReason.NO_CARRIER, FaxReason.NO_LINE, FaxReason.REJECTED, FaxReason.CANCELLED)
    assert ("Nothing arrived" in now.reason) is certain
    assert ("Some pages may have arrived" in now.reason) is not certain
    assert [each.state for each in journal.attempts()] == [AttemptState.REJECTED if certain else AttemptState.UNCERTAIN]
    assert fax.fax_id in now.next_action


async def test_a_busy_line_that_counts_pages_is_not_tried_again(
    office: FaxOffice, queue: Queue, line: FileLine, journal: Journal
) -> None:
    """A line that dials again by itself may have sent pages in an earlier call."""
    line.plans[NUMBER].append((FaxState.FAILED, FaxReason.BUSY, 1))
    await queue("R-1")
    await send_due(office)
    assert (only_fax(journal).step, only_fax(journal).may_be_there) == (FaxStep.FAILED, True)


# --- the line in trouble -------------------------------------------------------------------------------------------------


async def test_while_the_line_is_gone_everything_waits_and_after_a_while_somebody_is_told(
    office: FaxOffice, queue: Queue, line: FileLine, journal: Journal, clock: Any
) -> None:
    await queue("R-1")
    await queue("hurry", urgency=Urgency.URGENT)
    line.wrong = "The modem does not answer. Nothing was sent. Switch it on."
    worked = await send_due(office)
    assert worked.troubles == {"double": line.wrong}
    clock.advance(minutes=ALERT_AFTER / timedelta(minutes=1))
    for _ in range(3):
        await send_due(office)
    alerts = [event.body for event in journal.events("") if isinstance(event.body, FaxLineAlerted)]
    assert [(each.waiting, each.urgent) for each in alerts] == [(2, 1)]
    assert "fax cancel" in journal.snapshot("hurry").next_action
    assert journal.snapshot("R-1").next_action == ""
    assert (line.sent(), set(steps(journal).values())) == ([], {FaxStep.QUEUED})
    line.wrong = ""
    await send_due(office)
    assert set(steps(journal).values()) == {FaxStep.DELIVERED}
    assert journal.snapshot("hurry").next_action == ""
    assert FaxBook(journal, office.seats).lines_down() == ()
    assert journal.rebuild()


async def test_a_missing_dial_tone_does_not_use_up_the_queue(
    office: FaxOffice, queue: Queue, line: FileLine, journal: Journal, clock: Any
) -> None:
    line.plans[NUMBER].append((FaxState.FAILED, FaxReason.NO_LINE, 0))
    await queue("R-1", "R-2", "R-3")
    await send_due(office)
    await send_due(office)
    assert len(line.sent()) == 1
    clock.advance(minutes=NO_DIAL_TONE_REST / timedelta(minutes=1))
    await send_due(office)
    assert sorted(steps(journal).values()) == [FaxStep.DELIVERED, FaxStep.DELIVERED, FaxStep.FAILED]


async def test_a_job_that_the_line_refuses_is_a_persons_with_the_lines_own_words(
    office: FaxOffice, queue: Queue, line: FileLine, journal: Journal
) -> None:
    line.troubles["send"].append(LineRefuses())
    await queue("R-1")
    await send_due(office)
    fax = only_fax(journal)
    assert (fax.step, fax.reason, fax.said) == (FaxStep.FAILED, FaxReason.REJECTED, LineRefuses().sentence)
    assert not fax.may_be_there


async def test_a_line_that_refuses_and_has_it_all_the_same_is_believed_in_what_it_has(
    office: FaxOffice, queue: Queue, line: FileLine, journal: Journal
) -> None:
    line.troubles["after_send"].append(LineRefuses())
    await queue("R-1")
    await send_due(office)
    assert (len(line.sent()), steps(journal)) == (1, {"R-1": FaxStep.DELIVERED})


@pytest.mark.parametrize("error", [LineGone(), RuntimeError("cable")], ids=["gone", "bug"])
async def test_an_answer_that_was_not_seen_is_settled_by_asking_the_line(
    office: FaxOffice, queue: Queue, line: FileLine, journal: Journal, error: Exception
) -> None:
    line.troubles["after_send"].append(error)
    await queue("R-1")
    await send_due(office)
    assert (len(line.sent()), steps(journal)) == (1, {"R-1": FaxStep.DELIVERED})


async def test_only_a_line_that_answers_more_than_once_after_a_quiet_time_gets_it_again(
    office: FaxOffice, queue: Queue, line: FileLine, journal: Journal, clock: Any
) -> None:
    line.troubles["send"].append(LineGone())
    await queue("R-1")
    await send_due(office)
    assert only_fax(journal).step is FaxStep.INTENT
    line.troubles["find"].extend([LineGone()] * 2)
    for minutes, looks in ((1, 0), (1, 0), (0, 1), (1, 1)):  # in two of these the line does not answer
        clock.advance(minutes=minutes)
        await send_due(office)
        assert (only_fax(journal).step, only_fax(journal).looks) == (FaxStep.INTENT, looks)
    clock.advance(minutes=1)
    await send_due(office)
    assert (len(line.sent()), steps(journal)) == (1, {"R-1": FaxStep.DELIVERED})


async def test_a_job_that_turns_up_late_is_taken_over(
    office: FaxOffice, queue: Queue, line: FileLine, journal: Journal, clock: Any
) -> None:
    line.troubles["send"].append(LineGone())
    await queue("R-1")
    await send_due(office)
    fax = only_fax(journal)
    clock.advance(minutes=3)
    await line.send(OutgoingFax(tag=fax.fax_id, number=NUMBER, pdf=b"", tiff=b"", pages=3))
    await send_due(office)
    assert (len(line.sent()), steps(journal)) == (1, {"R-1": FaxStep.DELIVERED})


async def test_after_a_day_a_lines_not_having_it_proves_nothing(
    office: FaxOffice, queue: Queue, line: FileLine, journal: Journal, clock: Any
) -> None:
    line.troubles["send"].append(LineGone())
    await queue("R-1")
    await send_due(office)
    clock.at += PROOF_LASTS + timedelta(minutes=1)
    await send_due(office)
    assert (line.sent(), only_fax(journal).step) == ([], FaxStep.UNCERTAIN)
    assert "Do not send it another way" in journal.snapshot("R-1").next_action


async def test_a_line_that_has_it_more_than_once_is_a_persons(
    office: FaxOffice, queue: Queue, line: FileLine, journal: Journal
) -> None:
    line.troubles["find"].extend([None, LineGone()])
    line.troubles["after_send"].append(LineGone())
    await queue("R-1")
    await send_due(office)
    assert only_fax(journal).step is FaxStep.INTENT
    await line.send(OutgoingFax(tag=only_fax(journal).fax_id, number=NUMBER, pdf=b"", tiff=b"", pages=3))
    await send_due(office)
    assert only_fax(journal).step is FaxStep.UNCERTAIN


async def test_what_the_line_has_already_is_not_given_to_it_again(
    office: FaxOffice, queue: Queue, line: FileLine, journal: Journal
) -> None:
    """A home that was put back from a back-up does not know what it sent since."""
    await queue("R-1")
    await line.send(OutgoingFax(tag=only_fax(journal).fax_id, number=NUMBER, pdf=b"", tiff=b"", pages=3))
    await send_due(office)
    assert (len(line.sent()), steps(journal)) == (1, {"R-1": FaxStep.DELIVERED})


async def test_a_line_that_cannot_be_asked_is_given_nothing(
    office: FaxOffice, queue: Queue, line: FileLine, journal: Journal
) -> None:
    line.troubles["find"].append(LineGone())
    await queue("R-1")
    worked = await send_due(office)
    assert (line.sent(), only_fax(journal).step, bool(worked.troubles)) == ([], FaxStep.QUEUED, True)
    await send_due(office)
    assert steps(journal) == {"R-1": FaxStep.DELIVERED}


async def test_a_job_that_never_ends_is_somebodys_matter_once(
    office: FaxOffice, queue: Queue, line: FileLine, journal: Journal, clock: Any
) -> None:
    line.plans[NUMBER].append((FaxState.WAITING, FaxReason.NONE, 0))
    await queue("R-1")
    await send_due(office)
    clock.at += STUCK_AFTER
    before = journal.verify_chain()
    for _ in range(3):
        await send_due(office)
    now = journal.snapshot("R-1")
    assert (now.status, now.error_code, bool(now.next_action)) == (Status.WAITING, "fax_stuck", True)
    assert journal.verify_chain() == before + 1


async def test_without_any_line_everything_waits(open_office: Offices, queue: Queue, journal: Journal) -> None:
    await queue("R-1")
    await send_due(open_office(lines=()))
    assert steps(journal) == {"R-1": FaxStep.QUEUED}


async def test_a_line_that_was_replaced_is_still_asked_and_gets_nothing_new(
    open_office: Offices, queue: Queue, line: FileLine, journal: Journal, tmp_path: Any
) -> None:
    line.plans[NUMBER].append((FaxState.SENDING, FaxReason.NONE, 0))
    await queue("R-1")
    await send_due(open_office())
    new = FileLine(tmp_path / "new.jsonl", name="new")
    office = open_office(lines=(new, line))
    await queue("R-2", number=OTHER)
    line.end(only_fax(journal, "R-1").fax_id, FaxState.DELIVERED)
    await send_due(office)
    assert set(steps(journal).values()) == {FaxStep.DELIVERED}
    assert (len(line.sent()), len(new.sent())) == (1, 1)


async def test_what_is_on_a_line_that_is_set_up_no_more_is_somebodys_matter(
    open_office: Offices, queue: Queue, line: FileLine, journal: Journal, tmp_path: Any
) -> None:
    line.plans[NUMBER].append((FaxState.SENDING, FaxReason.NONE, 0))
    await queue("R-1")
    await send_due(open_office())
    worked = await send_due(open_office(lines=(FileLine(tmp_path / "new.jsonl", name="new"),)))
    assert list(worked.troubles) == ["double"]
    assert (journal.snapshot("R-1").error_code, bool(journal.snapshot("R-1").next_action)) == ("fax_stuck", True)
    assert steps(journal) == {"R-1": FaxStep.HANDED_OVER}


async def test_being_stopped_in_a_hand_over_leaves_no_intent_open(
    office: FaxOffice, queue: Queue, line: FileLine, journal: Journal
) -> None:
    await queue("R-1")
    task = asyncio.ensure_future(send_due(office))
    line.before_send = lambda _fax: (task.cancel(), None)[1]
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (len(line.sent()), only_fax(journal).step) == (1, FaxStep.HANDED_OVER)
    await send_due(office)
    assert steps(journal) == {"R-1": FaxStep.DELIVERED}


# --- beside the portals --------------------------------------------------------------------------------------------------


async def test_a_portal_that_confirms_late_takes_the_fax_out_of_the_queue(
    office: FaxOffice, take_in: Callable[..., None], line: FileLine, journal: Journal
) -> None:
    from bots.model import Receipt, Shown
    from jobs.attempts import Attempts
    from jobs.events import Moved, Standing

    take_in("R-1")
    attempts = Attempts(journal, office.seats)
    seat = office.seats.acquire("clear_coverage", "north")
    assert seat is not None
    attempt = attempts.claim("R-1", seat)
    assert attempt is not None
    attempts.intent(attempt.attempt_id, Shown(portal="clear_coverage", page="review", selectors_version="1", fields={}))
    attempts.uncertain(attempt.attempt_id, "uncertain", Standing(status=Status.UNCERTAIN))
    attempts.end(attempt.attempt_id, AttemptState.ABSENT, "absent", Moved(standing=Standing(status=Status.NEW)))
    await enqueue(office, "R-1", NUMBER)
    attempts.receipt(attempt.attempt_id, Receipt(portal="clear_coverage", reference_no="CC1", received_at=journal.now()))
    await send_due(office)
    now = journal.snapshot("R-1")
    assert (line.sent(), now.status, now.channel) == ([], Status.SUBMITTED, Channel.PORTAL)
    assert steps(journal) == {"R-1": FaxStep.CANCELLED}
    assert journal.rebuild()


async def test_without_a_fax_line_the_queue_waits_and_somebody_is_told(
    open_office: Offices, queue: Queue, journal: Journal, clock: Any
) -> None:
    office = open_office(lines=(NoLine(),))
    await queue("R-1")
    worked = await send_due(office)
    assert "[fax] line" in worked.troubles["none"]
    clock.at += ALERT_AFTER
    await send_due(office)
    assert [type(event.body) for event in journal.events("")] == [FaxLineDown, FaxLineAlerted]
    assert steps(journal) == {"R-1": FaxStep.QUEUED}


async def test_a_line_that_refuses_our_sign_in_is_not_asked_again_before_a_person_says_so(
    office: FaxOffice, queue: Queue, line: FileLine, journal: Journal
) -> None:
    line.troubles["send"].append(SignInRefused())
    await queue("R-1")
    await send_due(office)
    line.troubles["find"].extend([RuntimeError("asked")] * 9)
    line.troubles["check"].extend([RuntimeError("asked")] * 9)
    for _ in range(3):
        assert SignInRefused().sentence in (await send_due(office)).troubles.values()
    line.troubles.clear()
    await send_due(office, by_person=True)
    assert only_fax(journal).step is FaxStep.INTENT
    assert FaxBook(journal, office.seats).lines_down() == ()
