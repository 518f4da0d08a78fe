"""The forms are data: every file is complete, a mistake in one is named, and a form says nothing that the request does not."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from fax_help import DESK, SENDER, TODAY, make_request

from bots.fax import form_layout
from bots.fax.form_layout import FORMS_FOLDER, FormError, find_gaps, form_names, load_form, other_answers
from bots.fax.form_values import Facts, line_value, value_of, word_of
from bots.model import Known
from jobs.rulebook import RULES_FOLDER, RulebookError, load_rulebook

NEEDED = {"member.name", "member.id", "member.dob", "requesting.name", "requesting.npi", "diagnosis_codes", "notes", "today"}
NEEDED |= {"attested_by", "contact.phone", "documents"}
NEEDED_OF_LINES = {"line.code", "line.modifiers", "line.units", "line.unit_type", "line.from_date", "line.to_date"}


def facts_of(**changes: object) -> Facts:
    return Facts(request=make_request(**changes), sender=SENDER, to=DESK, today=TODAY, reference="R")


def test_the_payers_forms_are_there():
    assert form_names() == {
        "chnct_outpatient", "chnct_inpatient", "chnct_home_health", "massachusetts_prior_auth", "carepartners_prior_auth",
        "carepartners_referral", "carepartners_inpatient_notification", "part_d_coverage_determination",
    }  # fmt: skip


def test_each_form_has_a_place_for_all_that_says_who_what_and_when(form_name):
    form = load_form(form_name)
    assert NEEDED - {field.value for field in form.fields} == set()
    assert NEEDED_OF_LINES - {column.value for section in form.sections for column in section.lines} == set()
    words = {name for field in form.fields for box in field.boxes for name in box.when}
    assert "urgency" in words
    assert "plausible" in form.source or "public" in form.source


def test_each_form_is_used_by_a_rule():
    rules = load_rulebook().files.values()
    assert {choice.form for file in rules for rule in file.fax_forms for choice in rule.outcomes} == form_names()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"value": "member.shoe_size"}, "unknown name 'member.shoe_size'"),
        ({"value": "answers."}, "unknown name 'answers.'"),
        ({"value": ""}, "either a value or boxes"),
        ({"boxes": [{"label": "Box", "when": {"shoe_size": ["7"]}}]}, "either a value or boxes"),
        ({"value": "", "boxes": [{"label": "Box", "when": {"shoe_size": ["7"]}}]}, "unknown name 'shoe_size'"),
        ({"value": "", "boxes": [{"label": "Box", "when": {}}]}, "a box needs a condition"),
        ({"width": 13}, "<= 12"),
        ({"colour": "red"}, "colour"),
        ({"required": "no"}, "bool"),
    ],
)
def test_a_mistake_in_a_layout_is_named(monkeypatch, tmp_path, change, said):
    raw = yaml.safe_load((FORMS_FOLDER / "chnct_outpatient.yaml").read_text("utf-8"))
    raw["sections"][1]["fields"][0] |= change
    (tmp_path / "changed.yaml").write_text(yaml.safe_dump(raw), "utf-8")
    monkeypatch.setattr(form_layout, "FORMS_FOLDER", tmp_path)
    with pytest.raises(FormError) as wrong:
        load_form.__wrapped__("changed")
    assert said in str(wrong.value)
    assert str(wrong.value).startswith("changed.yaml: ")


def test_a_layout_that_hides_answers_is_refused(monkeypatch, tmp_path):
    text = (FORMS_FOLDER / "chnct_outpatient.yaml").read_text("utf-8").replace("    other_answers: true\n", "")
    (tmp_path / "changed.yaml").write_text(text, "utf-8")
    monkeypatch.setattr(form_layout, "FORMS_FOLDER", tmp_path)
    with pytest.raises(FormError, match="other answers"):
        load_form.__wrapped__("changed")


def test_a_rule_that_names_no_form_stops_the_start(tmp_path: Path):
    for path in RULES_FOLDER.glob("*.yaml"):
        text = path.read_text("utf-8").replace("form: chnct_home_health", "form: chnct_home_care")
        (tmp_path / path.name).write_text(text, "utf-8")
    with pytest.raises(RulebookError, match=r"HF1.*chnct_home_care"):
        load_rulebook(tmp_path)


def test_an_unknown_yes_or_no_ticks_no_box():
    assert word_of("servicing_in_network", facts_of(servicing_in_network=Known.UNKNOWN)) == ""
    assert word_of("servicing_in_network", facts_of(servicing_in_network="no")) == "no"


def test_answers_are_the_lines_own_before_those_for_all_lines():
    facts = facts_of(answers={"description": "walker", "description.E0971": "belt"})
    assert [line_value("line.answers.description", line, facts) for line in facts.request.lines] == ["walker", "belt"]


def test_answers_that_no_field_takes_are_shown_all_the_same():
    request = make_request(answers={"diagnosis": "gait", "dme_home_use": "yes", "description.E0143": "walker", "price.XYZ": "7"})
    assert other_answers(load_form("chnct_outpatient"), request) == {"dme_home_use": "yes", "price.XYZ": "7"}


def test_the_requests_own_contact_comes_before_the_practices():
    assert value_of("contact.phone", facts_of()) == "203-555-0142"
    assert value_of("contact.phone", facts_of(contact={})) == SENDER.phone


def test_a_gap_on_one_line_is_a_gap():
    gaps = find_gaps(load_form("chnct_outpatient"), facts_of())
    assert "Diagnosis and services, Modifiers" in gaps.optional
