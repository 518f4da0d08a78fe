"""Reading a whole file: rows of one request brought together, good requests handed on, bad ones with every reason.

Rows of one request may lie apart, so the file is read twice: once to count the rows of each id, once to build. Only rows
that still wait for others of their request are kept; memory does not grow with the file beyond its ids.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path

from bots.model import AuthRequest
from jobs.documents import Documents
from jobs.intake.build import Builder, Built
from jobs.intake.cells import MARK, BadCell, request_id
from jobs.intake.checks import Finding
from jobs.intake.columns import COLUMNS, refuse_odd_cell
from jobs.intake.header import Header
from jobs.intake.result import IntakeResult, RejectedRow
from jobs.intake.source import Row, Source, open_source
from jobs.intake.trouble import IntakeFileRefused, refuse
from jobs.intake.words import shown

_IN_A_BAD_REQUEST = Finding(
    "", "request_has_bad_row", "belongs to a request with a bad row; correct that one and send all its rows again"
)


def read_intake(path: Path, *, columns: Mapping[str, str] = {}, today: date | None = None) -> IntakeResult:
    """The whole file at once. Raises nothing for a bad file: see ``file_error``.

    ``columns`` is ``[intake.columns]``: {the export's column name: ours, or "" to leave the column out}. ``today`` (default: this
    computer's day) bounds birth dates. A request with one bad row is refused whole.
    """
    requests: list[AuthRequest] = []
    rejected: list[RejectedRow] = []
    try:
        run = _Run(path, columns, today)
        for found in run.results():
            if isinstance(found, AuthRequest):
                requests.append(found)
            else:
                rejected.append(found)
    except IntakeFileRefused as refused:
        return IntakeResult(file=refused.problem.file, file_error=refused.problem)
    return IntakeResult(
        file=run.file,
        folder=str(path.absolute().parent),
        header=run.header.names,
        attachments_at=run.header.at.get("attachments", -1),
        rows=run.rows,
        requests=requests,
        rejected=sorted(rejected, key=lambda row: row.row),
        repeated=tuple(sorted(run.repeated)),
        cells=dict(sorted(run.cells.items())),
    )


def iter_intake(
    path: Path,
    columns: Mapping[str, str] = {},
    *,
    today: date | None = None,
) -> Iterator[AuthRequest | RejectedRow]:
    """Request by request, each as soon as its last row was read.

    Raises `IntakeFileRefused` before the first one when the file is bad. A file that turns bad only while it is read the second
    time (somebody writes to it) raises in the middle.
    """
    return _Run(path, columns, today, keep_cells=False).results()


class _Run:
    """One reading of one file."""

    def __init__(self, path: Path, columns: Mapping[str, str], today: date | None, *, keep_cells: bool = True) -> None:
        self.file = shown(path.name)
        self._source: Source = open_source(path, columns)
        self.header: Header = self._source.header
        self._id_at = self.header.at["request_id"]
        self._builder = Builder(self.header, Documents(path.absolute().parent), today or datetime.now().astimezone().date())
        self._keep_cells = keep_cells
        self.rows = 0
        self.repeated: list[int] = []
        self.cells: dict[int, tuple[str, ...]] = {}
        self._counts = self._count()

    def _count(self) -> Counter[str]:
        """Rows of each id; walks through the whole file, so that an unusable one is refused before anything is handed on."""
        counts = Counter(self._source.ids())
        self.rows = counts.total()
        if not self.rows:
            raise refuse(self.file, "no_rows")
        return counts

    def results(self) -> Iterator[AuthRequest | RejectedRow]:
        waiting: dict[str, list[Row]] = {}
        for row in self._source.rows():
            cell = row.cells[self._id_at]
            group = waiting.setdefault(cell, [])
            group.append(row)
            if len(group) == self._counts[cell]:
                yield from self._settle(cell, waiting.pop(cell))
        if waiting:
            raise refuse(self.file, "changed")

    def _settle(self, cell: str, rows: list[Row]) -> Iterator[AuthRequest | RejectedRow]:
        known_id = _usable_id(cell)
        # rows without a usable id have nothing to do with each other
        groups: Sequence[list[Row]] = [rows] if known_id else [[row] for row in rows]
        for group in groups:
            built = self._builder.build(group)
            self.repeated += built.repeated
            if built.request is not None:
                yield built.request
            else:
                yield from self._reject(known_id, group, built)

    def _reject(self, known_id: str, rows: list[Row], built: Built) -> Iterator[RejectedRow]:
        by_row: dict[int, list[Finding]] = {row.number: [] for row in rows}
        for number, finding in built.findings:
            by_row[number].append(finding)
        for row in rows:
            if self._keep_cells:
                self.cells[row.number] = self._as_it_stood(row)
            for finding in by_row[row.number] or [_IN_A_BAD_REQUEST]:
                yield RejectedRow(
                    file=self.file,
                    row=row.number,
                    request_id=known_id,
                    column=self.header.name_of(finding.column) if finding.column else "",
                    reason=finding.reason,
                    code=finding.code,
                )

    def _as_it_stood(self, row: Row) -> tuple[str, ...]:
        """The row's cells as text; what a spreadsheet has spoilt is marked, so that it is refused again until corrected."""
        cells = list(row.cells)
        for name, index in self.header.at.items():
            cell = cells[index]
            if type(cell) is not str and cell:
                spoilt = refuse_odd_cell(cell, COLUMNS[name].kind)
                cells[index] = MARK + cell if spoilt else str(cell)
        return tuple(cells)


def _usable_id(cell: str) -> str:
    """The cell when it is a request id, else ""."""
    if not cell or (type(cell) is not str and refuse_odd_cell(cell, COLUMNS["request_id"].kind)):
        return ""
    try:
        return request_id(cell)
    except BadCell:
        return ""
