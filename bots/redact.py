"""A captured page without its health information: what is not known to belong to the portal itself is replaced by its like.

An allow-list: a text stays as it is only where the selector file says it whole (a label, a header, a word of the portal), and in
labels, headers, buttons and headings also where all of its words are words of the selector file or of `FURNITURE`. Everything
else, in texts and in attributes, becomes other letters and digits of the same shape; the same text becomes the same, so that a
page keeps its sense. Scripts, comments, handlers and hidden values go. The key of the replacement is thrown away.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Iterator
from html import escape
from html.parser import HTMLParser

from bots.pagemap import Candidate, PortalMap


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


FURNITURE = _words(
    """
    a about account actions add additional address admission all an and answer any apply appointment are assessment attach
    attachment attachments authorization authorizations back begin begins birth by cancel care case cases certification
    change choose city clear clinical close code codes comments complete completed contact continue coverage create
    created date day days decision delete description detail details determination diagnosis discard document documents
    download draft edit eligibility end enter entered export extension facility fax file files finish first for form from
    gender go group help history home hours id in information initial is items last letter letters level line lines list
    log login logout look lookup meaning medical member message messages middle modifier modifiers my name new next no
    none not note notes npi number of off on only open optional option options or order other out page password patient
    phone place plan previous print priority procedure procedures provider providers quantity reason received reference
    remove request requested requester requesting requests required reset result results return review sample save search
    section see select selected send service services servicing sex show sign signed site size specialty start state
    status step street submit submitted summary supporting system telephone terms time title to total type unit units up
    upload urgency us use used user username valid view visits welcome with yes you your zip
    """
)
"""Words that portals label their parts with. No word here is a name that people bear."""
_FURNITURE_TAGS = frozenset(
    {"label", "th", "button", "legend", "h1", "h2", "h3", "h4", "h5", "h6", "caption", "option", "a", "summary"}
)
_DROPPED = frozenset({"script", "noscript", "template", "object", "embed", "svg", "base"})
_VOID = _words("area base br col embed hr img input link meta source track wbr")
_PLAIN = _words(
    """
    type role rows cols size maxlength colspan rowspan checked disabled readonly selected multiple required hidden open
    tabindex autocomplete method target rel media charset lang dir align valign width height border cellpadding
    cellspacing aria-expanded aria-disabled aria-checked aria-selected aria-haspopup aria-autocomplete aria-required
    aria-hidden aria-modal aria-multiselectable wrap enctype
    """
)
"""Attributes that hold no text of anybody; their values stay when they are one plain word."""
_NAMES = _words("id class name for headers form list aria-labelledby aria-describedby aria-controls aria-owns data-testid")
_SAID = _words("title alt placeholder aria-label summary label")
_ADDRESSES = _words("href src action formaction")
_WORD = re.compile(r"[^\W\d_]+")
_PIECE = re.compile(r"[^\W\d_]|\d")
_PLAIN_VALUE = re.compile(
    r"[a-zA-Z/%*+\-]{0,40}|\d{1,4}(?:%|px)?|multipart/form-data|application/x-www-form-urlencoded", re.ASCII
)
_KEPT_STYLE = re.compile(r"(?:(?:display|visibility)\s*:\s*[a-z-]+\s*;?\s*)*", re.ASCII)


def synthetic(html: str, portal_map: PortalMap) -> str:
    """The page's HTML with all that is not the portal's own replaced. Never raises for any HTML."""
    return _rewritten(html, _Replacing(portal_map))


def _rewritten(html: str, replacing: _Replacing) -> str:
    page = _Page(replacing)
    page.feed(html)
    page.close()
    return "".join(page.out)


class _Replacing:
    """What stays, and what takes the place of the rest."""

    def __init__(self, portal_map: PortalMap) -> None:
        self._key = secrets.token_bytes(32)
        said = [_fold(text) for text in _texts(portal_map)]
        bare = [text.rstrip("*: ") for text in said]
        self.whole = {*said, *bare, *(text + ":" for text in bare)}
        self.words = FURNITURE | {word.lower() for text in said for word in _WORD.findall(text)}
        self.tokens = {token for text in said for token in text.split()}
        self.names = set(_css_names(portal_map))

    def text(self, text: str, *, furniture: bool) -> str:
        folded = _fold(text)
        if not folded or folded in self.whole:
            return text
        if not furniture:
            return self.like(text)
        return re.sub(r"\S+", lambda match: self._label_word(match[0]), text)

    def _label_word(self, word: str) -> str:
        known = all(part.lower() in self.words for part in _WORD.findall(word)) and not re.search(r"\d\d", word)
        return word if known or word in self.tokens else self.like(word)

    def name(self, value: str) -> str:
        """Names that the page's own code uses: those of the selector file stay, of others only the shape."""
        return re.sub(r"\S+", lambda match: match[0] if match[0] in self.names else self._code_name(match[0]), value)

    def _code_name(self, name: str) -> str:
        for known in self.names:  # a file may look for how an id begins or ends
            if len(known) > 4 and name.startswith(known):
                return known + self.like(name.removeprefix(known))
            if len(known) > 4 and name.endswith(known):
                return self.like(name.removesuffix(known)) + known
        return self.like(name)

    def like(self, text: str) -> str:
        """Other letters and digits of the same shape, the same for the same text."""
        digest = hmac.digest(self._key, _fold(text).encode(), "sha256") if text else b""
        places = iter(range(len(text)))

        def other(match: re.Match[str]) -> str:
            place = next(places)
            number = digest[place % 32] + 31 * (place // 32)
            if match[0].isdigit():
                return "0123456789"[number % 10]
            letter = "bcdfghjklmnpqrstvwxz"[number % 20]
            return letter.upper() if match[0].isupper() else letter

        return _PIECE.sub(other, text)

    def address(self, value: str) -> str:
        """Only the shape of an address: its path without numbers, the names of its parameters, none of their values."""
        if value.startswith(("javascript:", "data:", "#")):
            return "#"
        path, _, query = value.partition("#")[0].partition("?")
        kept = "/".join(
            part if re.fullmatch(r"[A-Za-z]{2,30}(?:\.[a-z]{2,5})?", part) and self._is_code(part) else self.like(part)
            for part in path.split("/")
        )
        parameters = [self.like(part.partition("=")[0]) + "=" for part in query.split("&") if part]
        return kept + ("?" + "&".join(parameters) if parameters else "")

    def _is_code(self, part: str) -> bool:
        words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+", part.partition(".")[0])
        return all(word.lower() in self.words for word in words)


class _Page(HTMLParser):
    """Copies a page, replacing on the way."""

    def __init__(self, replacing: _Replacing) -> None:
        super().__init__(convert_charrefs=True)
        self.out: list[str] = []
        self._replacing = replacing
        self._open: list[str] = []
        self._dropped = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _DROPPED:
            self._dropped += tag not in _VOID
        if self._dropped or tag in _DROPPED:
            return
        if tag not in _VOID:
            self._open.append(tag)
        given = {name: value or "" for name, value in attrs}
        kept = ((name, self._attribute(tag, given, name, value)) for name, value in given.items())
        self.out.append(f"<{tag}" + "".join(f' {name}="{escape(value)}"' for name, value in kept if value is not None) + ">")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in _DROPPED:
            self._dropped = max(0, self._dropped - 1)
        elif not self._dropped and tag in self._open:
            while self._open.pop() != tag:
                pass
            self.out.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if self._dropped:
            return
        if self._open and self._open[-1] == "style":
            self.out.append(_only_visibility(data))
            return
        furniture = any(tag in _FURNITURE_TAGS for tag in self._open[-3:])
        self.out.append(escape(self._replacing.text(data, furniture=furniture), quote=False))

    def handle_decl(self, decl: str) -> None:
        self.out.append("<!doctype html>")

    def _attribute(self, tag: str, attrs: dict[str, str], name: str, value: str) -> str | None:
        replacing = self._replacing
        if name in _NAMES:
            return replacing.name(value)
        if name in _PLAIN:
            return value if _PLAIN_VALUE.fullmatch(value) else ""
        if name in _SAID:
            return replacing.text(value, furniture=True)
        if name in _ADDRESSES:
            return replacing.address(value)
        if name == "srcdoc":
            return _rewritten(value, replacing)
        if name == "style":
            return value if _KEPT_STYLE.fullmatch(value) else ""
        if name == "value":
            return self._value(tag, attrs, value)
        return value if name.startswith("data-") and value in replacing.names else None

    def _value(self, tag: str, attrs: dict[str, str], value: str) -> str:
        kind = attrs.get("type", "").lower()
        if tag == "input" and kind == "hidden":
            return ""
        button = tag == "input" and kind in ("submit", "button", "reset")
        return self._replacing.text(value, furniture=button)


def _only_visibility(css: str) -> str:
    """Style sheets inside a page decide what is seen; comments and texts in them go."""
    bare = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    return re.sub(r"url\([^)]*\)|\"[^\"]*\"|'[^']*'", '""', bare).replace("<", "")


def _fold(text: str) -> str:
    return " ".join(text.split())


def _texts(portal_map: PortalMap) -> Iterator[str]:
    """Everything that the selector file says a portal shows."""
    for _, _, find in (*portal_map.finds(), *portal_map.further_finds()):
        for candidate in find:
            yield from (
                text
                for text in (candidate.name, candidate.label, candidate.beside, candidate.row, candidate.column, candidate.text)
                if text
            )
            yield from re.findall(r"[A-Za-z][A-Za-z0-9 ]{3,}", candidate.pattern)
    yield from portal_map.words.status
    yield from portal_map.words.eligibility
    for page in portal_map.pages.values():
        for table in page.tables.values():
            yield from table.headers
        worded = [part.words for part in page.fields.values()]
        worded += [part.words for part in (*page.reads.values(), *page.read_back.values())]
        for word in (word for words in worded for word in words.values()):
            yield from (word, *word.split(" / "))


def _css_names(portal_map: PortalMap) -> Iterator[str]:
    """Ids, classes and attribute values that the file's CSS names."""
    for _, _, find in (*portal_map.finds(), *portal_map.further_finds()):
        for candidate in find:
            yield from _names_in(candidate)


def _names_in(candidate: Candidate) -> Iterator[str]:
    yield from filter(None, [candidate.test_id])
    yield from re.findall(r"[#.]([\w-]+)", candidate.css)
    yield from re.findall(r"=\s*[\"']?([\w$:.-]+)", candidate.css)
