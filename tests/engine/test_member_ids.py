"""What a card shows before and after an id, and what of it the payer's own tools know."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from bots.member_ids import bare_id
from bots.model import AuthRequest, Coverage, Member, Payer, Provider, ServiceCategory, ServiceLine


def request(member_id: str, coverage: str, payer: Payer = Payer.BCBSMA) -> AuthRequest:
    day = date(2026, 11, 23)
    return AuthRequest(
        request_id="R-1",
        payer=payer,
        coverage=Coverage(coverage),
        service_category=ServiceCategory.DME,
        member=Member(id=member_id, dob=date(1980, 1, 1)),
        requesting=Provider(name="Sample", npi="1234567893"),
        lines=(ServiceLine(service_code="E0601", units=Decimal(1), from_date=day, to_date=day),),
    )


@pytest.mark.parametrize(
    ("card", "coverage", "bare"),
    [
        ("XXP900456701", "bcbsma_commercial", "900456701"),
        ("XXP90045670102", "bcbsma_commercial", "900456701"),
        ("A1B900456701", "bcbsma_employee", "900456701"),
        ("XXM9004567", "bcbsma_medicare_advantage", "9004567"),
        ("900456701", "bcbsma_commercial", "900456701"),
        ("R55501203", "bcbsma_fep", "R55501203"),
        ("A1B8001234501", "bluecard", "A1B8001234501"),
    ],
)
def test_Q22_prefix_and_suffix_are_the_cards_and_the_r_of_a_federal_employee_is_the_ids(
    card: str, coverage: str, bare: str
) -> None:
    assert bare_id(request(card, coverage)) == bare


def test_other_payers_ids_stay_as_they_are() -> None:
    assert bare_id(request("112345678", "husky_a", Payer.HUSKY)) == "112345678"
    assert bare_id(request("S40013577", "carepartners_hmo", Payer.CAREPARTNERS)) == "S40013577"
