"""Phone tasks: when to call, what to say, and that a call ends a request's way once, on one channel."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace
from protocol_double import PORTAL, FakeClock, Faults, Truth, World, build_request, build_route, open_office, take_in

from bots.errors import PortalDown
from bots.model import Payer, Status, Urgency
from jobs.attention import find_task
from jobs.dispatch import submit_due
from jobs.events import MoveRefused, Phoned
from jobs.journal import Different, Journal
from jobs.ledger import ledger_rows
from jobs.phone import PhoneRefused, call_sheet, list_calls, phone_done, phone_failed, when_to_call, with_hours
from jobs.rulebook import load_rulebook
from jobs.state import AttemptState, Channel, Decision, Fallback, FallbackWay, Route

BOOK = load_rulebook()
NUMBER = "1-888-556-7048"
"""The desk for members with an APN-CT doctor: Mon-Fri 8-18 (C5)."""
OPTUM = "optum_pro"


def to_phone(journal: Journal, request_id: str = "R-1", **changes: object) -> None:
    """A request that is to be phoned in, as by C5 while Optum Pro is down."""
    request = build_request(request_id, payer=Payer.CAREPARTNERS, **changes)
    list(journal.accept_all([(request, "one")]))
    route = Route(request_id=request_id, decision=Decision.PHONE, number=NUMBER, rule_ids=("C5",), reason="Optum Pro is down.")
    journal.set_route(request_id, route)


def done(journal: Journal, request_id: str = "R-1", reference: str = "CALL-77", **more: object) -> None:
    phone_done(journal, request_id, reference_no=reference, who="Ada Testmaple", rulebook=BOOK, **more)  # type: ignore[arg-type]


# --- the sheet ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "when"),
    [
        (datetime(2026, 3, 2, 12, 59, tzinfo=UTC), "after 8:00 ET today"),  # Monday 7:59 in New York
        (datetime(2026, 3, 2, 13, 0, tzinfo=UTC), "now, until 18:00 ET"),
        (datetime(2026, 3, 2, 22, 59, tzinfo=UTC), "now, until 18:00 ET"),
        (datetime(2026, 3, 2, 23, 0, tzinfo=UTC), "after 8:00 ET Tuesday"),
        (datetime(2026, 3, 6, 23, 30, tzinfo=UTC), "after 8:00 ET Monday"),  # Friday evening
        (datetime(2026, 7, 3, 15, 0, tzinfo=UTC), "after 8:00 ET Monday"),  # Independence Day is kept on Friday
    ],
)
def test_it_says_when_somebody_is_there_in_the_desks_own_time(at: datetime, when: str) -> None:
    assert when_to_call(BOOK.desk(NUMBER), at) == when


def test_a_desk_without_published_hours_may_be_called_now() -> None:
    assert "not published" in when_to_call(BOOK.desk("1-800-676-BLUE"), datetime(2026, 3, 2, 3, tzinfo=UTC))


def test_the_sheet_has_what_the_caller_needs_and_nothing_of_the_patient(journal: Journal, clock: FakeClock) -> None:
    to_phone(journal, urgency=Urgency.URGENT)
    snapshot = journal.snapshot("R-1")
    sheet = call_sheet(snapshot, BOOK, clock())
    assert (sheet.number, sheet.urgency, sheet.open_now) == (NUMBER, Urgency.URGENT, True)
    assert sheet.desk
    assert "urgent" in sheet.say
    assert "reference number" in sheet.write_down
    member = snapshot.request.member
    assert all(part not in str(sheet) for part in (member.id, member.last_name, member.dob.isoformat()))


def test_urgent_calls_come_first_and_the_queue_says_when(journal: Journal, clock: FakeClock) -> None:
    to_phone(journal, "standard")
    to_phone(journal, "urgent", urgency=Urgency.URGENT)
    assert [sheet.request_id for sheet in list_calls(journal.snapshots(), BOOK, clock())] == ["urgent", "standard"]
    snapshot = journal.snapshot("urgent")
    task = find_task(snapshot)
    assert task is not None
    told = with_hours(task, snapshot, BOOK, clock()).next_action
    assert NUMBER in told
    assert "now, until 18:00 ET" in told
    assert "priorbot phone done urgent" in told


async def test_C5_an_outage_makes_phone_tasks_of_urgent_requests_at_once(
    journal: Journal, truth: Truth, clock: FakeClock
) -> None:
    request = build_request("R-1", payer=Payer.CAREPARTNERS, urgency=Urgency.URGENT)
    list(journal.accept_all([(request, "one")]))
    way = Fallback(decision=FallbackWay.PHONE, number=NUMBER, rule_ids=("C5",))
    journal.set_route("R-1", replace(build_route(request, OPTUM), fallback=way))
    office = open_office(journal, World(truth, clock, faults=Faults({"sign_in": ["outage_banner"]})), portals=(OPTUM,))
    await submit_due(office)
    (sheet,) = list_calls(journal.snapshots(), BOOK, clock())
    assert (sheet.number, sheet.portal) == (NUMBER, OPTUM)
    assert journal.snapshot("R-1").channel is Channel.PHONE
    office.states.enable_portal(OPTUM, "Sam")
    clock.advance(days=1)
    await submit_due(office)
    assert truth.accepted() == [], "the call may have been made"


# --- the call ----------------------------------------------------------------------------------------------------------


def test_a_reference_number_ends_it_submitted_by_telephone(journal: Journal, clock: FakeClock) -> None:
    to_phone(journal)
    done(journal, reference=" CALL-77 ", spoke_with="Terry")
    now = journal.snapshot("R-1")
    assert (now.status, now.channel, now.submitted_at) == (Status.SUBMITTED, Channel.PHONE, clock())
    assert now.receipt is not None
    assert now.receipt.reference_no == "CALL-77"
    assert now.decision_due is not None
    (row,) = ledger_rows(now)
    assert (row.channel, row.portal, row.reference_no) == ("phone", "", "CALL-77")
    (attempt,) = journal.attempts("R-1")
    assert (attempt.state, attempt.channel) == (AttemptState.RECEIPT, Channel.PHONE)
    (call,) = [each.body for each in journal.events("R-1") if isinstance(each.body, Phoned)]
    assert (call.who, call.spoke_with, call.number) == ("Ada Testmaple", "Terry", NUMBER)
    assert journal.rebuild()


@pytest.mark.parametrize("reference", ["", "   ", "pending", "7" * 65, "12\n34"])
def test_what_is_no_reference_number_ends_nothing(journal: Journal, reference: str) -> None:
    to_phone(journal)
    with pytest.raises(PhoneRefused, match="Nothing was noted"):
        done(journal, reference=reference)
    assert journal.snapshot("R-1").status is Status.NEEDS_PERSON


def test_a_call_needs_a_name(journal: Journal) -> None:
    to_phone(journal)
    with pytest.raises(PhoneRefused, match="--by"):
        phone_failed(journal, "R-1", who=" ")


def test_a_call_is_noted_once(journal: Journal) -> None:
    to_phone(journal)
    done(journal)
    for again in (lambda: done(journal, reference="CALL-78"), lambda: phone_failed(journal, "R-1", who="Ada")):
        with pytest.raises(PhoneRefused, match="noted already"):
            again()
    with pytest.raises(MoveRefused):
        journal.release("R-1")


def test_what_is_not_to_be_phoned_in_cannot_be(journal: Journal) -> None:
    take_in(journal, build_request("R-1"))
    with pytest.raises(PhoneRefused):
        done(journal)


def test_one_number_for_two_requests_is_asked_about(journal: Journal) -> None:
    to_phone(journal, "R-1")
    to_phone(journal, "R-2")
    done(journal, "R-1")
    with pytest.raises(PhoneRefused, match="R-1"):
        done(journal, "R-2")
    done(journal, "R-2", same_call=True)
    assert journal.snapshot("R-2").status is Status.SUBMITTED


def test_while_somebody_may_be_calling_it_goes_no_other_way(journal: Journal) -> None:
    to_phone(journal)
    with pytest.raises(MoveRefused):
        journal.release("R-1")
    other = build_request("R-1", payer=Payer.CAREPARTNERS, units="9")
    assert isinstance(journal.accept(other, "two"), Different)


async def test_after_a_failed_call_it_can_be_called_again_or_given_back_to_its_portal(
    journal: Journal, truth: Truth, clock: FakeClock
) -> None:
    for request_id in ("again", "back"):
        request = build_request(request_id)
        list(journal.accept_all([(request, "one")]))
        way = Fallback(decision=FallbackWay.PHONE, number="1.800.440.5071", rule_ids=("H14",))
        journal.set_route(request_id, replace(build_route(request), fallback=way))
    office = open_office(journal, World(truth, clock))
    office.states.failed(PORTAL, PortalDown(PORTAL), banner=True)
    await submit_due(office)
    for request_id in ("again", "back"):
        failed = phone_failed(journal, request_id, who="Ada Testmaple", why="they say the portal works")
        assert "they say the portal works" in failed.reason
    done(journal, "again")
    assert journal.release("back").channel is Channel.PORTAL
    office.states.worked(PORTAL)
    clock.advance(hours=1)
    await submit_due(office)
    assert truth.accepted_count() == {"back": 1}
    assert journal.snapshot("again").channel is Channel.PHONE


def test_released_what_can_only_be_phoned_is_a_call_again(journal: Journal) -> None:
    to_phone(journal)
    phone_failed(journal, "R-1", who="Ada")
    now = journal.release("R-1")
    assert (now.status, now.error_code) == (Status.NEEDS_PERSON, "phone_by_hand")


def test_calls_of_a_week_stand_in_the_journal(journal: Journal, clock: FakeClock) -> None:
    to_phone(journal)
    for _ in range(3):
        phone_failed(journal, "R-1", who="Ada")
        clock.advance(seconds=timedelta(days=1).total_seconds())
    done(journal)
    assert sum(isinstance(each.body, Phoned) for each in journal.events("R-1")) == 4
