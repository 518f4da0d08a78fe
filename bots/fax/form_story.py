"""A form's layout and a request's facts, as what platypus draws."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bots.fax.form_layout import COLUMNS, Field, Form, Section, holds, other_answers
from bots.fax.form_values import Facts, line_value, value_of
from bots.fax.typesetting import Styles, escaped, tick_boxes

_LONG = 160
"""From so many characters a text stands below its section over the whole width, where it can flow on to the next page."""
_GRID = 0.75


def form_story(form: Form, facts: Facts) -> list[Any]:
    """The form from a page of its own on."""
    from reportlab.platypus import NextPageTemplate, PageBreak, Paragraph, Spacer

    styles = Styles()
    story: list[Any] = [
        NextPageTemplate("first"),
        PageBreak(),
        NextPageTemplate("further"),
        Paragraph(escaped(form.title), styles.form_title),
        Spacer(1, 3),
        Paragraph(escaped(form.payer), styles.plain),
        Spacer(1, 3),
    ]
    if form.intro:
        story.append(Paragraph(escaped(form.intro), styles.note))
    for section in form.sections:
        story += _section(section, form, facts, styles)
    return story


def _section(section: Section, form: Form, facts: Facts, styles: Styles) -> Iterator[Any]:
    from reportlab.platypus import HRFlowable, KeepTogether, Paragraph, Spacer

    rows = list(_rows(section.fields, facts, styles))
    head = [
        Spacer(1, 8),
        Paragraph(escaped(section.title).upper(), styles.heading),
        HRFlowable(width="100%", thickness=1.6, color="black", spaceBefore=2, spaceAfter=0 if rows or section.lines else 2),
        *([Paragraph(escaped(section.note), styles.note), Spacer(1, 3)] if section.note else []),
    ]
    yield KeepTogether([*head, *rows[:1]])  # a heading never stands alone at the foot of a page
    yield from rows[1:]
    if section.lines:
        yield _lines(section, facts, styles)
    for field in section.fields:
        text = value_of(field.value, facts) if field.value else ""
        if _is_long(text):
            yield from _flowing(field.label, text, styles)
    left = other_answers(form, facts.request) if section.other_answers else {}
    if left:
        yield Spacer(1, 6)
        yield Paragraph("Answers given by the practice to review questions:", styles.column)
    for name, text in left.items():
        yield from _flowing(name.replace("_", " "), text, styles)


# --- fields ----------------------------------------------------------------------------------------------------------


def _rows(fields: tuple[Field, ...], facts: Facts, styles: Styles) -> Iterator[Any]:
    """Tables of one row each, so that a page can end between any two."""
    row: list[Field] = []
    for field in fields:
        if sum(each.width for each in row) + field.width > COLUMNS:
            yield _row(row, facts, styles)
            row = []
        row.append(field)
    if row:
        yield _row(row, facts, styles)


def _row(row: list[Field], facts: Facts, styles: Styles) -> Any:
    from reportlab.platypus import Table

    one = styles.width / COLUMNS
    widths = [field.width * one for field in row]
    if (rest := styles.width - sum(widths)) > 1:
        widths.append(rest)
    cells = [_cell(field, facts, styles) for field in row]
    table = Table([cells + [""] * (len(widths) - len(cells))], colWidths=widths)
    table.setStyle([*_TIGHT, ("BOX", (0, 0), (-1, -1), _GRID, "black"), ("INNERGRID", (0, 0), (-1, -1), _GRID, "black")])
    return table


def _cell(field: Field, facts: Facts, styles: Styles) -> list[Any]:
    from reportlab.platypus import Paragraph

    label = Paragraph(escaped(field.label), styles.label)
    if field.boxes:
        return [label, tick_boxes([(box.label, holds(box.when, facts)) for box in field.boxes])]
    text = value_of(field.value, facts)
    shown = "see below" if _is_long(text) else text
    return [label, Paragraph(escaped(shown) or "&nbsp;", styles.value)]


_TIGHT = [
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("LEFTPADDING", (0, 0), (-1, -1), 4),
    ("RIGHTPADDING", (0, 0), (-1, -1), 3),
    ("TOPPADDING", (0, 0), (-1, -1), 1),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
]


def _is_long(text: str) -> bool:
    return len(text) > _LONG or "\n" in text.strip()


def _flowing(label: str, text: str, styles: Styles) -> Iterator[Any]:
    from reportlab.platypus import Paragraph, Spacer

    yield Spacer(1, 4)
    first, *others = escaped(text).strip().split("\n")
    yield Paragraph(f"<b>{escaped(label)}:</b> {first}", styles.value)
    for part in others:
        yield Paragraph(part or "&nbsp;", styles.value)


# --- service lines ---------------------------------------------------------------------------------------------------


def _lines(section: Section, facts: Facts, styles: Styles) -> Any:
    from reportlab.platypus import LongTable, Paragraph

    head = [Paragraph(escaped(column.label), styles.column) for column in section.lines]
    rows = [
        [Paragraph(escaped(line_value(column.value, line, facts)) or "&nbsp;", styles.value) for column in section.lines]
        for line in facts.request.lines
    ]
    one = styles.width / COLUMNS
    table = LongTable([head, *rows], colWidths=[column.width * one for column in section.lines], repeatRows=1)
    table.setStyle([*_TIGHT, ("GRID", (0, 0), (-1, -1), _GRID, "black"), ("LINEBELOW", (0, 0), (-1, 0), 1.6, "black")])
    return table
