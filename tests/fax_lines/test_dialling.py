"""A number is dialled only when it certainly is one: ten digits of the North American plan."""

from __future__ import annotations

import pytest

from bots.fax.dialling import e164, ten_digits
from bots.fax.line_errors import FaxNumberUnusable
from jobs.rule_schema import NumberKind
from jobs.rulebook import load_rulebook


@pytest.mark.parametrize(
    ("written", "digits"),
    [
        ("203.265.3994", "2032653994"),
        ("1-866-577-9678", "8665779678"),
        ("617.673.0956", "6176730956"),
        ("+1 (857) 304-6463", "8573046463"),
        (" 18573046410 ", "8573046410"),
    ],
)
def test_each_way_of_writing_a_number_becomes_its_ten_digits(written: str, digits: str) -> None:
    assert ten_digits(written) == digits
    assert e164(written) == f"+1{digits}"


@pytest.mark.parametrize(
    "written",
    ["", "911", "1-800-676-BLUE", "203.265.399", "203.265.39944", "+44 20 7946 0958", "203.265.3994 x12", "1-100-265-3994",
     "２０３２６５３９９４", "203.165.3994", "203.265.3994,5"],
)  # fmt: skip
def test_what_is_no_such_number_is_never_dialled(written: str) -> None:
    with pytest.raises(FaxNumberUnusable):
        ten_digits(written)


def test_every_fax_number_of_the_payers_rules_can_be_dialled() -> None:
    numbers = [desk.number for desk in load_rulebook().desks.values() if desk.kind is NumberKind.FAX]
    assert len(numbers) > 15
    for number in numbers:
        assert len(ten_digits(number)) == 10
