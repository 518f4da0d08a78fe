"""A page's words as lines, and where a payer's fields stand in them: right of their label, below it, or in a sentence. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median

from bots.fax.letter_template import DAYS, KINDS, OTHER, WITH_DIGITS, Kind, Template, likeness, plain
from bots.fax.letter_values import ONE, parse_days, parse_value
from bots.fax.ocr import Word
from bots.model import Frozen

Line = tuple[Word, ...]
"""Words side by side, from left to right."""
_LETTER_DATE_ABOVE = 8
"""The letter's date stands on one of so many lines."""
_MOST_LINES = 6
"""Lines that a reason may have."""
_DASHES = ("-", "–", "—")
_MOST_OF_DASH = 0.8
"""Heights of a word: a higher "dash" is what is left of a table's lines."""
_APART = 3.0
"""Heights of a capital letter from one of its lines to the next, at most."""
_LEADER = re.compile(r"[.,:;ecso…]*(?:eee|\.\.|…)[.,:;ecso…]*")
"""What a dotted leader looks like to an OCR; `_LEADERS_END`: what its ends may look like."""
_LEADERS_END = re.compile(r"[.,:;ecso…]{1,4}")


class Place(Frozen):
    """Where a field's value was found on one page: the words that make it up, and what they mean ("": unclear)."""

    field: str
    value: str
    page: int
    words: tuple[Word, ...]


def lines_of(words: Sequence[Word]) -> tuple[Line, ...]:
    """The page's lines from top to bottom; specks and ruled lines, which an OCR reads as odd signs, are left out."""
    known = [word for word in words if _is_written(word.text) or word.text == ONE]
    if not known:
        return ()
    usual = median([word.height for word in known if len(word.text) > 1] or [20])
    known = [word for word in known if word.height < (_MOST_OF_DASH if word.text in _DASHES else 4) * usual]
    known = [word for word in known if word.right - word.left > 2]
    lines: list[list[Word]] = []
    for word in sorted(known, key=lambda each: each.middle):
        near = lines[-1] if lines and word.middle - _middle(lines[-1]) < 0.55 * usual else None
        if near is None:
            lines.append([word])
        else:
            near.append(word)
    sorted_lines = (_without_leaders(_without_bars(sorted(line, key=lambda word: word.left), usual)) for line in lines)
    return tuple(line for line in sorted_lines if line)


def _without_bars(line: Sequence[Word], usual: float) -> Line:
    """A line without ruled strokes. One as high as a digit, a blank away from the words at both its sides, is a digit."""

    def is_digit(at: int) -> bool:
        gaps = [after.left - before.right for before, after in pairwise(line[max(at - 1, 0) : at + 2])]
        return len(gaps) == 2 and max(gaps) < 1.1 * usual and 0.6 * usual < line[at].height < 1.25 * usual

    return tuple(word for at, word in enumerate(line) if word.text != ONE or is_digit(at))


def _without_leaders(line: Sequence[Word]) -> Line:
    """A line without the dots that lead from a label to its value."""
    leading = [bool(_LEADER.fullmatch(word.text)) for word in line]
    if not any(leading):
        return tuple(line)
    for at in [*range(1, len(line)), *reversed(range(len(line) - 1))]:
        beside = leading[at - 1] if at else False
        after = leading[at + 1] if at + 1 < len(line) else False
        leading[at] = leading[at] or ((beside or after) and bool(_LEADERS_END.fullmatch(line[at].text)))
    return tuple(word for word, is_leader in zip(line, leading, strict=True) if not is_leader)


def _is_written(text: str) -> bool:
    """Whether it is more than specks, ruled lines or dotted leaders."""
    signs = len(re.findall(r"[A-Za-z0-9#]", text))
    return text in _DASHES or bool(_LEADER.fullmatch(text)) or (signs > 0 and signs >= 0.35 * len(text))


def _middle(line: Sequence[Word]) -> float:
    return sum(word.middle for word in line) / len(line)


def text_of(line: Sequence[Word]) -> str:
    return " ".join(word.text for word in line)


class _Label(Frozen):
    field: str
    line: int
    start: int
    end: int


def places_on(template: Template, lines: Sequence[Line], page: int) -> tuple[Place, ...]:
    """Every value on the page that stands by one of the payer's labels or in one of its sentences."""
    labels = [label for number, line in enumerate(lines) for label in _labels(template, line, number)]
    found = [place for label in labels for place in _by_label(template, lines, labels, label, page)]
    alone = [*_dates_alone(template, lines, page)]
    return (*found, *alone, *_in_sentences(template, lines, page), *_decisions_said(template, lines, page))


def _dates_alone(template: Template, lines: Sequence[Line], page: int) -> Iterator[Place]:
    """A day that has a line of its own, above everything else of the letter: the letter's date."""
    for line in lines[:_LETTER_DATE_ABOVE]:
        value = parse_value(template, "letter_date", text_of(line)) if len(line) <= 3 else ""
        if value:
            yield Place(field="letter_date", value=value, page=page, words=line)
            return


def _labels(template: Template, line: Line, number: int) -> Iterator[_Label]:
    """The labels on a line. A label begins a cell: nothing stands close before it, or it ends with a colon."""
    words = [plain(word.text) for word in line]
    at = 0
    while at < len(line):
        label = _label_at(template, words, at)
        end = at + len(label[0]) if label else at
        if label and not line[at].text[:1].islower() and (_begins_cell(line, at) or line[end - 1].text.endswith(":")):
            yield _Label(field=label[1], line=number, start=at, end=end)
            # "Decision: Approved": what follows is a value, though another label reads the same.
            at = len(line) if _is_decision(template, label[1], line[end:]) else end
        else:
            at += 1


def _label_at(template: Template, words: Sequence[tuple[str, ...]], at: int) -> tuple[tuple[str, ...], str] | None:
    """The label that stands here: the longest, then the one that it is most like ("Member" begins "Member ID" too)."""
    fits = [(_fit(words, at, label), label, field) for label, field in template.all_labels]
    _, label, field = max(fits, key=lambda each: (each[0] > 0, len(each[1]), each[0]))
    return (label, field) if _fit(words, at, label) else None


def _is_decision(template: Template, field: str, rest: Line) -> bool:
    """Whether the label is the decision's and all that follows on the line is the decision, though other labels read the same."""
    return KINDS.get(field) is Kind.DECISION and any(
        plain(text_of(rest)) == plain(words) for says in template.decisions for words in says.words
    )


def _fit(words: Sequence[tuple[str, ...]], at: int, label: tuple[str, ...]) -> float:
    """How well the label fits the words that stand here (`likeness`)."""
    return likeness(tuple(part for word in words[at : at + len(label)] for part in word), label)


def _begins_cell(line: Line, at: int) -> bool:
    return at == 0 or line[at].left - line[at - 1].right > 1.1 * max(line[at].height, line[at - 1].height, 18)


def _by_label(template: Template, lines: Sequence[Line], labels: Sequence[_Label], label: _Label, page: int) -> Iterator[Place]:
    if label.field == OTHER:
        return
    line = lines[label.line]
    after = next((each.start for each in labels if each.line == label.line and each.start >= label.end), len(line))
    if KINDS.get(label.field) is Kind.TEXT:
        yield from _text(lines, labels, label, page)
        return
    beside = [*_places(template, label.field, line[label.end : after], page)]
    yield from beside or _below(template, lines, label, after, page)


def _places(template: Template, field: str, words: Line, page: int) -> Iterator[Place]:
    """The value at the beginning of these words, with no more words than it needs."""
    words = _one_cell(tuple(word for word in words if word.text != ONE) or words)
    if field == DAYS:
        if _has_digit(words):
            for name, value in zip(("first_day", "last_day"), parse_days(text_of(words)), strict=True):
                yield Place(field=name, value=value, page=page, words=words)
        return
    counts = range(min(2, len(words)) if KINDS[field] is Kind.AMOUNT else 1, len(words) + 1)
    for count in reversed(counts) if KINDS[field] in (Kind.NAME, Kind.DECISION) else counts:
        value = parse_value(template, field, text_of(words[:count]))
        if value:
            yield Place(field=field, value=value, page=page, words=words[:1] if KINDS[field] is Kind.AMOUNT else words[:count])
            return
    if field in WITH_DIGITS and _has_digit(words[:2]):
        # It stands here, and this reading could not make it out, or has broken it in two; another one may.
        yield Place(field=field, value="", page=page, words=words[:2])


def _has_digit(words: Line) -> bool:
    return any(sign.isdigit() for sign in text_of(words))


def _one_cell(words: Line) -> Line:
    """The words up to the first wide gap; dotted leaders and lines are no words and leave none."""
    for at in range(1, len(words)):
        if words[at].left - words[at - 1].right > 2.2 * max(words[at].height, 18):
            return words[:at]
    return words


def _below(template: Template, lines: Sequence[Line], label: _Label, after: int, page: int) -> Iterator[Place]:
    """The value in the cell under a column's head."""
    head = lines[label.line]
    first, last = head[label.start], head[label.end - 1]
    high = max(first.height, 18)
    right = head[after].left - high * 0.3 if after < len(head) else 10**6
    for line in lines[label.line + 1 : label.line + 4]:
        if _middle(line) - last.middle > 4.2 * high:
            return
        cell = tuple(word for word in line if first.left - high <= word.left and (word.left + word.right) / 2 < right)
        if cell:
            yield from _places(template, label.field, cell, page)
            return


def _text(lines: Sequence[Line], labels: Sequence[_Label], label: _Label, page: int) -> Iterator[Place]:
    """The paragraph behind a label, or under it: up to the next label, a gap, or `_MOST_LINES`."""
    line = lines[label.line]
    words = [*line[label.end :]]
    before, high = _middle(line), max(line[label.start].height, 18)
    left = words[0].left if words else line[label.start].left
    starts = {each.line for each in labels if each.line > label.line}
    for number in range(label.line + 1, min(label.line + _MOST_LINES, len(lines))):
        here = lines[number]
        if number in starts or _middle(here) - before > _APART * high or abs(here[0].left - left) > 3 * high:
            break
        words.extend(here)
        before = _middle(here)
    if words:
        yield Place(field=label.field, value=text_of(words), page=page, words=tuple(words))


def _in_sentences(template: Template, lines: Sequence[Line], page: int) -> Iterator[Place]:
    words, text, starts = _running(lines)
    for pattern in template.patterns:
        for found in pattern.finditer(text):
            for field in found.groupdict():
                here = tuple(word for word, at in zip(words, starts, strict=True) if found.start(field) <= at < found.end(field))
                value = parse_value(template, field, found[field])
                if here and (value or field in WITH_DIGITS):
                    yield Place(field=field, value=value, page=page, words=here)


def _running(lines: Sequence[Line]) -> tuple[list[Word], str, list[int]]:
    """All words of the page, their text with one blank between them, and where each begins in it."""
    words = [word for line in lines for word in line]
    starts, at = [], 0
    for word in words:
        starts.append(at)
        at += len(word.text) + 1
    return words, " ".join(word.text for word in words), starts


def _decisions_said(template: Template, lines: Sequence[Line], page: int) -> Iterator[Place]:
    words = [word for line in lines for word in line if plain(word.text)]
    said = [plain(word.text)[0] for word in words]
    for says in template.decisions:
        for sentence in map(plain, says.sentences):
            for at in range(len(said) - len(sentence) + 1):
                if tuple(said[at : at + len(sentence)]) == sentence:
                    here = tuple(words[at : at + len(sentence)])
                    yield Place(field="decision", value=says.status.value, page=page, words=here)
