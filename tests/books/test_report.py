"""The report: one self-contained page without names, with what a person must do today."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bots.model import LineReading, Member, Payer, Status, Urgency
from jobs.attention import find_task, masked, sort_tasks, without_person
from jobs.report import GROUPS, MOST_DEADLINES, PortalLine, collect, render
from jobs.state import Snapshot

ZONE = ZoneInfo("America/New_York")
CANARIES = ("Zzcanaryson", "Qwertha", "001234567", "1980", "05/17")


def page(build: Any, *snapshots: Snapshot, portals: tuple[PortalLine, ...] = ()) -> str:
    return render(collect(snapshots, build.now), practice="Sample <Practice>", now=build.now, zone=ZONE, portals=portals).decode()


@pytest.fixture
def busy(build: Any) -> list[Snapshot]:
    """One of each status, with everything that a snapshot can hold."""
    found = []
    for number, status in enumerate(Status):
        reading = build.reading(
            status,
            LineReading(service_code="E0114", units_approved=Decimal(2), status=status, status_raw="W"),
            status_reason="Qwertha ZZCANARYSON (id 001234567, born 5/17/1980) was not found",
            valid_to=date(2026, 5, 31),
        )
        units = (build.units(approved=Decimal(10), used=Decimal(number)),)
        found.append(build.submitted(f"R-{number:03d}", status, reading=reading, units=units))
    return found


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_the_page_needs_nothing_from_outside(build: Any, busy: list[Snapshot]) -> None:
    html = page(build, *busy)
    tags = Tags()
    tags.feed(html)
    assert {"script", "link", "img", "iframe", "object", "a", "form", "base"} & {tag for tag, _ in tags.found} == set()
    assert {"src", "href", "srcset", "xlink:href", "onload", "onclick"} & {
        name for _, attrs in tags.found for name in attrs
    } == set()
    assert "url(" not in html
    assert "@import" not in html
    assert "http" not in html.replace("http-equiv", "")


def test_no_member_stands_on_the_page_but_masked(build: Any, busy: list[Snapshot]) -> None:
    html = page(build, *busy)
    for canary in CANARIES:
        assert canary.lower() not in html.lower()
    assert "•••567" in html


def test_title_practice_and_time_are_told(build: Any) -> None:
    html = page(build)
    assert "<h1>Prior authorizations</h1>" in html
    assert "Sample &lt;Practice&gt;" in html
    assert "Monday 02 March 2026, 10:00 EST" in html


def test_an_empty_journal_says_how_to_begin(build: Any) -> None:
    html = page(build)
    assert "priorbot check FILE" in html
    assert "Nothing waits for a person." in html


def test_text_of_a_portal_is_never_markup(build: Any) -> None:
    html = page(build, build.submitted(status=Status.CONTACT_PAYER, reason="<script>alert(1)</script>"))
    assert "<script" not in html
    assert "&lt;script&gt;" in html


def test_every_status_stands_in_one_group() -> None:
    assert sorted(status for group in GROUPS for status in group.statuses) == sorted(Status)


def test_counts_add_up(build: Any, busy: list[Snapshot]) -> None:
    data = collect(busy, build.now)
    assert data.total == len(busy) == sum(bar.count for bar in data.groups) == sum(bar.count for bar in data.statuses)
    assert [line.total for line in data.payers] == [len(busy)]
    assert data.approved_share == 75


def test_payers_are_counted_apart(build: Any) -> None:
    other = build.snapshot("R-9", request=build.request("R-9", payer=Payer.BCBSMA))
    data = collect([build.snapshot(), build.snapshot("R-2"), other], build.now)
    assert {line.name: line.total for line in data.payers} == {"HUSKY Health": 2, "Blue Cross Blue Shield of MA": 1}


def test_open_cases_are_sorted_by_deadline_and_late_ones_told(build: Any) -> None:
    late = build.submitted("R-late", submitted_at=build.now - timedelta(hours=80), decision_due=build.now - timedelta(hours=8))
    soon = build.submitted("R-soon", submitted_at=build.now - timedelta(hours=62), decision_due=build.now + timedelta(hours=10))
    calm = build.submitted("R-calm", submitted_at=build.now - timedelta(hours=18), decision_due=build.now + timedelta(hours=54))
    decided = build.submitted("R-done", Status.APPROVED)
    data = collect([calm, decided, late, soon], build.now)
    told = [(line.request_id, line.left, line.level, round(line.elapsed)) for line in data.deadlines]
    assert told == [
        ("R-late", "8 h late", "late", 100),
        ("R-soon", "10 h left", "soon", 86),
        ("R-calm", "2 days left", "calm", 25),
    ]
    assert (data.overdue, data.awaited) == (1, 3)
    assert {bar.label: bar.count for bar in data.ages if bar.count} == {"overdue": 1, "0–12 h": 1, "2–4 days": 1}


def test_long_lists_end_with_how_many_more(build: Any) -> None:
    snapshots = [build.submitted(f"R-{n:03d}") for n in range(MOST_DEADLINES + 5)]
    assert collect(snapshots, build.now).more_deadlines == 5
    assert "And 5 with more time." in page(build, *snapshots)


@pytest.mark.parametrize(("used", "level"), [("5", "calm"), ("9", "soon"), ("11", "late")])
def test_units_are_shown_against_what_was_approved(build: Any, used: str, level: str) -> None:
    data = collect(
        [build.submitted(status=Status.APPROVED, units=(build.units(approved=Decimal(10), used=Decimal(used)),))], build.now
    )
    assert [(line.used, line.approved, line.level) for line in data.units] == [(used, "10", level)]


def test_portals_are_shown_with_their_state(build: Any) -> None:
    html = page(
        build, portals=(PortalLine(slug="clear_coverage", state="disabled", sentence="The password was refused.", accounts=2),)
    )
    assert "clear coverage" in html
    assert "disabled, 2 accounts" in html
    assert "The password was refused." in html


def test_alike_matters_are_one_row_with_one_next_action(build: Any) -> None:
    snapshots = [build.snapshot(f"R-{n}", Status.NEEDS_PERSON, reason="No bot yet.", next_action="By hand.") for n in range(3)]
    data = collect(snapshots, build.now)
    assert data.tasks == 3
    assert [[task.request_id for task in matter.tasks] for matter in data.matters] == [["R-0", "R-1", "R-2"]]
    assert page(build, *snapshots).count("By hand.") == 1


# --- what waits for a person ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "status",
    [
        *(Status.NEEDS_PERSON, Status.UNCERTAIN, Status.REJECTED, Status.NOT_ELIGIBLE, Status.CONTACT_PAYER),
        *(Status.PENDED_CLINICAL, Status.UNKNOWN),
    ],
)
def test_these_always_wait_for_a_person_with_a_next_action(build: Any, status: Status) -> None:
    task = find_task(build.snapshot(status=status))
    assert task is not None
    assert task.next_action.endswith(".")


@pytest.mark.parametrize("status", [Status.NEW, Status.WAITING, Status.SUBMITTED, Status.APPROVED, Status.NOT_REQUIRED])
def test_these_wait_for_nobody_unless_the_journal_says_so(build: Any, status: Status) -> None:
    assert find_task(build.snapshot(status=status)) is None
    task = find_task(build.snapshot(status=status, next_action="Look at it."))
    assert task is not None
    assert task.next_action == "Look at it."


def test_why_does_not_repeat_what_to_do(build: Any) -> None:
    task = find_task(
        build.snapshot(status=Status.NEEDS_PERSON, reason="It is closed. Nothing was sent. Call.", next_action="Call.")
    )
    assert task is not None
    assert (task.why, task.next_action) == ("It is closed. Nothing was sent.", "Call.")


def test_urgent_first_then_by_deadline(build: Any) -> None:
    def waiting(name: str, **changes: Any) -> Any:
        request = build.request(name, urgency=changes.pop("urgency", Urgency.STANDARD))
        return find_task(build.snapshot(name, Status.NEEDS_PERSON, request=request, **changes))

    tasks = [
        waiting("R-1"),
        waiting("R-2", decision_due=build.now),
        waiting("R-3", urgency=Urgency.URGENT),
        waiting("R-4", urgency=Urgency.EMERGENT),
    ]
    assert [task.request_id for task in sort_tasks(tasks)] == ["R-4", "R-3", "R-2", "R-1"]


def test_a_payer_s_own_words_lose_the_member(build: Any) -> None:
    request = build.request(member=Member(id="001234567", dob=date(1980, 5, 17), last_name="O'Neil", first_name="Al"))
    text = without_person("AL O'NEIL, 001234567, 05/17/1980 or 5/17/1980 or 1980-05-17: also an alley", request)
    assert text == "… …, …, … or … or …: also an alley"


def test_short_ids_are_masked_whole() -> None:
    assert masked("001234567") == "•••567"
    assert masked("123") == "•••"


def test_the_page_is_made_for_paper_and_phone(build: Any) -> None:
    html = page(build)
    assert re.search(r"@media print", html)
    assert re.search(r"@media \(max-width", html)
    assert 'name="viewport"' in html
