"""Intake: a CSV, XLSX or JSON-lines file becomes requests; each bad row gets its reasons, a bad file its sentence."""

from jobs.intake.fingerprint import request_fingerprint
from jobs.intake.read import iter_intake, read_intake
from jobs.intake.rejects import write_rejects
from jobs.intake.result import IntakeResult, RejectedRow
from jobs.intake.trouble import FileProblem, IntakeFileRefused

__all__ = [
    "FileProblem",
    "IntakeFileRefused",
    "IntakeResult",
    "RejectedRow",
    "iter_intake",
    "read_intake",
    "request_fingerprint",
    "write_rejects",
]
