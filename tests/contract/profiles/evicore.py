"""eviCore's outcomes (see `kit.Profile`)."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from kit import Kit, Profile

from bots.model import AuthRequest, Certification, Member, Provider, ServiceCategory, ServiceLine, Status, UnitType, Urgency
from fixtures.clock import today
from fixtures.people import providers_by_npi
from fixtures.portals.evicore.locations import locations

PLAIN_DOCTOR = 15
"""Place among the enrolled individuals of one who is on the practice's list, with one address and a fax number on file."""
ADULT_SINCE = date(2000, 1, 1)
GOOD = {"rad_symptoms": "6_weeks_or_more", "rad_conservative": "yes", "rad_weeks": "8", "rad_prior": "no"}


class Evicore(Profile):
    slug = "evicore"
    unclear = (*Profile.unclear, ("drop_confirmation", 1), ("session_lost", 0), ("system_error", 0))
    statuses = {
        "Approved": Status.APPROVED,
        "Partially Approved": Status.PARTIALLY_APPROVED,
        "Denied": Status.DENIED,
        "Pending": Status.PENDED_REVIEW,
        "Pended - awaiting clinical": Status.PENDED_CLINICAL,
        "Withdrawn": Status.WITHDRAWN,
        "Expired": Status.EXPIRED,
    }

    def request(self, kit: Kit, number: int = 40, **changes: Any) -> AuthRequest:
        """One MRI whose answers meet the criteria."""
        who = self.adults(kit)[number]
        values: dict[str, Any] = {
            "service_category": ServiceCategory.RADIOLOGY_HIGH_TECH,
            "member": Member(id=who["id"], dob=date.fromisoformat(who["dob"])),
            "requesting": self.doctor(kit, PLAIN_DOCTOR),
            "servicing": Provider(),
            "diagnosis_codes": ("M54.50", "G35"),
            "lines": (self.line("70551"),),
            "answers": GOOD,
            "attested_by": "Demo Attester",
            "notes": "Synthetic; for a test only",
        }
        return kit.request(number, **{**values, **changes})

    @staticmethod
    def adults(kit: Kit, tag: str = "plain") -> list[dict[str, Any]]:
        return [row for row in kit.members(tag) if date.fromisoformat(row["dob"]) < ADULT_SINCE]

    @staticmethod
    def line(code: str, units: int = 1, **more: Any) -> ServiceLine:
        day = today() + timedelta(days=3)
        given = {"from_date": day, "to_date": day + timedelta(days=30), **more}
        return ServiceLine(service_code=code, units=Decimal(units), unit_type=UnitType.UNITS, **given)

    @staticmethod
    def doctor(kit: Kit, place: int) -> Provider:
        """By the place among the enrolled individuals, which decides on whose list and at how many addresses one is."""
        rows = [p for p in kit.world.truth("providers") if p["cmap"] and p["kind"] == "individual"]
        return Provider(name=rows[place]["last_name"], npi=rows[place]["npi"])

    def examples(self, kit: Kit) -> dict[str, str]:
        doctor = self.doctor(kit, PLAIN_DOCTOR)
        provider, place = providers_by_npi()[doctor.npi], locations(doctor.npi)[0]
        listed = {"listed_provider": f"{doctor.npi} - {provider.name}", "listed_address": place.text}
        return {**super().examples(kit), **listed}

    def twin(self, kit: Kit) -> AuthRequest:
        row = self.adults(kit, "twin")[0]
        return self.request(kit, member=Member(id=row["id"], dob=date.fromisoformat(row["dob"])))

    def rejected(self, kit: Kit) -> AuthRequest:
        """For somebody who is not 19 years old on the date of service."""
        row = next(row for row in kit.members() if date.fromisoformat(row["dob"]) > today() - timedelta(days=18 * 365))
        return self.request(kit, member=Member(id=row["id"], dob=date.fromisoformat(row["dob"])))

    def truth(self, request: AuthRequest) -> dict[str, Any]:
        day = request.from_date.isoformat()
        asked = super().truth(request)
        return {
            **asked,
            "to_date": day,
            "lines": [{**line, "to_date": day} for line in asked["lines"]],
            "answers": {f"{request.codes[0]}.{name}": value for name, value in request.answers.items()},
            "our_reference": "",
            "family": "radiology",
            "priority": "standard" if request.urgency is Urgency.STANDARD else "urgent",
            "certification": {Certification.INITIAL: "initial"}[request.certification],
        }


PROFILE = Evicore()
