"""From intake to a way: requests enter the journal, and each gets its route."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from bots.model import AuthRequest, Frozen, Status
from jobs.intake import request_fingerprint
from jobs.journal import Accepted, Different, Journal
from jobs.routing import RoutingSettings, route
from jobs.rulebook import RuleBook
from jobs.state import Snapshot

NOT_SENT = frozenset({Status.NEW, Status.WAITING})


class TakenIn(Frozen):
    """What became of the requests of one file. ``ids`` are in the journal now, in the file's order; ``different`` are not."""

    ids: tuple[str, ...]
    new: int
    known: int
    different: tuple[str, ...]
    """Ids under which another request is under way or done; the file's own was refused."""


def take_in(
    requests: Iterable[AuthRequest], journal: Journal, *, as_of: date, rulebook: RuleBook, settings: RoutingSettings
) -> TakenIn:
    """Puts requests into the journal and gives each that was not sent yet its way by the rules in force on ``as_of``."""
    ids: list[str] = []
    different: list[str] = []
    new = 0
    for answer in journal.accept_all((request, request_fingerprint(request)) for request in requests):
        if isinstance(answer, Different):
            different.append(answer.request_id)
            continue
        ids.append(answer.request_id)
        new += isinstance(answer, Accepted)
    for request_id in ids:
        give_way(journal.snapshot(request_id), journal, as_of=as_of, rulebook=rulebook, settings=settings)
    return TakenIn(ids=tuple(ids), new=new, known=len(ids) - new, different=tuple(different))


def give_way(snapshot: Snapshot, journal: Journal, *, as_of: date, rulebook: RuleBook, settings: RoutingSettings) -> None:
    """Routes one request that was not sent yet, or routes it anew when the rules say otherwise today."""
    if snapshot.status not in NOT_SENT:
        return
    request = snapshot.request
    way = route(request, as_of=as_of, rulebook=rulebook, settings=settings)
    if way != snapshot.route:
        journal.set_route(request.request_id, way)
