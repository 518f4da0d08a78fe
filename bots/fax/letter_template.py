"""How each payer's decision letters look, as data: ``bots/fax/letters/<payer>.yaml``, checked when it is read."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from enum import StrEnum
from functools import cache, cached_property
from itertools import combinations
from pathlib import Path

import msgspec
import yaml

from bots.model import Frozen, Payer, Status

FOLDER = Path(__file__).with_name("letters")


class Kind(StrEnum):
    """What a field's value looks like."""

    NUMBER = "number"
    """Of the payer's own form (`Template.formats`)."""
    CODE = "code"
    DATE = "date"
    AMOUNT = "amount"
    NAME = "name"
    DECISION = "decision"
    TEXT = "text"


KINDS: dict[str, Kind] = {
    "member_id": Kind.NUMBER,
    "reference_no": Kind.NUMBER,
    "authorization_no": Kind.NUMBER,
    "service_code": Kind.CODE,
    "member_name": Kind.NAME,
    "member_dob": Kind.DATE,
    "decided_on": Kind.DATE,
    "letter_date": Kind.DATE,
    "first_day": Kind.DATE,
    "last_day": Kind.DATE,
    "units_requested": Kind.AMOUNT,
    "units_approved": Kind.AMOUNT,
    "units_denied": Kind.AMOUNT,
    "decision": Kind.DECISION,
    "reason": Kind.TEXT,
}
"""Every field of a letter. ``first_day`` and ``last_day``: of the service or of its authorization, as the letter names them."""
LOOKS = {
    Kind.CODE: r"(?:\d{4}[0-9A-Z]|[A-V]\d{4})",  # CPT, HCPCS: portals.md section 9
    Kind.DATE: r"(?:\d{1,2}/\d{1,2}/\d{4}|[A-Z][a-z]+ \d{1,2},? \d{4})",
    Kind.AMOUNT: r"\d{1,4}",
}
NUMBERS = frozenset(field for field, kind in KINDS.items() if kind is Kind.NUMBER)
WITH_DIGITS = frozenset(field for field, kind in KINDS.items() if kind in {Kind.NUMBER, *LOOKS})
DAYS = "days"
"""The label of both days together; `OTHER`: of a value that is not read, but ends the one before."""
OTHER = "other"

_LONG, _ALIKE, _WORD_ALIKE = 6, 0.75, 0.55
"""Signs of a label that may be misread in part, and the share of it and of each of its words that must not be. No two labels of a
payer are as like each other."""
_WORD = r"[^\s]+"
"""A value in a sentence: whether it looks as it must is seen when it is parsed."""


class Says(Frozen):
    """How a payer says one decision: ``sentences`` anywhere in the letter, ``words`` behind the label of the decision."""

    status: Status
    sentences: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


class Template(Frozen, dict=True):
    """One payer's letters. Words are compared without case and punctuation."""

    payer: Payer
    letterhead: tuple[str, ...]
    formats: dict[str, str]
    labels: dict[str, tuple[str, ...]]
    sentences: tuple[str, ...] = ()
    """Patterns over the running text; ``{field}`` stands for that field's value."""
    decisions: tuple[Says, ...]
    misread_first: dict[str, dict[str, str]] = {}
    """Of fields whose form begins with one certain letter: that letter, and the signs that OCR takes it for."""
    nothing: tuple[str, ...] = ()
    """What stands in a field that has no value."""
    covers: tuple[str, ...] = ()
    """What a page says that is only the fax's cover."""

    def looks(self, field: str) -> str:
        """A pattern of that field's value."""
        kind = KINDS[field]
        return f"(?:{self.formats[field]})" if kind is Kind.NUMBER else LOOKS[kind]

    @cached_property
    def patterns(self) -> tuple[re.Pattern[str], ...]:
        """`sentences`, ready to search."""
        names = {field: rf"(?P<{field}>{LOOKS[Kind.DATE] if kind is Kind.DATE else _WORD})" for field, kind in KINDS.items()}
        return tuple(re.compile(sentence.format_map(names), re.IGNORECASE) for sentence in self.sentences)

    @cached_property
    def all_labels(self) -> tuple[tuple[tuple[str, ...], str], ...]:
        """Each label as plain words with the field it belongs to, long ones first."""
        found = [(plain(label), field) for field, labels in self.labels.items() for label in labels]
        return tuple(sorted(found, key=lambda each: -len(each[0])))


def plain(text: str) -> tuple[str, ...]:
    """The words of a text without case and punctuation."""
    return tuple(filter(None, (re.sub(r"[^a-z0-9#]", "", word.lower()) for word in text.split())))


def likeness(found: tuple[str, ...], known: tuple[str, ...]) -> float:
    """1 where a label's words stand to the letter; less where signs of a long one are misread, as where a standard fax has lost
    level strokes (SERVTCR DATRS); 0 where it is too unlike."""
    if found == known:
        return 1.0
    if len(found) != len(known) or len(" ".join(known)) < _LONG:
        return 0.0
    alike = _alike(" ".join(found), " ".join(known), _ALIKE)
    return alike if all(_alike(one, other, _WORD_ALIKE) for one, other in zip(found, known, strict=True)) else 0.0


def _alike(one: str, other: str, least: float) -> float:
    """The share of signs that both have in the same order; 0 below ``least``."""
    match = SequenceMatcher(None, one, other, autojunk=False)
    if match.real_quick_ratio() < least or match.quick_ratio() < least:
        return 0.0
    return share if (share := match.ratio()) >= least else 0.0


@cache
def load_templates(folder: Path = FOLDER) -> tuple[Template, ...]:
    """Every payer's template. Raises ``ValueError`` that names the file when one is wrong: it is part of the product."""
    return tuple(_load(path) for path in sorted(folder.glob("*.yaml")))


def _load(path: Path) -> Template:
    try:
        template = msgspec.convert(yaml.safe_load(path.read_text(encoding="utf-8")), Template)
        _check(template)
    except (msgspec.ValidationError, yaml.YAMLError, re.error, KeyError) as error:
        raise ValueError(f"{path.name}: {error}") from error
    return template


def _check(template: Template) -> None:
    unknown = set(template.labels) - set(KINDS) - {DAYS, OTHER}
    if unknown or set(NUMBERS) != set(template.formats):
        raise msgspec.ValidationError(f"labels {sorted(unknown)} are of no field, or a number has no format")
    for shape in template.formats.values():
        re.compile(shape)
    for (one, of_one), (other, of_other) in combinations(template.all_labels, 2):
        if of_one != of_other and likeness(one, other):
            raise msgspec.ValidationError(f"labels {one} and {other} are too like each other")
    if not template.patterns and template.sentences:
        raise msgspec.ValidationError("a sentence is no pattern")
