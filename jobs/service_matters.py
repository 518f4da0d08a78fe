"""All that people are to be told now, from the journal, the settings, the vault and the service itself."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from bots.model import Status
from bots.passwords import KeptPasswords
from jobs.deadlines import PERMISSION_WARNING_DAYS, password_rule
from jobs.journal_schema import JournalError, sentence_of
from jobs.matters import Matter, of_ends, of_portals, of_requests
from jobs.payer_rules import PayerRules

if TYPE_CHECKING:
    from jobs.engine import Engine
    from jobs.service import Missed, Service

LEAST_FREE_BYTES = 1_000_000_000
PERMISSION_DAYS = (PERMISSION_WARNING_DAYS, 14, 7, 1)
BACKUP_AGE = timedelta(days=3)


def matters_now(engine: Engine, service: Service) -> tuple[Matter, ...]:
    """Every matter that is open. With a journal that cannot be read, those of the service itself."""
    own = [Matter(key=each.matter, sentence=each.sentence, wakes=True) for each in service.troubles()]
    own += _missed(service.take_missed())
    try:
        now = engine.now()
        requests = tuple(engine.journal.snapshots())
        rules = PayerRules(engine.rulebook, engine.routing)
        unsent = (Status.NEW, Status.WAITING, Status.NEEDS_PERSON)
        act_by = {
            each.request.request_id: deadline
            for each in requests
            if each.status in unsent and (deadline := rules.act_by(each.request)) is not None
        }
        return (
            *own,
            *of_requests(requests, now, act_by),
            *of_portals(engine.portal_lines()),
            *of_ends(_ends(engine), engine.today()),
            *_disk(engine),
            *_backups(engine, now),
        )
    except (JournalError, SQLAlchemyError) as error:
        return (*own, Matter(key="journal", sentence=sentence_of(error), wakes=True))


def _missed(missed: tuple[Missed, ...]) -> Iterator[Matter]:
    """One matter, however many jobs: the machine was off, or asleep."""
    if missed:
        first, last = min(each.first for each in missed), max(each.last for each in missed)
        jobs = ", ".join(sorted({each.job.split()[0] for each in missed}))
        span = f"{first:%Y-%m-%d %H:%M} and {last:%Y-%m-%d %H:%M} UTC"
        sentence = f"PriorBot did not work in time between {span}. Made up for once: {jobs}."
        yield Matter(key=f"missed {first:%Y-%m-%dT%H:%M}", sentence=sentence, passing=True)


def _ends(engine: Engine) -> Iterator[tuple[str, date, tuple[int, ...]]]:
    """Permissions and passwords with their last days; a password that is changed by itself is told only when that failed."""
    for slug, portal in engine.config.portals.items():
        if portal.permission is not None:
            yield f"The permission for {slug}", portal.permission.valid_until, PERMISSION_DAYS
        rule = password_rule(slug, rulebook=engine.rulebook)
        if rule is None:
            continue
        days = tuple(day for day in rule.warn_days if not portal.change_password or day <= 1)
        for number, account in enumerate(portal.accounts, 1):
            since = KeptPasswords(engine.vault, slug, account).changed_on
            if since is not None and days:
                which = f" (account {number})" if len(portal.accounts) > 1 else ""
                yield f"A password of {slug}{which}", since + timedelta(days=rule.max_age_days), days


def _disk(engine: Engine) -> Iterator[Matter]:
    if shutil.disk_usage(engine.home.path).free < LEAST_FREE_BYTES:
        yield Matter(key="disk", sentence="Less than 1 GB is free below the home folder: a full disk stops all work.", wakes=True)


def _backups(engine: Engine, now: datetime) -> Iterator[Matter]:
    from jobs.backup import last_backup

    if engine.backup_folder is None:
        return
    last, first = last_backup(engine.journal), engine.journal.first_event_at()
    since = last or first
    if since is not None and now - since > BACKUP_AGE:
        yield Matter(key="backup", sentence=f"The last back-up is older than {BACKUP_AGE.days} days (priorbot backup).")
