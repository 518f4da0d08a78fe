"""Ledger rows against what the portals show: each kind of disagreement is found, and nothing is invented."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

from bots.model import CaseSummary, LineReading, Member, Reading, Status
from jobs.ledger import ledger_rows
from jobs.reconcile import EXCEPTION_COLUMNS, Reconciled, reconcile
from jobs.reconcile_frames import READING_COLUMNS, all_readings, ledger_frame, list_frame, reading_frame
from jobs.reconcile_kinds import KINDS
from jobs.state import Snapshot

PORTAL = "clear_coverage"
SINCE = date(2026, 1, 1)


def compare(
    build: Any, snapshots: list[Snapshot], readings: Sequence[Reading] = (), cases: list[CaseSummary] | None = None
) -> Reconciled:
    ledger = ledger_frame(row for snapshot in snapshots for row in ledger_rows(snapshot))
    frame = all_readings(reading_frame(readings), list_frame(cases or [], build.now))
    return reconcile(ledger, frame, now=build.now, listed={PORTAL: SINCE} if cases is not None else {})


def kinds(result: Reconciled) -> list[tuple[str, str]]:
    return list(zip(result.exceptions["kind"], result.exceptions["request_id"], strict=True))


def person(number: int) -> Member:
    return Member(id=f"{number:09d}", dob=date(1980, 5, 17))


def case(reference_no: str, **changes: Any) -> CaseSummary:
    given = {"portal": PORTAL, "reference_no": reference_no, "member_id": "001234567", "service_codes": ("E0114",)}
    return CaseSummary(**(given | {"from_date": date(2026, 3, 1), "status": Status.SUBMITTED, "status_raw": ""} | changes))


def approved(code: str = "E0114", units: str = "2", **changes: Any) -> LineReading:
    given = {"service_code": code, "units_approved": Decimal(units), "status": Status.APPROVED, "status_raw": "Approved"}
    return LineReading(**(given | changes))


def test_every_kind_says_who_does_what() -> None:
    for name, kind in KINDS.items():
        assert kind.name == name
        assert kind.next_action.endswith(".")
        assert kind.severity
        assert kind.owner


def test_nothing_sent_nothing_read_gives_nothing(build: Any) -> None:
    result = compare(build, [build.snapshot()], cases=[])
    assert (result.rows, result.matched, len(result.changes), len(result.exceptions)) == (1, 0, 0, 0)
    assert list(result.exceptions.columns) == list(EXCEPTION_COLUMNS)


def test_an_empty_ledger_is_no_error(build: Any) -> None:
    assert compare(build, [], cases=[]).rows == 0


def test_what_agrees_is_matched_and_quiet(build: Any) -> None:
    reading = build.reading(Status.APPROVED, approved())
    result = compare(build, [build.submitted(status=Status.APPROVED, reading=reading)], [reading], [case("CC0000000001")])
    assert (result.matched, len(result.changes), len(result.exceptions)) == (1, 0, 0)


def test_a_decision_is_a_change_and_no_exception(build: Any) -> None:
    result = compare(build, [build.submitted()], [build.reading(Status.APPROVED, approved(), authorization_no="0099")])
    changed = {row["column"]: (row["before"], row["after"]) for row in result.changes.to_dict("records")}
    assert changed == {
        "authorization_no": ("", "0099"),
        "status": ("submitted", "approved"),
        "status_raw": ("", "Approved"),
        "units_approved": ("", "2"),
    }
    assert kinds(result) == []


def test_missing_on_a_portal_whose_list_was_read(build: Any) -> None:
    assert kinds(compare(build, [build.submitted()], cases=[])) == [("missing_on_portal", "R-001")]


def test_nothing_is_missing_on_a_portal_whose_list_was_not_read(build: Any) -> None:
    assert kinds(compare(build, [build.submitted()])) == []


def test_what_is_older_than_the_list_is_not_missing(build: Any) -> None:
    old = build.submitted(submitted_at=build.now - timedelta(days=90), last_checked=build.now)
    assert kinds(compare(build, [old], cases=[])) == []


def test_a_service_that_the_case_lacks_is_missing(build: Any) -> None:
    snapshot = build.submitted(request=build.request("R-001", build.line("E0114"), build.line("A4253")))
    result = compare(build, [snapshot], [build.reading(Status.APPROVED, approved())])
    assert kinds(result) == [("missing_on_portal", "R-001")]
    assert result.exceptions["service_code"].tolist() == ["A4253"]


def test_keyed_by_hand_is_unknown_once_per_case(build: Any) -> None:
    by_hand = case("CC0000000777", service_codes=("E0114", "A4253"), member_id="009999999")
    result = compare(build, [build.submitted()], cases=[case("CC0000000001"), by_hand])
    assert kinds(result) == [("unknown_on_portal", "")]
    assert result.exceptions["reference_no"].tolist() == ["CC0000000777"]


def test_a_service_that_nobody_asked_for_is_unknown(build: Any) -> None:
    result = compare(build, [build.submitted()], [build.reading(Status.APPROVED, approved(), approved("A4253"))])
    assert kinds(result) == [("unknown_on_portal", "")]


def test_the_same_service_under_another_number_is_one_matter_not_two(build: Any) -> None:
    result = compare(build, [build.submitted()], cases=[case("CC0000000777")])
    assert kinds(result) == [("number_differs", "R-001")]
    assert "CC0000000777" in result.exceptions["what"][0]


def test_our_own_reference_pairs_too(build: Any) -> None:
    other = case("CC0000000777", service_codes=(), from_date=None, our_reference="R-001")
    assert kinds(compare(build, [build.submitted()], cases=[other])) == [("number_differs", "R-001")]


def test_two_that_fit_are_reported_and_not_guessed(build: Any) -> None:
    result = compare(build, [build.submitted()], cases=[case("CC0000000777"), case("CC0000000778")])
    assert kinds(result) == [("missing_on_portal", "R-001"), ("unknown_on_portal", ""), ("unknown_on_portal", "")]


def test_one_case_for_two_requests(build: Any) -> None:
    pair = [build.submitted("R-001"), build.submitted("R-002", receipt=build.receipt("CC0000000001"))]
    result = compare(build, pair, [build.reading(Status.APPROVED, approved())])
    assert kinds(result) == [("number_twice", "R-001"), ("number_twice", "R-002")]


def test_an_authorization_number_that_changes(build: Any) -> None:
    snapshot = build.submitted(
        status=Status.APPROVED, reading=build.reading(Status.APPROVED, approved(), authorization_no="0001")
    )
    result = compare(build, [snapshot], [build.reading(Status.APPROVED, approved(), authorization_no="1")])
    assert kinds(result) == [("number_differs", "R-001")]


def test_approved_less_than_asked(build: Any) -> None:
    result = compare(build, [build.submitted()], [build.reading(Status.APPROVED, approved(units="1.5"))])
    assert kinds(result) == [("approved_less", "R-001")]
    assert result.exceptions["what"][0] == "Approved 1.5 of 2."


def test_denied_without_a_reason(build: Any) -> None:
    def denied(reason: str) -> Reading:
        return build.reading(Status.DENIED, approved(units="0", status=Status.DENIED, status_raw="Denied", reason=reason))

    assert kinds(compare(build, [build.submitted()], [denied("")])) == [("denied_without_reason", "R-001")]
    assert kinds(compare(build, [build.submitted()], [denied("Not medically necessary")])) == []


def test_a_status_word_that_nobody_knows(build: Any) -> None:
    reading = build.reading(Status.UNKNOWN, approved(status=Status.UNKNOWN, status_raw="Mystery"))
    assert kinds(compare(build, [build.submitted()], [reading])) == [("status_unknown", "R-001")]


@pytest.mark.parametrize(
    "units",
    [
        {"approved": Decimal(2), "used": Decimal(3)},
        {"approved": Decimal(2), "used": Decimal(-1)},
        {"approved": Decimal(2), "used": Decimal(0), "remaining": Decimal(3)},
    ],
)
def test_impossible_units(build: Any, units: dict[str, Decimal]) -> None:
    snapshot = build.submitted(status=Status.APPROVED, units=(build.units(**units),))
    assert kinds(compare(build, [snapshot])) == [("units_impossible", "R-001")]


def test_units_that_cannot_be_read_are_impossible(build: Any) -> None:
    readings = reading_frame([build.reading(Status.APPROVED, approved())]).assign(units_approved="two")
    ledger = ledger_frame(ledger_rows(build.submitted()))
    assert kinds(reconcile(ledger, readings, now=build.now)) == [("units_impossible", "R-001")]


def test_an_open_case_that_was_not_read_for_a_day_is_stale(build: Any) -> None:
    long_ago = build.now - timedelta(days=2)
    assert kinds(compare(build, [build.submitted(submitted_at=long_ago, last_checked=long_ago)])) == [("stale_reading", "R-001")]
    assert kinds(compare(build, [build.submitted(submitted_at=long_ago, last_checked=build.now)])) == []
    decided = build.submitted(status=Status.DENIED, reason="Not needed", submitted_at=long_ago, last_checked=long_ago)
    assert kinds(compare(build, [decided])) == []


def test_units_of_16_days_are_normal_and_older_ones_stale(build: Any) -> None:
    def with_units(age: int) -> Snapshot:
        reading = build.reading(Status.APPROVED, approved(), valid_to=date(2026, 12, 31))
        as_of = build.now.date() - timedelta(days=age)
        return build.submitted(status=Status.APPROVED, reading=reading, units=(build.units(approved=Decimal(2), as_of=as_of),))

    assert kinds(compare(build, [with_units(16)])) == []
    assert kinds(compare(build, [with_units(17)])) == [("stale_reading", "R-001")]


def test_two_lines_of_one_code_pair_in_the_order_of_their_days(build: Any) -> None:
    first = build.line("97110", "4", from_date=date(2026, 3, 1))
    second = build.line("97110", "6", from_date=date(2026, 3, 16))
    read = (
        approved("97110", "6", from_date=second.from_date),
        approved("97110", "3", from_date=first.from_date),
    )
    snapshot = build.submitted(request=build.request("R-001", first, second))
    result = compare(build, [snapshot], [build.reading(Status.APPROVED, *read)])
    assert result.exceptions["what"].tolist() == ["Approved 3 of 4."]


def test_a_case_page_without_lines_still_tells_the_status(build: Any) -> None:
    result = compare(build, [build.submitted()], [build.reading(Status.PENDED_REVIEW)])
    assert result.matched == 1
    assert "pended_review" in result.changes["after"].tolist()


def test_ids_stay_text_from_end_to_end(build: Any) -> None:
    reading = build.reading(Status.APPROVED, approved(), reference_no="000123", authorization_no="0099")
    result = compare(build, [build.submitted(receipt=build.receipt("000123"))], [reading], [case("000123")])
    assert result.changes["after"].tolist()[0] == "0099"
    assert kinds(result) == []


def test_planted_errors_among_many_rows_are_found_and_none_invented(build: Any) -> None:
    """1,000 requests of which every hundredth is disturbed: exactly those are reported."""
    snapshots = [build.submitted(f"R-{n:03d}", request=build.request(f"R-{n:03d}", member=person(n))) for n in range(1000)]
    assert len({snapshot.receipt.reference_no for snapshot in snapshots}) == 1000
    readings = [
        build.reading(Status.APPROVED, approved(units="1" if n % 100 == 50 else "2"), reference_no=snapshot.receipt.reference_no)
        for n, snapshot in enumerate(snapshots)
        if n % 100 != 7
    ]
    ledger = ledger_frame(row for snapshot in snapshots for row in ledger_rows(snapshot))
    result = reconcile(ledger, reading_frame(readings), now=build.now, listed={PORTAL: SINCE})
    expected = [("missing_on_portal", f"R-{n:03d}") for n in range(7, 1000, 100)]
    assert kinds(result) == expected + [("approved_less", f"R-{n:03d}") for n in range(50, 1000, 100)]
    assert result.matched == 990


def test_frames_are_text_even_when_empty() -> None:
    frame = reading_frame([])
    assert list(frame.columns) == list(READING_COLUMNS)
    assert isinstance(frame, pd.DataFrame)
