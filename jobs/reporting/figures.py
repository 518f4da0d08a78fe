"""Counts, shares and spreads: the small values that every part of the report is made of. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from statistics import fmean, median, quantiles

from bots.model import Frozen


class Figures(Frozen, omit_defaults=False):
    """Base of the report's values: every key stands in the JSON, also where the value is its default."""


class Count(Figures):
    label: str
    count: int


class Spread(Figures):
    """How some lengths of time are spread, in hours. ``p90``: nine of ten took at most so long."""

    count: int
    mean: float
    least: float
    lower: float
    median: float
    upper: float
    p90: float
    most: float


def spread_of(hours: Iterable[float]) -> Spread | None:
    """None of nothing. Quartiles and p90 are interpolated between the two nearest values (inclusive method)."""
    values = sorted(hours)
    if not values:
        return None
    if len(values) == 1:
        lower = middle = upper = p90 = values[0]
    else:
        lower, middle, upper = quantiles(values, n=4, method="inclusive")
        p90 = quantiles(values, n=10, method="inclusive")[-1]
    return Spread(
        count=len(values),
        mean=round(fmean(values), 2),
        least=round(values[0], 2),
        lower=round(lower, 2),
        median=round(middle, 2),
        upper=round(upper, 2),
        p90=round(p90, 2),
        most=round(values[-1], 2),
    )


def share(part: float, whole: float) -> float | None:
    """Part of the whole in percent with one decimal; None of nothing."""
    return round(100 * part / whole, 1) if whole else None


def middle(values: Sequence[float]) -> float | None:
    return round(median(values), 2) if values else None


def counts(found: Counter[str], most: int | None = None) -> tuple[Count, ...]:
    """Greatest first, equal ones by name."""
    order = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Count(label=label, count=count) for label, count in order[:most])
