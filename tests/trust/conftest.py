from __future__ import annotations

from pathlib import Path

import pytest

from bots.keys import KEY_VARIABLE, KeyFile
from bots.vault import Vault
from jobs.home import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home").create()


@pytest.fixture
def key_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KeyFile:
    """The only source of a key in these tests: neither the environment nor anybody's keyring."""
    monkeypatch.delenv(KEY_VARIABLE)
    return KeyFile(tmp_path / "elsewhere" / "keys")


@pytest.fixture
def vault(home: Home, key_file: KeyFile) -> Vault:
    return Vault.open(home.vault_file, key_file)
