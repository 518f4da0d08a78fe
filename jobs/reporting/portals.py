"""Portals as the report shows them: their state now, and their uptime in the period."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from datetime import datetime, timedelta

from bots.model import Frozen
from bots.registry import has_bot
from jobs.portal_settings import PortalSettings
from jobs.portal_state import BreakerState, PortalStates
from jobs.reporting.figures import Figures
from jobs.reporting.period import Period
from jobs.uptime import Outage, uptime

IN_USE = ("on", "down", "disabled")


class PortalLine(Frozen):
    """A portal now. ``state``: on, down, disabled, no_bot or not_set_up."""

    slug: str
    state: str
    sentence: str = ""
    accounts: int = 0


def portal_lines(
    ruled: Set[str], settings: Mapping[str, PortalSettings], states: PortalStates, config_name: str
) -> Iterator[PortalLine]:
    """Every portal that the rules (``ruled``) or the settings name, with its state now. ``config_name``: the settings' file."""
    down = {breaker.portal: breaker for breaker in states.breakers() if breaker.state is not BreakerState.CLOSED}
    disabled = states.disabled()
    for slug in sorted(ruled | set(settings)):
        accounts = settings[slug].accounts if slug in settings else ()
        stopped = [each for each in disabled if each.portal == slug] if slug in settings else []
        sentence = stopped[0].sentence if stopped else ""
        if not has_bot(slug):
            state, sentence = "no_bot", "PriorBot cannot drive it yet: its requests wait for a person."
        elif slug not in settings:
            state, sentence = "not_set_up", f"Add [portals.{slug}] to {config_name}."
        elif stopped and (not stopped[0].account or len(stopped) >= len(accounts)):
            state = "disabled"
        elif slug in down:
            state, sentence = "down", f"Down since {down[slug].down_since:%Y-%m-%d %H:%M} UTC."
        else:
            state = "on"
        yield PortalLine(slug=slug, state=state, sentence=sentence, accounts=len(accounts))


class Down(Figures):
    """An outage's part in the measured time. ``until`` None: it goes on."""

    since: datetime
    until: datetime | None
    error_code: str


class PortalUse(Figures):
    """``up_share``: percent of the time from ``since`` to ``until`` without an outage (`jobs.uptime`), rounded down to a tenth,
    so that 100 is without any. None: the portal is not in use, or the period lies outside the journal's time."""

    slug: str
    state: str
    sentence: str
    accounts: int
    since: datetime | None = None
    until: datetime | None = None
    up_share: float | None = None
    hours_down: float | None = None
    outages: tuple[Down, ...] = ()


def portal_uses(
    lines: Iterable[PortalLine], found: Sequence[Outage], period: Period, *, begun: datetime | None, now: datetime
) -> tuple[PortalUse, ...]:
    """Those in use first, the least available ahead. ``begun``: when the journal began; what was before is not known."""
    since, until = max(period.starts, begun or now), min(period.ends, now)
    uses = [_use(line, found, since, until) for line in lines]
    return tuple(
        sorted(uses, key=lambda use: (use.state not in IN_USE, 200.0 if use.up_share is None else use.up_share, use.slug))
    )


def _use(line: PortalLine, found: Sequence[Outage], since: datetime, until: datetime) -> PortalUse:
    if line.state not in IN_USE or since >= until:
        return PortalUse(slug=line.slug, state=line.state, sentence=line.sentence, accounts=line.accounts)
    (measured,) = uptime(found, [line.slug], since, until)
    return PortalUse(
        slug=line.slug,
        state=line.state,
        sentence=line.sentence,
        accounts=line.accounts,
        since=since,
        until=until,
        up_share=int(1000 * measured.share) / 10,
        hours_down=round(measured.down / timedelta(hours=1), 2),
        outages=tuple(
            Down(
                since=max(each.since, since),
                until=each.until if each.until and each.until <= until else None,
                error_code=each.error_code,
            )
            for each in found
            if each.portal == line.slug and each.since < until and (each.until or until) > since
        ),
    )
