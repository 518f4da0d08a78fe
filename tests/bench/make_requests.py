"""Requests for the benches, of synthetic members and all Clear Coverage families: ``python tests/bench/make_requests.py N FILE``.

The documents that some families need are written beside FILE.
"""

from __future__ import annotations

import json
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from fixtures.codes import DIAGNOSES, FAMILIES, PROCEDURES
from fixtures.people import members, providers

_PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"  # noqa: E501


def bench_requests(count: int, attachment: str, *, today: date | None = None) -> list[dict[str, Any]]:
    """``count`` different requests; member, code and dates together never come twice in the first 300."""
    plain = [member for member in members() if "plain" in member.tags]
    requesting = [p for p in providers() if p.cmap and p.kind == "individual"]
    servicing = next(p for p in providers() if p.kind == "organization")
    facility = next(p for p in providers() if p.kind == "facility")
    families, dx = list(FAMILIES.values()), list(DIAGNOSES)
    first = (today or date.today()) + timedelta(days=1)
    out = []
    for i in range(count):
        family = families[i % len(families)]
        codes = [p.code for p in PROCEDURES.values() if p.family == family.slug]
        member, provider = plain[i % len(plain)], requesting[i % len(requesting)]
        out.append(
            {
                "member_id": member.id,
                "dob": member.dob.isoformat(),
                "family": family.slug,
                "family_label": family.label,
                "family_group": family.group,
                "urgency": "urgent" if family.slug == "inpatient" else "standard",
                "certification": "initial",
                "provider_last_name": provider.last_name,
                "provider_npi": provider.npi,
                "servicing_name": servicing.name if family.needs_servicing else "",
                "servicing_npi": servicing.npi if family.needs_servicing else "",
                "facility_name": facility.name if family.needs_facility else "",
                "facility_npi": facility.npi if family.needs_facility else "",
                "dx": [dx[i % len(dx)]],
                "code": codes[i % len(codes)],
                "units": 1 + i % 12,
                "from_date": (first + timedelta(days=i // len(plain) * 60)).isoformat(),
                "to_date": (first + timedelta(days=i // len(plain) * 60 + 29)).isoformat(),
                "answers": {question.name: question.good[0] for question in family.questions},
                "attachment": attachment if family.needs_document else "",
                "contact_name": "Sample Contact",
                "contact_phone": "860-555-0100",
                "contact_fax": "860-555-0101",
                "our_reference": f"BENCH-{i + 1:05d}",
                "notes": "",
            }
        )
    return out


def main() -> None:
    count, target = int(sys.argv[1]), Path(sys.argv[2])
    document = target.with_name("clinical_notes.pdf")
    document.write_bytes(_PDF)
    target.write_text(json.dumps(bench_requests(count, str(document)), indent=1))


if __name__ == "__main__":
    main()
