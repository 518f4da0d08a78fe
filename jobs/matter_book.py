"""Which matters are open and which target was told of them: folded from the journal's events, so that a restart tells nothing
twice."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select

from jobs.clock import parse_instant
from jobs.events import decode_body
from jobs.journal import Journal
from jobs.journal_schema import events
from jobs.matters import Matter
from jobs.service_events import MatterEnded, MatterOpened, MattersTold, TargetFailed, TargetWorks

NEWS = timedelta(days=3)
"""What is over for longer is no news to a target that was not reached, or is new."""
_KINDS = ("matter_opened", "matter_ended", "matters_told", "target_failed", "target_works")


@dataclass
class Told:
    """One matter since it opened last: whom it was told, and whether it is over."""

    matter: Matter
    opened_at: datetime
    is_over: bool = False
    began_at: set[str] = field(default_factory=set)
    """Targets that know that it began."""
    ended_at: set[str] = field(default_factory=set)


class MatterBook:
    """Reads on from where it stopped; open one for each process. A matter that is over and told is forgotten."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._seq = 0
        self.matters: dict[str, Told] = {}
        self.failing: set[str] = set()

    def note(self, now: Iterable[Matter]) -> None:
        """Writes down what opened and what ended since the last time. Raises `JournalError`."""
        self.read_on()
        current = {matter.key: matter for matter in now}
        open_before = {key for key, told in self.matters.items() if not told.is_over}
        with self._journal.write() as write:
            for key, matter in current.items():
                if key not in open_before:
                    opened = MatterOpened(
                        matter=key, sentence=matter.sentence, wakes=matter.wakes, ids=matter.ids, passing=matter.passing
                    )
                    write.append("", opened)
            for key in sorted(open_before - current.keys()):
                write.append("", MatterEnded(matter=key))
        self.read_on()

    def told(self, target: str, began: Collection[str], ended: Collection[str]) -> None:
        with self._journal.write() as write:
            write.append("", MattersTold(target=target, began=tuple(began), ended=tuple(ended)))
            if target in self.failing:
                write.append("", TargetWorks(target=target))
        self.read_on()

    def failed(self, target: str) -> None:
        if target not in self.failing:
            with self._journal.write() as write:
                write.append("", TargetFailed(target=target))
            self.read_on()

    def to_tell(self, target: str) -> tuple[list[Matter], list[Matter]]:
        """What that target does not know yet: what began, and the end of what it was told of. After `forget`."""
        began = [
            told.matter
            for told in self.matters.values()
            if target not in told.began_at and (not told.is_over or told.matter.passing)
        ]
        ended = [
            told.matter
            for told in self.matters.values()
            if told.is_over and not told.matter.passing and target in told.began_at and target not in told.ended_at
        ]
        return began, ended

    def forget(self, targets: Collection[str]) -> None:
        """Drops what is over and known wherever it has to be, and what passed too long ago to be news."""
        old = self._journal.now() - NEWS
        for key, told in list(self.matters.items()):
            done = told.began_at >= set(targets) if told.matter.passing else told.began_at & set(targets) <= told.ended_at
            if told.is_over and (done or told.opened_at < old):
                del self.matters[key]

    def read_on(self) -> None:
        query = select(events.c.seq, events.c.at, events.c.body).where(
            events.c.request_id == "", events.c.kind.in_(_KINDS), events.c.seq > self._seq
        )
        with self._journal.read() as connection:
            rows = connection.execute(query.order_by(events.c.seq)).all()
        for seq, at, text in rows:
            self._seq = seq
            self._apply(decode_body(text), parse_instant(at))

    def _apply(self, body: object, at: datetime) -> None:
        match body:
            case MatterOpened():
                matter = Matter(key=body.matter, sentence=body.sentence, wakes=body.wakes, ids=body.ids, passing=body.passing)
                self.matters[body.matter] = Told(matter, at, is_over=body.passing)
            case MatterEnded() if body.matter in self.matters:
                self.matters[body.matter].is_over = True
            case MattersTold():
                for key in body.began:
                    if key in self.matters:
                        self.matters[key].began_at.add(body.target)
                for key in body.ended:
                    if key in self.matters:
                        self.matters[key].ended_at.add(body.target)
            case TargetFailed():
                self.failing.add(body.target)
            case TargetWorks():
                self.failing.discard(body.target)
            case _:
                pass
