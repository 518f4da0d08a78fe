"""``priorbot``: the command line. The commands themselves are in `jobs.commands`."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

from jobs.commands import books, files, follow_up, setting_up, world
from jobs.commands.shared import HomeOption, end_with, home_before_command


class Guarded(TyperGroup):
    """Turns every failure of a command into one sentence and its exit code; no traceback ever reaches a terminal."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except (typer.Exit, typer.Abort, KeyboardInterrupt):
            raise
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


for room in (world, setting_up, files, follow_up, books):
    room.register(app)


def main() -> None:
    """Entry point of the ``priorbot`` command."""
    app()
