"""Commands that need a person at the terminal while a portal is open: portal code."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from jobs.commands.setting_up import SlugArgument, portal_app
from jobs.commands.shared import Code, HomeOption, choose_account, leave, open_engine, say

if TYPE_CHECKING:
    from datetime import timedelta

    from jobs.engine import Engine


def register(_app: typer.Typer) -> None:
    portal_app.command("code")(portal_code)


def portal_code(
    slug: SlugArgument,
    account: Annotated[str, typer.Argument(metavar="[ACCOUNT]", help="Which account; needed where there are several.")] = "",
    home: HomeOption = None,
) -> None:
    """Sign in with a one-time code that you type. The next command goes on with that session, as long as the portal keeps it."""
    with open_engine(home) as engine:
        account = choose_account(engine, slug, account)
        seat = engine.seats.acquire(slug, account)
        if seat is None:
            say(
                f"Another PriorBot is working with account {account} of {slug}. Nothing was done. Wait until it has ended.",
                "bold red",
            )
            leave(Code.PERSON)
        try:
            kept_for = asyncio.run(_sign_in(engine, slug, account))
        finally:
            engine.seats.release(seat)
        enabled = _enable(engine, slug)
    say(
        f"Signed in to {slug} with account {account}; {slug} keeps that for {kept_for.total_seconds() / 60:.0f} minutes.", "green"
    )
    say("Now go on, for example with: priorbot submit FILE" if enabled else f"Next: priorbot portal enable {slug}")


async def _sign_in(engine: Engine, slug: str, account: str) -> timedelta:
    async with engine.portal_factory(person=_typed) as factory:
        return await factory.sign_in(slug, account)


async def _typed(portal: str, account: str) -> str:
    """Nothing else is under way in this process, so that waiting for the person may hold up the event loop."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().strip()
    typed: str = typer.prompt(f"The code of {account} for {portal}", err=True, default="", show_default=False)
    return typed


def _enable(engine: Engine, slug: str) -> bool:
    """Whether the portal works again: it does by itself when nothing but a code stopped it."""
    import getpass

    from bots.errors import CodeNeeded, CodeRejected

    stopped = engine.portal_states.disabled(slug)
    if any(each.error_code not in (CodeNeeded.code, CodeRejected.code) for each in stopped):
        return False
    if stopped:
        engine.portal_states.enable_portal(slug, getpass.getuser())
    return True
