"""Commands that look into the journal and write the books: queue, ledger."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jobs.commands.shared import (
    Code,
    HomeOption,
    JsonOption,
    PayerOption,
    PortalOption,
    StateOption,
    leave,
    open_engine,
    print_objects,
    print_table,
    say,
)

if TYPE_CHECKING:
    from jobs.books_check import Difference
    from jobs.engine import Engine

ledger_app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Write the ledger, show a request's history, check the journal."
)


def register(app: typer.Typer) -> None:
    app.command()(queue)
    app.add_typer(ledger_app, name="ledger")


def queue(
    payer: PayerOption = None,
    portal: PortalOption = None,
    state: StateOption = None,
    release: Annotated[
        str, typer.Option("--release", metavar="REQUEST", help="You have put this one right: submit it again next time.")
    ] = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the requests and the faxed letters that wait for a person, urgent first, with one next action each (exit code 3)."""
    from jobs.attention import find_task, sort_tasks
    from jobs.commands.fax_letters import waiting_letters
    from jobs.phone import with_hours

    with open_engine(home) as engine:
        if release:
            _release(engine, release)
        now = engine.now()
        tasks = sort_tasks(
            with_hours(task, snapshot, engine.rulebook, now)
            for snapshot in engine.journal.snapshots(payer=payer, portal=portal, status=state)
            if (task := find_task(snapshot))
        )
        letters = [] if portal or state else waiting_letters(engine, payer)
    if as_json:
        print_objects([*tasks, *letters])
    elif tasks or letters:
        from jobs.tables import queue_table, waiting_letters_table

        if tasks:
            print_table(queue_table(tasks))
        if letters:
            print_table(waiting_letters_table(letters))
    else:
        say("Nothing waits for a person.", "green")
    leave(Code.PERSON if tasks or letters else Code.DONE)


def _release(engine: Engine, request_id: str) -> None:
    from bots.model import Status
    from jobs.events import MoveRefused
    from jobs.journal import NoSuchRequest

    try:
        released = engine.journal.release(request_id)
    except (MoveRefused, NoSuchRequest):
        say(
            "That request waits for nobody, may have been sent, or is somebody's to phone in. Nothing was changed. "
            "See: priorbot ledger history REQUEST; after a call that failed: priorbot phone failed REQUEST",
            "bold red",
        )
        leave(Code.USAGE)
    if released.status is Status.NEW:
        say(f"{request_id} is new again. Submit it with its file: priorbot submit FILE", "green")
    else:
        say(f"{request_id} begins its way anew. {released.next_action or released.reason}", "green")


@ledger_app.command("write")
def ledger_write(home: HomeOption = None) -> None:
    """Write ledger.csv and ledger.xlsx anew from the journal."""
    with open_engine(home) as engine:
        for written in engine.write_ledger():
            say(written.sentence, "yellow" if written.beside else "green")


@ledger_app.command("history")
def ledger_history(
    request: Annotated[str, typer.Argument(metavar="REQUEST", help="A request id.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show everything that happened to one request, oldest first."""
    from msgspec.structs import asdict

    from jobs.ledger_history import history

    with open_engine(home) as engine:
        steps = list(history(engine.journal.events(request))) if request else []
    if not steps:
        say("There is no request of that id in the journal. List them with: priorbot status --offline", "bold red")
        leave(Code.USAGE)
    if as_json:
        print_objects({**asdict(step.event), "source": step.source, "changes": step.changes} for step in steps)
    else:
        from jobs.tables import history_table

        print_table(history_table(request, steps))


@ledger_app.command("verify")
def ledger_verify(
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="A ledger that came back, as CSV or XLSX. Default: the home's own.")
    ] = None,
    home: HomeOption = None,
) -> None:
    """Check that nobody has changed the journal's past, and that a ledger says what the journal says (exit code 3 when not)."""
    from itertools import islice

    from jobs.books_check import differences, untrue_requests
    from jobs.ledger_seal import is_ours

    with open_engine(home) as engine:
        count = engine.journal.check()
        say(f"The journal is whole: {count} events, each fits the one before.", "green")
        untrue = list(islice(untrue_requests(engine.journal), _MOST_TOLD))
        if untrue:
            say(
                f"The journal's rows of {', '.join(untrue)} do not follow from its events: somebody has written into the "
                "database. Nothing was changed. Have them derived anew from the events: priorbot ledger rebuild",
                "bold red",
            )
            leave(Code.PERSON)
        for one in [file] if file else [engine.home.ledger_csv, engine.home.ledger_xlsx]:
            if not one.exists():
                if file:
                    say(f"There is no file {one}. Nothing else was checked.", "bold red")
                    leave(Code.USAGE)
                continue
            found = differences(one, engine.journal.snapshots(), _MOST_TOLD)
            if not found:
                say(f"{one.name} says what the journal says.", "green")
            elif is_ours(one):
                say(f"{one.name} is as PriorBot wrote it; the journal has gone on since: priorbot ledger write", "yellow")
            else:
                _tell_differences(one, found)
                leave(Code.PERSON)


_MOST_TOLD = 10


def _tell_differences(file: Path, found: Sequence[Difference]) -> None:
    from jobs.ledger_seal import is_edited

    places = "; ".join(f"line {one.line}, {one.request_id}{f', {one.column}' if one.column else ', the row'}" for one in found)
    why = (
        "It was changed by hand or by another program since PriorBot wrote it"
        if is_edited(file)
        else "It is older than the journal, or was changed"
    )
    say(
        f"{file.name} does not say what the journal says ({places}). {why}; nothing in it was used. "
        "Write it again from the journal: priorbot ledger write",
        "bold red",
    )


@ledger_app.command("rebuild")
def ledger_rebuild(home: HomeOption = None) -> None:
    """Derive all that PriorBot looks up from the journal's events anew, and write the ledger from it."""
    with open_engine(home) as engine:
        engine.journal.check()
        same = engine.journal.rebuild()
        for written in engine.write_ledger():
            say(written.sentence, "yellow" if written.beside else "green")
    say("Everything came out as it was." if same else "What had been changed stands again as the events tell it.", "green")
