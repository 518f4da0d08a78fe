"""The packets of the loopback: real ones of synthetic people, of every form, with documents of different lengths."""

from __future__ import annotations

import io
import random
import sys
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "fax_lines"))

from fax_pages import make_pdf

from bots.fax.form_layout import load_form
from bots.fax.packet import Addressee, Packet, Paper, Sender, build_packet, build_test_page
from bots.model import AuthRequest

TODAY = date(2026, 11, 23)
DESK = Addressee(desk="Synthetic desk", number="203-555-0199", payer="Synthetic payer")
SENDER = Sender(
    name="Synthetic Practice", address="1 Sample Street, Hartford CT", tax_id="00-0000001", contact_name="Front Desk",
    phone="203-555-0100", fax="203-555-0101",
)  # fmt: skip
REQUEST: dict[str, Any] = {
    "request_id": "L-1",
    "payer": "husky",
    "coverage": "husky_a",
    "service_category": "dme",
    "member": {"id": "004561237", "dob": "1971-03-09", "last_name": "Testmaple", "first_name": "Ingeborg"},
    "requesting": {"name": "Sampledoc", "npi": "1234567893"},
    "servicing": {"name": "Sample Supplies", "npi": "1300000001"},
    "facility": {"name": "Sample Hospital", "npi": "1245319599"},
    "diagnosis_codes": ["R26.2", "M62.81"],
    "lines": [{"service_code": "E0143", "units": "7", "from_date": "2026-12-01", "to_date": "2027-01-24"}],
    "place_of_service": "12",
    "admission_date": "2026-12-01",
    "drug": {"name": "Samplinib", "strength": "40 mg", "quantity": "30", "days_supply": "28"},
    "contact": {"name": "Demo Frontdesk", "phone": "203-555-0142", "fax": "203-555-0143"},
    "attested_by": "Ada Testattester",
    "notes": "Gait is unsteady.",
}
OF_FORM: dict[str, dict[str, Any]] = {
    "chnct_outpatient": {},
    "chnct_inpatient": {"coverage": "husky_b", "service_category": "inpatient"},
    "chnct_home_health": {"coverage": "husky_c", "service_category": "home_health"},
    "massachusetts_prior_auth": {"payer": "bcbsma", "coverage": "bcbsma_commercial", "service_category": "therapy_pt"},
    "carepartners_prior_auth": {
        "payer": "carepartners", "coverage": "carepartners_hmo", "service_category": "outpatient_surgery",
    },
    "carepartners_referral": {
        "payer": "carepartners", "coverage": "carepartners_ppo", "service_category": "outpatient_medical",
        "request_kind": "referral", "servicing_in_network": "no",
    },
    "carepartners_inpatient_notification": {
        "payer": "carepartners", "coverage": "carepartners_hmo", "service_category": "inpatient",
        "request_kind": "inpatient_notification", "urgency": "emergent",
    },
    "part_d_coverage_determination": {
        "payer": "carepartners", "coverage": "carepartners_hmo", "service_category": "drug_part_d", "urgency": "urgent",
    },
}  # fmt: skip
"""What is special about a request on each form."""
DOCUMENTS = (None, 1, 1, 1, None, 1, 1, None, None, None, 1, None, None, None, 1, None, None, 1, 2, 6)
"""Pages of documents in each packet in turn; None: a test page of a directory number, without a request."""


def make_packets(count: int, seed: int) -> list[Packet]:
    """``count`` packets; the same seed makes the same references, which are eight digits."""
    dice = random.Random(seed)
    forms = sorted(OF_FORM)
    packets = []
    for n in range(count):
        reference = str(dice.randrange(10**7, 10**8))
        packets.append(_packet(forms[n % len(forms)], DOCUMENTS[n % len(DOCUMENTS)], reference))
    return packets


def _packet(form: str, documents: int | None, reference: str) -> Packet:
    if documents is None:
        return build_test_page(to=DESK, sender=SENDER, reference=reference, today=TODAY)
    papers = (Paper(kind="pdf", content=make_pdf(reference, documents, lines=36, bars=False)),) if documents else ()
    request = msgspec.convert({**REQUEST, **OF_FORM[form]}, AuthRequest)
    return build_packet(request, form=load_form(form), to=DESK, sender=SENDER, reference=reference, today=TODAY, papers=papers)


def pages_of(tiff: bytes) -> list[Any]:
    """The pages of a TIFF as pictures."""
    from PIL import Image, ImageSequence

    with Image.open(io.BytesIO(tiff)) as read:
        return [page.copy() for page in ImageSequence.Iterator(read)]
