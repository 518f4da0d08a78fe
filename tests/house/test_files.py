"""What is in the repository belongs there: no path of a machine, no registry, nothing that only works in a checkout."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Written in pieces, so that this file does not hold what it looks for.
MACHINE_PATHS = re.compile(
    "(?<![a-z.])/(" + "|".join(("wo" + "rk", "ro" + "ot", "fa" + "rm", "home/[a-z]+", "tmp/[a-z]", "Users/[A-Za-z]+")) + ")/"
)
REGISTRIES = re.compile(
    "|".join(("pypi" + r"\.org", "python" + r"hosted\.org", "npm" + r"js\.(org|com)", "deb" + r"\.debian\.org"))
)


def text_of(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError:
        return ""


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_no_file_names_a_path_of_a_machine(tracked: tuple[Path, ...]) -> None:
    found = [f"{name_of(path)}: {match[0]}" for path in tracked for match in MACHINE_PATHS.finditer(text_of(path))]
    assert found == []


def test_no_file_but_the_lock_names_a_registry(tracked: tuple[Path, ...]) -> None:
    assert [name_of(path) for path in tracked if path.name != "uv.lock" and REGISTRIES.search(text_of(path))] == []


def test_the_searches_find_what_they_look_for() -> None:
    assert MACHINE_PATHS.search("see /" + "wo" + "rk/main")
    assert not MACHINE_PATHS.search("frame/" + "wo" + "rk/main")
    assert REGISTRIES.search("https://pypi" + ".org/simple")


def test_the_lock_fits_the_project() -> None:
    """Every dependency of pyproject.toml is locked; a lock that is behind would make set-up fail on a clean clone."""
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    locked = {package["name"] for package in tomllib.loads((ROOT / "uv.lock").read_text("utf-8"))["package"]}
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    names = {re.split(r"[\[<>=~! ]", entry)[0].lower().replace("_", "-") for entry in wanted}
    assert names - locked == set()


def test_what_a_practice_must_find_is_there() -> None:
    names = ("README.md", "SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md", "Makefile", ".ci/run", "docs/configuration.md")
    assert [name for name in names if not (ROOT / name).is_file()] == []


def test_tests_have_names_of_their_own(tracked: tuple[Path, ...]) -> None:
    """They are imported without packages (importlib mode), so two of one name would be confusing to read in a report."""
    names = [path.name for path in tracked if path.name.startswith("test_") and path.suffix == ".py"]
    assert sorted(names) == sorted(set(names))
    assert [name_of(path) for path in tracked if path.is_relative_to(ROOT / "tests") and path.name == "__init__.py"] == []


# --- the wheel -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as an installer unpacks it, far from the checkout. Built with what is already here, without the network."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder / "dist")]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (wheel,) = (folder / "dist").glob("*.whl")
    zipfile.ZipFile(wheel).extractall(folder / "site")
    return folder / "site"


def test_the_wheel_holds_all_data_files(installed: Path, tracked: tuple[Path, ...]) -> None:
    data = [
        path
        for path in tracked
        if path.suffix not in (".py", ".pyc") and path.relative_to(ROOT).parts[0] in ("jobs", "fixtures", "bots")
    ]
    selectors = [path for path in tracked if path.parent == ROOT / "selectors"]
    missing = [name_of(path) for path in data if not (installed / name_of(path)).is_file()]
    missing += [name_of(path) for path in selectors if not (installed / "bots" / "_selectors" / path.name).is_file()]
    assert missing == []
    assert selectors
    assert data


def test_the_wheel_works_without_the_checkout(installed: Path) -> None:
    """Selector files and payer rules are found where an installer put them."""
    code = (
        f"import sys; sys.path.insert(0, {str(installed)!r})\n"
        "import bots.pagemap, jobs.rulebook\n"
        f"assert bots.pagemap.__file__.startswith({str(installed)!r}), bots.pagemap.__file__\n"
        "assert bots.pagemap.load_pagemap('clear_coverage').version\n"
        "assert jobs.rulebook.load_rulebook()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=installed, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_wheel_offers_the_command(installed: Path) -> None:
    (entry_points,) = installed.glob("*.dist-info/entry_points.txt")
    assert "priorbot = jobs.cli:main" in entry_points.read_text()
