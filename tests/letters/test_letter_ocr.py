"""Letters as a fax machine receives them are read right by the program itself; `make letters` does it two thousand times."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from letters_agreement import truth_of

from bots.fax.letter_fax import read_fax
from bots.model import Payer
from fixtures.fax_letters.cases import Case
from fixtures.fax_letters.line import fax_pages, tiff
from fixtures.fax_letters.make import LAYOUTS

_BCBSMA = {"payer": "bcbsma", "member_id": "123456789", "reference_no": "26123456789", "authorization_no": "N123456789"}
_CARE = {"payer": "carepartners", "member_id": "S12345678", "reference_no": "MK123456789", "authorization_no": "T234567890"}


def pages_of(case: Case, layout: str, rows: int, damage: str = "clean") -> list[Any]:
    return fax_pages(LAYOUTS[case.payer][layout](case).pdf(), damage, rows, Random(3))


def values(letter: Any, case: Case) -> dict[str, str]:
    return {field: letter.value(field) for field in truth_of(case) if field in letter.fields}


@pytest.mark.parametrize(
    ("given", "layout", "rows", "damage"),
    [({}, "notice", 196, "skew"), (_CARE, "summary", 196, "noise"), (_BCBSMA, "fax_back", 98, "upside_down")],
    ids=lambda value: str(value) if not isinstance(value, dict) else "",
)
def test_every_field_of_a_letter_of_each_payer_is_read(
    build: Any, given: dict[str, str], layout: str, rows: int, damage: str
) -> None:
    case = build(**given)
    (letter,) = read_fax(tiff(pages_of(case, layout, rows, damage), rows)).letters
    assert (letter.payer, letter.doubts) == (Payer(case.payer), ())
    read = values(letter, case)
    assert read == {field: value for field, value in truth_of(case).items() if field in read}
    assert set(truth_of(case)) - set(read) <= {"letter_date"}
    assert (letter.value("decision"), letter.value("member_name")) == ("approved", "ada testoak")


def test_several_letters_of_one_fax_are_told_apart_by_their_letterheads_and_page_numbers(build: Any) -> None:
    first, second = build(), build(member_id="007654321", reference_no="CC200000002", authorization_no="B200000002")
    both = read_fax(tiff([*pages_of(first, "two_pages", 196), *pages_of(second, "form", 196)], 196)).letters
    assert [letter.pages for letter in both] == [(0, 1), (2,)]
    assert [letter.value("reference_no") for letter in both] == ["CC100000001", "CC200000002"]
    assert [letter.doubts for letter in both] == [(), ()]
