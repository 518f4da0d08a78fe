"""What all commands share: options, where output goes, and the exit code that an ending has.

Data goes to stdout, talk to stderr. This module and the command modules import nothing heavy at the top: ``priorbot --help``
must be quick.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from contextvars import ContextVar
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from bots.model import Payer, Status
    from jobs.engine import Engine
    from jobs.home import Home
    from jobs.office import Outcome
    from jobs.state import Snapshot


class Code(IntEnum):
    """Exit codes (design, section 4). Where several fit, the one that must not be overlooked: 5, then 4, then 3."""

    DONE = 0
    BUG = 1
    USAGE = 2
    PERSON = 3
    DOWN = 4
    UNCERTAIN = 5


_MOST_ROWS = 200
"""Requests that a terminal shows one by one."""


def parse_payer(text: str) -> Payer:
    from bots.model import Payer

    return Payer(parse_word(text, tuple(Payer), "payer"))


def parse_status(text: str) -> Status:
    from bots.model import Status

    return Status(parse_word(text, tuple(Status), "status"))


def parse_portal(text: str) -> str:
    from jobs.portal_settings import PORTAL_SLUGS

    return parse_word(text, PORTAL_SLUGS, "portal")


def parse_word(text: str, known: tuple[str, ...], what: str) -> str:
    """The word itself. Raises ``typer.BadParameter`` naming the nearest known one."""
    if text in known:
        return text
    from difflib import get_close_matches

    nearest = get_close_matches(text.lower(), known, n=1, cutoff=0.0)[0]
    raise typer.BadParameter(f"there is no {what} of that name; the nearest is {nearest}. Known: {', '.join(known)}.")


home_before_command: ContextVar[Path | None] = ContextVar("home_before_command", default=None)
"""``priorbot --home FOLDER COMMAND``, set by the root of the command line."""
HomeOption = Annotated[
    Path | None,
    typer.Option("--home", metavar="FOLDER", help="The home folder. Default: $PRIORBOT_HOME, else your own data folder."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print data as JSON lines on stdout.")]
PayerOption = Annotated[
    Any, typer.Option("--payer", parser=parse_payer, metavar="PAYER", help="Only this payer: husky, carepartners or bcbsma.")
]
PortalOption = Annotated[Any, typer.Option("--portal", parser=parse_portal, metavar="SLUG", help="Only this portal.")]
StateOption = Annotated[
    Any, typer.Option("--state", parser=parse_status, metavar="STATUS", help="Only requests with this status.")
]
FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="Requests as CSV, XLSX or JSON lines.")]


# --- output ----------------------------------------------------------------------------------------------------------


def console(*, stderr: bool = True) -> Any:
    """A rich console, for talk (stderr) or for tables (stdout). Markup is off: a payer's text is never a style."""
    from rich.console import Console

    width = None if sys.stdout.isatty() else 160
    return Console(stderr=stderr, markup=False, highlight=False, emoji=False, width=width)


def say(text: str, style: str = "") -> None:
    """One sentence for the person at the terminal, on stderr."""
    console().print(text, style=style or None, soft_wrap=True)


def print_objects(objects: Iterable[Any]) -> None:
    """One JSON object a line on stdout."""
    import msgspec

    for one in objects:
        # Every key is always there, also where a value is its default.
        whole = msgspec.structs.asdict(one) if isinstance(one, msgspec.Struct) else one
        sys.stdout.write(msgspec.json.encode(whole).decode() + "\n")


def print_table(table: Any) -> None:
    console(stderr=False).print(table)


# --- homes and endings -----------------------------------------------------------------------------------------------


def open_engine(home: Path | None) -> Engine:
    """The engine of a home that exists. Raises `jobs.home.HomeError`."""
    from jobs.engine import Engine

    return Engine.open(find_home(home))


def find_home(home: Path | None) -> Home:
    """The home named after the command, else before it, else by the environment, else the user's own."""
    from jobs.home import Home

    return Home.find(home or home_before_command.get())


def leave(code: Code) -> NoReturn:
    raise typer.Exit(int(code))


def choose_seat(engine: Engine, slug: str, account: str) -> str:
    """The account under which a command works, "" where the portal has none."""
    from bots.signin_map import WITHOUT_ACCOUNT

    return "" if slug in WITHOUT_ACCOUNT and not account else choose_account(engine, slug, account)


def choose_account(engine: Engine, slug: str, account: str) -> str:
    """The account that a command means: the one named, or the only one. Ends the command when there is none."""
    from bots.signin_map import WITHOUT_ACCOUNT

    if slug in WITHOUT_ACCOUNT:
        say(f"{slug} is used without an account. Nothing was done.", "bold red")
        leave(Code.USAGE)
    settings = engine.config.portals.get(slug)
    known = settings.accounts if settings else ()
    if account in known or (not account and len(known) == 1):
        return account or known[0]
    which = (
        f"Name one of: {', '.join(known)}." if known else f"Enter it in {engine.home.config_file.name}: [portals.{slug}] account."
    )
    say(f"{slug} has no account {account or 'that could be meant'}. Nothing was done. {which}", "bold red")
    leave(Code.USAGE)


def code_of(snapshots: Iterable[Snapshot]) -> Code:
    """The exit code that these requests call for."""
    from bots.model import Status
    from jobs.attention import find_task
    from jobs.fallback import OUTAGES

    codes = {Code.DONE}
    for snapshot in snapshots:
        if snapshot.status is Status.UNCERTAIN:
            codes.add(Code.UNCERTAIN)
        elif snapshot.status is Status.WAITING and snapshot.error_code in OUTAGES:
            codes.add(Code.DOWN)
        elif find_task(snapshot):
            codes.add(Code.PERSON)
    return max(codes)


def code_of_outcomes(outcomes: Iterable[Outcome]) -> Code:
    """The exit code of work that moved no request, by its errors."""
    from jobs.fallback import OUTAGES

    return max((Code.DOWN if one.error_code in OUTAGES else Code.PERSON for one in outcomes if one.error_code), default=Code.DONE)


def show_requests(snapshots: Sequence[Snapshot], zone: ZoneInfo, *, as_json: bool) -> None:
    """One object per request in the ledger's words, or a table with times in the practice's ``zone``."""
    from jobs.ledger import request_object

    if as_json:
        print_objects(map(request_object, snapshots))
    elif len(snapshots) > _MOST_ROWS:
        from jobs.tables import counts_table

        print_table(counts_table(snapshots))
        say("Each of them stands in ledger.csv; or narrow the list with --payer, --portal or --state.")
    elif snapshots:
        from jobs.tables import requests_table

        print_table(requests_table(snapshots, zone))


def end_with(error: Exception) -> Code:
    """Tells a failure in one sentence on stderr, and gives its exit code. What is not known is a bug: type and place only,
    because a message or a variable could hold a patient's data."""
    import traceback

    from bots.errors import Action, BotError

    sentence = getattr(error, "sentence", None)
    if isinstance(error, BotError):
        say(error.sentence, "bold red")
        return {Action.RETRY: Code.DOWN, Action.VERIFY: Code.UNCERTAIN}.get(error.action, Code.PERSON)
    if isinstance(sentence, str):
        say(sentence, "bold red")
        return Code.PERSON if getattr(error, "needs_person", False) else Code.USAGE
    from jobs.ledger import LedgerDamaged

    if isinstance(error, LedgerDamaged):
        say(str(error), "bold red")
        return Code.PERSON
    if isinstance(error, BrokenPipeError):  # ``| head`` has seen enough
        sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115
        return Code.DONE
    if isinstance(error, OSError) and error.strerror:
        say(
            f"The computer refused a file or a connection ({error.strerror}). What was done stands in the journal. "
            "Run: priorbot doctor",
            "bold red",
        )
        return Code.BUG
    frames = traceback.extract_tb(error.__traceback__, limit=-1)
    place = f"{Path(frames[0].filename).name}:{frames[0].lineno}" if frames else "?"
    say(
        f"PriorBot ran into a mistake of its own ({type(error).__name__}, {place}) and stopped. "
        "What was sent stands in the journal. Give this line to your IT person, then run: priorbot verify",
        "bold red",
    )
    return Code.BUG
