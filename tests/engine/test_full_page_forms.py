"""Full-page forms: split values, lists that load the page anew, questions that only Next asks, drafts left behind."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
import structlog
from msgspec.structs import replace
from site_bench import Bench, find, value

from bots.errors import Action, AnswerMissing, BotError, NotListed, PageChanged, PortalDown, PortalSlow
from bots.model import AuthRequest, CaseSummary, Coverage, Member, Payer, Provider, ServiceCategory, ServiceLine, Shown
from bots.page import PageView
from bots.pagemap import PortalMap
from bots.portal import Portal

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

MOVES_ON = """<script>document.querySelectorAll('input').forEach((box) => box.addEventListener('input', () => {
const next = box.nextElementSibling; if (box.value.length >= box.maxLength && next) next.focus(); }))</script>"""
BOXES = (
    "<table><tr><td>Phone</td><td id=a><input id=x maxlength=3><input id=y maxlength=3><input id=z maxlength=4></td></tr></table>"
)
PHONE = find({"beside": "Phone"}, {"css": "#a"}, kind="split", lengths=[3, 3, 4])


# --- one value over several boxes -------------------------------------------------------------------------------------


@pytest.mark.parametrize("said", ["203-555-0142", "(203) 555 0142", "2035550142"])
async def test_a_number_goes_over_boxes_that_move_on_by_themselves(bench: Bench, said: str) -> None:
    view = await bench.show(BOXES + MOVES_ON, fields={"phone": PHONE})
    await view.fill(phone=said)
    assert [await value(view, box) for box in "xyz"] == ["203", "555", "0142"]


async def test_a_number_with_more_or_fewer_digits_than_the_boxes_take_is_told_before_it_is_typed(bench: Bench) -> None:
    view = await bench.show(BOXES, fields={"phone": PHONE})
    for said in ("555-0142", "1-203-555-0142"):
        with pytest.raises(NotListed) as caught:
            await view.fill(phone=said)
        assert caught.value.details["what"] == "phone"
    assert await value(view, "x") == ""


@pytest.mark.parametrize(
    "html",
    [
        BOXES.replace("<input id=z maxlength=4>", ""),
        BOXES.replace("id=z", "id=z readonly"),
        BOXES.replace("id=y", "id=y oninput='this.value = \"\"'"),
    ],
)
async def test_boxes_that_are_other_ones_or_keep_nothing_stop(bench: Bench, html: str) -> None:
    view = await bench.show(html, fields={"phone": PHONE})
    with pytest.raises(PageChanged):
        await view.fill(phone="203-555-0142")


# --- a list that loads the page anew ----------------------------------------------------------------------------------


async def test_a_list_whose_choice_loads_the_page_anew_is_waited_for(bench: Bench) -> None:
    html = "<form><select id=a name=a onchange='this.form.submit()'><option>Choose<option>Out</select><input id=b></form>"
    fields = {"level": find({"css": "#a"}, kind="select", posts_back=True), "other": find({"css": "#b"})}
    view = await bench.show(html, fields=fields)
    await view.fill(other="two", level="Out")
    assert bench.site.count("GET", "/") == 2
    assert await value(view, "b") == "two"


async def test_a_list_whose_page_never_comes_back_is_slow_and_nothing_else_is_typed(bench: Bench) -> None:
    html = "<select id=a><option>Choose<option>Out</select><input id=b>"
    fields = {"level": find({"css": "#a"}, kind="select", posts_back=True), "other": find({"css": "#b"})}
    view = await bench.show(html, fields=fields, timeouts={"page": 1})
    with pytest.raises(PortalSlow):
        await view.fill(other="two", level="Out")
    assert await value(view, "b") == ""


# --- questions that only Next asks ------------------------------------------------------------------------------------

QUESTIONS = {
    "q_risk": find({"css": "#risk"}),
    "q_plan": find({"css": "#plan"}, optional=True),
}
ASKING: Any = {
    "fields": QUESTIONS,
    "actions": {"next": find({"css": "#next"}, leads_to=["wants_plan", "start"])},
    "outcomes": {"wants_plan": {"see": [{"text": "A plan is required."}], "error": "answer_missing", "reason": "plan"}},
}


async def test_a_question_that_is_optional_is_answered_when_there_is_an_answer_and_else_left_alone(bench: Bench) -> None:
    view = await bench.show("<input id=risk><input id=plan>", fields=QUESTIONS)
    assert await view.answer({"risk": "high"}) == {"q_risk": "high"}
    assert await value(view, "plan") == ""
    assert await view.answer({"risk": "high", "plan": "yes"}) == {"q_risk": "high", "q_plan": "yes"}


async def test_questions_that_come_one_after_the_other_are_all_answered(bench: Bench) -> None:
    """The second comes while nothing is known of it yet: an answer that no question asked for is a reason to look again."""
    late = "<input id=risk><script>setTimeout(() => { risk.insertAdjacentHTML('afterend', '<input id=plan>') }, 200)</script>"
    view = await bench.show(late, fields=QUESTIONS)
    assert await view.answer({"risk": "high", "plan": "yes"}) == {"q_risk": "high", "q_plan": "yes"}
    assert await value(view, "plan") == "yes"


async def test_a_page_that_never_stands_still_is_answered_as_far_as_it_asks(bench: Bench) -> None:
    restless = "<input id=risk><p id=p></p><script>setInterval(() => { p.append(document.createElement('i')) }, 50)</script>"
    view = await bench.show(restless, fields=QUESTIONS, timeouts={"element": 1})
    assert await view.answer({"risk": "high", "plan": "yes"}) == {"q_risk": "high"}


async def test_what_the_portal_then_wants_is_named_in_the_sentence(bench: Bench) -> None:
    html = "<form action=/told><input id=risk><input id=plan><button id=next>Next</button></form>"
    bench.site.pages["/told"] = "<p>A plan is required.</p>"
    view = await bench.show(html, **ASKING)
    await view.answer({"risk": "high"})
    with pytest.raises(AnswerMissing) as caught:
        await view.press("next")
    assert "does not answer: plan." in caught.value.sentence


# --- drafts that a portal keeps by itself -----------------------------------------------------------------------------

REQUEST = AuthRequest(
    request_id="R-1",
    payer=Payer.HUSKY,
    coverage=Coverage.HUSKY_A,
    service_category=ServiceCategory.DME,
    member=Member(id="001234567", dob=datetime(1970, 1, 1, tzinfo=UTC).date()),
    requesting=Provider(name="Sample", npi="1234567893"),
    lines=(
        ServiceLine(service_code="E0601", units=Decimal(1), from_date=datetime.now(UTC).date(), to_date=datetime.now(UTC).date()),
    ),
)


class Keeping(Portal):
    """A portal without pages: drafting does what the test says."""

    slug = "sample"

    def __init__(self, fails: list[BotError | None], discards: BotError | None = None) -> None:
        raw: dict[str, Any] = {
            "portal": "sample",
            "version": "1",
            "sign_in": {"page": "p", "action": "go", "landed": "p", "sign_out": "out", "signed_out": "p"},
            "pages": {},
        }
        session: Any = SimpleNamespace(
            account=SimpleNamespace(name="clerk"), map=msgspec.convert(raw, PortalMap), ensure=self._ensure
        )
        nothing: Any = SimpleNamespace()
        super().__init__(session, nothing, lambda: datetime.now(UTC))
        self.did: list[str] = []
        self._fails, self._discards = fails, discards

    @property
    def view(self) -> PageView:
        raise AssertionError("no page is looked at")

    async def _ensure(self) -> None:
        return None

    async def search_cases(self, request: AuthRequest) -> list[CaseSummary]:
        return []

    async def discard(self, request: AuthRequest) -> None:
        self.did.append("discard")
        if self._discards is not None and len(self.did) > 1:
            raise self._discards

    async def draft(self, request: AuthRequest) -> None:
        self.did.append("draft")
        error = self._fails.pop(0)
        if error is not None:
            raise error

    async def _read_back(self, request: AuthRequest) -> Shown:
        return Shown(portal="sample", page="review", selectors_version="1", fields={})


async def test_what_is_left_of_an_earlier_try_is_thrown_away_before_and_after(bench: Bench) -> None:
    portal = Keeping([AnswerMissing("sample", question="plan")])
    with pytest.raises(AnswerMissing):
        await portal.submit(REQUEST, SimpleNamespace())
    assert portal.did == ["discard", "draft", "discard"]


async def test_a_dry_run_is_thrown_away(bench: Bench) -> None:
    portal = Keeping([None])
    assert (await portal.submit(REQUEST, SimpleNamespace(), dry_run=True)).shown is not None
    assert portal.did == ["discard", "draft", "discard"]


async def test_what_will_be_tried_again_is_tidied_by_the_next_try(bench: Bench) -> None:
    portal = Keeping([PortalDown("sample")])
    with pytest.raises(PortalDown) as caught:
        await portal.submit(REQUEST, SimpleNamespace())
    assert caught.value.action is Action.RETRY
    assert portal.did == ["discard", "draft"]


async def test_a_draft_that_cannot_be_thrown_away_is_noted_and_hides_no_failure(bench: Bench) -> None:
    portal = Keeping([AnswerMissing("sample", question="plan")], discards=PageChanged("sample"))
    with structlog.testing.capture_logs() as logs, pytest.raises(AnswerMissing):
        await portal.submit(REQUEST, SimpleNamespace())
    assert [(log["event"], log["error_code"]) for log in logs] == [("draft_left", "page_changed")]


# --- the portal's field for our own reference -------------------------------------------------------------------------


async def test_two_long_request_ids_with_the_same_beginning_stay_two_references(bench: Bench) -> None:
    portal = Keeping([])
    one, other = (replace(REQUEST, request_id="2026-11-22-north-office-desk-" + number) for number in ("0001", "0002"))
    assert portal.our_reference(REQUEST) == "R-1"
    assert portal.our_reference(one) != portal.our_reference(other)
    assert len(portal.our_reference(one)) == portal.map.formats.our_reference_length
    assert portal.our_reference(one).startswith("2026-11-22-north-office")
