"""What became of it: lists first, a case page only where needed, nothing guessed, nothing impossible believed."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace
from protocol_double import PORTAL, START, FakeClock, Faults, Truth, World, build_request, open_office, take_in

from bots.model import Coverage, LineReading, Payer, Reading, Status, Units
from jobs.dispatch import submit_due
from jobs.follow import follow_open, impossible, merge_units, read_units
from jobs.journal import Journal
from jobs.office import Office, PortalPlan
from jobs.state import Snapshot

SECURE = "husky_secure"
NUMBER = "CC000000001"


@pytest.fixture
def world(truth: Truth, clock: FakeClock) -> World:
    return World(truth, clock)


@pytest.fixture
async def office(journal: Journal, world: World, clock: FakeClock) -> Office:
    """One request that was submitted an hour ago."""
    take_in(journal, build_request("R-1"))
    office = open_office(journal, world, portals=(PORTAL, SECURE))
    await submit_due(office)
    clock.advance(hours=1)
    world.calls.clear()
    return office


def _now(office: Office) -> Snapshot:
    return office.journal.snapshot("R-1")


async def test_a_decision_is_read_from_the_case_page(office: Office, truth: Truth) -> None:
    truth.decide(NUMBER, "Authorized")
    (outcome,) = await follow_open(office)
    now = _now(office)
    assert outcome.status is Status.APPROVED
    assert now.status is Status.APPROVED
    assert now.reading is not None
    assert now.reading.status_raw == "Authorized"


async def test_the_list_comes_first_and_an_unchanged_case_is_not_opened(office: Office, world: World, clock: FakeClock) -> None:
    await follow_open(office)
    assert [call.split()[0] for call in world.calls] == ["list", "read"]
    world.calls.clear()
    clock.advance(hours=2)
    await follow_open(office)
    assert [call.split()[0] for call in world.calls] == ["list"]
    assert _now(office).last_checked == clock()


async def test_the_list_reaches_back_to_the_oldest_open_case(office: Office, world: World) -> None:
    await follow_open(office)
    (listed,) = [call for call in world.calls if call.startswith("list")]
    assert date.fromisoformat(listed.split()[1]) <= START.date()


async def test_an_open_case_is_opened_once_a_day_whatever_the_list_says(office: Office, world: World, clock: FakeClock) -> None:
    await follow_open(office)
    world.calls.clear()
    clock.advance(days=1)
    await follow_open(office)
    assert f"read {NUMBER}" in world.calls


async def test_a_mark_that_does_not_move_is_not_believed_for_ever(office: Office, world: World, clock: FakeClock) -> None:
    world.listed[NUMBER] = {"updated": "06/12/2019 09:00:00"}
    await follow_open(office)
    world.calls.clear()
    clock.advance(days=1)
    await follow_open(office)
    assert f"read {NUMBER}" in world.calls


async def test_a_list_that_says_when_a_case_changed_is_believed_in_that_and_its_word_may_lag(
    office: Office, world: World, truth: Truth, clock: FakeClock
) -> None:
    """It goes on saying Pending: the decision is found at the next look all the same, and looked at once."""
    world.listed[NUMBER] = {"status_raw": "Pending", "status": Status.PENDED_REVIEW, "updated": "06/12/2019 09:00:00"}
    await follow_open(office)
    world.calls.clear()
    clock.advance(hours=20)
    await follow_open(office)
    assert f"read {NUMBER}" not in world.calls
    truth.decide(NUMBER, "Authorized")
    world.listed[NUMBER]["updated"] = "06/15/2019 08:30:00"
    await follow_open(office)
    assert _now(office).status is Status.APPROVED
    take_in(office.journal, build_request("R-2"))
    await submit_due(office)
    world.calls.clear()
    clock.advance(hours=1)
    await follow_open(office)
    assert f"read {NUMBER}" not in world.calls


async def test_a_decided_case_is_opened_again_only_when_the_list_says_otherwise(
    office: Office, world: World, truth: Truth, clock: FakeClock
) -> None:
    take_in(office.journal, build_request("R-2"))
    await submit_due(office)
    clock.advance(hours=1)
    truth.decide(NUMBER, "Authorized")
    await follow_open(office)
    world.calls.clear()
    clock.advance(days=2)
    await follow_open(office)
    assert f"read {NUMBER}" not in world.calls
    truth.decide(NUMBER, "Cancelled")
    await follow_open(office)
    assert _now(office).status is Status.CANCELLED


async def test_nothing_open_signs_in_nowhere(office: Office, world: World, truth: Truth) -> None:
    truth.decide(NUMBER, "Not authorized")
    await follow_open(office)
    world.calls.clear()
    await follow_open(office)
    assert world.calls == []


async def test_an_unknown_word_is_kept_raw_and_shown_to_a_person(office: Office, truth: Truth) -> None:
    truth.decide(NUMBER, "Zzombified")
    await follow_open(office)
    now = _now(office)
    assert now.status is Status.UNKNOWN
    assert now.reading is not None
    assert now.reading.status_raw == "Zzombified"
    assert "Zzombified" in now.reason


@pytest.mark.parametrize("kind", ["portal_down", "session_lost", "account_locked", "page_changed", "bug"])
async def test_what_cannot_be_read_stays_as_it_was(office: Office, world: World, truth: Truth, kind: str) -> None:
    truth.decide(NUMBER, "Authorized")
    world.faults = Faults({"read": [kind] * 9})
    await follow_open(office)
    assert _now(office).status is Status.SUBMITTED
    world.faults = Faults()
    office.states.enable_portal(PORTAL, "Sam")
    await follow_open(office)
    assert _now(office).status is Status.APPROVED


async def test_a_read_is_tried_again(office: Office, world: World, truth: Truth) -> None:
    truth.decide(NUMBER, "Authorized")
    world.faults = Faults({"read": ["portal_slow", None]})
    await follow_open(office)
    assert _now(office).status is Status.APPROVED


# --- impossible readings -----------------------------------------------------------------------------------------------

LINE = LineReading(service_code="E0114", units_requested=Decimal(2), units_approved=Decimal(2), status=Status.APPROVED)


def _reading(request_member: str, **changes: Any) -> Reading:
    given: dict[str, Any] = {
        "portal": PORTAL,
        "reference_no": NUMBER,
        "member_id": request_member,
        "status": Status.APPROVED,
        "status_raw": "Authorized",
        "lines": (LINE,),
        "observed_at": START,
    }
    return Reading(**(given | changes))


IMPOSSIBLE: dict[str, dict[str, Any]] = {
    "another case than was asked for": {"reference_no": "CC999999999"},
    "another member's case": {"member_id": "000000000"},
    "a decision in the future": {"decided_on": date(2026, 4, 1)},
    "a request from the future": {"submitted_at": START + timedelta(days=9)},
    "an authorization that ends before it begins": {"valid_from": date(2026, 3, 2), "valid_to": date(2026, 3, 1)},
    "a line that ends before it begins": {
        "lines": (replace(LINE, from_date=date(2026, 3, 2), to_date=date(2026, 3, 1)),),
    },
    "a negative number of units": {"lines": (replace(LINE, units_approved=Decimal(-1)),)},
    "no service lines": {"lines": ()},
    "new after submitted": {"status": Status.NEW},
}


@pytest.mark.parametrize("what", sorted(IMPOSSIBLE))
async def test_an_impossible_reading_is_refused_and_told(office: Office, world: World, what: str) -> None:
    world.readings[NUMBER] = _reading(_now(office).request.member.id, **IMPOSSIBLE[what])
    await follow_open(office)
    now = _now(office)
    assert now.status is Status.SUBMITTED, "the old value stays"
    assert now.reading is None
    assert now.error_code == "bad_reading"
    assert what in now.reason


async def test_a_possible_reading_is_believed(office: Office) -> None:
    now = _now(office)
    assert impossible(now, _reading(now.request.member.id), START) == ""


async def test_Q22_a_portal_that_leaves_out_the_prefix_of_the_card_shows_the_same_member(office: Office) -> None:
    now = _now(office)
    member = replace(now.request.member, id="XXP90045670102")
    asked = replace(now.request, payer=Payer.BCBSMA, coverage=Coverage.BCBSMA_COMMERCIAL, member=member)
    shown = replace(now, request=asked)
    assert impossible(shown, _reading("900456701"), START) == ""
    assert impossible(shown, _reading("900456702"), START) == "another member's case"


async def test_an_adopted_case_has_the_payers_own_day_of_submission(
    journal: Journal, world: World, truth: Truth, clock: FakeClock
) -> None:
    """Somebody sent it by hand a week ago; the decision is due from then."""
    take_in(journal, build_request("R-1"))
    truth.accept(PORTAL, build_request("R-1"), START - timedelta(days=7))
    office = open_office(journal, world)
    await submit_due(office)
    assert _now(office).decision_due is None
    sent = START - timedelta(days=7)
    world.readings[NUMBER] = _reading(build_request("R-1").member.id, status=Status.PENDED_REVIEW, submitted_at=sent)
    await follow_open(office)
    assert _now(office).submitted_at == sent
    assert _now(office).decision_due == sent + timedelta(days=7)


async def test_the_same_impossible_reading_is_told_once(office: Office, world: World, clock: FakeClock) -> None:
    world.readings[NUMBER] = _reading(_now(office).request.member.id, lines=())
    for _ in range(3):
        await follow_open(office)
    kinds = [type(event.body).__struct_config__.tag for event in office.journal.events("R-1")]
    assert kinds.count("alerted") == 1


async def test_a_case_that_was_taken_back_does_not_come_to_life_again(
    office: Office, world: World, truth: Truth, clock: FakeClock
) -> None:
    take_in(office.journal, build_request("R-2"))  # keeps the portal's list in view
    await submit_due(office)
    clock.advance(hours=1)
    truth.decide(NUMBER, "Cancelled")
    await follow_open(office)
    truth.decide(NUMBER, "Authorized")
    await follow_open(office)
    assert _now(office).status is Status.CANCELLED
    assert _now(office).error_code == "bad_reading"


# --- units (H17) -------------------------------------------------------------------------------------------------------


def _units(member_id: str, **changes: Any) -> Units:
    given: dict[str, Any] = {
        "portal": SECURE,
        "authorization_no": "A000000001",
        "member_id": member_id,
        "service_code": "E0114",
        "approved": Decimal(10),
        "used": Decimal(4),
        "as_of": date(2026, 2, 27),
        "observed_at": START,
    }
    return Units(**(given | changes))


@pytest.fixture
async def granted(office: Office, truth: Truth) -> Office:
    truth.decide(NUMBER, "Authorized")
    await follow_open(office)
    return office


async def test_h17_units_are_read_on_the_secure_portal_with_their_own_date(granted: Office, world: World) -> None:
    member = _now(granted).request.member.id
    world.units = [_units(member), _units("000000000"), _units(member, authorization_no="A999999999")]
    (outcome,) = await read_units(granted)
    assert outcome.portal == SECURE
    (line,) = _now(granted).units
    assert (line.used, line.as_of) == (Decimal(4), date(2026, 2, 27))
    assert _now(granted).status is Status.APPROVED


async def test_HP6_units_of_what_provider_connect_took_are_read_there(
    journal: Journal, world: World, truth: Truth, clock: FakeClock
) -> None:
    take_in(journal, build_request("B-1"), portal="provider_connect")
    office = open_office(journal, world, portals=("provider_connect", SECURE))
    await submit_due(office)
    clock.advance(hours=1)
    truth.decide(NUMBER, "Authorized")
    await follow_open(office)
    world.units = [_units(build_request("B-1").member.id, portal="provider_connect")]
    (outcome,) = await read_units(office)
    assert outcome.portal == "provider_connect"
    assert journal.snapshot("B-1").units[0].used == Decimal(4)


async def test_unchanged_units_change_nothing(granted: Office, world: World, clock: FakeClock) -> None:
    member = _now(granted).request.member.id
    world.units = [_units(member)]
    await read_units(granted)
    before = list(granted.journal.events("R-1"))
    world.units = [_units(member, observed_at=START + timedelta(days=1))]
    assert await read_units(granted) == ()
    assert list(granted.journal.events("R-1")) == before


async def test_more_units_used_than_approved_are_not_believed(granted: Office, world: World) -> None:
    member = _now(granted).request.member.id
    world.units = [_units(member)]
    await read_units(granted)
    world.units = [_units(member, used=Decimal(11), as_of=date(2026, 3, 1))]
    await read_units(granted)
    now = _now(granted)
    assert now.units[0].used == Decimal(4), "the old value stays"
    assert now.error_code == "bad_reading"
    assert "more units used than approved" in now.reason


def test_falling_units_are_kept_and_told() -> None:
    old = _units("1", used=Decimal(6))
    new = _units("1", used=Decimal(5), as_of=date(2026, 3, 1))
    assert merge_units((old,), [new], date(2026, 3, 2)) == ((new,), ("fewer units used than before",))


def test_an_older_date_does_not_replace_a_newer_one() -> None:
    old = _units("1", used=Decimal(6), as_of=date(2026, 2, 27))
    assert merge_units((old,), [_units("1", used=Decimal(4), as_of=date(2026, 2, 13))], date(2026, 3, 2)) == ((old,), ())


def test_units_of_the_future_are_not_believed() -> None:
    line = _units("1", as_of=date(2026, 4, 1))
    assert merge_units((), [line], date(2026, 3, 2)) == ((), ("units as of a day in the future",))


async def test_reading_keeps_to_the_hourly_limit(journal: Journal, world: World, clock: FakeClock) -> None:
    take_in(journal, *(build_request(f"R-{number}") for number in range(4)))
    await submit_due(open_office(journal, world))
    clock.advance(hours=1)
    world.calls.clear()
    office = open_office(journal, world, plans={PORTAL: PortalPlan(slug=PORTAL, accounts=("north",), max_actions_per_hour=3)})
    await follow_open(office)
    assert len(world.calls) == 3
    clock.advance(hours=1, seconds=1)
    await follow_open(office)
    assert len([each for each in journal.snapshots() if each.reading]) == 4
