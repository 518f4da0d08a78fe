"""Which fax line a practice has: its settings, and what `priorbot doctor` says of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bots.fax.line_errors import FaxLineMissing
from bots.fax.lines import open_line
from bots.fax.lines.folder import FolderLine
from bots.vault import Vault
from jobs.config import Config, ConfigError, parse_config
from jobs.doctor import CheckState, check_fax
from jobs.home import Home


def no_vault() -> Vault | None:
    return None


def settings(text: str) -> Config:
    return parse_config(f"[fax]\n{text}")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home").create()


def test_without_a_word_packets_go_into_the_homes_outbox(home: Home) -> None:
    line = open_line(Config().fax, home.path, home.fax, no_vault)
    assert isinstance(line, FolderLine)
    assert line.folder == home.fax / "outbox"


def test_another_folder_may_be_named(home: Home, tmp_path: Path) -> None:
    line = open_line(settings('[fax.folder]\npath = "send"').fax, home.path, home.fax, no_vault)
    assert isinstance(line, FolderLine)
    assert line.folder == home.path / "send"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('line = "none"', "no fax line is set up"),
        ('line = "hylafax"', "needs the key host"),
        ('line = "hylafax"\n[fax.hylafax]\nhost = "fax.practice.example"', "not on this machine"),
        ('line = "http"', "needs connection_id and from_number"),
        ('line = "http"\n[fax.hosted]\nconnection_id = "1"\nfrom_number = "2035550100"', "business associate agreement"),
    ],
)
def test_a_line_that_is_not_set_up_is_a_clear_state(home: Home, text: str, why: str) -> None:
    with pytest.raises(FaxLineMissing) as caught:
        open_line(settings(text).fax, home.path, home.fax, no_vault)
    assert why in caught.value.sentence
    assert "Nothing was sent" in caught.value.sentence


@pytest.mark.parametrize("host", ['"127.0.0.1"', '"localhost"', '"fax.practice.example"\nunencrypted = true'])
def test_hylafax_is_spoken_to_on_this_machine_or_over_a_way_that_somebody_vouches_for(home: Home, host: str) -> None:
    line = open_line(settings(f'line = "hylafax"\n[fax.hylafax]\nhost = {host}').fax, home.path, home.fax, no_vault)
    assert line.name == "hylafax"


@pytest.mark.parametrize("text", ['line = "pigeon"', "[fax.hylafax]\nport = 0", '[fax.hylafax]\ndial_prefix = "9; rm"'])
def test_settings_that_make_no_sense_are_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        settings(text)


def finding(home: Home, text: str) -> tuple[CheckState, str]:
    (check,) = check_fax(home, settings(text))
    return check.state, check.sentence


def test_the_doctor_says_how_the_line_stands(home: Home) -> None:
    assert finding(home, "")[0] is CheckState.OK
    assert "Somebody, or another program, has to send them" in finding(home, "")[1]
    assert finding(home, 'line = "none"')[0] is CheckState.WARN
    assert finding(home, 'line = "hylafax"')[0] is CheckState.FAIL
    state, sentence = finding(home, 'line = "hylafax"\n[fax.hylafax]\nhost = "127.0.0.1"\nport = 9')
    assert state is CheckState.FAIL
    assert "does not answer" in sentence


def test_looking_makes_nothing_in_the_home(home: Home) -> None:
    http = 'line = "http"\n[fax.hosted]\nconnection_id = "1"\nfrom_number = "2035550100"\nbase_url = "http://127.0.0.1:9/v2"'
    state, sentence = finding(home, http)
    assert state is CheckState.FAIL
    assert "the vault holds no fax.hosted.api_key" in sentence
    assert not home.vault_file.exists()
    assert list(home.fax.iterdir()) == []
