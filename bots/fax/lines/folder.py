"""A fax line that is a folder: packets are put there for a person or another program to send, who then confirms.

Per fax one folder, named by its tag, which appears whole or not at all:

    <tag>/packet.pdf  packet.tif   the pages, in clear: whoever sends them must be able to open them
    <tag>/job.json                 number (ten digits), desk, pages, tag
    <tag>/taken                    (anything, optional) put there by a program that begins to send: no more to be taken back
    <tag>/confirm.json             put there by `FolderLine.confirm`, or by the other program (under another name, then renamed)

The pages are deleted as soon as the fax is confirmed or taken back; `job.json` and `confirm.json` stay as the record.
"""

from __future__ import annotations

import asyncio
import errno
import os
import re
import shutil
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import msgspec

from bots.fax.dialling import ten_digits
from bots.fax.line_errors import FaxHandOverUnclear, FaxLineDown, FaxLineSilent, FaxLineUnclear
from bots.fax.model import FaxReason, FaxState, LineLimits, LineReport, OutgoingFax
from bots.model import Frozen
from bots.private import make_private_folder, sync_folder, write_private

PDF, TIFF, JOB, TAKEN, CONFIRM = "packet.pdf", "packet.tif", "job.json", "taken", "confirm.json"
LEAST_FREE_BYTES = 200_000_000
_TAG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
_UNFINISHED = ".part"
_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))


class FolderJob(Frozen):
    """``job.json``: what whoever sends the packet has to know; nothing of the patient."""

    tag: str
    number: str
    pages: int
    to_name: str = ""


class Confirmation(Frozen, forbid_unknown_fields=True):
    """``confirm.json``: what became of it. ``by`` is who says so: a person's name or a program's."""

    by: str
    delivered_at: datetime | None = None
    failed_at: datetime | None = None
    reason: FaxReason = FaxReason.NONE
    pages_sent: int = 0
    note: str = ""

    def why_not(self) -> str:
        """What is wrong with it, in a few words; "" when it can be believed."""
        ended = self.delivered_at or self.failed_at
        if not self.by.strip():
            return "it does not say who confirms"
        if ended is None or (self.delivered_at and self.failed_at):
            return "it must say either delivered_at or failed_at"
        if ended.tzinfo is None:
            return "its time has no time zone"
        if (self.reason is FaxReason.NONE) is (self.failed_at is not None):
            return "a failure has a reason, a delivery has none"
        return ""


class FolderLine:
    """``folder`` is made when the first packet comes."""

    name = "folder"
    limits = LineLimits(by_person=True)

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def send(self, fax: OutgoingFax) -> str:
        return await asyncio.to_thread(self._send, fax)

    async def report(self, job_id: str) -> LineReport:
        return await asyncio.to_thread(self._report, job_id)

    async def find(self, tag: str) -> tuple[LineReport, ...]:
        report = await self.report(tag)
        return () if report.state is FaxState.UNKNOWN and not self._place(tag).exists() else (report,)

    async def cancel(self, job_id: str) -> LineReport:
        """Raises `FaxLineSilent` when the folder cannot be read or written."""
        return await asyncio.to_thread(self._cancel, job_id)

    async def check(self) -> str:
        return await asyncio.to_thread(self._check)

    async def waiting(self) -> tuple[FolderJob, ...]:
        """The packets that nobody has confirmed yet, by tag."""
        return await asyncio.to_thread(self._waiting)

    async def confirm(self, job_id: str, confirmation: Confirmation) -> LineReport:
        """Keeps a person's word on what became of a packet. The first word stays: a second one changes nothing.

        Raises `FaxLineUnclear`: no such packet, or the word says nothing; `FaxLineSilent`: it could not be kept.
        """
        return await asyncio.to_thread(self._confirm, job_id, confirmation)

    async def told(self, report: LineReport, who: str) -> None:
        """`confirm` by a report; see `bots.fax.model.TakesWord`."""
        at = report.at or datetime.now().astimezone()
        delivered = report.state is FaxState.DELIVERED
        word = Confirmation(
            by=who,
            delivered_at=at if delivered else None,
            failed_at=None if delivered else at,
            reason=report.reason,
            pages_sent=report.pages_sent,
        )
        await self.confirm(report.job_id, word)

    # --- the files -------------------------------------------------------------------------------------------------

    def _place(self, tag: str) -> Path:
        if not _TAG.fullmatch(tag):
            raise FaxLineUnclear(line=self.name, what="this is no tag of ours")
        return self.folder / tag

    def _send(self, fax: OutgoingFax) -> str:
        place = self._place(fax.tag)
        job = FolderJob(tag=fax.tag, number=ten_digits(fax.number), pages=fax.pages, to_name=fax.to_name)
        if place.exists():
            raise FaxHandOverUnclear(line=self.name, what="a packet of this tag is there already")
        part = self.folder / f".{fax.tag}~{uuid4().hex}{_UNFINISHED}"
        try:
            self._forget_unfinished(fax.tag)
            make_private_folder(part)
            write_private(part / PDF, fax.pdf)
            write_private(part / TIFF, fax.tiff)
            write_private(part / JOB, msgspec.json.format(msgspec.json.encode(job)))
            part.rename(place)  # from here on it is handed over; a folder of that tag is never replaced
        except OSError as error:
            shutil.rmtree(part, ignore_errors=True)
            raise FaxLineDown(line=self.name, what=_why(error)) from None
        sync_folder(self.folder)
        return fax.tag

    def _forget_unfinished(self, tag: str) -> None:
        """What an earlier hand-over of this fax left behind when it was killed; it was never a packet."""
        for path in self.folder.glob(f".{tag}~*{_UNFINISHED}"):
            shutil.rmtree(path, ignore_errors=True)

    def _report(self, job_id: str) -> LineReport:
        place = self._place(job_id)
        try:
            return self._word(job_id, (place / CONFIRM).read_bytes())
        except FileNotFoundError:
            pass
        except OSError as error:
            raise FaxLineSilent(line=self.name, what=_why(error)) from None
        if not (place / JOB).exists():
            return LineReport(job_id=job_id, state=FaxState.UNKNOWN, said="the packet's folder is gone")
        taken = (place / TAKEN).exists()
        return LineReport(job_id=job_id, state=FaxState.SENDING if taken else FaxState.WAITING)

    def _word(self, job_id: str, data: bytes) -> LineReport:
        try:
            word = msgspec.json.decode(data, type=Confirmation)
            wrong = word.why_not()
        except (msgspec.ValidationError, msgspec.DecodeError):
            wrong = "it is not what it should be"
        if wrong:
            return LineReport(job_id=job_id, state=FaxState.UNKNOWN, said=f"{CONFIRM}: {wrong}")
        self._remove_pages(self._place(job_id))
        delivered = word.delivered_at is not None
        return LineReport(
            job_id=job_id,
            state=FaxState.DELIVERED if delivered else FaxState.FAILED,
            reason=word.reason,
            said=f"confirmed by {word.by.strip()}",
            pages_sent=word.pages_sent,
            at=word.delivered_at or word.failed_at,
        )

    def _remove_pages(self, place: Path) -> None:
        for name in (PDF, TIFF):
            try:
                (place / name).unlink(missing_ok=True)
            except OSError:  # held open by whoever looks at it (Windows); the next report tries again
                continue

    def _confirm(self, job_id: str, confirmation: Confirmation) -> LineReport:
        place = self._place(job_id)
        if wrong := confirmation.why_not():
            raise FaxLineUnclear(line=self.name, what=wrong)
        if not (place / JOB).exists():
            raise FaxLineUnclear(line=self.name, what="there is no packet of this tag")
        if self._report(job_id).state in (FaxState.WAITING, FaxState.SENDING, FaxState.UNKNOWN):  # else the first word stays
            try:
                write_private(place / CONFIRM, msgspec.json.format(msgspec.json.encode(confirmation)))
            except OSError as error:
                raise FaxLineSilent(line=self.name, what=_why(error)) from None
        return self._report(job_id)

    def _cancel(self, job_id: str) -> LineReport:
        report = self._report(job_id)
        if report.state is not FaxState.WAITING:
            return report
        now = datetime.now().astimezone()
        word = Confirmation(by="PriorBot", failed_at=now, reason=FaxReason.CANCELLED, note="taken back")
        return self._confirm(job_id, word)

    def _waiting(self) -> tuple[FolderJob, ...]:
        places = sorted(path.parent for path in self.folder.glob(f"*/{JOB}"))
        open_ones = [place for place in places if not place.name.startswith(".") and not (place / CONFIRM).exists()]
        return tuple(msgspec.json.decode((place / JOB).read_bytes(), type=FolderJob) for place in open_ones)

    def _check(self) -> str:
        try:
            there = next(place for place in (self.folder, *self.folder.parents) if place.exists())
            if not (there.is_dir() and os.access(there, os.W_OK)):
                raise NotADirectoryError(errno.EACCES, "the folder cannot be written")
            free = shutil.disk_usage(there).free
        except OSError as error:
            return (
                f"No packet can be put into {self.folder} ({_why(error)}). Put that right, or choose another [fax.folder] path."
            )
        if free < LEAST_FREE_BYTES:
            return f"The disk of {self.folder} is nearly full. Make room: else no fax can be put there."
        return ""


def _why(error: OSError) -> str:
    if error.errno in _FULL:
        return "the disk is full"
    return (error.strerror or "the folder cannot be written").lower()
