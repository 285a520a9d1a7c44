"""Texts as codes: the same values in the same order, in the session and in the file."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from usage_pipeline.storage.codes import with_codes

SOURCE = "FROM (VALUES ('ü', 1), ('b', 2), (NULL, 3), ('B', 4), ('a', 5), ('', 6)) AS v(x, n) WHERE n > 0"


@pytest.fixture
def duck() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


def test_codes_are_in_the_order_of_the_texts(duck: duckdb.DuckDBPyConnection) -> None:
    coded = f"SELECT {with_codes(duck, ['x', 'n'], ['x'], SOURCE)} {SOURCE}"
    by_code = duck.execute(f"SELECT n FROM ({coded}) ORDER BY x").fetchall()
    assert by_code == duck.execute(f"SELECT n {SOURCE} ORDER BY x").fetchall()
    assert [n for (n,) in by_code] == [6, 4, 5, 2, 1, 3]


def test_a_file_holds_the_texts_and_their_hashes_are_the_same(
    duck: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    file = tmp_path / "coded.parquet"
    duck.execute(f"COPY (SELECT {with_codes(duck, ['x', 'n'], ['x'], SOURCE)} {SOURCE}) TO '{file}'")
    assert duck.execute(f"SELECT typeof(x) FROM '{file}' LIMIT 1").fetchall() == [("VARCHAR",)]
    stored = duck.execute(f"SELECT sum(hash(x, n)) FROM '{file}'").fetchall()
    assert stored == duck.execute(f"SELECT sum(hash(x, n)) {SOURCE}").fetchall()


def test_a_column_without_values_stays_null(duck: duckdb.DuckDBPyConnection) -> None:
    source = "FROM (SELECT CAST(NULL AS VARCHAR) AS x, 1 AS n) WHERE true"
    assert duck.execute(f"SELECT {with_codes(duck, ['x', 'n'], ['x'], source)} {source}").fetchall() == [(None, 1)]
