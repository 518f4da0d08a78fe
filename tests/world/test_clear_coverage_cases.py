"""From the review page to the decision: what is shown back, what is accepted, how it ripens, how it is found again."""

from __future__ import annotations

import re
from typing import Any

from fixtures.people import members, providers

SEARCH = "/ClearCoverage/searchAuth.do?go=1&"


def cell(text: str, element_id: str) -> str:
    found = re.search(rf'id="{element_id}">([^<]*)<', text)
    assert found, f"no {element_id} on the page"
    return found.group(1)


async def decided_case(desk: Any, truth: Any, ask: Any, wanted: str, **kind: Any) -> dict[str, Any]:
    """Submits until one will be decided as wanted, and moves the clock past its decision."""
    for n in range(60):
        reference = await desk.submit(ask(n, **kind))
        row = next(r for r in await truth.get("requests") if r["reference_no"] == reference)
        if any(state["status"] == wanted for state in row["plan"]):
            at = next(state["at"] for state in row["plan"] if state["status"] == wanted)
            await truth.post("clock", now=at)
            await truth.post("clock", advance_hours=0.1)
            await desk.sign_in()
            return row
    raise AssertionError(f"none of 60 requests will be {wanted}")


# --- review and submit -----------------------------------------------------------------------------------------------------


async def test_the_review_page_shows_every_entered_field_back(desk: Any, ask: Any, truth: Any) -> None:
    request = ask(5, family="dme", code="E0601", units=3)
    request["lines"][0].update(mod1="NU", mod2="kx")
    request["contact"].update(contact_fax="860-555-0199", notes="Line one\nand <two>")
    text = await desk.enter(request)
    assert desk.path == "/ClearCoverage/review.do"
    shown = {
        name: cell(text, f"rv{name}") for name in ("MemberId", "Service", "Priority", "Cert", "From", "To", "ReqNpi", "ServNpi")
    }
    assert shown == {
        "MemberId": request["member_id"],
        "Service": "Durable Medical Equipment (DME)",
        "Priority": "Standard",
        "Cert": "Initial",
        "From": "06/12/2019",
        "To": "07/11/2019",
        "ReqNpi": providers()[0].npi,
        "ServNpi": request["providers"]["servicing_npi"],
    }
    assert cell(text, "rvProvRef") == "REQ-0005"
    assert cell(text, "rvContactFax") == "860-555-0199"
    assert cell(text, "rvNotes") == "Line one\nand &lt;two&gt;"
    for words in ("<td>E0601</td>", "<td>NU KX</td>", "<td>3</td>", "<td>M54.50</td>", "<td>notes.pdf</td>"):
        assert words in text
    assert await truth.get("requests") == []  # nothing is sent before Submit


async def test_a_submitted_request_is_accepted_with_all_it_said(desk: Any, ask: Any, truth: Any) -> None:
    request = ask(3)
    reference = await desk.submit(request)
    (row,) = await truth.get("requests")
    assert row["reference_no"] == reference
    assert (row["portal"], row["account"], row["our_reference"]) == ("clear_coverage", "cc-desk1", "REQ-0003")
    assert (row["member_id"], row["service_code"], row["units"]) == (request["member_id"], "97110", 12)
    assert (row["from_date"], row["to_date"]) == ("2019-06-12", "2019-07-11")
    assert row["answers"] == request["answers"]


async def test_the_three_kinds_of_numbers_differ_and_look_alike(desk: Any, ask: Any, truth: Any) -> None:
    row = await decided_case(desk, truth, ask, "Authorized")
    numbers = [row["draft_no"], row["reference_no"]]
    case = await desk.go(f"case.do?ref={row['reference_no']}")
    assert re.fullmatch(r"A\d{9}", cell(case, "csAuthNo"))
    assert all(re.fullmatch(r"CC\d{9}", number) for number in numbers)
    assert len(set(numbers)) == 2


async def test_what_is_posted_twice_is_accepted_twice(desk: Any, ask: Any, truth: Any) -> None:
    first = await desk.submit(ask())
    second = re.search(r"CC\d{9}", await desk.step("submit.do")).group(0)  # type: ignore[union-attr]
    rows = await truth.get("requests")
    assert [row["reference_no"] for row in rows] == [first, second]
    assert len({row["draft_no"] for row in rows}) == 1


async def test_q30_the_same_request_on_file_is_only_mentioned(desk: Any, ask: Any, truth: Any) -> None:
    assert "already on file" not in await desk.enter(ask())
    reference = await desk.submit(ask())
    text = await desk.enter(ask())
    assert f"already on file ({reference})" in text
    await truth.fault("Q30")
    assert "already on file" not in await desk.enter(ask())
    await desk.step("submit.do")
    assert len(await truth.get("requests")) == 2


async def test_saved_for_later_is_not_submitted_and_can_be_finished(desk: Any, ask: Any, truth: Any) -> None:
    request = ask()
    await desk.enter(request)
    await desk.step("medicalReview.do", go="Save for later", **request["answers"])
    assert desk.draft in await desk.go("home.do")
    await desk.step("submit.do")
    assert await truth.get("requests") == []
    await desk.go(f"resume.do?d={desk.draft}")
    await desk.step("medicalReview.do", go="Complete", **request["answers"])
    assert "Reference Number" in await desk.step("submit.do")


# --- decisions ---------------------------------------------------------------------------------------------------------------


async def test_a_partial_authorization_shows_fewer_units_and_why(desk: Any, ask: Any, truth: Any) -> None:
    row = await decided_case(desk, truth, ask, "Partially authorized")
    text = await desk.go(f"case.do?ref={row['reference_no']}")
    approved = row["plan"][-1]["lines"][0]["approved"]
    assert 0 < approved < 12
    assert f"<td>12</td><td>{approved}</td>" in text
    assert "supports fewer units" in text
    assert "Notice of Partial Authorization" in text


async def test_a_decision_can_be_forced_with_any_word(desk: Any, ask: Any, truth: Any) -> None:
    reference = await desk.submit(ask())
    await truth.post("decide", reference_no=reference, status="Not authorized", reason="Sample reason.", approved=[0])
    text = await desk.go(f"case.do?ref={reference}")
    assert (cell(text, "csStatus"), cell(text, "csReason"), cell(text, "csAuthNo")) == ("Not authorized", "Sample reason.", "")
    await truth.post("decide", reference_no=reference, status="Authorised perhaps", approved=[5])
    text = await desk.go(f"case.do?ref={reference}")
    assert cell(text, "csStatus") == "Authorised perhaps"
    assert cell(text, "csAuthNo").startswith("A")


# --- search ------------------------------------------------------------------------------------------------------------------


async def test_requests_are_found_by_each_criterion(desk: Any, ask: Any) -> None:
    request = ask(7)
    reference = await desk.submit(request)
    await desk.submit(ask(8))
    for query in (f"member={request['member_id']}", f"ref={reference}", "pref=req-0007"):
        text = await desk.go(SEARCH + query)
        assert "1 request(s) found" in text
        assert f"ref={reference}" in text
    assert "2 request(s) found" in await desk.go(SEARCH + "from=06/12/2019&to=06/12/2019")
    assert "No requests match" in await desk.go(SEARCH + "ref=CC000000000")
    assert "No requests match" in await desk.go(SEARCH + "ref=" + desk.draft)  # a draft number is no reference


async def test_the_search_is_checked(desk: Any) -> None:
    assert "at least one search criterion" in await desk.go(SEARCH)
    assert "more than 365 days" in await desk.go(SEARCH + "from=06/11/2018")
    assert "request(s) found" in await desk.go(SEARCH + "from=06/12/2018")
    assert "valid date" in await desk.go(SEARCH + "from=2019-06-01")
    assert "must be 9 digits" in await desk.go(SEARCH + "member=12345")


async def test_the_list_has_pages_of_25_newest_first(desk: Any) -> None:
    text = await desk.go(SEARCH + "from=06/12/2018")
    total = int(re.search(r"(\d+) request\(s\) found. Page 1 of (\d+)", text).group(1))  # type: ignore[union-attr]
    assert total > 50
    seen: list[str] = []
    while True:
        seen += re.findall(r"case\.do\?ref=(CC\d{9})", text)
        following = re.search(r'<a href="([^"]+)" id="ccNextPage"', text)
        if following is None:
            break
        text = await desk.go(following.group(1).replace("&amp;", "&"))
    assert len(seen) == len(set(seen)) == total


async def test_cases_older_than_365_days_and_of_other_practices_are_not_shown(desk: Any, app: Any, ask: Any, truth: Any) -> None:
    reference = await desk.submit(ask())
    await desk.go("logoff.do")
    await desk.sign_in(user="cc-other", password="Synthetic$Desk92")
    assert "was not found" in await desk.go(f"case.do?ref={reference}")
    assert "No requests match" in await desk.go(SEARCH + f"ref={reference}")
    await truth.post("clock", advance_hours=24 * 85)
    await desk.sign_in()
    assert reference in await desk.go(f"case.do?ref={reference}")
    await truth.post("clock", advance_hours=24 * 300)
    await desk.sign_in()
    assert "was not found" in await desk.go(f"case.do?ref={reference}")


async def test_history_is_on_file_but_not_among_the_accepted(desk: Any, truth: Any) -> None:
    assert await truth.get("requests") == []
    known = next(m for m in members() if "on_file" in m.tags)
    assert "request(s) found" in await desk.go(SEARCH + f"member={known.id}")
