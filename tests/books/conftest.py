"""Builds journal snapshots for the books: synthetic people, invented numbers."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from bots.model import (
    AuthRequest,
    Coverage,
    LineReading,
    Member,
    Payer,
    Provider,
    Reading,
    Receipt,
    ServiceCategory,
    ServiceLine,
    Status,
    Units,
)
from jobs.state import Channel, Decision, Route, Snapshot

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
PORTAL = "clear_coverage"


def build_line(code: str = "E0114", units: str = "2", **changes: Any) -> ServiceLine:
    given = {"service_code": code, "units": Decimal(units), "from_date": date(2026, 3, 1), "to_date": date(2026, 3, 31)}
    return ServiceLine(**(given | changes))


def build_request(request_id: str = "R-001", *lines: ServiceLine, **changes: Any) -> AuthRequest:
    given = {
        "request_id": request_id,
        "payer": Payer.HUSKY,
        "coverage": Coverage.HUSKY_A,
        "service_category": ServiceCategory.DME,
        "member": Member(id="001234567", dob=date(1980, 5, 17), last_name="Zzcanaryson", first_name="Qwertha"),
        "requesting": Provider(name="Sample", npi="1234567893"),
        "lines": lines or (build_line(),),
    }
    return AuthRequest(**(given | changes))


def build_route(request_id: str = "R-001", **changes: Any) -> Route:
    given = {"request_id": request_id, "decision": Decision.PORTAL, "portal": PORTAL, "rule_ids": ("H5",)}
    return Route(**(given | changes))


def build_receipt(reference_no: str = "CC0000000001", **changes: Any) -> Receipt:
    return Receipt(**({"portal": PORTAL, "reference_no": reference_no, "received_at": NOW - timedelta(hours=5)} | changes))


def build_reading(status: Status = Status.APPROVED, *lines: LineReading, **changes: Any) -> Reading:
    given = {
        "portal": PORTAL,
        "reference_no": "CC0000000001",
        "status": status,
        "status_raw": status.value.title(),
        "lines": lines,
        "observed_at": NOW - timedelta(hours=1),
    }
    return Reading(**(given | changes))


def build_units(code: str = "E0114", **changes: Any) -> Units:
    given = {
        "portal": "husky_secure",
        "authorization_no": "A000000001",
        "member_id": "001234567",
        "service_code": code,
        "as_of": date(2026, 2, 27),
        "observed_at": NOW,
    }
    return Units(**(given | changes))


def build_snapshot(request_id: str = "R-001", status: Status = Status.NEW, **changes: Any) -> Snapshot:
    given = {"request": build_request(request_id), "status": status, "accepted_at": NOW - timedelta(hours=6)}
    return Snapshot(**(given | changes))


def build_submitted(request_id: str = "R-001", status: Status = Status.SUBMITTED, **changes: Any) -> Snapshot:
    given = {
        "channel": Channel.PORTAL,
        "route": build_route(request_id),
        "receipt": build_receipt(f"CC{request_id[-3:].zfill(10)}"),
        "submitted_at": NOW - timedelta(hours=5),
        "decision_due": NOW + timedelta(days=6),
        "last_checked": NOW - timedelta(hours=1),
    }
    return build_snapshot(request_id, status, **(given | changes))


class Build:
    """The builders under one name, for tests."""

    now = NOW
    line = staticmethod(build_line)
    request = staticmethod(build_request)
    route = staticmethod(build_route)
    receipt = staticmethod(build_receipt)
    reading = staticmethod(build_reading)
    units = staticmethod(build_units)
    snapshot = staticmethod(build_snapshot)
    submitted = staticmethod(build_submitted)


@pytest.fixture(scope="session")
def build() -> type[Build]:
    return Build
