"""Commands for faxes that come in: ``fax receive`` and ``fax letters``. `add_to` puts them into the group ``fax``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jobs.commands.at_work import write_books
from jobs.commands.shared import Code, HomeOption, JsonOption, leave, open_engine, print_objects, print_table, say

if TYPE_CHECKING:
    from jobs.engine import Engine
    from jobs.fax_letters import LetterDesk
    from jobs.letter_events import Letter

HYLAFAX_QUEUE = Path("/var/spool/hylafax/recvq")
"""Where Debian's HylaFAX puts what it has received."""
letters_app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Letters that came by fax, and a person's word on them."
)


def add_to(fax: typer.Typer) -> None:
    fax.command()(receive)
    fax.add_typer(letters_app, name="letters")


LetterArgument = Annotated[
    str, typer.Argument(metavar="LETTER", help="The letter's id, as `priorbot fax letters list` shows it.")
]
ByOption = Annotated[str, typer.Option("--by", metavar="NAME", help="Who says so.")]


def receive(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="[FOLDER]", help="A folder of TIFF and PDF faxes, or one file. Default: HylaFAX's receive queue."),
    ] = None,
    remove: Annotated[
        bool, typer.Option("--remove", help="Take each file away once its sealed copy is on the disk and its letters are noted.")
    ] = False,
    settled: Annotated[
        float, typer.Option("--settled", metavar="SECONDS", help="Leave files that were written to within so many seconds.")
    ] = 30.0,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take in faxes: keep each one sealed, read its letters, and bring requests up to date where every field is certain."""
    from jobs.fax_receiving import receive_all

    where = folder or HYLAFAX_QUEUE
    if not where.exists():
        say(f"There is no folder or file {where}. Nothing was received. Name the one where your faxes arrive.", "bold red")
        leave(Code.USAGE)

    def on_file(number: int, count: int) -> None:
        if not as_json:
            say(f"Reading fax {number} of {count}")

    with open_engine(home) as engine:
        taken = receive_all(engine, where, settled_after=settled, remove=remove, on_file=on_file)
        received, unsettled = taken.received, taken.unsettled
        if any(one.is_new for one in received):
            write_books(engine)
    letters = [letter for one in received for letter in one.letters]
    _show(letters, as_json=as_json)
    if unsettled:
        say(f"{unsettled} files are still being written; run this again in a minute.", "yellow")
    known = sum(not one.is_new for one in received)
    if known and not as_json:
        say(f"{known} files had been received before; nothing was done with them.")
    leave(_code(letters))


@letters_app.command("list")
def list_letters(
    everything: Annotated[bool, typer.Option("--all", help="Also those that are settled.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the letters that wait for a person (exit code 3 when there are any)."""
    from jobs.letter_events import FOR_A_PERSON

    with open_engine(home) as engine:
        letters = _desk(engine).letters(None if everything else FOR_A_PERSON)
    _show(letters, as_json=as_json)
    leave(_code(letters))


@letters_app.command()
def show(letter: LetterArgument, home: HomeOption = None) -> None:
    """Write a page that shows the letter beside what was read of it, into the home's letters/, and print where it is."""
    from bots.private import write_private
    from jobs.letter_page import letter_page

    with open_engine(home) as engine:
        desk = _desk(engine)
        found = desk.find(letter)
        page = letter_page(found, desk.reading_of(found), desk.pictures_of(found))
        write_private(_look(engine, letter), page.encode())
        say("It shows a patient's letter: it is taken away when you accept or refuse it.")
        typer.echo(_look(engine, letter))


@letters_app.command()
def accept(
    letter: LetterArgument,
    by: ByOption,
    request: Annotated[
        str, typer.Option("--request", metavar="REQUEST", help="The request it is about, where none was found.")
    ] = "",
    put: Annotated[
        list[str] | None, typer.Option("--set", metavar="FIELD=VALUE", help="What the letter says, where it was misread.")
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring the letter's request up to date by what it says: you have compared it with the page."""
    from jobs.journal import NoSuchRequest

    given = dict(one.partition("=")[::2] for one in put or [])
    with open_engine(home) as engine:
        try:
            settled = _desk(engine).accept(letter, by, request_id=request, given=given)
        except NoSuchRequest:
            say("No such request is in the journal. Nothing was changed. Name it with: --request REQUEST", "bold red")
            leave(Code.USAGE)
        _look(engine, letter).unlink(missing_ok=True)
        write_books(engine)
    _show([settled], as_json=as_json)


@letters_app.command()
def refuse(letter: LetterArgument, by: ByOption, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Put the letter aside: it is not ours, or it is settled elsewhere. No request changes; the fax stays kept."""
    with open_engine(home) as engine:
        settled = _desk(engine).refuse(letter, by)
        _look(engine, letter).unlink(missing_ok=True)
    _show([settled], as_json=as_json)


def waiting_letters(engine: Engine, payer: str | None = None) -> list[dict[str, object]]:
    """The letters that wait for a person, oldest first: each with the command that shows its page beside what was read."""
    from jobs.letter_events import FOR_A_PERSON
    from jobs.letter_rows import letters_in

    with engine.journal.read() as connection:
        letters = [one for one in letters_in(connection, FOR_A_PERSON) if payer in (None, one.payer)]
    letters.sort(key=lambda one: (one.arrived_at, one.letter_id))
    return [_object(one) | {"next_action": f"Run: priorbot fax letters show {one.letter_id}"} for one in letters]


def _desk(engine: Engine) -> LetterDesk:
    from jobs.fax_receiving import letter_desk

    return letter_desk(engine)


def _look(engine: Engine, letter_id: str) -> Path:
    return engine.home.letters / f"look-{Path(letter_id).name}.html"


def _show(letters: Any, *, as_json: bool) -> None:
    """One object a letter, or a table."""
    if as_json:
        print_objects(map(_object, letters))
    elif letters:
        from rich.table import Table

        table = Table("letter", "payer", "state", "request", "why")
        for letter in letters:
            table.add_row(letter.letter_id, letter.payer, letter.state.value, letter.request_id, _why(letter))
        print_table(table)
    else:
        say("No letters.", "green")


def _object(letter: Letter) -> dict[str, object]:
    return {
        "letter_id": letter.letter_id,
        "state": letter.state.value,
        "payer": letter.payer,
        "request_id": letter.request_id,
        "reasons": letter.reasons,
        "why": _why(letter),
        "pages": [page + 1 for page in letter.pages],
        "arrived_at": letter.arrived_at,
        "settled_at": letter.settled_at,
        "who": letter.who,
    }


def _why(letter: Letter) -> str:
    from jobs.letter_match import sentence_of

    return " ".join(map(sentence_of, letter.reasons))


def _code(letters: Any) -> Code:
    from jobs.letter_events import FOR_A_PERSON

    return Code.PERSON if any(letter.state in FOR_A_PERSON for letter in letters) else Code.DONE
