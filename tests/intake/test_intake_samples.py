"""The samples work on any day, ask for members that the simulated world knows, and show every way that a row can go."""

from __future__ import annotations

import csv
import tomllib
from datetime import date, timedelta
from pathlib import Path

import pytest

from bots.model import Payer, ServiceCategory
from fixtures.codes import DIAGNOSES, PROCEDURES
from fixtures.people import members_by_id, providers_by_npi
from fixtures.plans import plan_members
from fixtures.samples import make_requests
from fixtures.samples.make_documents import make_documents
from fixtures.samples.make_requests import write_export, write_sample
from jobs.documents import Documents
from jobs.intake import read_intake, write_rejects
from jobs.routing import RoutingSettings, route
from jobs.rulebook import load_rulebook

SAMPLES = Path(make_requests.__file__).parent
TODAY = date(2026, 11, 23)
HUSKY_CATEGORIES = set(ServiceCategory) - {
    ServiceCategory.OUTPATIENT_MEDICAL,
    ServiceCategory.DRUG_PART_B,
    ServiceCategory.DRUG_PART_D,
    ServiceCategory.NICU,
    ServiceCategory.IVF,
    ServiceCategory.AMBULANCE,
}
"""Those that H1 to H8 speak of."""


@pytest.fixture(scope="module")
def sample():
    return read_intake(SAMPLES / "requests.csv", today=TODAY)


def test_the_kept_sample_is_what_the_generator_writes(tmp_path):
    for name, write in (("requests.csv", write_sample), ("export_with_other_columns.csv", write_export)):
        write(tmp_path / name, TODAY)
        made = (tmp_path / name).read_text(encoding="utf-8").replace(f"{make_requests.DOCUMENTS}/", "documents/")
        assert made == (SAMPLES / name).read_text(encoding="utf-8")


def test_it_is_large_enough_and_shows_every_payer_and_husky_category(sample):
    assert sample.rows >= 60
    assert {request.payer for request in sample.requests} == set(Payer)
    husky = [request for request in sample.requests if request.payer is Payer.HUSKY]
    assert {request.service_category for request in husky} == HUSKY_CATEGORIES
    assert {request.coverage for request in husky} == {f"husky_{kind}" for kind in ("a", "b", "c", "d", "limited")}
    assert {request.is_urgent for request in husky} == {True, False}
    assert sum(len(request.lines) > 1 for request in sample.requests) >= 5


def test_its_bad_rows_are_bad_in_different_ways_and_nothing_else_is(sample):
    assert {row.code for row in sample.rejected} == {
        "npi_check_digit",
        "damaged_scientific",
        "lost_zeros",
        "impossible_date",
        "unknown_word",
        "not_a_number",
        "document_missing",
        "document_encrypted",
        "document_type",
        "differs_within_request",
        "request_has_bad_row",
    }
    assert {row.request_id for row in sample.rejected} == {f"HUSKY-{number:03d}" for number in range(90, 100)}


def test_its_members_providers_and_codes_are_those_of_the_world(sample):
    people, providers = members_by_id(), providers_by_npi()
    asked = set()
    for request in (request for request in sample.requests if request.payer is Payer.HUSKY):
        member = people[request.member.id]
        assert (request.member.dob, request.coverage, request.medicare_parts) == (
            member.dob,
            member.coverage,
            member.medicare_parts,
        )
        assert "on_file" not in member.tags
        if request.request_id != "HUSKY-026":  # asks under a provider who is not enrolled
            assert providers[request.requesting.npi].last_name == request.requesting.name
        if request.codes[0] in PROCEDURES:
            assert set(request.diagnosis_codes) <= set(DIAGNOSES)
            assert set(request.codes) <= set(PROCEDURES)
        asked.add(request.member.id)
    assert len(asked) == sum(request.payer is Payer.HUSKY for request in sample.requests)


def test_members_of_other_payers_are_those_of_the_world_too_and_every_portal_is_asked(sample):
    people = {member.card_id: member for member in plan_members()}
    others = [request for request in sample.requests if request.payer is not Payer.HUSKY]
    for request in others:
        member = people[request.member.id]
        assert (request.payer, request.coverage, request.member.dob) == (member.payer, member.coverage, member.dob)
        assert (request.member.last_name, request.member.first_name) == (member.last_name, member.first_name)
        assert request.requesting.npi in providers_by_npi()
    tags = {tag for request in others for tag in people[request.member.id].tags}
    assert {"cp_apn", "cp_twin", "cp_inactive", "bc_twin", "bc_newborn", "bluecard_plain", "bluecard_phone"} <= tags
    ways = [route(request, as_of=TODAY, rulebook=load_rulebook(), settings=RoutingSettings()) for request in sample.requests]
    submitting = {"clear_coverage", "evicore", "provider_connect", "carepartners", "optum_pro", "promptpa"}
    assert {way.portal for way in ways if way.portal} == submitting | {"authorization_manager", "bluecard"}


@pytest.mark.parametrize("today", [date(2026, 3, 1), date(2027, 12, 31), date(2028, 2, 29), date(2035, 7, 4)])
@pytest.mark.parametrize("ending", ["csv", "xlsx", "jsonl"])
def test_written_for_any_day_in_any_format_it_is_the_same_sample(tmp_path, sample, today, ending):
    path = tmp_path / f"requests.{ending}"
    write_sample(path, today)
    result = read_intake(path, today=today)
    assert [request.request_id for request in result.requests] == [request.request_id for request in sample.requests]
    assert [row.code for row in result.rejected] == [row.code for row in sample.rejected]
    five_back = next(request for request in result.requests if request.request_id == "HUSKY-023")
    assert five_back.from_date == today - timedelta(days=5)


def test_the_export_of_another_system_is_read_with_its_map():
    columns = tomllib.loads((SAMPLES / "export_columns.toml").read_text(encoding="utf-8"))["intake"]["columns"]
    result = read_intake(SAMPLES / "export_with_other_columns.csv", columns=columns, today=TODAY)
    assert result.file_error is None
    assert (result.rejected, len(result.requests)) == ([], 5)
    assert read_intake(SAMPLES / "export_with_other_columns.csv").file_error.code == "no_header"


def test_corrected_rejects_of_the_sample_go_on(tmp_path, sample):
    path = write_rejects(sample, tmp_path)
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = {row["request_id"]: row for row in csv.DictReader(file)}
    rows["HUSKY-095"]["units"] = "1000"
    rows["HUSKY-096"]["attachments"] = rows["HUSKY-096"]["attachments"].replace("never-scanned", "clinical-notes")
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(rows["HUSKY-095"]))
        writer.writeheader()
        writer.writerows([rows["HUSKY-095"], rows["HUSKY-096"]])
    assert [request.request_id for request in read_intake(path, today=TODAY).requests] == ["HUSKY-095", "HUSKY-096"]


def test_the_documents_are_small_marked_and_made_by_the_script(tmp_path):
    make_documents(tmp_path)
    documents = Documents(tmp_path)
    for kept in (SAMPLES / "documents").iterdir():
        made = (tmp_path / kept.name).read_bytes()
        assert len(made) < 10_000
        if kept.name == "protected.pdf":
            continue  # encrypted anew each time
        assert made == kept.read_bytes()
        assert b"SYNTHETIC" in made
        if kept.name != "not-a-pdf.pdf":
            assert documents.check(kept.name).pages > 0
