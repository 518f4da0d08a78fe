"""Receipts and sign-in states: sealed, private, and named so that a folder listing tells nothing of a patient."""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime, timedelta

import pytest

from bots.evidence import Evidence
from bots.keys import KeyFile
from bots.vault import Vault, VaultError
from jobs.home import Home

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
PAGE = b"<html>Canary Lastname, member 001234567, reference 20261122-77</html>"
STATE = {"cookies": [{"name": "session", "value": "canary-cookie"}], "origins": []}


@pytest.fixture
def evidence(home: Home, vault: Vault) -> Evidence:
    return Evidence(home.receipts, vault)


def test_a_receipt_is_read_as_it_was_stored(evidence: Evidence) -> None:
    name = evidence.store("receipt", "20261122-77", PAGE)
    assert evidence.read(name) == PAGE
    assert evidence.find("receipt", "20261122-77") == (name,)
    assert evidence.find("receipt", "20261122-78") == ()
    assert evidence.find("capture", "20261122-77") == ()


def test_two_receipts_of_one_case_are_both_kept(evidence: Evidence) -> None:
    names = {evidence.store("receipt", "20261122-77", page) for page in (b"1", b"2")}
    assert set(evidence.find("receipt", "20261122-77")) == names
    assert {evidence.read(name) for name in names} == {b"1", b"2"}


def test_neither_names_nor_contents_say_anything(evidence: Evidence) -> None:
    evidence.store("receipt", "001234567", PAGE)
    evidence.save_state("clear_coverage", "front.desk", STATE, NOW)
    for path in evidence.folder.iterdir():
        assert "001234567" not in path.name
        assert "front.desk" not in path.name
        content = path.read_bytes()
        for canary in (b"Canary", b"001234567", b"20261122-77", b"canary-cookie", b"<html>"):
            assert canary not in content


@pytest.mark.skipif(os.name != "posix", reason="not on this system: POSIX file modes")
def test_kept_files_are_0600(evidence: Evidence) -> None:
    evidence.store("receipt", "1", PAGE)
    evidence.save_state("clear_coverage", "a", STATE, NOW)
    assert {stat.S_IMODE(path.stat().st_mode) for path in evidence.folder.iterdir()} == {0o600}


def test_a_changed_receipt_is_refused(evidence: Evidence) -> None:
    name = evidence.store("receipt", "1", PAGE)
    path = evidence.folder / name
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(VaultError):
        evidence.read(name)


def test_a_receipt_cannot_be_passed_off_as_another(evidence: Evidence) -> None:
    mine, other = evidence.store("receipt", "1", b"mine"), evidence.store("receipt", "2", b"other")
    (evidence.folder / other).replace(evidence.folder / mine)
    with pytest.raises(VaultError):
        evidence.read(mine)


@pytest.mark.parametrize("name", ["gone.sealed", "../vault", "/etc/hostname"])
def test_a_name_that_is_none_of_ours_is_refused(evidence: Evidence, name: str) -> None:
    with pytest.raises(VaultError):
        evidence.read(name)


def test_a_kind_is_a_constant_word(evidence: Evidence) -> None:
    with pytest.raises(ValueError):
        evidence.store("Canary Lastname", "1", PAGE)


def test_a_sign_in_state_is_given_back_until_it_expires(evidence: Evidence) -> None:
    evidence.save_state("clear_coverage", "a", STATE, NOW + timedelta(minutes=10))
    assert evidence.load_state("clear_coverage", "a", NOW) == STATE
    assert evidence.load_state("clear_coverage", "a", NOW + timedelta(minutes=10)) is None


def test_each_account_has_its_own_state(evidence: Evidence) -> None:
    evidence.save_state("clear_coverage", "a", STATE, NOW + timedelta(hours=1))
    assert evidence.load_state("clear_coverage", "b", NOW) is None
    assert evidence.load_state("husky_secure", "a", NOW) is None


def test_a_state_is_replaced_dropped_and_when_damaged_not_used(evidence: Evidence) -> None:
    later = NOW + timedelta(hours=1)
    evidence.save_state("clear_coverage", "a", {"cookies": []}, later)
    evidence.save_state("clear_coverage", "a", STATE, later)
    (path,) = evidence.folder.iterdir()
    assert evidence.load_state("clear_coverage", "a", NOW) == STATE
    path.write_bytes(b"damaged")
    assert evidence.load_state("clear_coverage", "a", NOW) is None
    evidence.drop_state("clear_coverage", "a")
    evidence.drop_state("clear_coverage", "a")
    assert list(evidence.folder.iterdir()) == []


def test_evidence_can_be_read_after_a_rotation(evidence: Evidence, vault: Vault, home: Home, key_file: KeyFile) -> None:
    name = evidence.store("receipt", "1", PAGE)
    before = (evidence.folder / name).read_bytes()
    assert vault.rotate(home.sealed_folders) == 1
    assert (evidence.folder / name).read_bytes() != before
    assert Evidence(home.receipts, Vault.open(home.vault_file, key_file)).read(name) == PAGE
    assert evidence.find("receipt", "1") == (name,)
