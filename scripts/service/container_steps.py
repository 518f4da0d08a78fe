"""Runs the steps of the container file one by one, where there is no container engine.

Each RUN and COPY happens in a folder instead of an image: ``/opt/priorbot`` becomes that folder, packages of the distribution and
users are looked up instead of made, and at the end the command answers from the copy alone. Ends with 1 at the first step that
fails.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FILE = Path(__file__).with_name("Containerfile")
PLACE = "/opt/priorbot"


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "image"
        place.mkdir()
        for word, rest in steps(FILE.read_text("utf-8")):
            say(f"{word} {rest}")
            if not do(word, rest, place):
                say("This step failed.")
                return 1
        return answers(place)


def say(sentence: str) -> None:
    sys.stderr.write(sentence + "\n")


def steps(text: str) -> Iterator[tuple[str, str]]:
    """Instruction and its words, comments left out."""
    for line in text.splitlines():
        if line and not line.startswith("#"):
            word, _, rest = line.partition(" ")
            yield word, rest


def do(word: str, rest: str, place: Path) -> bool:
    if word == "COPY":
        *names, to = rest.split()
        return all(copy(ROOT / name, place, to) for name in names)
    if word != "RUN":
        return True
    return all(run(part.strip(), place) for part in rest.split("&&"))


def copy(source: Path, place: Path, to: str) -> bool:
    target = place / to
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, target / source.name if target.is_dir() else target)
    return True


def run(command: str, place: Path) -> bool:
    """What changes the machine is asked for instead of done; the rest runs in the folder."""
    if command.startswith("apt-get install"):
        packages = [word for word in command.split()[2:] if not word.startswith("-")]
        known = subprocess.run(["apt-cache", "show", "--no-all-versions", *packages], capture_output=True, check=False)
        return known.returncode == 0
    if re.match(r"apt-get update|rm -rf|useradd|mkdir|chown|chmod", command):
        return True
    if command.startswith("pip install") and command.endswith(" uv"):
        return shutil.which("uv") is not None
    here = command.replace(PLACE, str(place)).replace(" --no-cache", "")  # what this machine has is not fetched again
    return subprocess.run(here.split(), cwd=place, check=False).returncode == 0


def answers(place: Path) -> int:
    """The command works from the copy alone, with a home of its own."""
    home = place / "data"
    environment = {"PATH": f"{place}/venv/bin:{os.environ['PATH']}", "PRIORBOT_HOME": str(home), "HOME": str(place)}
    environment["PRIORBOT_KEY"] = os.environ.get("PRIORBOT_KEY") or "A" * 43 + "="
    for words in (["--help"], ["init", "--practice", "Sample"], ["run", "--once"]):
        done = subprocess.run([f"{place}/venv/bin/priorbot", *words], env=environment, cwd=place, check=False)
        if done.returncode:
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
