"""A journal of its own for each test: taking over cases, the ledger's history, what is noticed when the books are changed."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bots.model import CaseSummary, LineReading, PortalLetter, Receipt, Status
from jobs import events as happened
from jobs.adopting import AdoptionRefused, adopt, offered, write_ready_rows
from jobs.book_events import Trouble
from jobs.books_check import differences, untrue_requests
from jobs.events import Standing
from jobs.home import Home
from jobs.intake import read_intake
from jobs.journal import Journal
from jobs.journal_schema import JournalDamaged
from jobs.ledger import LedgerDamaged, write_ledger
from jobs.ledger_history import history
from jobs.ledger_seal import is_edited
from jobs.list_belief import Lists, PortalList
from jobs.payer_rules import PayerRules
from jobs.reconciling import is_left, last_comparison, reconcile_journal, take_stock
from jobs.state import Channel
from jobs.units_watch import propose, write_proposals
from jobs.writing import NotWritten

PORTAL = "clear_coverage"
RULES = PayerRules()


class Now:
    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home").create()


@pytest.fixture
def now(build: Any) -> Now:
    return Now(build.now - timedelta(days=20))


@pytest.fixture
def journal(home: Home, now: Now) -> Iterator[Journal]:
    with Journal.open(home.journal_url, now=now) as opened:
        yield opened


def append(journal: Journal, request_id: str, *bodies: Any) -> None:
    with journal.write() as write:
        write.append(request_id, *bodies)


def accept(journal: Journal, build: Any, request_id: str = "R-1", **changes: Any) -> None:
    journal.accept(build.request(request_id, **changes), f"of {request_id}")
    route = build.route(request_id)
    append(journal, request_id, happened.Routed(route=route, channel=Channel.PORTAL, standing=Standing(status=Status.NEW)))


def send(journal: Journal, request_id: str = "R-1", reference_no: str = "CC1") -> None:
    began = happened.Began(attempt_id=f"a-{request_id}", channel=Channel.PORTAL, portal=PORTAL, account="desk", fence=1)
    receipt = Receipt(portal=PORTAL, reference_no=reference_no, received_at=journal.now(), adopted=True, evidence="sealed-1")
    append(journal, request_id, began, happened.Received(attempt_id=f"a-{request_id}", receipt=receipt))


def read(journal: Journal, build: Any, request_id: str = "R-1", reference_no: str = "CC1", **changes: Any) -> None:
    line = LineReading(service_code="E0114", units_approved=Decimal(2), status=Status.APPROVED, status_raw="Approved")
    given = {"reference_no": reference_no, "observed_at": journal.now(), "authorization_no": "A000000001"} | changes
    reading = build.reading(Status.APPROVED, line, **given)
    append(journal, request_id, happened.ReadingTaken(reading=reading, standing=Standing(status=Status.APPROVED)))


def listed(*cases: CaseSummary) -> Lists:
    return Lists(read={PORTAL: PortalList(since=date(2026, 1, 1), cases=cases)})


def case(reference_no: str, **changes: Any) -> CaseSummary:
    given = {"portal": PORTAL, "reference_no": reference_no, "member_id": "001234567", "service_codes": ("E0114",)}
    return CaseSummary(**(given | {"from_date": date(2026, 3, 1), "status": Status.SUBMITTED} | changes))


# --- taking over -----------------------------------------------------------------------------------------------------


def test_a_case_keyed_by_hand_becomes_that_of_the_one_request_that_fits(journal: Journal, home: Home, build: Any) -> None:
    accept(journal, build)
    found, _ = take_stock(home, journal, listed(case("CC777")), journal.now())
    assert found.counts["unknown_on_portal"] == 1
    offer = offered(journal, PORTAL, "CC777")
    adopted = adopt(journal, RULES, offer, "Rosa Sample")
    assert adopted is not None
    snapshot = journal.snapshot(adopted.request_id)
    assert (snapshot.status, snapshot.channel) == (Status.SUBMITTED, Channel.PORTAL)
    assert snapshot.receipt is not None
    assert (snapshot.receipt.reference_no, snapshot.receipt.adopted) == ("CC777", True)
    assert "Rosa Sample" in snapshot.reason
    assert snapshot.decision_due is not None
    assert journal.due(PORTAL) == ()
    assert journal.rebuild()
    with pytest.raises(AdoptionRefused, match="is that of request R-1"):
        accept(journal, build, "R-2")
        adopt(journal, RULES, offer, "Rosa Sample", "R-2")


def test_several_that_fit_are_named_and_nothing_is_changed(journal: Journal, build: Any) -> None:
    accept(journal, build, "R-1")
    accept(journal, build, "R-2")
    with pytest.raises(AdoptionRefused, match="R-1, R-2"):
        adopt(journal, RULES, case("CC777"), "Rosa Sample")
    assert adopt(journal, RULES, case("CC777"), "Rosa Sample", "R-2") is not None
    assert journal.snapshot("R-1").receipt is None


def test_what_was_sent_or_is_being_sent_is_not_taken_over(journal: Journal, build: Any) -> None:
    accept(journal, build)
    send(journal)
    assert adopt(journal, RULES, case("CC777"), "Rosa Sample") is None
    accept(journal, build, "R-2")
    append(journal, "R-2", happened.Began(attempt_id="a9", channel=Channel.PORTAL, portal=PORTAL, account="desk", fence=1))
    with pytest.raises(AdoptionRefused, match="works on R-2"):
        adopt(journal, RULES, case("CC777"), "Rosa Sample")


def test_only_what_the_last_comparison_found_is_on_offer(journal: Journal, home: Home, build: Any) -> None:
    with pytest.raises(AdoptionRefused, match="priorbot reconcile"):
        offered(journal, PORTAL, "CC777")
    accept(journal, build)
    take_stock(home, journal, listed(case("CC777")), journal.now())
    assert offered(journal, PORTAL, "CC777").reference_no == "CC777"
    take_stock(home, journal, listed(), journal.now())
    with pytest.raises(AdoptionRefused):
        offered(journal, PORTAL, "CC777")


def test_without_a_request_there_is_a_row_to_complete(tmp_path: Path) -> None:
    file = tmp_path / "keyed.csv"
    write_ready_rows(file, case("CC777"), "husky")
    result = read_intake(file, today=date(2026, 3, 1))
    assert result.file_error is None
    assert {row.column for row in result.rejected} >= {"member_dob", "requesting_provider_npi", "coverage"}
    assert {row.column for row in result.rejected} & {"member_id", "service_code", "from_date", "payer"} == set()
    with pytest.raises(FileExistsError):
        write_ready_rows(file, case("CC777"), "husky")


# --- what is noted ---------------------------------------------------------------------------------------------------


def test_a_comparison_is_kept_with_its_counts_and_troubles(journal: Journal, home: Home, build: Any, now: Now) -> None:
    accept(journal, build)
    send(journal)
    trouble = Trouble(kind="list_not_read", portal="evicore", what="The table has another header.")
    found, written = take_stock(home, journal, Lists(read=listed().read, troubles=(trouble,)), journal.now())
    assert is_left(found)
    assert found.exceptions["kind"].tolist() == ["list_empty", "list_not_read"]
    assert written.path.read_text(encoding="utf-8").count("list_empty") == 1
    noted = last_comparison(journal)
    assert noted is not None
    assert noted[1].counts["list_empty"] == 1
    assert noted[1].lists[0].cases == 0


def test_a_clock_set_back_has_a_name_and_makes_nothing_stale_or_new(journal: Journal, build: Any, now: Now) -> None:
    accept(journal, build)
    send(journal)
    read(journal, build)
    before = reconcile_journal(journal, Lists(), journal.now()).exceptions["kind"].tolist()
    found = reconcile_journal(journal, Lists(), journal.now() - timedelta(days=1))
    assert found.exceptions["kind"].tolist() == ["clock_set_back", *before]


# --- history and verify ----------------------------------------------------------------------------------------------


def test_the_history_says_what_changed_when_and_from_where(journal: Journal, build: Any, now: Now) -> None:
    accept(journal, build)
    send(journal)
    now.at += timedelta(days=1)
    read(journal, build)
    letter = PortalLetter(portal=PORTAL, reference_no="CC1", letter_id="1", title="Approval Letter", evidence="letter-1")
    append(journal, "R-1", happened.LettersTaken(letters=(letter,)))
    steps = list(history(journal.events("R-1")))
    assert steps[0].source == "the intake file"
    received = next(step for step in steps if isinstance(step.event.body, happened.Received))
    assert "sealed-1" in received.source
    assert ("reference_no", "", "CC1") in {(one.column, one.before, one.after) for one in received.changes}
    reading = next(step for step in steps if isinstance(step.event.body, happened.ReadingTaken))
    assert reading.source == f"{PORTAL}, the page of case CC1, read {now.at:%Y-%m-%d %H:%M} UTC"
    assert {one.column: (one.before, one.after) for one in reading.changes}["status"] == ("submitted", "approved")
    assert reading.event.at == now.at
    assert "letter-1" in steps[-1].source
    assert steps[-1].changes == ()


@pytest.mark.parametrize("column", ["body", "at", "request_id", "kind"])
def test_an_altered_past_is_shown_with_its_first_event(journal: Journal, home: Home, build: Any, column: str) -> None:
    for number in range(1, 4):
        accept(journal, build, f"R-{number}")
    with sqlite3.connect(home.journal_file) as database:
        database.execute("DROP TRIGGER events_no_update")
        database.execute(f"UPDATE events SET {column} = {column} || ' ' WHERE seq IN (3, 5)")
    with pytest.raises(JournalDamaged, match=r"event 3 of its history \(accepted") as found:
        journal.verify_chain()
    assert "R-2" in found.value.sentence


def test_a_missing_event_is_named(journal: Journal, home: Home, build: Any) -> None:
    accept(journal, build)
    with sqlite3.connect(home.journal_file) as database:
        database.execute("DROP TRIGGER events_no_delete")
        database.execute("DELETE FROM events WHERE seq = 1")
    with pytest.raises(JournalDamaged, match="event 1 of its history is missing"):
        journal.verify_chain()


def test_a_row_that_somebody_wrote_into_the_database_is_found_and_derived_anew(journal: Journal, home: Home, build: Any) -> None:
    for number in range(1, 4):
        accept(journal, build, f"R-{number}")
    with sqlite3.connect(home.journal_file) as database:
        database.execute("UPDATE requests SET snapshot = replace(snapshot, '001234567', '001234568') WHERE request_id = 'R-2'")
    assert list(untrue_requests(journal)) == ["R-2"]
    assert not journal.rebuild()
    assert list(untrue_requests(journal)) == []


@pytest.mark.parametrize("name", ["ledger.csv", "ledger.xlsx"])
def test_a_ledger_says_what_the_journal_says(journal: Journal, home: Home, build: Any, name: str) -> None:
    for number in range(1, 4):
        accept(journal, build, f"R-{number}")
    write_ledger(home, journal.snapshots(), journal.now())
    assert differences(home.path / name, journal.snapshots()) == ()
    accept(journal, build, "R-0")
    (found,) = differences(home.path / name, journal.snapshots())
    assert (found.line, found.request_id, found.column) == (2, "R-0", "")


def test_a_cell_changed_by_hand_is_found_told_and_kept_aside(journal: Journal, home: Home, build: Any) -> None:
    for number in range(1, 4):
        accept(journal, build, f"R-{number}")
    write_ledger(home, journal.snapshots(), journal.now())
    assert not is_edited(home.ledger_csv)
    text = home.ledger_csv.read_text(encoding="utf-8").replace("R-2,husky,portal", "R-2,husky,fax")
    home.ledger_csv.write_text(text, encoding="utf-8")
    assert is_edited(home.ledger_csv)
    (found,) = differences(home.ledger_csv, journal.snapshots())
    assert (found.line, found.request_id, found.column) == (3, "R-2", "channel")
    written = write_ledger(home, journal.snapshots(), journal.now())
    assert written[0].edited is not None
    assert written[0].edited.read_text(encoding="utf-8") == text
    assert "nothing in it was believed" in written[0].sentence
    assert differences(home.ledger_csv, journal.snapshots()) == ()
    assert [one.edited for one in write_ledger(home, journal.snapshots(), journal.now())] == [None, None]


def test_a_workbook_whose_cells_became_numbers_is_damaged(journal: Journal, home: Home, build: Any) -> None:
    from openpyxl import load_workbook

    accept(journal, build)
    write_ledger(home, journal.snapshots(), journal.now())
    book = load_workbook(home.ledger_xlsx)
    book["Ledger"]["E2"].value = 1234567
    book.save(home.ledger_xlsx)
    with pytest.raises(LedgerDamaged, match="column member_id: the cell is no text"):
        differences(home.ledger_xlsx, journal.snapshots())
    home.ledger_xlsx.write_bytes(b"no workbook")
    with pytest.raises(LedgerDamaged, match="no workbook"):
        differences(home.ledger_xlsx, journal.snapshots())


_FULL_DISK = """
import resource, sys
from pathlib import Path
from datetime import UTC, datetime
from jobs.writing import NotWritten, write_whole
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write_whole(Path(sys.argv[1]), b"x" * 5000, datetime.now(UTC))
except NotWritten as error:
    print(error.sentence)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="not on this system: it has no limit on the size of a file")
def test_when_nothing_more_fits_on_the_disk_the_last_good_ledger_stays(home: Home) -> None:
    home.ledger_csv.write_text("good", encoding="utf-8")
    told = subprocess.run([sys.executable, "-c", _FULL_DISK, str(home.ledger_csv)], capture_output=True, text=True, check=True)
    assert "ledger.csv could not be written" in told.stdout
    assert "The last one stands as it was" in told.stdout
    assert home.ledger_csv.read_text(encoding="utf-8") == "good"
    assert [path.name for path in home.path.iterdir() if path.name.endswith(".part")] == []


def test_a_sheet_that_does_not_fit_leaves_nothing_behind(
    journal: Journal, home: Home, build: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    accept(journal, build)
    before = {path.name for path in home.path.iterdir()}

    def no_room(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("openpyxl.workbook.workbook.Workbook.save", no_room)
    with pytest.raises(NotWritten) as told:
        write_ledger(home, journal.snapshots(), journal.now())
    assert told.value.path.name == "ledger.xlsx"
    assert {path.name for path in home.path.iterdir()} - before == {"ledger.csv", ".ledger.seal"}


# --- asking for more -------------------------------------------------------------------------------------------------


def test_what_runs_out_is_proposed_as_a_row_that_a_person_must_complete(
    journal: Journal, home: Home, build: Any, tmp_path: Path
) -> None:
    today = date(2026, 3, 25)
    accept(journal, build, attested_by="Dr. Sample", answers={"q": "yes"}, notes="old", **asked(build))
    send(journal)
    read(journal, build, valid_to=date(2026, 3, 31))
    units = build.units(approved=Decimal(2), used=Decimal(2), as_of=date(2026, 3, 13))
    append(journal, "R-1", happened.UnitsTaken(units=(units,)))
    (proposal,) = propose(journal, today)
    assert "used up" in proposal.why
    assert "2 of 2" in proposal.why
    file = tmp_path / "more.csv"
    write_proposals(file, [proposal])
    (request,) = read_intake(file, today=today).requests
    (line,) = request.lines
    assert (request.request_id, request.certification, line.units) == ("R-1-R2", "renewal", 2)
    assert (line.from_date, line.to_date) == (date(2026, 4, 1), date(2026, 5, 1))
    assert (request.attested_by, request.answers, request.attachments) == ("", {}, ())
    assert [each.request.request_id for each in journal.snapshots()] == ["R-1"]
    with pytest.raises(FileExistsError):
        write_proposals(file, [proposal])


def asked(build: Any) -> dict[str, Any]:
    from bots.model import Provider

    return {"diagnosis_codes": ("M54.50",), "requesting": Provider(name="Sample", npi="1234567893")}


def test_what_is_asked_for_already_is_not_proposed_again(journal: Journal, build: Any) -> None:
    accept(journal, build)
    send(journal)
    read(journal, build, valid_to=date(2026, 3, 31))
    assert len(propose(journal, date(2026, 3, 25))) == 1
    accept(journal, build, "R-9", lines=(build.line(from_date=date(2026, 4, 1), to_date=date(2026, 6, 30)),))
    assert propose(journal, date(2026, 3, 25)) == ()
