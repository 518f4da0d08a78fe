"""Loads and checks ``selectors/<slug>.yaml``: how a portal looks, as data.

The file is the only place that knows labels, ids, wording and formats. `load_pagemap` checks all of it before a browser
starts: unknown keys, names that point nowhere, patterns that do not compile and values that YAML turned into something else
(an unquoted ``No`` or date) are errors that name file and place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from bots.checkmap import CheckMap
from bots.model import Frozen, Status
from bots.pagemap_checks import problems_of
from bots.signin_map import SignInMap


class SelectorFileError(ValueError):
    """The selector file cannot be used; the message names file, place and mend."""


class Candidate(Frozen):
    """One way to find an element: exactly one of role, label, beside, row, text, test_id, address or css.

    ``role`` goes with ``name`` (exact) or ``pattern``. ``beside`` is the caption in a table or list: the element found is the one
    that stands right after it. ``text`` is exact unless ``pattern`` is given instead.
    """

    role: str = ""
    name: str = ""
    label: str = ""
    beside: str = ""
    text: str = ""
    pattern: str = ""
    test_id: str = ""
    css: str = ""
    row: str = ""
    column: str = ""
    """With ``row``: the cell under this header, in the row that has a cell with exactly the text ``row``."""
    place: str = ""
    """With ``beside``: ``"2/4"`` is the second where exactly four stand there."""
    address: str = ""
    """Pattern of the document's address: where we are, when the page itself is somebody else's. Finds all of it."""

    def describe(self) -> str:
        """For messages: how it was looked for, in the words of the selector file."""
        return ", ".join(f"{f} {getattr(self, f)!r}" for f in self.__struct_fields__ if getattr(self, f))

    def check(self) -> None:
        ways = [f for f in ("role", "label", "beside", "row", "text", "test_id", "address", "css") if getattr(self, f)]
        if len(ways) > 1 or not (ways or self.pattern):
            raise ValueError(f"a candidate needs exactly one way to look, this has {ways or 'none'}")
        if self.name and self.role == "":
            raise ValueError("name goes with role")
        if self.pattern and any((self.text, self.label, self.beside, self.row, self.test_id, self.address, self.name)):
            raise ValueError("a pattern stands alone, or with role or css")
        if bool(self.row) != bool(self.column):
            raise ValueError("row and column go together")
        if self.place and not (self.beside and re.fullmatch(r"[1-9]\d?/[1-9]\d?", self.place)):
            raise ValueError('a place goes with beside and looks like "2/4"')
        _check_pattern(self.pattern)
        _check_pattern(self.address)


def _check_pattern(pattern: str) -> None:
    """Candidates' patterns are read by the browser, which knows no groups that begin with ``(?i`` or ``(?P`` and no ``\\A``."""
    re.compile(pattern)
    if only_python := re.search(r"\(\?[a-zA-Z#(]|(?<!\\)(?:\\\\)*\\[AZ]", pattern):
        raise ValueError(f"the browser does not know {only_python[0]!r} in a pattern")


Find = tuple[Candidate, ...]


class FieldKind(StrEnum):
    TEXT = "text"
    TYPED = "typed"
    """Key by key: masked boxes and boxes that listen to keys."""
    SECRET = "secret"
    SELECT = "select"
    """``words`` maps our value to the option's text."""
    RADIO = "radio"
    """``words`` maps our value to the label of its button; the candidates find the group."""
    CHECK = "check"
    PICK = "pick"
    """A type-ahead: type, wait for the list, choose the one entry that starts with the value."""
    COMBO = "combo"
    """A box that opens a list of its own: press, choose the entry with exactly the text of ``words``."""
    TREE = "tree"
    """A tree of choices: ``words`` maps our value to ``Branch / Leaf``; branches are unfolded on the way."""
    SPLIT = "split"
    """One value over several boxes, as telephone numbers often are; the candidates find what holds the boxes."""


class FieldMap(Frozen):
    find: Find
    kind: FieldKind = FieldKind.TEXT
    words: dict[str, str] = {}
    options: Find = ()
    """PICK, COMBO: the entries of the open list."""
    none: Find = ()
    """PICK: what the list says when it has nothing."""
    full: Find = ()
    """PICK: what the list says when it shows only the first of many."""
    fills_itself: bool = False
    """PICK: a single hit is put into the box (or where ``shown`` shows it) without a list."""
    shown: Find = ()
    """TREE, PICK: where the page shows what was chosen, if that is not in the box."""
    busy: Find = ()
    """Files: what is shown while the portal looks at them; its end is waited for."""
    tells: tuple[str, ...] = ()
    """Files: outcomes of this page that may be told then."""
    longest: int = 0
    """How many characters the portal takes; a longer value is told before it is typed. 0: as many as one likes."""
    lengths: tuple[int, ...] = ()
    """SPLIT: how many letters and digits each box takes, in order."""
    by_keys: bool = False
    """SECRET: typed key by key, into a box that keeps nothing else."""
    leave: bool = False
    """TYPED: left with Tab once it is filled, because the page looks at it only then."""
    posts_back: bool = False
    """Leaving or choosing makes the page load itself anew; nothing else may be entered before that."""
    optional: bool = False
    """A question that the page shows and does not always ask: without an answer it is left alone, and the portal's own word
    decides (an outcome with the error ``answer_missing``)."""


_FURTHER = ("options", "none", "full", "shown", "busy")
"""The candidates that a field may have besides those that find it."""


class ActionMap(Frozen):
    find: Find
    leads_to: tuple[str, ...] = ()
    """Pages and outcomes that may come next; the first that is seen is the answer."""
    navigates: bool = True
    """The browser loads a new document (outcomes that are ``in_place`` may still come first)."""
    commit: str = ""
    """Pattern of the address of the one request that commits. Only the action that submits has it."""
    commit_unless: str = ""
    """Where other requests are sent to that same address: pattern of what those carry (a keep-alive). They go their own way."""
    asks_again: dict[str, str] = {}
    """Outcomes that the portal tells falsely at times -> the action that is rid of each; then this one is pressed once more."""
    opens: bool = False
    """Another window opens and the work goes on there; the window before it is closed."""
    closes: bool = False
    """The window closes itself; ``leads_to`` names only outcomes that may be told in it instead."""


class OutcomeMap(Frozen):
    """Something the portal says. ``error`` is a code of ``bots.errors``; without it the outcome is only told by name."""

    see: Find
    error: str = ""
    reason: str = ""
    """For people, in our words; goes into the error's sentence."""
    portal: str = ""
    """With the error ``redirected``: the slug of the portal to which the request is sent on."""
    in_place: bool = False
    """Shown without loading a new document."""
    passing: bool = False
    """Trouble of the moment (with the error ``portal_down``), no outage that the portal announces: worth another try."""


class DismissMap(Frozen):
    """A dialog that may lie over any page at any time and means nothing for the work (a session about to end, a survey)."""

    see: Find
    press: Find
    """What is rid of it. Never anything that says, sends or accepts something."""


class TableMap(Frozen):
    """A table. When no candidate finds one that has its headers, the page's only one that has them all (two or more) is it."""

    find: Find
    columns: dict[str, str]
    """Our name -> header text, exact after white space is folded. A missing header is a changed page."""
    words: dict[str, dict[str, str]] = {}
    """Column -> our value -> the portal's word for it there."""
    known_by: tuple[str, ...] = ()
    """Further headers, not read, by which the table is told from others when its candidates find nothing."""
    header_rows: int = 1
    """Rows above the data, for waiting until a row was added."""
    row_action: Find = ()
    """Inside a row: what is pressed to choose it."""
    next_page: Find = ()
    turns_in_place: bool = False
    """The next page of the list comes without a new document."""
    empty: Find = ()
    """What is shown instead of rows. Without it a table that is missing is a changed page, never 'no rows'."""

    def said(self, asked: Iterable[Mapping[str, str]]) -> list[dict[str, str]]:
        """Rows of our values as this table writes them."""
        return [{column: self.words.get(column, {}).get(value, value) for column, value in row.items()} for row in asked]

    @property
    def headers(self) -> tuple[str, ...]:
        return (*self.columns.values(), *self.known_by)


class ReadKind(StrEnum):
    TEXT = "text"
    DATE = "date"
    NUMBER = "number"
    CODE = "code"
    PHONE = "phone"
    NAME = "name"
    """A name of a provider or facility: every word that was asked must be shown, in any order."""


class ReadMap(Frozen):
    find: Find
    kind: ReadKind = ReadKind.TEXT
    pattern: str = ""
    """The text must match as a whole; the first group, if any, is the value."""
    optional: bool = False
    words: dict[str, str] = {}
    """Our value -> the portal's word for it."""


class PageMap(Frozen):
    path: str = ""
    """Below the base URL, with ``{name}`` for values; "" = reached only through other pages."""
    public: bool = False
    """Seen without signing in, on the way to an account."""
    is_here: Find
    late: tuple[str, ...] = ()
    """Outcomes of this page, and pages, that may open over it by themselves a while after it came."""
    fields: dict[str, FieldMap] = {}
    actions: dict[str, ActionMap] = {}
    outcomes: dict[str, OutcomeMap] = {}
    tables: dict[str, TableMap] = {}
    reads: dict[str, ReadMap] = {}
    read_back: dict[str, ReadMap] = {}

    def told_by(self, action: ActionMap) -> dict[str, Find]:
        """How the outcomes of this page are seen to which an action may lead."""
        return {name: self.outcomes[name].see for name in action.leads_to if name in self.outcomes}


class Formats(Frozen):
    date: str = "%m/%d/%Y"
    our_reference_length: int = 30
    one_day_cases: bool = False
    """A case that a list shows without an end is for its first day only."""
    time_zone: str = "America/New_York"
    """In which the portal reckons its days: in the evening there the day in UTC is the next one."""


class Words(Frozen):
    status: dict[str, Status] = {}
    eligibility: dict[str, str] = {}
    """The portal's word -> ``eligible`` or ``not_eligible``; a word that is not listed stops the request."""
    letter: dict[str, bool] = {}
    """The portal's word in the column ``state`` of a letter -> whether it can be opened; a word that is not listed cannot."""
    document: dict[str, bool] = {}
    """The portal's word in the column ``state`` of an uploaded document -> whether it was taken. A word not listed: no."""


class Timeouts(Frozen):
    """Seconds."""

    page: float = 30.0
    """Until an expected page or outcome is seen."""
    element: float = 5.0
    """Until a later candidate is tried, once the page is recognised."""
    commit: float = 90.0
    lookup: float = 10.0
    late: float = 2.5
    """In which what a page's ``late`` names opens over it by itself."""
    download: float = 20.0
    """Until a file that was asked for has come; then it is asked for once more."""


class SharesMap(Frozen):
    """What a file has in common with another one and says nothing of itself: two tools behind one sign-in."""

    file: str
    """Looked for beside the file, then among those that come with PriorBot."""
    parts: tuple[str, ...]
    """By their place: ``sign_in``, ``pages.login``, ``interruptions.maintenance``."""


class PortalMap(Frozen):
    portal: str
    version: str
    formats: Formats = Formats()
    words: Words = Words()
    timeouts: Timeouts = Timeouts()
    account: SignInMap | None = msgspec.field(default=None, name="sign_in")
    """How one signs in; None for a portal that is used without an account."""
    review_tabs: tuple[str, ...] = ()
    """Actions that show the further parts of the review page, in order; each leads to a page of its own."""
    interruptions: dict[str, OutcomeMap] = {}
    """May come on every page: outage, session lost, a challenge. Every one has an error."""
    dismiss: dict[str, DismissMap] = {}
    waiting: Find = ()
    """What the portal shows while it works. When time is up and this still stands there, it is slow, and no page has changed."""
    pages: dict[str, PageMap]
    check: CheckMap = CheckMap()

    @property
    def sign_in(self) -> SignInMap:
        """How one signs in, for whoever does. Raises ``RuntimeError`` where there is no account."""
        if self.account is None:
            raise RuntimeError(f"{self.portal} is used without an account")
        return self.account

    def day_of(self, at: datetime) -> date:
        """The calendar day that the portal's pages mean by "today" at this moment."""
        return at.astimezone(ZoneInfo(self.formats.time_zone)).date()

    def gives(self, reference_no: str) -> bool:
        """Whether this portal numbers in that way what it took; the number of a draft often looks much like it (Q27)."""
        read = self.pages["case"].reads.get("reference_no") if "case" in self.pages else None
        return read is None or not read.pattern or re.fullmatch(read.pattern, reference_no) is not None

    def finds(self) -> Iterator[tuple[str, str, Find]]:
        """Every (page, key, candidates) of the file, for checks and the canary."""
        for key, outcome in self.interruptions.items():
            yield "(any)", key, outcome.see
        for key, dialog in self.dismiss.items():
            yield "(any)", key, dialog.see
            yield "(any)", f"{key}.press", dialog.press
        for name, page in self.pages.items():
            yield name, "is_here", page.is_here
            for key, field in page.fields.items():
                yield name, key, field.find
            for key, action in page.actions.items():
                yield name, key, action.find
            for key, outcome in page.outcomes.items():
                yield name, key, outcome.see
            for key, table in page.tables.items():
                yield name, key, table.find
            for key, read in (*page.reads.items(), *page.read_back.items()):
                yield name, key, read.find

    def further_finds(self) -> Iterator[tuple[str, str, Find]]:
        """The candidates that a part may have besides those that find it; any of them may be empty."""
        for name, page in self.pages.items():
            for key, field in page.fields.items():
                yield from ((name, f"{key}.{part}", getattr(field, part)) for part in _FURTHER)
            for key, table in page.tables.items():
                yield from ((name, f"{key}.{part}", getattr(table, part)) for part in ("row_action", "next_page", "empty"))


def selectors_folder() -> Path:
    """The selector files: inside the installed package, else beside it in the checkout (never by import name)."""
    here = Path(__file__).resolve().parent
    installed = here / "_selectors"
    return installed if installed.is_dir() else here.parent / "selectors"


def _with_shared(raw: Any, path: Path) -> Any:
    """A file as it was read, with the parts that it ``shares`` with another one. What it says itself goes before."""
    shares = raw.pop("shares", None) if isinstance(raw, dict) else None
    if shares is None:
        return raw
    wanted = msgspec.convert(shares, SharesMap, strict=True)
    beside = path.parent / wanted.file
    other = _read(beside if beside.is_file() else selectors_folder() / wanted.file)
    for part in wanted.parts:
        *rooms, key = part.split(".")
        theirs, ours = other, raw
        for room in rooms:
            theirs, ours = theirs.get(room, {}), ours.setdefault(room, {})
        if key not in theirs:
            raise SelectorFileError(f"{path.name}: shares: {wanted.file} has no {part!r}")
        ours.setdefault(key, theirs[key])
    return raw


def _read(path: Path) -> Any:
    import yaml

    with path.open(encoding="utf-8") as file:
        return yaml.safe_load(file)


@lru_cache(maxsize=64)
def load_pagemap(slug: str, override: str = "") -> PortalMap:
    """The checked selector file of a portal. ``override`` is another file (an operator's copy); raises `SelectorFileError`."""
    import yaml

    path = Path(override) if override else selectors_folder() / f"{slug}.yaml"
    try:
        portal_map = msgspec.convert(_with_shared(_read(path), path), PortalMap, strict=True)
    except (OSError, yaml.YAMLError, msgspec.ValidationError) as error:
        raise SelectorFileError(f"{path.name}: {error}") from error
    problems = list(problems_of(portal_map, slug))
    if problems:
        raise SelectorFileError(f"{path.name}: " + "; ".join(problems))
    return portal_map
