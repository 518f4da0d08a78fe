"""Compares what a portal shows with what was asked, after taking away what is only manner of writing. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

from bots.pagemap import ReadKind, ReadMap
from bots.tabledata import fold

_NOTHING = {"", "-", "—", "–", "n/a", "none"}
_NUMBER = re.compile(r"[-+]?([0-9]+|[1-9][0-9]{0,2}(,[0-9]{3})+)(\.[0-9]+)?")
LINE_KINDS = {
    "code": ReadKind.CODE,
    "service_code": ReadKind.CODE,
    "modifiers": ReadKind.CODE,
    "units": ReadKind.NUMBER,
    "from_date": ReadKind.DATE,
    "to_date": ReadKind.DATE,
}
"""How the columns of a table on a review page are compared; ``code`` is a diagnosis, which some portals write without its dot."""


def parse_date(text: str, form: str) -> date | None:
    """A portal's date in its own format (``form`` as in strptime); None when it is none."""
    try:
        return datetime.strptime(text.strip(), form).date()  # noqa: DTZ007 - a calendar day has no zone
    except ValueError:
        return None


def parse_number(text: str) -> Decimal | None:
    """An amount as shown, thousands separators allowed where thousands are; None when it is none."""
    text = text.strip()
    return Decimal(text.replace(",", "")) if _NUMBER.fullmatch(text) else None


def normal(text: str, kind: ReadKind, date_form: str) -> str:
    """The meaning of a shown text, comparable to `normal_asked`. What cannot be read stays as it is, and so differs."""
    text = fold(text)
    if text.casefold() in _NOTHING:
        return ""
    match kind:
        case ReadKind.DATE:
            found = parse_date(text, date_form)
            return found.isoformat() if found else text
        case _:
            return normal_asked(text, kind)


def normal_asked(text: str, kind: ReadKind) -> str:
    """The meaning of an asked value; dates are ISO already."""
    text = fold(text)
    match kind:
        case ReadKind.NUMBER:
            number = parse_number(text)
            return str(number.normalize() + 0) if number is not None else text
        case ReadKind.CODE:
            codes = re.sub(r"[^0-9A-Za-z,; ]", "", text).upper().replace(",", " ").replace(";", " ").split()
            return " ".join(sorted(codes)) or text.casefold()
        case ReadKind.PHONE:
            return re.sub(r"\D", "", text) or text.casefold()
        case ReadKind.DATE | ReadKind.TEXT | ReadKind.NAME:
            return text.casefold()


def differing(asked: Mapping[str, str], shown: Mapping[str, str], reads: Mapping[str, ReadMap], date_form: str) -> list[str]:
    """Names of the fields that do not say the same. A field that only one side has differs."""
    names = []
    for name in sorted({*asked, *shown}):
        read = reads.get(name)
        if read is None or name not in asked or name not in shown:
            names.append(name)
            continue
        wanted = read.words.get(asked[name], asked[name])
        if read.kind is ReadKind.NAME:
            if not _name_fits(wanted, shown[name]):
                names.append(name)
            continue
        if normal_asked(wanted, read.kind) != normal(shown[name], read.kind, date_form):
            names.append(name)
    return names


def _name_fits(asked: str, shown: str) -> bool:
    """Portals show the name as enrolled: longer, and last name first. Nothing asked must be nothing shown."""
    wanted, there = (set(re.findall(r"\w+", text.casefold())) for text in (asked, normal(shown, ReadKind.TEXT, "")))
    return wanted <= there if wanted else not there


def lines_differ(asked: Sequence[Mapping[str, str]], shown: Sequence[Mapping[str, str]], date_form: str) -> bool:
    """Whether the service lines are other lines, or more, or fewer; order does not matter. Compares the shown columns."""

    def meaning(line: Mapping[str, str], columns: Sequence[str], *, ours: bool) -> tuple[str, ...]:
        kinds = [LINE_KINDS.get(column, ReadKind.TEXT) for column in columns]
        if ours:
            return tuple(normal_asked(line[c], k) for c, k in zip(columns, kinds, strict=True))
        return tuple(normal(line[c], k, date_form) for c, k in zip(columns, kinds, strict=True))

    if not shown:
        return bool(asked)
    columns = sorted(shown[0])
    if any(column not in line for line in asked for column in columns):
        return True
    return sorted(meaning(a, columns, ours=True) for a in asked) != sorted(meaning(s, columns, ours=False) for s in shown)
