"""The floor: the same submission to Clear Coverage by bare HTTP requests, without a browser.

    python tests/bench/floor.py --port P --count N --requests FILE [--user U --password P]

FILE is a JSON list in the form that `plain_script` reads as well. Prints ``{"count": N, "seconds": S}``; every request's
reference number is read from its confirmation page, and a request without one ends the run.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any

import httpx

BASE = "/ClearCoverage/"


class Floor:
    """One signed-in account. ``transport`` is for tests that have no server."""

    def __init__(self, port: int, user: str, password: str) -> None:
        self.http = httpx.Client(
            base_url=f"http://127.0.0.1:{port}",
            headers={"Host": f"clear-coverage.localhost:{port}"},
            follow_redirects=False,
            timeout=60,
        )
        self.cookies: dict[str, str] = {}
        self.page("POST", "logon.do", {"username": user, "password": password})

    def page(self, method: str, path: str, data: dict[str, str] | None = None, **more: Any) -> str:
        """One step: the request and, where the portal redirects, the page after it."""
        cookie = {"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())} if self.cookies else {}
        answer = self.http.request(method, path if path.startswith("/") else BASE + path, data=data, headers=cookie, **more)
        answer.raise_for_status() if answer.status_code >= 400 else None
        self.cookies.update(answer.cookies)
        if answer.status_code == 303:
            return self.page("GET", answer.headers["location"])
        return answer.text

    def submit(self, request: dict[str, Any]) -> str:
        """Enters and submits one request; the reference number."""
        self.page("POST", "memberSearch.do", {"member_id": request["member_id"], "dob": us(request["dob"])})
        text = self.page("POST", "createRequest.do", {"member_id": request["member_id"]})
        draft = {"d": found(r'name="d" value="(CC\d+)"', text)}
        self.page("POST", "request.do", {**draft, **_service(request)})
        self.page("GET", f"ajax/provider.do?last={request['provider_last_name']}&first=&npi=")
        self.page("POST", "providers.do", {**draft, **_providers(request)})
        for code in request["dx"]:
            self.page("GET", f"ajax/diagnosis.do?d={draft['d']}&q={code}")
            self.page("POST", "ajax/diagnosisAdd.do", {**draft, "code": code})
        self.page("GET", f"ajax/procedure.do?d={draft['d']}&q={request['code']}")
        self.page("POST", "ajax/lineAdd.do", {**draft, **_line(request)})
        self.page("POST", "clinical.do", draft)
        self.page("POST", "medicalReview.do", {**draft, **request.get("answers", {}), "go": "Complete"})
        if request.get("attachment"):
            file = Path(request["attachment"])
            self.page("POST", "uploadAttachment.do", draft, files={"document": (file.name, file.read_bytes())})
        self.page("POST", "attachments.do", draft)
        self.page("POST", "contact.do", {**draft, **_contact(request)})
        return found(r'id="ccReference">(CC\d+)<', self.page("POST", "submit.do", draft))

    def close(self) -> None:
        self.page("GET", "logoff.do")
        self.http.close()


def us(iso: str) -> str:
    return date.fromisoformat(iso).strftime("%m/%d/%Y")


def found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    if match is None:
        said = re.findall(r"<li>([^<]*)</li>|id=\"ccMessage\"[^>]*>([^<]*)<", text)
        raise SystemExit(f"the portal did not answer as expected: {said}")
    return match.group(1)


def _service(request: dict[str, Any]) -> dict[str, str]:
    return {
        "family": request["family"],
        "priority": request.get("urgency", "standard"),
        "certification": request.get("certification", "initial"),
        "from_date": us(request["from_date"]),
        "to_date": us(request["to_date"]),
    }


def _providers(request: dict[str, Any]) -> dict[str, str]:
    names = ("servicing_name", "servicing_npi", "facility_name", "facility_npi")
    return {"requesting_npi": request["provider_npi"], **{name: request.get(name, "") for name in names}}


def _line(request: dict[str, Any]) -> dict[str, str]:
    return {
        "code": request["code"],
        "units": str(request["units"]),
        "from_date": us(request["from_date"]),
        "to_date": us(request["to_date"]),
    }


def _contact(request: dict[str, Any]) -> dict[str, str]:
    return {
        "contact_name": request["contact_name"],
        "contact_phone": request["contact_phone"],
        "contact_fax": request.get("contact_fax", ""),
        "provider_reference": request["our_reference"],
        "notes": request.get("notes", ""),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--requests", required=True, help="a JSON list of requests")
    parser.add_argument("--user", default="cc-desk1")
    parser.add_argument("--password", default="Synthetic$Desk1")
    args = parser.parse_args()
    requests = json.loads(Path(args.requests).read_text())[: args.count]
    if len(requests) < args.count:
        raise SystemExit(f"{args.requests} has only {len(requests)} requests")
    started = time.perf_counter()
    floor = Floor(args.port, args.user, args.password)
    references = {floor.submit(request) for request in requests}
    floor.close()
    seconds = time.perf_counter() - started
    if len(references) != args.count:
        raise SystemExit(f"{args.count} requests, but {len(references)} reference numbers")
    sys.stdout.write(json.dumps({"count": args.count, "seconds": round(seconds, 3)}) + "\n")


if __name__ == "__main__":
    main()
