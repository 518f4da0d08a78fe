"""priorbot.toml: what is not understood is told by file, key and the nearest known key; nothing is guessed."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest

from bots.model import Payer
from jobs.config import Config, ConfigError, describe_keys, load_config, parse_config
from jobs.opening import OpeningHours, parse_hours
from jobs.portal_settings import PORTAL_SLUGS

REPOSITORY = Path(__file__).resolve().parents[2]

FULL = """
[practice]
name = "Synthetic Practice"
time_zone = "America/New_York"
contact_name = "S. Ynthetic"
contact_phone = "203-555-0100"
contact_fax = "203-555-0101"
[database]
url = "postgresql+psycopg://db/priorbot"
[vault]
key_file = "../keys"
[payers.husky]
medical_portal = "husky_medical"
standard_wait_hours = 8
[payers.bcbsma]
standard_wait_hours = 0
[portals.clear_coverage]
base_url = "https://portal.example.com"
account = ["one", "two"]
selectors = "mine.yaml"
hours = "Mon-Fri 07:00-19:00; Sat 08:00-12:00"
max_actions_per_hour = 300
[portals.clear_coverage.permission]
granted_by = "A. Payer (synthetic)"
reference = "L-1"
granted_on = 2026-07-01
valid_until = 2027-06-30
[portals.husky_secure]
base_url = "http://husky-secure.localhost:8800"
account = "three"
[intake.columns]
"Medicaid No" = "member_id"
[browser]
path = "/opt/chromium"
headless = false
[fax]
[schedule]
[notify]
"""


def refusal(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        parse_config(text, "home/priorbot.toml")
    sentence = caught.value.sentence
    assert "home/priorbot.toml" in sentence
    assert "Nothing was started" in sentence
    return sentence


def test_a_full_file_is_read() -> None:
    config = parse_config(FULL)
    portal = config.portals["clear_coverage"]
    assert config.practice.zone == ZoneInfo("America/New_York")
    assert portal.accounts == ("one", "two")
    assert portal.permission is not None
    assert portal.permission.valid_until == date(2027, 6, 30)
    assert config.portals["husky_secure"].accounts == ("three",)
    assert config.portals["husky_secure"].permission is None
    assert config.payer(Payer.HUSKY).medical_portal == "husky_medical"
    assert config.payer(Payer.BCBSMA).standard_wait_hours == 0
    assert config.payer(Payer.CAREPARTNERS).standard_wait_hours == 24
    assert config.intake.columns == {"Medicaid No": "member_id"}
    assert not config.browser.headless


def test_a_missing_and_an_empty_file_are_the_defaults(tmp_path: Path) -> None:
    assert load_config(tmp_path / "priorbot.toml") == parse_config("") == Config()


def test_a_file_from_a_windows_editor_is_read(tmp_path: Path) -> None:
    (tmp_path / "priorbot.toml").write_bytes(b"\xef\xbb\xbf[practice]\r\nname = 'Synthetic'\r\n")
    assert load_config(tmp_path / "priorbot.toml").practice.name == "Synthetic"


def test_a_portal_that_is_used_without_an_account_needs_none_and_takes_none() -> None:
    open_portal = "[portals.promptpa]\nbase_url = 'https://x'\n"
    assert parse_config(open_portal).portals["promptpa"].accounts == ()
    for key in ("account = 'me'", "change_password = true", "[portals.promptpa.code]\nmethod = 'totp'"):
        assert "promptpa is used without an account" in refusal(open_portal + key + "\n")


CODE = "[portals.evicore]\nbase_url = 'https://x'\naccount = ['desk1', 'desk2']\n[portals.evicore.code]\n"


def test_codes_come_into_each_accounts_own_mailbox_or_a_shared_one() -> None:
    """Passwords of mailboxes, like all others, stand in the vault."""
    mail = "method = 'email'\nimap_host = 'mail.example.com'\nimap_user = 'front'\n"
    code = parse_config(CODE + mail + "[portals.evicore.code.imap_users]\ndesk2 = 'two'\n").portals["evicore"].code
    assert code is not None
    assert (code.mailbox("desk1"), code.mailbox("desk2")) == ("front", "two")
    assert (code.imap_port, code.imap_security, code.imap_folder) == (993, "tls", "INBOX")


@pytest.mark.parametrize(
    ("text", "key", "nearest"),
    [
        ("[practise]\n", "practise", "practice"),
        ("[practice]\ntimezone = 'UTC'\n", "practice.timezone", "time_zone"),
        ("[payers.huskie]\n", "huskie", "husky"),
        ("[payers.husky]\nwait_hours = 1\n", "payers.husky.wait_hours", "standard_wait_hours"),
        ("[portals.clear_covrage]\n", "clear_covrage", "clear_coverage"),
        ("[portals.evicore]\nbase-url = 'x'\n", "portals.evicore.base-url", "base_url"),
        ("[portals.evicore]\nbase_url = 'https://x'\nHours = ''\n", "portals.evicore.Hours", "hours"),
        (
            "[portals.evicore]\nbase_url = 'https://x'\n[portals.evicore.permission]\nvalid_till = 2027-01-01\n",
            "portals.evicore.permission.valid_till",
            "valid_until",
        ),
        ("[browser]\nheadles = true\n", "browser.headles", "headless"),
    ],
)
def test_an_unknown_key_is_named_with_the_nearest_known_one(text: str, key: str, nearest: str) -> None:
    sentence = refusal(text)
    assert f"{key};" in sentence
    assert f"the nearest is {nearest}." in sentence


@pytest.mark.parametrize(
    ("text", "key", "wanted"),
    [
        ("practice = 1", "practice", "a table"),
        ("portals = 1", "portals", "a table of tables"),
        ("[portals]\nevicore = 'x'", "portals.evicore", "a table"),
        ("[practice]\nname = 1", "practice.name", "text in quotes"),
        ("[practice]\ntime_zone = 'Boston'", "practice.time_zone", "America/New_York"),
        ("[practice]\ntime_zone = '../etc/passwd'", "practice.time_zone", "America/New_York"),
        ("[payers.husky]\nstandard_wait_hours = '8'", "payers.husky.standard_wait_hours", "a whole number"),
        ("[payers.husky]\nstandard_wait_hours = -1", "payers.husky.standard_wait_hours", "0 or more"),
        ("[payers.husky]\nstandard_wait_hours = true", "payers.husky.standard_wait_hours", "a whole number"),
        ("[payers.husky]\nmedical_portal = 'evicore'", "payers.husky.medical_portal", '"clear_coverage" or "husky_medical"'),
        ("[payers.bcbsma]\nmedical_portal = 'husky_medical'", "payers.bcbsma.medical_portal", "only under [payers.husky]"),
        ("[portals.evicore]\naccount = 'x'", "portals.evicore", "base_url"),
        ("[portals.evicore]\nbase_url = 'evicore.example.com'", "portals.evicore.base_url", "https://"),
        ("[portals.evicore]\nbase_url = 'https://x'\naccount = [1]", "portals.evicore.account", '["one", "two"]'),
        ("[portals.evicore]\nbase_url = 'https://x'\nhours = '7 to 19'", "portals.evicore.hours", "Mon-Fri 07:00-19:00"),
        ("[portals.evicore]\nbase_url = 'https://x'\nmax_actions_per_hour = 1.5", "max_actions_per_hour", "a whole number"),
        (CODE, "portals.evicore.code", "method"),
        (CODE + "method = 'sms'", "portals.evicore.code.method", '"totp" or "email" or "person"'),
        (CODE + "method = 'email'", "portals.evicore.code", "imap_host"),
        (CODE + "method = 'email'\nimap_host = 'x'", "portals.evicore.code", "imap_user, or imap_users.desk1"),
        (CODE + "method = 'email'\nimap_host = 'x'\nimap_port = 0", "portals.evicore.code.imap_port", "a whole number"),
        (CODE + "method = 'totp'\n[portals.evicore.code.imap_users]\ndesk9 = 'x'", "imap_users.desk9", "no account of evicore"),
        (
            CODE + "method = 'email'\nimap_host = 'mail.example.com'\nimap_user = 'x'\nimap_security = 'none'",
            "portals.evicore.code.imap_security",
            "a server on this machine",
        ),
        (
            "[portals.evicore]\nbase_url = 'https://x'\n[portals.evicore.permission]\ngranted_by = 'x'\nreference = 'x'\n"
            "valid_until = 'next year'",
            "portals.evicore.permission.valid_until",
            "a date such as 2027-06-30",
        ),
        ("[intake.columns]\n'Medicaid No' = 1", "intake.columns", '"text" = "text"'),
        ("[browser]\nheadless = 'no'", "browser.headless", "true or false"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_wanted(text: str, key: str, wanted: str) -> None:
    sentence = refusal(text)
    assert key in sentence
    assert wanted in sentence


def test_broken_toml_is_told_with_its_line() -> None:
    assert "line 2" in refusal("[practice]\nname = \n")


def test_a_file_in_another_encoding_is_told(tmp_path: Path) -> None:
    (tmp_path / "priorbot.toml").write_bytes("[practice]\nname = 'Müller'".encode("latin-1"))
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path / "priorbot.toml")
    assert "UTF-8" in caught.value.sentence


# --- one place for each key ----------------------------------------------------------------------------------------


def test_the_reference_page_is_made_from_the_settings() -> None:
    page = (REPOSITORY / "docs" / "configuration.md").read_text("utf-8")
    assert page == describe_keys(), "run: make docs"


def test_every_key_is_described() -> None:
    rows = [line for line in describe_keys().splitlines() if line.startswith("| `")]
    assert len(rows) > 20
    assert all(row.split("|")[4].strip() for row in rows)


def test_every_section_of_the_design_can_be_written() -> None:
    sections = {field.name for field in msgspec.structs.fields(Config)}
    assert sections >= {"practice", "database", "payers", "portals", "fax", "schedule", "notify", "intake", "browser"}


def test_every_portal_of_the_rules_is_known() -> None:
    assert len(set(PORTAL_SLUGS)) == len(PORTAL_SLUGS) == 11
    assert sorted(PORTAL_SLUGS) == list(PORTAL_SLUGS)


# --- opening hours -------------------------------------------------------------------------------------------------

EASTERN = ZoneInfo("America/New_York")
DESK = parse_hours("Mon-Fri 07:00-19:00; Sat 08:00-12:00")


def at(day: int, hour: int, minute: int = 0, month: int = 11) -> datetime:
    """November 2026 in Eastern time: the 23rd is a Monday, the 26th is Thanksgiving (an ordinary Thursday for a clock)."""
    return datetime(2026, month, day, hour, minute, tzinfo=EASTERN)


@pytest.mark.parametrize(
    ("when", "is_open"),
    [
        (at(23, 6, 59), False),
        (at(23, 7), True),
        (at(23, 18, 59), True),
        (at(23, 19), False),
        (at(28, 11, 59), True),
        (at(28, 12), False),
        (at(29, 10), False),
    ],
)
def test_hours_begin_with_their_first_minute_and_end_before_their_last(when: datetime, is_open: bool) -> None:
    assert DESK.is_open(when, EASTERN) is is_open
    assert DESK.is_open(when.astimezone(UTC), EASTERN) is is_open


@pytest.mark.parametrize(
    ("when", "opens"),
    [
        (at(23, 9), at(23, 9)),
        (at(23, 6), at(23, 7)),
        (at(23, 20), at(24, 7)),
        (at(28, 13), at(30, 7)),
        (at(31, 20, month=10), at(2, 7)),  # over the end of daylight saving time
    ],
)
def test_the_next_opening_is_found(when: datetime, opens: datetime) -> None:
    assert DESK.next_open(when, EASTERN) == opens


def test_no_hours_are_always_open() -> None:
    assert parse_hours("") == OpeningHours()
    assert OpeningHours().is_open(at(29, 3), EASTERN)
    assert OpeningHours().next_open(at(29, 3), EASTERN) == at(29, 3)


def test_a_day_may_last_to_midnight_and_a_range_over_the_weekend() -> None:
    hours = parse_hours("sat-mon 00:00-24:00")
    assert [day for day, _, _ in hours.windows] == [5, 6, 0]
    assert hours.is_open(at(29, 23, 59), EASTERN)
    assert not hours.is_open(at(24, 0), EASTERN)


@pytest.mark.parametrize(
    "text", ["Mon", "07:00-19:00", "Mon 7-19", "Mon 19:00-07:00", "Mon 08:00-08:00", "Foo 07:00-08:00", "Mon 25:00-26:00"]
)
def test_other_words_are_no_hours(text: str) -> None:
    with pytest.raises(ValueError):
        parse_hours(text)


def test_windows_are_plain_values() -> None:
    assert parse_hours("Tue 09:00-10:30").windows == ((1, time(9), time(10, 30)),)


def test_a_user_works_for_one_of_two_portals_behind_one_sign_in() -> None:
    """Else the one would sign the other out in the middle of its work."""
    both = '[portals.{slug}]\nbase_url = "https://central.example"\naccount = {account}\n'
    manager = both.format(slug="authorization_manager", account='["desk1", "desk2"]')
    assert parse_config(manager + both.format(slug="connect_center", account='"desk3"'), "priorbot.toml").portals
    with pytest.raises(ConfigError, match=r"connect_center\.account names Desk2, who works for authorization_manager already"):
        parse_config(manager + both.format(slug="connect_center", account='"Desk2"'), "priorbot.toml")
