"""A small share of ``make fax-queue``: real processes, killed with SIGKILL at random moments."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="not on this system: processes are forked and killed"),
]


def test_a_service_that_is_killed_again_and_again_faxes_each_request_once() -> None:
    run = Path(__file__).with_name("run.py")
    options = ("--faxes", "60", "--kills", "8", "--seed", "5", "--jobs", "8", "--longest", "0.4", "--no-figures")
    done = subprocess.run([sys.executable, str(run), *options], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "| faxes that arrived twice; faxes that were lost | 0; 0 |" in done.stdout
