"""Every time zone of the United States, 2026 to 2046: ``make calendar [ARGS=--every-minute]``.

Ends with 1 when a tick is missed, doubled or at another instant than the second calendar has it. Without ``--every-minute``
that one goes minute by minute through the days on which the clocks change, and by the hour through the others.
"""

from __future__ import annotations

import sys
import time as clock
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, date, datetime, time
from itertools import pairwise
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent.parent)]

from oracle import strode, us_zones, walked  # noqa: E402

from jobs.calendar_ticks import TickCalendar, parse_rhythm  # noqa: E402

FIRST, LAST = date(2026, 1, 1), date(2046, 12, 31)
TIMES = ("00:00", "00:30", "01:00", "01:30", "02:00", "02:30", "03:00", "03:30", "06:30", "12:00", "23:59")


def compare(zone: str) -> tuple[str, int, int]:
    """Zone, ticks, differences."""
    second = walked if "--every-minute" in sys.argv else strode
    wanted = second(zone, {time.fromisoformat(each) for each in TIMES}, FIRST, LAST)
    calendar = TickCalendar(rhythm=parse_rhythm(", ".join(TIMES)), zone=zone)
    begin, end = datetime(2025, 12, 30, tzinfo=UTC), datetime(2047, 1, 2, tzinfo=UTC)
    got = [tick for tick in calendar.between(begin, end) if FIRST.isoformat() <= tick.name[:10] <= LAST.isoformat()]
    doubled = len(got) - len({tick.name for tick in got})
    instants = {tick.name: tick.at for tick in got}
    wrong = sum(instants.get(name) != at for name, at in wanted.items()) + len(instants.keys() - wanted.keys())
    disorder = sum(one.at > two.at for one, two in pairwise(got))
    return zone, len(wanted), doubled + wrong + disorder


def main() -> int:
    zones, began = us_zones(), clock.monotonic()
    print(f"{len(zones)} zones, {FIRST} to {LAST}, {len(TIMES)} times of day")
    ticks = differences = 0
    with ProcessPoolExecutor(2) as pool:
        for zone, count, wrong in pool.map(compare, zones):
            ticks, differences = ticks + count, differences + wrong
            print(f"{zone:32} {count:7} ticks, differences: {wrong}", flush=True)
    print(f"{ticks} ticks, differences: {differences}, {clock.monotonic() - began:.0f} s")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
