"""The vault: what it keeps it gives back, and to nobody else; a damaged one says so and is left as it is."""

from __future__ import annotations

import copy
import io
import json
import os
import pickle
import traceback
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from rich.traceback import Traceback

from bots import vault as vault_module
from bots.errors import Action
from bots.keys import KEY_VARIABLE, KeyFile, generate_key, key_source
from bots.vault import Secret, Vault, VaultError, is_sealed, password_name, totp_name
from jobs.home import Home

PASSWORD = "Canary-Pa55word!"
NAME = password_name("clear_coverage", "front.desk@example.com")


class HeldKeys:
    """A key source in memory."""

    place = "this test"

    def __init__(self, *keys: bytes) -> None:
        self.keys = keys

    def load(self) -> tuple[bytes, ...]:
        return self.keys

    def renew(self, old: bytes | None) -> bytes | None:
        return None


# --- keeping -----------------------------------------------------------------------------------------------------


def test_a_secret_is_given_back_after_opening_again(vault: Vault, key_file: KeyFile) -> None:
    vault.set(NAME, PASSWORD)
    assert Vault.open(vault.path, key_file).get(NAME).reveal() == PASSWORD


def test_names_are_those_of_portal_account_and_kind() -> None:
    assert password_name("evicore", "a.b") == "portals.evicore.a.b.password"
    assert totp_name("evicore", "a.b") == "portals.evicore.a.b.totp"


def test_names_are_listed_sorted_and_values_are_not(vault: Vault) -> None:
    vault.set("b", PASSWORD)
    vault.set("a", PASSWORD)
    assert vault.names() == ("a", "b")


def test_setting_again_replaces_and_deleting_forgets(vault: Vault) -> None:
    vault.set(NAME, "old")
    vault.set(NAME, "new")
    assert vault.get(NAME).reveal() == "new"
    vault.delete(NAME)
    assert vault.find(NAME) is None


def test_a_missing_secret_names_the_command_that_puts_it_in(vault: Vault) -> None:
    with pytest.raises(VaultError) as caught:
        vault.get(NAME)
    assert f"priorbot vault set {NAME}" in caught.value.sentence
    with pytest.raises(VaultError):
        vault.delete(NAME)


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 201])
def test_an_odd_name_is_refused(vault: Vault, name: str) -> None:
    with pytest.raises(VaultError):
        vault.set(name, PASSWORD)
    assert vault.names() == ()


def test_what_another_process_sets_is_seen_at_once(vault: Vault, key_file: KeyFile) -> None:
    other = Vault.open(vault.path, key_file)
    vault.set(NAME, PASSWORD)
    assert other.get(NAME).reveal() == PASSWORD
    other.set("another", "x")
    assert vault.names() == ("another", NAME)


def test_neither_value_nor_name_is_readable_on_the_disk(vault: Vault, home: Home) -> None:
    vault.set(NAME, PASSWORD)
    for path in home.path.parent.rglob("*"):
        if path.is_file():
            assert PASSWORD.encode() not in path.read_bytes()
            assert b"front.desk" not in path.read_bytes()


def test_the_same_value_is_never_written_the_same_way_twice(vault: Vault) -> None:
    assert vault.seal(b"same", "receipt") != vault.seal(b"same", "receipt")


# --- tampering ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def small_vault(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes, HeldKeys]:
    path = tmp_path_factory.mktemp("small") / "vault"
    keys = HeldKeys(bytes(range(32)))
    Vault.open(path, keys).set(NAME, PASSWORD)
    return path, path.read_bytes(), keys


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_no_byte_of_the_file_can_be_changed_unseen(small_vault: tuple[Path, bytes, HeldKeys], data: st.DataObject) -> None:
    path, good, keys = small_vault
    at = data.draw(st.integers(0, len(good) - 1))
    bad = bytearray(good)
    bad[at] ^= data.draw(st.integers(1, 255))
    _is_refused_and_left_alone(path, bytes(bad), keys)


def test_each_byte_of_the_file_counts(small_vault: tuple[Path, bytes, HeldKeys]) -> None:
    path, good, keys = small_vault
    for at in range(len(good)):
        _is_refused_and_left_alone(path, good[:at] + bytes([good[at] ^ 0x01]) + good[at + 1 :], keys)


def test_a_file_cut_anywhere_is_refused(small_vault: tuple[Path, bytes, HeldKeys]) -> None:
    path, good, keys = small_vault
    for length in range(len(good)):
        _is_refused_and_left_alone(path, good[:length], keys)


def test_a_file_with_something_behind_it_is_refused(small_vault: tuple[Path, bytes, HeldKeys]) -> None:
    path, good, keys = small_vault
    _is_refused_and_left_alone(path, good + b"\n", keys)


def _is_refused_and_left_alone(path: Path, bad: bytes, keys: HeldKeys) -> None:
    path.write_bytes(bad)
    with pytest.raises(VaultError) as caught:
        Vault.open(path, keys)
    assert caught.value.sentence.endswith(".")
    assert "Nothing was changed." in caught.value.sentence
    assert path.read_bytes() == bad


def test_a_wrong_key_is_told_and_changes_nothing(vault: Vault) -> None:
    before = vault.path.read_bytes()
    with pytest.raises(VaultError) as caught:
        Vault.open(vault.path, HeldKeys(b"x" * 32))
    assert "no key that fits" in caught.value.sentence
    assert caught.value.action is Action.PERSON_PORTAL
    assert vault.path.read_bytes() == before


def test_without_any_key_an_existing_vault_is_not_replaced(vault: Vault) -> None:
    before = vault.path.read_bytes()
    with pytest.raises(VaultError):
        Vault.open(vault.path, HeldKeys())
    assert vault.path.read_bytes() == before


def test_without_a_place_for_a_key_no_vault_is_made(tmp_path: Path) -> None:
    with pytest.raises(VaultError):
        Vault.open(tmp_path / "vault", HeldKeys())
    assert not (tmp_path / "vault").exists()


def test_entries_cannot_be_swapped(vault: Vault) -> None:
    """Even someone who could write inside the vault cannot give one account's password to another portal."""
    vault.set("portals.a.x.password", "for a")
    vault.set("portals.b.x.password", "for b")
    assert vault.get("portals.a.x.password").reveal() == "for a"
    entries = vault._content.entries
    entries["portals.a.x.password"], entries["portals.b.x.password"] = (
        entries["portals.b.x.password"],
        entries["portals.a.x.password"],
    )
    with pytest.raises(VaultError):
        vault.get("portals.a.x.password")


def test_a_write_that_fails_leaves_the_old_file_whole(vault: Vault, key_file: KeyFile, monkeypatch: pytest.MonkeyPatch) -> None:
    vault.set(NAME, PASSWORD)
    before = vault.path.read_bytes()

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("bots.private.os.fsync", full)
        with pytest.raises(OSError):
            vault.set("another", "x")
    assert vault.path.read_bytes() == before
    assert vault.names() == (NAME,)
    assert [path.name for path in vault.path.parent.glob("*.part")] == []


# --- the seal ----------------------------------------------------------------------------------------------------


@settings(max_examples=100, deadline=None)
@given(content=st.binary(max_size=200), purpose=st.text(max_size=40))
def test_what_is_sealed_comes_back_for_its_own_purpose_only(
    small_vault: tuple[Path, bytes, HeldKeys], content: bytes, purpose: str
) -> None:
    path, good, keys = small_vault
    path.write_bytes(good)
    vault = Vault.open(path, keys)
    sealed = vault.seal(content, purpose)
    assert is_sealed(sealed)
    assert vault.unseal(sealed, purpose) == content
    with pytest.raises(VaultError):
        vault.unseal(sealed, purpose + "x")


def test_no_byte_of_a_sealed_file_can_be_changed_unseen(vault: Vault) -> None:
    sealed = vault.seal(b"a receipt", "receipt-1")
    for at in range(len(sealed)):
        for bad in (sealed[:at] + bytes([sealed[at] ^ 0x80]) + sealed[at + 1 :], sealed[:at]):
            with pytest.raises(VaultError):
                vault.unseal(bad, "receipt-1")


def test_a_purpose_written_over_in_the_file_does_not_open_it(vault: Vault) -> None:
    sealed = vault.seal(b"a receipt", "receipt-1")
    with pytest.raises(VaultError):
        vault.unseal(sealed.replace(b"receipt-1", b"receipt-2"), "receipt-2")


def test_another_homes_vault_opens_nothing(vault: Vault, key_file: KeyFile, tmp_path: Path) -> None:
    other = Vault.open(tmp_path / "other" / "vault", key_file)
    with pytest.raises(VaultError):
        other.unseal(vault.seal(b"x", "p"), "p")


def test_a_fingerprint_is_stable_keyed_and_says_nothing(vault: Vault, key_file: KeyFile, tmp_path: Path) -> None:
    mark = vault.fingerprint("001234567")
    assert mark == Vault.open(vault.path, key_file).fingerprint("001234567")
    assert mark != vault.fingerprint("001234568")
    assert mark != Vault.open(tmp_path / "other" / "vault", key_file).fingerprint("001234567")
    assert len(mark) == 32
    assert "1234567" not in mark


# --- a Secret never shows itself -----------------------------------------------------------------------------------


def test_a_secret_hides_in_every_text_made_of_it() -> None:
    secret = Secret(PASSWORD)
    texts = [repr(secret), str(secret), f"{secret}", f"{secret:>40}", f"{secret!s}", f"{[secret]}", f"{ {1: secret} }"]
    console = Console(file=io.StringIO(), width=200)
    console.print(secret, [secret])
    texts.append(console.file.getvalue())
    assert not [text for text in texts if PASSWORD in text]
    assert secret.reveal() == PASSWORD


def test_a_secret_cannot_be_written_down() -> None:
    secret = Secret(PASSWORD)
    for write in (json.dumps, msgspec.json.encode, msgspec.to_builtins, pickle.dumps, copy.copy, copy.deepcopy, vars):
        with pytest.raises(TypeError) as caught:
            write(secret)  # type: ignore[operator]
        assert PASSWORD not in str(caught.value)


def test_a_secret_stays_hidden_in_a_traceback_with_variables() -> None:
    try:
        secret = Secret(PASSWORD)
        _ = 1 / len(secret.__slots__[1:])
    except ZeroDivisionError as error:
        plain = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
        console = Console(file=io.StringIO(), width=200)
        console.print(Traceback.from_exception(type(error), error, error.__traceback__, show_locals=True))
        rich = console.file.getvalue()
    assert "secret" in plain
    assert "secret" in rich
    # The line of code that makes the secret is not quoted here, because the constant is named, not written out.
    assert PASSWORD not in plain
    assert PASSWORD not in rich


# --- rotation ------------------------------------------------------------------------------------------------------


def test_a_rotation_changes_key_vault_and_sealed_files(vault: Vault, home: Home, key_file: KeyFile) -> None:
    vault.set(NAME, PASSWORD)
    receipt = home.receipts / "one.sealed"
    receipt.write_bytes(vault.seal(b"a receipt", "one"))
    (home.fax / "cover.txt").write_bytes(b"not sealed")
    old_key, old_seal, mark = key_file.load()[0], receipt.read_bytes(), vault.fingerprint("x")

    assert vault.rotate(home.sealed_folders) == 1

    assert receipt.read_bytes() != old_seal
    assert (home.fax / "cover.txt").read_bytes() == b"not sealed"
    with pytest.raises(VaultError):
        Vault.open(vault.path, HeldKeys(old_key))
    again = Vault.open(vault.path, key_file)
    assert again.get(NAME).reveal() == PASSWORD
    assert again.unseal(receipt.read_bytes(), "one") == b"a receipt"
    assert again.fingerprint("x") == mark, "a rejected password must be known after a rotation too"
    assert again.unseal(old_seal, "one") == b"a receipt", "a back-up from before the rotation can be read"
    assert again.rotate(()) == 0


class Killed(BaseException):
    """In place of SIGKILL: nothing may catch it."""


def test_a_rotation_cut_off_at_any_step_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed before and after each file that it replaces (key file, vault, each sealed file), it opens and can be run again."""
    cuts = 0
    for step in range(100):
        folder = tmp_path / str(step)
        if not _cut_off_rotation(folder, step, monkeypatch):
            break
        cuts += 1
        _everything_is_there(folder)
        Vault.open(folder / "vault", KeyFile(folder / "keys")).rotate([folder / "receipts"])
        _everything_is_there(folder)
    assert cuts == 2 * (2 + 3), "key file, vault and three receipts, each cut before and after"


def _cut_off_rotation(folder: Path, step: int, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether the rotation was cut off at that step (or was over before)."""
    vault = Vault.open(folder / "vault", KeyFile(folder / "keys"))
    vault.set(NAME, PASSWORD)
    (folder / "receipts").mkdir()
    for name in "abc":
        (folder / "receipts" / name).write_bytes(vault.seal(name.encode(), name))
    really, left = os.replace, [step]

    def replace(source: Path, target: Path) -> None:
        for when in ("before", "after"):
            if left[0] == 0:
                raise Killed
            left[0] -= 1
            if when == "before":
                really(source, target)

    with monkeypatch.context() as patch:
        patch.setattr("bots.private.os.replace", replace)
        try:
            vault.rotate([folder / "receipts"])
        except Killed:
            return True
    return False


def _everything_is_there(folder: Path) -> None:
    vault = Vault.open(folder / "vault", KeyFile(folder / "keys"))
    assert vault.get(NAME).reveal() == PASSWORD
    for name in "abc":
        assert vault.unseal((folder / "receipts" / name).read_bytes(), name) == name.encode()


def test_a_failed_rotation_leaves_the_open_vault_usable(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    vault.set(NAME, PASSWORD)
    with monkeypatch.context() as patch:
        patch.setattr(vault_module, "write_private", lambda path, data: (_ for _ in ()).throw(OSError(28, "full")))
        with pytest.raises(OSError):
            vault.rotate(())
    assert vault.get(NAME).reveal() == PASSWORD
    assert vault.unseal(vault.seal(b"x", "p"), "p") == b"x"


def test_a_key_that_cannot_be_written_is_rotated_by_its_owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = generate_key(), generate_key()
    monkeypatch.setenv(KEY_VARIABLE, old)
    vault = Vault.open(tmp_path / "vault", key_source(tmp_path / "keys"))
    vault.set(NAME, PASSWORD)
    with pytest.raises(VaultError) as caught:
        vault.rotate(())
    assert f"{KEY_VARIABLE}=NEW,OLD" in caught.value.sentence
    assert not (tmp_path / "keys").exists(), "a key kept elsewhere might not outlive the container"

    monkeypatch.setenv(KEY_VARIABLE, f"{new},{old}")
    vault.rotate(())
    monkeypatch.setenv(KEY_VARIABLE, new)
    assert Vault.open(tmp_path / "vault", key_source(tmp_path / "keys")).get(NAME).reveal() == PASSWORD
