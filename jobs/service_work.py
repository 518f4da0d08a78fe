"""What the service does by itself: one row of `JOBS` for each job, and what the rows do.

A new job is one row here and one key in ``[schedule]`` (`jobs.config.ScheduleSettings`, of the same name). ``PORTAL`` rows are
laid out once for each portal that is set up, each with times and a run of its own; ``HOUSE`` rows concern the home.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from bots.model import Status
from jobs.cadence import cases_due
from jobs.calendar_ticks import TickCalendar, parse_rhythm
from jobs.intake_folder import REFUSED
from jobs.office import Office, Outcome
from jobs.service import Job, Service
from jobs.ticking import Ticking

if TYPE_CHECKING:
    from jobs.alerts import Alerts
    from jobs.engine import Engine
    from jobs.intake_folder import IntakeFolder
    from jobs.open_cases import OpenCases

Progress = Callable[[Outcome], None]
Offices = Callable[[Progress], AbstractAsyncContextManager[Office]]
"""Opens the office for one run of a job; what it opened (a browser) is closed when the last run has left."""


@dataclass
class Shop:
    """What the jobs work with. ``offices`` is the seam: the real portals, or doubles in a simulation."""

    engine: Engine
    offices: Offices
    intake: IntakeFolder | None = None
    alerts: Alerts | None = None
    service: Service | None = None
    books_seq: int = -1
    """The last event that the ledger on the disk knows of."""

    @cached_property
    def cases(self) -> OpenCases:
        from jobs.open_cases import OpenCases

        return OpenCases(self.engine.journal)

    def now(self) -> datetime:
        return self.engine.now()


PortalWork = Callable[[Shop, Office, str], Awaitable[Any]]
IsDue = Callable[[Shop, str], bool]
HouseWork = Callable[[Shop], Awaitable[str]]


@dataclass(frozen=True)
class Row:
    """One job. ``is_due`` looks first, without waiting: no browser starts, nobody signs in and no seat is taken for nothing."""

    name: str
    portal: PortalWork | None = None
    is_due: IsDue = lambda _shop, _slug: True
    house: HouseWork | None = None
    is_watch: bool = False


# --- on each portal ------------------------------------------------------------------------------------------------


async def _submit(_shop: Shop, office: Office, slug: str) -> None:
    from jobs.dispatch import submit_due

    await submit_due(office, portals={slug})


def _has_due(shop: Shop, slug: str) -> bool:
    return slug in shop.engine.journal.portals_due()


async def _verify(_shop: Shop, office: Office, slug: str) -> None:
    from jobs.verify import verify_due

    await verify_due(office, portals={slug})


def _is_uncertain(shop: Shop, slug: str) -> bool:
    """Something to look up, or an INTENT whose worker is gone."""
    return shop.engine.journal.is_uncertain_on(slug)


async def _follow(shop: Shop, office: Office, slug: str) -> None:
    from jobs.follow import follow_open

    await follow_open(office, only=cases_due(shop.cases.open_on(slug), shop.now()), portals={slug})


def _is_case_due(shop: Shop, slug: str) -> bool:
    return bool(cases_due(shop.cases.open_on(slug), shop.now()))


async def _sweep(_shop: Shop, office: Office, slug: str) -> None:
    from jobs.follow import follow_open

    await follow_open(office, portals={slug})


def _has_open_cases(shop: Shop, slug: str) -> bool:
    return bool(shop.cases.open_on(slug))


async def _letters(_shop: Shop, office: Office, slug: str) -> None:
    from jobs.follow import read_letters_due

    await read_letters_due(office, portals={slug})


def _lacks_letters(shop: Shop, slug: str) -> bool:
    return bool(shop.cases.lacking_letters(slug))


async def _units(_shop: Shop, office: Office, slug: str) -> None:
    from jobs.follow import read_units

    await read_units(office, portals={slug})


async def _canary(_shop: Shop, office: Office, slug: str) -> None:
    from jobs.canary import check_today

    await check_today(office, slug)


async def _passwords(shop: Shop, office: Office, slug: str) -> None:
    from jobs.passwords import change_due

    await change_due(office, shop.engine.passwords_due(), portals={slug})


def _is_password_due(shop: Shop, slug: str) -> bool:
    return any(each.portal == slug for each in shop.engine.passwords_due())


# --- in the house --------------------------------------------------------------------------------------------------


def _has_files(shop: Shop, _slug: str) -> bool:
    return shop.intake is not None and shop.intake.has_work()


async def _intake(shop: Shop) -> str:
    if shop.intake is None:
        return ""
    files = await asyncio.to_thread(shop.intake.look)
    if not files:
        return ""
    # Counts only: what a service says may end up in the system's own log, and a file's name may be a patient's.
    refused = sum(bool(each.why) for each in files)
    new, bad = sum(each.new for each in files), sum(each.rejected + each.different for each in files)
    whole = f", {refused} files could not be used (see {REFUSED}/)" if refused else ""
    return f"{len(files) - refused} files taken, {new} requests are new, {bad} rows or requests were refused{whole}"


def _has_faxes(shop: Shop, _slug: str) -> bool:
    """Something in the queue or on its way into it, a line that is down, or a portal that requests may have to leave."""
    from jobs.fax.book import FaxBook, to_fax
    from jobs.leaving import is_portal_down

    journal, seats = shop.engine.journal, shop.engine.seats
    return FaxBook(journal, seats).has_work() or is_portal_down(shop.engine.portal_states) or bool(to_fax(journal))


async def _faxes(shop: Shop) -> str:
    """What leaves a portal that is down leaves it, what is to be faxed is queued, and the queue is worked off."""
    from jobs.fax.sending import send_due
    from jobs.leaving import leave_due

    engine = shop.engine
    left = await leave_due(engine.office(engine.portal_factory(), lambda _outcome: None))  # opens no portal
    worked = await send_due(engine.fax_office())
    told = {
        "left their portals": len(left),
        "faxes handed over": worked.handed_over,
        "delivered": worked.delivered,
        "for a person": worked.for_person,
    }
    counts = ", ".join(f"{count} {what}" for what, count in told.items() if count)
    return " ".join(filter(None, (counts, *worked.troubles.values())))


async def _received(shop: Shop) -> str:
    """Letters that came by fax."""
    from jobs.fax_receiving import receive_all, received_folder

    folder = received_folder(shop.engine)
    if folder is None:
        return ""
    taken = await asyncio.to_thread(receive_all, shop.engine, folder)
    count = sum(one.is_new for one in taken.received)
    return f"{count} faxes received" if count else ""


def _is_ledger_old(shop: Shop, _slug: str) -> bool:
    return shop.engine.journal.head()[0] != shop.books_seq


async def _ledger(shop: Shop) -> str:
    seq, _ = shop.engine.journal.head()
    if seq == shop.books_seq:
        return ""
    written = await asyncio.to_thread(shop.engine.write_ledger)
    shop.books_seq = seq
    return " ".join(each.sentence for each in written if each.beside or each.edited)


async def _reconcile(shop: Shop) -> str:
    """Portal after portal, so that no other job is at the same accounts; one that cannot be asked is left out."""
    from jobs.list_belief import Lists
    from jobs.reconciling import list_portals, take_stock

    assert shop.service is not None
    lists = Lists()
    async with shop.offices(lambda _outcome: None) as office:
        for slug, plan in office.plans.items():
            if not plan.accounts or office.is_stopping():
                continue
            async with shop.service.portal(slug):
                one = await list_portals(replace(office, plans={slug: plan}))
            lists = Lists(read={**lists.read, **one.read}, troubles=(*lists.troubles, *one.troubles))
    engine = shop.engine

    def compare() -> int:
        found, _ = take_stock(engine.home, engine.journal, lists, engine.local_now())
        return len(found.exceptions)

    return f"{await asyncio.to_thread(compare)} exceptions; lists read: {', '.join(sorted(lists.read)) or 'none'}"


async def _report(shop: Shop) -> str:
    troubles = [each.sentence for each in shop.service.troubles()] if shop.service else []
    written = await asyncio.to_thread(shop.engine.write_report, troubles)
    return written.sentence


async def _daily_report(shop: Shop) -> str:
    return await _send_report(shop, "day")


async def _weekly_report(shop: Shop) -> str:
    return await _send_report(shop, "week")


async def _send_report(shop: Shop, kind: str) -> str:
    from jobs.reporting.period import PeriodKind
    from jobs.reporting.sending import send_report

    if shop.alerts is None or not shop.engine.config.notify.targets:
        return ""
    return (await send_report(shop.engine, PeriodKind(kind), shop.alerts)).sentence


async def _tell(shop: Shop) -> str:
    from jobs.service_matters import matters_now

    assert shop.service is not None
    if shop.alerts is None or not shop.alerts.has_targets:
        shop.service.take_missed()
        return ""
    sent = await shop.alerts.tell(matters_now(shop.engine, shop.service), shop.now())
    return f"{sent} messages sent" if sent else ""


async def _backup(shop: Shop) -> str:
    from jobs.backup import backup_home

    folder = shop.engine.backup_folder
    if folder is None:
        return ""
    made = await asyncio.to_thread(backup_home, shop.engine, folder, keep=shop.engine.config.backup.keep)
    return made.sentence


async def _retention(shop: Shop) -> str:
    from jobs.retention import remove_old

    gone = await asyncio.to_thread(remove_old, shop.engine)
    assert shop.service is not None
    often = [job.key for job in shop.service.jobs if job.calendar.rhythm.every]
    Ticking(shop.engine.journal).prune(shop.now(), KEEP_TICKS, often, KEEP_OFTEN)
    return gone.sentence


JOBS: tuple[Row, ...] = (
    Row("intake", house=_intake, is_due=_has_files),
    Row("submit", portal=_submit, is_due=_has_due),
    Row("faxes", house=_faxes, is_due=_has_faxes),
    Row("received", house=_received),
    Row("verify", portal=_verify, is_due=_is_uncertain),
    Row("follow", portal=_follow, is_due=_is_case_due),
    Row("sweep", portal=_sweep, is_due=_has_open_cases),
    Row("letters", portal=_letters, is_due=_lacks_letters),
    Row("units", portal=_units),
    Row("canary", portal=_canary),
    Row("passwords", portal=_passwords, is_due=_is_password_due),
    Row("reconcile", house=_reconcile),
    Row("ledger", house=_ledger, is_due=_is_ledger_old),
    Row("report", house=_report),
    Row("daily_report", house=_daily_report),
    Row("weekly_report", house=_weekly_report),
    Row("alerts", house=_tell, is_watch=True),
    Row("backup", house=_backup),
    Row("retention", house=_retention),
)
KEEP_TICKS = timedelta(days=45)
KEEP_OFTEN = timedelta(days=5)
"""Of jobs that run every so many minutes: longer than any pause in their hours ("Mon-Fri 07:00-19:00")."""


# --- laid out ------------------------------------------------------------------------------------------------------


def lay_out(shop: Shop, rows: tuple[Row, ...] = JOBS, *, seed: str) -> tuple[Job, ...]:
    """The jobs of this home: by the times of ``[schedule]``, for the portals that are set up. What is off is left out."""
    config = shop.engine.config
    times: Mapping[str, str] = config.schedule.times()
    made = []
    for row in rows:
        rhythm = parse_rhythm(times[row.name])
        if rhythm.is_off:
            continue
        for slug in sorted(config.portals) if row.portal is not None else ("",):
            calendar = TickCalendar(
                rhythm=rhythm,
                zone=config.practice.time_zone,
                seed=f"{seed} {row.name} {slug}",
                jitter=config.schedule.jitter_seconds if slug else 0,
            )
            work = _at_portal(shop, row, slug) if row.portal is not None else _in_house(shop, row)
            due = partial(row.is_due, shop, slug)
            made.append(Job(name=row.name, portal=slug, calendar=calendar, work=work, is_due=due, is_watch=row.is_watch))
    return tuple(made)


def _in_house(shop: Shop, row: Row) -> Callable[[], Awaitable[str]]:
    async def work() -> str:
        assert row.house is not None
        return await row.house(shop)

    return work


def _at_portal(shop: Shop, row: Row, slug: str) -> Callable[[], Awaitable[str]]:
    async def work() -> str:
        assert row.portal is not None
        if not row.is_due(shop, slug):
            return ""
        seen: Counter[Status] = Counter()

        def on_outcome(outcome: Outcome) -> None:
            seen[outcome.status] += 1

        async with shop.offices(on_outcome) as office:
            if not office.plans[slug].accounts:
                return ""
            await row.portal(shop, office, slug)
        return ", ".join(f"{count} {status.replace('_', ' ')}" for status, count in seen.most_common())

    return work
