"""One page of a fax, made level and upright and read once; and which pages belong together as one letter."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bots.fax.barcode import read_marks
from bots.fax.clean import Span, is_crossed, without_strokes
from bots.fax.inbound import DOTS, FaxPage
from bots.fax.letter_template import Template, load_templates, plain
from bots.fax.letter_text import Line, lines_of, text_of
from bots.fax.ocr import Sheet, Word, read_words
from bots.fax.straighten import is_blank, skew_of, turned

if TYPE_CHECKING:
    from PIL.Image import Image

SOFTENED = 0.7
"""How much a page is softened before it is read: the steps of its dots are no part of a letter. Enlarging it does not help
(measured on nine letters at 98 rows: 578 of 618 words so, 573 and a third more time when enlarged by half)."""
_ONE_BLOCK = 6
"""Tesseract's page segmentation mode: a letter is one block; its columns are told apart by `bots.fax.letter_text`."""
_ENOUGH = 12
"""Good words that a page has which is read the right way up."""
_FINE = 150
"""Rows to the inch that are clearly more than a standard fax has (98)."""
_HEAD = 0.3
"""The part of a page where its letterhead stands."""


@dataclass(frozen=True)
class ReadPage:
    """``picture`` is level and upright; boxes of words are in its dots. ``number`` counts the fax's pages from 0; ``bar_codes``
    are our own marks (`bots.fax.barcode`) on it.
    ``bad_rows`` and ``bad_columns`` are where line and scanner lost dots, widened by what the page was turned; ``is_fine``: 196
    rows to the inch; ``ruled`` is the picture before its long strokes were taken out."""

    number: int
    picture: Image
    words: tuple[Word, ...]
    bar_codes: tuple[str, ...]
    ruled: Image | None = None
    bad_rows: tuple[Span, ...] = ()
    bad_columns: tuple[Span, ...] = ()
    is_fine: bool = True
    is_blank: bool = False

    @property
    def lines(self) -> tuple[Line, ...]:
        return lines_of(self.words)

    def is_clean(self, words: Iterable[Word]) -> bool:
        """Whether these words stand alone: no ink runs out of their boxes, and nothing was lost in them."""
        return all(self._is_alone(word) for word in words)

    def _is_alone(self, word: Word) -> bool:
        lost = _meet(self.bad_rows, word.top, word.bottom) or _meet(self.bad_columns, word.left, word.right)
        return not lost and self.ruled is not None and not is_crossed(self.ruled, (word.left, word.top, word.right, word.bottom))


def read_pages(pages: Sequence[FaxPage]) -> tuple[ReadPage, ...]:
    """Bar codes first, then the words; pages that make no sense are turned upside down and read again.

    Raises `bots.fax.ocr.OcrMissing`, `bots.fax.ocr.OcrFailed`.
    """
    level = [_levelled(number, page) for number, page in enumerate(pages)]
    read = _with_words(level, [page.number for page in level if not page.is_blank])
    doubtful = [page.number for page in read if not page.is_blank and good_words(page.words) < _ENOUGH]
    other = _with_words([_upside_down(page) if page.number in doubtful else page for page in read], doubtful)
    return tuple(max(pair, key=lambda page: good_words(page.words)) for pair in zip(read, other, strict=True))


def _levelled(number: int, page: FaxPage) -> ReadPage:
    """The page made ready to be read."""
    codes = tuple(sorted(mark.text for mark in read_marks(page.picture)))
    if is_blank(page.picture):
        return ReadPage(number=number, picture=page.picture, words=(), bar_codes=codes, is_blank=True)
    degrees = skew_of(page.picture)
    ruled = turned(page.picture, degrees)
    return ReadPage(
        number=number,
        picture=without_strokes(ruled),
        words=(),
        bar_codes=codes,
        ruled=ruled,
        bad_rows=_widened(page.bad_rows, degrees, ruled.width),
        bad_columns=_widened(page.bad_columns, degrees, ruled.height),
        is_fine=page.rows_per_inch >= _FINE,
    )


def _upside_down(page: ReadPage) -> ReadPage:
    return replace(
        page,
        picture=page.picture.rotate(180),
        ruled=page.ruled.rotate(180) if page.ruled else None,
        bad_rows=_mirrored(page.bad_rows, page.picture.height),
        bad_columns=_mirrored(page.bad_columns, page.picture.width),
    )


def _widened(spans: Iterable[Span], degrees: float, length: int) -> tuple[Span, ...]:
    more = math.ceil(math.tan(math.radians(abs(degrees))) * length / 2) + 1
    return tuple((first - more, last + more) for first, last in spans)


def _mirrored(spans: Iterable[Span], length: int) -> tuple[Span, ...]:
    return tuple((length - last, length - first) for first, last in spans)


def _meet(spans: Iterable[Span], first: int, last: int) -> bool:
    return any(begin <= last and first <= end for begin, end in spans)


def _with_words(pages: Sequence[ReadPage], wanted: Sequence[int]) -> list[ReadPage]:
    """The pages, those of the ``wanted`` numbers with the words on them."""
    from PIL import ImageFilter

    soft = ImageFilter.GaussianBlur(SOFTENED)
    found = read_words([Sheet(picture=pages[number].picture.filter(soft), dots=DOTS) for number in wanted], layout=_ONE_BLOCK)
    words = dict(zip(wanted, found, strict=True))
    return [replace(page, words=words[page.number]) if page.number in words else page for page in pages]


def good_words(words: Iterable[Word]) -> int:
    """How many words look like words: upside down, there are next to none."""
    return sum(word.confidence >= 75 and bool(re.fullmatch(r"[A-Za-z]{3,}[.:,]?", word.text)) for word in words)


@dataclass
class Bundle:
    """Pages that make one letter. ``doubts`` are constant words: why they may not belong together."""

    template: Template | None
    pages: list[ReadPage] = field(default_factory=list)
    last: int = 0
    of: int = 0
    doubts: list[str] = field(default_factory=list)


def split_letters(pages: Sequence[ReadPage]) -> tuple[Bundle, ...]:
    """The letters of one fax, by their letterheads and "page 1 of n". Blank pages and fax covers belong to none."""
    bundles: list[Bundle] = []
    for page in pages:
        if page.is_blank:
            continue
        template, place = template_of(page), page_of(page)
        if template is not None and is_cover(template, page):
            continue
        current = bundles[-1] if bundles else None
        if current is None or (place[0] == 1 if place else template is not None):
            bundles.append(Bundle(template=template, pages=[page], last=place[0] if place else 1, of=place[1] if place else 0))
            if place and place[0] != 1:
                bundles[-1].doubts.append("page_missing")
            continue
        current.pages.append(page)
        if place is None or place != (current.last + 1, current.of) or (template or current.template) is not current.template:
            current.doubts.append("page_of_another")
        current.last = place[0] if place else current.last + 1
    for bundle in bundles:
        if bundle.of and bundle.last != bundle.of:
            bundle.doubts.append("page_missing")
    return tuple(bundles)


def template_of(page: ReadPage) -> Template | None:
    """The payer whose letterhead stands on the upper part of the page; None when it is no payer's or of several."""
    upper = [line for line in page.lines if line[0].middle < page.picture.height * _HEAD]
    said = " ".join(part for line in upper for part in plain(text_of(line)))
    found = [each for each in load_templates() if any(" ".join(plain(head)) in said for head in each.letterhead)]
    return found[0] if len(found) == 1 else None


def page_of(page: ReadPage) -> tuple[int, int] | None:
    """ "Page 2 of 3" as (2, 3)."""
    for line in page.lines:
        found = re.search(r"\bpage (\d{1,2}) of (\d{1,2})\b", text_of(line), re.IGNORECASE)
        if found:
            return int(found[1]), int(found[2])
    return None


def is_cover(template: Template, page: ReadPage) -> bool:
    said = " ".join(part for line in page.lines for part in plain(text_of(line)))
    return any(" ".join(plain(words)) in said for words in template.covers)
