"""``priorbot demo``: some weeks of work in a simulated world, on the screen, with real pages in a real browser.

Everything happens on this machine, with synthetic people. A first file is submitted three days before a check write; after the
next check write a second one follows, so that decisions, open deadlines and units used are all there to be seen at the end.
"""

from __future__ import annotations

import csv
import re
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from bots.member_ids import bare_id
from bots.model import Frozen, Status
from jobs.attention import find_task
from jobs.commands.at_work import AtPortals
from jobs.commands.shared import print_table, say
from jobs.engine import Engine
from jobs.home import Home, HomeError, write_private
from jobs.ledger import ledger_rows

if TYPE_CHECKING:
    from fixtures.server import RunningWorld
    from jobs.intake import IntakeResult
    from jobs.state import Snapshot

DEMO_FOLDER = "demo-home"
MARK = ".priorbot-demo"
FIRST_FILE, SECOND_FILE = "requests.csv", "more-requests.csv"
DESKS = {"clear_coverage": ("cc", 4), "evicore": ("ev", 1), "husky_secure": ("hs", 1), "provider_connect": ("pc", 1)}
"""The portals of the demo, with what their accounts begin with and how many of them work at once."""
DESK = ZoneInfo("America/New_York")
CHECK_WRITES = (10, 25)
"""Days of the month on which units are brought up to date (rule H17)."""
A_DAY = timedelta(hours=26)
_HELD_BACK = re.compile(r"HUSKY-0([012]\d)")

_CONFIG = """\
# A demo's settings: the portals of a simulated world that ran on this machine while the demo did.
[practice]
name = "Sample Family Practice (synthetic)"

[vault]
key_file = "demo.key"
"""
_PORTAL = """
[portals.{slug}]
base_url = "{url}"
account = [{accounts}]
"""


class DemoClock:
    """The simulated world's time, as PriorBot sees it."""

    def __init__(self, start: datetime) -> None:
        self._shift = start - datetime.now(UTC)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self._shift

    def advance(self, time: timedelta) -> None:
        self._shift += time


class Compared(Frozen):
    """The journal against the world's truth. ``differences`` name request ids and what differs, nothing of a person."""

    accepted: int
    differences: tuple[str, ...]


def run_demo(folder: Path) -> bool:
    """Runs the whole demo in ``folder``. True when journal and world agree at the end."""
    from fixtures.server import running_world

    home = fresh_home(folder)
    start = first_morning(datetime.now(DESK).date())
    clock = DemoClock(start)
    with running_world(now=start.isoformat()) as world, Engine.at(home, now=clock) as engine:
        say(f"A simulated world runs on this machine. There it is {start:%A %d %B %Y, %H:%M}. Nobody real is in it.", "bold")
        move_in(home, world)
        with AtPortals(engine) as portals:
            compared, rows = _weeks(home, engine, portals, world, clock)
            _books(engine, portals)
        _tell(engine, rows, compared)
    return not compared.differences


def _weeks(home: Home, engine: Engine, portals: AtPortals, world: RunningWorld, clock: DemoClock) -> tuple[Compared, int]:
    """Two files and what becomes of them. Returns journal against world, and how many rows the files had."""
    start = clock().astimezone(DESK)
    _step("1. Check the file")
    first = _check(engine, write_part(home, FIRST_FILE, start, later=False))
    _step("2. Route by the payers' rules, and submit over several accounts, urgent first")
    _submit(engine, portals, first)
    _pass(world, clock, A_DAY)
    _look(engine, portals, "3. A day later: read what was decided")
    _pass(world, clock, after_next_check_write(start) - clock())
    _look(engine, portals, f"4. On {clock().astimezone(DESK):%d %B}, after a check write: what was decided, and the units used")
    _units(engine, portals)
    _step("5. A second file comes in")
    second = _check(engine, write_part(home, SECOND_FILE, clock().astimezone(DESK), later=True))
    _submit(engine, portals, second)
    _pass(world, clock, A_DAY)
    _look(engine, portals, "6. A day later: read what was decided")
    return compare(engine.journal.snapshots(), world.truth("requests")), first.rows + second.rows


# --- home ------------------------------------------------------------------------------------------------------------


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


def move_in(home: Home, world: RunningWorld) -> None:
    """Settings and passwords for the world's portals."""
    from bots.vault import password_name

    seats = {slug: [f"{word}-desk{number}" for number in range(1, count + 1)] for slug, (word, count) in DESKS.items()}
    portals = [
        _PORTAL.format(slug=slug, url=world.url(slug), accounts=", ".join(f'"{name}"' for name in names))
        for slug, names in seats.items()
    ]
    write_private(home.config_file, "".join([_CONFIG, *portals]).encode())
    vault = home.open_vault("demo.key")
    for slug, names in seats.items():
        for name in names:
            vault.set(password_name(slug, name), world.account(slug, name)[1])


def write_part(home: Home, name: str, day: datetime, *, later: bool) -> Path:
    """The sample's rows as of that day: those that come ``later``, or all others. Together they are the whole sample."""
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


def after_next_check_write(start: datetime) -> datetime:
    """The morning after the second check write from ``start`` on: three days after it there is the first."""
    days = (start + timedelta(days=ahead) for ahead in range(4, 40))
    return next(day for day in days if day.day in CHECK_WRITES) + timedelta(days=1)


# --- steps -----------------------------------------------------------------------------------------------------------


def _step(title: str) -> None:
    say(f"\n{title}", "bold cyan")


def _check(engine: Engine, file: Path) -> IntakeResult:
    from jobs.intake import read_intake, write_rejects
    from jobs.tables import problems_table

    result = read_intake(file, columns=engine.config.intake.columns, today=engine.today())
    write_rejects(result, engine.home.rejects)
    bad = len({row.row for row in result.rejected})
    also = f", {bad} rows are bad on purpose and go to rejects/" if bad else ""
    say(f"{file.name}: {result.rows} rows, {len(result.requests)} good requests{also}.")
    if bad:
        print_table(problems_table(result.rejected))
    return result


def _submit(engine: Engine, portals: AtPortals, result: IntakeResult) -> None:
    from jobs.dispatch import submit_due
    from jobs.take_in import take_in

    taken = take_in(result.requests, engine.journal, as_of=engine.today(), rulebook=engine.rulebook, settings=engine.routing)
    snapshots = [engine.journal.snapshot(request_id) for request_id in taken.ids]
    print_table(_destinations(snapshots))
    due = sum(one.status is Status.NEW for one in snapshots)
    portals.run("Submitting", due, lambda office: submit_due(office, only=taken.ids))


def _pass(world: RunningWorld, clock: DemoClock, time: timedelta) -> None:
    """Time passes, in the world and for PriorBot."""
    world.advance(time.total_seconds() / 3600)
    clock.advance(time)


def _look(engine: Engine, portals: AtPortals, title: str) -> None:
    from jobs.follow import follow_open
    from jobs.tables import counts_table

    _step(title)
    portals.run("Reading cases", None, follow_open)
    print_table(counts_table(engine.journal.snapshots()))


def _units(engine: Engine, portals: AtPortals) -> None:
    from jobs.follow import read_units
    from jobs.state import GRANTED
    from jobs.tables import units_table

    portals.run("Reading units", None, read_units)
    print_table(units_table(snapshot for snapshot in engine.journal.snapshots(status=GRANTED) if snapshot.units))


def _books(engine: Engine, portals: AtPortals) -> None:
    from jobs.reconciling import list_portals, reconcile_journal, write_exceptions

    _step("7. Reconcile, and write the books")
    lists = portals.run("Reading the lists", None, list_portals)
    found = reconcile_journal(engine.journal, lists, engine.now())
    write_exceptions(engine.home, found, engine.now())
    engine.write_ledger()
    engine.write_report()
    engine.journal.check()
    say(f"{found.rows} ledger rows, {found.matched} found on a portal, exceptions: {len(found.exceptions)}.")


# --- truth -----------------------------------------------------------------------------------------------------------


def compare(snapshots: Iterator[Snapshot], truth: list[Mapping[str, Any]]) -> Compared:
    """Each request that the world accepted must stand in the journal exactly once, with the same numbers, and no other."""
    ours: dict[str, Snapshot] = {one.receipt.reference_no: one for one in snapshots if one.receipt is not None}
    theirs = {str(one["reference_no"]): one for one in truth}
    differences = [f"{ours[number].request.request_id}: the world does not have it" for number in ours.keys() - theirs.keys()]
    differences += [f"{number}: the journal does not have it" for number in theirs.keys() - ours.keys()]
    for number in ours.keys() & theirs.keys():
        differences += _differs(ours[number], theirs[number])
    by_request = Counter(str(one["our_reference"]) for one in truth if one["our_reference"])
    differences += [f"{request_id}: accepted {count} times" for request_id, count in by_request.items() if count > 1]
    return Compared(accepted=len(theirs), differences=tuple(sorted(differences)))


def _differs(snapshot: Snapshot, truth: Mapping[str, Any]) -> Iterator[str]:
    request, rows = snapshot.request, ledger_rows(snapshot)
    asked = sorted((line.service_code, line.from_date.isoformat(), str(line.units)) for line in request.lines)
    told = sorted((str(line["code"]), str(line["from_date"]), str(line["units"])) for line in truth["lines"])
    pairs = (
        # Not every portal has a field for it.
        ("own reference", request.request_id, str(truth["our_reference"] or request.request_id)),
        ("member", bare_id(request), str(truth["member_id"])),
        ("set of lines", asked, told),
        ("authorization number", rows[0].authorization_no, str(truth["authorization_no"] or "")),
    )
    yield from (f"{request.request_id}: another {name}" for name, mine, theirs in pairs if mine != theirs)


# --- the end ---------------------------------------------------------------------------------------------------------


def _destinations(snapshots: Iterable[Snapshot]) -> Any:
    from jobs.tables import table

    ways = Counter(
        (one.route.decision.replace("_", " "), one.route.portal or one.route.number) for one in snapshots if one.route is not None
    )
    made = table("Where requests go", "way", "to", "requests", right=("requests",))
    for (way, to), count in ways.most_common():
        made.add_row(way, to, str(count))
    return made


def _tell(engine: Engine, rows: int, compared: Compared) -> None:
    from jobs.tables import table

    home = engine.home
    snapshots = list(engine.journal.snapshots())
    count = Counter(one.status for one in snapshots)
    portal = sum(one.receipt is not None for one in snapshots)
    granted = count[Status.APPROVED] + count[Status.PARTIALLY_APPROVED] + count[Status.MODIFIED]
    made = table("What happened", "", "count", right=("count",))
    for what, number in (
        ("rows in the files", rows),
        ("requests taken", len(snapshots)),
        ("accepted by portals, each once", portal),
        ("approved, in full or in part", granted),
        ("denied", count[Status.DENIED]),
        (
            "still with the payer",
            sum(count[status] for status in (Status.SUBMITTED, Status.PENDED_REVIEW, Status.PENDED_CLINICAL)),
        ),
        ("not required, by the payers' rules", count[Status.NOT_REQUIRED]),
        ("wait for a person, with one next action each", sum(find_task(one) is not None for one in snapshots)),
    ):
        made.add_row(what, str(number))
    print_table(made)
    files = table("Where it is", "file", "what it is")
    for path, what in (
        (home.report_html, "the report: open it in a browser"),
        (home.ledger_csv, "the ledger, one row per service line"),
        (home.ledger_xlsx, "the same for a spreadsheet"),
        (home.exceptions_csv, "where ledger and portals disagree"),
        (home.rejects, "the bad rows with their reasons, to be corrected"),
        (home.logs, "the log, without anything of a patient"),
    ):
        files.add_row(str(path), what)
    print_table(files)
    if compared.differences:
        say("Journal and simulated world differ: " + "; ".join(compared.differences), "bold red")
    else:
        say(
            f"The journal agrees with the simulated world: {compared.accepted} requests accepted, each exactly once.",
            "bold green",
        )
    say("Next: open the report, then make a home of your own with: priorbot init", "bold")
