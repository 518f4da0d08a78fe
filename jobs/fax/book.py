"""The journal's side of the fax queue: what is due, INTENT before a hand-over, the line's job id after it, and every end.

Each writing call is one transaction, on the disk when it returns. Reads go by the table's indexes; none goes over the history.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select

from bots.model import Frozen, Payer, Status, Urgency
from jobs.attempts import Attempts
from jobs.clock import instant_text, parse_instant
from jobs.event_base import Standing
from jobs.events import Moved
from jobs.fallback import TO_FAX
from jobs.fax import words
from jobs.fax.happened import (
    FaxEvent,
    FaxHandedOver,
    FaxIntended,
    FaxLineAlerted,
    FaxLineDown,
    FaxLineUp,
    FaxQueued,
)
from jobs.fax.projected import decode_fax
from jobs.fax.state import AT_LINE, DIALLED_AGAIN, RANKS, Fax, FaxStep, Packet
from jobs.fax.troubles import CannotBeFaxed, FaxNotChanged
from jobs.journal import Journal
from jobs.journal_schema import attempts, fax_lines, faxes, requests
from jobs.journal_write import Write
from jobs.projection import decode_snapshot
from jobs.rule_schema import Desk
from jobs.seats import Seat, Seats
from jobs.state import OPEN_ATTEMPT, AttemptState, Channel, Snapshot

_PAGE = 500
_AT_LINE = [step.value for step in AT_LINE]


class NewFax(Frozen):
    """A packet that is ready for the queue. ``urgency`` and the rest come from the request itself."""

    request_id: str
    desk: str
    packet: Packet
    not_before: datetime
    standing: Standing


class LineDown(Frozen):
    """A line on which nothing can be sent. ``alerted``: it has been so for a while."""

    line: str
    since: datetime
    sentence: str
    alerted: bool
    rest_until: datetime | None = None
    """It is left alone until then, whatever it says of itself."""
    needs_person: bool = False
    """It is not asked anything before somebody says so."""


class FaxBook:
    """The fax queue of one journal."""

    def __init__(self, journal: Journal, seats: Seats) -> None:
        self.journal = journal
        self._attempts = Attempts(journal, seats)
        self._seats = seats

    # --- reading -------------------------------------------------------------------------------------------------

    def get(self, fax_id: str) -> Fax | None:
        with self.journal.read() as connection:
            text = connection.execute(select(faxes.c.fax).where(faxes.c.fax_id == fax_id)).scalar()
        return decode_fax(text) if text else None

    def of_request(self, request_id: str) -> tuple[Fax, ...]:
        """The request's faxes, oldest first."""
        query = select(faxes.c.fax).where(faxes.c.request_id == request_id)
        return self._read(query.order_by(faxes.c.fax_id))

    def is_sent(self, request_id: str) -> bool:
        """Whether it may have been sent on any channel, or is in the queue already."""
        found = [each for each in self.journal.attempts(request_id=request_id) if each.state in OPEN_ATTEMPT]
        return any(each.channel is Channel.FAX or each.state is not AttemptState.DRAFTING for each in found)

    def faxes(self, *, payer: Payer | None = None, step: FaxStep | None = None, desk: str | None = None) -> Iterator[Fax]:
        """All that fit, in the order in which they came. Streams: no more than a page in memory."""
        fits = [
            *([faxes.c.payer == payer.value] if payer is not None else []),
            *([faxes.c.step == step.value] if step is not None else []),
            *([faxes.c.desk == desk] if desk is not None else []),
        ]
        last = ""
        while True:
            page = self._read(select(faxes.c.fax).where(faxes.c.fax_id > last, *fits).order_by(faxes.c.fax_id).limit(_PAGE))
            yield from page
            if len(page) < _PAGE:
                return
            last = page[-1].fax_id

    def counts(self) -> dict[FaxStep, int]:
        with self.journal.read() as connection:
            rows = connection.execute(select(faxes.c.step, func.count()).group_by(faxes.c.step)).all()
        return {FaxStep(step): int(count) for step, count in rows}

    def at_line(self, line: str, step: FaxStep) -> tuple[Fax, ...]:
        """What that line has (HANDED_OVER) or may have (INTENT). As many as a line takes at once, so few."""
        query = select(faxes.c.fax).where(faxes.c.step == step.value, faxes.c.line == line)
        return self._read(query.order_by(faxes.c.rank, faxes.c.fax_id))

    def lines_in_use(self) -> frozenset[str]:
        """Lines that have a fax, or may have one."""
        query = select(faxes.c.line).where(faxes.c.step.in_(_AT_LINE)).distinct()
        with self.journal.read() as connection:
            return frozenset(connection.execute(query).scalars())

    def count_at_line(self, line: str) -> int:
        query = select(func.count()).select_from(faxes).where(faxes.c.step.in_(_AT_LINE), faxes.c.line == line)
        with self.journal.read() as connection:
            return int(connection.execute(query).scalar_one())

    def due(self, most: int, *, one_a_desk: bool = True) -> tuple[Fax, ...]:
        """What may be handed over now, urgent first, at most one for a desk that has none at a line."""
        chosen: list[Fax] = []
        with self.journal.read() as connection:
            kept_back = self._kept_back(connection) if one_a_desk else {}
            while len(chosen) < most:
                others = [~_of_desk(desk) | (faxes.c.rank < rank) for desk, rank in kept_back.items()]
                query = _in_order(self.journal.now()).where(*others).limit(most - len(chosen))
                found = [decode_fax(text) for text in connection.execute(query).scalars()]
                if not one_a_desk or not found:
                    return (*chosen, *found)
                for fax in found:
                    if kept_back.get(_desk_of(fax), _NOBODY) != _EVERYBODY:
                        kept_back[_desk_of(fax)] = _EVERYBODY
                        chosen.append(fax)
        return tuple(chosen)

    def _kept_back(self, connection: Connection) -> dict[tuple[str, str], int]:
        """Desk (payer, name) -> the smallest rank that must not be handed over now: everybody, where a line has a fax for it;
        all that is no more urgent, where one found it busy or silent just now and waits for its next try."""
        silent = faxes.c.reason.in_([reason.value for reason in DIALLED_AGAIN])
        resting = and_(faxes.c.step == FaxStep.QUEUED.value, silent, faxes.c.not_before > instant_text(self.journal.now()))
        kept: dict[tuple[str, str], int] = {}
        query = select(faxes.c.payer, faxes.c.desk, faxes.c.step, faxes.c.rank).where(or_(faxes.c.step.in_(_AT_LINE), resting))
        for payer, desk, step, rank in connection.execute(query):
            from_here = _EVERYBODY if step in _AT_LINE else rank
            kept[payer, desk] = min(from_here, kept.get((payer, desk), _NOBODY))
        return kept

    def has_work(self) -> bool:
        """Whether a run would find anything to do: a fax is due or at a line, or a line is known to be down."""
        busy = select(faxes.c.fax_id).where(or_(faxes.c.step.in_(_AT_LINE), and_(*_queued_until(self.journal.now()))))
        with self.journal.read() as connection:
            found = connection.execute(busy.limit(1)).first() or connection.execute(select(fax_lines.c.line).limit(1)).first()
        return found is not None

    def count_due(self) -> int:
        query = select(func.count()).select_from(faxes).where(*_queued_until(self.journal.now()))
        with self.journal.read() as connection:
            return int(connection.execute(query).scalar_one())

    def next_due(self) -> datetime | None:
        """When the next try of the whole queue may be made; None when nothing is queued."""
        query = select(func.min(faxes.c.not_before)).where(faxes.c.step == FaxStep.QUEUED.value)
        with self.journal.read() as connection:
            text = connection.execute(query).scalar()
        return parse_instant(text) if text else None

    def _read(self, query: Select[Any]) -> tuple[Fax, ...]:
        with self.journal.read() as connection:
            return tuple(map(decode_fax, connection.execute(query).scalars().all()))

    # --- lines ---------------------------------------------------------------------------------------------------

    def lines_down(self) -> tuple[LineDown, ...]:
        with self.journal.read() as connection:
            rows = connection.execute(select(fax_lines).order_by(fax_lines.c.line)).mappings().all()
        return tuple(
            LineDown(
                line=row["line"],
                since=parse_instant(row["down_since"]),
                sentence=row["sentence"],
                alerted=bool(row["alerted"]),
                rest_until=parse_instant(row["rest_until"]) if row["rest_until"] else None,
                needs_person=bool(row["needs_person"]),
            )
            for row in rows
        )

    def line_down(self, line: str) -> LineDown | None:
        return next((each for each in self.lines_down() if each.line == line), None)

    def note_line(
        self, line: str, sentence: str, *, rest_until: datetime | None = None, needs_person: bool = False
    ) -> LineDown | None:
        """What is known of the line now ("": it works). Returns since when it is down, None when it works.

        ``rest_until``: it is left alone until then, whatever it says of itself.
        """
        before = self.line_down(line)
        if before is not None and not sentence and before.rest_until is not None and before.rest_until > self.journal.now():
            return before
        is_news = bool(before) != bool(sentence) or rest_until is not None
        if not is_news and (before is None or before.needs_person or not needs_person):
            return before
        down = FaxLineDown(line=line, sentence=sentence, rest_until=rest_until, needs_person=needs_person)
        with self.journal.write() as write:
            write.append("", down if sentence else FaxLineUp(line=line))
        return self.line_down(line)

    def alert_line(self, line: str, sentence: str, desk_of: Callable[[Fax], Desk]) -> int:
        """Once for each time that a line is down: the event that an alert is made of, and a word to each urgent request that
        waits for it. Returns how many wait."""
        with self.journal.write() as write:
            due = _queued_until(write.at)
            waiting = int(write.connection.execute(select(func.count()).select_from(faxes).where(*due)).scalar_one())
            hurried = _in_order(write.at).where(faxes.c.rank < RANKS[Urgency.STANDARD])
            urgent = [decode_fax(text) for text in write.connection.execute(hurried).scalars()]
            for fax in urgent:
                write.append(fax.request_id, words.line_gone(fax, desk_of(fax).desk, line, sentence))
            write.append("", FaxLineAlerted(line=line, waiting=waiting, urgent=len(urgent)))
            return waiting

    # --- writing -------------------------------------------------------------------------------------------------

    def enter(self, new: NewFax, *, by_person: bool = False) -> Fax:
        """Puts a request into the queue: from here on it is on no other channel. One that is there already stays as it is.

        Raises `CannotBeFaxed`: somebody works on it, it was sent, it is uncertain, or it is not ours to move. ``by_person``:
        somebody has decided so, and a request that waits for a person goes too.
        """
        return self.enter_all([new], by_person=by_person)[0]

    def enter_all(self, batch: Sequence[NewFax], *, by_person: bool = False) -> list[Fax]:
        """`enter` for many in one transaction: all of them or none."""
        with self.journal.write() as write:
            write.rows.preload([new.request_id for new in batch])
            return [self._enter(write, new, by_person=by_person) for new in batch]

    def _enter(self, write: Write, new: NewFax, *, by_person: bool) -> Fax:
        snapshot = write.snapshot(new.request_id)
        other = write.rows.open_attempt(new.request_id)
        if other is not None and other.channel is Channel.FAX:
            return _known(write, other.attempt_id)
        if other is not None:
            if not self._attempts.is_deserted_draft(write, other):
                raise CannotBeFaxed(request=new.request_id, why="it was sent on a portal, or is being worked on")
            self._attempts.abandon(write, other)
        allowed = {Status.NEW, Status.WAITING} | ({Status.NEEDS_PERSON} if by_person else set())
        if snapshot.status not in allowed:
            raise CannotBeFaxed(request=new.request_id, why=f"it stands as {snapshot.status.replace('_', ' ')}")
        return add(write, snapshot, new)

    def refuse(self, request_id: str, standing: Standing) -> bool:
        """A request that was to be faxed and cannot be waits for a person. False when it is ours to move no more."""
        with self.journal.write() as write:
            free = write.rows.open_attempt(request_id) is None
            if not free or write.snapshot(request_id).status not in (Status.NEW, Status.WAITING):
                return False
            write.append(request_id, Moved(standing=standing))
            return True

    def intend(self, line: str, seat: Seat, wanted: Sequence[tuple[Fax, str]], *, one_a_number: bool) -> list[Fax]:
        """INTENT for these faxes with the number of each, in one transaction, before any of them is handed over.

        Left out: what has moved meanwhile, or whose number is taken. Raises `SeatLost`.
        """
        with self.journal.write() as write:
            self._seats.require(write.connection, seat)
            write.rows.faxes.preload([fax.fax_id for fax, _ in wanted])
            taken = set(write.connection.execute(_NUMBERS_AT_LINE).scalars()) if one_a_number else set()
            intended = []
            for before, number in wanted:
                fax = write.rows.faxes.get(before.fax_id)
                if fax is None or fax.step is not FaxStep.QUEUED or (one_a_number and number in taken):
                    continue
                taken.add(number)
                body = FaxIntended(fax_id=fax.fax_id, line=line, number=number, fence=seat.fence)
                write.append(fax.request_id, body)
                intended.append(_known(write, fax.fax_id))
            return intended

    def handed_over(self, fax: Fax, job_id: str, standing: Standing, *, found: bool = False) -> Fax:
        """RECEIPT of the line: its job id."""
        body = FaxHandedOver(fax_id=fax.fax_id, job_id=job_id, found=found, standing=standing)
        return self.note([(fax, body)])[0]

    def note(self, rows: Collection[tuple[Fax, FaxEvent]]) -> list[Fax]:
        """What became of these faxes, in one transaction. One that has moved since it was read is left as it is now."""
        if not rows:
            return []
        with self.journal.write() as write:
            write.rows.faxes.preload([fax.fax_id for fax, _ in rows])
            for before, body in rows:
                now = _known(write, before.fax_id)
                if (now.step, now.jobs, now.fence) == (before.step, before.jobs, before.fence):
                    write.append(now.request_id, body)
            return [_known(write, fax.fax_id) for fax, _ in rows]

    def again(self, fax: Fax, new: NewFax, who: str, end: FaxEvent | None) -> Fax:
        """A person sends it anew: ``end`` closes the old one where that is still open. Raises `FaxNotChanged`."""
        with self.journal.write() as write:
            before, snapshot = _known(write, fax.fax_id), write.snapshot(fax.request_id)
            other = write.rows.open_attempt(fax.request_id)
            if before != fax or (other is not None and other.attempt_id != fax.fax_id):
                raise FaxNotChanged(why="The request has gone another way meanwhile", what=_HISTORY.format(fax.request_id))
            if snapshot.status is not Status.NEEDS_PERSON or snapshot.channel is not Channel.FAX:
                raise FaxNotChanged(
                    why=f"The request stands as {snapshot.status.replace('_', ' ')} and waits for no fax",
                    what=_HISTORY.format(fax.request_id),
                )
            if end is not None:
                write.append(fax.request_id, end)
            return add(write, snapshot, new, again_of=fax.fax_id, by=who)


_HISTORY = "See: priorbot ledger history {}"
_EVERYBODY, _NOBODY = -1, max(RANKS.values()) + 1
_NUMBERS_AT_LINE = select(faxes.c.number).where(faxes.c.step.in_(_AT_LINE))


def to_fax(journal: Journal) -> tuple[Snapshot, ...]:
    """What is to be faxed (`jobs.fallback.to_fax`) and not in the queue yet, in the order in which it was accepted. Of what is in
    the queue, thousands perhaps, no row is read."""
    taken = select(attempts.c.request_id).where(attempts.c.state.in_([state.value for state in OPEN_ATTEMPT]))
    query = select(requests.c.snapshot).where(
        requests.c.status == Status.WAITING.value, requests.c.waiting_until == "", requests.c.request_id.not_in(taken)
    )
    with journal.read() as connection:
        texts = connection.execute(query.order_by(requests.c.accepted_seq)).scalars().all()
    return tuple(one for one in map(decode_snapshot, texts) if one.error_code == TO_FAX)


def add(write: Write, snapshot: Snapshot, new: NewFax, *, again_of: str = "", by: str = "") -> Fax:
    """A new fax of this request. Its id is unlike that of any other journal, because lines are asked for it."""
    fax_id = f"f{write.next_seq:09}-{secrets.token_hex(4)}"
    body = FaxQueued(
        fax_id=fax_id,
        payer=snapshot.request.payer,
        desk=new.desk,
        urgency=snapshot.request.urgency,
        packet=new.packet,
        not_before=new.not_before,
        again_of=again_of,
        by=by,
        standing=new.standing,
    )
    write.append(new.request_id, body)
    return _known(write, fax_id)


def _known(write: Write, fax_id: str) -> Fax:
    fax = write.rows.faxes.get(fax_id)
    if fax is None:
        raise KeyError(fax_id)
    return fax


def _desk_of(fax: Fax) -> tuple[str, str]:
    return fax.payer.value, fax.desk


def _of_desk(desk: tuple[str, str]) -> ColumnElement[bool]:
    return and_(faxes.c.payer == desk[0], faxes.c.desk == desk[1])


def _queued_until(at: datetime) -> tuple[Any, ...]:
    return faxes.c.step == FaxStep.QUEUED.value, faxes.c.not_before <= instant_text(at)


def _in_order(at: datetime) -> Select[Any]:
    return select(faxes.c.fax).where(*_queued_until(at)).order_by(faxes.c.rank, faxes.c.fax_id)
