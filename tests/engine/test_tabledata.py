"""Tables by the text of their headers, wherever the columns stand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.tabledata import HeaderMissing, RowBroken, fold, parse_table

COLUMNS = {"code": "Procedure", "units": "Units"}
HEADER = ["Procedure", "Units", "Note"]


def test_columns_are_found_by_header_text_with_white_space_folded() -> None:
    rows = parse_table(
        [["Note", " Units\n", "Pro\u00a0cedure"], ["n", " 3 ", "E0601 "]], {"code": "Pro cedure", "units": "Units"}
    )
    assert [row.cells for row in rows] == [{"code": "E0601", "units": "3"}]


def test_a_row_knows_its_place_in_the_table() -> None:
    rows = parse_table([["Requested services"], HEADER, ["E0601", "1", ""], ["E0562", "2", ""]], COLUMNS)
    assert [(row.index, row["code"]) for row in rows] == [(2, "E0601"), (3, "E0562")]


def test_pagers_captions_and_rows_that_are_not_shown_are_passed_over() -> None:
    rows = parse_table([HEADER, [], ["E0601", "1", ""], ["1 2 3 Next"]], COLUMNS)
    assert [row["code"] for row in rows] == ["E0601"]


def test_a_table_of_one_column_keeps_its_rows() -> None:
    rows = parse_table([["Diagnosis"], ["E11.9"], [], ["I10"]], {"code": "Diagnosis"})
    assert [row["code"] for row in rows] == ["E11.9", "I10"]


def test_a_missing_header_is_named_by_our_name() -> None:
    with pytest.raises(HeaderMissing) as caught:
        parse_table([["Procedure", "Quantity"], ["E0601", "1"]], COLUMNS)
    assert caught.value.args == ("units",)


def test_a_header_that_stands_there_twice_is_not_chosen_from() -> None:
    with pytest.raises(HeaderMissing) as caught:
        parse_table([["Procedure", "Units", "Units"], ["E0601", "1", "9"]], COLUMNS)
    assert caught.value.args == ("units",)


def test_a_table_without_rows_misses_every_header() -> None:
    with pytest.raises(HeaderMissing) as caught:
        parse_table([], COLUMNS)
    assert caught.value.args == ("code", "units")


def test_a_row_that_ends_before_its_columns_is_broken() -> None:
    with pytest.raises(RowBroken) as caught:
        parse_table([["Note", "Procedure", "Units"], ["n", "E0601"]], COLUMNS)
    assert caught.value.args == (1,)


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\x1c\x1d\x1e\x1f\x85"), max_size=6)


@given(st.permutations(["Procedure", "Units", "Note"]), st.lists(st.lists(CELLS, min_size=3, max_size=3), max_size=5))
def test_no_order_of_columns_moves_a_value(header: list[str], body: list[list[str]]) -> None:
    rows = parse_table([header, *body], COLUMNS)
    wanted = [(fold(cells[header.index("Procedure")]), fold(cells[header.index("Units")])) for cells in body]
    assert [(row["code"], row["units"]) for row in rows] == wanted
