"""A page as its selector file describes it: go, fill, press, attach, read, table, outcome.

Every element is found by candidates in order; one must match exactly one visible element. Using a later candidate is
recorded as drift. Nothing is done on a page that was not recognised, and every wait is for something named.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Mapping
from pathlib import Path
from typing import Any

from bots.browser import PlaywrightError
from bots.downloads import QUIET, FileCatcher
from bots.errors import AnswerMissing, BadReading, FileNotReceived, PortalDown, PortalSlow
from bots.eyes import pairs, plain, row_of
from bots.page_moves import PageMoves
from bots.pagemap import ActionMap, Candidate
from bots.questions import shown_questions
from bots.tabledata import Row

MAX_LIST_PAGES = 200
"""A list longer than this is read as broken, not for ever."""


class PageView(PageMoves):
    """One browser page of a portal, read, filled and pressed through its `PortalMap`."""

    # --- filling -------------------------------------------------------------------------------------------------

    async def fill(self, **values: str) -> None:
        """Fills fields of this page by our names, each read back at once; an empty value leaves its field alone."""
        fields = self._page().fields
        entered = {key: value for key, value in values.items() if value}
        for key in [key for key in entered if fields[key].posts_back]:
            again = ActionMap(find=fields[key].find, leads_to=(self.here,))
            await self._press(again, self._fill_and_leave(key, entered.pop(key)))
        await self._hands.fill(fields, entered)

    async def _fill_and_leave(self, key: str, value: str) -> None:
        """Boxes post back when they are left, lists already when something is chosen."""
        fields = self._page().fields
        await self._hands.stand_at(key, fields[key].find)
        await self._hands.fill(fields, {key: value})
        await self.browser_page.keyboard.press("Tab")

    async def answer(self, answers: Mapping[str, str], prefix: str = "q_", about: str = "") -> dict[str, str]:
        """Answers the questions this page shows, only from ``answers``; a shown question without answer stops the request,
        unless it is optional.

        Questions are the fields of the selector file whose key starts with ``prefix``; the rest of the key names the answer.
        ``about`` stands after the name of a missing answer (which of several exams it is for). Returns what was answered, by
        field key.
        """
        answered: dict[str, str] = {}
        questions = {key: field for key, field in self._page().fields.items() if key.startswith(prefix)}
        given = {key for key in questions if answers.get(key.removeprefix(prefix))}
        shown = await shown_questions(self._eyes, {key: field.find for key, field in questions.items()}, given)
        for key in questions:
            if key in shown:
                name = key.removeprefix(prefix)
                if answers.get(name):
                    answered[key] = answers[name]
                elif not questions[key].optional:
                    raise self._eyes.error(AnswerMissing, question=name + about)
        await self.fill(**answered)
        return answered

    async def attach(self, key: str, paths: Iterable[Path]) -> None:
        """Puts files into a file field; where the portal looks at them (``busy``), waits until each is listed and that is over.

        What the page then ``tells`` is raised. That the portal took them is for the caller to see in the page's own list.
        """
        files, field, seconds = list(paths), self._page().fields[key], self.map.timeouts.page
        element = await self._eyes.element(field.find)
        if element is None:
            raise self._eyes.changed(key, "not found")
        await element.set_input_files(files)
        outcomes = {name: self._page().outcomes[name] for name in field.tells}
        told = {name: outcome.see for name, outcome in outcomes.items()}
        for file in files if field.busy else ():
            seen = await self._eyes.first_seen(told, {"listed": (Candidate(text=file.name),)}, seconds)
            if seen in told:
                raise self.told(outcomes[seen])
            if not seen or not await self._eyes.ask("gone", wait=seconds, find=plain(field.busy)):
                raise self._eyes.error(PortalSlow, page=self.here)
        if shown := await self._eyes.shown(told):
            raise self.told(next(outcome for name, outcome in outcomes.items() if name in shown))

    async def download(self, key: str, row: Row | None = None) -> bytes:
        """The file that an action of this page, or the ``row_action`` of a row of the table ``key``, hands out; held in memory.

        It may come as a download, or in a pop-up that shows it and may close itself. What brings nothing is pressed once more.
        Raises `FileNotReceived`, or what the page says instead.
        """
        page, seconds = self._page(), self.map.timeouts.download
        find = page.actions[key].find if row is None else page.tables[key].row_action
        place: dict[str, Any] = {} if row is None else {"row": row_of(page.tables[key], row)}
        try:
            async with FileCatcher(self.browser_page, self.base_url, seconds) as catcher:
                for quiet in (QUIET, 0):
                    await self._hands.press(key, find, **place)
                    if content := await catcher.caught(seconds, quiet=quiet):
                        return content
                    await self._arrive((self.here,))
        except PlaywrightError as error:
            raise self._eyes.error(PortalDown, what="the page broke off") from error
        raise self._eyes.error(FileNotReceived, page=self.here)

    # --- lists and rows -------------------------------------------------------------------------------------------

    async def add_row(self, action: str, table_key: str, rows: int) -> None:
        """Presses an action that adds a row to a table on this page, and waits for it as `added` does."""
        await self.start_row(action)
        await self.added(action, table_key, rows)

    async def start_row(self, action: str) -> None:
        """Presses an action that adds a row; what may be typed meanwhile is the caller's knowledge. `added` must follow."""
        await self._hands.press(action, self._page().actions[action].find)

    async def added(self, action: str, table_key: str, rows: int) -> None:
        """Waits until a table has exactly ``rows`` data rows, or an outcome of the action is told (raised)."""
        page = self._page()
        table, told = page.tables[table_key], page.told_by(page.actions[action])
        seconds, said = self.map.timeouts.page, list(table.headers)
        parts = {"find": plain(table.find), "columns": said, "rows": table.header_rows + rows, "told": pairs(told)}
        seen = await self._eyes.ask("added", wait=seconds, **parts)
        if seen is None:
            raise self._eyes.error(PortalSlow, page=self.here)
        if seen["name"]:
            raise self.told(page.outcomes[seen["name"]])
        if len(await self._rows(table_key, table)) != rows:
            raise self._eyes.changed(table_key, "a row was not added once")

    async def list_pages(self, key: str) -> AsyncIterator[list[Row]]:
        """The rows of a table, page after page. A page that comes twice or a list without end is a `BadReading`."""
        seen: set[tuple[tuple[str, ...], ...]] = set()
        for _ in range(MAX_LIST_PAGES):
            rows = await self.table(key)
            print_of = tuple(tuple(row.cells.values()) for row in rows)
            if rows and print_of in seen:
                raise self._eyes.error(BadReading, page=self.here, what="the same list page twice")
            seen.add(print_of)
            yield rows
            find = self._page().tables[key].next_page
            if not find or not await self._eyes.shown({"next": find}, enabled=True):
                return
            press = self._hands.press(f"{key}.next_page", find)
            if self._page().tables[key].turns_in_place:
                await self._turn(key, press)
            else:
                await self._press(ActionMap(find=find, leads_to=(self.here,)), press)
        raise self._eyes.error(BadReading, page=self.here, what="a list without end")

    async def _turn(self, key: str, press: Coroutine[Any, Any, None]) -> None:
        """To the next page of a list whose document stays: until it shows other rows."""
        table = self._page().tables[key]
        parts = {"find": plain(table.find), "columns": list(table.headers)}
        before = (await self._eyes.see(key, "rows", empty=plain(table.empty), **parts))["rows"]
        await press
        if await self._eyes.ask("turned", wait=self.map.timeouts.page, before=before, **parts) is None:
            raise self._eyes.error(PortalSlow, page=self.here)

    async def leave(self, page: str, action: str) -> bool:
        """Presses the action of the page ``page`` if this document, whatever it is, offers it; whether it did."""
        leave = self.map.pages[page].actions[action]
        if not await self._eyes.shown({action: leave.find}, enabled=True):
            return False
        await self._press(leave, self._hands.press(action, leave.find))
        return True


Arrived = Callable[[PageView], Awaitable[None]]
