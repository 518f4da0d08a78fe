"""``make drift``: how far the bots keep up with portals that change. Figures into ``bench-out/drift.json`` and ``docs/drift.md``.

    python tests/drift/run.py [--portal SLUG]... [--mutations 1000] [--flows 50] [--tabs 3]

``--mutations 0`` or ``--flows 0`` measures only the other; the figures of the earlier run stay.

For each portal of the registry every page that its work comes by is captured and changed ``--mutations`` times by seed, and
``--flows`` whole submissions (or readings) are done over pages that are changed as they are served. Exit code 1 when a wrong
value, a wrong button or a wrong reading was seen, or when fewer than 95 % of the
changes that leave names and labels alone went through.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE), str(HERE.parent / "contract"), str(ROOT)]

import structlog  # noqa: E402
from changing import changing_world  # noqa: E402
from figures import page_of  # noqa: E402
from flows import Flow, flow  # noqa: E402
from kit import Kit  # noqa: E402
from msgspec.structs import replace  # noqa: E402
from pages import Captured, capture, prepare  # noqa: E402
from trial import LATE, LOUD, QUIET, Trial, Verdict  # noqa: E402

from bots.browser import Browser  # noqa: E402
from bots.keys import KEY_VARIABLE, generate_key  # noqa: E402
from bots.pagemap import PortalMap, load_pagemap  # noqa: E402
from bots.registry import PORTALS  # noqa: E402
from fixtures.server import running_world  # noqa: E402

PASSES = 0.95


def planned(pages: list[Captured], count: int) -> Iterator[tuple[int, Captured, tuple[str, ...]]]:
    """(seed, page, kinds): every kind on every page in turn; every third round two quiet kinds at once."""
    kinds = QUIET + LOUD
    for seed in range(count):
        turn, kind = seed // len(kinds), kinds[seed % len(kinds)]
        # An id that moved is told by the label beside it; where both are gone at once, nothing on the page says which is which.
        more = QUIET[(seed + turn) % len(QUIET)]
        both = turn % 3 == 2 and more != kind and not (kind in LOUD and more == "ids_moved")
        yield seed, pages[(turn + seed) % len(pages)], (more, kind) if both else (kind,)


async def mutations(browser: Browser, portal_map: PortalMap, html: dict[str, str], count: int, tabs: int) -> list[Verdict]:
    context = await browser.context()
    first = await context.new_page()
    pages = [await prepare(first, portal_map, name, text) for name, text in html.items()]
    work = planned(pages, count)
    quick = replace(portal_map, timeouts=replace(portal_map.timeouts, element=0.15))
    patient = replace(portal_map, timeouts=replace(portal_map.timeouts, element=4.0))
    verdicts: list[Verdict] = []

    async def tab() -> None:
        page = await context.new_page()
        for seed, captured, kinds in work:
            looks = patient if LATE & set(kinds) else quick  # what comes late is not gone
            verdicts.append(await Trial(page, looks, captured, seed, kinds).run())

    await asyncio.gather(*(tab() for _ in range(tabs)))
    await context.close()
    return verdicts


async def portal(slug: str, *, count: int, flows: int, tabs: int) -> dict[str, Any]:
    async with Browser() as browser:
        with running_world() as world, tempfile.TemporaryDirectory() as home:
            html = await capture(Kit(world, Path(home), browser), slug)
        started = time.monotonic()
        verdicts = await mutations(browser, load_pagemap(slug), html, count, tabs)
        took = time.monotonic() - started
        ended: list[Flow] = []
        with changing_world() as (changing, changes), tempfile.TemporaryDirectory() as home:
            kit = Kit(changing, Path(home), browser)
            for seed in range(flows):
                ended.append(await flow(kit, changes, slug, seed))
                last = ended[-1]
                _say(f"{slug} flow {seed + 1}/{flows} {'+'.join(last.kinds)}: {last.stopped or 'through'} {last.wrong}")
    pages = of_pages(verdicts, pages=len(html), seconds=round(took)) if count else {}
    return {**pages, **(of_flows(ended) if flows else {})}


def of_pages(verdicts: list[Verdict], *, pages: int, seconds: int) -> dict[str, Any]:
    kinds: dict[str, Counter[str]] = {kind: Counter() for kind in QUIET + LOUD}
    quiet = Counter[str]()
    for verdict in verdicts:
        ending = "wrong" if verdict.wrong else "through" if verdict.went_through else "stopped"
        kinds[verdict.kinds[-1]][ending] += 1
        if set(verdict.kinds) <= set(QUIET):
            quiet[ending] += 1
    return {
        "at": datetime.now(UTC).date().isoformat(),
        "pages": pages,
        "mutations": len(verdicts),
        "seconds": seconds,
        "parts": sum(verdict.done for verdict in verdicts),
        "stopped_parts": sum(len(verdict.stopped) for verdict in verdicts),
        "wrong": [f"{v.page} seed {v.seed} {'+'.join(v.kinds)}: {what}" for v in verdicts for what in v.wrong],
        "quiet": dict(quiet),
        "kinds": {kind: dict(count) for kind, count in kinds.items()},
        "quiet_stops": Counter(
            f"{v.page}.{part}: {what}" for v in verdicts if set(v.kinds) <= set(QUIET) for part, what in v.stopped.items()
        ).most_common(12),
    }


def of_flows(flows: list[Flow]) -> dict[str, Any]:
    quiet_flows = [each for each in flows if each.is_quiet]
    return {
        "flows_at": datetime.now(UTC).date().isoformat(),
        "flows": len(flows),
        "flows_through": sum(each.went_through for each in flows),
        "flows_wrong": [f"seed {f.seed} {'+'.join(f.kinds)}: {f.wrong}" for f in flows if f.wrong],
        "quiet_flows": len(quiet_flows),
        "quiet_flows_through": sum(each.went_through for each in quiet_flows),
        "flow_stops": [f"{'+'.join(f.kinds)}: {f.stopped}" for f in flows if f.stopped],
    }


def share(found: dict[str, Any]) -> float:
    """Which part of the quiet mutations and flows went through."""
    through = found["quiet"].get("through", 0) + found["quiet_flows_through"]
    return through / max(1, sum(found["quiet"].values()) + found["quiet_flows"])


def is_good(found: dict[str, Any]) -> bool:
    return not found["wrong"] and not found["flows_wrong"] and share(found) >= PASSES


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--portal", action="append", choices=sorted(PORTALS))
    parser.add_argument("--mutations", type=int, default=1000)
    parser.add_argument("--flows", type=int, default=50)
    parser.add_argument("--tabs", type=int, default=3)
    asked = parser.parse_args()
    os.environ[KEY_VARIABLE] = generate_key()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    out = ROOT / "bench-out" / "drift.json"
    out.parent.mkdir(exist_ok=True)
    good = True
    for slug in asked.portal or sorted(PORTALS):
        found = asyncio.run(portal(slug, count=asked.mutations, flows=asked.flows, tabs=asked.tabs))
        known = json.loads(out.read_text("utf-8")) if out.is_file() else {}
        found = {**of_pages([], pages=0, seconds=0), **of_flows([]), **known.get(slug, {}), **found}
        out.write_text(json.dumps({**known, slug: found}, indent=1), encoding="utf-8")
        (ROOT / "docs" / "drift.md").write_text(page_of({**known, slug: found}), encoding="utf-8")
        good = good and is_good(found)
        _say(f"{slug}: {share(found):.1%} of the quiet changes went through; wrong: {found['wrong'] + found['flows_wrong']}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
