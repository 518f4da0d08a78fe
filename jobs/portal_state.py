"""What stands between us and a portal: a person's say (disabled), an outage (breaker), our own limit (rate).

All three are shared by every worker and process through the journal.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec.structs import replace
from sqlalchemy import Connection, RowMapping, delete, func, insert, select

from bots.errors import BotError
from bots.model import Frozen
from jobs import events as happened
from jobs.clock import instant_text, parse_instant
from jobs.fallback import LONGEST_PROBE
from jobs.journal import Journal
from jobs.journal_schema import actions, breakers, disabled
from jobs.journal_write import Write
from jobs.waiting import release_enabled, release_outage, wake_one, wake_those_that_leave

FAILURES_TO_OPEN = 3
"""Failures in a row, over all workers, that make an outage."""
FIRST_PROBE = timedelta(minutes=5)
"""An open breaker is probed after this, twice this, and so on up to `LONGEST_PROBE`."""
PROBE_LEASE = timedelta(minutes=10)
"""How long a probe may take before another worker probes. One whose process died is over before that
(`jobs.office.free_dead_probes`)."""
PROBE_AGAIN = timedelta(minutes=1)
"""After a probe that said nothing of the portal: nobody could take the account's seat, say."""
IN_A_ROW = timedelta(hours=1)
"""Failures that lie further apart than this have nothing to do with each other."""
WHOLE_PORTAL = frozenset({"blocked", "pages_changed"})
"""Errors that concern a portal and not one account of it."""


class BreakerState(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"
    """One worker probes; the others wait for what it finds."""


class Breaker(Frozen):
    """A portal's breaker. ``down_since`` is its first failure, ``probe_at`` when it is tried again; both None while it works."""

    portal: str
    state: BreakerState = BreakerState.CLOSED
    failures: int = 0
    openings: int = 0
    error_code: str = ""
    down_since: datetime | None = None
    probe_at: datetime | None = None


class Disabled(Frozen):
    """A portal (``account`` "") or account that waits for a person."""

    portal: str
    account: str
    error_code: str
    sentence: str
    since: datetime


class PortalStates:
    """``most_per_hour``: portal -> actions that our own limit allows; what a portal's return sets free keeps to that pace."""

    def __init__(
        self, journal: Journal, *, failures_to_open: int = FAILURES_TO_OPEN, most_per_hour: Mapping[str, int] | None = None
    ) -> None:
        self.journal = journal
        self._failures_to_open = failures_to_open
        self._most_per_hour = most_per_hour or {}

    # --- a person's say ------------------------------------------------------------------------------------------

    def disable_portal(self, slug: str, account: str, error: BotError) -> None:
        """Nobody works there until a person enables it: on this account, or on none when the error concerns the whole portal."""
        whole = error.code in WHOLE_PORTAL
        with self.journal.write() as write:
            write.append(
                "",
                happened.PortalDisabled(
                    portal=slug, account="" if whole else account, error_code=error.code, sentence=error.sentence
                ),
            )

    def enable_portal(self, slug: str, who: str) -> int:
        """A person has put it right: all its accounts work again, and what waited for that is new. Returns how many requests."""
        with self.journal.write() as write:
            write.append("", happened.PortalEnabled(portal=slug, who=who))
            self._close(write, slug)
            return release_enabled(write, slug)

    def pages_match_again(self, slug: str) -> int:
        """The check found the pages as they should be: its own stop ends, no other. Returns how many requests go on."""
        with self.journal.write() as write:
            write.append("", happened.PortalEnabled(portal=slug, who="priorbot portal check", pages_only=True))
            self._close(write, slug)
            return release_enabled(write, slug)

    def disabled(self, slug: str | None = None) -> tuple[Disabled, ...]:
        """What waits for a person, of one portal or of all."""
        query = select(disabled).order_by(disabled.c.portal, disabled.c.account)
        with self.journal.read() as connection:
            rows = connection.execute(query if slug is None else query.where(disabled.c.portal == slug)).mappings().all()
        return tuple(Disabled(**(dict(row) | {"since": parse_instant(row["since"])})) for row in rows)

    def why_disabled(self, slug: str, account: str) -> Disabled | None:
        return next((each for each in self.disabled(slug) if each.account in ("", account)), None)

    # --- outages -------------------------------------------------------------------------------------------------

    def breaker(self, slug: str) -> Breaker:
        with self.journal.read() as connection:
            row = _breaker_row(connection, slug)
        return _breaker(slug, row)

    def breakers(self) -> tuple[Breaker, ...]:
        with self.journal.read() as connection:
            rows = connection.execute(select(breakers).order_by(breakers.c.portal)).mappings().all()
        return tuple(_breaker(row["portal"], row) for row in rows)

    def failed(self, slug: str, error: BotError, *, banner: bool = False) -> Breaker:
        """Counts a failure of the portal. Enough of them, a failed probe, or its own outage banner open the breaker.

        With the opening itself every request whose rule lets it leave at once falls due, whatever it was waiting for.
        """
        with self.journal.write() as write:
            before = _breaker(slug, _breaker_row(write.connection, slug))
            if before.state is BreakerState.CLOSED and not _is_recent(before.down_since, write.at):
                before = Breaker(portal=slug)
            after = replace(before, failures=before.failures + 1, error_code=error.code, down_since=before.down_since or write.at)
            opens = banner or after.failures >= self._failures_to_open or before.state is BreakerState.HALF_OPEN
            if opens and before.state is not BreakerState.OPEN:
                after = _open(write, after, banner=banner)
                wake_those_that_leave(write, slug)
            _put(write.connection, after)
            return after

    def worked(self, slug: str) -> None:
        """The portal did what it should: whatever was counted against it is forgotten."""
        if self.breaker(slug).failures:
            with self.journal.write() as write:
                self._close(write, slug)

    def may_use(self, slug: str) -> bool:
        """Whether the portal may be used now. While it is down, True for one caller at a time, who thereby probes it."""
        breaker = self.breaker(slug)
        if breaker.state is BreakerState.CLOSED:
            return True
        if not is_probe_due(breaker, self.journal.now()):
            return False
        with self.journal.write() as write:
            again = _breaker(slug, _breaker_row(write.connection, slug))
            if again != breaker:
                return again.state is BreakerState.CLOSED
            _put(write.connection, replace(again, state=BreakerState.HALF_OPEN, probe_at=write.at + PROBE_LEASE))
            return True

    def is_probe_due(self, slug: str) -> bool:
        return is_probe_due(self.breaker(slug), self.journal.now())

    def probe_ended(self, slug: str, *, again: timedelta = PROBE_AGAIN) -> None:
        """For who was let in by `may_use`: a probe that heard nothing of the portal's health leaves it to the next one."""
        if self.breaker(slug).state is not BreakerState.HALF_OPEN:
            return
        with self.journal.write() as write:
            breaker = _breaker(slug, _breaker_row(write.connection, slug))
            if breaker.state is BreakerState.HALF_OPEN:
                _put(write.connection, replace(breaker, state=BreakerState.OPEN, probe_at=write.at + again))

    def wake_prober(self, slug: str, only: Collection[str] | None = None) -> None:
        """Makes one request (of ``only``) due that waits for this portal, when the time of a probe has come and none is due."""
        breaker = self.breaker(slug)
        if breaker.state is not BreakerState.CLOSED and is_probe_due(breaker, self.journal.now()):
            with self.journal.write() as write:
                wake_one(write, slug, only)

    def _close(self, write: Write, slug: str) -> None:
        before = _breaker(slug, _breaker_row(write.connection, slug))
        if before.state is not BreakerState.CLOSED and before.down_since is not None:
            write.append("", happened.BreakerClosed(portal=slug, down_since=before.down_since))
            release_outage(write, slug, self._most_per_hour.get(slug, 0))
        _put(write.connection, Breaker(portal=slug))

    # --- our own limit -------------------------------------------------------------------------------------------

    def spend(self, slug: str, most_per_hour: int) -> datetime | None:
        """Takes one of this hour's actions. None when there was one left, else when the next is free. 0: no limit."""
        if most_per_hour <= 0:
            return None
        with self.journal.write() as write:
            hour_ago = instant_text(write.at - timedelta(hours=1))
            mine = actions.c.portal == slug
            write.connection.execute(delete(actions).where(mine, actions.c.at <= hour_ago))
            used = write.connection.execute(select(actions.c.at).where(mine).order_by(actions.c.at)).scalars().all()
            if len(used) >= most_per_hour:
                return parse_instant(used[-most_per_hour]) + timedelta(hours=1)
            at = instant_text(write.at)
            last = select(func.max(actions.c.place)).where(mine, actions.c.at == at)
            place = write.connection.execute(last).scalar()
            write.connection.execute(insert(actions).values(portal=slug, at=at, place=0 if place is None else place + 1))
            return None


def is_probe_due(breaker: Breaker, now: datetime) -> bool:
    """Also where the probe stands further ahead than one is ever set: the clock was put back since then."""
    return breaker.probe_at is None or breaker.probe_at <= now or breaker.probe_at > now + LONGEST_PROBE


def _is_recent(down_since: datetime | None, now: datetime) -> bool:
    return down_since is not None and now - IN_A_ROW <= down_since <= now


def _open(write: Write, breaker: Breaker, *, banner: bool) -> Breaker:
    doubled = min(breaker.openings, LONGEST_PROBE // FIRST_PROBE)  # an outage of months must not count to infinity
    probe_at = write.at + min(FIRST_PROBE * 2**doubled, LONGEST_PROBE)
    opened = happened.BreakerOpened(
        portal=breaker.portal,
        error_code=breaker.error_code,
        down_since=breaker.down_since or write.at,
        probe_at=probe_at,
        banner=banner,
    )
    write.append("", opened)
    return replace(breaker, state=BreakerState.OPEN, openings=breaker.openings + 1, probe_at=probe_at)


def _breaker_row(connection: Connection, slug: str) -> RowMapping | None:
    return connection.execute(select(breakers).where(breakers.c.portal == slug)).mappings().one_or_none()


def _breaker(slug: str, row: RowMapping | None) -> Breaker:
    if row is None:
        return Breaker(portal=slug)
    return Breaker(
        portal=slug,
        state=BreakerState(row["state"]),
        failures=row["failures"],
        openings=row["openings"],
        error_code=row["error_code"],
        down_since=parse_instant(row["down_since"]) if row["down_since"] else None,
        probe_at=parse_instant(row["probe_at"]) if row["probe_at"] else None,
    )


def _put(connection: Connection, breaker: Breaker) -> None:
    values = {
        "state": breaker.state.value,
        "failures": breaker.failures,
        "openings": breaker.openings,
        "error_code": breaker.error_code,
        "down_since": instant_text(breaker.down_since) if breaker.down_since else "",
        "probe_at": instant_text(breaker.probe_at) if breaker.probe_at else "",
    }
    connection.execute(delete(breakers).where(breakers.c.portal == breaker.portal))
    connection.execute(insert(breakers).values(portal=breaker.portal, **values))
