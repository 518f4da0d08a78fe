"""From one cell's text to one value, or to the reason why not.

Pure functions. A reason never repeats the cell: a shifted row can put a name into any column. Identifier formats: portals.md
section 9. What spreadsheets do to ids and dates is told apart from a plain mistake, because it is mended elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

from jobs.intake.words import nearest

_Word = TypeVar("_Word", bound=StrEnum)

MARK = "[CHECK] "
"""Written into ``rejects/`` before a cell that a spreadsheet has spoilt, so that it cannot be sent again unread."""

_LONGEST_ID = 40
_SCIENTIFIC = re.compile(r"[0-9](?:[.,][0-9]+)?[eE][+-][0-9]+|[0-9][.,][0-9]+[eE][0-9]+")
_POINT_ZERO = re.compile(r"[0-9]+[.,]0*")
_REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,29}")
_NPI = re.compile(r"[12][0-9]{9}")
_ISO_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_OTHER_DATE = re.compile(r"[0-9]{1,2}[/. -][0-9]{1,2}[/. -](?:[0-9]{4}|[0-9]{2})")
_SERIAL = re.compile(r"[0-9]{1,6}(?:[.,][0-9]+)?")
_UNITS = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,3})?")
_DIAGNOSIS = re.compile(r"(?:[A-TV-Z][0-9]|U0)[0-9A-Z](?:\.[0-9A-Z]{1,4})?")
_SERVICE = re.compile(r"[0-9]{4}[0-9A-Z]|[A-V][0-9]{4}")
_MODIFIER = re.compile(r"[A-Z0-9]{2}")
_PLACE = re.compile(r"[0-9]{2}")
_PHONE = re.compile(r"[0-9]{3}-[0-9]{3}-[0-9]{4}")
_ANSWER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,59}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_CONTROL_BUT_LINES = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class BadCell(Exception):
    """Why a cell cannot be used. ``reason`` continues the sentence "<column> ..." and holds nothing of the cell."""

    def __init__(self, code: str, reason: str) -> None:
        self.code = code
        self.reason = reason
        super().__init__(code)


class NumberCell(str):
    """A cell that the file holds as a number: exact only where no leading zero and no 16th digit can matter."""


class DateCell(str):
    """A true date cell of a workbook, as ISO text."""


class SpoiltCell(str):
    """A cell whose text is not what a person would read: a formula, an error value, a truth value, a list, a time of day."""


def id_damage(text: str) -> BadCell | None:
    """What a spreadsheet has done to an id that should be digits, if that is what happened."""
    if _SCIENTIFIC.fullmatch(text):
        return BadCell("damaged_scientific", "was turned into scientific notation by a spreadsheet (like 1.2E+09); type it again")
    if _POINT_ZERO.fullmatch(text):
        return BadCell("damaged_point_zero", "was turned into a number with a decimal point by a spreadsheet; type it again")
    return None


def request_id(text: str) -> str:
    """The practice's own id: up to 30 letters, digits, dots, dashes, underscores, so that a portal's reference field holds it."""
    if "." in text and (damage := id_damage(text)):
        raise damage
    if not _REQUEST_ID.fullmatch(text):
        if damage := id_damage(text):
            raise damage
        raise BadCell(
            "bad_request_id", "must be 1 to 30 letters, digits, dots, dashes or underscores, beginning with a letter or digit"
        )
    return text


def member_id(text: str) -> str:
    """Any text that can be an id; whether it fits the coverage is a check of its own."""
    if text.isalnum() and len(text) <= _LONGEST_ID:
        return text
    if damage := id_damage(text):
        raise damage
    return _short_text(text)


def npi(text: str) -> str:
    """Ten digits beginning with 1 or 2 whose last is the Luhn check digit over 80840 and the first nine."""
    if not _NPI.fullmatch(text):
        if damage := id_damage(text):
            raise damage
        raise BadCell("bad_npi", "is no NPI: ten digits beginning with 1 or 2 are needed")
    total = 24  # what the prefix 80840 adds
    for place, char in enumerate(text):
        digit = int(char) * (2 if place % 2 == 0 else 1)
        total += digit - 9 if digit > 9 else digit
    if total % 10:
        raise BadCell("npi_check_digit", "is no NPI: its check digit does not fit, so a digit is wrong or two are swapped")
    return text


def day(text: str) -> date:
    """An ISO date. What spreadsheets and other habits make of dates is refused with its own reason, never guessed."""
    if match := _ISO_DATE.fullmatch(text):
        try:
            return date(int(match[1]), int(match[2]), int(match[3]))
        except ValueError:
            raise BadCell("impossible_date", "is a day that does not exist; write it as YYYY-MM-DD") from None
    if _SERIAL.fullmatch(text):
        raise BadCell("date_serial", "is a spreadsheet's day number, not a date; write it as YYYY-MM-DD")
    if _OTHER_DATE.fullmatch(text):
        raise BadCell("date_order", "could be read with day and month in either order; write it as YYYY-MM-DD")
    if _ISO_DATE.match(text):
        raise BadCell("date_with_time", "has something after the date; write only YYYY-MM-DD")
    raise BadCell("bad_date", "is no date; write it as YYYY-MM-DD")


def amount(text: str) -> Decimal:
    """A plain number above zero, up to 999999.999."""
    if not _UNITS.fullmatch(text):
        if _SCIENTIFIC.fullmatch(text):
            raise BadCell("damaged_scientific", "was turned into scientific notation by a spreadsheet; type the number again")
        if re.fullmatch(r"[0-9]{1,3}(?:,[0-9]{3})+", text):
            raise BadCell("not_a_number", "has a thousands comma; write the digits alone, like 1000")
        raise BadCell("not_a_number", "is no plain number above zero, like 12 or 1.5")
    value = Decimal(text)
    if value <= 0:
        raise BadCell("not_positive", "must be above zero")
    return value


def plain_amount(text: str) -> str:
    """A number above zero, kept as the text that was written."""
    amount(text)
    return text


def whole_number(text: str) -> str:
    """A whole number from 1 to 366, kept as the text that was written."""
    if not re.fullmatch(r"[0-9]{1,3}", text) or not 1 <= int(text) <= 366:
        raise BadCell("not_a_number", "must be a whole number of days from 1 to 366")
    return text


def known_word(words: type[_Word]) -> Callable[[str], _Word]:
    """A reader for one of these words, upper and lower case alike."""
    known = {word.value: word for word in words}
    listed = ", ".join(known) if len(known) <= 7 else ""

    def read(text: str) -> _Word:
        if found := known.get(text.casefold()):
            return found
        near = nearest(text, known)
        meant = f"; did you mean '{near}'?" if near else ""
        raise BadCell("unknown_word", "is no known word" + meant + (f" Known are: {listed}" if listed else ""))

    return read


def line_of_text(longest: int) -> Callable[[str], str]:
    """A reader for one line of text."""

    def read(text: str) -> str:
        return _text(text, longest, _CONTROL)

    return read


def lines_of_text(longest: int) -> Callable[[str], str]:
    """A reader for text that may have several lines."""

    def read(text: str) -> str:
        return _text(text, longest, _CONTROL_BUT_LINES)

    return read


def _text(text: str, longest: int, forbidden: re.Pattern[str]) -> str:
    if not text.isprintable() and forbidden.search(text):
        raise BadCell("control_characters", "has line breaks or characters that cannot be shown")
    if len(text) > longest:
        raise BadCell("too_long", f"is longer than {longest} characters")
    return text


_short_text = line_of_text(_LONGEST_ID)
_name = line_of_text(60)


def last_name(text: str) -> str:
    """A last name alone: the portal's look-up takes nothing else (rules.md H11)."""
    text = _name(text)
    if "," in text:
        raise BadCell("not_last_name", "must be the last name alone, without a first name")
    return text


def _pattern(pattern: re.Pattern[str], code: str, reason: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        text = text.upper()
        if not pattern.fullmatch(text):
            raise BadCell(code, reason)
        return text

    return read


_diagnosis = _pattern(_DIAGNOSIS, "bad_diagnosis", "is no ICD-10-CM code; write it with its dot, like M54.50")
_modifier = _pattern(_MODIFIER, "bad_modifier", "is no modifier: two letters or digits are needed")
_service = _pattern(_SERVICE, "bad_service_code", "is no CPT or HCPCS code, like 97110 or E0143")
_place = _pattern(_PLACE, "bad_place_of_service", "is no place of service: two digits are needed")
phone = _pattern(_PHONE, "bad_phone", "must be written as ###-###-####")


def service_code(text: str) -> str:
    if re.fullmatch(r"[0-9]{1,4}", text):
        raise BadCell("lost_zeros", "has fewer than five digits; a spreadsheet has probably dropped its leading zeros")
    return _service(text)


def place_of_service(text: str) -> str:
    if re.fullmatch(r"[0-9]", text):
        raise BadCell("lost_zeros", "has one digit; a spreadsheet has probably dropped its leading zero")
    return _place(text)


def diagnoses(text: str) -> tuple[str, ...]:
    return _several(text, _diagnosis, 12)


def modifiers(text: str) -> tuple[str, ...]:
    return _several(text, _modifier, 4)


def _several(text: str, read: Callable[[str], str], most: int) -> tuple[str, ...]:
    found = tuple(read(part) for part in split_list(text))
    if len(found) > most:
        raise BadCell("too_many", f"has more than {most} entries")
    if len(set(found)) < len(found):
        raise BadCell("named_twice", "names something twice")
    return found


def split_list(text: str) -> tuple[str, ...]:
    """The parts of a list written with semicolons; one at the end does no harm."""
    parts = tuple(part.strip() for part in text.rstrip("; ").split(";"))
    if not all(parts):
        raise BadCell("empty_entry", "has an empty entry between semicolons")
    return parts


def answers(text: str) -> dict[str, str]:
    """``name=value;name=value``. Values may hold "=", but no semicolon."""
    found: dict[str, str] = {}
    for part in split_list(text):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or not value or not _ANSWER_NAME.fullmatch(name):
            raise BadCell("bad_answers", "must be written as name=value;name=value")
        if name in found:
            raise BadCell("named_twice", "answers a question twice")
        found[name] = _text(value, 1000, _CONTROL)
    return found


def document_paths(text: str) -> tuple[str, ...]:
    found = split_list(text)
    if len(found) > 20:
        raise BadCell("too_many", "names more than 20 documents")
    return found
