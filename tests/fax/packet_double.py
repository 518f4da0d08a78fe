"""Synthetic requests, documents and packets. The people are invented."""

from __future__ import annotations

import io
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import pikepdf

from bots.fax.form_layout import load_form
from bots.fax.packet import Addressee, Packet, Paper, Sender, build_packet
from bots.model import AuthRequest, Contact, Drug, Member, Provider, ServiceLine

TODAY = date(2026, 11, 22)
SENDER = Sender(
    name="Sample Practice", address="1 Sample Street, Hartford CT", tax_id="00-0000001", contact_name="Front Desk",
    phone="203-555-0100", fax="203-555-0101",
)  # fmt: skip
DESK = Addressee(desk="Sample desk", number="203-555-0190", payer="Sample Payer")
OF_FORM: dict[str, dict[str, Any]] = {
    "chnct_outpatient": {"payer": "husky", "coverage": "husky_a", "service_category": "dme"},
    "chnct_inpatient": {"payer": "husky", "coverage": "husky_b", "service_category": "inpatient"},
    "chnct_home_health": {"payer": "husky", "coverage": "husky_c", "service_category": "home_health"},
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
"""A request for each form, by what is special about it."""


def line(code: str, units: int, first: date, last: date, *modifiers: str) -> ServiceLine:
    return ServiceLine(service_code=code, units=Decimal(units), from_date=first, to_date=last, modifiers=modifiers)


def make_request(form: str = "chnct_outpatient", **changes: Any) -> AuthRequest:
    request = AuthRequest(
        request_id="SYN-1",
        payer="husky",  # type: ignore[arg-type]  (converted below)
        coverage="husky_a",  # type: ignore[arg-type]
        service_category="dme",  # type: ignore[arg-type]
        member=Member(id="004561237", dob=date(1971, 3, 9), last_name="Testmaple", first_name="Ingeborg"),
        requesting=Provider(name="Sampledoc", npi="1234567893"),
        servicing=Provider(name="Sample Supplies", npi="1300000001"),
        facility=Provider(name="Sample Hospital", npi="1245319599"),
        diagnosis_codes=("R26.2", "M62.81"),
        lines=(
            line("E0143", 7, date(2026, 12, 1), date(2027, 1, 24), "NU"),
            line("E0971", 2, date(2026, 12, 3), date(2027, 1, 20)),
        ),
        place_of_service="12",
        admission_date=date(2026, 12, 1),
        drug=Drug(name="Samplinib", strength="40 mg", quantity="30", days_supply="28"),
        answers={"sample_question": "sample answer"},
        contact=Contact(name="Demo Frontdesk", phone="203-555-0142", fax="203-555-0143"),
        attested_by="Ada Testattester",
        notes="Gait is unsteady.",
    )  # fmt: skip
    return msgspec.convert({**msgspec.to_builtins(request), **OF_FORM[form], **changes}, AuthRequest)


def pdf_of(*pages: bytes, size: tuple[float, float] = (612, 792)) -> bytes:
    """A PDF of these content streams."""
    pdf = pikepdf.new()
    for content in pages:
        page = pdf.add_blank_page(page_size=size)
        page.contents_add(content)
    kept = io.BytesIO()
    pdf.save(kept)
    return kept.getvalue()


def lines_page(seed: int = 1) -> bytes:
    """A page's content: black bars at different heights, each page another."""
    return b" ".join(f"0 g 72 {700 - 40 * k} {100 + 37 * ((k * seed) % 9)} 12 re f".encode() for k in range(12))


def build(form: str = "chnct_outpatient", request: AuthRequest | None = None, **more: Any) -> Packet:
    given: dict[str, Any] = {"sender": SENDER, "to": DESK, "reference": "SYN-1", "today": TODAY, "papers": ONE_PAGE, **more}
    return build_packet(request or make_request(form), form=load_form(form), **given)


ONE_PAGE = (Paper(kind="pdf", content=pdf_of(lines_page())),)
