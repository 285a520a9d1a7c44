"""Rows that Python makes are in DuckDB what they were."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import duckdb
import pytest
from hypothesis import given
from hypothesis import settings as checked
from hypothesis import strategies as st

from usage_pipeline.storage.rows import register_rows
from usage_pipeline.storage.tables import columns

COLUMNS = columns(
    ("day", "DATE", "A day."),
    ("name", "VARCHAR", "A text."),
    ("amount", "BIGINT", "A number."),
    ("price", "DECIMAL(38,24)", "An exact number."),
)
ROWS = st.lists(
    st.tuples(
        st.none() | st.dates(),
        st.none() | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")),
        st.none() | st.integers(-(2**63), 2**63 - 1),
        st.none() | st.decimals(-(10**13), 10**13, places=24),
    )
)


@pytest.fixture(scope="module")
def duck() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


@checked(max_examples=100, deadline=None)
@given(rows=ROWS)
def test_every_value_is_what_it_was(duck: duckdb.DuckDBPyConnection, rows: list[tuple[object, ...]]) -> None:
    register_rows(duck, "things", COLUMNS, rows)
    assert duck.execute("FROM things").fetchall() == rows


def test_columns_have_their_types_also_without_rows(duck: duckdb.DuckDBPyConnection) -> None:
    register_rows(duck, "things", COLUMNS, [])
    found = [row[:2] for row in duck.execute("DESCRIBE things").fetchall()]
    assert found == [(column.name, column.type) for column in COLUMNS]


def test_rows_take_the_place_of_former_ones(duck: duckdb.DuckDBPyConnection) -> None:
    register_rows(duck, "things", COLUMNS, [(date(2026, 5, 1), "a", 1, Decimal("0.1"))])
    register_rows(duck, "things", COLUMNS, [(date(2026, 5, 2), "b", 2, Decimal("0.2"))])
    assert duck.execute("SELECT name FROM things").fetchall() == [("b",)]


def test_a_value_that_json_cannot_hold_exactly_is_refused(duck: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(TypeError, match="no such value is expected in a row"):
        register_rows(duck, "things", COLUMNS, [(date(2026, 5, 1), b"a", 1, Decimal(1))])
