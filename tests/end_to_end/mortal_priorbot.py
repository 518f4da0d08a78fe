"""Runs one ``priorbot`` command as a process of its own whose clock is set, and that is killed (SIGKILL) at one point of the
commit protocol. Nothing else differs from the product.

    python mortal_priorbot.py '{"later": 16, "kill": "after_intent", "children": "FILE", "together": false}' submit FILE

``later``: minutes by which its clock goes ahead. ``kill``: one of `POINTS`, or "". ``children``: where it leaves the process ids
of its browser before it dies. ``together``: says "ready" on stderr, and goes on when it is given a line.
"""

from __future__ import annotations

import functools
import json
import os
import signal
import sys
from datetime import datetime, timedelta
from importlib import import_module
from inspect import iscoroutinefunction
from pathlib import Path
from typing import Any

import psutil

POINTS = {
    "before_intent": ("jobs.attempts", "Attempts.intent", "before"),
    "after_intent": ("jobs.attempts", "Attempts.intent", "after"),
    "after_accepted": ("bots.send_once", "SendOnce.send", "after"),
    "before_receipt": ("jobs.attempts", "Attempts.receipt", "before"),
    "after_receipt": ("jobs.attempts", "Attempts.receipt", "after"),
    "new_password_pending": ("bots.passwords", "KeptPasswords.propose", "after"),
    "new_password_taken": ("bots.passwords", "KeptPasswords.confirm", "before"),
    "new_password_confirmed": ("bots.passwords", "KeptPasswords.confirm", "after"),
    "sign_up_finishing": ("jobs.enrolment", "Enrolment.finish", "after"),
}
"""Name -> module, function, and whether death comes before or after it."""


def die(children: Path) -> None:
    """As a power cut to this process: no ``finally``, no sign-out, no flush."""
    pids = [child.pid for child in psutil.Process().children(recursive=True)]
    children.write_text(json.dumps(pids), encoding="utf-8")
    os.kill(os.getpid(), signal.SIGKILL)


def mine(point: str, children: Path) -> None:
    """Puts death at one point."""
    module, path, when = POINTS[point]
    kind_name, name = path.split(".")
    kind = getattr(import_module(module), kind_name)
    real = getattr(kind, name)

    def sync(*args: Any, **more: Any) -> Any:
        if when == "before":
            die(children)
        result = real(*args, **more)
        die(children)
        return result

    async def waits(*args: Any, **more: Any) -> Any:
        if when == "before":
            die(children)
        result = await real(*args, **more)
        die(children)
        return result

    setattr(kind, name, functools.wraps(real)(waits if iscoroutinefunction(real) else sync))


def set_clock(later: timedelta) -> None:
    from jobs import engine
    from jobs.clock import utc_now

    def now() -> datetime:
        return utc_now() + later

    engine.Engine.open = functools.partial(engine.Engine.open, now=now)  # type: ignore[method-assign]


def main() -> None:
    os.environ.pop("LD_PRELOAD", None)  # what is preloaded here is not for the browser
    how, sys.argv[1:] = json.loads(sys.argv[1]), sys.argv[2:]
    from jobs.cli import main as priorbot

    set_clock(timedelta(minutes=how["later"]))
    if how["kill"]:
        mine(how["kill"], Path(how["children"]))
    if how["together"]:
        print("ready", file=sys.stderr, flush=True)
        sys.stdin.readline()
    priorbot()


if __name__ == "__main__":
    main()
