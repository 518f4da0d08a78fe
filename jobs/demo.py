"""``priorbot demo``: some weeks of work in a simulated world, on the screen, with real pages in a real browser.

Everything happens on this machine, with synthetic people. A first file is submitted three days before a check write; after the
next check write a second one follows, so that decisions, open deadlines and units used are all there to be seen at the end.
Between the two the practice goes over from Clear Coverage to the portal that replaced it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from bots.model import Status
from jobs.commands.at_work import AtPortals
from jobs.commands.shared import print_table, say
from jobs.demo_home import (
    A_DAY,
    DEMO_FOLDER,
    DESK,
    FIRST_FILE,
    SECOND_FILE,
    DemoClock,
    DemoPerson,
    after_next_check_write,
    choose_medical_portal,
    first_morning,
    fresh_home,
    move_in,
    write_part,
)
from jobs.demo_tables import agreement_table, answers_table, destinations_table, files_table, happened_table, to_be_seen
from jobs.demo_truth import Compared, compare
from jobs.engine import Engine
from jobs.home import Home

if TYPE_CHECKING:
    from fixtures.server import RunningWorld
    from jobs.intake import IntakeResult

__all__ = ["DEMO_FOLDER", "Demo", "run_demo"]

A_MOMENT = timedelta(minutes=1)
"""Between two looks: no authenticator shows the same code twice."""


def run_demo(folder: Path) -> bool:
    """Runs the whole demo in ``folder``. True when journal and world agree at the end."""
    from fixtures.server import running_world

    home = fresh_home(folder)
    start = first_morning(datetime.now(DESK).date())
    with running_world(now=start.isoformat()) as world:
        say(f"A simulated world runs on this machine. There it is {start:%A %d %B %Y, %H:%M}. Nobody real is in it.", "bold")
        move_in(home, world)
        demo = Demo(home, world, DemoClock(start))
        with demo.at_work():
            rows = demo.first_file()
        choose_medical_portal(home, "husky_medical")
        with demo.at_work():
            rows += demo.second_file()
            demo.books()
            compared = compare(demo.engine.journal.snapshots(), world.truth("requests"))
            demo.tell(rows, compared)
    return not compared.differences


class Demo:
    """The practice and its world, over the demo's weeks."""

    engine: Engine
    portals: AtPortals

    def __init__(self, home: Home, world: RunningWorld, clock: DemoClock) -> None:
        self.home = home
        self.world = world
        self.clock = clock
        self.person = DemoPerson(world)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """With the settings as they are now, and one browser for all portals."""
        with Engine.at(self.home, now=self.clock) as self.engine, AtPortals(self.engine, self.person) as self.portals:
            yield

    def first_file(self) -> int:
        """The first file and what becomes of it. Returns how many rows it had."""
        start = self.clock().astimezone(DESK)
        _step("1. Check the file")
        file = self._check(write_part(self.home, FIRST_FILE, start, later=False))
        _step("2. Route by the payers' rules, and submit: all portals side by side, urgent first")
        self._submit(file)
        _step("3. A day later: read what was decided")
        self._pass(A_DAY)
        self._look()
        self._pass(after_next_check_write(start) - self.clock())
        _step(f"4. On {self.clock().astimezone(DESK):%d %B}, after a check write: what was decided, and the units used")
        self._look()
        self._units()
        return file.rows

    def second_file(self) -> int:
        """Through the portal that replaced Clear Coverage; what is there goes on being followed there."""
        _step("5. The practice goes over to HUSKY's new medical portal; a second file comes in")
        say('In priorbot.toml: medical_portal = "husky_medical". Cases at Clear Coverage are still followed there.')
        self._pass(A_MOMENT)
        file = self._check(write_part(self.home, SECOND_FILE, self.clock().astimezone(DESK), later=True))
        self._submit(file)
        _step("6. A day later: read what was decided")
        self._pass(A_DAY)
        self._look()
        return file.rows

    def books(self) -> None:
        from jobs.reconciling import list_portals, take_stock

        _step("7. Reconcile, and write the books")
        self._pass(A_MOMENT)
        engine = self.engine
        lists = self.portals.run("Reading the lists", None, list_portals)
        found, _ = take_stock(engine.home, engine.journal, lists, engine.local_now())
        engine.write_ledger()
        engine.write_report()
        engine.journal.check()
        say(f"{found.rows} ledger rows, {found.matched} found on a portal, exceptions: {len(found.exceptions)}.")

    # --- steps -------------------------------------------------------------------------------------------------------

    def _pass(self, time: timedelta) -> None:
        """Time passes, in the world and for PriorBot."""
        self.world.advance(time.total_seconds() / 3600)
        self.clock.advance(time)

    def _check(self, file: Path) -> IntakeResult:
        from jobs.intake import read_intake, write_rejects
        from jobs.tables import problems_table

        engine = self.engine
        result = read_intake(file, columns=engine.config.intake.columns, today=engine.today())
        write_rejects(result, engine.home.rejects)
        bad = len({row.row for row in result.rejected})
        also = f", {bad} rows are bad on purpose and go to rejects/" if bad else ""
        say(f"{file.name}: {result.rows} rows, {len(result.requests)} good requests{also}.")
        if bad:
            print_table(problems_table(result.rejected))
        return result

    def _submit(self, result: IntakeResult) -> None:
        from jobs.dispatch import submit_due
        from jobs.take_in import take_in

        engine, typed = self.engine, self.person.typed
        taken = take_in(result.requests, engine.journal, as_of=engine.today(), rulebook=engine.rulebook, settings=engine.routing)
        snapshots = [engine.journal.snapshot(request_id) for request_id in taken.ids]
        print_table(destinations_table(snapshots))
        due = sum(one.status is Status.NEW for one in snapshots)
        self.portals.run("Submitting", due, lambda office: submit_due(office, only=taken.ids))
        snapshots = [engine.journal.snapshot(request_id) for request_id in taken.ids]
        print_table(answers_table(snapshots))
        twins = {row["id"] for row in self.world.truth("members") if any("twin" in tag for tag in row["tags"])}
        for sentence in to_be_seen(snapshots, twins, self.person.typed - typed):
            say(f"- {sentence}")

    def _look(self) -> None:
        from jobs.follow import follow_open
        from jobs.tables import counts_table

        self.portals.run("Reading cases", None, follow_open)
        print_table(counts_table(self.engine.journal.snapshots()))

    def _units(self) -> None:
        from jobs.follow import read_units
        from jobs.tables import units_table
        from jobs.units_watch import line_paces

        self._pass(A_MOMENT)
        self.portals.run("Reading units", None, read_units)
        lines = line_paces(self.engine.journal, self.engine.today())
        print_table(units_table(line for line in lines if line.pace.readings))

    # --- the end -----------------------------------------------------------------------------------------------------

    def tell(self, rows: int, compared: Compared) -> None:
        snapshots = list(self.engine.journal.snapshots())
        print_table(happened_table(snapshots, rows))
        print_table(files_table(self.home))
        print_table(agreement_table(snapshots, self.world.truth("requests")))
        if compared.differences:
            say("Journal and simulated world differ: " + "; ".join(compared.differences), "bold red")
        else:
            agrees = "The journal agrees with the simulated world, row by row"
            say(f"{agrees}: {compared.accepted} requests accepted, each exactly once.", "bold green")
        say("Next: open the report, then make a home of your own with: priorbot init", "bold")


def _step(title: str) -> None:
    say(f"\n{title}", "bold cyan")
