"""The house keeps its directions: ``jobs -> bots``, the outside world knows neither, Playwright stays in its rooms."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("bots", "jobs", "fixtures")
POSIX_ONLY = {"fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty"}
PLAYWRIGHT_ROOMS = {"bots/browser.py", "bots/page.py", "bots/signin.py", "bots/portal.py"}
STARTS_THE_WORLD = {"jobs/demo.py", "jobs/demo_home.py", "jobs/commands/world.py"}
"""The commands that serve the simulated world are the only way from jobs into fixtures."""


def modules(*rooms: str) -> list[Path]:
    return sorted(path for room in rooms for path in (ROOT / room).rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


@cache
def imports(path: Path) -> frozenset[str]:
    """Every module that is imported, at the top or inside a function, for types or at run time."""
    return frozenset(_imports(path))


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(path)}: say the whole name of what is imported"
            assert node.module is not None
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in (
            "import_module",
            "__import__",
        ):
            yield from (str(arg.value) for arg in node.args[:1] if isinstance(arg, ast.Constant))


def importers(package: str, *rooms: str) -> set[str]:
    return {name_of(path) for path in modules(*rooms) if any(found.split(".")[0] == package for found in imports(path))}


def test_bots_know_nothing_of_jobs_or_of_the_simulated_world() -> None:
    assert importers("jobs", "bots") == set()
    assert importers("fixtures", "bots") == set()


def test_the_simulated_world_knows_neither_bots_nor_jobs() -> None:
    assert importers("bots", "fixtures") == set()
    assert importers("jobs", "fixtures") == set()


def test_the_simulated_world_reads_no_selector_file() -> None:
    for path in modules("fixtures"):
        texts = [node.value for node in ast.walk(tree(path)) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
        assert not [text for text in texts if "selectors/" in text and ".yaml" in text and "\n" not in text], name_of(path)


def test_only_the_commands_that_serve_it_reach_the_simulated_world() -> None:
    assert importers("fixtures", "jobs") <= STARTS_THE_WORLD


def test_nothing_of_the_product_imports_tests_or_scripts() -> None:
    assert importers("tests", *ROOMS) | importers("scripts", *ROOMS) == set()


def test_playwright_is_imported_in_its_four_rooms_only() -> None:
    assert importers("playwright", *ROOMS) <= PLAYWRIGHT_ROOMS
    assert "bots/browser.py" in importers("playwright", *ROOMS), "the test looks in the right place"


@pytest.mark.parametrize("package", ["tenacity", "apscheduler"])
def test_retries_and_schedules_are_each_made_in_one_place(package: str) -> None:
    assert len(importers(package, *ROOMS)) <= 1


def test_inside_bots_the_portals_stand_on_top() -> None:
    """``portals -> portal -> page, signin, browser -> pagemap, errors, model``; only the registry knows the portals by name."""
    above = {"bots.portals", "bots.portal", "bots.registry"}
    lower = ("page", "pagemap", "signin", "browser", "errors", "model", "vault", "keys", "private", "evidence", "permission")
    for name in lower:
        found = {module for module in imports(ROOT / "bots" / f"{name}.py") if module.startswith(tuple(above))}
        assert {module for module in found if module.split(".")[1] in {"portals", "portal", "registry"}} == set(), name
    portal = imports(ROOT / "bots" / "portal.py")
    assert not [module for module in portal if module.startswith("bots.portals")]
    for path in modules("bots/portals"):
        assert not [module for module in imports(path) if module.split(".")[:2] in (["bots", "browser"], ["bots", "signin"])], (
            name_of(path)
        )


def test_no_module_hides_one_of_the_standard_library() -> None:
    names = {name_of(path): path.stem for path in modules(*ROOMS, "tests", "scripts")}
    names |= {name_of(path): path.name for room in (*ROOMS, "tests") for path in (ROOT / room).rglob("*") if path.is_dir()}
    assert {name for name, stem in names.items() if stem in sys.stdlib_module_names} == set()


def test_selectors_is_a_folder_of_data() -> None:
    assert list((ROOT / "selectors").rglob("*.py")) == []
    assert not list(ROOT.glob("selectors.*"))
    assert not list((ROOT / "tests").rglob("selectors"))


def test_no_module_of_the_product_needs_a_posix_system() -> None:
    for package in POSIX_ONLY:
        assert importers(package, "bots", "jobs") == set(), package


def test_a_portal_module_stays_small() -> None:
    """How a portal looks is data; what is left for Python fits on two screens."""
    sizes = {name_of(path): len(path.read_text("utf-8").splitlines()) for path in modules("bots/portals")}
    assert {name: size for name, size in sizes.items() if size >= 150} == {}


def test_no_room_of_the_product_grows_into_two() -> None:
    sizes = {name_of(path): len(path.read_text("utf-8").splitlines()) for path in modules("bots", "jobs")}
    assert {name: size for name, size in sizes.items() if size > 420} == {}


def test_a_portal_module_has_no_retry_no_try_and_no_click() -> None:
    for path in modules("bots/portals"):
        assert not [node for node in ast.walk(tree(path)) if isinstance(node, ast.Try)], name_of(path)
        called = {
            node.func.attr for node in ast.walk(tree(path)) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        }
        assert not called & {"click", "dblclick", "retry", "reload"}, name_of(path)


def test_no_portal_is_asked_about_the_day_in_utc() -> None:
    """In the evening at the payer's desk that is tomorrow: a test of it at the portals could fail at night only."""
    found = [name_of(path) for path in modules("bots") if re.search(r"now\(\)\.date\(\)|\.today\(UTC", path.read_text("utf-8"))]
    assert found == []


def test_the_product_waits_for_things_not_for_time() -> None:
    for path in modules("bots", "jobs"):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Attribute):
                assert node.attr != "wait_for_timeout", name_of(path)
                assert ast.unparse(node) != "time.sleep", name_of(path)
            if isinstance(node, ast.Constant):
                assert node.value != "networkidle", name_of(path)


def test_nothing_is_left_for_later() -> None:
    words = ("TO" + "DO", "FIX" + "ME", "XX" + "X", "NotImplemented" + "Error")
    for path in modules(*ROOMS, "tests", "scripts"):
        text = path.read_text("utf-8")
        assert not [word for word in words if word in text], name_of(path)


def test_log_calls_use_constant_words_and_known_fields() -> None:
    """What the log would drop at run time is already wrong in the code."""
    from jobs.logs import CHOICES, HASHED, NUMBERS, WORDS

    known = {*CHOICES, *HASHED, *NUMBERS, *WORDS, "exc_info"}
    loggers = {"log", "logger", "_log", "_logger", "get_logger()"}
    seen = 0
    for path in modules("bots", "jobs"):
        if name_of(path) == "jobs/logs.py":
            continue
        for node in ast.walk(tree(path)):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            of = node.func.value
            if ast.unparse(of).split(".")[-1] not in loggers or node.func.attr not in {"info", "warning", "error", "exception"}:
                continue
            seen += 1
            assert isinstance(node.args[0], ast.Constant), f"{name_of(path)}:{node.lineno}"
            assert re.fullmatch("[a-z][a-z0-9_]+", str(node.args[0].value)), f"{name_of(path)}:{node.lineno}"
            assert {keyword.arg for keyword in node.keywords} <= known, f"{name_of(path)}:{node.lineno}"
    assert seen, "the test looks for the right calls"
