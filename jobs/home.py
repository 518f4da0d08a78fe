"""The home folder: all that PriorBot keeps, in one place that only its owner can read."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from bots.private import FOLDER_MODE, OTHERS, keeps_modes, make_private_folder, write_private

if TYPE_CHECKING:
    from filelock import BaseFileLock

    from bots.vault import Vault

__all__ = ["HOME_VARIABLE", "Home", "HomeError", "write_private"]

HOME_VARIABLE = "PRIORBOT_HOME"


class HomeError(Exception):
    """The home folder cannot be used. ``sentence`` is for staff."""

    @property
    def sentence(self) -> str:
        return str(self)


class Home:
    """Paths below one home folder (design, section 4). Knows names only; what the files hold is their writers' matter."""

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().absolute()

    def __repr__(self) -> str:
        return f"Home({str(self.path)!r})"

    @classmethod
    def find(cls, option: Path | None = None) -> Home:
        """``--home``, else the environment's PRIORBOT_HOME, else the user's own data folder. Creates nothing."""
        if option is not None:
            return cls(option)
        if named := os.environ.get(HOME_VARIABLE, "").strip():
            return cls(Path(named))
        from platformdirs import user_data_path

        return cls(user_data_path("priorbot", appauthor=False))

    def create(self) -> Home:
        """Makes what is missing, folders 0700, and narrows this process so that every file it creates from now on is 0600.

        Raises `HomeError` when the folder is in use for something else and others can read it: it is not ours to close.
        """
        os.umask(OTHERS)
        if self.path.is_dir():
            self._take_over()
        try:
            for folder in (self.path, *self.folders):
                make_private_folder(folder)
        except OSError as error:
            raise HomeError(
                f"The home folder {self.path} cannot be made ({error.strerror}). Nothing was written. "
                "Choose another one with --home."
            ) from None
        return self

    def _take_over(self) -> None:
        if not keeps_modes() or not self.path.stat().st_mode & OTHERS:
            return
        ours = self.config_file.exists() or self.journal_file.exists() or self.vault_file.exists()
        if not ours and any(self.path.iterdir()):
            raise HomeError(
                f"The folder {self.path} holds other files and can be read by others. Nothing was written. "
                "Choose an empty folder with --home, or close this one: chmod 700."
            )
        self.path.chmod(FOLDER_MODE)

    @property
    def config_file(self) -> Path:
        return self.path / "priorbot.toml"

    @property
    def journal_file(self) -> Path:
        return self.path / "journal.db"

    @property
    def journal_url(self) -> str:
        """SQLAlchemy address of the journal in this home; ``[database] url`` comes before it."""
        return f"sqlite:///{self.journal_file.as_posix()}"

    @property
    def vault_file(self) -> Path:
        return self.path / "vault"

    @property
    def ledger_csv(self) -> Path:
        return self.path / "ledger.csv"

    @property
    def ledger_xlsx(self) -> Path:
        return self.path / "ledger.xlsx"

    @property
    def exceptions_csv(self) -> Path:
        return self.path / "exceptions.csv"

    @property
    def books(self) -> tuple[Path, ...]:
        """Files that name members and are written whole, again and again."""
        return (self.ledger_csv, self.ledger_xlsx, self.exceptions_csv)

    @property
    def report_html(self) -> Path:
        return self.path / "report.html"

    @property
    def reports(self) -> Path:
        """Where reports of a certain time lie that were sent or asked for."""
        return self.path / "reports"

    @property
    def rejects(self) -> Path:
        return self.path / "rejects"

    @property
    def receipts(self) -> Path:
        return self.path / "receipts"

    @property
    def fax(self) -> Path:
        return self.path / "fax"

    @property
    def letters(self) -> Path:
        return self.path / "letters"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def folders(self) -> tuple[Path, ...]:
        return (self.rejects, self.receipts, self.fax, self.letters, self.logs)

    @property
    def sealed_folders(self) -> tuple[Path, ...]:
        """Where sealed files lie: what `Vault.rotate` must be given."""
        return (self.receipts, self.fax, self.letters)

    def lock(self, name: str) -> BaseFileLock:
        """A lock between processes on this home, not yet taken: ``with home.lock("intake"): ...``."""
        from filelock import FileLock

        return FileLock(self.path / f".{name}.lock", mode=0o600)

    def open_vault(self, key_file: str = "") -> Vault:
        """The vault of this home. ``key_file`` is ``[vault] key_file`` of the configuration, relative to the home.

        Raises `bots.vault.VaultError` when there is no fitting key or the vault is damaged.
        """
        from bots.vault import Vault, key_source

        return Vault.open(self.vault_file, key_source(self.path / key_file if key_file else None))
