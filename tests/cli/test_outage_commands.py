"""`priorbot phone` and `priorbot portal history`: what a person calls, how a call is noted, and what outages there were."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bots.errors import PortalDown
from jobs.engine import Engine
from jobs.home import Home

Write = Callable[..., Path]


@pytest.fixture
def engine(ready: Any, home_path: Path) -> Iterator[Engine]:
    with Engine.open(Home(home_path)) as engine:
        yield engine


@pytest.fixture
def to_phone(ready: Any, write_rows: Write) -> Callable[..., None]:
    """Submits requests that can only be phoned in."""

    def submit(*request_ids: str) -> None:
        rows = [_row(request_id) for request_id in request_ids]
        assert ready("submit", write_rows(*rows)).code == 3

    return submit


def _row(request_id: str) -> dict[str, Any]:
    day = datetime.now(UTC).date().isoformat()
    return {
        "request_id": request_id,
        "payer": "husky",
        "coverage": "husky_a",
        "request_kind": "prior_auth",
        "certification": "initial",
        "service_category": "behavioral_health_inpatient",
        "urgency": "urgent",
        "member_id": "001234567",
        "member_dob": "1980-05-17",
        "member_last_name": "Zzcanaryson",
        "member_first_name": "Qwertha",
        "requesting_provider_last_name": "Sample",
        "requesting_provider_npi": "1234567893",
        "diagnosis_codes": "F32.9",
        "service_code": "99221",
        "units": "1",
        "unit_type": "days",
        "from_date": day,
        "to_date": day,
        "place_of_service": "21",
        "admission_date": day,
        "medicare_parts": "none",
        "contact_name": "Front Desk",
        "contact_phone": "860-555-0100",
        "attested_by": "Ada Testmaple",
    }


def test_a_request_for_the_telephone_is_listed_called_and_submitted(ready: Any, to_phone: Callable[..., None]) -> None:
    to_phone("R-1")
    listed = ready("phone", "list", "--json")
    (sheet,) = listed.objects
    assert listed.code == 3
    assert sheet["number"] == "1.877.552.8247"
    assert sheet["say"]
    assert "Zzcanaryson" not in listed.out
    assert "priorbot phone done R-1" in ready("queue", "--json").objects[0]["next_action"]
    assert "1.877.552.8247" in ready("phone", "list").out

    noted = ready("phone", "done", "R-1", "--reference", "BEA-4711", "--by", "Ada Testmaple", "--spoke-with", "Terry")
    assert noted.code == 0
    assert ready("phone", "list").code == 0
    (row,) = ready("status", "--offline", "--json").objects
    assert (row["status"], row["channel"], row["reference_no"]) == ("submitted", "phone", "BEA-4711")


def test_a_failed_call_says_what_can_be_done_next(ready: Any, to_phone: Callable[..., None]) -> None:
    to_phone("R-1")
    assert "phone failed" in ready("queue", "--release", "R-1").talk
    failed = ready("phone", "failed", "R-1", "--by", "Ada Testmaple", "--why", "nobody there")
    assert failed.code == 3
    assert "priorbot queue --release R-1" in failed.talk
    assert ready("queue", "--release", "R-1").code == 3  # it is to be phoned in again
    assert len(ready("phone", "list", "--json").objects) == 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("done", "R-9", "--reference", "1", "--by", "Ada"), "no request of that id"),
        (("done", "R-1", "--reference", "none", "--by", "Ada"), "no reference number"),
        (("done", "R-1", "--reference", "1", "--by", "7"), "--by"),
        (("failed", "R-1", "--by", ""), "--by"),
    ],
)
def test_what_cannot_be_noted_is_said_in_one_sentence(
    ready: Any, to_phone: Callable[..., None], words: tuple[str, ...], says: str
) -> None:
    to_phone("R-1")
    said = ready("phone", *words)
    assert said.code == 2
    assert says in said.talk
    assert "Nothing was noted" in said.talk


def test_history_shows_each_outage_and_how_much_of_the_time_a_portal_was_up(ready: Any, engine: Engine) -> None:
    assert ready("portal", "history").code == 0
    engine.portal_states.failed("clear_coverage", PortalDown("clear_coverage"), banner=True)
    engine.portal_states.worked("clear_coverage")
    engine.portal_states.failed("evicore", PortalDown("evicore"), banner=True)
    last, first = ready("portal", "history", "--json").objects
    assert (first["portal"], first["banner"], first["probes"]) == ("clear_coverage", True, 0)
    assert first["until"]
    assert (last["portal"], last["until"]) == ("evicore", None)
    (only,) = ready("portal", "history", "--portal", "evicore", "--json").objects
    assert only["portal"] == "evicore"
    shown = ready("portal", "history").out
    assert "still down" in shown
    assert "its own banner" in shown
