"""What waits for a person: one line per request, with why and one next action."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from bots.model import Member, Status, Urgency
from jobs.attention import find_task, masked, sort_tasks, without_person


@pytest.mark.parametrize(
    "status",
    [
        *(Status.NEEDS_PERSON, Status.UNCERTAIN, Status.REJECTED, Status.NOT_ELIGIBLE, Status.CONTACT_PAYER),
        *(Status.PENDED_CLINICAL, Status.UNKNOWN),
    ],
)
def test_these_always_wait_for_a_person_with_a_next_action(build: Any, status: Status) -> None:
    task = find_task(build.snapshot(status=status))
    assert task is not None
    assert task.next_action.endswith(".")


@pytest.mark.parametrize("status", [Status.NEW, Status.WAITING, Status.SUBMITTED, Status.APPROVED, Status.NOT_REQUIRED])
def test_these_wait_for_nobody_unless_the_journal_says_so(build: Any, status: Status) -> None:
    assert find_task(build.snapshot(status=status)) is None
    task = find_task(build.snapshot(status=status, next_action="Look at it."))
    assert task is not None
    assert task.next_action == "Look at it."


def test_why_does_not_repeat_what_to_do(build: Any) -> None:
    task = find_task(
        build.snapshot(status=Status.NEEDS_PERSON, reason="It is closed. Nothing was sent. Call.", next_action="Call.")
    )
    assert task is not None
    assert (task.why, task.next_action) == ("It is closed. Nothing was sent.", "Call.")


def test_urgent_first_then_by_deadline(build: Any) -> None:
    def waiting(name: str, **changes: Any) -> Any:
        request = build.request(name, urgency=changes.pop("urgency", Urgency.STANDARD))
        return find_task(build.snapshot(name, Status.NEEDS_PERSON, request=request, **changes))

    tasks = [
        waiting("R-1"),
        waiting("R-2", decision_due=build.now),
        waiting("R-3", urgency=Urgency.URGENT),
        waiting("R-4", urgency=Urgency.EMERGENT),
    ]
    assert [task.request_id for task in sort_tasks(tasks)] == ["R-4", "R-3", "R-2", "R-1"]


def test_a_payer_s_own_words_lose_the_member(build: Any) -> None:
    request = build.request(member=Member(id="001234567", dob=date(1980, 5, 17), last_name="O'Neil", first_name="Al"))
    text = without_person("AL O'NEIL, 001234567, 05/17/1980 or 5/17/1980 or 1980-05-17: also an alley", request)
    assert text == "… …, …, … or … or …: also an alley"


@pytest.mark.parametrize("name", ["Muller", "İlhan", "Ilıcak", "STRAßE"])
def test_names_are_found_in_any_case(build: Any, name: str) -> None:
    request = build.request(member=Member(id="001234567", dob=date(1980, 5, 17), last_name=name, first_name="Al"))
    for text in {name, name.title(), name.swapcase() if name.isascii() else name}:
        assert without_person(f"{text} was not found", request) == "… was not found"


def test_short_ids_are_masked_whole() -> None:
    assert masked("001234567") == "•••567"
    assert masked("123") == "•••"
