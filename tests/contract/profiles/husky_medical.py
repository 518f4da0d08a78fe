"""The outcomes of HUSKY's medical portal since 2020 (see `kit.Profile`)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from kit import Kit, Profile
from msgspec.structs import replace

from bots.model import AuthRequest, Certification, Status
from fixtures.clock import today


class HuskyMedical(Profile):
    slug = "husky_medical"
    unclear = (*Profile.unclear, ("drop_confirmation", 1), ("session_lost", 0), ("system_error", 0))
    statuses = {
        "Approved": Status.APPROVED,
        "Partially Denied": Status.PARTIALLY_APPROVED,
        "Denied": Status.DENIED,
        "Pending": Status.PENDED_REVIEW,
        "Void": Status.VOID,
    }

    def request(self, kit: Kit, number: int = 40, **changes: Any) -> AuthRequest:
        return kit.request(number, **{"place_of_service": "12", **changes})

    def twin(self, kit: Kit) -> AuthRequest:
        asked = super().twin(kit)
        row = next(row for row in kit.members("twin") if row["id"] == asked.member.id)
        return replace(asked, member=replace(asked.member, first_name=row["first_name"]))

    def rejected(self, kit: Kit) -> AuthRequest:
        """Backdated further than the portal allows."""
        return self.request(kit, lines=(kit.line("E0601", today() - timedelta(days=8)),))

    def truth(self, request: AuthRequest) -> dict[str, Any]:
        words = {Certification.INITIAL: "initial", Certification.RENEWAL: "reauthorization"}
        told = super().truth(request)
        lines = [{**told, "unit": line.unit_type} for told, line in zip(told["lines"], request.lines, strict=True)]
        phones = {name: self.written(told[name]) for name in ("contact_phone", "contact_fax")}
        return {
            **told,
            **phones,
            "lines": lines,
            "family": request.service_category,
            "priority": request.urgency,
            "certification": words[request.certification],
            "place_of_service": request.place_of_service,
        }

    @staticmethod
    def written(phone: str) -> str:
        """As its mask writes it."""
        digits = phone.replace("-", "")
        return f"({digits[:3]}) {digits[3:6]}-{digits[6:]}"


PROFILE = HuskyMedical()
