"""The cases with which more is to come are kept up with the journal, and only what changed is read again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from protocol_double import PORTAL

from bots.model import LineReading, Reading, Status
from jobs import events as happened
from jobs.case_lists import is_open
from jobs.dispatch import submit_due
from jobs.follow import LETTERS_WITHIN
from jobs.journal import Journal
from jobs.open_cases import OpenCases


async def send(practice: Any, *request_ids: str) -> None:
    practice.take_in(*request_ids)
    async with practice.office(lambda _outcome: None) as office:
        await submit_due(office)


def read(practice: Any, request_id: str, status: Status, authorization_no: str = "A1") -> None:
    number = practice.engine.journal.snapshot(request_id).receipt.reference_no
    line = LineReading(service_code="E0114", status_raw=status, status=status)
    reading = Reading(
        portal=PORTAL, reference_no=number, authorization_no=authorization_no, status=status, status_raw=status, lines=(line,),
        observed_at=practice.clock(),
    )  # fmt: skip
    with practice.engine.journal.write() as write:
        write.append(request_id, happened.ReadingTaken(reading=reading, standing=happened.Standing(status=status)))


def names(cases: list[Any]) -> list[str]:
    return [each.request.request_id for each in cases]


async def test_it_is_what_a_look_through_the_whole_journal_finds(practice: Any) -> None:
    cases = OpenCases(practice.engine.journal)
    assert cases.open_on(PORTAL) == []
    await send(practice, "R-1", "R-2", "R-3")
    assert names(cases.open_on(PORTAL)) == ["R-1", "R-2", "R-3"]
    assert cases.open_on("carepartners") == []
    read(practice, "R-1", Status.PENDED_REVIEW, "")
    read(practice, "R-2", Status.APPROVED, "")
    read(practice, "R-3", Status.DENIED)
    found = list(practice.engine.journal.snapshots())
    assert cases.open_on(PORTAL) == [each for each in found if is_open(each)]
    assert names(cases.open_on(PORTAL)) == ["R-1", "R-2"], "a grant without its number is not over"
    assert names(cases.lacking_letters(PORTAL)) == ["R-2", "R-3"]
    assert names(OpenCases(practice.engine.journal).open_on(PORTAL)) == ["R-1", "R-2"], "as after a restart"


async def test_letters_are_waited_for_for_a_time_and_a_case_that_is_reopened_comes_back(practice: Any) -> None:
    await send(practice, "R-1")
    cases = OpenCases(practice.engine.journal)
    read(practice, "R-1", Status.DENIED)
    assert names(cases.lacking_letters(PORTAL)) == ["R-1"]
    practice.clock.at += LETTERS_WITHIN + timedelta(minutes=1)
    assert cases.lacking_letters(PORTAL) == []
    read(practice, "R-1", Status.PENDED_REVIEW)
    assert names(cases.open_on(PORTAL)) == ["R-1"]


async def test_only_what_changed_is_read_again(practice: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    await send(practice, "R-1", "R-2", "R-3")
    cases = OpenCases(practice.engine.journal)
    cases.open_on(PORTAL)
    asked: list[list[str]] = []
    some = Journal.snapshots_of

    def noted(self: Journal, ids: Any) -> Any:
        asked.append(sorted(ids))
        return some(self, ids)

    monkeypatch.setattr(Journal, "snapshots_of", noted)
    cases.open_on(PORTAL)
    read(practice, "R-2", Status.PENDED_REVIEW)
    cases.open_on(PORTAL)
    cases.open_on(PORTAL)
    assert asked == [["R-2"]]
