"""From the rows of one request id to one request, or to every reason why not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from bots.model import Attachment, AuthRequest, Contact, Drug, Frozen, Member, Provider, ServiceLine
from jobs.documents import DocumentRefused, Documents
from jobs.intake.block import Block, Part
from jobs.intake.cells import BadCell, document_paths
from jobs.intake.checks import LINE_CHECKS, REQUEST_CHECKS, Finding, missing
from jobs.intake.columns import COLUMNS, DECIDE_NEEDS
from jobs.intake.header import Header, column_at
from jobs.intake.source import Row


class Built(Frozen):
    """One request, or (row, finding) for all that is wrong with it; ``repeated`` are rows that said nothing new."""

    request: AuthRequest | None = None
    findings: tuple[tuple[int, Finding], ...] = ()
    repeated: tuple[int, ...] = ()


class Builder:
    """Builds requests from rows under one header; ``folder`` is where relative attachments are looked for."""

    def __init__(self, header: Header, documents: Documents, today: date) -> None:
        self._about = self._block(header, line=False)
        self._line = self._block(header, line=True)
        self._documents = documents
        self._today = today
        self._missing_memo: dict[tuple[object, ...], tuple[Finding, ...]] = {}
        self._providers: dict[tuple[str, str], Provider] = {}
        self._contacts: dict[tuple[str, str, str], Contact] = {}

    def build(self, rows: Sequence[Row]) -> Built:
        """``rows`` have one request id, in the file's order."""
        findings: list[tuple[int, Finding]] = []
        parts: dict[tuple[str, ...], Part] = {}
        lines: dict[tuple[object, ...], tuple[int, ServiceLine]] = {}
        repeated: list[int] = []
        first: tuple[int, Part] | None = None
        for row in rows:
            if row.broken:
                findings.append((row.number, Finding("", row.broken.code, row.broken.reason)))
                continue
            about = self._request_part(row, parts)
            first = first or (row.number, about)
            line = self._line.read(self._line.pick(row.cells))
            together = {**about.values, **line.values}
            wrong = [
                *about.findings,
                *line.findings,
                *self._missing(together, line.empty, line=True),
                *self._checked(LINE_CHECKS, together),
                *_differences(first, about),
            ]
            if not wrong:
                wrong = _add_line(lines, row.number, _service_line(line.values), repeated)
            findings += [(row.number, finding) for finding in wrong]
        if findings or first is None:
            return Built(findings=tuple(findings))
        return Built(request=self._request(first[1].values, lines.values()), repeated=tuple(repeated))

    def _request_part(self, row: Row, parts: dict[tuple[str, ...], Part]) -> Part:
        """The columns that all rows of a request share; rows that write them alike are read once."""
        key = self._about.pick(row.cells)
        if key not in parts:
            part = self._about.read(key)
            wrong = (
                *part.findings,
                *self._missing(part.values, part.empty, line=False),
                *self._checked(REQUEST_CHECKS, part.values),
            )
            parts[key] = Part(values=part.values, empty=part.empty, findings=wrong)
        return parts[key]

    def _block(self, header: Header, *, line: bool) -> Block:
        columns = [(index, column) for index, column in column_at(header) if column.line is line]
        readers = {"attachments": self._attachments}
        return Block(
            [(index, replace(column, read=readers.get(column.name, column.read))) for index, column in columns],
            [name for name, column in COLUMNS.items() if column.line is line and name not in header.at],
        )

    def _attachments(self, cell: str) -> tuple[Attachment, ...]:
        """The documents that a cell names, each checked. Raises `BadCell` with a reason for each that is unusable (named by its
        place, not by its path)."""
        found: list[Attachment] = []
        refused: list[tuple[str, str]] = []
        for place, path in enumerate(document_paths(cell), start=1):
            try:
                found.append(self._documents.check(path))
            except DocumentRefused as problem:
                refused.append((problem.code, f"document {place} {problem.reason}"))
        if refused:
            raise BadCell(refused[0][0], "; ".join(reason for _, reason in refused))
        return tuple(found)

    def _missing(self, values: Mapping[str, Any], empty: frozenset[str], *, line: bool) -> tuple[Finding, ...]:
        """`missing`, worked out once for all rows that are alike in what it depends on."""
        key = (empty, line, *map(values.get, DECIDE_NEEDS))
        if key not in self._missing_memo:
            self._missing_memo[key] = tuple(missing(values, empty, line=line))
        return self._missing_memo[key]

    def _checked(
        self, checks: Iterable[Callable[[Mapping[str, Any], date], Finding | None]], values: Mapping[str, Any]
    ) -> Iterator[Finding]:
        return (finding for check in checks if (finding := check(values, self._today)) is not None)

    def _request(self, values: Mapping[str, Any], lines: Iterable[tuple[int, ServiceLine]]) -> AuthRequest:
        direct = {name: values[name] for name in _DIRECT if name in values}
        return AuthRequest(
            **direct,
            member=Member(
                id=values["member_id"],
                dob=values["member_dob"],
                last_name=values.get("member_last_name", ""),
                first_name=values.get("member_first_name", ""),
            ),
            requesting=self._provider(values, "requesting_provider_last_name", "requesting_provider_npi"),
            servicing=self._provider(values, "servicing_provider_name", "servicing_provider_npi"),
            facility=self._provider(values, "facility_name", "facility_npi"),
            lines=tuple(line for _, line in lines),
            drug=_drug(values),
            contact=self._contact(values),
        )

    def _provider(self, values: Mapping[str, Any], name: str, npi: str) -> Provider:
        key = (values.get(name, ""), values.get(npi, ""))
        if key not in self._providers:
            self._providers[key] = Provider(name=key[0], npi=key[1])
        return self._providers[key]

    def _contact(self, values: Mapping[str, Any]) -> Contact:
        key = (values.get("contact_name", ""), values.get("contact_phone", ""), values.get("contact_fax", ""))
        if key not in self._contacts:
            self._contacts[key] = Contact(name=key[0], phone=key[1], fax=key[2])
        return self._contacts[key]


_DIRECT = tuple(name for name in COLUMNS if name in AuthRequest.__struct_fields__)
_NOTHING_ASKED = Decimal(0)
"""Units of an appeal or claim that names none: it asks for no service (see `NEEDS`)."""


def _service_line(values: Mapping[str, Any]) -> ServiceLine:
    return ServiceLine(**{"service_code": "", "units": _NOTHING_ASKED, **values})


def _drug(values: Mapping[str, Any]) -> Drug | None:
    if "drug_name" not in values:
        return None
    return Drug(
        name=values["drug_name"],
        strength=values.get("drug_strength", ""),
        quantity=values.get("drug_quantity", ""),
        days_supply=values.get("drug_days_supply", ""),
    )


def _differences(first: tuple[int, Part], about: Part) -> Iterator[Finding]:
    """Where a row says something else than the first row of its request about the request as a whole."""
    number, other = first
    if about is other or about.findings or other.findings:
        return
    for name in sorted(about.values.keys() | other.values.keys()):
        if _comparable(about.values.get(name)) != _comparable(other.values.get(name)):
            yield Finding(name, "differs_within_request", f"says something else than row {number}, which has the same request_id")


def _comparable(value: object) -> object:
    if isinstance(value, tuple) and value and isinstance(value[0], Attachment):
        return [attachment.sha256 for attachment in value]
    return value


def _add_line(
    lines: dict[tuple[object, ...], tuple[int, ServiceLine]], number: int, line: ServiceLine, repeated: list[int]
) -> list[Finding]:
    """Adds the line, or notes that it was said before; the same service asked twice in two amounts is refused."""
    key = (line.service_code, line.modifiers, line.from_date, line.to_date)
    earlier, same = lines.setdefault(key, (number, line))
    if earlier == number:
        return []
    if same == line:
        repeated.append(number)
        return []
    return [
        Finding("units", "differs_within_request", f"asks for the service of row {earlier} on the same days in another amount")
    ]
