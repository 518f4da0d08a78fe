"""ConnectCenter of Blue Cross Blue Shield of Massachusetts, through Provider Central: what its steps mean.

It answers for one member, one day and one service type: whether there is coverage, and of each limit how much is used. It takes
no requests. Limits are drawn in another order each time: rows are known by what they say. Sources: seed 2; the plan's pages.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from bots.ability import Ability
from bots.eligibility import BenefitLimit, Eligibility
from bots.errors import BadReading, NotAnswered
from bots.member_ids import bare_id
from bots.model import AuthRequest
from bots.portal import Portal
from bots.tabledata import Row

OPEN_END = 9999
"""The year in which coverage ends that has no end."""


class ConnectCenter(Portal):
    slug = "connect_center"
    does = frozenset({Ability.ELIGIBILITY})

    def id_on_pages(self, request: AuthRequest) -> str:
        return bare_id(request)

    async def eligibility_of(self, request: AuthRequest) -> Eligibility:
        day = await self._inquire(request)
        word = await self.member_shown(request)
        read = await self.view.read_all(("service_type", "service_date", "plan", "from_date", "to_date"))
        service = self.map.pages["inquiry"].fields["service_type"].words[request.service_category]
        if wrong := [n for n, asked in (("service_type", service), ("service_date", self.date_text(day))) if read[n] != asked]:
            raise self.view.differs(wrong)
        is_active, last = self.eligible(word), self.date(read["to_date"], "result")
        evidence = [await self.keep("eligibility", request)]
        benefits = await self._benefits(service) if is_active else {}
        return Eligibility(
            portal=self.slug,
            service_date=day,
            service_type=service,
            is_active=is_active,
            status_raw=word,
            plan=read["plan"],
            from_date=self.date(read["from_date"], "result"),
            to_date=None if last is None or last.year == OPEN_END else last,
            copay=benefits.get("copay", ""),
            authorization_raw=benefits.get("authorization", ""),
            limits=await self._limits(request, service, evidence) if is_active else (),
            evidence=tuple(evidence),
            observed_at=self.now(),
        )

    async def _inquire(self, request: AuthRequest) -> date:
        """To the answer for the first day of service, or for today where that day is too far away. Returns the day."""
        view, member = self.view, request.member
        for day in (request.from_date, self.today()):
            await self._to_inquiry()
            await view.fill(insurance_type=request.coverage)
            await view.choices("payer")
            await view.fill(
                payer=request.coverage,
                provider_npi=request.requesting.npi,
                member_id=self.id_on_pages(request),
                last_name=member.last_name,
                first_name=member.first_name,
                member_dob=self.date_text(member.dob),
                service_date=self.date_text(day),
                service_type=request.service_category,
            )
            if await view.press("inquire") == "result":
                return day
        raise NotAnswered(self.slug, reason="it does not answer for that day")

    async def _to_inquiry(self) -> None:
        """An empty one: what is left of the one before would be asked again."""
        view = self.view
        if await view.offers("new_inquiry"):
            await view.press("new_inquiry")
            return
        await view.goto("etool")
        await view.press("open_tool")

    async def _benefits(self, service: str) -> dict[str, str]:
        """What is shown besides limits: copay in network, and whether an authorization is needed, in the portal's words."""
        inside = self._network("result", "benefits", in_network=True)
        rows = [row for row in await self.view.table("benefits") if (row["service"], row["network"]) == (service, inside)]
        missing = BadReading(self.slug, page="result", what="no copay in network")
        row = self.only(rows, "benefits", missing)
        return {"copay": row["amount"], "authorization": await self.view.read("authorization")}

    def _network(self, page: str, table: str, *, in_network: bool) -> str:
        return self.map.pages[page].tables[table].words["network"]["in" if in_network else "out"]

    # --- limits -------------------------------------------------------------------------------------------------

    async def _limits(self, request: AuthRequest, service: str, evidence: list[str]) -> tuple[BenefitLimit, ...]:
        """The limits of the service, in network first; the page of each comes to the evidence."""
        found: list[BenefitLimit] = []
        for in_network in (True, False):
            row = await self._to_row(service, self._network("limits", "limits", in_network=in_network))
            if row is None:
                continue
            await self.view.choose("limits", row, to=["limit"])
            found.append(await self._limit(request, row, in_network=in_network))
            evidence.append(await self.keep("eligibility", request))
            await self.view.press("back")
        return tuple(found)

    async def _to_row(self, service: str, network: str) -> Row | None:
        """The table of limits is asked for anew each time: its order is lost meanwhile."""
        if self.view.here != "limits":
            await self.view.fill(view="limits")
            await self.view.press("show")
        rows = [row for row in await self.view.table("limits") if (row["service"], row["network"]) == (service, network)]
        return self.only(rows, "limits", BadReading(self.slug, page="limits", what="no such row")) if rows else None

    async def _limit(self, request: AuthRequest, row: Row, *, in_network: bool) -> BenefitLimit:
        read = await self.view.read_all(self.map.pages["limit"].reads)
        if (read["member_id"], read["service"], read["network"]) != (self.id_on_pages(request), row["service"], row["network"]):
            raise self.view.differs(["limits"])
        as_of = self.date(read["as_of"], "limit")
        if as_of is None:
            raise BadReading(self.slug, page="limit", what="a limit without an as-of date")
        limit, used, remaining = (self._amount(read[name]) for name in ("limit", "used", "remaining"))
        if used + remaining != limit:
            raise BadReading(self.slug, page="limit", what="used and remaining are not the limit")
        return BenefitLimit(
            in_network=in_network,
            period=read["period"],
            unit=read["unit"],
            limit=limit,
            used=used,
            remaining=remaining,
            as_of=as_of,
        )

    def _amount(self, text: str) -> Decimal:
        found = self.number(text, "limit")
        if found is None:
            raise BadReading(self.slug, page="limit", what="a limit without an amount")
        return found
