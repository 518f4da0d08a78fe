"""Reads a portal's lists, cases and letters, by the page names and columns that `bots.portal` explains. Commits nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar

from bots.errors import BadReading, BotError, DocumentRefused, NotEligible, SeveralMatches
from bots.model import AuthRequest, CaseSummary, PortalLetter, Reading
from bots.portal_cells import Cells
from bots.tabledata import Row

if TYPE_CHECKING:
    from bots.evidence import Evidence


class Reader(Cells):
    """The part of a portal that reads pages into values."""

    letters_page: ClassVar[str] = "case"
    """The page with the table ``letters`` (columns ``title``, and where shown ``dated``, ``letter_id``, ``state``)."""
    evidence: Evidence

    def id_on_pages(self, request: AuthRequest) -> str:
        """The member's id as this portal's pages show it; some leave out what a card shows before and after it."""
        return request.member.id

    async def summaries(self, table: str) -> list[CaseSummary]:
        """All rows of a case list, over its pages."""
        page = self.view.here
        return [self.summary(row.cells, page) async for rows in self.view.list_pages(table) for row in rows]

    async def check_member(self, request: AuthRequest) -> None:
        """That the member whom this page shows is the one asked for, and eligible. Raises `ReadBackDiffers` or `NotEligible`."""
        if not self.eligible(await self.member_shown(request)):
            raise NotEligible(self.slug)

    async def member_shown(self, request: AuthRequest) -> str:
        """The page's word for the eligibility of its member, who is the one asked for (`ReadBackDiffers`)."""
        asked = {"member_id": self.id_on_pages(request), "member_dob": self.date_text(request.member.dob)}
        read = await self.view.read_all((*asked, "eligibility"))
        wrong = [name for name, value in asked.items() if read[name] != value]
        if wrong:
            raise self.view.differs(wrong)
        return read["eligibility"]

    async def check_documents(self, request: AuthRequest) -> None:
        """That this page's table ``documents`` shows each document of the request as taken, and no other (`DocumentRefused`)."""
        words = self.map.words.document
        taken = {row["name"] for row in await self.view.table("documents") if words.get(row["state"], False)}
        if taken != {row["name"] for row in self.expected_documents(request)}:
            raise DocumentRefused(self.slug, reason="not taken")

    def only(self, rows: list[Row], what: str, missing: BotError) -> Row:
        """The one row; ``missing`` is raised for none, `SeveralMatches` for more."""
        if not rows:
            raise missing
        if len(rows) > 1:
            raise SeveralMatches(self.slug, what=what)
        return rows[0]

    async def case(self, reference_no: str) -> Reading:
        """The page ``case``, which is open, with its lines."""
        view = self.view
        read = await view.read_all(self.map.pages["case"].reads)
        if read["reference_no"] != reference_no:
            raise BadReading(self.slug, page="case", what="another case than was opened")
        lines = [self.case_line(row.cells) for row in await view.table("lines")]
        submitted = self.date(read.get("submitted_on", ""), "case")
        reason = read.get("reason", "") or "; ".join(sorted({line.reason for line in lines if line.reason}))
        reviewer = f"reviewer's phone {read['reviewer_phone']}" if read.get("reviewer_phone") else ""
        return Reading(
            portal=self.slug,
            reference_no=reference_no,
            authorization_no=read.get("authorization_no", ""),
            member_id=read.get("member_id", ""),
            status_raw=read["status"],
            status=self.case_status(self.status(read["status"]), lines),
            status_reason="; ".join(filter(None, [reason, reviewer])),
            lines=tuple(lines),
            valid_from=self.date(read.get("valid_from", ""), "case"),
            valid_to=self.date(read.get("valid_to", ""), "case"),
            submitted_at=datetime(submitted.year, submitted.month, submitted.day, tzinfo=UTC) if submitted else None,
            decided_on=self.date(read.get("decided_on", ""), "case"),
            observed_at=self.now(),
        )

    async def letter(self, reference_no: str, row: Row) -> PortalLetter:
        """One row of the table ``letters``, its file stored sealed where it can be opened."""
        dated = row.cells.get("dated", "")
        letter_id = row.cells.get("letter_id", "") or f"{row['title']} {dated}".strip()
        evidence = ""
        if "state" not in row.cells or self.map.words.letter.get(row["state"], False):
            content = await self.view.download("letters", row)
            evidence = self.evidence.store("letter", f"{self.slug}-{reference_no}-{letter_id}", content)
        return PortalLetter(
            portal=self.slug,
            reference_no=reference_no,
            letter_id=letter_id,
            title=row["title"],
            dated=self.date(dated, self.letters_page),
            evidence=evidence,
        )
