"""`report.csv.zip`: tidy files by RFC 4180 that no spreadsheet runs, the same bytes each time."""

import csv
from io import BytesIO, StringIO
from zipfile import ZipFile

import duckdb
import pytest

from usage_pipeline.csv_cells import harmless, text_cell, text_cell_sql
from usage_pipeline.reports.formats.csv_file import csv_files, csv_text
from usage_pipeline_tests.reports.formats.sample import REPORT

WIDE = ("\uff1d1", "\uff0b1", "\uff0d1", "\uff20x")
HARMFUL = ("=1+1", "+1", "-1", "@sum", "\tx", "\rx", "\nx", *WIDE, "'quoted", "''", "=a\nb")
HARMLESS = ("", "a=1", " =1", "1-1", "ü", '"', "{", "a'b")


def _archive() -> ZipFile:
    return ZipFile(BytesIO(csv_files(REPORT)["report.csv.zip"]))


def test_each_table_is_a_file_with_one_header_and_its_exact_rows() -> None:
    assert _archive().read("models.csv").decode() == (
        '"model","day","at","tokens","cost","share","is_new"\r\n'
        '"\'=1+1",2026-05-01,2026-05-01T08:30:00Z,9007199254740991,1.500000000000,0.3,true\r\n'
        '"a ""b"",\nc",2026-05-02,,9007199254740992,12345678901234.567890,12.50,false\r\n'
        '"",,,,,,\r\n'
        ",,,-7,-0.000000000001,100,\r\n"
    )


def test_facts_have_the_title_the_facts_and_the_notes() -> None:
    rows = list(csv.reader(StringIO(_archive().read("facts.csv").decode(), newline="")))
    assert rows == [
        ["name", "value"],
        ["Title", "'=Usage of Ächme"],
        ["Tenant", "'+acme"],
        ["Period", "2026-05"],
        ["Note", "'@Some usage has no price."],
    ]


def test_the_archive_says_nothing_of_where_and_when_it_was_made() -> None:
    entries = _archive().infolist()
    assert [entry.filename for entry in entries] == ["facts.csv", "totals.csv", "models.csv"]
    assert {(entry.date_time, entry.create_system, oct(entry.external_attr >> 16)) for entry in entries} == {
        ((1980, 1, 1, 0, 0, 0), 3, "0o100644")
    }
    assert csv_files(REPORT) == csv_files(REPORT)


@pytest.mark.parametrize("text", HARMFUL)
def test_a_text_that_may_be_a_formula_has_an_apostrophe_that_a_program_takes_away(text: str) -> None:
    assert harmless(text) == f"'{text}"


def test_other_texts_stay_as_they_are() -> None:
    assert tuple(map(harmless, HARMLESS)) == HARMLESS


def test_duckdb_makes_the_same_cells_of_texts() -> None:
    texts = [*HARMFUL, *HARMLESS]
    with duckdb.connect() as duck:
        found = duck.execute(
            f"SELECT {text_cell_sql('t')} FROM (SELECT unnest(?) AS t)", [[*texts, None]]
        ).fetchall()
    assert [cell for (cell,) in found] == [*map(text_cell, texts), ""]


def test_null_is_nothing_and_an_empty_text_is_quotes() -> None:
    assert csv_text(("a", "b"), [(None, "")]) == '"a","b"\r\n,""\r\n'
