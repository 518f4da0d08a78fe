"""How a payer's form is drawn anew: its sections, labels and boxes, as data (``bots/fax/forms/<name>.yaml``).

A field takes its value by name from `bots.fax.form_values`. A layout decides nothing about a request: which form a request is
faxed on is a rule of its payer (``jobs/rules/<payer>.yaml``, section ``fax_forms``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from bots.fax.form_values import ANSWERS, LINE, Facts, Where, is_value, value_of, word_of
from bots.model import AuthRequest, Frozen

FORMS_FOLDER = Path(__file__).resolve().parent / "forms"
COLUMNS = 12
"""Columns into which a row of a form is divided."""

Words = dict[str, tuple[str, ...]]
"""Name of a word -> the words with which it holds; all names must hold."""
Text = Annotated[str, Meta(min_length=1)]


class FormError(ValueError):
    """A layout cannot be used; the message names file and place."""


class Box(Frozen):
    """A box that is ticked when every word holds."""

    label: Text
    when: Words


class Field(Frozen):
    """One field. Either ``value`` or ``boxes``. ``required``: the payer takes no form without it."""

    label: Text
    value: str = ""
    boxes: tuple[Box, ...] = ()
    width: Annotated[int, Meta(ge=2, le=COLUMNS)] = 4
    required: bool = False
    required_when: Words = {}


class Column(Frozen):
    """One column of the table of service lines. Every line must have what is ``required``."""

    label: Text
    value: Text
    width: Annotated[int, Meta(ge=1, le=COLUMNS)]
    required: bool = False


class Section(Frozen):
    """A block with a heading; drawn in this order: note, fields, lines, other answers."""

    title: Text
    note: str = ""
    """The form's own words to whoever reads it."""
    fields: tuple[Field, ...] = ()
    lines: tuple[Column, ...] = ()
    """A table with one row a service line."""
    other_answers: bool = False
    """Lists all answers of the request that no field of the form has taken."""


class Form(Frozen):
    name: str = ""
    """The file's name, as rules write it."""
    title: Text
    payer: Text
    """Whose form it is, as its head says."""
    source: Text
    """Where its fields are known from."""
    intro: str = ""
    sections: Annotated[tuple[Section, ...], Meta(min_length=1)]

    @property
    def fields(self) -> Iterator[Field]:
        for section in self.sections:
            yield from section.fields


class Gaps(Frozen):
    """What a request does not say of what the form asks: names of fields, no values."""

    required: tuple[str, ...] = ()
    """A person adds these before anything is sent."""
    optional: tuple[str, ...] = ()
    """These stay empty on the form."""


def form_names() -> frozenset[str]:
    """Every form that can be drawn."""
    return frozenset(path.stem for path in FORMS_FOLDER.glob("*.yaml"))


@lru_cache(maxsize=32)
def load_form(name: str) -> Form:
    """The checked layout of that name. Raises `FormError`."""
    import yaml

    path = FORMS_FOLDER / f"{name}.yaml"
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        raw = yaml.load(path.read_text("utf-8"), Loader=loader)
        form = msgspec.structs.replace(msgspec.convert(raw, Form, strict=True), name=name)
    except (OSError, yaml.YAMLError, msgspec.ValidationError) as error:
        raise FormError(f"{path.name}: {error}") from error
    if found := list(_problems(form)):
        raise FormError(f"{path.name}: " + "; ".join(found))
    return form


def holds(when: Mapping[str, tuple[str, ...]], facts: Facts) -> bool:
    """Whether every word is one of those named."""
    return all(word_of(name, facts) in words for name, words in when.items())


def find_gaps(form: Form, facts: Facts) -> Gaps:
    """What the form asks and the request does not say."""
    required: list[str] = []
    optional: list[str] = []
    for section in form.sections:
        for field in section.fields:
            if not _is_filled(field, facts):
                needed = field.required or (bool(field.required_when) and holds(field.required_when, facts))
                (required if needed else optional).append(f"{section.title}, {field.label}")
        for column in section.lines:
            if not all(_line_filled(column, facts)):
                (required if column.required else optional).append(f"{section.title}, {column.label}")
    return Gaps(required=tuple(required), optional=tuple(optional))


def other_answers(form: Form, request: AuthRequest) -> dict[str, str]:
    """The answers that no field, box or column of the form takes, in the request's order."""
    taken = set(_answers_of(form))
    left = {name: text for name, text in request.answers.items() if text and name not in taken}
    on_lines = tuple(name.removeprefix(LINE + ANSWERS) for name in _line_names(form) if name.startswith(LINE + ANSWERS))
    codes = set(request.codes)
    return {name: text for name, text in left.items() if not _on_a_line(name, on_lines, codes)}


def _on_a_line(name: str, on_lines: tuple[str, ...], codes: set[str]) -> bool:
    answer, _, code = name.rpartition(".")
    return name in on_lines or (answer in on_lines and code in codes)


def _is_filled(field: Field, facts: Facts) -> bool:
    if field.boxes:
        return any(holds(box.when, facts) for box in field.boxes)
    return bool(value_of(field.value, facts).strip())


def _line_filled(column: Column, facts: Facts) -> Iterator[bool]:
    from bots.fax.form_values import line_value

    return (bool(line_value(column.value, line, facts).strip()) for line in facts.request.lines)


def _answers_of(form: Form) -> Iterator[str]:
    for field in form.fields:
        names = [field.value, *(name for box in field.boxes for name in box.when)]
        yield from (name.removeprefix(ANSWERS) for name in names if name.startswith(ANSWERS))


def _line_names(form: Form) -> Iterator[str]:
    return (column.value for section in form.sections for column in section.lines)


def _problems(form: Form) -> Iterator[str]:
    for section in form.sections:
        for field in section.fields:
            yield from (f"{section.title}, {field.label}: {problem}" for problem in _field_problems(field))
        for column in section.lines:
            if not is_value(column.value, Where.LINE):
                yield f"{section.title}, {column.label}: unknown name {column.value!r}"
        if section.lines and sum(column.width for column in section.lines) != COLUMNS:
            yield f"{section.title}: the columns' widths must make {COLUMNS}"
    shown = [section.title for section in form.sections if section.other_answers]
    if len(shown) != 1:
        yield "exactly one section shows the other answers, so that none is left out"


def _field_problems(field: Field) -> Iterator[str]:
    if bool(field.value) == bool(field.boxes):
        yield "a field has either a value or boxes"
    if field.value and not is_value(field.value, Where.FIELD):
        yield f"unknown name {field.value!r}"
    for when in (field.required_when, *(box.when for box in field.boxes)):
        yield from (f"unknown name {name!r}" for name in when if not is_value(name, Where.BOX))
    if any(not box.when for box in field.boxes):
        yield "a box needs a condition"
