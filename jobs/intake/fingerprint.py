"""What makes two requests the same request."""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal

import msgspec

from bots.model import AuthRequest


def request_fingerprint(request: AuthRequest) -> str:
    """SHA-256 (hex) of the request in one canonical form.

    The order of lines, answers and documents does not count, nor how a number is written (1.0 or 1). Of a document its
    content counts, not its path. Values at their default are left out, so a new optional field changes no old fingerprint.
    """
    plain = msgspec.to_builtins(request)
    plain["lines"] = sorted(
        ({**line, "units": _number(line["units"])} for line in plain["lines"]), key=lambda line: json.dumps(line, sort_keys=True)
    )
    if "attachments" in plain:
        plain["attachments"] = sorted(attachment["sha256"] for attachment in plain["attachments"])
    canonical = json.dumps(plain, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def _number(text: str) -> str:
    return format(Decimal(text).normalize(), "f")
