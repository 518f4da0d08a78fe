"""Any request, written down in any of the formats, comes back equal."""

from __future__ import annotations

import csv
import io
import json
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bots.model import (
    AuthRequest,
    Certification,
    Contact,
    Coverage,
    Drug,
    Known,
    MedicareParts,
    Member,
    PcpNetwork,
    Provider,
    RequestKind,
    ServiceCategory,
    ServiceLine,
    UnitType,
    Urgency,
)
from jobs.intake import read_intake, request_fingerprint, write_rejects
from jobs.intake.checks import COVERAGES, MEMBER_IDS
from jobs.intake.columns import COLUMNS

TODAY = date(2026, 11, 23)
DAYS = st.dates(date(2024, 1, 1), date(2027, 12, 31))


def npi(first_nine: str) -> str:
    total = 24 + sum(sum(divmod(int(d) * (2 if i % 2 == 0 else 1), 10)) for i, d in enumerate(first_nine))
    return first_nine + str(-total % 10)


NPIS = st.builds(lambda first, rest: npi(f"{first}{rest:08d}"), st.sampled_from("12"), st.integers(0, 99_999_999))
TEXT = (
    st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]), min_size=1, max_size=30)
    .map(str.strip)
    .filter(lambda text: text and not text.startswith("[CHECK]"))
)
OPTIONAL = st.one_of(st.just(""), TEXT)
IN_LIST = TEXT.filter(lambda text: ";" not in text)
DIAGNOSES = st.from_regex(r"[A-TV-Z][0-9][0-9A-Z](\.[0-9A-Z]{1,4})?", fullmatch=True)
PHONES = st.one_of(st.just(""), st.from_regex(r"[0-9]{3}-[0-9]{3}-[0-9]{4}", fullmatch=True))


@st.composite
def lines(draw: st.DrawFn) -> tuple[ServiceLine, ...]:
    codes = draw(st.lists(st.from_regex(r"[0-9]{4}[0-9A-Z]|[A-V][0-9]{4}", fullmatch=True), min_size=1, max_size=3, unique=True))
    found = []
    for code in codes:
        start = draw(DAYS)
        found.append(
            ServiceLine(
                service_code=code,
                units=draw(st.decimals(Decimal("0.001"), Decimal("9999.999"), places=3)),
                unit_type=draw(st.sampled_from(UnitType)),
                modifiers=tuple(draw(st.lists(st.from_regex("[A-Z0-9]{2}", fullmatch=True), max_size=4, unique=True))),
                from_date=start,
                to_date=start + timedelta(days=draw(st.integers(0, 365))),
            )
        )
    return tuple(found)


@st.composite
def requests(draw: st.DrawFn) -> AuthRequest:
    payer = draw(st.sampled_from(list(COVERAGES)))
    coverage = draw(st.sampled_from(sorted(COVERAGES[payer])))
    return AuthRequest(
        request_id=draw(st.from_regex("[A-Za-z0-9][A-Za-z_-]{0,29}", fullmatch=True)),
        payer=payer,
        coverage=coverage,
        request_kind=draw(st.sampled_from([RequestKind.PRIOR_AUTH, RequestKind.REFERRAL])),
        certification=draw(st.sampled_from(Certification)),
        service_category=draw(st.sampled_from(ServiceCategory)),
        urgency=draw(st.sampled_from(Urgency)),
        member=Member(
            id=draw(st.from_regex(MEMBER_IDS[Coverage(coverage)][0], fullmatch=True)),
            dob=draw(st.dates(date(1907, 1, 1), date(2023, 12, 31))),
            last_name=draw(OPTIONAL),
            first_name=draw(OPTIONAL),
        ),
        medicare_parts=draw(st.sampled_from(MedicareParts)),
        medicare_covers_service=draw(st.sampled_from(Known)),
        pcp_network=draw(st.sampled_from(PcpNetwork)),
        requesting=Provider(name=draw(TEXT.filter(lambda text: "," not in text)), npi=draw(NPIS)),
        servicing=Provider(name=draw(TEXT), npi=draw(st.one_of(st.just(""), NPIS))),
        servicing_in_network=draw(st.sampled_from(Known)),
        facility=Provider(name=draw(TEXT), npi=draw(NPIS)),
        diagnosis_codes=tuple(draw(st.lists(DIAGNOSES, min_size=1, max_size=12, unique=True))),
        lines=draw(lines()),
        place_of_service=draw(st.one_of(st.just(""), st.from_regex("[0-9]{2}", fullmatch=True))),
        admission_date=date(2023, 12, 31),
        drug=Drug(name=draw(TEXT), strength=draw(OPTIONAL), quantity="30", days_supply="30"),
        answers=draw(st.dictionaries(st.from_regex("[A-Za-z][A-Za-z0-9_.-]{0,20}", fullmatch=True), IN_LIST, max_size=4)),
        contact=Contact(name=draw(OPTIONAL), phone=draw(PHONES), fax=draw(PHONES)),
        attested_by=draw(OPTIONAL),
        notes=draw(OPTIONAL),
    )  # fmt: skip


def rows_of(request: AuthRequest) -> list[dict[str, str]]:
    drug = request.drug or Drug(name="")
    shared = {
        **{name: str(getattr(request, name) or "") for name in COLUMNS if hasattr(request, name)},
        "member_id": request.member.id,
        "member_dob": str(request.member.dob),
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
        "attachments": "",
        "contact_name": request.contact.name,
        "contact_phone": request.contact.phone,
        "contact_fax": request.contact.fax,
    }
    return [
        shared
        | {
            "service_code": line.service_code,
            "modifiers": ";".join(line.modifiers),
            "units": format(line.units, "f"),
            "unit_type": line.unit_type.value,
            "from_date": str(line.from_date),
            "to_date": str(line.to_date),
        }
        for line in request.lines
    ]


def csv_file(rows: list[dict[str, str]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def json_lines(rows: list[dict[str, str]]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def workbook(rows: list[dict[str, str]]) -> bytes:
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.worksheets[0]
    for place, row in enumerate([list(rows[0]), *(list(row.values()) for row in rows)], start=1):
        for index, value in enumerate(row, start=1):
            if value:
                sheet.cell(place, index, value).data_type = "s"
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


@pytest.mark.parametrize("write", [csv_file, json_lines, workbook])
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(request=requests())
def test_a_request_comes_back_equal(tmp_path, write, request):
    path = tmp_path / "requests"
    path.write_bytes(write(rows_of(request)))
    result = read_intake(path, today=TODAY)
    assert result.file_error is None
    assert result.rejected == []
    assert result.requests == [request]
    assert request_fingerprint(result.requests[0]) == request_fingerprint(request)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(request=requests())
def test_a_refused_request_comes_back_from_rejects_equal(tmp_path, request):
    """Refused for one cell, corrected in that cell: nothing else has changed on the way, in either of the two files."""
    rows = rows_of(request)
    path = tmp_path / "requests.csv"
    path.write_bytes(csv_file([row | {"urgency": "soon"} for row in rows]))
    written = write_rejects(read_intake(path, today=TODAY), tmp_path / "rejects")
    assert written is not None
    with written.open(encoding="utf-8-sig", newline="") as file:
        back = [row | {"urgency": request.urgency.value} for row in csv.DictReader(file)]
    path.write_bytes(csv_file(back))
    assert read_intake(path, today=TODAY).requests == [request]
