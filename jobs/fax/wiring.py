"""The fax queue of one home: its desks, its lines, its packets. Called by `jobs.engine` only."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from msgspec.structs import replace

from bots.fax.line_errors import FaxLineMissing
from bots.fax.lines import open_line, why_no_line
from bots.fax.model import FaxLine
from jobs.fax.book import FaxBook
from jobs.fax.desks import Desks
from jobs.fax.no_line import NoLine
from jobs.fax.office import FaxOffice
from jobs.fax.packets import PacketStore
from jobs.fax.sending import send_due
from jobs.fax.state import Fax, FaxStep
from jobs.fax.status_door import LINE, PATH, PortTaken, checked_by, status_door
from jobs.fax_directory import FaxDirectory
from jobs.fax_packet import PacketMaker
from jobs.payer_rules import PayerRules

if TYPE_CHECKING:
    from jobs.config import FaxSettings
    from jobs.engine import Engine


_KINDS: tuple[Literal["folder", "hylafax", "http"], ...] = ("folder", "hylafax", "http")


def open_desks(engine: Engine) -> Desks:
    """The payers' fax desks, each with the number that it has now."""
    return Desks(engine.rulebook, FaxDirectory(engine.journal, engine.rulebook).current)


def open_fax_line(engine: Engine) -> FaxLine:
    """The line of ``[fax] line``. Raises `bots.fax.line_errors.FaxLineMissing`."""
    return _open(engine, engine.config.fax)


def open_fax_office(engine: Engine, progress: Callable[[Fax], None]) -> FaxOffice:
    """See `jobs.engine.Engine.fax_office`."""
    return FaxOffice(
        journal=engine.journal,
        seats=engine.seats,
        desks=engine.fax_desks,
        store=PacketStore(engine.home.fax, engine.vault),
        draw=PacketMaker(engine.rulebook, engine.config.practice, engine.now),
        lines=tuple(_lines(engine)),
        decision_due=PayerRules(engine.rulebook, engine.routing).decision_due,
        progress=progress,
    )


def _lines(engine: Engine) -> Iterator[FaxLine]:
    """The line that gets what is new; then those that are set up besides, and may still have what was theirs before."""
    settings = engine.config.fax
    try:
        yield open_fax_line(engine)
    except FaxLineMissing as missing:
        yield NoLine(missing.sentence)
    for other in _KINDS:
        before = replace(settings, line=other)
        if other != settings.line and not why_no_line(before):
            yield _open(engine, before)


def _open(engine: Engine, settings: FaxSettings) -> FaxLine:
    home = engine.home
    return open_line(settings, home.path, home.fax, lambda: engine.vault)


LEFT_OVER = timedelta(hours=1)
"""A packet that belongs to nothing is so old at least: drawing takes seconds, and another process may be at it."""


def sweep_packets(engine: Engine) -> int:
    """Removes packets that belong to nothing, for every start of the service. Returns how many."""
    known = {fax.packet.sha256 for fax in FaxBook(engine.journal, engine.seats).faxes()}
    return PacketStore(engine.home.fax, engine.vault).sweep(known, engine.now() - LEFT_OVER)


@asynccontextmanager
async def open_status_door(engine: Engine) -> AsyncIterator[str]:
    """The hosted service's status calls are taken while the block runs, where ``[fax.hosted]`` says so. Gives one sentence for
    staff, "" where there is nothing to say."""
    hosted = engine.config.fax.hosted
    if engine.config.fax.line != LINE or not hosted.status_port:
        yield ""
        return
    if not hosted.public_key:
        yield "Status calls are not taken: [fax.hosted] public_key is empty. The service is asked every minute instead."
        return
    book = FaxBook(engine.journal, engine.seats)

    def is_ours(fax_ids: set[str]) -> bool:
        return any(fax.job_id in fax_ids for fax in book.at_line(LINE, FaxStep.HANDED_OVER))

    async def ask() -> None:
        await send_due(engine.fax_office())

    try:
        async with status_door(hosted.status_port, checked_by(hosted.public_key, engine.now), is_ours, ask) as port:
            yield f"The fax service's status calls are taken at http://127.0.0.1:{port}{PATH}."
    except PortTaken:
        yield f"Status calls are not taken: port {hosted.status_port} is in use. The service is asked every minute instead."
