"""Run as a process of its own: submits requests on paper, and says on stdout what the journal has reported as durable.

Arguments: address of the journal, first number, how many. ``careless`` as a fourth makes SQLite skip its syncs: the negative
control, which shows that a test would notice.
"""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime
from decimal import Decimal

from sqlalchemy import event

from bots.model import AuthRequest, Coverage, Member, Payer, Provider, Receipt, ServiceCategory, ServiceLine, Shown
from jobs import journal as journal_module
from jobs import journal_schema
from jobs.attempts import Attempts
from jobs.journal import Journal
from jobs.seats import Seats
from jobs.state import Decision, Route

DAY = date(2026, 3, 1)


def say(what: str, request_id: str) -> None:
    sys.stdout.write(f"{what} {request_id}\n")
    sys.stdout.flush()


def build(request_id: str) -> AuthRequest:
    return AuthRequest(
        request_id=request_id,
        payer=Payer.HUSKY,
        coverage=Coverage.HUSKY_A,
        service_category=ServiceCategory.DME,
        member=Member(id="001234567", dob=date(1980, 5, 17)),
        requesting=Provider(name="Sample", npi="1234567893"),
        lines=(ServiceLine(service_code="E0114", units=Decimal(2), from_date=DAY, to_date=DAY),),
    )


def be_careless() -> None:
    careful = journal_schema.open_engine

    def open_engine(url: str) -> object:
        engine = careful(url)
        event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous = OFF"))
        return engine

    journal_module.open_engine = open_engine  # type: ignore[assignment]


def main(url: str, first: int, count: int) -> None:
    with Journal.open(url) as journal:
        seats = Seats(journal)
        attempts = Attempts(journal, seats)
        seat = seats.acquire("clear_coverage", f"account-{first}")
        assert seat is not None
        for number in range(first, first + count):
            request_id = f"R-{number:04}"
            journal.accept(build(request_id), "fingerprint")
            say("accepted", request_id)
            journal.set_route(request_id, Route(request_id=request_id, decision=Decision.PORTAL, portal="clear_coverage"))
            attempt = attempts.claim(request_id, seat)
            assert attempt is not None
            shown = Shown(portal="clear_coverage", page="review", selectors_version="1", fields={"units": "2"})
            attempts.intent(attempt.attempt_id, shown)
            say("intent", request_id)
            receipt = Receipt(portal="clear_coverage", reference_no=f"CC{number}", received_at=datetime.now(UTC))
            attempts.receipt(attempt.attempt_id, receipt)
            say("receipt", request_id)


if __name__ == "__main__":
    if sys.argv[4:] == ["careless"]:
        be_careless()
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
