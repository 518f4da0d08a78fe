"""Outages at volume: ``make outages [ARGS="--requests 5600 --seed 1 --browser 200"]``. Writes docs/outages.md.

Two PriorBots, a fax line, a telephone and eight portals on virtual time; what came out is judged by the far ends (`oracle`).
``--browser N`` does N requests over portals' own pages in the simulated world besides. Ends with 1 when anything is wrong.
"""

from __future__ import annotations

import argparse
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "rules"), str(HERE.parent.parent)]

from outage_oracle import Verdict  # noqa: E402
from outage_scenarios import SCENARIOS, play  # noqa: E402

PAGE = HERE.parents[1] / "docs" / "outages.md"
COLUMNS = (
    "requests | urgent | on portals | faxed | phoned | with a person | outages met | slowest urgent | most in a minute | wrong"
)


@dataclass(frozen=True)
class Done:
    place: int
    verdict: Verdict
    seconds: float


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--requests", type=int, default=5600, help="over all scenarios")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--jobs", type=int, default=2, help="scenarios at a time")
    options.add_argument("--browser", type=int, default=0, help="so many requests through the browser besides")
    options.add_argument("--page", type=Path, default=PAGE)
    chosen = options.parse_args()
    with ProcessPoolExecutor(chosen.jobs) as pool:
        counts = [round(chosen.requests / 8 * each.share) for each in SCENARIOS]
        ended = [pool.submit(one, place, count, chosen.seed) for place, count in enumerate(counts)]
        done = []
        for future in ended:
            done.append(future.result())
            print(SCENARIOS[done[-1].place].name, f"{done[-1].seconds:.0f} s", done[-1].verdict, flush=True)
    wrong, browser = any(each.verdict.wrong for each in done), ""
    if chosen.browser:
        from in_browser import in_browser, told

        verdict = in_browser(chosen.browser, chosen.seed)
        print(verdict, flush=True)
        browser, wrong = told(verdict), wrong or bool(verdict.wrong)
    command = f'make outages ARGS="--requests {chosen.requests} --seed {chosen.seed}"'
    chosen.page.write_text(page(done, command, browser), encoding="utf-8")
    return 1 if wrong else 0


def one(place: int, count: int, seed: int) -> Done:
    started = time.monotonic()
    return Done(place, play(SCENARIOS[place], count, seed), time.monotonic() - started)


def page(done: list[Done], command: str, browser: str) -> str:
    """``docs/outages.md``."""
    rows = []
    for each in done:
        v = each.verdict
        figures = (
            *(v.requests, v.urgent, v.at_portals, v.faxed, v.phoned, v.with_a_person, v.outages_met),
            f"{v.slowest_urgent:.0f} s",
            v.most_in_a_minute,
            len(v.wrong or ()),
        )
        rows.append(f"| {SCENARIOS[each.place].name} | {' | '.join(map(str, figures))} |")
    total = sum(each.verdict.requests for each in done)
    wrong = [f"- {SCENARIOS[each.place].name}: {what}" for each in done for what in each.verdict.wrong or ()]
    return f"""# Outages

`{command}`, {datetime.now(UTC):%Y-%m-%d}: {total} requests, {sum(each.seconds for each in done):.0f} s.

Requests of all three payers come in while portals go down. Two PriorBots work on one journal; what leaves by fax goes through
PriorBot's own queue (`jobs/fax`) to a line that has four calls at a time, of 45 seconds each, and finds each 25th number busy; a
person looks at the list of calls every minute and phones while the desk is there. Time is virtual: each second of 98
days is there, and none is waited for. The portals are the double of `tests/protocol`, which accepts whatever arrives, twice when
it arrives twice. What came out is judged by the far ends themselves and by the payers' rules written down a second time
(`tests/outages/outage_oracle.py`, `tests/rules/plain_rules.py`): no request on two channels, none lost, every fax and call to the
number of the rules and not before its time, no call while nobody is there, every urgent request that may leave at once gone
within five minutes. These begin when the portal had shown that it is down, by its banner or by three failures in a row, as the
portals themselves tell.

| outage | {COLUMNS} |
|---|{"---|" * COLUMNS.count("|")}---|
{chr(10).join(rows)}

*slowest urgent*: from then, or the request's arrival after it, until its last page had arrived, or it stood on the list of calls;
300 s are allowed. *most in a
minute*: submissions on one portal within one minute of the quarter of an hour after its return. *with a person*: a click met the
outage, and the portal could not tell whether it has the request.
{chr(10).join(wrong)}{browser}"""


if __name__ == "__main__":
    sys.exit(main())
