"""``report.html``: one self-contained page that says where requests stand and what a person must do today.

No script, nothing from outside, no names; member ids are masked to their last three characters. Charts are inline SVG and
plain bars, so that paper and phone show them too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bots.model import Frozen, Payer, Status
from jobs.attention import Task, find_task, masked, sort_tasks
from jobs.ledger import ledger_rows
from jobs.state import AWAITED, DECIDED, GRANTED, TAKEN_BACK, Snapshot

MOST_DEADLINES = 12
MOST_UNITS = 12
MOST_MATTERS = 60
MOST_IDS = 12


class Group(Frozen):
    """Statuses that mean the same to a reader, with their colour class in the template."""

    key: str
    label: str
    statuses: frozenset[Status]


GROUPS = (
    Group(key="granted", label="Approved", statuses=GRANTED),
    Group(key="payer", label="With the payer", statuses=AWAITED - {Status.CONTACT_PAYER, Status.UNKNOWN, Status.PENDED_CLINICAL}),
    Group(key="ours", label="In our hands", statuses=frozenset({Status.NEW, Status.WAITING})),
    Group(
        key="person",
        label="Needs a person",
        statuses=frozenset(
            {
                Status.NEEDS_PERSON,
                Status.UNCERTAIN,
                Status.PENDED_CLINICAL,
                Status.CONTACT_PAYER,
                Status.UNKNOWN,
                Status.NOT_ELIGIBLE,
            }
        ),
    ),
    Group(key="refused", label="Denied or rejected", statuses=frozenset({Status.DENIED, Status.REJECTED})),
    Group(key="ended", label="Ended without", statuses=TAKEN_BACK | {Status.NOT_REQUIRED, Status.EXPIRED}),
)
"""Every status stands in exactly one group (a test holds it)."""
_GROUP_OF = {status: group for group in GROUPS for status in group.statuses}
PAYER_NAMES = {
    Payer.HUSKY: "HUSKY Health",
    Payer.CAREPARTNERS: "CarePartners of Connecticut",
    Payer.BCBSMA: "Blue Cross Blue Shield of MA",
}


class PortalLine(Frozen):
    """A portal as the report shows it. ``state``: on, down, disabled, no_bot or not_set_up."""

    slug: str
    state: str
    sentence: str = ""
    accounts: int = 0


class Bar(Frozen):
    """One bar: ``share`` of the longest (or of the whole), 0 to 100."""

    label: str
    count: int
    share: float
    group: str = ""


class Deadline(Frozen):
    """An open case against its decision deadline. ``elapsed`` is the share of the allowed time, 0 to 100."""

    request_id: str
    member: str
    portal: str
    status: Status
    due: datetime
    elapsed: float
    left: str
    level: str


class UnitsLine(Frozen):
    """Units of one authorized line. ``share`` is used of approved, 0 to 100."""

    request_id: str
    member: str
    service_code: str
    approved: str
    used: str
    as_of: str
    valid_to: str
    share: float
    level: str


class Matter(Frozen):
    """One matter for a person: requests that stand alike for the same reason. ``first`` is the most urgent of them."""

    first: Task
    tasks: tuple[Task, ...]


class PayerLine(Frozen):
    """One payer's requests by group, in the order of `GROUPS`."""

    name: str
    total: int
    counts: tuple[int, ...]


class ReportData(Frozen):
    """All numbers of one report, before any drawing."""

    total: int
    groups: tuple[Bar, ...]
    statuses: tuple[Bar, ...]
    ages: tuple[Bar, ...]
    deadlines: tuple[Deadline, ...]
    more_deadlines: int
    units: tuple[UnitsLine, ...]
    more_units: int
    tasks: int
    matters: tuple[Matter, ...]
    more_matters: int
    payers: tuple[PayerLine, ...]
    approved_share: int | None
    awaited: int
    overdue: int


_AGES = (
    ("overdue", timedelta(0), "late"),
    ("0–12 h", timedelta(hours=12), "soon"),
    ("12–24 h", timedelta(hours=24), "soon"),
    ("1–2 days", timedelta(days=2), "calm"),
    ("2–4 days", timedelta(days=4), "calm"),
    ("4 days +", timedelta.max, "calm"),
)


def collect(snapshots: Iterable[Snapshot], now: datetime) -> ReportData:
    """Reads the journal's requests once; keeps counts, and the few lines that the report shows."""
    statuses: Counter[Status] = Counter()
    payers: dict[Payer, Counter[str]] = {}
    tasks: list[Task] = []
    deadlines: list[Deadline] = []
    units: list[UnitsLine] = []
    for snapshot in snapshots:
        statuses[snapshot.status] += 1
        payers.setdefault(snapshot.request.payer, Counter())[_GROUP_OF[snapshot.status].key] += 1
        if task := find_task(snapshot):
            tasks.append(task)
        if deadline := _deadline(snapshot, now):
            deadlines.append(deadline)
        units += _units(snapshot)
    deadlines.sort(key=lambda line: (line.due, line.request_id))
    units.sort(key=lambda line: (-line.share, line.request_id))
    matters = _matters(tasks)
    decided = sum(statuses[status] for status in DECIDED)
    return ReportData(
        total=statuses.total(),
        groups=_groups(statuses),
        statuses=_statuses(statuses),
        ages=_ages(deadlines, now),
        deadlines=tuple(deadlines[:MOST_DEADLINES]),
        more_deadlines=max(0, len(deadlines) - MOST_DEADLINES),
        units=tuple(units[:MOST_UNITS]),
        more_units=max(0, len(units) - MOST_UNITS),
        tasks=len(tasks),
        matters=tuple(matters[:MOST_MATTERS]),
        more_matters=max(0, len(matters) - MOST_MATTERS),
        payers=tuple(
            PayerLine(name=PAYER_NAMES[payer], total=count.total(), counts=tuple(count[group.key] for group in GROUPS))
            for payer, count in sorted(payers.items())
        ),
        approved_share=round(100 * sum(statuses[status] for status in GRANTED) / decided) if decided else None,
        awaited=sum(statuses[status] for status in AWAITED),
        overdue=sum(line.level == "late" for line in deadlines),
    )


def render(data: ReportData, *, practice: str, now: datetime, zone: ZoneInfo, portals: Sequence[PortalLine]) -> bytes:
    """The page as UTF-8 bytes. Times are shown in the practice's ``zone``."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("jobs"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["when"] = lambda at: f"{at.astimezone(zone):%a %d %b, %H:%M}" if at else "–"
    environment.filters["words"] = lambda text: str(text).replace("_", " ")
    page = environment.get_template("report.html.j2").render(
        data=data,
        groups=GROUPS,
        portals=portals,
        most_ids=MOST_IDS,
        practice=practice or "Your practice",
        now=now,
        made=f"{now.astimezone(zone):%A %d %B %Y, %H:%M %Z}",
    )
    return page.encode()


def _groups(statuses: Counter[Status]) -> tuple[Bar, ...]:
    total = statuses.total() or 1
    counts = [(group, sum(statuses[status] for status in group.statuses)) for group in GROUPS]
    return tuple(Bar(label=group.label, count=count, share=100 * count / total, group=group.key) for group, count in counts)


def _statuses(statuses: Counter[Status]) -> tuple[Bar, ...]:
    longest = max(statuses.values(), default=1)
    order = [group.key for group in GROUPS]
    bars = [
        Bar(label=status.replace("_", " "), count=count, share=100 * count / longest, group=_GROUP_OF[status].key)
        for status, count in statuses.items()
    ]
    return tuple(sorted(bars, key=lambda bar: (order.index(bar.group), -bar.count, bar.label)))


def _matters(tasks: Iterable[Task]) -> list[Matter]:
    alike: dict[tuple[str, ...], list[Task]] = {}
    for task in sort_tasks(tasks):
        alike.setdefault((task.status, task.payer, task.portal, task.why, task.next_action), []).append(task)
    return [Matter(first=group[0], tasks=tuple(group)) for group in alike.values()]


def _deadline(snapshot: Snapshot, now: datetime) -> Deadline | None:
    """None for what the payer does not have, has decided, or has no deadline for."""
    due, since = snapshot.decision_due, snapshot.submitted_at or snapshot.accepted_at
    if due is None or snapshot.status not in AWAITED:
        return None
    left = due - now
    share = 100.0 if left <= timedelta(0) else 100 * (now - since) / max(due - since, timedelta(seconds=1))
    return Deadline(
        request_id=snapshot.request.request_id,
        member=masked(snapshot.request.member.id),
        portal=snapshot.receipt.portal if snapshot.receipt else "",
        status=snapshot.status,
        due=due,
        elapsed=min(100.0, max(0.0, share)),
        left=f"{_span(-left)} late" if left < timedelta(0) else f"{_span(left)} left",
        level=_age(left)[2],
    )


def _age(left: timedelta) -> tuple[str, timedelta, str]:
    return next(age for age in _AGES if left < age[1])


def _ages(deadlines: Sequence[Deadline], now: datetime) -> tuple[Bar, ...]:
    counts = Counter(_age(line.due - now)[0] for line in deadlines)
    longest = max(counts.values(), default=1)
    return tuple(
        Bar(label=label, count=counts[label], share=100 * counts[label] / longest, group=level) for label, _, level in _AGES
    )


def _span(time: timedelta) -> str:
    hours = int(time.total_seconds() // 3600)
    if hours < 1:
        return f"{int(time.total_seconds() // 60)} min"
    return f"{hours} h" if hours < 48 else f"{hours // 24} days"


def _units(snapshot: Snapshot) -> list[UnitsLine]:
    if not snapshot.units:
        return []
    lines = []
    for row in ledger_rows(snapshot):
        if not row.units_used or not row.units_approved:
            continue
        approved, used = float(row.units_approved), float(row.units_used)
        share = 100 * used / approved if approved > 0 else 100.0
        lines.append(
            UnitsLine(
                request_id=row.request_id,
                member=masked(row.member_id),
                service_code=row.service_code,
                approved=row.units_approved,
                used=row.units_used,
                as_of=row.units_as_of,
                valid_to=row.valid_to,
                share=min(100.0, max(0.0, share)),
                level="late" if share > 100 else ("soon" if share >= 90 else "calm"),
            )
        )
    return lines
