"""What can be wrong with a file as a whole, and what a person does about it. Each is one entry of one table.

Reasons name the file, a line or a column, never a patient's value.
"""

from __future__ import annotations

from bots.model import Frozen
from jobs.intake.words import shown

_WHOLE = "{file} was not taken in: {what}. Nothing of it was submitted. {then}"

_TROUBLES: dict[str, tuple[str, str]] = {
    "not_found": ("there is no such file", "Check the path and run the command again."),
    "not_a_file": ("it is a folder or a device, not a file", "Name the file itself."),
    "unreadable": ("this user may not read it", "Check the file's permissions and close it in other programs."),
    "empty": ("it is empty", "Export it again from your system."),
    "no_rows": ("it has a header but no rows", "Export it again from your system."),
    "too_large": ("it is larger than {limit}", "Check that it is the right file, or split it into smaller ones."),
    "too_many_rows": ("it has more than {limit} rows", "Split it into smaller files."),
    "binary": ("it is no table of text (zero bytes near line {line})", "Export it again as 'CSV UTF-8' or .xlsx."),
    "utf16": ("its text is UTF-16, not UTF-8", "In Excel, save it as 'CSV UTF-8' or .xlsx."),
    "wrong_encoding": ("its text is not UTF-8 (near line {line})", "In Excel, save it as 'CSV UTF-8' or .xlsx."),
    "line_too_long": ("line {line} is longer than {limit}", "Check that it is the right file and export it again."),
    "old_excel": ("it is an old .xls workbook or protected by a password", "Save it as .xlsx without a password."),
    "not_a_table": ("it is {kind}, not a table", "Export the requests as CSV, .xlsx or JSON lines."),
    "json_list": ("it is one JSON list", "Write JSON lines: one object per line, without the outer brackets."),
    "no_header": (
        "its first row holds none of the known column names",
        "Put the column names in row 1, or map yours under [intake.columns] in priorbot.toml.",
    ),
    "unknown_column": ("{columns}", "Correct the name, or map it under [intake.columns] in priorbot.toml."),
    "missing_column": ("it lacks the required column(s) {columns}", "Add them, or map yours under [intake.columns]."),
    "double_column": ("two columns mean the same: {columns}", "Remove one of them."),
    "bad_column_map": ("[intake.columns] {columns}", 'Write it as "your column name" = "our column name".'),
    "broken_quotes": (
        "the quotation marks do not pair up near row {line}, so the rows after it cannot be told apart",
        "Correct that row (a quotation mark inside a cell is doubled), or export the file again.",
    ),
    "damaged_workbook": ("the workbook is damaged", "Open it in your spreadsheet program and save it again as .xlsx."),
    "zip_bomb": ("its contents unpack to more than {limit}", "Check that it is the right file, or split it into smaller ones."),
    "two_sheets": ("{count} of its sheets hold requests", "Keep the requests on one sheet, or save each sheet as a file."),
    "changed": ("it changed while it was read", "Wait until nobody writes to it and run the command again."),
}


class FileProblem(Frozen):
    """Why a file was refused as a whole. ``code`` is stable; ``reason`` is a sentence for staff."""

    file: str
    code: str
    reason: str


class IntakeFileRefused(Exception):
    """The whole file was refused; ``problem`` says why and what to do."""

    def __init__(self, problem: FileProblem) -> None:
        self.problem = problem
        super().__init__(problem.reason)


def refuse(file: str, code: str, **details: str | int) -> IntakeFileRefused:
    """The exception for one entry of the table, ready to raise."""
    file = shown(file)
    what, then = _TROUBLES[code]
    reason = _WHOLE.format(file=file, what=what.format_map(details), then=then)
    return IntakeFileRefused(FileProblem(file=file, code=code, reason=reason))
