"""Long work on portals, with a progress line that holds counts only."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from jobs.commands.shared import Code, code_of, console, say

if TYPE_CHECKING:
    from bots.codes import AskPerson
    from bots.model import Status
    from jobs.engine import Engine
    from jobs.office import Office, Outcome

Work = Callable[["Office"], Awaitable[Any]]
_NOT_ASKED = {"down": Code.DOWN, "disabled": Code.PERSON}
"""Portal states in which a portal was not asked, and whose turn it is then."""


class AtPortals:
    """One event loop and one browser for one or several pieces of work, one after the other. Used with ``with``.

    ``person`` is asked for the one-time codes that no other way is set up for.
    """

    def __init__(self, engine: Engine, person: AskPerson | None = None) -> None:
        self._engine = engine
        self._runner = asyncio.Runner()
        self._factory = engine.portal_factory(person, person_first=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with self._runner:
            self._runner.run(self._factory.__aexit__(kind, error, trace))

    def run(
        self, what: str, total: int | None, work: Work, *, portals: Collection[str] | None = None, dry_run: bool = False
    ) -> Any:
        """The result of the work. Ctrl-C and SIGTERM sign out everywhere first.

        ``total``: how many outcomes are to come, None when that is not known before. Passwords that are due are changed first, on
        these ``portals``; not in a dry run.
        """
        from jobs.canary import canary
        from jobs.passwords import change_due

        due = () if dry_run else self._engine.passwords_due()
        seen: Counter[Status] = Counter()
        with progress_line() as progress:
            task = progress.add_task(what, total=total, stands="")

            def on_outcome(outcome: Outcome) -> None:
                seen[outcome.status] += 1
                progress.update(task, advance=1, stands=_counts(seen))

            async def run() -> Any:
                office = self._engine.office(self._factory, on_outcome)
                await change_due(office, due, portals=portals)
                if not dry_run:
                    await canary(office, portals=portals)
                return await work(office)

            result = self._runner.run(run())
            progress.update(task, total=seen.total(), completed=seen.total(), stands=_counts(seen) or "done")
        return result


def run_on_portals(
    engine: Engine, what: str, total: int | None, work: Work, *, portals: Collection[str] | None = None, dry_run: bool = False
) -> Any:
    """One piece of work in a browser of its own, as `AtPortals.run`."""
    with AtPortals(engine) as at_portals:
        return at_portals.run(what, total, work, portals=portals, dry_run=dry_run)


def progress_line() -> Any:
    """A progress line for long work; its column ``stands`` holds counts or ids only."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    text = TextColumn("{task.description}", markup=False)
    stands = TextColumn("{task.fields[stands]}", markup=False)
    return Progress(text, BarColumn(bar_width=30), MofNCompleteColumn(), TimeElapsedColumn(), stands, console=console())


def _counts(seen: Counter[Status]) -> str:
    return ", ".join(f"{count} {status.replace('_', ' ')}" for status, count in seen.most_common())


def write_books(engine: Engine) -> None:
    """The ledger anew, and a word only where it had to go beside the usual file, or somebody had changed that."""
    for written in engine.write_ledger():
        if written.beside or written.edited:
            say(written.sentence, "yellow")


def code_of_ids(engine: Engine, ids: Collection[str]) -> Code:
    return code_of(engine.journal.snapshot(request_id) for request_id in ids)


def tell_not_asked(engine: Engine, portal: str | None) -> Code:
    """Says one sentence for each set-up portal that could not be asked; answers the exit code that these call for."""
    lines = [line for line in engine.portal_lines() if portal in (None, line.slug) and line.state in _NOT_ASKED]
    for line in lines:
        say(f"{line.slug} could not be asked. {line.sentence}", "bold red")
    return max((_NOT_ASKED[line.state] for line in lines), default=Code.DONE)
