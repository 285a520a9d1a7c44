"""A report as a workbook, for people: a first sheet with what it is about and its totals, and a sheet per table.

Sheets have the exact rows, formatted as in the other forms. Its bytes depend on nothing but the report.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from io import BytesIO
from typing import TYPE_CHECKING

from usage_pipeline.reports.display import places_for
from usage_pipeline.reports.formats.xlsx_cells import BOLD, HEADER, PLAIN, TITLE, TOTAL, Pen, Style, sheet_names
from usage_pipeline.reports.model import Column, Report, Table, Values

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

_OPTIONS = {
    "in_memory": True,  # with times of their own for the parts, and nothing on the disk
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
_CREATED = datetime(1980, 1, 1)  # noqa: DTZ001 - XlsxWriter writes it as it stands
_MOST_ROWS = 1_048_574
"""Rows of a sheet, less its header and its total."""
_WIDTHS = range(9, 60)
_COVER = "Report"
_LONG_NUMBERS = "A number of more than 15 digits is a text in this file, so that no digit of it is lost."


def xlsx_files(report: Report) -> Mapping[str, bytes]:
    """Return `report.xlsx`."""
    from xlsxwriter import Workbook  # noqa: PLC0415 - few reports are workbooks

    file = BytesIO()
    names = list(sheet_names([_COVER, *(table.title for table in report.tables)]))
    with Workbook(file, _OPTIONS) as workbook:
        workbook.set_properties({"title": report.title, "created": _CREATED})
        pen = Pen(workbook)
        _write_cover(pen, workbook.add_worksheet(names[0]), report, names[1:])
        for name, table in zip(names[1:], report.tables, strict=True):
            _write_table(pen, workbook.add_worksheet(name), table)
    return {"report.xlsx": file.getvalue()}


def _write_cover(pen: Pen, sheet: "Worksheet", report: Report, names: Sequence[str]) -> None:
    sheet.set_column(0, 0, 28)
    sheet.set_column(1, 4, 18)
    pen.text(sheet, 0, 0, report.title, TITLE)
    row = 2
    for texts, style in _paragraphs(report, names):
        for at, text in enumerate(texts):
            pen.text(sheet, row, at, text, style if at == 0 else PLAIN)
        row += 1
    if totals := report.table("totals"):
        _write_rows(pen, sheet, totals, row + 1)


def _paragraphs(report: Report, names: Sequence[str]) -> Iterator[tuple[tuple[str, ...], Style]]:
    yield from ((fact, BOLD) for fact in report.facts)
    yield (), PLAIN
    yield from (((note,), PLAIN) for note in (*report.notes, _LONG_NUMBERS))
    yield (), PLAIN
    for name, table in zip(names, report.tables, strict=True):
        yield (name, table.about + _left_out(table)), BOLD


def _left_out(table: Table) -> str:
    if len(table.rows) <= _MOST_ROWS:
        return ""
    return f" The first {_MOST_ROWS:,} of {len(table.rows):,} rows; the report as CSV or JSON has all."


def _write_table(pen: Pen, sheet: "Worksheet", table: Table) -> None:
    for at, column in enumerate(table.columns):
        sheet.set_column(at, at, _width(table, at, column))
    last = _write_rows(pen, sheet, table, 0)
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, max(last, 1), len(table.columns) - 1)


def _write_rows(pen: Pen, sheet: "Worksheet", table: Table, first: int) -> int:
    """Write header, rows and total from a row of the sheet on, and return the last of the rows."""
    places = [_places(table, at) for at in range(len(table.columns))]
    for at, column in enumerate(table.columns):
        pen.text(sheet, first, at, column.label, HEADER)
    row = first
    for row, values in enumerate(table.rows[:_MOST_ROWS], first + 1):
        _write_row(pen, sheet, row, table, values, places, PLAIN)
    if table.total is not None:
        _write_row(pen, sheet, row + 1, table, ("Total", *table.total[1:]), places, TOTAL)
    return row


def _write_row(  # noqa: PLR0913, PLR0917 - a place, what is written there, and how it looks
    pen: Pen, sheet: "Worksheet", row: int, table: Table, values: Values, places: Sequence[int], style: Style
) -> None:
    for at, (value, column) in enumerate(zip(values, table.columns, strict=True)):
        pen.value(sheet, row, at, value, column.kind, places[at], style)


def _places(table: Table, at: int) -> int:
    """Return the decimal places of a column as the other forms show them."""
    total = table.total[at] if table.total else None
    return places_for([total] if total is not None else [row[at] for row in table.rows])


def _width(table: Table, at: int, column: Column) -> int:
    """Return a width that fits what is shown of the column, within bounds; a heading may take two lines."""
    longest = max((len(line.cells[at]) for line in table.lines), default=0)
    return min(max(longest + 2, len(column.label) // 2 + 4, _WIDTHS[0]), _WIDTHS[-1])
