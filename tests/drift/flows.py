"""Whole flows over changed pages: the portal's truth agrees with the request field by field, or nothing was sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from changing import Changes
from kit import Gate, Kit, Profile
from pages import profile_of

from bots.ability import Ability
from bots.eligibility import Eligibility
from bots.errors import BotError, PageChanged, Uncertain
from bots.model import Units
from bots.registry import portal_class

FLOW_KINDS = (
    "ids",
    "wrappers",
    "field_order",
    "column_order",
    "iframe",
    "banner",
    "delay",
    "overlay_passing",
    "decoys",
    "wording",
    "look_alikes",
)
FLOW_LOUD = frozenset({"wording", "look_alikes"})


@dataclass
class Flow:
    """How one flow ended. ``stopped``: page, part and what; ``wrong``: what must never be."""

    portal: str
    seed: int
    kinds: tuple[str, ...]
    went_through: bool = False
    stopped: str = ""
    wrong: str = ""

    @property
    def is_quiet(self) -> bool:
        return not FLOW_LOUD & set(self.kinds)


def kinds_of(seed: int) -> tuple[str, ...]:
    """One kind, or two or three together; every kind comes about equally often."""
    count = len(FLOW_KINDS)
    more = (seed // count) % 3
    return tuple(dict.fromkeys(FLOW_KINDS[(seed + step * (3 + seed // count)) % count] for step in range(1 + more)))


async def flow(kit: Kit, changes: Changes, slug: str, seed: int) -> Flow:
    """One submission with a look at its case, or on a portal for reading all that it tells."""
    ended = Flow(portal=slug, seed=seed, kinds=kinds_of(seed))
    kit.world.reset()
    profile = profile_of(slug)
    selectors = {slug: kit.selectors(slug, page=20, element=4, commit=20, lookup=8)}
    before = await _readings(kit, profile, selectors) if Ability.SUBMIT not in portal_class(slug).does else ()
    changes.begin(seed, ended.kinds)
    try:
        if Ability.SUBMIT in portal_class(slug).does:
            await _submit(kit, profile, selectors, ended)
        elif await _readings(kit, profile, selectors) != before:
            ended.wrong = "something else than the portal has"
        else:
            ended.went_through = True
    except PageChanged as error:
        ended.stopped = f"{error.details.get('page')}.{error.details.get('key')}: {error.details.get('what')}"
        if not (error.details.get("page") and error.details.get("key")):
            ended.wrong = "stopped without page and part"
    except BotError as error:
        told = error.details
        part = told.get("fields") or told.get("question") or told.get("what") or told.get("reason") or ""
        ended.stopped = f"{told['page']}.{part}: {error.code}" if told.get("page") and part else f"({error.code} {part})"
    finally:
        changes.begin(0, ())
    return ended


async def _readings(kit: Kit, profile: Profile, selectors: dict[str, str]) -> tuple[dict[str, Any], ...]:
    """All that a portal for reading tells."""
    async with kit.portal(profile.slug, **selectors) as portal:
        if Ability.ELIGIBILITY in portal.does:
            return (_without_time(await portal.ask_eligibility(profile.request(kit))),)
        return tuple(sorted((_without_time(line) for line in await portal.read_units(())), key=repr))  # rows change places


def _without_time(said: Units | Eligibility) -> dict[str, Any]:
    """Besides the time the names of kept pages are others at each reading."""
    return {name: getattr(said, name) for name in said.__struct_fields__ if name not in ("observed_at", "evidence")}


async def _submit(kit: Kit, profile: Profile, selectors: dict[str, str], ended: Flow) -> None:
    request, gate = profile.request(kit, 40 + ended.seed % 100), Gate()
    error: BotError | None = None
    try:
        async with kit.portal(profile.slug, **selectors) as portal:
            receipt = (await portal.submit(request, gate)).receipt
            assert receipt is not None
            await portal.read_case(receipt.reference_no, request.member)
    except BotError as caught:
        error = caught
    accepted = [row for row in kit.accepted() if row["portal"] == profile.slug]
    sent = "receipt" in gate.steps or isinstance(error, Uncertain)
    if len(accepted) > 1 or (accepted and not sent) or (not accepted and "receipt" in gate.steps):
        ended.wrong = f"{len(accepted)} were accepted"
    for row in accepted:
        wanted = profile.truth(request)
        wrong = sorted(name for name in wanted if row.get(name) != wanted[name])
        if wrong:
            ended.wrong = "the truth differs in " + ", ".join(wrong)
    if error is not None:
        raise error
    ended.went_through = True
