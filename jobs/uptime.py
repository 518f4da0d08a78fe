"""How well each portal worked: its outages and its uptime, from the breaker's history. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from msgspec.structs import replace

from bots.model import Frozen
from jobs.events import BreakerClosed, BreakerOpened, Event


class Outage(Frozen):
    """One outage as PriorBot met it. ``until`` None: it is not over. Aware instants."""

    portal: str
    since: datetime
    """The first failure."""
    opened_at: datetime
    """When it counted as an outage: from here on requests took their other ways."""
    until: datetime | None = None
    probes: int = 0
    """How often it was tried and found still down."""
    error_code: str = ""
    banner: bool = False
    """The portal itself announced it."""

    def length(self, now: datetime) -> timedelta:
        return max((self.until or now) - self.since, timedelta(0))


class Uptime(Frozen):
    """One portal between two instants. ``share`` is the part of the time in which it was up, 0 to 1."""

    portal: str
    outages: int
    down: timedelta
    longest: timedelta
    share: float


def outages(events: Iterable[Event]) -> tuple[Outage, ...]:
    """Every outage of every portal, oldest first, from the journal's events of portals (`Journal.events` of "")."""
    found: list[Outage] = []
    open_at: dict[str, int] = {}
    for event in events:
        body = event.body
        if isinstance(body, BreakerOpened):
            if body.portal in open_at:
                at = open_at[body.portal]
                found[at] = replace(found[at], probes=found[at].probes + 1, banner=found[at].banner or body.banner)
                continue
            open_at[body.portal] = len(found)
            found.append(
                Outage(
                    portal=body.portal,
                    since=body.down_since,
                    opened_at=event.at,
                    error_code=body.error_code,
                    banner=body.banner,
                )
            )
        elif isinstance(body, BreakerClosed) and body.portal in open_at:
            at = open_at.pop(body.portal)
            found[at] = replace(found[at], until=event.at)
    return tuple(found)


def uptime(found: Iterable[Outage], portals: Iterable[str], since: datetime, until: datetime) -> tuple[Uptime, ...]:
    """The uptime of these portals between two aware instants, in their order; only what lies between them counts."""
    known = list(found)
    return tuple(_uptime(portal, [each for each in known if each.portal == portal], since, until) for portal in portals)


def _uptime(portal: str, mine: Iterable[Outage], since: datetime, until: datetime) -> Uptime:
    spans = [min(each.until or until, until) - max(each.since, since) for each in mine]
    spans = [span for span in spans if span > timedelta(0)]
    down, whole = sum(spans, timedelta(0)), until - since
    return Uptime(
        portal=portal,
        outages=len(spans),
        down=down,
        longest=max(spans, default=timedelta(0)),
        share=1 - down / whole if whole > timedelta(0) else 1.0,
    )
