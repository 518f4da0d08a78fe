"""How often three readings of one place that agree are wrong all the same: what the rules of certainty rest on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from bots.fax.letter_reading import SURE, LetterRead, PlaceRead
from bots.fax.letter_values import NOTHING
from fixtures.fax_letters.cases import Case

_READINGS = 3


def agreement_table(letters: Iterable[tuple[LetterRead, Case]]) -> str:
    """Over every number, day and amount of the letters, the known ones too: a table of places by resolution and cleanness."""
    alike: Counter[tuple[str, ...]] = Counter()
    wrong: Counter[tuple[str, ...]] = Counter()
    for letter, case in letters:
        for field, true in truth_of(case).items():
            for place in letter.fields[field].places if field in letter.fields else ():
                if len(place.readings) == _READINGS and len(set(place.readings)) == 1 and place.readings[0] not in ("", NOTHING):
                    alike[_kind(place)] += 1
                    wrong[_kind(place)] += place.readings[0] != true
    rows = [f"| {' | '.join(kind)} | {alike[kind]} | {wrong[kind]} |" for kind in sorted(alike)]
    return "\n".join(("| resolution | place | confidence | three readings alike | and wrong |", "|---|---|---|---|---|", *rows))


def _kind(place: PlaceRead) -> tuple[str, ...]:
    resolution = "fine" if place.is_fine else "standard"
    level = f"{SURE[resolution]:.0f} or more" if place.is_sure else "less"
    return resolution, "clean" if place.is_clean else "something in it", level


def truth_of(case: Case) -> dict[str, str]:
    """Its numbers, days and amounts, as they are read."""
    return {
        "member_id": case.member_id,
        "member_dob": case.dob.isoformat(),
        "reference_no": case.reference_no,
        "authorization_no": case.authorization_no,
        "service_code": case.service_code,
        "letter_date": case.letter_date.isoformat(),
        "decided_on": case.decided_on.isoformat(),
        "first_day": case.first_day.isoformat(),
        "last_day": case.last_day.isoformat(),
        "units_requested": str(case.units_requested),
        "units_approved": str(case.units_approved),
    }
