"""``priorbot restore``: a home from a back-up, and the care that it needs: the payers know more than it does.

Whatever was sent after the back-up is not in it. So every request that a worker would send now becomes uncertain and is
looked up on its portal first (`jobs.verify`: twice, a quiet period apart), and portals that do not show what they have
received are stopped until a person has looked. A home that lives is never touched.
"""

from __future__ import annotations

import secrets
import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace
from sqlalchemy import update

from bots.keys import KeyFile, KeySource, VaultError, default_key_file, key_source
from bots.model import Frozen, Status
from bots.private import make_private_folder, sync_folder
from bots.signin_map import WITHOUT_ACCOUNT
from bots.vault import Vault, backup_key_of
from jobs import events as happened
from jobs.backup import EVENTS, FILES, JOURNAL, KEY, BackupError, Manifest, unpack
from jobs.clock import Clock
from jobs.config import load_config
from jobs.events import Standing
from jobs.events_file import import_events
from jobs.home import Home
from jobs.journal import Journal
from jobs.journal_schema import seats
from jobs.sealed_stream import read_header
from jobs.service_events import Restored
from jobs.state import AttemptState, Channel, Decision, Snapshot

if TYPE_CHECKING:
    from jobs.journal_write import Write

RESTORED = "restored"
"""Error code of what a restore made uncertain or stopped."""


class Result(Frozen):
    """``age``: how old the back-up was. ``doubted`` requests are looked up first; ``by_hand`` are a person's."""

    manifest: Manifest
    age: timedelta
    doubted: int = 0
    by_hand: int = 0
    stopped: tuple[str, ...] = ()
    kept_database: bool = False
    key_kept_in: str = ""

    @property
    def sentences(self) -> tuple[str, ...]:
        made = f"{self.manifest.made_at:%Y-%m-%d %H:%M} UTC"
        said = [f"The home is back as it was on {made} ({_span(self.age)} ago): {len(self.manifest.files)} files."]
        if self.kept_database:
            return (*said, "The journal's database was alive and was left as it is: nothing of it is lost.")
        said.append(f"What came in or was sent after {made} is not in it. Put files that came in since then into it again.")
        if self.doubted:
            said.append(f"{self.doubted} requests may have been sent since then; each is looked up first (priorbot verify).")
        if self.by_hand:
            said.append(f"{self.by_hand} requests wait for a person, who must look whether they were faxed since then.")
        if self.stopped:
            said.append(f"Stopped until you have looked what was sent there: {', '.join(self.stopped)} (priorbot portal enable).")
        said.append("Passwords that were changed since then are the old ones here: put the new ones in (priorbot vault set).")
        if self.key_kept_in:
            said.append(f"The home's key was put into {self.key_kept_in}.")
        return (*said, "Next: priorbot doctor")


def opening_secret(file: Path, keys: KeySource, passphrase: str) -> bytes:
    """What opens the back-up: the passphrase, or the fitting key among ``keys``. Raises `BackupError` or `StreamDamaged`."""
    with file.open("rb") as opened:
        header = read_header(opened)
    if header.lock == "passphrase":
        if not passphrase:
            raise BackupError("This back-up opens with a passphrase. Nothing was changed. Type it, or pipe it in.")
        return passphrase.encode()
    key = backup_key_of(keys, header.key_id)
    if key is None:
        raise BackupError(
            f"There is no key that fits this back-up (looked in {keys.place}). Nothing was changed. "
            "Give the home's key, for example as PRIORBOT_KEY."
        )
    return key


def needs_passphrase(file: Path) -> bool:
    with file.open("rb") as opened:
        return read_header(opened).lock == "passphrase"


def restore_home(file: Path, home: Home, *, now: Clock, passphrase: str = "", keys: KeySource | None = None) -> Result:
    """Brings a home back where there is none. Raises `BackupError`, `StreamDamaged`, `JournalError`; nothing is half done."""
    if home.path.is_dir() and any(home.path.iterdir()):
        raise BackupError(
            f"There is something in {home.path} already. Nothing was changed. Restore into an empty folder (--home), "
            "or move that one away first."
        )
    source = keys or key_source()
    secret = opening_secret(file, source, passphrase)
    make_private_folder(home.path.parent)
    work = home.path.with_name(f".{home.path.name}.restoring-{secrets.token_hex(4)}")
    make_private_folder(work)
    try:
        manifest = unpack(file, secret, work)
        new = work / FILES
        make_private_folder(new)
        kept_in = _keep_key(work / KEY, new, source)
        result = _settle(work, Home(new), manifest, now)
        if home.path.is_dir():
            home.path.rmdir()
        new.rename(home.path)
        sync_folder(home.path.parent)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    home.create()
    return replace(result, key_kept_in=kept_in)


def _keep_key(inside: Path, new: Path, source: KeySource) -> str:
    """The home's key out of a back-up with a passphrase, kept where keys are, unless it is there. Returns where it was put."""
    if not inside.exists():
        return ""
    try:
        Vault.open(new / "vault", source)
        return ""
    except VaultError:
        named = load_config(new / "priorbot.toml").vault.key_file
        file = KeyFile(Path(named) if named and Path(named).is_absolute() else (new / named if named else default_key_file()))
        file.add(inside.read_text("ascii"))
        return "the key file"


def _settle(work: Path, new: Home, manifest: Manifest, now: Clock) -> Result:
    config = load_config(new.config_file)
    at = now()
    age = max(timedelta(0), at - manifest.made_at)
    if (work / EVENTS).exists():
        with Journal.open(config.database.url, now=now) as journal:
            if journal.head()[0]:
                return Result(manifest=manifest, age=age, kept_database=True)
            import_events(journal, work / EVENTS)
            return _doubt(journal, manifest, at, tuple(config.portals))
    (work / JOURNAL).replace(new.journal_file)
    with Journal.open(new.journal_url, now=now) as journal:
        journal.check()
        return _doubt(journal, manifest, at, tuple(config.portals))


def _doubt(journal: Journal, manifest: Manifest, at: datetime, portals: tuple[str, ...]) -> Result:
    """What may have been sent since the back-up is not sent again before it was looked for."""
    unsent = list(journal.snapshots(status={Status.NEW, Status.WAITING}))
    stopped = tuple(slug for slug in portals if slug in WITHOUT_ACCOUNT)
    doubted = by_hand = 0
    since = f"{manifest.made_at:%Y-%m-%d %H:%M} UTC"
    with journal.write() as write:
        write.connection.execute(update(seats).values(held=0))  # whoever had them is gone with the old home
        for snapshot in unsent:
            if snapshot.route is not None and snapshot.route.decision is Decision.PORTAL:
                doubted += _doubt_one(write, snapshot, at, since)
            elif snapshot.channel is Channel.FAX:
                write.append(snapshot.request.request_id, happened.Moved(standing=_fax_standing(since)))
                by_hand += 1
        for slug in stopped:
            sentence = (
                f"The home was brought back from a back-up of {since}, and {slug} does not show what was sent since then. "
                f"Nothing is sent there. Look at your own records, then: priorbot portal enable {slug}"
            )
            write.append("", happened.PortalDisabled(portal=slug, account="", error_code=RESTORED, sentence=sentence))
        write.append("", Restored(made_at=manifest.made_at, doubted=doubted, stopped=stopped))
    age = max(timedelta(0), at - manifest.made_at)
    return Result(manifest=manifest, age=age, doubted=doubted, by_hand=by_hand, stopped=stopped)


def _doubt_one(write: Write, snapshot: Snapshot, at: datetime, since: str) -> int:
    request_id, route = snapshot.request.request_id, snapshot.route
    assert route is not None
    other = write.rows.open_attempt(request_id)
    if other is not None:
        if other.state is not AttemptState.DRAFTING:
            return 0  # an INTENT: its worker is gone, and the next start makes it uncertain
        write.append(
            request_id, happened.Ended(attempt_id=other.attempt_id, state=AttemptState.ABANDONED, error_code="worker_ended")
        )
    attempt_id = f"a{write.next_seq:012}"
    reason = f"The home was brought back from a back-up of {since}; it is not known whether {route.portal} got this since then."
    standing = Standing(status=Status.UNCERTAIN, error_code=RESTORED, reason=reason, waiting_until=at)
    write.append(
        request_id,
        happened.Began(attempt_id=attempt_id, channel=Channel.PORTAL, portal=route.portal, account="", fence=0),
        happened.Doubted(attempt_id=attempt_id, error_code=RESTORED, standing=standing),
    )
    return 1


def _fax_standing(since: str) -> Standing:
    return Standing(
        status=Status.NEEDS_PERSON,
        error_code=RESTORED,
        reason=f"The home was brought back from a back-up of {since}; whether this request was faxed since then is not known.",
        next_action="Look at the fax line's own list. If it was not faxed, release it: priorbot queue --release REQUEST",
    )


def _span(age: timedelta) -> str:
    hours = int(age.total_seconds() // 3600)
    return f"{hours} hours" if hours < 48 else f"{hours // 24} days"
