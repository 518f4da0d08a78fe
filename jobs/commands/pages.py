"""Commands that look at a portal's pages: portal check, portal capture."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from jobs.commands.setting_up import SlugArgument, portal_app
from jobs.commands.shared import Code, HomeOption, JsonOption, choose_seat, leave, open_engine, print_objects, print_table, say

if TYPE_CHECKING:
    from bots.check_report import CheckReport
    from jobs.engine import Engine
    from jobs.office import Desk, Office

T = TypeVar("T")
AccountOption = Annotated[str, typer.Option("--account", help="Which account; needed where there are several.")]


def register(_app: typer.Typer) -> None:
    portal_app.command("check")(portal_check)
    portal_app.command("capture")(portal_capture)


def portal_check(slug: SlugArgument, account: AccountOption = "", home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Walk a portal's pages and tell how each part is found: as ever, by a later mark, missing, or twice. Sends nothing.

    A portal whose pages no longer match is disabled; one that was disabled for that and matches again works again.
    """
    from jobs.canary import check

    with open_engine(home) as engine:
        report = _at_desk(engine, slug, account, check)
        if as_json:
            print_objects(report.parts)
        else:
            from jobs.tables import parts_table

            print_table(parts_table(report.parts))
    _tell(report)
    leave(Code.PERSON if report.broken or report.stopped else Code.DONE)


def _tell(report: CheckReport) -> None:
    for sentence in report.stopped:
        say(sentence, "bold red")
    if report.missing_examples:
        names = ", ".join(report.missing_examples)
        say(f"Not all pages were reached. Give these examples under [portals.{report.portal}.check]: {names}", "yellow")
    if report.closing:
        say(f"{report.portal} is disabled: its pages changed. Mend selectors/{report.portal}.yaml, then check again.", "bold red")
    elif not report.broken:
        say(f"{report.portal}: every part that was reached is there.", "green")


def portal_capture(
    slug: SlugArgument,
    page: Annotated[str, typer.Argument(metavar="PAGE", help="A page of the selector file, for example member_search.")],
    to: Annotated[Path | None, typer.Option("--to", help="The file to write. Default: SLUG-PAGE.html in this folder.")] = None,
    account: AccountOption = "",
    home: HomeOption = None,
) -> None:
    """Save a page's HTML as a fixture: names, numbers, dates and free text are replaced by others of the same shape.

    Look through the file before you give it to anybody.
    """
    from bots.pagemap import load_pagemap
    from bots.private import write_private

    with open_engine(home) as engine:
        access = engine.accesses().get(slug)
        known = load_pagemap(slug, access.selectors if access else "").pages
        if page not in known:
            raise typer.BadParameter(f"{slug} has no page of that name. Known: {', '.join(known)}.")

        async def capture(office: Office, desk: Desk) -> str:
            return await desk.driver.capture(page, office.plans[slug].examples)

        html = _at_desk(engine, slug, account, capture)
    path = to or Path(f"{slug}-{page}.html")
    write_private(path, html.encode())
    say(f"Wrote {path}. Look through it before you give it to anybody.", "green")


def _at_desk(engine: Engine, slug: str, account: str, work: Callable[[Office, Desk], Awaitable[T]]) -> T:
    """Does work under one account's seat and sign-in. Raises `AccountInUse` where another PriorBot has it."""
    from bots.errors import AccountInUse, PortalInUse
    from jobs.office import at_desk

    chosen = choose_seat(engine, slug, account)

    async def run() -> T:
        async with engine.portal_factory() as factory:
            office = engine.office(factory, lambda _outcome: None)
            async with at_desk(office, slug, chosen) as desk:
                if desk is None:
                    raise AccountInUse(slug, account=chosen) if chosen else PortalInUse(slug)
                return await work(office, desk)

    return asyncio.run(run())
