"""Commands that compare the books with the payers: reconcile, and taking over a case that was keyed by hand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jobs.commands.at_work import run_on_portals, tell_not_asked, write_books
from jobs.commands.shared import (
    Code,
    HomeOption,
    JsonOption,
    PayerOption,
    PortalOption,
    leave,
    open_engine,
    parse_portal,
    print_objects,
    print_table,
    say,
)

if TYPE_CHECKING:
    from bots.model import CaseSummary
    from jobs.engine import Engine

reconcile_app = typer.Typer(
    rich_markup_mode=None,
    invoke_without_command=True,
    help="Compare the ledger with what the portals list and show; take over cases that were keyed by hand.",
)


def register(app: typer.Typer) -> None:
    app.add_typer(reconcile_app, name="reconcile")


@reconcile_app.callback()
def reconcile(
    context: typer.Context,
    offline: Annotated[bool, typer.Option("--offline", help="Only what is in the journal; ask no portal.")] = False,
    payer: PayerOption = None,
    portal: PortalOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare the ledger with what the portals list and show; write exceptions.csv (exit code 3 when something is left)."""
    if context.invoked_subcommand is not None:
        return
    from jobs.list_belief import Lists
    from jobs.reconciling import list_portals, take_stock

    with open_engine(home) as engine:
        lists = Lists() if offline else run_on_portals(engine, "Reading the portals' lists", None, list_portals)
        found, written = take_stock(engine.home, engine.journal, lists, engine.local_now())
        write_books(engine)
        asked = Code.DONE if offline else tell_not_asked(engine, portal)
    left = [
        row
        for row in found.exceptions.to_dict("records")
        # The file holds all; what concerns no portal or payer is always shown.
        if payer in (None, row["payer"] or payer) and portal in (None, row["portal"] or portal)
    ]
    if as_json:
        print_objects(left)
    elif left:
        from jobs.tables import exceptions_table

        print_table(exceptions_table(left))
    changes, exceptions = len(found.changes), len(found.exceptions)
    say(f"{found.rows} rows, {found.matched} found on a portal, changes: {changes}, exceptions: {exceptions}.")
    say(f"Lists read: {', '.join(sorted(lists.read)) or 'none'}.")
    say(written.sentence, "yellow" if written.beside else "green")
    leave(max(asked, Code.PERSON if any(row["severity"] != "info" for row in left) else Code.DONE))


@reconcile_app.command()
def adopt(
    reference: Annotated[
        str, typer.Argument(metavar="REFERENCE", help="The case's reference number, as exceptions.csv names it.")
    ],
    portal: Annotated[str, typer.Option("--portal", parser=parse_portal, metavar="SLUG", help="The portal that has the case.")],
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="Who says that this case is ours.")],
    request: Annotated[str, typer.Option("--request", metavar="ID", help="The request that it is, where several fit.")] = "",
    row: Annotated[
        Path | None, typer.Option("--row", metavar="FILE", help="The completed row of a case of which there was no request.")
    ] = None,
    home: HomeOption = None,
) -> None:
    """Take over a case that was keyed by hand on a portal. Sends nothing.

    It becomes the case of the one request that fits; where none does, a row for intake is written to be completed.
    """
    from jobs.adopting import adopt as take_over
    from jobs.adopting import offered
    from jobs.journal_write import NoSuchRequest
    from jobs.payer_rules import PayerRules

    if not by.strip():
        say("Say who takes the case over: --by NAME. Nothing was changed.", "bold red")
        leave(Code.USAGE)
    with open_engine(home) as engine:
        case = offered(engine.journal, portal, reference)
        if row is not None:
            request = _take_in_row(engine, row, case)
        try:
            adopted = take_over(engine.journal, PayerRules(engine.rulebook, engine.routing), case, by.strip(), request)
        except NoSuchRequest:
            say(f"There is no request {request}. Nothing was changed. List them with: priorbot status --offline", "bold red")
            leave(Code.USAGE)
        if adopted is None and request:
            say(f"{request} was sent already, or asks for something else than this case. Nothing was changed.", "bold red")
            leave(Code.USAGE)
        if adopted is None:
            _write_row(engine, case)
            leave(Code.PERSON)
        write_books(engine)
    say(f"{reference} is the case of {adopted.request_id} now. What became of it: priorbot status", "green")


def _take_in_row(engine: Engine, file: Path, case: CaseSummary) -> str:
    """The one request of a completed row into the journal, if the case is its; its id. Nothing routes or sends it meanwhile."""
    from jobs.adopting import fits
    from jobs.commands.files import read_file
    from jobs.intake import request_fingerprint
    from jobs.journal import Different

    result = read_file(engine, file)
    if len(result.requests) != 1 or result.rejected:
        reasons = "; ".join(f"{one.column or 'the row'} {one.reason}" for one in result.rejected) or "it must hold one request"
        say(f"{file.name} cannot be used yet: {reasons}. Nothing was changed. Complete it and run this again.", "bold red")
        leave(Code.PERSON)
    (request,) = result.requests
    if not fits(request, case):
        say("The row is for another member, service or days than the case. Nothing was changed.", "bold red")
        leave(Code.PERSON)
    if isinstance(engine.journal.accept(request, request_fingerprint(request)), Different):
        say(f"Another request {request.request_id} is under way. Nothing was changed. Give the row another id.", "bold red")
        leave(Code.PERSON)
    return request.request_id


def _write_row(engine: Engine, case: CaseSummary) -> None:
    from jobs.adopting import ready_row_name, write_ready_rows

    file = engine.home.path / ready_row_name(case)
    payers = [payer.value for payer, rules in engine.rulebook.files.items() if case.portal in rules.portals]
    try:
        write_ready_rows(file, case, payers[0] if len(payers) == 1 else "")
    except FileExistsError:
        say(f"{file} is there already and was left as it is.", "yellow")
    say(
        f"No request of ours fits this case. Complete the row in {file}, then: "
        f"priorbot reconcile adopt {case.reference_no} --portal {case.portal} --by NAME --row {file.name}",
        "yellow",
    )
