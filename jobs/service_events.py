"""What the unattended service remembers of itself: matters that somebody was told, back-ups, and what was removed for its age."""

from __future__ import annotations

from datetime import datetime

from bots.model import Frozen
from jobs.event_base import Body


class MatterOpened(Body, tag="matter_opened"):
    """Something that people are to be told once. ``passing``: it is over already and has no end to tell."""

    matter: str
    sentence: str
    wakes: bool = False
    passing: bool = False
    ids: tuple[str, ...] = ()
    """The requests that it is about."""


class MatterEnded(Body, tag="matter_ended"):
    matter: str


class MattersTold(Body, tag="matters_told"):
    """One message reached one target: what began and what ended. Targets are named as in priorbot.toml."""

    target: str
    began: tuple[str, ...] = ()
    ended: tuple[str, ...] = ()


class TargetFailed(Body, tag="target_failed"):
    """A message could not be given to that target; told once, until `TargetWorks`."""

    target: str


class TargetWorks(Body, tag="target_works"):
    target: str


class BackedUp(Body, tag="backed_up"):
    """A back-up was written, read again and found whole. ``seq``: the last event that it holds."""

    file: str
    sha256: str
    seq: int


class Restored(Body, tag="restored"):
    """This home was brought back from a back-up of ``made_at``; ``doubted`` requests are looked up before any is sent."""

    made_at: datetime
    doubted: int
    stopped: tuple[str, ...] = ()


class RemovedFile(Frozen):
    """``sha256`` of the file as it lay there (sealed ones sealed), so that a copy elsewhere can still be proved."""

    folder: str
    name: str
    sha256: str


class Removed(Body, tag="removed"):
    """Files with health information whose time was over."""

    files: tuple[RemovedFile, ...]


ServiceEvent = MatterOpened | MatterEnded | MattersTold | TargetFailed | TargetWorks | BackedUp | Restored | Removed
