"""The guide's first file, chunk by chunk as a reader types it, passes the check against the portal that it describes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from kit import Kit

from bots.check_report import CheckReport, PartState

pytestmark = pytest.mark.browser
SLUG = "husky_secure"
GUIDE = Path(__file__).resolve().parents[2] / "selectors" / "README.md"


def chunks() -> list[str]:
    """What the reader types into the empty file, in order."""
    lesson = GUIDE.read_text("utf-8").partition("## Your first file")[2].partition("\n## ")[0]
    return re.findall(r"```yaml\n(.*?)```", lesson, re.DOTALL)


async def check(kit: Kit, text: str) -> CheckReport:
    path = kit.home / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    async with kit.portal(SLUG, husky_secure=str(path)) as portal:
        return await portal.check({})


async def test_the_half_finished_file_of_the_guide_can_be_checked_already(kit: Kit) -> None:
    begun = "".join(chunks()[:-2])
    assert set(yaml.safe_load(begun)["pages"]) == {"login", "home"}
    report = await check(kit, begun)
    assert {part.page: part.state for part in report.parts} == {"login": PartState.FOUND, "home": PartState.FOUND}


async def test_the_finished_file_of_the_guide_passes_the_check_and_reads_units(kit: Kit) -> None:
    report = await check(kit, "".join(chunks()))
    assert {part.state for part in report.parts} == {PartState.FOUND}
    assert {part.page for part in report.parts} == {"login", "home", "authorizations"}
    assert (report.stopped, report.missing_examples) == ((), ())
    async with kit.portal(SLUG, husky_secure=str(kit.home / "mine.yaml")) as portal:
        assert await portal.read_units(())
    assert [what for what, _ in kit.logins(SLUG)] == ["login", "logout"] * 2
