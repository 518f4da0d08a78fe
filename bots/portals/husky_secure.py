"""HUSKY Health secure provider portal: the authorization units used.

The page follows the payer's check writes, twice a month, so every reading carries the page's own as-of date. Sources: CHNCT's
prior-authorization page (seed 0) and its web portal help guide (seed 4).
"""

from __future__ import annotations

from bots.errors import BadReading
from bots.model import Units
from bots.portal import Ability, Portal
from bots.tabledata import Row

SEARCH_UP_TO = 3
"""With more members than this, the whole list is read once instead of a search for each."""


class HuskySecure(Portal):
    slug = "husky_secure"
    does = frozenset({Ability.UNITS})

    async def units_of(self, member_ids: tuple[str, ...]) -> list[Units]:
        wanted = set(member_ids)
        searches = sorted(wanted) if 0 < len(wanted) <= SEARCH_UP_TO else [""]
        found = []
        for member_id in searches:
            await self.view.goto("authorizations")
            await self.view.fill(member_id=member_id)
            await self.view.press("search")
            async for rows in self.view.list_pages("units"):
                found += [self._units(row) for row in rows if not wanted or row["member_id"] in wanted]
        return found

    def _units(self, row: Row) -> Units:
        as_of = self.date(row["as_of"], "authorizations")
        if as_of is None:
            raise BadReading(self.slug, page="authorizations", what="units without an as-of date")
        return Units(
            portal=self.slug,
            authorization_no=row["authorization_no"],
            member_id=row["member_id"],
            service_code=row["service_code"],
            from_date=self.date(row["from_date"], "authorizations"),
            to_date=self.date(row["to_date"], "authorizations"),
            requested=self.number(row["requested"], "authorizations"),
            approved=self.number(row["approved"], "authorizations"),
            used=self.number(row["used"], "authorizations"),
            remaining=self.number(row["remaining"], "authorizations"),
            as_of=as_of,
            status_raw=row["status"],
            observed_at=self.now(),
        )
