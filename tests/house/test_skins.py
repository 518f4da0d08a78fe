"""Another look is another file: every portal has a second selector file that says something else, and no Python knows of it."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from bots.pagemap import PortalMap, load_pagemap
from bots.registry import PORTALS
from fixtures.portals import PORTALS as SIMULATED

ROOT = Path(__file__).resolve().parents[2]
SKINS = ROOT / "selectors" / "skins"


def texts(portal_map: PortalMap) -> dict[tuple[str, str], set[str]]:
    """What the candidates of each part look for: labels, captions, names and ids."""
    found: dict[tuple[str, str], set[str]] = {}
    for page, key, find in portal_map.finds():
        said = found.setdefault((page, key), set())
        for candidate in find:
            said |= {
                str(value) for name, value in msgspec.structs.asdict(candidate).items() if value and name not in {"role", "place"}
            }
    return found


@pytest.mark.parametrize("slug", PORTALS)
def test_the_second_skin_has_a_file_that_looks_for_something_else(slug: str) -> None:
    first, second = load_pagemap(slug), load_pagemap(slug, str(SKINS / f"{slug}.2.yaml"))
    ours, theirs = texts(first), texts(second)
    both = [part for part in ours if part in theirs and part[0] != "(any)"]
    assert len(both) > len(ours) // 3, "the same parts, found otherwise"
    alike = [part for part in both if ours[part] & theirs[part]]
    assert len(alike) <= len(both) // 4, alike


@pytest.mark.parametrize("slug", PORTALS)
def test_the_simulated_portal_has_its_second_skin(slug: str) -> None:
    folders = [place / "skin2" for place in (ROOT / "fixtures" / "portals" / slug, *SIMULATED[slug].shared)]
    assert [path for folder in folders for path in folder.rglob("*.html")]
    assert any((folder / "words.json").is_file() for folder in folders)
    assert [path for folder in folders for path in folder.rglob("*.py")] == []


def test_no_python_of_the_product_knows_of_skins() -> None:
    files = [path for room in ("bots", "jobs") for path in (ROOT / room).rglob("*.py")]
    told = [path.name for path in files if re.search(r"\bskins?\b", path.read_text("utf-8"))]
    assert told == ["world.py"], "only `priorbot simulate` passes the word on"
