"""``priorbot doctor``: is this machine fit for the work? Looks only; changes nothing and signs in nowhere.

Portals whose codes come from an authenticator are asked for the time, if we have leave to ask them anything.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from bots.browser_find import BrowserNotFound, does_run, find_browser
from bots.errors import NotPermitted
from bots.failure import BotError
from bots.fax.lines import API_KEY, open_line
from bots.model import Frozen
from bots.passwords import KeptPasswords
from bots.permission import is_loopback
from bots.private import OTHERS, keeps_modes
from bots.registry import has_bot
from bots.vault import Vault, VaultError, mailbox_name, password_name, totp_name
from jobs.clock import Clock, utc_now
from jobs.config import Config, ConfigError, load_config
from jobs.deadlines import PERMISSION_WARNING_DAYS, password_rule
from jobs.disk import Encryption, disk_encryption
from jobs.doctor_service import (
    Finding,
    check_alerts,
    check_alerts_taken,
    check_backups,
    check_intake_folder,
    check_schedule,
)
from jobs.home import Home
from jobs.portal_settings import PortalSettings

LEAST_FREE_BYTES = 1_000_000_000
CLOCK_TOLERANCE = timedelta(minutes=5)
CODE_TOLERANCE = timedelta(seconds=10)
"""One-time codes change every 30 seconds; this much the clocks may differ without danger."""
CODE_LIMIT = timedelta(seconds=30)


class CheckState(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Check(Frozen):
    """One finding: a constant name, how it stands, and one sentence for staff."""

    name: str
    state: CheckState
    sentence: str


def run_checks(home: Home, *, now: Clock = utc_now) -> tuple[Check, ...]:
    """All checks of this home and machine, in a fixed order. Never raises: what cannot be checked is a failed check."""
    findings: list[Check] = []
    config = Config()
    try:
        config = load_config(home.config_file)
        found = "is in order" if home.config_file.exists() else "is not there, so every setting is its default"
        settings = _ok("settings", f"{home.config_file.name} {found}.")
    except ConfigError as error:
        settings = _fail("settings", error.sentence)
    checks: tuple[tuple[str, Callable[[], Iterator[Check]]], ...] = (
        ("home", lambda: check_home(home)),
        ("vault", lambda: check_vault(home, config)),
        ("password_age", lambda: check_password_ages(home, config, now)),
        ("browser", lambda: check_browser(config)),
        ("permission", lambda: check_permissions(config, now)),
        ("selectors", lambda: check_selectors(home, config)),
        ("fax", lambda: check_fax(home, config)),
        ("clock", lambda: check_clock(home, now)),
        ("portal_clock", lambda: check_portal_clocks(config, now)),
        ("disk_encryption", lambda: check_encryption(home)),
        ("disk_space", lambda: check_space(home)),
        ("journal", lambda: check_journal(home, config)),
        ("schedule", lambda: _found(check_schedule(home, config, now))),
        ("intake_folder", lambda: _found(check_intake_folder(home, config))),
        ("alerts", lambda: _found(check_alerts(home, config))),
        ("backup", lambda: check_by_journal(home, config, now)),
    )
    for name, check in checks:
        try:
            findings += check()
        except Exception as error:  # one broken check must not hide the others; its message may hold anything, so it is not shown
            findings.append(
                _fail(name, f"This could not be checked ({type(error).__name__}). Ask your IT person to look at the log.")
            )
    return (settings, *findings)


def check_home(home: Home) -> Iterator[Check]:
    """Modes of the home folder and of everything in it."""
    if not home.path.is_dir():
        yield _warn("home", f"The home folder {home.path} is not there yet; the first command makes it.")
    elif not keeps_modes():
        yield _warn("home", "This system has no file modes. Keep the home folder in your own user folder, closed to others.")
    elif opened := [path for path in (home.path, *sorted(home.path.rglob("*"))) if _is_open(path)]:
        what = f"{opened[0]} and {len(opened) - 1} more" if len(opened) > 1 else str(opened[0])
        yield _fail("home", f"Others can read {what}. Close the folder: chmod -R go-rwx {home.path}")
    else:
        yield _ok("home", f"Only you can read {home.path}.")


def _is_open(path: Path) -> bool:
    try:
        return not path.is_symlink() and bool(path.stat().st_mode & OTHERS)
    except OSError:  # gone meanwhile
        return False


def check_vault(home: Home, config: Config) -> Iterator[Check]:
    """The vault opens with a key, and holds a password for each account."""
    wanted = list(dict.fromkeys(_secrets(config)))
    if not home.vault_file.exists():
        missing = wanted
        yield _warn("vault", "There is no vault yet; the first secret makes it.")
    else:
        try:
            held = home.open_vault(config.vault.key_file).names()
        except VaultError as error:
            yield _fail("vault", error.sentence)
            return
        missing = [name for name in wanted if name not in held]
        yield _ok("vault", f"The vault opens; secrets in it: {len(held)}.")
    for name in missing:
        yield _warn("password", f"There is no secret {name} yet. Put it in: priorbot vault set {name}")


def check_password_ages(home: Home, config: Config, now: Clock) -> Iterator[Check]:
    """One finding for each password that runs out soon by the payer's rule and is not changed by itself."""
    if not home.vault_file.exists():
        return
    vault, today = home.open_vault(config.vault.key_file), now().astimezone(config.practice.zone).date()
    for slug, portal in config.portals.items():
        rule = password_rule(slug)
        if rule is None or portal.change_password:
            continue
        for account in portal.accounts:
            since = KeptPasswords(vault, slug, account).changed_on
            days = rule.max_age_days - (today - since).days if since else None
            if days is not None and days <= max(rule.warn_days):
                when = f"runs out in {days} days" if days > 0 else "has run out"
                yield _warn(
                    "password_age", f"The password of {account} at {slug} {when}. Give it a new one: priorbot vault rotate {slug}"
                )


def _secrets(config: Config) -> Iterator[str]:
    """The secrets that these settings need: a password for each account, and what its one-time codes come from."""
    for slug, portal in config.portals.items():
        for account in portal.accounts:
            yield password_name(slug, account)
            if portal.code and portal.code.method == "totp":
                yield totp_name(slug, account)
            elif portal.code and portal.code.method == "email":
                yield mailbox_name(portal.code.mailbox(account))
    if config.fax.line == "http":
        yield API_KEY


def check_browser(config: Config) -> Iterator[Check]:
    try:
        found = find_browser(config.browser.path, headless=config.browser.headless)
    except BrowserNotFound as error:
        yield _fail("browser", error.sentence)
        return
    if does_run(found.path):
        yield _ok("browser", f"{found.path} starts.")
    else:
        yield _fail(
            "browser", f"{found.path} does not start. Install it again, or name another in priorbot.toml: [browser] path."
        )


def check_selectors(home: Home, config: Config) -> Iterator[Check]:
    """The selector file of every portal that is set up and has a bot."""
    from bots.pagemap import SelectorFileError, load_pagemap

    broken = 0
    for slug, portal in sorted(config.portals.items()):
        try:
            if has_bot(slug):
                load_pagemap(slug, portal.selectors_in(home.path))
        except SelectorFileError as error:
            broken += 1
            yield _fail("selectors", f"The selector file of {slug} cannot be used: {_one_line(str(error))}")
    if not broken:
        yield _ok("selectors", "The selector files of all portals that are set up are in order.")


def _one_line(text: str) -> str:
    return " ".join(text.split())


def check_fax(home: Home, config: Config) -> Iterator[Check]:
    """The fax line that is set up takes faxes now; only looks, sends nothing."""
    if config.fax.line == "none":
        yield _warn("fax", "No fax line is set up, so no packet is faxed. Choose one in priorbot.toml: [fax] line.")
        return
    try:
        line = open_line(config.fax, home.path, home.fax, lambda: _vault_if_there(home, config))
        trouble = asyncio.run(line.check())
    except (BotError, VaultError) as error:
        trouble = error.sentence
    if trouble:
        yield _fail("fax", trouble)
    elif config.fax.line == "folder":
        yield _ok("fax", "Faxes are put into a folder. Somebody, or another program, has to send them and to confirm it.")
    else:
        yield _ok("fax", f"The fax line {config.fax.line} takes faxes.")


def _vault_if_there(home: Home, config: Config) -> Vault | None:
    return home.open_vault(config.vault.key_file) if home.vault_file.exists() else None


def check_permissions(config: Config, now: Clock) -> Iterator[Check]:
    """One finding for each portal that is not on this machine."""
    today = now().astimezone(config.practice.zone).date()
    live = {slug: portal for slug, portal in config.portals.items() if not is_loopback(portal.base_url)}
    if not live:
        yield _ok("permission", "No live portal is set up, so none needs a permission.")
    for slug, portal in live.items():
        why_not = portal.permission.why_not(today) if portal.permission else "there is no entry"
        if portal.permission is None or why_not:
            yield _fail("permission", f"{slug} will not be opened ({why_not}). Enter it under [portals.{slug}.permission].")
        elif not portal.base_url.lower().startswith("https://"):
            yield _fail("permission", f"{slug} will not be opened: its base_url must begin with https://.")
        else:
            yield _days_left(slug, portal, portal.permission.days_left(today))


def _days_left(slug: str, portal: PortalSettings, days: int) -> Check:
    until = portal.permission.valid_until.isoformat() if portal.permission else ""
    if days <= PERMISSION_WARNING_DAYS:
        return _warn("permission", f"The permission for {slug} ends on {until}, in {days} days. Ask for it again now.")
    return _ok("permission", f"The permission for {slug} holds until {until}.")


def check_clock(home: Home, now: Clock) -> Iterator[Check]:
    """The machine's clock is not behind what this home has already written: deadlines and one-time codes need it right."""
    files = [path for path in home.path.rglob("*") if path.is_file()] if home.path.is_dir() else []
    latest = max((path.stat().st_mtime for path in files), default=0.0)
    if latest - now().timestamp() > CLOCK_TOLERANCE.total_seconds():
        yield _fail("clock", "The clock of this machine is behind what was written here earlier. Set it, then try again.")
    else:
        yield _ok("clock", f"The clock reads {now().isoformat(timespec='minutes')}; compare it with your own.")


def check_portal_clocks(config: Config, now: Clock) -> Iterator[Check]:
    """Our clock agrees with those of the portals that want codes made from the time; only those that may be opened are asked."""
    from bots.portal_clock import clock_difference

    today = now().astimezone(config.practice.zone).date()
    for slug, portal in config.portals.items():
        if portal.code is None or portal.code.method != "totp":
            continue
        try:
            difference = clock_difference(slug, portal.base_url, portal.permission, today=today, now=now)
        except NotPermitted:
            continue  # check_permissions says so
        if difference is None:
            yield _warn(
                "portal_clock", f"{slug} does not tell its time. Compare this machine's clock by hand: its codes need it."
            )
            continue
        seconds, way = abs(round(difference.total_seconds())), "ahead of" if difference > timedelta(0) else "behind"
        if abs(difference) > CODE_LIMIT:
            yield _fail(
                "portal_clock", f"This clock is {seconds} seconds {way} {slug}'s: it will refuse our codes. Set the clock."
            )
        elif abs(difference) > CODE_TOLERANCE:
            yield _warn(
                "portal_clock", f"This clock is {seconds} seconds {way} {slug}'s: it may refuse our codes. Set the clock."
            )
        else:
            yield _ok("portal_clock", f"This clock agrees with {slug}'s, as one-time codes need it.")


def check_encryption(home: Home) -> Iterator[Check]:
    """Journal, ledger and reports lie open in the home: the disk below them must be encrypted."""
    folder = next(folder for folder in (home.path, *home.path.parents) if folder.is_dir())
    match disk_encryption(folder):
        case Encryption.ON:
            yield _ok("disk_encryption", "The disk below the home folder is encrypted.")
        case Encryption.OFF:
            yield _warn("disk_encryption", "The disk below the home folder seems not to be encrypted. Switch its encryption on.")
        case Encryption.UNKNOWN:
            yield _warn("disk_encryption", "Whether the disk is encrypted cannot be seen from here. Ask your IT person.")


def check_space(home: Home) -> Iterator[Check]:
    folder = next(folder for folder in (home.path, *home.path.parents) if folder.is_dir())
    free = shutil.disk_usage(folder).free
    amount = f"{free / 1e9:.1f} GB"
    if free < LEAST_FREE_BYTES:
        yield _fail("disk_space", f"Only {amount} are free below the home folder. Make room: a full disk stops all work.")
    else:
        yield _ok("disk_space", f"{amount} are free below the home folder.")


def check_journal(home: Home, config: Config) -> Iterator[Check]:
    """The journal is whole: the database's own check and the chain of its events."""
    if not config.database.url and not home.journal_file.exists():
        yield _warn("journal", "There is no journal yet; the first request makes it.")
        return
    from sqlalchemy.exc import SQLAlchemyError

    from jobs.journal import Journal
    from jobs.journal_schema import JournalError

    try:
        with Journal.open(config.database.url or home.journal_url) as journal:
            yield _ok("journal", f"The journal is whole; events in it: {journal.check()}.")
    except JournalError as error:
        yield _fail("journal", error.sentence)
    except SQLAlchemyError:  # its message quotes statements and addresses
        yield _fail("journal", "The journal cannot be read. Nothing was changed. Put back the last good back-up of the home.")


def check_by_journal(home: Home, config: Config, now: Clock) -> Iterator[Check]:
    """What only the journal knows of the service: messages that were not taken, and back-ups."""
    from jobs.journal import Journal
    from jobs.journal_schema import JournalError

    if not config.database.url and not home.journal_file.exists():
        yield from _found(check_backups(home, config, None, now))
        return
    try:
        with Journal.open(config.database.url or home.journal_url, now=now) as journal:
            yield from _found((*check_alerts_taken(journal, config), *check_backups(home, config, journal, now)))
    except JournalError:
        return  # check_journal says so


def _found(findings: Iterable[Finding]) -> Iterator[Check]:
    for name, state, sentence in findings:
        yield Check(name=name, state=CheckState(state), sentence=sentence)


def _ok(name: str, sentence: str) -> Check:
    return Check(name=name, state=CheckState.OK, sentence=sentence)


def _warn(name: str, sentence: str) -> Check:
    return Check(name=name, state=CheckState.WARN, sentence=sentence)


def _fail(name: str, sentence: str) -> Check:
    return Check(name=name, state=CheckState.FAIL, sentence=sentence)
