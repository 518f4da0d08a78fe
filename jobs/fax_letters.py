"""Faxes that come in: each file is kept first, then read, then each of its letters ends in one state (`jobs.letter_events`).

A process may die anywhere. A file whose arrival is in the journal is kept sealed and read again until its letters are there; what
becomes of the letters and of their requests is one transaction. The same bytes are the same fax, and are never read twice.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import structlog
from sqlalchemy import select

from bots.evidence import Evidence
from bots.fax.inbound import MAX_BYTES
from bots.fax.letter_fax import ReadFax
from bots.fax.letter_reading import LetterRead
from bots.fax.letter_template import KINDS, load_templates
from bots.fax.letter_values import NOTHING, parse_value
from bots.fax.ocr import OcrMissing
from bots.model import Frozen, Payer, Status
from bots.vault import Vault, VaultError
from jobs import events as happened
from jobs.events import Standing
from jobs.follow import impossible
from jobs.journal import Journal
from jobs.journal_schema import requests
from jobs.journal_write import Write
from jobs.letter_events import FOR_A_PERSON, FaxArrived, FaxRead, Letter, LetterSettled, LetterState
from jobs.letter_match import Verdict, judge, make_reading
from jobs.letter_rows import find_letter, has_arrived, is_known, letters_in, unread
from jobs.projection import decode_snapshot
from jobs.state import Snapshot

ENDINGS = (".tif", ".tiff", ".pdf")
SETTLED_AFTER = 30.0
"""Seconds since a file was last written before it is taken: a fax that is just coming in is not whole yet."""

Reader = Callable[[bytes], ReadFax]


class Received(Frozen):
    """What became of one file. ``is_new`` false: the same file was received before. ``letters`` as they stand now."""

    fax_id: str
    is_new: bool
    letters: tuple[Letter, ...]


class LetterRefused(Exception):
    """A person's decision on a letter that cannot be carried out. ``sentence`` says why; nothing was changed."""

    @property
    def sentence(self) -> str:
        return str(self)


class LetterDesk:
    """Receives faxes and settles their letters. ``evidence`` is of the home's ``letters/``; ``updates``: a letter whose every
    field is certain brings its request up to date, else it waits for a person like all others."""

    def __init__(self, journal: Journal, evidence: Evidence, vault: Vault, read: Reader, *, updates: bool) -> None:
        self._journal = journal
        self._evidence = evidence
        self._vault = vault
        self._read = read
        self._updates = updates

    # --- files -----------------------------------------------------------------------------------------------------

    def go_on(self) -> Iterator[Received]:
        """Reads what was kept by a process that did not come to its end."""
        with self._journal.read() as connection:
            left = unread(connection)
        for fax_id, original in left:
            yield self._finish(fax_id, original, self._evidence.read(original))

    def receive(self, path: Path, *, remove: bool = False) -> Received:
        """Takes in one file; ``remove``: takes it away once its sealed copy is on the disk and its letters are in the journal.
        One that is too large for a fax is noted, and stays where it is.

        Raises ``OSError`` (the file cannot be read, the disk is full): the file stays, and nothing is half done.
        """
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            file.seek(0)
            content = file.read(MAX_BYTES + 1)
        fax_id = self._vault.fingerprint(digest)[:24]
        too_large = len(content) > MAX_BYTES
        with self._journal.read() as connection:
            is_new = not has_arrived(connection, fax_id)
            letters = letters_in(connection, fax_id=fax_id)
        if is_new:
            original = "" if too_large else self._store("fax", fax_id, content)
            with self._journal.write() as write:
                write.append("", FaxArrived(fax_id=fax_id, original=original))
            received = self._finish(fax_id, original, content)
        else:
            received = Received(fax_id=fax_id, is_new=False, letters=letters)
        if remove and received.letters and not too_large:
            path.unlink()
        return received

    def _store(self, kind: str, reference: str, content: bytes) -> str:
        """Keeps it, once: what a process that died had kept already is taken."""
        for name in self._evidence.find(kind, reference):
            try:
                if self._evidence.read(name) == content:
                    return name
            except VaultError:
                continue
        return self._evidence.store(kind, reference, content)

    # --- letters ---------------------------------------------------------------------------------------------------

    def _finish(self, fax_id: str, original: str, content: bytes) -> Received:
        fax = self._read_safely(content)
        pictures = [self._store("page", f"{fax_id} {number}", picture) for number, picture in enumerate(fax.pictures)]
        kept = [self._store("letter", f"{fax_id} {number}", msgspec.json.encode(read)) for number, read in enumerate(fax.letters)]
        with self._journal.write() as write:
            letters: list[Letter] = []
            for number, read in enumerate(fax.letters):
                letter = Letter(
                    letter_id=f"L{fax_id[:8]}-{number + 1}",
                    fax_id=fax_id,
                    state=LetterState.WAITING,
                    payer=read.payer.value if read.payer else "",
                    pages=read.pages,
                    evidence=kept[number],
                    pictures=tuple(pictures[page] for page in read.pages),
                    original=original,
                    arrived_at=write.at,
                )
                taken = {each.fingerprint for each in letters if each.fingerprint}
                letters.append(self._judged(write, letter, read, taken))
            if not letters:
                letters.append(_unreadable(fax_id, fax.unreadable, original, tuple(pictures), write))
            write.append("", FaxRead(fax_id=fax_id, letters=tuple(letters)))
        structlog.get_logger().info("fax_read", pages=len(fax.pictures), cases=len(fax.letters))
        return Received(fax_id=fax_id, is_new=True, letters=tuple(letters))

    def _read_safely(self, content: bytes) -> ReadFax:
        """A mistake of ours in reading one fax must not keep the others waiting. Raises `bots.fax.ocr.OcrMissing`."""
        try:
            return self._read(content)
        except (OcrMissing, OSError, MemoryError):
            raise
        except Exception as bug:
            structlog.get_logger().error("fax_reading_failed", exc_info=bug)
            return ReadFax(unreadable="reading_failed")

    def _judged(self, write: Write, letter: Letter, read: LetterRead, taken: set[str]) -> Letter:
        """The letter in its state; brings its request up to date where it may."""
        verdict = judge(read, _requests_of(write, read.payer), write.at, letter.letter_id)
        state, reasons = verdict.state, verdict.reasons
        if verdict.fingerprint and (verdict.fingerprint in taken or is_known(write.connection, verdict.fingerprint)):
            state = LetterState.DUPLICATE
        if state is LetterState.UPDATED and not self._updates:
            state, reasons = LetterState.WAITING, ("not_by_itself",)
        if state is LetterState.UPDATED and verdict.reading is not None:
            _take(write, verdict)
        if verdict.impossible:
            _alert(write, verdict)
        return msgspec.structs.replace(
            letter,
            state=state,
            reasons=reasons,
            request_id=verdict.request_id,
            fingerprint=verdict.fingerprint if state is LetterState.UPDATED else "",
            settled_at=None if state in FOR_A_PERSON else write.at,
        )

    # --- for a person ----------------------------------------------------------------------------------------------

    def letters(self, states: frozenset[LetterState] | None = None) -> tuple[Letter, ...]:
        with self._journal.read() as connection:
            return letters_in(connection, states)

    def find(self, letter_id: str) -> Letter:
        """Raises `jobs.letter_rows.NoSuchLetter`."""
        with self._journal.read() as connection:
            return find_letter(connection, letter_id)

    def reading_of(self, letter: Letter) -> LetterRead | None:
        """What was read, unsealed; None where nothing could be."""
        return msgspec.json.decode(self._evidence.read(letter.evidence), type=LetterRead) if letter.evidence else None

    def pictures_of(self, letter: Letter) -> tuple[bytes, ...]:
        return tuple(map(self._evidence.read, letter.pictures))

    def refuse(self, letter_id: str, who: str) -> Letter:
        """A person has looked at it and puts it aside; no request changes. Raises `NoSuchLetter`, `LetterRefused`."""
        with self._journal.write() as write:
            _for_a_person(find_letter(write.connection, letter_id))
            write.append("", LetterSettled(letter_id=letter_id, who=who))
            return find_letter(write.connection, letter_id)

    def accept(self, letter_id: str, who: str, *, request_id: str = "", given: dict[str, str] | None = None) -> Letter:
        """A person says that the letter is right: its request is brought up to date by what was read, with what the person has
        ``given`` (field and value) in place of it. Raises `NoSuchLetter`, `NoSuchRequest`, `LetterRefused`."""
        with self._journal.write() as write:
            letter = find_letter(write.connection, letter_id)
            _for_a_person(letter)
            snapshot = write.snapshot(request_id or letter.request_id)
            read = self.reading_of(letter)
            values = {field: each.value for field, each in read.fields.items()} if read else {}
            values |= _checked(given or {}, snapshot.request.payer)
            verdict = _by_person(values, read.said if read else "", snapshot, write, letter)
            _take(write, verdict)
            write.append("", LetterSettled(letter_id=letter_id, who=who, request_id=verdict.request_id))
            return find_letter(write.connection, letter_id)


def new_files(folder: Path, now: float | None = None, settled_after: float = SETTLED_AFTER) -> tuple[list[Path], int]:
    """The folder's faxes, oldest first, and how many more are still being written."""
    present = time.time() if now is None else now
    found = [path for path in folder.iterdir() if path.suffix.lower() in ENDINGS and path.name[0] != "." and path.is_file()]
    files = sorted((path.stat().st_mtime, path) for path in found)
    return [path for at, path in files if present - at >= settled_after], sum(present - at < settled_after for at, _ in files)


def _requests_of(write: Write, payer: Payer | None) -> Iterator[Snapshot]:
    """Every request of a payer, as this transaction sees it."""
    if payer is None:
        return
    found = write.connection.execute(select(requests.c.request_id, requests.c.snapshot).where(requests.c.payer == payer.value))
    for request_id, text in found.all():
        kept = write.rows.request(request_id) if write.rows.is_touched(request_id) else None
        yield kept.snapshot if kept else decode_snapshot(text)


def _unreadable(fax_id: str, code: str, original: str, pictures: tuple[str, ...], write: Write) -> Letter:
    return Letter(
        letter_id=f"L{fax_id[:8]}-0",
        fax_id=fax_id,
        state=LetterState.UNREADABLE,
        reasons=(code,),
        original=original,
        pictures=pictures,
        arrived_at=write.at,
    )


def _take(write: Write, verdict: Verdict) -> None:
    """Brings the request up to date; the table of allowed moves has the last word."""
    assert verdict.reading is not None
    reading = verdict.reading
    standing = Standing(status=reading.status, reason=reading.status_reason)
    write.append(verdict.request_id, happened.ReadingTaken(reading=reading, standing=standing))


def _alert(write: Write, verdict: Verdict) -> None:
    reason = (
        f"A faxed letter says what cannot be true of this request ({verdict.impossible}). Nothing was changed. "
        "Look at it with: priorbot fax letters list"
    )
    write.append(verdict.request_id, happened.Alerted(error_code="bad_letter", reason=reason, next_action="Look at the letter."))


def _for_a_person(letter: Letter) -> None:
    if letter.state not in FOR_A_PERSON:
        raise LetterRefused(f"That letter waits for nobody: it is {letter.state.value}. Nothing was changed.")


def _checked(given: dict[str, str], payer: Payer) -> dict[str, str]:
    """What a person has typed, in the letters' plain form. Raises `LetterRefused`."""
    template = next(each for each in load_templates() if each.payer is payer)
    plain = {}
    for field, text in given.items():
        if field not in KINDS:
            raise LetterRefused(f"A letter has no field {field!r}. Nothing was changed. Its fields: {', '.join(KINDS)}.")
        is_status = field == "decision" and text in tuple(Status)
        value = text if is_status else parse_value(template, field, text)
        if not value or (value == NOTHING and text != NOTHING):
            raise LetterRefused(
                f"That is no {field.replace('_', ' ')} of this payer. Nothing was changed. Look at the page again."
            )
        plain[field] = value
    return plain


def _by_person(values: dict[str, str], said: str, snapshot: Snapshot, write: Write, letter: Letter) -> Verdict:
    """What a person takes the letter to say. Raises `LetterRefused`."""
    if snapshot.receipt is None or len(snapshot.request.lines) != 1:
        raise LetterRefused(
            "That request was not sent by us, or has several service lines. Nothing was changed. Enter the decision on its case "
            "by hand, and put the letter aside with: priorbot fax letters refuse"
        )
    try:
        reading = make_reading(values, said, snapshot, write.at, letter.letter_id)
    except (KeyError, ValueError) as missing:
        field = str(missing.args[0]) if isinstance(missing, KeyError) else "a value"
        raise LetterRefused(
            f"The letter's {field.replace('_', ' ')} is not known. Nothing was changed. Give it with: --set {field}=VALUE"
        ) from None
    wrong = impossible(snapshot, reading, write.at)
    if wrong:
        raise LetterRefused(f"That cannot be true of this request ({wrong}). Nothing was changed. Look at the letter again.")
    return Verdict(state=LetterState.ACCEPTED, request_id=snapshot.request.request_id, reading=reading)
