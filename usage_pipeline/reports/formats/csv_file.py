"""A report as CSV, for programs: a ZIP archive with one tidy file per table, and `facts.csv`.

A file has one header and the exact rows, without totals or rounding. Its bytes depend on nothing but the report.
"""

from collections.abc import Iterator, Mapping
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from usage_pipeline.reports.formats.csv_cells import csv_text
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
