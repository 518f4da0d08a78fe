"""One mixed file over all portals, submitted unattended in one run: ``make mixed [ARGS="--rows 300 --seed 1"]``.

Prints the rows by portal and ending, the time, and what the portals were asked for. Ends with 1 when journal and world differ.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent.parent)]

from mixed_rows import MOST  # noqa: E402
from practice import Ended, ending, move_in, submit, write_file  # noqa: E402

from bots.keys import generate_key  # noqa: E402
from fixtures.server import running_world  # noqa: E402
from jobs.home import Home  # noqa: E402

COLUMNS = ("accepted", "handed over to it", "not required", "phone")


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=MOST, help=f"at most {MOST}")
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args()
    os.environ.setdefault("PRIORBOT_KEY", generate_key())
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder, running_world() as world:
        home = Home(Path(folder) / "home")
        move_in(home, world)
        file = write_file(Path(folder) / "mixed.csv", chosen.rows, chosen.seed)
        started = time.monotonic()
        ended = submit(home, world, file)
        seconds = time.monotonic() - started
    report(ended, chosen.rows, seconds, load)
    return 1 if ended.compared.differences else 0


def report(ended: Ended, rows: int, seconds: float, load: float) -> None:
    """The figures as a Markdown table, for ``docs/mixed.md``."""
    other = sorted({kind for counts in ended.by_portal.values() for kind in counts} - set(COLUMNS))
    columns = (*COLUMNS, *other)
    print(
        f"{rows} rows, {seconds:.0f} s ({rows / seconds * 60:.1f} a minute), load average before: {load:.1f}, exit {ended.code}\n"
    )
    print(f"| portal | {' | '.join(columns)} | pages and calls |")
    print(f"|---|{'---|' * (len(columns) + 1)}")
    for slug in sorted(ended.by_portal):
        counts = ended.by_portal[slug]
        asked = sum(ended.loads.get(slug, {}).values())
        print(f"| {slug} | {' | '.join(str(counts[name] or '') for name in columns)} | {asked} |")
    for one in ended.snapshots:
        if ending(one) not in COLUMNS:
            print(f"\n{one.request.request_id}: {one.error_code}. {one.reason}")
    print(f"\n{ended.compared.accepted} accepted; differences between journal and world: {len(ended.compared.differences)}")
    for difference in ended.compared.differences:
        print(f"- {difference}")


if __name__ == "__main__":
    sys.exit(main())
