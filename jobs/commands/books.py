"""Commands that look into the journal and write the books: queue, report, ledger, reconcile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from jobs.commands.at_work import run_on_portals, tell_not_asked, write_books
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
    from jobs.engine import Engine

ledger_app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Write the ledger, show a request's history, check the journal."
)


def register(app: typer.Typer) -> None:
    app.command()(queue)
    app.command()(report)
    app.command()(reconcile)
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
    """List what waits for a person, urgent first, with one next action each (exit code 3 when there is something)."""
    from jobs.attention import find_task, sort_tasks

    with open_engine(home) as engine:
        if release:
            _release(engine, release)
        tasks = sort_tasks(
            task
            for snapshot in engine.journal.snapshots(payer=payer, portal=portal, status=state)
            if (task := find_task(snapshot))
        )
    if as_json:
        print_objects(tasks)
    elif tasks:
        from jobs.tables import queue_table

        print_table(queue_table(tasks))
    else:
        say("Nothing waits for a person.", "green")
    leave(Code.PERSON if tasks else Code.DONE)


def _release(engine: Engine, request_id: str) -> None:
    from jobs.events import MoveRefused
    from jobs.journal import NoSuchRequest

    try:
        engine.journal.release(request_id)
    except (MoveRefused, NoSuchRequest):
        say(
            "That request waits for nobody, or may have been sent. Nothing was changed. See: priorbot ledger history REQUEST",
            "bold red",
        )
        leave(Code.USAGE)
    say(f"{request_id} is new again. Submit it with its file: priorbot submit FILE", "green")


def report(home: HomeOption = None) -> None:
    """Write report.html anew: where requests stand, deadlines, units, and what needs a person."""
    with open_engine(home) as engine:
        written = engine.write_report()
    say(f"{written.sentence} Open it in a browser: {written.path}", "green")


def reconcile(
    offline: Annotated[bool, typer.Option("--offline", help="Only what is in the journal; ask no portal.")] = False,
    payer: PayerOption = None,
    portal: PortalOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare the ledger with what the portals list and show; write exceptions.csv (exit code 3 when something is left)."""
    from jobs.reconciling import list_portals, reconcile_journal, write_exceptions

    with open_engine(home) as engine:
        lists = {} if offline else run_on_portals(engine, "Reading the portals' lists", None, list_portals)
        found = reconcile_journal(engine.journal, lists, engine.now())
        written = write_exceptions(engine.home, found, engine.now())
        write_books(engine)
        asked = Code.DONE if offline else tell_not_asked(engine, portal)
    left = [
        row
        for row in found.exceptions.to_dict("records")
        if payer in (None, row["payer"]) and portal in (None, row["portal"])  # the file holds all
    ]
    if as_json:
        print_objects(left)
    elif left:
        from jobs.tables import exceptions_table

        print_table(exceptions_table(left))
    changes, exceptions = len(found.changes), len(found.exceptions)
    say(f"{found.rows} rows, {found.matched} found on a portal, changes: {changes}, exceptions: {exceptions}.")
    say(f"Lists read: {', '.join(sorted(lists)) or 'none'}.")
    say(written.sentence, "yellow" if written.beside else "green")
    leave(max(asked, Code.PERSON if any(row["severity"] != "info" for row in left) else Code.DONE))


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
    with open_engine(home) as engine:
        events = list(engine.journal.events(request)) if request else []
    if not events:
        say("There is no request of that id in the journal. List them with: priorbot status --offline", "bold red")
        leave(Code.USAGE)
    if as_json:
        print_objects(events)
    else:
        from jobs.tables import history_table

        print_table(history_table(request, events))


@ledger_app.command("verify")
def ledger_verify(home: HomeOption = None) -> None:
    """Check that nobody has changed the journal's past, and that ledger.csv was not damaged by another program."""
    from jobs.ledger import read_ledger

    with open_engine(home) as engine:
        count = engine.journal.check()
        say(f"The journal is whole: {count} events, each fits the one before.", "green")
        if engine.home.ledger_csv.exists():
            rows = sum(1 for _ in read_ledger(engine.home.ledger_csv))
            say(f"The ledger is as PriorBot wrote it: {rows} rows.", "green")
