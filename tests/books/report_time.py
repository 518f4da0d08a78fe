"""``make reports``: how long the report of many requests takes, and how much memory; writes the figures into docs/report.md.

    python tests/books/report_time.py [--requests 100000]

The journal is made first (`practice_history`), which takes longer than what is measured. Each report is made in a process of its
own, so that its memory is its own.
"""

from __future__ import annotations

import argparse
import json
import platform
import re
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT)]

from practice_history import NOW, write_history  # noqa: E402

from jobs.home import Home  # noqa: E402
from jobs.journal import Journal  # noqa: E402

PAGE = ROOT / "docs" / "report.md"


def make_home(folder: Path, requests: int) -> Home:
    """A home with a practice's settings and a journal of so many requests: the first `WRITTEN` are written, the others copies.

    The copies' chain does not fit together; the report does not look at it.
    """
    home = Home(folder).create()
    slugs = ("clear_coverage", "evicore", "carepartners", "authorization_manager")
    portals = "".join(f'\n[portals.{slug}]\nbase_url = "http://127.0.0.1:9/"\naccount = "desk1"\n' for slug in slugs)
    home.config_file.write_text(f'[practice]\nname = "Sample Practice (synthetic)"\n{portals}', encoding="utf-8")
    clock = {"now": NOW}
    written = min(WRITTEN, requests)
    with Journal.open(home.journal_url, now=lambda: clock["now"]) as journal:
        write_history(journal, lambda at: clock.update(now=at), written)
    with closing(sqlite3.connect(home.journal_file)) as database:
        database.execute("PRAGMA synchronous = OFF")
        last = database.execute("SELECT max(seq) FROM events").fetchone()[0]
        for number in range(1, requests // written):
            for statement in _COPIES:
                database.execute(statement, {"n": str(number), "more": number * last})
            database.commit()
    return home


WRITTEN = 1000
_COPIES = (
    "INSERT INTO events SELECT seq + :more, replace(request_id, 'R-', 'R' || :n || '-'), kind, at, "
    "replace(replace(body, '\"R-', '\"R' || :n || '-'), '\"a00', '\"a' || :n || '-00'), prev_hash, hash || :n "
    "FROM events WHERE request_id LIKE 'R-%'",
    "INSERT INTO requests SELECT replace(request_id, 'R-', 'R' || :n || '-'), accepted_seq + :more, fingerprint, payer, portal, "
    "status, waiting_until, reference_no, replace(snapshot, '\"R-', '\"R' || :n || '-') FROM requests "
    "WHERE request_id LIKE 'R-%'",
    "INSERT INTO attempts SELECT 'a' || :n || '-' || attempt_id, replace(request_id, 'R-', 'R' || :n || '-'), portal, state, "
    "replace(attempt, '\"R-', '\"R' || :n || '-') FROM attempts WHERE request_id LIKE 'R-%'",
    "INSERT INTO readings SELECT seq + :more, replace(request_id, 'R-', 'R' || :n || '-'), portal, reference_no, observed_at "
    "FROM readings WHERE request_id LIKE 'R-%'",
)


_MEASURE = """
import json, resource, sys, time
sys.path.insert(0, {root!r})
from pathlib import Path
from practice_history import NOW
from jobs.engine import Engine
from jobs.home import Home
from jobs.reporting.files import report_json
from jobs.reporting.page import render
from jobs.reporting.period import PeriodKind, ending
from jobs.reporting.workbook import report_xlsx
with Engine.at(Home(Path({home!r})), now=lambda: NOW) as engine:
    start, cpu = time.perf_counter(), time.process_time()
    report = engine.report(ending(PeriodKind({kind!r}), engine.today(), engine.config.practice.zone))
    read = time.perf_counter()
    sizes = [len(render(report)), len(report_json(report))]
    shown = time.perf_counter()
    sizes.append(len(report_xlsx(report, engine.home.path)))
    end, cpu = time.perf_counter(), time.process_time() - cpu
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps(dict(read=read - start, page=shown - read, xlsx=end - shown, cpu=cpu, peak=peak, sizes=sizes)))
"""


def measure(home: Home, kind: str) -> dict[str, Any]:
    code = f"import sys; sys.path.insert(0, {str(HERE)!r})\n" + _MEASURE.format(root=str(ROOT), home=str(home.path), kind=kind)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--requests", type=int, action="append")
    given = options.parse_args()
    rows = []
    for count in given.requests or [10_000, 100_000]:
        with tempfile.TemporaryDirectory() as folder:
            started = time.perf_counter()
            home = make_home(Path(folder) / "home", count)
            print(f"{count} requests: journal made in {time.perf_counter() - started:.0f} s", file=sys.stderr)
            for kind in ("day", "week", "month"):
                got = measure(home, kind)
                rows.append(
                    f"| {count:,} | {kind} | {got['read']:.1f} s | {got['page']:.1f} s | {got['xlsx']:.1f} s "
                    f"| {got['cpu']:.1f} s | {got['peak']:.0f} MB | {got['sizes'][0] // 1024} kB |"
                )
                print(rows[-1], file=sys.stderr)
    _write(rows)


def _write(rows: list[str]) -> None:
    head = (
        f"Measured {date.today():%Y-%m-%d} with `make reports`, Python {platform.python_version()}, one process a report.\n"
        "Others may have used the machine too; the processor time of all counts in any case.\n\n"
        "| requests | period | read and count | page and JSON | XLSX | processor time of all | peak memory | page |\n"
        "| --- | --- | --- | --- | --- | --- | --- | --- |\n"
    )
    text = PAGE.read_text("utf-8")
    begin, end = "<!-- figures -->", "<!-- end of figures -->"
    new = re.sub(f"{begin}.*{end}", lambda _: f"{begin}\n{head}" + "\n".join(rows) + f"\n{end}", text, flags=re.DOTALL)
    PAGE.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    main()
