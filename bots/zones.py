"""Names of time zones, wherever an operator writes one: settings, rules, selector files."""

from __future__ import annotations

from zoneinfo import ZoneInfo


def is_zone(name: str) -> bool:
    """Whether that is a time zone that this machine knows, such as ``America/New_York``."""
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError):  # which one depends on how the name is wrong
        return False
    return True
