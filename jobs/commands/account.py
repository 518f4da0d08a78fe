"""Commands that look after an account itself: signing up for one, giving it a new password."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jobs.commands.setting_up import SlugArgument, portal_app
from jobs.commands.shared import Code, HomeOption, choose_account, leave, open_engine, say

if TYPE_CHECKING:
    from jobs.engine import Engine
    from jobs.enrolment import Enrolled
    from jobs.office import Office
    from jobs.rule_schema import PasswordRule

_BY_NEW_PASSWORD = frozenset({"password_expired", "new_password_refused", "password_change_unclear"})
"""What stops an account until it has a new password."""


def register(_app: typer.Typer) -> None:
    portal_app.command("enroll")(portal_enroll)


# --- signing up ------------------------------------------------------------------------------------------------------


def portal_enroll(
    slug: SlugArgument,
    account: Annotated[str, typer.Argument(metavar="[ACCOUNT]", help="Which account; needed where there are several.")] = "",
    agreed_by: Annotated[
        str | None,
        typer.Option("--agreed-by", metavar="NAME", help="Who agrees to the portal's licence and to what is entered. Recorded."),
    ] = None,
    home: HomeOption = None,
) -> None:
    """Sign up for an account with what the settings say. A person agrees to the licence and to the last page."""
    if agreed_by is not None and not any(char.isalpha() for char in agreed_by):
        say("--agreed-by needs the name of the person who agrees. Nothing was opened. Give it in quotes.", "bold red")
        leave(Code.USAGE)
    with open_engine(home) as engine:
        account = choose_account(engine, slug, account)
        rule = _rule(engine, slug)
        _must_be_open(engine, slug, account)
        done = _enroll(engine, slug, account, rule, (agreed_by or "").strip())
        if not done.made:
            _tell_wait(slug, done, engine.now())
            leave(Code.PERSON)
        desk = engine.help_desk(slug)
    say(f"{slug} has made account {account}; its password is in the vault.", "green")
    say(f"Next: ask {desk or 'the help desk'} to enable what you need there, such as Authorizations. Then run: priorbot units")


def _enroll(engine: Engine, slug: str, account: str, rule: PasswordRule, agreed_by: str) -> Enrolled:
    from jobs.enrolment import Enrolment, sign_up_form

    form = sign_up_form(engine.config, slug)
    ask = _ask if sys.stdin.isatty() else None
    enrolment = Enrolment(engine.journal, engine.vault, engine.evidence, slug, account, agreed_by=agreed_by, ask=ask)
    done: Enrolled = _at_portal(engine, lambda office: enrolment.run(office, form, rule))
    return done


def _ask(step: str, text: str) -> str:
    """At a terminal: shows what a person is to agree to, and asks for their name."""
    say(text)
    typed: str = typer.prompt(
        f"Type your full name {step}, or only press Enter to stop", err=True, default="", show_default=False
    )
    return typed


def _tell_wait(slug: str, done: Enrolled, now: datetime) -> None:
    if done.look_at is None:
        raise AssertionError("neither made nor waiting")
    hours = -((now - done.look_at) // timedelta(hours=1))
    left = f"{hours // 24} days and {hours % 24} hours" if hours >= 24 else f"{hours} hours"
    looked = "does not list the provider yet" if done.looked else "did not list the provider when it was last looked at"
    say(
        f"{slug} {looked}; new ones appear within some days of their enrolment. No account was made, and nothing was kept there. "
        f"Still {left}: run this again from {done.look_at:%Y-%m-%d %H:%M} UTC.",
        "yellow",
    )


# --- passwords -------------------------------------------------------------------------------------------------------


def change_passwords(slug: str, account: str, home: Path | None) -> None:
    """``vault rotate SLUG``: new passwords for the portal's accounts, one after the other."""
    from jobs.passwords import change_one

    with open_engine(home) as engine:
        settings = engine.config.portals.get(slug)
        several = not account and settings is not None and len(settings.accounts) > 1
        accounts = settings.accounts if several and settings is not None else (choose_account(engine, slug, account),)
        rule = _rule(engine, slug)
        for each in accounts:
            _must_be_open(engine, slug, each)
            _at_portal(engine, lambda office, each=each: change_one(office, slug, each, rule))  # type: ignore[misc]
            say(f"Account {each} of {slug} has a new password; it is in the vault.", "green")
        _enable(engine, slug)


def _enable(engine: Engine, slug: str) -> None:
    """The portal works again when nothing but its passwords stopped it."""
    import getpass

    stopped = engine.portal_states.disabled(slug)
    if stopped and all(each.error_code in _BY_NEW_PASSWORD for each in stopped):
        waiting = engine.portal_states.enable_portal(slug, getpass.getuser())
        say(f"{slug} works again; {waiting} requests that waited for it are new.", "green")


# --- what they share -------------------------------------------------------------------------------------------------


def _rule(engine: Engine, slug: str) -> PasswordRule:
    from jobs.deadlines import password_rule

    rule = password_rule(slug, rulebook=engine.rulebook)
    if rule is None:
        say(f"No rule says what a password of {slug} must be. Nothing was done. Do it by hand on the portal.", "bold red")
        leave(Code.USAGE)
    return rule


def _must_be_open(engine: Engine, slug: str, account: str) -> None:
    """Ends the command outside the portal's hours, and when a person stopped it for another reason than its password."""
    settings, now = engine.config.portals[slug], engine.now()
    opens = settings.opening.next_open(now, engine.config.practice.zone)
    if opens > now:
        say(f"{slug} may be used again from {opens:%Y-%m-%d %H:%M %Z}. Nothing was done. Run this again then.", "yellow")
        leave(Code.PERSON)
    stopped = engine.portal_states.why_disabled(slug, account)
    if stopped is not None and stopped.error_code not in _BY_NEW_PASSWORD:
        say(f"Nothing was done. {stopped.sentence}", "bold red")
        leave(Code.PERSON)


def _at_portal(engine: Engine, work: Callable[[Office], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        async with engine.portal_factory() as factory:
            return await work(engine.office(factory, lambda _outcome: None))

    return asyncio.run(run())
