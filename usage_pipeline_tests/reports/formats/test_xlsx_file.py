"""`report.xlsx`: no digit is lost, no text is a formula, and the same report is the same bytes."""

from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from usage_pipeline.reports.display import Kind
from usage_pipeline.reports.formats import xlsx_file
from usage_pipeline.reports.formats.xlsx_cells import is_exact, number_format, sheet_names
from usage_pipeline.reports.formats.xlsx_file import xlsx_files
from usage_pipeline_tests.reports.formats.sample import REPORT


@pytest.fixture(scope="module")
def book() -> Workbook:
    return _read(xlsx_files(REPORT)["report.xlsx"])


def _read(content: bytes) -> Workbook:
    return load_workbook(BytesIO(content))


def _rows(sheet: Worksheet) -> Iterator[tuple[Any, ...]]:
    yield from ((*row,) for row in sheet.iter_rows(values_only=True))


def test_a_sheet_has_header_rows_and_total(book: Workbook) -> None:
    assert list(_rows(book["Models  by (class) day"])) == [
        ("Model", "Day", "At", "Tokens", "Cost, USD", "Share, %", "New"),
        ("=1+1", _midnight(1), datetime(2026, 5, 1, 8, 30), 2**53 - 1, 1.5, 0.3, True),  # noqa: DTZ001 - XLSX has no zones
        ('a "b",\nc', _midnight(2), None, "9007199254740992", "12345678901234.567890", 12.5, False),
        ("", *(None,) * 6),
        (None, None, None, -7, -0.000000000001, 100, None),
        ("Total", None, None, "18014398509481976", "12345678901236.067889999999", None, None),
    ]


def _midnight(day: int) -> datetime:
    return datetime.combine(date(2026, 5, day), time())


def test_no_text_is_a_formula_or_a_link(book: Workbook) -> None:
    cells = [cell for sheet in book.worksheets for row in sheet.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} == {"s", "n", "d", "b"}
    assert [cell.coordinate for cell in cells if cell.hyperlink] == []


def test_the_header_stays_in_sight_and_filters_the_rows_without_the_total(book: Workbook) -> None:
    sheet = book["Models  by (class) day"]
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", "A1:G5")


def test_numbers_look_as_in_the_other_forms(book: Workbook) -> None:
    sheet = book["Models  by (class) day"]
    assert [sheet[cell].number_format for cell in ("B2", "C2", "D2", "E2", "F2", "F3")] == [
        *("yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss", "#,##0", "#,##0.00", "#,##0.0", "#,##0.00")
    ]


def test_the_first_sheet_says_what_it_is_about_and_has_the_totals(book: Workbook) -> None:
    assert [tuple(value for value in row if value is not None) for row in _rows(book["Report"])] == [
        ("=Usage of Ächme",),
        (),
        ("Tenant", "+acme"),
        ("Period", "2026-05"),
        (),
        ("@Some usage has no price.",),
        ("A number of more than 15 digits is a text in this file, so that no digit of it is lost.",),
        (),
        ("Totals", "What was used."),
        ("Models  by (class) day", "Models."),
        (),
        ("Metric", "Total"),
        ("tokens", 3),
        ("cost", 0.25),
    ]


def test_rows_beyond_the_last_of_a_sheet_are_said_to_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx_file, "_MOST_ROWS", 2)
    book = _read(xlsx_files(REPORT)["report.xlsx"])
    assert [row[0] for row in _rows(book["Models  by (class) day"])] == ["Model", "=1+1", 'a "b",\nc', "Total"]
    said = [row[1] for row in _rows(book["Report"]) if row[0] == "Models  by (class) day"]
    assert said == ["Models. The first 2 of 4 rows; the report as CSV or JSON has all."]


def test_the_same_report_is_the_same_bytes() -> None:
    content = xlsx_files(REPORT)["report.xlsx"]
    assert content == xlsx_files(REPORT)["report.xlsx"]
    assert {entry.date_time for entry in ZipFile(BytesIO(content)).infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_names_of_sheets_are_short_allowed_and_different() -> None:
    titles = ("a/b", "A:B", "a" * 40, "a" * 41, "History", "'q'", "[]*?")
    assert list(sheet_names(titles)) == [
        *("a b", "A B (2)", "a" * 31, "a" * 27 + " (2)", "History (2)", "q", "()")
    ]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("9007199254740991", True),
        ("9007199254740992", False),
        ("-9007199254740992", False),
        ("0.123456789012345", True),
        ("0.1234567890123456", False),
        ("1.00000000000000000000000000000001", False),
        ("1.000000000000000000000000000000", True),
        ("0.000000000000000000000001", True),
    ],
)
def test_a_number_is_exact_up_to_2_to_the_53_or_fifteen_digits(value: str, *, expected: bool) -> None:
    assert is_exact(Decimal(value)) is expected


@given(st.decimals(-(10**15), 10**15, places=12) | st.integers(-(2**60), 2**60).map(Decimal))
def test_an_exact_number_is_read_back_as_it_was(value: Decimal) -> None:
    written = float(f"{float(value):.16G}")  # as XlsxWriter writes it
    assert not is_exact(value) or Decimal(repr(written)) == value


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        (1000, Kind.COUNT, "#,##0"),
        (Decimal("0.1"), Kind.MONEY, "#,##0.000000"),
        (Decimal("12.50"), Kind.DECIMAL, "#,##0.00"),
        (Decimal(12), Kind.DECIMAL, "#,##0"),
    ],
)
def test_a_number_is_shown_rounded_or_as_it_is(value: int | Decimal, kind: Kind, expected: str) -> None:
    assert number_format(value, kind, places=6) == expected
