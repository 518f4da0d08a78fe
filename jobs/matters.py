"""What people are to be told while nobody looks: matters, each with a name that is the same as long as it lasts.

Collected from the journal and the settings; a sentence holds counts, portal slugs, request ids and times, and nothing of a
patient. Pure but for the vault's dates of passwords, which the caller reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta

from bots.model import Frozen, Status
from jobs.attention import DEFAULT_ACTIONS
from jobs.reporting.portals import PortalLine
from jobs.state import AWAITED, Snapshot

MOST_IDS = 12
UNSENT_WITHIN = timedelta(hours=24)
"""So long before the practice's own deadline a request that was not sent yet is told."""
_STATES = {"down": "down", "disabled": "stopped and waits for a person (priorbot portal list)"}
_UNSENT = frozenset({Status.NEW, Status.WAITING, Status.NEEDS_PERSON})


class Matter(Frozen):
    """``key`` tells it from all others. ``wakes``: it is told in quiet hours too. ``ids``: the requests that it is about.

    ``passing``: it is over already when it is told (a run that was missed).
    """

    key: str
    sentence: str
    wakes: bool = False
    ids: tuple[str, ...] = ()
    passing: bool = False


def of_requests(snapshots: Iterable[Snapshot], now: datetime, act_by: Mapping[str, datetime]) -> tuple[Matter, ...]:
    """Requests that wait for a person, are uncertain or late. ``act_by``: id -> the practice's own deadline, where unsent."""
    found = []
    for snapshot in snapshots:
        request_id, urgent = snapshot.request.request_id, snapshot.request.is_urgent
        deadline = act_by.get(request_id)
        if snapshot.status in _UNSENT and deadline is not None and deadline - now <= UNSENT_WITHIN:
            found.append(_of(request_id, "deadline", "not sent yet, and its deadline is near or over", wakes=True))
        if snapshot.status is Status.UNCERTAIN:
            found.append(_of(request_id, "uncertain", "not certain whether the portal has it", wakes=urgent))
        elif snapshot.status in AWAITED and snapshot.decision_due is not None and snapshot.decision_due < now:
            found.append(_of(request_id, "overdue", "the payer's decision is overdue", wakes=False))
        elif snapshot.next_action or snapshot.status in DEFAULT_ACTIONS:
            found.append(_of(request_id, "person", "waits for a person (priorbot queue)", wakes=urgent))
    return tuple(found)


def _of(request_id: str, kind: str, what: str, *, wakes: bool) -> Matter:
    return Matter(key=f"{kind} {request_id}", sentence=what, wakes=wakes, ids=(request_id,))


def of_portals(lines: Iterable[PortalLine]) -> tuple[Matter, ...]:
    return tuple(
        Matter(
            key=f"portal {line.slug} {line.state}",
            sentence=f"{line.slug} is {_STATES[line.state]}.",
            wakes=line.state == "disabled",
        )
        for line in lines
        if line.state in _STATES
    )


def of_ends(ends: Iterable[tuple[str, date, tuple[int, ...]]], today: date) -> tuple[Matter, ...]:
    """What runs out: ``(what, last day, days before it at which to tell)``. Each of these days is a matter of its own."""
    found = []
    for what, end, days in ends:
        left = (end - today).days
        reached = [day for day in sorted(days) if left <= day]
        if left < 0:
            found.append(Matter(key=f"end {what} over", sentence=f"{what} has run out.", wakes=False))
        elif reached:
            sentence = f"{what} runs out on {end.isoformat()}, in {left} days."
            found.append(Matter(key=f"end {what} {reached[0]}", sentence=sentence))
    return tuple(found)


def text_of(began: Iterable[Matter], ended: Iterable[Matter]) -> str:
    """One message: matters of requests put together by what they have in common, with their ids; then what is over."""
    parts = []
    for title, matters in (("", list(began)), ("Settled: ", list(ended))):
        alike: dict[str, list[str]] = {}
        for matter in matters:
            if matter.ids:
                alike.setdefault(matter.sentence, []).extend(matter.ids)
            else:
                parts.append(f"{title}{matter.sentence}")
        parts += [f"{title}{_count(ids)}: {what}. {_listed(ids)}" for what, ids in alike.items()]
    return "\n".join(parts)


def _count(ids: list[str]) -> str:
    return "1 request" if len(ids) == 1 else f"{len(ids)} requests"


def _listed(ids: list[str]) -> str:
    more = f" and {len(ids) - MOST_IDS} more" if len(ids) > MOST_IDS else ""
    return ", ".join(ids[:MOST_IDS]) + more
