"""What stands on a page is found as a worn fax shows it; what could be two things is left to a person."""

from __future__ import annotations

from typing import Any

import pytest

from bots.fax.letter_template import likeness, load_templates, plain
from bots.fax.letter_text import lines_of, places_on, text_of
from bots.fax.letter_values import parse_days, parse_value
from bots.fax.ocr import Word
from bots.model import Payer


def template_of(payer: Payer) -> Any:
    return next(each for each in load_templates() if each.payer is payer)


def line_of(text: str, top: int = 100, left: int = 100) -> list[Word]:
    """Words of capital letters, 12 dots for a sign, one blank between them."""
    words = []
    for part in text.split(" "):
        if part:
            right = left + 12 * len(part)
            high = (8, 12) if part == "-" else (0, 20)
            words.append(Word(text=part, confidence=90.0, left=left, top=top + high[0], right=right, bottom=top + high[1]))
        left += 12 * (len(part) + 1)
    return words


def values(payer: Payer, *lines: str) -> dict[str, str]:
    words = [word for row, line in enumerate(lines) for word in line_of(line, top=100 + 45 * row)]
    return {place.field: place.value for place in places_on(template_of(payer), lines_of(words), 0)}


@pytest.mark.parametrize(
    ("shown", "label"),
    [("SERVTCR DATRS", "Service dates"), ("PROCRDURE CODR", "Procedure code"), ("UNLLS APPROVED", "Units approved"),
     ("MEMBER NAMF", "Member name"), ("Decislon date", "Decision date")],
)  # fmt: skip
def test_a_label_is_known_though_level_strokes_are_lost(shown: str, label: str) -> None:
    assert likeness(plain(shown), plain(label)) > 0.7


@pytest.mark.parametrize(
    ("one", "other"),
    [("Units approved", "Units requested"), ("Units approved", "Units denied"), ("Service code", "Service dates"),
     ("Start date", "End date"), ("Notice date", "Decision date"), ("To", "From"), ("Code", "Cods")],
)  # fmt: skip
def test_one_label_is_never_taken_for_another(one: str, other: str) -> None:
    assert likeness(plain(one), plain(other)) == 0


def test_the_longest_label_that_fits_is_the_one_that_stands_there() -> None:
    assert values(Payer.BCBSMA, "MEMBER NAMF MOCKMARSH, GUSTAV") == {"member_name": "gustav mockmarsh"}


def test_dotted_leaders_are_no_words_however_they_are_read() -> None:
    read = values(Payer.BCBSMA, "MEMBER ID ....eee eee ees 540985589", "STATUS ........ PARTIALLY APPROVED")
    assert read == {"member_id": "540985589", "decision": "partially_approved"}


def test_a_one_that_was_read_as_a_stroke_is_a_one_between_words_only() -> None:
    read = values(Payer.CAREPARTNERS, "We have approved | units from March 19, 2026 through September 14, 2026.")
    assert (read["units_approved"], read["first_day"]) == ("1", "2026-03-19")
    assert [text_of(line) for line in lines_of(line_of("| Approved   |"))] == ["Approved"]


def test_what_is_left_of_a_tables_lines_is_no_dash() -> None:
    head = line_of("Units Requested     Units Approved")
    border = Word(text="—", confidence=9.0, left=head[2].left - 20, top=90, right=head[2].left - 4, bottom=130)
    lines = lines_of([*head, border, *line_of("12                  -", top=145)])
    assert [text_of(line) for line in lines] == ["Units Requested Units Approved", "12 -"]


def test_a_number_in_two_parts_is_read_where_they_make_its_form() -> None:
    husky = template_of(Payer.HUSKY)
    assert parse_value(husky, "reference_no", "CC789995 170") == "CC789995170"
    assert parse_value(husky, "reference_no", "CC789995 17") == ""
    assert parse_value(husky, "units_approved", "1 2") == ""
    assert values(Payer.HUSKY, "UNITS APPROVED: 1 2")["units_approved"] == ""
    assert values(Payer.HUSKY, "UNITS APPROVED: 12 visits")["units_approved"] == "12"
    assert parse_days("03/3 1/2026 - 09/26/2026") == ("2026-03-31", "2026-09-26")


@pytest.mark.parametrize(
    ("shown", "day"),
    [("(3/24/2026", "2026-03-24"), ("()3/24/2026", "2026-03-24"), ("(14/24/2026", "2026-04-24"), ("(12/05/2026)", "2026-12-05"),
     ("3/24/2026", ""), ("(43/24/2026", "")],
)  # fmt: skip
def test_a_worn_nought_before_a_month_is_a_nought_and_nothing_else_is_guessed(shown: str, day: str) -> None:
    assert parse_value(template_of(Payer.HUSKY), "decided_on", shown) == day
