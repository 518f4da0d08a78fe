"""Clear Coverage's outcomes (see `kit.Profile`)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from kit import Kit, Profile

from bots.model import AuthRequest, Certification, Status
from fixtures.clock import today


class ClearCoverage(Profile):
    slug = "clear_coverage"
    unclear = (*Profile.unclear, ("drop_confirmation", 1), ("session_lost", 0), ("system_error", 0))
    statuses = {
        "Authorized": Status.APPROVED,
        "Auto-authorized": Status.APPROVED,
        "Partially authorized": Status.PARTIALLY_APPROVED,
        "Not authorized": Status.DENIED,
        "Pended (In review)": Status.PENDED_REVIEW,
        "Pended - awaiting clinical": Status.PENDED_CLINICAL,
        "Cancelled": Status.CANCELLED,
        "Duplicate": Status.DUPLICATE,
    }

    def request(self, kit: Kit, number: int = 40, **changes: Any) -> AuthRequest:
        return kit.request(number, **changes)

    def rejected(self, kit: Kit) -> AuthRequest:
        """Backdated further than the portal allows (H9)."""
        return kit.request(lines=(kit.line("E0601", today() - timedelta(days=8)),))

    def truth(self, request: AuthRequest) -> dict[str, Any]:
        words = {Certification.INITIAL: "initial", Certification.RENEWAL: "reauthorization"}
        return {
            **super().truth(request),
            "family": request.service_category,
            "priority": request.urgency,
            "certification": words[request.certification],
        }


PROFILE = ClearCoverage()
