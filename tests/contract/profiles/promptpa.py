"""PromptPA's outcomes (see `kit.Profile`). Nobody signs in there, and nothing that was sent is listed."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from kit import Kit, Profile

from bots.model import (
    AuthRequest,
    Certification,
    Coverage,
    Drug,
    Member,
    Payer,
    Provider,
    ServiceCategory,
    ServiceLine,
    Status,
    UnitType,
    Urgency,
)
from fixtures.clock import today

GOOD = {"rx_indication": "yes", "rx_alternative": "yes", "rx_alternative_result": "inadequate"}


class PromptPa(Profile):
    slug = "promptpa"
    unclear = (*Profile.unclear, ("drop_confirmation", 1), ("session_lost", 0), ("system_error", 0))
    statuses = {
        "In Progress": Status.PENDED_REVIEW,
        "Additional Information Required": Status.PENDED_CLINICAL,
        "Approved": Status.APPROVED,
        "Approved with Changes": Status.MODIFIED,
        "Denied": Status.DENIED,
        "Cancelled": Status.CANCELLED,
    }

    def request(self, kit: Kit, number: int = 40, **changes: Any) -> AuthRequest:
        """Tablets for a member of CarePartners; the answers meet the criteria."""
        day = today() + timedelta(days=3)
        who = kit.members("cp_plain")
        line = ServiceLine(
            service_code="", units=Decimal(30), unit_type=UnitType.UNITS, from_date=day, to_date=day + timedelta(days=29)
        )
        values: dict[str, Any] = {
            "payer": Payer.CAREPARTNERS,
            "coverage": Coverage.CAREPARTNERS_HMO,
            "service_category": ServiceCategory.DRUG_PART_D,
            "member": member(who[number % len(who)]),
            "servicing": Provider(),
            "lines": (line,),
            "drug": Drug(name="Sampletab", strength="5 mg", quantity="30", days_supply="30"),
            "answers": GOOD,
            "attested_by": "Demo Attester",
            "notes": "Synthetic; for a test only",
        }
        return kit.request(number, **{**values, **changes})

    def twin(self, kit: Kit) -> AuthRequest:
        return self.request(kit, member=member(kit.members("cp_twin")[0]))

    def not_eligible(self, kit: Kit) -> AuthRequest:
        return self.request(kit, member=member(kit.members("cp_inactive")[0]))

    def rejected(self, kit: Kit) -> AuthRequest:
        """A drug that Part D does not pay for."""
        return self.request(kit, drug=Drug(name="Samplaxil", strength="1 g", quantity="30", days_supply="30"))

    def not_required(self, kit: Kit) -> AuthRequest:
        return self.request(kit, drug=Drug(name="Demostatin", strength="20 mg", quantity="30", days_supply="30"))

    def examples(self, kit: Kit) -> dict[str, str]:
        asked = self.request(kit)
        names = {"member_first_name": asked.member.first_name, "member_last_name": asked.member.last_name}
        drug = {"drug_name": "Sampletab", "drug_strength": "5 mg"}
        on_file = [row["reference_no"] for row in kit.accepted()]
        return {**super().examples(kit), **names, **drug, "reference_no": on_file[-1] if on_file else ""}

    def truth(self, request: AuthRequest) -> dict[str, Any]:
        asked, drug = super().truth(request), request.drug
        assert drug is not None
        days = int(drug.days_supply)
        last = request.from_date + timedelta(days=days - 1)
        answers = {name: value for name, value in request.answers.items() if name.startswith("rx_")}
        files = [{"name": Path(a.path).name, "size": a.size, "sha256": a.sha256} for a in request.attachments]
        day = request.from_date.isoformat()
        line = {"units": int(drug.quantity), "modifiers": [], "from_date": day, "to_date": last.isoformat()}
        return {
            **asked,
            "to_date": last.isoformat(),
            "lines": [line],
            "answers": answers,
            "attachments": files,
            "our_reference": "",
            "priority": "standard" if request.urgency is Urgency.STANDARD else "urgent",
            "certification": {Certification.INITIAL: "initial", Certification.RENEWAL: "renewal"}[request.certification],
            "drug": {
                "name": drug.name,
                "dosageForm": request.answers.get("drug_form", ""),
                "strength": drug.strength,
                "quantity": drug.quantity,
                "daysSupply": drug.days_supply,
                "directions": request.answers.get("drug_directions", ""),
                "reason": request.answers.get("drug_reason", "prior_auth"),
                "signature": request.attested_by,
            },
        }


def member(row: dict[str, Any]) -> Member:
    return Member(id=row["id"], dob=date.fromisoformat(row["dob"]), last_name=row["last_name"], first_name=row["first_name"])


PROFILE = PromptPa()
