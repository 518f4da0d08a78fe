"""A practice with a fax queue: a journal, a home folder, synthetic requests and a line double."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from line_double import FileLine

from bots.fax.model import LineLimits
from bots.model import AuthRequest, Coverage, Member, Payer, Provider, ServiceCategory, ServiceLine, Status, Urgency
from bots.vault import Vault
from jobs.fax.book import FaxBook
from jobs.fax.desks import Desks
from jobs.fax.office import FaxOffice
from jobs.fax.packets import PacketStore, Pages
from jobs.fax.state import Fax, FaxStep
from jobs.journal import Journal
from jobs.rule_schema import Desk, NumberKind
from jobs.rulebook import RuleBook, load_rulebook
from jobs.seats import Seats
from jobs.state import AttemptState, Channel, Decision, Fallback, FallbackWay, Route

NUMBER = "203.265.3994"
"""CHNCT's, out of the directory."""
PHONE = "1.800.440.5071"
COVERAGE = {
    Payer.HUSKY: Coverage.HUSKY_A,
    Payer.CAREPARTNERS: Coverage.CAREPARTNERS_HMO,
    Payer.BCBSMA: Coverage.BCBSMA_COMMERCIAL,
}


class FakeClock:
    def __init__(self) -> None:
        self.at = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def advance(self, **amount: float) -> None:
        self.at += timedelta(**amount)


def build_request(request_id: str, payer: Payer = Payer.HUSKY, urgency: Urgency = Urgency.STANDARD) -> AuthRequest:
    line = ServiceLine(service_code="E0114", units=Decimal(2), from_date=date(2026, 3, 1), to_date=date(2026, 3, 31))
    return AuthRequest(
        request_id=request_id,
        payer=payer,
        coverage=COVERAGE[payer],
        service_category=ServiceCategory.DME,
        urgency=urgency,
        member=Member(id="001234567", dob=date(1980, 5, 17), last_name="Sample"),
        requesting=Provider(name="Sample", npi="1234567893"),
        lines=(line,),
    )


def build_route(request_id: str, number: str = NUMBER) -> Route:
    fallback = Fallback(decision=FallbackWay.FAX, number=number, rule_ids=("H12",))
    return Route(
        request_id=request_id,
        decision=Decision.PORTAL,
        portal="clear_coverage",
        fallback=fallback,
        rule_ids=("H5",),
        reason="DME",
    )


def draw(request: AuthRequest, desk: Desk) -> Pages:
    """A packet whose content is the request's id, so that it is known again at the far end."""
    content = f"%PDF {request.request_id} for {desk.name}".encode()
    return Pages(pdf=content, tiff=b"II*\0" + content, pages=3)


def take_in(journal: Journal, requests: Iterable[tuple[AuthRequest, str]]) -> None:
    """Accepts and routes: to a portal, by fax to that number while it is down."""
    rows = list(requests)
    list(journal.accept_all((request, request.request_id) for request, _ in rows))
    journal.set_routes((request.request_id, build_route(request.request_id, number)) for request, number in rows)


async def no_wait(_seconds: float) -> None:
    await asyncio.sleep(0)


def open_office(journal: Journal, folder: Path, vault: Vault, line: FileLine | None, **changes: Any) -> FaxOffice:
    given: dict[str, Any] = {
        "journal": journal,
        "seats": Seats(journal),
        "desks": Desks(load_rulebook()),
        "store": PacketStore(folder, vault),
        "draw": draw,
        "lines": () if line is None else (line,),
        "sleep": no_wait,
    }
    return FaxOffice(**(given | changes))


def fax_numbers(rulebook: RuleBook) -> list[tuple[Payer, str]]:
    """Every fax number of the directory."""
    return [(desk.payer, desk.number) for desk in rulebook.desks.values() if desk.kind is NumberKind.FAX]


def check_truth(journal: Journal, line: FileLine, *, calls: Callable[[str], int] = lambda _tag: 1) -> None:
    """At every moment: no request arrives twice, none is on two channels, and what a line has the journal knows of."""
    book = FaxBook(journal, Seats(journal))
    by_tag: dict[str, int] = {}
    for entry in line.sent():
        by_tag[entry["tag"]] = by_tag.get(entry["tag"], 0) + 1
    for tag, count in by_tag.items():
        fax = book.get(tag)
        assert fax is not None, "a line has a fax that the journal does not know"
        assert count <= calls(tag), "handed over more often than it was dialled again"
        assert fax.first_intent_at is not None, "a line has it, and the journal thinks that it was not sent"
    for snapshot in journal.snapshots():
        open_now = [
            each
            for each in journal.attempts(request_id=snapshot.request.request_id)
            if each.state in (AttemptState.DRAFTING, AttemptState.INTENT, AttemptState.UNCERTAIN, AttemptState.RECEIPT)
        ]
        assert len(open_now) <= 1
        if snapshot.status is Status.FAXED:
            assert [each.channel for each in open_now] == [Channel.FAX]
            assert open_now[0].state is AttemptState.RECEIPT


def steps(journal: Journal) -> dict[str, FaxStep]:
    """Request -> where its newest fax stands."""
    return {fax.request_id: fax.step for fax in FaxBook(journal, Seats(journal)).faxes()}


def only_fax(journal: Journal, request_id: str = "R-1") -> Fax:
    """The request's newest fax."""
    return FaxBook(journal, Seats(journal)).of_request(request_id)[-1]


LIMITS = LineLimits(jobs=4)
