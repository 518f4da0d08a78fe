"""What the practice's people do on their working days: they fax and confirm packets, phone, look up what is uncertain, put a
password right. Whoever sends a packet reads from its pages which request it is: that is what the far end got."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from month_payers import Taken

from bots.fax.lines.folder import Confirmation, FolderLine
from bots.model import Status
from bots.passwords import KeptPasswords
from jobs.attempts import Attempts
from jobs.phone import list_calls, phone_done
from jobs.state import AttemptState, Snapshot

if TYPE_CHECKING:
    from month import Month

WHO = "Ada Testmaple"


class Desk:
    """Works with the engine of the service that runs, as the commands would."""

    def __init__(self, month: Month) -> None:
        self._month = month
        self._calls = 0

    async def work(self) -> None:
        await self._send_faxes()
        for snapshot in list(self._journal.snapshots(status=Status.NEEDS_PERSON)):
            self._look_up(snapshot)
        self._phone()
        self._put_password_right()

    @property
    def _journal(self):  # type: ignore[no-untyped-def]
        return self._month.process.engine.journal

    async def _send_faxes(self) -> None:
        line = self._month.process.engine.fax_line
        assert isinstance(line, FolderLine)
        for job in await line.waiting():
            request_id = _printed_reference(line, job.tag)
            at = self._month.clock()
            self._month.payers.took(request_id, Taken("fax", job.number, "", at))
            await line.confirm(job.tag, Confirmation(by=WHO, delivered_at=at, pages_sent=job.pages))

    def _look_up(self, snapshot: Snapshot) -> None:
        """Where it is not certain whether a portal without history has a request, a person calls there and is told."""
        request_id, engine = snapshot.request.request_id, self._month.process.engine
        if not self._journal.attempts(request_id=request_id, state=AttemptState.UNCERTAIN):
            return
        there = [each for each in self._month.payers.taken.get(request_id, ()) if each.channel == "portal"]
        number = there[0].reference_no if there else ""
        Attempts(self._journal, engine.seats).settled_by_person(request_id, WHO, reference_no=number)

    def _phone(self) -> None:
        rulebook = self._month.process.engine.rulebook
        tasks = list(self._journal.snapshots(status=Status.NEEDS_PERSON))
        for sheet in list_calls(tasks, rulebook, self._month.clock()):
            if sheet.open_now is False:
                continue
            self._calls += 1
            number = f"T{self._calls:06}"
            self._month.payers.took(sheet.request_id, Taken("phone", sheet.number, number, self._month.clock()))
            phone_done(self._journal, sheet.request_id, reference_no=number, who=WHO, rulebook=rulebook)

    def _put_password_right(self) -> None:
        engine = self._month.process.engine
        for stopped in engine.portal_states.disabled():
            since = self._month.clock() - stopped.since
            if stopped.error_code == "password_rejected" and since > timedelta(hours=1):
                account = self._month.payers.accounts[stopped.portal, stopped.account]
                kept = KeptPasswords(engine.vault, stopped.portal, stopped.account)
                kept.set_by_person(account.password, engine.today())
                engine.portal_states.enable_portal(stopped.portal, WHO)


def _printed_reference(line: FolderLine, tag: str) -> str:
    import pypdfium2

    with pypdfium2.PdfDocument((line.folder / tag / "packet.pdf").read_bytes()) as document:
        text = document[0].get_textpage().get_text_range()
    found = re.search(r"M-\d{5}", text)
    assert found is not None, "the cover sheet names no request"
    return found.group()
