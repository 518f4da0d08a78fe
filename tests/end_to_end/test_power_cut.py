"""The power is cut right after the portal accepted: the disk holds only what was made sure of, and that is enough."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(sys.platform != "linux", reason="not on this system: a preloaded library"),
]
ONE = "HUSKY-001"
SOURCE = Path(__file__).parents[1] / "journal" / "powercut.c"


@pytest.fixture(scope="session")
def power_cut(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library that, preloaded, keeps a copy of a folder with only what was synced (see its own words)."""
    library = tmp_path_factory.mktemp("power") / "powercut.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, SOURCE, "-ldl", "-lpthread"], check=True)
    return library


@pytest.mark.parametrize(("point", "code"), [("after_accepted", 5), ("after_receipt", 0)])
def test_the_power_is_cut_after_the_portal_accepted(practice: Any, power_cut: Path, point: str, code: int) -> None:
    practice.move_in("cc-desk1")
    practice.write_file(ONE)
    disk = practice.folder / "disk"
    shutil.copytree(practice.home, disk)
    calm = dict(practice.env)
    practice.env |= {"LD_PRELOAD": str(power_cut), "POWERCUT_REAL": str(practice.home), "POWERCUT_SHADOW": str(disk)}
    assert practice.submit(kill=point).code == -signal.SIGKILL
    practice.end_children()
    assert set(practice.accepted()) == {ONE}

    practice.env = calm
    shutil.rmtree(practice.home)
    for unborn in disk.glob(".unborn-*"):  # a file whose name was never made sure of
        unborn.unlink()
    disk.rename(practice.home)
    again = practice.submit()
    assert again.code == code  # the INTENT, and the RECEIPT, were on the disk
    practice.pass_time(30)  # the sign-in was lost with the power; the portal ends it by itself
    practice.check_settled(practice.settle(again), ONE)
