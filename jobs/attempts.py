"""The journal's side of the commit protocol: who works on a request, INTENT before the click, RECEIPT after it.

Each call is one transaction, on the disk when it returns. The database allows one open attempt for each request, over all
channels and processes (``one_open_attempt``).
"""

from __future__ import annotations

from datetime import datetime

from bots.errors import Action, BotError
from bots.model import AuthRequest, Receipt, Shown, Status
from jobs import events as happened
from jobs.events import AttemptEvent, MoveRefused, Standing
from jobs.fax.words import withdrawn
from jobs.journal import Journal
from jobs.journal_write import Write, owner_of
from jobs.projection import Projection
from jobs.seats import Seat, Seats
from jobs.state import Attempt, AttemptState, Channel, Snapshot, is_due

Then = happened.Moved | happened.Routed


class NotOurs(BotError):
    """The attempt or its request has changed hands; nothing was clicked."""

    code = "not_ours"
    action = Action.RETRY
    text = "Another PriorBot works on this request on {portal}. Nothing was sent by this one."


class CaseTaken(BotError):
    """The only case that fits belongs to another request of ours."""

    code = "case_taken"
    action = Action.PERSON_REQUEST
    text = (
        "{portal} already has case {reference} for the same member, service and dates, and it belongs to request {other}. "
        "Nothing was sent. If both are meant, submit this one by hand; else withdraw it."
    )


class Attempts:
    """Attempts of one journal, made by the holder of seats."""

    def __init__(self, journal: Journal, seats: Seats) -> None:
        self.journal = journal
        self.seats = seats

    def claim(self, request_id: str, seat: Seat, channel: Channel = Channel.PORTAL) -> Attempt | None:
        """Begins an attempt when nobody else works on the request and it is due; else None.

        An attempt whose worker has ended before the INTENT is closed on the way. Raises `SeatLost`.
        """
        with self.journal.write() as write:
            self.seats.require(write.connection, seat)
            snapshot = write.snapshot(request_id)
            if not is_due(snapshot, write.at) or _leads_elsewhere(snapshot, seat.portal):
                return None
            other = write.rows.open_attempt(request_id)
            if other is not None:
                if not self.is_deserted_draft(write, other):
                    return None
                _end(write, other, AttemptState.ABANDONED, "worker_ended")
            attempt_id = f"a{write.next_seq:012}"
            began = happened.Began(
                attempt_id=attempt_id, channel=channel, portal=seat.portal, account=seat.account, fence=seat.fence
            )
            write.append(request_id, began)
            return _attempt(write, attempt_id)

    def get(self, attempt_id: str) -> Attempt:
        """The attempt as it stands. Raises ``KeyError``."""
        with self.journal.read() as connection:
            return _known(Projection(connection).attempt(attempt_id), attempt_id)

    def intent(self, attempt_id: str, shown: Shown) -> None:
        """INTENT: durable before the click. Raises `SeatLost` or `NotOurs`, and then nothing may be clicked."""
        with self.journal.write() as write:
            attempt = _attempt(write, attempt_id)
            self.seats.require(write.connection, _seat_of(attempt))
            snapshot = write.snapshot(attempt.request_id)
            if not is_due(snapshot, write.at) or _leads_elsewhere(snapshot, attempt.portal):
                raise NotOurs(attempt.portal)
            _append(write, attempt, happened.Intended(attempt_id=attempt_id, shown=shown))

    def receipt(
        self, attempt_id: str, receipt: Receipt, *, decision_due: datetime | None = None, is_marked: bool = False
    ) -> Snapshot:
        """RECEIPT: the reference number, durable. Also settles an attempt that was thought uncertain, or absent.

        Raises `CaseTaken` for an adopted case that another request of ours has, or may have brought about at this very moment;
        not the latter when the case carries this request's own id (``is_marked``).
        """
        with self.journal.write() as write:
            attempt = _attempt(write, attempt_id)
            if receipt.adopted:
                _require_free(write, attempt, receipt, is_marked=is_marked)
            if not _make_way(write, attempt):
                write.append(attempt.request_id, _second_receipt(receipt))
                return write.snapshot(attempt.request_id)
            received = happened.Received(
                attempt_id=attempt_id,
                receipt=receipt,
                status=Status.FAXED if attempt.channel is Channel.FAX else Status.SUBMITTED,
                reason=f"{receipt.portal} already had it; nothing was sent twice." if receipt.adopted else "",
                decision_due=decision_due,
            )
            _append(write, attempt, received)
            return write.snapshot(attempt.request_id)

    def uncertain(self, attempt_id: str, error_code: str, standing: Standing) -> Snapshot:
        """It may have been accepted. ``standing`` is `Status.UNCERTAIN` with the moment of the first look."""
        with self.journal.write() as write:
            attempt = _attempt(write, attempt_id)
            _append(write, attempt, happened.Doubted(attempt_id=attempt_id, error_code=error_code, standing=standing))
            return write.snapshot(attempt.request_id)

    def looked(self, attempt_id: str, standing: Standing) -> Attempt:
        """`verify` found nothing this time."""
        with self.journal.write() as write:
            attempt = _attempt(write, attempt_id)
            _append(write, attempt, happened.Looked(attempt_id=attempt_id), happened.Moved(standing=standing))
            return _attempt(write, attempt_id)

    def end(self, attempt_id: str, state: AttemptState, error_code: str = "", then: Then | None = None) -> Snapshot:
        """The attempt is over without a receipt; ``then`` is where its request goes (None: it stays)."""
        with self.journal.write() as write:
            attempt = _attempt(write, attempt_id)
            _end(write, attempt, state, error_code)
            if then is not None:
                write.append(attempt.request_id, then)
            return write.snapshot(attempt.request_id)

    def put_to_rest(self, request_id: str, then: Then) -> bool:
        """Moves a due request on which nobody works. False when somebody does, or it has moved meanwhile."""
        with self.journal.write() as write:
            other = write.rows.open_attempt(request_id)
            if not is_due(write.snapshot(request_id), write.at):
                return False
            if other is not None:
                if not self.is_deserted_draft(write, other):
                    return False
                _end(write, other, AttemptState.ABANDONED, "worker_ended")
            write.append(request_id, then)
            return True

    def is_deserted_draft(self, write: Write, attempt: Attempt) -> bool:
        """Whether it may be given up: nothing was sent, and its worker is gone. A fax in the queue needs no worker."""
        drafting = attempt.state is AttemptState.DRAFTING and attempt.channel is not Channel.FAX
        return drafting and not self.seats.is_current(write.connection, _seat_of(attempt))

    def abandon(self, write: Write, attempt: Attempt) -> None:
        """Gives such a draft up, within a transaction."""
        _end(write, attempt, AttemptState.ABANDONED, "worker_ended")

    def deserted(self) -> tuple[Attempt, ...]:
        """Attempts with an INTENT and no RECEIPT whose worker is gone."""
        intended = [each for each in self.journal.attempts(state=AttemptState.INTENT) if each.channel is not Channel.FAX]
        if not intended:
            return ()
        with self.journal.read() as connection:
            return tuple(each for each in intended if not self.seats.is_current(connection, _seat_of(each)))

    def desert(self, attempt: Attempt, standing: Standing) -> bool:
        """Makes a deserted attempt uncertain. False when its worker has come back, or somebody else was faster."""
        with self.journal.write() as write:
            now = _attempt(write, attempt.attempt_id)
            if now.state is not AttemptState.INTENT or self.seats.is_current(write.connection, _seat_of(now)):
                return False
            doubted = happened.Doubted(attempt_id=now.attempt_id, error_code="worker_ended", standing=standing)
            _append(write, now, doubted)
            return True

    def settled_by_person(self, request_id: str, who: str, *, reference_no: str = "") -> Snapshot:
        """A person has looked: the portal has it under ``reference_no``, or ("") certainly has not, and it may be sent again.

        Raises `MoveRefused` when nothing is uncertain about the request.
        """
        with self.journal.write() as write:
            attempt = write.rows.open_attempt(request_id)
            if attempt is None or attempt.state is not AttemptState.UNCERTAIN or attempt.channel is Channel.FAX:
                raise MoveRefused("a request without an uncertain attempt", "settled", "settled")
            if reference_no:
                receipt = Receipt(portal=attempt.portal, reference_no=reference_no, received_at=write.at, adopted=True)
                reason = f"{who} found it on the portal."
                _append(write, attempt, happened.Received(attempt_id=attempt.attempt_id, receipt=receipt, reason=reason))
            else:
                _end(write, attempt, AttemptState.ABSENT, "absent_by_person")
                reason = f"{who} made sure that the portal does not have it."
                write.append(request_id, happened.Moved(standing=Standing(status=Status.NEW, reason=reason)))
            return write.snapshot(request_id)


def _leads_elsewhere(snapshot: Snapshot, portal: str) -> bool:
    """A request takes one route only: it may have been given another one meanwhile."""
    return snapshot.route is None or snapshot.route.portal != portal


def _seat_of(attempt: Attempt) -> Seat:
    return Seat(portal=attempt.portal, account=attempt.account, fence=attempt.fence)


def _attempt(write: Write, attempt_id: str) -> Attempt:
    return _known(write.rows.attempt(attempt_id), attempt_id)


def _known(attempt: Attempt | None, attempt_id: str) -> Attempt:
    if attempt is None:
        raise KeyError(attempt_id)
    return attempt


def _require_free(write: Write, attempt: Attempt, receipt: Receipt, *, is_marked: bool) -> None:
    other = owner_of(write.connection, receipt.portal, receipt.reference_no)
    if other and other != attempt.request_id:
        raise CaseTaken(receipt.portal, reference=receipt.reference_no, other=other)
    if is_marked:
        return
    # The click of a twin makes a case before its receipt is noted: its INTENT, noted before the click, tells of it.
    request = write.snapshot(attempt.request_id).request
    for twin in write.rows.in_doubt(receipt.portal):
        if twin != attempt.request_id and is_alike(request, write.snapshot(twin).request):
            raise CaseTaken(receipt.portal, reference=receipt.reference_no, other=twin)


def is_alike(one: AuthRequest, other: AuthRequest) -> bool:
    """Whether a case of the one could be taken for a case of the other: same member, a code in common, overlapping dates."""
    return one.member.id == other.member.id and any(
        line.service_code == twin.service_code and line.from_date <= twin.to_date and twin.from_date <= line.to_date
        for line in one.lines
        for twin in other.lines
    )


def _make_way(write: Write, attempt: Attempt) -> bool:
    """Whether this attempt may take the receipt: a draft that was begun since then is given up, anything more is not."""
    other = write.rows.open_attempt(attempt.request_id)
    if other is not None and other.attempt_id != attempt.attempt_id:
        if other.state is not AttemptState.DRAFTING:
            return False
        if other.channel is Channel.FAX:
            write.append(other.request_id, withdrawn(other.attempt_id))
        else:
            _end(write, other, AttemptState.ABANDONED, "late_receipt")
    return True


def _second_receipt(receipt: Receipt) -> happened.Alerted:
    return happened.Alerted(
        error_code="second_receipt",
        reason=f"{receipt.portal} confirmed an earlier attempt late, as {receipt.reference_no}.",
        next_action=f"Look on {receipt.portal} whether the request stands there twice, and cancel one.",
    )


def _append(write: Write, attempt: Attempt, *bodies: AttemptEvent | happened.Moved) -> None:
    write.append(attempt.request_id, *bodies)


def _end(write: Write, attempt: Attempt, state: AttemptState, error_code: str) -> None:
    _append(write, attempt, happened.Ended(attempt_id=attempt.attempt_id, state=state, error_code=error_code))
