"""Optum Pro's outcomes (see `kit.Profile`)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from kit import Kit, Profile

from bots.model import AuthRequest, Certification, Coverage, Member, Payer, PcpNetwork, Status, Urgency
from fixtures.clock import today


class OptumPro(Profile):
    slug = "optum_pro"
    unclear = (*Profile.unclear, ("drop_confirmation", 1), ("session_lost", 0), ("system_error", 0))
    statuses = {
        "Approved": Status.APPROVED,
        "Partially Approved": Status.PARTIALLY_APPROVED,
        "Denied": Status.DENIED,
        "Pending": Status.PENDED_REVIEW,
        "Additional Information Required": Status.PENDED_CLINICAL,
        "Cancelled": Status.CANCELLED,
    }

    def request(self, kit: Kit, number: int = 40, **changes: Any) -> AuthRequest:
        """Equipment for a member with a doctor in APN-CT, attested."""
        values = {
            "payer": Payer.CAREPARTNERS,
            "coverage": Coverage.CAREPARTNERS_HMO,
            "pcp_network": PcpNetwork.APN_CT,
            "member": self.member(kit, "cp_apn", number),
            "place_of_service": "12",
            "answers": {},
            "attested_by": "Ada Testmaple",
        }
        return kit.request(number, **{**values, **changes})

    @staticmethod
    def member(kit: Kit, tag: str, number: int = 0) -> Member:
        rows = kit.members(tag)
        row = rows[number % len(rows)]
        return Member(id=row["id"], dob=date.fromisoformat(row["dob"]))

    def not_eligible(self, kit: Kit) -> AuthRequest:
        return self.request(kit, member=self.member(kit, "cp_inactive"))

    def twin(self, kit: Kit) -> AuthRequest:
        return self.request(kit, member=self.member(kit, "cp_apn_twin"))

    def rejected(self, kit: Kit) -> AuthRequest:
        """For a service that has begun."""
        return self.request(kit, lines=(kit.line("E0601", today() - timedelta(days=3)),))

    def truth(self, request: AuthRequest) -> dict[str, Any]:
        told = super().truth(request)
        lines = [{**told, "unit": line.unit_type} for told, line in zip(told["lines"], request.lines, strict=True)]
        return {
            **told,
            "lines": lines,
            "request_kind": request.request_kind,
            "family": request.service_category,
            "priority": "standard" if request.urgency is Urgency.STANDARD else "expedited",
            "certification": "initial" if request.certification is Certification.INITIAL else "continuation",
            "place_of_service": request.place_of_service,
        }


PROFILE = OptumPro()
