"""What a look at many open cases costs: ``make status [ARGS="--cases 1000 --look-ups 20 --decided 2"]``.

The cases are spread over the portals that have a list. Counted at the world's side: pages and calls, with signing in and out.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "mixed"), str(HERE.parent.parent)]

from open_cases import Costs, measure  # noqa: E402
from practice import move_in, submit_one_each  # noqa: E402

from bots.keys import generate_key  # noqa: E402
from fixtures.server import running_world  # noqa: E402
from jobs.home import Home  # noqa: E402

SHARES = {
    "clear_coverage": 0.35, "evicore": 0.15, "provider_connect": 0.1, "carepartners": 0.1, "authorization_manager": 0.2,
    "optum_pro": 0.1,
}  # fmt: skip


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--cases", type=int, default=1000)
    options.add_argument("--look-ups", type=int, default=20, help="cases of each portal that are looked up one by one")
    options.add_argument("--decided", type=int, default=2, help="cases of each portal that are decided before the last run")
    chosen = options.parse_args()
    os.environ.setdefault("PRIORBOT_KEY", generate_key())
    shares = {slug: round(share * chosen.cases) for slug, share in SHARES.items()}
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, running_world() as world:
        home = Home(Path(folder) / "home")
        move_in(home, world, codes=())
        submitted = submit_one_each(home, world, Path(folder) / "one-each.csv", tuple(shares))
        costs = asyncio.run(measure(world, home, submitted, shares, look_ups=chosen.look_ups, decided=chosen.decided))
    print(f"{time.monotonic() - started:.0f} s, load average now: {os.getloadavg()[0]:.1f}\n")
    print(
        "| portal | open cases | to sign in and out | a look-up of each | status, no news | times fewer | without signing in "
        "| status, some decided | of them found |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for slug, cost in {**costs, "all": total(costs)}.items():
        found = f"{cost.found} of {cost.decided}"
        fewer = f"{cost.ratio:.1f} | {cost.reading:.1f}"
        before = f"{cost.cases} | {cost.entry} | {cost.look_ups:.0f} | {cost.unchanged}"
        print(f"| {slug} | {before} | {fewer} | {cost.changed} | {found} |")


def total(costs: dict[str, Costs]) -> Costs:
    each = list(costs.values())
    return Costs(
        cases=sum(one.cases for one in each),
        entry=sum(one.entry for one in each),
        look_ups=sum(one.look_ups for one in each),
        unchanged=sum(one.unchanged for one in each),
        changed=sum(one.changed for one in each),
        decided=sum(one.decided for one in each),
        found=sum(one.found for one in each),
    )


if __name__ == "__main__":
    main()
