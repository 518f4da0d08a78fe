"""The columns of an intake file, once: how each is read, whether it may differ per service line, and when it is required.

The columns and their words are those of design.md section 4.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum

from bots.model import (
    Certification,
    Coverage,
    Frozen,
    Known,
    MedicareParts,
    Payer,
    PcpNetwork,
    RequestKind,
    ServiceCategory,
    UnitType,
    Urgency,
)
from jobs.intake import cells
from jobs.intake.cells import BadCell, DateCell, NumberCell, known_word, line_of_text

REASONS_COLUMN = "reject_reasons"
"""Written first by `write_rejects`; when such a file comes back it is ignored, and says that the cells are guarded."""


class Kind(StrEnum):
    ID = "id"
    DATE = "date"
    NUMBER = "number"
    TEXT = "text"


class Column(Frozen):
    """``read`` turns a filled cell into a value or raises `BadCell`; ``line``: may differ between the rows of a request."""

    name: str
    read: Callable[[str], object]
    kind: Kind = Kind.TEXT
    line: bool = False


def _column(name: str, read: Callable[[str], object], kind: Kind = Kind.TEXT, *, line: bool = False) -> Column:
    return Column(name=name, read=read, kind=kind, line=line)


_NAME = line_of_text(80)
_YES_NO = known_word(Known)

COLUMNS: Mapping[str, Column] = {
    column.name: column
    for column in (
        _column("request_id", cells.request_id, Kind.ID),
        _column("payer", known_word(Payer)),
        _column("coverage", known_word(Coverage)),
        _column("request_kind", known_word(RequestKind)),
        _column("certification", known_word(Certification)),
        _column("service_category", known_word(ServiceCategory)),
        _column("urgency", known_word(Urgency)),
        _column("member_id", cells.member_id, Kind.ID),
        _column("member_dob", cells.day, Kind.DATE),
        _column("member_last_name", _NAME),
        _column("member_first_name", _NAME),
        _column("medicare_parts", known_word(MedicareParts)),
        _column("medicare_covers_service", _YES_NO),
        _column("pcp_network", known_word(PcpNetwork)),
        _column("requesting_provider_last_name", cells.last_name),
        _column("requesting_provider_npi", cells.npi, Kind.ID),
        _column("servicing_provider_name", _NAME),
        _column("servicing_provider_npi", cells.npi, Kind.ID),
        _column("servicing_in_network", _YES_NO),
        _column("facility_name", _NAME),
        _column("facility_npi", cells.npi, Kind.ID),
        _column("diagnosis_codes", cells.diagnoses),
        _column("service_code", cells.service_code, line=True),
        _column("modifiers", cells.modifiers, line=True),
        _column("units", cells.amount, Kind.NUMBER, line=True),
        _column("unit_type", known_word(UnitType), line=True),
        _column("from_date", cells.day, Kind.DATE, line=True),
        _column("to_date", cells.day, Kind.DATE, line=True),
        _column("place_of_service", cells.place_of_service),
        _column("admission_date", cells.day, Kind.DATE),
        _column("drug_name", _NAME),
        _column("drug_strength", _NAME),
        _column("drug_quantity", cells.plain_amount, Kind.NUMBER),
        _column("drug_days_supply", cells.whole_number, Kind.NUMBER),
        _column("answers", cells.answers),
        _column("attachments", cells.document_paths),
        _column("contact_name", _NAME),
        _column("contact_phone", cells.phone),
        _column("contact_fax", cells.phone),
        _column("attested_by", _NAME),
        _column("notes", cells.lines_of_text(4000)),
    )
}

ALWAYS = (
    "request_id",
    "payer",
    "coverage",
    "request_kind",
    "service_category",
    "urgency",
    "member_id",
    "member_dob",
    "requesting_provider_last_name",
    "requesting_provider_npi",
    "from_date",
    "to_date",
)
"""Required of every request, so a file without one of these columns is refused as a whole."""


DECIDE_NEEDS = ("payer", "request_kind", "service_category")
"""The only columns that a `Need` looks at."""


class Need(Frozen):
    """Columns that a request must fill ``when`` its other values say so; ``who`` ends the sentence "is required for ..."."""

    who: str
    columns: tuple[str, ...]
    when: Callable[[Mapping[str, object]], bool]


_INPATIENT = frozenset(
    {ServiceCategory.INPATIENT, ServiceCategory.BEHAVIORAL_HEALTH_INPATIENT, ServiceCategory.NICU}
)  # fmt: skip
_WITHOUT_CODE = _INPATIENT | {ServiceCategory.SNF_REHAB, ServiceCategory.DRUG_PART_D}
_DRUGS = frozenset({ServiceCategory.DRUG_PART_B, ServiceCategory.DRUG_PART_D})


def _kind(*kinds: RequestKind) -> Callable[[Mapping[str, object]], bool]:
    return lambda values: values.get("request_kind") in kinds


def _category(categories: frozenset[ServiceCategory]) -> Callable[[Mapping[str, object]], bool]:
    return lambda values: values.get("service_category") in categories


def _asks_for_service(values: Mapping[str, object]) -> bool:
    return values.get("request_kind") in {RequestKind.PRIOR_AUTH, RequestKind.REFERRAL, RequestKind.INPATIENT_NOTIFICATION}


def _names_service(values: Mapping[str, object]) -> bool:
    asks = values.get("request_kind") in {RequestKind.PRIOR_AUTH, RequestKind.REFERRAL}
    return asks and values.get("service_category") not in _WITHOUT_CODE


NEEDS = (
    Need(who="every request", columns=ALWAYS, when=lambda values: True),
    Need(who="a prior authorization", columns=("certification",), when=_kind(RequestKind.PRIOR_AUTH)),
    Need(
        who="a prior authorization, referral or notification",
        columns=("diagnosis_codes", "units", "unit_type"),
        when=_asks_for_service,
    ),
    Need(who="a service outside an inpatient stay", columns=("service_code",), when=_names_service),
    Need(who="a referral", columns=("servicing_provider_name",), when=_kind(RequestKind.REFERRAL)),
    Need(
        who="an inpatient notification",
        columns=("admission_date", "facility_name"),
        when=_kind(RequestKind.INPATIENT_NOTIFICATION),
    ),
    Need(who="an inpatient stay", columns=("admission_date",), when=_category(_INPATIENT)),
    Need(who="a drug", columns=("drug_name",), when=_category(_DRUGS)),
    Need(
        who="a Part D drug",
        columns=("drug_quantity", "drug_days_supply"),
        when=_category(frozenset({ServiceCategory.DRUG_PART_D})),
    ),
    Need(who="a HUSKY request", columns=("medicare_parts",), when=lambda values: values.get("payer") is Payer.HUSKY),
)
"""When which column is required, the whole table. An empty cell never gets a value that decides for a patient: urgency, the
kind of request and Medicare must be said. Facts that may be left out are "unknown" (a person's) or are not sent."""


def refuse_odd_cell(cell: str, kind: Kind) -> BadCell | None:
    """Why a cell that the file does not hold as text is damage in a column of this kind; ``None`` when its text is exact."""
    if isinstance(cell, NumberCell):
        if kind is Kind.ID:
            return BadCell(
                "number_cell", "is held as a number, so leading zeros may be lost; format the cell as text and type it again"
            )
        if kind is Kind.DATE:
            return BadCell("date_serial", "is a spreadsheet's day number, not a date; write it as YYYY-MM-DD")
        return None
    if isinstance(cell, DateCell):
        if kind is Kind.DATE:
            return None
        return BadCell("date_cell", "was turned into a date by a spreadsheet; format the cell as text and type it again")
    return BadCell("spoilt_cell", "holds no plain text (a formula, an error, a truth value, a list, a time); put the text there")
