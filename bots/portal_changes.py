"""Portals on which an extension, an added service or another document comes onto the case that it belongs to.

The case is found by member and code; none or several is a person's. Names with a meaning besides those of `bots.portal`: the
page ``cases_of_member`` with the table ``cases``; on the page ``case`` an action for each certification that it takes, and in its
table ``lines`` the columns ``kind`` (``words``: certification -> the portal's word for a line that came so), ``our_reference``.
"""

from __future__ import annotations

from pathlib import Path

from bots.errors import NoBaseCase, NotPending, SeveralMatches
from bots.model import AuthRequest, CaseSummary, Certification, ServiceLine, Status
from bots.portal import Portal
from bots.tabledata import Row

AMENDING = frozenset({Certification.EXTENSION, Certification.REVISED})
OPEN = frozenset({Status.PENDED_REVIEW, Status.APPROVED, Status.PARTIALLY_APPROVED})
"""Cases onto which lines can come."""


class LaterDocuments(Portal):
    """A portal that takes documents for a case which it has."""

    async def to_case_documents(self, reference_no: str) -> bool:
        """To the page ``case_documents`` of a case; False where the case takes none any more."""
        return await self.view.goto("case_documents", "case", reference_no=reference_no) == "case_documents"

    async def add_documents(self, request: AuthRequest, reference_no: str) -> None:
        """Adds the request's documents to its case, on the page ``case_documents``.

        Raises `NotPending` when the portal takes none any more (H16), `DocumentRefused` when it refuses one of them.
        """

        async def add() -> None:
            if not await self.to_case_documents(reference_no):
                raise NotPending(self.slug)
            read = await self.view.read_all(("reference_no", "member_id"))
            if (read["reference_no"], read["member_id"]) != (reference_no, self.id_on_pages(request)):
                raise self.view.differs(["reference_no", "member_id"])
            await self.view.attach("document", [Path(document.path) for document in request.attachments])
            await self.check_documents(request)

        await self._while_signed_in(add)


class ChangingPortal(LaterDocuments):
    """``base`` is the case that is being changed."""

    review_pages = ("review", "review_change")
    base: CaseSummary

    def is_change(self, request: AuthRequest) -> bool:
        return request.certification in AMENDING

    def lines(self, request: AuthRequest) -> list[ServiceLine]:
        """What is to be entered: of an authorization that is revised, the services that it does not have yet."""
        has = self.base.service_codes if request.certification is Certification.REVISED else ()
        return [line for line in request.lines if line.service_code not in has]

    def expected_lines(self, request: AuthRequest) -> list[dict[str, str]]:
        entered = {line.service_code for line in self.lines(request)}
        return [line for line in super().expected_lines(request) if line["service_code"] in entered]

    def expected_change(self, request: AuthRequest) -> dict[str, str]:
        """What the review page of a change must say."""
        return self.asked(request, "member_id", "certification", "our_reference", "notes") | {"base": self.base.reference_no}

    async def begin_change(self, request: AuthRequest) -> None:
        """From the case that is to be changed to the page on which its new lines are entered."""
        await self.view.goto("cases_of_member", member_id=request.member.id)
        fitting = [
            case for case in await self.summaries("cases") if case.status in OPEN and set(case.service_codes) & set(request.codes)
        ]
        if len(fitting) > 1:
            raise SeveralMatches(self.slug, what="cases to change")
        if not fitting:
            raise NoBaseCase(self.slug)
        self.base = fitting[0]
        await self.open_case(self.base.reference_no)
        await self.view.press(request.certification)

    async def changes(self, cases: list[CaseSummary]) -> list[CaseSummary]:
        """What came onto these cases later: for each case one for each of the practice's own references."""
        return [change for case in cases for change in await self._changes(case)]

    async def _changes(self, case: CaseSummary) -> list[CaseSummary]:
        await self.open_case(case.reference_no)
        kinds = self.map.pages["case"].tables["lines"].words["kind"].values()
        later: dict[str, list[Row]] = {}
        for row in await self.view.table("lines"):
            if row["kind"] in kinds:
                later.setdefault(row["our_reference"], []).append(row)
        return [self._change(case, rows) for rows in later.values()]

    def _change(self, case: CaseSummary, rows: list[Row]) -> CaseSummary:
        codes = " ".join(row["service_code"] for row in rows)
        cells = {"reference_no": case.reference_no, "member_id": case.member_id, "service_codes": codes}
        return self.summary({**rows[0].cells, **cells}, "case")
