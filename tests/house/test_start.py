"""A command line that starts at once: ``--help`` loads nothing heavy."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = (
    "pandas",
    "numpy",
    "openpyxl",
    "sqlalchemy",
    "playwright",
    "pikepdf",
    "jinja2",
    "httpx",
    "starlette",
    "uvicorn",
    "keyring",
    "cryptography",
)


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    """The modules that are loaded once ``priorbot --help`` has been answered."""
    code = (
        "import sys\n"
        "sys.argv = ['priorbot', '--help']\n"
        "from jobs.cli import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
        "print('\\nLOADED', *sorted(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "submit" in done.stdout
    return set(done.stdout.rpartition("LOADED")[2].split())


@pytest.mark.parametrize("package", HEAVY)
def test_help_loads_nothing_heavy(loaded: set[str], package: str) -> None:
    assert package not in loaded
