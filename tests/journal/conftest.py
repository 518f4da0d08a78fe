"""A journal of its own for each test, and synthetic requests to put into it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bots.model import AuthRequest, Coverage, Member, Payer, Provider, Receipt, ServiceCategory, ServiceLine, Shown
from jobs.attempts import Attempts
from jobs.journal import Journal
from jobs.seats import Seat, Seats
from jobs.state import Decision, Route


class FakeClock:
    def __init__(self) -> None:
        self.at = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def advance(self, **amount: float) -> None:
        self.at += timedelta(**amount)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'journal.db'}"


@pytest.fixture
def journal(url: str, clock: FakeClock) -> Iterator[Journal]:
    with Journal.open(url, now=clock) as journal:
        yield journal


@pytest.fixture
def make_request() -> Callable[..., AuthRequest]:
    def make(request_id: str = "R-1", units: str = "2", **changes: Any) -> AuthRequest:
        line = ServiceLine(service_code="E0114", units=Decimal(units), from_date=date(2026, 3, 1), to_date=date(2026, 3, 31))
        given: dict[str, Any] = {
            "request_id": request_id,
            "payer": Payer.HUSKY,
            "coverage": Coverage.HUSKY_A,
            "service_category": ServiceCategory.DME,
            "member": Member(id="001234567", dob=date(1980, 5, 17)),
            "requesting": Provider(name="Sample", npi="1234567893"),
            "lines": (line,),
        }
        return AuthRequest(**(given | changes))

    return make


class Sender:
    """A worker that takes a request from NEW to its receipt."""

    def __init__(self, journal: Journal, make_request: Callable[..., AuthRequest]) -> None:
        self.journal = journal
        self.seats = Seats(journal)
        self.attempts = Attempts(journal, self.seats)
        self._make_request = make_request
        self._seat: Seat | None = None

    @property
    def seat(self) -> Seat:
        self._seat = self._seat or self.seats.acquire("clear_coverage", "north")
        assert self._seat is not None
        return self._seat

    def take_in(self, request_id: str = "R-1", portal: str = "clear_coverage") -> None:
        self.journal.accept(self._make_request(request_id), "fingerprint")
        route = Route(request_id=request_id, decision=Decision.PORTAL, portal=portal, rule_ids=("H5",))
        self.journal.set_route(request_id, route)

    def intend(self, request_id: str = "R-1") -> str:
        self.take_in(request_id)
        attempt = self.attempts.claim(request_id, self.seat)
        assert attempt is not None
        shown = Shown(portal="clear_coverage", page="review", selectors_version="7", fields={"units": "2"})
        self.attempts.intent(attempt.attempt_id, shown)
        return attempt.attempt_id

    def send(self, request_id: str = "R-1", reference_no: str = "CC1") -> None:
        attempt_id = self.intend(request_id)
        receipt = Receipt(portal="clear_coverage", reference_no=reference_no, received_at=self.journal.now())
        self.attempts.receipt(attempt_id, receipt)


@pytest.fixture
def sender(journal: Journal, make_request: Callable[..., AuthRequest]) -> Sender:
    return Sender(journal, make_request)
