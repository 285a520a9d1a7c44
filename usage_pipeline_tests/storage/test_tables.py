"""Declarations: what follows from a table's spec, and when its code counts as another one."""

from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from usage_pipeline.storage.daily import DailyTable, Lookback, Parameters, ReferenceRows, SameDay, SqlFile
from usage_pipeline.storage.tables import columns
from usage_pipeline_tests.storage.things import THINGS


@pytest.fixture
def table(tmp_path: Path) -> DailyTable:
    (tmp_path / "things.sql").write_text("SELECT 1")
    words = ReferenceRows("words", columns(("word", "VARCHAR", "A word.")), (("a",),))
    inputs = (
        SameDay(replace(THINGS, name="a")),
        Lookback(replace(THINGS, name="b")),
        words,
        Parameters(),
    )
    return DailyTable(THINGS, SqlFile.beside(str(tmp_path / "module.py"), "things"), inputs)


def test_an_empty_select_has_the_columns_of_the_table_and_no_rows() -> None:
    with duckdb.connect() as duck:
        described = duck.execute(f"DESCRIBE ({THINGS.empty_select()})").fetchall()
        assert [row[:2] for row in described] == [
            ("name", "VARCHAR"),
            ("amount", "BIGINT"),
            ("found_in", "VARCHAR"),
        ]
        assert duck.execute(THINGS.empty_select()).fetchall() == []


def test_a_digest_covers_the_columns_that_are_not_excepted() -> None:
    assert THINGS.digested == ("name", "amount")


def test_a_table_is_downstream_of_the_tables_that_it_reads(table: DailyTable) -> None:
    assert table.upstream == ("a", "b")


def test_another_select_is_another_code_version(table: DailyTable) -> None:
    before = table.code_version
    table.sql.path.write_text("SELECT 2")
    assert table.code_version != before


def test_another_column_is_another_code_version(table: DailyTable) -> None:
    fewer = replace(table, spec=replace(THINGS, columns=THINGS.columns[:2]))
    assert fewer.code_version != table.code_version
