"""A report as CSV, for programs: a ZIP archive with one tidy file per table, and `facts.csv`.

A file has one header and the exact rows, without totals or rounding. Its bytes depend on nothing but the report.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from usage_pipeline.csv_cells import LINE_END, text_cell
from usage_pipeline.reports.formats.json_file import exact_value
from usage_pipeline.reports.model import Report

_OLDEST = (1980, 1, 1, 0, 0, 0)
"""The time of each file: the first that an archive can have."""
_UNIX, _READABLE_FILE = 3, 0o100644 << 16


def csv_files(report: Report) -> Mapping[str, bytes]:
    """Return `report.csv.zip`."""
    archive = BytesIO()
    with ZipFile(archive, "w") as opened:
        for name, text in _files(report):
            opened.writestr(_entry(name), text.encode(), ZIP_DEFLATED)
    return {"report.csv.zip": archive.getvalue()}


def csv_text(header: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """Return a file with one header."""
    lines = (header, *rows)
    return "".join(f"{','.join(map(_cell, line))}{LINE_END}" for line in lines)


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | Decimal() | date():
            return str(exact_value(value))
        case _:
            return text_cell(str(value))


def _files(report: Report) -> Iterator[tuple[str, str]]:
    facts = [("Title", report.title), *report.facts, *(("Note", note) for note in report.notes)]
    yield "facts.csv", csv_text(("name", "value"), facts)
    for table in report.tables:
        yield f"{table.name}.csv", csv_text((column.name for column in table.columns), table.rows)


def _entry(name: str) -> ZipInfo:
    entry = ZipInfo(name, _OLDEST)
    entry.create_system = _UNIX
    entry.external_attr = _READABLE_FILE
    return entry
