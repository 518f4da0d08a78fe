"""The secure portal: the WebForms manner, the forced password change, units with their as-of date."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from fixtures.payer import Ask, Line, Payer
from fixtures.people import members, providers

BASE = "/SecurePortal/"
ROW = re.compile(r'<tr class="iC_DataList(?:Alternate)?Item">(.*?)</tr>', re.S)


class Form:
    """The form of a page as a browser would send it back."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" id="\w+" value="([^"]*)"', text))

    def name_of(self, tail: str) -> str:
        """The posted name of the control whose id ends so, whatever the release put before it."""
        found = re.search(rf'id="[\w.]*_mb_{tail}(?:_0)?" name="([^"]+)"', self.text)
        assert found, f"no control {tail}"
        return found.group(1)

    def sent(self, button: str = "", target: str = "", argument: str = "", **typed: str) -> dict[str, str]:
        values = {self.name_of(tail): value for tail, value in typed.items()}
        press = {self.name_of(button): "x"} if button else {}
        return {**self.hidden, "__EVENTTARGET": target, "__EVENTARGUMENT": argument, **values, **press}

    @property
    def rows(self) -> list[list[str]]:
        return [re.findall(r'value="([^"]*)"', row) for row in ROW.findall(self.text)]


async def sign_in(biller: Any, user: str = "hs-desk1", password: str = "Synthetic$Units1") -> str:
    form = Form(await biller.go(BASE + "Login.aspx"))
    text: str = await biller.go(BASE + "Login.aspx", form.sent("LoginButton", userName=user, password=password))
    return text


async def search(biller: Any, **criteria: str) -> Form:
    form = Form(await biller.go(BASE + "Authorizations.aspx"))
    return Form(await biller.go(BASE + "Authorizations.aspx", form.sent("SearchButton", **criteria)))


def grant(payer: Payer, n: int = 0, units: int = 12) -> str:
    """An authorization that the practice got today; its number."""
    today, member = payer.clock.today(), [m for m in members() if "plain" in m.tags][n]
    case = payer.accept(
        Ask(
            portal="clear_coverage",
            account="cc-desk1",
            practice="practice-one",
            draft_no="CC900000001",
            member_id=member.id,
            family="therapy_pt",
            priority="standard",
            certification="initial",
            from_date=today,
            to_date=today + timedelta(days=30),
            requesting_npi=providers()[0].npi,
            servicing_npi=next(p.npi for p in providers() if p.kind == "organization"),
            lines=(Line(code="97110", units=units, from_date=today, to_date=today + timedelta(days=30)),),
        ),
        criteria_met=False,
    )
    case.usage = 1.0
    payer.decide(case, "Authorized", reason="", approved=[units], line_status="", authorized=True)
    return payer.state(case).authorization_no


# --- sign-in and password ----------------------------------------------------------------------------------------------------


async def test_three_pages_lead_to_the_login(biller: Any) -> None:
    assert "Information for Providers" in await biller.go("/")
    assert "Provider Login" in await biller.go("/husky/providers")
    assert "username:" in await biller.go(BASE + "Login.aspx")


async def test_the_right_password_opens_home_with_its_hover_menu(biller: Any) -> None:
    text = await sign_in(biller)
    assert biller.path == BASE + "Home.aspx"
    assert re.search(r"Provider Services</a><ul>.*Authorizations", text)


async def test_three_wrong_passwords_lock_the_account(biller: Any, truth: Any) -> None:
    assert "incorrect" in await sign_in(biller, password="no")
    assert "incorrect" in await sign_in(biller, password="no")
    assert "has been locked" in await sign_in(biller, password="no")
    assert "has been locked" in await sign_in(biller)
    assert [entry["reason"] for entry in await truth.get("logins")] == ["wrong", "wrong", "locked", "locked"]


async def test_no_page_without_a_session(biller: Any) -> None:
    assert "session has timed out" in await biller.go(BASE + "Authorizations.aspx")


async def test_logout_is_a_postback_and_ends_the_session(biller: Any, truth: Any) -> None:
    form = Form(await sign_in(biller))
    assert "You have been logged out." in await biller.go(BASE + "Home.aspx", form.sent(target="dnn$dnnLOGIN$cmdLogin"))
    assert await truth.get("sessions") == []


async def test_q10_after_ninety_days_a_new_password_is_forced_by_the_rules_of_the_sign_up_guide(biller: Any) -> None:
    text = await sign_in(biller, user="hs-old", password="Synthetic$Units90")
    assert "required to change your password every 90 days" in text
    await biller.go(BASE + "Authorizations.aspx")
    assert biller.path == BASE + "ChangePassword.aspx"

    now = "Synthetic$Units90"

    async def change(new: str, confirm: str = "", current: str = "") -> str:
        nonlocal now
        form = Form(await biller.go(BASE + "ChangePassword.aspx"))
        sent = form.sent("ChangeButton", currentPassword=current or now, newPassword=new, confirmPassword=confirm or new)
        answer: str = await biller.go(BASE + "ChangePassword.aspx", sent)
        now = new if biller.path == BASE + "Home.aspx" else now
        return answer

    assert "current password is incorrect" in await change("Renewed$Units1", current="Synthetic$Units91")
    assert "minimum of 8 characters" in await change("Ab1$")
    assert "at least 1 letter, 1 digit, and 1 special" in await change("Abcdefg1")
    assert "not allowed" in await change("Abcdef1$~")
    assert "username should not be a part" in await change("x1$HS-old")
    assert "last 10 passwords" in await change("Synthetic$Units90")
    assert "do not match" in await change("Renewed$Units1", "Renewed$Units2")
    await change("Renewed$Units1")
    assert biller.path == BASE + "Home.aspx"
    for n in range(2, 13):
        await change(f"Renewed$Units{n}")
    assert "last 10 passwords" in await change("Renewed$Units3")
    await change("Renewed$Units1")  # the eleventh back may come again
    assert biller.path == BASE + "Home.aspx"


async def test_q10_can_be_switched_on_for_the_next_sign_in(biller: Any, truth: Any) -> None:
    await truth.fault("Q10", portal="husky_secure")
    assert "required to change your password" in await sign_in(biller)


async def test_an_account_that_the_help_desk_has_not_enabled_sees_no_units(biller: Any, truth: Any) -> None:
    await sign_in(biller, user="hs-noaccess", password="Synthetic$Units93")
    assert "contact the Web Support Help Desk" in await biller.go(BASE + "Authorizations.aspx")
    await truth.post("accounts", portal="husky_secure", username="hs-noaccess", access=True)
    assert "Authorization Number" in await biller.go(BASE + "Authorizations.aspx")


# --- postbacks -----------------------------------------------------------------------------------------------------------------


async def test_ids_change_with_each_release_and_only_the_tail_stays(biller: Any, truth: Any) -> None:
    first = Form(await biller.go(BASE + "Login.aspx"))
    assert first.name_of("userName") == "dnn$ctr383$Login$ctl01$userName$mb_userName"
    await truth.post("release", portal="husky_secure", release=2)
    second = Form(await biller.go(BASE + "Login.aspx"))
    assert second.name_of("userName") == "dnn$ctr400$Login$ctl02$userName_0$mb_userName_0"
    old = first.sent("LoginButton", userName="hs-desk1", password="Synthetic$Units1")
    assert "Validation of viewstate MAC failed" in await biller.go(BASE + "Login.aspx", old)
    assert biller.status == 500


async def test_an_altered_view_state_is_refused(biller: Any) -> None:
    await sign_in(biller)
    form = Form(await biller.go(BASE + "Authorizations.aspx"))
    form.hidden["__VIEWSTATE"] = "QUJD" + form.hidden["__VIEWSTATE"][4:]
    assert "viewstate" in await biller.go(BASE + "Authorizations.aspx", form.sent("SearchButton"))
    form = Form(await biller.go(BASE + "Authorizations.aspx"))
    form.hidden["__EVENTVALIDATION"] = "x"
    assert "viewstate" in await biller.go(BASE + "Authorizations.aspx", form.sent("SearchButton"))


async def test_leaving_the_member_id_posts_back_and_pads_it_to_nine_digits(biller: Any) -> None:
    await sign_in(biller)
    form = Form(await biller.go(BASE + "Authorizations.aspx"))
    sent = form.sent(target=form.name_of("MemberID"), MemberID="105739")
    text = await biller.go(BASE + "Authorizations.aspx", sent)
    assert 'value="000105739" data-autopostback' in text
    assert "iC_DataListContainer" not in text


# --- units ------------------------------------------------------------------------------------------------------------------


async def test_q11_a_row_shows_units_in_read_only_inputs_with_the_check_write_as_its_date(
    biller: Any, app: Any, truth: Any
) -> None:
    number = grant(app.world.payer)
    await sign_in(biller)
    (row,) = (await search(biller, AuthNumber=number)).rows
    member = members()[0]
    assert row[:2] == [number, member.id]
    assert row[4:] == ["97110", "06/12/2019", "07/12/2019", "12", "12", "0", "12", "06/10/2019", "Active"]

    await truth.post("clock", now="2019-06-24")
    await sign_in(biller)
    assert (await search(biller, AuthNumber=number)).rows == [row]  # nothing moves between two check writes

    await truth.post("clock", now="2019-06-26")
    await sign_in(biller)
    (row,) = (await search(biller, AuthNumber=number)).rows
    assert row[8:] == ["12", "5", "7", "06/25/2019", "Active"]

    await truth.post("clock", now="2019-08-01")
    await sign_in(biller)
    (row,) = (await search(biller, AuthNumber=number)).rows
    assert row[9:] == ["12", "0", "07/25/2019", "Ended"]


async def test_units_are_filtered_by_member_and_by_dates(biller: Any, app: Any) -> None:
    grant(app.world.payer, 0)
    grant(app.world.payer, 1)
    await sign_in(biller)
    assert len((await search(biller, MemberID=members()[1].id)).rows) == 1
    assert len((await search(biller, DateFrom="06/12/2019", DateTo="06/12/2019", MemberID=members()[1].id)).rows) == 1
    assert "*** No rows found ***" in (await search(biller, DateFrom="08/01/2019", MemberID=members()[1].id)).text
    assert "Member ID must be 9 digits." in (await search(biller, MemberID="12")).text
    assert "MM/DD/YYYY" in (await search(biller, DateFrom="2019-06-12")).text


async def test_a_member_without_authorizations_has_no_rows(biller: Any) -> None:
    await sign_in(biller)
    assert "*** No rows found ***" in (await search(biller, MemberID=members()[1].id)).text


async def test_ten_rows_a_page_and_a_pager_that_posts_back(biller: Any) -> None:
    await sign_in(biller)
    form = await search(biller)
    seen = form.rows
    assert len(seen) == 10
    while "'Next'" in form.text:
        target = re.search(r"__doPostBack\(&#39;([^&]+)&#39;,&#39;Next|__doPostBack\('([^']+)','Next'", form.text)
        assert target
        sent = form.sent(target=target.group(1) or target.group(2), argument="Next")
        form = Form(await biller.go(BASE + "Authorizations.aspx", sent))
        seen += form.rows
    assert len(seen) > 20
    assert len({row[0] for row in seen}) == len(seen)


async def test_what_is_not_granted_has_no_units(biller: Any, app: Any) -> None:
    payer = app.world.payer
    number = grant(payer)
    case = next(c for c in payer.cases.values() if not c.historic)
    payer.decide(case, "Not authorized", reason="x", approved=[0], line_status="", authorized=False)
    await sign_in(biller)
    assert "*** No rows found ***" in (await search(biller, AuthNumber=number)).text


async def test_another_practice_does_not_see_them(biller: Any, app: Any) -> None:
    number = grant(app.world.payer)
    await sign_in(biller, user="hs-other", password="Synthetic$Units92")
    assert "*** No rows found ***" in (await search(biller, AuthNumber=number)).text
