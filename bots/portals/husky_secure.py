"""HUSKY Health secure provider portal: the authorization units used, and signing up for an account.

The units page follows the payer's check writes, twice a month, so every reading carries the page's own as-of date. New providers
are listed under their Tax ID within 72 hours of their enrolment. Sources: CHNCT's prior-authorization page (seed 0) and its web
portal help guide (seed 4).
"""

from __future__ import annotations

from datetime import timedelta

from bots.ability import Ability
from bots.enrol import EnrolmentGate, SignUp, SignUpPortal
from bots.errors import ProviderNotListed
from bots.model import Units
from bots.tabledata import Row
from bots.vault import Secret

SEARCH_UP_TO = 3
"""With more members than this, the whole list is read once instead of a search for each."""


class HuskySecure(SignUpPortal):
    slug = "husky_secure"
    does = frozenset({Ability.UNITS})
    listed_within = timedelta(hours=72)

    async def units_of(self, member_ids: tuple[str, ...]) -> list[Units]:
        wanted = set(member_ids)
        searches = sorted(wanted) if 0 < len(wanted) <= SEARCH_UP_TO else [""]
        found = []
        for member_id in searches:
            await self.view.goto("authorizations")
            await self.view.fill(member_id=member_id)
            await self.view.press("search")
            async for rows in self.view.list_pages("units"):
                found += [self.units(row.cells, "authorizations") for row in rows if not wanted or row["member_id"] in wanted]
        return found

    # --- signing up ----------------------------------------------------------------------------------------------

    async def fill_sign_up(self, form: SignUp, password: Secret, answer: Secret, gate: EnrolmentGate) -> None:
        view = self.view
        await view.goto("sign_up_license")
        await gate.agree(await view.read("licence"))
        await view.press("agree")
        await view.fill(
            first_name=form.first_name,
            last_name=form.last_name,
            address_line_1=form.address_line_1,
            address_line_2=form.address_line_2,
            city=form.city,
            state=form.state,
            zip=form.zip,
            country=form.country,
            phone=form.phone,
            department=form.department,
            practice_name=form.practice_name,
        )
        await view.press("next")
        await self._add_providers(form)
        await view.press("next")
        await view.fill(role=form.role)
        await view.press("next")
        await view.fill(
            username=self.account,
            email=form.email,
            email_again=form.email,
            new_password=password.reveal(),
            password_again=password.reveal(),
            secret_question=form.secret_question,
            secret_answer=answer.reveal(),
        )
        await view.press("next")

    async def _add_providers(self, form: SignUp) -> None:
        wanted, found = set(form.medicaid_numbers), set()
        for tax_id in form.tax_ids:
            await self.view.fill(tax_id=tax_id)
            if await self.view.press("search") == "none_listed":
                raise self._not_listed(f"any provider under the Tax ID that ends in {tax_id[-4:]}")
            rows = [row for row in await self.view.table("providers") if not wanted or row["medicaid_no"] in wanted]
            if rows:
                await self._add(rows)
            found |= {row["medicaid_no"] for row in rows}
        if wanted - found:
            raise self._not_listed(f"Medicaid number {', '.join(sorted(wanted - found))} under these Tax IDs")

    def _not_listed(self, what: str) -> ProviderNotListed:
        return ProviderNotListed(self.slug, **self.session.account.details, what=what)

    async def _add(self, rows: list[Row]) -> None:
        for row in rows:
            await self.view.choose("providers", row, to=["sign_up_provider"], navigates=False)
        await self.view.press("add")
        if {row["medicaid_no"] for row in await self.view.table("providers")} != {row["medicaid_no"] for row in rows}:
            raise self.view.differs(["providers"])
        await self.view.press("confirm")

    def expected_sign_up(self, form: SignUp) -> dict[str, str]:
        return {
            "username": self.account,
            "first_name": form.first_name,
            "last_name": form.last_name,
            "email": form.email,
            "address": " ".join((form.address_line_1, form.address_line_2, form.city, form.state, form.zip)),
            "phone": form.phone,
            "practice_name": form.practice_name,
            "tax_ids": ", ".join(f"xxxxx{tax_id[-4:]}" for tax_id in form.tax_ids),
        }
