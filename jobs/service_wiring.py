"""The unattended service of one home: its folder, its alerts, its jobs. Called by `jobs.engine` only."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from jobs import alerts
from jobs.alert_hours import parse_quiet
from jobs.alerts import Alerts, Send, target_name
from jobs.intake import read_intake
from jobs.intake_folder import IntakeFolder
from jobs.matter_book import MatterBook
from jobs.service import Service
from jobs.service_work import Offices, Shop, lay_out
from jobs.take_in import take_in
from jobs.ticking import Ticking

if TYPE_CHECKING:
    from jobs.engine import Engine


def open_shop(engine: Engine, offices: Offices, send: Send | None) -> Shop:
    """See `jobs.engine.Engine.shop`."""
    return Shop(engine=engine, offices=offices, intake=open_intake_folder(engine), alerts=open_alerts(engine, send))


def open_intake_folder(engine: Engine) -> IntakeFolder | None:
    """The watched folder of ``[intake]``; None where none is set."""
    if engine.intake_folder is None:
        return None
    return IntakeFolder(
        engine.intake_folder,
        engine.home.rejects,
        now=engine.now,
        read=lambda path: read_intake(path, columns=engine.config.intake.columns, today=engine.today()),
        take=lambda result: take_in(
            result.requests, engine.journal, as_of=engine.today(), rulebook=engine.rulebook, settings=engine.routing
        ),
    )


def open_alerts(engine: Engine, send: Send | None) -> Alerts:
    """The targets of ``[notify]``; by apprise, when ``send`` is not named."""
    config = engine.config
    return Alerts(
        MatterBook(engine.journal),
        {name: engine.vault.find(target_name(name)) for name in config.notify.targets},
        practice=config.practice.name,
        quiet=parse_quiet(config.notify.quiet),
        zone=config.practice.zone,
        wakes=config.notify.wake_for_urgent,
        send=send or alerts.send_by_apprise,
    )


def open_service(engine: Engine, shop: Shop, say: Callable[[str], None]) -> Service:
    """All jobs of the schedule."""
    jobs = lay_out(shop, seed=engine.vault.fingerprint("schedule"))
    service = Service(jobs, ticking=Ticking(engine.journal), seats=engine.seats, now=engine.now, say=say)
    shop.service = service
    return service
