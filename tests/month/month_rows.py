"""What a practice's own software puts into the intake folder in a month: rows for every portal, for fax desks and telephones.

The same seed makes the same rows. `Hidden` is what only the payer's world knows of a request: the bot is not told.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from random import Random
from types import SimpleNamespace

from plain_rules import Answer, expected

from fixtures.samples.row_maker import COLUMNS

Row = dict[str, str]
DOCUMENT = "clinical-notes.pdf"
"""Lies in the folder of the files; a request that is faxed must have one."""

BASE = {
    "request_kind": "prior_auth",
    "certification": "initial",
    "urgency": "standard",
    "member_dob": "1970-05-17",
    "member_last_name": "Zzcanaryson",
    "member_first_name": "Q",
    "medicare_parts": "none",
    "medicare_covers_service": "unknown",
    "pcp_network": "other",
    "requesting_provider_last_name": "Sample",
    "requesting_provider_npi": "1234567893",
    "servicing_in_network": "no",
    "servicing_provider_name": "Sample Clinic",
    "servicing_provider_npi": "1245319599",
    "diagnosis_codes": "M54.50",
    "service_code": "E0114",
    "unit_type": "units",
    "place_of_service": "11",
    "contact_name": "Demo Frontdesk",
    "contact_phone": "203-555-0142",
    "contact_fax": "203-555-0143",
    "attachments": DOCUMENT,
    "attested_by": "Demo Attester",
}
HUSKY = {"payer": "husky", "coverage": "husky_a"}
CARE = {"payer": "carepartners", "coverage": "carepartners_hmo"}
BLUE = {"payer": "bcbsma", "coverage": "bcbsma_commercial"}
_STAY = {"unit_type": "days", "place_of_service": "21", "facility_name": "Sample Hospital", "service_code": "99221"}
_DRUG = {"drug_name": "Sampletab", "drug_strength": "5 mg", "drug_quantity": "30", "drug_days_supply": "30", "service_code": ""}


@dataclass(frozen=True)
class Hidden:
    """``moves_to``: the portal hands it on there; ``ends_as``: the portal's own word before anything is sent; ``is_bad``: a row
    that intake must refuse."""

    moves_to: str = ""
    ends_as: str = ""
    is_bad: bool = False


NOTHING = Hidden()

KINDS: tuple[tuple[int, Row, Hidden], ...] = (
    (6, HUSKY | {"service_category": "dme"}, NOTHING),
    (3, HUSKY | {"service_category": "therapy_pt", "unit_type": "visits", "service_code": "97110"}, NOTHING),
    (2, HUSKY | {"service_category": "home_health", "unit_type": "visits", "service_code": "G0151"}, NOTHING),
    (4, HUSKY | {"service_category": "radiology_high_tech", "service_code": "70551"}, NOTHING),
    (4, HUSKY | {"service_category": "behavioral_health_outpatient", "unit_type": "visits", "service_code": "90834"}, NOTHING),
    (1, HUSKY | _STAY | {"service_category": "inpatient", "urgency": "urgent"}, NOTHING),
    (1, HUSKY | _STAY | {"service_category": "inpatient"}, NOTHING),
    (1, HUSKY | _STAY | {"service_category": "behavioral_health_inpatient"}, NOTHING),
    (1, HUSKY | {"service_category": "dme", "medicare_parts": "ab", "medicare_covers_service": "yes"}, NOTHING),
    (1, HUSKY | {"service_category": "dme", "medicare_parts": "ab"}, NOTHING),
    (1, HUSKY | {"service_category": "dme", "begins": "-12"}, NOTHING),
    (1, HUSKY | {"service_category": "dme", "requesting_provider_npi": "1234567890"}, Hidden(is_bad=True)),
    (5, CARE | {"service_category": "dme"}, NOTHING),
    (2, CARE | {"service_category": "dme", "request_kind": "referral", "certification": ""}, NOTHING),
    (1, CARE | {"service_category": "dme", "request_kind": "referral", "servicing_in_network": "yes"}, NOTHING),
    (1, CARE | {"service_category": "dme", "request_kind": "appeal"}, NOTHING),
    (3, CARE | _DRUG | {"service_category": "drug_part_d"}, NOTHING),
    (3, CARE | {"service_category": "dme", "pcp_network": "apn_ct"}, NOTHING),
    (2, CARE | {"service_category": "dme", "pcp_network": "unknown"}, Hidden(moves_to="optum_pro")),
    (6, BLUE | {"service_category": "dme"}, NOTHING),
    (2, BLUE | {"service_category": "therapy_ot", "unit_type": "visits", "coverage": "bcbsma_fep"}, NOTHING),
    (1, BLUE | {"service_category": "dme"}, Hidden(ends_as="not_required")),
    (1, BLUE | {"service_category": "dme"}, Hidden(ends_as="not_eligible")),
    (1, BLUE | _STAY | {"service_category": "nicu"}, NOTHING),
    (3, BLUE | {"service_category": "dme", "coverage": "bluecard"}, NOTHING),
)
MEMBER = {"husky": "{:09}", "carepartners": "S{:08}", "bcbsma": "ABC{:09}", "bcbsma_fep": "R{:08}"}


@dataclass(frozen=True)
class Asked:
    """One row, the day on which its file came in, and what the world knows of it."""

    row: Row
    day: date
    hidden: Hidden

    @property
    def request_id(self) -> str:
        return self.row["request_id"]

    def way(self) -> Answer:
        """Where the plainly written rules send it."""
        cells = SimpleNamespace(**self.row)
        cells.member = SimpleNamespace(dob=date.fromisoformat(self.row["member_dob"]))
        cells.from_date = date.fromisoformat(self.row["from_date"])
        cells.attachments = ()
        return expected(cells, self.day)  # type: ignore[arg-type]


@dataclass
class RowMaker:
    """Rows one after the other; every kind comes in its turn before any comes again, in an order of chance."""

    luck: Random
    made: int = 0
    _turn: list[tuple[Row, Hidden]] = field(default_factory=list)

    def some(self, number: int, day: date) -> list[Asked]:
        return [self._one(day) for _ in range(number)]

    def _one(self, day: date) -> Asked:
        if not self._turn:
            self._turn = [(row, hidden) for weight, row, hidden in KINDS for _ in range(weight)]
            self.luck.shuffle(self._turn)
        cells, hidden = self._turn.pop()
        self.made += 1
        first = day + timedelta(days=int(cells.get("begins", self.luck.randint(1, 9))))
        pattern = MEMBER.get(cells["coverage"], MEMBER[cells["payer"]])
        row = dict.fromkeys(COLUMNS, "") | BASE | {key: value for key, value in cells.items() if key in COLUMNS}
        row |= {
            "request_id": f"M-{self.made:05}",
            "member_id": pattern.format(10_000_000 + self.made),
            "units": str(self.luck.randint(4, 20)),
            "from_date": first.isoformat(),
            "to_date": (first + timedelta(days=self.luck.randint(20, 60))).isoformat(),
        }
        if "facility_name" in cells:
            row["admission_date"] = row["from_date"]
        if row["urgency"] == "standard" and self.luck.random() < 0.1:
            row["urgency"] = "urgent"
        return Asked(row, day, hidden)


def write_rows(path: Path, rows: Iterable[Row]) -> None:
    """As other programs write: under another name first."""
    unfinished = path.with_suffix(".part")
    with unfinished.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    unfinished.rename(path)
