"""How long intake takes, and how much memory: ``python tests/bench/intake_rows.py --rows 100000 [--kind csv|xlsx|jsonl]``.

Prints JSON {rows, requests, kind, seconds, peak_mb}. The file is made first, by another process; the figures are of a process
that does nothing but read it, start of Python included in the memory. POSIX only.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import tempfile
from datetime import date, timedelta
from pathlib import Path

_READ = """
import json, resource, sys, time
from pathlib import Path
from jobs.intake import read_intake
start = time.perf_counter()
result = read_intake(Path(sys.argv[1]))
seconds = time.perf_counter() - start
scale = 1024 if sys.platform == "linux" else 1024 * 1024
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale
if result.file_error or result.rejected:
    raise SystemExit("the file of the measurement was refused: " + str(result.file_error or result.rejected[0].reason))
print(json.dumps({"rows": result.rows, "requests": len(result.requests), "seconds": round(seconds, 2), "peak_mb": round(peak)}))
"""
_LINES = ("97110", "97112", "97116")


def rows(count: int) -> list[dict[str, str]]:
    """Every tenth request has three lines; its other two lie at the end of the file. All ids and names are synthetic."""
    own: list[dict[str, str]] = []
    later: list[dict[str, str]] = []
    number = 0
    while len(own) + len(later) < count:
        number += 1
        row = _row(number)
        own.append(row)
        if number % 10 == 0:
            later += [{**row, "service_code": code} for code in _LINES[1:]]
    return [*own, *later][:count]


def _row(number: int) -> dict[str, str]:
    start = date.today() + timedelta(days=number % 60)
    return {
        "request_id": f"BENCH-{number:08d}",
        "payer": "husky",
        "coverage": "husky_c",
        "request_kind": "prior_auth",
        "certification": "initial",
        "service_category": "therapy_pt",
        "urgency": "standard",
        "member_id": f"{number:09d}",
        "member_dob": str(date(1940, 1, 1) + timedelta(days=number % 25_000)),
        "member_last_name": f"Synthetic{number}",
        "member_first_name": f"Bench{number % 977}",
        "medicare_parts": "none",
        "pcp_network": "unknown",
        "requesting_provider_last_name": "Samplewillow",
        "requesting_provider_npi": "1234567893",
        "servicing_provider_name": "Sample Rehab Therapy",
        "servicing_provider_npi": "1900000013",
        "servicing_in_network": "yes",
        "facility_name": "",
        "diagnosis_codes": "M54.50;R26.2",
        "service_code": _LINES[0],
        "modifiers": "GP",
        "units": str(1 + number % 24),
        "unit_type": "visits",
        "from_date": str(start),
        "to_date": str(start + timedelta(days=60)),
        "place_of_service": "11",
        "answers": "th_evaluation=yes;th_plan_signed=yes;th_progress=na",
        "attachments": "",
        "contact_name": "Demo Desk",
        "contact_phone": "203-555-0100",
        "contact_fax": "203-555-0101",
        "attested_by": "Demo Desk",
        "notes": f"Synthetic row {number}",
    }


def write(path: Path, table: list[dict[str, str]]) -> None:
    if path.suffix == ".csv":
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(table[0]))
            writer.writeheader()
            writer.writerows(table)
    elif path.suffix == ".jsonl":
        with path.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(row) + "\n" for row in table)
    else:
        from openpyxl import Workbook

        book = Workbook(write_only=True)
        sheet = book.create_sheet("requests")
        sheet.append(list(table[0]))
        for row in table:
            sheet.append(list(row.values()))
        book.save(path)


def measure(count: int, kind: str) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"bench.{kind}"
        write(path, rows(count))
        done = subprocess.run(
            [sys.executable, "-c", _READ, str(path)], check=True, capture_output=True, text=True, cwd=Path(__file__).parents[2]
        )
    return {"kind": kind, **json.loads(done.stdout)}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=100_000)
    options.add_argument("--kind", choices=("csv", "xlsx", "jsonl"), default="csv")
    chosen = options.parse_args()
    print(json.dumps(measure(chosen.rows, chosen.kind)))


if __name__ == "__main__":
    main()
