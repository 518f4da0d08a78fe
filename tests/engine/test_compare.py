"""What a portal shows against what was asked: only the manner of writing may differ, never the meaning."""

from __future__ import annotations

import string
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from bots.compare import differing, lines_differ, parse_date, parse_number
from bots.pagemap import Candidate, ReadKind, ReadMap

US = "%m/%d/%Y"
FIND = (Candidate(css="#x"),)


def differs(asked: str, shown: str, kind: ReadKind, form: str = US, **words: str) -> bool:
    return differing({"it": asked}, {"it": shown}, {"it": ReadMap(find=FIND, kind=kind, words=words)}, form) == ["it"]


@pytest.mark.parametrize(
    ("kind", "asked", "shown"),
    [
        (ReadKind.TEXT, "Front Desk", "  FRONT \n desk "),
        (ReadKind.TEXT, "", "—"),
        (ReadKind.TEXT, "", "N/A"),
        (ReadKind.TEXT, "", "None"),
        (ReadKind.DATE, "2026-03-04", "03/04/2026"),
        (ReadKind.DATE, "2026-03-04", "3/4/2026"),
        (ReadKind.DATE, "", "-"),
        (ReadKind.NUMBER, "1", "1.0"),
        (ReadKind.NUMBER, "1000", "1,000"),
        (ReadKind.NUMBER, "1234567.5", "1,234,567.50"),
        (ReadKind.NUMBER, "0", "0.00"),
        (ReadKind.CODE, "E11.9", "E119"),
        (ReadKind.CODE, "e0601", "E0601"),
        (ReadKind.CODE, "NU RR", "RR, NU"),
        (ReadKind.CODE, "NU;RR", "nu; rr"),
        (ReadKind.PHONE, "860-555-0100", "(860) 555-0100"),
        (ReadKind.NAME, "Garcia", "GARCIA, MARIA L"),
        (ReadKind.NAME, "Maria Garcia", "GARCIA, MARIA L"),
        (ReadKind.NAME, "O'Neill", "O'NEILL, PAT"),
        (ReadKind.NAME, "", "n/a"),
    ],
)
def test_only_the_manner_of_writing_differs(kind: ReadKind, asked: str, shown: str) -> None:
    assert not differs(asked, shown, kind)


@pytest.mark.parametrize(
    ("kind", "asked", "shown"),
    [
        (ReadKind.TEXT, "left knee", "right knee"),
        (ReadKind.TEXT, "something", ""),
        (ReadKind.TEXT, "", "something"),
        (ReadKind.DATE, "2026-03-04", "04/03/2026"),
        (ReadKind.DATE, "2026-03-04", "03/04/26"),
        (ReadKind.DATE, "2026-03-04", "03/05/2026"),
        (ReadKind.DATE, "2026-03-04", "-"),
        (ReadKind.NUMBER, "1", "10"),
        (ReadKind.NUMBER, "1", "-1"),
        (ReadKind.NUMBER, "15", "1.5"),
        (ReadKind.NUMBER, "15", "1,5"),
        (ReadKind.NUMBER, "100", "1,00"),
        (ReadKind.NUMBER, "0", "-"),
        (ReadKind.NUMBER, "5", "5 visits"),
        (ReadKind.CODE, "E0601", "E06010"),
        (ReadKind.CODE, "NU", "NU NU"),
        (ReadKind.CODE, "NU RR", "NU"),
        (ReadKind.CODE, "", "???"),
        (ReadKind.PHONE, "860-555-0100", "860-555-0101"),
        (ReadKind.PHONE, "", "call the office"),
        (ReadKind.NAME, "Garcia", "GARCIAS, MARIA"),
        (ReadKind.NAME, "Maria Garcia", "GARCIA, MARIO"),
        (ReadKind.NAME, "Garcia", ""),
        (ReadKind.NAME, "", "GARCIA, MARIA"),
    ],
)
def test_another_meaning_is_told(kind: ReadKind, asked: str, shown: str) -> None:
    assert differs(asked, shown, kind)


def test_our_value_is_compared_as_the_portals_word() -> None:
    assert not differs("standard", "Routine", ReadKind.TEXT, standard="Routine", urgent="Expedited")
    assert differs("standard", "Expedited", ReadKind.TEXT, standard="Routine", urgent="Expedited")


def test_a_field_that_only_one_side_has_or_that_nobody_can_read_differs() -> None:
    reads = {"a": ReadMap(find=FIND), "b": ReadMap(find=FIND)}
    assert differing({"a": "", "b": "1"}, {"a": "", "c": "1"}, reads, US) == ["b", "c"]
    assert differing({"d": "same"}, {"d": "same"}, reads, US) == ["d"]


# --- properties -------------------------------------------------------------------------------------------------------

AMOUNTS = st.decimals(min_value=-(10**9), max_value=10**9, allow_nan=False, allow_infinity=False, places=3)
CODES = st.text(string.ascii_uppercase + string.digits, min_size=1, max_size=7)
WORDS = st.text(string.ascii_letters + string.digits, min_size=1, max_size=8)
FORMS = st.sampled_from([US, "%Y-%m-%d", "%d-%b-%Y", "%m-%d-%Y"])


@given(st.dates(min_value=date(1900, 1, 1)), st.dates(min_value=date(1900, 1, 1)), FORMS)
def test_dates_agree_exactly_when_they_are_the_same_day(asked: date, shown: date, form: str) -> None:
    assert differs(asked.isoformat(), shown.strftime(form), ReadKind.DATE, form) == (asked != shown)
    assert not differs(asked.isoformat(), asked.strftime(form), ReadKind.DATE, form)
    assert parse_date(asked.strftime(form), form) == asked


@given(AMOUNTS, AMOUNTS)
def test_amounts_agree_exactly_when_they_are_equal(asked: Decimal, shown: Decimal) -> None:
    assert differs(str(asked), f"{shown:,}", ReadKind.NUMBER) == (asked != shown)
    assert not differs(str(asked), f"{asked:,}", ReadKind.NUMBER)


@given(st.text(string.digits + ".,-+ _eE", max_size=8))
@example("0,000")
def test_what_is_read_as_an_amount_is_written_like_one(text: str) -> None:
    """``1_0``, ``1e3``, ``1,5`` and the like are no amounts: a guess would be off by orders of magnitude."""
    number = parse_number(text)
    if number is not None:
        plain = text.strip().lstrip("+")
        assert plain in {f"{number:f}", f"{number:,f}"} or Decimal(plain.replace(",", "")) == number
        assert set(plain) <= set(string.digits + ".,-")
        assert plain.lstrip("-") == "" or "," not in plain or f"{int(abs(number)):,}" == plain.lstrip("-").partition(".")[0]


@given(st.lists(CODES, min_size=1, max_size=4), st.lists(CODES, min_size=1, max_size=4))
def test_codes_agree_exactly_when_they_are_the_same_codes(asked: list[str], shown: list[str]) -> None:
    assert differs(" ".join(asked), ", ".join(shown), ReadKind.CODE) == (sorted(asked) != sorted(shown))


@given(st.from_regex(r"\A[0-9]{10}\Z"), st.from_regex(r"\A[0-9]{10}\Z"))
def test_phones_agree_exactly_when_their_digits_do(asked: str, shown: str) -> None:
    assert differs(asked, f"({shown[:3]}) {shown[3:6]}-{shown[6:]}", ReadKind.PHONE) == (asked != shown)


@given(st.lists(WORDS, min_size=1, max_size=3), st.lists(WORDS, min_size=1, max_size=4))
def test_a_name_fits_only_when_every_word_of_it_is_shown(asked: list[str], shown: list[str]) -> None:
    assume(shown != ["none"])
    missing = {word.casefold() for word in asked} - {word.casefold() for word in shown}
    assert differs(" ".join(asked), ", ".join(shown), ReadKind.NAME) == bool(missing) or "none" in " ".join(shown).casefold()


# --- service lines ----------------------------------------------------------------------------------------------------


def line(code: str = "E0601", units: str = "1", modifiers: str = "NU RR", first: str = "2026-03-04") -> dict[str, str]:
    return {"service_code": code, "units": units, "modifiers": modifiers, "from_date": first, "to_date": "2026-04-03"}


def shown(code: str = "E0601", units: str = "1.00", modifiers: str = "RR, NU", first: str = "03/04/2026") -> dict[str, str]:
    return {"service_code": code, "units": units, "modifiers": modifiers, "from_date": first, "to_date": "04/03/2026"}


def test_the_same_lines_in_another_order_do_not_differ() -> None:
    assert not lines_differ([line(), line("E0562")], [shown("E0562"), shown()], US)
    assert not lines_differ([], [], US)


@pytest.mark.parametrize(
    "there",
    [
        [],
        [shown(), shown()],
        [shown("E0602")],
        [shown(units="2")],
        [shown(units="")],
        [shown(modifiers="RR")],
        [shown(modifiers="-")],
        [shown(first="03/05/2026")],
    ],
    ids=["none", "twice", "code", "units", "no units", "modifier", "no modifiers", "date"],
)
def test_other_lines_differ(there: list[dict[str, str]]) -> None:
    assert lines_differ([line()], there, US)


def test_lines_that_nobody_asked_for_differ() -> None:
    assert lines_differ([], [shown()], US)


def test_only_the_columns_that_are_shown_are_compared() -> None:
    assert not lines_differ([line()], [{"service_code": "E0601"}], US)


@given(st.lists(st.tuples(CODES, st.integers(1, 999)), max_size=4), st.lists(st.tuples(CODES, st.integers(1, 999)), max_size=4))
def test_lines_agree_exactly_when_they_are_the_same_lines(asked: list[tuple[str, int]], there: list[tuple[str, int]]) -> None:
    ours = [{"service_code": code, "units": str(units)} for code, units in asked]
    theirs = [{"service_code": code, "units": f"{units}.0"} for code, units in there]
    assert lines_differ(ours, theirs, US) == (sorted(asked) != sorted(there))
