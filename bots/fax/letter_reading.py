"""From the pages of one letter to its fields, each with what speaks for it.

No value rests on one reading. The whole page is read first; then every value that was found is cut out of the page and read
twice more, each time prepared in another way, so that a digit which is misread once shows itself as a disagreement.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from bots.fax.inbound import DOTS
from bots.fax.letter_pages import Bundle, ReadPage
from bots.fax.letter_template import KINDS, LOOKS, Kind, Template, plain
from bots.fax.letter_text import Place, places_on, text_of
from bots.fax.letter_values import letters_of, parse_days, parse_value
from bots.fax.ocr import Sheet, Word, read_words
from bots.model import Frozen, Payer

if TYPE_CHECKING:
    from PIL.Image import Image


class Preparation(Frozen):
    """How a cut-out is made ready to be read: enlarged, softened, made black and white at ``threshold`` (0: left grey)."""

    enlarged: float
    softened: float
    threshold: int


PREPARATIONS = (
    Preparation(enlarged=2.2, softened=1.2, threshold=140),
    Preparation(enlarged=1.6, softened=0.7, threshold=0),
)
"""Of the second and the third reading. The first is that of the whole page (`bots.fax.letter_pages.SOFTENED`)."""

NEEDED = ("member_id", "member_name", "member_dob", "service_code", "decision", "decided_on", "first_day", "last_day")
"""Without these a letter is a person's."""
SURE = {"fine": 60.0, "standard": 90.0}
"""Confidence of each word of a value that stands in one place only, by resolution. Measured: ``docs/letters.md``."""


class PlaceRead(Frozen):
    """One place where a field stands: what each reading made of it ("" where one could make nothing of it), and the lowest
    confidence of all words in them, 0 to 100."""

    readings: tuple[str, ...]
    confidence: float
    is_clean: bool = True
    """Nothing foreign touches it: no stamp, streak, ruled line, bad line or edge of the page (`ReadPage.is_clean`)."""
    is_fine: bool = True
    """It came with 196 rows to the inch."""

    @property
    def is_sure(self) -> bool:
        return self.confidence >= SURE["fine" if self.is_fine else "standard"]


class FieldRead(Frozen):
    """One field, at every place of the letter where it stands."""

    field: str
    places: tuple[PlaceRead, ...]

    @property
    def votes(self) -> Counter[str]:
        """How many readings, over all places, say each value."""
        return Counter(reading for place in self.places for reading in place.readings if reading)

    @property
    def value(self) -> str:
        """The value that the letter most likely has; "" when no reading says one, or two values have the same support."""
        best = self.votes.most_common(2)
        return best[0][0] if best and (len(best) == 1 or best[0][1] > best[1][1]) else ""

    def confirms(self, known: str) -> bool:
        """Whether the letter says what is known already: two readings of one place do, and none says anything else twice."""
        others = max((count for value, count in self.votes.items() if value != known), default=0)
        return others < 2 and any(place.readings.count(known) >= 2 for place in self.places)

    def may_be(self, known: str) -> bool:
        """Whether a reading says so, and none of it says anything else twice: enough to show the letter with a request."""
        return self.votes[known] > 0 and max((count for value, count in self.votes.items() if value != known), default=0) < 2

    @property
    def is_agreed(self) -> bool:
        """Whether every reading of every place says the same."""
        return len(self.votes) == 1 and all(all(place.readings) for place in self.places)

    def is_certain(self, witness: FieldRead | None = None) -> bool:
        """Whether the value stands though the request knows nothing to compare it with.

        No reading of any place may say anything else. Then two clean places of the letter that say it in every reading are
        enough (``witness``: a field that tells the same in another place), or one clean place where every word's confidence is
        `SURE` or more.
        """
        places = self.places
        if witness is not None and witness.votes.keys() == self.votes.keys():
            places += witness.places
        times = 1 + len(PREPARATIONS)
        whole = [place for place in places if place.is_clean and len(place.readings) == times and all(place.readings)]
        alone = any(place.is_sure for place in whole if place in self.places)
        return len(self.votes) == 1 and (alone or len(whole) >= 2)


class LetterRead(Frozen):
    """One letter as it was read. ``pages`` count the fax's pages from 0; ``doubts`` are constant words."""

    payer: Payer | None
    pages: tuple[int, ...]
    fields: dict[str, FieldRead] = {}
    doubts: tuple[str, ...] = ()
    bar_codes: tuple[str, ...] = ()
    """Our own marks (`bots.fax.barcode`) on its pages: they came back with it."""
    said: str = ""
    """The payer's own words of the decision."""

    def value(self, field: str) -> str:
        return self.fields[field].value if field in self.fields else ""


def read_letter(bundle: Bundle) -> LetterRead:
    """Reads the fields of one letter. Raises `bots.fax.ocr.OcrFailed`."""
    pages = {page.number: page for page in bundle.pages}
    codes = tuple(sorted({code for page in bundle.pages for code in page.bar_codes}))
    template = bundle.template
    if template is None:
        return LetterRead(payer=None, pages=tuple(pages), doubts=("payer", *bundle.doubts), bar_codes=codes)
    places = [place for page in bundle.pages for place in places_on(template, page.lines, page.number)]
    again = _read_again(template, places, pages) if _is_whole(places) else []
    fields = {field: _field(field, places, again, pages) for field in KINDS if any(place.field == field for place in places)}
    return LetterRead(
        payer=template.payer,
        pages=tuple(pages),
        fields=fields,
        doubts=(*bundle.doubts, *_strangers(template, bundle.pages, fields)),
        bar_codes=codes,
        said=next((text_of(place.words) for place in places if place.field == "decision"), ""),
    )


def _is_whole(places: Sequence[Place]) -> bool:
    """Whether every field that a letter must have was found: otherwise it is a person's, whatever a second look may say."""
    return {place.field for place in places} >= set(NEEDED)


def _field(
    field: str, places: Sequence[Place], again: Sequence[Sequence[tuple[str, float]]], pages: Mapping[int, ReadPage]
) -> FieldRead:
    return FieldRead(
        field=field,
        places=tuple(
            PlaceRead(
                readings=(place.value, *(reading[at][0] for reading in again)),
                confidence=min([word.confidence for word in place.words] + [reading[at][1] for reading in again]),
                is_clean=pages[place.page].is_clean(place.words),
                is_fine=pages[place.page].is_fine,
            )
            for at, place in enumerate(places)
            if place.field == field
        ),
    )


def _strangers(template: Template, pages: Sequence[ReadPage], fields: Mapping[str, FieldRead]) -> tuple[str, ...]:
    """Whether the letter holds a second authorization number or service beside the one that was found."""
    words = [word.text.strip(".,:;|") for page in pages for line in page.lines for word in line]
    numbers = {word for word in words if re.fullmatch(template.looks("authorization_no"), word)}
    before = dict(zip(words[1:], words, strict=False))
    codes = {
        word for word in words
        if re.fullmatch(LOOKS[Kind.CODE], word) and not re.fullmatch(r"CT|MA", before.get(word, ""))
    }  # fmt: skip
    return tuple(
        doubt
        for doubt, found, field in (("second_number", numbers, "authorization_no"), ("second_service", codes, "service_code"))
        if found - {fields[field].value if field in fields else ""}
    )


# --- the second and the third look ---------------------------------------------------------------------------------


def _read_again(template: Template, places: Sequence[Place], pages: Mapping[int, ReadPage]) -> list[list[tuple[str, float]]]:
    """For each preparation, place by place, what this reading makes of it, and how sure Tesseract is (0: of nothing)."""
    strips: dict[tuple[int, tuple[Word, ...]], int] = {}
    for place in places:
        for words in _by_line(place.words):
            strips.setdefault((place.page, words), len(strips))
    made = [_sheet([_cut(pages[page], words, how) for page, words in strips], how) for how in PREPARATIONS]
    read = read_words([sheet for sheet, _ in made], layout=6)
    return [
        [_again(template, place, strips, _by_strip(words, spans)) for place in places]
        for words, (_, spans) in zip(read, made, strict=True)
    ]


def _again(
    template: Template, place: Place, strips: Mapping[tuple[int, tuple[Word, ...]], int], texts: Sequence[Sequence[Word]]
) -> tuple[str, float]:
    found = [word for words in _by_line(place.words) for word in texts[strips[place.page, words]]]
    return _value_again(template, place, found), min((word.confidence for word in found), default=0.0)


def _by_line(words: Sequence[Word]) -> list[tuple[Word, ...]]:
    """The words of a place line by line, in their order."""
    lines: list[list[Word]] = []
    for word in words:
        if lines and abs(word.middle - lines[-1][-1].middle) < 0.8 * max(word.height, 14) and word.left > lines[-1][-1].left:
            lines[-1].append(word)
        else:
            lines.append([word])
    return [tuple(line) for line in lines]


def _cut(page: ReadPage, words: Sequence[Word], preparation: Preparation) -> Image:
    """These words alone, with some room around them: a sign that the first reading left out shows itself here."""
    from PIL import Image as Pictures
    from PIL import ImageFilter

    top, bottom = min(word.top for word in words), max(word.bottom for word in words)
    high = max(bottom - top, 18)
    left, right = _room(page, words, top, bottom, high)
    box = left, max(0, round(top - 0.3 * high)), right, min(page.picture.height, round(bottom + 0.3 * high))
    cut = page.picture.crop(box)
    cut = cut.resize(
        (max(1, round(cut.width * preparation.enlarged)), max(1, round(cut.height * preparation.enlarged))),
        Pictures.Resampling.LANCZOS,
    )
    if preparation.softened:
        cut = cut.filter(ImageFilter.GaussianBlur(preparation.softened))
    threshold = preparation.threshold
    return cut.point(lambda value: 255 if value > threshold else 0) if threshold else cut


def _room(page: ReadPage, words: Sequence[Word], top: int, bottom: int, high: int) -> tuple[int, int]:
    """Left and right edge of the cut: up to 1.2 letters' height away, but not into the neighbours."""
    left, right = min(word.left for word in words), max(word.right for word in words)
    beside = [word for word in page.words if top < word.middle < bottom and re.search(r"\w", word.text)]
    before = max((word.right for word in beside if word.right <= left), default=left - 2 * high)
    after = min((word.left for word in beside if word.left >= right), default=right + 3 * high)
    return (
        max(0, round(max(left - 0.6 * high, (left + before) / 2))),
        min(page.picture.width, round(min(right + 1.2 * high, right + 0.6 * (after - right)))),
    )


def _sheet(pictures: Sequence[Image], preparation: Preparation) -> tuple[Sheet, list[tuple[int, int]]]:
    """All strips under one another, to be read at once; and the first and last row of each."""
    from PIL import Image as Pictures

    gap, margin = round(22 * preparation.enlarged), 30
    spans, at = [], gap
    for picture in pictures:
        spans.append((at, at + picture.height))
        at += picture.height + gap
    sheet = Pictures.new("L", (max(picture.width for picture in pictures) + 2 * margin, at + gap), 255)
    for picture, (top, _) in zip(pictures, spans, strict=True):
        sheet.paste(picture, (margin, top))
    return Sheet(picture=sheet, dots=round(DOTS * preparation.enlarged)), spans


def _by_strip(words: Sequence[Word], spans: Sequence[tuple[int, int]]) -> list[list[Word]]:
    """The words of each strip."""
    return [sorted((word for word in words if top <= word.middle <= bottom), key=lambda word: word.left) for top, bottom in spans]


def _value_again(template: Template, place: Place, words: Sequence[Word]) -> str:
    """The value of a place in another reading's words; "" when they make none."""
    text = text_of(words)
    kind = KINDS[place.field]
    if place.field in ("first_day", "last_day"):
        days = parse_days(text)
        if days[0]:
            return days[place.field == "last_day"]
    if kind is Kind.DECISION and plain(text) == plain(text_of(place.words)):
        return place.value
    if kind is Kind.TEXT:
        return place.value if letters_of(text) == letters_of(place.value) else text
    return parse_value(template, place.field, text)
