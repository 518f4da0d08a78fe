"""What the demo begins with: its folder, its days, its files, and its accounts at the simulated world's portals."""

from __future__ import annotations

import csv
import json
import re
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bots.model import Frozen
from jobs.home import Home, HomeError, write_private

if TYPE_CHECKING:
    from fixtures.server import RunningWorld

DEMO_FOLDER = "demo-home"
MARK = ".priorbot-demo"
FIRST_FILE, SECOND_FILE = "requests.csv", "more-requests.csv"
DESK = ZoneInfo("America/New_York")
CHECK_WRITES = (10, 25)
"""Days of the month on which units are brought up to date (rule H17)."""
A_DAY = timedelta(hours=26)
_HELD_BACK = re.compile(r"HUSKY-0([012]\d)")


class Desks(Frozen):
    """The demo's accounts at one portal: ``count`` of them work at once. ``code``: how the portal asks for one-time codes."""

    word: str
    count: int = 1
    code: str = ""


DESKS = {
    "clear_coverage": Desks(word="cc", count=3),
    "husky_medical": Desks(word="hm", count=2, code="totp"),
    "evicore": Desks(word="ev"),
    "husky_secure": Desks(word="hs"),
    "provider_connect": Desks(word="pc"),
    "carepartners": Desks(word="cp", count=2, code="totp"),
    "optum_pro": Desks(word="op", code="totp"),
    "promptpa": Desks(word="", count=0),
    "authorization_manager": Desks(word="am", count=3, code="email"),
    "connect_center": Desks(word="cn", code="email"),
    "bluecard": Desks(word="", count=0),
}
"""The portals of the demo. PromptPA and BlueCard are used without an account."""
_CONFIG = """\
# A demo's settings: the portals of a simulated world that ran on this machine while the demo did.
[practice]
name = "Sample Family Practice (synthetic)"

[vault]
key_file = "demo.key"

[payers.husky]
medical_portal = "clear_coverage"
"""


class DemoClock:
    """The simulated world's time, as PriorBot sees it."""

    def __init__(self, start: datetime) -> None:
        self._shift = start - datetime.now(UTC)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self._shift

    def advance(self, time: timedelta) -> None:
        self._shift += time


class DemoPerson:
    """The practice's person at the screen, who looks into the mailbox and types the code. The world is asked for the newest one
    instead of a mail server, which the demo does without."""

    def __init__(self, world: RunningWorld) -> None:
        self._world = world
        self.typed = 0

    async def __call__(self, portal: str, account: str) -> str:
        codes = [row["code"] for row in self._world.truth("codes") if (row["portal"], row["account"]) == (portal, account)]
        self.typed += bool(codes)
        return str(codes[-1]) if codes else ""


# --- folder ----------------------------------------------------------------------------------------------------------


def fresh_home(folder: Path) -> Home:
    """An empty demo home. Only a folder that an earlier demo marked as its own is emptied."""
    if folder.exists():
        if not (folder / MARK).is_file() and any(folder.iterdir()):
            raise HomeError(
                f"{folder} holds something else than an earlier demo. Nothing was touched. Name another folder with --home."
            )
        shutil.rmtree(folder)
    home = Home(folder).create()
    write_private(home.path / MARK, b"made by priorbot demo; emptied by the next one\n")
    return home


def move_in(home: Home, world: RunningWorld) -> None:
    """Settings, passwords and authenticators for the world's portals; from now on these ask for their codes."""
    from bots.vault import password_name, totp_name

    known = {(row["portal"], row["username"]): row for row in world.truth("accounts")}
    write_private(home.config_file, (_CONFIG + "".join(_portal(slug, world) for slug in DESKS)).encode())
    vault = home.open_vault("demo.key")
    for slug, desks in DESKS.items():
        for name in _names(desks):
            vault.set(password_name(slug, name), known[slug, name]["password"])
            if desks.code:
                world.change_account(slug, name, second_factor=desks.code)
            if desks.code == "totp":
                vault.set(totp_name(slug, name), known[slug, name]["totp_secret"])


def _names(desks: Desks) -> list[str]:
    return [f"{desks.word}-desk{number}" for number in range(1, desks.count + 1)]


def _portal(slug: str, world: RunningWorld) -> str:
    desks = DESKS[slug]
    lines = [f"\n[portals.{slug}]", f'base_url = "{world.url(slug)}"']
    if desks.count:
        lines.append(f"account = {json.dumps(_names(desks))}")
    if desks.code:
        method = "totp" if desks.code == "totp" else "person"
        lines += [f"[portals.{slug}.code]", f'method = "{method}"']
    return "\n".join(lines) + "\n"


def choose_medical_portal(home: Home, slug: str) -> None:
    """The one line by which a practice goes over to another portal for HUSKY's medical requests."""
    text = home.config_file.read_text(encoding="utf-8")
    write_private(home.config_file, re.sub(r"(?m)^medical_portal = .*$", f'medical_portal = "{slug}"', text).encode())


# --- days ------------------------------------------------------------------------------------------------------------


def first_morning(today: date) -> datetime:
    """The last morning, three days before a check write, from which the demo's weeks are over by today."""
    mornings = (
        datetime(day.year, day.month, day.day, 9, tzinfo=DESK) for back in range(64) if (day := today - timedelta(days=back))
    )
    return next(
        morning
        for morning in mornings
        if (morning + timedelta(days=3)).day in CHECK_WRITES and (after_next_check_write(morning) + A_DAY).date() < today
    )


def after_next_check_write(start: datetime) -> datetime:
    """The morning after the second check write from ``start`` on: three days after it there is the first."""
    days = (start + timedelta(days=ahead) for ahead in range(4, 40))
    return next(day for day in days if day.day in CHECK_WRITES) + timedelta(days=1)


# --- files -----------------------------------------------------------------------------------------------------------


def write_part(home: Home, name: str, day: datetime, *, later: bool) -> Path:
    """The sample's rows as of that day: those that come ``later``, or all others."""
    from fixtures.samples.make_requests import write_sample

    path = home.path / name
    write_sample(path, day.date())
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    at = header.index("request_id")
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *(row for row in rows if is_held_back(row[at]) is later)])
    return path


def is_held_back(request_id: str) -> bool:
    """Every third of the sample's first requests comes in the second file."""
    found = _HELD_BACK.fullmatch(request_id)
    return found is not None and int(found[1]) % 3 == 0
