"""A practice with accounts at all portals of a simulated world, and what became of the file that it submitted."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
from mixed_rows import mixed_rows

from bots.vault import password_name, totp_name
from fixtures.clock import today
from fixtures.plans import plan_members
from fixtures.samples.make_requests import DOCUMENTS
from fixtures.samples.row_maker import COLUMNS, Row
from fixtures.server import RunningWorld
from jobs.demo_truth import Compared, compare
from jobs.engine import Engine
from jobs.home import Home
from jobs.intake import read_intake
from jobs.journal import Journal
from jobs.routing import route
from jobs.state import Snapshot

SEATS = {
    "clear_coverage": ("cc", 3), "evicore": ("ev", 1), "provider_connect": ("pc", 1), "carepartners": ("cp", 1),
    "optum_pro": ("op", 1), "authorization_manager": ("am", 2),
}  # fmt: skip
TOTP = ("carepartners", "optum_pro")
"""Portals that ask each sign-in for a code. Codes by e-mail have tests of their own, with a mail server."""
_REDIRECTED = frozenset(member.card_id for member in plan_members() if member.is_apn_ct)
WITHOUT_ACCOUNT = ("promptpa", "bluecard")
PRIORBOT = [sys.executable, "-c", "from jobs.cli import main; main()"]


class Ended(msgspec.Struct, frozen=True):
    """One unattended ``priorbot submit``: exit code, talk, and what the journal and the world have afterwards."""

    code: int
    talk: str
    snapshots: list[Snapshot]
    compared: Compared
    logins: list[dict[str, Any]]
    loads: dict[str, dict[str, int]]

    @property
    def by_portal(self) -> dict[str, Counter[str]]:
        """Portal -> how its requests ended: accepted, of these handed over to it, not required, phone, or the ledger's word."""
        found: dict[str, Counter[str]] = {}
        for one in self.snapshots:
            assert one.route is not None
            slug = one.route.said.portal if one.route.said else one.route.portal
            counts = found.setdefault(slug, Counter())
            counts[ending(one)] += 1
            counts["handed over to it"] += one.receipt is not None and bool(one.route.redirected_from)
        return found


def ending(one: Snapshot) -> str:
    """How a request ended at the portal that had it last."""
    assert one.route is not None
    if one.receipt is not None:
        return "accepted"
    if one.route.said is not None and not one.route.said.required:
        return "not required"
    return "phone" if one.error_code == "phone_by_hand" else str(one.status)


def write_file(path: Path, rows: int, seed: int) -> Path:
    return write_rows(path, mixed_rows(today(), rows, seed))


def write_rows(path: Path, rows: Iterable[Row]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        for row in rows:
            names = [f"{DOCUMENTS}/{name}" for name in row["attachments"].split(";") if name]
            writer.writerow(row | {"attachments": ";".join(names)})
    return path


def move_in(home: Home, world: RunningWorld, codes: tuple[str, ...] = TOTP) -> None:
    """Settings and passwords; authenticators at the portals ``codes``."""
    known = {(row["portal"], row["username"]): row for row in world.truth("accounts")}
    home.create()
    vault = home.open_vault("")
    text = '[practice]\nname = "Mixed (synthetic)"\n'
    for slug, (word, count) in SEATS.items():
        names = [f"{word}-desk{number}" for number in range(1, count + 1)]
        text += f'\n[portals.{slug}]\nbase_url = "{world.url(slug)}"\naccount = {json.dumps(names)}\n'
        for name in names:
            vault.set(password_name(slug, name), known[slug, name]["password"])
            if slug in codes:
                world.change_account(slug, name, second_factor="totp")
                vault.set(totp_name(slug, name), known[slug, name]["totp_secret"])
        text += f'[portals.{slug}.code]\nmethod = "totp"\n' if slug in codes else ""
    for slug in WITHOUT_ACCOUNT:
        text += f'\n[portals.{slug}]\nbase_url = "{world.url(slug)}"\n'
    home.config_file.write_text(text, encoding="utf-8")


def submit(home: Home, world: RunningWorld, file: Path) -> Ended:
    """The file, unattended, to its end."""
    environment = os.environ | {"PRIORBOT_HOME": str(home.path)}
    done = subprocess.run([*PRIORBOT, "submit", str(file)], env=environment, capture_output=True, text=True, check=False)
    with Journal.open(home.journal_url) as journal:
        snapshots = list(journal.snapshots())
        compared = compare(iter(snapshots), world.truth("requests"))
        journal.check()
    return Ended(done.returncode, done.stderr, snapshots, compared, world.truth("logins"), world.truth("loads"))


def submit_one_each(home: Home, world: RunningWorld, file: Path, portals: tuple[str, ...]) -> dict[str, str]:
    """One request to each of these portals, accepted there: portal -> request id."""
    wanted = {}
    with Engine.at(home) as engine:
        rows = mixed_rows(today(), 60)
        write_rows(file, rows)
        for request in read_intake(file, today=today()).requests:
            to = route(request, as_of=today(), rulebook=engine.rulebook, settings=engine.routing).portal
            if to in portals and to not in wanted and (to == "optum_pro" or request.member.id not in _REDIRECTED):
                wanted[to] = request.request_id
    write_rows(file, [row for row in rows if row["request_id"] in wanted.values()])
    ended = submit(home, world, file)
    accepted = {one.request.request_id for one in ended.snapshots if one.receipt is not None}
    assert set(wanted) == set(portals)
    assert accepted == set(wanted.values()), ended.talk
    return wanted
