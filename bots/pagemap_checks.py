"""What is wrong with a selector file that has the right shape: names that lead nowhere, parts without candidates,
steps of the check that would commit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from bots.errors import error_class
from bots.signin_map import pattern_problem, sign_in_problems
from bots.zones import is_zone

if TYPE_CHECKING:
    from bots.checkmap import CheckStep
    from bots.pagemap import PageMap, PortalMap


def problems_of(portal_map: PortalMap, slug: str) -> Iterator[str]:
    """One line for each problem; none for a file that can be used."""
    if portal_map.portal != slug:
        yield f"portal is {portal_map.portal!r}, expected {slug!r}"
    if not is_zone(portal_map.formats.time_zone):
        yield f"formats: {portal_map.formats.time_zone!r} is no time zone, such as America/New_York"
    for page, key, find in portal_map.finds():
        if not find:
            yield f"{page}.{key}: no candidate"
    for page, key, find in (*portal_map.finds(), *portal_map.further_finds()):
        for candidate in find:
            try:
                candidate.check()
            except (ValueError, re.error) as error:
                yield f"{page}.{key}: {error}"
    for name, page_map in portal_map.pages.items():
        yield from _page_problems(portal_map, name, page_map)
    every = [("(any)", k, o) for k, o in portal_map.interruptions.items()]
    every += [(n, k, o) for n, p in portal_map.pages.items() for k, o in p.outcomes.items()]
    for page, key, outcome in every:
        if outcome.error and error_class(outcome.error) is None:
            yield f"{page}.{key}: unknown error code {outcome.error!r}"
        if page == "(any)" and not outcome.error:
            yield f"{key}: an interruption needs an error"
        if (outcome.error == "redirected") != bool(outcome.portal):
            yield f"{page}.{key}: the error redirected and portal, the slug of the other portal, go together"
    yield from sign_in_problems(portal_map)
    yield from _check_problems(portal_map)


def _page_problems(portal_map: PortalMap, name: str, page: PageMap) -> Iterator[str]:
    for target in page.late:
        if target not in portal_map.pages and target not in page.outcomes:
            yield f"{name}.late: {target!r} is neither a page nor an outcome of {name}"
    for key, action in page.actions.items():
        for target in action.leads_to:
            if target not in portal_map.pages and target not in page.outcomes:
                yield f"{name}.{key}: leads to {target!r}, which is neither a page nor an outcome of {name}"
        for told, clear in action.asks_again.items():
            if told not in action.leads_to or told not in page.outcomes or page.outcomes[told].error:
                yield f"{name}.{key}: asks_again after {told!r}, which is no outcome without an error that it leads to"
            if clear not in page.actions or action.commit:
                yield f"{name}.{key}: asks_again by {clear!r}, which is no action of {name}, or commits"
        yield from pattern_problem(f"{name}.{key}: commit", action.commit)
        yield from pattern_problem(f"{name}.{key}: commit_unless", action.commit_unless)
    for key, read in (*page.reads.items(), *page.read_back.items()):
        yield from pattern_problem(f"{name}.{key}: pattern", read.pattern)
    for key, table in page.tables.items():
        if not table.columns:
            yield f"{name}.{key}: a table needs columns"
    for key, field in page.fields.items():
        if field.kind in ("pick", "combo") and not field.options:
            yield f"{name}.{key}: kind {field.kind} needs options"
        if field.kind in ("radio", "combo", "tree") and not field.words:
            yield f"{name}.{key}: kind {field.kind} needs words"
        for told in field.tells:
            if told not in page.outcomes:
                yield f"{name}.{key}: tells {told!r}, which is no outcome of {name}"
        if field.kind == "tree" and not field.shown:
            yield f"{name}.{key}: a tree needs shown"
        if field.kind == "split" and not field.lengths:
            yield f"{name}.{key}: kind split needs lengths"


def _check_problems(portal_map: PortalMap) -> Iterator[str]:
    every = portal_map.pages.values()
    known = {"press": {k for p in every for k in p.actions}, "fill": {k for p in every for k in p.fields}}
    known |= {"table": {k for p in every for k in p.tables}, "page": set(portal_map.pages)}
    commits = {k for p in every for k, action in p.actions.items() if action.commit}
    for number, step in enumerate((*portal_map.check.steps, *portal_map.check.afterwards), 1):
        try:
            step.check()
        except ValueError as error:
            yield f"check, step {number}: {error}"
        for kind, names in _named(step).items():
            yield from (f"check, step {number}: no such {kind} {name!r}" for name in names if name and name not in known[kind])
        yield from (f"check, step {number}: {key!r} commits" for key in (step.press, *step.add) if key in commits)
        if step.goto in portal_map.pages and not portal_map.pages[step.goto].path:
            yield f"check, step {number}: page {step.goto} has no path"
    rooms = {n: ("is_here", *p.fields, *p.actions, *p.tables, *p.reads, *p.read_back) for n, p in portal_map.pages.items()}
    parts = {f"{name}.{key}" for name, keys in rooms.items() for key in keys}
    for room, places in (("absent", portal_map.check.absent), ("later", portal_map.check.later)):
        yield from (f"check.{room}: no such part {place!r}" for place in places if place not in parts)
    yield from (f"check.reading: no such page {name!r}" for name in portal_map.check.reading if name not in known["page"])


def _named(step: CheckStep) -> dict[str, list[str]]:
    tables = [step.choose, *step.add.values(), *step.take.values()]
    return {"page": [step.goto, *step.to], "press": [step.press, *step.add], "fill": list(step.fill), "table": tables}
