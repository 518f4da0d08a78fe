"""The command that shows portals' outages."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from jobs.commands.setting_up import portal_app
from jobs.commands.shared import HomeOption, JsonOption, PortalOption, open_engine, print_objects, print_table, say


def register(_app: typer.Typer) -> None:
    portal_app.command("history")(portal_history)


def portal_history(
    portal: PortalOption = None,
    days: Annotated[int, typer.Option("--days", min=1, metavar="N", help="So many days back.")] = 30,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show portals' outages as PriorBot met them, newest first, and how much of the time each portal worked."""
    from jobs.uptime import outages, uptime

    with open_engine(home) as engine:
        now = engine.now()
        since = now - timedelta(days=days)
        known = [each for each in outages(engine.journal.events("")) if portal in (None, each.portal)]
        portals = [portal] if portal else sorted({*engine.config.portals, *(each.portal for each in known)})
    lines = uptime(known, portals, since, now)
    shown = [each for each in reversed(known) if each.until is None or each.until >= since]
    if as_json:
        print_objects(
            {
                "portal": each.portal,
                "since": each.since,
                "opened_at": each.opened_at,
                "until": each.until,
                "minutes": round(each.length(now).total_seconds() / 60, 1),
                "probes": each.probes,
                "error_code": each.error_code,
                "banner": each.banner,
            }
            for each in shown
        )
        return
    from jobs.tables import outages_table, uptime_table

    print_table(uptime_table(lines, days))
    if shown:
        print_table(outages_table(shown, now))
    else:
        say(f"No outage in the last {days} days.", "green")
