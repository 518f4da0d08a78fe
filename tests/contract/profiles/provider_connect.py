"""ProviderConnect's outcomes (see `kit.Profile`)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from kit import Kit, Profile
from msgspec.structs import replace

from bots.errors import SeveralMatches
from bots.model import AuthRequest, Certification, Provider, ServiceCategory, ServiceLine, Status, UnitType, Urgency
from fixtures.clock import today
from fixtures.portals.provider_connect.addresses import addresses


class ProviderConnect(Profile):
    slug = "provider_connect"
    twins = SeveralMatches
    unclear = (*Profile.unclear, ("drop_confirmation", 1), ("session_lost", 0), ("system_error", 0))
    statuses = {
        "APPROVED": Status.APPROVED,
        "PARTIALLY APPROVED": Status.PARTIALLY_APPROVED,
        "MODIFIED": Status.MODIFIED,
        "DENIED": Status.DENIED,
        "PENDED": Status.PENDED_REVIEW,
        "PENDED - INCOMPLETE": Status.PENDED_CLINICAL,
        "CANCELLED": Status.CANCELLED,
        "VOID": Status.VOID,
    }

    def request(self, kit: Kit, number: int = 40, **changes: Any) -> AuthRequest:
        """Talk sessions, by a provider who has one service address."""
        start = today() + timedelta(days=3)
        line = ServiceLine(
            service_code="90834",
            units=Decimal(12),
            unit_type=UnitType.VISITS,
            from_date=start,
            to_date=start + timedelta(days=60),
        )
        doctor = kit.request(number).requesting
        values: dict[str, Any] = {
            "service_category": ServiceCategory.BEHAVIORAL_HEALTH_OUTPATIENT,
            "requesting": doctor,
            "servicing": self.with_addresses(1),
            "diagnosis_codes": ("F32.1", "F41.1"),
            "lines": (line,),
            "answers": {
                "type_of_service": "mental_health",
                "type_of_care": "therapy",
                "risk_self": "mild",
                "risk_others": "none",
                "medication": "yes",
                "prescriber": "aprn",
            },
        }
        return kit.request(number, **{**values, **changes})

    def examples(self, kit: Kit) -> dict[str, str]:
        servicing = self.request(kit).servicing
        place = next(place for place in addresses() if place.provider.npi == servicing.npi)
        return {**super().examples(kit), "provider_npi": servicing.npi, "service_address": place.location}

    @staticmethod
    def with_addresses(count: int) -> Provider:
        """The first person enrolled who has so many service addresses."""
        places = [place.provider for place in addresses() if place.provider.kind == "individual"]
        found = next(provider for provider in places if places.count(provider) == count)
        return Provider(name=found.last_name, npi=found.npi)

    def rejected(self, kit: Kit) -> AuthRequest:
        """For a service that has begun (CT-REG-920)."""
        asked = self.request(kit)
        day = today() - timedelta(days=3)
        return replace(asked, lines=(replace(asked.lines[0], from_date=day, to_date=day),))

    def truth(self, request: AuthRequest) -> dict[str, Any]:
        posted = {"mild": "1", "none": "0", "moderate": "2", "severe": "3"}
        words = {"risk_self": "riskToSelf", "risk_others": "riskToOthers", "medication": "psychMeds", "prescriber": "prescriber"}
        answers = {words[name]: posted.get(value, value) for name, value in request.answers.items() if name in words}
        place = next(place for place in addresses() if place.provider.npi == request.servicing.npi)
        extra = {"listTypeOfService": "MH", "listTypeOfCare": "THER", "location": place.location}
        return {
            **super().truth(request),
            "facility_npi": "",
            "diagnosis_codes": [code.replace(".", "") for code in request.diagnosis_codes],
            "answers": answers | extra,
            "family": "bh_outpatient",
            "priority": {Urgency.STANDARD: "standard"}.get(request.urgency, request.urgency),
            "certification": {Certification.INITIAL: "initial"}.get(request.certification, "concurrent"),
        }


PROFILE = ProviderConnect()
