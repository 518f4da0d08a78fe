"""What intake hands on: good requests, refused rows with their reasons, or a refused file."""

from __future__ import annotations

from bots.model import AuthRequest, Frozen
from jobs.intake.trouble import FileProblem


class RejectedRow(Frozen):
    """One reason why one row was refused; a row with several has several of these.

    ``row`` counts as a spreadsheet shows it (the header is row 1; in JSON lines, the line). ``column`` is named as in the file,
    "" when the reason is about the whole row. ``request_id`` is "" when the row's own is unusable. Holds no value of a patient.
    """

    file: str
    row: int
    request_id: str = ""
    column: str = ""
    reason: str
    code: str


class IntakeResult(Frozen):
    """All that came out of one file. With a ``file_error`` nothing was taken and the lists are empty.

    ``repeated`` are rows that said again exactly what an earlier row of the same request said; they were ignored. ``cells``
    are the refused rows as they stood in the file, by row, for `write_rejects`; like ``requests`` they hold health
    information, so ``repr`` shows only counts.
    """

    file: str
    folder: str = ""
    header: tuple[str, ...] = ()
    attachments_at: int = -1
    rows: int = 0
    requests: list[AuthRequest] = []
    rejected: list[RejectedRow] = []
    repeated: tuple[int, ...] = ()
    cells: dict[int, tuple[str, ...]] = {}
    file_error: FileProblem | None = None

    def __repr__(self) -> str:
        return f"IntakeResult({self.rows} rows, {len(self.requests)} requests, {len(self.cells)} rows refused)"
