"""What a competent person would write with Playwright for Clear Coverage, without PriorBot: the bench's other side.

One request after the other, each in a new browser context with its own sign-in and log-off, good locators, Playwright's own
waiting, no artificial pauses.

    python tests/bench/plain_script.py --port P --count N --requests FILE [--user U --password P] [--browser PATH]

FILE is a JSON list (see `make_requests`). Prints ``{"count": N, "seconds": S}``; the time runs from before the first sign-in
to after the last log-off, without the browser's start. Every request's reference number is read and checked.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect, sync_playwright

ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


def us(iso: str) -> str:
    return date.fromisoformat(iso).strftime("%m/%d/%Y")


def submit_one(browser: Browser, base: str, user: str, password: str, request: dict[str, Any]) -> str:
    """Signs in, enters one request, submits it, logs off; the reference number."""
    context = browser.new_context(viewport={"width": 1024, "height": 768})
    page = context.new_page()
    page.goto(f"{base}/ClearCoverage/logon.do")
    page.get_by_label("User Name:").fill(user)
    page.get_by_label("Password:").fill(password)
    page.get_by_role("button", name="Log On").click()

    page.locator("#ccNewAuth").click()
    page.get_by_label("CT Medicaid ID").fill(request["member_id"])
    page.get_by_label("Date of Birth").fill(us(request["dob"]))
    page.get_by_role("button", name="Search").click()
    expect(page.locator("#ccMemberGrid")).to_contain_text(request["member_id"])
    page.get_by_role("button", name="Create").click()

    enter_service(page, request)
    enter_providers(page, request)
    enter_clinical(page, request)
    answer_review(page, request)
    attach(page, request)
    enter_contact(page, request)

    expect(page.locator("#rvMemberId")).to_have_text(request["member_id"])
    expect(page.locator("#rvProvRef")).to_have_text(request["our_reference"])
    page.get_by_role("button", name="Submit").click()
    reference = page.locator("#ccReference").inner_text()
    page.get_by_role("link", name="Log Off").click()
    expect(page.locator("#ccMessage")).to_contain_text("You have logged off")
    context.close()
    if not re.fullmatch(r"CC\d{9}", reference):
        raise SystemExit("no reference number came back")
    return reference


def enter_service(page: Page, request: dict[str, Any]) -> None:
    page.locator("#ccServiceTree .node", has_text=request["family_group"]).click()
    page.get_by_role("treeitem", name=request["family_label"], exact=True).click()
    page.locator("#ccPriorityText").click()
    page.get_by_role("option", name=request["urgency"].capitalize(), exact=True).click()
    page.get_by_label("Certification Type").select_option(request["certification"])
    page.get_by_label("Service From").fill(us(request["from_date"]))
    page.get_by_label("Service To").fill(us(request["to_date"]))
    page.get_by_role("button", name="Next").click()


def enter_providers(page: Page, request: dict[str, Any]) -> None:
    page.get_by_role("button", name="Look Up").click()
    dialog = page.get_by_role("dialog", name="Provider Look Up")
    dialog.get_by_label("Last Name").fill(request["provider_last_name"])
    dialog.get_by_role("button", name="Search").click()
    dialog.get_by_role("row").filter(has_text=request["provider_npi"]).get_by_role("button", name="Select").click()
    if request["servicing_npi"]:
        page.get_by_label("Servicing Provider Name").fill(request["servicing_name"])
        page.get_by_label("Servicing Provider NPI").fill(request["servicing_npi"])
    if request["facility_npi"]:
        page.get_by_label("Facility Name").fill(request["facility_name"])
        page.get_by_label("Facility NPI").fill(request["facility_npi"])
    page.get_by_role("button", name="Next").click()


def enter_clinical(page: Page, request: dict[str, Any]) -> None:
    for code in request["dx"]:
        page.get_by_label("Diagnosis Code or Description").fill(code)
        page.get_by_role("option").filter(has_text=re.compile(rf"^{re.escape(code)} - ")).click()
        page.get_by_role("button", name="Add Diagnosis").click()
        expect(page.locator("#ccDxGrid")).to_contain_text(code)
    page.get_by_label("Procedure Code").fill(request["code"])
    page.get_by_role("option").filter(has_text=re.compile(rf"^{request['code']} - ")).click()
    page.locator("#ccUnits").fill(str(request["units"]))
    page.get_by_role("button", name="Add Line").click()
    expect(page.locator("#ccLineGrid")).to_contain_text(request["code"])
    page.get_by_role("button", name="Next").click()


def answer_review(page: Page, request: dict[str, Any]) -> None:
    for name, value in request["answers"].items():
        page.locator(f"input[name={name}][value={value}]").check()
    page.get_by_role("button", name="Complete").click()


def attach(page: Page, request: dict[str, Any]) -> None:
    if request["attachment"]:
        page.get_by_label("Document").set_input_files(request["attachment"])
        page.get_by_role("button", name="Upload").click()
        expect(page.locator("#ccFiles")).to_contain_text("Accepted")
    page.get_by_role("button", name="Next").click()


def enter_contact(page: Page, request: dict[str, Any]) -> None:
    page.get_by_label("Contact Name").fill(request["contact_name"])
    page.get_by_label("Contact Phone").fill(request["contact_phone"])
    page.get_by_label("Contact Fax").fill(request["contact_fax"])
    page.get_by_label("Provider Reference").fill(request["our_reference"])
    page.get_by_label("Notes").fill(request["notes"])
    page.get_by_role("button", name="Next").click()


def run(port: int, requests: list[dict[str, Any]], user: str, password: str, executable: str | None) -> float:
    """Submits all; seconds from the first sign-in to the last log-off."""
    base = f"http://clear-coverage.localhost:{port}"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        started = time.perf_counter()
        references = {submit_one(browser, base, user, password, request) for request in requests}
        seconds = time.perf_counter() - started
        browser.close()
    if len(references) != len(requests):
        raise SystemExit(f"{len(requests)} requests, but {len(references)} reference numbers")
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--requests", required=True, help="a JSON list of requests")
    parser.add_argument("--user", default="cc-desk1")
    parser.add_argument("--password", default="Synthetic$Desk1")
    parser.add_argument("--browser", default=shutil.which("chromium-headless-shell") or shutil.which("chromium"))
    args = parser.parse_args()
    requests = json.loads(Path(args.requests).read_text())[: args.count]
    if len(requests) < args.count:
        raise SystemExit(f"{args.requests} has only {len(requests)} requests")
    seconds = run(args.port, requests, args.user, args.password, args.browser)
    sys.stdout.write(json.dumps({"count": args.count, "seconds": round(seconds, 3)}) + "\n")


if __name__ == "__main__":
    main()
