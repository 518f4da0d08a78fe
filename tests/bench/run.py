"""The benches of ``make bench``, measured side by side in one run: JSON into ``bench-out/``, a table on the screen.

    python tests/bench/run.py [--requests 200] [--plain 40] [--latency-requests 60] [--memory 1000]

PriorBot is measured as a whole process (``priorbot submit FILE``: start, intake, journal, browser, sign-in, log-off); the plain
script without its browser's start. Both drive the simulated Clear Coverage with the same browser and the same kind of requests.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent.parent)]

from make_requests import bench_requests  # noqa: E402

from bots.browser_find import find_browser  # noqa: E402
from bots.keys import generate_key  # noqa: E402
from bots.vault import password_name  # noqa: E402
from fixtures.people import members  # noqa: E402
from fixtures.server import RunningWorld, running_world  # noqa: E402
from jobs.home import Home  # noqa: E402

SLUG = "clear_coverage"
ACCOUNTS = [f"cc-desk{number}" for number in range(1, 5)]
LATENCY_MS = 300
PRIORBOT = [sys.executable, "-c", "from jobs.cli import main; main()"]
WIDGET_SECONDS = 0.25 + 0.25 + 0.10 + 0.10
"""What the portal's own widgets wait in one submission: two type-aheads, one dialog, one branch (``cc-widgets.js``)."""


# --- a home with a file of requests ---------------------------------------------------------------------------------


@contextmanager
def moved_in(world: RunningWorld, accounts: list[str]) -> Iterator[tuple[Home, dict[str, str]]]:
    """A new home that knows the world's accounts, and the environment that opens it."""
    environment = {**os.environ, "PRIORBOT_KEY": os.environ.get("PRIORBOT_KEY") or generate_key()}
    os.environ["PRIORBOT_KEY"] = environment["PRIORBOT_KEY"]
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder) / "home").create()
        names = ", ".join(f'"{name}"' for name in accounts)
        home.config_file.write_text(
            f'[practice]\nname = "Bench (synthetic)"\n\n[portals.{SLUG}]\nbase_url = "{world.url(SLUG)}"\naccount = [{names}]\n',
            encoding="utf-8",
        )
        vault = home.open_vault()
        for name in accounts:
            vault.set(password_name(SLUG, name), world.account(SLUG, name)[1])
        yield home, environment


def requests_for(folder: Path, count: int) -> list[dict[str, Any]]:
    """That many requests; their document is one of the samples, in a folder of its own."""
    document = folder / "clinical_notes.pdf"
    shutil.copy(HERE.parent.parent / "fixtures" / "samples" / "documents" / "clinical-notes.pdf", document)
    return bench_requests(count, str(document))


def write_intake(path: Path, requests: list[dict[str, Any]]) -> None:
    """The bench's requests as PriorBot's intake file."""
    coverage = {member.id: member.coverage for member in members()}
    rows = [
        {
            "request_id": each["our_reference"],
            "payer": "husky",
            "coverage": coverage[each["member_id"]],
            "request_kind": "prior_auth",
            "certification": each["certification"],
            "service_category": each["family"],
            "urgency": each["urgency"],
            "member_id": each["member_id"],
            "member_dob": each["dob"],
            "medicare_parts": "none",
            "requesting_provider_last_name": each["provider_last_name"],
            "requesting_provider_npi": each["provider_npi"],
            "servicing_provider_name": each["servicing_name"],
            "servicing_provider_npi": each["servicing_npi"],
            "facility_name": each["facility_name"],
            "facility_npi": each["facility_npi"],
            "diagnosis_codes": ";".join(each["dx"]),
            "service_code": each["code"],
            "units": str(each["units"]),
            "unit_type": "units",
            "from_date": each["from_date"],
            "to_date": each["to_date"],
            "admission_date": each["from_date"] if each["family"] == "inpatient" else "",
            "answers": ";".join(f"{name}={value}" for name, value in each["answers"].items()),
            "attachments": each["attachment"],
            "contact_name": each["contact_name"],
            "contact_phone": each["contact_phone"],
            "contact_fax": each["contact_fax"],
        }
        for each in requests
    ]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def run_priorbot(
    home: Home, environment: dict[str, str], file: Path, watch: Callable[[psutil.Process], None] | None = None
) -> float:
    """Seconds of one whole ``priorbot submit``."""
    started = time.perf_counter()
    command = [*PRIORBOT, "--home", str(home.path), "submit", str(file), "--json"]
    with tempfile.TemporaryFile("w+") as said:  # a file, because a pipe that nobody reads fills up and stops the process
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=said, text=True)
        if watch:
            watch(psutil.Process(process.pid))
        process.wait()
        seconds = time.perf_counter() - started
        if process.returncode:
            said.seek(0)
            raise SystemExit(f"priorbot submit ended with {process.returncode}:\n{said.read()[-2000:]}\n{_not_sent(home)}")
    return seconds


def _not_sent(home: Home) -> str:
    """What became of each request that was not submitted, and why."""
    with (home.path / "ledger.csv").open(encoding="utf-8", newline="") as file:
        return "\n".join(str(row) for row in csv.DictReader(file) if row["status"] != "submitted")


def submit_all(world: RunningWorld, count: int, watch: Callable[[psutil.Process], None] | None = None) -> float:
    """Submits that many over four accounts; the world must have taken each exactly once."""
    world.reset()
    with moved_in(world, ACCOUNTS) as (home, environment), tempfile.TemporaryDirectory() as folder:
        requests = requests_for(Path(folder), count)
        write_intake(Path(folder) / "requests.csv", requests)
        seconds = run_priorbot(home, environment, Path(folder) / "requests.csv", watch)
    taken = [row["our_reference"] for row in world.truth("requests")]
    if sorted(taken) != sorted(each["our_reference"] for each in requests):
        raise SystemExit(f"{len(requests)} requests, but the world took {len(taken)} ({len(set(taken))} different)")
    return seconds


def other_side(script: str, world: RunningWorld, count: int) -> float:
    """Seconds of the plain script or the floor for that many requests."""
    world.reset()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "requests.json"
        file.write_text(json.dumps(requests_for(Path(folder), count)), encoding="utf-8")
        command = [sys.executable, str(HERE / script), "--port", str(world.port), "--count", str(count), "--requests", str(file)]
        if script == "plain_script.py":
            command += ["--browser", str(find_browser().path)]
        out = subprocess.run(
            command, check=True, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(HERE.parent.parent)}
        )
    return float(json.loads(out.stdout.strip().splitlines()[-1])["seconds"])


# --- the benches ----------------------------------------------------------------------------------------------------


def bulk(options: argparse.Namespace) -> dict[str, Any]:
    """Against the plain script and against bare HTTP, without added latency. The plain script runs before and after."""
    with running_world() as world:
        half = max(1, options.plain // 2)
        before = other_side("plain_script.py", world, half)
        ours = submit_all(world, options.requests)
        after = other_side("plain_script.py", world, half)
        floor = other_side("floor.py", world, options.requests)
    rate, plain, bare = options.requests / ours, 2 * half / (before + after), options.requests / floor
    return {
        "requests": options.requests,
        "accounts": len(ACCOUNTS),
        "priorbot_per_minute": round(60 * rate, 1),
        "plain_script_per_minute": round(60 * plain, 1),
        "times_the_plain_script": round(rate / plain, 2),
        "http_floor_per_minute": round(60 * bare, 1),
        "share_of_http_floor": round(rate / bare, 3),
    }


def latency(options: argparse.Namespace) -> dict[str, Any]:
    """With 300 ms on every response: how much of the time a request of an account was under way or due by the portal's widgets.

    From the world's own log: per account the time between its first and last response, and how much of it at least one response
    was being waited for. What latency alone allows is that time without anything in between.
    """
    with running_world(latency_ms=LATENCY_MS) as world:
        seconds = submit_all(world, options.latency_requests)
        log = world.truth("responses")["rows"]
    waited = total = 0.0
    for account in ACCOUNTS:
        spans = sorted((row["started"], row["ended"]) for row in log if row["account"] == account)
        total += spans[-1][1] - spans[0][0]
        end = 0.0
        for start, stop in spans:
            waited += max(0.0, stop - max(start, end))
            end = max(end, stop)
    widgets = WIDGET_SECONDS * options.latency_requests
    documents = sum(row["status"] == 200 and ".do" in row["path"] and "ajax" not in row["path"] for row in log)
    opening = documents * document_seconds()
    return {
        "requests": options.latency_requests,
        "latency_ms": LATENCY_MS,
        "per_minute": round(60 * options.latency_requests / seconds, 1),
        "responses_per_request": round(len(log) / options.latency_requests, 1),
        "share_of_latency_bound": round(waited / total, 3),
        "share_with_the_portals_own_widget_waits": round((waited + widgets) / total, 3),
        "share_that_opening_the_documents_alone_would_leave": round(waited / (waited + widgets + opening), 3),
    }


def document_seconds() -> float:
    """What one document of the portal costs a browser that does nothing but open it, without latency: middle of 40."""
    from playwright.sync_api import sync_playwright

    found, times = find_browser(), []
    with running_world() as world, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(found.path), args=list(found.args))
        page = browser.new_page()
        for _ in range(41):
            began = time.perf_counter()
            page.goto(world.url(SLUG, "/ClearCoverage/logon.do"), wait_until="domcontentloaded")
            times.append(time.perf_counter() - began)
        browser.close()
    return sorted(times[1:])[20]


def memory(options: argparse.Namespace) -> dict[str, Any]:
    """The whole process tree (proportional set size) over many submissions; growth is last quarter against second quarter."""
    readings: list[tuple[int, float]] = []
    with running_world() as world:

        def watch(process: psutil.Process) -> None:
            while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                total = 0.0
                for each in [process, *process.children(recursive=True)]:
                    try:
                        total += each.memory_full_info().pss / 2**20
                    except psutil.Error:
                        continue
                done = len(world.truth("requests"))
                if done // 100 > (readings[-1][0] // 100 if readings else -1):
                    print(f"  {done} submitted, {total:.0f} MB", file=sys.stderr, flush=True)
                readings.append((done, total))
                try:
                    process.wait(timeout=5)
                except psutil.TimeoutExpired:
                    continue

        submit_all(world, options.memory, watch)
    # Once the last is taken, the browser is gone.
    later = [mb for done, mb in readings if min(100, options.memory // 4) <= done < options.memory]
    quarter = max(1, len(later) // 4)
    first, last = sum(later[:quarter]) / quarter, sum(later[-quarter:]) / quarter
    return {
        "requests": options.memory,
        "peak_mb": round(max(mb for _, mb in readings)),
        "after_the_first_100_mb": round(first),
        "at_the_end_mb": round(last),
        "growth_mb": round(last - first),
    }


def intake(options: argparse.Namespace) -> dict[str, Any]:
    out = subprocess.run(
        [sys.executable, str(HERE / "intake_rows.py"), "--rows", "100000"], check=True, capture_output=True, text=True
    )
    return dict(json.loads(out.stdout.strip().splitlines()[-1]))


def start(options: argparse.Namespace) -> dict[str, Any]:
    """``priorbot --help`` as a whole process, best and middle of eleven."""
    times = []
    # As on a user's machine: Python keeps what it compiled.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run([*PRIORBOT, "--help"], check=True, capture_output=True, env=environment)
    for _ in range(11):
        began = time.perf_counter()
        subprocess.run([*PRIORBOT, "--help"], check=True, capture_output=True, env=environment)
        times.append(time.perf_counter() - began)
    return {"best_seconds": round(min(times), 3), "median_seconds": round(sorted(times)[5], 3)}


BENCHES: dict[str, Callable[[argparse.Namespace], dict[str, Any]]] = {
    "start": start,
    "intake": intake,
    "bulk": bulk,
    "latency": latency,
    "memory": memory,
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--plain", type=int, default=40)
    parser.add_argument("--latency-requests", type=int, default=60)
    parser.add_argument("--memory", type=int, default=1000)
    parser.add_argument("--only", nargs="*", choices=list(BENCHES), default=list(BENCHES))
    options = parser.parse_args()
    results: dict[str, Any] = {}
    for name in options.only:
        print(f"measuring {name} ...", file=sys.stderr, flush=True)
        results[name] = BENCHES[name](options)
        print(json.dumps({name: results[name]}), flush=True)
    folder = Path("bench-out")
    folder.mkdir(exist_ok=True)
    (folder / "bench.json").write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    print("\n| bench | figure | value |\n|---|---|---|")
    for name, figures in results.items():
        for figure, value in figures.items():
            print(f"| {name} | {figure.replace('_', ' ')} | {value} |")


if __name__ == "__main__":
    main()
