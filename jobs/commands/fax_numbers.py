"""``priorbot fax number``: a desk's fax number is changed by two different people, after a test page has reached the new one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jobs.commands.shared import Code, HomeOption, JsonOption, leave, open_engine, parse_payer, print_objects, print_table, say

if TYPE_CHECKING:
    from bots.fax.model import FaxLine
    from jobs.engine import Engine
    from jobs.fax_directory import FaxDirectory
    from jobs.fax_number_events import NumberChange

FindLine = Callable[["Engine"], "FaxLine"]
"""The line on which a home sends. Raises a `bots.errors` value when none is set up."""

ChangeArgument = Annotated[str, typer.Argument(metavar="CHANGE", help="The change, such as N17; see: priorbot fax number list")]
ByOption = Annotated[str, typer.Option("--by", metavar="NAME", help="Your full name. Recorded.")]


def number_app(find_line: FindLine) -> typer.Typer:
    """The commands, for `add_typer(..., name="number")` below ``priorbot fax``."""
    app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Fax numbers of the payers' desks, and changing one.")
    app.command("list")(_list_command(find_line))
    app.command("propose")(propose)
    app.command("test")(_test_command(find_line))
    app.command("confirm")(_confirm_command(find_line))
    app.command("drop")(drop)
    return app


def propose(
    payer: Annotated[Any, typer.Argument(parser=parse_payer, metavar="PAYER", help="husky, carepartners or bcbsma.")],
    desk: Annotated[str, typer.Argument(metavar="DESK", help="Name in the payer's directory, such as chnct_fax.")],
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="The new fax number, written like 203-555-0100.")],
    by: ByOption,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Propose another fax number for a desk. Faxes go on to the old one until a second person has confirmed it."""
    with open_engine(home) as engine:
        change = _directory(engine).propose(payer, desk, number, by)
        _show([change], as_json=as_json)
    say(f"Proposed as {change.change_id}. Next: priorbot fax number test {change.change_id} --by NAME")


def drop(change: ChangeArgument, by: ByOption, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Take a proposed number back."""
    with open_engine(home) as engine:
        _show([_directory(engine).drop(change, by)], as_json=as_json)
    say(f"{change} is dropped; the desk keeps its number.")


def _list_command(find_line: FindLine) -> Callable[..., None]:
    def list_numbers(home: HomeOption = None, as_json: JsonOption = False) -> None:
        """List every fax desk with the number that it has now, and the changes."""
        with open_engine(home) as engine:
            directory = _directory(engine)
            for change in directory.changes():
                _look(engine, directory, change, find_line)
            if as_json:
                print_objects(_desk_object(directory, desk) for desk in directory.desks())
                print_objects(directory.changes())
                return
            print_table(_desks_table(directory))
            if directory.changes():
                print_table(_changes_table(list(directory.changes())))

    return list_numbers


def _test_command(find_line: FindLine) -> Callable[..., None]:
    def test(change: ChangeArgument, by: ByOption, home: HomeOption = None, as_json: JsonOption = False) -> None:
        """Send a test page, without anything of a patient, to the proposed number."""
        from bots.fax.packet import build_test_page
        from jobs.fax_packet import addressee_of, sender_of
        from jobs.rule_schema import Desk

        with open_engine(home) as engine:
            directory, line = _directory(engine), find_line(engine)
            proposed = directory.change(change)
            desk: Desk = next(each for each in directory.desks() if (each.payer, each.name) == (proposed.payer, proposed.desk))
            to = addressee_of(desk)
            page = build_test_page(
                to=type(to)(desk=to.desk, number=proposed.number, payer=to.payer),
                sender=sender_of(engine.config.practice),
                reference=change,
                today=engine.today(),
            )
            begun = directory.begin_test(change, line.name, by)
            after = asyncio.run(directory.send_test(begun, page, line))
            _show([after], as_json=as_json)
        _tell_test(after)

    return test


def _confirm_command(find_line: FindLine) -> Callable[..., None]:
    def confirm(change: ChangeArgument, by: ByOption, home: HomeOption = None, as_json: JsonOption = False) -> None:
        """Confirm a proposed number, as another person than proposed it, once its test page was delivered."""
        with open_engine(home) as engine:
            directory = _directory(engine)
            _look(engine, directory, directory.change(change), find_line)
            confirmed = directory.confirm(change, by)
            _show([confirmed], as_json=as_json)
        say(f"Faxes for {confirmed.desk} of {confirmed.payer} go to {confirmed.number} from now on.", "green")

    return confirm


def _directory(engine: Engine) -> FaxDirectory:
    from jobs.fax_directory import FaxDirectory

    return FaxDirectory(engine.journal, engine.rulebook)


def _look(engine: Engine, directory: FaxDirectory, change: NumberChange, find_line: FindLine) -> None:
    """Asks the line about a test page that is on its way. A line that does not answer now is asked the next time."""
    from bots.errors import BotError
    from jobs.fax_number_events import ChangeStep

    if change.step is ChangeStep.TESTING:
        try:
            asyncio.run(directory.look(change, find_line(engine)))
        except BotError as error:
            say(error.sentence, "yellow")


def _tell_test(change: NumberChange) -> None:
    from jobs.fax_number_events import ChangeStep

    if change.step is ChangeStep.TESTED:
        say(
            f"The test page was delivered. Another person confirms: priorbot fax number confirm {change.change_id} --by NAME",
            "green",
        )
        return
    if change.step is ChangeStep.TESTING:
        say("The test page is on its way. Look again with: priorbot fax number list")
        return
    why = change.test_reason.value or "the line does not say why"
    say(
        f"The test page was not delivered ({why}). The desk keeps its number. "
        f"Check the number, then test it again or run: priorbot fax number drop {change.change_id} --by NAME",
        "bold red",
    )
    leave(Code.PERSON)


# --- showing ---------------------------------------------------------------------------------------------------------


def _show(changes: list[NumberChange], *, as_json: bool) -> None:
    if as_json:
        print_objects(changes)
    else:
        print_table(_changes_table(changes))


def _number_now(directory: FaxDirectory, desk: Any) -> str:
    from bots.errors import BotError

    try:
        return directory.current(desk)
    except BotError:
        return "in doubt"


def _desk_object(directory: FaxDirectory, desk: Any) -> dict[str, str]:
    return {
        "payer": desk.payer.value,
        "desk": desk.name,
        "what": desk.desk,
        "printed": desk.number,
        "number": _number_now(directory, desk),
        "hours": desk.hours_text,
        "source": desk.source,
    }


def _desks_table(directory: FaxDirectory) -> Any:
    from rich.table import Table

    table = Table("payer", "desk", "number now", "printed", "for", title="Fax desks")
    for desk in directory.desks():
        now = _number_now(directory, desk)
        table.add_row(desk.payer.value, desk.name, now, "" if now == desk.number else desk.number, desk.desk)
    return table


def _changes_table(changes: list[NumberChange]) -> Any:
    from rich.table import Table

    table = Table("change", "payer", "desk", "from", "to", "state", "proposed by", "confirmed by", title="Changes of fax numbers")
    for one in changes:
        table.add_row(
            one.change_id, one.payer.value, one.desk, one.before, one.number, one.step.value, one.proposed_by, one.confirmed_by
        )
    return table
