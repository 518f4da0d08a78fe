"""The tables of faxes that came in: projections of `jobs.letter_events`, written in the transaction of the event."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import msgspec
from sqlalchemy import Connection, insert, select, update

from bots.model import Reading
from jobs.events import ReadingTaken
from jobs.journal_schema import arrivals, events, letters
from jobs.letter_events import FaxArrived, FaxRead, Letter, LetterEvent, LetterSettled, LetterState, settle

_BELIEVED = frozenset({LetterState.UPDATED, LetterState.ACCEPTED})
_letters = msgspec.json.Decoder(Letter)
_bodies = msgspec.json.Decoder(ReadingTaken)


def apply(connection: Connection, at: datetime, body: LetterEvent) -> None:
    """Folds one event. The primary keys refuse a fax or a letter that is there already."""
    match body:
        case FaxArrived():
            connection.execute(insert(arrivals).values(fax_id=body.fax_id, original=body.original, is_read=0))
        case FaxRead():
            connection.execute(update(arrivals).where(arrivals.c.fax_id == body.fax_id).values(is_read=1))
            connection.execute(insert(letters), [_row(letter) for letter in body.letters])
        case LetterSettled():
            letter = settle(find_letter(connection, body.letter_id), at, body)
            connection.execute(update(letters).where(letters.c.letter_id == letter.letter_id).values(**_row(letter)))


def _row(letter: Letter) -> dict[str, str]:
    return {
        "letter_id": letter.letter_id,
        "fax_id": letter.fax_id,
        "state": letter.state.value,
        "fingerprint": letter.fingerprint,
        "letter": msgspec.json.encode(letter, order="deterministic").decode(),
    }


class NoSuchLetter(Exception):
    """No letter of that id has come. ``sentence`` is for staff."""

    sentence = "There is no letter of that id. Nothing was changed. List them with: priorbot fax letters list"


def find_letter(connection: Connection, letter_id: str) -> Letter:
    """Raises `NoSuchLetter`."""
    found = connection.execute(select(letters.c.letter).where(letters.c.letter_id == letter_id)).scalar()
    if found is None:
        raise NoSuchLetter
    return _letters.decode(found)


def letters_in(connection: Connection, states: Collection[LetterState] | None = None, fax_id: str = "") -> tuple[Letter, ...]:
    """Letters that fit, by id."""
    fits = [
        *([letters.c.state.in_([state.value for state in states])] if states is not None else []),
        *([letters.c.fax_id == fax_id] if fax_id else []),
    ]
    found = connection.execute(select(letters.c.letter).where(*fits).order_by(letters.c.letter_id)).scalars()
    return tuple(map(_letters.decode, found))


def believed_readings(connection: Connection) -> tuple[tuple[str, Reading], ...]:
    """Request and reading of each faxed letter that brought a request up to date, by itself or by a person, oldest first."""
    believed = select(letters.c.letter).where(letters.c.state.in_([state.value for state in _BELIEVED]))
    owners = {_letters.decode(text).request_id for text in connection.execute(believed).scalars()}
    found = []
    for request_id in sorted(owners):
        taken = select(events.c.body).where(events.c.request_id == request_id, events.c.kind == "reading").order_by(events.c.seq)
        for text in connection.execute(taken).scalars():
            body = _bodies.decode(text)
            if body.reading.letter:
                found.append((request_id, body.reading))
    return tuple(found)


def is_known(connection: Connection, fingerprint: str) -> bool:
    """Whether a letter that says the same has brought a request up to date."""
    return (
        bool(fingerprint)
        and connection.execute(select(letters.c.letter_id).where(letters.c.fingerprint == fingerprint)).first() is not None
    )


def has_arrived(connection: Connection, fax_id: str) -> bool:
    return connection.execute(select(arrivals.c.fax_id).where(arrivals.c.fax_id == fax_id)).first() is not None


def unread(connection: Connection) -> tuple[tuple[str, str], ...]:
    """Faxes that were kept and not read to their end: id, and name of the sealed file."""
    found = connection.execute(select(arrivals.c.fax_id, arrivals.c.original).where(arrivals.c.is_read == 0))
    return tuple((str(fax_id), str(original)) for fax_id, original in found.all())
