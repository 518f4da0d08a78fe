"""What stands at the moment of the report: the queue by state and age, deadlines ahead, units, and what needs a person. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from heapq import nsmallest
from zoneinfo import ZoneInfo

from bots.model import AuthRequest, Payer, Status, Units
from jobs.attention import Task, find_task, masked, sort_tasks
from jobs.reporting.figures import Count, Figures
from jobs.reporting.groups import GROUP_OF, GROUPS, PAYER_NAMES
from jobs.reporting.units_shown import UnitsLine, units_lines
from jobs.state import AWAITED, Snapshot

MOST_DEADLINES = 200
MOST_UNITS = 200
MOST_MATTERS = 200
MOST_IDS = 100
"""Lines that a report holds of each kind, the most pressing ones; with each stands how many more there are."""

AGES = (
    ("under 1 d", timedelta(days=1)),
    ("1–3 d", timedelta(days=3)),
    ("3–7 d", timedelta(days=7)),
    ("7–14 d", timedelta(days=14)),
    ("over 14 d", timedelta.max),
)
_UNSENT = frozenset({Status.NEW, Status.WAITING, Status.NEEDS_PERSON})
_OPEN = AWAITED | _UNSENT | {Status.UNCERTAIN, Status.REJECTED, Status.NOT_ELIGIBLE}
_DAYS_AHEAD = 7

ActBy = Callable[[AuthRequest], datetime | None]
"""Last second of the first deadline that the practice itself must keep (`jobs.payer_rules.PayerRules.act_by`)."""

UnitsTimes = Mapping[str, tuple[tuple[Units, ...], ...]]
"""By request id: what the units page showed each time (`jobs.units_history`)."""


class QueueRow(Figures):
    """Open requests of one status by their age since intake, in the order of `AGES`."""

    status: Status
    group: str
    ages: tuple[int, ...]
    count: int


class Deadline(Figures):
    """A request against a deadline. ``whose``: payer (its decision) or practice (ours, not sent yet)."""

    request_id: str
    member: str
    payer: Payer
    portal: str
    status: Status
    whose: str
    due: datetime
    used: float | None
    """Share of the payer's time that has passed, in percent, at most 100; None for a deadline of ours."""


class DueDay(Figures):
    """Deadlines of one day. ``label``: overdue, today, a weekday, or later."""

    label: str
    payer: int
    practice: int


class Matter(Figures):
    """One matter for a person: requests that stand alike for the same reason. ``first`` is the most urgent of them."""

    first: Task
    count: int
    request_ids: tuple[str, ...]
    urgent: tuple[str, ...]
    """Those of the ids that are urgent or emergent."""


class PayerRow(Figures):
    """One payer's requests by group, in the order of `jobs.reporting.groups.GROUPS`."""

    payer: Payer
    name: str
    counts: tuple[int, ...]
    count: int


class Standing(Figures):
    """Everything that is open, and where all requests of the journal stand."""

    requests: int
    groups: tuple[Count, ...]
    payers: tuple[PayerRow, ...]
    queue: tuple[QueueRow, ...]
    open: int
    need_person: int
    in_our_hands: int
    """New or waiting, and no person's: PriorBot will go on with them by itself."""
    awaited: int
    """The payer has them and has not decided."""
    overdue: int
    """Of these, past the payer's deadline."""
    due_in_a_day: int
    """Of these, due within 24 hours."""
    matters: tuple[Matter, ...]
    more_matters: int
    due_days: tuple[DueDay, ...]
    deadlines: tuple[Deadline, ...]
    more_deadlines: int
    practice_late: int
    """Not sent yet and past a deadline of our own."""
    units: tuple[UnitsLine, ...]
    more_units: int
    units_pressing: int
    """Lines of units with a warning (`jobs.units_pace`): used up, 90 % used, running out or ending within 30 days."""


class Now:
    """Takes in one snapshot after the other; keeps counts and the lines that may be shown."""

    def __init__(self, now: datetime, zone: ZoneInfo, act_by: ActBy, units: UnitsTimes) -> None:
        self._now, self._zone, self._act_by, self._times = now, zone, act_by, units
        self._today = now.astimezone(zone).date()
        self._statuses: Counter[Status] = Counter()
        self._payers: dict[Payer, Counter[str]] = {}
        self._queue: dict[Status, list[int]] = {}
        self._tasks: list[Task] = []
        self._ours = 0
        self._due: dict[str, Counter[str]] = {}
        self._deadlines: list[Deadline] = []
        self._units: list[UnitsLine] = []

    def add(self, snapshot: Snapshot) -> None:
        status = snapshot.status
        self._statuses[status] += 1
        self._payers.setdefault(snapshot.request.payer, Counter())[GROUP_OF[status].key] += 1
        task = find_task(snapshot)
        if task:
            self._tasks.append(task)
        elif status in (Status.NEW, Status.WAITING):
            self._ours += 1
        if task or status in _OPEN:
            age = self._now - snapshot.accepted_at
            column = next(number for number, (_, below) in enumerate(AGES) if age < below)
            self._queue.setdefault(status, [0] * len(AGES))[column] += 1
        if deadline := self._deadline(snapshot):
            self._deadlines.append(deadline)
        if snapshot.units:
            times = self._times.get(snapshot.request.request_id, (snapshot.units,))
            self._units += units_lines(snapshot, times, self._today)

    def result(self) -> Standing:
        theirs = [line for line in self._deadlines if line.whose == "payer"]
        ours = [line for line in self._deadlines if line.whose == "practice"]
        matters = list(_matters(self._tasks))
        units = nsmallest(MOST_UNITS, self._units, key=lambda line: (line.rank, line.request_id, line.service_code))
        return Standing(
            requests=self._statuses.total(),
            groups=tuple(
                Count(label=group.label, count=sum(self._statuses[status] for status in group.statuses)) for group in GROUPS
            ),
            payers=tuple(
                PayerRow(
                    payer=payer, name=PAYER_NAMES[payer], counts=tuple(found[group.key] for group in GROUPS), count=found.total()
                )
                for payer, found in sorted(self._payers.items())
            ),
            queue=self._rows(),
            open=sum(map(sum, self._queue.values())),
            need_person=len(self._tasks),
            in_our_hands=self._ours,
            awaited=sum(self._statuses[status] for status in AWAITED),
            overdue=sum(line.due <= self._now for line in theirs),
            due_in_a_day=sum(self._now < line.due <= self._now + timedelta(days=1) for line in theirs),
            matters=tuple(matters[:MOST_MATTERS]),
            more_matters=max(0, len(matters) - MOST_MATTERS),
            due_days=self._due_days(),
            deadlines=tuple(nsmallest(MOST_DEADLINES, self._deadlines, key=lambda line: (line.due, line.request_id))),
            more_deadlines=max(0, len(self._deadlines) - MOST_DEADLINES),
            practice_late=sum(line.due <= self._now for line in ours),
            units=tuple(units),
            more_units=max(0, len(self._units) - MOST_UNITS),
            units_pressing=sum(line.level != "calm" for line in self._units),
        )

    def _rows(self) -> tuple[QueueRow, ...]:
        order = [status for group in GROUPS for status in sorted(group.statuses)]
        return tuple(
            QueueRow(status=status, group=GROUP_OF[status].key, ages=tuple(ages), count=sum(ages))
            for status in order
            if (ages := self._queue.get(status))
        )

    def _deadline(self, snapshot: Snapshot) -> Deadline | None:
        """None for what is decided, or has no deadline."""
        request, used = snapshot.request, None
        if snapshot.status in AWAITED:
            whose, due = "payer", snapshot.decision_due
            since = snapshot.submitted_at or snapshot.accepted_at
            if due is not None:
                used = 100 * (self._now - since) / max(due - since, timedelta(seconds=1))
                used = 100.0 if due <= self._now else round(min(100.0, max(0.0, used)), 1)
        elif snapshot.status in _UNSENT and not snapshot.receipt:
            whose, due = "practice", self._act_by(request)
        else:
            return None
        if due is None:
            return None
        self._due.setdefault(self._day_of(due), Counter())[whose] += 1
        return Deadline(
            request_id=request.request_id,
            member=masked(request.member.id),
            payer=request.payer,
            portal=snapshot.receipt.portal if snapshot.receipt else (snapshot.route.portal if snapshot.route else ""),
            status=snapshot.status,
            whose=whose,
            due=due,
            used=used,
        )

    def _day_of(self, due: datetime) -> str:
        if due <= self._now:
            return "overdue"
        return _name((due.astimezone(self._zone).date()), self._today)

    def _due_days(self) -> tuple[DueDay, ...]:
        days = (_name(self._today + timedelta(days=number), self._today) for number in range(_DAYS_AHEAD + 1))
        found = self._due
        return tuple(
            DueDay(label=label, payer=found.get(label, Counter())["payer"], practice=found.get(label, Counter())["practice"])
            for label in ("overdue", *days)
        )


def _name(day: date, today: date) -> str:
    if day == today:
        return "today"
    return f"{day:%a} {day.day}" if day < today + timedelta(days=_DAYS_AHEAD) else "later"


def _matters(tasks: list[Task]) -> Iterator[Matter]:
    alike: dict[tuple[str, ...], list[Task]] = {}
    for task in sort_tasks(tasks):
        alike.setdefault((task.status, task.payer, task.portal, task.why, task.next_action), []).append(task)
    for group in alike.values():
        yield Matter(
            first=group[0],
            count=len(group),
            request_ids=tuple(task.request_id for task in group[:MOST_IDS]),
            urgent=tuple(task.request_id for task in group[:MOST_IDS] if task.urgency != "standard"),
        )
