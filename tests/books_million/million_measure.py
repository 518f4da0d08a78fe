"""One measured process: ``million_measure.py ours|plain FOLDER``. Reads the files, compares, writes what it found; prints JSON.

``plain`` is the merge that anybody would write first: no line is told apart from its twin, nothing is checked.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import date, datetime
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]


def read(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(folder / f"{name}.csv", dtype=str, keep_default_na=False, na_filter=False)


def ours(folder: Path, now: datetime, since: date, portals: tuple[str, ...]) -> dict[str, int]:
    from jobs.reconcile import reconcile

    found = reconcile(
        read(folder, "ledger"),
        read(folder, "readings"),
        now=now,
        listed=dict.fromkeys(portals, since),
        units=read(folder, "units"),
        letters=read(folder, "letters"),
    )
    found.exceptions.to_csv(folder / "found.csv", index=False)
    found.changes.to_csv(folder / "changes.csv", index=False)
    return dict(found.counts)


def plain(folder: Path) -> dict[str, int]:
    merged = read(folder, "ledger").merge(
        read(folder, "readings"),
        on=["portal", "reference_no", "service_code"],
        how="outer",
        suffixes=("", "_portal"),
        indicator=True,
    )
    both = merged["_merge"] == "both"
    differs = both & (merged["status"] != merged["status_portal"])
    merged[~both | differs].to_csv(folder / "plain.csv", index=False)
    return {"differing": int(differs.sum()), "one_sided": int((~both).sum())}


def main() -> None:
    import resource

    import plant

    import jobs.reconcile  # noqa: F401  (so that neither side is charged for loading the libraries)

    which, folder = sys.argv[1], Path(sys.argv[2])
    start, processor = time.perf_counter(), time.process_time()
    counts = ours(folder, plant.NOW, plant.SINCE, plant.PORTALS) if which == "ours" else plain(folder)
    took, used = time.perf_counter() - start, time.process_time() - processor
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": took, "processor": used, "megabytes": memory, "counts": counts}))


if __name__ == "__main__":
    main()
