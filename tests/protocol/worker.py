"""Run as a process of its own: one PriorBot on a journal file, against a payer in a file. See ``test_processes.py``.

Arguments as JSON: journal (address), truth (file), minutes (after the start), work (list of submit, verify), take_in (number of
requests), accounts, clicks (faults at the click), kill_at (step at which it is killed with SIGKILL; 0: never).
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import random
import signal
import sys
from pathlib import Path
from typing import Any

import psutil
import structlog


def load_double() -> Any:
    spec = importlib.util.spec_from_file_location("protocol_double", Path(__file__).with_name("double.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["protocol_double"] = module
    spec.loader.exec_module(module)
    return module


def main(options: dict[str, Any]) -> None:
    double = load_double()
    from jobs.dispatch import submit_due
    from jobs.verify import verify_due

    structlog.configure(processors=[lambda *_: ""], logger_factory=structlog.ReturnLoggerFactory())
    clock = double.FakeClock()
    clock.advance(minutes=options["minutes"])
    bomb = double.Bomb(options["kill_at"], lambda: os.kill(os.getpid(), signal.SIGKILL))
    luck = random.Random(options["kill_at"])
    truth = double.Truth(Path(options["truth"]))

    async def nap(seconds: float) -> None:
        clock.advance(seconds=seconds)
        await asyncio.sleep(0.01)

    with double.MortalJournal.open(options["journal"], now=clock) as journal:
        world = double.World(
            truth,
            clock,
            holder=str(os.getpid()),
            is_alive=lambda holder: psutil.pid_exists(int(holder)),
            faults=double.Faults({"click": options["clicks"]}),
            bomb=bomb,
            pauses=lambda: luck.randrange(3),
        )
        double.take_in(journal, *(double.build_request(f"R-{number:03}") for number in range(options["take_in"])))
        journal.bomb = bomb
        office = double.open_office(journal, world, accounts=tuple(options["accounts"]), sleep=nap)
        for work in options["work"]:
            asyncio.run({"submit": submit_due, "verify": verify_due}[work](office))
    truth.close()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
