"""Portal modules and selector files name the same things: a module is read, not run, and each name it uses is looked up."""

from __future__ import annotations

import ast
import inspect
import string
from collections.abc import Iterator
from typing import Any

import pytest

from bots.enrol import SignUpPortal
from bots.pagemap import PageMap, PortalMap, load_pagemap
from bots.portal import Portal
from bots.registry import PORTALS, portal_class

PARTS = {
    "press": "actions",
    "offers": "actions",
    "attach": "fields",
    "table": "tables",
    "list_pages": "tables",
    "summaries": "tables",
    "choose": "tables",
    "read": "reads",
    "sees": "outcomes",
}
"""Calls of a portal module -> the part of a page that their first argument names."""


def trees(slug: str) -> Iterator[ast.Module]:
    """The portal's module, and those beside it from which it has its steps."""
    for kind in portal_class(slug).__mro__:
        if kind.__module__.startswith("bots.portals."):
            yield ast.parse(inspect.getsource(inspect.getmodule(kind)))  # type: ignore[arg-type]


def calls(slug: str) -> Iterator[tuple[str, ast.Call]]:
    """Every call on the page view, and `Portal.summaries`, by name."""
    for node in (node for tree in trees(slug) for node in ast.walk(tree)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = ast.unparse(node.func.value)
            if owner in ("self.view", "view") or (owner, node.func.attr) == ("self", "summaries"):
                yield node.func.attr, node


def words(nodes: list[ast.expr]) -> Iterator[str]:
    """The texts among arguments; one inside a list counts too."""
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.List | ast.Tuple):
            yield from words(node.elts)


def anywhere(portal_map: PortalMap, part: str) -> set[str]:
    return {name for page in portal_map.pages.values() for name in getattr(page, part)}


def unknown(slug: str) -> list[str]:
    portal_map = load_pagemap(slug)
    problems = []
    for name, call in calls(slug):
        said = list(words(call.args))
        keywords = {k.arg: k.value for k in call.keywords if k.arg}
        if name == "goto":
            problems += [f"no page {page}" for page in said if page not in portal_map.pages]
            page = portal_map.pages.get(said[0], PageMap(is_here=()))
            wanted = {field for _, field, _, _ in string.Formatter().parse(page.path) if field}
            problems += [] if page.path else [f"page {said[0]} has no path"]
            problems += [] if wanted == set(keywords) else [f"page {said[0]} wants {wanted}"]
        elif name == "fill":
            problems += [f"no field {key}" for key in keywords if key not in anywhere(portal_map, "fields")]
        elif name == "add_row":
            problems += [] if said[0] in anywhere(portal_map, "actions") else [f"no action {said[0]}"]
            problems += [] if said[1] in anywhere(portal_map, "tables") else [f"no table {said[1]}"]
        elif name in PARTS and said:  # else the name is a value of the request, such as its kind
            problems += [f"no {part} {said[0]}" for part in [PARTS[name]] if said[0] not in anywhere(portal_map, part)]
        if name == "choose":
            to = [*said[1:], *words([keywords["to"]] if "to" in keywords else [])]
            outcomes = anywhere(portal_map, "outcomes")
            problems += [f"no page {target}" for target in to if target not in portal_map.pages and target not in outcomes]
            problems += (
                [] if all(p.tables[said[0]].row_action for p in portal_map.pages.values() if said[0] in p.tables) else [said[0]]
            )
    return problems


@pytest.mark.parametrize("slug", PORTALS)
def test_everything_a_portal_module_names_stands_in_its_selector_file(slug: str) -> None:
    assert len(list(calls(slug))) >= 3
    assert unknown(slug) == []


@pytest.mark.parametrize("slug", PORTALS)
def test_words_that_a_portal_module_compares_with_an_answer_are_pages_or_outcomes(slug: str) -> None:
    portal_map = load_pagemap(slug)
    known = {*portal_map.pages, *anywhere(portal_map, "outcomes")}
    compared = [
        right.value
        for tree in trees(slug)
        for node in ast.walk(tree)
        if isinstance(node, ast.Compare) and "view." in ast.unparse(node.left)
        for right in node.comparators
        if isinstance(right, ast.Constant)
    ]
    assert [word for word in compared if word not in known] == []


def submits(kind: type[Portal]) -> bool:
    return kind.draft is not Portal.draft


@pytest.mark.parametrize("slug", [slug for slug in PORTALS if submits(portal_class(slug))])
def test_a_portal_that_submits_has_the_pages_that_the_protocol_uses(slug: str) -> None:
    file = load_pagemap(slug)
    pages = file.pages
    page, seen = pages["review"], ["review"]
    read_back: dict[str, Any] = dict(page.read_back)
    for tab in file.review_tabs:
        (name,) = page.actions[tab].leads_to
        page = pages[name]
        seen.append(name)
        read_back |= page.read_back
    assert page.actions["submit"].commit, "only what is taken out of the browser's hands is sent once"
    ends = [name for name in page.actions["submit"].leads_to if name in pages]
    assert ends, "the submission must end on a page"
    assert all({"reference_no", "authorization_no", "status"} <= set(pages[name].reads) for name in ends)
    assert {"reference_no", "status"} <= set(pages["case"].reads)
    assert {"service_code", "drug"} & set(pages["case"].tables["lines"].columns)
    assert {name for place in seen for name in pages[place].tables} >= {"lines", "documents", "diagnoses"}
    assert {"member_id", "member_dob"} <= set(read_back)


@pytest.mark.parametrize("slug", PORTALS)
def test_only_the_protocol_commits(slug: str) -> None:
    """Commits are ``submit`` of a request, ``finish`` of a sign-up, and what sends a password; no portal module presses them."""
    portal_map, kind = load_pagemap(slug), portal_class(slug)
    sign_in = portal_map.account
    passwords = {(sign_in.last_page, sign_in.action)} if sign_in else set()
    if sign_in and sign_in.change_password:
        passwords |= {(sign_in.change_password.page, sign_in.change_password.action)}
    commits = {(name, key) for name, page in portal_map.pages.items() for key, action in page.actions.items() if action.commit}
    found = commits - passwords
    assert sorted(key for _, key in found if key != "submit") == ["finish"] * issubclass(kind, SignUpPortal)
    submitting = [page for page, key in found if key == "submit"]
    assert len(submitting) == len(kind.review_pages) * submits(kind)
    assert portal_map.review_tabs or not submits(kind) or sorted(submitting) == sorted(kind.review_pages)
    assert [
        ast.unparse(call) for name, call in calls(slug) if {"submit", "finish"} & set(words(call.args)) or name == "commit"
    ] == []


@pytest.mark.parametrize("slug", PORTALS)
def test_a_portal_module_catches_and_repeats_nothing(slug: str) -> None:
    found = [node.lineno for tree in trees(slug) for node in ast.walk(tree) if isinstance(node, ast.Try | ast.While)]
    assert found == []
