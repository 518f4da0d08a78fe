"""A queue of thousands of faxes whose service is killed again and again: ``make fax-queue [ARGS="--faxes 10000 --kills 100"]``.

Each life is a process of its own that works on the same home, and is ended with SIGKILL at a random moment (``--seed``). The line
is a double whose truth is its own file; some numbers are busy at first. At the end each fax must have arrived once, and a second
home is worked off without kills for the figures. ``--write`` puts them into docs/fax-queue.md.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE), str(ROOT)]
os.umask(0o077)

import structlog  # noqa: E402
from line_double import FileLine  # noqa: E402
from queue_bench import build_request, fax_numbers, open_office, take_in  # noqa: E402

from bots.fax.model import FaxReason, FaxState, LineLimits, LineReport  # noqa: E402
from bots.keys import KEY_VARIABLE, generate_key  # noqa: E402
from bots.model import Status, Urgency  # noqa: E402
from bots.vault import Vault  # noqa: E402
from jobs.fallback import to_fax  # noqa: E402
from jobs.fax.book import FaxBook  # noqa: E402
from jobs.fax.entering import enqueue_due  # noqa: E402
from jobs.fax.sending import send_due  # noqa: E402
from jobs.fax.state import UNDER_WAY, FaxStep  # noqa: E402
from jobs.journal import Journal  # noqa: E402
from jobs.rulebook import load_rulebook  # noqa: E402
from jobs.seats import Seats  # noqa: E402

PAGE = ROOT / "docs" / "fax-queue.md"
MARK = "<!-- figures -->"
BUSY_SHARE = 20
"""One fax in so many finds its number busy the first time."""
STEP = timedelta(minutes=5)
"""By so much each life's clock goes ahead of the one before."""


class SeededLine(FileLine):
    """What becomes of a job follows from its tag and its place among the tag's jobs, so that every process tells the same."""

    def _report(self, job_id: str) -> LineReport:
        report = super()._report(job_id)
        entry = self._by_id.get(job_id)
        if entry is None or self._by_tag[entry["tag"]][0]["job"] != job_id or not is_busy_at_first(entry["tag"]):
            return report
        return LineReport(job_id=job_id, state=FaxState.FAILED, reason=FaxReason.BUSY, said="busy")


def is_busy_at_first(tag: str) -> bool:
    return int(tag.rsplit("-", 1)[1], 16) % BUSY_SHARE == 0


class Home:
    def __init__(self, folder: Path, jobs: int) -> None:
        self.folder, self.jobs, self.later = folder, jobs, timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.later

    def journal(self) -> Journal:
        return Journal.open(f"sqlite:///{self.folder / 'journal.db'}", now=self.now)

    def line(self) -> SeededLine:
        return SeededLine(self.folder / "line.jsonl", limits=LineLimits(jobs=self.jobs))

    def move_in(self, faxes: int) -> None:
        """Requests that are to be faxed, over all fax numbers of the directory, one in ten urgent."""
        numbers = fax_numbers(load_rulebook())
        with self.journal() as journal:
            rows = []
            for place in range(faxes):
                payer, number = numbers[place % len(numbers)]
                urgency = Urgency.URGENT if place % 10 == 0 else Urgency.STANDARD
                rows.append((build_request(f"R-{place:05}", payer=payer, urgency=urgency), number))
            take_in(journal, rows)
            for request, number in rows:
                journal.move(request.request_id, to_fax(number, (), "By rule."))

    def live(self) -> dict[str, float]:
        """One service: queues what is due, works it off. Returns how long each took, in seconds."""
        with self.journal() as journal:
            vault = Vault.open(self.folder / "vault")
            office = open_office(journal, self.folder / "fax", vault, self.line())
            began = time.monotonic()
            asyncio.run(_all(enqueue_due, office))
            entered = time.monotonic()
            asyncio.run(_all(send_due, office))
            return {"entering": entered - began, "sending": time.monotonic() - entered}

    def is_at_rest(self) -> bool:
        with self.journal() as journal:
            counts = FaxBook(journal, Seats(journal)).counts()
            return bool(counts) and not (counts.keys() & UNDER_WAY)


async def _all(work: Callable[..., Any], office: Any) -> None:
    await work(office)


def in_process(work: Callable[[], Any], *, kill_after: float | None = None) -> tuple[bool, Any, int]:
    """Forks: whether it lived to its end, what it returned, and its peak memory in KiB."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        code = 1
        try:
            structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
            answer = json.dumps([work(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss])
            os.write(writer, answer.encode())
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    os.close(writer)
    if kill_after is not None:
        signal.setitimer(signal.ITIMER_REAL, max(kill_after, 0.001))
        signal.signal(signal.SIGALRM, lambda *_: os.kill(pid, signal.SIGKILL))
    with os.fdopen(reader) as pipe:
        said = pipe.read()
    signal.setitimer(signal.ITIMER_REAL, 0)
    _, status = os.waitpid(pid, 0)
    if os.waitstatus_to_exitcode(status) == -signal.SIGKILL:
        return False, None, 0
    if not said:
        raise SystemExit("a life ended in an error")
    result, memory = json.loads(said)
    return True, result, memory


def kill_until_done(home: Home, kills: int, chance: random.Random, longest: float) -> tuple[int, int]:
    """Lives that are killed, then lives that are not, until nothing is under way. Returns kills, and lives in all."""
    killed = lives = 0
    while killed < kills:
        home.later += STEP
        lives += 1
        lived, _, _ = in_process(home.live, kill_after=chance.uniform(0.0, longest))
        killed += not lived
        if lived and in_process(home.is_at_rest)[1]:
            break
    for _ in range(100):
        if in_process(home.is_at_rest)[1]:
            break
        home.later += STEP
        lives += 1
        in_process(home.live)
    return killed, lives


def check(home: Home, faxes: int) -> Counter[str]:
    """Each request arrived once: none twice, none lost. Raises ``AssertionError``."""
    found: Counter[str] = Counter()
    jobs = Counter(entry["tag"] for entry in home.line().sent())
    with home.journal() as journal:
        by_tag = {fax.fax_id: fax for fax in FaxBook(journal, Seats(journal)).faxes()}
        assert set(jobs) == set(by_tag), "the line has other faxes than the journal"
        assert len({fax.request_id for fax in by_tag.values()}) == len(by_tag) == faxes, "lost, or queued twice"
        for tag, count in jobs.items():
            fax = by_tag[tag]
            assert fax.step is FaxStep.DELIVERED, f"{tag} is {fax.step}"
            assert count == len(fax.jobs) == (2 if is_busy_at_first(tag) else 1), f"{tag} was handed over {count} times"
            found["dialled again"] += count - 1
        for snapshot in journal.snapshots():
            assert snapshot.status is Status.FAXED
        found["taken over by asking the line"] = _found(journal)
        found["events"] = journal.verify_chain()
        assert journal.rebuild(), "the rows are not what the events say"
    return found


def _found(journal: Journal) -> int:
    return sum(getattr(event.body, "found", False) is True for event in journal.events())


def measure_queries(home: Home) -> dict[str, float]:
    """Seconds of what every run asks, over a whole queue."""
    with home.journal() as journal:
        book = FaxBook(journal, Seats(journal))
        times = {}
        for name, ask in (("due", lambda: book.due(50)), ("counts", book.counts), ("next due", book.next_due)):
            ask()
            began = time.perf_counter()
            for _ in range(20):
                ask()
            times[name] = (time.perf_counter() - began) / 20
        return times


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--faxes", type=int, default=10_000)
    options.add_argument("--kills", type=int, default=100)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--jobs", type=int, default=50, help="jobs that the line takes at one time")
    options.add_argument("--longest", type=float, default=2.0, help="seconds after which a life is killed at the latest")
    options.add_argument("--no-figures", action="store_true")
    options.add_argument("--write", action="store_true", help="put the figures into docs/fax-queue.md")
    chosen = options.parse_args()
    os.environ.setdefault(KEY_VARIABLE, generate_key())
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        rows += kills_rows(Path(folder) / "killed", chosen)
        if not chosen.no_figures:
            rows += figures_rows(Path(folder) / "figures", chosen)
    table = "\n".join(["| figure | value |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)])
    print(table)
    if chosen.write:
        command = f'make fax-queue ARGS="--faxes {chosen.faxes} --kills {chosen.kills} --seed {chosen.seed} --write"'
        head = PAGE.read_text("utf-8").split(MARK)[0]
        when = f"`{command}` ({datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.0f}):"
        PAGE.write_text(f"{head}{MARK}\n{when}\n\n{table}\n", "utf-8")


def kills_rows(folder: Path, chosen: argparse.Namespace) -> list[tuple[str, str]]:
    folder.mkdir()
    home, chance = Home(folder, chosen.jobs), random.Random(chosen.seed)
    in_process(lambda: home.move_in(chosen.faxes))
    began = time.monotonic()
    killed, lives = kill_until_done(home, chosen.kills, chance, chosen.longest)
    took = time.monotonic() - began
    found = in_process(lambda: check(home, chosen.faxes))[1]
    assert killed, "nothing was killed: more faxes, or a shorter --longest"
    return [
        ("faxes, each for a request of its own", f"{chosen.faxes:,}"),
        ("lives of the service, of them killed with SIGKILL", f"{lives}, {killed}"),
        ("faxes that arrived twice; faxes that were lost", "0; 0"),
        ("dialled again because busy", f"{found['dialled again']:,}"),
        ("hand-overs whose answer was lost, taken over by asking the line", str(found["taken over by asking the line"])),
        ("events in the journal", f"{found['events']:,}"),
        ("all of it", f"{took:.0f} s"),
    ]


def figures_rows(folder: Path, chosen: argparse.Namespace) -> list[tuple[str, str]]:
    folder.mkdir()
    home = Home(folder, chosen.jobs)
    in_process(lambda: home.move_in(chosen.faxes))
    _, times, memory = in_process(home.live)
    queued = Home(folder.parent / "queued", chosen.jobs)
    queued.folder.mkdir()
    in_process(lambda: queued.move_in(chosen.faxes))
    in_process(lambda: _enter_only(queued))
    queries = in_process(lambda: measure_queries(queued))[1]
    asked = "; ".join(f"{name} {seconds * 1000:.1f} ms" for name, seconds in queries.items())
    return [
        ("into the queue, packet kept and all", f"{chosen.faxes / times['entering']:.0f} faxes a second"),
        ("out of the queue over a line that takes no time", f"{chosen.faxes / times['sending']:.0f} faxes a second"),
        ("peak memory of that process", f"{memory / 1024:.0f} MB"),
        (f"questions to a queue of {chosen.faxes:,}", asked),
    ]


def _enter_only(home: Home) -> None:
    with home.journal() as journal:
        vault = Vault.open(home.folder / "vault")
        asyncio.run(_all(enqueue_due, open_office(journal, home.folder / "fax", vault, home.line())))


if __name__ == "__main__":
    main()
