"""Where the key comes from: environment, then key file, then keyring; and what is refused as a key."""

from __future__ import annotations

import os
from pathlib import Path

import keyring
import keyring.backend
import keyring.backends.fail
import pytest

from bots.keys import KEY_VARIABLE, EnvironmentKey, FirstOf, KeyFile, KeyringKey, VaultError, generate_key, key_id, key_source
from bots.vault import Vault

posix = pytest.mark.skipif(os.name != "posix", reason="not on this system: POSIX file modes")


class MemoryKeyring(keyring.backend.KeyringBackend):
    priority = 1  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[tuple[str, str], str] = {}
        self.asked = 0

    def get_password(self, service: str, username: str) -> str | None:
        self.asked += 1
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.held[service, username] = password


class ForgetfulKeyring(MemoryKeyring):
    def set_password(self, service: str, username: str, password: str) -> None:
        """As a null keyring does."""


class LockedKeyring(MemoryKeyring):
    def get_password(self, service: str, username: str) -> str | None:
        raise keyring.errors.KeyringLocked("somebody@example.com")


@pytest.fixture
def ring(monkeypatch: pytest.MonkeyPatch) -> MemoryKeyring:
    ring = MemoryKeyring()
    _use(ring, monkeypatch)
    return ring


def _use(ring: keyring.backend.KeyringBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyring.core, "_keyring_backend", ring)


@pytest.fixture(autouse=True)
def _nothing_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEY_VARIABLE)


def test_the_environment_comes_before_the_key_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = KeyFile(tmp_path / "keys")
    of_file = file.renew(None)
    monkeypatch.setenv(KEY_VARIABLE, generate_key())
    first, second = key_source(file.path).load()
    assert second == of_file
    assert EnvironmentKey().load() == (first,)


def test_the_keyring_is_not_asked_when_the_file_has_the_key(tmp_path: Path, ring: MemoryKeyring) -> None:
    source = FirstOf(KeyFile(tmp_path / "keys"), KeyringKey())
    Vault.open(tmp_path / "vault", source).set("a", "b")
    assert Vault.open(tmp_path / "vault", source).get("a").reveal() == "b"
    assert ring.asked == 1, "once, when there was no key yet"


def test_a_vault_lives_from_the_keyring_alone(tmp_path: Path, ring: MemoryKeyring) -> None:
    vault = Vault.open(tmp_path / "vault", KeyringKey())
    vault.set("a", "b")
    assert vault.rotate() == 0
    assert Vault.open(tmp_path / "vault", KeyringKey()).get("a").reveal() == "b"
    assert len(KeyringKey().load()) == 2, "the older key is kept for back-ups"


@pytest.mark.parametrize("broken", [keyring.backends.fail.Keyring, ForgetfulKeyring])
def test_a_machine_without_a_keyring_takes_the_file(
    broken: type[keyring.backend.KeyringBackend], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _use(broken(), monkeypatch)
    file = KeyFile(tmp_path / "keys")
    assert KeyringKey().load() == ()
    made = FirstOf(KeyringKey(), file).renew(None)
    assert file.load() == (made,)


def test_a_locked_keyring_is_told_and_its_words_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    _use(LockedKeyring(), monkeypatch)
    with pytest.raises(VaultError) as caught:
        KeyringKey().load()
    assert "Unlock it" in caught.value.sentence
    assert "example.com" not in str(caught.value)


@pytest.mark.parametrize("text", ["short", "x" * 44, "é" * 44, "AAAA"])
def test_what_is_no_key_is_refused_without_being_quoted(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, text)
    with pytest.raises(VaultError) as caught:
        EnvironmentKey().load()
    assert text not in str(caught.value)
    assert KEY_VARIABLE in caught.value.sentence


def test_keys_in_either_base64_alphabet_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "-_-_" * 10 + "-_8=")
    url_safe = EnvironmentKey().load()
    monkeypatch.setenv(KEY_VARIABLE, "+/+/" * 10 + "+/8=")
    assert EnvironmentKey().load() == url_safe


@posix
def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    file = KeyFile(tmp_path / "keys")
    file.renew(None)
    file.path.chmod(0o640)
    with pytest.raises(VaultError) as caught:
        file.load()
    assert "chmod 600" in caught.value.sentence


def test_a_key_file_that_is_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_bytes(b"\xff\xfe\x00")
    path.chmod(0o600)
    with pytest.raises(VaultError):
        KeyFile(path).load()


def test_a_new_key_stands_before_the_older_ones(tmp_path: Path) -> None:
    file = KeyFile(tmp_path / "keys")
    old, new = file.renew(None), file.renew(None)
    assert file.load() == (new, old)


def test_two_homes_with_one_key_file_are_rotated_apart(tmp_path: Path) -> None:
    file = KeyFile(tmp_path / "keys")
    one, two = Vault.open(tmp_path / "one", file), Vault.open(tmp_path / "two", file)
    one.set("a", "1")
    two.set("a", "2")
    one.rotate()
    assert Vault.open(tmp_path / "one", file).get("a").reveal() == "1"
    assert Vault.open(tmp_path / "two", file).get("a").reveal() == "2"


def test_a_key_file_in_a_place_that_cannot_be_written_gives_no_new_key(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert KeyFile(tmp_path / "file" / "keys").renew(None) is None


def test_a_key_id_tells_keys_apart_and_nothing_of_them() -> None:
    assert key_id(b"a" * 32) != key_id(b"b" * 32)
    assert len(key_id(b"a" * 32)) == 16
