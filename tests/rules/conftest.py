"""A synthetic request to change one fact at a time, and the rules to ask about it. The people are invented."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bots.model import Attachment, AuthRequest, Coverage, Member, Payer, Provider, ServiceCategory, ServiceLine
from jobs.routing import RoutingSettings, route
from jobs.rulebook import RuleBook, load_rulebook
from jobs.state import Route

sys.path.insert(0, str(Path(__file__).parent))  # plain_rules

TODAY = date(2026, 11, 23)

Ask = Callable[..., AuthRequest]
Way = Callable[..., Route]

_COVERAGE = {
    Payer.HUSKY: Coverage.HUSKY_A,
    Payer.CAREPARTNERS: Coverage.CAREPARTNERS_HMO,
    Payer.BCBSMA: Coverage.BCBSMA_COMMERCIAL,
}


def build(payer: str, category: str, **facts: Any) -> AuthRequest:
    """A request as intake makes it. ``from_date``, ``dob`` and ``attached`` (a file name) are short for their places inside."""
    first = facts.pop("from_date", TODAY)
    born = facts.pop("dob", date(1970, 5, 17))
    attached = facts.pop("attached", "")
    request = AuthRequest(
        request_id="SYN-1",
        payer=Payer(payer),
        coverage=facts.pop("coverage", _COVERAGE[Payer(payer)]),
        service_category=ServiceCategory(category),
        member=Member(id="001234567", dob=born, last_name="Sample", first_name="Synthetic"),
        requesting=Provider(name="Sample", npi="1234567893"),
        lines=(ServiceLine(service_code="E0601", units=Decimal(1), from_date=first, to_date=first + timedelta(days=30)),),
        attachments=(Attachment(path=f"/packets/{attached}", sha256="0" * 64, size=10),) if attached else (),
    )
    # Through the words themselves, so that a test may write "urgent" and a typing error is still found.
    return msgspec.convert({**msgspec.to_builtins(request), **facts}, AuthRequest)


@pytest.fixture(scope="session")
def book() -> RuleBook:
    return load_rulebook()


@pytest.fixture(scope="session")
def ask() -> Ask:
    """``ask("husky", "dme", urgency="urgent")`` -> a request."""
    return build


@pytest.fixture(scope="session")
def way(book: RuleBook) -> Way:
    """``way("husky", "dme", urgency="urgent")`` -> its route today; ``as_of`` and ``settings`` may be given."""

    def find(payer: str, category: str, **facts: Any) -> Route:
        as_of = facts.pop("as_of", TODAY)
        settings = facts.pop("settings", RoutingSettings())
        return route(build(payer, category, **facts), as_of=as_of, rulebook=book, settings=settings)

    return find
