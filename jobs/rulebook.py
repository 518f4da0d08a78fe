"""Loads and checks the payers' rules, ``jobs/rules/<payer>.yaml``, and hands them out as one `RuleBook`.

The files are for an operator to read and edit, so nothing in them is passed over in silence: unknown keys and words, a key
written twice, an id or a number used twice, names that point nowhere, impossible dates, and whatever YAML would turn into
something else when it is not quoted (``no``, ``8:00``, a date) are errors that name file and rule.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import UnsetType

from bots.model import Frozen, Payer
from jobs.rule_checks import AnyRule, problems, sections
from jobs.rule_schema import Clinical, Clock, Desk, DirectoryEntry, Down, FormChoice, Outcome, Rule, RuleFile, dial_digits

T = TypeVar("T")

RULES_FOLDER = Path(__file__).resolve().parent / "rules"

_SECTIONS: dict[str, Any] = {
    "routing": Rule[Outcome],
    "checks": Rule[Outcome],
    "answers": Rule[Outcome],
    "outage": Rule[Down],
    "additional_clinical": Rule[Clinical],
    "fax_forms": Rule[FormChoice],
    "conduct": Rule[Outcome],
}


class RulebookError(ValueError):
    """The rules cannot be used. The message names file and rule and says what is wrong; no request was routed."""


class RuleBook(Frozen):
    """The rules of all payers, checked."""

    files: dict[Payer, RuleFile]
    by_id: dict[str, AnyRule]
    desks: dict[str, Desk]
    """Printed number -> desk, over all payers."""

    def of(self, payer: Payer) -> RuleFile:
        return self.files[payer]

    def rule(self, rule_id: str) -> AnyRule:
        """Raises ``KeyError`` for an id that no file has."""
        return self.by_id[rule_id]

    def number(self, payer: Payer, name: str) -> str:
        """The number behind a directory name of that payer, as its source prints it."""
        return self.files[payer].directory[name].number

    def help_desk(self, portal: str) -> Desk | None:
        """Whom staff ask about an account on that portal; None where nothing is published."""
        for rules in self.files.values():
            entry = rules.portals.get(portal)
            if entry is not None and not isinstance(entry.help_desk, UnsetType):
                return self.desks[rules.directory[entry.help_desk].number]
        return None

    def desk(self, number: str) -> Desk:
        """Who answers at a number of a `Route`. Raises ``KeyError`` for a number that is not in the directory."""
        return self.desks[number]


@lru_cache(maxsize=8)
def load_rulebook(directory: Path | None = None) -> RuleBook:
    """All files of the folder (default: the one that comes with the product), read once. Raises `RulebookError`."""
    folder = directory or RULES_FOLDER
    files = [_load_file(path) for path in sorted(folder.glob("*.yaml"))]
    missing = set(Payer) - {rules.payer for rules in files}
    if missing:
        raise RulebookError(f"No rules for {', '.join(sorted(missing))}: the file {sorted(missing)[0]}.yaml is missing.")
    by_id: dict[str, AnyRule] = {}
    desks: dict[str, Desk] = {}
    for rules in files:
        for rule in (rule for rows in sections(rules).values() for rule in rows):
            if rule.id in by_id:
                raise RulebookError(f"{rules.payer}.yaml, rule {rule.id}: the id is used twice.")
            by_id[rule.id] = rule
        for name, entry in rules.directory.items():
            if dial_digits(entry.number) in {desk.digits for desk in desks.values()}:
                raise RulebookError(f"{rules.payer}.yaml, directory {name}: the number {entry.number} stands there twice.")
            desks[entry.number] = _desk(name, entry, rules)
    return RuleBook(files={rules.payer: rules for rules in files}, by_id=by_id, desks=desks)


def _desk(name: str, entry: DirectoryEntry, rules: RuleFile) -> Desk:
    return Desk(
        name=name,
        payer=rules.payer,
        number=entry.number,
        kind=entry.kind,
        desk=entry.desk,
        hours=entry.hours,
        time_zone=rules.time_zone if isinstance(entry.time_zone, UnsetType) else entry.time_zone,
        holidays=rules.holidays,
        say="" if isinstance(entry.say, UnsetType) else entry.say,
        source=entry.source,
    )


def _load_file(path: Path) -> RuleFile:
    raw = _read_yaml(path)
    if not isinstance(raw, dict):
        raise RulebookError(f"{path.name}: the file does not hold rules.")
    checked_on = raw.pop("checked_on", None)
    # One entry after the other, so that an error can name its rule, number or clock.
    for section, kind in _SECTIONS.items():
        raw[section] = [
            _convert({"checked_on": checked_on, **row} if isinstance(row, dict) else row, kind, f"{path.name}, {_named(row)}")
            for row in _as_list(raw.get(section, []), f"{path.name}, {section}")
        ]
    named: dict[str, Any] = {"directory": DirectoryEntry, "clocks": Clock}
    for section, kind in named.items():
        entries = raw.get(section, {})
        if isinstance(entries, dict):
            raw[section] = {name: _convert(e, kind, f"{path.name}, {section} {name}") for name, e in entries.items()}
    rules = _convert(raw, RuleFile, path.name)
    found = list(problems(rules))
    if path.stem != rules.payer:
        found.insert(0, f"the file is for payer {rules.payer}, so its name must be {rules.payer}.yaml")
    if found:
        raise RulebookError(f"{path.name}, " + "; ".join(found) + ".")
    return rules


def _as_list(value: object, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise RulebookError(f"{where}: a list of rules is expected.")
    return value


def _named(row: object) -> str:
    return f"rule {row['id']}" if isinstance(row, dict) and "id" in row else "a rule without an id"


def _convert(raw: object, kind: type[T], where: str) -> T:
    try:
        return msgspec.convert(raw, kind, strict=True)
    except msgspec.ValidationError as error:
        raise RulebookError(f"{where}: {error}.") from error


# --- YAML without surprises ------------------------------------------------------------------------------------------


def _read_yaml(path: Path) -> Any:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        node = yaml.compose(path.read_text(encoding="utf-8"), Loader=loader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise RulebookError(f"{path.name} cannot be read: {error}.") from error
    return _plain(node, path.name)


def _plain(node: Any, where: str) -> Any:
    """Text, whole numbers, lists and mappings. Everything that YAML would read as something else must be quoted."""
    import yaml

    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, where) for item in node.value]
    if isinstance(node, yaml.MappingNode):
        return _plain_mapping(node, where)
    if isinstance(node, yaml.ScalarNode):
        if node.tag == "tag:yaml.org,2002:str":
            return node.value
        if node.tag == "tag:yaml.org,2002:int" and re.fullmatch(r"0|-?[1-9][0-9]*", node.value):
            return int(node.value)
        shown = node.value or "(nothing)"
        raise RulebookError(f"{where}, line {node.start_mark.line + 1}: {shown} is not plain text here; write it in quotes.")
    raise RulebookError(f"{where}: the file is empty.")


def _plain_mapping(node: Any, where: str) -> dict[str, Any]:
    keys = [_plain(key, where) for key, _ in node.value]
    twice = [key for key in keys if keys.count(key) > 1]
    if twice:
        raise RulebookError(f"{where}, line {node.start_mark.line + 1}: the key {twice[0]} is written twice.")
    rule_id = next((value.value for key, value in node.value if key.value == "id"), "")
    inside = f"{where}, rule {rule_id}" if rule_id else where
    return {key: _plain(value, inside) for key, (_, value) in zip(keys, node.value, strict=True)}
