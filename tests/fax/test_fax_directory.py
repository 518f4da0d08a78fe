"""A desk's fax number is changed by two different people, after a test page was delivered; until then nothing changes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fax_help import DESK, SENDER
from msgspec.structs import replace
from typer.testing import CliRunner

from bots.failure import Action, BotError
from bots.fax.model import FaxReason, FaxState, LineLimits, LineReport, OutgoingFax
from bots.fax.packet import Packet, build_test_page
from bots.keys import generate_key
from bots.model import Payer
from jobs.commands.fax_numbers import number_app
from jobs.events import MoveRefused
from jobs.fax_directory import FaxDirectory, FaxNumberInDoubt, FaxNumberRefused, is_same_person
from jobs.fax_number_events import ChangeStep, FaxNumberConfirmed, NumberChange, fold_number
from jobs.journal import Journal
from jobs.rule_schema import Desk
from jobs.rulebook import RuleBook, load_rulebook

OLD, NEW = "203.265.3994", "203-555-0188"
ADA, BEN = "Ada Testmaple", "Ben Sampleoak"


class Line:
    """A line that says what the test wants of each job."""

    name = "double"
    limits = LineLimits()

    def __init__(self) -> None:
        self.sent: list[OutgoingFax] = []
        self.says = LineReport(job_id="1", state=FaxState.DELIVERED)
        self.fails: BotError | None = None

    async def send(self, fax: OutgoingFax) -> str:
        if self.fails is not None:
            raise self.fails
        self.sent.append(fax)
        return "1"

    async def report(self, job_id: str) -> LineReport:
        return self.says

    async def find(self, tag: str) -> tuple[LineReport, ...]:
        return (self.says,) if any(fax.tag == tag for fax in self.sent) else ()

    async def cancel(self, job_id: str) -> LineReport:
        return self.says

    async def check(self) -> str:
        return ""


class Refused(BotError):
    action = Action.PERSON_REQUEST


class Unclear(BotError):
    action = Action.VERIFY


@pytest.fixture
def clock() -> list[datetime]:
    return [datetime(2026, 11, 23, 17, tzinfo=UTC)]


@pytest.fixture
def journal(tmp_path: Path, clock: list[datetime]) -> Iterator[Journal]:
    with Journal.open(f"sqlite:///{tmp_path / 'journal.db'}", now=lambda: clock[0]) as journal:
        yield journal


@pytest.fixture
def book() -> RuleBook:
    return load_rulebook()


@pytest.fixture
def directory(journal: Journal, book: RuleBook) -> FaxDirectory:
    return FaxDirectory(journal, book)


@pytest.fixture
def desk(book: RuleBook) -> Desk:
    return book.desk(OLD)


@pytest.fixture
def line() -> Line:
    return Line()


@pytest.fixture(scope="module")
def page() -> Packet:
    return build_test_page(to=DESK, sender=SENDER, reference="N1", today=date(2026, 11, 23))


@pytest.fixture
def try_out(directory: FaxDirectory, line: Line, page: Packet) -> Callable[..., Any]:
    async def run(change: NumberChange, who: str = ADA) -> NumberChange:
        return await directory.send_test(directory.begin_test(change.change_id, line.name, who), page, line)

    return run


def propose(directory: FaxDirectory, number: str = NEW, who: str = ADA) -> NumberChange:
    return directory.propose(Payer.HUSKY, "chnct_fax", number, who)


async def test_two_people_and_a_delivered_test_page_change_the_number(directory, desk, line, try_out):
    proposed = propose(directory)
    assert directory.current(desk) == OLD
    tested = await try_out(proposed)
    assert (tested.step, directory.current(desk)) == (ChangeStep.TESTED, OLD)
    (sent,) = line.sent
    assert (sent.number, sent.tag, sent.pages) == (NEW, tested.tag, 1)
    confirmed = directory.confirm(proposed.change_id, BEN)
    assert (confirmed.step, confirmed.proposed_by, confirmed.confirmed_by) == (ChangeStep.IN_FORCE, ADA, BEN)
    assert directory.current(desk) == NEW


async def test_every_step_stands_in_the_journal_and_is_read_from_there(directory, journal, book, desk, try_out):
    await try_out(propose(directory))
    directory.confirm(directory.changes()[0].change_id, BEN)
    kinds = [type(event.body).__name__ for event in journal.events("")]
    assert kinds == ["FaxNumberProposed", "FaxNumberTested", "FaxNumberTestEnded", "FaxNumberConfirmed"]
    assert FaxDirectory(journal, book).current(desk) == NEW
    assert journal.rebuild()
    assert journal.verify_chain() == 4


@pytest.mark.parametrize(
    "name",
    [ADA, "ada testmaple", "  ADA   TESTMAPLE ", "Ada\tTestmaple", "AdaTestmaple", "Testmaple, Ada", "Ádá Testmaple",
     "A. Testmaple", "Ada", "Ada B. Testmaple", "ＡＤＡ Testmaple"],
)  # fmt: skip
async def test_the_same_person_cannot_confirm_however_the_name_is_written(directory, desk, try_out, name):
    proposed = propose(directory)
    await try_out(proposed, BEN)
    with pytest.raises(FaxNumberRefused, match="cannot confirm"):
        directory.confirm(proposed.change_id, name)
    assert directory.current(desk) == OLD


def test_different_people_are_told_apart():
    assert not is_same_person(ADA, BEN)
    assert not is_same_person("Ada Testmaple", "Ada Sampleoak")
    assert not is_same_person("Ann Testmaple", "Ada Testmaple")


async def test_without_a_delivered_test_page_nobody_confirms(directory, desk, line, try_out):
    proposed = propose(directory)
    with pytest.raises(FaxNumberRefused, match="No test page"):
        directory.confirm(proposed.change_id, BEN)
    line.says = LineReport(job_id="1", state=FaxState.SENDING)
    under_way = await try_out(proposed)
    assert under_way.step is ChangeStep.TESTING
    with pytest.raises(FaxNumberRefused, match="No test page"):
        directory.confirm(proposed.change_id, BEN)
    line.says = LineReport(job_id="1", state=FaxState.FAILED, reason=FaxReason.NO_CARRIER)
    failed = await directory.look(under_way, line)
    assert (failed.step, failed.test_reason) == (ChangeStep.TEST_FAILED, FaxReason.NO_CARRIER)
    with pytest.raises(FaxNumberRefused, match="No test page"):
        directory.confirm(proposed.change_id, BEN)
    assert directory.current(desk) == OLD


async def test_a_test_that_failed_is_made_again_and_one_under_way_is_not(directory, line, try_out):
    proposed = propose(directory)
    line.says = LineReport(job_id="1", state=FaxState.WAITING)
    await try_out(proposed)
    with pytest.raises(FaxNumberRefused, match="on its way already"):
        await try_out(proposed)
    line.says = LineReport(job_id="1", state=FaxState.FAILED, reason=FaxReason.BUSY)
    await directory.look(directory.change(proposed.change_id), line)
    line.says = LineReport(job_id="2", state=FaxState.DELIVERED)
    assert (await try_out(proposed)).step is ChangeStep.TESTED
    assert len({fax.tag for fax in line.sent}) == 2


async def test_a_line_that_did_not_take_the_page_leaves_the_change_open(directory, line, try_out):
    proposed = propose(directory)
    line.fails = Refused()
    with pytest.raises(Refused):
        await try_out(proposed)
    assert directory.change(proposed.change_id).step is ChangeStep.TEST_FAILED


async def test_a_page_of_which_the_line_knows_nothing_is_given_up_after_an_hour(directory, line, try_out, clock):
    proposed = propose(directory)
    line.fails = Unclear()
    with pytest.raises(Unclear):
        await try_out(proposed)
    waiting = directory.change(proposed.change_id)
    assert (await directory.look(waiting, line)).step is ChangeStep.TESTING
    clock[0] += timedelta(minutes=61)
    assert (await directory.look(waiting, line)).step is ChangeStep.TEST_FAILED


async def test_what_a_line_says_of_another_page_changes_nothing(directory, line, try_out):
    proposed = propose(directory)
    line.says = LineReport(job_id="1", state=FaxState.WAITING)
    now = await try_out(proposed)
    old = replace(now, tag="T0")
    assert directory.end_test(old, LineReport(job_id="9", state=FaxState.DELIVERED)).step is ChangeStep.TESTING


@pytest.mark.parametrize(
    "number",
    ["", "chnct", "1-800-676-BLUE", "555-0188", "203-555-01888", "+44 20 7946 0000", "103-555-0188", "203-155-0188",
     "900-555-0188", "203-555-0188 x3", "２０３-555-0188"],
)  # fmt: skip
def test_only_a_number_that_can_be_dialled_is_proposed(directory, number):
    with pytest.raises(FaxNumberRefused, match="ten digits"):
        propose(directory, number)
    assert directory.changes() == ()


def test_only_a_fax_desk_of_the_directory_gets_a_number(directory):
    for name in ("nowhere", "chnct_phone"):
        with pytest.raises(FaxNumberRefused, match="chnct_rehab_fax"):
            directory.propose(Payer.HUSKY, name, NEW, ADA)


def test_the_number_that_holds_already_is_no_change(directory):
    with pytest.raises(FaxNumberRefused, match="has already"):
        propose(directory, "1-203-265-3994")


def test_one_change_of_a_desk_at_a_time_and_anybody_may_take_it_back(directory):
    first = propose(directory)
    with pytest.raises(FaxNumberRefused, match=first.change_id):
        propose(directory, "203-555-0177")
    assert directory.drop(first.change_id, BEN).step is ChangeStep.DROPPED
    with pytest.raises(FaxNumberRefused, match="over"):
        directory.confirm(first.change_id, BEN)
    assert propose(directory, "203-555-0177").step is ChangeStep.PROPOSED


@pytest.mark.parametrize("who", ["", "  ", "-", "123"])
def test_a_change_has_a_persons_name(directory, who):
    with pytest.raises(FaxNumberRefused, match="name of the person"):
        propose(directory, who=who)


async def test_a_later_change_takes_the_earlier_ones_place_also_back_to_the_printed_number(directory, desk, try_out):
    for number in (NEW, "203-555-0177", OLD):
        change = propose(directory, number)
        await try_out(change)
        directory.confirm(change.change_id, BEN)
        assert directory.current(desk) == number
    assert [change.step for change in directory.changes()] == [ChangeStep.REPLACED, ChangeStep.REPLACED, ChangeStep.IN_FORCE]


async def test_when_the_directory_itself_changes_a_person_decides_which_number_is_right(directory, desk, try_out):
    change = propose(directory)
    await try_out(change)
    directory.confirm(change.change_id, BEN)
    with pytest.raises(FaxNumberInDoubt):
        directory.current(replace(desk, number="203-555-0155"))
    assert directory.current(replace(desk, number=NEW)) == NEW, "the directory has caught up"


async def test_other_desks_keep_their_numbers(directory, book, try_out):
    change = propose(directory)
    await try_out(change)
    directory.confirm(change.change_id, BEN)
    others = [desk for desk in directory.desks() if desk.number != OLD]
    assert [desk.number for desk in others] == [directory.current(desk) for desk in others]
    assert len(others) == 21


def test_no_event_brings_a_number_into_force_without_a_delivered_page(directory):
    proposed = propose(directory)
    with pytest.raises(MoveRefused):
        fold_number({proposed.change_id: proposed}, datetime.now(UTC), FaxNumberConfirmed(change_id=proposed.change_id, who=BEN))


# --- the commands --------------------------------------------------------------------------------------------------------


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: Line) -> Callable[..., Any]:
    monkeypatch.setenv("PRIORBOT_KEY", generate_key())
    monkeypatch.setenv("PRIORBOT_HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir(mode=0o700)
    settings = '[practice]\nname = "Sample Practice"\ncontact_phone = "203-555-0100"\n'
    (tmp_path / "home" / "priorbot.toml").write_text(settings)
    app = number_app(lambda _engine: line)

    def run(*words: str) -> Any:
        return CliRunner().invoke(app, list(words))

    return run


def test_the_commands_take_a_change_all_the_way(command, line):
    proposed = command("propose", "husky", "chnct_fax", NEW, "--by", ADA, "--json")
    change = json.loads(proposed.stdout)["change_id"]
    assert command("test", change, "--by", ADA).exit_code == 0
    assert line.sent[0].number == NEW
    same = command("confirm", change, "--by", "ada TESTMAPLE")
    assert isinstance(same.exception, FaxNumberRefused)
    assert command("confirm", change, "--by", BEN).exit_code == 0
    listed = [json.loads(text) for text in command("list", "--json").stdout.splitlines()]
    now = {one["desk"]: one["number"] for one in listed if "desk" in one and "printed" in one and "what" in one}
    assert (now["chnct_fax"], now["chnct_rehab_fax"]) == (NEW, "203.774.0551")
    assert NEW in command("list").stdout


def test_a_test_page_that_did_not_arrive_ends_with_a_person_needed(command, line):
    change = json.loads(command("propose", "husky", "chnct_fax", NEW, "--by", ADA, "--json").stdout)["change_id"]
    line.says = LineReport(job_id="1", state=FaxState.FAILED, reason=FaxReason.NO_ANSWER)
    ran = command("test", change, "--by", ADA)
    assert ran.exit_code == 3
    assert "no_answer" in " ".join(ran.stderr.split())
    assert command("drop", change, "--by", BEN).exit_code == 0
