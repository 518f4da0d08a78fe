"""A mixed file: requests for every portal in turn, each for another member, with other codes, dates and providers.

Among them members whose doctor only CarePartners' portal knows to be in APN-CT, services that need no authorization by a portal's
own word, twins, and a home plan that has only a telephone number. The same seed makes the same file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from itertools import count, islice
from random import Random

from fixtures.codes import FAMILIES, PROCEDURES
from fixtures.portals.evicore.locations import associated_at_first, how_many, locations
from fixtures.samples.row_maker import Maker, Row
from fixtures.samples.sample_rows import clinical, service_address
from fixtures.utilization.services import NOT_REQUIRED

MOST = 300
"""So many distinct members has the world for this mixture."""
_ADULTS = range(25, 95)
_TABLETS = {"drug_strength": "5 mg", "drug_quantity": "30", "drug_days_supply": "30", "attachments": ""}
_RX = "rx_indication=yes;rx_alternative=yes;rx_alternative_result=inadequate"
_MRI = "rad_symptoms=6_weeks_or_more;rad_conservative=yes;rad_weeks=8;rad_prior=no"


class Mixture:
    """Rows one after the other; ``rng`` decides codes, days and units."""

    def __init__(self, today: date, seed: int) -> None:
        self.make = Maker(today, seed)
        self.rng = Random(f"mixed/{seed}")
        self.today = today
        self._numbers = count(1)

    def rows(self) -> Iterator[Row]:
        """Thirty of these again and again, in an order that mixes the portals."""
        husky, blue, care = self.husky_medical, self.blue_cross, self.carepartners
        turn: list[Callable[[], Row]] = [
            *(husky, blue, self.radiology, care, husky, self.promptpa, blue, self.redirected, husky, self.bluecard),
            *(husky, self.behavioral, blue, husky, self.radiology, care, self.blue_cross_twin_or_not_required, husky, self.optum),
            *(self.promptpa, husky, blue, self.bluecard, husky, self.radiology, blue, care, husky, self.behavioral, husky),
        ]
        while True:
            yield from (each() for each in turn)

    # --- HUSKY -------------------------------------------------------------------------------------------------------

    def husky_medical(self) -> Row:
        family = self.rng.choice([slug for slug in FAMILIES if slug != "inpatient"])
        return self.make.husky(next(self._numbers), family, self._code(family), self._units(family), **self._days())

    def radiology(self) -> Row:
        member = self.make.member(ages=_ADULTS)
        row = self.make.husky(next(self._numbers), "radiology_high_tech", self.rng.choice(("S8042", "70551")), member=member)
        npi = row["requesting_provider_npi"]
        places = associated_at_first().get(npi, range(how_many(npi)))
        where = f";requesting_address={locations(npi)[places[0]].text}" if len(places) > 1 else ""
        return row | {"answers": _MRI + where} | self._days()

    def behavioral(self) -> Row:
        row = self.make.husky(next(self._numbers), "behavioral_health_outpatient", "90834", self._units(""), unit_type="visits")
        place = service_address(self.make.doctors[row["requesting_provider_npi"]])
        return row | {"diagnosis_codes": "F84.0"} | clinical("therapy", place) | self._days()

    # --- CarePartners ------------------------------------------------------------------------------------------------

    def carepartners(self) -> Row:
        twin = self._often(8)
        return self._plan("CPCT", self._family(), "cp_twin" if twin else "cp_plain", pcp_network="other")

    def redirected(self) -> Row:
        """The practice does not know of the doctor's network; the portal does."""
        return self._plan("CPCT", self._family(), "cp_apn", pcp_network="unknown", attachments="")

    def optum(self) -> Row:
        return self._plan("CPCT", self._family(), "cp_apn", pcp_network="apn_ct", attachments="")

    def promptpa(self) -> Row:
        drug = {"drug_name": "Sampletab", "answers": _RX}
        if self._often(6):
            drug = {"drug_name": "Demostatin", "drug_strength": "20 mg", "answers": ""}
        return self._plan("CPCT", "drug_part_d", "cp_plain", **_TABLETS | drug | {"units": "30", "unit_type": "units"})

    # --- Blue Cross --------------------------------------------------------------------------------------------------

    def blue_cross(self) -> Row:
        return self._plan("BCMA", self._family(), "bc_plain")

    def blue_cross_twin_or_not_required(self) -> Row:
        if self._often(3):
            return self._plan("BCMA", "dme", "bc_twin")
        family, code = self.rng.choice([(PROCEDURES[code].family, code) for code in sorted(NOT_REQUIRED & PROCEDURES.keys())])
        return self._plan("BCMA", family, "bc_plain", service_code=code, unit_type=PROCEDURES[code].unit)

    def bluecard(self) -> Row:
        tag = "bluecard_phone" if self._often(8) else "bluecard_twin" if self._often(8) else "bluecard_plain"
        return self._plan("BCMA", "dme", tag)

    # --- what they share ---------------------------------------------------------------------------------------------

    def _plan(self, prefix: str, family: str, tag: str, **cells: str) -> Row:
        try:
            who = self.make.plan_member(tag)
        except LookupError:  # there are four twins of a plan, or two
            who = self.make.plan_member(f"{tag.split('_')[0]}_plain")
        code = self._code(family) if family in FAMILIES else ""
        units = self._units(family)
        row = self.make.of_plan(f"{prefix}-{next(self._numbers):03d}", family, code, who, units, place_of_service="12")
        return row | self._days() | cells

    def _family(self) -> str:
        return self.rng.choice(("dme", "medical_supplies", "therapy_pt", "therapy_ot", "home_health"))

    def _code(self, family: str) -> str:
        return self.rng.choice([p.code for p in PROCEDURES.values() if p.family == family and p.code not in NOT_REQUIRED])

    def _units(self, family: str) -> str:
        return "1" if family in ("dme", "outpatient_surgery") else str(self.rng.randint(2, 12))

    def _days(self) -> Row:
        first = self.today + timedelta(days=self.rng.randint(1, 20))
        return {"from_date": first.isoformat(), "to_date": (first + timedelta(days=self.rng.randint(5, 50))).isoformat()}

    def _often(self, every: int) -> bool:
        return self.rng.randrange(every) == 0


def mixed_rows(today: date, number: int, seed: int = 1) -> list[Row]:
    """So many rows, each a request of its own; raises ``ValueError`` for more than the world has members for."""
    if number > MOST:
        raise ValueError(f"at most {MOST} rows")
    return list(islice(Mixture(today, seed).rows(), number))
