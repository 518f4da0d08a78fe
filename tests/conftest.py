"""For all tests: a key of their own, and a process that is put back as it was.

A home narrows the process's umask and takes over its logs, warnings and hooks; no test may leave that to the next one.
"""

from __future__ import annotations

import logging
import os
import shutil
import sys
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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


@pytest.fixture(scope="module")
def quick_journals(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """For tests that open many journals: tables are made, and statements compiled, for the first of them only."""
    from sqlalchemy import make_url

    from jobs import journal as journal_module
    from jobs import journal_schema

    blank = tmp_path_factory.mktemp("blank") / "journal.db"
    journal_module.Journal.open(f"sqlite:///{blank}").close()
    compiled: dict[object, object] = {}
    dialects: list[Any] = []

    def open_engine(url: str) -> Any:
        file = Path(str(make_url(url).database))
        if not file.exists():
            shutil.copyfile(blank, file)
        engine = journal_schema.open_engine(url)
        dialects.append(engine.dialect)
        engine.dialect = dialects[0]  # compiled statements belong to one dialect object
        engine.update_execution_options(compiled_cache=compiled)
        return engine

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(journal_module, "open_engine", open_engine)
        yield
