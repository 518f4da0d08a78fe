"""Tables for terminals. Request ids and words of state only, and masked member ids: a terminal is looked at over shoulders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table
from rich.text import Text

from bots.model import Status
from jobs.ledger import ledger_rows
from jobs.questions import NotTold
from jobs.report import GROUPS

if TYPE_CHECKING:
    from bots.check_report import PartSeen
    from bots.eligibility import BenefitLimit, Eligibility
    from jobs.attention import Task
    from jobs.coverage import Told
    from jobs.doctor import Check
    from jobs.events import Event
    from jobs.intake import RejectedRow
    from jobs.office import Outcome
    from jobs.report import PortalLine
    from jobs.state import Route, Snapshot

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


def requests_table(snapshots: Iterable[Snapshot], title: str = "Requests") -> Table:
    """With a column for coverage where any of them was asked about it."""
    shown = list(snapshots)
    coverage = [_coverage_cell(each) for each in shown]
    more = ["coverage"] if any(coverage) else []
    made = table(title, "request", "payer", "portal", "status", "reference", "authorization", "due", *more, "next")
    for snapshot, told in zip(shown, coverage, strict=True):
        row = ledger_rows(snapshot)[0]
        made.add_row(
            *(row.request_id, row.payer, row.portal, status_text(snapshot.status), row.reference_no, row.authorization_no),
            *(row.decision_due[:16].replace("T", " "), *([told] if more else []), row.next_action),
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


def units_table(snapshots: Iterable[Snapshot]) -> Table:
    numbers = ("asked", "approved", "used", "left")
    made = table("Units", "request", "code", *numbers, "as of", "valid to", right=numbers)
    for snapshot in snapshots:
        for row in ledger_rows(snapshot):
            made.add_row(
                *(row.request_id, row.service_code, row.units_requested, row.units_approved, row.units_used),
                *(row.units_remaining, row.units_as_of, row.valid_to),
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


def history_table(request_id: str, events: Iterable[Event]) -> Table:
    """What happened to one request, oldest first, without what was in it."""
    from jobs.events import kind_of

    made = table(f"History of {request_id}", "no.", "when (UTC)", "what", "status", "reason", right=("no.",))
    for event in events:
        standing, said = getattr(event.body, "standing", None), getattr(event.body, "said", None)
        reason = coverage_text(said) if said else getattr(event.body, "reason", "")
        status = standing.status if standing else getattr(event.body, "status", None)
        made.add_row(
            *(str(event.seq), f"{event.at:%Y-%m-%d %H:%M:%S}", kind_of(event.body).replace("_", " ")),
            *(status_text(status) if status else "", (standing.reason if standing else "") or reason),
        )
    return made


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
