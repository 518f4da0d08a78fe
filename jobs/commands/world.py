"""Commands that need no real payer: demo and simulate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from jobs.commands.shared import Code, HomeOption, leave, say


def register(app: typer.Typer) -> None:
    app.command()(demo)
    app.command()(simulate)


def demo(home: HomeOption = None) -> None:
    """Show a whole day in a simulated world: a file of requests, the portals, the decisions, the ledger, the report."""
    from jobs.demo import DEMO_FOLDER, run_demo

    ok = run_demo(home or Path.cwd() / DEMO_FOLDER)
    leave(Code.DONE if ok else Code.BUG)


def simulate(
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes a free one.")] = 8800,
    latency_ms: Annotated[int, typer.Option("--latency-ms", min=0, help="Waited before each of the portals' answers.")] = 0,
    seed: Annotated[int, typer.Option("--seed", help="Decides the simulated decisions.")] = 1,
    now: Annotated[str, typer.Option("--now", metavar="TIME", help="Date or time at which the world's clock starts.")] = "",
    skin: Annotated[list[str] | None, typer.Option("--skin", metavar="SLUG=2", help="Give a portal its other looks.")] = None,
) -> None:
    """Serve the simulated portals on this machine, for a person to click through, until Ctrl-C."""
    from fixtures.portals import PORTALS
    from fixtures.server import running_world

    with running_world(port=port, latency_ms=latency_ms, seed=seed, now=now, skins=skin or ()) as world:
        accounts = world.truth("accounts")
        for slug in sorted(PORTALS):
            first = next((account for account in accounts if account["portal"] == slug), None)
            who = f"user {first['username']}  password {first['password']}" if first else "no account needed"
            say(f"{slug}: {world.url(slug)}/  {who}", "green")
        say(f"What really happened: http://127.0.0.1:{world.port}/__truth__/requests   (Ctrl-C stops)")
        wait_for_end(world.pid)


def wait_for_end(pid: int) -> None:
    """Returns when the process ends or the person presses Ctrl-C."""
    import psutil

    try:
        psutil.Process(pid).wait()
    except (KeyboardInterrupt, psutil.NoSuchProcess):
        return
