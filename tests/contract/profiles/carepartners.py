"""CarePartners' outcomes (see `kit.Profile`)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from kit import Kit, Profile
from msgspec.structs import replace

from bots.model import AuthRequest, Coverage, Member, Payer, Status
from fixtures.clock import today

WORDS = {
    "Approved": Status.APPROVED,
    "Partially approved": Status.PARTIALLY_APPROVED,
    "Denied": Status.DENIED,
    "In review": Status.PENDED_REVIEW,
    "Pended - information requested": Status.PENDED_CLINICAL,
    "Withdrawn": Status.WITHDRAWN,
    "Void": Status.VOID,
    "Notification received": Status.NOTIFICATION_RECEIVED,
}


class ToolProfile(Profile):
    """What the two portals with the same utilization tool have in common."""

    unclear = (*Profile.unclear, ("drop_confirmation", 1), ("session_lost", 0), ("system_error", 0))
    statuses = WORDS
    payer: Payer
    plain: str
    twins_tag: str
    inactive: str

    def of(self, row: dict[str, Any]) -> dict[str, Any]:
        """A member as the request names it, with the plan."""
        member = Member(
            id=row["id"], dob=date.fromisoformat(row["dob"]), last_name=row["last_name"], first_name=row["first_name"]
        )
        return {"payer": self.payer, "coverage": Coverage(row["coverage"]), "member": member}

    def request(self, kit: Kit, number: int = 40, **changes: Any) -> AuthRequest:
        rows = kit.members(self.plain)
        return kit.request(number, **{**self.of(rows[number % len(rows)]), **changes})

    def not_eligible(self, kit: Kit) -> AuthRequest:
        return self.request(kit, **self.of(kit.members(self.inactive)[0]))

    def twin(self, kit: Kit) -> AuthRequest:
        return self.request(kit, **self.of(kit.members(self.twins_tag)[0]))

    def rejected(self, kit: Kit) -> AuthRequest:
        """For a service that began long ago."""
        asked = self.request(kit)
        day = today() - timedelta(days=40)
        return replace(asked, lines=(replace(asked.lines[0], from_date=day, to_date=day),))

    def truth(self, request: AuthRequest) -> dict[str, Any]:
        asked = super().truth(request)
        lines = [{**said, "unit": line.unit_type} for said, line in zip(asked["lines"], request.lines, strict=True)]
        return {
            **asked,
            "lines": lines,
            "family": request.service_category,
            "priority": request.urgency,
            "certification": request.certification,
            "request_kind": request.request_kind,
        }


class CarePartners(ToolProfile):
    slug = "carepartners"
    payer = Payer.CAREPARTNERS
    plain, twins_tag, inactive = "cp_plain", "cp_twin", "cp_inactive"


PROFILE = CarePartners()
