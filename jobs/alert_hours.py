"""Quiet hours: when nobody is told. Pure."""

from __future__ import annotations

from datetime import datetime, time
from zoneinfo import ZoneInfo

from bots.model import Frozen


class QuietHours(Frozen):
    """From when to when nobody is woken, by the practice's wall clock; over midnight when ``ends`` is before ``begins``."""

    begins: time
    ends: time

    def covers(self, at: datetime, zone: ZoneInfo) -> bool:
        now = at.astimezone(zone).time()
        if self.begins <= self.ends:
            return self.begins <= now < self.ends
        return now >= self.begins or now < self.ends


def parse_quiet(text: str) -> QuietHours | None:
    """Reads ``20:00-07:00``; "" is None. Raises ``ValueError`` on anything else."""
    if not text.strip():
        return None
    begins, dash, ends = (each.strip() for each in text.partition("-"))
    if not dash or len(begins) != 5 or len(ends) != 5:
        raise ValueError("not quiet hours")
    return QuietHours(begins=time.fromisoformat(begins), ends=time.fromisoformat(ends))
