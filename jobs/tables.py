"""Tables for terminals. Request ids and words of state only, and masked member ids: a terminal is looked at over shoulders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table
from rich.text import Text

from bots.model import Status
from jobs.ledger import amount, day, ledger_rows
from jobs.questions import NotTold
from jobs.reporting.groups import GROUPS

if TYPE_CHECKING:
    from datetime import datetime, timedelta
    from zoneinfo import ZoneInfo

    from bots.check_report import PartSeen
    from bots.eligibility import BenefitLimit, Eligibility
    from jobs.attention import Task
    from jobs.coverage import Told
    from jobs.doctor import Check
    from jobs.intake import RejectedRow
    from jobs.ledger_history import Step
    from jobs.office import Outcome
    from jobs.phone import CallSheet
    from jobs.reporting.portals import PortalLine
    from jobs.state import Route, Snapshot
    from jobs.units_watch import LinePace
    from jobs.uptime import Outage, Uptime

_COLOURS = {
    "granted": "green",
    "payer": "cyan",
    "ours": "bright_black",
    "person": "yellow",
    "refused": "red",
    "ended": "bright_black",
}
_STYLE = {status: _COLOURS[group.key] for group in GROUPS for status in group.statuses}


def table(title: str, *columns: str, right: Sequence[str] = ()) -> Table:
    """An empty table in the house style; columns named in ``right`` hold numbers."""
    made = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for name in columns:
        made.add_column(name, justify="right" if name in right else "left", overflow="fold")
    return made


def status_text(status: Status) -> Text:
    return Text(status.value.replace("_", " "), style=_STYLE[status])


def problems_table(rejected: Iterable[RejectedRow]) -> Table:
    """Refused rows by row and column, with the reason."""
    made = table("Rows that were not taken", "row", "request", "column", "reason", right=("row",))
    for row in rejected:
        made.add_row(str(row.row), row.request_id or "–", row.column or "the row", row.reason)
    return made


def routes_table(routes: Sequence[Route], said_by: Sequence[str] = ()) -> Table:
    """``said_by``: who answered each, where portals were asked."""
    from jobs.routing import route_as_json

    columns = ["request", "goes", "to", "while it is down", "rules", "why", *(["answer of"] if said_by else [])]
    made = table("Where requests go", *columns)
    for place, route in enumerate(routes):
        way = route.fallback
        down = (
            ""
            if way is None
            else f"{way.decision} {way.number}".strip() + (f" after {way.wait_hours} h" if way.wait_hours else "")
        )
        made.add_row(
            *(route.request_id, route.decision.replace("_", " "), route.portal or route.number, down),
            *(", ".join(route_as_json(route)["rule_ids"]), route.reason),
            *said_by[place : place + 1],
        )
    return made


def requests_table(snapshots: Iterable[Snapshot], zone: ZoneInfo, title: str = "Requests") -> Table:
    """With a column for coverage where any of them was asked about it. Times are told in ``zone``, the practice's."""
    shown = list(snapshots)
    coverage = [_coverage_cell(each) for each in shown]
    more = ["coverage"] if any(coverage) else []
    made = table(title, "request", "payer", "portal", "status", "reference", "authorization", "due", *more, "next")
    for snapshot, told in zip(shown, coverage, strict=True):
        row = ledger_rows(snapshot)[0]
        made.add_row(
            *(row.request_id, row.payer, row.portal, status_text(snapshot.status), row.reference_no, row.authorization_no),
            *(
                f"{snapshot.decision_due.astimezone(zone):%Y-%m-%d %H:%M}" if snapshot.decision_due else "",
                *([told] if more else []),
                row.next_action,
            ),
        )
    return made


def _coverage_cell(snapshot: Snapshot) -> str:
    if snapshot.coverage is not None:
        return coverage_text(snapshot.coverage)
    return "not told" if snapshot.coverage_missing else ""


def read_back_table(outcome: Outcome) -> Table:
    """A dry run's review page, field by field; for the eyes of whoever asked for it."""
    made = table(f"{outcome.request_id} on {outcome.portal}", "field", "the portal would send")
    for name, value in outcome.shown.fields.items() if outcome.shown else ():
        made.add_row(name.replace("_", " "), value)
    if outcome.shown is None:
        made.add_row(Text("not ready", "red"), outcome.reason or outcome.error_code)
    return made


def units_table(lines: Iterable[LinePace]) -> Table:
    """Units in their own kind, and how they go."""
    numbers = ("approved", "used", "left", "a week")
    made = table("Units", "request", "code", "kind", *numbers, "as of", "runs out", "valid to", "", right=numbers)
    for line in lines:
        now = line.pace
        told = ", ".join(word.replace("_", " ") for word in now.warnings)
        made.add_row(
            *(line.request_id, line.service_code, now.unit_type.value),
            *map(amount, (now.approved, now.used, now.remaining, now.per_week)),
            *map(day, (now.as_of, now.runs_out, now.valid_to)),
            Text(told, "yellow") if told else Text(now.note, "bright_black"),
        )
    return made


def coverage_text(said: Eligibility) -> str:
    """Coverage and the first limit (in network) in a few words."""
    what = "active" if said.is_active else "not active"
    left = "; ".join(f"{limit.remaining} of {limit.limit} {limit.unit} left" for limit in said.limits[:1])
    return f"{what} on {said.service_date}" + (f"; {said.service_type}: {left}" if left else "")


def coverage_table(told: Iterable[Told]) -> Table:
    """One row for each limit, in network first."""
    about = ("request", "portal", "day", "coverage", "from", "to", "service", "copay")
    numbers = ("limit", "used", "left")
    made = table("Coverage and limits", *about, "network", *numbers, "unit", "as of", right=numbers)
    for one in told:
        said = one.answer
        if isinstance(said, NotTold):
            made.add_row(one.request_id, one.portal or "–", "", Text("not told", "yellow"), *[""] * 3, said.sentence)
            continue
        word = Text("active", "green") if said.is_active else Text("not active", "red")
        days = (str(day) if day else "" for day in (said.from_date, said.to_date))
        first: list[str | Text] = [one.request_id, one.portal, str(said.service_date), word, *days, said.service_type, said.copay]
        made.add_row(*first, *(_limit_cells(said.limits[0]) if said.limits else ()))
        for limit in said.limits[1:]:
            made.add_row(*[""] * len(first), *_limit_cells(limit))
    return made


def _limit_cells(limit: BenefitLimit) -> tuple[str, ...]:
    network = "in" if limit.in_network else "out"
    return network, str(limit.limit), str(limit.used), str(limit.remaining), limit.unit, str(limit.as_of)


def queue_table(tasks: Iterable[Task]) -> Table:
    made = table("What waits for a person", "request", "urgency", "portal", "status", "why", "next")
    for task in tasks:
        made.add_row(
            task.request_id, task.urgency, task.portal, status_text(task.status), task.why, Text(task.next_action, "bold")
        )
    return made


def waiting_letters_table(letters: Iterable[Mapping[str, object]]) -> Table:
    made = table("Letters by fax that wait for a person", "letter", "payer", "request", "why", "next")
    for letter in letters:
        shown = (str(letter[column]) for column in ("letter_id", "payer", "request_id", "why"))
        made.add_row(*shown, Text(str(letter["next_action"]), "bold"))
    return made


def exceptions_table(rows: Iterable[Mapping[Hashable, str]]) -> Table:
    styles = {"error": "red", "warning": "yellow"}
    made = table("Where ledger and portals disagree", "", "kind", "request", "portal", "reference", "what", "next", "who")
    for row in rows:
        made.add_row(
            *(
                Text(row["severity"], styles.get(row["severity"], "")),
                row["kind"].replace("_", " "),
                row["request_id"],
                row["portal"],
            ),
            *(row["reference_no"], row["what"], row["next_action"], row["owner"]),
        )
    return made


def calls_table(calls: Iterable[CallSheet]) -> Table:
    made = table("Calls to make", "request", "urgency", "call", "when", "what to say", "what to write down")
    for call in calls:
        number = Text.assemble((call.number, "bold"), f"\n{call.desk}\n{call.hours}")
        made.add_row(call.request_id, call.urgency, number, Text(call.when, "bold"), call.say, call.write_down)
    return made


def uptime_table(lines: Iterable[Uptime], days: int) -> Table:
    made = table(f"Portals in the last {days} days", "portal", "up", "outages", "down", "longest", right=("up", "outages"))
    for line in lines:
        made.add_row(line.portal, f"{line.share:.2%}", str(line.outages), duration_text(line.down), duration_text(line.longest))
    return made


def outages_table(found: Iterable[Outage], now: datetime) -> Table:
    made = table("Outages (UTC)", "portal", "down since", "until", "for", "probes", "why", right=("probes",))
    for one in found:
        until = f"{one.until:%Y-%m-%d %H:%M}" if one.until else Text("still down", "bold red")
        why = "its own banner" if one.banner else one.error_code.replace("_", " ")
        made.add_row(one.portal, f"{one.since:%Y-%m-%d %H:%M}", until, duration_text(one.length(now)), str(one.probes), why)
    return made


def duration_text(length: timedelta) -> str:
    """For people: ``30 s``, ``12 min``, ``16.2 h``, ``98 days``; a dash for none."""
    seconds = length.total_seconds()
    if seconds <= 0:
        return "–"
    for unit, name, places in ((86400, "days", 1), (3600, "h", 1), (60, "min", 0)):
        if seconds >= 2 * unit:
            return f"{seconds / unit:.{places}f} {name}"
    return f"{seconds:.0f} s"


def portals_table(lines: Iterable[PortalLine]) -> Table:
    styles = {"on": "green", "down": "red", "disabled": "red"}
    made = table("Portals", "portal", "state", "accounts", "note", right=("accounts",))
    for line in lines:
        state = Text(line.state.replace("_", " "), style=styles.get(line.state, "bright_black"))
        made.add_row(line.slug, state, str(line.accounts or ""), line.sentence)
    return made


def checks_table(checks: Iterable[Check]) -> Table:
    styles = {"ok": "green", "warn": "yellow", "fail": "red"}
    made = table("Is everything in place?", "", "check", "")
    for check in checks:
        made.add_row(Text(str(check.state), style=styles.get(str(check.state), "")), check.name, check.sentence)
    return made


def parts_table(parts: Iterable[PartSeen]) -> Table:
    """How the parts of a portal's pages are found; what is as ever, or was not reached, is only counted."""
    styles = {"found_later": "yellow", "missing": "bold red", "ambiguous": "bold red"}
    made = table("Pages", "page", "part", "", "")
    states = Counter[str]()
    for part in parts:
        states[part.state] += 1
        if str(part.state) in styles:
            what = part.what or f"by mark {part.candidate + 1}"
            made.add_row(part.page, part.key, Text(part.state.replace("_", " "), style=styles[part.state]), what)
    made.caption = ", ".join(f"{count} {state.replace('_', ' ')}" for state, count in states.most_common())
    return made


def history_table(request_id: str, steps: Iterable[Step]) -> Table:
    """What happened to one request, oldest first, where it came from, and what it changed in the ledger."""
    from jobs.events import kind_of

    made = table(
        f"History of {request_id}", "no.", "when (UTC)", "what", "from", "status", "changed in the ledger", right=("no.",)
    )
    for step in steps:
        event = step.event
        standing, said = getattr(event.body, "standing", None), getattr(event.body, "said", None)
        status = standing.status if standing else getattr(event.body, "status", None)
        told = [coverage_text(said) if said else getattr(event.body, "reason", "")]
        made.add_row(
            *(str(event.seq), f"{event.at:%Y-%m-%d %H:%M:%S}", kind_of(event.body).replace("_", " "), step.source),
            *(status_text(status) if status else "", "\n".join(filter(None, [*told, *_change_lines(step)]))),
        )
    return made


def _change_lines(step: Step) -> Iterable[str]:
    """The cells that changed; of the first event only that there are rows now, because it fills them all."""
    if step.event.body.__class__.__name__ in ("Accepted", "Corrected"):
        return [f"line {number}: new" for number in sorted({change.line for change in step.changes})]
    several = len({change.line for change in step.changes}) > 1
    return [
        f"{f'{change.service_code} ' if several else ''}{change.column}: {change.before or '–'} → {change.after or '–'}"
        for change in step.changes
    ]


def counts_table(snapshots: Iterable[Snapshot]) -> Table:
    """Requests by status, in the report's order."""
    counts = Counter(snapshot.status for snapshot in snapshots)
    made = table("Where requests stand", "status", "requests", right=("requests",))
    for group in GROUPS:
        for status in sorted(group.statuses):
            if counts[status]:
                made.add_row(status_text(status), str(counts[status]))
    made.add_section()
    made.add_row(Text("all", "bold"), Text(str(counts.total()), "bold"))
    return made
