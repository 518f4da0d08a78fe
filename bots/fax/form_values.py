"""What a request, the practice and the desk say, by the names that a form's layout uses. Text only, as people write it.

Nothing is made up: what is not carried is "", and an unknown yes or no is "" too. ``answers.NAME`` is what the practice wrote
into its column ``answers``; on a line of the table ``line.answers.NAME`` is the answer ``NAME.CODE``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from enum import StrEnum

from bots.model import AuthRequest, Frozen, Known, ServiceLine

ANSWERS = "answers."
LINE = "line."


class Sender(Frozen):
    """The practice, as cover sheets and forms name it."""

    name: str = ""
    address: str = ""
    tax_id: str = ""
    contact_name: str = ""
    phone: str = ""
    fax: str = ""


class Addressee(Frozen):
    """The desk that gets the fax. ``number`` as the payer's directory has it now."""

    desk: str
    number: str
    payer: str = ""
    """The payer's name as people say it."""


class Facts(Frozen):
    """All that a form may be filled from. ``today`` is the practice's own day; ``document_pages`` those of the documents."""

    request: AuthRequest
    sender: Sender
    to: Addressee
    today: date
    reference: str
    documents: int = 0
    document_pages: int = 0


def day_text(day: date | None) -> str:
    return f"{day:%m/%d/%Y}" if day else ""


def _known(value: Known) -> str:
    return "" if value is Known.UNKNOWN else value.value


def _name(last: str, first: str) -> str:
    return ", ".join(filter(None, [last, first]))


def _plural(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"


def _documents(facts: Facts) -> str:
    if not facts.documents:
        return ""
    return f"{_plural(facts.documents, 'document')}, {_plural(facts.document_pages, 'page')}, attached"


def _drug(part: str) -> Callable[[Facts], str]:
    return lambda facts: getattr(facts.request.drug, part) if facts.request.drug else ""


def _contact(part: str, of_practice: str) -> Callable[[Facts], str]:
    """Of the request, else of the practice."""
    return lambda facts: getattr(facts.request.contact, part) or getattr(facts.sender, of_practice)


VALUES: Mapping[str, Callable[[Facts], str]] = {
    "today": lambda facts: day_text(facts.today),
    "reference": lambda facts: facts.reference,
    "documents": _documents,
    "desk.payer": lambda facts: facts.to.payer,
    "desk.name": lambda facts: facts.to.desk,
    "desk.number": lambda facts: facts.to.number,
    "practice.name": lambda facts: facts.sender.name,
    "practice.address": lambda facts: facts.sender.address,
    "practice.tax_id": lambda facts: facts.sender.tax_id,
    "contact.name": _contact("name", "contact_name"),
    "contact.phone": _contact("phone", "phone"),
    "contact.fax": _contact("fax", "fax"),
    "member.name": lambda facts: _name(facts.request.member.last_name, facts.request.member.first_name),
    "member.id": lambda facts: facts.request.member.id,
    "member.dob": lambda facts: day_text(facts.request.member.dob),
    "requesting.name": lambda facts: facts.request.requesting.name,
    "requesting.npi": lambda facts: facts.request.requesting.npi,
    "servicing.name": lambda facts: facts.request.servicing.name,
    "servicing.npi": lambda facts: facts.request.servicing.npi,
    "facility.name": lambda facts: facts.request.facility.name,
    "facility.npi": lambda facts: facts.request.facility.npi,
    "diagnosis_codes": lambda facts: ", ".join(facts.request.diagnosis_codes),
    "codes": lambda facts: ", ".join(dict.fromkeys(facts.request.codes)),
    "from_date": lambda facts: day_text(facts.request.from_date),
    "to_date": lambda facts: day_text(facts.request.to_date),
    "admission_date": lambda facts: day_text(facts.request.admission_date),
    "place_of_service": lambda facts: facts.request.place_of_service,
    "drug.name": _drug("name"),
    "drug.strength": _drug("strength"),
    "drug.quantity": _drug("quantity"),
    "drug.days_supply": _drug("days_supply"),
    "attested_by": lambda facts: facts.request.attested_by,
    "notes": lambda facts: facts.request.notes,
}
"""Values of a field."""

WORDS: Mapping[str, Callable[[Facts], str]] = {
    "request_kind": lambda facts: facts.request.request_kind.value,
    "certification": lambda facts: facts.request.certification.value,
    "urgency": lambda facts: facts.request.urgency.value,
    "service_category": lambda facts: facts.request.service_category.value,
    "coverage": lambda facts: facts.request.coverage.value,
    "medicare_parts": lambda facts: facts.request.medicare_parts.value,
    "servicing_in_network": lambda facts: _known(facts.request.servicing_in_network),
    "place_of_service": lambda facts: facts.request.place_of_service,
    "attested": lambda facts: "yes" if facts.request.attested_by else "",
}
"""Words that decide which box is ticked."""

LINE_VALUES: Mapping[str, Callable[[ServiceLine], str]] = {
    "line.code": lambda line: line.service_code,
    "line.modifiers": lambda line: " ".join(line.modifiers),
    "line.units": lambda line: f"{line.units.normalize():f}",
    "line.unit_type": lambda line: line.unit_type.value,
    "line.from_date": lambda line: day_text(line.from_date),
    "line.to_date": lambda line: day_text(line.to_date),
}


class Where(StrEnum):
    FIELD = "field"
    BOX = "box"
    LINE = "line"


def is_value(name: str, where: Where) -> bool:
    """Whether a layout may use this name there."""
    if where is Where.LINE:
        return name in LINE_VALUES or (name.startswith(LINE + ANSWERS) and len(name) > len(LINE + ANSWERS))
    known = VALUES if where is Where.FIELD else WORDS
    return name in known or (name.startswith(ANSWERS) and len(name) > len(ANSWERS))


def value_of(name: str, facts: Facts) -> str:
    """The text of a field; "" when nothing is carried. Raises ``KeyError`` for a name that is none."""
    if name.startswith(ANSWERS):
        return facts.request.answers.get(name.removeprefix(ANSWERS), "")
    return VALUES[name](facts)


def word_of(name: str, facts: Facts) -> str:
    """The word by which boxes are ticked, in lower case; "" when nothing is carried."""
    if name.startswith(ANSWERS):
        return facts.request.answers.get(name.removeprefix(ANSWERS), "").strip().lower()
    return WORDS[name](facts)


def line_value(name: str, line: ServiceLine, facts: Facts) -> str:
    """The text of a cell. An answer is the line's own (``NAME.CODE``), else the one for all lines (``NAME``)."""
    if name.startswith(LINE + ANSWERS):
        answer = name.removeprefix(LINE + ANSWERS)
        given = facts.request.answers
        return given.get(f"{answer}.{line.service_code}", given.get(answer, ""))
    return LINE_VALUES[name](line)
