"""Commands about requests that a person phones in: what to call, and how the call ended."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jobs.commands.at_work import write_books
from jobs.commands.shared import (
    Code,
    HomeOption,
    JsonOption,
    PayerOption,
    PortalOption,
    leave,
    open_engine,
    print_objects,
    print_table,
    say,
)

if TYPE_CHECKING:
    from jobs.engine import Engine
    from jobs.state import Snapshot

phone_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Requests that a person phones in.")
_Request = Annotated[str, typer.Argument(metavar="REQUEST", help="A request id.")]
_By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who called. Recorded.")]


def register(app: typer.Typer) -> None:
    app.add_typer(phone_app, name="phone")


@phone_app.command("list")
def phone_list(
    payer: PayerOption = None, portal: PortalOption = None, home: HomeOption = None, as_json: JsonOption = False
) -> None:
    """List the calls to make, urgent first: number, when somebody is there, what to say and what to write down."""
    from bots.model import Status
    from jobs.phone import list_calls

    with open_engine(home) as engine:
        snapshots = engine.journal.snapshots(payer=payer, portal=portal, status=Status.NEEDS_PERSON)
        calls = list_calls(snapshots, engine.rulebook, engine.now())
    if as_json:
        print_objects(calls)
    elif calls:
        from jobs.tables import calls_table

        print_table(calls_table(calls))
        say("Then: priorbot phone done REQUEST --reference NUMBER --by NAME, or: priorbot phone failed REQUEST --by NAME")
    else:
        say("Nothing is to be phoned in.", "green")
    leave(Code.PERSON if calls else Code.DONE)


@phone_app.command("done")
def phone_done(
    request: _Request,
    reference: Annotated[str, typer.Option("--reference", metavar="NUMBER", help="The reference number that the desk gave.")],
    by: _By,
    spoke_with: Annotated[str, typer.Option("--spoke-with", metavar="NAME", help="Who took it at the payer.")] = "",
    same_call: Annotated[bool, typer.Option("--same-call", help="One call covered several requests under this number.")] = False,
    home: HomeOption = None,
) -> None:
    """Note that the payer took a request by telephone. It is submitted with that, and goes on no other way."""
    from jobs import phone

    def note(engine: Engine) -> Snapshot:
        return phone.phone_done(
            engine.journal,
            request,
            reference_no=reference,
            who=by,
            spoke_with=spoke_with,
            same_call=same_call,
            rulebook=engine.rulebook,
        )

    _noted(note, home)
    say(f"{request} is submitted by telephone under {reference.strip()}.", "green")


@phone_app.command("failed")
def phone_failed(
    request: _Request,
    by: _By,
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="In a few words; no patient's data.")] = "",
    home: HomeOption = None,
) -> None:
    """Note that the payer certainly took nothing by telephone. Somebody calls again, or gives the request back."""
    from jobs import phone

    noted = _noted(lambda engine: phone.phone_failed(engine.journal, request, who=by, why=why), home)
    say(f"Noted. {noted.next_action}", "yellow")
    leave(Code.PERSON)


def _noted(note: Callable[[Engine], Snapshot], home: Path | None) -> Snapshot:
    from jobs.journal import NoSuchRequest

    with open_engine(home) as engine:
        try:
            noted = note(engine)
        except NoSuchRequest:
            say("There is no request of that id in the journal. Nothing was noted. See: priorbot phone list", "bold red")
            leave(Code.USAGE)
        write_books(engine)
    return noted
