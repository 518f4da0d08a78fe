"""The files of rules: complete, each fact once, and every slip of an editor is told with file and rule."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from bots.model import Payer
from jobs.rule_checks import sections
from jobs.rulebook import RULES_FOLDER, RulebookError, load_rulebook

NUMBERS_OF_THE_PAYERS = [
    "203.265.3994",
    "203.774.0551",
    "1.800.440.5071",
    "1.800.842.8440",
    "1.877.606.5172",
    "1.877.552.8247",
    "1.800.575.4594",
    "857-304-6463",
    "857-304-6410",
    "617-972-1028",
    "617.673.0956",
    "1-888-556-7048",
    "888-341-1508",
    "1-888-282-0780",
    "1-866-577-9678",
    "1-888-282-1321",
    "1-866-577-9901",
    "1-888-641-1375",
    "1-800-836-1112",
    "1-888-641-5330",
    "1-888-641-5199",
    "1-888-282-1315",
    "1-866-577-9682",
    "617-246-4210",
    "1-800-447-2994",
    "1-800-205-8885",
    "617-246-4299",
    "1-888-608-3693",
    "1-866-303-5749",
    "1-888-832-2006",
    "1-800-327-6716",
    "1-800-524-4010",
    "1-800-451-8124",
    "1-800-676-BLUE",
]

RULES = [f"{letter}{n}" for letter, last in (("H", 18), ("C", 8), ("B", 5)) for n in range(1, last + 1)]


def test_every_row_of_the_rules_stands_in_the_files(book):
    assert set(RULES) <= set(book.by_id)


def test_every_rule_has_a_test_named_after_its_id(book):
    text = "\n".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*_rules.py"))
    named = set(re.findall(r"def test_([HCB][A-Z]?\d+)_", text))
    assert named == set(book.by_id)


def test_the_directory_holds_exactly_the_numbers_that_the_payers_publish(book):
    assert set(book.desks) == set(NUMBERS_OF_THE_PAYERS)


def test_each_number_is_typed_once():
    for path in RULES_FOLDER.glob("*.yaml"):
        typed = re.findall(r"\b(?:1[-.])?\d{3}[-.]\d{3}[-.][\dA-Z]{4}\b", path.read_text(encoding="utf-8"))
        assert len(typed) == len(set(typed)), path.name
        assert set(typed) <= set(NUMBERS_OF_THE_PAYERS), path.name


def test_only_what_priorbot_decided_itself_says_so(book):
    ours = {rule_id for rule_id, rule in book.by_id.items() if rule.source.startswith("PriorBot:")}
    assert ours == {rule_id for rule_id in book.by_id if rule_id[1] == "P"}


def test_rules_know_when_they_were_checked_and_from_when_they_hold(book):
    assert {rule.checked_on for rule in book.by_id.values()} == {date(2026, 11, 22)}
    dated = {rule_id: rule.valid_from for rule_id, rule in book.by_id.items() if rule.in_force(date(2020, 1, 1)) is False}
    assert dated == dict.fromkeys(["C5", "C6", "CP3"], date(2025, 1, 1))


def test_the_rules_are_read_once(book):
    assert load_rulebook() is book


def test_the_sections_are_those_of_the_file(book):
    for payer in Payer:
        assert sections(book.of(payer))["routing"] == book.of(payer).routing


@pytest.fixture
def edited(tmp_path: Path) -> Callable[..., Path]:
    """A copy of the rules in which an operator has replaced ``old`` by ``new`` in one payer's file."""

    def edit(payer: str, old: str, new: str) -> Path:
        shutil.copytree(RULES_FOLDER, tmp_path / "rules")
        path = tmp_path / "rules" / f"{payer}.yaml"
        text = path.read_text(encoding="utf-8")
        assert old in text, "the test looks for something that the file no longer says"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        return tmp_path / "rules"

    return edit


H8 = "when: {service_category: [snf_rehab]}"

SLIPS = {
    "a key that is not known": ("husky", H8, "when: {service_categry: [snf_rehab]}", "rule H8: .*service_categry"),
    "a word that is not known": ("husky", H8, "when: {service_category: [snf]}", "rule H8: .*'snf'"),
    "an emptied list": ("husky", H8, "when: {service_category: []}", "rule H8: .*length >= 1"),
    "an emptied condition": ("husky", H8, "when:", "rule H8, line .*nothing"),
    "no condition": ("husky", H8, "", "rule H8: .*when"),
    "a word instead of a list": ("husky", H8, "when: {service_category: snf_rehab}", "rule H8: .*array"),
    "an id that is used twice": ("husky", "- id: H8", "- id: H7", "rule H7: the id is used twice"),
    "an id of another payer": ("husky", "- id: H8", "- id: C7", "rule C7: the id is used twice"),
    "an id that is no id": ("husky", "- id: H8", "- id: eight", "rule eight: .*regex"),
    "a number that nobody has": (
        "husky",
        "number: chnct_rehab_fax",
        "number: rehab_fax",
        "rule H8: 'rehab_fax' is not in the directory",
    ),
    "a phone where a fax is needed": (
        "husky",
        "number: chnct_rehab_fax",
        "number: chnct_phone",
        "rule H8: 'chnct_phone' is a phone number",
    ),
    "a fallback number that nobody has": (
        "carepartners",
        "fax: referral_fax",
        "fax: mail",
        "rule C2: 'mail' is not in the directory",
    ),
    "two other ways at once": (
        "husky",
        "{fax: chnct_fax, wait: at_once}",
        "{fax: chnct_fax, phone: chnct_phone}",
        "rule H12: .*not both",
    ),
    "a number that is typed twice": ("husky", "203.774.0551", "203-265-3994", "chnct_rehab_fax: the number 203-265-3994 .*twice"),
    "a number with a digit too few": ("husky", "203.774.0551", "203.774.055", "directory chnct_rehab_fax: .*number"),
    "a portal that does not exist": (
        "husky",
        "portal: provider_connect}",
        "portal: providerconnect}",
        "rule H4: portal: unknown name",
    ),
    "a portal in a condition that does not exist": (
        "husky",
        "when: {portal: [medical_portal], clock_missed",
        "when: {portal: [medical], clock_missed",
        "rule H9: portal: unknown name 'medical'",
    ),
    "a clock that does not exist": (
        "husky",
        "clock_missed: [backdating]",
        "clock_missed: [backdate]",
        "rule H9: clock_missed: unknown",
    ),
    "a clock of the payer": (
        "husky",
        "clock_missed: [backdating]",
        "clock_missed: [decision_urgent]",
        "rule H9: .*not a clock of the",
    ),
    "an error that does not exist": ("husky", "error: [not_eligible]", "error: [na]", "rule H10: unknown error 'na'"),
    "a portal of another payer to be asked before": (
        "bcbsma",
        "before: [authorization_manager]",
        "before: [evicore]",
        "before: unknown name 'evicore'",
    ),
    "a portal for eligibility before none": (
        "bcbsma",
        "use: eligibility, before: [authorization_manager]",
        "use: eligibility",
        "portal connect_center: before goes with the use eligibility",
    ),
    "a form that does not exist": ("bcbsma", "[interqual_surgical]", "[interqual]", "rule B5: attached_form: unknown name"),
    "a rule that does not exist": (
        "carepartners",
        "decided_by: [C6, CP3]",
        "decided_by: [C6, C9]",
        "rule CP5: decided_by: unknown",
    ),
    "an impossible date": ("carepartners", 'valid_from: "2025-01-01"', 'valid_from: "2025-02-30"', "rule CP3: .*RFC3339"),
    "a time that ends before it begins": (
        "carepartners",
        'valid_from: "2025-01-01"',
        'valid_from: "2025-01-01"\n    valid_to: "2024-01-01"',
        "rule CP3: valid_to 2024-01-01 lies before",
    ),
    "an unquoted date": (
        "carepartners",
        'valid_from: "2025-01-01"',
        "valid_from: 2025-01-01",
        "rule CP3, line .*write it in quotes",
    ),
    "an unquoted no": (
        "carepartners",
        'servicing_in_network: ["no"]',
        "servicing_in_network: [no]",
        "rule C2, line .*: no is not",
    ),
    "an unquoted time": ("carepartners", 'opens: "08:00"', "opens: 8:00", "line .*8:00 is not plain text"),
    "a key that is written twice": ("husky", H8, f"{H8}\n    {H8}", "line .*key when is written twice"),
    "a decision without its portal": (
        "husky",
        "then: {decision: portal, portal: provider_connect}",
        "then: {decision: portal}",
        "rule H4: portal stands",
    ),
    "a rejection without a reason": (
        "carepartners",
        'reason: "Appeals and claims are sent through CarePartners\' own appeals and claims, not here."',
        "",
        "rule C1: decision rejected needs a reason",
    ),
    "then and cases": (
        "husky",
        f"{H8}\n",
        f"{H8}\n    cases: [{{when: {{}}, then: {{go_on: x}}}}]\n",
        "rule H8: .*either then or cases",
    ),
    "a rule that hides those below it": ("bcbsma", "when: {coverage: [bluecard]}", "when: {}", "rule B1: it always matches"),
    "no rule for the rest": (
        "bcbsma",
        "when: {}\n    then: {decision: portal",
        "when: {coverage: [bluecard]}\n    then: {decision: portal",
        "last rule",
    ),
    "a check that chooses a portal": (
        "husky",
        "decision: fax\n          number: chnct_fax",
        "decision: portal\n          portal: evicore",
        "rule H16: a rule under checks cannot choose a portal",
    ),
    "conduct that decides": (
        "husky",
        "when: {}\n    conduct:\n      units_page",
        "when: {}\n    then: {go_on: x}\n    conduct:\n      units_page",
        "H17",
    ),
    "a clock without a length": ("husky", "    business_days: 2\n", "", "clock admission_notice: it needs exactly one of hours"),
    "a clock that starts nowhere": (
        "husky",
        "starts: from_date",
        "starts: accepted",
        "clock backdating: a practice's clock starts on",
    ),
    "a payer's clock that starts too early": (
        "husky",
        "starts: accepted",
        "starts: from_date",
        "clock decision_urgent: a payer's clock",
    ),
    "a time zone that does not exist": ("husky", "America/New_York", "America/Hartford", "unknown time zone 'America/Hartford'"),
    "hours of a day that has 25": ("carepartners", 'closes: "18:00"', 'closes: "25:00"', "directory apn_ct_phone: .*regex"),
    "the wrong payer": ("husky", "payer: husky", "payer: bcbsma", "name must be bcbsma.yaml"),
    "no source": ("husky", 'source: "public HUSKY-forms"\n    when: {service_category: [snf_rehab]}', H8, "rule H8: .*source"),
    "no day of checking": ("bcbsma", 'checked_on: "2026-11-22"', "", "checked_on"),
    "not YAML": ("bcbsma", "routing:", "routing: [", "cannot be read"),
    "a section of another kind": (
        "bcbsma",
        "additional_clinical:\n",
        "additional_clinical: none\nx:\n",
        "additional_clinical: a list",
    ),
    "a section that is not known": ("bcbsma", "additional_clinical:", "clinical:", "clinical"),
}


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_in_the_files_is_told_with_file_and_rule(edited, slip):
    payer, old, new, message = SLIPS[slip]
    with pytest.raises(RulebookError, match=rf"(?s)^(\[payers\.)?{payer}\.yaml.*{message}"):
        load_rulebook(edited(payer, old, new))


def test_a_payer_without_a_file_is_told(edited):
    folder = edited("bcbsma", "payer", "payer")
    (folder / "bcbsma.yaml").unlink()
    with pytest.raises(RulebookError, match="No rules for bcbsma"):
        load_rulebook(folder)


@pytest.mark.parametrize(("content", "message"), [("", "empty"), ("- x", "does not hold rules"), ("\x00", "cannot be read")])
def test_a_file_that_holds_no_rules_is_told(edited, content, message):
    folder = edited("bcbsma", "payer", "payer")
    (folder / "bcbsma.yaml").write_text(content, encoding="utf-8")
    with pytest.raises(RulebookError, match=rf"bcbsma\.yaml.*{message}"):
        load_rulebook(folder)


def test_an_operator_can_end_a_rule(edited, ask):
    from jobs.routing import RoutingSettings, route

    folder = edited("husky", "  - id: H8\n", '  - id: H8\n    valid_to: "2026-11-22"\n')
    rules = load_rulebook(folder)
    request = ask("husky", "snf_rehab")
    last_day, after = (route(request, as_of=date(2026, 11, day), rulebook=rules, settings=RoutingSettings()) for day in (22, 23))
    assert last_day.rule_ids == ("H8",)
    assert after.rule_ids == ("HP5",)
