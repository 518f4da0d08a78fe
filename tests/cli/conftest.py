"""A home of its own for each test of the command line, and the commands run in this process."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bots.keys import generate_key
from fixtures.clock import today
from fixtures.samples.make_requests import DOCUMENTS, write_sample
from fixtures.server import RunningWorld, running_world


class Ran:
    """How a command ended: exit code, data (stdout) and talk (stderr)."""

    def __init__(self, result: Any) -> None:
        self.code: int = result.exit_code
        self.out: str = result.stdout
        self.talk: str = " ".join(result.stderr.split())

    @property
    def objects(self) -> list[dict[str, Any]]:
        """The JSON lines on stdout; fails when there is anything else."""
        return [json.loads(line) for line in self.out.splitlines()]


Run = Callable[..., Ran]


@pytest.fixture
def home_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PRIORBOT_KEY", generate_key())
    monkeypatch.setenv("PRIORBOT_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def priorbot(home_path: Path) -> Run:
    from jobs.cli import app

    def run(*words: object, given: str = "") -> Ran:
        return Ran(CliRunner().invoke(app, [str(word) for word in words], input=given))

    return run


@pytest.fixture
def ready(priorbot: Run) -> Run:
    """`priorbot` with a home that exists."""
    assert priorbot("init", "--practice", "Sample Practice").code == 0
    return priorbot


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    path = tmp_path / "requests.csv"
    write_sample(path, today())
    return path


@pytest.fixture(scope="session")
def one_world() -> Iterator[RunningWorld]:
    with running_world(seed=3) as world:
        yield world


@pytest.fixture
def world(one_world: RunningWorld) -> RunningWorld:
    """The simulated world as it began, its clock put right again: one-time codes are good for half a minute."""
    one_world.clear_faults()
    one_world.truth("clock", {"now": datetime.now(UTC).isoformat()})
    one_world.reset(seed=3)
    return one_world


@pytest.fixture
def at_portals(ready: Run, home_path: Path, world: RunningWorld) -> Run:
    """`priorbot` with both simulated portals set up, and their passwords in the vault."""
    with (home_path / "priorbot.toml").open("a", encoding="utf-8") as config:
        config.write(
            f'[portals.clear_coverage]\nbase_url = "{world.url("clear_coverage")}"\naccount = ["cc-desk1", "cc-desk2"]\n'
        )
        config.write(f'[portals.husky_secure]\nbase_url = "{world.url("husky_secure")}"\naccount = "hs-desk1"\n')
    for slug, name in (("clear_coverage", "cc-desk1"), ("clear_coverage", "cc-desk2"), ("husky_secure", "hs-desk1")):
        password = world.account(slug, name)[1]
        assert ready("vault", "set", f"portals.{slug}.{name}.password", given=password + "\n").code == 0
    return ready


@pytest.fixture
def pick(sample: Path) -> Callable[..., Path]:
    """Writes a file with only these requests of the sample."""

    def write(*request_ids: str, name: str = "picked.csv") -> Path:
        with sample.open(encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file)
        at = header.index("request_id")
        path = sample.with_name(name)
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([header, *(row for row in rows if row[at] in request_ids)])
        return path

    return write


@pytest.fixture
def equipment(world: RunningWorld) -> Callable[..., dict[str, Any]]:
    """A row of a file: equipment for a member of the world."""
    providers = [row for row in world.truth("providers") if row["cmap"]]
    doctor = next(row for row in providers if row["kind"] == "individual")
    seller = next(row for row in providers if row["kind"] == "organization")
    start = today() + timedelta(days=5)

    def row(request_id: str, member: dict[str, Any], **changes: Any) -> dict[str, Any]:
        return {
            "request_id": request_id,
            "payer": "carepartners",
            "coverage": member["coverage"],
            "request_kind": "prior_auth",
            "certification": "initial",
            "service_category": "dme",
            "urgency": "standard",
            "member_id": member["id"],
            "member_dob": member["dob"],
            "member_last_name": member["last_name"],
            "member_first_name": member["first_name"],
            "requesting_provider_last_name": doctor["last_name"],
            "requesting_provider_npi": doctor["npi"],
            "servicing_provider_name": seller["last_name"],
            "servicing_provider_npi": seller["npi"],
            "diagnosis_codes": "E11.9",
            "service_code": "E0601",
            "units": "1",
            "unit_type": "items",
            "from_date": start.isoformat(),
            "to_date": (start + timedelta(days=20)).isoformat(),
            "place_of_service": "12",
            "answers": "dme_order_signed=yes;dme_home_use=yes;dme_alternative_tried=yes",
            "attachments": str(DOCUMENTS / "clinical-notes.pdf"),
            "contact_name": "Front Desk",
            "contact_phone": "860-555-0100",
            "attested_by": "Ada Testmaple",
            **changes,
        }

    return row


@pytest.fixture
def write_rows(tmp_path: Path) -> Callable[..., Path]:
    def write(*rows: dict[str, Any]) -> Path:
        path = tmp_path / "requests.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return path

    return write


@pytest.fixture
def with_desks(ready: Run, home_path: Path, world: RunningWorld) -> Callable[..., Run]:
    """`priorbot` with one account at each of these portals; an empty name for a portal without accounts."""

    def set_up(**desks: str) -> Run:
        with (home_path / "priorbot.toml").open("a", encoding="utf-8") as config:
            for slug, name in desks.items():
                account = f'account = "{name}"\n' if name else ""
                config.write(f'\n[portals.{slug}]\nbase_url = "{world.url(slug)}"\n{account}')
        for slug, name in desks.items():
            if name:
                password = world.account(slug, name)[1]
                assert ready("vault", "set", f"portals.{slug}.{name}.password", given=password + "\n").code == 0
        return ready

    return set_up
