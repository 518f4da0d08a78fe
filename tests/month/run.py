"""A simulated month of the unattended service: ``make month [ARGS="--days 30 --a-day 40 --seed 1 --write"]``.

Prints what was lived through and what was measured; ends with 1 when the ledger and the payers, or the ticks and the calendar,
differ. ``--write`` writes docs/month.md.
"""

from __future__ import annotations

import argparse
import os
import sys
from datetime import date
from pathlib import Path

HERE = Path(__file__).resolve().parent
TESTS = HERE.parent
sys.path[:0] = [str(HERE), *(str(TESTS / room) for room in ("outages", "rules", "service")), str(TESTS.parent)]

import structlog  # noqa: E402
from month import Month, live  # noqa: E402
from month_oracle import differences  # noqa: E402
from month_plan import whole_month  # noqa: E402
from month_report import page, table  # noqa: E402
from month_service import without_waiting_for_the_disk  # noqa: E402

from bots.keys import generate_key  # noqa: E402
from jobs import journal_schema  # noqa: E402


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--days", type=int, default=30)
    options.add_argument("--a-day", type=int, default=40)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("-v", action="store_true", help="tell each day when it is over")
    options.add_argument("--write", action="store_true", help="write docs/month.md")
    chosen = options.parse_args()
    os.environ.setdefault("PRIORBOT_KEY", generate_key())
    structlog.configure(processors=[lambda *_: ""], logger_factory=structlog.ReturnLoggerFactory())
    journal_schema._set_up_sqlite = without_waiting_for_the_disk(journal_schema._set_up_sqlite)  # type: ignore[attr-defined]
    command = f'make month ARGS="{" ".join(sys.argv[1:])}"' if sys.argv[1:] else "make month"

    def judge(month: Month) -> int:
        wrong = differences(month)
        print(table(month, wrong))
        if chosen.write:
            (TESTS.parent / "docs" / "month.md").write_text(page(month, wrong, command, date.today()), "utf-8")
        return 1 if wrong else 0

    return int(live(whole_month(chosen.days, chosen.a_day, chosen.seed), judge))


if __name__ == "__main__":
    sys.exit(main())
