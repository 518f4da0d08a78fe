"""Where the report's charts draw what. Pure: numbers in, places out; the templates only write them down.

Places along a strip are percent of its width, so that a chart is as wide as its page; columns stand in a box of fixed units.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from bots.model import Frozen
from jobs.reporting.happened import DayRow, Timing
from jobs.reporting.portals import PortalUse
from jobs.reporting.standing import DueDay

WIDTH, HEIGHT = 520, 190
_FLOOR, _ROOM = 160, 132
"""The base line of the columns, and the height that the highest may have."""
_MOST_LABELLED = 10
"""So many columns have their number above them; of more, each fifth has its day below it."""
_NARROWEST = 0.5
"""Percent: what happened is to be seen, however short."""


class Bar(Frozen):
    x: float
    y: float
    width: float
    height: float
    group: str
    title: str


class Mark(Frozen):
    x: float
    y: float
    text: str


class Columns(Frozen):
    bars: tuple[Bar, ...]
    numbers: tuple[Mark, ...]
    ticks: tuple[Mark, ...]


class Strip(Frozen):
    """One payer's decision times along the axis, all in percent of its width. ``limit`` None: none is known."""

    timing: Timing
    least: float
    lower: float
    median: float
    upper: float
    p90: float
    limit: float | None


class Strips(Frozen):
    rows: tuple[Strip, ...]
    ticks: tuple[Mark, ...]


class Span(Frozen):
    """A time without the portal, in percent of the period."""

    x: float
    width: float
    title: str


def day_columns(days: Sequence[DayRow]) -> Columns:
    """Two columns a day: accepted by a payer, and decided."""
    highest = max((max(row.submitted, row.decided) for row in days), default=0)
    step = WIDTH / max(1, len(days))
    width = min(34.0, step * 0.38)
    bars, numbers, ticks = [], [], []
    for number, row in enumerate(days):
        middle = (number + 0.5) * step
        for side, group, count, what in (
            (-1, "payer", row.submitted, "accepted by a payer"),
            (0, "granted", row.decided, "decided"),
        ):
            x = middle + side * width + (1 if side == 0 else -1)
            bar = _column(x, width, count, highest, group, f"{row.day}: {count} {what}")
            bars.append(bar)
            if len(days) <= _MOST_LABELLED:
                numbers.append(Mark(x=round(x + width / 2, 1), y=round(bar.y - 5, 1), text=str(count)))
        if len(days) <= _MOST_LABELLED or number % 5 == 0:
            ticks.append(Mark(x=round(middle, 1), y=_FLOOR + 18, text=_day_text(row.day)))
    return Columns(bars=tuple(bars), numbers=tuple(numbers), ticks=tuple(ticks))


def _day_text(iso: str) -> str:
    day = date.fromisoformat(iso)
    return f"{day:%a} {day.day}"


def due_columns(days: Sequence[DueDay]) -> Columns:
    """One column a day: the payers' deadlines below, the practice's own on top of them."""
    highest = max((day.payer + day.practice for day in days), default=0)
    step = WIDTH / max(1, len(days))
    width = step * 0.72
    bars, numbers, ticks = [], [], []
    for number, day in enumerate(days):
        x = number * step + (step - width) / 2
        total = day.payer + day.practice
        group = "late" if day.label == "overdue" else "payer"
        lower = _column(x, width, day.payer, highest, group, f"{day.label}: {day.payer} decisions due")
        bars.append(lower)
        top = lower.y
        if day.practice:
            height = _ROOM * day.practice / highest
            top = lower.y - height if day.payer else _FLOOR - height
            bars.append(
                Bar(
                    x=round(x, 1),
                    y=round(top, 1),
                    width=round(width, 1),
                    height=round(max(1.0, height - 1), 1),
                    group="person",
                    title=f"{day.label}: {day.practice} of ours to be sent",
                )
            )
        numbers.append(Mark(x=round(x + width / 2, 1), y=round(top - 5, 1), text=str(total)))
        ticks.append(Mark(x=round(x + width / 2, 1), y=_FLOOR + 18, text=day.label))
    return Columns(bars=tuple(bars), numbers=tuple(numbers), ticks=tuple(ticks))


def _column(x: float, width: float, count: int, highest: int, group: str, title: str) -> Bar:
    height = max(1.5, _ROOM * count / highest) if count else 1.5
    return Bar(
        x=round(x, 1),
        y=round(_FLOOR - height, 1),
        width=round(width, 1),
        height=round(height, 1),
        group=group if count else "none",
        title=title,
    )


def decision_strips(timings: Sequence[Timing]) -> Strips:
    """All rows on one axis, which reaches to the longest limit or to nine of ten decisions, whichever is longer."""
    if not timings:
        return Strips(rows=(), ticks=())
    end = max(max(row.limit_hours or 0, row.hours.p90, 1.0) for row in timings) * 1.06

    def place(hours: float) -> float:
        return round(min(100.0, 100 * hours / end), 2)

    rows = tuple(
        Strip(
            timing=row,
            least=place(row.hours.least),
            lower=place(row.hours.lower),
            median=place(row.hours.median),
            upper=place(row.hours.upper),
            p90=place(row.hours.p90),
            limit=place(row.limit_hours) if row.limit_hours else None,
        )
        for row in timings
    )
    unit = next((step for step in (1, 3, 6, 12, 24, 48, 96, 168, 336, 720) if end / step <= 9), 2160)
    ticks = (Mark(x=place(hours), y=0, text=hours_text(hours)) for hours in range(0, int(end) + 1, unit))
    return Strips(rows=rows, ticks=tuple(ticks))


def outage_spans(use: PortalUse) -> tuple[Span, ...]:
    if use.since is None or use.until is None:
        return ()
    whole, spans = use.until - use.since, []
    for outage in use.outages:
        began, ended = outage.since - use.since, (outage.until or use.until) - use.since
        width = max(_NARROWEST, 100 * ((ended - began) / whole))
        x = min(100 * (began / whole), 100 - width)
        title = f"down for {hours_text((ended - began) / timedelta(hours=1))}"
        spans.append(Span(x=round(x, 2), width=round(width, 2), title=title))
    return tuple(spans)


def hours_text(hours: float) -> str:
    """A length of time as people say it: minutes, hours up to three days, then days."""
    if hours < 1:
        return f"{round(hours * 60)} min" if hours else "0"
    if hours <= 72:
        return f"{hours:.1f}".removesuffix(".0") + " h" if hours < 10 else f"{round(hours)} h"
    return f"{hours / 24:.1f}".removesuffix(".0") + " d"
