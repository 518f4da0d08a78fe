"""A fax number as the payer's directory writes it, brought to its ten digits; only the North American plan is dialled."""

from __future__ import annotations

import re

from bots.fax.line_errors import FaxNumberUnusable

_WRITTEN = re.compile(r"\+?[\d .()/-]+", re.ASCII)
_NANP = re.compile(r"1?([2-9]\d{2}[2-9]\d{6})", re.ASCII)
"""Area code and exchange begin with 2 to 9 (North American Numbering Plan)."""


def ten_digits(number: str) -> str:
    """``1-866-577-9678``, ``203.265.3994`` -> ten digits. Raises `FaxNumberUnusable`: letters, extensions, other countries."""
    if not _WRITTEN.fullmatch(number.strip()):
        raise FaxNumberUnusable
    digits = re.sub(r"\D", "", number)
    match = _NANP.fullmatch(digits)
    if match is None:
        raise FaxNumberUnusable
    return match[1]


def e164(number: str) -> str:
    """``+1`` and the ten digits. Raises `FaxNumberUnusable`."""
    return f"+1{ten_digits(number)}"
