"""Sets this checkout up: uv, the locked dependencies in ``.venv``, a browser. Needs nothing but Python 3.11; run by ``make``.

A second run finds everything in place and takes well under two seconds.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
OWN_UV = ROOT / ".cache" / "uv-venv"
BIN = "Scripts" if os.name == "nt" else "bin"


def main() -> None:
    if sys.version_info < (3, 11):  # noqa: UP036  (whoever runs this may have any Python)
        stop("PriorBot needs Python 3.11 or newer. Install it, then run make again.")
    # The environment of another project or of the CI machine must not decide where ours is made.
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    environment |= {"UV_PROJECT_ENVIRONMENT": str(ROOT / ".venv"), "UV_PYTHON_DOWNLOADS": "never"}
    if not (ROOT / ".venv").exists():
        say("Setting up (once): dependencies")
        environment["UV_COMPILE_BYTECODE"] = "1"  # so that the first command starts as fast as every other
    if subprocess.run([find_uv(), "sync", "--frozen", "--quiet"], cwd=ROOT, env=environment, check=False).returncode:
        stop("The dependencies could not be installed (see above). Check the network, then run make again.")
    browser = subprocess.run([ROOT / ".venv" / BIN / "python", ROOT / "scripts" / "browser.py"], cwd=ROOT, check=False)
    sys.exit(browser.returncode)


def find_uv() -> str:
    """uv from the PATH, else our own copy of it, made when it is not there yet."""
    if found := shutil.which("uv"):
        return found
    own = OWN_UV / BIN / ("uv.exe" if os.name == "nt" else "uv")
    if not own.exists():
        say("Setting up (once): uv, which installs the dependencies")
        if not make_own_uv():
            stop(
                "uv could not be installed, for want of Python's venv module or of the network. "
                "Install uv or python3-venv, then run make again."
            )
    return str(own)


def make_own_uv() -> bool:
    if not makes_venv() and is_root() and shutil.which("apt-get"):
        say("Python's venv module is missing: installing the distribution's package python3-venv")
        apt("python3-venv")
        makes_venv()
    return runs([str(OWN_UV / BIN / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "uv"])


def makes_venv() -> bool:
    return runs([sys.executable, "-m", "venv", "--clear", str(OWN_UV)], quiet=True)


def apt(*packages: str) -> bool:
    """Installs the distribution's packages; answers whether that worked."""
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    update = ["apt-get", "update", "-qq"]
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]
    return runs(update, env=environment, quiet=True) and runs(install, env=environment, quiet=True)


def is_root() -> bool:
    return getattr(os, "geteuid", lambda: 1)() == 0


def runs(command: list[str], *, env: dict[str, str] | None = None, quiet: bool = False) -> bool:
    output = subprocess.DEVNULL if quiet else None
    try:
        done = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=output, timeout=900, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def say(sentence: str) -> None:
    sys.stderr.write(sentence + "\n")
    sys.stderr.flush()


def stop(sentence: str) -> NoReturn:
    say(sentence)
    sys.exit(1)


if __name__ == "__main__":
    main()
