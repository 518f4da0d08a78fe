"""What time it is. Everything in jobs takes a `Clock`, so that tests and the demo set the time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Returns an aware instant in UTC."""


def utc_now() -> datetime:
    """The machine's own time."""
    return datetime.now(UTC)


def instant_text(at: datetime) -> str:
    """An instant as text of one fixed width in UTC, so that texts sort as instants do. Refuses a naive datetime."""
    if at.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_instant(text: str) -> datetime:
    """The inverse of `instant_text`."""
    return datetime.fromisoformat(text)
