"""What a piece of a letter's text means: a date, an amount, a number of the payer's form. Pure; nothing is mended or guessed."""

from __future__ import annotations

import re
from datetime import date, datetime

from bots.fax.letter_template import KINDS, LOOKS, Kind, Template, plain

_EDGES = "|[](){}<>_~'\"`´‘’“”.,:;*=«»—–-"
"""What lines, specks and punctuation look like to an OCR, at the ends of a word."""
_DIGITS = str.maketrans("OoIl", "0011")
ONE = "|"
"""What a one that stands alone is read as."""
_PARTS = 3
"""Into how many words a number may be broken."""
NOTHING = "-"
"""The value of a field in which the payer says that there is none."""


def parse_value(template: Template, field: str, text: str) -> str:
    """The value with which ``text`` begins, in one plain form (dates ISO, names sorted words); "" when it begins with none."""
    kind = KINDS[field]
    text = _with_noughts(text) if kind is Kind.DATE else text
    words = [word for word in (each.strip(_EDGES) for each in text.split()) if word]
    if kind is Kind.NAME:
        return _name(text)
    if kind is Kind.TEXT:
        return " ".join(text.split())
    if kind is Kind.DECISION:
        return _decision(template, text)
    if kind is Kind.DATE:
        return _date(words)
    if kind is Kind.NUMBER and (text.strip() in template.nothing or (words and words[0].lower() in template.nothing)):
        return NOTHING
    looks, signs = template.looks(field), template.misread_first.get(field, {})
    # A gap in a worn line breaks a number in two; together the parts have its form or are none.
    counts = range(1, 1 if kind is Kind.AMOUNT else _PARTS) if words else ()
    whole = (_fitting(looks, signs, "".join(words[: count + 1])) for count in counts)
    if kind is Kind.AMOUNT and (text.strip() == ONE or any(word.isdigit() for word in words[1:2])):
        return "1" if text.strip() == ONE else ""  # "1 2" may be a twelve
    return _fitting(looks, signs, words[0] if words else "") or next(filter(None, whole), "")


def _fitting(looks: str, first_signs: dict[str, str], word: str) -> str:
    """The word if it has the form. A sign that can only be one other where it stands is taken for that: letters that OCR takes
    for a nought or a one among digits, and the first letter where the form has one only (``first_signs``)."""
    if re.fullmatch(looks, word):
        return word
    for letters in (1, 2, 0):
        mended = word[:letters].replace("$", "S") + word[letters:].translate(_DIGITS)
        if re.fullmatch(looks, mended):
            return mended
        for letter, signs in first_signs.items():
            if mended[:1] in signs and re.fullmatch(looks, letter + mended[1:]):
                return letter + mended[1:]
    return ""


def parse_days(text: str) -> tuple[str, str]:
    """The two days of "03/01/2026 - 03/31/2026"; two empty texts when it is anything else."""
    text = _with_noughts(re.sub(r"(?<=[\d/]) (?=[\d/])", "", text))
    found = re.fullmatch(rf"\W*({LOOKS[Kind.DATE]})\W+(?:to|through)?\W*({LOOKS[Kind.DATE]})\W*", " ".join(text.split()))
    days = (_date(found[1].split()), _date(found[2].split())) if found else ("", "")
    return days if all(days) else ("", "")


def _with_noughts(text: str) -> str:
    """A worn nought that begins a month is read as one bracket or two, or a bracket and a one. "(12/05/2026" is left: its
    bracket may be one."""
    return re.sub(r"(?<!\S)\((?:\)|1(?=[3-9]/))?(?=[1-9]/\d\d/\d{4})", "0", text)


def _date(words: list[str]) -> str:
    forms = [*(("".join(words[:count]), "%m/%d/%Y") for count in range(1, _PARTS + 1)), (" ".join(words[:3]), "%B %d %Y")]
    for text, form in forms:
        text = text.replace(",", "")
        # Two-digit days and months where slashes stand: "1/12/2026" may have lost a digit.
        if "/" in form and not re.fullmatch(r"\d{2}/\d{2}/\d{4}", text):
            continue
        try:
            day = datetime.strptime(text, form).date()  # noqa: DTZ007  (a calendar day)
        except ValueError:
            continue
        if date(1900, 1, 1) <= day <= date(2100, 1, 1):
            return day.isoformat()
    return ""


def _name(text: str) -> str:
    return " ".join(sorted(plain(re.sub(r"[^A-Za-z' -]", " ", text))))


def _decision(template: Template, text: str) -> str:
    """The status whose words the text begins with; the longest that fits."""
    said = plain(text)
    fits = [
        (len(words), says.status.value)
        for says in template.decisions
        for words in map(plain, says.words)
        if said[: len(words)] == words
    ]
    return max(fits, default=(0, ""))[1]


def letters_of(text: str) -> str:
    """A text by which two readings of a sentence are compared: letters and digits only."""
    return re.sub(r"[^a-z0-9]", "", text.lower())
