"""The kinds of disagreement beyond the first ones: two channels, duplicates, letters, units, clocks, unclear lines."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from bots.model import CaseSummary, Certification, LineReading, Member, PortalLetter, Reading, Status, Units, UnitType
from fixtures.clock import DESK
from jobs.ledger import ledger_rows
from jobs.list_belief import Lists, PortalList, whole
from jobs.reconcile import Reconciled, reconcile
from jobs.reconcile_frames import all_readings, ledger_frame, letter_frame, list_frame, reading_frame, title_word, units_frame
from jobs.reconcile_kinds import AGREEING, KINDS
from jobs.state import Channel, Snapshot

PORTAL, OTHER = "clear_coverage", "evicore"
SINCE = date(2026, 1, 1)


def compare(build: Any, snapshots: list[Snapshot], readings: list[Reading] | None = None, **given: Any) -> Reconciled:
    cases: list[CaseSummary] = given.pop("cases", [])
    history = given.pop("history", {})
    read = [each.reading for each in snapshots if each.reading] if readings is None else readings
    return reconcile(
        ledger_frame(row for snapshot in snapshots for row in ledger_rows(snapshot)),
        all_readings(reading_frame(read), list_frame(cases, build.now)),
        now=given.pop("now", build.now),
        listed=given.pop("listed", {}),
        units=units_frame(snapshots, history),
        **given,
    )


def kinds(result: Reconciled) -> list[tuple[str, str]]:
    return list(zip(result.exceptions["kind"], result.exceptions["request_id"], strict=True))


def approved(units: str = "2", **changes: Any) -> LineReading:
    given = {"service_code": "E0114", "units_approved": Decimal(units), "status": Status.APPROVED, "status_raw": "Approved"}
    return LineReading(**(given | changes))


def granted(build: Any, request_id: str = "R-001", *lines: LineReading, **changes: Any) -> Snapshot:
    number = f"CC{request_id[-3:].zfill(10)}"
    reading = build.reading(Status.APPROVED, *(lines or (approved(),)), reference_no=number)
    return build.submitted(request_id, Status.APPROVED, **({"reading": reading} | changes))


def case(reference_no: str, **changes: Any) -> CaseSummary:
    given = {"portal": PORTAL, "reference_no": reference_no, "member_id": "001234567", "service_codes": ("E0114",)}
    return CaseSummary(**(given | {"from_date": date(2026, 3, 1), "status": Status.SUBMITTED} | changes))


def test_the_table_says_all_of_each_kind() -> None:
    assert set(KINDS) >= AGREEING
    for kind in KINDS.values():
        assert kind.next_action.endswith(".")
    assert {str(kind.severity) for kind in KINDS.values()} == {"info", "warning", "error"}


# --- twice -----------------------------------------------------------------------------------------------------------


def test_the_portal_has_the_same_service_twice(build: Any) -> None:
    result = compare(build, [granted(build)], cases=[case("CC0000000009")], listed={PORTAL: SINCE})
    assert kinds(result) == [("duplicate", "R-001")]
    assert "CC0000000009" in result.exceptions["what"][0]


def test_another_portal_has_it_too(build: Any) -> None:
    result = compare(build, [granted(build)], cases=[case("EV1", portal=OTHER)], listed={PORTAL: SINCE, OTHER: SINCE})
    assert kinds(result) == [("on_two_channels", "R-001")]


def test_a_faxed_request_that_stands_on_the_portal_went_two_ways(build: Any) -> None:
    faxed = build.submitted(status=Status.FAXED, channel=Channel.FAX, receipt=None, route=None)
    assert kinds(compare(build, [faxed], cases=[case("CC9")], listed={PORTAL: SINCE})) == [("on_two_channels", "R-001")]


def test_what_was_taken_back_is_no_duplicate(build: Any) -> None:
    void = case("CC9", status=Status.VOID)
    assert kinds(compare(build, [granted(build)], cases=[void], listed={PORTAL: SINCE})) == [("unknown_on_portal", "")]


def test_two_requests_for_the_same_days_are_told_once(build: Any) -> None:
    later = granted(build, "R-002", submitted_at=build.now - timedelta(hours=3))
    result = compare(build, [granted(build), later])
    assert kinds(result) == [("duplicate", "R-002")]
    assert "R-001" in result.exceptions["what"][0]


def test_a_renewal_may_overlap_what_it_renews(build: Any) -> None:
    renewal = granted(build, "R-002", request=build.request("R-002", certification=Certification.RENEWAL))
    assert kinds(compare(build, [granted(build), renewal], continuing={"R-002"})) == []


def test_days_that_do_not_overlap_are_two_services(build: Any) -> None:
    next_month = build.line(from_date=date(2026, 4, 1), to_date=date(2026, 4, 30))
    later = granted(build, "R-002", request=build.request("R-002", next_month))
    assert kinds(compare(build, [granted(build), later])) == []


def test_the_payer_calls_it_a_duplicate(build: Any) -> None:
    assert kinds(compare(build, [build.submitted(status=Status.DUPLICATE)])) == [("duplicate", "R-001")]


# --- whose is it -----------------------------------------------------------------------------------------------------


def test_a_case_of_another_member(build: Any) -> None:
    reading = build.reading(Status.APPROVED, approved(), member_id="009999999")
    assert kinds(compare(build, [granted(build, reading=reading)])) == [("member_differs", "R-001")]


def test_an_unknown_case_names_the_one_request_that_fits_it(build: Any) -> None:
    waiting = build.snapshot("R-007", Status.NEEDS_PERSON)
    result = compare(build, [waiting], cases=[case("CC9")], listed={PORTAL: SINCE})
    assert kinds(result) == [("unknown_on_portal", "R-007")]
    both = [waiting, build.snapshot("R-008", Status.NEW)]
    assert kinds(compare(build, both, cases=[case("CC9")], listed={PORTAL: SINCE})) == [("unknown_on_portal", "")]


def test_lines_that_cannot_be_told_apart_are_told_and_not_paired(build: Any) -> None:
    request = build.request("R-001", build.line(), build.line())
    result = compare(build, [granted(build, "R-001", approved("2"), approved("3"), request=request)])
    assert kinds(result) == [("ambiguous", "R-001")]
    assert result.matched == 0


def test_lines_of_which_the_portal_says_the_same_need_no_telling_apart(build: Any) -> None:
    request = build.request("R-001", build.line(), build.line())
    result = compare(build, [granted(build, "R-001", approved("2"), approved("2"), request=request)])
    assert (kinds(result), result.matched) == ([], 2)


def test_a_list_in_another_order_changes_nothing(build: Any) -> None:
    snapshots = [granted(build, f"R-{n:03d}", request=build.request(f"R-{n:03d}", member=person(n))) for n in range(1, 9)]
    cases = [case(one.receipt.reference_no, member_id=one.request.member.id) for one in snapshots if one.receipt]
    for shown in (cases, cases[::-1], cases + cases[:3]):
        assert kinds(compare(build, snapshots, [], cases=shown, listed={PORTAL: SINCE})) == []


def person(number: int) -> Member:
    return Member(id=f"{number:09d}", dob=date(1980, 5, 17))


# --- decisions and clocks --------------------------------------------------------------------------------------------


def test_shifted_dates(build: Any) -> None:
    shifted = approved(from_date=date(2026, 3, 8), to_date=date(2026, 3, 31))
    result = compare(build, [granted(build, "R-001", shifted)])
    assert kinds(result) == [("dates_shifted", "R-001")]
    assert result.exceptions["what"][0] == "Asked 2026-03-01 to 2026-03-31, the portal has 2026-03-08 to 2026-03-31."


@pytest.mark.parametrize(("ended", "told"), [(1, True), (30, True), (31, False), (-1, False)])
def test_an_authorization_that_ended_lately_is_told_and_is_nobodys_task(build: Any, ended: int, told: bool) -> None:
    reading = build.reading(Status.APPROVED, approved(), valid_to=build.now.date() - timedelta(days=ended))
    result = compare(build, [granted(build, reading=reading)])
    assert kinds(result) == ([("expired", "R-001")] if told else [])


@pytest.mark.parametrize(
    ("header", "line", "wrong"),
    [
        (Status.APPROVED, Status.DENIED, True),
        (Status.DENIED, Status.APPROVED, True),
        (Status.PARTIALLY_APPROVED, Status.DENIED, True),
        (Status.PENDED_REVIEW, Status.APPROVED, True),
        (Status.APPROVED, Status.PENDED_REVIEW, True),
        (Status.APPROVED, Status.APPROVED, False),
        (Status.PARTIALLY_APPROVED, Status.APPROVED, False),
        (Status.VOID, Status.APPROVED, False),
    ],
)
def test_the_word_over_the_case_against_its_lines(build: Any, header: Status, line: Status, wrong: bool) -> None:
    reading = build.reading(header, approved(status=line, reason="Because"))
    found = kinds(compare(build, [build.submitted(status=header, reading=reading)]))
    assert (("status_against_lines", "R-001") in found) is wrong


def test_decided_after_the_deadline_and_not_decided_at_all(build: Any) -> None:
    due = build.now - timedelta(days=3)
    late = granted(build, decision_due=due, decided_on=(build.now - timedelta(days=1)).date())
    assert kinds(compare(build, [late])) == [("decided_late", "R-001")]
    in_time = granted(build, decision_due=due, decided_on=due.date())
    assert kinds(compare(build, [in_time])) == []
    assert kinds(compare(build, [build.submitted(decision_due=due)])) == [("decision_overdue", "R-001")]


@pytest.mark.parametrize(("decided", "found"), [(4, []), (5, ["decided_late"])])
def test_what_is_due_before_midnight_is_due_on_that_day_of_the_practice(build: Any, decided: int, found: list[str]) -> None:
    last_minute = datetime(2026, 2, 4, 23, 59, tzinfo=DESK)  # the fifth in UTC
    case = granted(build, decision_due=last_minute.astimezone(UTC), decided_on=date(2026, 2, decided))
    result = compare(build, [case], now=build.now.astimezone(DESK))
    assert result.exceptions["kind"].tolist() == found
    assert all("due by 2026-02-04" in what for what in result.exceptions["what"])


@pytest.mark.parametrize(("last", "found"), [(0, []), (1, ["expired"])])
def test_an_authorization_ends_with_the_practices_day(build: Any, last: int, found: list[str]) -> None:
    evening = build.now.astimezone(DESK).replace(hour=20, minute=30)  # the next day in UTC
    reading = build.reading(Status.APPROVED, approved(), valid_to=evening.date() - timedelta(days=last))
    ended = build.submitted("R-001", Status.APPROVED, reading=reading)
    assert compare(build, [ended], now=evening).exceptions["kind"].tolist() == found


def test_a_reading_from_the_future_is_not_believed_and_its_case_is_not_missing(build: Any) -> None:
    early = build.reading(Status.DENIED, approved(status=Status.DENIED), observed_at=build.now + timedelta(days=1))
    result = compare(build, [granted(build)], [early], listed={PORTAL: SINCE})
    assert kinds(result) == [("reading_from_future", "")]
    assert len(result.changes) == 0


def test_a_list_names_no_reason_for_a_denial(build: Any) -> None:
    denied = case("CC0000000001", status=Status.DENIED, status_raw="Denied")
    assert kinds(compare(build, [build.submitted()], cases=[denied], listed={PORTAL: SINCE})) == []


# --- letters ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "word"),
    [
        ("Approval Letter", "approved"),
        ("Partial Approval Letter", "partially_approved"),
        ("Denial Letter", "denied"),
        ("Notice of Authorization", "approved"),
        ("Notice of Partial Authorization", "partially_approved"),
        ("Notice of Action (Denial)", "denied"),
        ("Notice of Action", ""),
        ("Acknowledgement", ""),
        ("Approval of your appeal of a denial", ""),
    ],
)
def test_a_title_names_a_decision_or_none(title: str, word: str) -> None:
    assert title_word(title) == word


def letter(title: str, **changes: Any) -> PortalLetter:
    given = {"portal": PORTAL, "reference_no": "CC0000000001", "letter_id": title, "evidence": "sealed", "dated": SINCE}
    return PortalLetter(**(given | {"title": title} | changes))


def test_the_last_letter_must_bear_out_the_case(build: Any) -> None:
    approval, denial = letter("Approval Letter", dated=date(2026, 3, 1)), letter("Denial Letter", dated=date(2026, 2, 1))
    assert kinds(compare(build, [granted(build)], letters=letter_frame([approval, denial]))) == []
    overturned = letter("Denial Letter", dated=date(2026, 3, 2))
    assert kinds(compare(build, [granted(build)], letters=letter_frame([approval, overturned]))) == [("letter_differs", "R-001")]


def test_a_letter_that_the_portal_does_not_open_says_nothing(build: Any) -> None:
    assert kinds(compare(build, [granted(build)], letters=letter_frame([letter("Denial Letter", evidence="")]))) == []


def test_a_faxed_letter_is_found_by_its_authorization_number(build: Any) -> None:
    reading = build.reading(Status.APPROVED, approved(), authorization_no="0042")
    said = Reading(portal="", reference_no="", authorization_no="0042", status=Status.DENIED, observed_at=build.now)
    assert kinds(compare(build, [granted(build, reading=reading)], letters=letter_frame([], [said]))) == [
        ("letter_differs", "R-001")
    ]
    stray = Reading(portal="", reference_no="", authorization_no="4711", status=Status.DENIED, observed_at=build.now)
    assert kinds(compare(build, [granted(build, reading=reading)], letters=letter_frame([], [stray]))) == [
        ("letter_unmatched", "")
    ]


# --- units -----------------------------------------------------------------------------------------------------------


def used(build: Any, amount: str, as_of: date, **changes: Any) -> Units:
    return build.units(approved=Decimal(2), used=Decimal(amount), as_of=as_of, **changes)


def test_units_that_fell(build: Any) -> None:
    first, second = used(build, "2", date(2026, 2, 13)), used(build, "1", date(2026, 2, 27))
    result = compare(build, [granted(build, units=(second,))], history={"R-001": [(first,), (second,)]})
    assert kinds(result) == [("units_falling", "R-001")]
    assert "from 2 (2026-02-13) to 1 (2026-02-27)" in result.exceptions["what"][0]
    assert kinds(compare(build, [granted(build, units=(first,))], history={"R-001": [(second,), (first,)]})) == []


def test_the_units_page_and_the_case_name_different_approved_units(build: Any) -> None:
    other = build.units(approved=Decimal(5), used=Decimal(4), remaining=Decimal(1))
    assert kinds(compare(build, [granted(build, units=(other,))])) == [("units_impossible", "R-001"), ("units_differ", "R-001")]


def test_another_kind_of_unit_is_told_and_not_compared(build: Any) -> None:
    visits = build.units(approved=Decimal(5), used=Decimal(1), unit_type=UnitType.VISITS)
    assert kinds(compare(build, [granted(build, units=(visits,))])) == [("unit_kind_differs", "R-001")]


# --- lists that are not believed -------------------------------------------------------------------------------------


def lists(*numbers: str) -> Lists:
    return Lists(read={PORTAL: PortalList(since=SINCE, cases=tuple(map(case, numbers)))})


def sent(*numbers: str, on: date = date(2026, 2, 1)) -> dict[str, list[tuple[str, date]]]:
    return {PORTAL: [(number, on) for number in numbers]}


def test_an_empty_list_is_not_believed_while_something_of_ours_should_stand_on_it() -> None:
    believed, troubles = whole(lists(), sent("CC1"))
    assert (believed, [one.kind for one in troubles]) == ({}, ["list_empty"])
    assert whole(lists(), {}) == ({PORTAL: SINCE}, ())
    assert whole(lists(), sent("CC1", on=SINCE - timedelta(days=1))) == ({PORTAL: SINCE}, ())


def test_a_list_that_was_cut_off_is_not_believed_and_a_few_missing_cases_are_told_one_by_one() -> None:
    ours = [f"CC{n}" for n in range(40)]
    assert whole(lists(*ours[:36]), sent(*ours)) == ({PORTAL: SINCE}, ())
    believed, troubles = whole(lists(*ours[:35]), sent(*ours))
    assert (believed, [one.kind for one in troubles]) == ({}, ["list_cut_off"])
    assert "lacks 5 of the 40" in troubles[0].what
