"""A request as rows of an intake file: the way back from `jobs.intake.read_intake`."""

from __future__ import annotations

from collections.abc import Iterator

from bots.model import AuthRequest, Drug
from jobs.intake.columns import COLUMNS


def intake_rows(request: AuthRequest) -> Iterator[dict[str, str]]:
    """One row per service line, every column of an intake file in its order. Documents are named by their full path."""
    drug = request.drug or Drug(name="")
    shared = {
        **{name: str(getattr(request, name) or "") for name in COLUMNS if hasattr(request, name)},
        "member_id": request.member.id,
        "member_dob": request.member.dob.isoformat(),
        "member_last_name": request.member.last_name,
        "member_first_name": request.member.first_name,
        "requesting_provider_last_name": request.requesting.name,
        "requesting_provider_npi": request.requesting.npi,
        "servicing_provider_name": request.servicing.name,
        "servicing_provider_npi": request.servicing.npi,
        "facility_name": request.facility.name,
        "facility_npi": request.facility.npi,
        "diagnosis_codes": ";".join(request.diagnosis_codes),
        "drug_name": drug.name,
        "drug_strength": drug.strength,
        "drug_quantity": drug.quantity,
        "drug_days_supply": drug.days_supply,
        "answers": ";".join(f"{name}={value}" for name, value in request.answers.items()),
        "attachments": ";".join(document.path for document in request.attachments),
        "contact_name": request.contact.name,
        "contact_phone": request.contact.phone,
        "contact_fax": request.contact.fax,
    }
    for line in request.lines:
        own = {
            "service_code": line.service_code,
            "modifiers": ";".join(line.modifiers),
            "units": format(line.units, "f") if line.units else "",
            "unit_type": line.unit_type.value,
            "from_date": line.from_date.isoformat(),
            "to_date": line.to_date.isoformat(),
        }
        yield {name: (own | {key: value for key, value in shared.items() if key not in own}).get(name, "") for name in COLUMNS}
