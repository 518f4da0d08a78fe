"""The report: one self-contained page without names, with what a person must do today, and its twins with the same values."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from openpyxl import load_workbook

from bots.model import LineReading, Payer, Status
from jobs.journal import Journal
from jobs.reporting.charts import outage_spans
from jobs.reporting.collect import Report, Scope, collect
from jobs.reporting.files import name_of, report_json, write_report_files
from jobs.reporting.groups import GROUPS
from jobs.reporting.happened import what_happened
from jobs.reporting.headline import headline
from jobs.reporting.page import SHOWN_DEADLINES, render
from jobs.reporting.pas import measure_by_payer
from jobs.reporting.period import PeriodKind, ending
from jobs.reporting.portals import PortalLine, portal_uses
from jobs.reporting.sending import message
from jobs.reporting.standing import Now
from jobs.reporting.workbook import report_xlsx
from jobs.state import Snapshot
from jobs.uptime import Outage

sys.path.insert(0, str(Path(__file__).parent))

ZONE = ZoneInfo("America/New_York")
CANARIES = ("Zzcanaryson", "Qwertha", "001234567", "1980", "05/17")
LINES = (
    PortalLine(slug="clear_coverage", state="disabled", sentence="The password was refused.", accounts=2),
    PortalLine(slug="evicore", state="on", accounts=1),
    PortalLine(slug="bluecard", state="not_set_up", sentence="Add it."),
)


def never(_request: object) -> None:
    """No deadline of our own."""


def scope(now: datetime, kind: PeriodKind = PeriodKind.WEEK, **given: Any) -> Scope:
    period = ending(kind, now.astimezone(ZONE).date(), ZONE)
    return Scope(practice="Sample <Practice>", time_zone=ZONE.key, made_at=now, period=period, **given)


def report_of(build: Any, *snapshots: Snapshot, portals: tuple[PortalLine, ...] = (), act_by: Any = never) -> Report:
    """The report of snapshots alone, without a history."""
    of, stands = scope(build.now), Now(build.now, ZONE, act_by, {})
    for snapshot in snapshots:
        stands.add(snapshot)
    return Report(
        scope=of,
        standing=stands.result(),
        happened=what_happened([], of.period, ZONE, lambda _: ZONE),
        portals=portal_uses(portals, (), of.period, begun=of.period.starts, now=build.now),
        metrics=measure_by_payer([], of.period, build.now),
    )


def page(build: Any, *snapshots: Snapshot, **given: Any) -> str:
    return render(report_of(build, *snapshots, **given)).decode()


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


@pytest.fixture(scope="module")
def weeks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Report]]:
    """Reports of a journal of some weeks, all of the same journal."""
    from practice_history import NOW, write_history

    clock = {"now": NOW}
    with Journal.open(f"sqlite:///{tmp_path_factory.mktemp('weeks') / 'journal.db'}", now=lambda: clock["now"]) as journal:
        write_history(journal, lambda at: clock.update(now=at), 60, days=12)

        def make(kind: PeriodKind = PeriodKind.WEEK, **given: Any) -> Report:
            return collect(journal, scope(NOW, kind, **given), LINES, act_by=never, zone_of=lambda _: ZONE)

        yield make


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


# --- what may stand on it ---------------------------------------------------------------------------------------------


def test_the_page_needs_nothing_from_outside(build: Any, busy: list[Snapshot]) -> None:
    html = page(build, *busy, portals=LINES)
    tags = Tags()
    tags.feed(html)
    assert {"script", "link", "img", "iframe", "object", "a", "form", "base"} & {tag for tag, _ in tags.found} == set()
    assert {"src", "href", "srcset", "xlink:href", "onload", "onclick"} & {
        name for _, attrs in tags.found for name in attrs
    } == set()
    assert "url(" not in html
    assert "@import" not in html
    assert "http" not in html.replace("http-equiv", "")


def test_no_member_stands_in_any_of_the_files_but_masked(build: Any, busy: list[Snapshot], tmp_path: Path) -> None:
    report = report_of(build, *busy)
    sheets = load_workbook(io.BytesIO(report_xlsx(report, tmp_path)))
    cells = " ".join(str(cell) for sheet in sheets for row in sheet.iter_rows(values_only=True) for cell in row)
    for text in (render(report).decode(), report_json(report).decode(), cells):
        assert "•••567" in text
        for canary in CANARIES:
            assert canary.lower() not in text.lower()


def test_text_of_a_portal_is_never_markup(build: Any) -> None:
    html = page(build, build.submitted(status=Status.CONTACT_PAYER, reason="<script>alert(1)</script>"))
    assert "<script" not in html
    assert "&lt;script&gt;" in html


def test_a_message_holds_counts_and_request_ids_only(build: Any) -> None:
    told = build.reading(Status.DENIED, status_reason="Qwertha Zzcanaryson has cancer", reference_no="CC0000000777")
    snapshots = [
        build.submitted("R-001", Status.DENIED, reading=told, next_action="Call Qwertha."),
        build.submitted("R-002", reason="Ask about the fracture", decision_due=build.now - timedelta(hours=1)),
    ]
    text = message(report_of(build, *snapshots, portals=LINES), Path("home/reports/report-week-2026-02-24.html"))
    assert "R-001" in text
    assert "R-002" in text
    assert "report-week-2026-02-24.html" in text
    for secret in (*CANARIES, "•••567", "CC0000000", "cancer", "fracture", "Call", "E0114", "password was"):
        assert secret.lower() not in text.lower()


# --- what stands now --------------------------------------------------------------------------------------------------


def test_title_practice_and_time_are_told(build: Any) -> None:
    html = page(build)
    assert "<h1>Prior authorizations</h1>" in html
    assert "Sample &lt;Practice&gt;" in html
    assert "Monday 02 March 2026, 10:00 EST" in html
    assert "Tue 24 Feb – Mon 2 Mar 2026, so far" in html


def test_an_empty_journal_says_how_to_begin(build: Any) -> None:
    html = page(build)
    assert "priorbot check FILE" in html
    assert "Nothing waits for a person." in html
    assert "no requests yet" in message(report_of(build), Path("report.html"))


def test_every_status_stands_in_one_group() -> None:
    assert sorted(status for group in GROUPS for status in group.statuses) == sorted(Status)


def test_counts_add_up(build: Any, busy: list[Snapshot]) -> None:
    now = report_of(build, *busy).standing
    assert now.requests == len(busy) == sum(group.count for group in now.groups)
    assert [line.count for line in now.payers] == [len(busy)]
    assert now.open == sum(row.count for row in now.queue) == sum(sum(row.ages) for row in now.queue)


def test_payers_are_counted_apart(build: Any) -> None:
    other = build.snapshot("R-9", request=build.request("R-9", payer=Payer.BCBSMA))
    now = report_of(build, build.snapshot(), build.snapshot("R-2"), other).standing
    assert {line.name: line.count for line in now.payers} == {"HUSKY Health": 2, "Blue Cross Blue Shield of MA": 1}


def test_the_queue_is_told_by_state_and_age(build: Any) -> None:
    day = timedelta(days=1)
    snapshots = [
        build.submitted("R-1", accepted_at=build.now - 2 * day),
        build.submitted("R-2", accepted_at=build.now - 20 * day),
        build.snapshot("R-3", accepted_at=build.now),
        build.submitted("R-4", Status.APPROVED),
    ]
    found = {row.status: row.ages for row in report_of(build, *snapshots).standing.queue}
    assert found == {Status.NEW: (1, 0, 0, 0, 0), Status.SUBMITTED: (0, 1, 0, 0, 1)}


def test_deadlines_of_payers_and_of_ours_are_told_by_day(build: Any) -> None:
    hour = timedelta(hours=1)
    late = build.submitted("R-late", submitted_at=build.now - 80 * hour, decision_due=build.now - 8 * hour)
    soon = build.submitted("R-soon", submitted_at=build.now - 62 * hour, decision_due=build.now + 10 * hour)
    calm = build.submitted("R-calm", submitted_at=build.now - 18 * hour, decision_due=build.now + 54 * hour)
    done = build.submitted("R-done", Status.APPROVED)
    ours = build.snapshot("R-ours")
    report = report_of(build, calm, done, late, soon, ours, act_by=lambda _: build.now + 12 * hour)
    now = report.standing
    told = [(line.request_id, line.whose, line.used and round(line.used)) for line in now.deadlines]
    assert told == [("R-late", "payer", 100), ("R-soon", "payer", 86), ("R-ours", "practice", None), ("R-calm", "payer", 25)]
    assert (now.overdue, now.due_in_a_day, now.awaited, now.practice_late) == (1, 1, 3, 0)
    assert {day.label: (day.payer, day.practice) for day in now.due_days if day.payer or day.practice} == {
        "overdue": (1, 0),
        "today": (1, 1),
        "Wed 4": (1, 0),
    }
    assert headline(report)[0].text == "1 decision is past the payer's deadline."


def test_long_lists_end_with_how_many_more(build: Any) -> None:
    html = page(build, *(build.submitted(f"R-{n:03d}") for n in range(SHOWN_DEADLINES + 5)))
    assert "And 5 with more time" in html


@pytest.mark.parametrize(
    ("used", "ends", "level"), [("1", 90, "calm"), ("1", 20, "soon"), ("9", 90, "soon"), ("10", 90, "late"), ("11", 90, "late")]
)
def test_units_are_told_with_how_pressing_they_are(build: Any, used: str, ends: int, level: str) -> None:
    reading = build.reading(Status.APPROVED, valid_from=date(2026, 2, 1), valid_to=build.now.date() + timedelta(days=ends))
    units = (build.units(approved=Decimal(10), used=Decimal(used)),)
    report = report_of(build, build.submitted(status=Status.APPROVED, units=units, reading=reading))
    (line,) = report.standing.units
    assert (line.used, line.approved, line.level) == (used, "10", level)
    assert report.standing.units_pressing == (level != "calm")


def test_units_used_stand_against_the_time_that_has_passed(build: Any) -> None:
    """3 of 10 units, and 27 of the 59 days of February and March, on 27 February."""
    reading = build.reading(Status.APPROVED, valid_from=date(2026, 2, 1), valid_to=date(2026, 3, 31))
    units = (build.units(approved=Decimal(10), used=Decimal(3)),)
    (line,) = report_of(build, build.submitted(status=Status.APPROVED, units=units, reading=reading)).standing.units
    assert (line.used_share, line.time_share) == (30.0, 45.8)


def test_an_authorization_that_has_ended_has_no_units_to_watch(build: Any) -> None:
    reading = build.reading(Status.APPROVED, valid_from=date(2026, 1, 1), valid_to=date(2026, 2, 28))
    units = (build.units(approved=Decimal(10), used=Decimal(9)),)
    assert report_of(build, build.submitted(status=Status.APPROVED, units=units, reading=reading)).standing.units == ()


def test_portals_are_shown_with_their_state(build: Any) -> None:
    html = page(build, portals=LINES)
    assert "clear coverage" in html
    assert "disabled, 2 accounts" in html
    assert "The password was refused." in html
    assert "Not set up: bluecard." in html


def test_a_portal_s_uptime_is_what_is_left_of_the_period(build: Any) -> None:
    of = scope(build.now)
    began = build.now - timedelta(hours=12)
    down = (Outage(portal="evicore", since=began, opened_at=began),)
    uses = portal_uses(LINES, down, of.period, begun=build.now - timedelta(hours=48), now=build.now)
    assert [(use.slug, use.up_share, use.hours_down) for use in uses] == [
        ("evicore", 75.0, 12.0),
        ("clear_coverage", 100.0, 0.0),
        ("bluecard", None, None),
    ]
    assert [(span.x, span.width) for span in outage_spans(uses[0])] == [(75.0, 25.0)]


def test_alike_matters_are_one_row_with_one_next_action(build: Any) -> None:
    snapshots = [build.snapshot(f"R-{n}", Status.NEEDS_PERSON, reason="No bot yet.", next_action="By hand.") for n in range(3)]
    now = report_of(build, *snapshots).standing
    assert now.need_person == 3
    assert [matter.request_ids for matter in now.matters] == [("R-0", "R-1", "R-2")]
    assert page(build, *snapshots).count("By hand.") == 1


def test_the_page_is_made_for_paper_and_phone(build: Any) -> None:
    html = page(build)
    assert re.search(r"@media print", html)
    assert re.search(r"@media \(max-width", html)
    assert 'name="viewport"' in html


# --- some weeks of a practice -----------------------------------------------------------------------------------------


def test_page_json_and_xlsx_hold_the_same_numbers(weeks: Callable[..., Report], tmp_path: Path) -> None:
    report = weeks()
    data = json.loads(report_json(report))
    book = load_workbook(io.BytesIO(report_xlsx(report, tmp_path)))
    summary = {row[0]: row[1] for row in book["Summary"].iter_rows(min_row=2, values_only=True)}
    html = render(report).decode()
    assert report.happened.decided > 0
    for name, label, value in (
        ("period: decided", "decided", data["happened"]["decided"]),
        ("period: taken in", "taken in", data["happened"]["taken_in"]),
        ("now: need a person", "need a person", data["standing"]["need_person"]),
    ):
        assert summary[name] == value
        assert f"<b>{value}</b><span>{label}</span>" in html


def test_no_two_numbers_contradict_each_other(weeks: Callable[..., Report]) -> None:
    for kind in PeriodKind:
        report = weeks(kind)
        happened, whole, payers = report.happened, report.metrics[0], report.metrics[1:]
        assert happened.decided == happened.approved + happened.partly + happened.denied
        assert (happened.taken_in, happened.submitted) == (
            sum(row.taken_in for row in happened.days),
            sum(row.submitted for row in happened.days),
        )
        assert happened.submitted == whole.first_answers
        assert whole.outstanding_requests == report.standing.awaited == sum(bucket.count for bucket in whole.ageing)
        for name in ("requests_submitted", "lines_submitted", "queries", "tries", "errors", "lines_pended", "lines_resolved"):
            assert getattr(whole, name) == sum(getattr(one, name) for one in payers)
        with_hours = sum(row.hours.count for row in happened.timings)
        assert with_hours <= happened.decided
        assert happened.in_time + happened.late + happened.not_told <= with_hours


def test_a_report_of_one_payer_or_portal_leaves_out_the_others(weeks: Callable[..., Report]) -> None:
    every = weeks()
    some = [weeks(payer=payer.value) for payer in Payer]
    assert sum(one.standing.requests for one in some) == every.standing.requests
    assert sum(one.happened.decided for one in some) == every.happened.decided
    only = weeks(portal="evicore")
    assert [use.slug for use in only.portals] == ["evicore"]
    assert {line.portal for line in only.standing.deadlines} <= {"evicore"}


def test_outages_of_the_history_are_found(weeks: Callable[..., Report]) -> None:
    (evicore,) = [use for use in weeks().portals if use.slug == "evicore"]
    assert [outage.until - outage.since for outage in evicore.outages if outage.until] == [timedelta(hours=29)]
    assert evicore.hours_down == 29


def test_files_are_private_and_named_by_what_they_are_of(weeks: Callable[..., Report], tmp_path: Path) -> None:
    report = weeks(payer="husky")
    written = write_report_files(report, tmp_path / "out", name_of(report.scope), work_folder=tmp_path)
    assert [each.path.name for each in written] == [f"report-week-2026-11-16-husky.{end}" for end in ("html", "xlsx", "json")]
    assert {each.path.stat().st_mode & 0o777 for each in written} == {0o600}
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o700
