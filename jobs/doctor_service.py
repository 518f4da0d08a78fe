"""What `jobs.doctor` looks at before the first night: the schedule, the intake folder, alerts, back-ups. Nothing is sent."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from bots.vault import VaultError
from jobs.alerts import target_name, understands
from jobs.calendar_ticks import TickCalendar, parse_rhythm
from jobs.clock import Clock
from jobs.config import Config
from jobs.home import Home
from jobs.service_lock import is_at_work, who_works

if TYPE_CHECKING:
    from jobs.journal import Journal

BACKUP_AGE = timedelta(days=3)
Finding = tuple[str, str, str]
"""Name, state (ok, warn, fail) and sentence."""


def check_schedule(home: Home, config: Config, now: Clock) -> Iterator[Finding]:
    """Whether the service is at work, and what it does next."""
    zone, at = config.practice.time_zone, now()
    coming = [
        (tick.at, name)
        for name, text in config.schedule.times().items()
        if (tick := TickCalendar(rhythm=parse_rhythm(text), zone=zone).following(at)) is not None
    ]
    off = sorted(name for name, text in config.schedule.times().items() if parse_rhythm(text).is_off)
    works = who_works(home) if home.path.is_dir() and is_at_work(home) else None
    if works is not None:
        sentence = f"The service is at work (process {works.pid} on {works.host}, since {works.since:%Y-%m-%d %H:%M} UTC)."
        yield "schedule", "ok", sentence
    elif coming:
        yield "schedule", "warn", "The service is not at work. Start it: priorbot run, or as a system service."
    if off:
        yield "schedule", "warn", f"Switched off in [schedule]: {', '.join(off)}."
    if not config.portals:
        yield "schedule", "warn", "No portal is set up, so the service has nothing to do on portals."


def check_intake_folder(home: Home, config: Config) -> Iterator[Finding]:
    if not config.intake.folder:
        yield "intake_folder", "warn", "No intake folder is watched. Name one: [intake] folder, or submit files by hand."
        return
    folder = home.path / config.intake.folder
    if not folder.is_dir():
        yield "intake_folder", "warn", f"The intake folder {folder} is not there yet; the service makes it."
    elif not os.access(folder, os.R_OK | os.W_OK):
        yield "intake_folder", "fail", f"The intake folder {folder} cannot be read and written. Change its permissions."
    else:
        yield "intake_folder", "ok", f"The intake folder {folder} can be used."


def check_alerts(home: Home, config: Config) -> Iterator[Finding]:
    """Whether each target's address is in the vault and can be understood. To send a word: priorbot alerts --try."""
    if not config.notify.targets:
        yield "alerts", "warn", "Nobody is told when something goes wrong. Name targets: [notify] targets."
        return
    if not home.vault_file.exists():
        yield "alerts", "fail", f"The vault holds no address of {config.notify.targets[0]}. Put it in: priorbot vault set NAME"
        return
    try:
        vault = home.open_vault(config.vault.key_file)
    except VaultError:
        return  # check_vault says so
    for name in config.notify.targets:
        address = vault.find(target_name(name))
        if address is None:
            yield "alerts", "fail", f"The target {name} has no address. Put it in: priorbot vault set {target_name(name)}"
        elif not understands(address.reveal()):
            yield "alerts", "fail", f"The address of the target {name} cannot be used. Put it in again: priorbot vault set"
        else:
            yield "alerts", "ok", f"The address of {name} is in order. To send a word there: priorbot alerts --try"


def check_alerts_taken(journal: Journal, config: Config) -> Iterator[Finding]:
    from jobs.matter_book import MatterBook

    book = MatterBook(journal)
    book.read_on()
    for name in sorted(book.failing & set(config.notify.targets)):
        yield "alerts", "fail", f"The last message to {name} was not taken. See whether it can be reached: priorbot alerts --try"


def check_backups(home: Home, config: Config, journal: Journal | None, now: Clock) -> Iterator[Finding]:
    """Whether the folder can be used, lies on another disk, and how old the last back-up is."""
    from jobs.backup import last_backup

    if not config.backup.folder:
        yield "backup", "warn", "No back-up is made by itself. Name a folder on another disk: [backup] folder."
        return
    folder = (home.path / config.backup.folder).resolve()
    there = next(each for each in (folder, *folder.parents) if each.is_dir())
    if not os.access(there, os.W_OK):
        yield "backup", "fail", f"Back-ups cannot be written into {folder}. Change its permissions, or name another folder."
    elif folder.is_relative_to(home.path):
        yield "backup", "warn", "Back-ups lie inside the home folder and are lost with it. Name a folder on another disk."
    elif home.path.is_dir() and _same_disk(home.path, there):
        yield "backup", "warn", f"Back-ups in {folder} lie on the same disk as the home and may be lost with it."
    last = last_backup(journal) if journal is not None else None
    if last is None:
        yield "backup", "warn", "There is no back-up yet. Make one: priorbot backup"
    elif now() - last > BACKUP_AGE:
        yield "backup", "fail", f"The last back-up is from {last:%Y-%m-%d}. Make one: priorbot backup"
    else:
        yield "backup", "ok", f"The last back-up was made on {last:%Y-%m-%d %H:%M} UTC and was whole."


def _same_disk(one: Path, other: Path) -> bool:
    return one.stat().st_dev == other.stat().st_dev
