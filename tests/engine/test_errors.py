"""Failures: each has a stable code, one who must act, and a sentence that a practice's staff can follow."""

from __future__ import annotations

import ast
import inspect
import re
import string

import pytest

import bots.browser_find
import bots.keys
import jobs.submit
from bots.errors import Action, BotError, error_class


def family(root: type[BotError]) -> list[type[BotError]]:
    return [kind for child in root.__subclasses__() for kind in (child, *family(child))]


ROOMS = (bots.browser_find, bots.keys)
"""Further failures of ``bots`` stand here; importing them puts them below the root."""
CATALOGUE = ("bots.errors", "bots.account_errors", "bots.refusals")
ALL = [BotError, *(kind for kind in family(BotError) if kind.__module__.startswith("bots."))]
NEXT_STEPS = (
    "run:",
    "tried again",
    "submit again",
    "by hand",
    "check",
    "ask ",
    "replace",
    "enter ",
    "install",
    "help desk",
    "fax it",
    "phone it in",
    "submit it on",
    "enters its account",
    "kept",
    "mend",
    "correct",
)


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_codes_are_unique_and_can_be_written_anywhere() -> None:
    codes = [kind.code for kind in ALL if "code" in vars(kind)]
    assert len(codes) > 25
    assert len(codes) == len(set(codes))
    assert [code for code in codes if not re.fullmatch(r"[a-z][a-z_]+", code)] == []


@pytest.mark.parametrize("kind", [kind for kind in ALL if kind.__module__ in CATALOGUE], ids=lambda kind: kind.code)
def test_every_failure_says_who_acts_and_what_to_do(kind: type[BotError]) -> None:
    error = kind("sample_portal", **{name: f"<{name}>" for name in placeholders(kind.text) - {"portal"}})
    said = error.sentence
    assert isinstance(error.action, Action)
    assert {"code", "action", "text"} <= set(vars(kind)), "a failure inherits none of the three by accident"
    assert "sample_portal" in said
    assert not set("{}") & set(said)
    assert all(f"<{name}>" in said for name in placeholders(kind.text) - {"portal"})
    last = said.rstrip(".").rpartition(". ")[2].lower()
    assert any(step in last for step in NEXT_STEPS), f"the last words are no next step: {last}"


@pytest.mark.parametrize("kind", [kind for kind in ALL if kind.__module__ in CATALOGUE], ids=lambda kind: kind.code)
def test_a_detail_that_is_not_known_reads_as_a_dash(kind: type[BotError]) -> None:
    said = kind().sentence
    assert not set("{}") & set(said)
    assert "None" not in said


def test_a_detail_is_never_read_as_a_placeholder() -> None:
    error = error_class("known_rejection")
    assert error is not None
    assert "{portal}" in error("sample", reason="{portal}").sentence


def test_a_code_finds_its_failure_and_an_unknown_one_none() -> None:
    named = [kind for kind in BotError.__subclasses__() if kind.__module__ in CATALOGUE]
    assert [error_class(kind.code) for kind in named] == named
    assert error_class("no_such_code") is None


def test_whoever_carries_a_request_has_an_answer_to_every_action() -> None:
    """The match in the commit protocol names each action and lets the type checker hold the rest."""
    matches = [node for node in ast.walk(ast.parse(inspect.getsource(jobs.submit))) if isinstance(node, ast.Match)]
    (by_action,) = [node for node in matches if ast.unparse(node.subject) == "error.action"]
    *cases, last = by_action.cases
    named = [node.attr for case in cases for node in ast.walk(case.pattern) if isinstance(node, ast.Attribute)]
    assert sorted(named) == sorted(action.name for action in Action)
    assert ast.unparse(last.pattern) == "_"
    assert ast.unparse(last.body[0]) == "assert_never(error.action)"
