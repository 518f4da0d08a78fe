"""A fax line whose truth is its own file: one line a hand-over, never deduplicated, also read by other processes.

What becomes of a job is planned by the test; without a plan it is delivered at once. ``trouble`` planned for a call is raised in
it: before or after the line has the job.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections import defaultdict, deque
from collections.abc import Callable
from pathlib import Path

from bots.errors import BotError
from bots.failure import Action
from bots.fax.model import FaxReason, FaxState, LineLimits, LineReport, OutgoingFax


class LineGone(BotError):
    code = "line_gone"
    action = Action.RETRY
    text = "The fax line does not answer. Nothing was sent. Look at its cable."


class LineRefuses(BotError):
    code = "line_refuses"
    action = Action.FIX_REQUEST
    text = "The fax line refused the job. Nothing was sent. Look at its settings."


class SignInRefused(BotError):
    code = "line_refused_sign_in"
    action = Action.PERSON_PORTAL
    text = "The fax line refuses our sign-in. Nothing was sent. Put the right password in."


class FileLine:
    """`bots.fax.model.FaxLine` over one file."""

    def __init__(self, file: Path, *, name: str = "double", limits: LineLimits | None = None) -> None:
        self.name = name
        self.file = file
        self.limits = limits or LineLimits()
        self.wrong = ""
        """What `check` says."""
        self.plans: dict[str, deque[tuple[FaxState, FaxReason, int]]] = defaultdict(deque)
        """Number -> how its next calls end."""
        self.troubles: dict[str, deque[BotError | Exception | None]] = defaultdict(deque)
        """``send``, ``after_send``, ``find``, ``report``, ``cancel`` -> what the next calls raise (None: nothing)."""
        self.before_send: Callable[[OutgoingFax], None] = lambda _fax: None
        self.after_send: Callable[[OutgoingFax], None] = lambda _fax: None
        self._jobs: list[dict[str, str]] = []
        self._by_tag: dict[str, list[dict[str, str]]] = defaultdict(list)
        self._by_id: dict[str, dict[str, str]] = {}
        self._read_to = 0
        self.ends: dict[str, LineReport] = {}

    # --- the line's own truth ----------------------------------------------------------------------------------------

    def sent(self) -> list[dict[str, str]]:
        """Every hand-over that ever arrived: tag, number, pages, job."""
        self._refresh()
        return list(self._jobs)

    def end(self, tag: str, state: FaxState, reason: FaxReason = FaxReason.NONE, pages: int = 0) -> None:
        """What became of the last job of that tag."""
        self._refresh()
        job = self._by_tag[tag][-1]["job"]
        self.ends[job] = LineReport(job_id=job, state=state, reason=reason, pages_sent=pages)

    def _refresh(self) -> None:
        if not self.file.exists():
            return
        with self.file.open("rb") as file:
            file.seek(self._read_to)
            data = file.read()
        whole = data[: data.rfind(b"\n") + 1]
        self._read_to += len(whole)
        for line in whole.splitlines():
            entry = json.loads(line)
            entry["job"] = f"J{len(self._jobs) + 1}"
            self._jobs.append(entry)
            self._by_tag[entry["tag"]].append(entry)
            self._by_id[entry["job"]] = entry

    # --- FaxLine -----------------------------------------------------------------------------------------------------

    async def send(self, fax: OutgoingFax) -> str:
        self._raise("send")
        self.before_send(fax)
        entry = {"tag": fax.tag, "number": fax.number, "pages": str(fax.pages), "pdf": fax.pdf[:60].decode("latin-1")}
        descriptor = os.open(self.file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, json.dumps(entry).encode() + b"\n")  # one write: whole, or not there
        finally:
            os.close(descriptor)
        self._refresh()
        job = self._by_tag[fax.tag][-1]["job"]
        if self.plans[fax.number]:
            state, reason, pages = self.plans[fax.number].popleft()
            self.ends[job] = LineReport(job_id=job, state=state, reason=reason, pages_sent=pages, said=reason.value)
        await asyncio.sleep(0)
        self.after_send(fax)
        self._raise("after_send")
        return job

    async def report(self, job_id: str) -> LineReport:
        self._raise("report")
        self._refresh()
        return self._report(job_id)

    async def find(self, tag: str) -> tuple[LineReport, ...]:
        self._raise("find")
        self._refresh()
        return tuple(self._report(entry["job"]) for entry in self._by_tag.get(tag, ()))

    async def cancel(self, job_id: str) -> LineReport:
        self._raise("cancel")
        if self._state(job_id) is FaxState.WAITING:
            self.ends[job_id] = LineReport(job_id=job_id, state=FaxState.FAILED, reason=FaxReason.CANCELLED)
        return self._report(job_id)

    async def check(self) -> str:
        self._raise("check")
        return self.wrong

    def _report(self, job_id: str) -> LineReport:
        if job_id not in self._by_id:
            return LineReport(job_id=job_id, state=FaxState.UNKNOWN)
        pages = int(self._by_id[job_id]["pages"])
        return self.ends.get(job_id, LineReport(job_id=job_id, state=FaxState.DELIVERED, pages_sent=pages))

    def _state(self, job_id: str) -> FaxState:
        return self._report(job_id).state

    def _raise(self, where: str) -> None:
        if self.troubles[where] and (error := self.troubles[where].popleft()) is not None:
            raise error
