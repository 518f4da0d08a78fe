"""Commands that read an intake file: check, route, submit."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jobs.commands.shared import (
    Code,
    FileArgument,
    HomeOption,
    JsonOption,
    PayerOption,
    PortalOption,
    find_home,
    leave,
    print_objects,
    print_table,
    say,
)

if TYPE_CHECKING:
    from jobs.engine import Engine
    from jobs.home import Home
    from jobs.intake import IntakeResult

_SHOWN_PROBLEMS = 200


def register(app: typer.Typer) -> None:
    app.command()(check)
    app.command()(route)


def check(file: FileArgument, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Read a file and say what is wrong with it; nothing is submitted.

    Refused rows land in the home's rejects folder with their reasons, to be corrected and sent again.
    """
    from jobs.engine import Engine

    place = find_home(home).create()
    with Engine(place) as engine:
        result = read_file(engine, file)
    rejects = save_rejects(result, place)
    if as_json:
        print_objects(result.rejected)
    tell_rejected(result, rejects, quiet=as_json)
    if not result.rejected:
        say(f"All {len(result.requests)} requests can be taken. Next: priorbot route {file.name}", "green")
    leave(Code.PERSON if result.rejected else Code.DONE)


def route(
    file: FileArgument,
    as_of: Annotated[
        datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], metavar="DATE", help="The day from which the rules look.")
    ] = None,
    payer: PayerOption = None,
    portal: PortalOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say where each request of a file goes, and why, with the ids of the payers' rules; nothing is submitted."""
    from jobs.engine import Engine
    from jobs.routing import route as find_route
    from jobs.routing import route_as_json

    with Engine(find_home(home)) as engine:
        result = read_file(engine, file)
        day = as_of.date() if as_of else engine.today()
        routes = [
            find_route(request, as_of=day, rulebook=engine.rulebook, settings=engine.routing)
            for request in result.requests
            if payer in (None, request.payer)
        ]
    routes = [one for one in routes if portal in (None, one.portal)]
    if as_json:
        print_objects(map(route_as_json, routes))
    else:
        from jobs.tables import routes_table

        print_table(routes_table(routes))
    tell_rejected(result, None, quiet=as_json)
    leave(Code.PERSON if result.rejected else Code.DONE)


# --- what they share -------------------------------------------------------------------------------------------------


def read_file(engine: Engine, file: Path) -> IntakeResult:
    """The file's requests and refused rows. Ends the command with a sentence when the file as a whole cannot be used."""
    from jobs.intake import read_intake

    result = read_intake(file, columns=engine.config.intake.columns, today=engine.today())
    if result.file_error:
        say(result.file_error.reason, "bold red")
        leave(Code.USAGE)
    return result


def save_rejects(result: IntakeResult, home: Home) -> Path | None:
    from jobs.intake import write_rejects

    return write_rejects(result, home.rejects)


def tell_rejected(result: IntakeResult, rejects: Path | None, *, quiet: bool) -> None:
    """Refused rows as a table on stdout (``quiet``: not again, they were printed as JSON), and what to do on stderr."""
    if not result.rejected:
        return
    if not quiet:
        from jobs.tables import problems_table

        print_table(problems_table(result.rejected[:_SHOWN_PROBLEMS]))
    rows = len({row.row for row in result.rejected})
    where = f" They are in {rejects}: correct them there and submit that file." if rejects else ""
    say(f"{rows} of {result.rows} rows were not taken; {len(result.requests)} requests can be.{where}", "yellow")
