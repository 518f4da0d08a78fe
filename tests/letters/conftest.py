"""A desk in a home of its own, and letters as they are read, without an OCR."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from letters_kit import NOW, submit

from bots.fax.letter_fax import ReadFax
from bots.fax.letter_reading import FieldRead, LetterRead, PlaceRead
from bots.keys import generate_key
from bots.model import Payer
from fixtures.fax_letters.cases import Case
from jobs.engine import Engine
from jobs.fax_letters import LetterDesk
from jobs.home import Home


def build_case(**changes: Any) -> Case:
    first = NOW.date() + timedelta(days=3)
    given: dict[str, Any] = {
        "payer": "husky",
        "portal": "clear_coverage",
        "member_id": "001234567",
        "last_name": "Testoak",
        "first_name": "Ada",
        "dob": date(1980, 5, 17),
        "reference_no": "CC100000001",
        "authorization_no": "A100000001",
        "decision": "approved",
        "letter_date": NOW.date(),
        "decided_on": NOW.date() - timedelta(days=1),
        "service_code": "97110",
        "service": "Therapeutic exercise",
        "unit_type": "visits",
        "units_requested": 12,
        "units_approved": 12,
        "from_date": first,
        "to_date": first + timedelta(days=29),
        "valid_from": first,
        "valid_to": first + timedelta(days=29),
        "reason": "",
        "submitted_on": NOW.date() - timedelta(days=4),
    }
    return Case(**(given | changes))


def read_field(field: str, *readings: str, confidence: float = 95.0, places: int = 1, **how: bool) -> FieldRead:
    """A field as three readings saw it, at so many places alike."""
    place = PlaceRead(readings=readings if len(readings) == 3 else readings * 3, confidence=confidence, **how)
    return FieldRead(field=field, places=(place,) * places)


def letter_of(case: Case, *others: FieldRead, without: tuple[str, ...] = (), **changes: Any) -> LetterRead:
    """The case's letter, read without any doubt, with ``others`` in place of what they name."""
    values = {
        "member_id": case.member_id,
        "member_name": " ".join(sorted(case.name.lower().split())),
        "member_dob": case.dob.isoformat(),
        "reference_no": case.reference_no,
        "authorization_no": case.authorization_no,
        "service_code": case.service_code,
        "decided_on": case.decided_on.isoformat(),
        "first_day": (case.valid_from or case.from_date).isoformat(),
        "last_day": (case.valid_to or case.to_date).isoformat(),
        "units_requested": str(case.units_requested),
        "units_approved": "" if case.decision == "pended_clinical" else str(case.units_approved),
        "decision": case.decision,
        "reason": case.reason,
    }
    fields = {field: read_field(field, value) for field, value in values.items() if value and field not in without}
    fields |= {other.field: other for other in others}
    return LetterRead(**({"payer": Payer(case.payer), "pages": (0,), "fields": fields, "said": case.decision} | changes))


class Faxes:
    """A desk whose reader gives back what was agreed: the content of a file names the fax."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine = engine
        self.folder = folder
        self.known: dict[bytes, ReadFax] = {}
        self.times_read = 0
        self.desk = LetterDesk(engine.journal, engine.letters, engine.vault, self._read, updates=True)

    def _read(self, content: bytes) -> ReadFax:
        self.times_read += 1
        return self.known[content]

    def file(self, name: str, *letters: LetterRead, **how: Any) -> Path:
        content = f"fax {name}".encode()
        self.known[content] = ReadFax(letters=letters, pictures=tuple(b"picture" for _ in letters), **how)
        path = self.folder / f"{name}.tif"
        path.write_bytes(content)
        return path

    def submit(self, request_id: str, case: Case) -> None:
        submit(self.engine.journal, request_id, case)


@pytest.fixture
def build() -> Callable[..., Case]:
    return build_case


@pytest.fixture
def letter() -> Callable[..., LetterRead]:
    return letter_of


@pytest.fixture
def field() -> Callable[..., FieldRead]:
    return read_field


@pytest.fixture
def faxes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Faxes]:
    monkeypatch.setenv("PRIORBOT_KEY", generate_key())
    folder = tmp_path / "recvq"
    folder.mkdir()
    with Engine.at(Home(tmp_path / "home"), now=lambda: NOW) as engine:
        yield Faxes(engine, folder)
