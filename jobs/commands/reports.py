"""``priorbot report``: what stands, and what happened in a day, a week or a month; as page, XLSX and JSON, and sent in counts."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jobs.commands.shared import Code, HomeOption, JsonOption, PayerOption, PortalOption, leave, open_engine, print_objects, say

if TYPE_CHECKING:
    from jobs.engine import Engine
    from jobs.reporting.period import Period, PeriodKind
    from jobs.writing import Written

report_app = typer.Typer(
    invoke_without_command=True,
    rich_markup_mode=None,
    help="Write the report: where requests stand today, and what happened in a day, a week or a month.",
)


def register(app: typer.Typer) -> None:
    app.add_typer(report_app, name="report")


def parse_kind(text: str) -> PeriodKind:
    from jobs.reporting.period import PeriodKind

    if text in tuple(PeriodKind):
        return PeriodKind(text)
    raise typer.BadParameter("a report is of a day, a week or a month.")


def parse_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("write a date as 2026-11-16.") from None


PeriodOption = Annotated[
    Any, typer.Option("--period", parser=parse_kind, metavar="day|week|month", help="How long. Default: week.")
]
FromOption = Annotated[
    Any, typer.Option("--from", parser=parse_day, metavar="DATE", help="Its first day. Default: so that it ends today.")
]
OutOption = Annotated[
    Path | None,
    typer.Option("--out", metavar="FOLDER", help="Write the files there, named by what they are of. Default: the home's report."),
]


@report_app.callback()
def report(
    context: typer.Context,
    period: PeriodOption = None,
    first: FromOption = None,
    payer: PayerOption = None,
    portal: PortalOption = None,
    out: OutOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the report as page, XLSX and JSON: where requests stand today, and what happened in a day, a week or a month."""
    if context.invoked_subcommand:
        return
    with open_engine(home) as engine:
        wanted = _period(engine, period, first)
        if as_json and out is None:
            print_objects([_json(engine, wanted, payer, portal)])
            return
        whole = period is None and first is None and payer is None and portal is None
        if whole and out is None:
            made: tuple[Written, ...] = (engine.write_report(),)
        else:
            folder = out or engine.home.reports
            made = engine.write_report_files(lambda: engine.report(wanted, payer=payer or "", portal=portal or ""), folder)
        if as_json:
            print_objects([{"files": [str(each.path) for each in made]}])
    for each in made:
        say(each.sentence, "yellow" if each.beside else "green")
    say(f"Open it in a browser: {made[0].path}", "green")


@report_app.command()
def send(period: PeriodOption = None, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Send the report of the last whole day (or week, or month) to the targets of [notify]: counts and request ids only.

    The full report is written into the home's reports/ folder; it is never sent. Exit code 3 when a target did not take it.
    """
    import asyncio

    from jobs.reporting.period import PeriodKind
    from jobs.reporting.sending import send_report

    with open_engine(home) as engine:
        if not engine.config.notify.targets:
            say(
                f"Nothing was sent: {engine.home.config_file.name} names no target. Add [notify] targets, then their addresses: "
                "priorbot vault set",
                "bold red",
            )
            leave(Code.USAGE)
        sent = asyncio.run(send_report(engine, period or PeriodKind.DAY, engine.alerts()))
    if as_json:
        print_objects([sent])
    say(sent.sentence, "bold red" if sent.refused else "green")
    say(f"The full report: {sent.page}")
    leave(Code.PERSON if sent.refused else Code.DONE)


def _period(engine: Engine, kind: PeriodKind | None, first: date | None) -> Period:
    from jobs.reporting.period import PeriodKind, beginning, ending

    zone, length = engine.config.practice.zone, kind or PeriodKind.WEEK
    return ending(length, engine.today(), zone) if first is None else beginning(length, first, zone)


def _json(engine: Engine, period: Period, payer: str | None, portal: str | None) -> Any:
    import msgspec

    return msgspec.to_builtins(engine.report(period, payer=payer or "", portal=portal or ""))
