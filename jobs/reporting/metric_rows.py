"""The ten metrics as rows for people: number, what it is, unit, and one value for each segment. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from jobs.reporting.figures import Figures
from jobs.reporting.pas import Metrics

Value = int | float | None
_Row = tuple[int, str, str, Callable[[Metrics], Value]]


def _final(name: str) -> Callable[[Metrics], Value]:
    def value(metrics: Metrics) -> Value:
        return getattr(metrics.hours_to_final, name) if metrics.hours_to_final else None

    return value


_ROWS: tuple[_Row, ...] = (
    (1, "Requests handed in and answered (accepted or refused)", "requests", lambda m: m.requests_submitted),
    (1, "… their service lines", "lines", lambda m: m.lines_submitted),
    (2, "Updates: extensions and revisions of a case", "requests", lambda m: m.updates),
    (2, "Cancellations", "requests", lambda m: m.cancels),
    (2, "Queries: how often a case's status was asked for", "queries", lambda m: m.queries),
    (3, "Queries about cases that others had handed in", "queries", lambda m: m.queries_for_others),
    (4, "Attempts that ended", "attempts", lambda m: m.tries),
    (4, "… of these in an error or in doubt", "attempts", lambda m: m.errors),
    (4, "… share", "%", lambda m: m.error_share),
    (5, "Accepted requests with a final first answer, any line", "%", lambda m: m.final_at_once_any_share),
    (5, "… all lines", "%", lambda m: m.final_at_once_all_share),
    (6, "Lines pended at first", "lines", lambda m: m.lines_pended),
    (6, "… of these resolved by now", "lines", lambda m: m.lines_resolved),
    (6, "… mean time to resolve", "hours", lambda m: m.hours_to_resolve_mean),
    (
        7,
        "Time from hand-in to the last line's final answer, mean",
        "hours",
        lambda m: m.hours_to_final.mean if m.hours_to_final else None,
    ),
    (7, "… median", "hours", _final("median")),
    (7, "… nine of ten within", "hours", _final("p90")),
    (9, "Outstanding now", "requests", lambda m: m.outstanding_requests),
    (9, "… their undecided lines", "lines", lambda m: m.outstanding_lines),
    (10, "Age of the oldest outstanding", "hours", lambda m: m.oldest_hours),
)


class MetricRow(Figures):
    """``values`` stand in the order of the segments: all, then each payer (metric 8)."""

    number: int
    label: str
    unit: str
    values: tuple[float | None, ...]


def metric_rows(metrics: Sequence[Metrics]) -> tuple[MetricRow, ...]:
    rows = [
        MetricRow(number=number, label=label, unit=unit, values=tuple(of(one) for one in metrics))
        for number, label, unit, of in _ROWS
    ]
    for place, bucket in enumerate(metrics[0].ageing if metrics else ()):
        values = tuple(float(one.ageing[place].count) for one in metrics)
        rows.append(MetricRow(number=10, label=f"Outstanding for {bucket.label}", unit="requests", values=values))
    return tuple(rows)
