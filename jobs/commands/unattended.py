"""Commands of the unattended service and of what keeps it safe: run, alerts, backup, restore, retention."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jobs.commands.shared import Code, HomeOption, JsonOption, find_home, leave, open_engine, print_objects, say

if TYPE_CHECKING:
    from jobs.engine import Engine
    from jobs.service import Service


def register(app: typer.Typer) -> None:
    app.command()(run)
    app.command()(alerts)
    app.command()(backup)
    app.command()(restore)
    app.command()(retention)


def run(
    once: Annotated[bool, typer.Option("--once", help="Do what is due now, then end; takes no files.")] = False,
    clock_is_right: Annotated[
        bool, typer.Option("--clock-is-right", help="The machine's clock was ahead before; it is right now.")
    ] = False,
    home: HomeOption = None,
) -> None:
    """Work unattended by the times of [schedule] until it is stopped (Ctrl-C, SIGTERM); what is in the middle is finished."""
    from jobs.service_lock import only_service
    from jobs.ticking import Ticking

    with open_engine(home) as engine, only_service(engine.home, engine.now()):
        if clock_is_right:
            Ticking(engine.journal).forget_after(engine.now())
        cleanly = asyncio.run(_work(engine, once=once))
    say(
        "Stopped. Everything in the middle was finished."
        if cleanly
        else "Stopped. What was cut short is looked up at the next start."
    )
    leave(Code.DONE)


async def _work(engine: Engine, *, once: bool) -> bool:
    """True when nothing had to be cut short."""
    from jobs.browsers import Browsers
    from jobs.fax.wiring import open_status_door, sweep_packets
    from jobs.schedule import look_in_time

    sweep_packets(engine)
    service: Service | None = None
    browsers = Browsers(engine, lambda: service is not None and service.is_stopping)
    shop = engine.shop(browsers.office)
    service = engine.service(shop, lambda line: say(f"{engine.now().astimezone(engine.config.practice.zone):%a %H:%M}  {line}"))
    say(f"PriorBot works on {engine.home.path}: {len(service.jobs)} jobs. Stop it with Ctrl-C.")
    try:
        if once:
            service.look()
            _tell_missed(service)
            await service.idle()
        else:
            async with open_status_door(engine) as said:
                if said:
                    say(said)
                await look_in_time(lambda: _look(service), service.next_look)
    except asyncio.CancelledError:
        task = asyncio.current_task()
        assert task is not None
        task.uncancel()  # the first Ctrl-C asks; a second one cuts short
        say("Stopping: what is in the middle is brought to its end. Once more Ctrl-C cuts it short.")
    return await service.stop(engine.config.schedule.grace_seconds)


def _look(service: Service) -> None:
    service.look()
    _tell_missed(service)


def _tell_missed(service: Service) -> None:
    for missed in service.new_missed():
        times = "" if missed.count == 1 else f", {missed.count} times since {missed.first:%Y-%m-%d %H:%M} UTC"
        say(f"{missed.job} was missed on {missed.last:%Y-%m-%d %H:%M} UTC{times}; it runs once now.", "yellow")


def alerts(
    send_test: Annotated[bool, typer.Option("--try", help="Send each target a word, to see whether it gets there.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List what is open and whom it was told; with --try, send each target of [notify] a test message."""
    with open_engine(home) as engine:
        telling = engine.alerts()
        if send_test:
            tried = asyncio.run(telling.try_all())
            for name, taken in tried.items():
                say(f"{name}: {'taken' if taken else 'not taken; see priorbot doctor'}", "green" if taken else "bold red")
            leave(Code.DONE if all(tried.values()) else Code.PERSON)
        told = telling.open_matters()
    if as_json:
        print_objects(
            {"matter": each.matter.key, "sentence": each.matter.sentence, "told": sorted(each.began_at)} for each in told
        )
        return
    for each in told:
        say(f"{each.matter.key}: {each.matter.sentence} Told: {', '.join(sorted(each.began_at)) or 'nobody yet'}.")
    if not told:
        say("Nothing is open.", "green")


def backup(
    target: Annotated[
        Path | None, typer.Argument(metavar="[TARGET]", help="A folder; without it the one of [backup] folder.")
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the whole home into one encrypted file, read it again, and say whether it is whole."""
    from jobs.backup import backup_home

    with open_engine(home) as engine:
        folder = target.absolute() if target else engine.backup_folder
        if folder is None:
            say(
                "No folder is named for back-ups. Nothing was written. Name one: priorbot backup FOLDER",
                "bold red",
            )
            leave(Code.USAGE)
        made = backup_home(engine, folder, keep=engine.config.backup.keep)
        phrase = _locked_by_passphrase(engine)
    if as_json:
        print_objects([{"file": str(made.path), "sha256": made.sha256, "seq": made.seq, "files": made.files}])
    say(made.sentence, "green")
    say(
        "It opens with the passphrase of the vault."
        if phrase
        else "It opens with this home's key: keep a copy of that elsewhere."
    )


def _locked_by_passphrase(engine: Engine) -> bool:
    from jobs.backup import PASSPHRASE

    return PASSPHRASE in engine.vault.names()


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that priorbot backup wrote.")],
    home: HomeOption = None,
) -> None:
    """Bring a lost home back from a back-up, into a folder that is empty; nothing that may have been sent since is sent again."""
    from jobs.clock import utc_now
    from jobs.restore import needs_passphrase, restore_home

    place = find_home(home)
    if not file.is_file():
        say(f"There is no file {file}. Nothing was changed. Name a file that priorbot backup wrote.", "bold red")
        leave(Code.USAGE)
    phrase = ""
    if needs_passphrase(file):
        phrase = (
            typer.prompt("Passphrase of the back-up", hide_input=True, err=True)
            if sys.stdin.isatty()
            else sys.stdin.readline().rstrip("\r\n")
        )
    result = restore_home(file, place, now=utc_now, passphrase=phrase)
    for sentence in result.sentences:
        say(sentence)
    leave(Code.UNCERTAIN if result.doubted else Code.PERSON if result.by_hand or result.stopped else Code.DONE)


def retention(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would go; remove nothing.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Remove health information whose time of [retention] is over, as the service does; its hashes stay in the journal."""
    from jobs.retention import find_old, remove_old

    with open_engine(home) as engine:
        if not engine.config.retention.days:
            say("No time is set, so everything is kept. Set one in priorbot.toml: [retention] days = 3650")
            leave(Code.DONE)
        if not dry_run:
            gone = remove_old(engine)
            say(gone.sentence or "Nothing is too old.", "green")
            return
        old = find_old(engine)
    if as_json:
        print_objects({"request_id": request_id} for request_id in old.requests)
        print_objects({"folder": path.parent.name, "file": path.name} for path in old.files)
    else:
        for request_id in old.requests:
            say(f"{request_id}: its row stays with ids, statuses and dates; whom it was for and why goes.")
        for folder, count in sorted(Counter(path.parent.name for path in old.files).items()):
            say(f"{folder}/: {count} files go.")
    say(f"{len(old.requests)} requests and {len(old.files)} files are too old. Nothing was removed.")
