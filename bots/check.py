"""Walks a portal's pages as its selector file's ``check`` says, and tells how each part of each page is found now.

The walk commits nothing: it has no way to press an action that does. What it begins, ``afterwards`` leaves.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import date
from typing import TYPE_CHECKING

from msgspec.structs import replace

from bots.check_report import CheckReport, PartSeen, PartState
from bots.checkmap import CheckStep
from bots.errors import Action, BadReading, BotError, PageChanged
from bots.eyes import Part
from bots.page import PageView
from bots.pagemap import FieldKind, PageMap

if TYPE_CHECKING:
    from bots.portal import Portal

_ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_PLACE = re.compile(r"\{(\w+)\}")
_HOW = dict.fromkeys((FieldKind.RADIO, FieldKind.TREE, FieldKind.SPLIT), "group") | {FieldKind.COMBO: "drawn"}
"""How fields that are no box are found."""
_LATER_COUNTS = (
    PartState.NOT_REACHED,
    PartState.NOT_SHOWN,
    PartState.MISSING,
    PartState.FOUND,
    PartState.FOUND_LATER,
    PartState.AMBIGUOUS,
)
"""A finding stands against those before it in this order: what is missing at first may come, what is found twice stays so."""


class NothingToDo(Exception):
    """A step needs an example that nobody gave, or leaves what was never begun: the leg ends here, and that is no finding."""


def parts_of(page: PageMap) -> Iterator[tuple[str, str, Part]]:
    """(room, key, part) of everything of a page that a walk can find. Outcomes are left out: a sound walk sees none."""
    yield "is_here", "is_here", Part(find=page.is_here, how="page")
    for key, field in page.fields.items():
        how = _HOW.get(field.kind, "field")
        yield "fields", key, Part(find=field.find, how=how, required=not key.startswith("q_"))
    for key, action in page.actions.items():
        yield "actions", key, Part(find=action.find, how="commit" if action.commit else "action")
    for key, table in page.tables.items():
        yield "tables", key, Part(find=table.find, how="table", empty=table.empty, columns=table.headers)
    for room, reads in (("reads", page.reads), ("read_back", page.read_back)):
        for key, read in reads.items():
            yield room, key, Part(find=read.find, how="read", required=not read.optional)


class Walk:
    """One walk. ``examples``: values by the names that the steps use; ``until``: a page at which to stop, being there."""

    def __init__(self, portal: Portal, examples: Mapping[str, str], today: date, until: str = "") -> None:
        self._portal = portal
        self._map = portal.map
        self._examples = {"today": today.isoformat(), **examples}
        self._until = until
        self.is_there = False
        self._leaving = False
        self._window: PageView | None = None
        self._missing: dict[str, None] = {}
        self._taken_on_the_way = {name for step in portal.map.check.steps for name in step.take}
        self._stopped: list[str] = []
        self._seen: dict[tuple[str, str, str], PartSeen] = {}
        for name, page in self._map.pages.items():
            for room, key, _ in parts_of(page):
                self._seen[name, room, key] = PartSeen(page=name, room=room, key=key, state=PartState.NOT_REACHED)

    async def run(self) -> CheckReport:
        """Walks all legs. Raises what is no finding about pages: an outage, a rejected password, a lost session."""
        session = self._portal.session
        session.watch(self._arrived)
        try:
            await session.ensure()
            await self._walk()
        except PageChanged as error:  # where one signs in
            self._changed(error)
        finally:
            session.watch(None)
        return self.report()

    async def _walk(self) -> None:
        try:
            for leg in _legs(self._map.check.steps):
                await self._leg(leg)
                if self.is_there:
                    break
        finally:
            if not self.is_there:
                await self.leave()

    async def leave(self) -> None:
        """The steps that leave or discard what was begun, as far as the portal still lets us."""
        self.is_there, self._until, self._leaving = False, "", True
        with suppress(BotError):
            await self._leg(self._map.check.afterwards)

    def report(self) -> CheckReport:
        return CheckReport(
            portal=self._map.portal,
            version=self._map.version,
            parts=tuple(self._seen.values()),
            missing_examples=tuple(name for name in self._missing if name not in self._taken_on_the_way),
            stopped=tuple(dict.fromkeys(self._stopped)),
            only_read=self._map.check.reading,
        )

    # --- steps ---------------------------------------------------------------------------------------------------

    async def _leg(self, steps: tuple[CheckStep, ...]) -> None:
        known = self._missing_parts()
        for step in steps:
            try:
                await self._step(step)
            except NothingToDo:
                self._not_shown_yet(known)
                return
            except PageChanged as error:
                self._changed(error)
                return
            except BotError as error:
                if error.action in (Action.RETRY, Action.PERSON_PORTAL, Action.VERIFY):
                    raise
                self._stopped.append(error.sentence)
                self._not_shown_yet(known)
                return
            if self._until and self._portal.view.here == self._until:
                self.is_there = True
                return

    async def _step(self, step: CheckStep) -> None:
        view = self._window or self._portal.view
        if step.goto:
            await view.goto(step.goto, **self._texts(step.values))
        elif step.fill:
            await view.fill(**self._texts(step.fill))
            await self._survey(view, 0)
        elif step.window:
            async with view.window(step.window) as self._window:
                try:
                    for inner in step.inside:
                        await self._step(inner)
                finally:
                    self._window = None
        elif step.choose:
            where = self._texts(step.where)
            rows = [row for row in await view.table(step.choose) if where.items() <= row.cells.items()]
            if self._leaving and not rows:
                raise NothingToDo
            missing = BadReading(self._map.portal, page=view.here, what="no such row")
            row = self._portal.only(rows, f"rows of {step.choose}", missing)
            await view.choose(step.choose, row, step.to, navigates=step.navigates)
        elif step.take:
            for column, table in step.take.items():
                for row in (await view.table(table))[:1]:
                    self._examples[column] = row[column]
        else:
            await self._press(view, step)

    async def _press(self, view: PageView, step: CheckStep) -> None:
        """Presses what commits nothing; the commit is for a request only."""
        actions = self._map.pages[view.here].actions
        for key in (*step.add, *filter(None, [step.press])):
            if key not in actions and self._leaving:
                raise NothingToDo
            if key not in actions:
                raise PageChanged(self._map.portal, page=view.here, key=key, what="another page than the check expects")
            if actions[key].commit:
                raise AssertionError(f"the check of {self._map.portal} would commit")
        if step.press:
            await view.press(step.press)
        for action, table in step.add.items():
            await view.add_row(action, table, 1)
            await self._survey(view, 0)

    def _texts(self, values: Mapping[str, str]) -> dict[str, str]:
        return {key: self._text(value) for key, value in values.items()}

    def _text(self, text: str) -> str:
        """With its places filled in. Raises `NothingToDo`."""
        wanted = _PLACE.findall(text)
        missing = [name for name in wanted if not self._examples.get(name)]
        self._missing |= dict.fromkeys(missing)
        if missing:
            raise NothingToDo
        filled = _PLACE.sub(lambda match: self._examples[match[1]], text)
        return self._portal.date_text(date.fromisoformat(filled)) if _ISO_DATE.fullmatch(filled) else filled

    # --- findings ------------------------------------------------------------------------------------------------

    async def _arrived(self, view: PageView) -> None:
        await self._survey(view, self._map.timeouts.element)

    async def _survey(self, view: PageView, seconds: float) -> None:
        name = view.here
        page = self._map.pages[name]
        later, absent = (self._of(name, places) for places in (self._map.check.later, self._map.check.absent))
        parts = [(room, key, part, part.required and key not in absent) for room, key, part in parts_of(page)]
        found = await view.survey([replace(part, required=must and key not in later) for _, key, part, must in parts], seconds)
        for (room, key, _, must), (problem, candidate) in zip(parts, found, strict=True):
            state = PartState.FOUND_LATER if candidate else PartState.FOUND
            if problem:
                gone = PartState.MISSING if must else PartState.NOT_SHOWN
                state = gone if problem == "not found" else PartState.AMBIGUOUS
            elif room == "tables":
                state, problem = await self._table(view, key, state)
            self._note(PartSeen(page=name, room=room, key=key, state=state, candidate=candidate, what=problem))

    @staticmethod
    def _of(page: str, places: tuple[str, ...]) -> set[str]:
        """The keys of this page among ``page.key``."""
        return {key for name, _, key in (place.partition(".") for place in places) if name == page}

    async def _table(self, view: PageView, key: str, state: PartState) -> tuple[PartState, str]:
        """A table is found when its columns are."""
        try:
            await view.table(key)
        except PageChanged as error:
            return PartState.MISSING, error.details["what"]
        except BadReading:
            return state, "its rows cannot be read"
        return state, ""

    def _note(self, seen: PartSeen) -> None:
        place = (seen.page, seen.room, seen.key)
        if _LATER_COUNTS.index(seen.state) > _LATER_COUNTS.index(self._seen[place].state):
            self._seen[place] = seen

    def _missing_parts(self) -> set[tuple[str, str, str]]:
        return {place for place, part in self._seen.items() if part.state is PartState.MISSING}

    def _not_shown_yet(self, known: set[tuple[str, str, str]]) -> None:
        """A leg ended early on this page: what only this leg missed on it may be what the steps left out would have brought."""
        for place in self._missing_parts() - known:
            if place[0] == self._portal.view.here and place[1] != "is_here":
                self._seen[place] = replace(self._seen[place], state=PartState.NOT_REACHED, candidate=0, what="")

    def _changed(self, error: PageChanged) -> None:
        """A leg ended at a part that could not be used."""
        page, key, what = (error.details.get(name, "") for name in ("page", "key", "what"))
        pages = page.split(" or ")
        place = next((each for each in self._seen if each[0] in pages and each[2] == key.partition(".")[0]), None)
        if place is None:
            self._stopped.append(error.sentence)
        elif self._seen[place].state is not PartState.AMBIGUOUS:
            room = place[1]
            self._seen[place] = PartSeen(page=place[0], room=room, key=place[2], state=PartState.MISSING, what=what)


def _legs(steps: tuple[CheckStep, ...]) -> Iterator[tuple[CheckStep, ...]]:
    """The steps cut before each ``goto``."""
    starts = [place for place, step in enumerate(steps) if step.goto or place == 0]
    ends = [*starts[1:], len(steps)] if steps else []
    for start, end in zip(starts, ends, strict=True):
        yield steps[start:end]
