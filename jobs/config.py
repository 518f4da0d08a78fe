"""The practice's settings, read from ``priorbot.toml``. Each key is described here, once; `describe_keys` makes the reference
page from these descriptions, and an unknown key is an error that names the nearest known one."""

from __future__ import annotations

import difflib
import tomllib
import types
import typing
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from bots.fax.lines.settings import FolderSettings, HostedSettings, HylafaxSettings
from bots.model import Frozen, Payer
from bots.permission import is_loopback
from bots.signin_map import ONE_SIGN_IN, WITHOUT_ACCOUNT
from bots.zones import is_zone
from jobs.portal_settings import PORTAL_SLUGS, CodeSettings, PortalSettings
from jobs.service_settings import BackupSettings, NotifySettings, RetentionSettings, ScheduleSettings, wrong_setting


class ConfigError(Exception):
    """The settings cannot be used; nothing was started. ``sentence`` names the file, the key and what to write instead."""

    @property
    def sentence(self) -> str:
        return str(self)


class PracticeSettings(Frozen):
    """[practice]: who asks."""

    name: Annotated[str, Meta(description="The practice's name, as it stands on reports and fax cover sheets.")] = ""
    time_zone: Annotated[str, Meta(description="Time zone of the practice: its calendar days and hours.")] = "America/New_York"
    contact_name: Annotated[str, Meta(description="Whom a payer calls, for requests that name nobody.")] = ""
    contact_phone: Annotated[str, Meta(description="That person's phone number.")] = ""
    contact_fax: Annotated[str, Meta(description="Fax number for a payer's answer.")] = ""
    address: Annotated[str, Meta(description="Street, city and zip, for fax cover sheets and the payers' forms.")] = ""
    tax_id: Annotated[str, Meta(description="The practice's tax id (TIN), for the payers' forms.")] = ""

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


class DatabaseSettings(Frozen):
    """[database]: where the journal is kept."""

    url: Annotated[
        str,
        Meta(
            description="SQLAlchemy address of the journal, for several machines on one database. Empty: journal.db in the home."
        ),
    ] = ""


class VaultSettings(Frozen):
    """[vault]: where the home's key is kept."""

    key_file: Annotated[
        str,
        Meta(
            description="Key file, relative to the home folder unless absolute. Empty: the user's default key file, then the "
            "system keyring. The environment variable PRIORBOT_KEY comes before both."
        ),
    ] = ""


class PayerSettings(Frozen):
    """[payers.husky], [payers.carepartners], [payers.bcbsma]: what differs between practices in a payer's rules."""

    medical_portal: Annotated[
        typing.Literal["clear_coverage", "husky_medical"],
        Meta(description="HUSKY only: clear_coverage, or husky_medical for the portal that replaced it on 2020-12-19."),
    ] = "clear_coverage"
    standard_wait_hours: Annotated[
        int, Meta(ge=0, description="Hours that a standard request waits for a portal that is down before it goes another way.")
    ] = 24


class FaxSettings(Frozen):
    """[fax]: how a packet gets to a payer's desk."""

    line: Annotated[
        typing.Literal["folder", "hylafax", "http", "none"],
        Meta(
            description="folder: packets are put into a folder for a person or another program. hylafax: a fax server with a "
            "modem. http: a hosted service. none: no fax is ever sent."
        ),
    ] = "folder"
    received: Annotated[
        str,
        Meta(
            description="Folder into which a fax server puts what it receives, relative to the home, such as HylaFAX's recvq. "
            "Empty: letters are read with priorbot fax receive only."
        ),
    ] = ""
    letters: Annotated[
        typing.Literal["ask", "update"],
        Meta(
            description="ask: every letter that comes by fax waits for a person, beside its picture. update: one whose every "
            "field is certain brings its request up to date by itself. That is proved on drawn letters only, none of a real "
            "payer: compare a month of them with their pictures before you rely on it (docs/letters.md)."
        ),
    ] = "ask"
    folder: FolderSettings = FolderSettings()
    hylafax: HylafaxSettings = HylafaxSettings()
    hosted: HostedSettings = HostedSettings()


class IntakeSettings(Frozen):
    """[intake]: the files that the practice's own software writes."""

    folder: Annotated[
        str,
        Meta(
            description="Folder that priorbot run watches, relative to the home: each file is taken once it is whole, and moved "
            "aside. Empty: none."
        ),
    ] = ""
    columns: Annotated[
        dict[str, str],
        Meta(
            description="[intake.columns]: a column of your file = the intake column that it is, such as "
            '"Medicaid No" = "member_id"; "" leaves the column out.'
        ),
    ] = {}


class BrowserSettings(Frozen):
    """[browser]: the browser that opens the portals."""

    path: Annotated[str, Meta(description="The Chromium to use. Empty: the first found on this machine.")] = ""
    headless: Annotated[bool, Meta(description="false shows the windows, to look on while it works.")] = True


class Config(Frozen):
    """All of ``priorbot.toml``. A file that is missing or empty is the default of every key."""

    practice: PracticeSettings = PracticeSettings()
    database: DatabaseSettings = DatabaseSettings()
    vault: VaultSettings = VaultSettings()
    payers: dict[str, PayerSettings] = {}
    portals: dict[str, PortalSettings] = {}
    fax: FaxSettings = FaxSettings()
    schedule: ScheduleSettings = ScheduleSettings()
    notify: NotifySettings = NotifySettings()
    backup: BackupSettings = BackupSettings()
    retention: RetentionSettings = RetentionSettings()
    intake: IntakeSettings = IntakeSettings()
    browser: BrowserSettings = BrowserSettings()

    def payer(self, payer: Payer) -> PayerSettings:
        """That payer's settings, with the defaults where the file says nothing."""
        return self.payers.get(payer.value, PayerSettings())


_KNOWN_NAMES = {"payers": tuple(payer.value for payer in Payer), "portals": PORTAL_SLUGS}


def load_config(path: Path) -> Config:
    """Reads ``priorbot.toml``; a missing file is the default. Raises `ConfigError`."""
    try:
        text = path.read_text("utf-8-sig")  # Windows editors put a mark at the start
    except FileNotFoundError:
        return Config()
    except (OSError, UnicodeDecodeError):
        raise ConfigError(f"{path} cannot be read as text in UTF-8. Nothing was started. Save it again as UTF-8.") from None
    return parse_config(text, str(path))


def parse_config(text: str, file: str = "priorbot.toml") -> Config:
    """The settings that ``text`` holds. Raises `ConfigError`, which names ``file`` and the key."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file} is not valid TOML: {error}. Nothing was started. Correct that line.") from None
    config: Config = _build(Config, table, "", file)
    _check(config, file)
    return config


def _build(cls: Any, table: object, at: str, file: str) -> Any:
    """One table as ``cls``, key by key, so that an error can name its key."""
    if not isinstance(table, dict):
        raise ConfigError(f"{file}: {at} must be a table, written [{at}]. Nothing was started.")
    fields = {field.name: field for field in msgspec.structs.fields(cls)}
    values: dict[str, Any] = {}
    for key, value in table.items():
        where = f"{at}.{key}" if at else key
        if key not in fields:
            raise ConfigError(f"{file}: there is no key {where}{_nearest(key, tuple(fields))}. Nothing was started.")
        kind = _bare(fields[key].type)
        if _is_struct(kind):
            values[key] = _build(kind, value, where, file)
        elif key in _KNOWN_NAMES and not at:
            values[key] = _build_named(kind, value, key, file)
        else:
            values[key] = _value(fields[key].type, value, where, file)
    for name, field in fields.items():
        if field.required and name not in values:
            raise ConfigError(f"{file}: [{at}] needs the key {name} ({_description(field.type)}). Nothing was started.")
    return cls(**values)


def _build_named(kind: Any, table: object, at: str, file: str) -> dict[str, Any]:
    """A table of tables whose names are known: payers and portals."""
    if not isinstance(table, dict):
        raise ConfigError(f"{file}: {at} must be a table of tables, written [{at}.NAME]. Nothing was started.")
    for name in table:
        if name not in _KNOWN_NAMES[at]:
            raise ConfigError(f"{file}: there is no {at[:-1]} {name}{_nearest(name, _KNOWN_NAMES[at])}. Nothing was started.")
    return {name: _build(get_args(kind)[1], inner, f"{at}.{name}", file) for name, inner in table.items()}


def _value(kind: Any, value: object, where: str, file: str) -> Any:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError:
        raise ConfigError(f"{file}: {where} must be {_wanted(kind)}. Nothing was started.") from None


def _check(config: Config, file: str) -> None:
    """What a type cannot say."""
    if not is_zone(config.practice.time_zone):
        raise ConfigError(f"{file}: practice.time_zone is no time zone, such as America/New_York. Nothing was started.")
    for name, payer in config.payers.items():
        if name != Payer.HUSKY and payer.medical_portal != PayerSettings().medical_portal:
            raise ConfigError(f"{file}: payers.{name}.medical_portal holds only under [payers.husky]. Nothing was started.")
    if (wrong := wrong_setting(config.schedule, config.notify)) is not None:
        raise ConfigError(f"{file}: {wrong[0]} {wrong[1]}. Nothing was started.")
    for slug, portal in config.portals.items():
        _check_holidays(slug, portal, file)
        try:
            _ = portal.opening
        except ValueError:
            raise ConfigError(
                f'{file}: portals.{slug}.hours must look like "Mon-Fri 07:00-19:00; Sat 08:00-12:00". Nothing was started.'
            ) from None
        if slug in WITHOUT_ACCOUNT:
            _check_without_account(slug, portal, file)
        if portal.code is not None:
            _check_code(slug, portal, portal.code, file)
        if not portal.base_url.lower().startswith(("https://", "http://")):
            raise ConfigError(f"{file}: portals.{slug}.base_url must begin with https://. Nothing was started.")
    _check_one_sign_in(config, file)


def _check_holidays(slug: str, portal: PortalSettings, file: str) -> None:
    if not portal.holidays:
        return
    from jobs.business_days import is_calendar

    if not all(map(is_calendar, portal.holidays)):
        raise ConfigError(f'{file}: portals.{slug}.holidays must be like ["US"] or ["US-CT"]. Nothing was started.')


def _check_one_sign_in(config: Config, file: str) -> None:
    """A user who works for two portals behind one sign-in would end the one's session with the other's."""
    for slugs in ONE_SIGN_IN:
        users: dict[str, str] = {}
        for slug in sorted(slugs & config.portals.keys()):
            for account in config.portals[slug].accounts:
                other = users.setdefault(account.casefold(), slug)
                if other != slug:
                    raise ConfigError(
                        f"{file}: portals.{slug}.account names {account}, who works for {other} already: both stand behind one "
                        "sign-in, which lets each user in once. Nothing was started. Give each a user of its own."
                    )


def _check_without_account(slug: str, portal: PortalSettings, file: str) -> None:
    given = {"account": portal.account, "change_password": portal.change_password, "code": portal.code, "enroll": portal.enroll}
    for key in (key for key, value in given.items() if value):
        raise ConfigError(f"{file}: portals.{slug}.{key} has no use: {slug} is used without an account. Nothing was started.")


def _check_code(slug: str, portal: PortalSettings, code: CodeSettings, file: str) -> None:
    at = f"{file}: portals.{slug}.code"
    for account in code.imap_users:
        if account not in portal.accounts:
            raise ConfigError(f"{at}.imap_users.{account} names no account of {slug}. Nothing was started.")
    if code.method != "email":
        return
    if not code.imap_host:
        raise ConfigError(f"{at} needs the key imap_host for method email. Nothing was started.")
    if missing := [account for account in portal.accounts if not code.mailbox(account)]:
        raise ConfigError(f"{at} needs imap_user, or imap_users.{missing[0]}, for method email. Nothing was started.")
    if code.imap_security == "none" and not is_loopback(f"http://{code.imap_host}"):
        raise ConfigError(f'{at}.imap_security "none" is for a server on this machine only. Nothing was started.')


def _nearest(key: str, known: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(key.lower(), known, n=1, cutoff=0.0)
    return f"; the nearest is {close[0]}"


def _description(kind: Any) -> str:
    meta = next((extra for extra in getattr(kind, "__metadata__", ()) if isinstance(extra, Meta)), None)
    return (meta.description or "") if meta else ""


def _bare(kind: Any) -> Any:
    """The type without its description and without ``| None``."""
    if get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    choices = [choice for choice in get_args(kind) if choice is not types.NoneType]
    return choices[0] if get_origin(kind) is types.UnionType and len(choices) == 1 else kind


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _wanted(kind: Any) -> str:
    """A type in words for staff."""
    bare = _bare(kind)
    if get_origin(bare) is typing.Literal:
        return " or ".join(f'"{word}"' for word in get_args(bare))
    if get_origin(bare) is types.UnionType:
        return 'text in quotes, or a list of them: ["one", "two"]'
    words: dict[Any, str] = {
        str: "text in quotes",
        bool: "true or false",
        int: "a whole number, 0 or more",
        date: "a date such as 2027-06-30, without quotes",
        dict[str, str]: 'lines of "text" = "text"',
        list[str]: 'a list of texts in quotes: ["one", "two"]',
    }
    return words[bare]


# --- the reference page ------------------------------------------------------------------------------------------


def describe_keys() -> str:
    """The reference page of all keys (Markdown), made from the descriptions above."""
    lines = [
        "# Settings: `priorbot.toml`",
        "",
        "The file lies in the home folder. Every key is optional unless it says so; a file that is not there is the default of",
        "every key. Made from `jobs/config.py` by `make docs`; a test holds the two equal.",
    ]
    for table, cls in _tables(Config, ""):
        lines += ["", f"## `[{table}]`", "", (cls.__doc__ or "").partition(":")[2].strip().capitalize()]
        rows = [_row(field) for field in msgspec.structs.fields(cls) if not _is_struct(_bare(field.type))]
        if rows:
            lines += ["", "| key | is | default | meaning |", "|---|---|---|---|", *rows]
    return "\n".join(lines) + "\n"


def _tables(cls: Any, at: str) -> Iterator[tuple[str, Any]]:
    for field in msgspec.structs.fields(cls):
        kind = _bare(field.type)
        where = f"{at}.{field.name}" if at else field.name
        if get_origin(kind) is dict and _is_struct(get_args(kind)[1]):
            kind, where = get_args(kind)[1], f"{where}.{'SLUG' if field.name == 'portals' else 'PAYER'}"
        if _is_struct(kind):
            yield where, kind
            yield from _tables(kind, where)


def _row(field: msgspec.structs.FieldInfo) -> str:
    default = "needed" if field.required else f"`{msgspec.json.encode(_default(field)).decode()}`"
    return f"| `{field.name}` | {_wanted(field.type)} | {default} | {_description(field.type)} |"


def _default(field: msgspec.structs.FieldInfo) -> object:
    return field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
