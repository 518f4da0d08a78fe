"""A letter brings its request up to date by itself only when every field is certain and agrees with exactly one open request."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from letters_kit import NOW, wrong_about

from bots.model import Status
from jobs.letter_events import LetterState


def verdict(faxes: Any, letter: Any) -> Any:
    return faxes.desk.receive(faxes.file("one", letter)).letters[0]


@pytest.mark.parametrize(
    ("decision", "more"),
    [
        ("approved", {}),
        ("partially_approved", {"units_approved": 7, "reason": "The number approved reflects the functional gains."}),
        ("denied", {"units_approved": 0, "authorization_no": "", "valid_from": None, "valid_to": None, "reason": "Not covered."}),
        (
            "pended_clinical",
            {
                "units_approved": 0,
                "authorization_no": "",
                "valid_from": None,
                "valid_to": None,
                "reason": "Send the plan of care.",
            },
        ),
    ],
)
def test_a_certain_letter_of_one_open_request_says_what_became_of_it(
    faxes: Any, build: Any, letter: Any, decision: str, more: dict[str, Any]
) -> None:
    case = build(decision=decision, **more)
    faxes.submit("R-1", case)
    became = verdict(faxes, letter(case))
    assert (became.state, became.request_id) == (LetterState.UPDATED, "R-1")
    now = faxes.engine.journal.snapshot("R-1")
    assert now.status is Status(decision)
    assert now.reading.letter == became.letter_id
    assert wrong_about(case, now.reading) == []


@pytest.mark.parametrize(
    ("name", "readings"),
    [
        ("authorization_no", ("A100000001", "A100000001", "A100000007")),
        ("authorization_no", ("A100000001", "A100000001", "")),
        ("decided_on", ("2026-03-19", "2026-03-19", "2026-03-18")),
        ("member_id", ("001234561", "001234561", "001234561")),
        ("member_dob", ("1980-05-11", "1980-05-11", "1980-05-11")),
        ("member_name", ("ada testelm", "ada testelm", "ada testelm")),
        ("reference_no", ("CC100000007", "CC100000007", "CC100000007")),
        ("service_code", ("97116", "97116", "97116")),
        ("first_day", ("2026-03-28", "2026-03-28", "2026-03-28")),
        ("last_day", ("2026-04-20", "2026-04-20", "2026-04-20")),
        ("units_requested", ("72", "72", "72")),
        ("units_approved", ("72", "72", "72")),
        ("units_approved", ("72", "12", "72")),
        ("decision", ("approved", "approved", "denied")),
    ],
)
def test_one_field_that_was_read_otherwise_is_found_and_the_letter_waits(
    faxes: Any, build: Any, letter: Any, field: Any, name: str, readings: tuple[str, ...]
) -> None:
    faxes.submit("R-1", build())
    assert verdict(faxes, letter(build(), field(name, *readings))).state is LetterState.WAITING
    assert faxes.engine.journal.snapshot("R-1").status is Status.SUBMITTED


@pytest.mark.parametrize("name", ["member_id", "member_name", "member_dob", "authorization_no", "decision", "decided_on",
                                  "first_day", "last_day", "service_code", "units_approved", "reference_no"])  # fmt: skip
def test_a_letter_that_lacks_a_field_waits(faxes: Any, build: Any, letter: Any, name: str) -> None:
    faxes.submit("R-1", build())
    assert verdict(faxes, letter(build(), without=(name,))).state is LetterState.WAITING


NOT_SURE = pytest.mark.parametrize(
    "how",
    [{"confidence": 50.0}, {"is_clean": False}, {"is_fine": False, "confidence": 80.0}],
    ids=["low confidence", "something runs through it", "standard resolution"],
)


@NOT_SURE
def test_a_reason_that_something_may_have_changed_is_a_persons(
    faxes: Any, build: Any, letter: Any, field: Any, how: dict[str, Any]
) -> None:
    """All three readings of seed 20260322's fax 1256 said "notes ard the plan": a streak ran through the word."""
    case = build(decision="partially_approved", units_approved=7, reason="Notes and the plan.")
    faxes.submit("R-1", case)
    assert verdict(faxes, letter(case, field("reason", "Notes ard the plan.", **how))).reasons == ("reason",)


@NOT_SURE
def test_a_number_with_nothing_to_compare_it_with_must_be_sure_where_it_stands_once(
    faxes: Any, build: Any, letter: Any, field: Any, how: dict[str, Any]
) -> None:
    faxes.submit("R-1", build())
    became = verdict(faxes, letter(build(), field("authorization_no", "A100000001", **how)))
    assert became.reasons == ("authorization_no",)


def test_two_clean_places_that_say_the_same_are_enough_in_standard_resolution_too(
    faxes: Any, build: Any, letter: Any, field: Any
) -> None:
    faxes.submit("R-1", build())
    twice = field("authorization_no", "A100000001", places=2, is_fine=False, confidence=70.0)
    assert verdict(faxes, letter(build(), twice)).state is LetterState.UPDATED


def test_the_date_of_the_letter_bears_out_the_day_of_the_decision(faxes: Any, build: Any, letter: Any, field: Any) -> None:
    faxes.submit("R-1", build())
    day = build().decided_on.isoformat()
    pale = [field(name, day, is_fine=False, confidence=70.0) for name in ("decided_on", "letter_date")]
    assert verdict(faxes, letter(build(), *pale)).state is LetterState.UPDATED


def test_what_the_request_knows_may_be_missed_by_one_reading(faxes: Any, build: Any, letter: Any, field: Any) -> None:
    faxes.submit("R-1", build())
    assert verdict(faxes, letter(build(), field("member_id", "001234567", "", "001234567"))).state is LetterState.UPDATED


def test_the_units_of_a_part_must_fit_those_that_were_denied(faxes: Any, build: Any, letter: Any, field: Any) -> None:
    case = build(decision="partially_approved", units_approved=7, reason="The number approved reflects the gains.")
    faxes.submit("R-1", case)
    assert verdict(faxes, letter(case, field("units_denied", "6"))).reasons == ("units_denied",)


def test_a_letter_for_somebody_elses_patient_is_a_persons_and_names_nobody(faxes: Any, build: Any, letter: Any) -> None:
    faxes.submit("R-1", build())
    became = verdict(faxes, letter(build(member_id="009999999", reference_no="CC100000009", last_name="Mockelm")))
    assert (became.state, became.reasons, became.request_id) == (LetterState.WAITING, ("not_ours",), "")
    events = "".join(str(event.body) for event in faxes.engine.journal.events(""))
    assert "009999999" not in events
    assert "mockelm" not in events.lower()


def test_two_requests_that_fit_are_a_persons(faxes: Any, build: Any, letter: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    faxes.submit("R-1", build())
    faxes.submit("R-2", build())
    assert verdict(faxes, letter(build())).reasons == ("several_requests",)


def test_the_payers_number_tells_two_like_requests_of_one_patient_apart(faxes: Any, build: Any, letter: Any) -> None:
    faxes.submit("R-1", build())
    faxes.submit("R-2", build(reference_no="CC100000002"))
    assert verdict(faxes, letter(build(reference_no="CC100000002"))).request_id == "R-2"
    assert faxes.engine.journal.snapshot("R-1").status is Status.SUBMITTED


def test_days_that_were_not_asked_for_are_a_persons(faxes: Any, build: Any, letter: Any) -> None:
    faxes.submit("R-1", build())
    shorter = build(valid_to=build().valid_to - timedelta(days=5))
    assert verdict(faxes, letter(shorter)).reasons == ("days_differ",)


def test_a_decision_from_before_the_request_or_of_the_future_waits(faxes: Any, build: Any, letter: Any) -> None:
    faxes.submit("R-1", build())
    for name, days in (("early", -9), ("late", 5)):
        case = build(decided_on=NOW.date() + timedelta(days=days))
        assert faxes.desk.receive(faxes.file(name, letter(case))).letters[0].reasons == ("too_old",)


def test_a_letter_that_contradicts_an_earlier_decision_is_a_persons(faxes: Any, build: Any, letter: Any) -> None:
    faxes.submit("R-1", build())
    assert faxes.desk.receive(faxes.file("yes", letter(build()))).letters[0].state is LetterState.UPDATED
    no = build(decision="denied", units_approved=0, authorization_no="", valid_from=None, valid_to=None, reason="Not covered.")
    assert faxes.desk.receive(faxes.file("no", letter(no))).letters[0].reasons == ("decided",)
    assert faxes.engine.journal.snapshot("R-1").status is Status.APPROVED


@pytest.mark.parametrize("doubt", ["page_missing", "page_of_another", "second_number", "second_service"])
def test_a_doubt_about_the_whole_letter_keeps_it_for_a_person(faxes: Any, build: Any, letter: Any, doubt: str) -> None:
    faxes.submit("R-1", build())
    assert verdict(faxes, letter(build(), doubts=(doubt,))).reasons == (doubt,)


def test_pages_of_our_own_packet_that_come_back_are_a_persons(faxes: Any, build: Any, letter: Any) -> None:
    faxes.submit("R-1", build())
    assert verdict(faxes, letter(build(), bar_codes=("PB:R-1:2/7",))).reasons == ("our_pages",)
