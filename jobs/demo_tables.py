"""What the demo shows on the screen besides the product's own tables: counts and request ids, nothing of a person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.table import Table

from bots.model import Status
from jobs.attention import find_task
from jobs.state import GRANTED, Decision, Snapshot
from jobs.tables import table

if TYPE_CHECKING:
    from jobs.home import Home

_REFUSED = (Status.REJECTED, Status.NOT_ELIGIBLE, Status.DUPLICATE)
_WITH_PAYER = (Status.SUBMITTED, Status.PENDED_REVIEW, Status.PENDED_CLINICAL)


def destinations_table(snapshots: Iterable[Snapshot]) -> Table:
    ways = Counter(
        (one.route.decision.replace("_", " "), one.route.portal or one.route.number) for one in snapshots if one.route is not None
    )
    made = table("Where requests go", "way", "to", "requests", right=("requests",))
    for (way, to), count in ways.most_common():
        made.add_row(way, to, str(count))
    return made


def answers_table(snapshots: Iterable[Snapshot]) -> Table:
    """By portal: what was sent to it, and how that ended."""
    columns = ("handed over to it", "accepted", "not required", "refused", "a person's", "waits")
    counts: dict[str, Counter[str]] = {}
    for one in snapshots:
        slug = _asked(one)
        if slug:
            kind = _ending(one)
            counts.setdefault(slug, Counter())[kind] += 1
            counts[slug][columns[0]] += bool(one.route and one.route.redirected_from)
    made = table("What the portals made of them", "portal", *columns, right=columns)
    for slug in sorted(counts):
        made.add_row(slug, *(str(counts[slug][name] or "") for name in columns))
    return made


def _asked(one: Snapshot) -> str:
    """The portal that was asked last; "" where none was."""
    if one.route is None:
        return ""
    return one.route.said.portal if one.route.said is not None else one.route.portal


def _ending(one: Snapshot) -> str:
    if one.receipt is not None:
        return "accepted"
    if one.status is Status.NOT_REQUIRED:
        return "not required"
    if one.status in _REFUSED:
        return "refused"
    return "waits" if one.status is Status.WAITING else "a person's"


def to_be_seen(snapshots: Sequence[Snapshot], twins: Collection[str], typed: int) -> Iterator[str]:
    """What is worth a look among the requests just submitted. ``twins``: member ids; ``typed``: codes that were typed."""
    over: dict[tuple[str, str], list[str]] = {}
    for one in snapshots:
        route, request_id = one.route, one.request.request_id
        if route is None:
            continue
        if route.redirected_from and one.receipt is not None:
            over.setdefault((route.redirected_from, route.portal), []).append(request_id)
        if route.said is not None and not route.said.required:
            said = f"{request_id}: {route.said.portal} itself says that no authorization is required"
            yield f"{said}; its page is kept, encrypted, in receipts/"
        if one.error_code == "phone_by_hand" and route.decision is Decision.PORTAL:
            yield f"{request_id}: {route.portal} leads to a plan that only takes it by telephone. {one.next_action}"
    for (sender, to), ids in over.items():
        yield f"{', '.join(ids)}: {sender} handed over to {to} in the middle of its pages; sent there, each once."
    pairs = [one.request.request_id for one in snapshots if one.receipt is not None and _bare(one) in twins]
    if pairs:
        yield f"{', '.join(pairs)}: each for one of twins, who share last name and birth date; the right one was found."
    told = [one.coverage for one in snapshots if one.coverage is not None]
    if told:
        ended = sum(not coverage.is_active for coverage in told)
        limits = sum(bool(coverage.limits) for coverage in told)
        yield (
            f"{told[0].portal} was asked beside the work what {len(told)} requests' members are covered for: {ended} not covered "
            f"on the day, {limits} with limits of their service. Its pages are kept with the requests."
        )
    if typed:
        yield f"Codes that a portal sent by e-mail: {typed}, typed by the demo, as you would with: priorbot portal code"


def _bare(one: Snapshot) -> str:
    from bots.member_ids import bare_id

    return bare_id(one.request)


def happened_table(snapshots: Sequence[Snapshot], rows: int) -> Table:
    count = Counter(one.status for one in snapshots)
    made = table("What happened", "", "count", right=("count",))
    for what, number in (
        ("rows in the files", rows),
        ("requests taken", len(snapshots)),
        ("accepted by portals, each once", sum(one.receipt is not None for one in snapshots)),
        ("approved, in full or in part", sum(count[status] for status in GRANTED)),
        ("denied", count[Status.DENIED]),
        ("still with the payer", sum(count[status] for status in _WITH_PAYER)),
        ("not required, by the payers' rules or a portal's own word", count[Status.NOT_REQUIRED]),
        ("wait for a person, with one next action each", sum(find_task(one) is not None for one in snapshots)),
    ):
        made.add_row(what, str(number))
    return made


def files_table(home: Home) -> Table:
    made = table("Where it is", "file", "what it is")
    for path, what in (
        (home.report_html, "the report: open it in a browser"),
        (home.ledger_csv, "the ledger, one row per service line"),
        (home.ledger_xlsx, "the same for a spreadsheet"),
        (home.exceptions_csv, "where ledger and portals disagree"),
        (home.rejects, "the bad rows with their reasons, to be corrected"),
        (home.logs, "the log, without anything of a patient"),
    ):
        made.add_row(str(path), what)
    return made


def agreement_table(snapshots: Iterable[Snapshot], truth: Iterable[Mapping[str, Any]]) -> Table:
    """How many requests of each portal stand in the journal, and how many its world accepted."""
    ours = Counter(one.receipt.portal for one in snapshots if one.receipt is not None)
    theirs = Counter(str(one["portal"]) for one in truth)
    made = table("Accepted", "portal", "journal", "world", right=("journal", "world"))
    for slug in sorted(ours.keys() | theirs.keys()):
        made.add_row(slug, str(ours[slug]), str(theirs[slug]))
    return made
