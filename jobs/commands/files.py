"""Commands that read an intake file: check, route, submit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jobs.commands.at_work import run_on_portals, write_books
from jobs.commands.shared import (
    Code,
    FileArgument,
    HomeOption,
    JsonOption,
    PayerOption,
    PortalOption,
    code_of,
    code_of_outcomes,
    find_home,
    leave,
    open_engine,
    print_objects,
    print_table,
    say,
    show_requests,
)

if TYPE_CHECKING:
    from bots.model import Payer
    from jobs.engine import Engine
    from jobs.home import Home
    from jobs.intake import IntakeResult
    from jobs.office import Outcome
    from jobs.state import Snapshot
    from jobs.take_in import TakenIn

_SHOWN_PROBLEMS = 200


def register(app: typer.Typer) -> None:
    app.command()(check)
    app.command()(route)
    app.command()(submit)


def check(file: FileArgument, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Read a file and say what is wrong with it; nothing is submitted.

    Refused rows land in the home's rejects folder with their reasons, to be corrected and sent again.
    """
    from jobs.engine import Engine

    with Engine.at(find_home(home)) as engine:
        result = read_file(engine, file)
        rejects = save_rejects(result, engine.home)
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
    ask: Annotated[
        bool, typer.Option("--ask", help="Also ask the portals that say themselves whether an authorization is required.")
    ] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say where each request of a file goes, and why, with the ids of the payers' rules; nothing is submitted.

    With --ask it also says which answers are a portal's own; the page that said so is kept sealed.
    """
    from jobs.engine import Engine
    from jobs.routing import route as find_route
    from jobs.routing import route_as_json

    if ask:
        _ask_portals(file, as_of, payer, portal, home, as_json=as_json)
        return
    place = find_home(home)
    with Engine.at(place) if place.config_file.exists() else Engine(place) as engine:
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


def _ask_portals(
    file: Path, as_of: datetime | None, payer: Payer | None, portal: str | None, home: Path | None, *, as_json: bool
) -> None:
    from jobs.asking import Answered, answered_as_json, ask
    from jobs.routing import route as find_route

    with open_engine(home) as engine:
        result = read_file(engine, file)
        day = as_of.date() if as_of else engine.today()
        asked = [request for request in result.requests if payer in (None, request.payer)]
        routed = [(each, find_route(each, as_of=day, rulebook=engine.rulebook, settings=engine.routing)) for each in asked]
        routed = [(request, one) for request, one in routed if portal in (None, one.portal)]
        work = partial(ask, routed=routed)
        answers: list[Answered] = run_on_portals(engine, "Asking the portals", len(routed), work, dry_run=True)
    if as_json:
        print_objects(map(answered_as_json, answers))
    else:
        from jobs.tables import routes_table

        print_table(routes_table([each.route for each in answers], said_by=[each.by for each in answers]))
    for sentence in dict.fromkeys(each.why_not for each in answers if each.why_not):
        say(f"Not every portal was asked. {sentence}", "yellow")
    tell_rejected(result, None, quiet=as_json)
    leave(Code.PERSON if result.rejected else Code.DONE)


def submit(
    file: FileArgument,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Stop after the read-back and show it; nothing is sent.")] = False,
    portal: PortalOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Submit the requests of a file: each at most once, urgent first, over all accounts of its portal."""
    from jobs.dispatch import submit_due
    from jobs.take_in import take_in

    with open_engine(home) as engine:
        result = read_file(engine, file)
        tell_rejected(result, None if dry_run else save_rejects(result, engine.home), quiet=as_json)
        taken = take_in(result.requests, engine.journal, as_of=engine.today(), rulebook=engine.rulebook, settings=engine.routing)
        _tell_taken(taken)
        only, portals = set(taken.ids), None if portal is None else {portal}
        due = sum(len(engine.journal.due(slug, only)) for slug in engine.journal.portals_due() if portal in (None, slug))
        outcomes = run_on_portals(
            engine,
            "Trying out" if dry_run else "Submitting",
            due,
            lambda office: submit_due(office, only=only, portals=portals, dry_run=dry_run),
            portals=portals,
            dry_run=dry_run,
        )
        shown = [engine.journal.snapshot(request_id) for request_id in taken.ids]
        if portal is not None:
            shown = [one for one in shown if one.route is not None and one.route.portal == portal]
        code = code_of(shown)
        if dry_run:
            code = max(code, code_of_outcomes(outcomes))
            _show_dry_run(outcomes, as_json=as_json)
        else:
            write_books(engine)
            show_requests(shown, engine.config.practice.zone, as_json=as_json)
            tell_coverage_missing(shown)
            _tell_faxes(engine)
    leave(max(code, Code.PERSON) if result.rejected or taken.different else code)


def _tell_faxes(engine: Engine) -> None:
    from jobs.fax.book import FaxBook
    from jobs.fax.state import UNDER_WAY

    counts = FaxBook(engine.journal, engine.seats).counts()
    if waiting := sum(counts.get(step, 0) for step in UNDER_WAY):
        say(f"{waiting} faxes are not delivered yet. Look, and go on, with: priorbot fax send (priorbot run does it by itself)")


def tell_coverage_missing(shown: Iterable[Snapshot]) -> None:
    """What kept portals from telling coverage: the requests went on, and somebody may want to know."""
    for sentence, count in Counter(one.coverage_missing for one in shown if one.coverage_missing).most_common():
        say(f"Of {count} requests: {sentence}", "yellow")


def _tell_taken(taken: TakenIn) -> None:
    known = f", {taken.known} were known already" if taken.known else ""
    say(f"{taken.new} requests are new{known}.")
    if taken.different:
        say(
            f"{len(taken.different)} were refused, because another request with the same id is under way or done: "
            f"{', '.join(taken.different[:20])}. Give a new request an id of its own.",
            "yellow",
        )


def _show_dry_run(outcomes: Iterable[Outcome], *, as_json: bool) -> None:
    """What each portal's review page said. Nothing was sent."""
    if as_json:
        print_objects(
            {
                "request_id": one.request_id,
                "portal": one.portal,
                "status": one.status,
                "error_code": one.error_code,
                "reason": one.reason,
                "shown": one.shown.fields if one.shown else None,
            }
            for one in outcomes
        )
        return
    from jobs.tables import read_back_table

    for one in outcomes:
        print_table(read_back_table(one))
    say("Nothing was sent. To send: priorbot submit FILE", "green")


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
