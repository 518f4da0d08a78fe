"""The ten metrics that HL7 Da Vinci PAS suggests, from the provider's side. Pure.

Source: Da Vinci Prior Authorization Support (PAS) FHIR IG 2.2.1, page "PAS Metrics" (informative), with its logical model
PASMetricData; https://hl7.org/fhir/us/davinci-pas/2.2.1/en/metrics.html. The guide counts FHIR and X12 exchanges; what stands for
them on portals and by fax is said at each field and, with worked examples, in ``docs/report.md``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from bots.model import Certification, Payer
from jobs.reporting.cases import Case
from jobs.reporting.figures import Count, Figures, Spread, counts, middle, share, spread_of
from jobs.reporting.period import Period

UPDATES = frozenset({Certification.EXTENSION, Certification.REVISED})
"""Submissions that change a case which the payer has; an initial one and a renewal open a case of their own (X12 278 UM02)."""
AGEING = (
    ("under 1 day", timedelta(days=1)),
    ("1–3 days", timedelta(days=3)),
    ("3–7 days", timedelta(days=7)),
    ("7–14 days", timedelta(days=14)),
    ("14–30 days", timedelta(days=30)),
    ("over 30 days", timedelta.max),
)


class Metrics(Figures):
    """The ten metrics of one payer (metric 8: the segments), or of all. Numbers in front are those of the guide.

    1 to 7 are of the period, 9 and 10 are of the moment at which the report was made. Hours are hours on the clock.
    """

    segment: str
    """A payer's slug, or "all"."""

    requests_submitted: int
    """1: hand-overs to a payer, by portal or fax, that it accepted or refused."""
    lines_submitted: int
    """1: their service lines."""

    updates: int
    """2: those of them that change a case (certification extension or revised)."""
    cancels: int
    """2: those of them that cancel one."""
    queries: int
    """2: how often the status of a case was asked for, on its page or by its row in the portal's list."""

    queries_for_others: int
    """3: those of them about cases that PriorBot did not hand in (adopted: somebody keyed them)."""

    tries: int
    """4: attempts that came to an end, whether they reached the payer or not."""
    errors: int
    """4: those of them that ended in an error or in doubt."""
    error_share: float | None
    """4: percent."""
    error_types: tuple[Count, ...]

    first_answers: int
    """5: submissions that the payer accepted, of which the confirmation is the first answer."""
    final_at_once_any: int
    """5: those whose confirmation held the final answer for at least one line."""
    final_at_once_all: int
    """5: for every line."""
    final_at_once_any_share: float | None
    final_at_once_all_share: float | None

    lines_pended: int
    """6: lines of these submissions without a final answer in the confirmation."""
    lines_resolved: int
    """6: those of them that have one now."""
    hours_to_resolve_mean: float | None
    hours_to_resolve_median: float | None

    hours_to_final: Spread | None
    """7: of requests whose last line got its final answer in the period: from the hand-over until that was seen."""

    outstanding_requests: int
    """9: requests that the payer has and has not decided."""
    outstanding_lines: int
    """9: their lines without a final answer."""

    ageing: tuple[Count, ...]
    """10: the outstanding requests by time since the hand-over (of adopted ones: since they were found)."""
    oldest_hours: float | None
    """10"""


def measure_by_payer(cases: Iterable[Case], period: Period, now: datetime) -> tuple[Metrics, ...]:
    """Metric 8: of all, then of each payer that has cases."""
    every = list(cases)
    by_payer = {payer: [case for case in every if case.payer is payer] for payer in Payer}
    segments = [("all", every), *((payer.value, some) for payer, some in by_payer.items() if some)]
    return tuple(measure(some, period, now, segment) for segment, some in segments)


def measure(cases: Sequence[Case], period: Period, now: datetime, segment: str = "all") -> Metrics:
    """The metrics of these cases, which were folded for the same ``period``."""
    sent = [case for case in cases if case.submissions]
    tries, errors = sum(case.tries for case in cases), Counter(code for case in cases for code in case.errors)
    accepted = [case for case in cases if case.submitted_at is not None and period.holds(case.submitted_at)]
    at_once = [case for case in accepted if case.first_answer_final]
    any_line = sum(case.first_reading is None or case.first_reading[0] > 0 for case in at_once)
    all_lines = sum(case.first_reading is None or case.first_reading[0] == case.first_reading[1] for case in at_once)
    waits = [wait for case in accepted for wait in _waits(case)]
    asked = [case for case in cases if case.is_awaited]
    ages = [now - since for case in asked if (since := case.submitted_at or case.received_at or case.accepted_at)]
    return Metrics(
        segment=segment,
        requests_submitted=sum(case.submissions for case in sent),
        lines_submitted=sum(case.submissions * case.lines for case in sent),
        updates=sum(case.submissions for case in sent if case.certification in UPDATES),
        cancels=sum(case.submissions for case in sent if case.certification is Certification.CANCEL),
        queries=sum(case.queries for case in cases),
        queries_for_others=sum(case.queries for case in cases if case.adopted_at is not None),
        tries=tries,
        errors=errors.total(),
        error_share=share(errors.total(), tries),
        error_types=counts(errors),
        first_answers=len(accepted),
        final_at_once_any=any_line,
        final_at_once_all=all_lines,
        final_at_once_any_share=share(any_line, len(accepted)),
        final_at_once_all_share=share(all_lines, len(accepted)),
        lines_pended=sum(_pended_lines(case) for case in accepted),
        lines_resolved=len(waits),
        hours_to_resolve_mean=round(sum(waits) / len(waits), 2) if waits else None,
        hours_to_resolve_median=middle(waits),
        hours_to_final=spread_of(
            hours for case in cases if period.holds(case.final_at) and (hours := case.hours_to_final) is not None
        ),
        outstanding_requests=len(asked),
        outstanding_lines=sum(case.lines - case.final_lines for case in asked),
        ageing=_ageing(ages),
        oldest_hours=round(max(ages).total_seconds() / 3600, 2) if ages else None,
    )


def _pended_lines(case: Case) -> int:
    """Lines for which the confirmation was not the final answer."""
    if not case.first_answer_final:
        return case.lines
    return 0 if case.first_reading is None else case.lines - case.first_reading[0]


def _waits(case: Case) -> list[float]:
    """Hours from the hand-over to the final answer of each line that was pended first."""
    began = case.submitted_at
    if began is None:
        return []
    return [max(0.0, (at - began).total_seconds() / 3600) for at, lines in case.resolved for _ in range(lines)]


def _ageing(ages: Iterable[timedelta]) -> tuple[Count, ...]:
    found = Counter(next(label for label, below in AGEING if age < below) for age in ages)
    return tuple(Count(label=label, count=found[label]) for label, _ in AGEING)
