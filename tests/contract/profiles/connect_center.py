"""ConnectCenter's outcomes (see `kit.Profile`): it tells coverage and limits, and takes no requests."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from kit import Kit
from profiles.carepartners import ToolProfile

from bots.model import AuthRequest, Coverage, Member, Payer, Provider, ServiceCategory, ServiceLine, UnitType
from fixtures.clock import today
from fixtures.people import providers
from fixtures.plans import bcbsma_members


def visits(count: int = 12) -> ServiceLine:
    start = today() + timedelta(days=3)
    return ServiceLine(
        service_code="97110",
        units=Decimal(count),
        unit_type=UnitType.VISITS,
        from_date=start,
        to_date=start + timedelta(days=30),
    )


class ConnectCenter(ToolProfile):
    slug = "connect_center"
    payer = Payer.BCBSMA
    plain, twins_tag, inactive = "bc_plain", "bc_twin", "bc_inactive"

    def request(self, kit: Kit, number: int = 40, **changes: Any) -> AuthRequest:
        """For physical therapy, whose visits are limited."""
        service = {"service_category": ServiceCategory.THERAPY_PT, "lines": (visits(),)}
        return super().request(kit, number, **{**service, **changes})

    def somebody(self) -> AuthRequest:
        row = bcbsma_members()[41]
        return AuthRequest(
            request_id="REQ-0041",
            payer=Payer.BCBSMA,
            coverage=Coverage(row.coverage),
            service_category=ServiceCategory.THERAPY_PT,
            member=Member(id=row.card_id, dob=row.dob),
            requesting=Provider(npi=providers()[0].npi),
            lines=(visits(),),
        )


PROFILE = ConnectCenter()
