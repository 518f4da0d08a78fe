"""Whether a portal's list of cases can be believed. One that is empty, or that lacks many of our cases at once, is more likely a
broken page than a payer who lost them: nothing is counted as missing then, and the trouble has a name. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date

from bots.model import CaseSummary, Frozen
from jobs.book_events import Trouble

FEW = 2
"""So many cases may be missing from any list; each of them is told."""
SHARE = 0.1
"""Of many cases, so large a share may be missing."""


class PortalList(Frozen):
    """A portal's whole list of cases from that day on."""

    since: date
    cases: tuple[CaseSummary, ...]


class Lists(Frozen):
    """What the portals listed, by portal, and why other lists are not there."""

    read: dict[str, PortalList] = {}
    troubles: tuple[Trouble, ...] = ()


def whole(lists: Lists, expected: Mapping[str, Collection[tuple[str, date]]]) -> tuple[dict[str, date], tuple[Trouble, ...]]:
    """The portals whose list is believed to be whole, with its first day; and what is wrong with the others.

    ``expected``: by portal, the reference numbers of our cases there and the days on which they were sent.
    """
    believed: dict[str, date] = {}
    troubles: list[Trouble] = []
    for slug, one in lists.read.items():
        ours = {number for number, sent in expected.get(slug, ()) if sent >= one.since}
        lacking = len(ours - {case.reference_no for case in one.cases})
        if ours and not one.cases:
            what = f"The list of cases is empty; {len(ours)} of ours should stand on it."
            troubles.append(Trouble(kind="list_empty", portal=slug, what=what))
        elif lacking > max(FEW, SHARE * len(ours)):
            what = (
                f"The list shows {len(one.cases)} cases and lacks {lacking} of the {len(ours)} of ours that should stand on it."
            )
            troubles.append(Trouble(kind="list_cut_off", portal=slug, what=what))
        else:
            believed[slug] = one.since
    return believed, tuple(troubles)
