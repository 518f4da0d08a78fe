"""``priorbot``: the command line. The commands themselves are in `jobs.commands`."""

from __future__ import annotations

import signal
from typing import Any

import typer
from typer.core import TyperGroup

from jobs.commands import (
    account,
    attended,
    books,
    coverage,
    faxes,
    files,
    follow_up,
    outages,
    pages,
    phone,
    reconciling,
    reports,
    setting_up,
    unattended,
    world,
)
from jobs.commands.shared import HomeOption, end_with, home_before_command, say

_STOPPED = 130
"""Exit code of a command that a person or the system stopped (128 + SIGINT, as shells have it)."""


class Guarded(TyperGroup):
    """Turns every failure of a command into one sentence and its exit code; no traceback ever reaches a terminal."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except (typer.Exit, typer.Abort):
            raise
        except KeyboardInterrupt:
            say("Stopped. What was sent stands in the journal. Go on with the same command; look with: priorbot status --offline")
            raise typer.Exit(_STOPPED) from None
        except Exception as error:
            if hasattr(error, "exit_code"):  # the command line's own: usage, bad parameter
                raise
            raise typer.Exit(int(end_with(error))) from None


app = typer.Typer(
    name="priorbot",
    cls=Guarded,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Submits prior authorizations to payer portals, follows them to a decision, and keeps a ledger that agrees with them.",
    epilog="Exit codes: 0 done, 1 a bug, 2 usage, 3 a person is needed, 4 a portal is down, 5 something is uncertain.",
)


@app.callback()
def root(home: HomeOption = None) -> None:
    home_before_command.set(home)


_ROOMS = (
    world,
    setting_up,
    attended,
    pages,
    account,
    files,
    coverage,
    follow_up,
    faxes,
    phone,
    outages,
    books,
    reconciling,
    reports,
    unattended,
)
for room in _ROOMS:
    room.register(app)


def main() -> None:
    """Entry point of the ``priorbot`` command."""
    # A service manager's SIGTERM ends as Ctrl-C does: signed out everywhere, nothing left half done.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as a shell starts what runs in its background
        signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda _number, _frame: signal.raise_signal(signal.SIGINT))
    app()
