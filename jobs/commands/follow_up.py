"""Commands that ask the portals what became of requests: status, units, verify."""

from __future__ import annotations

from collections.abc import Sequence
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
    StateOption,
    code_of,
    leave,
    open_engine,
    print_objects,
    print_table,
    say,
    show_requests,
)

if TYPE_CHECKING:
    from jobs.engine import Engine
    from jobs.state import Snapshot
    from jobs.units_watch import LinePace, Proposal


def register(app: typer.Typer) -> None:
    app.command()(status)
    app.command()(units)
    app.command()(verify)


OfflineOption = Annotated[bool, typer.Option("--offline", help="Show what the journal knows; ask no portal.")]


def status(
    payer: PayerOption = None,
    portal: PortalOption = None,
    state: StateOption = None,
    offline: OfflineOption = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read what became of the open cases, bring the ledger up to date, and list the requests."""
    from jobs.follow import follow_open

    with open_engine(home) as engine:
        if not offline:
            portals = None if portal is None else {portal}
            run_on_portals(engine, "Reading cases", None, lambda office: follow_open(office, portals=portals), portals=portals)
            write_books(engine)
        shown = list(engine.journal.snapshots(payer=payer, portal=portal, status=state))
        show_requests(shown, engine.config.practice.zone, as_json=as_json)
        asked = Code.DONE if offline else tell_not_asked(engine, portal)
    leave(max(code_of(shown), asked))


def units(
    payer: PayerOption = None,
    portal: PortalOption = None,
    offline: OfflineOption = False,
    proposals: Annotated[
        Path | None,
        typer.Option("--propose", metavar="FILE", help="Write a row for intake for what runs out, to be checked; sends nothing."),
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read the units used of what was approved, bring the ledger up to date, and list their pace and what runs out."""
    from jobs.follow import read_units
    from jobs.state import GRANTED
    from jobs.units_watch import line_paces, propose

    with open_engine(home) as engine:
        if not offline:
            portals = None if portal is None else {portal}
            run_on_portals(engine, "Reading units", None, lambda office: read_units(office, portals=portals), portals=portals)
            write_books(engine)
        shown = list(engine.journal.snapshots(payer=payer, status=GRANTED))
        ids = {each.request.request_id for each in shown}
        lines = [line for line in line_paces(engine.journal, engine.today()) if line.request_id in ids]
        if as_json:
            show_units(shown, lines)
        else:
            from jobs.tables import units_table

            print_table(units_table(lines))
        if proposals is not None:
            _propose(proposals, propose(engine.journal, engine.today()))
        asked = Code.DONE if offline else tell_not_asked(engine, portal)
    leave(asked)


def show_units(shown: Sequence[Snapshot], lines: Sequence[LinePace]) -> None:
    """One object per request in the ledger's words, with the pace of each of its lines."""
    from jobs.ledger import request_object

    paces: dict[str, list[dict[str, object]]] = {each.request.request_id: [] for each in shown}
    for line in lines:
        paces[line.request_id].append(pace_object(line))
    print_objects(request_object(each) | {"pace": paces[each.request.request_id]} for each in shown)


def pace_object(line: LinePace) -> dict[str, object]:
    """How the units of one line go, for JSON: amounts in plain digits as in the ledger, always every key."""
    from jobs.ledger import amount, day

    now = line.pace
    return {
        "service_code": line.service_code,
        "unit_type": now.unit_type.value,
        "as_of": day(now.as_of),
        **{name: amount(getattr(now, name)) for name in ("approved", "used", "remaining", "per_week")},
        "runs_out": day(now.runs_out),
        "valid_to": day(now.valid_to),
        "readings": now.readings,
        "note": now.note,
        "warnings": [word.value for word in now.warnings],
    }


def _propose(file: Path, proposals: Sequence[Proposal]) -> None:
    from jobs.units_watch import write_proposals

    if not proposals:
        say("Nothing runs out that is not asked for already. No file was written.", "green")
        return
    try:
        write_proposals(file, proposals)
    except FileExistsError:
        say(f"{file} is there already and was left as it is. Name another file with --propose.", "bold red")
        leave(Code.USAGE)
    say(f"Wrote {len(proposals)} proposals to {file}. Nothing was sent. Complete each row, then: priorbot submit FILE")


def verify(
    request: Annotated[
        str, typer.Argument(metavar="[REQUEST]", help="One uncertain request that you have looked up yourself.")
    ] = "",
    reference: Annotated[str, typer.Option("--reference", metavar="NUMBER", help="You found it under this number.")] = "",
    not_accepted: Annotated[bool, typer.Option("--not-accepted", help="It certainly was not accepted; it may be sent.")] = False,
    portal: PortalOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Settle what is uncertain: look for it on the portal, or say what you found there yourself."""
    from bots.model import Status
    from jobs.verify import verify_due

    if bool(request) != (bool(reference) != not_accepted):
        say("Give a request together with either --reference NUMBER or --not-accepted, or none of them.", "bold red")
        leave(Code.USAGE)
    with open_engine(home) as engine:
        if request:
            settled = [_settle(engine, request, reference)]
        else:
            portals = None if portal is None else {portal}
            outcomes = run_on_portals(
                engine, "Looking", None, lambda office: verify_due(office, portals=portals), portals=portals
            )
            settled = [engine.journal.snapshot(one.request_id) for one in outcomes]
        open_still = list(engine.journal.snapshots(portal=portal, status=Status.UNCERTAIN))
        write_books(engine)
        show_requests(settled, engine.config.practice.zone, as_json=as_json)
    if open_still:
        first = min((one.waiting_until for one in open_still if one.waiting_until), default=None)
        when = f" The next look is due at {first:%H:%M} UTC; run this again then." if first else ""
        say(f"{len(open_still)} requests are still uncertain. They will not be sent again.{when}", "yellow")
    leave(code_of([*settled, *open_still]))


_NO_REFERENCE = (
    "{number} is no reference number of {portal}; the number of a draft that was never submitted looks much like one. "
    "Nothing was changed. Look for the request among those that {portal} has received, and take the number from its page."
)


def _settle(engine: Engine, request_id: str, reference_no: str) -> Snapshot:
    """A person's own word on an uncertain request. A number that is none of the portal's is not taken: it may be a draft's."""
    import getpass

    from jobs.events import MoveRefused
    from jobs.state import AttemptState

    uncertain = engine.journal.attempts(request_id=request_id, state=AttemptState.UNCERTAIN)
    if reference_no and not all(engine.gives_number(attempt.portal, reference_no) for attempt in uncertain):
        say(_NO_REFERENCE.format(number=reference_no, portal=uncertain[0].portal), "bold red")
        leave(Code.USAGE)
    try:
        return engine.attempts.settled_by_person(request_id, getpass.getuser(), reference_no=reference_no)
    except MoveRefused:
        say("Nothing is uncertain about that request. Nothing was changed. See: priorbot ledger history REQUEST", "bold red")
        leave(Code.USAGE)
