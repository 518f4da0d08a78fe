"""The command that asks what members are covered for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jobs.commands.at_work import run_on_portals
from jobs.commands.files import read_file, tell_rejected
from jobs.commands.shared import (
    Code,
    HomeOption,
    JsonOption,
    PayerOption,
    leave,
    open_engine,
    print_objects,
    print_table,
    say,
)

if TYPE_CHECKING:
    from bots.model import AuthRequest
    from jobs.coverage import Told
    from jobs.engine import Engine


def register(app: typer.Typer) -> None:
    app.command()(eligibility)


def eligibility(
    target: Annotated[str, typer.Argument(metavar="FILE|REQUEST", help="A file of requests, or the id of one in the journal.")],
    payer: PayerOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask what members are covered for, and how much of a service's limit is left; nothing is submitted.

    Asked of the portals that tell it (connect_center), for the first day of service. Their pages are kept sealed, and the answer
    with each request that is in the journal.
    """
    from jobs.coverage import ask_now
    from jobs.routing import route

    with open_engine(home) as engine:
        requests, is_whole = _requests(engine, target, quiet=as_json)
        asked = [request for request in requests if payer in (None, request.payer)]
        ways = [route(each, as_of=engine.today(), rulebook=engine.rulebook, settings=engine.routing) for each in asked]
        routed = [(request, way.portal) for request, way in zip(asked, ways, strict=True)]
        told: list[Told] = run_on_portals(
            engine, "Asking for coverage", len(routed), lambda office: ask_now(office, routed), dry_run=True
        )
    if as_json:
        print_objects(map(_object, told))
    else:
        from jobs.tables import coverage_table

        print_table(coverage_table(told))
    leave(max([_code(one) for one in told] + [Code.DONE if is_whole else Code.PERSON]))


def _requests(engine: Engine, target: str, *, quiet: bool) -> tuple[tuple[AuthRequest, ...], bool]:
    """What is meant, and whether all of it can be taken."""
    from jobs.journal import NoSuchRequest

    if Path(target).is_file():
        result = read_file(engine, Path(target))
        tell_rejected(result, None, quiet=quiet)
        return tuple(result.requests), not result.rejected
    try:
        return (engine.journal.snapshot(target).request,), True
    except NoSuchRequest:
        sentence = "There is no file and no request in the journal of that name. Nothing was asked."
        say(f"{sentence} List the requests with: priorbot status --offline", "bold red")
        leave(Code.USAGE)


def _object(told: Told) -> dict[str, object]:
    from jobs.ledger import coverage_object
    from jobs.questions import NotTold

    answer, about = told.answer, {"request_id": told.request_id, "portal": told.portal}
    if isinstance(answer, NotTold):
        return {**about, "coverage": None, "not_told": answer.sentence}
    return {**about, "coverage": coverage_object(answer), "not_told": ""}


def _code(told: Told) -> Code:
    from jobs.fallback import OUTAGES
    from jobs.questions import NotTold

    if isinstance(told.answer, NotTold):
        return Code.DOWN if told.answer.error_code in OUTAGES else Code.PERSON
    return Code.DONE if told.answer.is_active else Code.PERSON
