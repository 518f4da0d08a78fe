"""A good row to spoil, and ways to write it down."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from jobs.intake import IntakeResult, RejectedRow, read_intake

TODAY = date(2026, 11, 23)
GOOD = {
    "request_id": "R-001",
    "payer": "husky",
    "coverage": "husky_c",
    "request_kind": "prior_auth",
    "certification": "initial",
    "service_category": "therapy_pt",
    "urgency": "standard",
    "member_id": "001234567",
    "member_dob": "1960-02-29",
    "member_last_name": "Testoak",
    "member_first_name": "Ada",
    "medicare_parts": "none",
    "medicare_covers_service": "",
    "requesting_provider_last_name": "Samplewillow",
    "requesting_provider_npi": "1234567893",
    "facility_name": "",
    "facility_npi": "",
    "diagnosis_codes": "M54.50;R26.2",
    "service_code": "97110",
    "modifiers": "GP",
    "units": "12",
    "unit_type": "visits",
    "from_date": "2026-11-25",
    "to_date": "2027-01-25",
    "place_of_service": "11",
    "admission_date": "",
    "drug_name": "",
    "drug_strength": "",
    "drug_quantity": "",
    "drug_days_supply": "",
    "answers": "th_evaluation=yes;th_plan_signed=yes",
    "attachments": "",
    "contact_phone": "203-555-0142",
    "contact_fax": "",
    "notes": "",
}
Row = Mapping[str, Any]


def as_csv(rows: Iterable[Row], *, delimiter: str = ",") -> str:
    rows = list(rows)
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def as_xlsx(path: Path, rows: Iterable[Row]) -> Path:
    from openpyxl import Workbook

    rows = list(rows)
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.append(list(rows[0]))
    for row in rows:
        sheet.append([value if value != "" else None for value in row.values()])
    book.save(path)
    return path


def as_jsonl(rows: Iterable[Row]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


@pytest.fixture
def good() -> dict[str, str]:
    return dict(GOOD)


@pytest.fixture
def take(tmp_path: Path) -> Callable[..., IntakeResult]:
    """Writes rows (dictionaries, text or bytes) to a file and reads it as on `TODAY`."""

    def take(content: list[Row] | str | bytes, name: str = "requests.csv", **options: Any) -> IntakeResult:
        path = tmp_path / name
        if isinstance(content, list):
            content = as_csv(content)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_intake(path, today=TODAY, **options)

    return take


@pytest.fixture
def refused(take: Callable[..., IntakeResult], good: dict[str, str]) -> Callable[..., RejectedRow]:
    """The one reason why the good row is refused once ``cells`` are put over it; another row beside it must go on."""

    def refused(**cells: str) -> RejectedRow:
        other = good | {"request_id": "R-002"}
        result = take([other, good | cells])
        assert result.file_error is None
        assert [request.request_id for request in result.requests] == ["R-002"]
        assert len(result.rejected) == 1, [(row.column, row.code) for row in result.rejected]
        return result.rejected[0]

    return refused


@pytest.fixture
def pdf() -> Callable[..., bytes]:
    """A PDF of so many blank pages, perhaps with a password."""

    def pdf(pages: int = 1, password: str | None = None, owner: str = "") -> bytes:
        document = pikepdf.new()
        for _ in range(pages):
            document.add_blank_page()
        content = io.BytesIO()
        locked = pikepdf.Encryption(user=password, owner=owner or "owner") if password is not None else None
        document.save(content, encryption=locked) if locked else document.save(content)
        return content.getvalue()

    return pdf
