"""The formats of reports by name: those that show the report, and those that export rows of their own."""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from usage_pipeline.errors import QueryError
from usage_pipeline.reports.focus.export import write_focus
from usage_pipeline.reports.formats.csv_file import csv_files
from usage_pipeline.reports.formats.html_file import html_files
from usage_pipeline.reports.formats.json_file import json_files
from usage_pipeline.reports.formats.pdf_file import pdf_files
from usage_pipeline.reports.formats.xlsx_file import xlsx_files
from usage_pipeline.reports.model import Report
from usage_pipeline.reports.runs.export import write_runs
from usage_pipeline.reports.scope import ReportScope
from usage_pipeline.storage.opened import Storage
from usage_pipeline.words import did_you_mean

Files = Mapping[str, bytes]
"""Files by name."""

RENDERERS: Mapping[str, Callable[[Report], Files]] = {
    "pdf": pdf_files,
    "html": html_files,
    "json": json_files,
    "csv": csv_files,
    "xlsx": xlsx_files,
}
Export = Callable[[Storage, ReportScope, Path], None]
"""Writes files into a folder."""

EXPORTS: Mapping[str, Export] = {
    "focus": write_focus,
    "runs": write_runs,
}
"""Texts of runs are in none: `write_runs` has them if they are asked for."""
FORMATS = (*RENDERERS, *EXPORTS)


def report_formats(names: Collection[str]) -> tuple[str, ...]:
    """Return the formats in their order, each once. Raises QueryError for others, and without any."""
    for name in names:
        if name not in FORMATS:
            meant = did_you_mean(name, FORMATS) or f"expected some of {', '.join(FORMATS)}."
            raise QueryError(f"There is no format {name!r}; {meant}")
    if not names:
        raise QueryError(f"No format is named; expected some of {', '.join(FORMATS)}.")
    return tuple(name for name in FORMATS if name in names)
