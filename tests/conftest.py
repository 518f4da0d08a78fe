"""For all tests: a key of their own, and a process that is put back as it was.

A home narrows the process's umask and takes over its logs, warnings and hooks; no test may leave that to the next one.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import warnings
from collections.abc import Iterator

import pytest
import structlog

from bots.keys import KEY_VARIABLE, generate_key

# So that no test ever reads or writes the key or the keyring of whoever runs them; child processes inherit it.
os.environ[KEY_VARIABLE] = generate_key()


@pytest.fixture(autouse=True)
def _process_is_put_back() -> Iterator[None]:
    root = logging.getLogger()
    shown = warnings.showwarning
    hooks = sys.excepthook, threading.excepthook, sys.unraisablehook
    umask = os.umask(0o022)
    os.umask(umask)
    yield
    os.umask(umask)
    sys.excepthook, threading.excepthook, sys.unraisablehook = hooks
    logging.captureWarnings(False)
    root.handlers[:] = [handler for handler in root.handlers if type(handler).__module__ != "jobs.logs"]
    warnings.showwarning = shown
    structlog.reset_defaults()
