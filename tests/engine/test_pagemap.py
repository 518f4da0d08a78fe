"""Selector files: every slip is refused before a browser starts, with the file's name and the place."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from bots import checkmap, pagemap, signin_map
from bots.errors import error_class
from bots.pagemap import FieldKind, PortalMap, SelectorFileError, load_pagemap, selectors_folder
from bots.registry import PORTALS
from bots.signin_map import WITHOUT_ACCOUNT

GOOD = """
portal: sample
version: "1"
formats: {date: "%m/%d/%Y"}
words:
  status: {"Authorized": approved}
  eligibility: {"Active": eligible}
interruptions:
  down: {see: [{text: "Closed"}], error: portal_down}
sign_in: {page: login, action: go, landed: home, sign_out: leave, signed_out: login}
pages:
  login:
    path: /login
    is_here: [{role: heading, name: "Sign In"}]
    fields:
      username: {find: [{label: "User"}]}
      password: {find: [{label: "Password"}], kind: secret}
    actions:
      go: {find: [{role: button, name: "Go"}], leads_to: [wrong, home]}
    outcomes:
      wrong: {see: [{text: "No."}], error: password_rejected}
  terms:
    is_here: [{text: "Terms"}]
    actions: {next: {find: [{role: button, name: "Next"}], leads_to: [home]}}
  home:
    path: /home
    is_here: [{css: "#home"}]
    fields:
      category: {kind: tree, find: [{role: tree}], shown: [{css: "#shown"}], words: {dme: "Supplies / DME"}}
      code: {kind: pick, find: [{label: "Code"}], options: [{role: option}], none: [{pattern: "^No"}]}
      answer: {kind: radio, find: [{css: "#q"}], words: {"yes": "Yes", "no": "No"}}
    actions:
      leave: {find: [{role: link, name: "Out"}], leads_to: [login]}
      submit: {find: [{role: button, name: "Submit"}], commit: "/submit$", leads_to: [home]}
    reads:
      number: {find: [{beside: "Number"}], pattern: "N(\\\\d+)"}
    tables:
      rows: {find: [{css: "#rows"}], columns: {code: "Code"}, next_page: [{role: link, name: "Next"}]}
"""

Change = Callable[[Any], None]


def put(*path: Any) -> Change:
    """A change of the good file: the last of ``path`` is put where the others lead."""
    *way, last, value = path

    def change(raw: Any) -> None:
        for step in way:
            raw = raw[step]
        raw[last] = value

    return change


def drop(*path: Any) -> Change:
    *way, last = path

    def change(raw: Any) -> None:
        for step in way:
            raw = raw[step]
        del raw[last]

    return change


def written(folder: Path, text: str) -> str:
    path = folder / "sample.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(SelectorFileError) as caught:
        load_pagemap("sample", written(folder, text))
    return str(caught.value)


def test_a_portals_day_is_that_of_its_desk_not_the_one_in_utc(tmp_path: Path) -> None:
    evening = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)
    assert load_pagemap("sample", written(tmp_path, GOOD)).day_of(evening) == date(2026, 11, 22)
    other = tmp_path / "other"
    other.mkdir()
    east = GOOD.replace('{date: "%m/%d/%Y"}', '{date: "%m/%d/%Y", time_zone: Asia/Tokyo}')
    assert load_pagemap("sample", written(other, east)).day_of(evening) == date(2026, 11, 23)


def test_a_time_zone_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    wrong = GOOD.replace('{date: "%m/%d/%Y"}', '{date: "%m/%d/%Y", time_zone: America/Hartford}')
    assert "'America/Hartford' is no time zone" in refusal(tmp_path, wrong)


def test_a_good_file_is_loaded(tmp_path: Path) -> None:
    found = load_pagemap("sample", written(tmp_path, GOOD))
    assert found.pages["home"].fields["category"].kind is FieldKind.TREE
    assert found.words.status["Authorized"] == "approved"


HOME = ("pages", "home")
SIGN_IN = {"page": "login", "action": "go", "landed": "home", "sign_out": "leave", "signed_out": "login"}
SLIPS: dict[str, tuple[Change, str, str]] = {
    "redirect without a portal": (put("interruptions", "down", "error", "redirected"), "go together", "(any).down"),
    "later part that is not there": (put("check", {"later": ["home.nothing"]}), "no such part", "check.later"),
    "absent part that is not there": (put("check", {"absent": ["nowhere.code"]}), "no such part", "check.absent"),
    "unknown key": (put(*HOME, "fields", "code", "labels", []), "labels", "$.pages[...].fields[...]"),
    "unknown kind of field": (put(*HOME, "fields", "code", "kind", "dropdown"), "dropdown", "$.pages[...].fields[...]"),
    "no is_here": (drop(*HOME, "is_here"), "is_here", "$.pages"),
    "empty find": (put(*HOME, "actions", "leave", "find", []), "no candidate", "home.leave"),
    "empty candidate": (put(*HOME, "is_here", [{}]), "exactly one way", "home.is_here"),
    "two ways in a candidate": (put(*HOME, "is_here", [{"css": "#a", "text": "A"}]), "exactly one way", "home.is_here"),
    "name without role": (put(*HOME, "is_here", [{"css": "#a", "name": "A"}]), "name goes with role", "home.is_here"),
    "text and pattern": (put(*HOME, "is_here", [{"text": "A", "pattern": "B"}]), "pattern stands alone", "home.is_here"),
    "label and pattern": (put(*HOME, "is_here", [{"label": "A", "pattern": "B"}]), "pattern stands alone", "home.is_here"),
    "name and pattern": (
        put(*HOME, "is_here", [{"role": "link", "name": "A", "pattern": "B"}]),
        "pattern stands alone",
        "home.is_here",
    ),
    "bad pattern": (put(*HOME, "is_here", [{"pattern": "("}]), "unterminated", "home.is_here"),
    "pattern that only Python reads": (put(*HOME, "is_here", [{"pattern": "(?i)home"}]), "browser", "home.is_here"),
    "anchor that only Python reads": (put(*HOME, "is_here", [{"pattern": r"home\Z"}]), "browser", "home.is_here"),
    "bad pattern among the options": (
        put(*HOME, "fields", "code", "options", [{"pattern": "("}]),
        "unterminated",
        "code.options",
    ),
    "bad candidate for nothing": (put(*HOME, "fields", "code", "none", [{}]), "exactly one way", "home.code.none"),
    "bad candidate for shown": (put(*HOME, "fields", "category", "shown", [{}]), "exactly one way", "home.category.shown"),
    "bad candidate in a row": (put(*HOME, "tables", "rows", "row_action", [{}]), "exactly one way", "home.rows.row_action"),
    "bad candidate for the next page": (
        put(*HOME, "tables", "rows", "next_page", [{}]),
        "exactly one way",
        "home.rows.next_page",
    ),
    "bad candidate for no rows": (put(*HOME, "tables", "rows", "empty", [{}]), "exactly one way", "home.rows.empty"),
    "bad pattern of a reading": (put(*HOME, "reads", "number", "pattern", "("), "unterminated", "home.number: pattern"),
    "bad pattern of the commit": (put(*HOME, "actions", "submit", "commit", "("), "unterminated", "home.submit: commit"),
    "table without columns": (put(*HOME, "tables", "rows", "columns", {}), "needs columns", "home.rows"),
    "leads nowhere": (put(*HOME, "actions", "leave", "leads_to", ["nowhere"]), "nowhere", "home.leave"),
    "leads to another page's outcome": (put(*HOME, "actions", "leave", "leads_to", ["wrong"]), "wrong", "home.leave"),
    "pick without options": (drop(*HOME, "fields", "code", "options"), "needs options", "home.code"),
    "radio without words": (drop(*HOME, "fields", "answer", "words"), "needs words", "home.answer"),
    "tree without words": (drop(*HOME, "fields", "category", "words"), "needs words", "home.category"),
    "tree without shown": (drop(*HOME, "fields", "category", "shown"), "needs shown", "home.category"),
    "unknown error code": (
        put("pages", "login", "outcomes", "wrong", "error", "oops"),
        "unknown error code 'oops'",
        "login.wrong",
    ),
    "unknown error code anywhere": (put("interruptions", "down", "error", "oops"), "unknown error code 'oops'", "(any).down"),
    "interruption without error": (drop("interruptions", "down", "error"), "needs an error", "down"),
    "status word of no ledger": (put("words", "status", "Authorized", "fine"), "fine", "$.words.status"),
    "another portal": (put("portal", "other"), "expected 'sample'", "portal is 'other'"),
    "no sign-in page": (put("sign_in", "page", "logon"), "no page 'logon'", "sign_in"),
    "no page signed out": (put("sign_in", "signed_out", "gone"), "no page 'gone'", "sign_in"),
    "sign-in page without path": (drop("pages", "login", "path"), "page login has no path", "sign_in"),
    "landing page without path": (drop("pages", "home", "path"), "page home has no path", "sign_in"),
    "no field for the password": (put("sign_in", "password", "pin"), "no field 'pin'", "sign_in"),
    "no action to sign in": (put("sign_in", "action", "enter"), "no action 'enter'", "sign_in"),
    "no action to sign out": (put("sign_in", "sign_out", "bye"), "no action 'bye'", "sign_in"),
    "no action to pass by": (put("sign_in", "pass_by", {"terms": "accept"}), "no action 'accept'", "sign_in"),
    "no page for codes": (put("sign_in", "code", {"page": "gone", "action": "go"}), "no page 'gone'", "sign_in.code"),
    "no field for codes": (put("sign_in", "code", {"page": "terms", "action": "next"}), "no field 'code'", "sign_in.code"),
    "no action for codes": (put("sign_in", "code", {"page": "home", "action": "give"}), "no action 'give'", "sign_in.code"),
    "methods without page": (
        put("sign_in", "code", {"page": "home", "field": "code", "action": "submit", "methods": {"totp": "x"}}),
        "go together",
        "sign_in.code",
    ),
    "no such method": (
        put("sign_in", "code", {"page": "home", "action": "submit", "method_page": "terms", "methods": {"sms": "next"}}),
        "unknown method 'sms'",
        "sign_in.code",
    ),
    "no action for a method": (
        put("sign_in", "code", {"page": "home", "action": "submit", "method_page": "terms", "methods": {"totp": "app"}}),
        "no action 'app'",
        "sign_in.code",
    ),
    "bad pattern of a code": (
        put("sign_in", "code", {"page": "home", "action": "submit", "mail": {"code": "([0-9"}}),
        "unterminated character set",
        "sign_in.code.mail",
    ),
    "code without a group": (
        put("sign_in", "code", {"page": "home", "action": "submit", "mail": {"code": "[0-9]{6}"}}),
        "exactly one group",
        "sign_in.code.mail",
    ),
    "a page for the password and no way to it": (put("sign_in", "password_page", "login"), "next and password_page", "sign_in"),
    "a name's next that is not there": (
        put("sign_in", {**SIGN_IN, "next": "on", "password_page": "login"}),
        "no action 'on'",
        "page login",
    ),
    "no field for an e-mail address": (put("sign_in", "email", "mail"), "no field 'mail'", "page login"),
    "asked again after an error": (
        put("pages", "login", "actions", "go", "asks_again", {"wrong": "go"}),
        "no outcome without an error",
        "login.go",
    ),
    "asked again by what is not there": (
        put(*HOME, "actions", "leave", "asks_again", {"nothing": "close"}),
        "no action of home",
        "home.leave",
    ),
    "no action to take over": (put("sign_in", "in_use", "terms"), "no action 'take_over'", "sign_in"),
    "no sign-in at all": (drop("sign_in"), "sign_in", "sign_in is missing"),
}


@pytest.mark.parametrize("slip", SLIPS)
def test_every_slip_is_refused_with_file_and_place(slip: str, tmp_path: Path) -> None:
    change, what, place = SLIPS[slip]
    raw = yaml.safe_load(GOOD)
    change(raw)
    said = refusal(tmp_path, yaml.safe_dump(raw))
    assert said.startswith("sample.yaml: ")
    assert what in said
    assert place in said


@pytest.mark.parametrize(
    ("written_as", "made_of_it"),
    [
        ('version: "1"|version: 2026-11-22', "date"),
        ('version: "1"|version: 1.0', "float"),
        ('{"yes": "Yes", "no": "No"}|{yes: "Yes", no: "No"}', "bool"),
        ('{"yes": "Yes", "no": "No"}|{"yes": Yes, "no": No}', "bool"),
        ('{text: "No."}|{text: No}', "bool"),
        ('{css: "#home"}|{css: #home}', "expected"),
        ('{dme: "Supplies / DME"}|{dme: 2026-01-02}', "date"),
    ],
)
def test_values_that_yaml_turns_into_something_else_are_refused(written_as: str, made_of_it: str, tmp_path: Path) -> None:
    good, slip = written_as.split("|")
    assert good in GOOD
    said = refusal(tmp_path, GOOD.replace(good, slip))
    assert said.startswith("sample.yaml: ")
    assert made_of_it in said


def test_a_file_that_is_no_yaml_or_not_there_is_refused(tmp_path: Path) -> None:
    assert "line 2" in refusal(tmp_path, "portal: sample\n  pages: x")
    with pytest.raises(SelectorFileError, match=r"^gone\.yaml: "):
        load_pagemap("sample", str(tmp_path / "gone.yaml"))


# --- what two files have in common --------------------------------------------------------------------------------------

TOOL = """
portal: tool
version: "1"
shares: {file: sample.yaml, parts: [sign_in, interruptions.down, pages.login, pages.home]}
pages:
  home:
    path: /tool
    is_here: [{css: "#tool"}]
    actions: {leave: {find: [{role: link, name: "Out"}], leads_to: [login]}}
"""


def test_a_file_takes_from_another_what_it_shares_and_its_own_words_go_before(tmp_path: Path) -> None:
    (tmp_path / "sample.yaml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "tool.yaml").write_text(TOOL, encoding="utf-8")
    tool, sample = load_pagemap("tool", str(tmp_path / "tool.yaml")), load_pagemap("sample", str(tmp_path / "sample.yaml"))
    assert (tool.sign_in, tool.interruptions) == (sample.sign_in, sample.interruptions)
    assert tool.pages["login"] == sample.pages["login"]
    assert tool.pages["home"].path == "/tool"
    assert set(tool.pages) == {"login", "home"}


@pytest.mark.parametrize(
    ("good", "slip", "said"),
    [
        ("pages.login", "pages.logon", "sample.yaml has no 'pages.logon'"),
        ("sample.yaml", "gone.yaml", "gone.yaml"),
        ("parts:", "part:", "part"),
    ],
)
def test_a_slip_in_what_is_shared_is_named(tmp_path: Path, good: str, slip: str, said: str) -> None:
    (tmp_path / "sample.yaml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "tool.yaml").write_text(TOOL.replace(good, slip), encoding="utf-8")
    with pytest.raises(SelectorFileError, match=r"^tool\.yaml: ") as caught:
        load_pagemap("tool", str(tmp_path / "tool.yaml"))
    assert said in str(caught.value)


# --- what is shipped --------------------------------------------------------------------------------------------------

SHIPPED = sorted(path.stem for path in selectors_folder().glob("*.yaml"))


def test_every_portal_has_its_file_and_every_file_its_portal() -> None:
    assert sorted(PORTALS) == SHIPPED


@pytest.mark.parametrize("slug", SHIPPED)
def test_every_shipped_file_loads_and_its_errors_exist(slug: str) -> None:
    found = load_pagemap(slug)
    outcomes = [*found.interruptions.values(), *(o for page in found.pages.values() for o in page.outcomes.values())]
    named = [outcome.error for outcome in outcomes if outcome.error]
    assert named
    assert [code for code in named if error_class(code) is None] == []


@pytest.mark.parametrize("slug", [slug for slug in SHIPPED if slug not in WITHOUT_ACCOUNT])
def test_every_page_behind_the_sign_in_can_sign_out(slug: str) -> None:
    """Sign-out is looked for where the work ended; a page without it costs another page view and may leave the seat taken."""
    found: PortalMap = load_pagemap(slug)
    sign_in = found.sign_in
    before = {sign_in.page, sign_in.signed_out, sign_in.in_use, sign_in.banner_page, sign_in.password_page, *sign_in.pass_by}
    before |= {sign_in.code.page, sign_in.code.method_page} if sign_in.code else set()
    before |= {name for name, page in found.pages.items() if page.public}
    assert [name for name, page in found.pages.items() if name not in before and sign_in.sign_out not in page.actions] == []


def test_portals_whose_files_share_a_sign_in_are_known_to_stand_behind_one() -> None:
    raw = {slug: yaml.safe_load((selectors_folder() / f"{slug}.yaml").read_text("utf-8")) for slug in SHIPPED}
    pairs = {
        frozenset({slug, Path(file["shares"]["file"]).stem})
        for slug, file in raw.items()
        if "sign_in" in file.get("shares", {}).get("parts", ())
    }
    assert pairs == set(signin_map.ONE_SIGN_IN)


def test_the_selectors_guide_names_every_key() -> None:
    """selectors/README.md is for people who write these files; a key that it does not name does not exist for them."""
    guide = (Path(__file__).resolve().parents[2] / "selectors" / "README.md").read_text("utf-8")
    structs = [
        kind
        for module in (pagemap, checkmap, signin_map)
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind.__module__ == module.__name__
    ]
    keys = {field.encode_name for kind in structs for field in msgspec.structs.fields(kind)}
    kinds = {str(kind) for kind in (*FieldKind, *pagemap.ReadKind)}
    assert len(keys) > 50
    assert sorted(word for word in keys | kinds if f"`{word}`" not in guide) == []
