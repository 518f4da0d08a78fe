"""Commands of the fax queue: what is in it, working it off, and what a person decides about a fax."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jobs.commands.at_work import progress_line, write_books
from jobs.commands.fax_letters import add_to as add_letters
from jobs.commands.fax_numbers import number_app
from jobs.commands.shared import (
    Code,
    HomeOption,
    JsonOption,
    PayerOption,
    leave,
    open_engine,
    parse_word,
    print_objects,
    print_table,
    say,
)

if TYPE_CHECKING:
    from bots.fax.model import FaxReason
    from jobs.engine import Engine
    from jobs.fax.office import FaxOffice
    from jobs.fax.sending import Worked
    from jobs.fax.state import Fax, FaxStep

fax_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="What is faxed: the queue, its lines, and their faxes.")
_MOST_ROWS = 200
"""Faxes that a terminal shows one by one."""


def register(app: typer.Typer) -> None:
    add_letters(fax_app)
    fax_app.add_typer(number_app(lambda engine: engine.fax_line), name="number")
    app.add_typer(fax_app, name="fax")


def parse_step(text: str) -> FaxStep:
    from jobs.fax.state import FaxStep

    return FaxStep(parse_word(text, tuple(FaxStep), "state"))


def parse_reason(text: str) -> FaxReason:
    from bots.fax.model import FaxReason
    from jobs.fax.deciding import CONFIRMABLE

    return FaxReason(parse_word(text, CONFIRMABLE, "reason"))


FaxArgument = Annotated[str, typer.Argument(metavar="FAX", help="A fax's id, or a request's: then its newest fax.")]
ByOption = Annotated[str, typer.Option("--by", metavar="NAME", help="Who decides this. Recorded.")]


@fax_app.command("list")
def fax_list(
    payer: PayerOption = None,
    state: Annotated[
        Any,
        typer.Option("--state", parser=parse_step, metavar="STATE", help="Only faxes in this state, such as queued."),
    ] = None,
    desk: Annotated[str, typer.Option("--desk", metavar="NAME", help="Only for this desk, as the rules name it.")] = "",
    request: Annotated[str, typer.Option("--request", metavar="REQUEST", help="Only this request's faxes.")] = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the faxes: state, desk, tries, next try, and why one did not go through."""
    from jobs.fax.book import FaxBook
    from jobs.fax.listing import counts_table, fax_object, faxes_table

    with open_engine(home) as engine:
        book, desks = FaxBook(engine.journal, engine.seats), engine.fax_desks
        if request:
            found = [fax for fax in book.of_request(request) if state in (None, fax.step) and payer in (None, fax.payer)]
        else:
            found = list(book.faxes(payer=payer, step=state, desk=desk or None))
        if as_json:
            print_objects(fax_object(fax, desks) for fax in found)
        elif len(found) > _MOST_ROWS:
            print_table(counts_table(count(found)))
            say("Narrow the list with --state, --payer, --desk or --request; or see each with --json.")
        elif found:
            print_table(faxes_table(found, desks, engine.now))
        else:
            say("No fax fits. What is to be faxed stands in: priorbot queue")
        tell_lines(book)
        leave(code_of_faxes(engine, found))


@fax_app.command("send")
def fax_send(
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until the faxes on the line have come to an end.")] = True,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Work the fax queue off: settle what was left open, look at what the line has, send what is due.

    May be stopped at any time, and started again.
    """
    from jobs.fax.book import FaxBook
    from jobs.fax.listing import fax_object, faxes_table

    with open_engine(home) as engine:
        worked, moved = _work(engine, wait=wait)
        write_books(engine)
        book, desks = FaxBook(engine.journal, engine.seats), engine.fax_desks
        found = [fax for fax_id in moved if (fax := book.get(fax_id)) is not None]
        if as_json:
            print_objects(fax_object(fax, desks) for fax in found)
        elif 0 < len(found) <= _MOST_ROWS:
            print_table(faxes_table(found, desks, engine.now))
        _tell(worked, book)
        code = code_of_faxes(engine, found)
        leave(max(code, Code.DOWN) if worked.troubles else code)


def _work(engine: Engine, *, wait: bool) -> tuple[Worked, list[str]]:
    """One run with a progress line. Returns what was done, and the faxes that moved."""
    from jobs.fax.book import FaxBook
    from jobs.fax.entering import enqueue_due
    from jobs.fax.sending import send_due

    moved: dict[str, None] = {}
    with progress_line() as progress:
        task = progress.add_task("Faxing", total=None, stands="")

        def on_fax(fax: Fax) -> None:
            moved[fax.fax_id] = None
            progress.update(task, completed=len(moved), stands=f"{fax.request_id} {fax.step.replace('_', ' ')}")

        async def run() -> Worked:
            office = engine.fax_office(on_fax)
            await enqueue_due(office)
            book = FaxBook(engine.journal, engine.seats)
            progress.update(task, total=book.count_due() + sum(book.count_at_line(line.name) for line in office.lines))
            return await send_due(office, wait=wait, by_person=True)

        worked = asyncio.run(run())
        progress.update(task, total=len(moved), completed=len(moved), stands="done")
    return worked, list(moved)


@fax_app.command("show")
def fax_show(fax: FaxArgument, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Show one fax and everything that happened to it."""
    from jobs.fax.deciding import find_fax
    from jobs.fax.listing import fax_history, fax_object, fax_table

    with open_engine(home) as engine:
        found = find_fax(engine.fax_office(), fax)
        if as_json:
            print_objects([fax_object(found, engine.fax_desks)])
        else:
            print_table(fax_table(found, engine.fax_desks))
            print_table(fax_history(found, engine.journal.events(found.request_id)))
        standing = engine.journal.snapshot(found.request_id)
        say(f"{found.request_id} stands as {standing.status.replace('_', ' ')}. {standing.reason}")
        if standing.next_action:
            say(standing.next_action, "yellow")


@fax_app.command("cancel")
def fax_cancel(fax: FaxArgument, by: ByOption, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Take a fax out of the queue, or back from a line that has not begun to send it; its request then waits for a person."""
    from jobs.fax.deciding import cancel

    _decide(home, fax, by, cancel, as_json=as_json)


@fax_app.command("confirm")
def fax_confirm(
    fax: FaxArgument,
    by: ByOption,
    is_delivered: Annotated[bool, typer.Option("--delivered", help="Every page arrived.")] = False,
    failed: Annotated[
        Any,
        typer.Option("--failed", parser=parse_reason, metavar="REASON", help="It certainly did not arrive, and why."),
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what became of a fax that somebody sent by hand from the folder, or that is uncertain."""
    from functools import partial

    from jobs.fax.deciding import confirm

    if is_delivered is (failed is not None):
        say("Say either --delivered or --failed REASON. Nothing was changed.", "bold red")
        leave(Code.USAGE)
    _decide(home, fax, by, partial(confirm, failed=failed), as_json=as_json)


@fax_app.command("again")
def fax_again(
    fax: FaxArgument,
    by: ByOption,
    sure: Annotated[bool, typer.Option("--sure", help="Also where pages may have arrived: the payer was asked.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send a fax anew that failed or was cancelled."""
    from functools import partial

    from jobs.fax.deciding import again

    _decide(home, fax, by, partial(again, sure=sure), as_json=as_json)


def _decide(home: Any, name: str, by: str, decide: Callable[[FaxOffice, Fax, str], Awaitable[Fax]], *, as_json: bool) -> None:
    from jobs.fax.deciding import find_fax
    from jobs.fax.listing import fax_object

    if not any(char.isalpha() for char in by):
        say("--by needs the name of the person who decides. Nothing was changed. Give it in quotes.", "bold red")
        leave(Code.USAGE)
    with open_engine(home) as engine:
        office = engine.fax_office()
        now = asyncio.run(_awaited(decide(office, find_fax(office, name), by.strip())))
        write_books(engine)
        standing = engine.journal.snapshot(now.request_id)
        if as_json:
            print_objects([fax_object(now, engine.fax_desks)])
        say(f"Fax {now.fax_id} is {now.step.replace('_', ' ')}. {standing.reason}", "green")
        if standing.next_action:
            say(standing.next_action, "yellow")


async def _awaited(decided: Awaitable[Fax]) -> Fax:
    return await decided


def count(faxes: list[Fax]) -> dict[FaxStep, int]:
    from collections import Counter

    return dict(Counter(fax.step for fax in faxes))


def code_of_faxes(engine: Engine, faxes: list[Fax]) -> Code:
    """The exit code that these faxes call for; none where a request has gone on since, as a new fax or another way."""
    from jobs.attention import find_task
    from jobs.fax.state import FaxStep

    codes = {Code.DONE}
    for fax in faxes:
        if fax.step is FaxStep.UNCERTAIN or fax.step is FaxStep.INTENT:
            codes.add(Code.UNCERTAIN)
        elif fax.step in (FaxStep.FAILED, FaxStep.CANCELLED) and find_task(engine.journal.snapshot(fax.request_id)):
            codes.add(Code.PERSON)
    return max(codes)


def tell_lines(book: Any) -> None:
    for down in book.lines_down():
        say(f"The fax line {down.line} has not worked since {down.since:%Y-%m-%d %H:%M} UTC. {down.sentence}", "yellow")


def _tell(worked: Worked, book: Any) -> None:
    from jobs.fax.state import FaxStep

    left = book.counts().get(FaxStep.QUEUED, 0)
    next_at = book.next_due()
    when = f", the next try at {next_at:%Y-%m-%d %H:%M} UTC" if left and next_at else ""
    say(f"{worked.delivered} delivered, {worked.for_person} for a person, {left} still in the queue{when}.")
    for name in worked.busy_lines:
        say(f"Another PriorBot works on the fax line {name}. This one left it alone.", "yellow")
    tell_lines(book)
