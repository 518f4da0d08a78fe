"""Commands that set PriorBot up and look after it: init, doctor, vault, portal."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from jobs.commands.shared import (
    Code,
    HomeOption,
    JsonOption,
    find_home,
    leave,
    open_engine,
    parse_portal,
    print_objects,
    print_table,
    say,
)

vault_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Passwords and other secrets, encrypted.")
portal_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Which portals work, and which wait for a person.")

SlugArgument = Annotated[Any, typer.Argument(parser=parse_portal, metavar="SLUG", help="The portal, for example clear_coverage.")]


def register(app: typer.Typer) -> None:
    app.command()(init)
    app.command()(doctor)
    app.add_typer(vault_app, name="vault")
    app.add_typer(portal_app, name="portal")


def init(
    practice: Annotated[str, typer.Option("--practice", help="The practice's name.")] = "",
    home: HomeOption = None,
) -> None:
    """Make a home folder with a priorbot.toml to fill in; an existing one is left as it is."""
    from jobs.starter import starter_config

    place = find_home(home)
    if place.config_file.exists():
        say(f"{place.config_file} is there already and was left as it is. Next: priorbot doctor", "yellow")
        leave(Code.DONE)
    place.create()
    from jobs.home import write_private

    write_private(place.config_file, starter_config(practice).encode())
    say(f"Made {place.path}.", "green")
    say(f"Next: fill in {place.config_file} (each key is explained there), then run: priorbot doctor")


def doctor(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Look whether everything is in place: home, settings, vault, browser, permissions, clock, disk, journal."""
    from jobs.doctor import CheckState, run_checks

    checks = run_checks(find_home(home))
    if as_json:
        print_objects(checks)
    else:
        from jobs.tables import checks_table

        print_table(checks_table(checks))
    failed = sum(check.state is CheckState.FAIL for check in checks)
    say(f"{failed} things must be put right." if failed else "Nothing stands in the way.", "bold red" if failed else "green")
    leave(Code.PERSON if failed else Code.DONE)


# --- vault -----------------------------------------------------------------------------------------------------------


@vault_app.command("set")
def vault_set(
    name: Annotated[str, typer.Argument(metavar="NAME", help="For example portals.clear_coverage.ACCOUNT.password")],
    home: HomeOption = None,
) -> None:
    """Keep a secret, typed at a prompt or read from standard input; never from the command line, where others could see it."""
    from jobs.passwords import keep_secret

    with open_engine(home) as engine:
        value = (
            typer.prompt(f"Secret for {name}", hide_input=True, err=True)
            if sys.stdin.isatty()
            else sys.stdin.readline().rstrip("\r\n")
        )
        if not value:
            say("The secret is empty. Nothing was kept. Type it at the prompt or pipe it in.", "bold red")
            leave(Code.USAGE)
        keep_secret(engine.vault, name, value, engine.today())
    say(f"Kept {name}.", "green")


@vault_app.command("list")
def vault_list(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """List the names of the secrets; never their values."""
    from bots.passwords import PAST

    with open_engine(home) as engine:
        names = [name for name in engine.vault.names() if not name.endswith(PAST)]
    if as_json:
        print_objects({"name": name} for name in names)
        return
    for name in names:
        sys.stdout.write(name + "\n")
    if not names:
        say("The vault is empty. Put a password in with: priorbot vault set portals.SLUG.ACCOUNT.password")


@vault_app.command("rotate")
def vault_rotate(
    slug: Annotated[
        Any, typer.Argument(parser=parse_portal, metavar="[SLUG]", help="Change the passwords of this portal's accounts instead.")
    ] = None,
    account: Annotated[str, typer.Option("--account", help="Only this account of the portal.")] = "",
    home: HomeOption = None,
) -> None:
    """Encrypt the vault and every sealed file anew with a new key; or, for a portal, give its accounts new passwords there."""
    if slug is not None:
        from jobs.commands.account import change_passwords

        change_passwords(slug, account, home)
        return
    with open_engine(home) as engine:
        count = engine.vault.rotate(engine.home.sealed_folders)
    say(f"The vault has a new key; {count} sealed files were encrypted anew.", "green")


# --- portals ---------------------------------------------------------------------------------------------------------


@portal_app.command("list")
def portal_list(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """List every portal with its state: on, down, disabled, not set up, no bot."""
    with open_engine(home) as engine:
        lines = list(engine.portal_lines())
    if as_json:
        print_objects(lines)
        return
    from jobs.tables import portals_table

    print_table(portals_table(lines))


@portal_app.command("enable")
def portal_enable(slug: SlugArgument, home: HomeOption = None) -> None:
    """Let a portal work again after you have put right what stopped it."""
    import getpass

    with open_engine(home) as engine:
        waiting = engine.portal_states.enable_portal(slug, getpass.getuser())
    say(f"{slug} works again; {waiting} requests that waited for it are new. Submit them with: priorbot submit FILE", "green")


@portal_app.command("disable")
def portal_disable(
    slug: SlugArgument,
    why: Annotated[str, typer.Option("--why", help="A few words for those who look at the report; no patient's data.")] = "",
    home: HomeOption = None,
) -> None:
    """Stop using a portal until a person enables it again; nothing is sent there."""
    from jobs.stopped import StoppedByPerson

    with open_engine(home) as engine:
        engine.portal_states.disable_portal(slug, "", StoppedByPerson(slug, why=why or "no reason given"))
    say(f"{slug} is disabled. Nothing is sent there until: priorbot portal enable {slug}", "yellow")
