"""The outages of the simulated portals: when each is down, how, and what then meets whoever uses it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

AT_THE_CLICK = ("lost_on_the_way", "timeout_after_accept", "down_after_accept", "session_lost_after_accept")
"""What a click meets while its portal goes down: some of it was accepted, and no answer tells which."""


FAILURES = 3
"""So many failures in a row are an outage (design, section 3: "repeated outages")."""
IN_A_ROW = timedelta(hours=1)
_SAYS_NOTHING = frozenset({"open", "click", "after_receipt"})
"""Steps that tell nothing of an outage: no page is asked for, or what the click met is unclear."""


@dataclass(frozen=True)
class Felt:
    """What somebody met at a portal; ``fault`` None: it worked."""

    at: datetime
    fault: str | None


@dataclass(frozen=True)
class Down:
    """One portal from ``since`` until before ``until``. ``banner``: it only says that it is down, on its public page."""

    portal: str
    since: datetime
    until: datetime
    banner: bool = False


class Sky:
    """Every outage of a scenario. ``click_every``: each so many-th click brings its portal down for ten minutes; 0: none does."""

    def __init__(self, clock: Callable[[], datetime], downs: Sequence[Down], *, click_every: int = 0, seed: int = 0) -> None:
        self.downs = list(downs)
        self.clicks_hit = 0
        self._clock = clock
        self._luck = Random(f"sky/{seed}")
        self._click_every = click_every
        self._clicks = 0
        self._felt: dict[str, list[Felt]] = {}

    def over(self, portal: str, at: datetime | None = None) -> Down | None:
        now = at or self._clock()
        return next((each for each in self.downs if each.portal == portal and each.since <= now < each.until), None)

    def ends(self) -> datetime:
        return max((each.until for each in self.downs), default=self._clock())

    def meets(self, portal: str, step: str) -> str | None:
        """The fault (a word of the protocol double) that strikes at this step now."""
        fault = self._meets(portal, step)
        if step not in _SAYS_NOTHING:
            self._felt.setdefault(portal, []).append(Felt(self._clock(), fault))
        return fault

    def shown(self, portal: str) -> list[tuple[datetime, datetime]]:
        """From when until when the portal had shown that it is down: by its banner, or by three failures in a row within an hour;
        until somebody found it at work again."""
        spans, failures, since = [], [], None
        for felt in self._felt.get(portal, ()):
            if felt.fault is None:
                if since is not None:
                    spans.append((since, felt.at))
                failures, since = [], None
            elif since is None:
                failures = [at for at in failures if felt.at - at <= IN_A_ROW] + [felt.at]
                if len(failures) >= FAILURES or felt.fault == "outage_banner":
                    since = felt.at
        return [*spans, *([(since, self._clock())] if since is not None else [])]

    def _meets(self, portal: str, step: str) -> str | None:
        down = self.over(portal)
        if step == "click":
            return self._at_the_click(portal, down)
        if down is None or step == "after_receipt":
            return None
        if down.banner:
            return "outage_banner" if step == "sign_in" else None
        return None if step == "open" else self._luck.choice(("portal_down", "portal_down", "portal_slow"))

    def _at_the_click(self, portal: str, down: Down | None) -> str | None:
        self._clicks += 1
        falls = self._click_every and self._clicks % self._click_every == 0
        if falls:
            self.downs.append(Down(portal, self._clock(), self._clock() + timedelta(minutes=10)))
        if not falls and (down is None or down.banner):
            return None
        self.clicks_hit += 1
        return self._luck.choice(AT_THE_CLICK)


class Weather:
    """`protocol_double.Faults` of one portal under that sky."""

    def __init__(self, sky: Sky, portal: str) -> None:
        self._sky = sky
        self._portal = portal

    def next(self, step: str) -> str | None:
        return self._sky.meets(self._portal, step)
